//! `[camera]`: where photographs come from.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    optional,
    reader::{Choice, Section},
};

/// The camera.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Camera {
    /// What it is.
    pub kind: CameraKind,
    /// The simulated one.
    pub simulated: SimulatedCamera,
}

/// What the camera is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CameraKind {
    /// Practice eyes are drawn, or practice photographs shown.
    #[default]
    Simulated,
}

/// A camera that draws practice patients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SimulatedCamera {
    /// Another number, other practice patients. 0 to 2^63 - 1, as TOML has no larger whole numbers.
    pub seed: u64,
    /// The photographs of this folder are shown instead of drawn eyes; none draws them.
    #[serde(serialize_with = "optional")]
    pub photographs: Option<PathBuf>,
    /// Pictures a second while aiming, 1 to 60.
    pub frames_per_second: u32,
}

impl Default for SimulatedCamera {
    fn default() -> Self {
        SimulatedCamera { seed: 3, photographs: None, frames_per_second: 15 }
    }
}

impl Camera {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let kind = section.choice("kind", CameraKind::default());
        let simulated = SimulatedCamera::read(&mut section.section("simulated"));
        Camera { kind, simulated }
    }
}

impl SimulatedCamera {
    fn read(section: &mut Section<'_>) -> Self {
        let SimulatedCamera { seed, photographs, frames_per_second } = SimulatedCamera::default();
        SimulatedCamera {
            seed: section.whole("seed", "which patients", 0..=i64::MAX.unsigned_abs(), seed),
            photographs: section.path("photographs", photographs),
            frames_per_second: section.whole("frames_per_second", "pictures a second", 1..=60, frames_per_second),
        }
    }
}

impl Choice for CameraKind {
    const ALL: &'static [Self] = &[CameraKind::Simulated];

    fn name(self) -> &'static str {
        match self {
            CameraKind::Simulated => "simulated",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn kinds_are_written_as_they_are_read() {
        testing::written_as_read::<CameraKind>();
    }

    #[test]
    fn a_negative_seed_is_refused() {
        testing::refuses("camera.simulated.seed=-1", "camera.simulated.seed: expected a whole number");
    }
}
