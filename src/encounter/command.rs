//! What an encounter wants done.

use ocellus_model::laterality::Laterality;
use serde::Serialize;

use super::{
    Monotonic, Question,
    event::Reading,
    eye::{Agent, EyeStatus, Stage},
    state::Fault,
};
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
        /// Under what conditions.
        stage: Stage,
    },
    /// Judge a photograph.
    Judge {
        /// For the answer.
        token: u32,
        /// Token of the command that took it.
        capture: u32,
        /// Whether the operator has said that it shows the eye it was taken of.
        eye_confirmed: bool,
    },
    /// Store an entry so that it survives a power cut; only then is it `Persisted`.
    Persist {
        /// For the answer.
        token: u32,
        /// What to store.
        entry: Entry,
    },
    /// Make the report on the result, which is stored already, and store it.
    Report {
        /// For the answer.
        token: u32,
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
        /// Under what conditions it was taken.
        stage: Stage,
        /// Drops that were given before.
        agent: Option<Agent>,
        /// Whether the operator has said that it shows this eye, after a doubt.
        eye_confirmed: bool,
        /// What was found.
        reading: Reading,
    },
    /// A stored photograph shows the other eye, says the operator: it counts for neither.
    Withdrawn {
        /// The eye it was filed under.
        eye: Laterality,
        /// Number of the photograph of that eye.
        attempt: u32,
        /// Token of the command that took it.
        capture: u32,
    },
    /// The end of an encounter with a result.
    Result {
        /// The right eye.
        right: EyeStatus,
        /// The left eye.
        left: EyeStatus,
        /// What both say of the patient.
        patient: PatientDisposition,
        /// The question of the pre-check that was answered with yes; then no photographs were taken.
        #[serde(skip_serializing_if = "Option::is_none")]
        pre_check: Option<Question>,
    },
    /// The end of an encounter that was broken off; it has no result.
    Aborted,
}

/// What the operator is to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// Nobody is being screened.
    Ready,
    /// A question of the pre-check.
    Question(Question),
    /// Aim at an eye.
    Aim {
        /// The eye to be done.
        eye: Laterality,
        /// Photographs that may still be taken of it in this stage, this one included.
        tries_left: u32,
        /// Under what conditions.
        stage: Stage,
        /// Whether the other eye is still to be done, so that one may turn to it.
        other_open: bool,
    },
    /// Why can this eye not be photographed?
    WhyNot {
        /// The eye.
        eye: Laterality,
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
        /// Photographs that may still be taken of it in this stage.
        tries_left: u32,
        /// Whether the other eye is still to be done.
        other_open: bool,
    },
    /// The photograph may show the other eye: which is it?
    WhichEye {
        /// The eye that was to be photographed.
        eye: Laterality,
    },
    /// The eye rests in the dark.
    Rest {
        /// The eye.
        eye: Laterality,
        /// Until when.
        until: Monotonic,
        /// Whether the other eye is still to be done.
        other_open: bool,
    },
    /// Are drops to be given?
    OfferDrops {
        /// To which eye.
        eye: Laterality,
        /// Whether the other eye is still to be done.
        other_open: bool,
    },
    /// The drops need time.
    DropsWork {
        /// The eye.
        eye: Laterality,
        /// Until when.
        until: Monotonic,
        /// Whether the other eye is still to be done.
        other_open: bool,
    },
    /// The result.
    Result {
        /// The right eye.
        right: EyeStatus,
        /// The left eye.
        left: EyeStatus,
        /// What both say of the patient.
        patient: PatientDisposition,
        /// The question of the pre-check that led straight here.
        pre_check: Option<Question>,
    },
    /// The report.
    Report {
        /// Its number; none where it could not be made.
        report: Option<String>,
        /// What it says of the patient.
        patient: PatientDisposition,
    },
    /// Is breaking off meant?
    ConfirmAbort,
    /// Something is out of order.
    Fault(Fault),
}

impl View {
    /// A short name for file names and logs.
    pub fn name(&self) -> &'static str {
        match self {
            View::Ready => "ready",
            View::Question(_) => "question",
            View::Aim { .. } => "aim",
            View::WhyNot { .. } => "why-not",
            View::Judging { .. } => "judging",
            View::Retake { .. } => "retake",
            View::WhichEye { .. } => "which-eye",
            View::Rest { .. } => "rest",
            View::OfferDrops { .. } => "offer-drops",
            View::DropsWork { .. } => "drops-work",
            View::Result { .. } => "result",
            View::Report { report: Some(_), .. } => "report",
            View::Report { report: None, .. } => "report-failed",
            View::ConfirmAbort => "confirm-abort",
            View::Fault(_) => "fault",
        }
    }

    /// The eye it is about, if one.
    pub fn eye(&self) -> Option<Laterality> {
        match self {
            View::Aim { eye, .. }
            | View::WhyNot { eye }
            | View::Judging { eye }
            | View::Retake { eye, .. }
            | View::WhichEye { eye }
            | View::Rest { eye, .. }
            | View::OfferDrops { eye, .. }
            | View::DropsWork { eye, .. } => Some(*eye),
            View::Ready
            | View::Question(_)
            | View::Result { .. }
            | View::Report { .. }
            | View::ConfirmAbort
            | View::Fault(_) => None,
        }
    }
}
