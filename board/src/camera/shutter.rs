//! Tells a camera that a flash comes, and when it came: exposure is held meanwhile, and the frame it lit is the photograph.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use nix::time::{ClockId, clock_gettime};

/// The system's monotonic clock, by which drivers say when a frame was taken.
pub(crate) fn now() -> Duration {
    // Every system this runs on has this clock.
    clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default()
}

/// How long a flash that was ordered is waited for, and its frame after it.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a flash waits for a camera that holds its exposure; one that is away holds nothing.
const READY: Duration = Duration::from_millis(300);
/// A frame taken so many intervals after the flash has not seen it.
const TOO_LATE: u32 = 3;

/// A shared handle between who fires the flash and a camera that can't see it come.
///
/// ```text
///   Idle ──order──► Ordered (held?) ──fired──► Fired ──the frame it lit──► Idle
///     ▲                │ not fired, or too long
///     └────────────────┘
/// ```
///
/// Who fires it waits until [`is_ready`](Self::is_ready). The time of the flash is when its answer came. Where that is
/// later than the end of the frame it lit, the next frame is taken for it: a device that lights an eye lets the controller
/// fire at the beginning of a frame.
#[derive(Debug, Clone, Default)]
pub struct Shutter(Arc<Mutex<Shared>>);

#[derive(Debug, Clone, Copy, Default)]
struct Shared {
    /// Whether a camera listens that holds its exposure.
    is_heard: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Ordered {
        at: Duration,
        held: bool,
    },
    Fired {
        at: Duration,
    },
}

impl Shutter {
    /// No flash is under way, and no camera listens.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flash is about to be fired.
    pub fn order(&self) {
        self.lock().state = State::Ordered { at: now(), held: false };
    }

    /// Whether it may be fired: the camera holds its exposure, or none listens, or it takes too long.
    pub fn is_ready(&self) -> bool {
        self.ready_at(now())
    }

    fn ready_at(&self, now: Duration) -> bool {
        let shared = self.lock();
        match shared.state {
            State::Ordered { at, held } => !shared.is_heard || held || now.saturating_sub(at) >= READY,
            State::Idle | State::Fired { .. } => true,
        }
    }

    /// It was fired just now.
    pub fn fired(&self) {
        self.lock().state = State::Fired { at: now() };
    }

    /// It was not fired.
    pub fn cancel(&self) {
        self.lock().state = State::Idle;
    }

    /// A camera listens that will say when it holds its exposure.
    pub fn listen(&self) {
        self.lock().is_heard = true;
    }

    /// The camera holds its exposure.
    pub fn hold(&self) {
        if let State::Ordered { held, .. } = &mut self.lock().state {
            *held = true;
        }
    }

    /// Whether exposure is to be held.
    pub fn is_under_way(&self) -> bool {
        self.under_way_at(now())
    }

    fn under_way_at(&self, now: Duration) -> bool {
        let mut shared = self.lock();
        if let State::Ordered { at, .. } | State::Fired { at } = shared.state
            && now.saturating_sub(at) > PATIENCE
        {
            shared.state = State::Idle;
        }
        shared.state != State::Idle
    }

    /// Whether this is the frame that the flash lit, which ends its being under way. `exposure` is the span in which the
    /// frame's light was gathered.
    pub fn lit(&self, exposure: (Duration, Duration)) -> bool {
        let mut shared = self.lock();
        let State::Fired { at } = shared.state else { return false };
        let (begin, end) = exposure;
        if end < at {
            return false;
        }
        shared.state = State::Idle;
        begin <= at + end.saturating_sub(begin) * TOO_LATE
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Plain values: a holder that panicked left each of them whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(40);

    fn frame(beginning: Duration) -> (Duration, Duration) {
        (beginning, beginning + FRAME)
    }

    #[test]
    fn the_frame_in_which_the_flash_fell_is_the_photograph_and_no_other() {
        let shutter = Shutter::new();
        shutter.order();
        let early = now();
        assert!(!shutter.lit(frame(early)), "it was not fired yet");
        shutter.lock().state = State::Fired { at: early + FRAME / 2 };
        assert!(!shutter.lit(frame(early - FRAME)));
        assert!(shutter.lit(frame(early)));
        assert!(!shutter.lit(frame(early + FRAME)));
        assert!(!shutter.is_under_way());
    }

    #[test]
    fn a_frame_long_after_the_flash_is_no_photograph() {
        let shutter = Shutter::new();
        shutter.fired();
        assert!(!shutter.lit(frame(now() + 10 * FRAME)));
        assert!(!shutter.is_under_way(), "the frame that it lit was lost");
    }

    #[test]
    fn a_flash_that_never_comes_is_not_waited_for_for_ever() {
        let shutter = Shutter::new();
        shutter.order();
        assert!(shutter.is_under_way());
        assert!(!shutter.under_way_at(now() + PATIENCE + FRAME));
        shutter.order();
        shutter.cancel();
        assert!(!shutter.is_under_way());
    }

    #[test]
    fn a_flash_waits_for_the_camera_to_hold_its_exposure_and_not_for_one_that_is_away() {
        let shutter = Shutter::new();
        shutter.order();
        assert!(shutter.is_ready(), "nobody listens");
        shutter.listen();
        assert!(!shutter.ready_at(now()));
        assert!(shutter.ready_at(now() + READY));
        shutter.hold();
        assert!(shutter.is_ready());
        shutter.order();
        assert!(!shutter.ready_at(now()), "it is another flash");
    }
}
