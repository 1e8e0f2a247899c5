//! The header: how a key leads to the master key, from which all other keys come.
//!
//! ```text
//! key file ─────────────┐
//! passphrase ─ Argon2id ┼─ opens "wrapped" ─ master key ─┬─ the database
//! TPM ────── unseals ───┘                                ├─ the anchor
//!                                                        └─ wraps a data key for each encounter
//! ```
//!
//! `key.json` holds no secret, and is written anew when what opens the record changes; the master key stays. Whoever has
//! an old copy of it and the old passphrase can therefore still open the record. What the file says is bound to the
//! wrapped key, so a changed file opens nothing; a digest in it tells such a change from a wrong key.
//!
//! Not here: reading key files (`key.rs`), sealing (`tpm.rs`).

use std::{fs, io, path::Path};

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    StoreError,
    crypt::{self, Secret},
    files,
    key::{self, Key, PASSPHRASE_MIN},
    tpm::{self, NotUnsealed, Sealed},
};

/// The header's file in the record's folder.
pub(super) const HEADER: &str = "key.json";
/// The version of the file that is written and read.
const FORMAT: u32 = 1;
/// Argon2id: three times OWASP's first choice of memory, which a device can spare once at its start.
const STRETCH: Stretch = Stretch { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
/// What a header may ask for at most; beyond, it was not written by this program.
const STRETCH_MAX: Stretch = Stretch { memory_kib: 1024 * 1024, passes: 16, lanes: 8 };

/// What a header names and leads to.
#[derive(Debug)]
pub(super) struct Opened {
    /// The record's own random name; everything sealed is bound to it.
    pub(super) record: [u8; 16],
    /// The key that all other keys come from.
    pub(super) master: Secret,
}

/// What lies in the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    about: About,
    /// The master key, sealed; in hexadecimal digits.
    wrapped: String,
    /// A digest of all the above, which anybody can make.
    digest: String,
}

/// What is bound to the wrapped key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    format: u32,
    record: String,
    opened_by: OpenedBy,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum OpenedBy {
    KeyFile,
    Passphrase { salt: String, argon2id: Stretch },
    Tpm(Sealed),
}

/// What Argon2id costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stretch {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Makes the header of a record that `key` is to open.
///
/// # Errors
/// When the passphrase is too short, the key file can't be read, or the TPM can't be used.
pub(super) fn make(opened: &Opened, key: &Key) -> Result<Header, StoreError> {
    let (opened_by, wrapping) = match key {
        Key::File(path) => (OpenedBy::KeyFile, key::read_file(path)?),
        Key::Passphrase(passphrase) => {
            let found = passphrase.text().chars().count();
            if found < PASSPHRASE_MIN {
                return Err(StoreError::ShortPassphrase { found, expected: PASSPHRASE_MIN });
            }
            let salt = crypt::random::<16>()?;
            let wrapping = stretch(passphrase.text(), &salt, STRETCH)?;
            (OpenedBy::Passphrase { salt: hex::encode(salt), argon2id: STRETCH }, wrapping)
        }
        Key::Tpm(device) => {
            let wrapping = crypt::secret()?;
            (OpenedBy::Tpm(tpm::seal(device, &wrapping)?), wrapping)
        }
    };
    let about = About { format: FORMAT, record: hex::encode(opened.record), opened_by };
    let bound = about.bytes()?;
    let wrapped = hex::encode(crypt::seal(&wrapping, &bound, &opened.master[..])?);
    let digest = checked(&bound, &wrapped);
    Ok(Header { about, wrapped, digest })
}

impl Header {
    /// Writes it, in the place of another.
    ///
    /// # Errors
    /// When it can't be written; the other one stays then.
    pub(super) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let text = serde_json::to_string_pretty(self).map_err(no_json)?;
        files::write_whole(&folder.join(HEADER), (text + "\n").as_bytes())
    }
}

/// Opens a record's header.
///
/// # Errors
/// When it is missing, changed or not opened by this key, when the key file can't be read, or the TPM can't be used.
pub(super) fn read(folder: &Path, key: &Key) -> Result<Opened, StoreError> {
    let path = folder.join(HEADER);
    let changed = |found: String| StoreError::HeaderChanged { path: path.clone(), found };
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreError::HeaderLost { path }),
        Err(source) => return Err(StoreError::io(&path, "read")(source)),
    };
    let header: Header = serde_json::from_slice(&bytes).map_err(|error| changed(error.to_string()))?;
    let bound = header.about.bytes()?;
    if header.digest != checked(&bound, &header.wrapped) {
        return Err(changed("its digest is another".to_owned()));
    }
    if header.about.format != FORMAT {
        return Err(changed(format!("format {}, expected {FORMAT}", header.about.format)));
    }
    let wrapping = match (&header.about.opened_by, key) {
        (OpenedBy::KeyFile, Key::File(path)) => key::read_file(path)?,
        (OpenedBy::Passphrase { salt, argon2id }, Key::Passphrase(passphrase)) => {
            if !argon2id.is_within(STRETCH_MAX) {
                return Err(changed("it asks for more work than this program ever does".to_owned()));
            }
            let salt = hex::decode(salt).map_err(|error| changed(error.to_string()))?;
            stretch(passphrase.text(), &salt, *argon2id)?
        }
        (OpenedBy::Tpm(sealed), Key::Tpm(device)) => tpm::unseal(device, sealed).map_err(|error| match error {
            NotUnsealed::OtherTpm => StoreError::OtherTpm { path: path.clone(), device: device.clone() },
            NotUnsealed::NotSealed(found) => changed(found),
            NotUnsealed::Failed(error) => error,
        })?,
        (opened_by, key) => {
            return Err(StoreError::OtherKindOfKey { path, expected: opened_by.kind(), given: key.kind() });
        }
    };
    let sealed = hex::decode(&header.wrapped).map_err(|error| changed(error.to_string()))?;
    let record = hex::decode(&header.about.record).ok().and_then(|bytes| bytes.try_into().ok());
    let record = record.ok_or_else(|| changed("the record's name is no 16 bytes".to_owned()))?;
    let master = crypt::unseal_secret(&wrapping, &bound, &sealed);
    let master = master.ok_or_else(|| StoreError::WrongKey { path: path.clone(), kind: key.kind() })?;
    Ok(Opened { record, master })
}

impl About {
    fn bytes(&self) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(self).map_err(no_json)
    }
}

impl OpenedBy {
    /// As [`Key::kind`] says it.
    fn kind(&self) -> &'static str {
        match self {
            OpenedBy::KeyFile => "key file",
            OpenedBy::Passphrase { .. } => "passphrase",
            OpenedBy::Tpm(_) => "TPM",
        }
    }
}

impl Stretch {
    fn is_within(self, most: Stretch) -> bool {
        self.memory_kib <= most.memory_kib && self.passes <= most.passes && self.lanes <= most.lanes
    }
}

fn stretch(
    passphrase: &str,
    salt: &[u8],
    Stretch { memory_kib, passes, lanes }: Stretch,
) -> Result<Secret, StoreError> {
    let failed =
        |error: argon2::Error| StoreError::Crypt { doing: "stretching the passphrase", reason: error.to_string() };
    let params = Params::new(memory_kib, passes, lanes, None).map_err(failed)?;
    let mut key = Zeroizing::new([0; 32]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(passphrase.as_bytes(), salt, &mut key[..]).map_err(failed)?;
    Secret::of(&key[..]).ok_or_else(|| StoreError::Crypt { doing: "stretching the passphrase", reason: String::new() })
}

fn checked(bound: &[u8], wrapped: &str) -> String {
    hex::encode(crypt::digest(&[bound, wrapped.as_bytes()].concat()))
}

fn no_json(error: serde_json::Error) -> StoreError {
    StoreError::Json { what: "the header", reason: error.to_string() }
}
