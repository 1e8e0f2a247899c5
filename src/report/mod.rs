//! The report on one encounter: one page for the patient, the clinic and the eye doctor, as a tagged PDF.
//!
//! ```text
//! Report ──► content (what is said) ──► layout (where it stands) ──► paint (PDF)
//!                texts, dates              typeset                     symbols, thumbnail
//! ```
//!
//! The outcome is the largest thing on the page and is told by words and a shape, so that a grey print says the same.
//! Nothing is called *normal, healthy, clear* or *negative*, no number is a probability, and what could not be judged
//! is never printed as if nothing had been found: a report that would say so is refused ([`ReportError::Contradiction`]).
//! The same report is always the same bytes. What does not fit on one page in letters that can be read is an error,
//! never cut.
//!
//! Not here: storing, printing and sending; when a report is made; the map of where the network looked, which is no
//! part of a result.

mod code;
mod content;
mod dates;
mod layout;
mod paint;
mod sheet;
mod symbols;
#[cfg(test)]
mod tests;
mod texts;
mod thumbnail;
mod typeset;

pub(crate) use code::Code;
pub use thumbnail::Thumbnail;

use ocellus_model::{label::Output, quality::Gradability};
use serde::Serialize;

use crate::{
    decision::{Outcome, PatientDisposition},
    encounter::{Agent, EyeStatus, Question},
    judge::BundleId,
    language::Language,
    station::Patient,
    store::{Device, Stamp},
};

/// All that is printed of one encounter.
#[derive(Debug, Clone)]
pub struct Report {
    /// What it is written in.
    pub language: Language,
    /// What it is printed on.
    pub paper: Paper,
    /// Its own number, at most 64 characters.
    pub id: String,
    /// The number of the report that it replaces.
    pub replaces: Option<String>,
    /// Where and with what; says also whether camera or patient were not real.
    pub device: Device,
    /// What photographs were judged with.
    pub bundle: BundleId,
    /// What that bundle looks for.
    pub looked_for: Vec<Output>,
    /// Who was screened.
    pub patient: Patient,
    /// Whether that was for practice.
    pub practice: bool,
    /// The encounter's number, at most 64 characters; also printed as a code.
    pub encounter: String,
    /// When it ended.
    pub at: Stamp,
    /// Who screened; none where nobody was signed in.
    pub operator: Option<String>,
    /// The question of the pre-check that was answered with yes and led straight to the outcome.
    pub pre_check: Option<Question>,
    /// The right eye.
    pub right: Eye,
    /// The left eye.
    pub left: Eye,
    /// What both say of the patient.
    pub outcome: PatientDisposition,
    /// When to screen again after no referable signs were found: months, from 1.
    pub screen_again_months: u32,
    /// By when the site wants a referred patient examined: weeks; none where it names no time, and then it is *now*.
    pub examined_within_weeks: Option<u32>,
}

/// What is printed of one eye.
#[derive(Debug, Clone)]
pub struct Eye {
    /// How far it came.
    pub status: EyeStatus,
    /// How good the photograph is that its result comes from, or the last one; none without a photograph, or where that
    /// could not be assessed.
    pub gradability: Option<Gradability>,
    /// How many photographs were taken of it.
    pub photographs: u32,
    /// Drops that were given.
    pub agent: Option<Agent>,
    /// That photograph, small.
    pub thumbnail: Option<Thumbnail>,
}

/// The size of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// 210 mm by 297 mm.
    #[default]
    A4,
    /// 8.5 inches by 11 inches.
    Letter,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Its parts contradict each other: printing either would be wrong.
    #[error("no referable signs are to be reported, but an eye has no such result")]
    Contradiction,
    /// It has no room on one page.
    #[error("the report needs {missing} points more than the page has in the smallest letters")]
    NoRoom {
        /// How many points of height or width are missing, rounded up.
        missing: u32,
    },
    /// The encounter's number can't be made a code.
    #[error("the encounter's number can't be printed as a code: {reason}")]
    Code {
        /// The encoder's reason.
        reason: String,
    },
    /// The PDF can't be written.
    #[error("the PDF can't be written: {reason}")]
    Pdf {
        /// The writer's reason.
        reason: String,
    },
}

impl Report {
    /// The report as the bytes of a PDF: one page, PDF/A-2a and PDF/UA-1 as far as the writer checks them.
    ///
    /// # Errors
    /// When its parts contradict each other, when it has no room on a page, when the encounter's number is too long for a
    /// code, or when the PDF can't be written.
    pub fn pdf(&self) -> Result<Vec<u8>, ReportError> {
        let unseen = |eye: &Eye| eye.status.outcome() != Some(Outcome::NoReferableSigns);
        if self.outcome == PatientDisposition::NoReferableSigns && (unseen(&self.right) || unseen(&self.left)) {
            return Err(ReportError::Contradiction);
        }
        let sheet = layout::layout(self)?;
        paint::paint(self, &sheet)
    }
}

impl Paper {
    /// Width and height in points, 1/72 inch.
    fn size(self) -> (f32, f32) {
        match self {
            Paper::A4 => (595.28, 841.89),
            Paper::Letter => (612.0, 792.0),
        }
    }
}
