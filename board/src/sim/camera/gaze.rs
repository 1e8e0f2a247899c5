//! Where the eye looks: the operator centres it, it follows the target, and it never holds quite still.

use super::{mix, spread, stage::Scene};
use crate::sim::rig::Bench;

/// How far off a new eye is at first, in radii of the field.
const OFF_AT_FIRST: f32 = 0.35;
/// Time after which the operator has undone all but a third of that, in seconds.
const CENTRING: f32 = 0.6;
/// Part of the way to its target that the eye turns in a twentieth of a second.
const TURN: f32 = 0.5;
/// Amplitude of the wandering of an eye with a target and of one without, in radii of the field.
const WANDER: (f32, f32) = (0.006, 0.05);
/// Amplitude of the tremor of the hands and the eye, in radii of the field: of one that has settled, and more at first.
const TREMOR: (f32, f32) = (0.0015, 0.02);

/// Where the picture lies, one frame after the other.
#[derive(Debug, Clone)]
pub(super) struct Gaze {
    seed: u64,
    per_second: f32,
    /// Frames since the eye was put there.
    age: u32,
    /// Where the eye has turned to.
    turned: (f32, f32),
    at: (f32, f32),
}

impl Gaze {
    pub(super) fn new(seed: u64, per_second: u32) -> Self {
        Gaze { seed, per_second: per_second as f32, age: 0, turned: (0.0, 0.0), at: (0.0, 0.0) }
    }

    /// The gaze of the eye of this number, at its beginning.
    pub(super) fn of_another(&self, number: u64) -> Self {
        Gaze { seed: mix(self.seed ^ mix(number)), age: 0, turned: (0.0, 0.0), at: (0.0, 0.0), ..*self }
    }

    /// Shift of the picture, to the right and down, in radii of the field.
    pub(super) fn at(&self) -> (f32, f32) {
        self.at
    }

    /// Goes on by a frame.
    pub(super) fn step(&mut self, bench: &Bench, scene: Option<&Scene>) {
        let seconds = self.age as f32 / self.per_second;
        let unsettled = (-seconds / CENTRING).exp();
        let target = match (bench.fixation, scene) {
            (Some(target), Some(scene)) => shift(target, scene.fixation),
            _ => (0.0, 0.0),
        };
        let turn = 1.0 - (1.0 - TURN).powf(20.0 / self.per_second);
        self.turned.0 += (target.0 - self.turned.0) * turn;
        self.turned.1 += (target.1 - self.turned.1) * turn;

        let wander = if bench.fixation.is_some() { WANDER.0 } else { WANDER.1 };
        let tremor = TREMOR.0 + TREMOR.1 * unsettled;
        let first = self.direction();
        let along = |axis: u64, turned: f32, first: f32| {
            let phase = |of: u64| spread(mix(self.seed ^ (2 * of + axis))) * std::f32::consts::PI;
            let slow = 0.6 * (1.9 * seconds + phase(1)).sin() + 0.4 * (4.3 * seconds + phase(2)).sin();
            let shake = spread(mix(self.seed ^ mix(u64::from(self.age) * 2 + axis)));
            turned + OFF_AT_FIRST * first * unsettled + wander * slow + tremor * shake
        };
        self.at = (along(0, self.turned.0, first.0), along(1, self.turned.1, first.1));
        self.age = self.age.saturating_add(1);
    }

    /// Where a new eye is at first, seen from the middle.
    fn direction(&self) -> (f32, f32) {
        let angle = spread(mix(self.seed)) * std::f32::consts::PI;
        (angle.cos(), angle.sin())
    }
}

/// The middle of what the eye looks at comes to lie on the target.
fn shift(target: (i16, i16), taken: (i16, i16)) -> (f32, f32) {
    let part = |now: i16, then: i16| (f32::from(now) - f32::from(then)) / 1000.0;
    (part(target.0, taken.0), -part(target.1, taken.1))
}
