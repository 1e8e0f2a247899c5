//! `train`: fine-tunes a network. `resume`: goes on with a run that was broken off.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Ui;
use crate::{
    device::DeviceChoice,
    error::{Exit, ExpectedError},
    features::FeatureError,
    manifest::{Manifest, Row},
    shard::Shard,
    stop::Stop,
    task::Task,
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
    /// Train once for each of these values of a key, as in --sweep seed=1,2,3; given several times, for every
    /// combination, each in a folder of its own below --out. As an array job (`SLURM_ARRAY_TASK_ID`, or `RANK` and
    /// `WORLD_SIZE`) every process takes its share of them.
    #[arg(long = "sweep", value_name = "KEY=VALUES")]
    sweep: Vec<String>,
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
        let shard = Shard::of_environment()?;
        if self.sweep.is_empty() {
            if !shard.is_whole() {
                ui.warn(format_args!(
                    "the environment says {shard}, but one training is not parted; --sweep parts many"
                ));
            }
            return self.train(&self.settings, &self.out, ui);
        }
        let points = points(&self.sweep)?;
        // All are read before any is trained, so that a wrong value is told at once.
        for point in &points {
            self.configuration(&[&self.settings[..], &point[..]].concat())?;
        }
        let mut exit = Exit::Ok;
        for (number, point) in points.iter().enumerate().filter(|(number, _)| shard.takes(*number)) {
            ui.say(format_args!("{} of {}: {}", number + 1, points.len(), point.join(" ")));
            let out = self.out.join(folder_of(number, point));
            let ended = self.train(&[&self.settings[..], &point[..]].concat(), &out, ui)?;
            if ended != Exit::Ok {
                exit = ended;
            }
        }
        ui.next(format_args!("ocellus-trainer runs list {}", super::ui::shell(&self.out)));
        Ok(exit)
    }

    fn configuration(&self, settings: &[String]) -> Result<Config, ExpectedError> {
        Ok(match &self.config {
            Some(path) => Config::read_with(path, settings)?,
            None => Config::simple().with(settings)?,
        })
    }

    fn train(&self, settings: &[String], out: &Path, ui: &Ui) -> Result<Exit, ExpectedError> {
        let mut config = self.configuration(settings)?;
        if let Some(cache) = &self.cache {
            config.features.cache.clone_from(cache);
        }
        let given =
            |given: &Option<PathBuf>, configured: &Option<PathBuf>| given.clone().or_else(|| configured.clone());
        let split = given(&self.split, &config.data.split);
        let root = given(&self.root, &config.data.root);
        config.weights.file = given(&self.weights, &config.weights.file);
        go(config, [split, root], out, self.device, self.workers, ui)
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

/// The combinations of a sweep's values, each as settings.
fn points(sweep: &[String]) -> Result<Vec<Vec<String>>, ExpectedError> {
    let mut points = vec![Vec::new()];
    for axis in sweep {
        let wrong = || ExpectedError::Usage(format!("--sweep {axis}: expected KEY=VALUE,VALUE as in seed=1,2,3"));
        let (key, values) = axis.split_once('=').filter(|(key, _)| !key.trim().is_empty()).ok_or_else(wrong)?;
        let values: Vec<&str> = values.split(',').map(str::trim).collect();
        if values.iter().any(|value| value.is_empty()) {
            return Err(wrong());
        }
        points = points
            .iter()
            .flat_map(|point| values.iter().map(|value| [&point[..], &[format!("{key}={value}")]].concat()))
            .collect();
    }
    Ok(points)
}

/// A run's folder within a sweep: its number, and what it was given.
fn folder_of(number: usize, point: &[String]) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "=.-_".contains(c) { c } else { '_' };
    let given: String = point.join(" ").chars().map(safe).collect();
    format!("{:03}-{given}", number + 1)
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
    if ui.is_dry() {
        ui.would(plan(&setup)?)?;
        return Ok(Exit::Ok);
    }
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

/// What a training would do, as far as configuration, weights and manifests tell.
fn plan(setup: &Setup) -> Result<String, ExpectedError> {
    let config = &setup.config;
    config.check()?;
    config.weights.load(config.seed)?;
    let rows = |side: &str| Ok::<_, ExpectedError>(Manifest::read(&setup.split.join(format!("{side}.csv")))?.rows);
    let (train, validation) = (rows("train")?, rows("validation")?);
    let task = Task::settle(config.task, config.classes.as_deref(), train.iter()).map_err(ExpectedError::Data)?;
    let labelled = |rows: &[Row]| rows.iter().filter(|row| task.targets(row).iter().any(Option::is_some)).count();
    let (train, schedule) = (labelled(&train), &config.schedule);
    Ok(format!(
        "train {} on {train} photographs, {} for validation: {} epochs of {} steps on {}, into {}",
        task.names().join(", "),
        labelled(&validation),
        schedule.epochs,
        train.div_ceil(schedule.batch),
        setup.device,
        setup.out.display()
    ))
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
        TrainError::Config(_) | TrainError::OtherRun { .. } | TrainError::Weights(_) | TrainError::Handover(_) => {
            ExpectedError::Usage(error.to_string())
        }
        TrainError::Manifest(error) => error.into(),
        TrainError::Bucket(error) => error.into(),
        TrainError::Data(_) | TrainError::Photograph { .. } => ExpectedError::Data(error.to_string()),
        other => anyhow::Error::from(other).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_is_every_combination_in_order() {
        let points = points(&["seed=1,2".to_owned(), "schedule.head_rate=1e-3, 1e-4".to_owned()]).unwrap();
        assert_eq!(points.len(), 4);
        assert_eq!(points[1], ["seed=1", "schedule.head_rate=1e-4"]);
        assert_eq!(folder_of(1, &points[1]), "002-seed=1_schedule.head_rate=1e-4");
        for wrong in ["seed", "=1", "seed=1,,2", "seed="] {
            assert!(super::points(&[wrong.to_owned()]).is_err(), "{wrong} was taken");
        }
    }
}
