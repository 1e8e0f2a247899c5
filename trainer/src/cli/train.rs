//! `train`: fine-tunes a network. `resume`: goes on with a run that was broken off.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Ui;
use crate::{
    device::DeviceChoice,
    error::{Exit, ExpectedError},
    features::FeatureError,
    stop::Stop,
    train::{CONFIG_FILE, Outcome, RunInfo, Setup, TrainError, config::Config, train},
};

/// Arguments of `train`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run's configuration [default: a simple network that is drawn anew and trained whole].
    #[arg(long)]
    config: Option<PathBuf>,
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
    /// Set a key of the configuration, as in --set schedule.epochs=3; may be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Workers; each takes one core on `flex`. The result does not depend on it [default: all cores].
    #[arg(long)]
    workers: Option<usize>,
}

/// Arguments of `resume`.
#[derive(Debug, clap::Args)]
pub(super) struct ResumeArgs {
    /// The run folder.
    run: PathBuf,
    /// Where to compute: flex, wgpu, vulkan, cuda, cuda:N.
    #[arg(long, default_value = "flex")]
    device: DeviceChoice,
    /// Workers; each takes one core on `flex`. The result does not depend on it [default: all cores].
    #[arg(long)]
    workers: Option<usize>,
}

/// The result of `train` and `resume`.
#[derive(Debug, Serialize)]
struct Report<'a> {
    run: &'a Path,
    steps: usize,
    photographs_a_second: f64,
    info: &'a RunInfo,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage for a bad configuration, data for data that can't be trained on, interrupted when somebody asked to stop,
    /// failed for everything else. Photographs that had to be left out end in [`Exit::SomeUnreadable`].
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let mut config = match &self.config {
            Some(path) => Config::read_with(path, &self.settings)?,
            None => Config::simple().with(&self.settings)?,
        };
        if let Some(cache) = &self.cache {
            config.features.cache.clone_from(cache);
        }
        let given =
            |given: &Option<PathBuf>, configured: &Option<PathBuf>| given.clone().or_else(|| configured.clone());
        let split = given(&self.split, &config.data.split);
        let root = given(&self.root, &config.data.root);
        config.weights.file = given(&self.weights, &config.weights.file);
        go(config, [split, root], &self.out, self.device, self.workers, ui)
    }
}

impl ResumeArgs {
    /// Runs the verb.
    ///
    /// # Errors
    /// As `train`; usage where there is no run.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let file = self.run.join(CONFIG_FILE);
        let config = Config::read(&file)
            .map_err(|error| ExpectedError::Usage(format!("{}: no run to go on with: {error}", self.run.display())))?;
        let paths = [config.data.split.clone(), config.data.root.clone()];
        go(config, paths, &self.run, self.device, self.workers, ui)
    }
}

/// Trains with a configuration; `paths` are split and root.
fn go(
    config: Config,
    paths: [Option<PathBuf>; 2],
    out: &Path,
    device: DeviceChoice,
    workers: Option<usize>,
    ui: &Ui,
) -> Result<Exit, ExpectedError> {
    let missing = |what: &str, key: &str| ExpectedError::Usage(format!("no {what}: give --{what} or set {key}"));
    let [split, root] = paths;
    let setup = Setup {
        split: split.ok_or_else(|| missing("split", "data.split"))?,
        root: root.ok_or_else(|| missing("root", "data.root"))?,
        config,
        out: out.to_owned(),
        device,
        workers,
        stop: Stop::of_signals().map_err(anyhow::Error::from)?,
    };
    let outcome = train(&setup, ui).map_err(|error| expected(error, out))?;
    let info = &outcome.info;
    let report = Report { run: out, steps: outcome.steps, photographs_a_second: outcome.photographs_a_second, info };
    ui.result(&report, text(&outcome))?;
    ui.next(format_args!(
        "ocellus-trainer evaluate --run {} --split {} --root {}",
        super::ui::shell(out),
        super::ui::shell(&setup.split),
        super::ui::shell(&setup.root)
    ));
    Ok(if info.left_out.is_empty() { Exit::Ok } else { Exit::SomeUnreadable })
}

fn text(outcome: &Outcome) -> String {
    let first = if outcome.trained {
        format!("trained {} steps, {:.1} photographs a second\n", outcome.steps, outcome.photographs_a_second)
    } else {
        "this run was finished before\n".to_owned()
    };
    first + &summary(&outcome.info)
}

/// A finished run in words.
pub(super) fn summary(info: &RunInfo) -> String {
    let mut text = format!(
        "{} photographs trained on, {} validated on, {} left out\nbest epoch {} of {}: score {:.4}\n",
        info.train_photographs,
        info.validation_photographs,
        info.left_out.len(),
        info.best.epoch,
        info.metrics.last().map_or(0, |line| line.epoch),
        info.best.score
    );
    if let Some(line) = info.metrics.iter().find(|line| line.epoch == info.best.epoch) {
        for (name, auroc) in info.outputs.iter().zip(&line.auroc) {
            let auroc = auroc.map_or("no AUROC (one class only)".to_owned(), |value| format!("AUROC {value:.4}"));
            text.push_str(&format!("  {name:<28} {auroc}\n"));
        }
    }
    text.push_str("these figures chose the epoch, so they flatter: judge the network on other photographs\n");
    text
}

/// The exit code that goes with an error.
pub(super) fn expected(error: TrainError, run: &Path) -> ExpectedError {
    match error {
        TrainError::Interrupted { .. } | TrainError::Features(FeatureError::Interrupted { .. }) => {
            ExpectedError::Interrupted(format!("{error}; go on with: ocellus-trainer resume {}", super::ui::shell(run)))
        }
        TrainError::Config(_) | TrainError::OtherRun { .. } | TrainError::Weights(_) => {
            ExpectedError::Usage(error.to_string())
        }
        TrainError::Manifest(error) => error.into(),
        TrainError::Data(_) | TrainError::Photograph { .. } => ExpectedError::Data(error.to_string()),
        other => anyhow::Error::from(other).into(),
    }
}
