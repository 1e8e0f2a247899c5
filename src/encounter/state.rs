//! Where an encounter can stand.

use ocellus_model::laterality::Laterality;
use serde::{Deserialize, Serialize};

use super::{Monotonic, event::Reading};
use crate::judge::Why;

/// A question that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The answer bears the same.
    pub token: u32,
    /// From then on there won't be one.
    pub until: Monotonic,
}

/// What is out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The camera gave no photograph.
    CameraLost,
    /// The controller of light and focus does not answer.
    ControllerLost,
    /// The battery is too low for a flash.
    BatteryEmpty,
    /// The eye has had as much light as it may have.
    LightLimit,
    /// The photograph was not judged in time.
    JudgingFailed,
    /// A photograph or result could not be stored; it is still in memory.
    StoreFailed,
    /// The store has no room; the photograph or result is still in memory.
    StoreFull,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 7] = [
        Fault::CameraLost,
        Fault::ControllerLost,
        Fault::BatteryEmpty,
        Fault::LightLimit,
        Fault::JudgingFailed,
        Fault::StoreFailed,
        Fault::StoreFull,
    ];

    /// A short name for file names and logs.
    pub fn name(self) -> &'static str {
        match self {
            Fault::CameraLost => "camera-lost",
            Fault::ControllerLost => "controller-lost",
            Fault::BatteryEmpty => "battery-empty",
            Fault::LightLimit => "light-limit",
            Fault::JudgingFailed => "judging-failed",
            Fault::StoreFailed => "store-failed",
            Fault::StoreFull => "store-full",
        }
    }
}

/// Where the encounter stands; the transitions are drawn in the parent module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// No patient yet.
    Idle,
    /// The pre-check asks.
    Asking {
        /// Number of the question, from 0.
        number: usize,
        /// The eye that comes first.
        first: Laterality,
    },
    /// The operator aims.
    Aiming {
        /// The eye to be done.
        eye: Laterality,
        /// Number of the photograph to be taken, from 1.
        attempt: u32,
    },
    /// The operator is asked why an eye can't be photographed.
    WhyNot {
        /// The eye.
        eye: Laterality,
    },
    /// The camera is at work.
    Capturing {
        /// The eye before the camera.
        eye: Laterality,
        /// Number of the photograph.
        attempt: u32,
        /// For the camera.
        waiting: Waiting,
    },
    /// A photograph is being judged.
    Judging {
        /// The photograph.
        shot: Shot,
        /// For the judge.
        waiting: Waiting,
    },
    /// A photograph and what was found on it are being stored.
    Storing {
        /// The photograph.
        shot: Shot,
        /// What was found; nobody has seen it yet.
        reading: Reading,
        /// For the store.
        waiting: Waiting,
    },
    /// The operator is asked which eye the photograph shows.
    WhichEye {
        /// The photograph.
        shot: Shot,
    },
    /// That it shows the other eye is being stored.
    Withdrawing {
        /// The photograph.
        shot: Shot,
        /// For the store.
        waiting: Waiting,
    },
    /// The operator is told what was wrong.
    Retake {
        /// The eye to be photographed again.
        eye: Laterality,
        /// What was wrong, worst first.
        reasons: Vec<Why>,
    },
    /// The eye rests in the dark.
    Resting {
        /// The eye.
        eye: Laterality,
        /// Until when.
        until: Monotonic,
    },
    /// The operator is asked whether drops are given.
    OfferingDrops {
        /// The eye.
        eye: Laterality,
    },
    /// The drops need time.
    DropsWork {
        /// The eye.
        eye: Laterality,
        /// Until when.
        until: Monotonic,
    },
    /// The result is being stored.
    Concluding {
        /// For the store.
        waiting: Waiting,
    },
    /// The result is shown.
    Result,
    /// The report on it is being made and stored.
    Reporting {
        /// For the store.
        waiting: Waiting,
    },
    /// It is there, or could not be made.
    Report {
        /// Token of the command that asked for it.
        asked: u32,
        /// Its number; none where it could not be made or stored.
        report: Option<String>,
    },
    /// The operator is asked whether breaking off is meant.
    ConfirmingAbort {
        /// Where to go on if not.
        interrupted: Box<State>,
    },
    /// Something is out of order; the operator sees to it and goes on.
    Fault {
        /// What.
        fault: Fault,
        /// Where to go on.
        interrupted: Box<State>,
    },
    /// The operator broke off; that is being stored.
    Aborting {
        /// For the store.
        waiting: Waiting,
    },
    /// Over.
    Ended,
}

/// A photograph that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shot {
    /// The eye it was taken of.
    pub eye: Laterality,
    /// Number of the photograph of that eye, from 1.
    pub attempt: u32,
    /// Token of the command that took it.
    pub capture: u32,
    /// Whether the operator has said that it shows that eye.
    pub eye_confirmed: bool,
}

impl State {
    /// The question it waits for an answer to, and what is out of order when none comes.
    pub(super) fn waiting(&self) -> Option<(Waiting, Fault)> {
        match self {
            State::Capturing { waiting, .. } => Some((*waiting, Fault::CameraLost)),
            State::Judging { waiting, .. } => Some((*waiting, Fault::JudgingFailed)),
            State::Storing { waiting, .. }
            | State::Withdrawing { waiting, .. }
            | State::Concluding { waiting }
            | State::Aborting { waiting } => Some((*waiting, Fault::StoreFailed)),
            State::Idle
            | State::Asking { .. }
            | State::Aiming { .. }
            | State::WhyNot { .. }
            | State::WhichEye { .. }
            | State::Retake { .. }
            | State::Resting { .. }
            | State::OfferingDrops { .. }
            | State::DropsWork { .. }
            | State::Result
            // Nothing is out of order with the encounter when its report is late.
            | State::Reporting { .. }
            | State::Report { .. }
            | State::ConfirmingAbort { .. }
            | State::Fault { .. }
            | State::Ended => None,
        }
    }

    /// For logs.
    pub fn name(&self) -> &'static str {
        match self {
            State::Idle => "idle",
            State::Asking { .. } => "asking",
            State::Aiming { .. } => "aiming",
            State::WhyNot { .. } => "why_not",
            State::Capturing { .. } => "capturing",
            State::Judging { .. } => "judging",
            State::Storing { .. } => "storing",
            State::WhichEye { .. } => "which_eye",
            State::Withdrawing { .. } => "withdrawing",
            State::Retake { .. } => "retake",
            State::Resting { .. } => "resting",
            State::OfferingDrops { .. } => "offering_drops",
            State::DropsWork { .. } => "drops_work",
            State::Concluding { .. } => "concluding",
            State::Result => "result",
            State::Reporting { .. } => "reporting",
            State::Report { .. } => "report",
            State::ConfirmingAbort { .. } => "confirming_abort",
            State::Fault { .. } => "fault",
            State::Aborting { .. } => "aborting",
            State::Ended => "ended",
        }
    }
}
