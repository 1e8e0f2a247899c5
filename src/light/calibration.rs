//! What a device's lights were measured to give at the retina.

use std::time::Duration;

use serde::Deserialize;
use toml::value::Datetime;

use super::dose::Dose;

/// A device's measurement, read from a TOML file of just these keys.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Aphakic weighted retinal irradiance of the aiming light at full level: µW/cm², above 0 and up to 10 000.
    pub aiming_irradiance_uw_per_cm2: f64,
    /// Aphakic weighted retinal radiant exposure of one flash at full level: mJ/cm², above 0 and up to 1584.
    pub flash_exposure_mj_per_cm2: f64,
    /// The day of the measurement, as in `date = 2026-11-25`.
    pub date: Datetime,
    /// What it was measured with.
    pub instrument: String,
    /// Whether a second person has repeated it. No device's is, so far.
    pub verified: bool,
}

/// Why a calibration can't be used: what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalibrationError {
    /// Not TOML, or not these keys.
    #[error("light calibration: {0}")]
    NotReadable(String),
    /// A value that can't be.
    #[error("light calibration: {key}: expected {expected}, found {found}")]
    Value {
        /// The key.
        key: &'static str,
        /// What may stand there.
        expected: &'static str,
        /// What does.
        found: String,
    },
}

impl Calibration {
    /// Reads a calibration of a file's text.
    ///
    /// # Errors
    /// No TOML, keys missing or unknown, values that aren't positive or are implausibly large, no date, no instrument.
    pub fn from_toml(text: &str) -> Result<Self, CalibrationError> {
        let read: Calibration =
            toml::from_str(text).map_err(|error| CalibrationError::NotReadable(error.to_string().trim().to_owned()))?;
        let wrong = |key, expected, found: String| Err(CalibrationError::Value { key, expected, found });
        if !(read.aiming_irradiance_uw_per_cm2 > 0.0 && read.aiming_irradiance_uw_per_cm2 <= 10_000.0) {
            let found = read.aiming_irradiance_uw_per_cm2.to_string();
            return wrong("aiming_irradiance_uw_per_cm2", "µW/cm² above 0 and up to 10000", found);
        }
        if !(read.flash_exposure_mj_per_cm2 > 0.0 && read.flash_exposure_mj_per_cm2 <= 1584.0) {
            let found = read.flash_exposure_mj_per_cm2.to_string();
            return wrong("flash_exposure_mj_per_cm2", "mJ/cm² above 0 and up to 1584", found);
        }
        if read.date.date.is_none() || read.date.time.is_some() {
            return wrong("date", "a day, as in 2026-11-25", read.date.to_string());
        }
        if read.instrument.trim().is_empty() {
            return wrong("instrument", "what it was measured with", format!("{:?}", read.instrument));
        }
        Ok(read)
    }

    /// The dose of the aiming light at a level for a time: irradiance · level · time, the light being taken as linear.
    pub fn aiming(&self, permille: u16, time: Duration) -> Dose {
        // µW/cm² · s = µJ/cm².
        Dose::from_microjoules(self.aiming_irradiance_uw_per_cm2 * level(permille) * time.as_secs_f64())
    }

    /// The dose of one flash at a level: exposure · level, the flash being taken as linear.
    pub fn flash(&self, permille: u16) -> Dose {
        Dose::from_microjoules(self.flash_exposure_mj_per_cm2 * 1000.0 * level(permille))
    }
}

/// A level as a part of full. More than full counts as what it is: the sum must not tell less than was given.
fn level(permille: u16) -> f64 {
    f64::from(permille) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "aiming_irradiance_uw_per_cm2 = 50.0\nflash_exposure_mj_per_cm2 = 2.5\ndate = 2026-11-25\n\
                        instrument = \"spectroradiometer, practice values\"\nverified = false\n";

    #[test]
    fn doses_are_level_times_time() {
        let calibration = Calibration::from_toml(TEXT).unwrap();
        assert!(!calibration.verified);
        assert_eq!(calibration.aiming(1000, Duration::from_secs(60)).to_string(), "3.000 mJ/cm²");
        assert_eq!(calibration.aiming(500, Duration::from_secs(60)).to_string(), "1.500 mJ/cm²");
        assert_eq!(calibration.flash(200).to_string(), "0.500 mJ/cm²");
        assert_eq!(calibration.flash(0), Dose::ZERO);
    }

    #[test]
    fn a_calibration_that_would_hide_light_is_refused() {
        for (from, to) in [
            ("50.0", "0.0"),
            ("50.0", "-1.0"),
            ("50.0", "nan"),
            ("50.0", "inf"),
            ("2.5", "0.0"),
            ("2.5", "5000.0"),
            ("2026-11-25", "\"yesterday\""),
            ("2026-11-25", "10:00:00"),
            ("spectroradiometer, practice values", " "),
            ("verified = false", ""),
            ("verified = false", "verified = false\nfactor = 0.1"),
        ] {
            assert!(Calibration::from_toml(&TEXT.replace(from, to)).is_err(), "{to}");
        }
    }
}
