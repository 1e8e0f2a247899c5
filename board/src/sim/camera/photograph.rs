//! The photograph: the still in full size as the flash lit it.

use ::image::{Rgb, RgbImage};

use super::{
    blur, level, mix,
    print::{Print, blurred},
    spread,
    stage::Spoil,
};
use crate::sim::rig::Bench;

/// Width and height of a photograph of nobody.
const EMPTY: (u32, u32) = (1024, 1024);
/// Level that is left of a photograph with too little light.
const UNDEREXPOSED: f32 = 0.12;
/// Length of the smear of an eye that moves, in radii of the field.
const SMEAR: f32 = 0.07;
/// Places along a smear that are averaged.
const TAPS: u32 = 24;
/// Colour of a lid's skin that the flash hardly reaches.
const LID: [f32; 3] = [41.0, 22.0, 15.0];
/// The lid's margin, in radii: how far its middle hangs below the field's upper edge, how much farther its sides, and
/// how wide its soft edge is.
const MARGIN: (f32, f32, f32) = (1.2, 0.22, 0.2);

/// Draws it. `gaze` is the shift to the right and down, in radii of the field.
pub(super) fn draw(
    print: Option<&Print>,
    bench: &Bench,
    gaze: (f32, f32),
    spoil: Option<Spoil>,
    seed: u64,
) -> RgbImage {
    let Some(scene) = print.map(Print::scene) else {
        return RgbImage::new(EMPTY.0, EMPTY.1);
    };
    let mut seen = blurred(&scene.still, blur(bench, scene));
    let radius = seen.width().min(seen.height()) as f32 / 2.0;
    if spoil == Some(Spoil::Motion) {
        let angle = spread(mix(seed)) * std::f32::consts::PI;
        seen = smeared(&seen, (angle.cos() * SMEAR * radius, angle.sin() * SMEAR * radius));
    }
    let mut gain = level(f32::from(bench.flash_permille) / f32::from(scene.well_lit_at_permille.max(1)));
    if spoil == Some(Spoil::Underexposure) {
        gain *= UNDEREXPOSED;
    }
    let lit: [u8; 256] = std::array::from_fn(|value| (value as f32 * gain).round().clamp(0.0, 255.0) as u8);
    let mut taken = shifted(&seen, (gaze.0 * radius).round() as i64, (gaze.1 * radius).round() as i64);
    for value in taken.iter_mut() {
        *value = lit[usize::from(*value)];
    }
    if spoil == Some(Spoil::Eyelid) {
        hang_lid(&mut taken, radius);
    }
    taken
}

/// Whole pixels: a fraction would blur. What comes in from outside is black.
fn shifted(pixels: &RgbImage, right: i64, down: i64) -> RgbImage {
    let mut out = RgbImage::new(pixels.width(), pixels.height());
    ::image::imageops::replace(&mut out, pixels, right, down);
    out
}

fn smeared(pixels: &RgbImage, along: (f32, f32)) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let last = (width.saturating_sub(1) as f32, height.saturating_sub(1) as f32);
    RgbImage::from_fn(width, height, |x, y| {
        let mut sums = [0_u32; 3];
        for tap in 0..TAPS {
            let t = (tap as f32 + 0.5) / TAPS as f32 - 0.5;
            let from = ((x as f32 + t * along.0).clamp(0.0, last.0), (y as f32 + t * along.1).clamp(0.0, last.1));
            let pixel = pixels.get_pixel(from.0 as u32, from.1 as u32);
            for (sum, value) in sums.iter_mut().zip(pixel.0) {
                *sum += u32::from(value);
            }
        }
        Rgb(sums.map(|sum| (sum / TAPS) as u8))
    })
}

/// The aperture is inside the camera: a lid darkens what is lit, and leaves the black around the field black.
fn hang_lid(pixels: &mut RgbImage, radius: f32) {
    let middle = pixels.width() as f32 / 2.0;
    let (margin, droop, soft) = MARGIN;
    for (x, y, pixel) in pixels.enumerate_pixels_mut() {
        let right = (x as f32 - middle) / radius;
        let below = y as f32 / radius - margin - droop * right * right;
        let cover = (0.5 - below / soft).clamp(0.0, 1.0);
        for (value, lid) in pixel.0.iter_mut().zip(LID) {
            let skin = lid.min(f32::from(*value));
            *value = (f32::from(*value) + (skin - f32::from(*value)) * cover) as u8;
        }
    }
}
