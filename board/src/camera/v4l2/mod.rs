//! A camera of the kernel's (V4L2): frames by mapped buffers, each wait with a deadline, built anew whenever it fails.
//!
//! Every failure is told as what it is, and the camera is then opened again from the beginning, the device file looked up
//! anew, with waits between the tries. So a camera that is plugged in again, under whatever number, is simply there, and
//! a stream that hangs is not left hanging.
//!
//! Not here: what the pixels show, and decoding.

mod device;
mod find;
mod hold;

use std::{fmt, mem, thread, time::Duration};

pub use find::Address;

use super::{
    Camera, CameraError, CameraFrame, Shutter,
    account::Counts,
    negotiation::Wish,
    recovery::{Quiet, Recovery, Step},
    shutter,
};
use device::{NoFrame, Opened, Taken};
use hold::Hold;

/// How long an open camera may send nothing at least, and in intervals between its frames.
const PATIENCE: (Duration, u32) = (Duration::from_secs(2), 8);

/// Which camera, and what is wanted of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where it is found.
    pub address: Address,
    /// Format, size and rate.
    pub wish: Wish,
    /// Frames at the beginning of a stream that are dropped, 0 to 100.
    pub warm_up: u32,
}

/// A camera of the kernel's. It opens itself.
pub struct V4l2Camera {
    settings: Settings,
    shutter: Shutter,
    name: String,
    opened: Option<Opened>,
    /// Why it is not open.
    why: CameraError,
    /// Whether it has failed since its last frame.
    is_down: bool,
    recovery: Recovery,
    /// Of the streams before this one.
    counts: Counts,
    sequence: u32,
    /// Damaged frames when the last whole one came.
    damaged: u64,
    /// What the camera does by itself, while that is held.
    hold: Option<Hold>,
    /// When the last call ended.
    left: Option<Duration>,
}

impl fmt::Debug for V4l2Camera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("V4l2Camera")
            .field("settings", &self.settings)
            .field("open", &self.opened.is_some())
            .field("recovery", &self.recovery)
            .finish_non_exhaustive()
    }
}

impl V4l2Camera {
    /// A camera that is not open yet. Who fires the flash tells `shutter` so.
    pub fn new(settings: Settings, shutter: Shutter) -> Self {
        shutter.listen();
        V4l2Camera {
            name: settings.address.to_string(),
            why: CameraError::Absent { detail: format!("{}: not opened yet", settings.address) },
            is_down: false,
            settings,
            shutter,
            opened: None,
            recovery: Recovery::new(),
            counts: Counts::default(),
            sequence: 0,
            damaged: 0,
            hold: None,
            left: None,
        }
    }

    /// What has come so far, over all its streams.
    pub fn counts(&self) -> Counts {
        let mut counts = self.counts;
        counts += self.opened.as_ref().map(Opened::counts).unwrap_or_default();
        counts
    }

    /// How often it failed and was, or will be, opened again.
    pub fn failures(&self) -> u64 {
        self.recovery.failures()
    }

    fn open(&mut self) -> Result<(), CameraError> {
        match Opened::open(&self.settings) {
            Ok(opened) => {
                let intervals = PATIENCE.1 + self.settings.warm_up;
                let patience = PATIENCE.0.max(opened.interval.unwrap_or_default() * intervals);
                self.recovery.opened(shutter::now(), patience);
                self.name = format!("{} ({})", opened.card, opened.name);
                self.damaged = self.counts.damaged();
                // Frames may have been lost between the streams, and nobody knows how many.
                self.sequence = self.sequence.wrapping_add(1);
                self.opened = Some(opened);
                Ok(())
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Closes what is open; it is opened again later.
    fn fail(&mut self, why: CameraError) -> CameraError {
        if let Some(opened) = self.opened.take() {
            self.counts += opened.counts();
            opened.close();
        }
        // Once each, and not every few seconds for as long as it stays away.
        if !self.is_down || mem::discriminant(&self.why) != mem::discriminant(&why) {
            log::warn!("{why}");
        }
        self.is_down = true;
        self.why = why.clone();
        self.recovery.failed(shutter::now());
        why
    }

    /// Holds exposure while a flash is under way, and gives it back after.
    fn mind_the_flash(&mut self) {
        let Some(opened) = &self.opened else { return };
        match (self.shutter.is_under_way(), self.hold.take()) {
            (true, None) => {
                self.hold = Some(Hold::take(&opened.device));
                self.shutter.hold();
            }
            (true, held) => {
                self.hold = held;
                self.shutter.hold();
            }
            (false, Some(hold)) => hold.give_back(&opened.device),
            (false, None) => {}
        }
    }

    /// A frame of the open stream.
    fn take(&mut self, until: Duration) -> Result<CameraFrame, NoFrame> {
        let Some(opened) = &mut self.opened else { return Err(NoFrame::None) };
        let Taken { bytes, missed, taken, exposure } = opened.take(until.saturating_sub(shutter::now()))?;
        let format = opened.format;
        self.recovery.delivered(shutter::now());
        if mem::take(&mut self.is_down) {
            log::info!("{}: delivers again, after {} failures", self.name, self.recovery.failures());
        }
        self.damaged = self.counts().damaged();
        self.sequence = self.sequence.wrapping_add(missed).wrapping_add(1);
        let lit_by_flash = self.shutter.lit(exposure);
        Ok(CameraFrame { sequence: self.sequence, taken, format, lit_by_flash, bytes })
    }

    /// What it is that the camera sends nothing.
    fn cause_of(&self, quiet: Quiet) -> CameraError {
        let name = self.opened.as_ref().map_or_else(|| self.name.clone(), |opened| opened.name.clone());
        let frames = self.counts().damaged() - self.damaged;
        match quiet {
            Quiet::Silent(lasting) | Quiet::Stopped(lasting) if frames > 0 => {
                CameraError::Damaged { name, frames, lasting }
            }
            Quiet::Silent(lasting) => CameraError::Silent { name, lasting },
            Quiet::Stopped(lasting) => CameraError::Stopped { name, lasting },
        }
    }

    fn next_until(&mut self, end: Duration, within: Duration) -> Result<CameraFrame, CameraError> {
        loop {
            let now = shutter::now();
            match self.recovery.step(now) {
                // The deadline is over before it may be tried again.
                Step::Wait(until) if until > end => {
                    thread::sleep(end.saturating_sub(now));
                    return Err(self.why.clone());
                }
                Step::Wait(until) => thread::sleep(until.saturating_sub(now)),
                Step::Open => self.open()?,
                Step::Take(patience) => {
                    self.mind_the_flash();
                    match self.take(end.min(patience)) {
                        Ok(frame) => return Ok(frame),
                        Err(NoFrame::None | NoFrame::Dropped) => {}
                        Err(NoFrame::Broken(why)) => return Err(self.fail(why)),
                    }
                    let now = shutter::now();
                    if let Some(quiet) = self.recovery.quiet(now) {
                        let why = self.cause_of(quiet);
                        return Err(self.fail(why));
                    }
                    if now >= end {
                        return Err(CameraError::Stalled { within });
                    }
                }
            }
        }
    }
}

impl Camera for V4l2Camera {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_simulated(&self) -> bool {
        false
    }

    fn next_frame(&mut self, within: Duration) -> Result<CameraFrame, CameraError> {
        let now = shutter::now();
        if let Some(left) = self.left {
            self.recovery.not_asked(now.saturating_sub(left));
        }
        let answer = self.next_until(now + within, within);
        self.left = Some(shutter::now());
        answer
    }
}

impl Drop for V4l2Camera {
    fn drop(&mut self) {
        if let Some(opened) = self.opened.take() {
            if let Some(hold) = self.hold.take() {
                hold.give_back(&opened.device);
            }
            opened.close();
        }
    }
}
