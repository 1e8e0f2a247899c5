//! `metrics.json` of a run: what the best epoch's weights come to on the validation photographs, which chose that epoch. How
//! good the network is on others, an evaluation says.

use std::collections::BTreeMap;

use ocellus_model::label::Output;
use serde::Serialize;

use super::{checkpoint::Best, dataset::Sample, loss};
use crate::{
    evaluate::{OutputFigures, output_figures},
    task::Task,
};

/// What the validation photographs' logits come to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    /// Mean loss, every known label counting the same.
    pub(super) loss: f64,
    /// Of each output, in the order of the logits, on the photographs whose label is known.
    pub(super) outputs: Vec<OutputFigures>,
}

impl Measured {
    /// Of logits, a line a sample.
    pub(super) fn of(task: &Task, samples: &[Sample], logits: &[Vec<f32>]) -> Self {
        let (mut sum, mut mass) = (0.0, 0.0);
        for (sample, logits) in samples.iter().zip(logits) {
            let (loss, weight) = loss::plain(task.loss(), logits, &sample.targets, &sample.weights);
            sum += loss;
            mass += weight;
        }
        let figures = |output: usize| {
            let known = samples.iter().zip(logits).filter(|(sample, _)| sample.known[output]);
            let scored = known.map(|(s, logits)| (f64::from(logits[output]), s.targets[output] > 0.5));
            let (scores, targets): (Vec<f64>, Vec<bool>) = scored.unzip();
            output_figures(&scores, &targets, None)
        };
        Measured {
            loss: sum / f64::max(mass, f64::MIN_POSITIVE),
            outputs: (0..task.names().len()).map(figures).collect(),
        }
    }

    /// The outputs' AUROCs; none where one of the classes is missing.
    pub(super) fn auroc(&self) -> Vec<Option<f64>> {
        self.outputs.iter().map(|figures| figures.auroc).collect()
    }

    /// Mean of those there are.
    pub(super) fn mean_auroc(&self) -> Option<f64> {
        let there: Vec<f64> = self.auroc().into_iter().flatten().collect();
        (!there.is_empty()).then(|| there.iter().sum::<f64>() / there.len() as f64)
    }
}

/// The file, with the names that an evaluation's has.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Validated<'a> {
    /// Version of the program.
    program: &'static str,
    /// The epoch whose weights were measured, and what it was chosen by.
    best: &'a Best,
    /// Photographs measured on.
    photographs: usize,
    loss: f64,
    mean_auroc: Option<f64>,
    /// Not normal.
    anomaly: Option<OutputFigures>,
    /// The conditions, or the classes, by name.
    labels: BTreeMap<&'a str, OutputFigures>,
}

impl<'a> Validated<'a> {
    /// Of the best epoch's weights.
    pub(super) fn new(task: &'a Task, best: &'a Best, photographs: usize, measured: Measured) -> Self {
        let (loss, mean_auroc) = (measured.loss, measured.mean_auroc());
        let mut labels: BTreeMap<&str, OutputFigures> = task.names().into_iter().zip(measured.outputs).collect();
        let anomaly = labels.remove(Output::Anomaly.as_str());
        Validated { program: env!("CARGO_PKG_VERSION"), best, photographs, loss, mean_auroc, anomaly, labels }
    }
}
