//! The detached signature over `bundle.toml`.
//!
//! It is a minisign signature (Ed25519 over the BLAKE2b hash of the file), so `minisign -V` checks it too. Beyond
//! what minisign demands, the file must be *canonical*: the first line is a constant, the trusted comment names the
//! bundle and its sequence number, each of the four lines ends with one line feed, and nothing follows. So every
//! byte of the file is either signed or fixed, and a change of any of them is noticed.
//!
//! Not here: making signatures (the trainer does, with these constants), and which keys a device trusts.

pub use minisign_verify::PublicKey;
use minisign_verify::{Error as Minisign, Signature};

use super::manifest::BundleManifest;

/// The text of the first line of every signature, after `untrusted comment: `.
pub const UNTRUSTED_COMMENT: &str = "signature of an ocellus bundle";

/// Largest signature file that is read, in bytes.
pub const SIGNATURE_BYTES_MAX: u64 = 4 * 1024;

/// Length of the base64 of a signature (2 + 8 + 64 bytes) and of the signature over the trusted comment (64 bytes).
const LINE_LENGTHS: [usize; 2] = [100, 88];

/// The trusted comment the signature of a bundle must carry.
pub fn trusted_comment(manifest: &BundleManifest) -> String {
    format!("ocellus bundle name:{} sequence:{}", manifest.name, manifest.sequence)
}

/// Why a signature doesn't hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not a canonical minisign signature.
    #[error("damaged signature: line {line} is not {expected}; get the bundle again")]
    Damaged {
        /// Line of the signature file, from 1.
        line: usize,
        /// What belongs there.
        expected: &'static str,
    },
    /// Made with the older, not prehashed, form or something else.
    #[error(
        "the signature is of a kind that is not accepted, expected minisign's prehashed form: sign the bundle again"
    )]
    Kind,
    /// Signed with a key that is not trusted here.
    #[error(
        "signed with a key that is not among the {trusted} trusted here: get the bundle from its maker, or trust the maker's public key"
    )]
    UntrustedKey {
        /// How many keys are trusted.
        trusted: usize,
    },
    /// The bytes are not those that were signed.
    #[error("the signature does not match bundle.toml: one of the two was changed after signing; get the bundle again")]
    Mismatch,
    /// A valid signature of another bundle.
    #[error("the signature is for {found:?}, expected {expected:?}: get the bundle again")]
    OtherBundle {
        /// The signed comment.
        found: String,
        /// The comment that belongs to this bundle.
        expected: String,
    },
}

/// A signature that holds for some bytes; its signed comment is still to be compared.
#[derive(Debug)]
pub(super) struct Verified {
    trusted_comment: String,
}

impl Verified {
    /// Checks that the signature was made for this bundle.
    pub(super) fn belongs_to(&self, manifest: &BundleManifest) -> Result<(), SignatureError> {
        let expected = trusted_comment(manifest);
        if self.trusted_comment == expected {
            Ok(())
        } else {
            Err(SignatureError::OtherBundle { found: self.trusted_comment.clone(), expected })
        }
    }
}

/// Checks `signature_file` against `signed` bytes and the trusted keys.
pub(super) fn verify(signed: &[u8], signature_file: &[u8], trusted: &[PublicKey]) -> Result<Verified, SignatureError> {
    let signature = decode(signature_file)?;
    for key in trusted {
        match key.verify(signed, &signature, false) {
            Ok(()) => return Ok(Verified { trusted_comment: signature.trusted_comment().to_owned() }),
            Err(Minisign::UnexpectedKeyId) => {}
            Err(Minisign::UnexpectedAlgorithm | Minisign::UnsupportedAlgorithm | Minisign::UnsupportedLegacyMode) => {
                return Err(SignatureError::Kind);
            }
            Err(Minisign::InvalidSignature | Minisign::InvalidEncoding | Minisign::IoError(_)) => {
                return Err(SignatureError::Mismatch);
            }
        }
    }
    Err(SignatureError::UntrustedKey { trusted: trusted.len() })
}

/// Reads the canonical form only. Base64 itself is decoded strictly by the library, so with the lengths fixed there
/// is one spelling of a signature.
fn decode(file: &[u8]) -> Result<Signature, SignatureError> {
    let damaged = |line, expected| SignatureError::Damaged { line, expected };
    let text = str::from_utf8(file).map_err(|_| damaged(1, "text"))?;
    let lines: Vec<&str> = text.split('\n').collect();
    let [untrusted, signature, trusted, global, ""] = lines[..] else {
        return Err(damaged(lines.len().min(5), "one of four lines that each end with a line feed"));
    };
    if untrusted.strip_prefix("untrusted comment: ") != Some(UNTRUSTED_COMMENT) {
        return Err(damaged(1, "the fixed comment of bundle signatures"));
    }
    for (number, line, length) in [(2, signature, LINE_LENGTHS[0]), (4, global, LINE_LENGTHS[1])] {
        if line.len() != length || line.contains('\r') {
            return Err(damaged(number, "a signature in base64"));
        }
    }
    if !trusted.starts_with("trusted comment: ") || trusted.contains('\r') {
        return Err(damaged(3, "a trusted comment"));
    }
    Signature::decode(text).map_err(|error| match error {
        Minisign::UnsupportedAlgorithm => SignatureError::Kind,
        _ => damaged(2, "a signature in base64"),
    })
}

/// A text that is not a minisign public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a minisign public key, expected two lines: a comment and 56 characters of base64")]
pub struct KeyError;

/// Reads the text of a `.pub` file.
///
/// # Errors
/// When it is not a minisign public key.
pub fn public_key(text: &str) -> Result<PublicKey, KeyError> {
    PublicKey::decode(text).map_err(|_| KeyError)
}
