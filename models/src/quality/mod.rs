//! The quality gate: is this photograph good enough to be judged?

mod gate;
pub mod measures;

use ::image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::field::Field;
use measures::Measures;

/// How far a photograph can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gradability {
    /// Not to be judged: a negative on it is never reported.
    Ungradable,
    /// Judged; something is less than ideal.
    Usable,
    /// Judged.
    Good,
}

/// Why a photograph is poor. A closed set, each with one action for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Not a photograph of a retina.
    NotFundus,
    /// Out of focus.
    Blurred,
    /// Underexposed.
    TooDark,
    /// Overexposed.
    TooBright,
    /// Light falls on one side only.
    UnevenLight,
    /// The pupil cuts the light off all around.
    SmallPupil,
    /// Eyelid or lashes in the way.
    EyelidOrLashes,
    /// Part of the field is cut off.
    FieldIncomplete,
    /// The retina is not centred.
    OffCentre,
    /// The eye or camera moved.
    Motion,
    /// The media of the eye are cloudy.
    MediaOpacitySuspected,
    /// The disc lies on the other eye's side.
    WrongEyeSuspected,
    /// The same photograph was taken before.
    AlreadyTaken,
}

impl Gradability {
    /// The name in records and manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Gradability::Ungradable => "ungradable",
            Gradability::Usable => "usable",
            Gradability::Good => "good",
        }
    }
}

impl Reason {
    /// All reasons.
    pub const ALL: [Reason; 13] = [
        Reason::NotFundus,
        Reason::Blurred,
        Reason::TooDark,
        Reason::TooBright,
        Reason::UnevenLight,
        Reason::SmallPupil,
        Reason::EyelidOrLashes,
        Reason::FieldIncomplete,
        Reason::OffCentre,
        Reason::Motion,
        Reason::MediaOpacitySuspected,
        Reason::WrongEyeSuspected,
        Reason::AlreadyTaken,
    ];

    /// The name in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NotFundus => "not_fundus",
            Reason::Blurred => "blurred",
            Reason::TooDark => "too_dark",
            Reason::TooBright => "too_bright",
            Reason::UnevenLight => "uneven_light",
            Reason::SmallPupil => "small_pupil",
            Reason::EyelidOrLashes => "eyelid_or_lashes",
            Reason::FieldIncomplete => "field_incomplete",
            Reason::OffCentre => "off_centre",
            Reason::Motion => "motion",
            Reason::MediaOpacitySuspected => "media_opacity_suspected",
            Reason::WrongEyeSuspected => "wrong_eye_suspected",
            Reason::AlreadyTaken => "already_taken",
        }
    }
}

/// Measures behind the verdict; all independent of the file's resolution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Sharpness, 0 (nothing resolved) to 1.
    pub focus: f64,
    /// Mean luminance inside the field, 0..1.
    pub brightness: f64,
    /// Evenness of the light, 0..1.
    pub evenness: f64,
    /// Part of the field's disc that is visible, 0..1.
    pub field_visible: f64,
}

/// The verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// How far the photograph can be trusted.
    pub gradability: Gradability,
    /// What is wrong, worst first; empty when good.
    pub reasons: Vec<Reason>,
    /// The measures.
    pub scores: Scores,
}

/// Judges a photograph with a known field; resolution and border have no influence.
pub fn assess(pixels: &RgbImage, field: &Field) -> Quality {
    assess_measured(&Measures::of(pixels, field), field)
}

/// As [`assess`], from what was measured already. The limits are in the private module `gate`.
pub fn assess_measured(measures: &Measures, field: &Field) -> Quality {
    gate::assess(measures, field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_serde_writes() {
        let written = |value: toml::Value| value.as_str().unwrap().to_owned();
        for reason in Reason::ALL {
            assert_eq!(written(toml::Value::try_from(reason).unwrap()), reason.as_str());
        }
        for gradability in [Gradability::Ungradable, Gradability::Usable, Gradability::Good] {
            assert_eq!(written(toml::Value::try_from(gradability).unwrap()), gradability.as_str());
        }
    }
}
