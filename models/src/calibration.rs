//! From a network's logit to a calibrated probability.

use serde::{Deserialize, Serialize};

/// Platt scaling: probability = sigmoid(`scale` · logit + `offset`); identity is scale 1, offset 0.
///
/// Platt, J. (1999), *Probabilistic outputs for support vector machines and comparisons to regularized likelihood
/// methods*. With offset 0 it is temperature scaling, `scale` = 1 / temperature.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Factor on the logit (1 / temperature), finite and above 0.
    pub scale: f64,
    /// Added after scaling, finite.
    pub offset: f64,
}

/// A calibration that isn't one.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("calibration {key} is {found}, expected {expected}")]
pub struct CalibrationError {
    /// `scale` or `offset`.
    pub key: &'static str,
    /// The value found.
    pub found: f64,
    /// What is expected.
    pub expected: &'static str,
}

impl Calibration {
    /// The sigmoid of the bare logit.
    pub const IDENTITY: Calibration = Calibration { scale: 1.0, offset: 0.0 };

    /// Checks that a higher logit means a higher probability.
    ///
    /// # Errors
    /// When the scale is not finite and above 0, or the offset not finite.
    pub fn check(&self) -> Result<(), CalibrationError> {
        if !(self.scale.is_finite() && self.scale > 0.0) {
            return Err(CalibrationError { key: "scale", found: self.scale, expected: "a finite number above 0" });
        }
        if !self.offset.is_finite() {
            return Err(CalibrationError { key: "offset", found: self.offset, expected: "a finite number" });
        }
        Ok(())
    }

    /// The calibrated probability of a finite logit, 0..1.
    pub fn probability(&self, logit: f64) -> f64 {
        1.0 / (1.0 + libm::exp(-(self.scale * logit + self.offset)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn identity_is_the_sigmoid() {
        assert_eq!(Calibration::IDENTITY.probability(0.0), 0.5);
        assert!((Calibration::IDENTITY.probability(2.0) - 0.880_797_077_977_882_4).abs() < 1e-15);
    }

    #[test]
    fn offset_moves_the_logit_of_even_odds() {
        assert_eq!(Calibration { scale: 2.0, offset: 3.0 }.probability(-1.5), 0.5);
    }

    #[test]
    fn a_calibration_that_turns_the_order_round_is_refused() {
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Calibration { scale, offset: 0.0 }.check().unwrap_err().key, "scale");
        }
        assert_eq!(Calibration { scale: 1.0, offset: f64::NAN }.check().unwrap_err().key, "offset");
        assert_eq!(Calibration::IDENTITY.check(), Ok(()));
    }

    proptest! {
        #[test]
        fn every_finite_logit_has_a_probability_and_order_is_kept(
            scale in 1e-3..1e3f64, offset in -1e3..1e3f64, a in any::<f32>(), b in any::<f32>(),
        ) {
            prop_assume!(a.is_finite() && b.is_finite() && a <= b);
            let calibration = Calibration { scale, offset };
            let [low, high] = [a, b].map(|logit| calibration.probability(f64::from(logit)));
            prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
            prop_assert!(low <= high);
        }
    }
}
