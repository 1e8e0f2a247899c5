//! `threshold`: what a threshold by a stated rule would come to, on photographs that were judged.

use std::{collections::BTreeMap, path::PathBuf};

use ocellus_model::label::Output;
use serde::Serialize;

use super::Ui;
use crate::{
    error::{Exit, ExpectedError},
    evaluate::{
        at_threshold,
        interval::{Proportion, predictive_values},
        stored::Evaluation,
    },
    export::threshold::{Rule, choose},
    manifest::Manifest,
};

/// Arguments of `threshold`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of an evaluation. Choose on validation photographs, never on those that the network is judged by.
    evaluation: PathBuf,
    /// The manifest that says what people saw [default: the one that the evaluation names].
    #[arg(long)]
    manifest: Option<PathBuf>,
    /// The highest threshold that finds at least this part of the positives; without, the largest F1.
    #[arg(long)]
    sensitivity: Option<f64>,
    /// Part of the people screened who have the condition, for the predictive values.
    #[arg(long, default_value_t = 0.05)]
    prevalence: f64,
}

/// What one output's threshold comes to.
#[derive(Debug, Serialize)]
struct Chosen {
    positives: usize,
    negatives: usize,
    threshold: f64,
    rule: Rule,
    sensitivity: Option<Proportion>,
    specificity: Option<Proportion>,
    /// Of those found, the part that has it, at the stated prevalence.
    positive_predictive_value: Option<f64>,
    /// Of those passed, the part that has it not.
    negative_predictive_value: Option<f64>,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage for a folder that is no evaluation or a part that is none.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let part = |name: &str, value: f64| {
            let good = value > 0.0 && value < 1.0;
            good.then_some(value)
                .ok_or_else(|| ExpectedError::Usage(format!("--{name} {value}: expected above 0, below 1")))
        };
        let prevalence = part("prevalence", self.prevalence)?;
        let rule = match self.sensitivity {
            Some(wanted) => Rule::Sensitivity(part("sensitivity", wanted)?),
            None => Rule::F1,
        };
        let evaluation = Evaluation::read(&self.evaluation)?;
        let manifest = Manifest::read(self.manifest.as_ref().unwrap_or(&evaluation.manifest))?;
        let mut outputs = BTreeMap::new();
        for output in Output::ALL {
            let known = manifest.rows.iter().filter_map(|row| evaluation.known(row, output));
            let (probabilities, targets): (Vec<f64>, Vec<bool>) = known.unzip();
            if targets.is_empty() {
                continue;
            }
            let (threshold, rule) = choose(&probabilities, &targets, rule);
            let [sensitivity, specificity] = at_threshold(&probabilities, &targets, threshold);
            let positives = targets.iter().filter(|target| **target).count();
            let values = sensitivity.zip(specificity).map(|(a, b)| predictive_values(a.value, b.value, prevalence));
            let (positive_predictive_value, negative_predictive_value) = values.unwrap_or_default();
            let chosen = Chosen {
                positives,
                negatives: targets.len() - positives,
                threshold,
                rule,
                sensitivity,
                specificity,
                positive_predictive_value,
                negative_predictive_value,
            };
            outputs.insert(output, chosen);
        }
        ui.result(&outputs, text(&outputs, prevalence))?;
        ui.next("ocellus-trainer export --help");
        Ok(Exit::Ok)
    }
}

fn text(outputs: &BTreeMap<Output, Chosen>, prevalence: f64) -> String {
    let mut text = format!(
        "{:<28} {:>9} {:>23} {:>23} {:>7} {:>7}\n",
        "output", "threshold", "sensitivity (95 %)", "specificity (95 %)", "PPV", "NPV"
    );
    let share = |share: &Option<Proportion>| share.map_or_else(|| "-".to_owned(), |share| share.to_string());
    let value = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    for (output, chosen) in outputs {
        text.push_str(&format!(
            "{:<28} {:>9.4} {:>23} {:>23} {:>7} {:>7}\n",
            output.as_str(),
            chosen.threshold,
            share(&chosen.sensitivity),
            share(&chosen.specificity),
            value(chosen.positive_predictive_value),
            value(chosen.negative_predictive_value)
        ));
    }
    text.push_str(&format!(
        "PPV and NPV where {:.1} % of the people screened have the condition\n",
        100.0 * prevalence
    ));
    text
}
