//! The camera's thread: the newest frame is measured for aiming, older ones are dropped; photographs are handed on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use ocellus_board::camera::{Camera, CameraError, CameraFrame};
use ocellus_model::field::{Field, find_field};
use tokio::sync::{mpsc, watch};

use super::{
    frames,
    pulse::Pulse,
    told::{Picture, Told},
};
use crate::{auto_shutter::AimField, focus};

/// How long one frame may take before the camera counts as silent.
const FRAME_WITHIN: Duration = Duration::from_secs(1);
/// How long a camera that is gone is left alone, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// A frame of the live picture, measured.
#[derive(Debug, Clone)]
pub(super) struct Preview {
    pub(super) picture: Picture,
    /// Where the field lies in the frame.
    pub(super) aim: Option<AimField>,
    /// Focus score, see [`focus::sharpness`].
    pub(super) sharpness: f64,
    /// Mean level inside the field, 0 to 1.
    pub(super) brightness: f64,
}

/// What the thread works with.
pub(super) struct Eyepiece {
    pub(super) camera: Box<dyn Camera + Send>,
    /// Whether somebody aims: otherwise frames are not measured.
    pub(super) wanted: Arc<AtomicBool>,
    pub(super) newest: watch::Sender<Option<Arc<Preview>>>,
    pub(super) tell: mpsc::Sender<Told>,
    pub(super) pulse: Pulse,
}

impl Eyepiece {
    /// Runs until nobody listens any more.
    pub(super) fn run(mut self) {
        let mut delivers = None;
        let mut back_off = BACK_OFF.0;
        while !self.tell.is_closed() {
            self.pulse.beat();
            match self.camera.next_frame(FRAME_WITHIN) {
                Ok(frame) => {
                    back_off = BACK_OFF.0;
                    if delivers != Some(true) {
                        delivers = Some(true);
                        self.say(Told::Camera(Ok(())));
                    }
                    if frame.lit_by_flash {
                        self.say(Told::Photograph(frames::into_file(frame)));
                    } else if self.wanted.load(Ordering::Relaxed) {
                        match measure(&frame) {
                            Some(preview) => drop(self.newest.send_replace(Some(Arc::new(preview)))),
                            None => log::info!("{}: a frame cannot be read", self.camera.name()),
                        }
                    }
                }
                Err(error) => {
                    if delivers != Some(false) {
                        delivers = Some(false);
                        self.say(Told::Camera(Err(format!("{}: {error}", self.camera.name()))));
                        self.newest.send_replace(None);
                    }
                    if !matches!(error, CameraError::Stalled { .. }) {
                        thread::sleep(back_off);
                        back_off = (2 * back_off).min(BACK_OFF.1);
                    }
                }
            }
        }
    }

    fn say(&self, told: Told) {
        // Nobody listens only when the program ends.
        let _ended = self.tell.blocking_send(told);
    }
}

/// Measures a frame; none where it can't be read.
fn measure(frame: &CameraFrame) -> Option<Preview> {
    let pixels = frames::decode(frame).ok()?.pixels;
    let field = find_field(&pixels).ok();
    let half = f64::from(pixels.width().min(pixels.height())) / 2.0;
    let aim = field.map(|field| AimField {
        right: (field.centre_x - f64::from(pixels.width()) / 2.0) / half,
        down: (field.centre_y - f64::from(pixels.height()) / 2.0) / half,
        radius: field.radius / half,
    });
    let sharpness = field.as_ref().map_or(0.0, |field| focus::sharpness(&pixels, field));
    let brightness = field.as_ref().map_or(0.0, |field| brightness(&pixels, field));
    Some(Preview { picture: Picture { pixels: Arc::new(pixels), field }, aim, sharpness, brightness })
}

/// Mean of the brightest channel over a grid of places inside the field, 0 to 1.
fn brightness(pixels: &::image::RgbImage, field: &Field) -> f64 {
    const STEP: f64 = 1.0 / 16.0;
    let (mut sum, mut count) = (0.0, 0.0);
    for (u, v) in (-14..=14).flat_map(|u| (-14..=14).map(move |v| (f64::from(u) * STEP, f64::from(v) * STEP))) {
        if u * u + v * v > 0.8 {
            continue;
        }
        let (x, y) = (field.centre_x + u * field.radius, field.centre_y + v * field.radius);
        if x < 0.0 || y < 0.0 {
            continue;
        }
        if let Some(pixel) = pixels.get_pixel_checked(x as u32, y as u32) {
            sum += f64::from(pixel.0.into_iter().max().unwrap_or(0)) / 255.0;
            count += 1.0;
        }
    }
    if count > 0.0 { sum / count } else { 0.0 }
}
