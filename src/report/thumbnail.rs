//! A small picture of a photograph: its field, cut out and made smaller, without a letter in it.
//!
//! Not here: which photograph of an eye is printed.

use image::{
    RgbImage,
    imageops::{self, FilterType},
};
use jpeg_encoder::{ColorType, Encoder};
use ocellus_model::field::Field;

use crate::screens::picture::square;

/// Pixels of a side: 300 a printed inch.
const SIDE: u16 = 460;
/// Quality of the JPEG, 1 to 100: nobody judges by a thumbnail.
const QUALITY: u8 = 82;

/// The field of a photograph, small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// A square JPEG.
    pub(super) jpeg: Vec<u8>,
    /// Whether only the disc in the square is the photograph.
    pub(super) is_disc: bool,
}

impl Thumbnail {
    /// Cuts out the square around the field; where there is none, the largest in the middle. None for an empty picture.
    pub fn of(photograph: &RgbImage, field: Option<&Field>) -> Option<Self> {
        if photograph.is_empty() {
            return None;
        }
        let (x, y, side) = square(photograph.dimensions(), field);
        let cut = imageops::crop_imm(photograph, x, y, side, side).to_image();
        let small = imageops::resize(&cut, SIDE.into(), SIDE.into(), FilterType::Triangle);
        let mut jpeg = Vec::new();
        Encoder::new(&mut jpeg, QUALITY).encode(small.as_raw(), SIDE, SIDE, ColorType::Rgb).ok()?;
        Some(Thumbnail { jpeg, is_disc: field.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn the_field_fills_the_thumbnail_wherever_it_lies() {
        let inside = |x: u32, y: u32| (500..700).contains(&x) && (100..300).contains(&y);
        let photograph =
            RgbImage::from_fn(800, 600, |x, y| if inside(x, y) { Rgb([200, 90, 40]) } else { Rgb([0; 3]) });
        let field = Field { centre_x: 600.0, centre_y: 200.0, radius: 100.0, visible_radius: 100.0, confidence: 1.0 };
        let small = Thumbnail::of(&photograph, Some(&field)).unwrap();
        let decoded = ocellus_model::image::decode(&small.jpeg).unwrap().pixels;
        assert_eq!(decoded.dimensions(), (460, 460));
        assert!(decoded.pixels().all(|pixel| pixel.0[0] > 150), "something beside the field is in the thumbnail");
        assert!(small.is_disc && small.jpeg.len() < 40_000, "{}", small.jpeg.len());
    }

    #[test]
    fn a_photograph_without_a_field_is_cut_in_the_middle_and_an_empty_one_is_none() {
        let photograph = RgbImage::from_pixel(30, 20, Rgb([9, 9, 9]));
        assert!(!Thumbnail::of(&photograph, None).unwrap().is_disc);
        assert_eq!(Thumbnail::of(&RgbImage::new(0, 5), None), None);
    }
}
