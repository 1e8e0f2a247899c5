//! The shutter that releases itself: from preview frame to preview frame, whether to fire, what to tell the operator,
//! and how far the alignment ring has closed.
//!
//! It fires when eye, focus, light and rest have all been good for a while ([`Limits::hold`]) without a break, once;
//! then it has to be armed again. What has become good may get a little worse before it counts as bad
//! ([`Limits::slack`]), so that noise at a limit does not start the waiting anew. The one hint is the first thing that
//! is wrong, in the order in which an operator can mend it, and changes at most once in [`Limits::hint_for`].
//!
//! Not here: measuring the frames, the flash, the words of the hints.

use std::time::Duration;

/// What was measured of one preview frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AimFrame {
    /// The field in the frame; none if there is none.
    pub field: Option<AimField>,
    /// Sharpness over the best seen of this eye, 0 to 1.
    pub sharpness: f64,
    /// Mean level inside the field, 0 to 1.
    pub brightness: f64,
    /// How far the picture has moved since the last frame, in radii of the field.
    pub motion: f64,
}

/// Where the field lies, in halves of the frame's shorter side: a field that fills the frame has radius 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AimField {
    /// Its centre to the right of the frame's.
    pub right: f64,
    /// Its centre below the frame's.
    pub down: f64,
    /// Its radius.
    pub radius: f64,
}

/// The one thing to do now. Directions are of the picture: `MoveLeft` is for a retina that lies too far to the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AimHint {
    /// No retina is in sight.
    NoEye,
    /// The retina has to go to the left in the picture.
    MoveLeft,
    /// To the right.
    MoveRight,
    /// Up.
    MoveUp,
    /// Down.
    MoveDown,
    /// The retina is too small: go closer to the eye.
    Closer,
    /// It is too large: go away from the eye.
    Farther,
    /// It is not sharp.
    FocusLow,
    /// There is too little light on it.
    TooDark,
    /// Eye or camera move.
    HoldStill,
    /// Everything is good.
    Ready,
}

/// What is good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Most distance of the field's centre from the frame's; unit as of [`AimField`].
    pub off_centre: f64,
    /// Least and most radius of the field.
    pub radius: (f64, f64),
    /// Least sharpness over the best seen.
    pub sharpness: f64,
    /// Least brightness.
    pub brightness: f64,
    /// Most motion from frame to frame.
    pub motion: f64,
    /// By what factor a limit is wider for what has been good before, at least 1.
    pub slack: f64,
    /// How long everything has to be good.
    pub hold: Duration,
    /// Longest time between two frames that counts as without a break.
    pub gap: Duration,
    /// How long a hint stands at least.
    pub hint_for: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            off_centre: 0.12,
            radius: (0.7, 1.1),
            sharpness: 0.75,
            brightness: 0.12,
            motion: 0.03,
            slack: 1.25,
            hold: Duration::from_millis(400),
            gap: Duration::from_millis(250),
            hint_for: Duration::from_secs(1),
        }
    }
}

/// What comes of one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aimed {
    /// Fire now.
    pub fire: bool,
    /// How far the alignment ring has closed: 0 (something is wrong, or not armed) to 1 (fires).
    pub closing: f64,
    /// What to tell the operator.
    pub hint: AimHint,
}

/// The shutter. Time is passed in, from an arbitrary start.
#[derive(Debug, Clone)]
pub struct AutoShutter {
    limits: Limits,
    is_armed: bool,
    /// Since when everything has been good.
    good_since: Option<Duration>,
    last: Option<Duration>,
    /// The hint that stands, and since when.
    hint: Option<(AimHint, Duration)>,
}

impl AutoShutter {
    /// A shutter that has to be armed.
    pub fn new(limits: Limits) -> Self {
        AutoShutter { limits, is_armed: false, good_since: None, last: None, hint: None }
    }

    /// Makes it ready to fire once; the waiting begins anew.
    pub fn arm(&mut self) {
        self.is_armed = true;
        self.good_since = None;
    }

    /// Lets it give hints only.
    pub fn disarm(&mut self) {
        self.is_armed = false;
        self.good_since = None;
    }

    /// Whether it will fire.
    pub fn is_armed(&self) -> bool {
        self.is_armed
    }

    /// Takes a frame that was measured at `now`.
    pub fn frame(&mut self, frame: &AimFrame, now: Duration) -> Aimed {
        let is_late = self.last.is_some_and(|last| now.checked_sub(last).is_none_or(|since| since > self.limits.gap));
        if is_late {
            // Nobody knows what was in between.
            self.good_since = None;
        }
        self.last = Some(now);
        let wrong = self.wrong(frame);
        let hint = self.stand(wrong, now);
        if wrong != AimHint::Ready || !self.is_armed {
            self.good_since = None;
            return Aimed { fire: false, closing: 0.0, hint };
        }
        let held = now.saturating_sub(*self.good_since.get_or_insert(now));
        let fire = held >= self.limits.hold;
        let closing = if fire { 1.0 } else { held.as_secs_f64() / self.limits.hold.as_secs_f64() };
        if fire {
            self.disarm();
        }
        Aimed { fire, closing, hint }
    }

    /// The first thing that is wrong. Whatever is not a number is wrong.
    fn wrong(&self, frame: &AimFrame) -> AimHint {
        let limits = &self.limits;
        let slack = if self.good_since.is_some() { limits.slack.max(1.0) } else { 1.0 };
        let Some(field) = frame.field else { return AimHint::NoEye };
        if !(frame.brightness >= limits.brightness / slack) {
            return AimHint::TooDark;
        }
        if !(field.radius >= limits.radius.0 / slack) {
            return AimHint::Closer;
        }
        if !(field.radius <= limits.radius.1 * slack) {
            return AimHint::Farther;
        }
        if !(field.right.hypot(field.down) <= limits.off_centre * slack) {
            return towards_the_middle(field);
        }
        if !(frame.sharpness >= limits.sharpness / slack) {
            return AimHint::FocusLow;
        }
        if !(frame.motion <= limits.motion * slack) {
            return AimHint::HoldStill;
        }
        AimHint::Ready
    }

    /// The hint that is shown when `wrong` is the one that is due.
    fn stand(&mut self, wrong: AimHint, now: Duration) -> AimHint {
        match self.hint {
            Some((shown, since)) if shown == wrong || now.saturating_sub(since) < self.limits.hint_for => shown,
            _ => {
                self.hint = Some((wrong, now));
                wrong
            }
        }
    }
}

/// The larger way first.
fn towards_the_middle(field: AimField) -> AimHint {
    if field.right.abs() >= field.down.abs() {
        if field.right > 0.0 { AimHint::MoveLeft } else { AimHint::MoveRight }
    } else if field.down > 0.0 {
        AimHint::MoveUp
    } else {
        AimHint::MoveDown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: AimField = AimField { right: 0.02, down: -0.03, radius: 0.95 };
    const GOOD: AimFrame = AimFrame { field: Some(FIELD), sharpness: 0.95, brightness: 0.4, motion: 0.005 };

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn armed() -> AutoShutter {
        let mut shutter = AutoShutter::new(Limits::default());
        shutter.arm();
        shutter
    }

    /// Good frames every 50 ms from `from` until it fires, at most until `until`.
    fn fired(shutter: &mut AutoShutter, from: u64, until: u64) -> Option<u64> {
        (from..until).step_by(50).find(|&now| shutter.frame(&GOOD, at(now)).fire)
    }

    #[test]
    fn it_fires_once_when_all_was_good_long_enough() {
        let mut shutter = armed();
        let rings: Vec<Aimed> = (0..=400).step_by(50).map(|now| shutter.frame(&GOOD, at(now))).collect();
        assert!(rings.windows(2).all(|pair| pair[0].closing < pair[1].closing && !pair[0].fire), "{rings:?}");
        let last = rings.last().unwrap();
        assert!(last.fire && last.closing == 1.0);
        assert!(!shutter.is_armed());
        assert_eq!(fired(&mut shutter, 450, 3000), None);
        shutter.arm();
        assert_eq!(fired(&mut shutter, 3000, 5000), Some(3400));
    }

    #[test]
    fn it_does_not_fire_unarmed() {
        let mut shutter = AutoShutter::new(Limits::default());
        assert_eq!(fired(&mut shutter, 0, 2000), None);
        assert_eq!(shutter.frame(&GOOD, at(2000)), Aimed { fire: false, closing: 0.0, hint: AimHint::Ready });
        shutter.arm();
        shutter.disarm();
        assert_eq!(fired(&mut shutter, 2050, 4000), None);
    }

    #[test]
    fn each_thing_that_is_wrong_has_its_hint_and_holds_the_fire() {
        let field =
            |right: f64, down: f64, radius: f64| AimFrame { field: Some(AimField { right, down, radius }), ..GOOD };
        for (frame, hint) in [
            (AimFrame { field: None, ..GOOD }, AimHint::NoEye),
            (field(0.4, 0.1, 0.9), AimHint::MoveLeft),
            (field(-0.4, 0.1, 0.9), AimHint::MoveRight),
            (field(0.1, 0.4, 0.9), AimHint::MoveUp),
            (field(0.1, -0.4, 0.9), AimHint::MoveDown),
            (field(0.0, 0.0, 0.5), AimHint::Closer),
            (field(0.0, 0.0, 1.5), AimHint::Farther),
            (AimFrame { sharpness: 0.4, ..GOOD }, AimHint::FocusLow),
            (AimFrame { brightness: 0.05, ..GOOD }, AimHint::TooDark),
            (AimFrame { motion: 0.2, ..GOOD }, AimHint::HoldStill),
            (AimFrame { sharpness: f64::NAN, ..GOOD }, AimHint::FocusLow),
            (AimFrame { motion: f64::NAN, ..GOOD }, AimHint::HoldStill),
        ] {
            let mut shutter = armed();
            for now in (0..2000).step_by(50) {
                assert_eq!(shutter.frame(&frame, at(now)), Aimed { fire: false, closing: 0.0, hint });
            }
        }
    }

    #[test]
    fn a_break_starts_the_waiting_anew() {
        let mut shutter = armed();
        assert_eq!(fired(&mut shutter, 0, 350), None);
        assert_eq!(shutter.frame(&AimFrame { motion: 0.2, ..GOOD }, at(350)).closing, 0.0);
        assert_eq!(fired(&mut shutter, 400, 2000), Some(800));
    }

    #[test]
    fn frames_that_did_not_come_are_a_break() {
        let mut shutter = armed();
        assert_eq!(fired(&mut shutter, 0, 200), None);
        let late = shutter.frame(&GOOD, at(1000));
        assert!(!late.fire && late.closing == 0.0);
        assert_eq!(fired(&mut shutter, 1050, 3000), Some(1400));
    }

    #[test]
    fn what_was_good_may_get_a_little_worse() {
        let worse = AimFrame { motion: 0.035, ..GOOD };
        let mut shutter = armed();
        assert_eq!(shutter.frame(&worse, at(0)).closing, 0.0);
        shutter.frame(&GOOD, at(50));
        assert!(shutter.frame(&worse, at(100)).closing > 0.0);
        assert_eq!(shutter.frame(&AimFrame { motion: 0.05, ..GOOD }, at(150)).closing, 0.0);
    }

    #[test]
    fn the_hint_changes_at_most_once_a_second() {
        let mut shutter = armed();
        let mut shown = Vec::new();
        for frame in 0..200_u64 {
            let wrong =
                if frame % 2 == 0 { AimFrame { motion: 1.0, ..GOOD } } else { AimFrame { field: None, ..GOOD } };
            let now = frame * 50;
            let hint = shutter.frame(&wrong, at(now)).hint;
            if shown.last().is_none_or(|(last, _)| *last != hint) {
                shown.push((hint, now));
            }
        }
        assert!(shown.len() > 3, "{shown:?}");
        assert!(shown.windows(2).all(|pair| pair[1].1 - pair[0].1 >= 1000), "{shown:?}");
    }
}
