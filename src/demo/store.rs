//! What a demonstration leaves: photographs, a record beside each, and the result.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use ocellus_model::laterality::Laterality;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::{
    encounter::Entry,
    judge::{BundleId, Judge, Record},
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

/// A folder that keeps an encounter's files.
#[derive(Debug)]
pub(super) struct FolderStore {
    folder: PathBuf,
    photographs: Vec<Photograph>,
}

/// A photograph and what was found on it, as stored.
#[derive(Debug, Clone, Serialize)]
struct Photograph {
    eye: Laterality,
    attempt: u32,
    record: Record,
}

/// The end of an encounter, as stored.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    /// Nothing here is of a patient.
    simulated: bool,
    statement: &'a str,
    bundle: &'a BundleId,
    #[serde(flatten)]
    entry: &'a Entry,
    photographs: &'a [Photograph],
}

/// Where a photograph lies below the folder.
pub(super) fn photograph_name(eye: Laterality, attempt: u32) -> String {
    format!("photographs/{eye}-{attempt}.jpg")
}

impl FolderStore {
    pub(super) fn new(folder: &Path) -> Result<Self, StoreError> {
        let photographs = folder.join("photographs");
        fs::create_dir_all(&photographs).map_err(|source| StoreError { path: photographs, source })?;
        Ok(FolderStore { folder: folder.to_owned(), photographs: Vec::new() })
    }

    /// The file with the result.
    pub(super) fn result_file(&self) -> PathBuf {
        self.folder.join("result.json")
    }

    /// Stores a photograph and its record; both are on disk when this returns.
    pub(super) fn photograph(
        &mut self,
        eye: Laterality,
        attempt: u32,
        bytes: &[u8],
        record: &Record,
    ) -> Result<(), StoreError> {
        let path = self.folder.join(photograph_name(eye, attempt));
        write(&path, bytes)?;
        let photograph = Photograph { eye, attempt, record: record.clone() };
        write_json(&path.with_extension("json"), &photograph)?;
        self.photographs.push(photograph);
        Ok(())
    }

    /// Stores how the encounter ended.
    pub(super) fn result(&self, entry: &Entry, judge: &Judge) -> Result<(), StoreError> {
        let summary = Summary {
            simulated: true,
            statement: &judge.bundle().manifest().statement,
            bundle: judge.bundle_id(),
            entry,
            photographs: &self.photographs,
        };
        write_json(&self.result_file(), &summary)
    }
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
