//! A last row for the network's head: whether a photograph can be judged at all.
//!
//! The finished network's features, averaged over the photograph, know what a retina looks like; a logistic regression
//! on them tells photographs that people called ungradable from those that people could read. It becomes one more row
//! of the head, so that it costs nothing to compute, travels in the same file and is tested with the other outputs.
//!
//! Ungradable photographs are few, so the figures come from a cross-validation over all that are given: neighbouring
//! pictures of a series (by name) and pictures of one patient or group are never on both sides.
//!
//! Not here: classic measures of quality (`ocellus_model::quality`), training the network itself.

use std::path::Path;

use ocellus_model::{
    bundle::manifest::GradabilitySpec,
    quality::{self, Gradability, Reason},
};
use rayon::prelude::*;
use serde::Serialize;
use smartcore::{
    error::Failed,
    linalg::basic::{arrays::Array, matrix::DenseMatrix},
    linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters},
};

use crate::{
    cli::Ui,
    evaluate::{auroc::auroc, calibration::platt},
    gate::Refusals,
    manifest::Row,
    predict::{PredictError, Predictor},
    split::components::components,
};

/// Fewer ungradable photographs teach nothing.
pub const UNGRADABLE_MIN: usize = 30;
/// Most photographs that nobody graded but somebody could label; they count as gradable.
const LABELLED_MAX: usize = 1500;
/// Parts of the cross-validation.
const FOLDS: usize = 10;
/// Photographs of a source that follow each other by name and are kept together.
const SERIES: usize = 10;
/// Weight of the penalty on squared coefficients, of standardised features. Five hundred
/// features of a few dozen ungradable photographs need a strong one; around this value the figures hardly change.
const PENALTY: f64 = 3000.0;
/// Part of the ungradable photographs that has to be refused in cross-validation, by the network or by a measure that
/// leaves no doubt.
pub const REFUSED_WANTED: f64 = 0.96;

/// The row and what was found in cross-validation.
#[derive(Debug, Clone, Serialize)]
pub struct GradabilityHead {
    /// One weight a channel of the last features.
    #[serde(skip)]
    pub weight: Vec<f32>,
    /// The constant.
    #[serde(skip)]
    pub bias: f32,
    /// Calibration and threshold.
    #[serde(skip)]
    pub spec: GradabilitySpec,
    /// Of the ungradable photographs, refused in cross-validation, by the network or by a measure that leaves no doubt.
    pub ungradable: Refusals,
    /// Of those that people called usable.
    pub usable: Refusals,
    /// Of those that people called good.
    pub good: Refusals,
    /// Of those that nobody graded and somebody labelled.
    pub labelled: Refusals,
    /// AUROC of ungradable against good photographs, in cross-validation.
    pub auroc: Option<f64>,
}

/// A photograph's features and what is known of it.
struct Example {
    /// None where there is no field to look at.
    features: Option<Vec<f64>>,
    /// Refused already, for want of a field or by a measure that leaves no doubt.
    ruled_out: bool,
    grade: Option<Gradability>,
    fold: usize,
}

impl Example {
    /// The features and whether it is to be refused; none where people were undecided, or there is nothing to see, which
    /// teaches nothing.
    fn learnt(&self) -> Option<(&[f64], bool)> {
        let refused = match self.grade {
            Some(Gradability::Ungradable) => true,
            Some(Gradability::Good) | None => false,
            Some(Gradability::Usable) => return None,
        };
        Some((self.features.as_deref()?, refused))
    }
}

/// Fits the row on the rows that say something. None where there are too few ungradable photographs.
///
/// # Errors
/// When the engine fails.
pub fn fit(predictor: &Predictor, rows: &[Row], root: &Path, ui: &Ui) -> Result<Option<GradabilityHead>, PredictError> {
    let chosen = choose(rows);
    if chosen.iter().filter(|(row, _)| row.quality == Some(Gradability::Ungradable)).count() < UNGRADABLE_MIN {
        return Ok(None);
    }
    let files: Vec<_> = chosen.iter().map(|(row, _)| root.join(&row.file)).collect();
    let pooled = predictor.pooled(&files, ui, |pixels, field| {
        quality::assess(pixels, field).reasons.into_iter().any(Reason::rules_out)
    })?;
    let mut examples = Vec::with_capacity(chosen.len());
    for ((row, fold), pooled) in chosen.iter().zip(pooled) {
        let (features, ruled_out) = pooled.map_or((None, true), |pooled| (Some(pooled.features), pooled.seen));
        examples.push(Example { features, ruled_out, grade: row.quality, fold: *fold });
    }
    let Some(logits) = cross_validated(&examples) else { return Ok(None) };
    let Some(whole) = Regression::fit(examples.iter()) else { return Ok(None) };
    Ok(Some(head(&examples, &logits, &whole)))
}

/// The rows to learn from, each with its part of the cross-validation.
fn choose(rows: &[Row]) -> Vec<(&Row, usize)> {
    let labelled = |row: &&Row| row.quality.is_none() && row.labels.iter().any(Option::is_some);
    let step = rows.iter().filter(labelled).count().div_ceil(LABELLED_MAX).max(1);
    let mut chosen: Vec<&Row> = rows.iter().filter(|row| row.quality.is_some()).collect();
    chosen.extend(rows.iter().filter(labelled).step_by(step));
    chosen.sort_by(|a, b| (&a.source, &a.file).cmp(&(&b.source, &b.file)));
    let owned: Vec<Row> = chosen.iter().map(|row| (*row).clone()).collect();
    let series = (1..owned.len()).filter(|i| i % SERIES != 0).map(|i| (i - 1, i));
    let parts = components(&owned, series.filter(|(a, b)| owned[*a].source == owned[*b].source));
    chosen.into_iter().zip(parts).map(|(row, part)| (row, part % FOLDS)).collect()
}

/// The logit of each example by a regression that saw none of its part, infinite where there are no features; none where
/// a regression can't be fitted.
fn cross_validated(examples: &[Example]) -> Option<Vec<f64>> {
    let fitted: Vec<Option<Regression>> = (0..FOLDS)
        .into_par_iter()
        .map(|fold| Regression::fit(examples.iter().filter(|example| example.fold != fold)))
        .collect();
    let logit = |example: &Example| {
        let regression = fitted[example.fold].as_ref()?;
        Some(example.features.as_ref().map_or(f64::INFINITY, |features| regression.logit(features)))
    };
    examples.iter().map(logit).collect()
}

fn head(examples: &[Example], logits: &[f64], whole: &Regression) -> GradabilityHead {
    // What is ruled out already is refused whatever the network says.
    let of = |grade: Option<Gradability>| -> Vec<f64> {
        let of_grade = examples.iter().zip(logits).filter(|(example, _)| example.grade == grade);
        of_grade.map(|(example, logit)| if example.ruled_out { f64::INFINITY } else { *logit }).collect()
    };
    let mut ungradable = of(Some(Gradability::Ungradable));
    ungradable.sort_by(f64::total_cmp);
    let missed = ((1.0 - REFUSED_WANTED) * ungradable.len() as f64) as usize;
    let from = ungradable[missed.min(ungradable.len() - 1)];
    let (known, targets): (Vec<f64>, Vec<bool>) =
        examples.iter().zip(logits).filter_map(|(example, logit)| Some((*logit, example.learnt()?.1))).unzip();
    let calibration = platt(&known, &targets).unwrap_or(ocellus_model::calibration::Calibration::IDENTITY);
    // The probability is strictly between 0 and 1 for every logit that can occur.
    let refused_from = calibration.probability(from).clamp(1e-6, 1.0 - 1e-6);
    let refused = |logits: Vec<f64>| {
        let refused = logits.iter().filter(|logit| calibration.probability(**logit) >= refused_from).count();
        Refusals::new(refused, logits.len())
    };
    let graded = |grade| {
        let seen = examples.iter().zip(logits).filter(|(example, _)| example.features.is_some());
        seen.filter(move |(example, _)| example.grade == Some(grade))
    };
    let (against, which): (Vec<f64>, Vec<bool>) = graded(Gradability::Ungradable)
        .map(|(_, logit)| (*logit, true))
        .chain(graded(Gradability::Good).map(|(_, logit)| (*logit, false)))
        .unzip();
    GradabilityHead {
        weight: whole.weight.iter().map(|weight| *weight as f32).collect(),
        bias: whole.bias as f32,
        spec: GradabilitySpec { refused_from, calibration },
        ungradable: refused(ungradable),
        usable: refused(of(Some(Gradability::Usable))),
        good: refused(of(Some(Gradability::Good))),
        labelled: refused(of(None)),
        auroc: auroc(&against, &which).map(|auroc| auroc.value),
    }
}

/// Weights and constant on the features as they are.
struct Regression {
    weight: Vec<f64>,
    bias: f64,
}

impl Regression {
    /// Logistic regression on standardised features, both classes weighed alike; none where it can't be fitted.
    fn fit<'a>(examples: impl Iterator<Item = &'a Example>) -> Option<Self> {
        let known: Vec<(&[f64], bool)> = examples.filter_map(Example::learnt).collect();
        let width = known.first()?.0.len();
        let count = known.len() as f64;
        let mean: Vec<f64> = (0..width).map(|at| known.iter().map(|(f, _)| f[at]).sum::<f64>() / count).collect();
        let spread: Vec<f64> = (0..width)
            .map(|at| {
                let variance = known.iter().map(|(f, _)| (f[at] - mean[at]).powi(2)).sum::<f64>() / count;
                // A channel that is always off says nothing, and must not say much on a new photograph either.
                variance.sqrt().max(1e-3)
            })
            .collect();
        // The library knows no weights of examples: the rare class is repeated.
        let rare = known.iter().filter(|(_, refused)| *refused).count();
        let repeats = ((known.len() - rare) / rare.max(1)).max(1);
        let (mut rows, mut targets) = (Vec::new(), Vec::new());
        for (features, refused) in &known {
            let row: Vec<f64> = features.iter().enumerate().map(|(at, f)| (f - mean[at]) / spread[at]).collect();
            for _ in 0..if *refused { repeats } else { 1 } {
                rows.push(row.clone());
                targets.push(i32::from(*refused));
            }
        }
        let fitted = || -> Result<(Vec<f64>, f64), Failed> {
            let parameters = LogisticRegressionParameters::default().with_alpha(PENALTY);
            let model = LogisticRegression::fit(&DenseMatrix::from_2d_vec(&rows)?, &targets, parameters)?;
            Ok(((0..width).map(|at| *model.coefficients().get((0, at))).collect(), *model.intercept().get((0, 0))))
        };
        let (standardised, constant) = fitted().ok()?;
        let weight: Vec<f64> = standardised.iter().zip(&spread).map(|(weight, spread)| weight / spread).collect();
        let shift: f64 = weight.iter().zip(&mean).map(|(weight, mean)| weight * mean).sum();
        let bias = constant - shift;
        let sound = weight.iter().chain([&bias]).all(|value| value.is_finite());
        sound.then_some(Self { weight, bias })
    }

    fn logit(&self, features: &[f64]) -> f64 {
        self.weight.iter().zip(features).map(|(weight, feature)| weight * feature).sum::<f64>() + self.bias
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Features of which the second tells the ungradable ones.
    fn examples(count: usize) -> Vec<Example> {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        (0..count)
            .map(|number| {
                let ungradable = number % 8 == 0;
                let noise = || rng.random_range(-1.0..1.0);
                let mut features: Vec<f64> = std::iter::repeat_with(noise).take(4).collect();
                features[1] += if ungradable { 3.0 } else { 0.0 };
                features[2] *= 40.0;
                let grade = match number % 8 {
                    0 => Some(Gradability::Ungradable),
                    1 | 2 => Some(Gradability::Good),
                    3 => Some(Gradability::Usable),
                    _ => None,
                };
                Example { features: Some(features), ruled_out: false, grade, fold: number / 8 % FOLDS }
            })
            .collect()
    }

    #[test]
    fn the_row_tells_what_people_told_and_its_figures_are_those_of_unseen_photographs() {
        let examples = examples(1600);
        let logits = cross_validated(&examples).unwrap();
        let whole = Regression::fit(examples.iter()).unwrap();
        let head = head(&examples, &logits, &whole);
        assert!(head.ungradable.share.unwrap().value >= REFUSED_WANTED, "{head:?}");
        assert!(head.good.share.unwrap().value < 0.05 && head.labelled.share.unwrap().value < 0.05, "{head:?}");
        assert_eq!((head.ungradable.photographs, head.good.photographs, head.usable.photographs), (200, 400, 200));
        assert!(head.auroc.unwrap() > 0.95);
        // The stored row decides as the regression does.
        for example in &examples {
            let features = example.features.as_ref().unwrap();
            let logit = features.iter().zip(&head.weight).map(|(f, w)| *f as f32 * w).sum::<f32>() + head.bias;
            assert!((f64::from(logit) - whole.logit(features)).abs() < 1e-3);
        }
    }

    #[test]
    fn what_is_ruled_out_counts_as_refused_and_leaves_the_threshold_to_the_others() {
        let mut examples = examples(1600);
        for example in examples.iter_mut().filter(|example| example.grade == Some(Gradability::Ungradable)).take(20) {
            (example.features, example.ruled_out) = (None, true);
        }
        let logits = cross_validated(&examples).unwrap();
        let found = head(&examples, &logits, &Regression::fit(examples.iter()).unwrap());
        assert_eq!((found.ungradable.photographs, found.ungradable.refused), (200, 192), "{found:?}");
    }

    #[test]
    fn photographs_of_a_series_a_patient_and_a_group_share_a_part() {
        let row = |number: usize, patient: Option<&str>, quality| Row {
            file: format!("{number:03}.jpg"),
            source: "a".to_owned(),
            patient: patient.map(str::to_owned),
            quality: Some(quality),
            ..Row::default()
        };
        let mut rows: Vec<Row> = (0..60).map(|number| row(number, None, Gradability::Good)).collect();
        rows[3].patient = Some("p".to_owned());
        rows[44].patient = Some("p".to_owned());
        let chosen = choose(&rows);
        let part = |number: usize| chosen[number].1;
        assert!((0..10).all(|number| part(number) == part(0)));
        assert_eq!(part(3), part(44));
        assert_ne!(part(0), part(10));
    }
}
