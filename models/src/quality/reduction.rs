//! The reduced photograph that everything about quality is measured on.
//!
//! The visible disc of the field, reduced to [`SIDE`] pixels by the very code that prepares a network's input, so that
//! neither the file's resolution nor anything around the disc has an influence. Levels are the file's own (0..1, gamma
//! as the camera wrote it).

use std::{ops::Range, sync::LazyLock};

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
    /// Of the green plane, which most measures are taken on.
    averages: Averages,
}

impl Reduction {
    /// Reduces a photograph with a known field.
    pub fn of(pixels: &RgbImage, field: &Field) -> Self {
        let spec = PreprocessSpec::new(SIDE as u32, ColourVariant::Original);
        let planes = preprocess(pixels, field, &spec).data;
        let averages = Averages::new(&planes[SIDE * SIDE..2 * SIDE * SIDE]);
        Reduction { planes, averages }
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

    /// Averages of the green plane.
    pub(super) fn averages(&self) -> &Averages {
        &self.averages
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

/// Of each row the pixels that lie [within](is_within) so many radii.
pub(super) fn rows_within(radii: f64) -> Vec<Range<usize>> {
    let row = |y| {
        let within = (0..SIDE).filter(|&x| is_within(x, y, radii)).count();
        // A disc is the same to the left and to the right.
        (SIDE - within) / 2..usize::midpoint(SIDE, within)
    };
    (0..SIDE).map(row).collect()
}

/// The rows of the measured disc: the same for every photograph.
static MEASURED: LazyLock<Vec<Range<usize>>> = LazyLock::new(|| rows_within(INNER));

/// Of each row of the measured disc, the row and the pixels that lie in it.
pub(super) fn measured() -> impl Iterator<Item = (usize, Range<usize>)> {
    MEASURED.iter().cloned().enumerate()
}

/// Averages over squares in constant time (summed-area table; Crow 1984). Only pixels of the measured disc count.
#[derive(Debug, Clone)]
pub(super) struct Averages {
    /// One row and one column more than the picture: sums of all that lies above and to the left.
    sums: Vec<f64>,
}

/// Values in a row of the table.
const STRIDE: usize = SIDE + 1;

/// How many pixels are in each sum of the table.
static COUNTS: LazyLock<Vec<f64>> = LazyLock::new(|| summed(&vec![1.0; SIDE * SIDE]));

/// The summed-area table of a plane.
fn summed(plane: &[f32]) -> Vec<f64> {
    let mut sums = vec![0.0; STRIDE * STRIDE];
    for (y, across) in measured() {
        let (above, below) = sums[y * STRIDE..(y + 2) * STRIDE].split_at_mut(STRIDE);
        let (above, below) = (&above[1..], &mut below[1..]);
        below[..across.start].copy_from_slice(&above[..across.start]);
        let mut sum = 0.0;
        let row = plane[y * SIDE..][across.clone()].iter().zip(&above[across.clone()]);
        for (below, (value, above)) in below[across.clone()].iter_mut().zip(row) {
            sum += f64::from(*value);
            *below = above + sum;
        }
        for (below, above) in below[across.end..].iter_mut().zip(&above[across.end..]) {
            *below = above + sum;
        }
    }
    sums
}

impl Averages {
    pub(super) fn new(plane: &[f32]) -> Self {
        Averages { sums: summed(plane) }
    }

    /// Average of the square that reaches `reach` pixels to all sides; 0 where none of it is measured.
    pub(super) fn around(&self, x: usize, y: usize, reach: usize) -> f64 {
        let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(SIDE));
        let (top, bottom) = (y.saturating_sub(reach) * STRIDE, (y + reach + 1).min(SIDE) * STRIDE);
        let between = |of: &[f64]| of[bottom + right] + of[top + left] - of[top + right] - of[bottom + left];
        average(between(&self.sums), between(&COUNTS))
    }

    /// [`Averages::around`] of each pixel of a row; `reach` is less than half of [`SIDE`].
    pub(super) fn row(&self, y: usize, reach: usize) -> [f64; SIDE] {
        let mut row = [0.0; SIDE];
        // Pixels whose square leaves the picture neither to the left nor to the right: one after the other, without a branch,
        // they take a fifth of the time.
        let whole = SIDE - 2 * reach;
        let (top, bottom) = (y.saturating_sub(reach) * STRIDE, (y + reach + 1).min(SIDE) * STRIDE);
        let corners = |of| Corners::new(of, (top, bottom), 2 * reach + 1, whole);
        let (sums, counts) = (corners(&self.sums), corners(&COUNTS));
        for (at, there) in row[reach..reach + whole].iter_mut().enumerate() {
            *there = average(sums.between(at), counts.between(at));
        }
        for x in (0..reach).chain(reach + whole..SIDE) {
            row[x] = self.around(x, y, reach);
        }
        row
    }
}

/// The corners of squares that follow each other along a row of a table.
struct Corners<'a> {
    top_left: &'a [f64],
    top_right: &'a [f64],
    bottom_left: &'a [f64],
    bottom_right: &'a [f64],
}

impl<'a> Corners<'a> {
    fn new(table: &'a [f64], (top, bottom): (usize, usize), width: usize, squares: usize) -> Self {
        let from = |first: usize| &table[first..first + squares];
        Corners {
            top_left: from(top),
            top_right: from(top + width),
            bottom_left: from(bottom),
            bottom_right: from(bottom + width),
        }
    }

    fn between(&self, at: usize) -> f64 {
        self.bottom_right[at] + self.top_left[at] - self.top_right[at] - self.bottom_left[at]
    }
}

fn average(sum: f64, count: f64) -> f64 {
    let average = sum / count;
    if count == 0.0 { 0.0 } else { average }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_are_those_of_the_measured_pixels_of_a_square() {
        // No pattern that would look the same a pixel further on.
        let plane: Vec<f32> = (0..SIDE * SIDE).map(|at| (at * 7919 % 1009) as f32 / 1009.0).collect();
        let averages = Averages::new(&plane);
        for reach in [0, 2, 32] {
            for (x, y) in [(0, 0), (128, 128), (20, 70), (1, 130), (254, 128), (129, 255), (255, 255), (200, 31)] {
                let near = |at: usize, middle: usize| at.abs_diff(middle) <= reach;
                let counted: Vec<f64> = (0..SIDE * SIDE)
                    .filter(|at| near(at % SIDE, x) && near(at / SIDE, y) && inside(at % SIDE, at / SIDE))
                    .map(|at| f64::from(plane[at]))
                    .collect();
                let expected = counted.iter().sum::<f64>() / counted.len().max(1) as f64;
                let found = averages.around(x, y, reach);
                assert!((found - expected).abs() < 1e-9, "{x}, {y}, {reach}: {found}, expected {expected}");
                assert_eq!(averages.row(y, reach)[x], found, "{x}, {y}, {reach}");
            }
        }
    }
}
