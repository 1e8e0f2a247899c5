//! What an encounter is told.

use ocellus_model::{label::Output, laterality::Laterality};
use serde::Serialize;

use super::eye::Unscreenable;
use crate::{decision::Outcome, judge::Why};

/// What is said of one photograph, as far as the encounter needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// The outcome.
    pub outcome: Outcome,
    /// Why there is no result, and what else is worth knowing; worst first.
    pub reasons: Vec<Why>,
    /// Outputs at or above their threshold.
    pub findings: Vec<Output>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A patient sits before the camera; this eye comes first.
    Start {
        /// The first eye; programmes begin with the right one.
        first: Laterality,
    },
    /// The shutter button, or the automatic shutter.
    Shutter,
    /// The operator turns to the other eye.
    ChooseEye {
        /// The eye.
        eye: Laterality,
    },
    /// The eye being done can't be photographed at all.
    NotScreenable {
        /// Why.
        reason: Unscreenable,
    },
    /// The main button: take it again after a retake screen, next patient after a result.
    Continue,
    /// The button of a fault's screen.
    Retry,
    /// The operator breaks off.
    Abort,
    /// The camera delivered a photograph.
    Captured {
        /// Of the command.
        token: u32,
    },
    /// The camera did not.
    CaptureFailed {
        /// Of the command.
        token: u32,
    },
    /// The photograph was judged.
    Judged {
        /// Of the command.
        token: u32,
        /// What was found.
        reading: Reading,
    },
    /// The entry is safe on disk.
    Persisted {
        /// Of the command.
        token: u32,
    },
    /// The entry could not be stored.
    PersistFailed {
        /// Of the command.
        token: u32,
    },
    /// The deadline came.
    Wake,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handled {
    /// It was acted upon.
    Taken,
    /// It did not fit; nothing changed. Counted and to be logged.
    Ignored {
        /// Name of the state.
        state: &'static str,
        /// The event.
        event: Event,
    },
}
