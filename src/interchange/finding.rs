//! What is said of one output for one eye.
//!
//! The narrow way is to *no signs*: the eye was judged as having no referable signs at all. Of an eye that is referred for
//! one thing, nothing is said of the others: its photograph may be poor, and it will be examined.
//!
//! Not here: words and codes.

use ocellus_model::{label::Output, laterality::Laterality};

use super::{codes::Use, study::Eye};
use crate::{
    decision::Outcome,
    encounter::{EyeStatus, Reading},
    judge::{Judging, Why},
};

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Signs were found.
    Signs,
    /// No referable signs were found on this eye.
    NoSigns,
    /// Neither can be said; the eye is to be examined anyway.
    Uncertain,
    /// Nothing: there is no value.
    Nothing(Absent),
}

/// Why nothing is said of an eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// It was not photographed.
    NotPerformed,
    /// No photograph of it could be assessed.
    NotAssessed,
    /// Reading or judging its photograph failed.
    JudgingFailed,
}

impl Absent {
    /// How it is said in code.
    pub(super) fn used(self) -> Use {
        match self {
            Absent::NotPerformed => Use::NotPerformed,
            Absent::NotAssessed => Use::NotAssessed,
            Absent::JudgingFailed => Use::JudgingFailed,
        }
    }
}

impl Eye {
    /// What is said of an output.
    pub fn said(&self, output: Output) -> Said {
        match &self.status {
            EyeStatus::Judged(Reading { outcome: Outcome::Refer, findings, .. }) => {
                if findings.contains(&output) {
                    Said::Signs
                } else {
                    Said::Uncertain
                }
            }
            EyeStatus::Judged(Reading { outcome: Outcome::NoReferableSigns, .. }) => Said::NoSigns,
            EyeStatus::Judged(Reading { outcome: Outcome::NoResult, .. })
            | EyeStatus::Ungradable { .. }
            | EyeStatus::Tried { .. } => {
                Said::Nothing(if self.has_failed() { Absent::JudgingFailed } else { Absent::NotAssessed })
            }
            EyeStatus::Pending | EyeStatus::NotScreenable(_) => Said::Nothing(Absent::NotPerformed),
        }
    }

    /// Whether it has a result.
    pub fn has_result(&self) -> bool {
        matches!(self.status.outcome(), Some(Outcome::Refer | Outcome::NoReferableSigns))
    }

    /// What is wrong with its photograph, worst first.
    pub(super) fn reasons(&self) -> &[Why] {
        match &self.status {
            EyeStatus::Judged(Reading { reasons, .. }) | EyeStatus::Ungradable { reasons, .. } => reasons,
            EyeStatus::Pending | EyeStatus::Tried { .. } | EyeStatus::NotScreenable(_) => &[],
        }
    }

    fn has_failed(&self) -> bool {
        self.reasons().iter().any(|why| matches!(why, Why::Judging(Judging::Unreadable | Judging::NetworkFailed)))
    }
}

/// Both eyes; the right one comes first, as in a visit.
pub(super) const EYES: [Laterality; 2] = [Laterality::Od, Laterality::Os];

/// The eye as a part of the body.
pub(super) fn eye_use(eye: Laterality) -> Use {
    match eye {
        Laterality::Od => Use::RightEye,
        Laterality::Os => Use::LeftEye,
    }
}
