//! Photographs as pixels: strict decoding of files and camera frames to upright 8-bit RGB in sRGB.
//!
//! One decoder for both programs: JPEG, PNG, TIFF, BMP and DICOM ([`decode`], [`read`]) and what cameras deliver
//! ([`decode_frame`]). What a file says about itself is believed and acted on: EXIF orientation is applied, ICC
//! profiles are converted, 16-bit and grey samples are brought to 8-bit RGB knowingly; [`Photograph::conversions`]
//! names each such step. Whatever is unsure is an error: truncated or damaged data, CMYK, samples of unknown range,
//! files of several photographs. Sizes are checked ([`limits`]) before memory is taken.
//!
//! Not here: reducing the size ([`preprocess`](crate::preprocess)), and whether the picture is any good
//! ([`quality`](crate::quality)).

mod colour;
mod dicom;
mod dicom_lengths;
mod error;
pub mod frame;
mod jpeg;
pub mod limits;
mod raster;
pub mod resize;
mod tiff;

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use ::image::{DynamicImage, RgbImage, metadata::Orientation};

pub use error::DecodeError;
pub use frame::{FrameFormat, decode_frame};

use crate::laterality::Laterality;

/// Endings of photographs' names, lower case, the usual ones first; also of kinds that can't be read: those must be reported,
/// never passed over.
pub const ENDINGS: [&str; 16] = [
    "jpg", "jpeg", "png", "tif", "tiff", "bmp", "dcm", "jpe", "jfif", "gif", "webp", "heic", "heif", "avif", "jp2",
    "ppm",
];

/// A decoded photograph.
#[derive(Debug, Clone)]
pub struct Photograph {
    /// The pixels: 8-bit RGB in sRGB, upright.
    pub pixels: RgbImage,
    /// The eye, where the file itself says it (DICOM Image Laterality).
    pub laterality: Option<Laterality>,
    /// What was done to the stored samples, in order; empty for plain 8-bit RGB or YCbCr.
    pub conversions: Vec<Conversion>,
}

/// A step from the stored samples to upright 8-bit RGB in sRGB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conversion {
    /// Turned or mirrored as the EXIF or TIFF orientation says; 2 to 8.
    Oriented(u8),
    /// From this ICC profile to sRGB.
    ColourProfile(String),
    /// One grey sample repeated in red, green and blue. The quality gate refuses such a picture.
    Grey,
    /// Samples of so many bits scaled to 8.
    Depth(u8),
    /// Transparent parts shown on black.
    Transparency,
}

impl fmt::Display for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Conversion::Oriented(orientation) => write!(f, "turned upright (orientation {orientation})"),
            Conversion::ColourProfile(name) => write!(f, "colour profile {name} converted to sRGB"),
            Conversion::Grey => f.write_str("grey"),
            Conversion::Depth(bits) => write!(f, "{bits} bits a sample scaled to 8"),
            Conversion::Transparency => f.write_str("transparent parts shown on black"),
        }
    }
}

impl Photograph {
    fn plain(pixels: RgbImage) -> Self {
        Self { pixels, laterality: None, conversions: Vec::new() }
    }

    /// Turns the picture upright.
    fn upright(mut self, orientation: Orientation) -> Self {
        if orientation != Orientation::NoTransforms {
            let mut image = DynamicImage::ImageRgb8(self.pixels);
            image.apply_orientation(orientation);
            self.pixels = image.into_rgb8();
            self.conversions.push(Conversion::Oriented(orientation.to_exif()));
        }
        self
    }

    /// Converts the colours to sRGB, where there is a profile of another space.
    ///
    /// # Errors
    /// When the profile can't be used.
    fn in_srgb(mut self, profile: Option<&[u8]>, kind: &'static str) -> Result<Self, DecodeError> {
        if let Some(profile) = profile
            && let Some(name) = colour::to_srgb(&mut self.pixels, profile, kind)?
        {
            self.conversions.push(Conversion::ColourProfile(name));
        }
        Ok(self)
    }
}

/// The kinds of files that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Jpeg,
    Png,
    Tiff,
    Bmp,
    Dicom,
}

/// First bytes of a file by which [`is_photograph`] tells its kind.
pub const HEAD_BYTES: usize = dicom::MAGIC_AT + dicom::MAGIC.len();

impl Kind {
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, ..] => Some(Kind::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Kind::Png),
            [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => Some(Kind::Tiff),
            // Two letters alone also begin texts; the reserved words behind the length are zero.
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some(Kind::Bmp),
            _ if bytes.get(dicom::MAGIC_AT..).is_some_and(|rest| rest.starts_with(dicom::MAGIC)) => Some(Kind::Dicom),
            _ => None,
        }
    }
}

/// Whether a file that begins with these bytes (at best [`HEAD_BYTES`] of them) is of a kind that is read here.
pub fn is_photograph(head: &[u8]) -> bool {
    Kind::of(head).is_some()
}

/// Decodes a file's bytes strictly. The kind is taken from the first bytes, never from a name.
///
/// # Errors
/// Anything unsure; see [`DecodeError`].
pub fn decode(bytes: &[u8]) -> Result<Photograph, DecodeError> {
    limits::file(bytes.len() as u64)?;
    match Kind::of(bytes) {
        Some(Kind::Jpeg) => jpeg::decode(bytes, jpeg::Source::File),
        Some(Kind::Png) => raster::png(bytes),
        Some(Kind::Tiff) => tiff::decode(bytes),
        Some(Kind::Bmp) => raster::bmp(bytes),
        Some(Kind::Dicom) => dicom::decode(bytes),
        None if bytes.is_empty() => Err(DecodeError::Empty),
        None => Err(DecodeError::unknown(bytes)),
    }
}

/// Reads a file's bytes, to be decoded.
///
/// # Errors
/// When there is none, it is no plain file, too large, or can't be read.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, DecodeError> {
    let io = |source| DecodeError::Io { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(io)?;
    if metadata.is_dir() {
        // One that can't be listed says why.
        fs::read_dir(path).map_err(io)?;
        return Err(io(io::Error::other("is a folder")));
    }
    // Reading a pipe could wait for ever.
    if !metadata.is_file() {
        return Err(io(io::Error::other("not a plain file")));
    }
    // The length a file states is checked before it is read; one that grows meanwhile is cut off one byte too late.
    limits::file(metadata.len())?;
    let mut bytes = Vec::new();
    File::open(path).map_err(io)?.take(limits::FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

/// Reads and decodes a file.
///
/// # Errors
/// As [`read_bytes`] and [`decode`].
pub fn read(path: &Path) -> Result<Photograph, DecodeError> {
    decode(&read_bytes(path)?)
}
