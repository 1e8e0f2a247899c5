//! The simulated bench: what the simulated controller drives and the simulated camera sees.
//!
//! Both hold the same [`Rig`], as the real camera looks through the optics that the real controller moves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the controller has set, as the camera sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bench {
    /// Aiming light, 0 (off) to 1000 (full).
    pub aiming_permille: u16,
    /// Flashes fired so far.
    pub flashes: u32,
    /// Strength of the last flash, 0 to 1000.
    pub flash_permille: u16,
    /// Position of the focus motor in steps; which position is sharp is the patient's.
    pub focus_steps: i32,
    /// Fixation target from the middle, permille of the field's radius, right and up; none while it is dark.
    pub fixation: Option<(i16, i16)>,
}

/// A [`Bench`] shared by simulated devices.
#[derive(Debug, Clone, Default)]
pub struct Rig(Arc<Mutex<Bench>>);

impl Rig {
    /// A bench with all lights off and the motor at 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is set now.
    pub fn bench(&self) -> Bench {
        *self.lock()
    }

    /// Changes it.
    pub fn change(&self, change: impl FnOnce(&mut Bench)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, Bench> {
        // Plain values: a holder that panicked left none of them half written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
