//! One step of AdamW or of stochastic gradient descent, and the state it keeps.
//!
//! AdamW's arithmetic is burn's. The state is kept by the weights' names, so that it can be stored beside them and
//! does not depend on how the engine numbers its parameters.

use std::collections::BTreeMap;

use burn::{
    optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer as _},
    tensor::{Device, Tensor, TensorData},
};

use super::config::{OptimizerConfig, OptimizerKind};
use crate::net::{NamedWeights, NetError, values};

/// Adam's ε; burn's own default (1e-5) damps the small gradients of a pretrained network.
const EPSILON: f32 = 1e-8;

/// State of one parameter.
#[derive(Debug, Clone)]
struct Moments {
    first: Tensor<1>,
    /// AdamW only.
    second: Option<Tensor<1>>,
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

    /// Begins a step; then [`Optimizer::update`] is called once for each parameter.
    pub(crate) fn begin(&mut self) {
        self.steps += 1;
    }

    /// The new values of a parameter. Biases (names ending in `.bias`) do not decay.
    pub(crate) fn update(&mut self, name: &str, value: Tensor<1>, gradient: Tensor<1>, rate: f64) -> Tensor<1> {
        let decays = !name.ends_with(".bias");
        let old = self.state.remove(name);
        let (value, moments) = match self.kind {
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
        };
        if let Some(moments) = moments {
            self.state.insert(name.to_owned(), moments);
        }
        value
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

    fn config(kind: OptimizerKind) -> OptimizerConfig {
        OptimizerConfig { kind, weight_decay: 0.1, momentum: 0.9, clip_norm: 0.0 }
    }

    #[test]
    fn the_first_adamw_step_moves_by_the_rate_and_decays_weights_only() {
        let mut optimizer = Optimizer::new(&config(OptimizerKind::Adamw));
        optimizer.begin();
        let weight = values(optimizer.update("a.weight", tensor(&[1.0, -1.0]), tensor(&[0.3, -0.02]), 0.01)).unwrap();
        assert!((weight[0] - (1.0 - 0.001 - 0.01)).abs() < 1e-6 && (weight[1] + 1.0 - 0.001 - 0.01).abs() < 1e-6);
        let bias = values(optimizer.update("a.bias", tensor(&[1.0]), tensor(&[0.3]), 0.01)).unwrap();
        assert!((bias[0] - 0.99).abs() < 1e-6);
    }

    #[test]
    fn sgd_adds_up_momentum() {
        let mut optimizer = Optimizer::new(&config(OptimizerKind::Sgd));
        let mut value = tensor(&[0.0]);
        for expected in [-0.1, -0.29] {
            optimizer.begin();
            value = optimizer.update("a.bias", value, tensor(&[1.0]), 0.1);
            assert!((values(value.clone()).unwrap()[0] - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn a_saved_and_loaded_state_goes_on_bit_for_bit() {
        for kind in [OptimizerKind::Adamw, OptimizerKind::Sgd] {
            let run = |reload_at: usize| {
                let mut optimizer = Optimizer::new(&config(kind));
                let mut value = tensor(&[0.5, -0.25, 3.0]);
                for step in 0..6 {
                    if step == reload_at {
                        let saved = optimizer.save().unwrap();
                        optimizer = Optimizer::new(&config(kind));
                        optimizer.load(&saved, step, &Device::flex());
                    }
                    optimizer.begin();
                    let gradient = value.clone().mul_scalar(0.7).add_scalar(0.1 * step as f32);
                    value = optimizer.update("a.weight", value, gradient, 0.01);
                }
                values(value).unwrap()
            };
            assert_eq!(run(3), run(99));
        }
    }
}
