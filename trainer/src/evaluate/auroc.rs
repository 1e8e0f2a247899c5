//! Area under the ROC curve with DeLong's interval, and average precision.
//!
//! AUROC is the probability that a photograph with the label scores above one without, ties counting half. Its
//! variance is DeLong's (DeLong, DeLong, Clarke-Pearson 1988), computed from mid-ranks (Sun and Xu 2014); the interval
//! is the normal one, cut to 0..1.

use serde::Serialize;

use super::interval::Z_95;

/// AUROC with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Auroc {
    /// 0..1; 0.5 is chance.
    pub value: f64,
    /// DeLong's 95 % interval; none where its variance is zero or can't be had (a perfect separation, or a class of
    /// one photograph), because an interval of width zero would claim too much.
    pub ci95: Option<[f64; 2]>,
}

/// How well each single photograph is placed against the other class: DeLong's structural components.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placements {
    /// Of each positive: the part of the negatives below it, ties counting half.
    pub(super) of_positives: Vec<f64>,
    /// Of each negative: the part of the positives above it.
    pub(super) of_negatives: Vec<f64>,
}

impl Placements {
    /// Of finite scores, one for each target; none when a class is missing.
    pub(super) fn of(scores: &[f64], targets: &[bool]) -> Option<Self> {
        let of = |class: bool| -> Vec<f64> {
            scores.iter().zip(targets).filter(|(_, target)| **target == class).map(|(score, _)| *score).collect()
        };
        let (positives, negatives) = (of(true), of(false));
        let (m, n) = (positives.len() as f64, negatives.len() as f64);
        if positives.is_empty() || negatives.is_empty() {
            return None;
        }
        let all: Vec<f64> = positives.iter().chain(&negatives).copied().collect();
        let ranks = midranks(&all);
        let (own_positives, own_negatives) = (midranks(&positives), midranks(&negatives));
        let above = ranks[..positives.len()].iter().zip(&own_positives).map(|(rank, own)| (rank - own) / n);
        let below = ranks[positives.len()..].iter().zip(&own_negatives).map(|(rank, own)| 1.0 - (rank - own) / m);
        Some(Placements { of_positives: above.collect(), of_negatives: below.collect() })
    }

    /// The AUROC.
    pub(super) fn area(&self) -> f64 {
        self.of_positives.iter().sum::<f64>() / self.of_positives.len() as f64
    }
}

/// AUROC of finite scores, one for each target; none when a class is missing.
pub fn auroc(scores: &[f64], targets: &[bool]) -> Option<Auroc> {
    let placements = Placements::of(scores, targets)?;
    let value = placements.area();
    let part = |placements: &[f64]| variance(placements) / placements.len() as f64;
    let half = Z_95 * (part(&placements.of_positives) + part(&placements.of_negatives)).sqrt();
    let ci95 = (half.is_finite() && half > 0.0).then(|| [(value - half).max(0.0), (value + half).min(1.0)]);
    Some(Auroc { value, ci95 })
}

/// Average precision: precision summed over the steps of recall, photographs of one score taken together. None
/// without a positive.
pub fn average_precision(scores: &[f64], targets: &[bool]) -> Option<f64> {
    let positives = targets.iter().filter(|target| **target).count();
    if positives == 0 {
        return None;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let (mut hits, mut seen, mut sum) = (0usize, 0usize, 0.0);
    for tied in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let new = tied.iter().filter(|index| targets[**index]).count();
        seen += tied.len();
        hits += new;
        sum += new as f64 / positives as f64 * (hits as f64 / seen as f64);
    }
    Some(sum)
}

/// Ranks from 1, equal values sharing the mean of theirs; in the order of `values`.
fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0usize;
    for tied in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = before as f64 + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().for_each(|index| ranks[*index] = rank);
        before += tied.len();
    }
    ranks
}

/// Variance with n − 1; NaN for a single value.
pub(super) fn variance(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::tests::{SCORES, TARGETS};

    #[test]
    fn auroc_and_its_interval_equal_the_reference() {
        let found = auroc(&SCORES, &TARGETS).unwrap();
        // scikit-learn roc_auc_score; interval: a direct double loop over the kernel with NumPy and scipy's norm.ppf.
        assert!((found.value - AUROC).abs() < 1e-12, "{found:?}");
        let [low, high] = found.ci95.unwrap();
        assert!((low - LOW).abs() < 1e-9 && (high - HIGH).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn average_precision_equals_scikit_learn() {
        assert!((average_precision(&SCORES, &TARGETS).unwrap() - AVERAGE_PRECISION).abs() < 1e-12);
    }

    #[test]
    fn one_class_alone_has_no_auroc_and_perfect_separation_no_interval() {
        assert_eq!(auroc(&[0.1, 0.2], &[true, true]), None);
        assert_eq!(average_precision(&[0.1], &[false]), None);
        let perfect = auroc(&[0.1, 0.2, 0.8, 0.9], &[false, false, true, true]).unwrap();
        assert_eq!((perfect.value, perfect.ci95), (1.0, None));
        assert_eq!(auroc(&[0.5; 4], &[true, false, true, false]).unwrap().value, 0.5, "ties count half");
    }

    const AUROC: f64 = 0.78;
    const LOW: f64 = 0.6559919283012857;
    const HIGH: f64 = 0.9040080716987143;
    const AVERAGE_PRECISION: f64 = 0.6039169560740222;
}
