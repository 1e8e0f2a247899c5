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
/// A frame taken so many intervals after the flash has not seen it.
const TOO_LATE: u32 = 3;

/// A shared handle between who fires the flash and a camera that can't see it come.
///
/// ```text
///   Idle ──order──► Ordered ──fired──► Fired ──the frame it lit──► Idle
///     ▲                │ not fired, or too long
///     └────────────────┘
/// ```
///
/// The time of the flash is when its answer came. Where that is later than the end of the frame it lit, the next frame is
/// taken for it: a device that lights an eye lets the controller fire at the beginning of a frame.
#[derive(Debug, Clone, Default)]
pub struct Shutter(Arc<Mutex<State>>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Ordered {
        at: Duration,
    },
    Fired {
        at: Duration,
    },
}

impl Shutter {
    /// No flash is under way.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flash is about to be fired.
    pub fn order(&self) {
        *self.lock() = State::Ordered { at: now() };
    }

    /// It was fired just now.
    pub fn fired(&self) {
        *self.lock() = State::Fired { at: now() };
    }

    /// It was not fired.
    pub fn cancel(&self) {
        *self.lock() = State::Idle;
    }

    /// Whether exposure is to be held.
    pub fn is_under_way(&self) -> bool {
        self.under_way_at(now())
    }

    fn under_way_at(&self, now: Duration) -> bool {
        let mut state = self.lock();
        if let State::Ordered { at } | State::Fired { at } = *state
            && now.saturating_sub(at) > PATIENCE
        {
            *state = State::Idle;
        }
        *state != State::Idle
    }

    /// Whether this is the frame that the flash lit, which ends its being under way. `exposure` is the span in which the
    /// frame's light was gathered.
    pub fn lit(&self, exposure: (Duration, Duration)) -> bool {
        let mut state = self.lock();
        let State::Fired { at } = *state else { return false };
        let (begin, end) = exposure;
        if end < at {
            return false;
        }
        *state = State::Idle;
        begin <= at + (end - begin) * TOO_LATE
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A plain value: a holder that panicked left it whole.
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
        *shutter.lock() = State::Fired { at: early + FRAME / 2 };
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
}
