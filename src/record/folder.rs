//! The record's folder: filled under another name until it is there as a whole, and locked while a program has it open.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{StoreError, files::sync_folder, key::folder_of};

/// The folder of sealed files.
pub(super) const FILES: &str = "files";
/// The file that is locked while the record is open.
const LOCK: &str = "lock";
/// How long another program that has it is waited for, and how often it is looked.
const ENDS_WITHIN: Duration = Duration::from_secs(2);
const LOOKS_AGAIN: Duration = Duration::from_millis(20);
/// What the name of a file begins with that is not whole yet.
const UNFINISHED: &str = ".tmp";

/// A folder that is being filled under another name, until it is there as a whole.
pub(super) struct Building {
    pub(super) path: PathBuf,
}

impl Building {
    /// Makes the folder beside `folder`, which has to be empty or not there; what an interrupted try left is removed.
    pub(super) fn begin(folder: &Path) -> Result<Self, StoreError> {
        let is_empty = match fs::read_dir(folder) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if !is_empty {
            return Err(StoreError::NotEmpty { path: folder.to_owned() });
        }
        let mut name = folder.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let path = folder.with_file_name(name);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(StoreError::io(&path, "removed"))?;
        }
        let make = DirBuilder::new().recursive(true).mode(0o700).create(path.join(FILES));
        make.map_err(StoreError::io(&path, "made"))?;
        Ok(Building { path })
    }

    /// Where sealed files go.
    pub(super) fn files(&self) -> PathBuf {
        self.path.join(FILES)
    }

    /// Gives the folder its name.
    pub(super) fn finish(self, folder: &Path) -> Result<(), StoreError> {
        let named = || -> io::Result<()> {
            sync_folder(&self.files())?;
            sync_folder(&self.path)?;
            fs::rename(&self.path, folder)?;
            sync_folder(folder_of(folder))
        };
        named().map_err(StoreError::io(folder, "made"))
    }
}

/// Takes the record for this program, and removes what a crash left unfinished. The lock goes when the file is closed,
/// also by a crash; so another program is waited for that is only just ending, as after a kill by the system's watchdog.
pub(super) fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(StoreError::io(&path, "opened"))?;
    let patience = Instant::now() + ENDS_WITHIN;
    let mut locked = file.try_lock();
    while matches!(locked, Err(TryLockError::WouldBlock)) && Instant::now() < patience {
        thread::sleep(LOOKS_AGAIN);
        locked = file.try_lock();
    }
    match locked {
        Ok(()) => remove_unfinished(folder).map(|()| file).map_err(StoreError::io(folder, "listed")),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(StoreError::Io { path, doing: "locked", source }),
    }
}

/// An empty file that only its owner may read, in place of one that may be there.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
