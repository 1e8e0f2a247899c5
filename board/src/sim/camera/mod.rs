//! A simulated fundus camera: still photographs as a live, shaky, defocused, lit stream.
//!
//! ```text
//!   Stage (who stands there) ──► Print (sharp and blurred levels, made once a scene)
//!                                        │
//!   Rig (light, flash, motor, target) ───┼──► preview frames, small: `preview`
//!                                        └──► the flash photograph, full size: `photograph`
//! ```
//!
//! A camera looks at the [`Rig`] that the simulated controller drives: the aiming light makes the preview bright, the
//! motor blurs it by its distance from where the [`Scene`] is sharp, the fixation target turns the eye, and a flash
//! makes the next frame the photograph. What it shows depends on nothing but seed, scene, rig and the number of the
//! frame; the eye's time runs with the frames that are fetched, not with the clock.
//!
//! Terms: a *print* is a still made ready for frames; the *gaze* is how far the picture is shifted from the still.
//!
//! Not here: reading the still from a file, and what it shows.

mod gaze;
mod photograph;
mod preview;
mod print;
mod stage;
#[cfg(test)]
mod tests;

use std::{
    thread,
    time::{Duration, Instant},
};

use ::image::RgbImage;
use jpeg_encoder::{ColorType, Encoder};

use super::rig::{Bench, Rig};
use crate::camera::{Camera, CameraError, CameraFrame, PixelFormat};
use gaze::Gaze;
use stage::Standing;

pub use stage::{Damage, Link, Scene, Spoil, Stage};

/// Quality of preview frames: small files at a high rate.
const PREVIEW_QUALITY: u8 = 80;
/// Quality of photographs: the still has been through a JPEG already.
const PHOTOGRAPH_QUALITY: u8 = 95;
/// How often a waiting camera looks whether it is connected again.
const LOOK: Duration = Duration::from_millis(10);

/// A camera before a [`Stage`].
#[derive(Debug)]
pub struct SimulatedCamera {
    rig: Rig,
    stage: Stage,
    seed: u64,
    interval: Duration,
    /// Before this no frame is ready.
    due: Instant,
    sequence: u32,
    /// Flashes the rig had counted when a frame was last made.
    flashes: u32,
    /// Number of the standing that the gaze belongs to.
    standing: u64,
    gaze: Gaze,
    last: Option<CameraFrame>,
}

impl SimulatedCamera {
    /// A camera that yields `per_second` frames a second, at least 1. Flashes fired before are not photographed.
    pub fn new(rig: Rig, stage: Stage, seed: u64, per_second: u32) -> Self {
        let per_second = per_second.max(1);
        SimulatedCamera {
            flashes: rig.bench().flashes,
            rig,
            stage,
            seed,
            interval: Duration::from_secs(1) / per_second,
            due: Instant::now(),
            sequence: 0,
            standing: 0,
            gaze: Gaze::new(seed, per_second),
            last: None,
        }
    }

    /// Waits until a frame is ready, at most until `end`.
    fn wait(&mut self, end: Instant, within: Duration) -> Result<(), CameraError> {
        loop {
            let link = self.stage.link();
            let now = Instant::now();
            if link != Link::Up {
                // What flashes meanwhile is on no photograph.
                self.flashes = self.rig.bench().flashes;
            }
            match link {
                Link::Gone => return Err(CameraError::Absent { detail: "the simulated camera was unplugged".into() }),
                Link::Up if self.due <= now => {
                    // A camera nobody asked for a while has no frames in store.
                    self.due = (self.due + self.interval).max(now);
                    return Ok(());
                }
                Link::Up | Link::Stalled if end <= now => return Err(CameraError::Stalled { within }),
                Link::Up => thread::sleep((self.due - now).min(end - now).min(LOOK)),
                Link::Stalled => thread::sleep((end - now).min(LOOK)),
            }
        }
    }

    /// Makes the next frame.
    fn expose(&mut self) -> Result<CameraFrame, CameraError> {
        let bench = self.rig.bench();
        let Standing { number, print } = self.stage.standing();
        if number != self.standing {
            self.standing = number;
            self.gaze = self.gaze.of_another(number);
        }
        self.gaze.step(&bench, print.as_deref().map(|print| print.scene()));
        let lit_by_flash = bench.flashes != self.flashes;
        self.flashes = bench.flashes;
        let (pixels, quality) = if lit_by_flash {
            let spoil = self.stage.take_spoil();
            (photograph::draw(print.as_deref(), &bench, self.gaze.at(), spoil, self.noise_seed()), PHOTOGRAPH_QUALITY)
        } else {
            (preview::draw(print.as_deref(), &bench, self.gaze.at(), self.noise_seed()), PREVIEW_QUALITY)
        };
        let bytes = encode(&pixels, quality)?;
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        Ok(CameraFrame { sequence, taken: None, format: PixelFormat::Jpeg, lit_by_flash, bytes })
    }

    fn noise_seed(&self) -> u64 {
        mix(self.seed ^ u64::from(self.sequence))
    }
}

impl Camera for SimulatedCamera {
    fn name(&self) -> &str {
        "simulated camera"
    }

    fn is_simulated(&self) -> bool {
        true
    }

    fn next_frame(&mut self, within: Duration) -> Result<CameraFrame, CameraError> {
        self.wait(Instant::now() + within, within)?;
        let damage = self.stage.take_damage();
        match (damage, &self.last) {
            (Some(Damage::Repeated), Some(last)) => return Ok(last.clone()),
            (Some(Damage::Lost(frames)), _) => self.sequence = self.sequence.wrapping_add(frames),
            _ => {}
        }
        let mut frame = self.expose()?;
        if damage == Some(Damage::Torn) {
            frame.bytes.truncate(frame.bytes.len() / 2);
        }
        self.last = Some(frame.clone());
        Ok(frame)
    }
}

fn encode(pixels: &RgbImage, quality: u8) -> Result<Vec<u8>, CameraError> {
    let gone = |detail: String| CameraError::Absent { detail };
    let [width, height] = [pixels.width(), pixels.height()].map(u16::try_from);
    let (Ok(width), Ok(height)) = (width, height) else {
        return Err(gone(format!("{}x{} pixels do not fit a JPEG file", pixels.width(), pixels.height())));
    };
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, quality)
        .encode(pixels.as_raw(), width, height, ColorType::Rgb)
        .map_err(|error| gone(error.to_string()))?;
    Ok(bytes)
}

/// Level of a picture, which follows the light as the camera's file format writes it (gamma 2.2), for a light given as
/// a part of the light that the still was taken with.
fn level(light: f32) -> f32 {
    light.max(0.0).powf(1.0 / 2.2)
}

/// Standard deviation of the blur, as a part of the picture's longer side.
fn blur(bench: &Bench, scene: &Scene) -> f32 {
    /// At the end of the depth of focus.
    const AT_DEPTH: f32 = 0.0006;
    let off = bench.focus_steps.abs_diff(scene.sharp_at_steps) as f32;
    AT_DEPTH * off / scene.depth_of_focus_steps.max(1) as f32
}

/// Spreads the bits of a number (the finaliser of SplitMix64; Steele, Lea and Flood 2014).
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number in -1..1 from a hash.
fn spread(bits: u64) -> f32 {
    (bits >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
}
