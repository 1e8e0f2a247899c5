//! `calibrate`: how honest an evaluation's probabilities are, and what Platt scaling would make of them.

use std::{collections::BTreeMap, path::PathBuf};

use ocellus_model::label::Output;
use serde::Serialize;

use super::Ui;
use crate::{
    error::{Exit, ExpectedError},
    evaluate::{
        calibration::{brier, expected_calibration_error, platt},
        stored::Evaluation,
    },
    manifest::Manifest,
};

/// Parts of the cross-validation; a component lies in one of them.
const FOLDS: usize = 5;

/// Arguments of `calibrate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of an evaluation.
    evaluation: PathBuf,
    /// The manifest that says what people saw [default: the one that the evaluation names].
    #[arg(long)]
    manifest: Option<PathBuf>,
}

/// One output's calibration.
#[derive(Debug, Serialize)]
struct Calibrated {
    positives: usize,
    negatives: usize,
    brier: Option<f64>,
    ece: Option<f64>,
    /// The same after Platt scaling fitted on other photographs; none where a class is too small.
    brier_after: Option<f64>,
    ece_after: Option<f64>,
    /// The scaling fitted on all.
    scale: Option<f64>,
    offset: Option<f64>,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage for a folder that is no evaluation, data for a bad manifest.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let evaluation = Evaluation::read(&self.evaluation)?;
        let manifest = Manifest::read(self.manifest.as_ref().unwrap_or(&evaluation.manifest))?;
        let parts = crate::split::components::components(&manifest.rows, []);
        let mut outputs = BTreeMap::new();
        for output in Output::ALL {
            let known = manifest.rows.iter().zip(&parts).filter_map(|(row, part)| {
                let (probability, target) = evaluation.known(row, output)?;
                Some((probability, target, part % FOLDS))
            });
            let known: Vec<(f64, bool, usize)> = known.collect();
            if !known.is_empty() {
                outputs.insert(output, calibrated(&known));
            }
        }
        ui.result(&outputs, text(&outputs))?;
        ui.next(format_args!("ocellus-trainer threshold {}", super::ui::shell(&self.evaluation)));
        Ok(Exit::Ok)
    }
}

/// Probability, target and part of the cross-validation of each photograph.
fn calibrated(known: &[(f64, bool, usize)]) -> Calibrated {
    // Probabilities are written with six digits.
    let logit = |probability: f64| {
        let inside = probability.clamp(1e-6, 1.0 - 1e-6);
        (inside / (1.0 - inside)).ln()
    };
    let columns = |of: &dyn Fn(&(f64, bool, usize)) -> bool| -> (Vec<f64>, Vec<bool>) {
        known.iter().filter(|known| of(known)).map(|known| (known.0, known.1)).unzip()
    };
    let logits = |probabilities: &[f64]| probabilities.iter().map(|p| logit(*p)).collect::<Vec<_>>();
    let (probabilities, targets) = columns(&|_| true);
    let whole = platt(&logits(&probabilities), &targets);
    let (mut after, mut of) = (Vec::new(), Vec::new());
    for fold in 0..FOLDS {
        let (fitted, labels) = columns(&|known| known.2 != fold);
        let (held, held_labels) = columns(&|known| known.2 == fold);
        if let Some(scaling) = platt(&logits(&fitted), &labels) {
            after.extend(logits(&held).into_iter().map(|logit| scaling.probability(logit)));
            of.extend(held_labels);
        }
    }
    let complete = of.len() == targets.len();
    let positives = targets.iter().filter(|target| **target).count();
    Calibrated {
        positives,
        negatives: targets.len() - positives,
        brier: brier(&probabilities, &targets),
        ece: expected_calibration_error(&probabilities, &targets),
        brier_after: complete.then(|| brier(&after, &of)).flatten(),
        ece_after: complete.then(|| expected_calibration_error(&after, &of)).flatten(),
        scale: whole.map(|scaling| scaling.scale),
        offset: whole.map(|scaling| scaling.offset),
    }
}

fn text(outputs: &BTreeMap<Output, Calibrated>) -> String {
    let mut text = format!(
        "{:<28} {:>6} {:>7} {:>7} {:>7} {:>12} {:>12} {:>8} {:>8}\n",
        "output", "with", "without", "Brier", "ECE", "Brier scaled", "ECE scaled", "scale", "offset"
    );
    let cell = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    for (output, found) in outputs {
        text.push_str(&format!(
            "{:<28} {:>6} {:>7} {:>7} {:>7} {:>12} {:>12} {:>8} {:>8}\n",
            output.as_str(),
            found.positives,
            found.negatives,
            cell(found.brier),
            cell(found.ece),
            cell(found.brier_after),
            cell(found.ece_after),
            cell(found.scale),
            cell(found.offset)
        ));
    }
    text.push_str("scaled: Platt scaling fitted on photographs of other patients; `export` fits it on validation\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_that_are_too_sure_are_made_honest_by_a_scaling_fitted_elsewhere() {
        // One in four of the sure ones is wrong: 0.99 should have been 0.75.
        let known: Vec<(f64, bool, usize)> = (0..400)
            .map(|number| {
                let sure = number % 2 == 0;
                let right = number / 2 % 4 != 0;
                (if sure { 0.99 } else { 0.01 }, sure == right, number / 8 % FOLDS)
            })
            .collect();
        let found = calibrated(&known);
        assert!((found.ece.unwrap() - 0.24).abs() < 1e-9, "{found:?}");
        assert!(found.ece_after.unwrap() < 0.03 && found.brier_after < found.brier, "{found:?}");
        assert!(found.scale.unwrap() < 0.5);
    }
}
