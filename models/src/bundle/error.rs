//! Why a bundle can't be used.

use std::{io, path::PathBuf};

use super::{digest::Digest, manifest::ManifestError, signature::SignatureError};

/// Why a bundle directory was refused. Nothing of it is used then.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The directory or a file can't be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// There is no `bundle.toml`.
    #[error("{}: not a bundle: it holds no bundle.toml; name the directory that does", path.display())]
    NotABundle {
        /// The directory.
        path: PathBuf,
    },
    /// There is no signature.
    #[error("{}: the bundle is not signed, expected bundle.toml.minisig in it; get a signed bundle, or sign it with ocellus-trainer sign", path.display())]
    Unsigned {
        /// The directory.
        path: PathBuf,
    },
    /// The signature doesn't hold.
    #[error("{}: {source}", path.display())]
    Signature {
        /// The signature file.
        path: PathBuf,
        /// What is wrong with it.
        source: SignatureError,
    },
    /// The manifest can't be used.
    #[error("{}: {source}", path.display())]
    Manifest {
        /// The `bundle.toml`.
        path: PathBuf,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// A listed file is not there.
    #[error("{}: missing, but bundle.toml lists it; get the bundle again", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file that is not listed.
    #[error("{}: not listed in bundle.toml; remove it, or get the bundle again", path.display())]
    Unlisted {
        /// The file or directory.
        path: PathBuf,
    },
    /// A link, a device or another thing that is not a plain file.
    #[error("{}: neither a plain file nor a directory; get the bundle again", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A file is too large to be read.
    #[error("{}: larger than the {limit} bytes allowed; get the bundle again", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Largest size, in bytes.
        limit: u64,
    },
    /// A file's bytes are not those that were signed for.
    #[error("{}: damaged: SHA-256 is {}…, expected {}…; get the bundle again", path.display(), found.short(), expected.short())]
    Digest {
        /// The file.
        path: PathBuf,
        /// Digest in the manifest.
        expected: Digest,
        /// Digest of the bytes.
        found: Digest,
    },
}
