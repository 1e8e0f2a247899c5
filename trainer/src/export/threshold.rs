//! Chooses the probability from which an output is a finding, on validation photographs.

use serde::Serialize;

/// How a threshold was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The highest threshold that finds at least this part of the positives.
    Sensitivity(f64),
    /// The threshold with the largest F1, the harmonic mean of sensitivity and positive predictive value
    /// (van Rijsbergen 1979). Where a class is rare this keeps false alarms rare, too: a device refers for any of its
    /// outputs, so that the false alarms of all of them add up.
    F1,
    /// The threshold with the largest F1 that is to be expected of photographs whose probabilities are as well calibrated as
    /// these: every one counts as a hit by its probability and as a false alarm by the rest (Lipton et al. 2014). Of a few
    /// dozen positives the F1 that was found jumps with each of them; this one doesn't (`docs/experiments.md`, 18).
    ExpectedF1,
    /// Even odds, because validation holds too few photographs of a class to choose from.
    EvenOdds,
}

/// A class of fewer validation photographs is not chosen by.
pub const CLASS_MIN: usize = 5;
/// How near to 0 and 1 a threshold may lie.
const MARGIN: f64 = 1e-6;

/// The threshold by a rule, and the rule that was followed in the end. A finding is `probability >= threshold`.
pub fn choose(probabilities: &[f64], targets: &[bool], rule: Rule) -> (f64, Rule) {
    let positives = targets.iter().filter(|target| **target).count();
    if positives.min(targets.len() - positives) < CLASS_MIN {
        return (0.5, Rule::EvenOdds);
    }
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
    // Walk down through the distinct probabilities; each is a threshold that takes it and all above.
    let (mut hits, mut found) = (0usize, 0usize);
    let (mut hits_expected, expected) = (0.0, probabilities.iter().sum::<f64>());
    let mut best = (f64::NEG_INFINITY, 1.0);
    let mut steps = order.chunk_by(|a, b| probabilities[*a] == probabilities[*b]).peekable();
    while let Some(tied) = steps.next() {
        let new = tied.iter().filter(|index| targets[**index]).count();
        hits += new;
        found += tied.len();
        // Half way to the next lower probability, so that rounding elsewhere can't change the verdict on this one.
        let here = probabilities[tied[0]];
        hits_expected += here * tied.len() as f64;
        let threshold = steps.peek().map_or(here, |next| (here + probabilities[next[0]]) / 2.0);
        let sensitivity = hits as f64 / positives as f64;
        match rule {
            Rule::Sensitivity(wanted) if sensitivity >= wanted => {
                return (threshold.clamp(MARGIN, 1.0 - MARGIN), rule);
            }
            Rule::F1 | Rule::ExpectedF1 => {
                let (hits, positives) = match rule {
                    Rule::F1 => (hits as f64, positives as f64),
                    _ => (hits_expected, expected),
                };
                let f1 = 2.0 * hits / (found as f64 + positives);
                if f1 > best.0 {
                    best = (f1, threshold);
                }
            }
            Rule::Sensitivity(_) | Rule::EvenOdds => {}
        }
    }
    match rule {
        Rule::F1 | Rule::ExpectedF1 => (best.1.clamp(MARGIN, 1.0 - MARGIN), rule),
        Rule::Sensitivity(_) | Rule::EvenOdds => (0.5, Rule::EvenOdds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: [f64; 12] = [0.05, 0.1, 0.2, 0.3, 0.35, 0.6, 0.4, 0.5, 0.7, 0.8, 0.9, 0.95];
    const T: [bool; 12] = [false, false, false, false, false, false, true, true, true, true, true, true];

    #[test]
    fn the_highest_threshold_that_reaches_the_sensitivity_is_taken() {
        let (threshold, _) = choose(&P, &T, Rule::Sensitivity(5.0 / 6.0));
        // 0.5 is the fifth positive; the next lower probability is 0.4.
        assert!((threshold - 0.45).abs() < 1e-12, "{threshold}");
        let (all, _) = choose(&P, &T, Rule::Sensitivity(1.0));
        assert!((all - 0.375).abs() < 1e-12, "{all}");
    }

    #[test]
    fn f1_weighs_missed_eyes_and_false_alarms() {
        // Six hits and one false alarm: 12 / 13, more than five hits without one (10 / 11).
        let (threshold, rule) = choose(&P, &T, Rule::F1);
        assert!((threshold - 0.375).abs() < 1e-12, "{threshold}");
        assert_eq!(rule, Rule::F1);
        // Of a class of six among many, the threshold that lets nothing else in wins.
        let probabilities: Vec<f64> = P.into_iter().chain([0.65; 30]).collect();
        let targets: Vec<bool> = T.into_iter().chain([false; 30]).collect();
        let (threshold, _) = choose(&probabilities, &targets, Rule::F1);
        assert!((threshold - 0.675).abs() < 1e-12, "{threshold}");
    }

    #[test]
    fn the_f1_that_is_expected_does_not_jump_with_one_photograph() {
        // The same probabilities with another photograph of the class: found, another threshold; expected, the same.
        let other = [false, false, false, false, true, false, true, true, true, true, true, true];
        let chosen = |targets: &[bool], rule| choose(&P, targets, rule).0;
        assert!(chosen(&T, Rule::F1) > chosen(&other, Rule::F1));
        let expected = chosen(&T, Rule::ExpectedF1);
        assert_eq!(expected, chosen(&other, Rule::ExpectedF1));
        // Seven of them hold 4.85 hits of 5.85: an F1 of 2 · 4.85 / (7 + 5.85) = 0.755. Its half is the best threshold there is.
        assert!((expected - 0.375).abs() < 1e-12, "{expected}");
    }

    #[test]
    fn too_few_photographs_give_even_odds_and_say_so() {
        assert_eq!(choose(&P[4..], &T[4..], Rule::F1), (0.5, Rule::EvenOdds));
        assert_eq!(choose(&[], &[], Rule::Sensitivity(0.9)), (0.5, Rule::EvenOdds));
    }
}
