//! Who stands before the simulated camera, and what is out of order with it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::image::RgbImage;

use super::print::Print;

/// An eye before the camera.
#[derive(Debug, Clone)]
pub struct Scene {
    /// A sharp, well lit photograph of any origin, the field in its middle; at most 65535 pixels a side.
    pub still: Arc<RgbImage>,
    /// Position of the focus motor at which it is sharp, in steps.
    pub sharp_at_steps: i32,
    /// Distance from there at which blur begins to be seen, in steps, at least 1.
    pub depth_of_focus_steps: u32,
    /// Strength of the flash that the still shows, 1 to 1000.
    pub well_lit_at_permille: u16,
    /// Where the fixation target stood when the still was taken: right and up, permille of the field's radius.
    pub fixation: (i16, i16),
}

impl Scene {
    /// A still that is sharp at `sharp_at_steps`, with 10 steps of depth of focus, well lit by half a flash, taken with
    /// the target in the middle.
    pub fn new(still: Arc<RgbImage>, sharp_at_steps: i32) -> Self {
        Scene { still, sharp_at_steps, depth_of_focus_steps: 10, well_lit_at_permille: 500, fixation: (0, 0) }
    }
}

/// What goes wrong with a photograph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spoil {
    /// The upper lid hangs into the field.
    Eyelid,
    /// The flash gave too little light.
    Underexposure,
    /// The eye moved during the flash.
    Motion,
}

/// Whether the camera delivers frames at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Link {
    /// It does.
    #[default]
    Up,
    /// No frame comes, though it is there.
    Stalled,
    /// It was unplugged.
    Gone,
}

/// What is wrong with one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Damage {
    /// The second half of its bytes is missing.
    Torn,
    /// It is the frame before, delivered twice under one number.
    Repeated,
    /// So many frames before it were lost.
    Lost(u32),
}

/// What stands before a simulated camera; a shared handle, for any thread.
#[derive(Debug, Clone, Default)]
pub struct Stage(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    standing: Standing,
    spoil: Option<Spoil>,
    link: Link,
    damage: Option<Damage>,
}

/// Who stands there, and the how-manieth that is.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    pub(super) number: u64,
    pub(super) print: Option<Arc<Print>>,
}

impl Stage {
    /// Nobody is there, and the camera is in order.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an eye before the camera, or nobody. Prepares the still, which takes a fraction of a second.
    pub fn put(&self, scene: Option<Scene>) {
        // Outside the lock: the camera goes on showing who was there before.
        let print = scene.map(|scene| Arc::new(Print::new(scene)));
        let mut state = self.lock();
        state.standing = Standing { number: state.standing.number + 1, print };
    }

    /// Spoils the next flash photograph, whoever it is of.
    pub fn spoil(&self, spoil: Spoil) {
        self.lock().spoil = Some(spoil);
    }

    /// Takes the camera away, lets it hang, or restores it.
    pub fn connect(&self, link: Link) {
        self.lock().link = link;
    }

    /// Damages the next frame.
    pub fn damage(&self, damage: Damage) {
        self.lock().damage = Some(damage);
    }

    pub(super) fn standing(&self) -> Standing {
        self.lock().standing.clone()
    }

    pub(super) fn link(&self) -> Link {
        self.lock().link
    }

    pub(super) fn take_spoil(&self) -> Option<Spoil> {
        self.lock().spoil.take()
    }

    pub(super) fn take_damage(&self) -> Option<Damage> {
        self.lock().damage.take()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A holder that panicked left no value half written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
