//! The anchor: a file beside the database that knows the last line of the audit log and the database's last revision.
//!
//! It is written after each commit, so after a crash it may be a commit behind; it is never ahead. A database that is
//! behind its anchor lost something, or is an old copy. The anchor has two places that are written in turn, so one of
//! them is whole at any time; each carries a MAC that only somebody with the record's key can make. It is as long from
//! the start as it will ever be, so a full disk does not keep it from being written.
//!
//! What it can't show: that the whole folder, anchor included, was put back to an older state. Whoever must know that
//! compares [`Store::head`](super::Store::head) with what the device said before.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::{
    StoreError,
    chain::Head,
    crypt::{self, Hash, Secret},
};

/// The anchor's file in the record's folder.
pub(super) const ANCHOR: &str = "anchor";
/// The first bytes of a place.
const MAGIC: &[u8; 8] = b"OCELANC1";
/// Bytes of a place: magic, revision, sequence, hash, MAC.
const PLACE: usize = 8 + 8 + 8 + 32 + 32;
/// From one place to the other: a sector of any disk.
const APART: u64 = 4096;

/// What the anchor knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// The database's revision: how often something was committed.
    pub(super) revision: i64,
    /// The last line of the audit log.
    pub(super) head: Head,
}

/// The anchor's file.
#[derive(Debug)]
pub(super) struct Anchor {
    path: PathBuf,
    file: File,
    key: Secret,
    record: [u8; 16],
    /// Which place is written next.
    next: u64,
}

/// What was found where the anchor should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// An anchor of this record.
    Known(Known),
    /// No file.
    Missing,
    /// A file that this record did not write, or that was damaged in both places.
    Foreign,
}

impl Anchor {
    /// Makes the anchor, or writes it anew in both places.
    pub(super) fn create(folder: &Path, key: Secret, record: [u8; 16], known: Known) -> Result<Self, StoreError> {
        let path = folder.join(ANCHOR);
        let failed = |source| StoreError::Io { path: path.clone(), doing: "made", source };
        let file = open(&path, true).map_err(failed)?;
        file.set_len(2 * APART).map_err(failed)?;
        let mut anchor = Anchor { path: path.clone(), file, key, record, next: 0 };
        anchor.write(known)?;
        anchor.write(known)?;
        super::files::sync_folder(folder).map_err(failed)?;
        Ok(anchor)
    }

    /// Opens the anchor; none with the reason where there is none of this record.
    pub(super) fn open(folder: &Path, key: Secret, record: [u8; 16]) -> Result<(Option<Self>, Found), StoreError> {
        let path = folder.join(ANCHOR);
        let file = match open(&path, false) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((None, Found::Missing)),
            Err(source) => return Err(StoreError::Io { path, doing: "opened", source }),
        };
        let mut anchor = Anchor { path, file, key, record, next: 0 };
        let places = [anchor.read(0)?, anchor.read(1)?];
        let latest =
            (0..2).filter_map(|at| places[at].map(|known| (known, at))).max_by_key(|(known, _)| known.revision);
        Ok(match latest {
            None => (None, Found::Foreign),
            Some((known, at)) => {
                anchor.next = 1 - at as u64;
                (Some(anchor), Found::Known(known))
            }
        })
    }

    /// Notes what was committed.
    pub(super) fn write(&mut self, known: Known) -> Result<(), StoreError> {
        let mut place = [0; PLACE];
        place[..8].copy_from_slice(MAGIC);
        place[8..16].copy_from_slice(&known.revision.to_be_bytes());
        place[16..24].copy_from_slice(&known.head.sequence.to_be_bytes());
        place[24..56].copy_from_slice(&known.head.hash);
        let mac = self.mac(&place[..56]);
        place[56..].copy_from_slice(&mac);
        let written = self.file.write_all_at(&place, self.next * APART).and_then(|()| self.file.sync_data());
        written.map_err(StoreError::io(&self.path, "written"))?;
        self.next = 1 - self.next;
        Ok(())
    }

    /// What a place says, where it is whole and this record's.
    fn read(&self, at: u64) -> Result<Option<Known>, StoreError> {
        let mut place = [0; PLACE];
        match self.file.read_exact_at(&mut place, at * APART) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read.map_err(StoreError::io(&self.path, "read"))?,
        }
        if place[..8] != MAGIC[..] || place[56..] != self.mac(&place[..56])[..] {
            return Ok(None);
        }
        let number = |from: usize| i64::from_be_bytes(std::array::from_fn(|at| place[from + at]));
        let hash = std::array::from_fn(|at| place[24 + at]);
        Ok(Some(Known { revision: number(8), head: Head { sequence: number(16), hash } }))
    }

    fn mac(&self, place: &[u8]) -> Hash {
        crypt::mac(&self.key, &[&self.record, place])
    }
}

fn open(path: &Path, make: bool) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(make).truncate(false).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn known(revision: i64) -> Known {
        Known { revision, head: Head { sequence: 3 * revision, hash: [revision as u8; 32] } }
    }

    #[test]
    fn a_torn_place_leaves_the_one_before_and_a_foreign_anchor_is_told() {
        let home = tempfile::tempdir().unwrap();
        let key = crypt::secret().unwrap();
        let found = || Anchor::open(home.path(), key.clone(), [1; 16]).unwrap().1;
        assert_eq!(found(), Found::Missing);
        let mut anchor = Anchor::create(home.path(), key.clone(), [1; 16], known(1)).unwrap();
        for revision in 2..6 {
            anchor.write(known(revision)).unwrap();
            assert_eq!(found(), Found::Known(known(revision)));
        }
        // Revision 5 lies in the second place.
        let path = home.path().join(ANCHOR);
        let mut bytes = fs::read(&path).unwrap();
        bytes[APART as usize + 60] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(found(), Found::Known(known(4)));
        // The torn place is the next to be written.
        Anchor::open(home.path(), key.clone(), [1; 16]).unwrap().0.unwrap().write(known(5)).unwrap();
        assert_eq!(found(), Found::Known(known(5)));
        assert_eq!(Anchor::open(home.path(), key.clone(), [2; 16]).unwrap().1, Found::Foreign);
        fs::write(&path, b"").unwrap();
        assert_eq!(found(), Found::Foreign);
    }
}
