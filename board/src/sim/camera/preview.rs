//! A preview frame: mixed from two blurred levels, shifted, lit by the aiming light, with the sensor's noise.

use std::sync::LazyLock;

use ::image::RgbImage;

use super::{
    blur, level, mix,
    print::{PREVIEW_SIDE, Print},
};
use crate::sim::rig::Bench;

/// Level of the full aiming light, as a part of the still's.
const FULL: f32 = 0.9;
/// Level of a pixel without light, of 255.
const DARK: u8 = 3;
/// Standard deviation of the noise, in levels of 255.
const NOISE: f32 = 2.0;
/// Bits of the fraction of a weight.
const FRACTION: u32 = 12;
/// Size without anybody: what a camera of usual proportions shows.
const EMPTY: (u32, u32) = (PREVIEW_SIDE, PREVIEW_SIDE * 3 / 4);

/// Noise to take pieces from: drawing it anew for each frame would cost more than all the rest.
static GRAIN: LazyLock<Vec<i8>> = LazyLock::new(|| {
    (0..1_u64 << 16)
        .map(|number| {
            // The sum of four bytes is nearly normally distributed, with standard deviation 147.8.
            let sum: u32 = mix(number).to_le_bytes().into_iter().take(4).map(u32::from).sum();
            ((sum as f32 - 510.0) / 147.8 * NOISE).round() as i8
        })
        .collect()
});

/// Draws a frame. `gaze` is the shift to the right and down, in radii of the field.
pub(super) fn draw(print: Option<&Print>, bench: &Bench, gaze: (f32, f32), seed: u64) -> RgbImage {
    let Some(print) = print else {
        let mut dark = RgbImage::new(EMPTY.0, EMPTY.1);
        let unlit = vec![0; 3 * EMPTY.0 as usize];
        rows(&mut dark).enumerate().for_each(|(y, row)| noisy(row, &unlit, seed, y));
        return dark;
    };
    let (sharper, softer, share) = print.around(blur(bench, print.scene()));
    let (width, height) = sharper.dimensions();
    let radius = width.min(height) as f32 / 2.0;
    let (across, down) = (Shift::new(gaze.0 * radius), Shift::new(gaze.1 * radius));
    let gain = FULL * level(f32::from(bench.aiming_permille) / 1000.0);
    let columns = across.inside(width);
    let stride = 3 * width as usize;
    let mut frame = RgbImage::new(width, height);
    let mut sums = vec![0_u32; stride];
    for (y, row) in rows(&mut frame).enumerate() {
        sums.fill(0);
        if down.inside(height).contains(&(y as u32)) && !columns.is_empty() {
            let lit = &mut sums[3 * columns.start as usize..3 * columns.end as usize];
            for (from, part) in [(sharper, 1.0 - share), (softer, share)] {
                for (dy, part) in [(0, part * (1.0 - down.fraction)), (1, part * down.fraction)] {
                    for (dx, part) in [(0, part * (1.0 - across.fraction)), (1, part * across.fraction)] {
                        let weight = (part * gain * (1 << FRACTION) as f32) as u32;
                        if weight == 0 {
                            continue;
                        }
                        let above = down.source(y as u32) + dy;
                        let first = above * stride + 3 * (across.source(columns.start) + dx);
                        let values = &from.as_raw()[first..first + lit.len()];
                        for (sum, value) in lit.iter_mut().zip(values) {
                            *sum += weight * u32::from(*value);
                        }
                    }
                }
            }
        }
        noisy(row, &sums, seed, y);
    }
    frame
}

/// Rows of a picture as bytes.
fn rows(pixels: &mut RgbImage) -> impl Iterator<Item = &mut [u8]> {
    let stride = (3 * pixels.width() as usize).max(1);
    pixels.chunks_exact_mut(stride)
}

/// Writes a row: light, dark level and noise.
fn noisy(row: &mut [u8], light: &[u32], seed: u64, y: usize) {
    let grain = &*GRAIN;
    let first = mix(seed ^ y as u64) as usize % (grain.len() - row.len());
    for ((out, light), grain) in row.iter_mut().zip(light).zip(&grain[first..]) {
        let level = (light >> FRACTION) as i32 + i32::from(DARK) + i32::from(*grain);
        *out = level.clamp(0, 255) as u8;
    }
}

/// A shift along one axis: each place takes from the place so many pixels before it and the one after that.
#[derive(Debug, Clone, Copy)]
struct Shift {
    whole: i64,
    fraction: f32,
}

impl Shift {
    fn new(pixels: f32) -> Self {
        let back = -pixels;
        Shift { whole: back.floor() as i64, fraction: back - back.floor() }
    }

    /// Places of a line of this length that take from inside it.
    fn inside(self, length: u32) -> std::ops::Range<u32> {
        let length = i64::from(length);
        let clamp = |place: i64| place.clamp(0, length) as u32;
        clamp(-self.whole)..clamp(length - 1 - self.whole).min(length as u32)
    }

    fn source(self, place: u32) -> usize {
        (i64::from(place) + self.whole) as usize
    }
}
