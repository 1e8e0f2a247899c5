//! Practice photographs as files.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder};
use ocellus_model::{
    laterality::Laterality,
    phantom::{PracticeEye, draw},
};

/// A good photograph of an eye; another seed, another eye.
pub fn good(seed: u64) -> RgbImage {
    draw(&PracticeEye { size: (640, 640), ..PracticeEye::new(seed, Laterality::Od) })
}

/// As PNG.
pub fn png(pixels: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, ImageFormat::Png).expect("a picture can be written to memory");
    bytes.into_inner()
}

/// As JPEG of high quality.
pub fn jpeg(pixels: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let [width, height] = [pixels.width(), pixels.height()].map(|side| u16::try_from(side).expect("a small picture"));
    Encoder::new(&mut bytes, 92).encode(pixels, width, height, ColorType::Rgb).expect("memory can be written");
    bytes
}
