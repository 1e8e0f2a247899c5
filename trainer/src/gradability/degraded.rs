//! Photographs made so poor, by simple physics, that nobody could judge them.
//!
//! Nearly all photographs that people called ungradable come from one camera; these show the same faults of all others.
//! Strengths are those at which neither lesions nor the smaller vessels can be made out; parts of the field's radius.

use image::{Rgb, RgbImage, imageops};
use ocellus_model::field::find_field;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Side in pixels that a photograph is made smaller to first: no network sees more of it, and a blur costs its area.
const SIDE: u32 = 640;
/// Deviation of the blur of a retina out of focus.
const DEFOCUS: f64 = 0.032;
/// How far an eye moves to either side during the flash.
const MOTION: f64 = 0.06;
/// Part of the picture that is the veil of cloudy media, the veil's colour, and the blur below it.
const VEIL: f64 = 0.8;
const VEIL_COLOUR: [f64; 3] = [150.0, 120.0, 95.0];
const VEILED_BLUR: f64 = 0.012;
/// What is left of the light, in stored levels, and the deviation of the sensor's noise, which it no longer drowns. (Without
/// noise it would be as good a photograph as any: a network's preprocessing makes it bright again.)
const DARK: f64 = 0.2;
const DARK_NOISE: f64 = 5.0;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// The retina is not where the sensor is focused.
    Defocus,
    /// The eye moved during the flash.
    Motion,
    /// Cloudy media scatter the light.
    Haze,
    /// Hardly more light than noise.
    Dark,
}

impl Fault {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Fault::Defocus, Fault::Motion, Fault::Haze, Fault::Dark];

    /// Its name in reports.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Fault::Defocus => "defocus",
            Fault::Motion => "motion",
            Fault::Haze => "haze",
            Fault::Dark => "dark",
        }
    }

    /// A photograph with this fault inside its field, at most [`SIDE`] pixels wide and high. The error is one line: it has
    /// no field.
    pub(super) fn apply(self, pixels: RgbImage) -> Result<RgbImage, String> {
        let longer = pixels.width().max(pixels.height());
        let pixels = if longer > SIDE {
            let part = |extent: u32| (extent * SIDE / longer).max(1);
            imageops::thumbnail(&pixels, part(pixels.width()), part(pixels.height()))
        } else {
            pixels
        };
        let field = find_field(&pixels).map_err(|error| error.to_string())?;
        let blurred = |part: f64| imageops::fast_blur(&pixels, (part * field.radius) as f32);
        let poor = match self {
            Fault::Defocus => blurred(DEFOCUS),
            Fault::Motion => smeared(&pixels, (MOTION * field.radius).round() as u32),
            Fault::Haze => {
                levels(blurred(VEILED_BLUR), |channel, level| (1.0 - VEIL) * level + VEIL * VEIL_COLOUR[channel])
            }
            Fault::Dark => {
                let mut rng = ChaCha8Rng::seed_from_u64(0);
                // The sum of three numbers from -1 to 1 has the deviation one.
                let mut noise = || (0..3).map(|_| rng.random_range(-1.0..1.0)).sum::<f64>();
                levels(pixels.clone(), |_, level| DARK * level + DARK_NOISE * noise())
            }
        };
        // The frame around the field is as sharp and as dark as it was: none of these faults happens there.
        Ok(RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
            let (dx, dy) = (f64::from(x) + 0.5 - field.centre_x, f64::from(y) + 0.5 - field.centre_y);
            let inside = dx * dx + dy * dy < field.visible_radius * field.visible_radius;
            *if inside { &poor } else { &pixels }.get_pixel(x, y)
        }))
    }
}

/// Every level by its channel.
fn levels(mut pixels: RgbImage, mut level: impl FnMut(usize, f64) -> f64) -> RgbImage {
    for pixel in pixels.pixels_mut() {
        for (channel, value) in pixel.0.iter_mut().enumerate() {
            *value = level(channel, f64::from(*value)).round().clamp(0.0, 255.0) as u8;
        }
    }
    pixels
}

/// The mean of each pixel and `reach` neighbours to either side in its row; at the ends of those that are there.
fn smeared(pixels: &RgbImage, reach: u32) -> RgbImage {
    let width = pixels.width();
    let mut out = pixels.clone();
    for y in 0..pixels.height() {
        // Sums of all pixels to the left of a place.
        let mut sums = Vec::with_capacity(width as usize + 1);
        sums.push([0u32; 3]);
        for x in 0..width {
            let last = sums[x as usize];
            let Rgb(level) = *pixels.get_pixel(x, y);
            sums.push([0, 1, 2].map(|channel| last[channel] + u32::from(level[channel])));
        }
        for x in 0..width {
            let (from, to) = (x.saturating_sub(reach), (x + reach + 1).min(width));
            let (before, upto) = (sums[from as usize], sums[to as usize]);
            let mean = [0, 1, 2].map(|channel| ((upto[channel] - before[channel]) / (to - from)) as u8);
            out.put_pixel(x, y, Rgb(mean));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ocellus_model::{
        phantom::{self, PracticeSet},
        quality::{Gradability, assess},
    };

    use super::*;

    #[test]
    fn every_fault_takes_away_what_it_is_named_after_and_leaves_the_frame_alone() {
        let mut drawn = (0..).map(|number| PracticeSet::new(3, 1000).photograph(number));
        let good = drawn.find(|drawn| drawn.quality == Gradability::Good).unwrap();
        let pixels = phantom::draw(&good.eye);
        let small = imageops::thumbnail(&pixels, SIDE, SIDE);
        let field = find_field(&small).unwrap();
        let before = assess(&small, &field).scores;
        for fault in Fault::ALL {
            let poor = fault.apply(pixels.clone()).unwrap();
            assert_eq!(poor.dimensions(), (SIDE, SIDE));
            let after = assess(&poor, &find_field(&poor).unwrap()).scores;
            match fault {
                Fault::Dark => assert!(after.brightness < 0.3 * before.brightness, "{before:?} {after:?}"),
                _ => assert!(after.focus < 0.5 * before.focus, "{fault:?}: {before:?} {after:?}"),
            }
            for (x, y, pixel) in poor.enumerate_pixels() {
                let from_centre = (f64::from(x) - field.centre_x).hypot(f64::from(y) - field.centre_y);
                assert!(from_centre < 1.02 * field.radius || pixel == small.get_pixel(x, y), "{fault:?} {x} {y}");
            }
        }
    }

    #[test]
    fn what_has_no_field_is_told() {
        assert!(Fault::Haze.apply(RgbImage::new(40, 30)).is_err());
    }

    #[test]
    fn a_smear_is_the_mean_of_neighbours() {
        let pixels = RgbImage::from_fn(5, 1, |x, _| Rgb([x as u8 * 10, 0, 255]));
        let smeared = smeared(&pixels, 1);
        let red: Vec<u8> = smeared.pixels().map(|pixel| pixel[0]).collect();
        assert_eq!(red, [5, 10, 20, 30, 35]);
        assert!(smeared.pixels().all(|pixel| (pixel[1], pixel[2]) == (0, 255)));
    }
}
