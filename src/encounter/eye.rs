//! What is known of each eye.

use ocellus_model::laterality::Laterality;
use serde::{Deserialize, Serialize};

use super::{Monotonic, event::Reading};
use crate::{decision::Outcome, judge::Why};

/// Why an eye can't be photographed at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unscreenable {
    /// The patient has no such eye, or a prosthesis.
    EyeAbsent,
    /// The patient can't sit, fixate or be positioned.
    CannotBePositioned,
    /// The patient does not want it.
    Declined,
    /// The eye has had as much light within 24 hours as it may have.
    LightLimit,
}

/// Under what conditions an eye is photographed. The order is that of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// As the patient came.
    #[default]
    Undilated,
    /// After a rest in the dark, with the flash for small pupils.
    SmallPupil,
    /// After drops.
    Dilated,
}

/// What widens the pupil; the terms of DICOM's CID 4208.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agent {
    /// Tropicamide.
    Tropicamide,
    /// Phenylephrine.
    Phenylephrine,
    /// Cyclopentolate.
    Cyclopentolate,
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

/// How far an eye has come, and how it got there.
#[derive(Debug, Clone, Default)]
pub(super) struct Eye {
    pub(super) status: EyeStatus,
    /// Photographs taken of it that gave no result, in all stages.
    pub(super) attempts: u32,
    pub(super) stage: Stage,
    /// Those of this stage.
    pub(super) in_stage: u32,
    /// Until then it rests, or the drops work.
    pub(super) not_before: Monotonic,
    /// Drops that were given.
    pub(super) agent: Option<Agent>,
    /// What was wrong with the last photograph.
    pub(super) reasons: Vec<Why>,
}

impl Eye {
    /// A photograph gave no result.
    pub(super) fn tried(&mut self, attempt: u32, reasons: Vec<Why>) {
        self.attempts = attempt;
        self.in_stage += 1;
        self.reasons = reasons;
        self.status = EyeStatus::Tried { attempts: attempt };
    }

    /// On to other conditions, from a time on.
    pub(super) fn enter(&mut self, stage: Stage, not_before: Monotonic) {
        self.stage = stage;
        self.in_stage = 0;
        self.not_before = not_before;
    }

    /// No more photographs: what it is then.
    pub(super) fn give_up(&mut self, where_never_tried: Unscreenable) {
        self.status = match self.attempts {
            0 => EyeStatus::NotScreenable(where_never_tried),
            attempts => EyeStatus::Ungradable { attempts, reasons: std::mem::take(&mut self.reasons) },
        };
    }
}

/// Both eyes.
#[derive(Debug, Default)]
pub(super) struct Eyes {
    right: Eye,
    left: Eye,
}

impl Eyes {
    pub(super) fn get(&self, eye: Laterality) -> &Eye {
        match eye {
            Laterality::Od => &self.right,
            Laterality::Os => &self.left,
        }
    }

    pub(super) fn get_mut(&mut self, eye: Laterality) -> &mut Eye {
        match eye {
            Laterality::Od => &mut self.right,
            Laterality::Os => &mut self.left,
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
