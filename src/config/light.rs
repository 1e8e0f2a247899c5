//! `[light]`: how much light an eye may be given.
//!
//! Not here: the sums themselves (`src/light/`), and the limits of a single flash, which belong to the firmware.

use std::path::PathBuf;

use serde::Serialize;

use super::{optional, reader::Section};

/// How light is accounted for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Light {
    /// What this device's lights measured at the retina (`crate::light::Calibration`); none where nobody measured.
    #[serde(serialize_with = "optional")]
    pub calibration: Option<PathBuf>,
    /// Whether flashes are refused once an eye has had its light of 24 hours.
    pub enforce_limit_24h: bool,
}

impl Default for Light {
    fn default() -> Self {
        Light { calibration: None, enforce_limit_24h: true }
    }
}

impl Light {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let Light { calibration, enforce_limit_24h } = Light::default();
        Light {
            calibration: section.path("calibration", calibration),
            enforce_limit_24h: section.flag("enforce_limit_24h", enforce_limit_24h),
        }
    }
}
