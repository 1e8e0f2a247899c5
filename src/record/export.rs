//! Giving a patient all that the device has of them: a plain folder that any computer reads.
//!
//! ```text
//! <folder>/one-000417/encounter.json    patient, findings, result
//!                     OD-1.jpg …        photographs as the camera delivered them
//!                     report-1.pdf …    reports, the newest last
//!                     audit.json        who did what to it
//! ```
//!
//! The files are not encrypted: whoever has the folder reads them. Each export is in the audit log before its first
//! file is written.
//!
//! Not here: exports for archives (a sender reads the encounter), copies of the whole record (`backup.rs`).

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
};

use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    Search, Stamp, StoreError,
    chain::New,
    files::{sync_folder, write_whole},
    key::folder_of,
    read::Summary,
    store::Store,
};

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Export {
    /// The names of the encounters.
    pub encounters: Vec<String>,
    /// How many photographs and reports were written.
    pub files: usize,
    /// Encounters, photographs and reports that are missing or not as they were stored, and so were left out.
    pub unreadable: Vec<String>,
}

impl Store {
    /// Writes all that the record has of a patient into a folder that is empty or not there. Files that can't be read
    /// are left out and told.
    ///
    /// # Errors
    /// When the folder is not empty, there is no such patient, or something can't be read or written.
    pub fn export_patient(
        &mut self,
        patient_id: &str,
        into: &Path,
        actor: &str,
        at: Stamp,
    ) -> Result<Export, StoreError> {
        if fs::read_dir(into).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(StoreError::NotEmpty { path: into.to_owned() });
        }
        let encounters = self.list(&Search { patient_id: Some(patient_id), ..Search::default() }, u32::MAX)?;
        if patient_id.is_empty() || encounters.is_empty() {
            return Err(StoreError::missing("a patient of this number"));
        }
        let named = |source| StoreError::Io { path: into.to_owned(), doing: "made", source };
        fs::create_dir_all(folder_of(into)).map_err(named)?;
        let building = tempfile::tempdir_in(folder_of(into)).map_err(named)?;
        let mut export = Export { encounters: Vec::new(), files: 0, unreadable: Vec::new() };
        for summary in encounters {
            match self.export_encounter(&summary, building.path(), actor, at, &mut export) {
                Ok(()) => export.encounters.push(summary.name),
                Err(error @ StoreError::Damaged { .. }) => {
                    export.unreadable.push(format!("encounter {}: {error}", summary.name));
                    self.reconnect()?;
                }
                Err(error) => return Err(error),
            }
        }
        let finish = || -> io::Result<()> {
            fs::set_permissions(building.path(), Permissions::from_mode(0o700))?;
            sync_folder(building.path())?;
            fs::rename(building.keep(), into)?;
            sync_folder(folder_of(into))
        };
        finish().map_err(named)?;
        Ok(export)
    }

    fn export_encounter(
        &mut self,
        summary: &Summary,
        into: &Path,
        actor: &str,
        at: Stamp,
        export: &mut Export,
    ) -> Result<(), StoreError> {
        let detail = json!({ "to": "folder" });
        self.note_access(New { actor, action: "export", subject: &summary.name, detail, row: None }, at)?;
        let encounter = self.assemble(summary.id)?;
        let folder = into.join(plain(&summary.name));
        DirBuilder::new().mode(0o700).create(&folder).map_err(StoreError::io(&folder, "made"))?;
        write_json(&folder.join("encounter.json"), &encounter)?;
        write_json(&folder.join("audit.json"), &self.log(Some(&summary.name), None, u32::MAX)?)?;
        for photograph in &encounter.photographs {
            let bytes = self.photograph_bytes(summary.id, photograph.eye, photograph.attempt);
            let name = format!("{}-{}", photograph.eye, photograph.attempt);
            let ending = bytes.as_ref().map_or("", |bytes| ending(bytes));
            put(&folder, &summary.name, &format!("{name}{ending}"), bytes, export)?;
        }
        for (report, number) in encounter.reports.iter().zip(1..) {
            let pdf = self.report_pdf(&report.number);
            put(&folder, &summary.name, &format!("report-{number}.pdf"), pdf, export)?;
        }
        Ok(())
    }
}

/// Writes a file that could be read, or tells that it could not.
fn put(
    folder: &Path,
    encounter: &str,
    name: &str,
    bytes: Result<Zeroizing<Vec<u8>>, StoreError>,
    export: &mut Export,
) -> Result<(), StoreError> {
    match bytes {
        Ok(bytes) => {
            write_whole(&folder.join(name), &bytes)?;
            export.files += 1;
            Ok(())
        }
        Err(error @ (StoreError::FileChanged { .. } | StoreError::Io { .. })) => {
            export.unreadable.push(format!("{name} of {encounter}: {error}"));
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), StoreError> {
    let failed = |error: serde_json::Error| StoreError::Json { what: "an export", reason: error.to_string() };
    let text = serde_json::to_string_pretty(value).map_err(failed)?;
    write_whole(path, (text + "\n").as_bytes())
}

/// What a photograph's file name ends in, by its first bytes.
fn ending(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => ".jpg",
        [0x89, b'P', b'N', b'G', ..] => ".png",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => ".tif",
        _ => ".bin",
    }
}

/// A name that is one folder's name on any computer.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).collect()
}
