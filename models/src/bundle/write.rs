//! Making a bundle: first unsigned, in one atomic step; then its signature.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    BundleError, BundleManifest, Contents, Digest, FILE_BYTES_MAX, MANIFEST_BYTES_MAX, MANIFEST_FILE, MODEL_BYTES_MAX,
    ManifestError, PublicKey, SIGNATURE_FILE, parse_manifest, read_manifest, signature,
};

/// Why a bundle was not written. Nothing is left at the place asked for.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is something already.
    #[error("{}: exists already; choose another place, or remove it first", path.display())]
    Exists {
        /// The place asked for.
        path: PathBuf,
    },
    /// The manifest doesn't fit the rules or the files.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A file is larger than devices accept.
    #[error("{file}: {found} bytes, devices accept at most {limit}")]
    TooLarge {
        /// Path in the bundle.
        file: String,
        /// Its size, in bytes.
        found: usize,
        /// Largest size, in bytes.
        limit: u64,
    },
    /// The system refused.
    #[error("{}: cannot be written: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The bundle to be signed is not in order, or the signature not good for it.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// Writes an unsigned bundle to `directory`, which must not exist (its parent must). `manifest.files` is filled in
/// from `files` (path in the bundle → bytes). Either the whole bundle appears there or nothing. Returns the bundle's
/// digest.
///
/// # Errors
/// When the place is taken, the manifest doesn't fit, a file is too large or the system refuses.
pub fn write(
    directory: &Path,
    mut manifest: BundleManifest,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<Digest, WriteError> {
    manifest.files = files.iter().map(|(name, bytes)| (name.clone(), Digest::of(bytes))).collect();
    let text = manifest.to_toml()?;
    // What is written must be what will be read.
    BundleManifest::parse(&text)?;
    refuse_too_large(MANIFEST_FILE, text.as_bytes(), MANIFEST_BYTES_MAX)?;
    for (name, bytes) in files {
        let limit = if *name == manifest.model.file { MODEL_BYTES_MAX } else { FILE_BYTES_MAX };
        refuse_too_large(name, bytes, limit)?;
    }
    if fs::symlink_metadata(directory).is_ok() {
        return Err(WriteError::Exists { path: directory.to_owned() });
    }
    let scratch = scratch_beside(directory);
    let written = write_files(&scratch, text.as_bytes(), files).and_then(|()| move_into_place(&scratch, directory));
    if written.is_err() && scratch.exists() {
        remove(fs::remove_dir_all(&scratch), &scratch);
    }
    written.map(|()| Digest::of(text.as_bytes()))
}

/// A bundle whose files are in order and whose signature, if there is one, has not been looked at. Devices never
/// use one; the trainer tests and signs it.
#[derive(Debug, Clone)]
pub struct UnsignedBundle {
    directory: PathBuf,
    text: Vec<u8>,
    contents: Contents,
}

impl UnsignedBundle {
    /// Reads a bundle directory and checks manifest and digests.
    ///
    /// # Errors
    /// As [`Bundle::open`](super::Bundle::open), but for the signature.
    pub fn open(directory: &Path) -> Result<Self, BundleError> {
        let text = read_manifest(directory)?;
        let manifest = parse_manifest(directory, &text)?;
        let contents = Contents::read(directory, manifest, &text)?;
        Ok(UnsignedBundle { directory: directory.to_owned(), text, contents })
    }

    /// What it holds.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// The bytes to be signed (prehashed minisign): those of `bundle.toml`.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.text
    }

    /// The trusted comment the signature must carry. Its untrusted comment must be
    /// [`signature::UNTRUSTED_COMMENT`].
    pub fn trusted_comment(&self) -> String {
        signature::trusted_comment(&self.contents.manifest)
    }

    /// Puts a signature (the text of a minisign file) into the bundle, if it holds for `key`. An older one is
    /// replaced in one step.
    ///
    /// # Errors
    /// When a device that trusts `key` would refuse it, or the system refuses.
    pub fn attach(&self, signature_file: &str, key: &PublicKey) -> Result<(), WriteError> {
        let path = self.directory.join(SIGNATURE_FILE);
        signature::verify(&self.text, signature_file.as_bytes(), std::slice::from_ref(key))
            .and_then(|verified| verified.belongs_to(&self.contents.manifest))
            .map_err(|source| BundleError::Signature { path: path.clone(), source })?;
        // The scratch file lies beside the bundle: inside, a crash would leave an unlisted file behind.
        let scratch = scratch_beside(&self.directory);
        let put = write_file(&scratch, signature_file.as_bytes())
            .and_then(|()| fs::rename(&scratch, &path).map_err(|source| WriteError::Io { path, source }));
        if put.is_err() && scratch.exists() {
            remove(fs::remove_file(&scratch), &scratch);
        }
        put?;
        sync_directory(&self.directory)
    }
}

/// Best effort: the error to tell is the one before.
fn remove(removed: io::Result<()>, scratch: &Path) {
    if let Err(error) = removed {
        log::warn!("{}: left behind, could not be removed: {error}", scratch.display());
    }
}

fn refuse_too_large(file: &str, bytes: &[u8], limit: u64) -> Result<(), WriteError> {
    if bytes.len() as u64 > limit {
        return Err(WriteError::TooLarge { file: file.to_owned(), found: bytes.len(), limit });
    }
    Ok(())
}

/// A name beside `directory`, of this process alone.
fn scratch_beside(directory: &Path) -> PathBuf {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    directory.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

fn write_files(scratch: &Path, text: &[u8], files: &BTreeMap<String, Vec<u8>>) -> Result<(), WriteError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| WriteError::Io { path, source }
    };
    fs::create_dir(scratch).map_err(failed(scratch))?;
    for (name, bytes) in files {
        let path = scratch.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        write_file(&path, bytes)?;
    }
    write_file(&scratch.join(MANIFEST_FILE), text)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    File::create_new(path)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(|source| WriteError::Io { path: path.to_owned(), source })
}

fn move_into_place(scratch: &Path, directory: &Path) -> Result<(), WriteError> {
    fs::rename(scratch, directory).map_err(|source| WriteError::Io { path: directory.to_owned(), source })?;
    match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent),
        _ => sync_directory(Path::new(".")),
    }
}

/// Makes a rename in the directory outlast a power cut.
fn sync_directory(directory: &Path) -> Result<(), WriteError> {
    File::open(directory)
        .and_then(|file| file.sync_all())
        .map_err(|source| WriteError::Io { path: directory.to_owned(), source })
}
