//! Eyes before the camera: drawn ones, as raw pictures that a video output plays.

use image::{RgbImage, imageops};
use ocellus_model::{
    laterality::Laterality,
    phantom::{self, PracticeSet},
};

/// The pictures' size in pixels.
pub(crate) const WIDTH: u32 = 960;
/// See [`WIDTH`].
pub(crate) const HEIGHT: u32 = 720;
/// The practice patients whom they are drawn from.
const SEED: u64 = 3;

/// A frame with one of the eyes of a patient who has signs of diabetic retinopathy: red, green and blue, row by row.
pub(crate) fn frame(eye: Laterality) -> Vec<u8> {
    let number = match eye {
        Laterality::Od => 4,
        Laterality::Os => 5,
    };
    let drawn = phantom::draw(&PracticeSet::new(SEED, HEIGHT).photograph(number).eye);
    let mut frame = RgbImage::new(WIDTH, HEIGHT);
    let middle = |whole: u32, part: u32| (i64::from(whole) - i64::from(part)) / 2;
    imageops::replace(&mut frame, &drawn, middle(WIDTH, drawn.width()), middle(HEIGHT, drawn.height()));
    frame.into_raw()
}
