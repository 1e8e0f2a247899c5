//! Runs a network, from a run folder or from a bundle, over photographs.
//!
//! The *engine* is what computes: burn (the trainer's own) or tract (the device's). With a bundle both take the weights
//! out of the same `model.onnx`, so that they can be compared on the same file.
//!
//! Not here: metrics, the quality gate, what a device makes of a probability.

mod tract;

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use image::{Rgb, RgbImage};
use ocellus_model::{
    bundle::{Contents, manifest::GradabilitySpec},
    calibration::Calibration,
    decision::{self, Outcome, Scored},
    field::{Field, find_field},
    label::{Label, Output},
    preprocess::{ColourVariant, PreprocessSpec, Tensor, preprocess},
    quality::Quality,
};
use rayon::prelude::*;

pub use tract::{TractError, TractNetwork};

use crate::{
    cli::Ui,
    export::onnx,
    net::{NamedWeights, NetError, Network, WeightsError, heeding_conditions},
    task::{LossKind, Task},
    train::{RunInfo, TrainError, loss::probabilities},
};

/// Photographs that are held in memory at once.
const CHUNK: usize = 16;
/// Photographs a core takes at once.
const BATCH: usize = 4;
/// How much of a place's colour an activation map may take at most.
const MAP_OPACITY: f32 = 0.55;

/// Which engine computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum EngineChoice {
    /// The trainer's engine.
    Burn,
    /// The device's engine; needs a bundle.
    Tract,
}

/// From logit to finding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// From logit to probability.
    pub calibration: Calibration,
    /// Calibrated probability from which it is a finding.
    pub threshold: f64,
}

/// A network with what is needed to run it on photographs.
#[derive(Debug)]
pub struct Predictor {
    /// What the logits stand for, each with a probability of its own; none where they stand for classes.
    pub outputs: Vec<Output>,
    /// The classes, one logit each, that share one softmax (a run of the task multi_class).
    pub classes: Vec<Label>,
    /// How a photograph becomes a tensor.
    pub spec: PreprocessSpec,
    /// One decision an output, where it was settled (a bundle); none for a run.
    pub decisions: Option<Vec<Decision>>,
    /// Part of each threshold that the zone of uncertainty reaches below it, 0 to below 1.
    pub abstention: f64,
    /// What the last logit, one more than there are outputs, says of the photograph itself; none for a run.
    pub gradability: Option<GradabilitySpec>,
    engine: Engine,
}

#[derive(Debug)]
enum Engine {
    Burn(Box<Network>),
    Tract(Box<TractNetwork>),
}

/// Why a network can't be run.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    /// The run folder can't be used.
    #[error(transparent)]
    Run(#[from] TrainError),
    /// The weights can't be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The network can't be built or run.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The device's engine refuses.
    #[error(transparent)]
    Tract(#[from] TractError),
    /// The bundle's network is not one of ours.
    #[error(transparent)]
    Onnx(#[from] onnx::OnnxError),
    /// Features are to be had from the trainer's engine only.
    #[error("the device's engine gives no features; use the engine burn")]
    NoFeatures,
    /// The network has another number of outputs than its description.
    #[error("the network gave {found} logits, expected {expected}")]
    Outputs {
        /// Logits found.
        found: usize,
        /// Outputs described.
        expected: usize,
    },
}

impl Predictor {
    /// Weights with their description, computed by burn. The head has a row for each output, and one more where the
    /// network says whether a photograph can be judged.
    ///
    /// # Errors
    /// When the weights don't fit.
    pub fn of_weights(
        weights: &NamedWeights,
        outputs: Vec<Output>,
        gradability: Option<GradabilitySpec>,
        spec: PreprocessSpec,
        device: &Device,
    ) -> Result<Self, PredictError> {
        // A head that doesn't fit would be drawn anew; here it has to be there.
        let head = weights.require("head.weight")?;
        let found = head.shape.first().copied().unwrap_or_default();
        let expected = outputs.len() + usize::from(gradability.is_some());
        if found != expected {
            return Err(PredictError::Outputs { found, expected });
        }
        let network = Network::build(device, weights, expected, 0)?;
        let engine = Engine::Burn(Box::new(network));
        Ok(Self { outputs, classes: Vec::new(), spec, decisions: None, abstention: 0.0, gradability, engine })
    }

    /// The best epoch of a finished run.
    ///
    /// # Errors
    /// When the run is not finished.
    pub fn of_run(run: &Path, device: &Device) -> Result<Self, PredictError> {
        let info = RunInfo::read(run)?;
        let weights = NamedWeights::read(&RunInfo::model_path(run))?;
        match info.task {
            Task::MultiClass { classes } => {
                let network = Network::build(device, &weights, classes.len(), 0)?;
                Ok(Self {
                    outputs: Vec::new(),
                    classes,
                    spec: info.spec,
                    decisions: None,
                    abstention: 0.0,
                    gradability: None,
                    engine: Engine::Burn(Box::new(network)),
                })
            }
            task @ (Task::Anomaly | Task::MultiLabel) => {
                let outputs = task.outputs().unwrap_or_default();
                Self::of_weights(&heeding_conditions(weights, &outputs), outputs, None, info.spec, device)
            }
        }
    }

    /// The network of a bundle.
    ///
    /// # Errors
    /// When the engine can't load it.
    pub fn of_bundle(contents: &Contents, engine: EngineChoice, device: &Device) -> Result<Self, PredictError> {
        let manifest = contents.manifest();
        let outputs: Vec<Output> = manifest.labels().collect();
        let spec = manifest.preprocess.clone();
        let gradability = manifest.gradability;
        let abstention = manifest.abstention.map_or(0.0, |abstention| abstention.fraction);
        let decision = |output: &ocellus_model::bundle::manifest::OutputSpec| Decision {
            calibration: output.calibration,
            threshold: output.threshold,
        };
        let decisions = Some(manifest.outputs.iter().map(decision).collect());
        match engine {
            EngineChoice::Burn => {
                let weights = onnx::read_weights(contents.model())?;
                Ok(Self { decisions, abstention, ..Self::of_weights(&weights, outputs, gradability, spec, device)? })
            }
            EngineChoice::Tract => {
                let network = TractNetwork::load(contents.model(), spec.shape())?;
                let engine = Engine::Tract(Box::new(network));
                Ok(Self { outputs, classes: Vec::new(), spec, decisions, abstention, gradability, engine })
            }
        }
    }

    /// The logits of preprocessed photographs, one list each, in the order of the outputs, that of the gradability last.
    ///
    /// # Errors
    /// When a tensor does not fit or the engine fails.
    pub fn logits(&self, tensors: &[Tensor]) -> Result<Vec<Vec<f32>>, PredictError> {
        let logits: Vec<Vec<f32>> = match &self.engine {
            Engine::Burn(network) => tensors
                .par_chunks(BATCH)
                .map(|batch| network.logits_and_map(batch))
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .flatten()
                .map(|prediction| prediction.logits)
                .collect(),
            Engine::Tract(network) => {
                tensors.par_iter().map(|tensor| network.logits(tensor)).collect::<Result<_, _>>()?
            }
        };
        let expected = self.names().len() + usize::from(self.gradability.is_some());
        match logits.iter().find(|logits| logits.len() != expected) {
            Some(wrong) => Err(PredictError::Outputs { found: wrong.len(), expected }),
            None => Ok(logits),
        }
    }

    /// The names of the outputs, or of the classes, in the order of the logits.
    pub fn names(&self) -> Vec<&'static str> {
        let outputs = self.outputs.iter().map(|output| output.as_str());
        outputs.chain(self.classes.iter().map(|class| class.as_str())).collect()
    }

    /// The probabilities that go with a photograph's logits: calibrated where there is a calibration, else sigmoids; of
    /// classes, the softmax.
    pub fn probabilities(&self, logits: &[f32]) -> Vec<f64> {
        if !self.classes.is_empty() {
            return probabilities(LossKind::Softmax, logits);
        }
        let calibration = |index: usize| match &self.decisions {
            Some(decisions) => decisions[index].calibration,
            None => Calibration::IDENTITY,
        };
        let outputs = logits.iter().take(self.outputs.len()).enumerate();
        outputs.map(|(index, logit)| calibration(index).probability(f64::from(*logit))).collect()
    }

    /// A photograph's quality once the network has seen it, from the verdict of the measures and the logits.
    pub fn quality(&self, quality: Quality, logits: &[f32]) -> Quality {
        match self.gradability {
            Some(gradability) => gradability.judge(quality, logits),
            None => quality,
        }
    }

    /// What the device makes of a photograph, from its quality (see [`Predictor::quality`]) and its logits; none where the
    /// network has no thresholds.
    pub fn decide(&self, quality: &Quality, logits: &[f32]) -> Option<Outcome> {
        let decisions = self.decisions.as_ref()?;
        let told = self.outputs.iter().zip(self.probabilities(logits)).zip(decisions);
        let scores: Vec<Scored> = told
            .map(|((label, probability), decision)| Scored {
                label: *label,
                probability,
                threshold: decision.threshold,
            })
            .collect();
        Some(decision::eye(&scores, self.abstention, quality).outcome)
    }

    /// The last maps of blocks 4 and 5 of `count` photographs, averaged over each, and what `inspect` sees in its pixels;
    /// `load` gives them by number, a few in memory at a time. One that can't be had or has no field gives the reason
    /// instead.
    ///
    /// # Errors
    /// When the engine is not the trainer's, or fails.
    pub fn pooled<T: Send>(
        &self,
        count: usize,
        load: impl Fn(usize) -> Result<RgbImage, String> + Sync,
        ui: &Ui,
        inspect: impl Fn(&RgbImage, &Field) -> T + Sync,
    ) -> Result<Vec<Result<Pooled<T>, String>>, PredictError> {
        let Engine::Burn(network) = &self.engine else { return Err(PredictError::NoFeatures) };
        let progress = ui.progress("computing features", count as u64);
        let numbers: Vec<usize> = (0..count).collect();
        let mut pooled = Vec::with_capacity(count);
        for chunk in numbers.chunks(CHUNK) {
            let part =
                chunk.par_iter().map(|number| match load(*number).and_then(|pixels| prepare(pixels, &self.spec)) {
                    Ok((pixels, field, tensor)) => {
                        let features = network.pooled(std::slice::from_ref(&tensor))?.concat();
                        let features = features.into_iter().map(f64::from).collect();
                        Ok(Ok(Pooled { features, seen: inspect(&pixels, &field) }))
                    }
                    Err(reason) => Ok(Err(reason)),
                });
            pooled.extend(part.collect::<Result<Vec<_>, NetError>>()?);
            progress.inc(chunk.len() as u64);
        }
        Ok(pooled)
    }

    /// One photograph as the network sees it, with where it looked for an output.
    ///
    /// # Errors
    /// One line: the photograph can't be read or has no field, or the engine gives no maps or fails.
    pub fn show(&self, file: &Path, output: usize) -> Result<Shown, String> {
        let Engine::Burn(network) = &self.engine else { return Err(PredictError::NoFeatures.to_string()) };
        let (pixels, field, tensor) = prepare(read(file)?, &self.spec)?;
        let predictions = network.logits_and_map(std::slice::from_ref(&tensor)).map_err(|error| error.to_string())?;
        let prediction = predictions.into_iter().next().ok_or("the engine gave nothing")?;
        let [_, height, width] = prediction.map_shape;
        let map = prediction.map.chunks(height * width).nth(output).map(<[f32]>::to_vec).unwrap_or_default();
        let original = PreprocessSpec { variant: ColourVariant::Original, ..self.spec.clone() };
        let seen = preprocess(&pixels, &field, &original);
        let (side, plane) = (self.spec.size, (self.spec.size * self.spec.size) as usize);
        let disc = RgbImage::from_fn(side, side, |x, y| {
            let at = (y * side + x) as usize;
            Rgb([0, 1, 2].map(|channel| (255.0 * seen.data[channel * plane + at]).round().clamp(0.0, 255.0) as u8))
        });
        Ok(Shown { disc, map, map_shape: [height, width] })
    }

    /// Runs the network over files, a few in memory at a time. `inspect` sees the decoded pixels of each, its field and
    /// its tensor. A file that can't be read or has no field gives the reason instead.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn run<T: Send>(
        &self,
        files: &[PathBuf],
        ui: &Ui,
        inspect: impl Fn(&RgbImage, &Field, &Tensor) -> T + Sync,
    ) -> Result<Vec<Result<Judged<T>, String>>, PredictError> {
        self.run_on(files.len(), |number| read(&files[number]), ui, inspect)
    }

    /// As [`Predictor::run`], over `count` photographs that `load` gives by number.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn run_on<T: Send>(
        &self,
        count: usize,
        load: impl Fn(usize) -> Result<RgbImage, String> + Sync,
        ui: &Ui,
        inspect: impl Fn(&RgbImage, &Field, &Tensor) -> T + Sync,
    ) -> Result<Vec<Result<Judged<T>, String>>, PredictError> {
        let progress = ui.progress("judging photographs", count as u64);
        let numbers: Vec<usize> = (0..count).collect();
        let mut judged = Vec::with_capacity(count);
        for chunk in numbers.chunks(CHUNK) {
            let prepared: Vec<Result<(Tensor, T), String>> = chunk
                .par_iter()
                .map(|number| {
                    let (pixels, field, tensor) = prepare(load(*number)?, &self.spec)?;
                    let seen = inspect(&pixels, &field, &tensor);
                    Ok((tensor, seen))
                })
                .collect();
            let mut tensors = Vec::new();
            let mut seen = Vec::new();
            for photograph in prepared {
                seen.push(photograph.map(|(tensor, seen)| {
                    tensors.push(tensor);
                    seen
                }));
            }
            let mut logits = self.logits(&tensors)?.into_iter();
            for photograph in seen {
                // Every readable photograph left a tensor, so there are logits for each of them.
                judged.push(photograph.map(|seen| Judged { logits: logits.next().unwrap_or_default(), seen }));
            }
            progress.inc(chunk.len() as u64);
        }
        Ok(judged)
    }
}

/// What came of one photograph.
#[derive(Debug, Clone)]
pub struct Judged<T> {
    /// One logit an output, that of the gradability last.
    pub logits: Vec<f32>,
    /// What was seen in the pixels.
    pub seen: T,
}

/// The last maps of one photograph, averaged over it.
#[derive(Debug, Clone)]
pub struct Pooled<T> {
    /// One number a channel, the average over the photograph, those of block 4 first.
    pub features: Vec<f64>,
    /// What was seen in the pixels.
    pub seen: T,
}

/// A photograph as the network sees it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its disc, in its own colours.
    pub disc: RgbImage,
    /// Where the network looked for one output, row by row; above 0 speaks for it.
    pub map: Vec<f32>,
    /// Height and width of the map.
    pub map_shape: [usize; 2],
}

impl Shown {
    /// The disc with the map over it: vermillion where it speaks for the output.
    pub fn overlay(&self) -> RgbImage {
        let [height, width] = self.map_shape;
        let most = self.map.iter().copied().fold(0.0_f32, f32::max).max(f32::MIN_POSITIVE);
        let side = self.disc.width().max(1) as f32;
        RgbImage::from_fn(self.disc.width(), self.disc.height(), |x, y| {
            let at = |place: u32, cells: usize| {
                ((place as f32 + 0.5) / side * cells as f32 - 0.5).clamp(0.0, cells as f32 - 1.0)
            };
            let (column, row) = (at(x, width), at(y, height));
            let value =
                |row: usize, column: usize| self.map.get(row * width + column).copied().unwrap_or_default().max(0.0);
            let (left, top) = (column as usize, row as usize);
            let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
            let (across, down) = (column.fract(), row.fract());
            let upper = value(top, left) * (1.0 - across) + value(top, right) * across;
            let lower = value(bottom, left) * (1.0 - across) + value(bottom, right) * across;
            let part = (upper * (1.0 - down) + lower * down) / most * MAP_OPACITY;
            let Rgb(colour) = *self.disc.get_pixel(x, y);
            let mix = |channel: usize, ink: f32| (f32::from(colour[channel]) * (1.0 - part) + ink * part) as u8;
            Rgb([mix(0, 213.0), mix(1, 94.0), mix(2, 0.0)])
        })
    }
}

/// Decodes a photograph. The error is one line.
pub(crate) fn read(file: &Path) -> Result<RgbImage, String> {
    Ok(ocellus_model::image::read(file).map_err(|error| error.to_string())?.pixels)
}

/// Finds a photograph's field and preprocesses it, exactly as the device does. The error is one line.
fn prepare(pixels: RgbImage, spec: &PreprocessSpec) -> Result<(RgbImage, Field, Tensor), String> {
    let field = find_field(&pixels).map_err(|error| error.to_string())?;
    let tensor = preprocess(&pixels, &field, spec);
    Ok((pixels, field, tensor))
}
