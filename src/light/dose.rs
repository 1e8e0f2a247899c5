//! The dose: weighted radiant exposure at the retina.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign},
};

use serde::{Deserialize, Serialize};

/// Aphakic photochemically weighted radiant exposure of the retina in whole nJ/cm².
///
/// Whole numbers, so that sums are exact and never negative; each part is rounded up, and a sum that would be too large
/// stays at the largest. Up to 18 kJ/cm².
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dose(pub u64);

impl Dose {
    /// None.
    pub const ZERO: Self = Dose(0);

    /// What one eye may be given in 24 hours: 220 µW/cm² for 2 hours = 1.584 J/cm².
    ///
    /// 220 µW/cm² is the limit of ISO 15004-2:2007, group 1, for the aphakic weighted retinal irradiance of exposures
    /// up to 2 hours. Taking its product as the limit of 24 hours follows the 2024 edition's idea of a dose-limited
    /// instrument. Both are from secondary sources and have to be checked against the purchased standard.
    pub const GROUP_1_24H: Self = Dose(220 * 7200 * 1000);

    /// So many µJ/cm², rounded up. What is no number counts as the largest dose, a negative one as none.
    pub(super) fn from_microjoules(microjoules: f64) -> Self {
        if microjoules.is_nan() {
            return Dose(u64::MAX);
        }
        // The conversion stays within u64 by itself.
        Dose((microjoules * 1000.0).ceil() as u64)
    }

    /// In mJ/cm², for reading.
    pub fn millijoules(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Add for Dose {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Dose(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Dose {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Dose {
    fn sum<I: Iterator<Item = Self>>(doses: I) -> Self {
        doses.fold(Dose::ZERO, Add::add)
    }
}

impl fmt::Display for Dose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} mJ/cm²", self.millijoules())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_that_of_the_reference() {
        assert_eq!(Dose::GROUP_1_24H.to_string(), "1584.000 mJ/cm²");
    }

    #[test]
    fn doses_are_rounded_up_and_never_wrap() {
        assert_eq!(Dose::from_microjoules(1e-9), Dose(1));
        assert_eq!(Dose::from_microjoules(-1.0), Dose::ZERO);
        assert_eq!(Dose::from_microjoules(f64::NAN), Dose(u64::MAX));
        assert_eq!(Dose::from_microjoules(f64::INFINITY), Dose(u64::MAX));
        assert_eq!([Dose(u64::MAX), Dose(7)].into_iter().sum::<Dose>(), Dose(u64::MAX));
    }
}
