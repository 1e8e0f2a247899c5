//! A watched folder for clinics without any interface: PDF, FHIR bundle, HL7 message and DICOM objects of one encounter.
//!
//! ```text
//! 3f0c….pdf    the report to print
//! 3f0c….json   the FHIR bundle
//! 3f0c….hl7    the HL7 message, without a frame
//! 3f0c….1.dcm  the DICOM objects, where there are any: photographs, report, findings
//! 3f0c….done   written last: the SHA-256 of each, as `sha256sum --check` reads them
//! ```
//!
//! Who watches waits for `.done`; until it is there nothing else counts. Files are whole or not there, also after a power
//! cut. While they are written their names begin with a dot. Names come from the encounter's UID and tell nothing of the
//! patient; those of what is not real begin with `TEST-`. Who watches may take the files away. Within, the files are of a
//! patient and not encrypted: who may read the folder is the site's to decide.
//!
//! Not here: making the folder (a share that is not mounted must not be mistaken for an empty one), clearing it up.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use ocellus_model::bundle::Digest;

use super::{
    dicom::{Object, ObjectError},
    export::Export,
    fhir, hl7,
};

/// A folder that somebody watches.
#[derive(Debug, Clone)]
pub struct DropFolder {
    folder: PathBuf,
}

/// What became of a screening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Its files were written.
    Written,
    /// The same files were there already.
    AlreadyThere,
}

/// Why a screening could not be put there.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be written: {source}; check that the folder, or the share, is there and has room", path.display())]
pub struct DropError {
    /// The file or folder.
    path: PathBuf,
    /// The system's reason.
    source: io::Error,
}

impl DropFolder {
    /// The folder, which must be there.
    ///
    /// # Errors
    /// When it is not, or is no folder.
    pub fn open(folder: &Path) -> Result<Self, DropError> {
        let error = |source| DropError { path: folder.to_owned(), source };
        if !fs::metadata(folder).map_err(error)?.is_dir() {
            return Err(error(io::ErrorKind::NotADirectory.into()));
        }
        Ok(DropFolder { folder: folder.to_owned() })
    }

    /// Puts a screening there; `pdf` is the report to print, `objects` are its DICOM objects. A resend changes nothing, or
    /// completes what was begun.
    ///
    /// # Errors
    /// When a file can't be written; then there is no `.done`, and putting it again is safe.
    pub fn put(&self, export: &Export<'_>, pdf: &[u8], objects: &[Object]) -> Result<Put, DropError> {
        let stem = stem(export);
        let path = |ending: &str| self.folder.join(format!("{stem}.{ending}"));
        let json = serde_json::to_vec_pretty(&fhir::bundle(export, pdf))
            .map_err(|error| DropError { path: path("json"), source: error.into() })?;
        let mut files = vec![
            ("pdf".to_owned(), pdf.to_vec()),
            ("json".to_owned(), json),
            ("hl7".to_owned(), hl7::oru(export, pdf)),
        ];
        for (number, object) in (1..).zip(objects) {
            let ending = format!("{number}.dcm");
            let unwritable =
                |error: ObjectError| DropError { path: path(&ending), source: io::Error::other(error.to_string()) };
            files.push((ending.clone(), object.to_bytes().map_err(unwritable)?));
        }
        let sums: String =
            files.iter().map(|(ending, bytes)| format!("{}  {stem}.{ending}\n", Digest::of(bytes))).collect();
        let done = path("done");
        let is_there = |ending: &str, bytes: &[u8]| fs::read(path(ending)).is_ok_and(|found| found == bytes);
        if is_there("done", sums.as_bytes()) && files.iter().all(|(ending, bytes)| is_there(ending, bytes)) {
            return Ok(Put::AlreadyThere);
        }
        // Other files under an old `.done` would be taken for whole while they are being written.
        match fs::remove_file(&done) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(DropError { path: done, source }),
            Ok(()) | Err(_) => self.keep_folder()?,
        }
        for (ending, bytes) in &files {
            self.write(&format!("{stem}.{ending}"), bytes)?;
        }
        self.write(&format!("{stem}.done"), sums.as_bytes())?;
        Ok(Put::Written)
    }

    /// Puts a screening's FHIR bundle there, and nothing else; a resend changes nothing.
    ///
    /// # Errors
    /// When the file can't be written; putting it again is safe.
    pub fn put_bundle(&self, export: &Export<'_>, pdf: &[u8]) -> Result<Put, DropError> {
        let name = format!("{}.json", stem(export));
        let path = self.folder.join(&name);
        let json = serde_json::to_vec_pretty(&fhir::bundle(export, pdf))
            .map_err(|error| DropError { path: path.clone(), source: error.into() })?;
        if fs::read(&path).is_ok_and(|found| found == json) {
            return Ok(Put::AlreadyThere);
        }
        self.write(&name, &json)?;
        Ok(Put::Written)
    }

    /// Writes a file that is there as a whole or not at all. The name until then is always the same, so that what a power
    /// cut left is overwritten.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), DropError> {
        let path = self.folder.join(name);
        let unfinished = self.folder.join(format!(".{name}.tmp"));
        let written = || -> io::Result<()> {
            let mut file = File::create(&unfinished)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)
        };
        written().map_err(|source| DropError { path, source })?;
        self.keep_folder()
    }

    /// Makes what the folder lists survive a power cut.
    fn keep_folder(&self) -> Result<(), DropError> {
        let kept = File::open(&self.folder).and_then(|folder| folder.sync_all());
        kept.map_err(|source| DropError { path: self.folder.clone(), source })
    }
}

/// The name of the files before the dot.
fn stem(export: &Export<'_>) -> String {
    let id = export.own_id("files");
    if export.screening().is_real() { id.to_string() } else { format!("TEST-{id}") }
}
