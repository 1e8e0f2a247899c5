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

/// A photograph of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chosen<'a> {
    pub(crate) sample: &'a Sample,
    pub(crate) view: View,
    /// How much of it is kept; the rest is the next photograph of the part it is computed in, so that no photograph is
    /// loaded twice. 1: all of it.
    pub(crate) kept: f64,
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
        batch: &[Chosen<'_>],
        divisor: f64,
    ) -> Result<BatchGradients, TrainError> {
        let parts: Vec<&[Chosen<'_>]> = batch.chunks(self.micro_batch.max(1)).collect();
        let (loss_sum, gradients) = self.workers.fold(
            parts.len(),
            |index| self.part(network, parts[index], divisor),
            (0.0, Vec::new()),
            |(loss_sum, total), (loss, gradients)| {
                let total = if total.is_empty() {
                    gradients
                } else {
                    total.into_iter().zip(gradients).map(|((name, sum), (_, part))| (name, sum + part)).collect()
                };
                (loss_sum + loss, total)
            },
        )?;
        let norms = self.workers.map(gradients.len(), |index| Ok(norm(&gradients[index].1)?))?;
        let norm = norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt();
        Ok(BatchGradients { loss_sum, gradients, norm })
    }

    fn part(
        &self,
        network: &Network,
        chosen: &[Chosen<'_>],
        divisor: f64,
    ) -> Result<(f64, Vec<(String, Tensor<1>)>), TrainError> {
        let viewed: Vec<(&Sample, View)> = chosen.iter().map(|chosen| (chosen.sample, chosen.view)).collect();
        let (mut data, shape) = self.source.load(&viewed)?;
        let kept: Vec<f32> = chosen.iter().map(|chosen| chosen.kept as f32).collect();
        let mixed = Mixed::new(chosen);
        mix(&mut data, shape.iter().product(), &kept);
        // Own leaves: the parts' graphs share nothing but the numbers.
        let mut vgg = network.vgg().clone();
        for (_, mut parameter) in vgg.parameters(self.trainable) {
            parameter.track();
        }
        let device = network.device();
        let outputs = network.outputs();
        let count = chosen.len();
        let table = |data: Vec<f32>| Tensor::<2>::from_data(TensorData::new(data, [count, outputs]), device);
        let logits = self.logits(&vgg, input(data, count, shape, network));
        let (targets, weights) = (table(mixed.targets), table(mixed.weights));
        let loss = loss::tensor(self.loss, &self.bent, logits, targets, weights, divisor);
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
        // Drawn inputs are what the cache would hold, where there would be one.
        let from_block4 = match self.source {
            Source::Cache(_) => true,
            Source::Photographs(..) => false,
            Source::Drawn(..) => self.trainable.starts_from_block4(),
        };
        let (first, input) = if from_block4 {
            (5, input)
        } else {
            let first = self.trainable.first_block();
            (first, vgg.frozen(input, first))
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

/// Targets and weights of a part whose photographs are mixed.
struct Mixed {
    targets: Vec<f32>,
    weights: Vec<f32>,
}

impl Mixed {
    /// The cross-entropies are linear in weight and in weight × target, so the loss of these is the mixture of the
    /// losses, also where the two photographs' labels weigh differently or one is unknown.
    fn new(chosen: &[Chosen<'_>]) -> Self {
        let outputs = chosen.first().map_or(0, |chosen| chosen.sample.weights.len());
        let kept: Vec<f32> = chosen.iter().map(|chosen| chosen.kept as f32).collect();
        let mut weights: Vec<f32> = chosen.iter().flat_map(|chosen| &chosen.sample.weights).copied().collect();
        let told = chosen.iter().flat_map(|chosen| &chosen.sample.targets).zip(&weights);
        let mut present: Vec<f32> = told.map(|(target, weight)| target * weight).collect();
        mix(&mut weights, outputs, &kept);
        mix(&mut present, outputs, &kept);
        let part = |(present, weight): (f32, &f32)| if *weight > 0.0 { present / weight } else { 0.0 };
        Self { targets: present.into_iter().zip(&weights).map(part).collect(), weights }
    }
}

/// Mixes each item of `each` numbers with the next one, the last with the first.
fn mix(data: &mut [f32], each: usize, kept: &[f32]) {
    if kept.len() < 2 || each == 0 || kept.iter().all(|kept| *kept == 1.0) {
        return;
    }
    let first = data[..each].to_vec();
    for (item, kept) in kept.iter().enumerate() {
        let (own, next) = data[item * each..].split_at_mut(each);
        let next = if next.is_empty() { &first[..] } else { &next[..each] };
        for (own, next) in own.iter_mut().zip(next) {
            *own = kept * *own + (1.0 - kept) * next;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Photo;

    #[test]
    fn items_are_mixed_with_the_next_and_the_last_with_the_first() {
        let mut data = vec![1.0, 2.0, 10.0, 20.0, 100.0, 200.0];
        mix(&mut data, 2, &[0.5, 1.0, 0.75]);
        assert_eq!(data, [5.5, 11.0, 10.0, 20.0, 75.25, 150.5]);
        let mut alone = vec![1.0, 2.0];
        mix(&mut alone, 2, &[0.5]);
        assert_eq!(alone, [1.0, 2.0]);
    }

    #[test]
    fn the_loss_of_mixed_labels_is_the_mixture_of_the_losses() {
        let sample = |targets: [f32; 3], weights: [f32; 3]| Sample {
            photo: Photo { file: String::new(), path: "".into(), sha256: Ok(String::new()) },
            sha256: String::new(),
            field: None,
            source: String::new(),
            case: 0,
            targets: targets.to_vec(),
            known: weights.iter().map(|weight| *weight > 0.0).collect(),
            weights: weights.to_vec(),
        };
        let samples = [sample([1.0, 0.0, 0.0], [2.0, 1.0, 0.0]), sample([0.0, 0.0, 1.0], [0.5, 0.0, 3.0])];
        let chosen = [(0.75, &samples[0]), (0.6, &samples[1])];
        let chosen = chosen.map(|(kept, sample)| Chosen { sample, view: View(0), kept });
        let mixed = Mixed::new(&chosen);
        let logits = [0.3, -1.2, 2.0];
        let of = |targets: &[f32], weights: &[f32]| loss::plain(LossKind::Binary, &logits, targets, weights).0;
        let each = samples.each_ref().map(|sample| of(&sample.targets, &sample.weights));
        let expected = [0.75 * each[0] + 0.25 * each[1], 0.6 * each[1] + 0.4 * each[0]];
        for (item, expected) in expected.into_iter().enumerate() {
            let range = item * 3..item * 3 + 3;
            let found = of(&mixed.targets[range.clone()], &mixed.weights[range]);
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}
