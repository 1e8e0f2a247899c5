//! A photograph to measure with: a JPEG of 2000 × 1500 pixels, drawn by the phantom.

use jpeg_encoder::{ColorType, Encoder};
use ocellus_model::{
    laterality::Laterality,
    phantom::{Findings, PracticeEye, draw},
};

const SIZE: (u16, u16) = (2000, 1500);

/// The file's bytes.
pub(crate) fn photograph() -> Vec<u8> {
    let findings = Findings { microaneurysms: 0.6, haemorrhages: 0.6, ..Findings::NONE };
    let size = (u32::from(SIZE.0), u32::from(SIZE.1));
    let pixels = draw(&PracticeEye { size, findings, ..PracticeEye::new(1, Laterality::Od) });
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 90).encode(pixels.as_raw(), SIZE.0, SIZE.1, ColorType::Rgb).unwrap();
    bytes
}
