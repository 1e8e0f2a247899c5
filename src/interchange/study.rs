//! One screening as plain data: what every exporter is given, and all that it may tell.
//!
//! Not here: reading it from the store, whether it may leave the device (the [`Export`](super::Export)).

use std::collections::BTreeMap;

use ocellus_model::{bundle::Digest, label::Output, laterality::Laterality, quality::Gradability};

use crate::{
    decision::PatientDisposition,
    encounter::{EyeStatus, Question},
    judge::BundleId,
    station::{Order, Patient},
    store::Stamp,
};

/// One encounter with a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Screening {
    /// The encounter: a UID as DICOM writes them, digits and dots, at most 64 characters. All ids come from it.
    pub encounter: String,
    /// The encounter under whose UID the report was sent that this one replaces; the receiver then finds the new one in
    /// the old one's place. None for a first report.
    pub amends: Option<String>,
    /// The study the photographs belong to, a UID; from the worklist where there is one.
    pub study: String,
    /// What the clinic ordered; none where nobody told.
    pub order: Option<Order>,
    /// Who was screened.
    pub patient: Patient,
    /// The operator's name in records; none where nobody was signed in.
    pub operator: Option<String>,
    /// What photographed and judged.
    pub instrument: Instrument,
    /// The bundle it judged with.
    pub bundle: BundleId,
    /// What the bundle looks for, in its order.
    pub outputs: Vec<Output>,
    /// The right eye.
    pub right: Eye,
    /// The left eye.
    pub left: Eye,
    /// Photographs of both eyes that were judged, in the order in which they were taken; none that were withdrawn.
    pub photographs: Vec<Photograph>,
    /// What both eyes say of the patient.
    pub disposition: PatientDisposition,
    /// The question of the pre-check that was answered with yes; then no photographs were taken.
    pub pre_check: Option<Question>,
    /// When it began.
    pub begun: Stamp,
    /// When it ended.
    pub ended: Stamp,
    /// Whether camera, controller or patient are not real.
    pub simulated: bool,
    /// Whether it was practice.
    pub practice: bool,
}

/// The device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// The clinic.
    pub site: String,
    /// The device's name there.
    pub name: String,
    /// Its serial number; empty where it has none.
    pub serial: String,
    /// The version of this program.
    pub version: String,
}

/// One eye.
#[derive(Debug, Clone, PartialEq)]
pub struct Eye {
    /// How far it came.
    pub status: EyeStatus,
    /// How good the photograph is that the status tells of; none where there is none or it could not be assessed.
    pub gradability: Option<Gradability>,
    /// Calibrated probabilities of that photograph, 0..1, for the record; empty where the network was not run.
    pub probabilities: BTreeMap<Output, f64>,
}

/// A photograph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photograph {
    /// Its UID.
    pub uid: String,
    /// The UID of its series; a series has photographs of one eye only.
    pub series: String,
    /// The eye it shows.
    pub eye: Laterality,
    /// When it was taken.
    pub taken: Stamp,
    /// SHA-256 of its bytes as stored.
    pub digest: Digest,
}

impl Screening {
    /// One of the eyes.
    pub fn eye(&self, eye: Laterality) -> &Eye {
        match eye {
            Laterality::Od => &self.right,
            Laterality::Os => &self.left,
        }
    }

    /// The order's accession number; empty where there is none.
    pub fn accession(&self) -> &str {
        self.order.as_ref().map_or("", |order| &order.accession)
    }

    /// Whether it tells of a person.
    pub fn is_real(&self) -> bool {
        !self.simulated && !self.practice
    }

    /// Whether both eyes have a result.
    pub fn is_complete(&self) -> bool {
        [&self.right, &self.left].into_iter().all(Eye::has_result)
    }
}
