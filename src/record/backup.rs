//! A copy of the whole record in one file, and a record from such a copy.
//!
//! ```text
//! age file (passphrase, or the clinic's public keys)
//!   └ tar: master.key  record.db  files/…  manifest.json (last: length and SHA-256 of each, the end of the audit log)
//! ```
//!
//! `age -d backup.age | tar x` reads it without this program. It holds the record's master key, so that a lost device
//! can be replaced: whoever can open the backup can read all. With a public key nothing on the device can open it.
//! An encounter that is purged later stays in backups made before.
//!
//! Not here: when backups are made and where they are kept.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Component, Path},
    time::Duration,
};

use age::secrecy::SecretString;
use rusqlite::backup::Backup as Copying;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::{
    Device, Key, Passphrase, Stamp, StoreError,
    anchor::{Anchor, Known},
    chain::{Head, New},
    crypt::Secret,
    files::sync_folder,
    folder::Building,
    header::{self, Opened},
    key::folder_of,
    schema::{self, DATABASE},
    store::{DEVICE, Keys, Store},
};

/// What a backup is encrypted for.
#[derive(Debug, Clone)]
pub enum BackupKey {
    /// A passphrase.
    Passphrase(Passphrase),
    /// Public keys of age (`age1…`), each of whose owners can open it.
    Recipients(Vec<String>),
}

/// What opens a backup.
#[derive(Debug, Clone)]
pub enum RestoreKey {
    /// The passphrase.
    Passphrase(Passphrase),
    /// A secret key of age (`AGE-SECRET-KEY-1…`).
    Identity(Passphrase),
}

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// Photographs and reports in it.
    pub files: usize,
    /// Photographs and reports that are missing in the record, and so in the backup.
    pub missing: Vec<String>,
    /// The backup's length in bytes.
    pub bytes: u64,
    /// The last line of the audit log in it.
    pub head: Head,
}

/// The last entry: what the others have to be.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    record: [u8; 16],
    revision: i64,
    sequence: i64,
    hash: [u8; 32],
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    bytes: u64,
    sha256: String,
}

const FORMAT: u32 = 1;
const MASTER: &str = "master.key";
const MANIFEST: &str = "manifest.json";
/// Bytes of a manifest at most: a million files.
const MANIFEST_MAX: u64 = 256 << 20;
/// Pages that are copied at once.
const PAGES: i32 = 4096;

impl Store {
    /// Writes a backup of the whole record as a file that is not there yet.
    ///
    /// # Errors
    /// When the file is there, a public key is none, or something can't be read or written.
    pub fn backup(&mut self, into: &Path, key: &BackupKey, actor: &str, at: Stamp) -> Result<Backup, StoreError> {
        let encryptor = encryptor(into, key)?;
        self.note_access(
            New { actor, action: "backup", subject: "record", detail: json!({ "to": kind(key) }), row: None },
            at,
        )?;
        let failed = |source| StoreError::Io { path: into.to_owned(), doing: "written", source };
        if into.exists() {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        let (database, revision) = self.copy_database()?;
        let file = NamedTempFile::new_in(folder_of(into)).map_err(failed)?;
        let sealed = encryptor.wrap_output(BufWriter::new(file)).map_err(failed)?;
        let mut archive = Archive { tar: tar::Builder::new(sealed), entries: BTreeMap::new() };
        archive.add(MASTER, &mut &self.keys.master[..], 32).map_err(failed)?;
        archive.add_file(DATABASE, database.path()).map_err(failed)?;
        let mut missing = Vec::new();
        let names = self.file_names()?;
        for name in &names {
            match archive.add_file(&format!("files/{name}"), &self.files.path(name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(name.clone()),
                added => added.map_err(failed)?,
            }
        }
        let head = self.head();
        let Archive { mut tar, entries } = archive;
        let Head { sequence, hash } = head;
        let manifest = Manifest { format: FORMAT, record: self.keys.record, revision, sequence, hash, entries };
        let manifest = super::store::json("the manifest", &manifest)?.to_string();
        let finish = || -> io::Result<u64> {
            append(&mut tar, MANIFEST, &mut manifest.as_bytes(), manifest.len() as u64)?;
            let file = tar.into_inner()?.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.as_file().sync_all()?;
            let bytes = file.as_file().metadata()?.len();
            file.persist_noclobber(into)?;
            sync_folder(folder_of(into))?;
            Ok(bytes)
        };
        let bytes = finish().map_err(failed)?;
        Ok(Backup { files: names.len() - missing.len(), missing, bytes, head })
    }

    /// Makes a record from a backup, in a folder that is empty or not there, and opens it; from then on `key` opens it.
    /// What is not exactly as the backup's manifest says is refused as a whole.
    ///
    /// # Errors
    /// When the backup does not open, is not whole, the folder is not empty, or something can't be written.
    pub fn restore(
        from: &Path,
        by: &RestoreKey,
        folder: &Path,
        key: &Key,
        device: Device,
        at: Stamp,
    ) -> Result<Self, StoreError> {
        let new = Building::begin(folder)?;
        let unpacked = unpack(from, by, &new.path)?;
        let opened = Opened { record: unpacked.manifest.record, master: unpacked.master };
        header::make(&opened, key)?.write(&new.path)?;
        let Manifest { record, revision, sequence, hash, .. } = unpacked.manifest;
        let known = Known { revision, head: Head { sequence, hash } };
        Anchor::create(&new.path, Keys::of(opened).anchor, record, known)?;
        new.finish(folder)?;
        let mut store = Self::open(folder, key, device, at)?;
        let line =
            New { actor: DEVICE, action: "restore", subject: "record", detail: json!({ "of": sequence }), row: None };
        store.note_access(line, at)?;
        Ok(store)
    }

    /// A copy of the database, as it is now, and its revision. What a crash leaves of the copy lies among the sealed
    /// files, from where the next start removes it.
    fn copy_database(&self) -> Result<(NamedTempFile, i64), StoreError> {
        let folder = self.files.path("");
        let copy = NamedTempFile::new_in(&folder).map_err(StoreError::io(&folder, "written"))?;
        let mut to = schema::unlock(copy.path(), &self.keys.database)?;
        Copying::new(&self.db, &mut to)?.run_to_completion(PAGES, Duration::ZERO, None)?;
        to.close().map_err(|(_, error)| error)?;
        let revision = self.db.query_row("SELECT revision FROM state", [], |row| row.get(0))?;
        Ok((copy, revision))
    }

    fn file_names(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.db.prepare("SELECT file FROM photograph UNION ALL SELECT file FROM report")?;
        Ok(query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    }
}

/// A tar that is being written, and what is in it.
struct Archive<W: Write> {
    tar: tar::Builder<W>,
    entries: BTreeMap<String, Entry>,
}

impl<W: Write> Archive<W> {
    fn add_file(&mut self, name: &str, path: &Path) -> io::Result<()> {
        let mut file = File::open(path)?;
        let bytes = file.metadata()?.len();
        self.add(name, &mut file, bytes)
    }

    fn add(&mut self, name: &str, content: &mut dyn Read, bytes: u64) -> io::Result<()> {
        let mut hashed = Hashed { content, hash: Sha256::new() };
        append(&mut self.tar, name, &mut hashed, bytes)?;
        let sha256 = hex::encode(hashed.hash.finalize());
        self.entries.insert(name.to_owned(), Entry { bytes, sha256 });
        Ok(())
    }
}

fn append<W: Write>(tar: &mut tar::Builder<W>, name: &str, content: &mut dyn Read, bytes: u64) -> io::Result<()> {
    let mut head = tar::Header::new_ustar();
    head.set_size(bytes);
    head.set_mode(0o600);
    tar.append_data(&mut head, name, content)
}

/// A reader that hashes what goes through it.
struct Hashed<'a> {
    content: &'a mut dyn Read,
    hash: Sha256,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.content.read(buffer)?;
        self.hash.update(&buffer[..bytes]);
        Ok(bytes)
    }
}

/// What came out of a backup, besides the files.
struct Unpacked {
    master: Secret,
    manifest: Manifest,
}

/// Unpacks a backup into a folder and compares it with its manifest.
fn unpack(from: &Path, by: &RestoreKey, into: &Path) -> Result<Unpacked, StoreError> {
    let refuse = |found: String| StoreError::Backup { path: from.to_owned(), found };
    let torn = |error: io::Error| refuse(format!("not whole: {error}; take another backup"));
    let input = File::open(from).map_err(StoreError::io(from, "opened"))?;
    let decryptor = age::Decryptor::new_buffered(BufReader::new(input));
    let decryptor = decryptor.map_err(|error| refuse(format!("no backup: {error}")))?;
    let identity = identity(by).map_err(|reason| refuse(format!("the key is none of age: {reason}")))?;
    let plain = decryptor.decrypt(std::iter::once(&*identity));
    let plain =
        plain.map_err(|error| refuse(format!("not opened by this key: {error}; use the one it was made for")))?;
    let mut tar = tar::Archive::new(plain);
    let (mut master, mut manifest, mut found) = (None, None, BTreeMap::new());
    for entry in tar.entries().map_err(torn)? {
        let mut entry = entry.map_err(torn)?;
        if manifest.is_some() {
            return Err(refuse("something lies behind its manifest; take another backup".to_owned()));
        }
        let name = entry.path().map_err(torn)?.into_owned();
        let name = plain_name(&name).ok_or_else(|| refuse(format!("{}: not of a record", name.display())))?;
        if name == MANIFEST {
            let mut text = Vec::new();
            entry.take(MANIFEST_MAX).read_to_end(&mut text).map_err(torn)?;
            manifest = Some(serde_json::from_slice(&text).map_err(|error| refuse(format!("its manifest: {error}")))?);
            continue;
        }
        let mut hashed = Hashed { content: &mut entry, hash: Sha256::new() };
        let bytes = if name == MASTER {
            let mut key = Zeroizing::new(Vec::with_capacity(64));
            let bytes = Read::by_ref(&mut hashed).take(64).read_to_end(&mut key).map_err(torn)?;
            master = Secret::of(&key);
            bytes as u64
        } else {
            let path = into.join(&name);
            write_new(&path, &mut hashed).map_err(|error| match error.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => torn(error),
                _ => StoreError::io(&path, "restored")(error),
            })?
        };
        found.insert(name, Entry { bytes, sha256: hex::encode(hashed.hash.finalize()) });
    }
    let manifest: Manifest =
        manifest.ok_or_else(|| refuse("its manifest is missing; take another backup".to_owned()))?;
    if manifest.format != FORMAT {
        return Err(refuse(format!("of format {}, this program knows {FORMAT}", manifest.format)));
    }
    let different =
        manifest.entries.iter().find(|(name, entry)| found.get(*name) != Some(*entry)).map(|(name, _)| name);
    let surplus = || found.keys().find(|name| !manifest.entries.contains_key(*name));
    if let Some(name) = different.or_else(surplus) {
        return Err(refuse(format!("{name} is not as its manifest says; take another backup")));
    }
    let master = master.ok_or_else(|| refuse("its master key is missing; take another backup".to_owned()))?;
    Ok(Unpacked { master, manifest })
}

/// The name of an entry, if a backup has such entries; so nothing is written outside of the folder.
fn plain_name(path: &Path) -> Option<String> {
    let parts: Vec<&str> = path
        .components()
        .map(|part| if let Component::Normal(name) = part { name.to_str() } else { None })
        .collect::<Option<_>>()?;
    match parts[..] {
        [name @ (MASTER | MANIFEST | DATABASE)] => Some(name.to_owned()),
        ["files", name] if name.bytes().all(|byte| byte.is_ascii_hexdigit()) => Some(format!("files/{name}")),
        _ => None,
    }
}

/// Writes a file that is not there yet; returns its length.
fn write_new(path: &Path, content: &mut dyn Read) -> io::Result<u64> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let bytes = io::copy(content, &mut file)?;
    file.sync_all()?;
    Ok(bytes)
}

fn encryptor(path: &Path, key: &BackupKey) -> Result<age::Encryptor, StoreError> {
    let refuse = |found: String| StoreError::Backup { path: path.to_owned(), found };
    match key {
        BackupKey::Passphrase(passphrase) => {
            Ok(age::Encryptor::with_user_passphrase(SecretString::from(passphrase.text().to_owned())))
        }
        BackupKey::Recipients(recipients) => {
            let parse = |text: &String| {
                let reason = |reason| refuse(format!("{text:?} is no public key of age ({reason}); expected age1…"));
                text.parse::<age::x25519::Recipient>().map_err(reason)
            };
            let recipients = recipients.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
            age::Encryptor::with_recipients(recipients.iter().map(|recipient| recipient as &dyn age::Recipient))
                .map_err(|error| refuse(error.to_string()))
        }
    }
}

fn identity(key: &RestoreKey) -> Result<Box<dyn age::Identity>, &'static str> {
    Ok(match key {
        RestoreKey::Passphrase(passphrase) => {
            let mut identity = age::scrypt::Identity::new(SecretString::from(passphrase.text().to_owned()));
            // A backup of a fast device must open on a slow one: up to a minute of work.
            identity.set_max_work_factor(WORK_FACTOR_MAX);
            Box::new(identity)
        }
        RestoreKey::Identity(text) => Box::new(text.text().trim().parse::<age::x25519::Identity>()?),
    })
}

/// The base-2 logarithm of scrypt's work at most.
const WORK_FACTOR_MAX: u8 = 22;

fn kind(key: &BackupKey) -> &'static str {
    match key {
        BackupKey::Passphrase(_) => "passphrase",
        BackupKey::Recipients(_) => "public keys",
    }
}
