//! Makes a run folder of what another program trained from a [pack](crate::pack).
//!
//! Nothing that program says of its network is believed: the validation photographs are read, preprocessed and run here,
//! by the code every other verb uses, and the run's figures are those.

use std::{
    fs::{self, File},
    path::Path,
};

pub use ocellus_handover::{RESULT_FILE, TrainedElsewhere};
use sha2::{Digest, Sha256};

use super::{
    MODEL_FILE, RunInfo, Setup, TrainError,
    checkpoint::{Best, State},
    config::{Config, ConfigError},
    dataset::{Dataset, Source},
    environment::Sitting,
    folder,
    metrics::EpochMetrics,
    run::{Run, check_sides, default_workers, keep_usable, run_digest},
    step::Stepper,
    workers::Workers,
};
use crate::{
    bucket::{Wanted, at_hand},
    cli::Ui,
    files::hex,
    manifest::Manifest,
    net::{NamedWeights, Network, Trainable},
    task::Task,
};

/// Takes a result over. `setup` holds the configuration the plan was made with (with the weights the training started
/// from), the split, and the run folder to make, which must not hold a run.
///
/// # Errors
/// When the result can't be read, is of other outputs or of another preprocessing than the configuration's, or the
/// network can't be run.
pub fn adopt(result: &Path, setup: &Setup, ui: &Ui) -> Result<RunInfo, TrainError> {
    let said = TrainedElsewhere::read(result)?;
    let config = &setup.config;
    config.check()?;
    let train_rows = Manifest::read(&setup.split.join("train.csv"))?.rows;
    let validation_rows = Manifest::read(&setup.split.join("validation.csv"))?.rows;
    let task = Task::settle(config.task, config.classes.as_deref(), train_rows.iter()).map_err(TrainError::Data)?;
    let problems = differences(config, &task, &said);
    if !problems.is_empty() {
        return Err(ConfigError::Values { problems }.into());
    }
    if setup.out.join(super::RUN_FILE).exists() {
        return Err(TrainError::OtherRun { run: setup.out.clone() });
    }
    let path = result.join(MODEL_FILE);
    let model = NamedWeights::read(&path)?;
    // A head that doesn't fit would be drawn anew: a network that was never trained would be measured.
    let rows = model.require("head.weight")?.shape.first().copied().unwrap_or_default();
    let expected = task.names().len();
    if rows != expected {
        let what = format!("its head has {rows} outputs, expected {expected} as the task has");
        return Err(TrainError::Checkpoint { path, what });
    }
    let weights = config.weights.load(config.seed)?;
    let device = setup.device.open().map_err(|error| TrainError::Data(error.to_string()))?;
    let network = Network::build(&device, &model, expected, config.seed)?;
    let root = at_hand(&setup.root, Wanted::of_rows(train_rows.iter().chain(&validation_rows)), ui)?;
    let mut train = Dataset::new(&train_rows, &root, &task, ui);
    let mut validation = Dataset::new(&validation_rows, &root, &task, ui);
    let mut left_out = [std::mem::take(&mut train.unreadable), std::mem::take(&mut validation.unreadable)].concat();
    left_out.extend(keep_usable(&mut validation, ui));
    check_sides(&train, &validation)?;
    train.weigh(&task, &config.balance);
    let mut digest = Sha256::new();
    digest.update(run_digest(config, &weights, &train, &validation));
    let path = result.join(RESULT_FILE);
    digest.update(fs::read(&path).map_err(TrainError::io(&path))?);
    let run = Run { setup, root, task, network, train, validation, left_out, digest: hex(&digest.finalize()), weights };
    run.write_adopted((result, &model), &said, ui)
}

/// What does not fit, in words.
fn differences(config: &Config, task: &Task, said: &TrainedElsewhere) -> Vec<String> {
    let mut problems = Vec::new();
    if said.outputs != task.names() {
        problems.push(format!("the result has the outputs {:?}, the task {:?}", said.outputs, task.names()));
    }
    if said.spec != config.spec() {
        problems.push(format!("the result was trained on {:?}, the configuration says {:?}", said.spec, config.spec()));
    }
    if said.train_loss.is_empty() {
        problems.push("the result has no epoch".to_owned());
    }
    problems
}

impl Run<'_> {
    /// Measures the network on the validation photographs and writes the run folder.
    fn write_adopted(
        &self,
        (result, model): (&Path, &NamedWeights),
        said: &TrainedElsewhere,
        ui: &Ui,
    ) -> Result<RunInfo, TrainError> {
        let (config, out) = (&self.setup.config, &self.setup.out);
        fs::create_dir_all(out).map_err(TrainError::io(out))?;
        let lock = File::create(out.join(".lock")).map_err(TrainError::io(out))?;
        lock.try_lock().map_err(|_| TrainError::Busy { run: out.clone() })?;
        let workers = Workers::new(self.setup.workers.unwrap_or_else(|| default_workers(self.setup.device)))?;
        let spec = config.spec();
        let stepper = Stepper {
            workers: &workers,
            source: &Source::Photographs(&spec, &config.augment),
            trainable: Trainable::All,
            loss: self.task.loss(),
            bent: config.loss.clone(),
            micro_batch: config.schedule.micro_batch,
        };
        let samples = &self.validation.samples;
        let progress = ui.progress("validating", samples.len() as u64);
        let logits = stepper.predict(&self.network, samples, |count| progress.inc(count as u64))?;
        drop(progress);
        let epochs = said.train_loss.len();
        let line = EpochMetrics {
            epoch: epochs,
            step: said.steps,
            train_loss: said.train_loss.last().copied().unwrap_or(f64::NAN),
            ..EpochMetrics::default()
        };
        let line = self.measured(&logits, line);
        let best = Best { epoch: epochs, score: line.score(), step: said.steps };
        let state = State {
            digest: self.digest.clone(),
            step: said.steps,
            epoch: epochs,
            position: 0,
            seed: config.seed,
            loss: (0.0, 0.0),
            metrics: vec![line],
            best: Some(best.clone()),
        };
        folder::write_config(self.setup)?;
        folder::write_results(out, &self.task.names(), &state, epochs)?;
        self.write_validated(&best, &logits)?;
        Sitting::now(self.setup.device, workers.count(), said.steps).write(out)?;
        model.write(&out.join(MODEL_FILE))?;
        let here = self.train.samples.len();
        if said.train_photographs != here {
            ui.warn(format_args!(
                "trained on {} photographs, the split has {here} that say anything to the task: is it the same split?",
                said.train_photographs
            ));
        }
        let info = self.info(best, &state.metrics, model.digest(), said.program.clone(), said.device.clone());
        let info = RunInfo { train_photographs: said.train_photographs, ..info };
        self.write_trained_on(&[result])?;
        info.write(out)?;
        Ok(info)
    }
}
