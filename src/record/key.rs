//! What opens a record: a file with a key, a passphrase, or this machine's TPM.
//!
//! Not here: what the key opens (`header.rs`), how a TPM is spoken to (`tpm.rs`).

use std::{
    fmt, fs,
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    StoreError,
    crypt::{self, Secret},
};

/// Characters of a passphrase at least.
pub const PASSPHRASE_MIN: usize = 12;

/// What opens a record.
#[derive(Debug, Clone)]
pub enum Key {
    /// A file of 32 random bytes that only its owner may read (mode 600); the device starts without a person.
    File(PathBuf),
    /// A passphrase that a person gives at each start.
    Passphrase(Passphrase),
    /// This machine's TPM 2.0, by its TCTI's name, as in `device:/dev/tpmrm0`; the device starts without a person, and
    /// its disk tells nothing elsewhere. Needs the feature `tpm`.
    Tpm(String),
}

/// A passphrase; its memory is wiped when it is dropped, and it is never printed.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// A passphrase as it was typed.
    pub fn new(text: String) -> Self {
        Passphrase(Zeroizing::new(text))
    }

    /// Its text.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

impl Key {
    /// Makes a key file with a key drawn anew. A copy of the file belongs in the clinic's safe: without it and without
    /// a backup the record is lost.
    ///
    /// # Errors
    /// When the file is there already or can't be written.
    pub fn create_file(path: &Path) -> Result<Self, StoreError> {
        let key = crypt::secret()?;
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(&key[..])?;
            file.sync_all()?;
            File::open(folder_of(path))?.sync_all()
        };
        write().map_err(StoreError::io(path, "made"))?;
        Ok(Key::File(path.to_owned()))
    }

    /// Sees to it that it can open a record that is made now, or from now on: a key file that is not there is made, in a
    /// folder that is made as well.
    ///
    /// # Errors
    /// When the file or its folder can't be made.
    pub fn ready(&self) -> Result<(), StoreError> {
        let Key::File(path) = self else { return Ok(()) };
        if path.exists() {
            return Ok(());
        }
        let folder = folder_of(path);
        fs::create_dir_all(folder).map_err(StoreError::io(folder, "made"))?;
        log::warn!("{}: a new key; without it and a backup the record is lost: keep a copy", path.display());
        Key::create_file(path).map(drop)
    }

    /// `key file`, `passphrase` or `TPM`.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Key::File(_) => "key file",
            Key::Passphrase(_) => "passphrase",
            Key::Tpm(_) => "TPM",
        }
    }
}

/// The key that a file holds.
///
/// # Errors
/// When the file is missing, others may read it, or it is not as long as a key.
pub(super) fn read_file(path: &Path) -> Result<Secret, StoreError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(StoreError::KeyLost { path: path.to_owned() });
        }
        Err(source) => return Err(StoreError::io(path, "opened")(source)),
    };
    let mode = file.metadata().map_err(StoreError::io(path, "read"))?.permissions().mode() & 0o777;
    if mode & 0o177 != 0 {
        return Err(StoreError::KeyOpenToOthers { path: path.to_owned(), mode });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(64));
    let read = Read::by_ref(&mut file).take(64).read_to_end(&mut bytes);
    read.map_err(StoreError::io(path, "read"))?;
    Secret::of(&bytes).ok_or_else(|| StoreError::KeyTorn { path: path.to_owned(), found: bytes.len() })
}

/// The folder that a file lies in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
