//! JPEG.

use ::image::RgbImage;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

use super::DecodeError;

pub(super) fn decode(bytes: &[u8]) -> Result<RgbImage, DecodeError> {
    let damaged = |detail: String| DecodeError::Damaged { kind: "JPEG", detail };
    let options = DecoderOptions::default().set_strict_mode(true).jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let rgb = decoder.decode().map_err(|error| damaged(error.to_string()))?;
    let (width, height) = decoder.dimensions().ok_or_else(|| damaged("no dimensions".to_owned()))?;
    RgbImage::from_raw(width as u32, height as u32, rgb).ok_or_else(|| damaged("too few pixels".to_owned()))
}
