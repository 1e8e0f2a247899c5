//! Photographs and reports as sealed files, and files that are there as a whole or not at all.
//!
//! A sealed file's name is 16 random bytes in hexadecimal digits: it tells nothing of patient, eye or date. It can be
//! opened only with its encounter's data key and only as being about the same record, encounter and place there, and
//! under the same name; so files that were exchanged are found.
//!
//! Not here: which file belongs to what (the database says), when files without an owner are removed (`check.rs`).

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::{
    StoreError,
    crypt::{self, SEAL, Secret},
    key::folder_of,
};

/// The first bytes of a sealed file.
const MAGIC: &[u8; 8] = b"OCELREC1";
/// Bytes that a sealed file has more than its content.
pub(super) const OVERHEAD: u64 = (MAGIC.len() + SEAL) as u64;

/// The folder of sealed files.
#[derive(Debug, Clone)]
pub(super) struct Files {
    folder: PathBuf,
    record: [u8; 16],
}

/// What a sealed file is.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    /// The encounter's name.
    pub(super) encounter: &'a str,
    /// What it is there, such as `photograph OD 1`.
    pub(super) what: &'a str,
}

impl Files {
    /// The files of a record in a folder that is there.
    pub(super) fn new(folder: PathBuf, record: [u8; 16]) -> Self {
        Files { folder, record }
    }

    /// Writes a sealed file, and returns its name.
    pub(super) fn put(&self, key: &Secret, about: About<'_>, bytes: &[u8]) -> Result<String, StoreError> {
        let name = hex::encode(crypt::random::<16>()?);
        let mut whole = MAGIC.to_vec();
        whole.append(&mut crypt::seal(key, &self.bound(about, &name), bytes)?);
        write_whole(&self.folder.join(&name), &whole)?;
        Ok(name)
    }

    /// The content of a sealed file.
    ///
    /// # Errors
    /// When it can't be read, or is not what was stored as being about this.
    pub(super) fn get(&self, key: &Secret, about: About<'_>, name: &str) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let path = self.folder.join(name);
        let whole = fs::read(&path).map_err(StoreError::io(&path, "read"))?;
        let sealed = whole.strip_prefix(MAGIC).unwrap_or_default();
        crypt::unseal(key, &self.bound(about, name), sealed).ok_or(StoreError::FileChanged { path })
    }

    /// Removes files; those that are gone already are no fault.
    pub(super) fn remove<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<(), StoreError> {
        for name in names {
            let path = self.folder.join(name);
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::Io { path, doing: "removed", source });
                }
                Ok(()) | Err(_) => {}
            }
        }
        sync_folder(&self.folder).map_err(StoreError::io(&self.folder, "written"))
    }

    /// All that lies in the folder, by name, with its length in bytes.
    pub(super) fn all(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let list = || -> io::Result<BTreeMap<String, u64>> {
            let entries = fs::read_dir(&self.folder)?.map(|entry| {
                let entry = entry?;
                Ok((entry.file_name().to_string_lossy().into_owned(), entry.metadata()?.len()))
            });
            entries.collect()
        };
        list().map_err(StoreError::io(&self.folder, "listed"))
    }

    /// Where a file lies.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes as many bytes as a large photograph has, and takes them back.
    pub(super) fn probe(&self) -> Result<(), StoreError> {
        let written = || -> io::Result<()> {
            let mut file = NamedTempFile::new_in(&self.folder)?;
            file.write_all(&vec![0; PROBE])?;
            file.as_file().sync_all()
        };
        written().map_err(StoreError::io(&self.folder, "written"))
    }

    fn bound(&self, About { encounter, what }: About<'_>, name: &str) -> Vec<u8> {
        [&self.record[..], encounter.as_bytes(), what.as_bytes(), name.as_bytes()].join(&0)
    }
}

/// Bytes that are written to see whether there is room: a large photograph.
const PROBE: usize = 8 << 20;

/// Writes a file that is there as a whole or not at all, also after a power cut.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = folder_of(path);
    let written = || -> io::Result<()> {
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        sync_folder(folder)
    };
    written().map_err(StoreError::io(path, "written"))
}

/// Makes what was done in a folder last.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_under_anothers_name_or_as_something_else_is_found() {
        let home = tempfile::tempdir().unwrap();
        let files = Files::new(home.path().to_owned(), [7; 16]);
        let key = crypt::secret().unwrap();
        let right = About { encounter: "one-000001", what: "photograph OD 1" };
        let left = About { what: "photograph OS 1", ..right };
        let [a, b] =
            [(right, "right"), (left, "left")].map(|(about, bytes)| files.put(&key, about, bytes.as_bytes()).unwrap());
        assert_eq!(files.get(&key, right, &a).unwrap().as_slice(), b"right");
        assert_eq!(files.all().unwrap()[&a], 5 + OVERHEAD);
        assert!(matches!(files.get(&key, left, &a), Err(StoreError::FileChanged { .. })));
        fs::rename(files.path(&b), files.path(&a)).unwrap();
        assert!(matches!(files.get(&key, left, &a), Err(StoreError::FileChanged { .. })));
        files.remove([a.as_str(), b.as_str()]).unwrap();
        assert!(files.all().unwrap().is_empty());
    }
}
