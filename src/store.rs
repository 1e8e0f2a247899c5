//! A folder that keeps encounters: photographs, a record beside each, and how each encounter ended.
//!
//! ```text
//! encounters/000001/visit.json                who, by whom, when
//!                   photographs/OD-1.jpg      as the camera delivered it
//!                   photographs/OD-1.json     what was found on it
//!                   result.json               how it ended, with all records
//! practice/000001/…                           the same of practice patients
//! ```
//!
//! A file is there as a whole or not at all, also after a power cut; when a method returns, what it stored is on disk.
//! Numbers go on after a restart. The files are not encrypted: whoever reads the disk reads them.
//!
//! Not here: what is stored when (the encounter asks), reports, sending.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use ocellus_model::laterality::Laterality;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::{
    encounter::Entry,
    judge::{BundleId, Record},
    station::{Beginning, Patient},
};

/// Why something was not stored.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be written: {source}", path.display())]
pub struct StoreError {
    /// The file or folder.
    path: PathBuf,
    /// The system's reason.
    source: io::Error,
}

impl StoreError {
    /// Something that was to be stored is not there.
    pub(crate) fn missing(what: &str) -> Self {
        let source = io::Error::new(io::ErrorKind::NotFound, format!("{what} is missing"));
        StoreError { path: PathBuf::from("store"), source }
    }

    /// Whether there is no room, so that making some helps.
    pub fn is_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

/// When something happened, as far as the clock is to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stamp {
    /// Seconds since 1970, UTC.
    pub unix_seconds: i64,
    /// Whether the clock was set.
    pub clock_is_set: bool,
}

/// What records say of the device.
#[derive(Debug, Clone, PartialEq, Serialize)]
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

/// A folder of encounters.
#[derive(Debug)]
pub struct FolderStore {
    folder: PathBuf,
    device: Device,
    visits: BTreeMap<u32, Visit>,
}

/// An encounter under way.
#[derive(Debug)]
struct Visit {
    folder: PathBuf,
    practice: bool,
    photographs: BTreeMap<(&'static str, u32), Photograph>,
}

/// A photograph and what was found on it, as stored.
#[derive(Debug, Clone, Serialize)]
struct Photograph {
    /// How it was taken, and what the encounter made of it.
    taken: Entry,
    /// Whether the operator said later that it shows the other eye.
    withdrawn: bool,
    record: Record,
}

/// The beginning of an encounter, as stored.
#[derive(Debug, Serialize)]
struct Begun<'a> {
    device: &'a Device,
    patient: &'a Patient,
    practice: bool,
    operator: Option<&'a str>,
    at: Stamp,
}

/// The end of an encounter, as stored.
#[derive(Debug, Serialize)]
struct Ended<'a> {
    /// Whether something about it is not real.
    simulated: bool,
    practice: bool,
    statement: &'a str,
    bundle: &'a BundleId,
    at: Stamp,
    end: &'a Entry,
    photographs: Vec<&'a Photograph>,
}

/// The bundle's words about itself, for the end of an encounter.
#[derive(Debug, Clone)]
pub struct JudgedBy {
    /// Which bundle.
    pub bundle: BundleId,
    /// What it is not.
    pub statement: String,
}

impl FolderStore {
    /// A store in `folder`, which is made where it is not there.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn open(folder: &Path, device: Device) -> Result<Self, StoreError> {
        for kind in [ENCOUNTERS, PRACTICE] {
            make(&folder.join(kind))?;
        }
        Ok(FolderStore { folder: folder.to_owned(), device, visits: BTreeMap::new() })
    }

    /// Writes something and takes it back: whether photographs could be stored now.
    ///
    /// # Errors
    /// When they could not.
    pub fn probe(&self) -> Result<(), StoreError> {
        let path = self.folder.join("probe");
        write(&path, &[0; PROBE])?;
        fs::remove_file(&path).map_err(|source| StoreError { path, source })
    }

    /// Stores that an encounter begins.
    ///
    /// # Errors
    /// When that can't be stored; then nothing of the encounter can.
    pub fn begin(&mut self, begun: &Beginning, at: Stamp) -> Result<(), StoreError> {
        let folder = self.next_folder(if begun.practice { PRACTICE } else { ENCOUNTERS })?;
        make(&folder.join("photographs"))?;
        let Beginning { number, patient, practice, operator } = begun;
        let operator = operator.as_deref();
        let visit = Begun { device: &self.device, patient, practice: *practice, operator, at };
        write_json(&folder.join("visit.json"), &visit)?;
        let visit = Visit { folder, practice: *practice, photographs: BTreeMap::new() };
        self.visits.insert(*number, visit);
        Ok(())
    }

    /// Stores a photograph and what was found on it.
    ///
    /// # Errors
    /// When one of the files can't be written.
    pub fn photograph(
        &mut self,
        number: u32,
        eye: Laterality,
        attempt: u32,
        taken: &Entry,
        bytes: &[u8],
        record: &Record,
    ) -> Result<(), StoreError> {
        let visit = self.visit(number)?;
        let path = visit.folder.join(photograph_name(eye, attempt));
        write(&path, bytes)?;
        let photograph = Photograph { taken: taken.clone(), withdrawn: false, record: record.clone() };
        write_json(&path.with_extension("json"), &photograph)?;
        visit.photographs.insert((eye.as_str(), attempt), photograph);
        Ok(())
    }

    /// Stores that a photograph shows the other eye.
    ///
    /// # Errors
    /// When that can't be written.
    pub fn withdraw(&mut self, number: u32, eye: Laterality, attempt: u32) -> Result<(), StoreError> {
        let visit = self.visit(number)?;
        let Some(photograph) = visit.photographs.get_mut(&(eye.as_str(), attempt)) else { return Ok(()) };
        let path = visit.folder.join(photograph_name(eye, attempt)).with_extension("json");
        let withdrawn = Photograph { withdrawn: true, ..photograph.clone() };
        write_json(&path, &withdrawn)?;
        *photograph = withdrawn;
        Ok(())
    }

    /// Stores how an encounter ended.
    ///
    /// # Errors
    /// When that can't be written.
    pub fn end(&mut self, number: u32, end: &Entry, by: &JudgedBy, at: Stamp) -> Result<(), StoreError> {
        let simulated = self.device.simulated;
        let visit = self.visit(number)?;
        let ended = Ended {
            simulated,
            practice: visit.practice,
            statement: &by.statement,
            bundle: &by.bundle,
            at,
            end,
            photographs: visit.photographs.values().collect(),
        };
        write_json(&visit.folder.join("result.json"), &ended)
    }

    /// An encounter is over: nothing more comes to it.
    pub fn forget(&mut self, number: u32) {
        self.visits.remove(&number);
    }

    /// Stores something of the device's own in one file.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep(&self, name: &str, value: &impl Serialize) -> Result<(), StoreError> {
        write_json(&self.folder.join(name), value)
    }

    fn visit(&mut self, number: u32) -> Result<&mut Visit, StoreError> {
        self.visits.get_mut(&number).ok_or_else(|| StoreError {
            path: self.folder.clone(),
            source: io::Error::other(format!("encounter {number} was not begun")),
        })
    }

    /// The folder of the next encounter of a kind; its number is above all that are there.
    fn next_folder(&self, kind: &str) -> Result<PathBuf, StoreError> {
        let home = self.folder.join(kind);
        let entries = fs::read_dir(&home).map_err(|source| StoreError { path: home.clone(), source })?;
        let highest =
            entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok()).max().unwrap_or(0);
        Ok(home.join(format!("{:06}", highest.saturating_add(1))))
    }
}

const ENCOUNTERS: &str = "encounters";
const PRACTICE: &str = "practice";
/// Bytes that are written to see whether there is room: a large photograph.
const PROBE: usize = 8 << 20;

/// Where a photograph lies below an encounter's folder.
pub fn photograph_name(eye: Laterality, attempt: u32) -> String {
    format!("photographs/{eye}-{attempt}.jpg")
}

fn make(folder: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(folder).map_err(|source| StoreError { path: folder.to_owned(), source })
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), StoreError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| StoreError { path: path.to_owned(), source: io::Error::other(error) })?;
    write(path, (text + "\n").as_bytes())
}

/// Writes a file that is there as a whole or not at all, also after a power cut.
fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = || -> io::Result<()> {
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        File::open(folder)?.sync_all()
    };
    written().map_err(|source| StoreError { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> Device {
        Device { site: "Site".into(), name: "one".into(), version: "0".into(), simulated: true }
    }

    const AT: Stamp = Stamp { unix_seconds: 1_800_000_000, clock_is_set: true };

    fn begun(number: u32, practice: bool) -> Beginning {
        Beginning { number, patient: Patient::practice(number), practice, operator: None }
    }

    #[test]
    fn numbers_go_on_after_a_restart_and_practice_lies_apart() {
        let home = tempfile::tempdir().unwrap();
        for expected in ["000001", "000002"] {
            let mut store = FolderStore::open(home.path(), device()).unwrap();
            store.begin(&begun(1, false), AT).unwrap();
            assert!(home.path().join("encounters").join(expected).join("visit.json").is_file());
        }
        let mut store = FolderStore::open(home.path(), device()).unwrap();
        store.begin(&begun(1, true), AT).unwrap();
        assert!(home.path().join("practice/000001/visit.json").is_file());
        assert!(store.probe().is_ok() && !home.path().join("probe").exists());
    }

    #[test]
    fn nothing_is_stored_of_an_encounter_that_was_not_begun_and_the_error_names_the_folder() {
        let home = tempfile::tempdir().unwrap();
        let mut store = FolderStore::open(home.path(), device()).unwrap();
        let error = store.withdraw(7, Laterality::Od, 1).unwrap_err();
        assert!(error.to_string().contains("encounter 7") && !error.is_full(), "{error}");
    }
}
