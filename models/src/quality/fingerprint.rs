//! Whether two photographs are one and the same.
//!
//! A camera that stands still, a stream that repeats its last frame or a file that is handed in twice gives the same
//! photograph again, perhaps encoded anew. Two exposures of the same eye are never alike: the eye has moved, and the noise
//! is another. The fingerprint is the green of the disc in [`BLOCKS`] × [`BLOCKS`] means.
//!
//! Not here: the same eye in another photograph (`ocellus-trainer split` looks for those).

use super::reduction::{Reduction, SIDE, inside};

/// Blocks along a side.
const BLOCKS: usize = 64;
/// Mean difference, in levels of 255, below which two photographs are the same: encoding anew at quality 75 moves the
/// means by half of it at most, and no two of a few hundred photographs are less than twice as far apart (docs/gate.md).
pub const SAME_BELOW: f64 = 1.5;

/// What a photograph is known by.
#[derive(Debug, Clone, PartialEq)]
pub struct Fingerprint {
    /// Mean green of each block of the disc, 0..1, row by row.
    blocks: Vec<f32>,
}

impl Fingerprint {
    /// Takes it of a reduced photograph.
    pub fn of(reduction: &Reduction) -> Self {
        const WIDTH: usize = SIDE / BLOCKS;
        let green = reduction.green();
        let blocks = (0..BLOCKS * BLOCKS)
            .map(|block| (block % BLOCKS * WIDTH, block / BLOCKS * WIDTH))
            .filter(|&(x, y)| inside(x, y) && inside(x + WIDTH - 1, y + WIDTH - 1))
            .map(|(x, y)| {
                let rows = (y..y + WIDTH).flat_map(|y| &green[y * SIDE + x..y * SIDE + x + WIDTH]);
                rows.sum::<f32>() / (WIDTH * WIDTH) as f32
            })
            .collect();
        Fingerprint { blocks }
    }

    /// Mean difference of two photographs, in levels of 255.
    pub fn difference(&self, other: &Fingerprint) -> f64 {
        let sum: f64 = self.blocks.iter().zip(&other.blocks).map(|(a, b)| f64::from((a - b).abs())).sum();
        255.0 * sum / self.blocks.len().max(1) as f64
    }

    /// Whether both are of the same photograph.
    pub fn is_same(&self, other: &Fingerprint) -> bool {
        self.difference(other) < SAME_BELOW
    }
}

#[cfg(test)]
mod tests {
    use ::image::RgbImage;

    use super::*;
    use crate::{
        field::find_field,
        laterality::Laterality,
        phantom::{PracticeEye, draw},
    };

    fn fingerprint(pixels: &RgbImage) -> Fingerprint {
        Fingerprint::of(&Reduction::of(pixels, &find_field(pixels).unwrap()))
    }

    #[test]
    fn the_next_exposure_of_the_same_eye_is_another_photograph() {
        for seed in 0..4 {
            let eye = PracticeEye::new(seed, Laterality::Os);
            let first = fingerprint(&draw(&eye));
            assert_eq!(first.difference(&fingerprint(&draw(&eye))), 0.0);
            let next = fingerprint(&draw(&PracticeEye { exposure: 1, ..eye }));
            assert!(!first.is_same(&next), "{seed}: {}", first.difference(&next));
        }
    }
}
