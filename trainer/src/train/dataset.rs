//! The photographs of one side of a split, ready to be trained on: targets, weights, and where their pixels or
//! features come from.

use std::path::Path;

use ocellus_model::{
    field::{self, Field},
    preprocess::PreprocessSpec,
};
use sha2::{Digest, Sha256};

use super::{
    TrainError,
    balance::{self, OutputBalance, Weights},
    config::BalanceConfig,
};
use crate::{
    cli::Ui,
    features::{Augment, FeatureCache, Photo, Record, View, digests},
    manifest::Row,
    split::components::components,
    task::Task,
};

/// One photograph with at least one known label.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) photo: Photo,
    pub(crate) sha256: String,
    /// Its field, once it was found.
    pub(crate) field: Option<Field>,
    pub(crate) source: String,
    /// Number of what belongs together with it.
    pub(crate) case: usize,
    /// One an output: 1 or 0; 0 where unknown (its weight is 0).
    pub(crate) targets: Vec<f32>,
    /// What is known: weight 1 before balancing.
    pub(crate) known: Vec<bool>,
    pub(crate) weights: Vec<f32>,
}

/// One side of a split.
#[derive(Debug)]
pub(crate) struct Dataset {
    pub(crate) samples: Vec<Sample>,
    /// Photographs that could not be read, with the reason.
    pub(crate) unreadable: Vec<(String, String)>,
    /// Photographs without any label known to the task.
    pub(crate) unlabelled: usize,
    pub(crate) balance: Vec<OutputBalance>,
}

impl Dataset {
    /// Takes the rows that say anything to the task; computes their digests. Weights are all 1 until
    /// [`Dataset::weigh`].
    pub(crate) fn new(rows: &[Row], root: &Path, task: &Task, ui: &Ui) -> Self {
        let labelled: Vec<(&Row, Vec<Option<bool>>)> = rows
            .iter()
            .map(|row| (row, task.targets(row)))
            .filter(|(_, targets)| targets.iter().any(Option::is_some))
            .collect();
        let cases = components(labelled.iter().map(|(row, _)| *row), []);
        let files: Vec<String> = labelled.iter().map(|(row, _)| row.file.clone()).collect();
        let unlabelled = rows.len() - labelled.len();
        let (mut samples, mut unreadable) = (Vec::new(), Vec::new());
        let photos = digests(&files, root, ui);
        for (((row, targets), photo), case) in labelled.into_iter().zip(photos).zip(cases) {
            match &photo.sha256 {
                Err(reason) => unreadable.push((photo.file, reason.clone())),
                Ok(sha256) => samples.push(Sample {
                    sha256: sha256.clone(),
                    field: None,
                    photo,
                    source: row.source.clone(),
                    case,
                    targets: targets.iter().map(|target| f32::from(u8::from(*target == Some(true)))).collect(),
                    known: targets.iter().map(Option::is_some).collect(),
                    weights: targets.iter().map(|target| f32::from(u8::from(target.is_some()))).collect(),
                }),
            }
        }
        Self { samples, unreadable, unlabelled, balance: Vec::new() }
    }

    /// Drops photographs for which the cache has no plain view; returns them with the reason.
    pub(crate) fn keep_cached(&mut self, cache: &FeatureCache) -> Vec<(String, String)> {
        let mut dropped = Vec::new();
        self.samples.retain(|sample| match cache.find(&sample.sha256, View(0)) {
            Some(Record::Stored(_)) => true,
            Some(Record::Skipped(reason)) => {
                dropped.push((sample.photo.file.clone(), reason.clone()));
                false
            }
            None => {
                dropped.push((sample.photo.file.clone(), "not in the cache".to_owned()));
                false
            }
        });
        dropped
    }

    /// Sets the weights of all samples.
    pub(crate) fn weigh(&mut self, task: &Task, config: &BalanceConfig) {
        let targets: Vec<Vec<Option<bool>>> = self
            .samples
            .iter()
            .map(|s| s.targets.iter().zip(&s.known).map(|(t, known)| known.then_some(*t > 0.5)).collect())
            .collect();
        let sources: Vec<&str> = self.samples.iter().map(|sample| sample.source.as_str()).collect();
        let cases: Vec<usize> = self.samples.iter().map(|sample| sample.case).collect();
        let Weights { values, report } = balance::weigh(task, &targets, &sources, &cases, config);
        for (sample, weights) in self.samples.iter_mut().zip(values.chunks(task.names().len())) {
            sample.weights = weights.to_vec();
        }
        self.balance = report;
    }

    /// Sum of all weights over the number of samples: a loss sum over (samples · this) is a weighted mean.
    pub(crate) fn mean_weight(&self) -> f64 {
        let sum: f64 = self.samples.iter().flat_map(|sample| &sample.weights).map(|w| f64::from(*w)).sum();
        sum / self.samples.len().max(1) as f64
    }

    /// Adds everything that decides the run's result to a digest.
    pub(crate) fn add_to_digest(&self, hash: &mut Sha256) {
        for sample in &self.samples {
            hash.update(sample.sha256.as_bytes());
            for (target, weight) in sample.targets.iter().zip(&sample.weights) {
                hash.update(target.to_le_bytes());
                hash.update(weight.to_le_bytes());
            }
        }
        hash.update((self.samples.len() as u64).to_le_bytes());
    }
}

/// Where a network's input comes from.
#[derive(Debug)]
pub(crate) enum Source<'a> {
    /// Block-4 features from the cache.
    Cache(&'a FeatureCache),
    /// The same numbers for every photograph, of this shape: what a step's speed is measured with.
    Drawn(&'a [f32], [usize; 3]),
    /// Photographs, decoded and preprocessed each time, in views of these ranges.
    Photographs(&'a PreprocessSpec, &'a Augment),
}

impl Source<'_> {
    /// The input of some samples, each in its view, one after the other; and the shape of one.
    pub(crate) fn load(&self, samples: &[(&Sample, View)]) -> Result<(Vec<f32>, [usize; 3]), TrainError> {
        match self {
            Source::Cache(cache) => {
                let mut data = Vec::with_capacity(samples.len() * cache.shape().iter().product::<usize>());
                for (sample, view) in samples {
                    // A view that could not be made (never seen for a photograph whose plain view is there) falls
                    // back to the plain one, which `Dataset::keep_cached` has made sure of.
                    let record = [*view, View(0)].into_iter().find_map(|view| match cache.find(&sample.sha256, view) {
                        Some(Record::Stored(slot)) => Some(*slot),
                        _ => None,
                    });
                    let slot = record.ok_or_else(|| TrainError::Photograph {
                        file: sample.photo.file.clone(),
                        reason: "its features are gone from the cache".to_owned(),
                    })?;
                    cache.read(slot, &mut data)?;
                }
                Ok((data, cache.shape()))
            }
            Source::Drawn(numbers, shape) => Ok((numbers.repeat(samples.len()), *shape)),
            Source::Photographs(spec, augment) => {
                let mut data = Vec::with_capacity(samples.len() * spec.shape().iter().product::<usize>());
                for (sample, view) in samples {
                    let fail = |reason: String| TrainError::Photograph { file: sample.photo.file.clone(), reason };
                    let photograph =
                        ocellus_model::image::read(&sample.photo.path).map_err(|error| fail(error.to_string()))?;
                    let field = match sample.field {
                        Some(field) => field,
                        None => field::find_field(&photograph.pixels).map_err(|error| fail(error.to_string()))?,
                    };
                    data.extend(view.tensor(&photograph.pixels, &field, spec, augment, &sample.sha256).data);
                }
                Ok((data, spec.shape()))
            }
        }
    }
}
