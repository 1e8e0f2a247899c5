//! Keys and signatures of bundles, in minisign's format.
//!
//! A secret key is a file that only its owner can read, encrypted when a password is given. The public key lies beside
//! it with the ending `.pub`; devices that trust it accept what was signed with the secret one.

use std::{
    fs::OpenOptions,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use minisign::{KeyPair, PublicKey, SecretKeyBox};
use ocellus_model::bundle::{
    UnsignedBundle,
    signature::{self, UNTRUSTED_COMMENT},
};

use crate::error::{Exit, ExpectedError};

/// Why a key or a signature can't be made or used.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// A key is never overwritten: what was signed with it could not be renewed.
    #[error("{}: exists already, a key is never overwritten; choose another name", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not a key, or the wrong password.
    #[error("{}: {what}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The library refused.
    #[error("signing failed: {0}")]
    Library(String),
}

impl SignError {
    /// The documented exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            SignError::Exists { .. } | SignError::Key { .. } => Exit::Usage,
            SignError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Exit::Usage,
            SignError::Io { .. } | SignError::Library(_) => Exit::Failed,
        }
    }
}

/// A secret key, decrypted.
pub struct SecretKey {
    secret: minisign::SecretKey,
}

/// The public key's file that belongs to a secret key's.
pub fn public_file(secret: &Path) -> PathBuf {
    let mut name = secret.file_name().unwrap_or_default().to_owned();
    name.push(".pub");
    secret.with_file_name(name)
}

/// Makes a pair of keys: the secret one readable by its owner alone. Returns the public key's file.
///
/// # Errors
/// When one of the files is there already or can't be written.
pub fn generate(secret: &Path, password: Option<String>) -> Result<PathBuf, SignError> {
    let library = |error: minisign::PError| SignError::Library(error.to_string());
    let public = public_file(secret);
    for path in [secret, &public] {
        if std::fs::symlink_metadata(path).is_ok() {
            return Err(SignError::Exists { path: path.to_owned() });
        }
    }
    let comment = "secret key of ocellus bundles";
    let pair = match password {
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password)),
        None => KeyPair::generate_unencrypted_keypair(),
    }
    .map_err(library)?;
    let secret_text = pair.sk.to_box(Some(comment)).map_err(library)?.into_string();
    let public_text = pair.pk.to_box().map_err(library)?.into_string();
    create(secret, &secret_text, 0o600)?;
    create(&public, &public_text, 0o644).inspect_err(|_| {
        // Half a pair is of no use; the first error is the one to report.
        let _ = std::fs::remove_file(secret);
    })?;
    Ok(public)
}

/// Creates a file that must not be there, with these permissions from the start.
fn create(path: &Path, text: &str, mode: u32) -> Result<(), SignError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(mode);
    }
    #[cfg(not(unix))]
    let _ = mode;
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|source| SignError::Io { path: path.to_owned(), source })
}

/// Reads a public key.
///
/// # Errors
/// When the file can't be read or holds none.
pub fn read_public(path: &Path) -> Result<signature::PublicKey, SignError> {
    let text = std::fs::read_to_string(path).map_err(|source| SignError::Io { path: path.to_owned(), source })?;
    signature::public_key(&text).map_err(|error| SignError::Key { path: path.to_owned(), what: error.to_string() })
}

impl SecretKey {
    /// Reads a secret key.
    ///
    /// # Errors
    /// When the file can't be read, holds none, or the password doesn't fit.
    pub fn read(path: &Path, password: Option<String>) -> Result<Self, SignError> {
        let wrong = |error: minisign::PError| SignError::Key { path: path.to_owned(), what: error.to_string() };
        let text = std::fs::read_to_string(path).map_err(|source| SignError::Io { path: path.to_owned(), source })?;
        let sealed = SecretKeyBox::from_string(&text).map_err(wrong)?;
        let secret = match password {
            Some(password) => sealed.into_secret_key(Some(password)),
            None => sealed.into_unencrypted_secret_key(),
        };
        Ok(Self { secret: secret.map_err(wrong)? })
    }

    /// The public key that belongs to it.
    ///
    /// # Errors
    /// When the library fails.
    pub fn public(&self) -> Result<signature::PublicKey, SignError> {
        let library = |error: minisign::PError| SignError::Library(error.to_string());
        let public = PublicKey::from_secret_key(&self.secret).map_err(library)?;
        let text = public.to_box().map_err(library)?.into_string();
        signature::public_key(&text).map_err(|error| SignError::Library(error.to_string()))
    }

    /// The text of a bundle's signature file.
    ///
    /// # Errors
    /// When the library fails.
    pub fn sign(&self, bundle: &UnsignedBundle) -> Result<String, SignError> {
        let comment = bundle.trusted_comment();
        let message = Cursor::new(bundle.to_be_signed());
        minisign::sign(None, &self.secret, message, Some(&comment), Some(UNTRUSTED_COMMENT))
            .map(minisign::SignatureBox::into_string)
            .map_err(|error| SignError::Library(error.to_string()))
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey")
    }
}

impl From<SignError> for ExpectedError {
    fn from(error: SignError) -> Self {
        match error.exit() {
            Exit::Usage => ExpectedError::Usage(error.to_string()),
            _ => ExpectedError::Failed(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_for_its_owner_alone_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("maker");
        let public = generate(&secret, None).unwrap();
        assert_eq!(public, folder.path().join("maker.pub"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let before = std::fs::read(&secret).unwrap();
        assert!(matches!(generate(&secret, None), Err(SignError::Exists { .. })));
        assert_eq!(std::fs::read(&secret).unwrap(), before);
        let key = SecretKey::read(&secret, None).unwrap();
        assert_eq!(key.public().unwrap().untrusted_comment(), key.public().unwrap().untrusted_comment());
        assert!(read_public(&public).is_ok() && read_public(&secret).is_err());
    }

    #[test]
    fn an_encrypted_key_needs_its_password() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("maker");
        generate(&secret, Some("correct".to_owned())).unwrap();
        assert!(SecretKey::read(&secret, Some("correct".to_owned())).is_ok());
        assert!(matches!(SecretKey::read(&secret, Some("wrong".to_owned())), Err(SignError::Key { .. })));
        assert!(SecretKey::read(&secret, None).is_err());
    }
}
