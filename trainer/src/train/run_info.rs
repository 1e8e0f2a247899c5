//! `run.json`: what a finished run is, for evaluation, export and prediction.

use std::path::{Path, PathBuf};

pub use ocellus_handover::MODEL_FILE;
use ocellus_model::preprocess::PreprocessSpec;
use serde::{Deserialize, Serialize};

use super::{TrainError, balance::OutputBalance, checkpoint::Best, folder, metrics::EpochMetrics};
use crate::{
    net::{Trainable, WeightsConvention},
    task::Task,
};

/// Name of this description in a run folder.
pub const RUN_FILE: &str = "run.json";

/// A finished run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunInfo {
    /// Version of this layout.
    pub version: u32,
    /// Version of the program that trained.
    pub program: String,
    /// The task, with its classes where it has any.
    pub task: Task,
    /// Names of the outputs, in the order of the logits.
    pub outputs: Vec<String>,
    /// Preprocessing.
    pub spec: PreprocessSpec,
    /// Convention of the starting weights.
    pub convention: WeightsConvention,
    /// What was trained.
    pub trainable: Trainable,
    /// The device it was trained on.
    pub device: String,
    /// SHA-256 over the starting weights' names, shapes and values.
    pub starting_weights: String,
    /// The same over [`MODEL_FILE`]'s.
    pub model: String,
    /// SHA-256 over configuration, data and starting weights.
    pub run: String,
    /// The best epoch, whose weights these are.
    pub best: Best,
    /// All epochs.
    pub metrics: Vec<EpochMetrics>,
    /// How labels and sources were balanced.
    pub balance: Vec<OutputBalance>,
    /// Photographs trained on.
    pub train_photographs: usize,
    /// Photographs validated on.
    pub validation_photographs: usize,
    /// Photographs left out because they can't be read or have no field, with the reason.
    pub left_out: Vec<(String, String)>,
}

impl RunInfo {
    /// Version of the layout.
    pub const VERSION: u32 = 1;

    /// Reads a run folder's description.
    ///
    /// # Errors
    /// When it is not there (the run is not finished) or not readable.
    pub fn read(run: &Path) -> Result<Self, TrainError> {
        let path = run.join(RUN_FILE);
        let text = std::fs::read(&path).map_err(TrainError::io(&path))?;
        serde_json::from_slice(&text).map_err(|error| TrainError::Checkpoint { path, what: error.to_string() })
    }

    /// The weights' file of a run folder.
    pub fn model_path(run: &Path) -> PathBuf {
        run.join(MODEL_FILE)
    }

    pub(super) fn write(&self, run: &Path) -> Result<(), TrainError> {
        folder::write_json(run, RUN_FILE, self)
    }
}
