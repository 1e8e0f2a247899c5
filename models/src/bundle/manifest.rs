//! `bundle.toml`: everything a device must know of a network, and everything a person should.
//!
//! Terms: the *spec version* counts changes of this file's meaning; a device refuses a newer one before it complains
//! of keys it doesn't know. The *sequence* number rises with every bundle released under a name, so that a device can
//! refuse to go back. A *threshold* is on the calibrated probability.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use toml::value::Datetime;

use super::digest::Digest;
use crate::{
    calibration::Calibration,
    label::Output,
    laterality::Laterality,
    preprocess::{PreprocessSpec, SpecError},
    quality::Quality,
};

/// The version of the manifest's rules this build writes, and the highest it reads. Version 1 had no
/// [`gradability`](BundleManifest::gradability); it is read as well.
pub const SPEC_VERSION: u32 = 2;

/// What every bundle's `statement` should say.
pub const RESEARCH_STATEMENT: &str = "Research software. Not a cleared or approved medical device. A result is no diagnosis and does not replace an examination by an eye doctor.";

/// Most files a bundle may list.
pub const FILES_MAX: usize = 64;

/// What the network decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// One output: [`Output::Anomaly`].
    Anomaly,
    /// Several outputs, each on its own.
    MultiLabel,
}

/// The contents of `bundle.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleManifest {
    /// 1 to [`SPEC_VERSION`].
    pub spec_version: u32,
    /// Lower-case letters, digits and hyphens, at most 64.
    pub name: String,
    /// For people, e.g. `1.2.0`; letters, digits, `.`, `-`, `+`, at most 32.
    pub version: String,
    /// Rises with every release under this name, from 1.
    pub sequence: u64,
    /// When it was exported: a date, or date and time with offset (RFC 3339).
    pub created: Datetime,
    /// What the network decides.
    pub task: Task,
    /// Whom and what it is for, in a sentence or two.
    pub intended_use: String,
    /// That it is research software and not a cleared device; see [`RESEARCH_STATEMENT`].
    pub statement: String,
    /// Cameras the training photographs came from; empty when unknown.
    pub cameras: Vec<String>,
    /// How a photograph becomes the network's input.
    pub preprocess: PreprocessSpec,
    /// The network.
    pub model: Model,
    /// When a result is too close to its threshold to be a negative; none when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abstention: Option<Abstention>,
    /// Whether a photograph can be judged at all, by the network; none for a network that does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradability: Option<GradabilitySpec>,
    /// The network's outputs, in its order.
    pub outputs: Vec<OutputSpec>,
    /// Photographs with the outputs the trainer's network gave on them.
    pub self_test: Vec<SelfTest>,
    /// What the network was made from.
    pub provenance: Provenance,
    /// Measured figures, a free table.
    pub metrics: toml::Table,
    /// Every other file of the bundle with its digest; paths relative to the bundle, `/` between parts.
    pub files: BTreeMap<String, Digest>,
}

/// The network's file and the names in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Path of the ONNX file.
    pub file: String,
    /// Version of ONNX's operator set.
    pub opset: u32,
    /// Name of the input, `[N, channels, size, size]` of f32.
    pub input: String,
    /// Name of the output `[N, K]` of f32: one logit for each of [`BundleManifest::outputs`], and one more where there
    /// is a [`BundleManifest::gradability`].
    pub logits: String,
    /// Name of the output `[N, K, rows, columns]` of f32: the class activation maps, whose mean plus a constant is the
    /// logit of an output that goes by nothing else.
    pub activation_map: String,
}

/// One output of the network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputSpec {
    /// What it stands for.
    pub label: Output,
    /// Calibrated probability from which it is a finding, above 0 and below 1.
    pub threshold: f64,
    /// From logit to probability.
    pub calibration: Calibration,
}

/// The zone below the threshold in which a device doesn't call a result negative.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Abstention {
    /// A probability from `threshold · (1 − fraction)` up to the threshold is referred as uncertain. 0 to below 1.
    pub fraction: f64,
}

/// The network's word on whether a photograph can be judged: its last logit, one more than there are outputs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradabilitySpec {
    /// Probability, after calibration, from which a photograph is refused; above 0 and below 1.
    pub refused_from: f64,
    /// From the last logit to the probability that people would call the photograph ungradable.
    pub calibration: Calibration,
}

impl GradabilitySpec {
    /// The quality of a photograph once the network has seen it: the verdict of the measures with the word of the last
    /// of its `logits`. Without any logit it can't be trusted.
    pub fn judge(&self, quality: Quality, logits: &[f32]) -> Quality {
        let probability = logits.last().map_or(f64::NAN, |logit| self.calibration.probability(f64::from(*logit)));
        quality.with_network(probability, self.refused_from)
    }
}

/// A photograph of the bundle and what the network says of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelfTest {
    /// Path of the photograph.
    pub file: String,
    /// Which eye it shows, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eye: Option<Laterality>,
    /// The logits, in the order of the outputs, that of the gradability last.
    pub logits: Vec<f32>,
}

/// What the network was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The weights training started from, in words; empty when from random ones.
    pub base_weights: String,
    /// The colour convention those weights were made for, in words.
    pub base_convention: String,
    /// Digest of the training configuration.
    pub config_digest: Digest,
    /// When training ended: a date, or date and time with offset (RFC 3339).
    pub trained: Datetime,
    /// The data.
    pub sources: Vec<Source>,
}

/// One source of photographs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name of the data set.
    pub name: String,
    /// Photographs used for training and validation.
    pub photographs: u64,
}

/// Why a manifest can't be used. The file's path is added by [`super::BundleError`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ManifestError {
    /// Made by rules this build doesn't know.
    #[error("spec_version is {found}, this program reads up to {known}: update the program or use an older bundle")]
    NewerSpec {
        /// Version found.
        found: i64,
        /// Highest version known.
        known: u32,
    },
    /// The preprocessing can't be followed.
    #[error(transparent)]
    Preprocess(#[from] SpecError),
    /// Not TOML, or not the keys of a manifest.
    #[error("line {line}: {message}; export the bundle again")]
    Toml {
        /// Line of the file, from 1; 0 when unknown.
        line: usize,
        /// What is wrong, one line.
        message: String,
    },
    /// A value that can't be.
    #[error("{key} is {found}, expected {expected}; export the bundle again")]
    Value {
        /// The key, with its path.
        key: String,
        /// The value as found.
        found: String,
        /// What is expected.
        expected: &'static str,
    },
}

impl BundleManifest {
    /// Reads and checks the text of a `bundle.toml`.
    ///
    /// # Errors
    /// A newer version first, then anything that isn't TOML, an unknown or missing key, a value out of its range.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let table: toml::Table = toml::from_str(text).map_err(|error| toml_error(text, &error))?;
        refuse_newer(&table)?;
        let manifest: BundleManifest = toml::from_str(text).map_err(|error| toml_error(text, &error))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The text of the `bundle.toml`.
    ///
    /// # Errors
    /// When a value is out of its range.
    pub fn to_toml(&self) -> Result<String, ManifestError> {
        self.check()?;
        toml::to_string(self).map_err(|error| ManifestError::Toml { line: 0, message: one_line(&error.to_string()) })
    }

    /// Checks every value against its range, and the parts against each other.
    ///
    /// # Errors
    /// The first that doesn't fit.
    pub fn check(&self) -> Result<(), ManifestError> {
        if !(1..=SPEC_VERSION).contains(&self.spec_version) {
            return Err(value("spec_version", self.spec_version, "1 or 2"));
        }
        check_text("name", &self.name, 64, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')?;
        check_text("version", &self.version, 32, |c| c.is_ascii_alphanumeric() || ".-+".contains(c))?;
        if self.sequence == 0 || i64::try_from(self.sequence).is_err() {
            return Err(value("sequence", self.sequence, "1 to 2^63 - 1"));
        }
        check_moment("created", &self.created)?;
        check_moment("provenance.trained", &self.provenance.trained)?;
        for (key, text) in [("intended_use", &self.intended_use), ("statement", &self.statement)] {
            if text.trim().is_empty() {
                return Err(value(key, "empty", "a sentence"));
            }
        }
        self.preprocess.validate()?;
        self.check_model()?;
        self.check_outputs()?;
        self.check_files()
    }

    /// Number of logits the network gives: one for each output, and one more for the gradability.
    pub fn logits(&self) -> usize {
        self.outputs.len() + usize::from(self.gradability.is_some())
    }

    /// The outputs' labels, in the network's order.
    pub fn labels(&self) -> impl Iterator<Item = Output> + '_ {
        self.outputs.iter().map(|output| output.label)
    }

    fn check_model(&self) -> Result<(), ManifestError> {
        let model = &self.model;
        if !(7..=64).contains(&model.opset) {
            return Err(value("model.opset", model.opset, "7 to 64"));
        }
        let names = BTreeSet::from([&model.input, &model.logits, &model.activation_map]);
        if names.len() != 3 || names.iter().any(|name| name.is_empty()) {
            return Err(value(
                "model",
                format!("{names:?}"),
                "three different names for input, logits, activation_map",
            ));
        }
        Ok(())
    }

    fn check_outputs(&self) -> Result<(), ManifestError> {
        let mut seen = BTreeSet::new();
        for output in &self.outputs {
            let key = |name: &str| format!("outputs.{}.{name}", output.label);
            if !seen.insert(output.label) {
                return Err(value(key("label"), "listed twice", "each label once"));
            }
            if !(output.threshold > 0.0 && output.threshold < 1.0) {
                return Err(value(key("threshold"), output.threshold, "above 0 and below 1"));
            }
            check_calibration(&output.calibration, |name| key(name))?;
        }
        if let Some(gradability) = &self.gradability {
            let key = |name: &str| format!("gradability.{name}");
            if self.spec_version < 2 {
                return Err(value("gradability", "given", "nothing of the kind in spec_version 1"));
            }
            if !(gradability.refused_from > 0.0 && gradability.refused_from < 1.0) {
                return Err(value(key("refused_from"), gradability.refused_from, "above 0 and below 1"));
            }
            check_calibration(&gradability.calibration, key)?;
        }
        let anomaly_alone = self.outputs.len() == 1 && seen.contains(&Output::Anomaly);
        let fits = match self.task {
            Task::Anomaly => anomaly_alone,
            Task::MultiLabel => !self.outputs.is_empty(),
        };
        if !fits {
            let labels: Vec<_> = self.labels().map(Output::as_str).collect();
            return Err(value(
                "outputs",
                format!("{labels:?}"),
                "anomaly alone for that task, one or more for multi_label",
            ));
        }
        match self.abstention {
            Some(Abstention { fraction }) if !(0.0..1.0).contains(&fraction) => {
                Err(value("abstention.fraction", fraction, "0 to below 1"))
            }
            _ => Ok(()),
        }
    }

    fn check_files(&self) -> Result<(), ManifestError> {
        if self.files.len() > FILES_MAX {
            return Err(value("files", format!("{} entries", self.files.len()), "at most 64"));
        }
        for path in self.files.keys() {
            if !is_safe_path(path) {
                return Err(value(
                    format!("files.{path:?}"),
                    "not a path inside the bundle",
                    "parts of letters, digits, `.`, `_` and `-`, none beginning with `.`, with `/` between them",
                ));
            }
        }
        if !self.files.contains_key(&self.model.file) {
            return Err(value("model.file", format!("{:?}", self.model.file), "one of the listed files"));
        }
        if self.self_test.is_empty() {
            return Err(value("self_test", "empty", "at least one photograph"));
        }
        let mut seen = BTreeSet::new();
        for (index, test) in self.self_test.iter().enumerate() {
            let key = |name: &str| format!("self_test.{index}.{name}");
            if !self.files.contains_key(&test.file) || test.file == self.model.file || !seen.insert(&test.file) {
                return Err(value(key("file"), format!("{:?}", test.file), "one of the listed files, once"));
            }
            if test.logits.len() != self.logits() || test.logits.iter().any(|logit| !logit.is_finite()) {
                return Err(value(key("logits"), format!("{:?}", test.logits), "one finite number for each logit"));
            }
        }
        Ok(())
    }
}

fn check_calibration(calibration: &Calibration, key: impl Fn(&str) -> String) -> Result<(), ManifestError> {
    calibration.check().map_err(|error| ManifestError::Value {
        key: key(&format!("calibration.{}", error.key)),
        found: error.found.to_string(),
        expected: error.expected,
    })
}

/// Whether a path can only lie inside the bundle, on every file system, and is none of the two unlisted files.
fn is_safe_path(path: &str) -> bool {
    let part_is_safe = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    path.len() <= 200
        && path.split('/').count() <= 4
        && path.split('/').all(part_is_safe)
        && path != super::MANIFEST_FILE
        && path != super::SIGNATURE_FILE
}

fn refuse_newer(table: &toml::Table) -> Result<(), ManifestError> {
    let version = |value: Option<&toml::Value>| value.and_then(toml::Value::as_integer);
    let Some(found) = version(table.get("spec_version")) else {
        return Err(value("spec_version", "missing or not a whole number", "1 or 2"));
    };
    if found > i64::from(SPEC_VERSION) {
        return Err(ManifestError::NewerSpec { found, known: SPEC_VERSION });
    }
    let preprocess = table.get("preprocess").and_then(|value| value.get("version"));
    match version(preprocess).map(u32::try_from) {
        Some(Ok(found)) if found > PreprocessSpec::VERSION => {
            Err(SpecError::Newer { found, known: PreprocessSpec::VERSION }.into())
        }
        _ => Ok(()),
    }
}

fn check_text(
    key: &'static str,
    text: &str,
    longest: usize,
    allowed: impl Fn(char) -> bool,
) -> Result<(), ManifestError> {
    if text.is_empty() || text.len() > longest || !text.chars().all(allowed) {
        return Err(value(key, format!("{text:?}"), "a short word of letters, digits and the marks that key allows"));
    }
    Ok(())
}

/// A moment must at least name a day, and a time of day means nothing without its offset.
fn check_moment(key: &'static str, moment: &Datetime) -> Result<(), ManifestError> {
    if moment.date.is_none() || moment.time.is_some() != moment.offset.is_some() {
        return Err(value(key, moment, "a date, or date and time with offset"));
    }
    Ok(())
}

fn value(key: impl Into<String>, found: impl ToString, expected: &'static str) -> ManifestError {
    ManifestError::Value { key: key.into(), found: found.to_string(), expected }
}

fn toml_error(text: &str, error: &toml::de::Error) -> ManifestError {
    let line = error.span().map_or(0, |span| text.bytes().take(span.start).filter(|&byte| byte == b'\n').count() + 1);
    ManifestError::Toml { line, message: one_line(error.message()) }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
