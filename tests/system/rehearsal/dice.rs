//! Chance that can be repeated: one seed, one sequence.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Chance.
#[derive(Debug)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// Dice that always fall alike.
    pub(crate) fn new(seed: u64) -> Self {
        Dice(ChaCha8Rng::seed_from_u64(seed))
    }

    /// True so many times of a thousand.
    pub(crate) fn chance(&mut self, permille: u32) -> bool {
        self.0.random_range(0..1000) < permille
    }

    /// A number from a range, both ends included.
    pub(crate) fn within(&mut self, from: u64, to: u64) -> u64 {
        self.0.random_range(from..=to)
    }

    /// One of several, which must not be none.
    pub(crate) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.0.random_range(0..of.len())]
    }

    /// One of several by weight.
    pub(crate) fn weighted<T: Copy>(&mut self, of: &[(u32, T)]) -> T {
        let sum: u32 = of.iter().map(|(weight, _)| weight).sum();
        let mut left = self.0.random_range(0..sum);
        for (weight, one) in of {
            match left.checked_sub(*weight) {
                Some(less) => left = less,
                None => return *one,
            }
        }
        of[0].1
    }
}
