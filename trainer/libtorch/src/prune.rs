//! Structured pruning: whole channels go, so that what is left is a narrower VGG-16 that any engine runs.
//!
//! A channel's importance is the size of the change of the loss that its removal would make, to first order: the mean
//! over photographs of |Σ activation · gradient| over the channel's places (Molchanov et al. 2017). It is comparable
//! within a layer; how many channels a layer keeps is given from outside. What is left of a layer then sees fewer inputs
//! and would answer more weakly from layer to layer, so each channel is scaled to its old mean answer.

use anyhow::{Result, ensure};
use tch::{Kind, Reduction, Tensor, no_grad};

use crate::{
    network::{Convolution, Network},
    views::{Draw, Renderer},
};

/// Photographs looked at in one go.
const BATCH: usize = 16;
/// No channel is made stronger than this many times.
const FACTOR_MAX: f64 = 4.0;

/// The importance of each channel of each convolution, on the first `count` photographs of a side.
pub(crate) fn importance(network: &Network, side: &Renderer<'_>, size: i64, count: usize) -> Result<Vec<Vec<f64>>> {
    for (_, _, tensor) in network.parameters() {
        let _ = tensor.set_requires_grad(true);
    }
    let mut sums: Vec<Option<Tensor>> = network.convolutions.iter().map(|_| None).collect();
    for chosen in spread(side, count).chunks(BATCH) {
        let input = side.inputs(chosen, &vec![Draw::PLAIN; chosen.len()], size);
        let mut maps: Vec<Tensor> = Vec::new();
        let logits = network.logits_seeing(&input, |_, map| maps.push(map.shallow_clone()));
        let photographs = side.photographs();
        let targets = side.rows(&photographs.targets, chosen);
        let weights = side.rows(&photographs.weights, chosen);
        let loss = logits.binary_cross_entropy_with_logits(&targets, Some(&weights), None::<&Tensor>, Reduction::Sum);
        let gradients = Tensor::run_backward(&[loss], &maps, false, false);
        for ((sum, map), gradient) in sums.iter_mut().zip(&maps).zip(&gradients) {
            let product = (map.to_kind(Kind::Float) * gradient.to_kind(Kind::Float)).detach();
            let each = product.sum_dim_intlist([2_i64, 3].as_slice(), false, Kind::Float).abs();
            let added = each.sum_dim_intlist([0_i64].as_slice(), false, Kind::Double);
            *sum = Some(sum.take().map_or_else(|| added.shallow_clone(), |sum| sum + &added));
        }
    }
    sums.iter().flatten().map(|sum| Ok(Vec::<f64>::try_from(sum.to_device(tch::Device::Cpu))?)).collect()
}

/// Inputs of `count` photographs of a side, in their plain view.
pub(crate) fn sample(side: &Renderer<'_>, size: i64, count: usize) -> Tensor {
    let chosen = spread(side, count);
    no_grad(|| side.inputs(&chosen, &vec![Draw::PLAIN; chosen.len()], size))
}

/// `count` photographs spread over a side, which may be sorted by source.
fn spread(side: &Renderer<'_>, count: usize) -> Vec<usize> {
    let every = (side.len() / count.max(1)).max(1);
    (0..side.len()).step_by(every).take(count).collect()
}

/// Keeps the `widths` most important channels of each block's convolutions, in their old order. `input` is what the old
/// answers are measured on.
pub(crate) fn prune(network: &Network, importance: &[Vec<f64>], widths: &[i64; 5], input: &Tensor) -> Result<Network> {
    let mut pruned = network.copy();
    let mut inputs: Option<Tensor> = None;
    let mut all_kept = Vec::new();
    for (convolution, importance) in pruned.convolutions.iter_mut().zip(importance) {
        let width = widths[convolution.block - 1] as usize;
        ensure!(
            (1..=importance.len()).contains(&width),
            "block {} can't keep {width} of {} channels",
            convolution.block,
            importance.len()
        );
        let mut by_importance: Vec<i64> = (0..importance.len() as i64).collect();
        by_importance.sort_by(|a, b| importance[*b as usize].total_cmp(&importance[*a as usize]));
        by_importance.truncate(width);
        by_importance.sort_unstable();
        let kept = Tensor::from_slice(&by_importance).to_device(convolution.weight.device());
        let weight = convolution.weight.index_select(0, &kept);
        *convolution = Convolution {
            weight: inputs.as_ref().map_or_else(|| weight.shallow_clone(), |inputs| weight.index_select(1, inputs)),
            bias: convolution.bias.index_select(0, &kept),
            ..*convolution
        };
        all_kept.push(kept.shallow_clone());
        inputs = Some(kept);
    }
    if let Some(inputs) = inputs {
        pruned.head_weight = pruned.head_weight.index_select(1, &inputs);
    }
    no_grad(|| {
        let old = answers(network, input);
        for (number, kept) in all_kept.iter().enumerate() {
            // Anew for each layer: what it is given has just been scaled.
            let new = answers(&pruned, input);
            let factor = (old[number].index_select(0, kept) / new[number].clamp_min(1e-6)).clamp(0.1, FACTOR_MAX);
            let convolution = &mut pruned.convolutions[number];
            convolution.weight = &convolution.weight * factor.reshape([-1, 1, 1, 1]);
            convolution.bias = &convolution.bias * &factor;
        }
    });
    Ok(pruned)
}

/// The mean answer of each channel of each convolution.
fn answers(network: &Network, input: &Tensor) -> Vec<Tensor> {
    let mut all = Vec::new();
    let _logits = network.logits_seeing(input, |_, map| {
        all.push(map.to_kind(Kind::Float).mean_dim([0_i64, 2, 3].as_slice(), false, Kind::Float));
    });
    all
}
