//! The loop.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    num::NonZero,
    path::{Path, PathBuf},
    time::Instant,
};

use burn::tensor::Tensor;
use ocellus_model::field::{self, Field};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::{
    MODEL_FILE, RunInfo, TrainError,
    checkpoint::{Best, Checkpoint, Checkpoints, State},
    config::Config,
    dataset::{Dataset, Sample, Source},
    environment::Sitting,
    folder::{self, CONFIG_FILE},
    metrics::EpochMetrics,
    mlflow::Mlflow,
    optimizer::{Averages, Optimizer},
    schedule,
    step::{BatchGradients, Chosen, Stepper},
    stream,
    validated::{Measured, Validated},
    workers::Workers,
};
use crate::{
    bucket::{Wanted, at_hand},
    cli::Ui,
    device::DeviceChoice,
    evaluate::stored::METRICS_FILE,
    features::{CacheKey, Extraction, FeatureCache, Photo, extract},
    files::hex,
    manifest::Manifest,
    net::{NamedWeights, Network},
    stop::Stop,
    task::Task,
    trained_on::TrainedOn,
};

/// Photographs a feature worker takes at once.
const EXTRACTION_BATCH: usize = 4;

/// What a run is started with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The configuration; its paths are the ones used.
    pub config: Config,
    /// Folder with `train.csv` and `validation.csv`.
    pub split: PathBuf,
    /// Folder the manifests' files are relative to.
    pub root: PathBuf,
    /// The run folder; made if need be. If it holds a run begun with the same configuration, data and weights, that
    /// run goes on.
    pub out: PathBuf,
    /// The device.
    pub device: DeviceChoice,
    /// Workers; none: one a core on the processor, two on a GPU (one prepares while the other computes).
    pub workers: Option<usize>,
    /// When to stop early, with a checkpoint.
    pub stop: Stop,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The run's description, as in `run.json`.
    pub info: RunInfo,
    /// False when the run had been finished before.
    pub trained: bool,
    /// Steps this process took.
    pub steps: usize,
    /// Photographs seen a second in this process's steps (without validation and checkpoints).
    pub photographs_a_second: f64,
}

/// Trains, or goes on with a run that was broken off.
///
/// # Errors
/// [`TrainError`]; the last checkpoint is always good.
pub fn train(setup: &Setup, ui: &Ui) -> Result<Outcome, TrainError> {
    setup.config.check()?;
    fs::create_dir_all(&setup.out).map_err(TrainError::io(&setup.out))?;
    let lock_path = setup.out.join(".lock");
    let lock = File::create(&lock_path).map_err(TrainError::io(&lock_path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Err(TrainError::Busy { run: setup.out.clone() }),
        Err(fs::TryLockError::Error(source)) => return Err(TrainError::Io { path: lock_path, source }),
    }
    // At once, so that `resume` finds it whenever the run is broken off. A finished or begun run's own stays.
    if !setup.out.join(CONFIG_FILE).exists() {
        folder::write_config(setup)?;
    }
    let config = &setup.config;
    let train_rows = Manifest::read(&setup.split.join("train.csv"))?.rows;
    let validation_rows = Manifest::read(&setup.split.join("validation.csv"))?.rows;
    let task = Task::settle(config.task, config.classes.as_deref(), train_rows.iter()).map_err(TrainError::Data)?;
    let weights = config.weights.load(config.seed)?;
    let device = setup.device.open().map_err(|error| TrainError::Data(error.to_string()))?;
    let network = Network::build(&device, &weights, task.names().len(), config.seed)?;
    let root = at_hand(&setup.root, Wanted::of_rows(train_rows.iter().chain(&validation_rows)), ui)?;
    let mut train = Dataset::new(&train_rows, &root, &task, ui);
    let mut validation = Dataset::new(&validation_rows, &root, &task, ui);
    // What is needed of them is in the sides now.
    drop((train_rows, validation_rows));
    let workers = Workers::new(setup.workers.unwrap_or_else(|| default_workers(setup.device)))?;
    let mut left_out = [std::mem::take(&mut train.unreadable), std::mem::take(&mut validation.unreadable)].concat();
    let spec = config.spec();
    let cache = if config.trainable.starts_from_block4() {
        let cache = features(setup, &network, &weights, &train, &validation, ui)?;
        left_out.extend(train.keep_cached(&cache));
        left_out.extend(validation.keep_cached(&cache));
        Some(cache)
    } else {
        left_out.extend(keep_usable(&mut train, ui));
        left_out.extend(keep_usable(&mut validation, ui));
        None
    };
    for (file, reason) in &left_out {
        ui.warn(format_args!("left out {file}: {reason}"));
    }
    check_sides(&train, &validation)?;
    train.weigh(&task, &config.balance);
    let source = match &cache {
        Some(cache) => Source::Cache(cache),
        None => Source::Photographs(&spec, &config.augment),
    };
    let digest = run_digest(config, &weights, &train, &validation);
    let run = Run { setup, root, task, network, train, validation, left_out, digest, weights };
    run.go(&workers, &source, ui)
}

pub(super) fn default_workers(device: DeviceChoice) -> usize {
    match device {
        DeviceChoice::Flex => std::thread::available_parallelism().map_or(1, NonZero::get),
        DeviceChoice::Wgpu | DeviceChoice::Vulkan | DeviceChoice::Cuda(_) => 2,
    }
}

/// Fills the cache for both sides and opens it.
fn features(
    setup: &Setup,
    network: &Network,
    weights: &NamedWeights,
    train: &Dataset,
    validation: &Dataset,
    ui: &Ui,
) -> Result<FeatureCache, TrainError> {
    let spec = setup.config.spec();
    let key = CacheKey::new(&spec, &setup.config.augment, weights, network.block4_shape(spec.size as usize));
    let folder = key.folder(&setup.config.features.cache);
    let extraction = |views| Extraction {
        network,
        key: &key,
        folder: &folder,
        spec: &spec,
        views,
        batch: EXTRACTION_BATCH,
        workers: setup.workers.unwrap_or_else(|| default_workers(setup.device)),
        stop: &setup.stop,
    };
    let photos = |side: &Dataset| side.samples.iter().map(|sample| sample.photo.clone()).collect::<Vec<Photo>>();
    extract(&photos(train), &extraction(setup.config.features.views), ui)?;
    extract(&photos(validation), &extraction(1), ui)?;
    Ok(FeatureCache::open(&folder, &key)?)
}

/// Finds the field of each photograph, and drops those that can't be decoded or have none.
pub(super) fn keep_usable(side: &mut Dataset, ui: &Ui) -> Vec<(String, String)> {
    let progress = ui.progress("checking photographs", side.samples.len() as u64);
    let fields: Vec<Result<Field, String>> = side
        .samples
        .par_iter()
        .map(|sample| {
            let photograph = ocellus_model::image::read(&sample.photo.path).map_err(|error| error.to_string());
            let found = photograph.and_then(|p| field::find_field(&p.pixels).map_err(|error| error.to_string()));
            progress.inc(1);
            found
        })
        .collect();
    let samples = std::mem::take(&mut side.samples);
    let mut dropped = Vec::new();
    for (sample, found) in samples.into_iter().zip(fields) {
        match found {
            Err(reason) => dropped.push((sample.photo.file, reason)),
            Ok(field) => side.samples.push(Sample { field: Some(field), ..sample }),
        }
    }
    dropped
}

pub(super) fn check_sides(train: &Dataset, validation: &Dataset) -> Result<(), TrainError> {
    for (name, side) in [("train", train), ("validation", validation)] {
        if side.samples.is_empty() {
            return Err(TrainError::Data(format!(
                "{name}.csv holds no photograph to use: {} rows say nothing to the task, the others can't be read",
                side.unlabelled
            )));
        }
    }
    let trained: BTreeMap<&str, &str> =
        train.samples.iter().map(|sample| (sample.sha256.as_str(), sample.photo.file.as_str())).collect();
    let both = validation.samples.iter().find_map(|s| Some((trained.get(s.sha256.as_str())?, &s.photo.file)));
    match both {
        Some((one, other)) => Err(TrainError::Data(format!(
            "leak: {one} (train.csv) and {other} (validation.csv) are the same file; split anew"
        ))),
        None => Ok(()),
    }
}

/// Everything that decides the result; paths, the cache and the checkpoints' spacing don't.
pub(super) fn run_digest(config: &Config, weights: &NamedWeights, train: &Dataset, validation: &Dataset) -> String {
    let mut decisive = config.clone();
    decisive.data = super::config::DataConfig::default();
    decisive.weights.file = None;
    decisive.features.cache = PathBuf::new();
    decisive.checkpoint = super::config::CheckpointConfig::default();
    decisive.mlflow = super::mlflow::MlflowConfig::default();
    let mut hash = Sha256::new();
    hash.update(format!("{decisive:?}"));
    hash.update(weights.digest());
    train.add_to_digest(&mut hash);
    validation.add_to_digest(&mut hash);
    hex(&hash.finalize())
}

/// A run with its data.
pub(super) struct Run<'a> {
    pub(super) setup: &'a Setup,
    /// Where its photographs are read.
    pub(super) root: PathBuf,
    pub(super) task: Task,
    pub(super) network: Network,
    pub(super) train: Dataset,
    pub(super) validation: Dataset,
    pub(super) left_out: Vec<(String, String)>,
    pub(super) digest: String,
    pub(super) weights: NamedWeights,
}

/// What changes from step to step.
struct Progressing {
    state: State,
    network: Network,
    optimizer: Optimizer,
    average: Option<Averages>,
}

impl Run<'_> {
    fn config(&self) -> &Config {
        &self.setup.config
    }

    fn go(&self, workers: &Workers, source: &Source<'_>, ui: &Ui) -> Result<Outcome, TrainError> {
        let mlflow = Mlflow::begin(self.config(), self.setup.out.clone(), ui);
        let result = self.epochs(workers, source, ui, &mlflow);
        mlflow.end((&result).into());
        result
    }

    fn epochs(&self, workers: &Workers, source: &Source<'_>, ui: &Ui, mlflow: &Mlflow) -> Result<Outcome, TrainError> {
        let config = self.config();
        let checkpoints = Checkpoints::open(&self.setup.out)?;
        let mut now = self.start(&checkpoints, ui)?;
        let stepper = Stepper {
            workers,
            source,
            trainable: config.trainable,
            loss: self.task.loss(),
            bent: config.loss.clone(),
            micro_batch: config.schedule.micro_batch,
        };
        folder::write_config(self.setup)?;
        let before = now.state.step;
        if self.has_more(&now.state) {
            Sitting::now(self.setup.device, workers.count(), before).write(&self.setup.out)?;
        }
        let (mut seconds, mut seen) = (0.0, 0);
        while self.has_more(&now.state) {
            self.epoch(&mut now, &stepper, &checkpoints, ui, &mut seconds, &mut seen)?;
            self.close_epoch(&mut now, &stepper, &checkpoints, ui)?;
            if let Some(line) = now.state.metrics.last() {
                mlflow.epoch(&self.task.names(), line);
            }
            if self.setup.stop.is_asked() && self.has_more(&now.state) {
                return Err(TrainError::Interrupted { epoch: now.state.epoch, step: now.state.step });
            }
        }
        let info = self.finish(&now.state, &checkpoints, &stepper)?;
        Ok(Outcome {
            info,
            trained: now.state.step > before,
            steps: now.state.step - before,
            photographs_a_second: if seconds > 0.0 { seen as f64 / seconds } else { 0.0 },
        })
    }

    /// Whether epochs are left, and not so many have passed without a better one that the run ends early.
    fn has_more(&self, state: &State) -> bool {
        let schedule = &self.config().schedule;
        let best = state.best.as_ref().map_or(0, |best| best.epoch);
        state.epoch < schedule.epochs && schedule.patience.is_none_or(|patience| state.epoch < best + patience)
    }

    fn start(&self, checkpoints: &Checkpoints, ui: &Ui) -> Result<Progressing, TrainError> {
        let config = self.config();
        let mut now = Progressing {
            state: State {
                digest: self.digest.clone(),
                step: 0,
                epoch: 0,
                position: 0,
                seed: config.seed,
                loss: (0.0, 0.0),
                metrics: Vec::new(),
                best: None,
            },
            network: self.network.clone(),
            optimizer: Optimizer::new(&config.optimizer),
            average: None,
        };
        if let Some(checkpoint) = checkpoints.latest()? {
            if checkpoint.state.digest != self.digest {
                return Err(TrainError::OtherRun { run: self.setup.out.clone() });
            }
            now.network = self.with_weights(&checkpoint.weights)?;
            now.optimizer.load(&checkpoint.optimizer, checkpoint.state.step, self.network.device());
            now.average = checkpoint.average.as_ref().map(|average| {
                let tensor = |data: &[f32]| Tensor::<1>::from_floats(data, self.network.device());
                average.iter().map(|(name, values)| (name.to_owned(), tensor(&values.data))).collect()
            });
            now.state = checkpoint.state;
            ui.say(format_args!(
                "going on from step {} (epoch {}, batch {})",
                now.state.step,
                now.state.epoch + 1,
                now.state.position + 1
            ));
        }
        // The averages start where the weights start.
        if config.schedule.ema.is_some() && now.average.is_none() {
            let parameters = now.network.vgg_mut().parameters(config.trainable);
            now.average = Some(parameters.into_iter().map(|(name, parameter)| (name, parameter.value())).collect());
        }
        Ok(now)
    }

    /// The starting network with some weights replaced.
    fn with_weights(&self, changed: &NamedWeights) -> Result<Network, TrainError> {
        let mut all = self.network.weights()?;
        for (name, values) in changed.iter() {
            all.insert(name, values.shape.clone(), values.data.clone());
        }
        Ok(Network::build(self.network.device(), &all, self.network.outputs(), self.config().seed)?)
    }

    fn epoch(
        &self,
        now: &mut Progressing,
        stepper: &Stepper<'_>,
        checkpoints: &Checkpoints,
        ui: &Ui,
        seconds: &mut f64,
        seen: &mut usize,
    ) -> Result<(), TrainError> {
        let config = self.config();
        let samples = &self.train.samples;
        let (batch, views) = (config.schedule.batch, config.features.views);
        let order = stream::order(config.seed, now.state.epoch, samples.len());
        let batches: Vec<&[usize]> = order.chunks(batch).collect();
        let steps = batches.len() * config.schedule.epochs;
        let mean_weight = self.train.mean_weight().max(f64::MIN_POSITIVE);
        let progress = ui.progress("training", batches.len() as u64);
        progress.inc(now.state.position as u64);
        while now.state.position < batches.len() {
            let (seed, epoch, mix) = (config.seed, now.state.epoch, config.augment.mix);
            let chosen: Vec<Chosen<'_>> = batches[now.state.position]
                .iter()
                .map(|index| Chosen {
                    sample: &samples[*index],
                    view: stream::view(seed, epoch, *index, views),
                    kept: if mix > 0.0 { stream::kept(seed, epoch, *index, mix) } else { 1.0 },
                })
                .collect();
            let started = Instant::now();
            let result = stepper.gradients(&now.network, &chosen, chosen.len() as f64 * mean_weight)?;
            if let Some(what) = not_finite(&result) {
                return Err(TrainError::NotFinite {
                    what,
                    epoch: now.state.epoch + 1,
                    batch: now.state.position + 1,
                    step: checkpoints.steps()?.last().copied().unwrap_or(0),
                    files: chosen.iter().map(|chosen| chosen.sample.photo.file.clone()).collect(),
                });
            }
            let rate = config.schedule.head_rate * schedule::factor(now.state.step, steps, &config.schedule);
            let weights: f64 = chosen.iter().flat_map(|chosen| &chosen.sample.weights).map(|w| f64::from(*w)).sum();
            now.state.loss.0 += result.loss_sum;
            now.state.loss.1 += weights;
            let Progressing { network, optimizer, average, .. } = now;
            optimizer.change(config, network, average, result, rate, stepper.workers)?;
            now.state.step += 1;
            now.state.position += 1;
            *seconds += started.elapsed().as_secs_f64();
            *seen += chosen.len();
            progress.inc(1);
            let within = now.state.position < batches.len();
            let stop = self.setup.stop.is_asked();
            if within && (stop || now.state.step.is_multiple_of(config.checkpoint.every_steps)) {
                self.checkpoint(now, checkpoints)?;
            }
            if within && stop {
                return Err(TrainError::Interrupted { epoch: now.state.epoch + 1, step: now.state.step });
            }
        }
        Ok(())
    }

    /// The network that is validated and kept: the average, where there is one.
    fn judged(&self, now: &Progressing) -> Network {
        let mut network = now.network.clone();
        if let Some(average) = &now.average {
            for (name, mut parameter) in network.vgg_mut().parameters(self.config().trainable) {
                if let Some(value) = average.get(&name) {
                    parameter.put(value.clone());
                }
            }
        }
        network
    }

    fn close_epoch(
        &self,
        now: &mut Progressing,
        stepper: &Stepper<'_>,
        checkpoints: &Checkpoints,
        ui: &Ui,
    ) -> Result<(), TrainError> {
        let config = self.config();
        let samples = &self.validation.samples;
        let progress = ui.progress("validating", samples.len() as u64);
        let logits = stepper.predict(&self.judged(now), samples, |count| progress.inc(count as u64))?;
        drop(progress);
        let steps = self.train.samples.len().div_ceil(config.schedule.batch) * config.schedule.epochs;
        let last = now.state.step.saturating_sub(1);
        let line = self.measured(
            &logits,
            EpochMetrics {
                epoch: now.state.epoch + 1,
                step: now.state.step,
                head_rate: config.schedule.head_rate * schedule::factor(last, steps, &config.schedule),
                train_loss: now.state.loss.0 / now.state.loss.1.max(f64::MIN_POSITIVE),
                ..EpochMetrics::default()
            },
        );
        ui.say(format_args!(
            "epoch {}/{}: train loss {:.4}, validation loss {:.4}, mean AUROC {}",
            line.epoch,
            config.schedule.epochs,
            line.train_loss,
            line.validation_loss,
            line.mean_auroc.map_or("none".to_owned(), |value| format!("{value:.4}")),
        ));
        if now.state.best.as_ref().is_none_or(|best| line.score() > best.score) {
            now.state.best = Some(Best { epoch: line.epoch, score: line.score(), step: line.step });
        }
        now.state.metrics.push(line);
        now.state.epoch += 1;
        now.state.position = 0;
        now.state.loss = (0.0, 0.0);
        self.checkpoint(now, checkpoints)?;
        self.write_results(&now.state)
    }

    /// An epoch's line with what the validation photographs' logits come to.
    pub(super) fn measured(&self, logits: &[Vec<f32>], line: EpochMetrics) -> EpochMetrics {
        let measured = self.measure(logits);
        EpochMetrics {
            validation_loss: measured.loss,
            auroc: measured.auroc(),
            mean_auroc: measured.mean_auroc(),
            ..line
        }
    }

    fn measure(&self, logits: &[Vec<f32>]) -> Measured {
        Measured::of(&self.task, &self.validation.samples, logits)
    }

    /// Writes what the best epoch's weights say of the validation photographs, and what that comes to.
    pub(super) fn write_validated(&self, best: &Best, logits: &[Vec<f32>]) -> Result<(), TrainError> {
        let (out, samples) = (&self.setup.out, &self.validation.samples);
        folder::write_predictions(out, &self.task, samples, logits)?;
        folder::write_json(out, METRICS_FILE, &Validated::new(&self.task, best, samples.len(), self.measure(logits)))
    }

    fn checkpoint(&self, now: &mut Progressing, checkpoints: &Checkpoints) -> Result<(), TrainError> {
        let trained: Vec<String> =
            now.network.vgg_mut().parameters(self.config().trainable).into_iter().map(|(name, _)| name).collect();
        let pick = |network: &Network| -> Result<NamedWeights, TrainError> {
            let all = network.weights()?;
            let mut picked = NamedWeights::new();
            for name in &trained {
                let values = all.require(name)?;
                if !values.data.iter().all(|value| value.is_finite()) {
                    return Err(crate::net::WeightsError::NotFinite { name: name.clone() }.into());
                }
                picked.insert(name.clone(), values.shape.clone(), values.data.clone());
            }
            Ok(picked)
        };
        let checkpoint = Checkpoint {
            state: now.state.clone(),
            weights: pick(&now.network)?,
            optimizer: now.optimizer.save()?,
            average: if now.average.is_some() { Some(pick(&self.judged(now))?) } else { None },
        };
        checkpoints.write(&checkpoint)?;
        Ok(())
    }

    fn write_results(&self, state: &State) -> Result<(), TrainError> {
        folder::write_results(&self.setup.out, &self.task.names(), state, self.config().schedule.epochs)
    }

    /// Writes the best epoch's weights and the run's description.
    fn finish(&self, state: &State, checkpoints: &Checkpoints, stepper: &Stepper<'_>) -> Result<RunInfo, TrainError> {
        let best = state.best.clone().ok_or_else(|| TrainError::Data("the run has no epoch".to_owned()))?;
        let checkpoint = checkpoints.read(best.step)?;
        let network = self.with_weights(checkpoint.average.as_ref().unwrap_or(&checkpoint.weights))?;
        let model = network.weights()?;
        model.write(&self.setup.out.join(MODEL_FILE))?;
        self.write_results(state)?;
        let logits = stepper.predict(&network, &self.validation.samples, |_| ())?;
        self.write_validated(&best, &logits)?;
        let device = self.setup.device.to_string();
        let info = self.info(best, &state.metrics, model.digest(), env!("CARGO_PKG_VERSION").to_owned(), device);
        self.write_trained_on(&[])?;
        info.write(&self.setup.out)?;
        Ok(info)
    }

    /// Writes which photographs made the network: those of the split, and those that made the weights in these folders
    /// and the weights it started from.
    pub(super) fn write_trained_on(&self, also: &[&Path]) -> Result<(), TrainError> {
        let started = self.config().weights.file.as_deref().and_then(Path::parent);
        let mut made = TrainedOn::of_split(&self.setup.split, &self.root)?;
        for folder in also.iter().copied().chain(started) {
            made = made.with_those_of(folder)?;
        }
        Ok(made.write(&self.setup.out)?)
    }

    /// The run's description.
    pub(super) fn info(
        &self,
        best: Best,
        metrics: &[EpochMetrics],
        model: String,
        program: String,
        device: String,
    ) -> RunInfo {
        let config = self.config();
        RunInfo {
            version: RunInfo::VERSION,
            program,
            task: self.task.clone(),
            outputs: self.task.names().into_iter().map(str::to_owned).collect(),
            spec: config.spec(),
            convention: config.weights.convention,
            trainable: config.trainable,
            device,
            starting_weights: self.weights.digest(),
            model,
            run: self.digest.clone(),
            best,
            metrics: metrics.to_vec(),
            balance: self.train.balance.clone(),
            train_photographs: self.train.samples.len(),
            validation_photographs: self.validation.samples.len(),
            left_out: self.left_out.clone(),
        }
    }
}

fn not_finite(result: &BatchGradients) -> Option<&'static str> {
    if !result.loss_sum.is_finite() {
        Some("the loss")
    } else if !result.norm.is_finite() {
        Some("the gradient")
    } else {
        None
    }
}
