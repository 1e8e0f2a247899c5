//! The reduced photograph that everything about quality is measured on.
//!
//! The visible disc of the field, reduced to [`SIDE`] pixels by the very code that prepares a network's input, so that
//! neither the file's resolution nor anything around the disc has an influence. Levels are the file's own (0..1, gamma
//! as the camera wrote it).

use ::image::RgbImage;

use crate::{
    field::Field,
    preprocess::{ColourVariant, PreprocessSpec, preprocess},
};

/// Side of the reduction, in pixels.
pub(super) const SIDE: usize = 256;
/// Radius inside which is measured, as a part of half the side: keeps away from the rim's own shadow.
const INNER: f64 = 0.92;

/// A photograph's disc, [`SIDE`] × [`SIDE`] pixels.
#[derive(Debug, Clone)]
pub struct Reduction {
    /// Red, green and blue, one plane after the other, each row by row.
    planes: Vec<f32>,
}

impl Reduction {
    /// Reduces a photograph with a known field.
    pub fn of(pixels: &RgbImage, field: &Field) -> Self {
        let spec = PreprocessSpec::new(SIDE as u32, ColourVariant::Original);
        Reduction { planes: preprocess(pixels, field, &spec).data }
    }

    pub(super) fn red(&self) -> &[f32] {
        &self.planes[..SIDE * SIDE]
    }

    pub(super) fn green(&self) -> &[f32] {
        &self.planes[SIDE * SIDE..2 * SIDE * SIDE]
    }

    pub(super) fn blue(&self) -> &[f32] {
        &self.planes[2 * SIDE * SIDE..]
    }
}

/// Whether a pixel's middle lies nearer to the disc's centre than so many radii of the disc.
pub(super) fn is_within(x: usize, y: usize, radii: f64) -> bool {
    let (right, down) = place(x, y);
    // Asked of every pixel many times: a root would cost more than all the rest.
    right * right + down * down < radii * radii
}

/// Where a pixel's middle lies, from the disc's centre, to the right and down, in radii.
pub(super) fn place(x: usize, y: usize) -> (f64, f64) {
    let half = SIDE as f64 / 2.0;
    ((x as f64 + 0.5 - half) / half, (y as f64 + 0.5 - half) / half)
}

/// Whether a pixel lies in the measured disc.
pub(super) fn inside(x: usize, y: usize) -> bool {
    is_within(x, y, INNER)
}

/// All places of the measured disc, row by row.
pub(super) fn places() -> Vec<(usize, usize)> {
    (0..SIDE * SIDE).map(|at| (at % SIDE, at / SIDE)).filter(|&(x, y)| inside(x, y)).collect()
}

/// Averages over squares in constant time (summed-area table; Crow 1984). Only pixels of the measured disc count.
pub(super) struct Averages {
    /// One row and one column more than the picture: sums of all that lies above and to the left.
    sums: Vec<(f64, u32)>,
}

impl Averages {
    pub(super) fn new(plane: &[f32]) -> Self {
        let stride = SIDE + 1;
        let mut sums = vec![(0.0, 0); stride * stride];
        for y in 0..SIDE {
            let mut row = (0.0, 0);
            for x in 0..SIDE {
                if inside(x, y) {
                    row = (row.0 + f64::from(plane[y * SIDE + x]), row.1 + 1);
                }
                let above = sums[y * stride + x + 1];
                sums[(y + 1) * stride + x + 1] = (above.0 + row.0, above.1 + row.1);
            }
        }
        Averages { sums }
    }

    /// Average of the square that reaches `reach` pixels to all sides; 0 where none of it is measured.
    pub(super) fn around(&self, x: usize, y: usize, reach: usize) -> f64 {
        let stride = SIDE + 1;
        let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(SIDE));
        let (top, bottom) = (y.saturating_sub(reach), (y + reach + 1).min(SIDE));
        let at = |x: usize, y: usize| self.sums[y * stride + x];
        let (a, b, c, d) = (at(left, top), at(right, top), at(left, bottom), at(right, bottom));
        let count = d.1 + a.1 - b.1 - c.1;
        if count == 0 { 0.0 } else { (d.0 + a.0 - b.0 - c.0) / f64::from(count) }
    }
}
