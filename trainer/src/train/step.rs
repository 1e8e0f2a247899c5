//! Gradients of one batch, and the logits of many photographs.

use burn::tensor::{Device, Tensor, TensorData};

use super::{
    TrainError,
    config::LossConfig,
    dataset::{Sample, Source},
    loss,
    workers::Workers,
};
use crate::{
    features::View,
    net::{NetError, Network, Trainable, Vgg16, values},
    task::LossKind,
};

/// What does not change from step to step.
#[derive(Debug)]
pub(crate) struct Stepper<'a> {
    pub(crate) workers: &'a Workers,
    pub(crate) source: &'a Source<'a>,
    pub(crate) trainable: Trainable,
    pub(crate) loss: LossKind,
    pub(crate) bent: LossConfig,
    /// Photographs computed at once.
    pub(crate) micro_batch: usize,
}

/// The result of one batch.
#[derive(Debug)]
pub(crate) struct BatchGradients {
    /// Weighted sum of the loss (before the division that the gradients have seen).
    pub(crate) loss_sum: f64,
    /// Name and flattened gradient, in the network's order.
    pub(crate) gradients: Vec<(String, Tensor<1>)>,
    /// Euclidean norm of all gradients together.
    pub(crate) norm: f64,
}

impl Stepper<'_> {
    /// Loss and gradients of a batch. The batch is computed in parts of `micro_batch`, whose gradients are added in
    /// their order.
    pub(crate) fn gradients(
        &self,
        network: &Network,
        batch: &[(&Sample, View)],
        divisor: f64,
    ) -> Result<BatchGradients, TrainError> {
        let parts: Vec<&[(&Sample, View)]> = batch.chunks(self.micro_batch.max(1)).collect();
        let results = self.workers.map(parts.len(), |index| self.part(network, parts[index], divisor))?;
        self.workers.alone(|| {
            let (mut loss_sum, mut total) = (0.0, Vec::new());
            for (loss, gradients) in results {
                loss_sum += loss;
                total = if total.is_empty() {
                    gradients
                } else {
                    total.into_iter().zip(gradients).map(|((name, sum), (_, part))| (name, sum + part)).collect()
                };
            }
            let norms = total.iter().map(|(_, gradient)| norm(gradient)).collect::<Result<Vec<f64>, NetError>>()?;
            let norm = norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt();
            Ok(BatchGradients { loss_sum, gradients: total, norm })
        })
    }

    fn part(
        &self,
        network: &Network,
        samples: &[(&Sample, View)],
        divisor: f64,
    ) -> Result<(f64, Vec<(String, Tensor<1>)>), TrainError> {
        let (data, shape) = self.source.load(samples)?;
        // Own leaves: the parts' graphs share nothing but the numbers.
        let mut vgg = network.vgg().clone();
        for (_, mut parameter) in vgg.parameters(self.trainable) {
            parameter.track();
        }
        let device = network.device();
        let outputs = network.outputs();
        let table = |of: fn(&Sample) -> &[f32]| {
            let data: Vec<f32> = samples.iter().flat_map(|(sample, _)| of(sample)).copied().collect();
            Tensor::<2>::from_data(TensorData::new(data, [samples.len(), outputs]), device)
        };
        let logits = self.logits(&vgg, input(data, samples.len(), shape, network));
        let loss = loss::tensor(self.loss, &self.bent, logits, table(|s| &s.targets), table(|s| &s.weights), divisor);
        let value = values(loss.clone().inner())?.first().copied().unwrap_or(f32::NAN);
        let mut gradients = loss.backward();
        let mut named = Vec::new();
        for (name, parameter) in vgg.parameters(self.trainable) {
            let gradient = parameter
                .gradient(&mut gradients)
                .ok_or_else(|| NetError::Engine(format!("no gradient came back for {name}")))?;
            named.push((name, gradient));
        }
        Ok((f64::from(value) * divisor, named))
    }

    fn logits(&self, vgg: &Vgg16, input: Tensor<4>) -> Tensor<2> {
        let first = match self.source {
            Source::Cache(_) => 5,
            Source::Photographs(_) => self.trainable.first_block(),
        };
        let input = match self.source {
            Source::Cache(_) => input,
            Source::Photographs(_) => vgg.frozen(input, first),
        };
        let by_products = first >= 5 && input.device() == Device::flex();
        vgg.logits(if by_products { vgg.features_by_products(input) } else { vgg.forward_from_block(input, first) })
    }

    /// The logits of photographs in their plain view, in order.
    pub(crate) fn predict(
        &self,
        network: &Network,
        samples: &[Sample],
        done: impl Fn(usize) + Sync,
    ) -> Result<Vec<Vec<f32>>, TrainError> {
        let parts: Vec<&[Sample]> = samples.chunks(self.micro_batch.max(1)).collect();
        let results = self.workers.map(parts.len(), |index| {
            let plain: Vec<(&Sample, View)> = parts[index].iter().map(|sample| (sample, View(0))).collect();
            let (data, shape) = self.source.load(&plain)?;
            let logits = values(self.logits(network.vgg(), input(data, plain.len(), shape, network)))?;
            done(plain.len());
            Ok(logits.chunks(network.outputs()).map(<[f32]>::to_vec).collect::<Vec<_>>())
        })?;
        Ok(results.into_iter().flatten().collect())
    }
}

fn input(data: Vec<f32>, count: usize, shape: [usize; 3], network: &Network) -> Tensor<4> {
    Tensor::from_data(TensorData::new(data, [count, shape[0], shape[1], shape[2]]), network.device())
}

/// Summed on the host in order, in f64: the engine's own sum would do, but not with the same bits on every run.
fn norm(gradient: &Tensor<1>) -> Result<f64, NetError> {
    let sum: f64 = values(gradient.clone())?.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
    Ok(sum.sqrt())
}
