//! The record with real files: what a test needs, and the tests by subject.

mod forgetting;
mod opening;
mod reading;
mod tampering;
mod writing;

use std::{
    fs,
    path::{Path, PathBuf},
};

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::{header, schema, store::Keys, *};
use ocellus_model::laterality::Laterality;

use crate::station::Patient;

/// A name that is nowhere but where a test put it.
const CANARY: &str = "Zzyzx-Canary";
const AT: Stamp = Stamp { unix_seconds: 1_800_000_000, clock_is_set: true };

/// A folder for a record, with a key file beside it.
struct Bench {
    home: TempDir,
}

impl Bench {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        Key::create_file(&home.path().join("device.key")).unwrap();
        Bench { home }
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("record")
    }

    fn key(&self) -> Key {
        Key::File(self.home.path().join("device.key"))
    }

    fn create(&self) -> Store {
        Store::create(&self.folder(), &self.key(), device(), AT).unwrap()
    }

    fn open(&self) -> Store {
        Store::open(&self.folder(), &self.key(), device(), AT).unwrap()
    }

    fn refused(&self) -> StoreError {
        Store::open(&self.folder(), &self.key(), device(), AT).unwrap_err()
    }

    /// The kinds of what a start finds.
    fn found(&self) -> Vec<FindingKind> {
        self.open().findings().iter().map(|finding| finding.kind).collect()
    }

    /// The database, for somebody who has the key and no good intentions.
    fn database(&self) -> Connection {
        let keys = Keys::of(header::read(&self.folder(), &self.key()).unwrap());
        let db = schema::connect(&self.folder().join(schema::DATABASE), &keys.database).unwrap();
        db.execute_batch(
            "PRAGMA foreign_keys = OFF; DROP TRIGGER IF EXISTS audit_is_not_changed; DROP TRIGGER IF EXISTS audit_is_not_shortened",
        )
        .unwrap();
        db
    }

    /// The sealed files, by name.
    fn sealed(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(self.folder().join("files")).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        files
    }
}

fn device() -> Device {
    Device { site: "Site".into(), name: "one".into(), version: "0".into(), simulated: true }
}

fn patient(id: &str, name: &str) -> Patient {
    Patient { id: id.into(), name: name.into(), birth_date: "1961-02-28".into() }
}

/// Begins an encounter with the canary.
fn begin(store: &mut Store, practice: bool) -> EncounterId {
    let patient = patient("4711-Zzyzx-Canary", "Zzyzx-Canary, Jane");
    let begin = Begin { patient: &patient, practice, operator: Some("amina") };
    store.begin(begin, &json!({ "worklist": CANARY }), AT).unwrap()
}

/// Stores a photograph.
fn shoot(store: &mut Store, encounter: EncounterId, eye: Laterality, attempt: u32) {
    let bytes = photograph(eye, attempt);
    let shot = Shot { eye, attempt, bytes: &bytes };
    store.photograph(encounter, shot, &json!({ "stage": CANARY }), &json!({ "outcome": "refer" }), AT).unwrap();
}

/// Bytes that differ for each photograph.
fn photograph(eye: Laterality, attempt: u32) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff];
    bytes.extend(format!("{CANARY} {eye} {attempt} ").repeat(500).into_bytes());
    bytes
}

/// A whole encounter: two photographs, a result, a report.
fn screen(store: &mut Store, practice: bool, send: &[Sending<'_>]) -> EncounterId {
    let encounter = begin(store, practice);
    shoot(store, encounter, Laterality::Od, 1);
    shoot(store, encounter, Laterality::Os, 1);
    store.end(encounter, End::Result, &json!({ "patient": "refer", "note": CANARY }), send, AT).unwrap();
    let number = store.name(encounter).unwrap();
    let pdf = format!("%PDF {CANARY} {number}");
    store.report(encounter, NewReport { number: &number, replaces: None, pdf: pdf.as_bytes() }, &[], AT).unwrap();
    encounter
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to) } else { fs::copy(entry.path(), to).map(drop).unwrap() }
    }
}

/// All files below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}
