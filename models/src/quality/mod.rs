//! The quality gate: is this photograph good enough to be judged?

mod fingerprint;
mod gate;
pub mod measures;
mod optic_disc;
mod reduction;

use ::image::RgbImage;
use serde::{Deserialize, Serialize};

pub use fingerprint::{Fingerprint, SAME_BELOW};
pub use optic_disc::{CERTAIN, OpticDisc};
pub use reduction::Reduction;

use crate::{field::Field, laterality::Laterality};
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
    /// Unlike every photograph that people could judge, says the network: its other words mean nothing here.
    Unjudgeable,
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
    pub const ALL: [Reason; 14] = [
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
        Reason::Unjudgeable,
    ];

    /// Whether it alone makes a photograph ungradable, by a measure that leaves no doubt.
    pub fn rules_out(self) -> bool {
        match self {
            Reason::NotFundus
            | Reason::TooDark
            | Reason::TooBright
            | Reason::FieldIncomplete
            | Reason::AlreadyTaken
            | Reason::Unjudgeable => true,
            Reason::Blurred
            | Reason::UnevenLight
            | Reason::SmallPupil
            | Reason::EyelidOrLashes
            | Reason::OffCentre
            | Reason::Motion
            | Reason::MediaOpacitySuspected
            | Reason::WrongEyeSuspected => false,
        }
    }

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
            Reason::Unjudgeable => "unjudgeable",
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
    /// Probability that people would call the photograph ungradable, 0..1: by the measures, and by the network once it
    /// has seen the photograph ([`Quality::with_network`]).
    pub ungradable: f64,
}

/// The verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// How far the photograph can be trusted.
    pub gradability: Gradability,
    /// What is wrong, worst first; empty when good.
    pub reasons: Vec<Reason>,
    /// The place that looks most like the optic disc.
    pub disc: OpticDisc,
    /// The measures.
    pub scores: Scores,
}

impl Quality {
    /// The verdict once it is known which eye was to be photographed: a macula-centred photograph whose disc lies on the
    /// other eye's side is doubted, until somebody says that it is right.
    #[must_use]
    pub fn with_eye(mut self, eye: Laterality) -> Self {
        if self.disc.eye().is_some_and(|found| found != eye) {
            self.remark(Reason::WrongEyeSuspected);
        }
        self
    }

    /// The verdict on a photograph that is known to be named as the other eye somewhere.
    #[must_use]
    pub fn of_other_eye(mut self) -> Self {
        self.remark(Reason::WrongEyeSuspected);
        self
    }

    /// The verdict on a photograph that was taken before, perhaps as the other eye's: it says nothing new.
    #[must_use]
    pub fn taken_before(mut self) -> Self {
        self.remark(Reason::AlreadyTaken);
        self
    }

    /// One more thing that is wrong.
    fn remark(&mut self, reason: Reason) {
        self.reasons.push(reason);
        let at_most = if reason.rules_out() { Gradability::Ungradable } else { Gradability::Usable };
        self.gradability = self.gradability.min(at_most);
    }

    /// The verdict once a network that was trained to tell has seen the photograph: it takes the place of the guess from
    /// the measures. What a measure alone rules out (too dark, no fundus, …) stays ruled out.
    ///
    /// `probability` is the network's, that people would call the photograph ungradable; from `refused_from` on it is
    /// refused.
    #[must_use]
    pub fn with_network(mut self, probability: f64, refused_from: f64) -> Self {
        self.scores.ungradable = probability;
        let ruled_out = self.reasons.iter().any(|reason| reason.rules_out());
        // A probability that is no number is no reason to trust the photograph.
        if !(probability < refused_from) {
            self.remark(Reason::Unjudgeable);
        } else if !ruled_out && self.gradability == Gradability::Ungradable {
            self.gradability = Gradability::Usable;
        }
        self
    }
}

/// Judges a photograph with a known field; resolution and border have no influence.
pub fn assess(pixels: &RgbImage, field: &Field) -> Quality {
    assess_reduced(&Reduction::of(pixels, field), field)
}

/// As [`assess`], for a photograph that was reduced already.
pub fn assess_reduced(reduction: &Reduction, field: &Field) -> Quality {
    assess_measured(&Measures::of(reduction), OpticDisc::find(reduction), field)
}

/// As [`assess`], from what was measured already. The limits are in the private module `gate`.
pub fn assess_measured(measures: &Measures, disc: OpticDisc, field: &Field) -> Quality {
    gate::assess(measures, disc, field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_may_overrule_a_guess_but_no_measure_that_leaves_no_doubt() {
        let scores = Scores { focus: 0.5, brightness: 0.4, evenness: 0.8, field_visible: 1.0, ungradable: 0.9 };
        let quality = |gradability, reasons: &[Reason]| Quality {
            gradability,
            reasons: reasons.to_vec(),
            disc: OpticDisc { x: 0.0, y: 0.0, margin: 0.0 },
            scores,
        };
        use {Gradability::*, Reason::*};
        for (before, probability, gradability, reasons) in [
            (quality(Ungradable, &[Blurred]), 0.1, Usable, vec![Blurred]),
            (quality(Ungradable, &[TooDark]), 0.1, Ungradable, vec![TooDark]),
            (quality(Ungradable, &[Blurred, NotFundus]), 0.1, Ungradable, vec![Blurred, NotFundus]),
            (quality(Good, &[]), 0.1, Good, vec![]),
            (quality(Good, &[]), 0.3, Ungradable, vec![Unjudgeable]),
            (quality(Ungradable, &[Blurred]), 0.9, Ungradable, vec![Blurred, Unjudgeable]),
            (quality(Good, &[]), f64::NAN, Ungradable, vec![Unjudgeable]),
        ] {
            let after = before.clone().with_network(probability, 0.3);
            assert_eq!((after.gradability, after.reasons), (gradability, reasons), "{before:?} {probability}");
        }
    }

    #[test]
    fn the_other_eye_is_doubted_and_the_same_photograph_refused() {
        let scores = Scores { focus: 0.5, brightness: 0.4, evenness: 0.8, field_visible: 1.0, ungradable: 0.1 };
        let quality = |x, y, margin| {
            let disc = OpticDisc { x, y, margin };
            Quality { gradability: Gradability::Good, reasons: Vec::new(), disc, scores }
        };
        for (disc, doubted) in [
            (quality(0.6, 0.0, 1.0), Some(Laterality::Os)),
            (quality(-0.6, 0.1, 1.0), Some(Laterality::Od)),
            (quality(-0.6, 0.1, CERTAIN / 2.0), None),
            (quality(-0.1, 0.1, 1.0), None),
            (quality(0.6, 0.6, 1.0), None),
        ] {
            for eye in [Laterality::Od, Laterality::Os] {
                let found = disc.clone().with_eye(eye);
                let expected = if doubted == Some(eye) { vec![Reason::WrongEyeSuspected] } else { vec![] };
                assert_eq!(found.reasons, expected, "{disc:?} {eye}");
                assert_eq!(found.gradability == Gradability::Good, expected.is_empty());
            }
        }
        let again = quality(0.0, 0.0, 0.0).taken_before();
        assert_eq!((again.gradability, again.reasons), (Gradability::Ungradable, vec![Reason::AlreadyTaken]));
    }

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
