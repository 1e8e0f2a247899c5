//! `train`: fine-tunes a network, or goes on with a run that was broken off.

use std::path::PathBuf;

use serde::Serialize;

use super::Ui;
use crate::{
    device::DeviceChoice,
    error::{Exit, ExpectedError},
    train::{RunInfo, Setup, TrainError, config::Config, train},
};

/// Arguments of `train`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run's configuration.
    #[arg(long)]
    config: PathBuf,
    /// Folder of a split, with train.csv and validation.csv [default: data.split of the configuration].
    #[arg(long)]
    split: Option<PathBuf>,
    /// Folder the manifests' files are relative to [default: data.root].
    #[arg(long)]
    root: Option<PathBuf>,
    /// Starting weights, safetensors [default: weights.file].
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Folder that holds feature caches [default: features.cache].
    #[arg(long)]
    cache: Option<PathBuf>,
    /// The run folder. If it holds the same run, broken off, that run goes on.
    #[arg(long)]
    out: PathBuf,
    /// Where to compute: flex, wgpu, vulkan, cuda, cuda:N.
    #[arg(long, default_value = "flex")]
    device: DeviceChoice,
    /// Workers; each takes one core on `flex`. The result does not depend on it [default: all cores].
    #[arg(long)]
    workers: Option<usize>,
}

/// The result of `train`.
#[derive(Debug, Serialize)]
struct Report<'a> {
    run: &'a std::path::Path,
    steps: usize,
    photographs_a_second: f64,
    info: &'a RunInfo,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage for a bad configuration, data for data that can't be trained on, failed for everything else. Photographs
    /// that had to be left out end in [`Exit::SomeUnreadable`].
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let missing = |what: &str, key: &str| ExpectedError::Usage(format!("no {what}: give --{what} or set {key}"));
        let mut config = Config::read(&self.config).map_err(|error| ExpectedError::Usage(error.to_string()))?;
        if let Some(cache) = &self.cache {
            config.features.cache.clone_from(cache);
        }
        let split = self.split.clone().or_else(|| config.data.split.clone());
        let root = self.root.clone().or_else(|| config.data.root.clone());
        let weights = self.weights.clone().or_else(|| config.weights.file.clone());
        let setup = Setup {
            split: split.ok_or_else(|| missing("split", "data.split"))?,
            root: root.ok_or_else(|| missing("root", "data.root"))?,
            weights: weights.ok_or_else(|| missing("weights", "weights.file"))?,
            config,
            out: self.out.clone(),
            device: self.device,
            workers: self.workers,
        };
        let outcome = train(&setup, ui).map_err(expected)?;
        let info = &outcome.info;
        let mut text = String::new();
        if outcome.trained {
            text.push_str(&format!(
                "trained {} steps, {:.1} photographs a second\n",
                outcome.steps, outcome.photographs_a_second
            ));
        } else {
            text.push_str("this run was finished before\n");
        }
        text.push_str(&format!(
            "{} photographs trained on, {} validated on, {} left out\nbest epoch {} of {}: score {:.4}\n",
            info.train_photographs,
            info.validation_photographs,
            info.left_out.len(),
            info.best.epoch,
            info.metrics.len(),
            info.best.score
        ));
        if let Some(line) = info.metrics.iter().find(|line| line.epoch == info.best.epoch) {
            for (name, auroc) in info.outputs.iter().zip(&line.auroc) {
                let auroc = auroc.map_or("no AUROC (one class only)".to_owned(), |value| format!("AUROC {value:.4}"));
                text.push_str(&format!("  {name:<28} {auroc}\n"));
            }
        }
        text.push_str("these figures chose the epoch, so they flatter: judge the network on other photographs\n");
        let report =
            Report { run: &self.out, steps: outcome.steps, photographs_a_second: outcome.photographs_a_second, info };
        ui.result(&report, text)?;
        ui.next(format_args!(
            "ocellus-trainer evaluate --run {} --split {} --root {}",
            super::ui::shell(&self.out),
            super::ui::shell(&setup.split),
            super::ui::shell(&setup.root)
        ));
        Ok(if info.left_out.is_empty() { Exit::Ok } else { Exit::SomeUnreadable })
    }
}

/// The exit code that goes with an error.
fn expected(error: TrainError) -> ExpectedError {
    match error {
        TrainError::Config(_) | TrainError::OtherRun { .. } | TrainError::Weights(_) => {
            ExpectedError::Usage(error.to_string())
        }
        TrainError::Manifest(error) => error.into(),
        TrainError::Data(_) | TrainError::Photograph { .. } => ExpectedError::Data(error.to_string()),
        other => anyhow::Error::from(other).into(),
    }
}
