//! What leaves the device, against other people's programs: objects and services of DICOM, and a record's outbox emptied into
//! an archive, a FHIR server, a receiver of HL7 messages and folders.
//!
//! `scripts/setup.sh test` installs what they need.

#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod amended;
mod archived;
mod checked;
mod commitment;
mod converted;
mod kept;
mod objects;
mod ordered;
mod orthanc;
mod others;
mod peers;
mod readers;
mod samples;
mod secure;
mod tools;
mod worklist;
