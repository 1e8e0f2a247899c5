//! Sizes beyond which a photograph is refused before memory is taken.
//!
//! The largest fundus cameras deliver some 45 million pixels. A decoded photograph takes three bytes a pixel, 190 MB;
//! while it is made, a transparent one of 16 bits takes twelve (eight stored, four of them converted), which is the most
//! of all kinds: [`PIXELS_MAX`] × 12 bytes, 770 MB, beside the file itself. That bound is reckoned; JPEG
//! files were measured at three bytes a pixel (docs/benchmarks.md).

use super::DecodeError;

/// Largest file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Most pixels that are decoded.
pub const PIXELS_MAX: u64 = 64_000_000;
/// Longest side, in pixels.
pub const SIDE_MAX: u32 = 16_384;
/// Shortest side, in pixels: no vessel can be seen in less.
pub const SIDE_MIN: u32 = 64;

/// Checks a file's length in bytes.
pub(super) fn file(length: u64) -> Result<(), DecodeError> {
    if length > FILE_BYTES_MAX { Err(DecodeError::FileTooLarge { length, most: FILE_BYTES_MAX }) } else { Ok(()) }
}

/// Checks the size a header states, in pixels.
pub(super) fn pixels(width: u64, height: u64) -> Result<(), DecodeError> {
    let (shorter, longer) = (width.min(height), width.max(height));
    let small = shorter < u64::from(SIDE_MIN);
    if small || longer > u64::from(SIDE_MAX) || width.saturating_mul(height) > PIXELS_MAX {
        return Err(DecodeError::Size { width, height });
    }
    Ok(())
}
