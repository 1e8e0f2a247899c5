//! PNG.

use ::image::{ImageFormat, RgbImage};

use super::DecodeError;

pub(super) fn decode(bytes: &[u8]) -> Result<RgbImage, DecodeError> {
    ::image::load_from_memory_with_format(bytes, ImageFormat::Png)
        .map(|image| image.to_rgb8())
        .map_err(|error| DecodeError::Damaged { kind: "PNG", detail: error.to_string() })
}
