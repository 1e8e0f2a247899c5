//! Simulated hardware. Everything it yields is marked as simulated.

mod camera;
mod controller;
mod rig;

pub use camera::{Damage, Link, Scene, SimulatedCamera, Spoil, Stage};
pub use controller::{KnobValues, Knobs, LineNoise, SimulatedController};
pub use rig::{Bench, Rig};
