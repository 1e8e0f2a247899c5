//! What the photographs of a run really show, and a judge that says so: the device's own decision, on made-up numbers.

use ocellus::{
    decision::{self, Outcome, Scored},
    encounter::Reading,
    judge::{Judging, Why},
};
use ocellus_model::{
    label::Output,
    laterality::Laterality,
    quality::{Gradability, OpticDisc, Quality, Reason, Scores},
};

use super::dice::Dice;

/// What was wrong with photographs that can't be judged.
const POOR: [Reason; 6] = [
    Reason::TooDark,
    Reason::Blurred,
    Reason::SmallPupil,
    Reason::EyelidOrLashes,
    Reason::FieldIncomplete,
    Reason::Unjudgeable,
];

/// What a photograph really shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Truth {
    /// The eye.
    pub(crate) eye: Laterality,
    /// What keeps it from being judged; none where it can be.
    pub(crate) poor: Option<Reason>,
    /// Whether there is something to refer for.
    signs: bool,
    /// Whether its disc seems to lie on the other eye's side.
    doubted: bool,
    /// Whether the network fails on it.
    fails: bool,
}

impl Truth {
    /// A photograph of an eye, as it may turn out.
    pub(crate) fn of(eye: Laterality, dice: &mut Dice, poor: u32) -> Self {
        Truth {
            eye,
            poor: dice.chance(poor).then(|| dice.one(&POOR)),
            signs: dice.chance(250),
            doubted: dice.chance(60),
            fails: dice.chance(10),
        }
    }

    /// What the judge says of it.
    pub(crate) fn reading(&self, eye_confirmed: bool) -> Reading {
        if self.fails {
            let reasons = vec![Why::Judging(Judging::NetworkFailed)];
            return Reading { outcome: Outcome::NoResult, reasons, findings: Vec::new() };
        }
        let doubt = (self.doubted && !eye_confirmed).then_some(Reason::WrongEyeSuspected);
        let reasons: Vec<Reason> = self.poor.into_iter().chain(doubt).collect();
        let quality = Quality {
            gradability: if self.poor.is_some() { Gradability::Ungradable } else { Gradability::Good },
            reasons: reasons.clone(),
            disc: OpticDisc { x: 0.0, y: 0.0, margin: 0.0 },
            scores: Scores { focus: 0.5, brightness: 0.5, evenness: 0.5, field_visible: 1.0, ungradable: 0.5 },
        };
        let probability = if self.signs { 0.9 } else { 0.1 };
        let scored = [Scored { label: Output::Anomaly, probability, threshold: 0.5 }];
        let decided = decision::eye(&scored, 0.0, &quality);
        let reasons = reasons.into_iter().map(Why::Photograph).collect();
        Reading { outcome: decided.outcome, reasons, findings: decided.findings }
    }

    /// Whether it may be said of it that there are no referable signs.
    pub(crate) fn may_be_negative(&self) -> bool {
        self.poor.is_none() && !self.signs && !self.fails
    }
}
