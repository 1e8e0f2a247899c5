//! What an encounter wants done.

use ocellus_model::laterality::Laterality;
use serde::Serialize;

use super::{event::Reading, eye::EyeStatus, state::Fault};
use crate::{decision::PatientDisposition, judge::Why};

/// Something to do. Each with a token is answered by an event with the same token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Draw a screen.
    Show(View),
    /// Flash and take a photograph.
    Capture {
        /// For the answer; also names the photograph from now on.
        token: u32,
        /// The eye before the camera.
        eye: Laterality,
        /// Number of the photograph of this eye, from 1.
        attempt: u32,
    },
    /// Judge a photograph.
    Judge {
        /// For the answer.
        token: u32,
        /// Token of the command that took it.
        capture: u32,
    },
    /// Store an entry so that it survives a power cut; only then is it `Persisted`.
    Persist {
        /// For the answer.
        token: u32,
        /// What to store.
        entry: Entry,
    },
}

/// Something to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Entry {
    /// A photograph and what was found on it.
    Photograph {
        /// The eye.
        eye: Laterality,
        /// Number of the photograph of this eye, from 1.
        attempt: u32,
        /// Token of the command that took it.
        capture: u32,
        /// What was found.
        reading: Reading,
    },
    /// The end of an encounter with a result.
    Result {
        /// The right eye.
        right: EyeStatus,
        /// The left eye.
        left: EyeStatus,
        /// What both say of the patient.
        patient: PatientDisposition,
    },
    /// The end of an encounter that was broken off; it has no result.
    Aborted,
}

/// What the operator is to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// Nobody is being screened.
    Ready,
    /// Aim at an eye.
    Aim {
        /// The eye to be done.
        eye: Laterality,
        /// Photographs that may still be taken of it, this one included.
        tries_left: u32,
    },
    /// The photograph is being judged.
    Judging {
        /// The eye it shows.
        eye: Laterality,
    },
    /// The photograph can't be judged.
    Retake {
        /// The eye it shows.
        eye: Laterality,
        /// Why, worst first.
        reasons: Vec<Why>,
        /// Photographs that may still be taken of it.
        tries_left: u32,
    },
    /// The result.
    Result {
        /// The right eye.
        right: EyeStatus,
        /// The left eye.
        left: EyeStatus,
        /// What both say of the patient.
        patient: PatientDisposition,
    },
    /// Something is out of order.
    Fault(Fault),
}

impl View {
    /// A short name for file names and logs.
    pub fn name(&self) -> &'static str {
        match self {
            View::Ready => "ready",
            View::Aim { .. } => "aim",
            View::Judging { .. } => "judging",
            View::Retake { .. } => "retake",
            View::Result { .. } => "result",
            View::Fault(_) => "fault",
        }
    }
}
