//! From a network's logit to a calibrated probability.

use serde::{Deserialize, Serialize};

/// Platt scaling: probability = sigmoid(`scale` · logit + `offset`); identity is scale 1, offset 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Factor on the logit (1 / temperature), finite and above 0.
    pub scale: f64,
    /// Added after scaling, finite.
    pub offset: f64,
}

impl Calibration {
    /// The sigmoid of the bare logit.
    pub const IDENTITY: Calibration = Calibration { scale: 1.0, offset: 0.0 };

    /// The calibrated probability of a finite logit, 0..1.
    pub fn probability(&self, logit: f64) -> f64 {
        1.0 / (1.0 + (-(self.scale * logit + self.offset)).exp())
    }
}
