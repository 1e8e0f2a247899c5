//! The row: logistic regression on a photograph's features.

use smartcore::{
    error::Failed,
    linalg::basic::{arrays::Array, matrix::DenseMatrix},
    linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters},
};

use super::{Example, Known, standard::Standard};

/// Weights and constant on the features as they are.
pub(super) struct Regression {
    pub(super) weight: Vec<f64>,
    pub(super) bias: f64,
    /// What held it back.
    pub(super) penalty: f64,
}

impl Regression {
    /// Logistic regression on standardised features; what could be judged, what people called ungradable and what was made
    /// poor weigh alike. None where it can't be fitted.
    pub(super) fn fit<'a>(examples: impl Iterator<Item = &'a Example>, penalty: f64) -> Option<Self> {
        // By class: judged, ungradable, made poor.
        let learnt = examples.filter_map(|example| {
            let (features, refused) = example.learnt()?;
            let class = if matches!(example.known, Known::Degraded(_)) { 2 } else { usize::from(refused) };
            Some((features, class))
        });
        let (features, classes): (Vec<&[f64]>, Vec<usize>) = learnt.unzip();
        let standard = Standard::of(&features)?;
        // The library knows no weights of examples: those of a smaller class are repeated.
        let count = |class: usize| classes.iter().filter(|of| **of == class).count();
        let times = [0, 1, 2].map(|class| (count(0) / count(class).max(1)).max(1));
        let (mut rows, mut targets) = (Vec::new(), Vec::new());
        for (features, class) in features.iter().zip(&classes) {
            let row = standard.apply(features);
            for _ in 0..times[*class] {
                rows.push(row.clone());
                targets.push(i32::from(*class > 0));
            }
        }
        let fitted = || -> Result<(Vec<f64>, f64), Failed> {
            let parameters = LogisticRegressionParameters::default().with_alpha(penalty);
            let model = LogisticRegression::fit(&DenseMatrix::from_2d_vec(&rows)?, &targets, parameters)?;
            let width = standard.mean.len();
            Ok(((0..width).map(|at| *model.coefficients().get((0, at))).collect(), *model.intercept().get((0, 0))))
        };
        let (standardised, constant) = fitted().ok()?;
        let weight: Vec<f64> =
            standardised.iter().zip(&standard.spread).map(|(weight, spread)| weight / spread).collect();
        let shift: f64 = weight.iter().zip(&standard.mean).map(|(weight, mean)| weight * mean).sum();
        let bias = constant - shift;
        let sound = weight.iter().chain([&bias]).all(|value| value.is_finite());
        sound.then_some(Self { weight, bias, penalty })
    }

    pub(super) fn logit(&self, features: &[f64]) -> f64 {
        self.weight.iter().zip(features).map(|(weight, feature)| weight * feature).sum::<f64>() + self.bias
    }
}
