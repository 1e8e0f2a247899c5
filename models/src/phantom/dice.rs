//! Seeded random numbers that are the same on every platform and in every version of the random-number libraries.
//!
//! Only the raw ChaCha stream is taken from `rand_chacha`; the step from bits to numbers is ours, because the
//! distributions of `rand` may change between its versions. Every purpose has a [`Stream`] of its own, so that
//! adding one kind of lesion does not move any other.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use crate::laterality::Laterality;

/// What numbers are drawn for. The discriminants are part of the pictures: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// Shared by both eyes of a patient: pigment, choroid, age.
    Patient = 0,
    /// Positions and sizes of one eye's disc and macula.
    Anatomy = 1,
    /// The vascular tree.
    Vessels = 2,
    /// Where the camera looked.
    Aim = 3,
    /// Seeds of the textures.
    Texture = 4,
    /// Sensor noise and flare of one exposure.
    Exposure = 5,
    /// Microaneurysms and haemorrhages.
    Haemorrhages = 6,
    /// Hard exudates.
    Exudates = 7,
    /// Cotton-wool spots.
    CottonWool = 8,
    /// Drusen.
    Drusen = 9,
    /// Atrophy and neovascular membranes of the macula.
    MacularDegeneration = 10,
    /// Retinal vein occlusion.
    Occlusion = 11,
    /// Glaucoma's notch and nerve-fibre defect.
    Glaucoma = 12,
    /// Myelinated fibres and laser scars.
    Other = 13,
    /// New vessels.
    NewVessels = 14,
    /// The sampler of practice sets.
    Set = 15,
    /// Clouds of an opacity.
    Opacity = 16,
}

/// A stream of random numbers for one purpose.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of `purpose` for what both eyes of a patient share.
    pub(super) fn of_patient(seed: u64, purpose: Stream) -> Self {
        Self::keyed(seed, 0, 0, purpose)
    }

    /// The stream of `purpose` for one eye.
    pub(super) fn of_eye(seed: u64, eye: Laterality, purpose: Stream) -> Self {
        Self::of_exposure(seed, eye, 0, purpose)
    }

    /// The stream of `purpose` for one exposure of one eye.
    pub(super) fn of_exposure(seed: u64, eye: Laterality, exposure: u32, purpose: Stream) -> Self {
        let side = match eye {
            Laterality::Od => 1,
            Laterality::Os => 2,
        };
        Self::keyed(seed, side, exposure, purpose)
    }

    fn keyed(seed: u64, side: u8, exposure: u32, purpose: Stream) -> Self {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8] = side;
        key[12..16].copy_from_slice(&exposure.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(purpose as u64);
        Self(generator)
    }

    /// 32 random bits.
    pub(super) fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Uniform in 0..1 (24 bits).
    pub(super) fn unit(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / 16_777_216.0
    }

    /// Uniform in `low..high`.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// True with probability `p`.
    pub(super) fn chance(&mut self, p: f32) -> bool {
        self.unit() < p
    }

    /// Uniform among `0..n`; 0 for `n` = 0.
    pub(super) fn index(&mut self, n: usize) -> usize {
        ((u64::from(self.bits()) * n as u64) >> 32) as usize
    }

    /// Bell-shaped about 0 with standard deviation 1, never beyond ±4.3 (the sum of six uniform numbers).
    pub(super) fn bell(&mut self) -> f32 {
        let sum: f32 = (0..6).map(|_| self.unit()).sum();
        (sum - 3.0) * core::f32::consts::SQRT_2
    }

    /// A unit vector in a random direction.
    pub(super) fn direction(&mut self) -> super::geometry::Point {
        let (sin, cos) = libm::sincosf(self.between(0.0, core::f32::consts::TAU));
        super::geometry::Point::new(cos, sin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_never_change() {
        let mut dice = Dice::of_eye(7, Laterality::Od, Stream::Vessels);
        assert_eq!([dice.bits(), dice.bits(), dice.bits()], [3_877_483_267, 263_476_861, 2_225_354_635]);
    }

    #[test]
    fn seeds_sides_exposures_and_purposes_differ() {
        let first = |mut dice: Dice| dice.bits();
        let mut seen = vec![
            first(Dice::of_patient(7, Stream::Vessels)),
            first(Dice::of_eye(7, Laterality::Od, Stream::Vessels)),
            first(Dice::of_eye(8, Laterality::Od, Stream::Vessels)),
            first(Dice::of_eye(7, Laterality::Os, Stream::Vessels)),
            first(Dice::of_exposure(7, Laterality::Od, 1, Stream::Vessels)),
            first(Dice::of_eye(7, Laterality::Od, Stream::Aim)),
        ];
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 6);
    }

    #[test]
    fn the_bell_has_unit_spread() {
        let mut dice = Dice::of_patient(1, Stream::Set);
        let values: Vec<f32> = (0..20_000).map(|_| dice.bell()).collect();
        let mean = values.iter().sum::<f32>() / 20_000.0;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "mean {mean}, variance {variance}");
    }
}
