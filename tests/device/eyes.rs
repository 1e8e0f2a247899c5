//! Eyes before the camera: drawn ones, as raw pictures that a video output plays.

use image::{RgbImage, imageops};
use ocellus_model::phantom::{self, PracticeSet};

/// The pictures' size in pixels.
pub(crate) const WIDTH: u32 = 960;
/// See [`WIDTH`].
pub(crate) const HEIGHT: u32 = 720;
/// The practice patients whom they are drawn from.
const SEED: u64 = 3;

/// Whose eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Eye {
    /// A right one with signs of diabetic retinopathy.
    Right,
    /// The other one.
    Left,
}

/// All of them.
pub(crate) const ALL: [Eye; 2] = [Eye::Right, Eye::Left];

impl Eye {
    /// The file's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Eye::Right => "right",
            Eye::Left => "left",
        }
    }

    /// A frame: red, green and blue, row by row.
    pub(crate) fn frame(self) -> Vec<u8> {
        let number = match self {
            Eye::Right => 4,
            Eye::Left => 5,
        };
        let drawn = phantom::draw(&PracticeSet::new(SEED, HEIGHT).photograph(number).eye);
        let mut frame = RgbImage::new(WIDTH, HEIGHT);
        let middle = |whole: u32, part: u32| (i64::from(whole) - i64::from(part)) / 2;
        imageops::replace(&mut frame, &drawn, middle(WIDTH, drawn.width()), middle(HEIGHT, drawn.height()));
        frame.into_raw()
    }
}
