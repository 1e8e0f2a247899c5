//! From live frames to focus positions and to the moment of the photograph: the focus sweep and the automatic shutter put
//! together.

use std::time::Duration;

use ocellus_model::laterality::Laterality;

use super::live::Preview;
use crate::{
    auto_shutter::{AimFrame, AimHint, Aimed, AutoShutter, Limits},
    focus::{Focus, FocusSweep},
};

/// Range of the focus motor that is searched, in steps.
const RANGE: std::ops::RangeInclusive<i32> = -240..=240;
/// Distance of the positions of the coarse and of the fine scan, in steps.
const STEPS: (u32, u32) = (40, 8);
/// Frames that are let go by after the motor has arrived: they were exposed while it moved.
const LET_GO: u32 = 1;
/// After so long without a sharp picture at the focus that was found, the focus is searched again: it was found on a frame from
/// another place, or the eye has come closer since.
const SEARCH_AGAIN: Duration = Duration::from_secs(3);

/// What is known while an eye is aimed at.
#[derive(Debug)]
pub(super) struct Aiming {
    eye: Option<Laterality>,
    /// What was found for each eye before, and how sharp it is there: the sweep need not be repeated for the next photograph.
    known: [Option<(i32, f64)>; 2],
    sweep: Option<FocusSweep>,
    /// Where the motor was last sent, and whether it has arrived.
    sent: Option<(i32, bool)>,
    /// What is to be sent next.
    goal: Option<i32>,
    let_go: u32,
    best: f64,
    shutter: AutoShutter,
    aimed: Option<Aimed>,
    focus: f64,
    /// Where the field was in the frame before.
    before: Option<(f64, f64)>,
    /// Since when a field is seen at the focus that was found, and is not sharp.
    unsharp_since: Option<Duration>,
}

impl Default for Aiming {
    fn default() -> Self {
        Aiming {
            eye: None,
            known: [None; 2],
            sweep: None,
            sent: None,
            goal: None,
            let_go: 0,
            best: 0.0,
            shutter: AutoShutter::new(Limits::default()),
            aimed: None,
            focus: 0.0,
            before: None,
            unsharp_since: None,
        }
    }
}

impl Aiming {
    /// Turns to an eye, or away from all.
    pub(super) fn turn_to(&mut self, eye: Option<Laterality>) {
        let known = self.known;
        *self = Aiming { eye, known, ..Aiming::default() };
        let Some(eye) = eye else { return };
        self.shutter.arm();
        match self.known[index(eye)] {
            Some((steps, sharpness)) => (self.goal, self.best) = (Some(steps), sharpness),
            None => self.begin_sweep(),
        }
    }

    fn begin_sweep(&mut self) {
        let sweep = FocusSweep::new(RANGE, STEPS.0, STEPS.1);
        self.goal = sweep.position();
        self.sweep = Some(sweep);
    }

    /// Another patient sits down, or the motor may have moved: nothing is known of the eyes.
    pub(super) fn forget(&mut self) {
        self.known = [None; 2];
    }

    /// A photograph of an eye was refused as out of focus: what was found for it is not believed again.
    pub(super) fn was_blurred(&mut self, eye: Laterality) {
        self.known[index(eye)] = None;
    }

    /// Where the motor is to go now.
    pub(super) fn poll_focus(&mut self) -> Option<i32> {
        let steps = self.goal.take()?;
        self.sent = Some((steps, false));
        Some(steps)
    }

    /// The motor has arrived.
    pub(super) fn focus_at(&mut self, steps: i32) {
        if let Some((sent, arrived)) = &mut self.sent
            && *sent == steps
            && !*arrived
        {
            *arrived = true;
            self.let_go = LET_GO;
        }
    }

    /// A frame was measured; whether this is the moment of the photograph.
    pub(super) fn frame(&mut self, preview: &Preview, now: Duration) -> bool {
        let motion = match (self.before, preview.aim) {
            (Some((right, down)), Some(aim)) => (aim.right - right).hypot(aim.down - down) / aim.radius.max(0.1),
            _ => 1.0,
        };
        self.before = preview.aim.map(|aim| (aim.right, aim.down));
        self.best = self.best.max(preview.sharpness);
        self.focus = if self.best > 0.0 { preview.sharpness / self.best } else { 0.0 };
        self.search(preview);
        // While the focus is searched for the picture is not sharp, whatever the frame at hand says.
        let settled = self.sweep.is_none() && self.goal.is_none() && self.sent.is_none_or(|(_, arrived)| arrived);
        self.search_again_where_unsharp(settled && preview.aim.is_some(), now);
        let frame = AimFrame {
            field: preview.aim,
            sharpness: if settled { self.focus } else { 0.0 },
            brightness: preview.brightness,
            motion,
        };
        let aimed = self.shutter.frame(&frame, now);
        self.aimed = Some(aimed);
        aimed.fire
    }

    /// One step of the sweep.
    fn search(&mut self, preview: &Preview) {
        let (Some(sweep), Some((steps, true)), Some(eye)) = (&mut self.sweep, self.sent, self.eye) else { return };
        if preview.aim.is_none() {
            return;
        }
        if self.let_go > 0 {
            self.let_go -= 1;
            return;
        }
        match sweep.score(steps, preview.sharpness) {
            None => self.goal = sweep.position(),
            Some(Focus::Found { steps, sharpness }) => {
                self.known[index(eye)] = Some((steps, sharpness));
                self.best = sharpness;
                self.sweep = None;
                self.goal = Some(steps);
            }
            Some(Focus::NotFound) => {
                log::info!("no focus was found; once more");
                self.begin_sweep();
            }
        }
    }

    /// Searches the focus again where the one that was found gives no sharp picture for long.
    fn search_again_where_unsharp(&mut self, sees_at_focus: bool, now: Duration) {
        if !sees_at_focus || self.focus >= Limits::default().sharpness {
            self.unsharp_since = None;
            return;
        }
        let since = *self.unsharp_since.get_or_insert(now);
        if now.saturating_sub(since) >= SEARCH_AGAIN {
            log::info!("not sharp at the focus that was found; it is searched again");
            self.unsharp_since = None;
            self.best = 0.0;
            if let Some(eye) = self.eye {
                self.was_blurred(eye);
            }
            self.begin_sweep();
        }
    }

    /// How far the ring has closed, 0 to 1.
    pub(super) fn closing(&self) -> f64 {
        self.aimed.map_or(0.0, |aimed| aimed.closing)
    }

    /// How sharp the picture is beside the sharpest, 0 to 1.
    pub(super) fn focus(&self) -> f64 {
        self.focus
    }

    /// The one thing to do.
    pub(super) fn hint(&self) -> Option<AimHint> {
        self.aimed.map(|aimed| aimed.hint)
    }
}

fn index(eye: Laterality) -> usize {
    match eye {
        Laterality::Od => 0,
        Laterality::Os => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Instant};

    use super::*;
    use crate::{auto_shutter::AimField, shell::told::Picture};

    /// An eye that is sharp at one position of the motor, seen every 50 ms.
    struct Eye {
        sharp_at: i32,
        motor: i32,
        now: Duration,
    }

    impl Eye {
        fn sharpness(&self) -> f64 {
            10.0 / (1.0 + (f64::from(self.motor - self.sharp_at) / 40.0).powi(2))
        }

        /// Frames until it fires, at most so many.
        fn fires(&mut self, aiming: &mut Aiming, most: u32) -> Option<u32> {
            (0..most).find(|_| {
                self.now += Duration::from_millis(50);
                if let Some(steps) = aiming.poll_focus() {
                    self.motor = steps;
                    aiming.focus_at(steps);
                }
                aiming.frame(&preview(self.sharpness()), self.now)
            })
        }
    }

    fn preview(sharpness: f64) -> Preview {
        let aim = Some(AimField { right: 0.0, down: 0.0, radius: 0.95 });
        let picture = Picture { pixels: Arc::new(image::RgbImage::new(1, 1)), field: None };
        Preview { picture, aim, sharpness, brightness: 0.4, came: Instant::now() }
    }

    #[test]
    fn the_focus_is_found_and_kept_for_the_next_photograph_of_the_eye() {
        let mut aiming = Aiming::default();
        let mut eye = Eye { sharp_at: 64, motor: 0, now: Duration::ZERO };
        aiming.turn_to(Some(Laterality::Od));
        let first = eye.fires(&mut aiming, 1000).unwrap();
        assert!((eye.motor - 64).abs() <= 8, "{}", eye.motor);
        aiming.turn_to(Some(Laterality::Od));
        let second = eye.fires(&mut aiming, 1000).unwrap();
        assert!(second < first / 2, "{second} frames after {first}");
        // Refused as out of focus: what was found before is not taken once more.
        eye.sharp_at = -80;
        aiming.was_blurred(Laterality::Od);
        aiming.turn_to(Some(Laterality::Od));
        assert!(eye.fires(&mut aiming, 1000).is_some_and(|third| third > second));
        assert!((eye.motor + 80).abs() <= 8, "{}", eye.motor);
    }

    #[test]
    fn a_focus_that_gives_no_sharp_picture_is_searched_again() {
        let mut aiming = Aiming::default();
        let mut eye = Eye { sharp_at: 64, motor: 0, now: Duration::ZERO };
        aiming.turn_to(Some(Laterality::Od));
        assert!(eye.fires(&mut aiming, 1000).is_some());
        // A frame that came late spoke for another position; the best that was seen was seen elsewhere.
        aiming.known = [Some((-160, 10.0)), None];
        aiming.turn_to(Some(Laterality::Od));
        assert!(eye.fires(&mut aiming, 1000).is_some(), "it waits for ever");
        assert!((eye.motor - 64).abs() <= 8, "{}", eye.motor);
    }
}
