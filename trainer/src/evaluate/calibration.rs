//! How honest probabilities are, and Platt scaling to make them so.
//!
//! The *Brier score* is the mean squared distance of probability and outcome. The *expected calibration error* (ECE)
//! is the mean distance of mean probability and frequency over ten bins of equal width, weighed by their size. *Platt
//! scaling* (Platt 1999) fits a scale and an offset of the logit; its targets are drawn a little towards the middle,
//! so that a separable set has a finite fit.

use ocellus_model::calibration::Calibration;

/// Bins of the expected calibration error.
pub const ECE_BINS: usize = 10;
/// A class of fewer photographs is not fitted to.
const CLASS_MIN: usize = 5;
/// Newton steps at most.
const STEPS_MAX: usize = 100;

/// Mean squared distance of probability and outcome, 0..1; none for no photographs.
pub fn brier(probabilities: &[f64], targets: &[bool]) -> Option<f64> {
    let squares = probabilities.iter().zip(targets).map(|(p, target)| (p - f64::from(u8::from(*target))).powi(2));
    (!targets.is_empty()).then(|| squares.sum::<f64>() / targets.len() as f64)
}

/// Expected calibration error, 0..1; none for no photographs.
pub fn expected_calibration_error(probabilities: &[f64], targets: &[bool]) -> Option<f64> {
    if targets.is_empty() {
        return None;
    }
    let mut bins = [(0.0f64, 0.0f64); ECE_BINS];
    for (p, target) in probabilities.iter().zip(targets) {
        let bin = ((p * ECE_BINS as f64) as usize).min(ECE_BINS - 1);
        bins[bin].0 += p;
        bins[bin].1 += f64::from(u8::from(*target));
    }
    // |mean probability − frequency| · share of the bin = |sum of probabilities − positives| / all.
    Some(bins.iter().map(|(p, hits)| (p - hits).abs()).sum::<f64>() / targets.len() as f64)
}

/// Fits Platt scaling. None when a class has fewer than five photographs, or a higher logit goes with a lower
/// frequency.
pub fn platt(logits: &[f64], targets: &[bool]) -> Option<Calibration> {
    let positives = targets.iter().filter(|target| **target).count();
    let negatives = targets.len() - positives;
    if positives.min(negatives) < CLASS_MIN {
        return None;
    }
    let (high, low) = ((positives as f64 + 1.0) / (positives as f64 + 2.0), 1.0 / (negatives as f64 + 2.0));
    let wanted = |target: bool| if target { high } else { low };
    let loss = |scale: f64, offset: f64| -> f64 {
        let terms = logits.iter().zip(targets).map(|(logit, target)| {
            let z = scale * logit + offset;
            // log(1 + e^z) without overflow.
            z.max(0.0) + (-z.abs()).exp().ln_1p() - wanted(*target) * z
        });
        terms.sum()
    };
    let (mut scale, mut offset) = (1.0, 0.0);
    let mut now = loss(scale, offset);
    for _ in 0..STEPS_MAX {
        let (mut g, mut h) = ([0.0f64; 2], [[1e-12, 0.0], [0.0, 1e-12f64]]);
        for (logit, target) in logits.iter().zip(targets) {
            let p = Calibration { scale, offset }.probability(*logit);
            let (error, weight) = (p - wanted(*target), p * (1.0 - p));
            g[0] += error * logit;
            g[1] += error;
            h[0][0] += weight * logit * logit;
            h[0][1] += weight * logit;
            h[1][1] += weight;
        }
        let determinant = h[0][0] * h[1][1] - h[0][1] * h[0][1];
        let step = [(h[1][1] * g[0] - h[0][1] * g[1]) / determinant, (h[0][0] * g[1] - h[0][1] * g[0]) / determinant];
        // Halve the step until it helps: Newton alone may overshoot far from the minimum.
        let mut factor = 1.0;
        let better = loop {
            let next = loss(scale - factor * step[0], offset - factor * step[1]);
            if next < now {
                break Some(next);
            }
            factor /= 2.0;
            if factor < 1e-10 {
                break None;
            }
        };
        let Some(next) = better else { break };
        scale -= factor * step[0];
        offset -= factor * step[1];
        let gain = now - next;
        now = next;
        if gain < 1e-13 * now.abs() {
            break;
        }
    }
    let fitted = Calibration { scale, offset };
    fitted.check().is_ok().then_some(fitted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::tests::{SCORES, TARGETS};

    #[test]
    fn brier_and_calibration_error_equal_the_references() {
        // scikit-learn brier_score_loss; ECE: NumPy, bins by floor(10 p).
        assert!((brier(&SCORES, &TARGETS).unwrap() - BRIER).abs() < 1e-12);
        assert!((expected_calibration_error(&SCORES, &TARGETS).unwrap() - ECE).abs() < 1e-12);
        assert_eq!(brier(&[], &[]), None);
    }

    #[test]
    fn platt_scaling_equals_a_general_minimiser() {
        // scipy.optimize.minimize of the same loss (BFGS, gtol 1e-12) on the logits of the scores, times three.
        let logits: Vec<f64> = SCORES.iter().map(|p| 3.0 * (p / (1.0 - p)).ln()).collect();
        let found = platt(&logits, &TARGETS).unwrap();
        assert!((found.scale - SCALE).abs() < 1e-6 && (found.offset - OFFSET).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn a_separable_set_has_a_finite_fit_and_a_reversed_or_tiny_one_none() {
        let logits: Vec<f64> = (0..20).map(|i| f64::from(i) - 9.5).collect();
        let targets: Vec<bool> = (0..20).map(|i| i >= 10).collect();
        let fit = platt(&logits, &targets).unwrap();
        assert!(fit.scale.is_finite() && fit.scale > 0.0);
        let reversed: Vec<bool> = targets.iter().map(|target| !target).collect();
        assert_eq!(platt(&logits, &reversed), None);
        assert_eq!(platt(&logits[..4], &targets[..4]), None);
    }

    const BRIER: f64 = 0.20161166666666672;
    const ECE: f64 = 0.1638333333333333;
    const SCALE: f64 = 0.3610758375229246;
    const OFFSET: f64 = -0.8436361661241386;
}
