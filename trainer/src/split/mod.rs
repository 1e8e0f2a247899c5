//! Parts the photographs into sides (train, validation, test) before anything is copied or augmented.
//!
//! A *component* is a set of photographs that may not be parted: same group, same patient of a source, same file, same
//! bytes, or near-duplicates (the same eye photographed or copied again, also mirrored). Components are dealt to the
//! sides so that every source and every label is spread as the fractions ask ([`stratify`]); [`leak`] then looks at
//! the result with fresh eyes, and a leak is an error.
//!
//! A whole source can be left out of training to be the test: [`leave_out`].
//!
//! Not here: balancing, augmentation.

pub mod components;
pub mod leak;
pub mod leave_out;
pub mod near_duplicate;
pub mod stratify;

pub use ocellus_handover::Side;
use serde::{Deserialize, Serialize};

/// How much goes to each side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fractions([f64; 3]);

/// Fractions that are none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "fractions {found:?}: expected three numbers from 0 to 1 that add up to 1, with train above 0 (example: 0.8,0.1,0.1)"
)]
pub struct FractionsError {
    /// As found.
    pub found: String,
}

impl Fractions {
    /// 0.8 train, 0.1 validation, 0.1 test.
    pub const DEFAULT: Fractions = Fractions([0.8, 0.1, 0.1]);

    /// Train and validation in the same relation, and no test.
    pub fn without_test(self) -> Fractions {
        let rest = self.0[0] + self.0[1];
        Fractions([self.0[0] / rest, self.0[1] / rest, 0.0])
    }

    /// Part of a side, 0..=1.
    pub fn of(&self, side: Side) -> f64 {
        self.0[side as usize]
    }
}

impl std::str::FromStr for Fractions {
    type Err = FractionsError;

    /// Two (no test) or three numbers with commas between.
    fn from_str(text: &str) -> Result<Self, FractionsError> {
        let wrong = || FractionsError { found: text.to_owned() };
        let mut numbers = Vec::new();
        for part in text.split(',') {
            numbers.push(part.trim().parse::<f64>().map_err(|_| wrong())?);
        }
        if numbers.len() == 2 {
            numbers.push(0.0);
        }
        let fractions: [f64; 3] = numbers.try_into().map_err(|_| wrong())?;
        let sum: f64 = fractions.iter().sum();
        let sound = fractions.iter().all(|part| (0.0..=1.0).contains(part)) && fractions[0] > 0.0;
        if sound && (sum - 1.0).abs() < 1e-9 { Ok(Fractions(fractions)) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_must_add_up() {
        assert_eq!("0.8,0.1,0.1".parse(), Ok(Fractions::DEFAULT));
        assert_eq!("0.9, 0.1".parse::<Fractions>().unwrap().of(Side::Test), 0.0);
        for wrong in ["", "0.8", "0.8,0.1,0.2", "0,0.5,0.5", "1.2,-0.2", "nan,0.5,0.5", "0.7,0.1,0.1,0.1"] {
            assert!(wrong.parse::<Fractions>().is_err(), "{wrong} was taken");
        }
    }
}
