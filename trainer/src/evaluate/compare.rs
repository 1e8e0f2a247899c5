//! Two networks on the same photographs: is one better, or at least not worse by more than a margin?
//!
//! The difference of two AUROCs is tested by DeLong's paired test (DeLong, DeLong, Clarke-Pearson 1988): both areas are
//! means of placements, whose covariance over the same photographs gives the variance of the difference. Findings at the
//! thresholds are compared by McNemar's exact test on the photographs that only one of the two got right.
//!
//! Not here: reading predictions, which threshold is the right one.

use serde::Serialize;

use super::{
    auroc::{Placements, variance},
    interval::Z_95,
};

/// The difference of two AUROCs on the same photographs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AurocDifference {
    /// AUROC of the first.
    pub one: f64,
    /// AUROC of the second.
    pub other: f64,
    /// Second less first.
    pub difference: f64,
    /// Its 95 % interval; none where its variance is zero (both rank alike).
    pub ci95: Option<[f64; 2]>,
    /// Two-sided p of no difference; none likewise.
    pub p: Option<f64>,
}

/// Photographs that only one of two networks got right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Discordant {
    /// Right by the first only.
    pub only_one: usize,
    /// Right by the second only.
    pub only_other: usize,
    /// McNemar's exact two-sided p of no difference.
    pub p: f64,
}

/// Whether the second is not worse than the first by more than a margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The interval of the difference lies above zero.
    Better,
    /// It lies above the negative margin.
    NotInferior,
    /// It reaches below the margin: the photographs don't settle it.
    Unsettled,
    /// It lies below the negative margin.
    Worse,
}

impl AurocDifference {
    /// The paired difference; none where a class is missing or has a single photograph.
    pub fn of(one: &[f64], other: &[f64], targets: &[bool]) -> Option<Self> {
        let (first, second) = (Placements::of(one, targets)?, Placements::of(other, targets)?);
        let variance = variance_of_difference(&first.of_positives, &second.of_positives)?
            + variance_of_difference(&first.of_negatives, &second.of_negatives)?;
        let (one, other) = (first.area(), second.area());
        let difference = other - one;
        let deviation = variance.sqrt();
        let spread = (deviation > 1e-12).then_some(deviation);
        Some(AurocDifference {
            one,
            other,
            difference,
            ci95: spread.map(|deviation| [difference - Z_95 * deviation, difference + Z_95 * deviation]),
            p: spread.map(|deviation| libm::erfc((difference / deviation).abs() / std::f64::consts::SQRT_2)),
        })
    }

    /// What it comes to with a margin, 0 or more.
    pub fn verdict(&self, margin: f64) -> Verdict {
        let [low, high] = self.ci95.unwrap_or([self.difference; 2]);
        if low > 0.0 {
            Verdict::Better
        } else if low >= -margin {
            Verdict::NotInferior
        } else if high < -margin {
            Verdict::Worse
        } else {
            Verdict::Unsettled
        }
    }
}

/// Variance of the mean difference of paired placements; none for fewer than two.
fn variance_of_difference(one: &[f64], other: &[f64]) -> Option<f64> {
    let differences: Vec<f64> = one.iter().zip(other).map(|(one, other)| other - one).collect();
    (one.len() > 1).then(|| variance(&differences) / one.len() as f64)
}

impl Discordant {
    /// Counts and tests; `right` says for each photograph whether the first and whether the second was right.
    pub fn of(right: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let (mut only_one, mut only_other) = (0, 0);
        for (one, other) in right {
            only_one += usize::from(one && !other);
            only_other += usize::from(other && !one);
        }
        Discordant { only_one, only_other, p: sign_test(only_one, only_other) }
    }
}

/// Two-sided exact p of `a` against `b` under equal chances: the binomial sum, in logarithms.
fn sign_test(a: usize, b: usize) -> f64 {
    let count = (a + b) as f64;
    let log_choose =
        |k: usize| libm::lgamma(count + 1.0) - libm::lgamma(k as f64 + 1.0) - libm::lgamma(count - k as f64 + 1.0);
    let tail: f64 = (0..=a.min(b)).map(|k| (log_choose(k) - count * std::f64::consts::LN_2).exp()).sum();
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::tests::{SCORES, TARGETS};

    /// A second network's scores: the first's, partly mixed with another photograph's.
    fn other() -> Vec<f64> {
        (0..SCORES.len()).map(|at| 0.7 * SCORES[at] + 0.3 * SCORES[(at * 7 + 3) % SCORES.len()]).collect()
    }

    #[test]
    fn the_paired_difference_equals_the_reference() {
        let found = AurocDifference::of(&SCORES, &other(), &TARGETS).unwrap();
        // The double loop over the kernel with NumPy's cov; p from scipy.stats.norm.
        let [low, high] = found.ci95.unwrap();
        for (found, expected) in
            [(found.one, ONE), (found.other, OTHER), (low, LOW), (high, HIGH), (found.p.unwrap(), P)]
        {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }

    #[test]
    fn a_network_compared_with_itself_differs_by_nothing() {
        let same = AurocDifference::of(&SCORES, &SCORES, &TARGETS).unwrap();
        assert_eq!((same.difference, same.ci95, same.p), (0.0, None, None));
        assert_eq!(same.verdict(0.0), Verdict::NotInferior);
        assert_eq!(AurocDifference::of(&[0.1, 0.2], &[0.1, 0.2], &[true, true]), None);
    }

    #[test]
    fn the_verdict_follows_the_interval() {
        let found = |low: f64, high: f64| {
            let difference = (low + high) / 2.0;
            AurocDifference { one: 0.8, other: 0.8, difference, ci95: Some([low, high]), p: None }.verdict(0.02)
        };
        assert_eq!(found(0.01, 0.03), Verdict::Better);
        assert_eq!(found(-0.019, 0.03), Verdict::NotInferior);
        assert_eq!(found(-0.03, 0.03), Verdict::Unsettled);
        assert_eq!(found(-0.06, -0.03), Verdict::Worse);
    }

    #[test]
    fn mcnemars_exact_test_equals_scipy() {
        // scipy.stats.binomtest(min(b, c), b + c, 0.5).pvalue
        for (only_one, only_other, expected) in MCNEMAR {
            let right = std::iter::repeat_n((true, false), only_one)
                .chain(std::iter::repeat_n((false, true), only_other))
                .chain([(true, true), (false, false)]);
            let found = Discordant::of(right);
            assert_eq!((found.only_one, found.only_other), (only_one, only_other));
            assert!((found.p - expected).abs() < 1e-10, "{found:?} {expected}");
        }
    }

    const ONE: f64 = 0.78;
    const OTHER: f64 = 0.85;
    const LOW: f64 = 0.012850775846759761;
    const HIGH: f64 = 0.12714922415324015;
    const P: f64 = 0.016364264969228007;
    const MCNEMAR: [(usize, usize, f64); 5] =
        [(0, 0, 1.0), (3, 9, 0.14599609375), (12, 12, 1.0), (0, 8, 0.0078125), (150, 210, 0.001834007417096482)];
}
