//! What an encounter is told.

use ocellus_model::{label::Output, laterality::Laterality};
use serde::{Deserialize, Serialize};

use super::{
    eye::{Agent, Unscreenable},
    state::Fault,
};
use crate::{decision::Outcome, judge::Why};

/// What is said of one photograph, as far as the encounter needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The outcome.
    pub outcome: Outcome,
    /// Why there is no result, and what else is worth knowing; worst first.
    pub reasons: Vec<Why>,
    /// Outputs at or above their threshold.
    pub findings: Vec<Output>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A patient sits before the camera; this eye comes first.
    Start {
        /// The first eye; programmes begin with the right one.
        first: Laterality,
    },
    /// The answer to a question of the pre-check.
    Answer {
        /// Yes leads straight to *refer*.
        yes: bool,
    },
    /// The shutter button, or the automatic shutter.
    Shutter,
    /// The operator turns to the other eye.
    ChooseEye {
        /// The eye.
        eye: Laterality,
    },
    /// The operator says that the eye being done can't be photographed; the reason is asked for.
    AskNotScreenable,
    /// The eye being done can't be photographed at all.
    NotScreenable {
        /// Why.
        reason: Unscreenable,
    },
    /// The answer to a doubt about which eye a photograph shows.
    WhichEye {
        /// Whether it shows the eye that was to be photographed.
        as_intended: bool,
    },
    /// Drops were given to the eye for which they were offered.
    Dilated {
        /// Which.
        agent: Agent,
    },
    /// No drops are given.
    NotDilated,
    /// The main button: take it again after a retake screen, go on after drops, the report after a result, the next patient
    /// after the report.
    Continue,
    /// The button of a fault's screen, or of a report that could not be made.
    Retry,
    /// The operator wants to break off; it is asked whether that is meant.
    AskAbort,
    /// The operator did not mean it.
    Back,
    /// The operator breaks off.
    Abort,
    /// Something that photographs need is out of order, asked for or not.
    Down {
        /// What.
        fault: Fault,
    },
    /// It works again.
    Up {
        /// What.
        fault: Fault,
    },
    /// The camera delivered a photograph.
    Captured {
        /// Of the command.
        token: u32,
    },
    /// There is no photograph.
    CaptureFailed {
        /// Of the command.
        token: u32,
        /// Why: camera, controller or the limit of light.
        fault: Fault,
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
        /// Why: the store failed, or is full.
        fault: Fault,
    },
    /// The report is safe on disk.
    Reported {
        /// Of the command.
        token: u32,
        /// The report's number.
        report: String,
    },
    /// The report could not be made or stored.
    ReportFailed {
        /// Of the command.
        token: u32,
    },
    /// The deadline came.
    Wake,
}

impl Event {
    /// The token of an answer that says that something was done.
    pub(super) fn done(&self) -> Option<u32> {
        match self {
            Event::Captured { token } | Event::Judged { token, .. } | Event::Persisted { token } => Some(*token),
            Event::Start { .. }
            | Event::Answer { .. }
            | Event::Shutter
            | Event::ChooseEye { .. }
            | Event::AskNotScreenable
            | Event::NotScreenable { .. }
            | Event::WhichEye { .. }
            | Event::Dilated { .. }
            | Event::NotDilated
            | Event::Continue
            | Event::Retry
            | Event::AskAbort
            | Event::Back
            | Event::Abort
            | Event::Down { .. }
            | Event::Up { .. }
            | Event::CaptureFailed { .. }
            | Event::PersistFailed { .. }
            | Event::Reported { .. }
            | Event::ReportFailed { .. }
            | Event::Wake => None,
        }
    }
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
