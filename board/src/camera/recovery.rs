//! When a camera that failed is opened again. Does no I/O and reads no clock.
//!
//! ```text
//!                 ┌───────── opened ─────────┐
//!                 │                          ▼
//!   Down (until, why)                  Opened (since)
//!        ▲    ▲                           │     │
//!        │    └── nothing came: silent ───┘     │ a frame
//!        │                                      ▼
//!        └── broke, or stopped sending ── Delivering (last, how many)
//! ```
//!
//! Each failure doubles the wait before the next try, to a limit. Only a camera that has delivered for a while starts
//! again at the shortest wait: one that breaks after every frame must not be opened without end.

use std::time::Duration;

/// The first wait, and the longest.
pub const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Frames after which a camera counts as healthy.
pub const HEALTHY: u32 = 30;

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing until this time.
    Wait(Duration),
    /// Open it.
    Open,
    /// Take a frame, until this time; then it has stopped sending.
    Take(Duration),
}

/// How an open camera sends nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// It has not sent anything since it was opened.
    Silent(Duration),
    /// It has sent before.
    Stopped(Duration),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Down { until: Duration },
    Opened { since: Duration },
    Delivering { last: Duration, frames: u32 },
}

/// The state of a camera.
#[derive(Debug, Clone)]
pub struct Recovery {
    state: State,
    /// How long an open camera may send nothing.
    patience: Duration,
    /// The wait after the next failure.
    back_off: Duration,
    failures: u64,
}

impl Recovery {
    /// A camera that has not been opened; it may be at once.
    pub fn new() -> Self {
        Recovery {
            state: State::Down { until: Duration::ZERO },
            patience: Duration::ZERO,
            back_off: BACK_OFF.0,
            failures: 0,
        }
    }

    /// What is to be done.
    pub fn step(&self, now: Duration) -> Step {
        match self.state {
            State::Down { until } if now < until => Step::Wait(until),
            State::Down { .. } => Step::Open,
            State::Opened { since } => Step::Take(since + self.patience),
            State::Delivering { last, .. } => Step::Take(last + self.patience),
        }
    }

    /// It was opened; it may send nothing for as long as `patience`.
    pub fn opened(&mut self, now: Duration, patience: Duration) {
        self.patience = patience;
        self.state = State::Opened { since: now };
    }

    /// A whole frame came.
    pub fn delivered(&mut self, now: Duration) {
        let frames = match self.state {
            State::Delivering { frames, .. } => frames.saturating_add(1),
            State::Down { .. } | State::Opened { .. } => 1,
        };
        if frames >= HEALTHY {
            self.back_off = BACK_OFF.0;
        }
        self.state = State::Delivering { last: now, frames };
    }

    /// Nobody asked for a frame for so long: that it sent none meanwhile is no fault of its.
    pub fn not_asked(&mut self, lasting: Duration) {
        match &mut self.state {
            State::Down { .. } => {}
            State::Opened { since } => *since += lasting,
            State::Delivering { last, .. } => *last += lasting,
        }
    }

    /// How it sends nothing, once its patience is over.
    pub fn quiet(&self, now: Duration) -> Option<Quiet> {
        match self.state {
            State::Down { .. } => None,
            State::Opened { since } if now >= since + self.patience => Some(Quiet::Silent(now - since)),
            State::Delivering { last, .. } if now >= last + self.patience => Some(Quiet::Stopped(now - last)),
            State::Opened { .. } | State::Delivering { .. } => None,
        }
    }

    /// It could not be opened, or had to be closed.
    pub fn failed(&mut self, now: Duration) {
        self.failures += 1;
        self.state = State::Down { until: now + self.back_off };
        self.back_off = (2 * self.back_off).min(BACK_OFF.1);
    }

    /// How often that was.
    pub fn failures(&self) -> u64 {
        self.failures
    }
}

impl Default for Recovery {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const PATIENCE: Duration = Duration::from_secs(2);

    /// How long after a failure it waits.
    fn wait_after_failure(recovery: &mut Recovery, now: Duration) -> Duration {
        recovery.failed(now);
        match recovery.step(now) {
            Step::Wait(until) => until - now,
            step => panic!("{step:?}"),
        }
    }

    #[test]
    fn a_camera_that_stays_away_is_tried_for_hours_and_ever_less_often() {
        let mut recovery = Recovery::new();
        let (mut now, mut tries) = (Duration::ZERO, 0);
        while now < 3600 * SECOND {
            match recovery.step(now) {
                Step::Wait(until) => now = until,
                Step::Open => {
                    tries += 1;
                    recovery.failed(now);
                }
                Step::Take(_) => panic!("it never opened"),
            }
        }
        assert!((720..=730).contains(&tries), "{tries} tries in an hour");
        assert_eq!(recovery.step(now + BACK_OFF.1), Step::Open, "and it is not given up");
    }

    #[test]
    fn a_camera_that_breaks_after_each_frame_is_not_opened_without_end() {
        let mut recovery = Recovery::new();
        let mut waits = Vec::new();
        for _ in 0..8 {
            recovery.opened(SECOND, PATIENCE);
            recovery.delivered(SECOND);
            waits.push(wait_after_failure(&mut recovery, SECOND));
        }
        assert_eq!(waits[..3], [BACK_OFF.0, 2 * BACK_OFF.0, 4 * BACK_OFF.0]);
        assert_eq!(waits[7], BACK_OFF.1);
    }

    #[test]
    fn one_that_has_delivered_for_a_while_is_opened_again_at_once() {
        let mut recovery = Recovery::new();
        for _ in 0..8 {
            recovery.failed(SECOND);
        }
        recovery.opened(SECOND, PATIENCE);
        for _ in 0..HEALTHY {
            recovery.delivered(SECOND);
        }
        assert_eq!(wait_after_failure(&mut recovery, SECOND), BACK_OFF.0);
    }

    #[test]
    fn one_that_never_sends_is_silent_and_one_that_ceases_has_stopped() {
        let mut recovery = Recovery::new();
        recovery.opened(SECOND, PATIENCE);
        assert_eq!(recovery.step(SECOND), Step::Take(SECOND + PATIENCE));
        assert_eq!(recovery.quiet(2 * SECOND), None);
        assert_eq!(recovery.quiet(3 * SECOND), Some(Quiet::Silent(PATIENCE)));
        recovery.delivered(2 * SECOND);
        assert_eq!(recovery.quiet(3 * SECOND), None);
        assert_eq!(recovery.quiet(5 * SECOND), Some(Quiet::Stopped(3 * SECOND)));
    }

    #[test]
    fn a_camera_that_nobody_asked_has_not_stopped() {
        let mut recovery = Recovery::new();
        recovery.opened(SECOND, PATIENCE);
        recovery.delivered(SECOND);
        recovery.not_asked(60 * SECOND);
        assert_eq!(recovery.quiet(62 * SECOND), None);
        assert_eq!(recovery.quiet(63 * SECOND), Some(Quiet::Stopped(PATIENCE)));
    }
}
