//! Judges a network on labelled photographs, with what the frame alone would give beside every figure.
//!
//! Terms: the *frame baseline* is a classifier that sees only frame and mean colours ([`frame`]), cross-validated by
//! component on the same photographs; a network's figure means something only where it stands clearly above it. A
//! photograph that can't be read or has no field is counted and named, and has no probability.
//!
//! Figures of outputs are of every photograph with a field, also one that the quality gate would refuse; what people would
//! be told has the gate applied. Not here: comparing networks, leaving sources out, choosing thresholds.

pub mod auroc;
pub mod became;
pub mod bootstrap;
pub mod borders;
pub mod calibration;
pub mod compare;
pub mod frame;
pub mod interval;
mod page;
pub mod parts;
mod report;
pub mod screening;
pub mod stored;
pub mod summary;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ocellus_model::{
    decision::Outcome,
    label::{Label, Output},
    quality::{self, Quality},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    cli::Ui,
    files::sha256_of,
    gate::{Gated, Refusals, refusals},
    manifest::{Manifest, Row},
    predict::{Decision, Judged, PredictError, Predictor},
    split::components::components,
};
use auroc::{auroc, average_precision};
use became::Became;
use borders::Borders;
use frame::{FEATURES, cross_validated, features};
use interval::Proportion;

pub use page::html;
pub use report::{markdown, predictions_csv, suspects_csv};
pub use screening::Screening;
pub use summary::{MultiClass, MultiLabel};

/// Seed of the baseline's folds and forests.
const SEED: u64 = 1;

/// The figures of one output on one set of photographs. What can't be had (a class missing, no threshold) is none.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct OutputFigures {
    /// Photographs with the label.
    pub positives: usize,
    /// Photographs without it.
    pub negatives: usize,
    /// Area under the ROC curve.
    pub auroc: Option<f64>,
    /// DeLong's 95 % interval.
    pub auroc_ci95: Option<[f64; 2]>,
    /// The 95 % interval when whole patients are drawn anew; of all sources together only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auroc_patients_ci95: Option<[f64; 2]>,
    /// Average precision.
    pub average_precision: Option<f64>,
    /// Calibrated probability from which it is a finding.
    pub threshold: Option<f64>,
    /// Part of the positives that are findings.
    pub sensitivity: Option<f64>,
    /// Wilson's 95 % interval.
    pub sensitivity_ci95: Option<[f64; 2]>,
    /// Part of the negatives that are no findings.
    pub specificity: Option<f64>,
    /// Wilson's 95 % interval.
    pub specificity_ci95: Option<[f64; 2]>,
    /// Brier score of the calibrated probabilities.
    pub brier: Option<f64>,
    /// Their expected calibration error.
    pub ece: Option<f64>,
}

/// Each output on one set of photographs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ByOutput {
    /// Not normal.
    pub anomaly: Option<OutputFigures>,
    /// The conditions by name.
    pub labels: BTreeMap<&'static str, OutputFigures>,
}

/// All outputs on one set of photographs, each by itself and together.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Photographs judged.
    pub photographs: usize,
    /// Each output.
    #[serde(flatten)]
    pub outputs: ByOutput,
    /// The conditions together, and one of several classes.
    #[serde(flatten)]
    pub together: Together,
}

/// All outputs in one figure, on one set of photographs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Together {
    /// The conditions together; none without thresholds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_label: Option<MultiLabel>,
    /// One of the most prevalent classes of these photographs; none where there are not two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_class: Option<MultiClass>,
}

/// The same for the frame baseline, whose scores have no threshold.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Baseline {
    /// On all photographs.
    #[serde(flatten)]
    pub outputs: ByOutput,
    /// By source, from the same scores.
    pub sources: BTreeMap<String, ByOutput>,
}

/// A photograph that was not judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// The photograph.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// `metrics.json`.
#[derive(Debug, Clone, Serialize)]
pub struct Metrics {
    /// Version of the program.
    pub program: &'static str,
    /// What was judged, in words.
    pub network: String,
    /// The manifest.
    pub manifest: PathBuf,
    /// Its SHA-256.
    pub manifest_sha256: String,
    /// Rows of the manifest.
    pub photographs: usize,
    /// Those judged.
    pub judged: usize,
    /// Those not.
    pub unreadable: Vec<Unreadable>,
    /// Each output, over all sources.
    #[serde(flatten)]
    pub outputs: ByOutput,
    /// By source.
    pub sources: BTreeMap<String, Figures>,
    /// The conditions together, and one of several classes.
    #[serde(flatten)]
    pub together: Together,
    /// What people would be told, the gate applied; none without thresholds.
    pub screening: Option<Screening>,
    /// The same by what the readers said of the eyes; empty without thresholds.
    pub became: Vec<Became>,
    /// Refusals by the quality gate, with the network's word where it has one, by what people said of the photographs.
    pub gate: BTreeMap<&'static str, Refusals>,
    /// What the frame alone gives on the same photographs.
    pub frame_baseline: Baseline,
    /// What the network says of them in each other's frames; none where that was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub borders: Option<Borders>,
}

/// One photograph with what the network said of it.
#[derive(Debug, Clone)]
pub struct Photograph<'a> {
    /// Its row.
    pub row: &'a Row,
    /// Logits in the order of the outputs, or why there are none.
    pub logits: Result<Vec<f32>, String>,
    /// What the device makes of it; none without thresholds.
    pub outcome: Option<Outcome>,
}

/// What came of looking at one photograph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Looked {
    /// One logit an output, that of the gradability last.
    logits: Vec<f32>,
    /// What the frame baseline sees.
    frame: [f64; FEATURES],
    /// Quality by the measures alone.
    quality: Quality,
}

/// What came of a photograph, or why there is nothing.
pub type LookedAt = Result<Looked, String>;

/// Looks at the photographs of some rows. One that can't be read or has no field gives the reason instead.
///
/// # Errors
/// When the engine fails.
pub fn look<'a>(
    predictor: &Predictor,
    rows: impl Iterator<Item = &'a Row>,
    root: &Path,
    ui: &Ui,
) -> Result<Vec<LookedAt>, PredictError> {
    let files: Vec<PathBuf> = rows.map(|row| root.join(&row.file)).collect();
    let judged = predictor.run(&files, ui, |pixels, field, _| (features(pixels), quality::assess(pixels, field)))?;
    let looked = judged
        .into_iter()
        .map(|judged| judged.map(|Judged { logits, seen: (frame, quality) }| Looked { logits, frame, quality }));
    Ok(looked.collect())
}

/// The figures of a manifest whose photographs were [looked at](look); `prevalence` is the part of the people screened who
/// are taken for abnormal in predictive values.
pub fn evaluate<'a>(
    predictor: &Predictor,
    network: String,
    manifest: &'a Manifest,
    looked: Vec<LookedAt>,
    prevalence: f64,
    ui: &Ui,
) -> (Metrics, Vec<Photograph<'a>>) {
    let rows = &manifest.rows;
    let parts = components(rows, []);
    let mut seen = Vec::new();
    let mut photographs = Vec::with_capacity(rows.len());
    let mut unreadable = Vec::new();
    let mut gated = Vec::new();
    for ((row, looked), component) in rows.iter().zip(looked).zip(parts) {
        let (logits, outcome) = match looked {
            Ok(Looked { logits, frame, quality }) => {
                let quality = predictor.quality(quality, &logits);
                gated.push(Gated::new(row, Ok(&quality)));
                seen.push(Seen { row, logits: logits.clone(), frame, component });
                let outcome = predictor.decide(&quality, &logits);
                (Ok(logits), outcome)
            }
            Err(reason) => {
                gated.push(Gated::new(row, Err(reason.clone())));
                unreadable.push(Unreadable { file: row.file.clone(), reason: reason.clone() });
                (Err(reason), predictor.decisions.as_ref().map(|_| Outcome::NoResult))
            }
        };
        photographs.push(Photograph { row, logits, outcome });
    }
    ui.say("fitting the frame baseline");
    let baselines: Vec<Vec<Option<f64>>> =
        predictor.outputs.par_iter().map(|output| baseline(*output, &seen)).collect();
    let of = |source: Option<&str>| figures(predictor, &of_source(&seen, source));
    let frame_of = |source: Option<&str>| frame_figures(&predictor.outputs, &of_source(&seen, source), &baselines);
    let sources: Vec<&str> = seen
        .iter()
        .map(|seen| seen.row.source.as_str())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    let mut all = of(None);
    ui.say("drawing patients anew for the intervals");
    let intervals: Vec<Option<[f64; 2]>> =
        (0..predictor.outputs.len()).into_par_iter().map(|at| patients(&predictor.outputs, at, &seen)).collect();
    for (output, interval) in predictor.outputs.iter().zip(intervals) {
        if let Some(figures) = all.outputs.get_mut(*output) {
            figures.auroc_patients_ci95 = interval;
        }
    }
    let decided: Option<Vec<(&Row, Outcome)>> =
        photographs.iter().map(|photograph| Some((photograph.row, photograph.outcome?))).collect();
    let screened = decided.as_ref().map(|decided| {
        let abnormal = |(row, outcome): &(&Row, Outcome)| (*outcome, row.target(Output::Anomaly));
        screening::screening(&decided.iter().map(abnormal).collect::<Vec<_>>(), prevalence)
    });
    let metrics = Metrics {
        program: env!("CARGO_PKG_VERSION"),
        network,
        manifest: manifest.path.clone(),
        manifest_sha256: sha256_of(&manifest.path).unwrap_or_default(),
        photographs: rows.len(),
        judged: seen.len(),
        unreadable,
        together: all.together,
        screening: screened,
        became: decided.map_or_else(Vec::new, |decided| became::became(decided.into_iter())),
        gate: refusals(&gated),
        outputs: all.outputs,
        sources: sources.iter().map(|source| ((*source).to_owned(), of(Some(source)))).collect(),
        frame_baseline: Baseline {
            outputs: frame_of(None),
            sources: sources.iter().map(|source| ((*source).to_owned(), frame_of(Some(source)))).collect(),
        },
        borders: None,
    };
    (metrics, photographs)
}

/// The photographs of one source or all, each with its number.
fn of_source<'a, 'b>(seen: &'b [Seen<'a>], source: Option<&str>) -> Vec<(usize, &'b Seen<'a>)> {
    let inside = |seen: &Seen<'_>| source.is_none_or(|name| seen.row.source == name);
    seen.iter().enumerate().filter(|(_, seen)| inside(seen)).collect()
}

/// The outputs of some photographs together.
fn together(predictor: &Predictor, inside: &[(usize, &Seen<'_>)]) -> Together {
    let inside: Vec<&Seen<'_>> = inside.iter().map(|(_, seen)| *seen).collect();
    let probabilities: Vec<Vec<f64>> = inside.iter().map(|seen| predictor.probabilities(&seen.logits)).collect();
    let judged: Vec<summary::Judged<'_>> =
        inside.iter().zip(&probabilities).map(|(seen, probabilities)| (seen.row, &probabilities[..])).collect();
    let thresholds = predictor
        .decisions
        .as_ref()
        .map(|decisions| -> Vec<f64> { decisions.iter().map(|decision| decision.threshold).collect() });
    Together {
        multi_label: thresholds.map(|of| summary::multi_label(&predictor.outputs, &of, &judged)),
        multi_class: classes_told(predictor, &judged)
            .map(|told| MultiClass { frame_macro_auroc: frame_of_classes(&told.classes, &inside), ..told }),
    }
}

/// How well one of several classes is told: by the classes of the network, or by its outputs.
fn classes_told(predictor: &Predictor, judged: &[summary::Judged<'_>]) -> Option<MultiClass> {
    if predictor.classes.is_empty() {
        return summary::classes_of_outputs(&predictor.outputs, judged);
    }
    let scored = judged
        .iter()
        .filter_map(|(row, probabilities)| Some((summary::class_of(row, &predictor.classes)?, probabilities.to_vec())));
    Some(summary::multi_class(predictor.classes.clone(), &scored.collect::<Vec<_>>()))
}

/// What the frame alone says of the classes: the mean over them of the AUROC of one against the rest, cross-validated.
fn frame_of_classes(classes: &[Label], seen: &[&Seen<'_>]) -> Option<f64> {
    let known: Vec<(usize, &Seen<'_>)> =
        seen.iter().filter_map(|seen| Some((summary::class_of(seen.row, classes)?, *seen))).collect();
    let rows: Vec<_> = known.iter().map(|(_, seen)| seen.frame).collect();
    let parts: Vec<usize> = known.iter().map(|(_, seen)| seen.component).collect();
    let scores: Option<Vec<Vec<f64>>> = (0..classes.len())
        .into_par_iter()
        .map(|class| {
            let targets: Vec<bool> = known.iter().map(|(is, _)| *is == class).collect();
            cross_validated(&rows, &targets, &parts, SEED)
        })
        .collect();
    let scores = scores?;
    let of = |at: usize| scores.iter().map(|of_class| of_class[at]).collect();
    let scored: Vec<(usize, Vec<f64>)> = known.iter().enumerate().map(|(at, (class, _))| (*class, of(at))).collect();
    summary::macro_auroc(classes.len(), &scored)
}

/// A judged photograph.
struct Seen<'a> {
    row: &'a Row,
    logits: Vec<f32>,
    frame: [f64; FEATURES],
    component: usize,
}

/// The baseline's score for each photograph that is labelled for an output; none for the others and where there are too
/// few.
fn baseline(output: Output, seen: &[Seen<'_>]) -> Vec<Option<f64>> {
    let known: Vec<(usize, bool)> =
        seen.iter().enumerate().filter_map(|(index, seen)| Some((index, seen.row.target(output)?))).collect();
    let rows: Vec<_> = known.iter().map(|(index, _)| seen[*index].frame).collect();
    let targets: Vec<bool> = known.iter().map(|(_, target)| *target).collect();
    let parts: Vec<usize> = known.iter().map(|(index, _)| seen[*index].component).collect();
    let mut scores = vec![None; seen.len()];
    if let Some(found) = cross_validated(&rows, &targets, &parts, SEED) {
        known.iter().zip(found).for_each(|((index, _), score)| scores[*index] = Some(score));
    }
    scores
}

/// The network's figures of some photographs.
fn figures(predictor: &Predictor, inside: &[(usize, &Seen<'_>)]) -> Figures {
    let mut outputs = ByOutput::default();
    for (index, output) in predictor.outputs.iter().enumerate() {
        let known =
            inside.iter().filter_map(|(_, seen)| Some((f64::from(seen.logits[index]), seen.row.target(*output)?)));
        let (logits, targets): (Vec<f64>, Vec<bool>) = known.unzip();
        let decision = predictor.decisions.as_ref().map(|decisions| decisions[index]);
        outputs.put(*output, output_figures(&logits, &targets, decision));
    }
    Figures { photographs: inside.len(), outputs, together: together(predictor, inside) }
}

/// The baseline's figures of some photographs; `scores` are of all, by output and number.
fn frame_figures(outputs: &[Output], inside: &[(usize, &Seen<'_>)], scores: &[Vec<Option<f64>>]) -> ByOutput {
    let mut all = ByOutput::default();
    for (output, scores) in outputs.iter().zip(scores) {
        let known = inside.iter().filter_map(|(number, seen)| Some((scores[*number]?, seen.row.target(*output)?)));
        let (scores, targets): (Vec<f64>, Vec<bool>) = known.unzip();
        all.put(*output, output_figures(&scores, &targets, None));
    }
    all
}

/// The interval of an output's AUROC over patients.
fn patients(outputs: &[Output], at: usize, seen: &[Seen<'_>]) -> Option<[f64; 2]> {
    let known = seen.iter().filter_map(|seen| Some((seen, seen.row.target(outputs[at])?)));
    let (mut scores, mut targets, mut components) = (Vec::new(), Vec::new(), Vec::new());
    for (seen, target) in known {
        scores.push(f64::from(seen.logits[at]));
        targets.push(target);
        components.push(seen.component);
    }
    bootstrap::auroc_interval(&scores, &targets, &components, SEED)
}

impl ByOutput {
    /// The figures of one output.
    pub fn get(&self, output: Output) -> Option<&OutputFigures> {
        match output {
            Output::Anomaly => self.anomaly.as_ref(),
            condition => self.labels.get(condition.as_str()),
        }
    }

    fn get_mut(&mut self, output: Output) -> Option<&mut OutputFigures> {
        match output {
            Output::Anomaly => self.anomaly.as_mut(),
            condition => self.labels.get_mut(condition.as_str()),
        }
    }

    fn put(&mut self, output: Output, figures: OutputFigures) {
        match output {
            Output::Anomaly => self.anomaly = Some(figures),
            condition => {
                self.labels.insert(condition.as_str(), figures);
            }
        }
    }
}

/// Sensitivity and specificity where a finding is a probability at or above a threshold; each none without a photograph.
pub fn at_threshold(probabilities: &[f64], targets: &[bool], threshold: f64) -> [Option<Proportion>; 2] {
    [true, false].map(|class| {
        let of_class = probabilities.iter().zip(targets).filter(|(_, target)| **target == class);
        let right = of_class.clone().filter(|(probability, _)| (**probability >= threshold) == class);
        interval::proportion(right.count(), of_class.count())
    })
}

/// The figures of one output. Ranks are taken from the scores (logits), so that probabilities that round to 1 don't
/// tie.
pub fn output_figures(scores: &[f64], targets: &[bool], decision: Option<Decision>) -> OutputFigures {
    let positives = targets.iter().filter(|target| **target).count();
    let area = auroc(scores, targets);
    let mut figures = OutputFigures {
        positives,
        negatives: targets.len() - positives,
        auroc: area.map(|area| area.value),
        auroc_ci95: area.and_then(|area| area.ci95),
        average_precision: average_precision(scores, targets),
        ..OutputFigures::default()
    };
    if let Some(decision) = decision {
        let probabilities: Vec<f64> = scores.iter().map(|logit| decision.calibration.probability(*logit)).collect();
        let [sensitivity, specificity] = at_threshold(&probabilities, targets, decision.threshold);
        figures.threshold = Some(decision.threshold);
        figures.sensitivity = sensitivity.map(|part| part.value);
        figures.sensitivity_ci95 = sensitivity.map(|part| part.ci95);
        figures.specificity = specificity.map(|part| part.value);
        figures.specificity_ci95 = specificity.map(|part| part.ci95);
        figures.brier = calibration::brier(&probabilities, targets);
        figures.ece = calibration::expected_calibration_error(&probabilities, targets);
    }
    figures
}

#[cfg(test)]
pub(crate) mod tests {
    use ocellus_model::calibration::Calibration;

    use super::*;

    // Sixty scores and targets from NumPy's default_rng(20261125); the expected figures beside them in the modules were
    // computed with scikit-learn 1.9.1, SciPy 1.17.1 and NumPy.
    pub(super) const SCORES: [f64; 60] = [
        0.21, 0.28, 0.63, 0.83, 0.12, 0.34, 0.64, 0.39, 0.47, 0.47, 0.43, 0.28, 0.63, 0.28, 0.33, 0.65, 0.51, 0.48,
        0.74, 0.54, 0.6, 0.39, 0.13, 0.39, 0.7, 0.5, 0.54, 0.51, 0.16, 0.2, 0.8, 0.23, 0.33, 0.78, 0.11, 0.49, 0.82,
        0.75, 0.22, 0.74, 0.72, 0.75, 0.89, 0.72, 0.27, 0.61, 0.89, 0.66, 0.63, 0.23, 0.67, 0.42, 0.32, 0.48, 0.54,
        0.31, 0.26, 0.72, 0.63, 0.47,
    ];
    pub(super) const TARGETS: [bool; 60] = [
        true, false, false, true, false, false, true, false, false, true, false, false, true, false, false, true,
        false, false, true, false, false, true, false, false, true, false, false, true, false, false, true, false,
        false, true, false, false, true, false, false, true, false, false, true, false, false, true, false, false,
        true, false, false, true, false, false, true, false, false, true, false, false,
    ];

    #[test]
    fn sensitivity_and_specificity_count_at_the_threshold() {
        let decision = Decision { calibration: Calibration::IDENTITY, threshold: 0.5 };
        let found = output_figures(&[-1.0, 0.0, 2.0, -3.0, 1.0], &[true, true, true, false, false], Some(decision));
        assert_eq!((found.positives, found.negatives), (3, 2));
        assert!((found.sensitivity.unwrap() - 2.0 / 3.0).abs() < 1e-12, "a logit of 0 is at the threshold: a finding");
        assert_eq!(found.specificity, Some(0.5));
    }

    #[test]
    fn without_thresholds_nothing_is_made_up() {
        let found = output_figures(&[0.1, 0.9], &[false, true], None);
        assert_eq!(found.auroc, Some(1.0));
        assert_eq!((found.threshold, found.sensitivity, found.brier), (None, None, None));
    }
}
