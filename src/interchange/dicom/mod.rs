//! A screening for the clinic's picture archive: DICOM objects, and the services that send them and fetch the worklist.
//!
//! ```text
//! Export ── Study ──┬── photograph ──► Ophthalmic Photography 8 Bit Image ──┐
//!                   ├── report ──────► Encapsulated PDF ────────────────────┼──► Object ──► net::store, net::commit
//!                   └── findings ────► Enhanced SR, TID 1500 ───────────────┘
//! ```
//!
//! What holds for every object: only an [`Export`](super::Export) is made one, so nothing simulated leaves without a mark
//! and nothing that contradicts itself leaves at all. Texts are UTF-8 (`ISO_IR 192`), times are UTC and say so, nothing
//! is private. The same screening gives the same bytes under the same UIDs, so a resend is the same object. Identifiers
//! are never cut: one that DICOM cannot hold is an error.
//!
//! Not here: queues, retries and what is kept of sent objects; DICOMweb; reading photographs from DICOM (`ocellus-model`).

mod code;
mod common;
mod dataset;
mod document;
mod findings;
mod jpeg;
pub mod net;
mod object;
mod photograph;
mod profile;
mod sample;
mod sr;
mod strain;
mod study;
mod text;
mod uid;

pub use object::{Object, ObjectError};
pub use photograph::{Field, Pupil, Taking};
pub use sample::sample;
pub use study::{Parts, Study};
pub(crate) use uid::of as uid;
pub use uid::transaction;
