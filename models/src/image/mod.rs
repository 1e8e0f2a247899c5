//! Photographs as pixels: strict decoding of JPEG and PNG to 8-bit RGB.
//!
//! Not here yet: EXIF orientation and ICC profiles are not looked at, CMYK is not refused, and 16-bit or grey pixels are
//! converted without a word. Pixels come as the file stores them.

mod jpeg;
mod png;

use std::path::{Path, PathBuf};

/// A decoded photograph: 8-bit RGB, rows top to bottom as stored.
#[derive(Debug, Clone)]
pub struct Photograph {
    /// The pixels.
    pub pixels: ::image::RgbImage,
}

/// Why a file is not a photograph we can be sure of.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The file can't be read.
    #[error("can't read {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Not one of the formats read here.
    #[error("not a photograph: starts with {found}, expected JPEG or PNG")]
    UnknownKind {
        /// The first bytes.
        found: String,
    },
    /// The data breaks the rules of its format, or ends early.
    #[error("the {kind} data is damaged: {detail}; take or copy the photograph again")]
    Damaged {
        /// `JPEG`, `PNG`, …
        kind: &'static str,
        /// What the decoder found.
        detail: String,
    },
}

/// Decodes bytes strictly.
///
/// # Errors
/// Anything unsure is an error.
pub fn decode(bytes: &[u8]) -> Result<Photograph, DecodeError> {
    let pixels = if bytes.starts_with(&[0xff, 0xd8]) {
        jpeg::decode(bytes)?
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        png::decode(bytes)?
    } else {
        return Err(DecodeError::UnknownKind { found: format!("{:02x?}", &bytes[..bytes.len().min(8)]) });
    };
    Ok(Photograph { pixels })
}

/// Reads and decodes a file.
///
/// # Errors
/// As [`decode`]; also when the file can't be read.
pub fn read(path: &Path) -> Result<Photograph, DecodeError> {
    let bytes = std::fs::read(path).map_err(|source| DecodeError::Io { path: path.to_owned(), source })?;
    decode(&bytes)
}
