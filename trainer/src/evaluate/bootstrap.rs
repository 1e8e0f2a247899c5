//! Intervals that know that photographs of one patient are alike: whole patients are drawn, with replacement
//! (Efron & Tibshirani 1993, the percentile interval over clusters).

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::auroc::auroc;

/// Draws.
const DRAWS: usize = 400;

/// 95 % interval of the AUROC when components (patients, groups) are drawn anew; none where fewer than half of the draws
/// hold both classes. The same seed gives the same interval.
pub fn auroc_interval(scores: &[f64], targets: &[bool], components: &[usize], seed: u64) -> Option<[f64; 2]> {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, component) in components.iter().enumerate() {
        members.entry(*component).or_default().push(index);
    }
    let members: Vec<Vec<usize>> = members.into_values().collect();
    if members.is_empty() {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut areas = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        let drawn = (0..members.len()).flat_map(|_| members[rng.random_range(0..members.len())].iter());
        let (scores, targets): (Vec<f64>, Vec<bool>) = drawn.map(|index| (scores[*index], targets[*index])).unzip();
        areas.extend(auroc(&scores, &targets).map(|area| area.value));
    }
    if areas.len() < DRAWS / 2 {
        return None;
    }
    areas.sort_by(f64::total_cmp);
    let at = |part: f64| areas[((areas.len() - 1) as f64 * part).round() as usize];
    Some([at(0.025), at(0.975)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::tests::{SCORES, TARGETS};

    #[test]
    fn photographs_of_their_own_patients_give_about_delongs_interval_and_repeated_ones_a_wider_one() {
        let own: Vec<usize> = (0..SCORES.len()).collect();
        let [low, high] = auroc_interval(&SCORES, &TARGETS, &own, 1).unwrap();
        let [expected_low, expected_high] = auroc(&SCORES, &TARGETS).unwrap().ci95.unwrap();
        assert!((low - expected_low).abs() < 0.04 && (high - expected_high).abs() < 0.04, "{low} {high}");
        assert_eq!(auroc_interval(&SCORES, &TARGETS, &own, 1), Some([low, high]));
        // Each photograph four times, as if that were more to know.
        let four = |values: &[f64]| values.iter().flat_map(|value| [*value; 4]).collect::<Vec<f64>>();
        let targets: Vec<bool> = TARGETS.iter().flat_map(|target| [*target; 4]).collect();
        let patients: Vec<usize> = (0..4 * SCORES.len()).map(|index| index / 4).collect();
        let [clustered_low, clustered_high] = auroc_interval(&four(&SCORES), &targets, &patients, 1).unwrap();
        let naive = auroc(&four(&SCORES), &targets).unwrap().ci95.unwrap();
        assert!(clustered_high - clustered_low > 1.6 * (naive[1] - naive[0]));
    }

    #[test]
    fn one_class_has_no_interval() {
        assert_eq!(auroc_interval(&[0.1, 0.2], &[true, true], &[0, 1], 1), None);
    }
}
