//! Wilson's score interval of a proportion (Wilson 1927).

use std::fmt;

use serde::Serialize;

/// The 97.5 % quantile of the standard normal distribution.
pub(super) const Z_95: f64 = 1.959_963_984_540_054;

/// A proportion with what it was counted from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Proportion {
    /// 0..1.
    pub value: f64,
    /// Wilson's 95 % interval.
    pub ci95: [f64; 2],
}

impl fmt::Display for Proportion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ({:.3} to {:.3})", self.value, self.ci95[0], self.ci95[1])
    }
}

/// `hits` of `trials`; none without a trial.
pub fn proportion(hits: usize, trials: usize) -> Option<Proportion> {
    if trials == 0 {
        return None;
    }
    let (n, p) = (trials as f64, hits as f64 / trials as f64);
    let z2 = Z_95 * Z_95;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z_95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // Rounding may step over the ends by a few units in the last place.
    Some(Proportion { value: p, ci95: [(centre - half).max(0.0), (centre + half).min(1.0)] })
}

/// Positive and negative predictive value by Bayes' rule; each none where nobody would be found, or passed.
pub fn predictive_values(sensitivity: f64, specificity: f64, prevalence: f64) -> (Option<f64>, Option<f64>) {
    let found = sensitivity * prevalence + (1.0 - specificity) * (1.0 - prevalence);
    let passed = (1.0 - sensitivity) * prevalence + specificity * (1.0 - prevalence);
    let of = |right: f64, all: f64| (all > 0.0).then(|| right / all);
    (of(sensitivity * prevalence, found), of(specificity * (1.0 - prevalence), passed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_equals_scipy() {
        // scipy.stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
        for (hits, trials, low, high) in WILSON {
            let found = proportion(hits, trials).unwrap();
            assert!((found.ci95[0] - low).abs() < 1e-9 && (found.ci95[1] - high).abs() < 1e-9, "{found:?}");
        }
        assert_eq!(proportion(0, 0), None);
    }

    #[test]
    fn predictive_values_follow_bayes() {
        // Of 1,000 people 100 have it: 90 found, 10 missed; of 900 others 720 passed, 180 found.
        let (positive, negative) = predictive_values(0.9, 0.8, 0.1);
        assert!((positive.unwrap() - 90.0 / 270.0).abs() < 1e-12);
        assert!((negative.unwrap() - 720.0 / 730.0).abs() < 1e-12);
        assert_eq!(predictive_values(0.0, 1.0, 0.1).0, None);
    }

    const WILSON: [(usize, usize, f64, f64); 4] = [
        (0, 10, 0.0, 0.27753279986288926),
        (45, 50, 0.7863976856252034, 0.9565242350681095),
        (10, 10, 0.7224672001371109, 1.0),
        (7, 23, 0.15604024453214022, 0.508657562687592),
    ];
}
