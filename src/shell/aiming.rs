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

/// What is known while an eye is aimed at.
#[derive(Debug)]
pub(super) struct Aiming {
    eye: Option<Laterality>,
    /// What was found for each eye before: the sweep need not be repeated for the next photograph.
    known: [Option<i32>; 2],
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
            Some(steps) => self.goal = Some(steps),
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
        let settled = self.sweep.is_none() && self.sent.is_none_or(|(_, arrived)| arrived);
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
                self.known[index(eye)] = Some(steps);
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
