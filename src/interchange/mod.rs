//! What other systems are told of a screening: DICOM, FHIR R4, HL7 v2.5.1, and files in a watched folder.
//!
//! ```text
//! Screening ── Export::new ──► Export ──┬── fhir::bundle ──► transaction Bundle (JSON) ──┐
//!  (plain data)  (refuses)   (Site,     ├── hl7::oru ─────► ORU^R01 (bytes) ────────────┤
//!                             Codes)    ├── dicom::Study ─► objects ────────────────────┤
//!                                       └── the report's PDF, passed in ────────────────┴─► DropFolder::put
//! ```
//!
//! Terms: a *screening* is one encounter with a result. An *export* is a screening that may leave the device, beside
//! what the [`Site`] wants and the [`Codes`] to say it with; only [`Export::new`] makes one, so nothing simulated and
//! nothing that contradicts itself gets to an exporter. *Real* is what was neither simulated nor practice.
//!
//! What holds for every exporter: an eye without a result has no value, only a reason; while an eye has no result nothing
//! is final that says that no signs were found; a resend is the same bytes under the same ids; every code stands in
//! `codes.toml` with where it was seen.
//!
//! This is research software, not a cleared medical device, and each export says so.
//!
//! Not here: networks and queues (an exporter gives bytes; DICOM's services alone are in `dicom::net`), drawing the report,
//! when to send.

pub mod codes;
pub mod dicom;
pub mod drop_folder;
mod export;
pub mod fhir;
mod finding;
pub mod hl7;
mod study;
mod times;

pub use codes::{Codes, CodesError};
pub use export::{Export, Purpose, Refused, Site};
pub use finding::{Absent, Said};
pub use study::{Eye, Instrument, Photograph, Screening};
