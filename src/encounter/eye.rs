//! What is known of each eye.

use ocellus_model::laterality::Laterality;
use serde::Serialize;

use super::event::Reading;
use crate::{decision::Outcome, judge::Why};

/// Why an eye can't be photographed at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unscreenable {
    /// The patient has no such eye, or a prosthesis.
    EyeAbsent,
    /// The patient can't sit, fixate or be positioned.
    CannotBePositioned,
    /// The patient does not want it.
    Declined,
}

/// How far an eye has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum EyeStatus {
    /// Not photographed yet.
    #[default]
    Pending,
    /// Photographed without a result so far.
    Tried {
        /// Photographs taken.
        attempts: u32,
    },
    /// Judged.
    Judged(Reading),
    /// All photographs were taken and none could be judged.
    Ungradable {
        /// Photographs taken.
        attempts: u32,
        /// What was wrong with the last one.
        reasons: Vec<Why>,
    },
    /// Can't be photographed.
    NotScreenable(#[serde(serialize_with = "as_reason")] Unscreenable),
}

impl EyeStatus {
    /// Photographs of it that were taken without a result.
    pub(super) fn attempts(&self) -> u32 {
        match self {
            EyeStatus::Tried { attempts } | EyeStatus::Ungradable { attempts, .. } => *attempts,
            EyeStatus::Pending | EyeStatus::Judged(_) | EyeStatus::NotScreenable(_) => 0,
        }
    }

    /// Whether nothing more is to be done.
    pub fn is_done(&self) -> bool {
        match self {
            EyeStatus::Judged(_) | EyeStatus::Ungradable { .. } | EyeStatus::NotScreenable(_) => true,
            EyeStatus::Pending | EyeStatus::Tried { .. } => false,
        }
    }

    /// What it contributes to the patient's disposition; none where there was no photograph to judge.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            EyeStatus::Judged(reading) => Some(reading.outcome),
            EyeStatus::Ungradable { .. } | EyeStatus::Tried { .. } => Some(Outcome::NoResult),
            EyeStatus::Pending | EyeStatus::NotScreenable(_) => None,
        }
    }
}

/// Both eyes.
#[derive(Debug, Default)]
pub(super) struct Eyes {
    right: EyeStatus,
    left: EyeStatus,
}

impl Eyes {
    pub(super) fn get(&self, eye: Laterality) -> &EyeStatus {
        match eye {
            Laterality::Od => &self.right,
            Laterality::Os => &self.left,
        }
    }

    pub(super) fn set(&mut self, eye: Laterality, status: EyeStatus) {
        match eye {
            Laterality::Od => self.right = status,
            Laterality::Os => self.left = status,
        }
    }
}

/// An object, as the other variants are.
fn as_reason<S: serde::Serializer>(reason: &Unscreenable, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Because {
        reason: Unscreenable,
    }
    Because { reason: *reason }.serialize(serializer)
}
