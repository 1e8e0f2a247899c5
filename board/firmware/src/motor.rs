//! The focus motor. The micro:bit has none: a position that moves as fast as the simulated motor's stands for it.

use ocellus_wire::{Millis, message::Refusal};

/// Speed, steps in a millisecond.
const STEPS_PER_MS: u32 = 2;
/// Farthest position to either side, steps.
const REACH: u32 = 5000;

/// A motor at its zero.
#[derive(Debug, Default)]
pub(crate) struct Motor {
    steps: i32,
    goal: i32,
}

impl Motor {
    /// Begins to move.
    ///
    /// # Errors
    /// For a position out of reach.
    pub(crate) fn move_to(&mut self, goal: i32) -> Result<(), Refusal> {
        if goal.unsigned_abs() > REACH {
            return Err(Refusal::OutOfRange);
        }
        self.goal = goal;
        Ok(())
    }

    /// Where it is.
    pub(crate) fn steps(&self) -> i32 {
        self.steps
    }

    /// Moves on for so long.
    pub(crate) fn live(&mut self, passed: Millis) {
        let reach = u32::try_from(passed.0).unwrap_or(u32::MAX).saturating_mul(STEPS_PER_MS);
        let way = self.goal.abs_diff(self.steps).min(reach).cast_signed();
        self.steps += if self.goal < self.steps { -way } else { way };
    }
}
