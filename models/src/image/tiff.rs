//! TIFF.

use std::io::Cursor;

use ::image::codecs::tiff::TiffDecoder;
use ::tiff::{decoder::Decoder, tags::Tag};

use super::{DecodeError, Photograph, raster};

const KIND: &str = "TIFF";
/// Most pages that are looked at; a list of pages may run in a circle.
const PAGES_MAX: usize = 32;

/// Decodes the one photograph of a TIFF; reduced copies of it (thumbnails) are passed over.
pub(super) fn decode(bytes: &[u8]) -> Result<Photograph, DecodeError> {
    let damaged = DecodeError::damaged(KIND);
    let mut pages = Decoder::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let mut photographs = 1;
    for _ in 0..PAGES_MAX {
        if !pages.more_images() {
            break;
        }
        pages.next_image().map_err(|error| damaged(&error))?;
        let kind = pages.find_tag_unsigned::<u32>(Tag::NewSubfileType).map_err(|error| damaged(&error))?;
        // Bit 0: a reduced copy of another page (TIFF 6.0, section 8).
        photographs += usize::from(kind.unwrap_or(0) & 1 == 0);
    }
    if photographs > 1 {
        return Err(DecodeError::Unsupported {
            kind: KIND,
            found: format!("{photographs} photographs"),
            expected: "one; export each photograph to a file of its own",
        });
    }
    let decoder = TiffDecoder::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    raster::decode(decoder, KIND)
}
