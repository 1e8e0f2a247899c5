//! One photograph in, one record out: decode, find the field, assess the quality, preprocess, run the network, decide.
//!
//! Every photograph gets a record, whatever is wrong with it. A [`Record`] is what is stored and printed; its JSON
//! keys are an interface. A [`Judgement`] adds what a screen shows: the pixels, the field, where the network looked.
//!
//! Not here: reading files, printing, storing, what happens between the two eyes of a patient.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use ::image::RgbImage;
use ocellus_model::{
    bundle::{Bundle, BundleManifest, Digest, SelfTestError, SelfTestReport},
    field::{self, Field, FieldError},
    image::{self, Photograph},
    label::Output,
    laterality::Laterality,
    preprocess,
    quality::{self, Fingerprint, Quality, Reason, Reduction},
};
use serde::{Deserialize, Serialize, Serializer};

use crate::{
    decision::{self, Outcome, Scored},
    inference::{ActivationMap, Engine, InferenceError},
};

/// A verified bundle with its network loaded.
#[derive(Debug)]
pub struct Judge {
    bundle: Bundle,
    id: BundleId,
    engine: Engine,
}

/// What a record says of the bundle it was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BundleId {
    /// The bundle's name.
    pub name: String,
    /// Its version, for people.
    pub version: String,
    /// SHA-256 of its manifest.
    pub digest: Digest,
}

/// What is said of one photograph.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    /// The photograph, as it was named.
    pub file: String,
    /// The outcome.
    pub outcome: Outcome,
    /// Why there is no result, and what else is worth knowing; worst first.
    pub reasons: Vec<Why>,
    /// Why the photograph could not be read or the network not be run, one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How good the photograph is; in JSON an empty object where that could not be assessed.
    #[serde(serialize_with = "object_or_empty")]
    pub quality: Option<Quality>,
    /// Calibrated probabilities, 0..1; empty where the network was not run.
    pub probabilities: BTreeMap<Output, f64>,
    /// Outputs at or above their threshold, in the bundle's order.
    pub findings: Vec<Output>,
    /// What it was judged with.
    pub bundle: BundleId,
    /// How long it took.
    pub milliseconds: Milliseconds,
}

/// Why an outcome is what it is, beyond the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Why {
    /// Something about the photograph.
    Photograph(Reason),
    /// Something about judging it.
    Judging(Judging),
}

/// What can be said of the judging itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judging {
    /// The file is not a photograph that can be read.
    Unreadable,
    /// Referred because a probability is just below its threshold.
    Uncertain,
    /// The network failed on it.
    NetworkFailed,
}

/// Milliseconds spent on each step; 0 for a step that was not reached.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Milliseconds {
    /// Decoding the file.
    pub decode: f64,
    /// Finding the field.
    pub field: f64,
    /// Assessing the quality.
    pub quality: f64,
    /// From pixels to the network's input.
    pub preprocess: f64,
    /// Running the network.
    pub inference: f64,
    /// All of it, from the bytes to the record.
    pub total: f64,
}

/// A record, and what a screen shows beside it.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The record.
    pub record: Record,
    /// The photograph, where it could be decoded.
    pub photograph: Option<Photograph>,
    /// Its field, where there is one.
    pub field: Option<Field>,
    /// What it is known by, should it come again; none without a field.
    pub fingerprint: Option<Fingerprint>,
    /// Where the network looked, one map for each of the bundle's outputs. It lies over the square around the disc
    /// that the preprocessing cut out: concentric with the field, of radius `disc · visible_radius`.
    pub activation_map: Option<ActivationMap>,
}

/// What is known of a photograph before it is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The eye it was taken of; none where nobody said. What the file itself says stands in then.
    pub eye: Option<Laterality>,
    /// Whether somebody has looked and said that it shows this eye: then it is not doubted.
    pub eye_confirmed: bool,
    /// Other photographs of the same patient: one that comes again says nothing new.
    pub before: &'a [Fingerprint],
}

impl Judge {
    /// Loads the network of a verified bundle.
    ///
    /// # Errors
    /// When the network can't be loaded or is not as the manifest describes.
    pub fn new(bundle: Bundle) -> Result<Self, InferenceError> {
        let engine = Engine::load(&bundle)?;
        let BundleManifest { name, version, .. } = bundle.manifest();
        let id = BundleId { name: name.clone(), version: version.clone(), digest: bundle.digest() };
        Ok(Judge { bundle, id, engine })
    }

    /// The bundle at work.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// What records say of the bundle.
    pub fn bundle_id(&self) -> &BundleId {
        &self.id
    }

    /// Judges the bundle's own photographs and compares with what they must give. `moves` is told before each of them that
    /// the work goes on.
    ///
    /// # Errors
    /// When this machine doesn't reproduce the bundle's outputs.
    pub fn self_test(&self, moves: &(dyn Fn() + Sync)) -> Result<SelfTestReport, SelfTestError> {
        self.bundle.contents().self_test(|tensor| {
            moves();
            self.engine.run(tensor).map(|inference| inference.logits)
        })
    }

    /// Judges the bytes of one photograph; `file` names it in the record.
    pub fn judge(&self, file: &str, bytes: &[u8], known: Known<'_>) -> Judgement {
        let start = Instant::now();
        let mut clock = Stopwatch(start);
        let mut judgement = Judgement {
            record: self.blank(file),
            photograph: None,
            field: None,
            fingerprint: None,
            activation_map: None,
        };
        self.steps(bytes, known, &mut judgement, &mut clock);
        judgement.record.milliseconds.total = milliseconds(start.elapsed());
        judgement
    }

    /// The record of a photograph whose file can't be read.
    pub fn unreadable(&self, file: &str, error: &str) -> Record {
        let mut record = self.blank(file);
        record.unreadable(error);
        record
    }

    fn blank(&self, file: &str) -> Record {
        Record {
            file: file.to_owned(),
            outcome: Outcome::NoResult,
            reasons: Vec::new(),
            error: None,
            quality: None,
            probabilities: BTreeMap::new(),
            findings: Vec::new(),
            bundle: self.id.clone(),
            milliseconds: Milliseconds::default(),
        }
    }

    /// The way of a photograph; where it ends early, the record has no result.
    fn steps(&self, bytes: &[u8], known: Known<'_>, judgement: &mut Judgement, clock: &mut Stopwatch) {
        let Judgement { record, photograph, field, fingerprint, activation_map } = judgement;
        let decoded = image::decode(bytes);
        record.milliseconds.decode = clock.lap();
        let (pixels, of_file) = match decoded {
            Ok(decoded) => {
                let photograph = photograph.insert(decoded);
                (&photograph.pixels, photograph.laterality)
            }
            Err(error) => return record.unreadable(&error.to_string()),
        };

        let found = field::find_field(pixels);
        record.milliseconds.field = clock.lap();
        let field = match found {
            Ok(found) => field.insert(found),
            Err(error) => {
                log::info!("{}: {error}", record.file);
                record.reasons.push(Why::Photograph(reason_without_field(&error, pixels)));
                return;
            }
        };

        let reduction = Reduction::of(pixels, field);
        let fingerprint = fingerprint.insert(Fingerprint::of(&reduction));
        let quality = known.quality(quality::assess_reduced(&reduction, field), of_file, fingerprint);
        let quality = record.quality.insert(quality).clone();
        record.milliseconds.quality = clock.lap();
        record.reasons.extend(quality.reasons.iter().copied().map(Why::Photograph));
        if quality.reasons.contains(&Reason::NotFundus) {
            return;
        }

        let manifest = self.bundle.manifest();
        let tensor = preprocess::preprocess(pixels, field, &manifest.preprocess);
        record.milliseconds.preprocess = clock.lap();
        let inference = self.engine.run(&tensor);
        record.milliseconds.inference = clock.lap();
        let inference = match inference {
            Ok(inference) => inference,
            Err(error) => {
                log::error!("{}: {error}", record.file);
                record.error = Some(error.to_string());
                record.reasons.insert(0, Why::Judging(Judging::NetworkFailed));
                return;
            }
        };

        let quality = match manifest.gradability {
            Some(gradability) => {
                let before = quality.reasons.len();
                let quality = gradability.judge(quality, &inference.logits);
                record.reasons.extend(quality.reasons[before..].iter().copied().map(Why::Photograph));
                record.quality.insert(quality).clone()
            }
            None => quality,
        };
        let scores = scores(manifest, &inference.logits);
        let abstention = manifest.abstention.map_or(0.0, |abstention| abstention.fraction);
        let decision = decision::eye(&scores, abstention, &quality);
        if decision.outcome == Outcome::Refer && decision.findings.is_empty() {
            record.reasons.insert(0, Why::Judging(Judging::Uncertain));
        }
        record.outcome = decision.outcome;
        record.findings = decision.findings;
        record.probabilities = scores.iter().map(|score| (score.label, score.probability)).collect();
        *activation_map = Some(inference.activation_map);
    }
}

impl Known<'_> {
    /// The verdict in the light of what is known; `of_file` is the eye that the file itself names.
    fn quality(&self, quality: Quality, of_file: Option<Laterality>, fingerprint: &Fingerprint) -> Quality {
        let quality = match (self.eye, of_file) {
            (Some(_), _) if self.eye_confirmed => quality,
            (Some(eye), Some(other)) if eye != other => quality.of_other_eye(),
            (Some(eye), _) | (None, Some(eye)) => quality.with_eye(eye),
            (None, None) => quality,
        };
        if self.before.iter().any(|before| before.is_same(fingerprint)) { quality.taken_before() } else { quality }
    }
}

impl Record {
    /// Whether the file could not be read as a photograph.
    pub fn is_unreadable(&self) -> bool {
        self.reasons.contains(&Why::Judging(Judging::Unreadable))
    }

    /// Whether the network failed, which it never should.
    pub fn has_network_failed(&self) -> bool {
        self.reasons.contains(&Why::Judging(Judging::NetworkFailed))
    }

    fn unreadable(&mut self, error: &str) {
        self.error = Some(error.split_whitespace().collect::<Vec<_>>().join(" "));
        self.reasons.push(Why::Judging(Judging::Unreadable));
    }
}

/// Mean level, of 255, below which a blank picture is one without light, and from which it is one with too much.
const BLANK_DARK: f64 = 32.0;
const BLANK_BRIGHT: f64 = 224.0;

/// What the operator is told when there is no field to assess.
fn reason_without_field(error: &FieldError, pixels: &RgbImage) -> Reason {
    match error {
        FieldError::Blank { .. } => {
            let bytes = pixels.as_raw();
            let sum: u64 = bytes.iter().map(|&byte| u64::from(byte)).sum();
            match sum as f64 / bytes.len().max(1) as f64 {
                mean if mean < BLANK_DARK => Reason::TooDark,
                mean if mean >= BLANK_BRIGHT => Reason::TooBright,
                _ => Reason::NotFundus,
            }
        }
        FieldError::TooSmall { .. } | FieldError::NoCircle { .. } => Reason::NotFundus,
    }
}

/// Each of the bundle's outputs with its calibrated probability and threshold.
fn scores(manifest: &BundleManifest, logits: &[f32]) -> Vec<Scored> {
    manifest
        .outputs
        .iter()
        .zip(logits)
        .map(|(output, &logit)| Scored {
            label: output.label,
            probability: output.calibration.probability(f64::from(logit)),
            threshold: output.threshold,
        })
        .collect()
}

/// Measures one step after the other.
struct Stopwatch(Instant);

impl Stopwatch {
    /// Milliseconds since the last lap.
    fn lap(&mut self) -> f64 {
        let now = Instant::now();
        milliseconds(now - std::mem::replace(&mut self.0, now))
    }
}

/// Rounded to a microsecond: more would be noise.
fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

fn object_or_empty<S: Serializer>(quality: &Option<Quality>, serializer: S) -> Result<S::Ok, S::Error> {
    match quality {
        Some(quality) => quality.serialize(serializer),
        None => serializer.collect_map(std::iter::empty::<(&str, &str)>()),
    }
}

#[cfg(test)]
mod tests {
    use ::image::Rgb;

    use super::*;

    #[test]
    fn a_picture_without_a_field_is_told_by_its_light() {
        let blank = FieldError::Blank { range: 3 };
        for (level, reason) in [(0, Reason::TooDark), (120, Reason::NotFundus), (255, Reason::TooBright)] {
            let pixels = RgbImage::from_pixel(8, 8, Rgb([level; 3]));
            assert_eq!(reason_without_field(&blank, &pixels), reason);
        }
        let small = FieldError::TooSmall { width: 1, height: 1, least: 32 };
        assert_eq!(reason_without_field(&small, &RgbImage::new(1, 1)), Reason::NotFundus);
    }

    #[test]
    fn reasons_are_written_as_their_names() {
        let reasons = [Why::Judging(Judging::NetworkFailed), Why::Photograph(Reason::TooDark)];
        assert_eq!(serde_json::to_value(reasons).unwrap(), serde_json::json!(["network_failed", "too_dark"]));
    }
}
