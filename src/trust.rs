//! Which makers of bundles this device trusts.
//!
//! The project's own public keys lie in `models/keys/` and are compiled in, so that whoever can write to a device's
//! disk can't add one. An installation may trust further keys by naming their files at the command line, or in its
//! configuration, which the program itself can't write.
//!
//! Not here: checking signatures (`ocellus_model::bundle`).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use ocellus_model::bundle::{
    PublicKey,
    signature::{KeyError, public_key},
};

/// The text of every key file in `models/keys/`, with its name. A key is added here when it is added there.
const PROJECT_KEYS: [(&str, &str); 4] = [
    ("ocellus-1.pub", include_str!("../models/keys/ocellus-1.pub")),
    ("ocellus-2.pub", include_str!("../models/keys/ocellus-2.pub")),
    ("ocellus-3.pub", include_str!("../models/keys/ocellus-3.pub")),
    ("ocellus-4.pub", include_str!("../models/keys/ocellus-4.pub")),
];

/// Why a key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file can't be read.
    #[error("{}: public key cannot be read: {source}", path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{}: {source}; name the .pub file the bundle's maker gave out", path.display())]
    NotAKey {
        /// The key file.
        path: PathBuf,
        /// What is wrong.
        source: KeyError,
    },
    /// There is none.
    #[error(
        "no public key is trusted: this program was built without one; name the bundle maker's with --trust FILE, or as bundle.trust"
    )]
    NoKey,
}

/// The project's keys and those in `further` files.
///
/// # Errors
/// When a file can't be read or is no minisign public key, and when there is no key at all.
pub fn trusted_keys(further: &[PathBuf]) -> Result<Vec<PublicKey>, TrustError> {
    let project = PROJECT_KEYS.iter().map(|&(name, text)| parse(Path::new(name), text));
    let further = further.iter().map(|path| {
        let text = fs::read_to_string(path).map_err(|source| TrustError::Io { path: path.clone(), source })?;
        parse(path, &text)
    });
    let keys = project.chain(further).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() { Err(TrustError::NoKey) } else { Ok(keys) }
}

fn parse(path: &Path, text: &str) -> Result<PublicKey, TrustError> {
    public_key(text).map_err(|source| TrustError::NotAKey { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_in_the_repository_is_compiled_in_and_none_besides() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/keys");
        let on_disk: BTreeSet<(String, String)> = fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "pub"))
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
            .collect();
        let compiled_in = PROJECT_KEYS.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect();
        assert_eq!(on_disk, compiled_in);
        for (name, text) in PROJECT_KEYS {
            assert!(parse(Path::new(name), text).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_file_that_is_no_key_is_named() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("maker.pub");
        let error = trusted_keys(std::slice::from_ref(&path)).unwrap_err().to_string();
        assert!(error.contains("maker.pub"), "{error}");
        for text in ["", "untrusted comment: x\n", "untrusted comment: x\nRWQ=\n", "secret\nkey\n"] {
            fs::write(&path, text).unwrap();
            let error = trusted_keys(std::slice::from_ref(&path)).unwrap_err().to_string();
            assert!(error.contains("maker.pub") && error.contains("minisign public key"), "{error}");
        }
    }
}
