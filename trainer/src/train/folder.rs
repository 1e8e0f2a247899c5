//! What a run leaves in its folder for people and other programs to read; each file is there whole or not at all.
//!
//! Not here: checkpoints, and the description of a finished run ([`RunInfo`](super::RunInfo)).

use std::{
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use super::{
    Setup, TrainError,
    checkpoint::State,
    dataset::Sample,
    events::{self, EVENTS_FILE},
    loss, metrics,
    page::{self, PAGE_FILE},
};
use crate::{
    files::{csv_bytes, write_atomically},
    task::Task,
};

/// The configuration, with the paths that were used.
pub const CONFIG_FILE: &str = "config.toml";

/// Writes one file.
fn write(run: &Path, name: &str, bytes: &[u8]) -> Result<(), TrainError> {
    let path = run.join(name);
    write_atomically(&path, bytes).map_err(TrainError::io(&path))
}

/// Writes one for programs.
pub(super) fn write_json(run: &Path, name: &str, value: &impl Serialize) -> Result<(), TrainError> {
    let text = serde_json::to_vec_pretty(value)
        .map_err(|error| TrainError::Checkpoint { path: run.join(name), what: error.to_string() })?;
    write(run, name, &text)
}

/// Writes the configuration as it is used, with the paths.
pub(super) fn write_config(setup: &Setup) -> Result<(), TrainError> {
    let mut config = setup.config.clone();
    config.data.split = Some(setup.split.clone());
    config.data.root = Some(setup.root.clone());
    let text = toml::to_string_pretty(&config)
        .map_err(|error| TrainError::Checkpoint { path: setup.out.join(CONFIG_FILE), what: error.to_string() })?;
    write(&setup.out, CONFIG_FILE, text.as_bytes())
}

/// Writes how each epoch went: as a table, for TensorBoard and as a page. `names` go with the AUROCs.
pub(super) fn write_results(run: &Path, names: &[&str], state: &State, epochs: usize) -> Result<(), TrainError> {
    write(run, "results.csv", metrics::csv(names, &state.metrics).as_bytes())?;
    // A clock before 1970 only moves the curves on the axis of time.
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64());
    write(run, EVENTS_FILE, &events::file(names, &state.metrics, seconds))?;
    let path = run.join(CONFIG_FILE);
    let config = fs::read_to_string(&path).map_err(TrainError::io(&path))?;
    write(run, PAGE_FILE, page::html(&run.display().to_string(), &config, names, state, epochs).as_bytes())
}

/// Writes what was said of photographs, a line each: the file and a probability an output.
pub(super) fn write_predictions(
    run: &Path,
    task: &Task,
    samples: &[Sample],
    logits: &[Vec<f32>],
) -> Result<(), TrainError> {
    const FILE: &str = "predictions.csv";
    let table = || -> Result<Vec<u8>, csv::Error> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(["file"].into_iter().chain(task.names()))?;
        for (sample, logits) in samples.iter().zip(logits) {
            let probabilities = loss::probabilities(task.loss(), logits);
            let cells = probabilities.iter().map(|probability| format!("{probability:.6}"));
            csv.write_record([sample.photo.file.clone()].into_iter().chain(cells))?;
        }
        csv_bytes(csv)
    };
    let bytes = table().map_err(|error| TrainError::Io { path: run.join(FILE), source: error.into() })?;
    write(run, FILE, &bytes)
}
