//! One step of AdamW or of stochastic gradient descent, and the state it keeps.
//!
//! AdamW's arithmetic is burn's. The state is kept by the weights' names, so that it can be stored beside them and
//! does not depend on how the engine numbers its parameters.

use std::{collections::BTreeMap, sync::Mutex};

use burn::{
    optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer as _},
    tensor::{Device, Tensor, TensorData},
};

use super::{
    TrainError,
    config::{Config, OptimizerConfig, OptimizerKind},
    step::BatchGradients,
    workers::Workers,
};
use crate::net::{NamedWeights, NetError, Network, block_of, values};

/// Adam's ε; burn's own default (1e-5) damps the small gradients of a pretrained network.
const EPSILON: f32 = 1e-8;

/// State of one parameter.
#[derive(Debug, Clone)]
struct Moments {
    first: Tensor<1>,
    /// AdamW only.
    second: Option<Tensor<1>>,
}

/// The weights' moving averages by name.
pub(crate) type Averages = BTreeMap<String, Tensor<1>>;

/// What a step shall do to one parameter.
struct Change {
    name: String,
    value: Tensor<1>,
    gradient: Tensor<1>,
    rate: f64,
    /// The moving average, where one is kept, and its decay.
    average: Option<(Tensor<1>, f64)>,
}

/// What it did.
struct Changed {
    value: Tensor<1>,
    average: Option<Tensor<1>>,
}

/// The optimiser with its state.
#[derive(Clone)]
pub(crate) struct Optimizer {
    kind: OptimizerKind,
    momentum: f32,
    weight_decay: f64,
    decaying: AdamW,
    plain: AdamW,
    /// Steps taken; AdamW's bias correction depends on it.
    steps: usize,
    state: BTreeMap<String, Moments>,
}

impl Optimizer {
    pub(crate) fn new(config: &OptimizerConfig) -> Self {
        let adamw = AdamWConfig::new().with_epsilon(EPSILON);
        Self {
            kind: config.kind,
            momentum: config.momentum as f32,
            weight_decay: config.weight_decay,
            decaying: adamw.clone().with_weight_decay(config.weight_decay as f32).build(),
            plain: adamw.with_weight_decay(0.0).build(),
            steps: 0,
            state: BTreeMap::new(),
        }
    }

    /// Changes a network's trained weights, and their averages, by one step at `rate` (of the head).
    ///
    /// # Errors
    /// When a worker breaks down.
    pub(crate) fn change(
        &mut self,
        config: &Config,
        network: &mut Network,
        averages: &mut Option<Averages>,
        result: BatchGradients,
        rate: f64,
        workers: &Workers,
    ) -> Result<(), TrainError> {
        let clip = config.optimizer.clip_norm;
        let scale = if clip > 0.0 && result.norm > clip { clip / result.norm } else { 1.0 };
        let parameters = network.vgg_mut().parameters(config.trainable);
        let changes = parameters.iter().zip(result.gradients).map(|((name, parameter), (_, gradient))| Change {
            name: name.clone(),
            value: parameter.value(),
            gradient: if scale < 1.0 { gradient.mul_scalar(scale) } else { gradient },
            rate: rate * config.schedule.part_of_head_rate(block_of(name)),
            average: averages.as_mut().and_then(|averages| Some((averages.remove(name)?, config.schedule.ema?))),
        });
        let changes = changes.collect();
        for ((name, mut parameter), changed) in parameters.into_iter().zip(self.step(workers, changes)?) {
            if let (Some(averages), Some(average)) = (averages.as_mut(), changed.average) {
                averages.insert(name, average);
            }
            parameter.put(changed.value);
        }
        Ok(())
    }

    /// One step: the new values of all parameters, in their order, each computed by one of the workers.
    ///
    /// # Errors
    /// When a worker breaks down.
    fn step(&mut self, workers: &Workers, changes: Vec<Change>) -> Result<Vec<Changed>, TrainError> {
        self.steps += 1;
        let names: Vec<String> = changes.iter().map(|change| change.name.clone()).collect();
        let work: Vec<_> = changes
            .into_iter()
            .map(|change| {
                let old = self.state.remove(&change.name);
                Mutex::new(Some((change, old)))
            })
            .collect();
        let this = &*self;
        let done = workers.map(work.len(), |index| {
            let taken = work[index].lock().ok().and_then(|mut work| work.take());
            let (change, old) = taken.ok_or_else(|| TrainError::Worker("a parameter was lost".to_owned()))?;
            let average = change.average;
            let (value, moments) = this.update(&change.name, change.value, change.gradient, change.rate, old);
            let average =
                average.map(|(average, decay)| average.mul_scalar(decay) + value.clone().mul_scalar(1.0 - decay));
            Ok((Changed { value, average }, moments))
        })?;
        let mut changed = Vec::with_capacity(done.len());
        for (name, (one, moments)) in names.into_iter().zip(done) {
            if let Some(moments) = moments {
                self.state.insert(name, moments);
            }
            changed.push(one);
        }
        Ok(changed)
    }

    /// The new values of a parameter and its new state. Biases (names ending in `.bias`) do not decay.
    fn update(
        &self,
        name: &str,
        value: Tensor<1>,
        gradient: Tensor<1>,
        rate: f64,
        old: Option<Moments>,
    ) -> (Tensor<1>, Option<Moments>) {
        let decays = !name.ends_with(".bias");
        match self.kind {
            OptimizerKind::Adamw => {
                let adamw = if decays { &self.decaying } else { &self.plain };
                let state = old.and_then(|moments| {
                    Some(AdamWState::new(AdaptiveMomentumState {
                        time: self.steps - 1,
                        moment_1: moments.first,
                        moment_2: moments.second?,
                        max_moment_2: None,
                    }))
                });
                let (value, state) = adamw.step(rate, value, gradient, state);
                let moments = state
                    .map(|state| Moments { first: state.momentum.moment_1, second: Some(state.momentum.moment_2) });
                (value, moments)
            }
            OptimizerKind::Sgd => {
                let velocity = match old {
                    Some(moments) => moments.first.mul_scalar(self.momentum) + gradient,
                    None => gradient,
                };
                let decay = if decays { 1.0 - rate * self.weight_decay } else { 1.0 };
                let value = value.mul_scalar(decay) - velocity.clone().mul_scalar(rate);
                (value, Some(Moments { first: velocity, second: None }))
            }
        }
    }

    /// The state as named arrays: `first/<name>`, `second/<name>`.
    pub(crate) fn save(&self) -> Result<NamedWeights, NetError> {
        let mut saved = NamedWeights::new();
        for (name, moments) in &self.state {
            let mut put = |order: &str, tensor: &Tensor<1>| -> Result<(), NetError> {
                saved.insert(format!("{order}/{name}"), tensor.dims().to_vec(), values(tensor.clone())?);
                Ok(())
            };
            put("first", &moments.first)?;
            if let Some(second) = &moments.second {
                put("second", second)?;
            }
        }
        Ok(saved)
    }

    /// Puts a saved state back, after `steps` steps.
    pub(crate) fn load(&mut self, saved: &NamedWeights, steps: usize, device: &Device) {
        let tensor = |data: &[f32]| Tensor::<1>::from_data(TensorData::new(data.to_vec(), [data.len()]), device);
        self.steps = steps;
        self.state = saved
            .iter()
            .filter_map(|(key, first)| {
                let name = key.strip_prefix("first/")?;
                let second = saved.get(&format!("second/{name}")).map(|second| tensor(&second.data));
                Some((name.to_owned(), Moments { first: tensor(&first.data), second }))
            })
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(data: &[f32]) -> Tensor<1> {
        Tensor::from_data(TensorData::new(data.to_vec(), [data.len()]), &Device::flex())
    }

    /// One step of one parameter.
    fn step(optimizer: &mut Optimizer, name: &str, value: Tensor<1>, gradient: Tensor<1>, rate: f64) -> Tensor<1> {
        let change = Change { name: name.to_owned(), value, gradient, rate, average: None };
        optimizer.step(&Workers::new(1).unwrap(), vec![change]).unwrap().remove(0).value
    }

    fn config(kind: OptimizerKind) -> OptimizerConfig {
        OptimizerConfig { kind, weight_decay: 0.1, momentum: 0.9, clip_norm: 0.0 }
    }

    #[test]
    fn the_first_adamw_step_moves_by_the_rate_and_decays_weights_only() {
        let mut optimizer = Optimizer::new(&config(OptimizerKind::Adamw));
        let change = |name: &str, value: &[f32], gradient: &[f32]| Change {
            name: name.to_owned(),
            value: tensor(value),
            gradient: tensor(gradient),
            rate: 0.01,
            average: Some((tensor(&[0.0]), 0.5)),
        };
        let mut weight = change("a.weight", &[1.0, -1.0], &[0.3, -0.02]);
        weight.average = None;
        let both = vec![weight, change("a.bias", &[1.0], &[0.3])];
        let mut changed = optimizer.step(&Workers::new(2).unwrap(), both).unwrap().into_iter();
        let (weight, bias) = (changed.next().unwrap(), changed.next().unwrap());
        assert!(weight.average.is_none());
        let average = values(bias.average.unwrap()).unwrap()[0];
        assert!((average - 0.495).abs() < 1e-6, "half of 0.99 and nothing");
        let weight = values(weight.value).unwrap();
        assert!((weight[0] - (1.0 - 0.001 - 0.01)).abs() < 1e-6 && (weight[1] + 1.0 - 0.001 - 0.01).abs() < 1e-6);
        let bias = values(bias.value).unwrap();
        assert!((bias[0] - 0.99).abs() < 1e-6);
    }

    #[test]
    fn sgd_adds_up_momentum() {
        let mut optimizer = Optimizer::new(&config(OptimizerKind::Sgd));
        let mut value = tensor(&[0.0]);
        for expected in [-0.1, -0.29] {
            value = step(&mut optimizer, "a.bias", value, tensor(&[1.0]), 0.1);
            assert!((values(value.clone()).unwrap()[0] - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn a_saved_and_loaded_state_goes_on_bit_for_bit() {
        for kind in [OptimizerKind::Adamw, OptimizerKind::Sgd] {
            let run = |reload_at: usize| {
                let mut optimizer = Optimizer::new(&config(kind));
                let mut value = tensor(&[0.5, -0.25, 3.0]);
                for number in 0..6 {
                    if number == reload_at {
                        let saved = optimizer.save().unwrap();
                        optimizer = Optimizer::new(&config(kind));
                        optimizer.load(&saved, number, &Device::flex());
                    }
                    let gradient = value.clone().mul_scalar(0.7).add_scalar(0.1 * number as f32);
                    value = step(&mut optimizer, "a.weight", value, gradient, 0.01);
                }
                values(value).unwrap()
            };
            assert_eq!(run(3), run(99));
        }
    }
}
