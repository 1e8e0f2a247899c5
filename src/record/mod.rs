//! The record: encounters with their photographs and reports, encrypted, whole after a power cut, and bound so that a
//! change from outside is found.
//!
//! ```text
//! record/key.json     leads from key file, passphrase or TPM to the master key
//!        record.db    SQLCipher: encounters, findings, the audit log, what is to be sent
//!        anchor       the end of the audit log, known beside the database
//!        files/…      photographs and reports, each sealed with its encounter's key, under a random name
//!        lock         held by the program that has the record open
//!        reserve      room for the last changes when the disk is full
//! ```
//!
//! What a method stored is on disk when it returns. A file is there before the row that names it; one without a row,
//! left by a crash, is removed at the next start. All that was written has a number in one order of events, which no
//! clock can change. At each start the record is checked; what was changed from outside is told as a [`Finding`], and
//! no encounter begins until a person has accepted it.
//!
//! Names, numbers and dates of patients are only in the database and the sealed files: in no file name, no error and
//! no line of the audit log.
//!
//! Not here: what is stored when (the encounter asks), what reports say, sending (a sender takes from the [`Outbox`]),
//! protection against who can read this program's memory.

mod amend;
mod anchor;
mod backup;
mod chain;
mod check;
mod crypt;
mod error;
mod export;
mod files;
mod folder;
mod header;
mod key;
mod outbox;
mod read;
mod retention;
mod schema;
mod store;
#[cfg(test)]
mod tests;
mod tpm;
mod visit;
mod write;

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

pub use self::{
    amend::Amendment,
    backup::{Backup, BackupKey, RestoreKey},
    chain::{Head, Line},
    check::{Finding, FindingKind},
    error::StoreError,
    export::Export,
    key::{Key, PASSPHRASE_MIN, Passphrase},
    outbox::{Outbox, Sending, Unsent, Waiting},
    read::{Encounter, Photograph, Report, Search, Summary},
    retention::{Purged, Retention},
    store::Store,
    write::{Begin, End, NewReport, Shot},
};

/// When something happened, as far as the clock is to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Seconds since 1970, UTC.
    pub unix_seconds: i64,
    /// Whether the clock was set.
    pub clock_is_set: bool,
}

/// No clock stands before this program was written: 2026-11-01, in seconds since 1970.
const CLOCK_EARLIEST: u64 = 1_793_491_200;

impl Stamp {
    /// Now, by this machine's clock.
    pub fn now() -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Stamp { unix_seconds: i64::try_from(seconds).unwrap_or(i64::MAX), clock_is_set: seconds >= CLOCK_EARLIEST }
    }
}

/// What records say of the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The clinic.
    pub site: String,
    /// The device's name there.
    pub name: String,
    /// The version of this program.
    pub version: String,
    /// Whether camera, controller or patient are not real.
    pub simulated: bool,
}

/// An encounter, within one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct EncounterId(i64);
