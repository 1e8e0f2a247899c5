//! Another camera: a loopback device (`v4l2loopback`), into which photographs are played as a camera's JPEGs come.

use std::{
    fs::{self, File},
    io::Write,
    thread,
    time::{Duration, Instant},
};

use ocellus_board::camera::{Camera, negotiation::Wish};
use v4l::{
    Device, Format, FourCC,
    video::{Output, output::Parameters},
};

use crate::{Failure, TERMS, camera};

/// The device's output, and the camera that it is.
const DEVICE: &str = "/dev/video0";
/// Frames that are looked at.
const FRAMES: u32 = 40;

/// Plays the JPEGs of a folder, by their names, again and again, until it is ended.
pub(crate) fn play(folder: &str, wish: &Wish) -> Result<String, Failure> {
    let mut files: Vec<_> = fs::read_dir(folder).map_err(|error| format!("{folder}: {error}"))?.flatten().collect();
    files.sort_by_key(fs::DirEntry::file_name);
    let frames: Result<Vec<_>, _> = files.iter().map(|file| fs::read(file.path())).collect();
    let frames = frames.map_err(|error| format!("{folder}: {error}"))?;
    let Wish { width, height, per_second, .. } = wish;
    let failed = |error: std::io::Error| format!("{DEVICE}: {error}");
    // As long as somebody has it open, the format that was set stays.
    let device = Device::with_path(DEVICE).map_err(failed)?;
    device.set_format(&Format::new(*width, *height, FourCC::new(b"MJPG"))).map_err(failed)?;
    device.set_params(&Parameters::with_fps(*per_second)).map_err(failed)?;
    let mut output = File::options().write(true).open(DEVICE).map_err(failed)?;
    let mut due = Instant::now();
    for frame in frames.iter().cycle() {
        output.write_all(frame).map_err(failed)?;
        due += Duration::from_secs(1) / *per_second;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Err(format!("{folder}: no photograph"))
}

/// Some of the frames end before their end: none of those is handed on, and the stream goes on.
pub(crate) fn torn(wish: Wish) -> Result<String, Failure> {
    let mut camera = camera(wish);
    for _ in 0..FRAMES {
        let frame = camera.next_frame(TERMS.frame_within).map_err(|error| error.to_string())?;
        if !frame.bytes.ends_with(&[0xff, 0xd9]) {
            return Err(format!("frame {} of {} bytes has no end", frame.sequence, frame.bytes.len()));
        }
    }
    let (counts, failures) = (camera.counts(), camera.failures());
    match counts.torn > 0 && failures == 0 {
        true => Ok(format!("{} torn and dropped, {} kept", counts.torn, counts.kept)),
        false => Err(format!("{counts:?}, {failures} failures")),
    }
}
