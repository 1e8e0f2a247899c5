//! Objects and services of DICOM against other people's programs.
//!
//! `scripts/setup.sh test` installs what they need.

#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod checked;
mod commitment;
mod objects;
mod orthanc;
mod peers;
mod readers;
mod samples;
mod secure;
mod tools;
mod worklist;
