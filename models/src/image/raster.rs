//! PNG and BMP, and what they have in common with TIFF: from the samples that a decoder of the `image` crate gives to
//! 8-bit RGB.

use std::io::Cursor;

use ::image::{
    ColorType, DynamicImage, ExtendedColorType, ImageDecoder, Limits, RgbImage,
    codecs::{bmp::BmpDecoder, png::PngDecoder},
};

use super::{Conversion, DecodeError, Photograph, limits};

/// Most memory a decoder may take beside the picture itself, in bytes.
const WORK_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// What to do about samples that can't be told for sure.
const EXPECTED: &str = "8 or 16 bits of grey or RGB, 16 bits used in full; export the photograph as 8-bit RGB";
/// The gamma of sRGB as PNG states it, and how far from it a file may be.
const GAMMA: f64 = 0.45455;
const GAMMA_SAME: f64 = 0.03;

/// Decodes PNG.
pub(super) fn png(bytes: &[u8]) -> Result<Photograph, DecodeError> {
    const KIND: &str = "PNG";
    let damaged = DecodeError::damaged(KIND);
    let header = ::png::Decoder::new(Cursor::new(bytes)).read_info().map_err(|error| damaged(&error))?;
    let info = header.info();
    if let (Some(gamma), None) = (info.gamma(), &info.icc_profile)
        && (f64::from(gamma.into_value()) - GAMMA).abs() > GAMMA_SAME
    {
        return Err(DecodeError::Unsupported {
            kind: KIND,
            found: format!("samples of gamma {:.3}", gamma.into_value()),
            expected: "sRGB (gamma 0.455); export the photograph as sRGB",
        });
    }
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), memory()).map_err(|error| damaged(&error))?;
    decode(decoder, KIND)
}

/// Decodes BMP.
pub(super) fn bmp(bytes: &[u8]) -> Result<Photograph, DecodeError> {
    const KIND: &str = "BMP";
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(|error| DecodeError::damaged(KIND)(&error))?;
    decode(decoder, KIND)
}

/// The limits for a decoder; the picture's own size is checked apart.
fn memory() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(limits::PIXELS_MAX * 8 + WORK_BYTES_MAX);
    limits
}

/// Decodes to an upright photograph in sRGB.
pub(super) fn decode(mut decoder: impl ImageDecoder, kind: &'static str) -> Result<Photograph, DecodeError> {
    let damaged = DecodeError::damaged(kind);
    let (width, height) = decoder.dimensions();
    limits::pixels(u64::from(width), u64::from(height))?;
    let refuse = |found: String| DecodeError::Unsupported { kind, found, expected: EXPECTED };
    match decoder.original_color_type() {
        ExtendedColorType::Cmyk8 | ExtendedColorType::Cmyk16 => return Err(refuse("four colours (CMYK)".to_owned())),
        ExtendedColorType::Unknown(bits) => return Err(refuse(format!("{bits} bits of an unknown sort a pixel"))),
        _ => {}
    }
    let colour = decoder.color_type();
    let grey = !colour.has_color();
    let deep = match colour {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => false,
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => true,
        other => return Err(refuse(format!("samples as {other:?}"))),
    };
    decoder.set_limits(memory()).map_err(|error| damaged(&error))?;
    let profile = decoder.icc_profile().map_err(|error| damaged(&error))?;
    let orientation = decoder.orientation().map_err(|error| damaged(&error))?;
    let image = DynamicImage::from_decoder(decoder).map_err(|error| damaged(&error))?;
    if deep && let Some(bits) = unused_bits(&image) {
        return Err(refuse(format!("16-bit samples of which no more than {bits} bits are used")));
    }
    let (pixels, transparent) = on_black(image).ok_or_else(|| refuse("nothing but transparency".to_owned()))?;
    let mut photograph = Photograph::plain(pixels);
    if deep {
        photograph.conversions.push(Conversion::Depth(16));
    }
    if transparent {
        photograph.conversions.push(Conversion::Transparency);
    }
    if grey {
        photograph.conversions.push(Conversion::Grey);
        // A profile for grey says nothing of colours, and the gate refuses the picture anyway.
        return Ok(photograph.upright(orientation));
    }
    Ok(photograph.in_srgb(profile.as_deref(), kind)?.upright(orientation))
}

/// Cameras of 10, 12 or 14 bits are often stored in 16 as they are; scaled like true 16 bits they come out black. The
/// bits that are used, where the brightest sample leaves at least the two highest unused.
fn unused_bits(image: &DynamicImage) -> Option<u32> {
    let brightest = match image {
        DynamicImage::ImageLuma16(samples) => samples.iter().max(),
        DynamicImage::ImageRgb16(samples) => samples.iter().max(),
        // The alpha channel is no light.
        DynamicImage::ImageLumaA16(samples) => samples.pixels().map(|pixel| &pixel.0[0]).max(),
        DynamicImage::ImageRgba16(samples) => samples.pixels().flat_map(|pixel| &pixel.0[..3]).max(),
        _ => None,
    };
    let used = u16::BITS - brightest?.leading_zeros();
    (used <= 14).then_some(used)
}

/// As 8-bit RGB, shown on black where it is transparent, and whether it is anywhere; none when it is everywhere.
fn on_black(image: DynamicImage) -> Option<(RgbImage, bool)> {
    if !image.color().has_alpha() {
        return Some((image.into_rgb8(), false));
    }
    let rgba = image.into_rgba8();
    let (mut seen, mut transparent) = (false, false);
    let pixels = RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [colour @ .., alpha] = rgba.get_pixel(x, y).0;
        seen |= alpha > 0;
        transparent |= alpha < u8::MAX;
        ::image::Rgb(colour.map(|level| ((u16::from(level) * u16::from(alpha) + 127) / 255) as u8))
    });
    seen.then_some((pixels, transparent))
}
