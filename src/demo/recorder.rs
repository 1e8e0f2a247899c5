//! A panel that keeps what it shows: each screen as a PNG, and the whole as one animated picture.

use std::{
    fs::File,
    io::{self, BufWriter},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use image::{
    RgbImage,
    imageops::{self, FilterType},
};
use ocellus_board::panel::{Frame, Geometry, Offscreen, Panel, PanelError};

/// Width of the animated picture, in pixels.
const WIDTH: u32 = 480;
/// Time between two pictures of it at least: a live picture need not be seen in full motion.
const EVERY: Duration = Duration::from_millis(400);
/// How long a screen stands in it at most.
const STANDS: Duration = Duration::from_millis(2500);
/// Pictures of it at most.
const PICTURES_MAX: usize = 120;

/// Pictures with the times at which they appeared.
type Pictures = Arc<Mutex<Vec<(Instant, RgbImage)>>>;

/// The name of the screen that stands there.
type Standing = Arc<(Mutex<String>, Condvar)>;

/// The panel.
#[derive(Debug)]
pub(super) struct Recorder {
    offscreen: Offscreen,
    pictures: Pictures,
    standing: Standing,
    last: Option<(String, Instant)>,
}

/// What was recorded, for when the panel is gone.
#[derive(Debug, Clone)]
pub(super) struct Recording {
    pictures: Pictures,
    standing: Standing,
}

impl Recorder {
    /// A panel that writes screens into `folder`, and what it has recorded.
    pub(super) fn new(geometry: Geometry, folder: &Path) -> (Self, Recording) {
        let pictures = Pictures::default();
        let standing = Standing::default();
        let recording = Recording { pictures: pictures.clone(), standing: standing.clone() };
        let recorder = Recorder { offscreen: Offscreen::new(geometry, folder), pictures, standing, last: None };
        (recorder, recording)
    }
}

impl Panel for Recorder {
    fn geometry(&self) -> Geometry {
        self.offscreen.geometry()
    }

    fn present(&mut self, frame: &Frame, name: &str) -> Result<(), PanelError> {
        self.offscreen.present(frame, name)?;
        let (standing, changed) = &*self.standing;
        name.clone_into(&mut standing.lock().unwrap_or_else(PoisonError::into_inner));
        changed.notify_all();
        let now = Instant::now();
        if self.last.as_ref().is_some_and(|(last, at)| last == name && now - *at < EVERY) {
            return Ok(());
        }
        self.last = Some((name.to_owned(), now));
        let (width, height) = frame.pixels().dimensions();
        let small = imageops::resize(frame.pixels(), WIDTH, height * WIDTH / width, FilterType::Triangle);
        let mut pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        if pictures.len() < PICTURES_MAX {
            pictures.push((now, small));
        }
        Ok(())
    }
}

impl Recording {
    /// Waits until a screen of this name stands on the panel, or so long.
    pub(super) fn wait_for(&self, name: &str, within: Duration) {
        let (standing, changed) = &*self.standing;
        let standing = standing.lock().unwrap_or_else(PoisonError::into_inner);
        // One that never comes is for the operator to find out.
        drop(changed.wait_timeout_while(standing, within, |standing| standing != name));
    }

    /// Writes the animated picture (GIF), which starts again at its end.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(super) fn write(&self, path: &Path) -> io::Result<PathBuf> {
        let pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, first)) = pictures.first() else { return Err(io::Error::other("nothing was shown")) };
        let (width, height) = (first.width() as u16, first.height() as u16);
        let file = BufWriter::new(File::create(path)?);
        let mut encoder = gif::Encoder::new(file, width, height, &[]).map_err(io::Error::other)?;
        encoder.set_repeat(gif::Repeat::Infinite).map_err(io::Error::other)?;
        for (number, (at, picture)) in pictures.iter().enumerate() {
            let stands = pictures.get(number + 1).map_or(STANDS, |(next, _)| (*next - *at).min(STANDS));
            let mut frame = gif::Frame::from_rgb_speed(width, height, picture.as_raw(), 10);
            frame.delay = (stands.as_millis() / 10) as u16;
            encoder.write_frame(&frame).map_err(io::Error::other)?;
        }
        Ok(path.to_owned())
    }
}
