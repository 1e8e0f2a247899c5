//! Structured pruning: whole channels go, so that what is left is a narrower VGG-16 that any engine runs.
//!
//! Which channels stay is chosen layer by layer so that the others can be told from them: a greedy choice of columns of
//! the covariance of the layer's maps, in which each map counts by how strongly the loss hangs on it (mean square of
//! its gradient; the first-order argument of Molchanov et al. 2017, but a channel whose neighbours say the same is
//! worth nothing). Then the weights of each layer are solved anew (ridge regression towards the old ones, the idea of He,
//! Zhang & Sun 2017), from what the narrow network gives a layer to what the wide network answered: mistakes of the
//! layers before are made good as far as they can be.

use anyhow::{Result, ensure};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Reduction, Tensor, no_grad};

use crate::{
    network::{Convolution, Network, pooled},
    views::{Draw, Renderer},
};

/// Photographs looked at in one go.
const BATCH: usize = 8;
/// Places of a photograph's maps that are looked at.
const PLACES: usize = 196;
/// How strongly solved weights are held to the old ones, as a part of the mean square of an input.
const RIDGE: f64 = 3e-3;
/// Rows of the regression taken at once.
const ROWS: i64 = 8192;

/// The channels of one layer: how their maps vary together, and how strongly the loss hangs on each.
struct Seen {
    /// Channels × channels, sum of products.
    products: Tensor,
    /// Sum of each channel.
    sums: Tensor,
    /// Places looked at.
    places: f64,
    /// Sum over photographs of the squared gradient.
    pull: Tensor,
}

/// The `widths` channels of each convolution (one number a block) that say most, in their old order, measured on `count`
/// photographs of a side.
///
/// # Errors
/// When a block shall keep no channel, or more than it has.
pub(crate) fn choose(
    network: &Network,
    side: &Renderer<'_>,
    size: i64,
    count: usize,
    widths: &[i64; 5],
) -> Result<Vec<Tensor>> {
    for convolution in &network.convolutions {
        let (width, has) = (widths[convolution.block - 1], convolution.weight.size()[0]);
        ensure!((1..=has).contains(&width), "block {} can't keep {width} of {has} channels", convolution.block);
    }
    for (_, _, tensor) in network.parameters() {
        let _ = tensor.set_requires_grad(true);
    }
    let mut all: Vec<Seen> = Vec::new();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    for chosen in spread(side, count).chunks(BATCH) {
        let input = side.inputs(chosen, &vec![Draw::PLAIN; chosen.len()], size);
        let mut maps: Vec<Tensor> = Vec::new();
        let logits = network.logits_seeing(&input, |_, map| maps.push(map.shallow_clone()));
        let photographs = side.photographs();
        let targets = side.rows(&photographs.targets, chosen);
        let weights = side.rows(&photographs.weights, chosen);
        let loss = logits.binary_cross_entropy_with_logits(&targets, Some(&weights), None::<&Tensor>, Reduction::Sum);
        let gradients = Tensor::run_backward(&[loss], &maps, false, false);
        no_grad(|| {
            for (number, (map, gradient)) in maps.iter().zip(&gradients).enumerate() {
                let gradient = gradient.to_kind(Kind::Float);
                let pull = (&gradient * &gradient).sum_dim_intlist([0_i64, 2, 3].as_slice(), false, Kind::Double);
                let values = Places::draw(&map.size(), &mut rng).of(map, 0, 0);
                let products = values.tr().matmul(&values).to_kind(Kind::Double);
                let sums = values.sum_dim_intlist([0_i64].as_slice(), false, Kind::Double);
                let places = values.size()[0] as f64;
                match all.get_mut(number) {
                    Some(seen) => {
                        seen.products += products;
                        seen.sums += sums;
                        seen.pull += pull;
                        seen.places += places;
                    }
                    None => all.push(Seen { products, sums, places, pull }),
                }
            }
        });
    }
    let widths = network.convolutions.iter().map(|convolution| widths[convolution.block - 1]);
    Ok(no_grad(|| all.iter().zip(widths).map(|(seen, width)| columns(seen, width)).collect()))
}

/// `count` channels from which the others can best be told, in rising order.
fn columns(seen: &Seen, count: i64) -> Tensor {
    let device = seen.products.device();
    let mean = &seen.sums / seen.places;
    let mut rest = (&seen.products / seen.places - mean.outer(&mean)).to_device(tch::Device::Cpu);
    let pull = seen.pull.to_device(tch::Device::Cpu);
    let felt = &pull * seen.products.diag(0).to_device(tch::Device::Cpu);
    let free = Tensor::ones_like(&pull);
    let mut chosen = Vec::new();
    // What a channel adds is told beside the largest variance; below this part of it nothing is left but rounding.
    let least = rest.diag(0).max().double_value(&[]) * 1e-9 + f64::MIN_POSITIVE;
    for _ in 0..count {
        let variance = rest.diag(0);
        let told = (&rest * &rest).tr().matmul(&pull) / variance.clamp_min(least) * variance.gt(least);
        // Channels that add nothing come last, in the order of what the loss feels of them.
        let worth = (told + &felt * 1e-30 + f64::MIN_POSITIVE) * &free;
        let best = worth.argmax(0, false).int64_value(&[]);
        let column = rest.select(1, best);
        let of = column.double_value(&[best]);
        if of > least {
            rest -= column.outer(&column) / of;
        }
        let _ = free.get(best).fill_(0.0);
        chosen.push(best);
    }
    chosen.sort_unstable();
    Tensor::from_slice(&chosen).to_device(device)
}

/// Inputs of `count` photographs of a side, in their plain view.
pub(crate) fn sample(side: &Renderer<'_>, size: i64, count: usize) -> Tensor {
    let chosen = spread(side, count);
    no_grad(|| side.inputs(&chosen, &vec![Draw::PLAIN; chosen.len()], size))
}

/// `count` photographs spread over a side, which may be sorted by source.
pub(crate) fn spread(side: &Renderer<'_>, count: usize) -> Vec<usize> {
    let every = (side.len() / count.max(1)).max(1);
    (0..side.len()).step_by(every).take(count).collect()
}

/// Places in a batch of maps.
struct Places {
    photograph: Tensor,
    row: Tensor,
    column: Tensor,
}

impl Places {
    /// Draws up to [`PLACES`] of each photograph from maps of shape photographs × channels × height × width.
    fn draw(shape: &[i64], rng: &mut ChaCha8Rng) -> Self {
        let (photographs, height, width) = (shape[0], shape[2], shape[3]);
        let each = (PLACES as i64).min(height * width);
        let mut all = [Vec::new(), Vec::new(), Vec::new()];
        for photograph in 0..photographs {
            for _ in 0..each {
                all[0].push(photograph);
                all[1].push(rng.random_range(0..height));
                all[2].push(rng.random_range(0..width));
            }
        }
        let [photograph, row, column] = all.map(|numbers| Tensor::from_slice(&numbers));
        Self { photograph, row, column }
    }

    /// The values there (places × channels), so many rows and columns further on.
    fn of(&self, maps: &Tensor, down: i64, right: i64) -> Tensor {
        let device = maps.device();
        let at = [&self.photograph, &(&self.row + down), &(&self.column + right)].map(|t| Some(t.to_device(device)));
        maps.permute([0, 2, 3, 1]).index(&at).to_kind(Kind::Float)
    }

    /// What a 3 × 3 convolution sees there: places × (9 · channels), channels last.
    fn patches(&self, maps: &Tensor) -> Tensor {
        let padded = maps.constant_pad_nd([1, 1, 1, 1]);
        let all: Vec<Tensor> = (0..9).map(|k| self.of(&padded, k / 3, k % 3)).collect();
        Tensor::cat(&all, 1)
    }
}

/// A layer solved anew.
struct Solved {
    /// Inputs × outputs.
    weight: Tensor,
    /// One an output.
    bias: Tensor,
    /// Part of the variance of the wanted answers that is reached.
    reached: f64,
}

/// The weights that lead from `given` (places × inputs) closest to `wanted` (places × outputs), near to `old` (inputs × outputs).
fn solve(given: &Tensor, wanted: &Tensor, old: &Tensor) -> Solved {
    let double = |tensor: Tensor| tensor.to_kind(Kind::Double);
    let mean = |tensor: &Tensor| tensor.mean_dim([0_i64].as_slice(), true, Kind::Float);
    let (given_mean, wanted_mean) = (mean(given), mean(wanted));
    let (inputs, places) = (given.size()[1], given.size()[0]);
    let mut square = Tensor::zeros([inputs, inputs], (Kind::Double, given.device()));
    let mut cross = Tensor::zeros([inputs, wanted.size()[1]], (Kind::Double, given.device()));
    for from in (0..places).step_by(ROWS as usize) {
        let rows = ROWS.min(places - from);
        let (x, y) = (given.narrow(0, from, rows) - &given_mean, wanted.narrow(0, from, rows) - &wanted_mean);
        square += double(x.tr().matmul(&x));
        cross += double(x.tr().matmul(&y));
    }
    let held = square.diag(0).mean(Kind::Double) * RIDGE + f64::MIN_POSITIVE;
    let old = double(old.shallow_clone());
    let left = &square + Tensor::eye(inputs, (Kind::Double, given.device())) * &held;
    let weight = Tensor::linalg_solve(&left, &(&cross + &old * &held), true).to_kind(Kind::Float);
    let bias = (&wanted_mean - given_mean.matmul(&weight)).squeeze_dim(0);
    let off = given.matmul(&weight) + &bias - wanted;
    let around = wanted - &wanted_mean;
    let power = |tensor: &Tensor| (tensor * tensor).sum(Kind::Double).double_value(&[]);
    Solved { weight, bias, reached: 1.0 - power(&off) / power(&around).max(f64::MIN_POSITIVE) }
}

/// A narrower network, and how much of the variance of each wide layer's answers before rectification it gives again (at last: of
/// the logits).
pub(crate) struct Pruned {
    /// The network.
    pub(crate) network: Network,
    /// Parts of one.
    pub(crate) reached: Vec<f64>,
}

/// A convolution's answers to the maps of many photographs, a few at a time.
fn answers(convolution: &Convolution, maps: &Tensor) -> Tensor {
    let parts: Vec<Tensor> = maps.split(BATCH as i64, 0).iter().map(|part| convolution.answer(part)).collect();
    Tensor::cat(&parts, 0)
}

/// Keeps the channels chosen and solves every layer anew on `input`.
pub(crate) fn prune(network: &Network, kept: &[Tensor], input: &Tensor) -> Pruned {
    no_grad(|| {
        let mut pruned = network.copy();
        let mut reached = Vec::new();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (mut wide, mut narrow) = (input.shallow_clone(), input.shallow_clone());
        let mut inputs: Option<&Tensor> = None;
        let mut block = 1;
        for ((new, old), kept) in pruned.convolutions.iter_mut().zip(&network.convolutions).zip(kept) {
            if old.block != block {
                block = old.block;
                for maps in [&mut wide, &mut narrow] {
                    *maps = pooled(maps);
                }
            }
            let answer = answers(old, &wide);
            let weight = old.weight.index_select(0, kept);
            let weight = inputs.map_or_else(|| weight.shallow_clone(), |inputs| weight.index_select(1, inputs));
            let (outputs, channels) = (weight.size()[0], weight.size()[1]);
            let places = Places::draw(&answer.size(), &mut rng);
            let wanted = places.of(&answer, 0, 0).index_select(1, kept);
            let flat = weight.permute([2, 3, 1, 0]).reshape([9 * channels, outputs]);
            let solved = solve(&places.patches(&narrow), &wanted, &flat);
            let weight = solved.weight.reshape([3, 3, channels, outputs]).permute([3, 2, 0, 1]).contiguous();
            *new = Convolution { weight, bias: solved.bias, ..*new };
            reached.push(solved.reached);
            narrow = answers(new, &narrow).relu();
            wide = answer.relu();
            inputs = Some(kept);
        }
        if let Some(kept) = inputs {
            // The logits are the mean over places of what the head makes of each place.
            let places = Places::draw(&wide.size(), &mut rng);
            let wanted = places.of(&wide, 0, 0).matmul(&network.head_weight.tr()) + &network.head_bias;
            let old = network.head_weight.index_select(1, kept).tr();
            let solved = solve(&places.of(&narrow, 0, 0), &wanted, &old);
            pruned.head_weight = solved.weight.tr().contiguous();
            pruned.head_bias = solved.bias;
            reached.push(solved.reached);
        }
        Pruned { network: pruned, reached }
    })
}
