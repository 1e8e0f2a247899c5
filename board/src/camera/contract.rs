//! What every camera must do, as checks that run on any: simulated, replayed or real.
//!
//! A test makes a camera and says by when it delivers; the checks tell the first thing that is not as it must be.

use std::{
    fmt,
    time::{Duration, Instant},
};

use super::{Camera, CameraError, CameraFrame, PixelFormat};

/// What may be expected of this camera on this machine.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// By when a frame comes from a camera that works, the first included.
    pub frame_within: Duration,
    /// How much longer than it was allowed a call may take: what the machine needs to wake a thread, or to open a camera.
    pub slack: Duration,
    /// How many frames are looked at.
    pub frames: u32,
}

/// A camera that does not do what it must.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Breach(String);

impl Breach {
    fn new(what: impl fmt::Display) -> Self {
        Breach(what.to_string())
    }
}

/// What came while a check ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Frames.
    pub frames: u32,
    /// Frames that are missing between them, by their numbers.
    pub missing: u32,
    /// Calls that ended without a frame.
    pub empty_handed: u32,
}

/// Whole frames come, one after the other, all of one format, with rising numbers and times.
///
/// # Errors
/// What is not so.
pub fn delivers(camera: &mut dyn Camera, terms: &Terms) -> Result<Seen, Breach> {
    let simulated = camera.is_simulated();
    let mut seen = Seen::default();
    let mut last: Option<CameraFrame> = None;
    while seen.frames < terms.frames {
        let frame = next(camera, terms)?;
        is_whole(&frame)?;
        if let Some(last) = &last {
            seen.missing = seen.missing.saturating_add(follows(last, &frame)?);
        }
        seen.frames += 1;
        last = Some(frame);
    }
    if camera.name().trim().is_empty() || camera.name().contains('\n') {
        return Err(Breach::new(format_args!("its name is no line of text: {:?}", camera.name())));
    }
    if camera.is_simulated() != simulated {
        return Err(Breach::new("whether it is simulated changed while it ran"));
    }
    Ok(seen)
}

/// A call takes no longer than it may, and one that was too short for a frame does the camera no harm.
///
/// # Errors
/// What is not so.
pub fn keeps_deadlines(camera: &mut dyn Camera, terms: &Terms) -> Result<Seen, Breach> {
    /// Shorter than the interval between the frames of any camera that this is used with.
    const SHORT: Duration = Duration::from_millis(1);
    let mut seen = Seen::default();
    next(camera, terms)?;
    for _ in 0..terms.frames {
        match timed(camera, SHORT, terms)? {
            Ok(_) => seen.frames += 1,
            Err(CameraError::Stalled { within }) if within == SHORT => seen.empty_handed += 1,
            Err(error) => return Err(Breach::new(format_args!("a short deadline brings: {error}"))),
        }
    }
    if seen.empty_handed == 0 {
        return Err(Breach::new(format_args!("{} frames came in a millisecond each", seen.frames)));
    }
    for _ in 0..3 {
        next(camera, terms)?;
        seen.frames += 1;
    }
    Ok(seen)
}

/// A camera that is lost says so by a cause that `is_cause` knows, never keeps a call for longer than it may, and delivers
/// again by itself when it is given back.
///
/// `take` takes it away (or spoils it), `give` gives it back; `noticed` is by when the loss must be told, `back` by when
/// frames must come again.
///
/// # Errors
/// What is not so.
pub fn comes_back(
    camera: &mut dyn Camera,
    terms: &Terms,
    (noticed, back): (Duration, Duration),
    take: impl FnOnce(),
    give: impl FnOnce(),
    is_cause: impl Fn(&CameraError) -> bool,
) -> Result<Seen, Breach> {
    /// How long a call waits while the camera is away.
    const CALL: Duration = Duration::from_millis(200);
    let mut seen = Seen::default();
    let before = next(camera, terms)?;
    take();
    let away = Instant::now();
    let mut causes: Vec<CameraError> = Vec::new();
    while !causes.last().is_some_and(&is_cause) {
        match timed(camera, CALL, terms)? {
            Ok(_) => seen.frames += 1,
            Err(cause) => {
                seen.empty_handed += 1;
                if causes.last() != Some(&cause) {
                    causes.push(cause);
                }
            }
        }
        if away.elapsed() > noticed {
            let causes: Vec<_> = causes.iter().map(CameraError::to_string).collect();
            let frames = seen.frames;
            return Err(Breach::new(format_args!("not told within {noticed:?}: {frames} frames came, and {causes:?}")));
        }
    }
    give();
    let given = Instant::now();
    let after = loop {
        match timed(camera, CALL, terms)? {
            Ok(frame) => break frame,
            Err(cause) if given.elapsed() > back => {
                return Err(Breach::new(format_args!("no frame within {back:?} of its being back: {cause}")));
            }
            Err(_) => seen.empty_handed += 1,
        }
    };
    is_whole(&after)?;
    seen.missing = follows(&before, &after)?;
    for _ in 0..3 {
        next(camera, terms)?;
        seen.frames += 1;
    }
    Ok(seen)
}

fn next(camera: &mut dyn Camera, terms: &Terms) -> Result<CameraFrame, Breach> {
    timed(camera, terms.frame_within, terms)?.map_err(|error| Breach::new(format_args!("no frame: {error}")))
}

fn timed(camera: &mut dyn Camera, within: Duration, terms: &Terms) -> Result<Result<CameraFrame, CameraError>, Breach> {
    let begin = Instant::now();
    let answer = camera.next_frame(within);
    let took = begin.elapsed();
    match took > within + terms.slack {
        true => Err(Breach::new(format_args!("a call that might take {within:?} took {took:?}"))),
        false => Ok(answer),
    }
}

fn is_whole(frame: &CameraFrame) -> Result<(), Breach> {
    let bytes = &frame.bytes;
    let whole = match frame.format {
        PixelFormat::Jpeg | PixelFormat::Mjpeg { .. } => {
            bytes.starts_with(&[0xff, 0xd8]) && bytes.ends_with(&[0xff, 0xd9])
        }
        PixelFormat::Raw(raster) => raster.row_bytes() > 0 && bytes.len() >= raster.bytes(),
    };
    match whole {
        true => Ok(()),
        false => Err(Breach::new(format_args!("{} bytes are no {:?}", bytes.len(), frame.format))),
    }
}

/// How many frames are missing between these.
fn follows(last: &CameraFrame, frame: &CameraFrame) -> Result<u32, Breach> {
    if last.format != frame.format {
        return Err(Breach::new(format_args!("{:?} became {:?}", last.format, frame.format)));
    }
    match frame.sequence.wrapping_sub(last.sequence) {
        0 => return Err(Breach::new(format_args!("two frames are number {}", frame.sequence))),
        step if step > u32::MAX / 2 => {
            return Err(Breach::new(format_args!("after number {} came {}", last.sequence, frame.sequence)));
        }
        _ => {}
    }
    if let (Some(before), Some(now)) = (last.taken, frame.taken)
        && now <= before
    {
        return Err(Breach::new(format_args!("a frame of {now:?} came after one of {before:?}")));
    }
    Ok(frame.sequence.wrapping_sub(last.sequence) - 1)
}
