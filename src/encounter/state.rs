//! Where an encounter can stand.

use ocellus_model::laterality::Laterality;

use super::{Monotonic, event::Reading};

/// A question that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The answer bears the same.
    pub token: u32,
    /// From then on there won't be one.
    pub until: Monotonic,
}

/// What is out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The camera gave no photograph.
    CameraLost,
    /// The photograph was not judged in time.
    JudgingFailed,
    /// A photograph or result could not be stored; it is still in memory.
    StoreFailed,
}

/// Where the encounter stands; the transitions are drawn in the parent module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// No patient yet.
    Idle,
    /// The operator aims.
    Aiming {
        /// The eye to be done.
        eye: Laterality,
        /// Number of the photograph to be taken, from 1.
        attempt: u32,
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
        /// The eye it shows.
        eye: Laterality,
        /// Number of the photograph.
        attempt: u32,
        /// Token of the command that took it.
        capture: u32,
        /// For the judge.
        waiting: Waiting,
    },
    /// A photograph and what was found on it are being stored.
    Storing {
        /// The eye it shows.
        eye: Laterality,
        /// Number of the photograph.
        attempt: u32,
        /// Token of the command that took it.
        capture: u32,
        /// What was found; nobody has seen it yet.
        reading: Reading,
        /// For the store.
        waiting: Waiting,
    },
    /// The operator is told what was wrong.
    Retake {
        /// The eye to be photographed again.
        eye: Laterality,
        /// Number of the photograph that could not be judged.
        attempt: u32,
    },
    /// The result is being stored.
    Concluding {
        /// For the store.
        waiting: Waiting,
    },
    /// The result is shown.
    Result,
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

impl State {
    /// The question it waits for an answer to, and what is out of order when none comes.
    pub(super) fn waiting(&self) -> Option<(Waiting, Fault)> {
        match self {
            State::Capturing { waiting, .. } => Some((*waiting, Fault::CameraLost)),
            State::Judging { waiting, .. } => Some((*waiting, Fault::JudgingFailed)),
            State::Storing { waiting, .. } | State::Concluding { waiting } | State::Aborting { waiting } => {
                Some((*waiting, Fault::StoreFailed))
            }
            State::Idle
            | State::Aiming { .. }
            | State::Retake { .. }
            | State::Result
            | State::Fault { .. }
            | State::Ended => None,
        }
    }

    /// For logs.
    pub fn name(&self) -> &'static str {
        match self {
            State::Idle => "idle",
            State::Aiming { .. } => "aiming",
            State::Capturing { .. } => "capturing",
            State::Judging { .. } => "judging",
            State::Storing { .. } => "storing",
            State::Retake { .. } => "retake",
            State::Concluding { .. } => "concluding",
            State::Result => "result",
            State::Fault { .. } => "fault",
            State::Aborting { .. } => "aborting",
            State::Ended => "ended",
        }
    }
}
