//! How far a photograph's features lie from those of photographs that could be judged.
//!
//! The row ([`super`]) knows the faults that it was shown. What is no retina at all is sharp and well lit more often than
//! not; it is told by lying far from everything that could be judged: the Mahalanobis distance of the square roots of the
//! features (which steadies their spread), with Ledoit and Wolf's covariance (2004, "A well-conditioned estimator for
//! large-dimensional covariance matrices"), because there are hardly more photographs than features.

use smartcore::linalg::{
    basic::{
        arrays::{Array, Array2, MutArray},
        matrix::DenseMatrix,
    },
    traits::evd::EVDDecomposable,
};

use super::standard::Standard;

/// What is familiar.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Familiar {
    /// Of the features' square roots.
    standard: Standard,
    /// Directions, row by row, in which what is familiar has a mean square of one over their number.
    directions: Vec<Vec<f64>>,
}

/// Arrays that give, of averaged last maps, a logit; see [`crate::net::UNFAMILIARITY`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Unfamiliarity {
    /// Mean of each feature's square root.
    pub mean: Vec<f32>,
    /// One over its spread.
    pub scale: Vec<f32>,
    /// Directions, row by row.
    pub weight: Vec<f32>,
    /// The constant.
    pub constant: f32,
}

impl Familiar {
    /// From the features of photographs that could be judged; none where nothing can be fitted.
    pub(super) fn fit(familiar: &[&[f64]]) -> Option<Self> {
        let roots: Vec<Vec<f64>> = familiar.iter().map(|features| roots(features)).collect();
        let standard = Standard::of(&roots.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        let width = standard.mean.len();
        let standardised: Vec<Vec<f64>> = roots.iter().map(|row| standard.apply(row)).collect();
        let spread = shrunk_covariance(&standardised)?.evd(true).ok()?;
        let directions = (0..width).map(|direction| {
            let along = 1.0 / (spread.d[direction] * width as f64).sqrt();
            (0..width).map(|at| along * spread.V.get((at, direction))).collect()
        });
        let directions: Vec<Vec<f64>> = directions.collect();
        directions.iter().flatten().all(|value| value.is_finite()).then_some(Self { standard, directions })
    }

    /// The squared distance of features, about 1 for what is familiar.
    pub(super) fn distance(&self, features: &[f64]) -> f64 {
        let off = self.standard.apply(&roots(features));
        let along =
            |direction: &Vec<f64>| direction.iter().zip(&off).map(|(weight, value)| weight * value).sum::<f64>();
        self.directions.iter().map(|direction| along(direction).powi(2)).sum()
    }

    /// The arrays whose logit is `slope` times the distance, and `constant`.
    pub(super) fn logit(&self, slope: f64, constant: f64) -> Unfamiliarity {
        let Standard { mean, spread } = &self.standard;
        let weight = self.directions.iter().flatten().map(|value| (value * slope.sqrt()) as f32).collect();
        Unfamiliarity {
            mean: mean.iter().map(|value| *value as f32).collect(),
            scale: spread.iter().map(|value| (1.0 / value) as f32).collect(),
            weight,
            constant: constant as f32,
        }
    }
}

fn roots(features: &[f64]) -> Vec<f64> {
    // Averages of what a ReLU let through.
    features.iter().map(|feature| feature.max(0.0).sqrt()).collect()
}

/// Ledoit and Wolf's covariance of centred rows: part of the way from what was found towards the same variance everywhere.
fn shrunk_covariance(rows: &[Vec<f64>]) -> Option<DenseMatrix<f64>> {
    let (count, width) = (rows.len() as f64, rows.first()?.len());
    let matrix = DenseMatrix::from_2d_vec(&rows.to_vec()).ok()?;
    let mut covariance = matrix.ab(true, &matrix, false);
    covariance.iterator_mut(0).for_each(|value| *value /= count);
    let variance = (0..width).map(|at| *covariance.get((at, at))).sum::<f64>() / width as f64;
    let squares = covariance.iterator(0).map(|value| value * value).sum::<f64>();
    // Squared distances, over the width: of the covariance from the even one, and of the rows' own from the covariance.
    let from_even = squares / width as f64 - variance * variance;
    let fourth = rows.iter().map(|row| row.iter().map(|value| value * value).sum::<f64>().powi(2)).sum::<f64>();
    let of_rows = ((fourth / count - squares) / count / width as f64).clamp(0.0, from_even.max(0.0));
    let shrunk = if from_even > 0.0 { of_rows / from_even } else { 1.0 };
    for row in 0..width {
        for column in 0..width {
            let even = if row == column { variance } else { 0.0 };
            let found = *covariance.get((row, column));
            covariance.set((row, column), shrunk * even + (1.0 - shrunk) * found);
        }
    }
    Some(covariance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn familiar() -> Vec<Vec<f64>> {
        let feature = |i: usize, j: usize| ((i * i * 7 + i * j * 5) % 17 + j * (i % 4)) as f64 / 4.0;
        (0..40).map(|i| (0..5).map(|j| feature(i, j)).collect()).collect()
    }

    #[test]
    fn distances_are_those_of_another_program() {
        let familiar = familiar();
        let fitted = Familiar::fit(&familiar.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        // scikit-learn 1.9.1: StandardScaler and LedoitWolf of the square roots, mahalanobis over five.
        let of = [1.0, 2.0, 3.0, 0.5, 0.25];
        for (features, expected) in [(of, 1.4820548017345698), ([9.0, 0.0, 0.0, 9.0, 16.0], 12.159203467146112)] {
            let found = fitted.distance(&features);
            assert!((found - expected).abs() < 1e-9 * expected, "{found} {expected}");
        }
        assert!((fitted.distance(&familiar[3]) - 0.34372217367467306).abs() < 1e-9);
    }

    #[test]
    fn a_logit_is_a_multiple_of_the_distance_and_a_constant() {
        let familiar = familiar();
        let fitted = Familiar::fit(&familiar.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        let Unfamiliarity { mean, scale, weight, constant } = fitted.logit(2.5, -4.0);
        let off: Vec<f32> = (0..5).map(|at| (familiar[7][at].sqrt() as f32 - mean[at]) * scale[at]).collect();
        let along = weight.chunks(5).map(|row| row.iter().zip(&off).map(|(w, v)| w * v).sum::<f32>());
        let logit = along.map(|value| value * value).sum::<f32>() + constant;
        assert!((f64::from(logit) - (2.5 * fitted.distance(&familiar[7]) - 4.0)).abs() < 1e-4);
    }

    #[test]
    fn nothing_is_familiar_where_nothing_was_seen_and_what_never_varies_counts_for_little() {
        assert_eq!(Familiar::fit(&[]), None);
        let even: Vec<Vec<f64>> = familiar().into_iter().map(|row| vec![row[0], 0.0]).collect();
        let fitted = Familiar::fit(&even.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        assert!(even.iter().all(|features| fitted.distance(features) < 5.0));
        assert!(fitted.distance(&[1.0, 1.0]) > 100.0, "a channel that was always off");
    }
}
