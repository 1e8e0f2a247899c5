//! Good photographs made worse in graded steps by simple physics: the score that should tell of it falls with each step,
//! and at the end the gate says what is wrong.

#![expect(clippy::disallowed_methods, reason = "what a test works out stays on this machine")]
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

use image::{Rgb, RgbImage, imageops};
use ocellus_model::{
    field::{Field, find_field},
    image::read,
    quality::{Quality, Reason, Reduction, assess, measures::Measures},
};

mod real;
mod source;

/// Photographs of each graded source.
const PHOTOGRAPHS: usize = 12;
/// Steps of a ladder; the first is the photograph itself.
const STEPS: usize = 5;
/// A score that rises by less than this has not risen: rounding to 8 bits does as much.
const NOISE: f64 = 0.004;

/// Graded ways to make a photograph worse.
#[derive(Debug, Clone, Copy)]
enum Ladder {
    /// The retina is not where the sensor is focused: a blur all around.
    Defocus,
    /// The eye moves during the flash: a blur along one line.
    Motion,
    /// Less light.
    Underexposure,
    /// Cloudy media scatter light over everything: less contrast, and some blur.
    Haze,
    /// A lid hangs into the beam from above or below, on the side that is the darker one already: on the other it would
    /// even the light out at first.
    Lid,
    /// The light falls off to one side, the darker one.
    Vignetting,
    /// The pupil cuts the light off all around.
    Pupil,
}

const LADDERS: [Ladder; 7] = [
    Ladder::Defocus,
    Ladder::Motion,
    Ladder::Underexposure,
    Ladder::Haze,
    Ladder::Lid,
    Ladder::Vignetting,
    Ladder::Pupil,
];

impl Ladder {
    fn score(self, pixels: &RgbImage, field: &Field) -> f64 {
        let scores = assess(pixels, field).scores;
        match self {
            Ladder::Defocus | Ladder::Motion | Ladder::Haze => scores.focus,
            Ladder::Underexposure => scores.brightness,
            Ladder::Lid | Ladder::Vignetting => scores.evenness,
            Ladder::Pupil => Measures::of(&Reduction::of(pixels, field)).rim,
        }
    }

    /// What the gate may call the last step. More than one word is right where the photograph had the fault's cousin
    /// already, or where the fault brings another one with it.
    fn names(self) -> &'static [Reason] {
        match self {
            Ladder::Defocus => &[Reason::Blurred],
            Ladder::Motion => &[Reason::Motion],
            Ladder::Underexposure => &[Reason::TooDark],
            Ladder::Haze => &[Reason::MediaOpacitySuspected],
            Ladder::Lid => &[Reason::EyelidOrLashes, Reason::TooDark],
            Ladder::Vignetting => &[Reason::UnevenLight, Reason::TooDark],
            Ladder::Pupil => &[Reason::SmallPupil],
        }
    }

    /// The photograph at a step, 0 for as it is.
    fn apply(self, pixels: &RgbImage, field: &Field, step: usize) -> RgbImage {
        if step == 0 {
            return pixels.clone();
        }
        let part = step as f64 / (STEPS - 1) as f64;
        match self {
            Ladder::Defocus => imageops::blur(pixels, (0.03 * part * field.radius) as f32),
            Ladder::Motion => smear(pixels, (0.12 * part * field.radius) as i64),
            Ladder::Underexposure => shade(pixels, |_, _| 1.0 - 0.985 * part),
            Ladder::Haze => {
                let soft = imageops::blur(pixels, (0.01 * part * field.radius) as f32);
                let veil = [150.0, 110.0, 80.0];
                within(&soft, field, |channel, level| level * (1.0 - 0.8 * part) + 0.8 * part * veil[channel])
            }
            Ladder::Lid => {
                let side = if darker(pixels, field, |_, dy| dy < 0.0) { 1.0 } else { -1.0 };
                // How far the lid's edge is from the field's upper (or lower) rim, in radii.
                let edge = 0.2 + 0.8 * part;
                shade(pixels, |_, y| {
                    let into = side * (y - field.centre_y) / field.radius + 1.0;
                    0.05 + 0.95 / (1.0 + ((edge - into) * 16.0).exp())
                })
            }
            Ladder::Vignetting => {
                let side = if darker(pixels, field, |dx, _| dx < 0.0) { -1.0 } else { 1.0 };
                shade(pixels, |x, _| {
                    let across = (side * (x - field.centre_x) / field.radius).clamp(-1.0, 1.0);
                    (1.0 - part * (across + 1.0) / 2.0).powi(4)
                })
            }
            Ladder::Pupil => shade(pixels, |x, y| {
                let eccentricity = (x - field.centre_x).hypot(y - field.centre_y) / field.visible_radius;
                0.02 + 0.98 / (1.0 + ((eccentricity - (1.05 - 0.7 * part)) * 12.0).exp())
            }),
        }
    }
}

/// Multiplies the light (linear, as sRGB stores it) at each place.
fn shade(pixels: &RgbImage, light: impl Fn(f64, f64) -> f64) -> RgbImage {
    let linear = |level: u8| (f64::from(level) / 255.0).powf(2.2);
    RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let factor = light(f64::from(x), f64::from(y));
        Rgb(pixels.get_pixel(x, y).0.map(|level| ((linear(level) * factor).powf(1.0 / 2.2) * 255.0).round() as u8))
    })
}

/// Whether the part of the field that `belongs` (by its place from the centre) is darker than the rest, in green.
fn darker(pixels: &RgbImage, field: &Field, belongs: impl Fn(f64, f64) -> bool) -> bool {
    let mut halves = [(0.0, 0.0); 2];
    for (x, y, pixel) in pixels.enumerate_pixels() {
        let (dx, dy) = (f64::from(x) + 0.5 - field.centre_x, f64::from(y) + 0.5 - field.centre_y);
        if dx.hypot(dy) < 0.9 * field.visible_radius {
            let half = &mut halves[usize::from(belongs(dx, dy))];
            *half = (half.0 + f64::from(pixel[1]), half.1 + 1.0);
        }
    }
    halves[1].0 / halves[1].1 < halves[0].0 / halves[0].1
}

/// Changes levels inside the field only.
fn within(pixels: &RgbImage, field: &Field, change: impl Fn(usize, f64) -> f64) -> RgbImage {
    RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let Rgb(colour) = *pixels.get_pixel(x, y);
        let (dx, dy) = (f64::from(x) + 0.5 - field.centre_x, f64::from(y) + 0.5 - field.centre_y);
        if dx.hypot(dy) > field.radius {
            return Rgb(colour);
        }
        Rgb([0, 1, 2].map(|channel| change(channel, f64::from(colour[channel])).round().clamp(0.0, 255.0) as u8))
    })
}

/// The mean along a slanted line of `length` pixels.
fn smear(pixels: &RgbImage, length: i64) -> RgbImage {
    let (width, height) = (i64::from(pixels.width()), i64::from(pixels.height()));
    RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let mut sums = [0u64; 3];
        for step in 0..=length {
            let along = step - length / 2;
            let x = (i64::from(x) + along).clamp(0, width - 1);
            let y = (i64::from(y) + along / 2).clamp(0, height - 1);
            for (sum, level) in sums.iter_mut().zip(pixels.get_pixel(x as u32, y as u32).0) {
                *sum += u64::from(level);
            }
        }
        Rgb(sums.map(|sum| (sum / (length as u64 + 1)) as u8))
    })
}

/// Good photographs of the graded sources, with their fields.
fn good() -> Option<Vec<(String, RgbImage, Field)>> {
    let mut good = Vec::new();
    // The sources whose photographs people called good.
    for source in ["drimdb", "hei_med"] {
        for file in source::files(source, PHOTOGRAPHS)? {
            let pixels = read(&file).unwrap().pixels;
            if let Ok(field) = find_field(&pixels) {
                good.push((file.display().to_string(), pixels, field));
            }
        }
    }
    assert!(good.len() >= PHOTOGRAPHS * 2 * 9 / 10, "only {} photographs", good.len());
    Some(good)
}

#[test]
fn each_step_down_a_ladder_lowers_the_score_that_tells_of_it() {
    let Some(good) = good() else { return };
    let mut faults = Vec::new();
    for (file, pixels, field) in &good {
        for ladder in LADDERS {
            let scores: Vec<f64> =
                (0..STEPS).map(|step| ladder.score(&ladder.apply(pixels, field, step), field)).collect();
            let falls = scores.windows(2).all(|pair| pair[1] <= pair[0] + NOISE);
            // The first step may be within the noise of a photograph that has the fault already; the last may not.
            if !falls || scores[STEPS - 1] > 0.8 * scores[0] {
                faults.push(format!("{file}: {ladder:?} {scores:.3?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), good.len() * LADDERS.len(), faults.join("\n"));
}

/// Part of the photographs whose last step has to be called by its name.
const NAMED: f64 = 0.9;

// verifies: RQ-003
#[test]
fn at_the_foot_of_a_ladder_the_gate_says_what_is_wrong() {
    let Some(good) = good() else { return };
    let mut faults = Vec::new();
    for ladder in LADDERS {
        let (named, others): (Vec<Quality>, Vec<Quality>) = good
            .iter()
            .map(|(_, pixels, field)| assess(&ladder.apply(pixels, field, STEPS - 1), field))
            .partition(|quality| ladder.names().iter().any(|name| quality.reasons.contains(name)));
        let share = named.len() as f64 / good.len() as f64;
        let others: Vec<_> = others.iter().map(|quality| (&quality.reasons, quality.scores.ungradable)).collect();
        if share < NAMED {
            faults.push(format!("{ladder:?}: {share:.2} named; others: {others:.2?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
