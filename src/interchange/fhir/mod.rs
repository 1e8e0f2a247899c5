//! A screening as a FHIR R4 (4.0.1) transaction Bundle.
//!
//! ```text
//! Patient (only where the number is not known yet)
//! Device, the instrument ◄─parent─ Device, the bundle of models
//! ImagingStudy ◄─derivedFrom─ Observation: each eye × each output, and each eye's quality
//! DiagnosticReport ─result─► Observations, with the PDF      Provenance ─target─► all of these
//! ```
//!
//! All but the patient is a `PUT` under ids that come from the encounter's UID, so that a resend, and a report that
//! replaces another, lands in the same place. The patient is only made, never changed: what the clinic knows is more.
//!
//! What the statuses say: an eye without a result has Observations that are `cancelled` and no value. The report is
//! `final` (or `amended`) only when both eyes have a result, else `partial`; until then *no signs* is `preliminary`.
//!
//! Not here: sending, AuditEvent, ServiceRequest for the referral.

mod datatypes;
mod observations;
mod report;
mod resources;
mod subject;

pub use datatypes::{
    Annotation, Attachment, CodeableConcept, Coding, DataAbsent, HumanName, Identifier, Meta, Quantity, Reference,
    Unknown,
};
pub use resources::{
    Agent, Bundle, Component, Device, DeviceName, DeviceVersion, DiagnosticReport, Entity, Entry, ImagingStudy,
    Instance, Observation, Patient, Provenance, Request, Resource, Series,
};

use super::{codes::Use, export::Export};
use datatypes::full_url;

/// The screening as a transaction; `pdf` is the report to print.
pub fn bundle(export: &Export<'_>, pdf: &[u8]) -> Bundle {
    let ids = Ids::of(export);
    let meta = meta(export);
    let mut entry = vec![subject::patient(export, &ids, &meta)];
    for device in subject::devices(export, &ids, &meta) {
        entry.push(put("Device", &device.id.clone(), Resource::Device(device)));
    }
    if let Some(study) = subject::study(export, &ids, &meta) {
        entry.push(put("ImagingStudy", &study.id.clone(), Resource::ImagingStudy(study)));
    }
    let mut results = Vec::new();
    for observation in observations::all(export, &ids, &meta) {
        let id = observation.id.clone();
        results.push(Reference::to(&id));
        entry.push(put("Observation", &id, Resource::Observation(Box::new(observation))));
    }
    let report = report::report(export, &ids, &meta, results.clone(), pdf);
    let provenance = report::provenance(export, &ids, &meta, results);
    entry.push(put("DiagnosticReport", &ids.report, Resource::DiagnosticReport(Box::new(report))));
    entry.push(put("Provenance", &provenance.id.clone(), Resource::Provenance(provenance)));
    Bundle { resource_type: "Bundle", kind: "transaction", entry }
}

/// The ids that resources point to.
struct Ids {
    patient: String,
    instrument: String,
    models: String,
    /// None where there are no photographs.
    study: Option<String>,
    report: String,
}

impl Ids {
    fn of(export: &Export<'_>) -> Self {
        let screening = export.screening();
        let instrument = &screening.instrument;
        let machine = [instrument.site.as_str(), &instrument.name, &instrument.serial];
        let digest = screening.bundle.digest.to_string();
        Ids {
            patient: export.id("patient").to_string(),
            // Encounters share devices, but not the versions they were made with.
            instrument: export.shared_id(&[&["instrument", &instrument.version], &machine[..]].concat()).to_string(),
            models: export.shared_id(&[&["models", &digest, &instrument.version], &machine[..]].concat()).to_string(),
            study: (!screening.photographs.is_empty()).then(|| export.id("study").to_string()),
            report: export.id("report").to_string(),
        }
    }
}

/// What marks every resource of what is not real.
fn meta(export: &Export<'_>) -> Meta {
    let tag: Vec<Coding> = export.marks().into_iter().map(|mark| Coding::own(export.concept(mark))).collect();
    let security = if tag.is_empty() { vec![] } else { vec![export.concept(Use::TestData).into()] };
    Meta { security, tag }
}

/// An entry that is stored under its own id.
fn put(kind: &str, id: &str, resource: Resource) -> Entry {
    let request = Request { method: "PUT", url: format!("{kind}/{id}"), if_none_exist: None };
    Entry { full_url: full_url(id), resource, request }
}
