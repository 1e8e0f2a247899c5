//! JPEG, from files, cameras and DICOM objects.

mod header;
mod scans;

use ::image::{RgbImage, metadata::Orientation};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

use super::{Conversion, DecodeError, Photograph, limits};
use header::Header;
use scans::Scans;

const KIND: &str = "JPEG";
/// What to do about a JPEG of another sort.
const EXPECTED: &str = "8-bit grey, YCbCr or RGB; export the photograph as sRGB JPEG or PNG";

/// Where the data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A file.
    File,
    /// A camera's stream, which may leave the Huffman tables out.
    Camera,
    /// A DICOM object whose Photometric Interpretation is RGB: three components without any marker are not YCbCr.
    DicomRgb,
}

/// An `APP0` segment that says *motion JPEG*: the decoder then starts from the standard Huffman tables (ITU-T T.81,
/// K.3), which such streams leave out.
const MOTION_JPEG: [u8; 18] = [0xff, 0xe0, 0, 16, b'A', b'V', b'I', b'1', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Decodes bytes that begin with the start marker.
pub(super) fn decode(bytes: &[u8], source: Source) -> Result<Photograph, DecodeError> {
    let damaged = DecodeError::damaged(KIND);
    let header = Header::read(bytes)?;
    limits::pixels(u64::from(header.width), u64::from(header.height))?;
    let stored_rgb = stored_rgb(&header, source)?;
    let scans = Scans::read(bytes, &header)?;
    let mut prepared = Vec::new();
    let bytes = prepare(bytes, &header, &scans, source, &mut prepared);
    let grey = header.components.len() == 1;
    // Asked for what it believes to be stored, the decoder converts nothing; it knows RGB by the components' names.
    let named = header.components == b"RGB";
    let out = if stored_rgb && !named { ColorSpace::YCbCr } else { ColorSpace::RGB };
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(limits::SIDE_MAX as usize)
        .set_max_height(limits::SIDE_MAX as usize)
        .jpeg_set_out_colorspace(out);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let rgb = decoder.decode().map_err(|error| damaged(&error))?;
    let (width, height) = decoder.dimensions().ok_or_else(|| damaged(&"no dimensions"))?;
    let pixels = RgbImage::from_raw(width as u32, height as u32, rgb).ok_or_else(|| damaged(&"too few pixels"))?;
    let mut photograph = Photograph::plain(pixels);
    if grey {
        photograph.conversions.push(Conversion::Grey);
    }
    let orientation = decoder.exif().and_then(|chunk| Orientation::from_exif_chunk(chunk));
    let photograph = photograph.in_srgb(decoder.icc_profile().as_deref(), KIND)?;
    Ok(photograph.upright(orientation.unwrap_or(Orientation::NoTransforms)))
}

/// Bytes behind a picture's data that the decoder may look ahead into.
const LOOK_AHEAD: [u8; 64] = [0; 64];

/// The bytes as the decoder has to be given them, so that it sees nothing that it takes wrongly.
fn prepare<'a>(bytes: &'a [u8], header: &Header, scans: &Scans, source: Source, room: &'a mut Vec<u8>) -> &'a [u8] {
    // Before a premature end marker the decoder goes on without data and says nothing; without a marker it reports the
    // first row that lacks data.
    let single = scans.count == 1 && !header.progressive();
    let adobe = header.adobe_at.clone().filter(|_| header.adobe_transform == Some(0));
    let tables = source == Source::Camera && !header.huffman_tables;
    if !single && adobe.is_none() && !tables {
        return bytes;
    }
    room.reserve(bytes.len() + MOTION_JPEG.len() + LOOK_AHEAD.len());
    room.extend(&bytes[..2]);
    if tables {
        room.extend(MOTION_JPEG);
    }
    // The decoder takes an Adobe segment's transform 0 for CMYK.
    let adobe = adobe.unwrap_or(2..2);
    room.extend(&bytes[2..adobe.start]);
    room.extend(&bytes[adobe.end..if single { scans.end_at } else { bytes.len() }]);
    if single {
        room.extend(LOOK_AHEAD);
    }
    room
}

/// Whether the three components are red, green and blue as they stand, not YCbCr.
///
/// # Errors
/// For the sorts of JPEG that are not read.
fn stored_rgb(header: &Header, source: Source) -> Result<bool, DecodeError> {
    let refuse = |found: String| Err(DecodeError::Unsupported { kind: KIND, found, expected: EXPECTED });
    if let Some(coding) = header.unread_coding() {
        return refuse(format!("{coding} data"));
    }
    if header.precision != 8 {
        return refuse(format!("samples of {} bits", header.precision));
    }
    match (header.components.as_slice(), header.adobe_transform) {
        ([_], _) => Ok(false),
        ([_, _, _], Some(1)) => Ok(false),
        ([_, _, _], Some(0)) => Ok(true),
        ([_, _, _], Some(other)) => refuse(format!("three components of Adobe colour transform {other}")),
        // JFIF is YCbCr by definition.
        ([_, _, _], None) if header.jfif => Ok(false),
        (ids, None) if ids == b"RGB" => Ok(true),
        ([_, _, _], None) => Ok(source == Source::DicomRgb),
        ([_, _, _, _], Some(2)) => refuse("four colours (YCCK)".to_owned()),
        ([_, _, _, _], _) => refuse("four colours (CMYK)".to_owned()),
        (components, _) => refuse(format!("{} components", components.len())),
    }
}
