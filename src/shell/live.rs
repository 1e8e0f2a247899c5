//! The camera's thread takes frames as they come and hands photographs on; beside it the newest frame is measured for aiming.
//!
//! They are two because the frame that a flash lit comes once: a camera drops frames for which no buffer is free, and on a
//! slow processor measuring one takes longer than several take to come. Frames that came meanwhile are dropped.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use ocellus_board::camera::{Camera, CameraError, CameraFrame};
use ocellus_model::field::{Field, find_field};
use tokio::sync::{mpsc, watch};

use super::{
    frames,
    pulse::{Pulse, next_order},
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
    /// When the camera delivered it.
    pub(super) came: Instant,
}

/// A frame of the live picture, as the camera delivered it.
#[derive(Debug)]
pub(super) struct Fresh {
    frame: CameraFrame,
    came: Instant,
}

/// What the thread works with.
pub(super) struct Eyepiece {
    pub(super) camera: Box<dyn Camera + Send>,
    /// Whether somebody aims: otherwise frames are not measured.
    pub(super) wanted: Arc<AtomicBool>,
    /// The newest frame of the live picture; none where the camera delivers nothing.
    pub(super) frames: watch::Sender<Option<Arc<Fresh>>>,
    /// Wakes who measures it.
    pub(super) wake: SyncSender<()>,
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
                        self.show(Some(frame));
                    }
                }
                Err(error) => {
                    if delivers != Some(false) {
                        delivers = Some(false);
                        self.say(Told::Camera(Err(format!("{}: {error}", self.camera.name()))));
                        self.show(None);
                    }
                    if !matches!(error, CameraError::Stalled { .. }) {
                        thread::sleep(back_off);
                        back_off = (2 * back_off).min(BACK_OFF.1);
                    }
                }
            }
        }
    }

    /// Puts a frame in the place of the last one.
    fn show(&self, frame: Option<CameraFrame>) {
        self.frames.send_replace(frame.map(|frame| Arc::new(Fresh { frame, came: Instant::now() })));
        // Who has not looked since the last time is awake already.
        let _awake = self.wake.try_send(());
    }

    fn say(&self, told: Told) {
        // Nobody listens only when the program ends.
        let _ended = self.tell.blocking_send(told);
    }
}

/// Measures the newest frame again and again. Ends with the camera's thread.
pub(super) fn measure_newest(
    mut frames: watch::Receiver<Option<Arc<Fresh>>>,
    wakes: &Receiver<()>,
    newest: &watch::Sender<Option<Arc<Preview>>>,
    pulse: &Pulse,
) {
    while next_order(wakes, pulse).is_some() {
        // The frame that it was woken for may have been measured in the place of the one before.
        if !frames.has_changed().unwrap_or(false) {
            continue;
        }
        let frame = frames.borrow_and_update().clone();
        match frame.as_deref().map(measure) {
            None => drop(newest.send_replace(None)),
            Some(Some(preview)) => drop(newest.send_replace(Some(Arc::new(preview)))),
            Some(None) => log::info!("a frame of the live picture cannot be read"),
        }
    }
}

/// Measures a frame; none where it can't be read.
fn measure(&Fresh { ref frame, came }: &Fresh) -> Option<Preview> {
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
    Some(Preview { picture: Picture { pixels: Arc::new(pixels), field }, aim, sharpness, brightness, came })
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use ocellus_board::camera::PixelFormat;

    use super::*;

    /// Frames of the live picture, then the one that the flash lit, then nothing.
    struct Scripted(Vec<CameraFrame>);

    impl Camera for Scripted {
        fn name(&self) -> &str {
            "scripted"
        }

        fn is_simulated(&self) -> bool {
            true
        }

        fn next_frame(&mut self, within: Duration) -> Result<CameraFrame, CameraError> {
            self.0.pop().ok_or(CameraError::Stalled { within })
        }
    }

    fn frame(number: u8, lit_by_flash: bool) -> CameraFrame {
        let format = PixelFormat::Jpeg;
        CameraFrame { sequence: number.into(), taken: None, format, lit_by_flash, bytes: vec![number] }
    }

    // verifies: RQ-170
    #[test]
    fn a_photograph_comes_however_long_measuring_takes_and_of_the_frames_before_it_the_newest_is_left() {
        let camera = Scripted(vec![frame(4, true), frame(3, false), frame(2, false), frame(1, false)]);
        let (frames_in, mut frames) = watch::channel(None);
        let (wake, _wakes) = sync_channel(1);
        let (tell, mut told) = mpsc::channel(4);
        let eyepiece = Eyepiece {
            camera: Box::new(camera),
            wanted: Arc::new(AtomicBool::new(true)),
            frames: frames_in,
            wake,
            tell,
            pulse: Pulse::default(),
        };
        let thread = thread::spawn(move || eyepiece.run());
        // Nobody measures at all.
        assert!(matches!(told.blocking_recv(), Some(Told::Camera(Ok(())))));
        let Some(Told::Photograph(bytes)) = told.blocking_recv() else { panic!("expected the photograph") };
        assert_eq!(bytes, [4]);
        let newest = frames.borrow_and_update().clone().map(|fresh| fresh.frame.sequence);
        // The camera says nothing any more: its last picture is taken away, sooner or later.
        assert!([Some(3), None].contains(&newest), "{newest:?}");
        assert!(matches!(told.blocking_recv(), Some(Told::Camera(Err(_)))));
        drop(told);
        // It tells first and takes the picture away then.
        thread.join().unwrap();
        assert!(frames.borrow_and_update().is_none());
    }
}
