//! The wrong patient was confirmed: the encounter is put down to the right one, and a new report replaces the one before.
//!
//! ```text
//! record ── encounter, photographs ──► Report on the right patient ──► record: patient, report, outbox (one change)
//! ```
//!
//! What is sent again has new UIDs where an archive would keep the old object (DICOM), and the old place where a receiver is to
//! replace it (FHIR, HL7). What the worklist had ordered for the other person goes with it no more.
//!
//! Not here: who may do that (the command line, which only service has), how it is stored (`crate::record`).

use ocellus_model::{field, image, laterality::Laterality};

use crate::{
    encounter::Agent,
    interchange::{Screening, dicom::Pupil},
    language::Language,
    record::{Amendment, Encounter, EncounterId, NewReport, Store, StoreError},
    report::{self, Report, ReportError, Thumbnail},
    sending::{NotAScreening, Shown, begun, screening},
    shell::Reports,
    station::Patient,
    store::{Begun, Destinations, Device, Stamp},
};

/// How reports are printed at a site.
#[derive(Debug, Clone, Copy)]
pub struct Printing {
    /// What in.
    pub language: Language,
    /// How they are made.
    pub reports: Reports,
    /// Months until the next screening of a patient without referable signs.
    pub screen_again_months: u32,
}

/// Why nothing was put right.
#[derive(Debug, thiserror::Error)]
pub enum AmendError {
    /// There is no result that could be another person's.
    #[error(transparent)]
    NotAScreening(#[from] NotAScreening),
    /// The record can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The new report can't be made.
    #[error("no report: {0}")]
    Report(#[from] ReportError),
}

/// Puts an encounter down to another patient; returns the new report's number.
///
/// # Errors
/// When the encounter has no result, its data were purged, or the report can't be made or stored; then nothing is changed.
pub fn amend(
    store: &mut Store,
    encounter: EncounterId,
    patient: &Patient,
    (printing, destinations): (Printing, &Destinations),
    (actor, at): (&str, Stamp),
) -> Result<String, AmendError> {
    let stored = store.read(encounter, actor, at)?;
    let (screening, shown) = screening(store.id(), &stored)?;
    let Begun { amended, .. } = begun(&stored)?;
    let number = format!("{}-{}", stored.summary.name, stored.reports.len() + 1);
    let replaces = stored.reports.last().map(|report| report.number.clone());
    let mut eye = |eye| printed(store, &stored, &screening, &shown, eye);
    let report = Report {
        language: printing.language,
        paper: printing.reports.paper,
        id: number.clone(),
        replaces: replaces.clone(),
        device: Device {
            site: screening.instrument.site.clone(),
            name: screening.instrument.name.clone(),
            version: screening.instrument.version.clone(),
            simulated: screening.simulated,
        },
        bundle: screening.bundle.clone(),
        looked_for: screening.outputs.clone(),
        patient: patient.clone(),
        practice: screening.practice,
        encounter: stored.summary.name.clone(),
        at: screening.ended,
        operator: screening.operator.clone(),
        pre_check: screening.pre_check,
        right: eye(Laterality::Od)?,
        left: eye(Laterality::Os)?,
        outcome: screening.disposition,
        screen_again_months: printing.screen_again_months,
        examined_within_weeks: printing.reports.examined_within_weeks,
    };
    let pdf = report.pdf()?;
    let begun = Begun { order: None, amended: amended + 1 };
    let report = NewReport { number: &number, replaces: replaces.as_deref(), pdf: &pdf };
    let send = destinations.of(screening.is_real());
    store.amend(encounter, Amendment { patient, begun: &begun, report, send: &send, actor }, at)?;
    Ok(number)
}

/// What is printed of one eye.
fn printed(
    store: &mut Store,
    stored: &Encounter,
    screening: &Screening,
    shown: &[Shown],
    eye: Laterality,
) -> Result<report::Eye, StoreError> {
    let taken = stored.photographs.iter().filter(|photograph| photograph.eye == eye && !photograph.withdrawn).count();
    let newest = shown.iter().filter(|shown| shown.eye == eye).max_by_key(|shown| shown.attempt);
    let thumbnail = match newest {
        Some(newest) => {
            let bytes = store.photograph_bytes(stored.summary.id, eye, newest.attempt)?;
            let pixels = image::decode(&bytes).ok().map(|decoded| decoded.pixels);
            pixels.and_then(|pixels| Thumbnail::of(&pixels, field::find_field(&pixels).ok().as_ref()))
        }
        None => None,
    };
    let of = screening.eye(eye);
    Ok(report::Eye {
        status: of.status.clone(),
        gradability: of.gradability,
        photographs: u32::try_from(taken).unwrap_or(u32::MAX),
        agent: shown.iter().filter(|shown| shown.eye == eye).find_map(drops),
        thumbnail,
    })
}

/// The drops that were given before a photograph.
fn drops(shown: &Shown) -> Option<Agent> {
    match &shown.taking.pupil {
        Some(Pupil::Dilated(agents)) => agents.first().copied(),
        Some(Pupil::Natural) | None => None,
    }
}
