//! Why the record could not be opened, written or read.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::check::Finding;

/// Why something was not stored or not read. Each says which file, what was found and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused.
    #[error("{}: cannot be {doing}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done to it, as in "cannot be written".
        doing: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The database refused.
    #[error("record.db: {0}")]
    Database(rusqlite::Error),
    /// Bytes in the database are not those that were written.
    #[error("record.db: damaged: {found}; export what can still be read, then restore a backup")]
    Damaged {
        /// What SQLite says of it.
        found: String,
    },
    /// The file is no database of this record.
    #[error("{}: not this record's database (the key is right); restore a backup", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The program was linked against an SQLite that does not encrypt.
    #[error("record.db: this program's SQLite cannot encrypt, so nothing was stored; install a release build")]
    NotEncrypting,
    /// A newer program wrote it.
    #[error("record.db: of version {found}, this program knows up to {known}; install the newer program again")]
    Newer {
        /// The version of the file.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// The file that leads from the key to the data is gone.
    #[error("{}: missing, though the folder holds a record; restore a backup", path.display())]
    HeaderLost {
        /// The file.
        path: PathBuf,
    },
    /// The file that leads from the key to the data has changed.
    #[error("{}: changed since it was written: {found}; restore a backup", path.display())]
    HeaderChanged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
    },
    /// The key file is gone.
    #[error("{}: the key file is missing; put back the copy of it, or restore a backup", path.display())]
    KeyLost {
        /// The file.
        path: PathBuf,
    },
    /// Others can read the key file.
    #[error("{}: others may read this key file (mode {mode:03o}, expected 600); chmod 600 it", path.display())]
    KeyOpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The key file is no key.
    #[error("{}: no key: {found} bytes, expected 32; put back the copy of it", path.display())]
    KeyTorn {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        found: usize,
    },
    /// The key opens another record.
    #[error("{}: not opened by this {kind}; use the one that the record was made with", path.display())]
    WrongKey {
        /// The header of the record.
        path: PathBuf,
        /// `key file` or `passphrase`.
        kind: &'static str,
    },
    /// Another TPM sealed what opens the record, or this one was cleared since.
    #[error("{}: sealed by another TPM than {device}, or this one was cleared since; restore a backup", path.display())]
    OtherTpm {
        /// The header of the record.
        path: PathBuf,
        /// The TPM that was asked.
        device: String,
    },
    /// The TPM can't be used.
    #[error("{device}: this TPM cannot be {doing}: {reason}; is it there, on, and may this user use it?")]
    Tpm {
        /// Its name.
        device: String,
        /// What it was asked for.
        doing: &'static str,
        /// Why not.
        reason: String,
    },
    /// A passphrase was given for a record with a key file, or the other way round.
    #[error("{}: opened by a {expected}, and a {given} was given; see store.opened_by", path.display())]
    OtherKindOfKey {
        /// The header of the record.
        path: PathBuf,
        /// What it was made with.
        expected: &'static str,
        /// What was given.
        given: &'static str,
    },
    /// A passphrase that can be tried out.
    #[error("the passphrase has {found} characters, expected at least {expected}; choose a longer one")]
    ShortPassphrase {
        /// Its characters.
        found: usize,
        /// The fewest that are taken.
        expected: usize,
    },
    /// A cipher, hash or the source of randomness failed.
    #[error("{doing} failed: {reason}")]
    Crypt {
        /// What failed.
        doing: &'static str,
        /// Why.
        reason: String,
    },
    /// Another program has the record open.
    #[error("{}: another program has this record open; end it first", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// There is no record where one is looked for.
    #[error("{}: holds no record; is store.folder the device's?", folder.display())]
    NoRecord {
        /// The folder.
        folder: PathBuf,
    },
    /// Something is to be made where something is already.
    #[error("{}: not empty; choose another folder", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// What was looked for is not in the record.
    #[error("{what} is not in the record")]
    Missing {
        /// What it is.
        what: String,
    },
    /// An encounter takes no more entries.
    #[error("encounter {name} is {state} and takes no more entries")]
    Over {
        /// Its name.
        name: String,
        /// How it stands.
        state: String,
    },
    /// The same place holds something else already.
    #[error("{what} is in the record already, with other content")]
    Exists {
        /// What it is.
        what: String,
    },
    /// What is to be stored has no JSON.
    #[error("{what} cannot be written as JSON: {reason}")]
    Json {
        /// What it is.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The check at the start found something that a person has to look at first.
    #[error("the record was changed from outside ({} findings, the first: {}); a supervisor has to accept that first",
        .0.len(), .0.first().map_or_else(String::new, ToString::to_string))]
    Suspect(Vec<Finding>),
    /// A photograph or report is not as it was stored.
    #[error("{}: changed, torn or put in another's place since it was stored; restore a backup", path.display())]
    FileChanged {
        /// The file.
        path: PathBuf,
    },
    /// A backup can't be read with this key, or is not whole.
    #[error("{}: {found}", path.display())]
    Backup {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        found: String,
    },
}

impl StoreError {
    /// Whether there is no room, so that making some helps.
    pub fn is_full(&self) -> bool {
        match self {
            StoreError::Io { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
            ),
            StoreError::Database(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            _ => false,
        }
    }

    /// Turns a system's reason into an error that names the file.
    pub(crate) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| StoreError::Io { path: path.to_owned(), doing, source }
    }

    /// Something that was to be stored, or is asked for, is not there.
    pub(crate) fn missing(what: impl Into<String>) -> Self {
        StoreError::Missing { what: what.into() }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => StoreError::Damaged { found: error.to_string() },
            _ => StoreError::Database(error),
        }
    }
}
