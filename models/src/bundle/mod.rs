//! The signed bundle: how a network travels from the workstation to a device.
//!
//! A bundle is a directory:
//!
//! ```text
//! bundle.toml          what the network is, how to feed it, what its outputs mean, digests of all other files
//! bundle.toml.minisig  detached signature over bundle.toml
//! model.onnx           the network
//! selftest/*           photographs with known outputs
//! README.md            for people
//! ```
//!
//! [`Bundle::open`] is the only way to a [`Bundle`]: signature first, then the manifest, then every file's digest,
//! and nothing unlisted. All bytes are read once and kept, so what was verified is what is used. The trainer writes
//! a bundle with [`write()`](write::write) and signs it through [`UnsignedBundle`].
//!
//! Not here: running the network, installing (which sequence a device accepts), and where keys come from.

pub mod digest;
mod error;
pub mod manifest;
mod self_test;
pub mod signature;
pub mod write;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

pub use digest::Digest;
pub use error::BundleError;
pub use manifest::{BundleManifest, ManifestError};
pub use self_test::{SelfTestError, SelfTestReport};
pub use signature::PublicKey;
pub use write::UnsignedBundle;

/// Name of the manifest in a bundle.
pub const MANIFEST_FILE: &str = "bundle.toml";
/// Name of the signature in a bundle.
pub const SIGNATURE_FILE: &str = "bundle.toml.minisig";
/// Largest manifest, in bytes.
pub const MANIFEST_BYTES_MAX: u64 = 1024 * 1024;
/// Largest network, in bytes.
pub const MODEL_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Largest of the other files, in bytes.
pub const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A bundle whose signature and digests hold.
#[derive(Debug, Clone)]
pub struct Bundle {
    contents: Contents,
}

/// What a bundle holds, all in memory.
#[derive(Debug, Clone)]
pub struct Contents {
    manifest: BundleManifest,
    digest: Digest,
    files: BTreeMap<String, Vec<u8>>,
}

impl Bundle {
    /// Reads a bundle directory and verifies everything in it.
    ///
    /// # Errors
    /// When it is not signed by one of the `trusted` keys, when any byte is not what was signed, when a file is
    /// missing or not listed, when something is too large, or when it follows rules newer than this program's.
    pub fn open(directory: &Path, trusted: &[PublicKey]) -> Result<Self, BundleError> {
        let text = read_manifest(directory)?;
        let path = directory.join(SIGNATURE_FILE);
        let signature = match read_limited(&path, signature::SIGNATURE_BYTES_MAX) {
            Err(BundleError::Missing { .. }) => return Err(BundleError::Unsigned { path: directory.to_owned() }),
            other => other?,
        };
        let in_signature = |source| BundleError::Signature { path: path.clone(), source };
        let verified = signature::verify(&text, &signature, trusted).map_err(in_signature)?;
        let manifest = parse_manifest(directory, &text)?;
        verified.belongs_to(&manifest).map_err(in_signature)?;
        Ok(Bundle { contents: Contents::read(directory, manifest, &text)? })
    }

    /// What the bundle says of itself.
    pub fn manifest(&self) -> &BundleManifest {
        &self.contents.manifest
    }

    /// SHA-256 of `bundle.toml`: names the bundle, with every byte in it, in records.
    pub fn digest(&self) -> Digest {
        self.contents.digest
    }

    /// The network's ONNX, as verified.
    pub fn model(&self) -> &[u8] {
        self.contents.model()
    }

    /// Everything in it, for callers that take unsigned bundles too.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }
}

impl Contents {
    /// Reads and checks the files that a parsed manifest lists.
    fn read(directory: &Path, manifest: BundleManifest, text: &[u8]) -> Result<Self, BundleError> {
        refuse_unlisted(directory, "", &manifest)?;
        let mut files = BTreeMap::new();
        for (name, &expected) in &manifest.files {
            let path = directory.join(name);
            let limit = if *name == manifest.model.file { MODEL_BYTES_MAX } else { FILE_BYTES_MAX };
            let bytes = read_limited(&path, limit)?;
            let found = Digest::of(&bytes);
            if found != expected {
                return Err(BundleError::Digest { path, expected, found });
            }
            files.insert(name.clone(), bytes);
        }
        Ok(Contents { manifest, digest: Digest::of(text), files })
    }

    /// What the bundle says of itself.
    pub fn manifest(&self) -> &BundleManifest {
        &self.manifest
    }

    /// The network's ONNX.
    pub fn model(&self) -> &[u8] {
        self.file(&self.manifest.model.file).unwrap_or_default()
    }

    /// A listed file's bytes.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }
}

fn read_manifest(directory: &Path) -> Result<Vec<u8>, BundleError> {
    // A missing directory says so, rather than that a file in it is missing.
    fs::metadata(directory).map_err(|source| BundleError::Io { path: directory.to_owned(), source })?;
    match read_limited(&directory.join(MANIFEST_FILE), MANIFEST_BYTES_MAX) {
        Err(BundleError::Missing { .. }) => Err(BundleError::NotABundle { path: directory.to_owned() }),
        other => other,
    }
}

fn parse_manifest(directory: &Path, text: &[u8]) -> Result<BundleManifest, BundleError> {
    let path = || directory.join(MANIFEST_FILE);
    let text = str::from_utf8(text).map_err(|error| BundleError::Manifest {
        path: path(),
        source: ManifestError::Toml { line: 0, message: error.to_string() },
    })?;
    BundleManifest::parse(text).map_err(|source| BundleError::Manifest { path: path(), source })
}

/// Reads a plain file of at most `limit` bytes.
fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, BundleError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => BundleError::Missing { path: path.to_owned() },
        _ => BundleError::Io { path: path.to_owned(), source },
    };
    // Opening a pipe or a device could block for ever, so look first.
    if !fs::symlink_metadata(path).map_err(failed)?.is_file() {
        return Err(BundleError::NotAFile { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(BundleError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

/// Refuses whatever lies in the directory and is neither listed nor on the way to a listed file. `prefix` is the
/// path walked so far, empty or ending in `/`; it never goes deeper than the listed paths do.
fn refuse_unlisted(directory: &Path, prefix: &str, manifest: &BundleManifest) -> Result<(), BundleError> {
    let here = directory.join(prefix);
    let failed = |path: PathBuf| move |source| BundleError::Io { path, source };
    for entry in fs::read_dir(&here).map_err(failed(here.clone()))? {
        let entry = entry.map_err(failed(here.clone()))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(failed(path.clone()))?;
        let Ok(name) = entry.file_name().into_string().map(|name| format!("{prefix}{name}")) else {
            return Err(BundleError::Unlisted { path });
        };
        if kind.is_dir() {
            let inside = format!("{name}/");
            if !manifest.files.keys().any(|file| file.starts_with(&inside)) {
                return Err(BundleError::Unlisted { path });
            }
            refuse_unlisted(directory, &inside, manifest)?;
        } else if !manifest.files.contains_key(&name) && name != MANIFEST_FILE && name != SIGNATURE_FILE {
            return Err(BundleError::Unlisted { path });
        } else if !kind.is_file() {
            return Err(BundleError::NotAFile { path });
        }
    }
    Ok(())
}
