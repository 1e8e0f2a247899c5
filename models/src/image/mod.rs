//! Photographs as pixels: strict decoding to upright 8-bit RGB.

use std::path::Path;

/// A decoded photograph: upright (EXIF orientation applied), 8-bit sRGB, rows top to bottom.
#[derive(Debug, Clone)]
pub struct Photograph {
    /// The pixels.
    pub pixels: ::image::RgbImage,
}

/// Why a file is not a photograph we can be sure of.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Placeholder variant.
    #[error("{0}")]
    Unsupported(String),
}

/// Decodes bytes strictly.
///
/// # Errors
/// Anything unsure is an error.
pub fn decode(_bytes: &[u8]) -> Result<Photograph, DecodeError> {
    unimplemented!()
}

/// Reads and decodes a file.
///
/// # Errors
/// As [`decode`]; also when the file can't be read.
pub fn read(_path: &Path) -> Result<Photograph, DecodeError> {
    unimplemented!()
}
