//! DICOM objects that hold one colour photograph (Ophthalmic Photography, also Secondary Capture and the like).

use std::borrow::Cow;

use ::image::RgbImage;
use dicom_dictionary_std::{tags, uids};
use dicom_object::{DefaultDicomObject, OpenFileOptions, Tag};

use super::{
    DecodeError, Photograph, dicom_lengths,
    frame::{ColourRange, Matrix, YcbcrEncoding},
    jpeg, limits,
};
use crate::laterality::Laterality;

/// Where the magic word of a DICOM file stands (PS3.10, 7.1), and the word.
pub(super) const MAGIC_AT: usize = 128;
pub(super) const MAGIC: &[u8] = b"DICM";

const KIND: &str = "DICOM object";
/// What to do about an object of another sort.
const EXPECTED: &str =
    "one colour photograph of 8-bit RGB, YBR_FULL or JPEG baseline; export the photograph in that form";

/// Decodes a DICOM file.
pub(super) fn decode(bytes: &[u8]) -> Result<Photograph, DecodeError> {
    dicom_lengths::check(bytes).map_err(|what| damaged(&what))?;
    let object = OpenFileOptions::new().from_reader(bytes).map_err(|error| damaged(&error))?;
    let object = Object(object);
    let frames = object.number(tags::NUMBER_OF_FRAMES)?.unwrap_or(1);
    if frames != 1 {
        return Err(refuse(format!("{frames} photographs")));
    }
    let width = object.required(tags::COLUMNS, "Columns")?;
    let height = object.required(tags::ROWS, "Rows")?;
    limits::pixels(u64::from(width), u64::from(height))?;
    let colours = object.text(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default();
    let samples = object.required(tags::SAMPLES_PER_PIXEL, "Samples per Pixel")?;
    let bits =
        (object.required(tags::BITS_ALLOCATED, "Bits Allocated")?, object.number(tags::BITS_STORED)?.unwrap_or(8));
    if samples != 3 {
        return Err(refuse(format!("{samples} sample(s) a pixel ({colours})")));
    }
    if bits != (8, 8) {
        return Err(refuse(format!("samples of {} bits in {}", bits.1, bits.0)));
    }
    let syntax = object.0.meta().transfer_syntax().trim_end_matches('\0').to_owned();
    let mut photograph = match syntax.as_str() {
        uids::IMPLICIT_VR_LITTLE_ENDIAN | uids::EXPLICIT_VR_LITTLE_ENDIAN => object.native(width, height, &colours)?,
        uids::JPEG_BASELINE8_BIT => object.jpeg(width, height, &colours)?,
        other => return Err(refuse(format!("pixels in transfer syntax {other}"))),
    };
    // The profile says what the stored colours mean; a JPEG may have brought its own, which then was applied already.
    if photograph.conversions.is_empty() {
        photograph = photograph.in_srgb(object.bytes(tags::ICC_PROFILE).as_deref(), KIND)?;
    }
    photograph.laterality = match object.text(tags::IMAGE_LATERALITY).or(object.text(tags::LATERALITY)).as_deref() {
        Some("R") => Some(Laterality::Od),
        Some("L") => Some(Laterality::Os),
        _ => None,
    };
    Ok(photograph)
}

fn refuse(found: String) -> DecodeError {
    DecodeError::Unsupported { kind: KIND, found, expected: EXPECTED }
}

fn damaged(error: &dyn std::fmt::Display) -> DecodeError {
    DecodeError::damaged(KIND)(error)
}

struct Object(DefaultDicomObject);

impl Object {
    fn text(&self, tag: Tag) -> Option<String> {
        let text = self.0.element_opt(tag).ok()??.to_str().ok()?.trim_matches([' ', '\0']).to_owned();
        (!text.is_empty()).then_some(text)
    }

    fn bytes(&self, tag: Tag) -> Option<Cow<'_, [u8]>> {
        self.0.element_opt(tag).ok()??.to_bytes().ok()
    }

    fn number(&self, tag: Tag) -> Result<Option<u32>, DecodeError> {
        match self.0.element_opt(tag).map_err(|error| damaged(&error))? {
            Some(element) => element.to_int().map(Some).map_err(|error| damaged(&error)),
            None => Ok(None),
        }
    }

    fn required(&self, tag: Tag, name: &str) -> Result<u32, DecodeError> {
        self.number(tag)?.ok_or_else(|| damaged(&format_args!("{name} is missing")))
    }

    /// Pixels as they are, interleaved or in planes.
    fn native(&self, width: u32, height: u32, colours: &str) -> Result<Photograph, DecodeError> {
        let pixels = self.bytes(tags::PIXEL_DATA).ok_or_else(|| damaged(&"Pixel Data is missing"))?;
        let plane = width as usize * height as usize;
        // A value of odd length has one byte of padding.
        if pixels.len() != 3 * plane && pixels.len() != 3 * plane + 1 {
            return Err(damaged(&format_args!("{} bytes of pixels, expected {}", pixels.len(), 3 * plane)));
        }
        let planes = match self.number(tags::PLANAR_CONFIGURATION)?.unwrap_or(0) {
            0 => false,
            1 => true,
            other => return Err(damaged(&format_args!("Planar Configuration {other}, expected 0 or 1"))),
        };
        let ycbcr = match colours {
            "RGB" => None,
            // As in JPEG (PS3.3, C.7.6.3.1.2).
            "YBR_FULL" => Some(Matrix::new(YcbcrEncoding::Bt601, ColourRange::Full)),
            other => return Err(refuse(format!("colours as {other}"))),
        };
        let pixels = RgbImage::from_fn(width, height, |x, y| {
            let at = y as usize * width as usize + x as usize;
            let place = |channel: usize| if planes { channel * plane + at } else { 3 * at + channel };
            let colour = [0, 1, 2].map(|channel| pixels[place(channel)]);
            ::image::Rgb(ycbcr.as_ref().map_or(colour, |matrix| matrix.rgb(colour)))
        });
        Ok(Photograph::plain(pixels))
    }

    /// One JPEG in one or several fragments.
    fn jpeg(&self, width: u32, height: u32, colours: &str) -> Result<Photograph, DecodeError> {
        let source = match colours {
            "YBR_FULL_422" | "YBR_FULL" => jpeg::Source::File,
            "RGB" => jpeg::Source::DicomRgb,
            other => return Err(refuse(format!("colours as {other}"))),
        };
        let element = self.0.element_opt(tags::PIXEL_DATA).map_err(|error| damaged(&error))?;
        let fragments = element.and_then(|element| element.fragments());
        let fragments = fragments.ok_or_else(|| damaged(&"Pixel Data holds no fragments"))?;
        let data = fragments.concat();
        if !data.starts_with(&[0xff, 0xd8]) {
            return Err(damaged(&"its JPEG does not begin like one"));
        }
        let photograph = jpeg::decode(&data, source)?;
        let found = photograph.pixels.dimensions();
        if found != (width, height) {
            let (w, h) = found;
            return Err(damaged(&format_args!("its JPEG has {w} x {h} pixels, expected {width} x {height}")));
        }
        Ok(photograph)
    }
}
