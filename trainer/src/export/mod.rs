//! From a finished run to an unsigned bundle.
//!
//! What is measured here is measured with the weights as they will be stored (half precision): calibration (Platt) and
//! thresholds on the validation photographs, parity of the two engines, and the outputs on the self-test photographs.
//! The self-test photographs are practice eyes drawn by the phantom, never photographs of people.
//!
//! Not here: judging the network (validation has chosen it), signing.

mod card;
mod maps;
pub mod onnx;
mod self_test;
pub mod threshold;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use burn::tensor::Device;
use ocellus_model::{
    bundle::{
        BundleManifest, Digest,
        manifest::{
            Abstention, Model, OutputSpec, Provenance, RESEARCH_STATEMENT, SPEC_VERSION, Source, Task as BundleTask,
        },
        write::{self, WriteError},
    },
    calibration::Calibration,
    decision::Scored,
    label::Output,
    preprocess::Tensor,
    tolerance::ENGINE_LOGIT_RELATIVE,
};
use serde::Serialize;
use toml::value::Datetime;

use crate::gradability::{self, GradabilityHead, Unfamiliarity};
use crate::{
    bucket::{Wanted, at_hand},
    cli::Ui,
    evaluate::{
        auroc::auroc,
        calibration::{expected_calibration_error, platt},
    },
    manifest::{Manifest, ManifestError, Row, check::count},
    net::{HEAD_BLOCK4, NamedWeights, UNFAMILIARITY, WeightsConvention, WeightsError, heeding_conditions},
    predict::{PredictError, Predictor, TractError, TractNetwork},
    task::Task,
    train::{RunInfo, TrainError},
    trained_on::{self, TrainedOn, TrainedOnError},
};
use threshold::Rule;

/// Validation photographs on which the engines are compared.
const PARITY_PHOTOGRAPHS: usize = 8;
/// A bundle's network stays below this, in bytes.
pub const NETWORK_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A bundle's card, for people.
pub const CARD_FILE: &str = "README.md";

/// What an export needs.
#[derive(Debug, Clone)]
pub struct Export {
    /// The finished run.
    pub run: PathBuf,
    /// Folder of the split with train.csv and validation.csv.
    pub split: PathBuf,
    /// Folder the manifests' files are relative to.
    pub root: PathBuf,
    /// The bundle to write; must not exist.
    pub out: PathBuf,
    /// The bundle's name.
    pub name: String,
    /// Its version, for people.
    pub version: String,
    /// Its sequence number, from 1.
    pub sequence: u64,
    /// Sensitivity that the threshold of the anomaly output has to reach on validation, above 0 to 1.
    pub sensitivity: f64,
    /// Part of each threshold, 0 to below 1, that the zone of uncertainty reaches below it; 0 for none.
    pub abstention: f64,
    /// Whom and what it is for.
    pub intended_use: String,
    /// When it is made.
    pub created: Datetime,
    /// When the run ended.
    pub trained: Datetime,
    /// What the starting weights are, in words; none: what their convention says.
    pub base_weights: Option<String>,
    /// metrics.json of an evaluation on photographs that neither trained nor chose it, if there is one.
    pub evaluation: Option<PathBuf>,
}

/// What was settled for one output.
#[derive(Debug, Clone, Serialize)]
pub struct Settled {
    /// The output.
    pub output: Output,
    /// Validation photographs with and without.
    pub positives: usize,
    /// See `positives`.
    pub negatives: usize,
    /// Validation AUROC of the stored weights.
    pub auroc: Option<f64>,
    /// Expected calibration error before and after calibration, on the same photographs.
    pub ece_before: Option<f64>,
    /// See `ece_before`.
    pub ece_after: Option<f64>,
    /// Whether Platt scaling was fitted; identity otherwise.
    pub calibrated: bool,
    /// From logit to probability.
    pub calibration: Calibration,
    /// The threshold.
    pub threshold: f64,
    /// How it was chosen.
    pub rule: Rule,
}

impl Settled {
    /// What a logit comes to.
    fn score(&self, logit: f32) -> Scored {
        let probability = self.calibration.probability(f64::from(logit));
        Scored { label: self.output, probability, threshold: self.threshold }
    }
}

/// Validation photographs on which nothing is found, but an output comes so near to its threshold that they are referred as
/// uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Uncertain {
    /// Part of each threshold that the zone reaches below it.
    pub fraction: f64,
    /// Photographs in the zone of which it is known whether the eye is abnormal: those of abnormal eyes.
    pub abnormal: usize,
    /// And those of others.
    pub others: usize,
    /// Photographs on which nothing is found and nothing comes near: those of abnormal eyes.
    pub missed: usize,
    /// And those of others.
    pub passed: usize,
}

/// What an export did.
#[derive(Debug, Clone, Serialize)]
pub struct Exported {
    /// The bundle.
    pub bundle: PathBuf,
    /// Its digest.
    pub digest: String,
    /// Size of the network, in bytes.
    pub network_bytes: usize,
    /// Outputs with thresholds.
    pub outputs: Vec<Settled>,
    /// What lies in the zone of uncertainty; none where there is no zone.
    pub uncertain: Option<Uncertain>,
    /// What was settled for the gradability; none where too few ungradable photographs were given.
    pub gradability: Option<GradabilityHead>,
    /// Photographs on which burn and tract were compared (validation and self-test).
    pub parity_photographs: usize,
    /// Largest difference of a logit, relative with a floor of 1.
    pub parity_worst: f64,
    /// Validation photographs that could not be read.
    pub unreadable: Vec<(String, String)>,
}

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The run can't be used.
    #[error(transparent)]
    Run(#[from] TrainError),
    /// The weights can't be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The photographs lie in a bucket and can't be fetched.
    #[error(transparent)]
    Bucket(#[from] crate::bucket::BucketError),
    /// The split can't be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The network can't be run.
    #[error(transparent)]
    Predict(#[from] PredictError),
    /// The network can't be written.
    #[error(transparent)]
    Onnx(#[from] onnx::OnnxError),
    /// The device's engine refuses it.
    #[error(transparent)]
    Tract(#[from] TractError),
    /// The bundle can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// What is said of the photographs that made the network can't be read.
    #[error(transparent)]
    TrainedOn(#[from] TrainedOnError),
    /// The engines disagree.
    #[error(
        "burn and tract differ by {found:.2e} in a logit of {photograph}, at most {ENGINE_LOGIT_RELATIVE:.0e} is allowed: the network is not exported"
    )]
    Parity {
        /// The photograph.
        photograph: String,
        /// Relative difference.
        found: f64,
    },
    /// Larger than a bundle's network may be.
    #[error("the network takes {found} bytes, at most {NETWORK_BYTES_MAX} are allowed")]
    TooLarge {
        /// Its size.
        found: usize,
    },
    /// A multi-class run.
    #[error("{}: a multi-class run can't be a bundle; expected the task anomaly or multi_label", run.display())]
    MultiClass {
        /// The run.
        run: PathBuf,
    },
    /// A file that can't be read.
    #[error("{}: {what}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A self-test photograph that our own contract refuses.
    #[error("self-test photograph {file}: {what}")]
    SelfTest {
        /// The photograph.
        file: String,
        /// What is wrong.
        what: String,
    },
}

/// Exports a run.
///
/// # Errors
/// See [`ExportError`]; nothing is left at the place asked for.
pub fn export(setup: &Export, device: &Device, ui: &Ui) -> Result<Exported, ExportError> {
    let info = RunInfo::read(&setup.run)?;
    let (outputs, task) = match &info.task {
        Task::Anomaly => (vec![Output::Anomaly], BundleTask::Anomaly),
        Task::MultiLabel => (Output::ALL.to_vec(), BundleTask::MultiLabel),
        Task::MultiClass { .. } => return Err(ExportError::MultiClass { run: setup.run.clone() }),
    };
    let trained = heeding_conditions(NamedWeights::read(&RunInfo::model_path(&setup.run))?, &outputs);
    let trained = onnx::round(&trained)?;
    let train = Manifest::read(&setup.split.join("train.csv"))?;
    let validation = Manifest::read(&setup.split.join("validation.csv"))?;
    let all: Vec<Row> = train.rows.iter().chain(&validation.rows).cloned().collect();
    let root = at_hand(&setup.root, Wanted::of_rows(&all), ui)?;
    let gradability = {
        let network = Predictor::of_weights(&trained, outputs.clone(), None, info.spec.clone(), device)?;
        gradability::fit(&network, &all, &root, ui)?
    };
    let weights = match &gradability {
        Some(head) => onnx::round(&with_gradability(&trained, head)?)?,
        None => trained,
    };
    let model = onnx::write(&weights, &info.spec, &outputs)?;
    if model.len() > NETWORK_BYTES_MAX {
        return Err(ExportError::TooLarge { found: model.len() });
    }
    let gradability_spec = gradability.as_ref().map(|head| head.spec);
    let burn = Predictor::of_weights(&weights, outputs.clone(), gradability_spec, info.spec.clone(), device)?;
    let tract = TractNetwork::load(&model, info.spec.shape())?;

    let judged = judge(&burn, &validation.rows, &root, ui)?;
    let settled: Vec<Settled> = outputs
        .iter()
        .enumerate()
        .map(|(index, output)| settle(*output, index, &judged.rows, setup.sensitivity))
        .collect();

    let uncertain = (setup.abstention > 0.0).then(|| near_thresholds(&settled, &judged.rows, setup.abstention));

    // Parity on real photographs first, then on the self-test's own.
    let mut worst = 0.0f64;
    let compared: Vec<_> = judged.rows.iter().filter_map(|row| Some((row, row.tensor.as_ref()?))).collect();
    for (row, tensor) in &compared {
        worst = worst.max(parity(&row.row.file, &row.logits, &tract.logits(tensor)?)?);
    }
    let tests = self_test::draw(&info.spec)?;
    let mut files = BTreeMap::from([("model.onnx".to_owned(), model)]);
    let mut expected = Vec::new();
    for test in tests {
        let logits = burn.logits(std::slice::from_ref(&test.tensor))?.remove(0);
        worst = worst.max(parity(&test.file, &logits, &tract.logits(&test.tensor)?)?);
        expected.push(ocellus_model::bundle::manifest::SelfTest {
            file: test.file.clone(),
            eye: Some(test.eye),
            logits,
        });
        files.insert(test.file, test.png);
    }
    let parity_photographs = compared.len() + expected.len();

    let sources: Vec<Source> =
        count(&all).into_iter().map(|(name, counts)| Source { name, photographs: counts.photographs as u64 }).collect();
    let config = setup.run.join("config.toml");
    let config_bytes =
        std::fs::read(&config).map_err(|error| ExportError::File { path: config.clone(), what: error.to_string() })?;
    let evaluation = setup.evaluation.as_deref().map(read_json).transpose()?;
    let manifest = BundleManifest {
        spec_version: SPEC_VERSION,
        name: setup.name.clone(),
        version: setup.version.clone(),
        sequence: setup.sequence,
        created: setup.created,
        task,
        intended_use: setup.intended_use.clone(),
        statement: RESEARCH_STATEMENT.to_owned(),
        cameras: Vec::new(),
        preprocess: info.spec.clone(),
        model: Model {
            file: "model.onnx".to_owned(),
            opset: onnx::OPSET,
            input: onnx::INPUT.to_owned(),
            logits: onnx::LOGITS.to_owned(),
            activation_map: onnx::ACTIVATION_MAP.to_owned(),
        },
        abstention: uncertain.map(|uncertain| Abstention { fraction: uncertain.fraction }),
        gradability: gradability_spec,
        outputs: settled
            .iter()
            .map(|settled| OutputSpec {
                label: settled.output,
                threshold: settled.threshold,
                calibration: settled.calibration,
            })
            .collect(),
        self_test: expected,
        provenance: Provenance {
            base_weights: setup.base_weights.clone().unwrap_or_else(|| match info.convention {
                WeightsConvention::Drawn => "none, the network was drawn anew".to_owned(),
                WeightsConvention::Caffe | WeightsConvention::Torchvision => "VGG-16 features, ImageNet".to_owned(),
            }),
            base_convention: info.convention.to_string(),
            config_digest: Digest::of(&config_bytes),
            trained: setup.trained,
            sources,
        },
        metrics: card::metrics(&settled, gradability.as_ref(), evaluation.as_ref()),
        files: BTreeMap::new(),
    };
    if let Some(made) = TrainedOn::read(&setup.run)? {
        files.insert(trained_on::FILE.to_owned(), made.to_text().into_bytes());
    }
    let maps = maps::draw(&burn, &settled, &judged.rows, &root);
    let readme =
        card::readme(&manifest, &info, (&settled, uncertain), gradability.as_ref(), evaluation.as_ref(), &maps);
    files.insert(CARD_FILE.to_owned(), readme.into_bytes());
    files.extend(maps.into_iter().map(|maps| (maps.file, maps.png)));
    let network_bytes = files.get("model.onnx").map_or(0, Vec::len);
    let digest = write::write(&setup.out, manifest, &files)?;
    Ok(Exported {
        bundle: setup.out.clone(),
        digest: digest.to_string(),
        network_bytes,
        outputs: settled,
        uncertain,
        gradability,
        parity_photographs,
        parity_worst: worst,
        unreadable: judged.unreadable,
    })
}

/// Weights with the row of the gradability, and with what else speaks for it.
fn with_gradability(weights: &NamedWeights, head: &GradabilityHead) -> Result<NamedWeights, WeightsError> {
    let mut extended = with_row(weights, &head.weight, head.bias)?;
    let Unfamiliarity { mean, scale, weight, constant } = &head.unfamiliarity;
    let channels = mean.len();
    let extents = [vec![channels], vec![channels], vec![weight.len() / channels.max(1), channels], vec![1]];
    let arrays = [mean, scale, weight, &vec![*constant]];
    for ((name, shape), data) in UNFAMILIARITY.into_iter().zip(extents).zip(arrays) {
        extended.insert(name, shape, data.clone());
    }
    Ok(extended)
}

/// Weights with one more row in the head, which weighs the channels of block 4 and then those of block 5; the other rows
/// weigh those of block 5 alone.
fn with_row(weights: &NamedWeights, row: &[f32], bias: f32) -> Result<NamedWeights, WeightsError> {
    let mut extended = weights.clone();
    let (head, biases) = (weights.require("head.weight")?, weights.require("head.bias")?);
    let rows = biases.data.len() + 1;
    let channels = head.shape.last().copied().unwrap_or_default();
    let (block4, block5) = row.split_at(row.len().saturating_sub(channels));
    let nothing = vec![0.0; biases.data.len() * block4.len()];
    extended.insert(HEAD_BLOCK4, vec![rows, block4.len()], [nothing.as_slice(), block4].concat());
    extended.insert("head.weight", vec![rows, block5.len()], [head.data.as_slice(), block5].concat());
    extended.insert("head.bias", vec![rows], [biases.data.as_slice(), &[bias]].concat());
    Ok(extended)
}

/// A validation photograph with its logits; the first few keep their tensors for the comparison of engines.
struct JudgedRow<'a> {
    row: &'a Row,
    logits: Vec<f32>,
    tensor: Option<Tensor>,
}

struct JudgedRows<'a> {
    rows: Vec<JudgedRow<'a>>,
    unreadable: Vec<(String, String)>,
}

fn judge<'a>(burn: &Predictor, rows: &'a [Row], root: &Path, ui: &Ui) -> Result<JudgedRows<'a>, ExportError> {
    let files: Vec<PathBuf> = rows.iter().map(|row| root.join(&row.file)).collect();
    let (first, rest) = files.split_at(files.len().min(PARITY_PHOTOGRAPHS));
    let mut judged = burn.run(first, ui, |_, _, tensor| Some(tensor.clone()))?;
    judged.extend(burn.run(rest, ui, |_, _, _| None)?);
    let mut out = JudgedRows { rows: Vec::new(), unreadable: Vec::new() };
    for (row, judged) in rows.iter().zip(judged) {
        match judged {
            Ok(judged) => out.rows.push(JudgedRow { row, logits: judged.logits, tensor: judged.seen }),
            Err(reason) => out.unreadable.push((row.file.clone(), reason)),
        }
    }
    Ok(out)
}

/// Calibration and threshold of one output, from the validation photographs that say something of it.
fn settle(output: Output, index: usize, judged: &[JudgedRow<'_>], sensitivity: f64) -> Settled {
    let known = judged.iter().filter_map(|row| Some((f64::from(row.logits[index]), row.row.target(output)?)));
    let (logits, targets): (Vec<f64>, Vec<bool>) = known.unzip();
    let fitted = platt(&logits, &targets);
    let calibration = fitted.unwrap_or(Calibration::IDENTITY);
    let probabilities =
        |calibration: Calibration| -> Vec<f64> { logits.iter().map(|logit| calibration.probability(*logit)).collect() };
    let (before, after) = (probabilities(Calibration::IDENTITY), probabilities(calibration));
    let wanted = match (output, fitted) {
        (Output::Anomaly, _) => Rule::Sensitivity(sensitivity),
        (_, Some(_)) => Rule::ExpectedF1,
        (_, None) => Rule::F1,
    };
    let (threshold, rule) = threshold::choose(&after, &targets, wanted);
    let positives = targets.iter().filter(|target| **target).count();
    Settled {
        output,
        positives,
        negatives: targets.len() - positives,
        auroc: auroc(&logits, &targets).map(|auroc| auroc.value),
        ece_before: expected_calibration_error(&before, &targets),
        ece_after: expected_calibration_error(&after, &targets),
        calibrated: fitted.is_some(),
        calibration,
        threshold,
        rule,
    }
}

/// What a zone of uncertainty below the thresholds would catch of the validation photographs.
fn near_thresholds(settled: &[Settled], judged: &[JudgedRow<'_>], fraction: f64) -> Uncertain {
    let mut counted = Uncertain { fraction, abnormal: 0, others: 0, missed: 0, passed: 0 };
    for row in judged {
        let Some(abnormal) = row.row.target(Output::Anomaly) else { continue };
        let scores: Vec<Scored> = settled.iter().zip(&row.logits).map(|(output, logit)| output.score(*logit)).collect();
        if scores.iter().any(Scored::is_finding) {
            continue;
        }
        let count = match (scores.iter().any(|score| score.is_uncertain(fraction)), abnormal) {
            (true, true) => &mut counted.abnormal,
            (true, false) => &mut counted.others,
            (false, true) => &mut counted.missed,
            (false, false) => &mut counted.passed,
        };
        *count += 1;
    }
    counted
}

/// The largest relative difference of two engines' logits (floor 1); an error above the tolerance.
fn parity(photograph: &str, burn: &[f32], tract: &[f32]) -> Result<f64, ExportError> {
    let difference = |(a, b): (&f32, &f32)| {
        let (a, b) = (f64::from(*a), f64::from(*b));
        (a - b).abs() / a.abs().max(b.abs()).max(1.0)
    };
    let worst = burn.iter().zip(tract).map(difference).fold(0.0, f64::max);
    let numbers = burn.iter().chain(tract).all(|logit| logit.is_finite());
    if !numbers || burn.len() != tract.len() || worst > ENGINE_LOGIT_RELATIVE {
        return Err(ExportError::Parity { photograph: photograph.to_owned(), found: worst });
    }
    Ok(worst)
}

fn read_json(path: &Path) -> Result<serde_json::Value, ExportError> {
    let failed = |what: String| ExportError::File { path: path.to_owned(), what };
    let text = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
impl Settled {
    /// An output with a photograph of each kind and the threshold ½.
    fn undecided(output: Output) -> Self {
        Self {
            output,
            positives: 1,
            negatives: 1,
            auroc: None,
            ece_before: None,
            ece_after: None,
            calibrated: false,
            calibration: Calibration::IDENTITY,
            threshold: 0.5,
            rule: Rule::EvenOdds,
        }
    }
}

#[cfg(test)]
mod tests {
    use ocellus_model::label::Label;

    use super::*;
    use crate::net::{Network, tests::narrow_weights};

    #[test]
    fn a_zone_below_the_thresholds_counts_what_is_near_and_not_what_is_found() {
        let settled = Settled::undecided(Output::Anomaly);
        let rows = [Some(true), Some(false), Some(true), Some(false), Some(true), None].map(|abnormal| {
            let mut row = Row::default();
            row.labels[Label::Normal as usize] = abnormal.map(|abnormal: bool| !abnormal);
            row
        });
        // Probabilities 0.6, 0.45, 0.45, 0.2, 0.2 and one of which nothing is known.
        let probabilities = [0.6_f64, 0.45, 0.45, 0.2, 0.2, 0.45];
        let judged: Vec<JudgedRow<'_>> = rows
            .iter()
            .zip(probabilities)
            .map(|(row, p)| JudgedRow { row, logits: vec![(p / (1.0 - p)).ln() as f32], tensor: None })
            .collect();
        let found = near_thresholds(std::slice::from_ref(&settled), &judged, 0.2);
        assert_eq!(found, Uncertain { fraction: 0.2, abnormal: 1, others: 1, missed: 1, passed: 1 });
        let narrow = near_thresholds(&[settled], &judged, 0.05);
        assert_eq!((narrow.abnormal, narrow.others, narrow.missed, narrow.passed), (0, 0, 2, 2));
    }

    #[test]
    fn the_row_that_is_added_weighs_what_was_averaged_and_the_others_say_what_they_said() {
        let device = Device::flex();
        let weights = Network::build(&device, &narrow_weights(), 2, 5).unwrap().weights().unwrap();
        let row: Vec<f32> = (0..14).map(|at| 0.4 - 0.05 * at as f32).collect();
        let with = Network::build(&device, &with_row(&weights, &row, -0.75).unwrap(), 3, 0).unwrap();
        let without = Network::build(&device, &weights, 2, 0).unwrap();
        let data = (0..3 * 48 * 48).map(|at| (at as f32 * 0.37).sin()).collect();
        let photograph = [Tensor { shape: [3, 48, 48], data }];
        let logits = |network: &Network| network.logits_and_map(&photograph).unwrap().remove(0).logits;
        let pooled = without.pooled(&photograph).unwrap().remove(0);
        let told = -0.75 + pooled.iter().zip(&row).map(|(mean, weight)| mean * weight).sum::<f32>();
        for (found, expected) in logits(&with).iter().zip(logits(&without).iter().chain([&told])) {
            assert!((found - expected).abs() < 1e-5 * expected.abs().max(1.0), "{found} {expected}");
        }
    }

    #[test]
    fn engines_that_disagree_are_not_exported() {
        assert_eq!(
            parity("x", &[100.0, 0.0], &[100.05, 0.0]).unwrap(),
            f64::from(100.05f32 - 100.0) / f64::from(100.05f32)
        );
        for tract in [[1.01, 2.0], [f32::NAN, 2.0]] {
            assert!(matches!(parity("x", &[1.0, 2.0], &tract), Err(ExportError::Parity { .. })));
        }
        assert!(parity("x", &[1.0], &[1.0, 2.0]).is_err());
    }
}
