//! VGG-16 (Simonyan & Zisserman 2014, configuration D) up to relu5_3, and a linear head, in burn's tensors.
//!
//! Five blocks of 3×3 convolutions with ReLU; a 2×2 pooling after each of the first four. The fifth pooling is left
//! out so that the activation map keeps its resolution (size / 16).

use burn::tensor::{
    Device, Gradients, Tensor, TensorData,
    activation::relu,
    module::{avg_pool2d, conv2d, max_pool2d},
    ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{
    NamedWeights, NetError, WeightsError,
    anomaly::{ANOMALY_CONDITIONS, of_any},
    products,
    unfamiliarity::Unfamiliarity,
    values,
};

/// The convolutions' numbers in torchvision's naming, block by block.
pub const BLOCKS: [&[usize]; 5] = [&[0, 2], &[5, 7], &[10, 12, 14], &[17, 19, 21], &[24, 26, 28]];

/// Name of what the head weighs of block 4's last maps, outputs × channels; a network without it weighs those of block 5
/// alone.
pub const HEAD_BLOCK4: &str = "head.block4.weight";

/// Block (1 to 5) of a weight such as `features.10.bias`; none for the head's.
pub fn block_of(name: &str) -> Option<usize> {
    let layer: usize = name.strip_prefix("features.")?.split('.').next()?.parse().ok()?;
    BLOCKS.iter().position(|layers| layers.contains(&layer)).map(|index| index + 1)
}

/// Bound of the uniform distribution a new head is drawn from: small, so that a fresh head is undecided.
const HEAD_BOUND: f32 = 0.01;

/// Which part of the network is trained; the rest stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trainable {
    /// The head only.
    Head,
    /// Block 5 and the head.
    Block5,
    /// Blocks 4, 5 and the head.
    #[serde(rename = "block4_5")]
    Block45,
    /// Everything.
    All,
}

impl Trainable {
    /// Number of the first trained block, 1 to 5; 6 when only the head is trained.
    pub fn first_block(self) -> usize {
        match self {
            Trainable::Head => 6,
            Trainable::Block5 => 5,
            Trainable::Block45 => 4,
            Trainable::All => 1,
        }
    }

    /// True when the trained part starts at or after the block-4 features, so that these can be cached.
    pub fn starts_from_block4(self) -> bool {
        self.first_block() > 4
    }
}

#[derive(Debug, Clone)]
struct Convolution {
    layer: usize,
    weight: Tensor<4>,
    bias: Tensor<1>,
}

/// The layers on a device.
#[derive(Debug, Clone)]
pub(crate) struct Vgg16 {
    blocks: Vec<Vec<Convolution>>,
    head_weight: Tensor<2>,
    head_bias: Tensor<1>,
    /// What the head weighs of block 4, outputs × channels. Never trained: it comes with what an export adds.
    head_block4: Option<Tensor<2>>,
    /// How much the odds of the first outputs count for the first of them; see [`of_any`]. Not trained with.
    anomaly_conditions: Option<Tensor<1>>,
    /// What else can speak for the head's last output: the larger of the two counts. Comes with what an export adds, too.
    unfamiliarity: Option<Unfamiliarity>,
}

/// The last maps of blocks 4 and 5 (relu4_3 before it is pooled, relu5_3): all that a head sees.
#[derive(Clone)]
pub(crate) struct LastMaps {
    fourth: Tensor<4>,
    fifth: Tensor<4>,
}

impl LastMaps {
    /// Each channel's average over the photograph, those of block 4 first: `[N, C]`.
    pub(crate) fn pooled(self) -> Tensor<2> {
        Tensor::cat(vec![mean(self.fourth), mean(self.fifth)], 1)
    }
}

/// One trained array, whatever its rank.
pub(crate) enum Parameter<'a> {
    Rank1(&'a mut Tensor<1>),
    Rank2(&'a mut Tensor<2>),
    Rank4(&'a mut Tensor<4>),
}

impl Parameter<'_> {
    /// Takes this array's gradient out of `gradients`, flattened.
    pub(crate) fn gradient(&self, gradients: &mut Gradients) -> Option<Tensor<1>> {
        match self {
            Parameter::Rank1(tensor) => tensor.grad_remove(gradients),
            Parameter::Rank2(tensor) => tensor.grad_remove(gradients).map(flat),
            Parameter::Rank4(tensor) => tensor.grad_remove(gradients).map(flat),
        }
    }

    /// The values, flattened, without their history.
    pub(crate) fn value(&self) -> Tensor<1> {
        match self {
            Parameter::Rank1(tensor) => (**tensor).clone().inner(),
            Parameter::Rank2(tensor) => flat((**tensor).clone().inner()),
            Parameter::Rank4(tensor) => flat((**tensor).clone().inner()),
        }
    }

    /// Puts new values (flattened) in.
    pub(crate) fn put(&mut self, value: Tensor<1>) {
        match self {
            Parameter::Rank1(tensor) => **tensor = value,
            Parameter::Rank2(tensor) => **tensor = value.reshape(tensor.dims()),
            Parameter::Rank4(tensor) => **tensor = value.reshape(tensor.dims()),
        }
    }

    /// Makes this array a leaf of a new graph.
    pub(crate) fn track(&mut self) {
        match self {
            Parameter::Rank1(tensor) => **tensor = (**tensor).clone().inner().autodiff().require_grad(),
            Parameter::Rank2(tensor) => **tensor = (**tensor).clone().inner().autodiff().require_grad(),
            Parameter::Rank4(tensor) => **tensor = (**tensor).clone().inner().autodiff().require_grad(),
        }
    }
}

/// Each channel's average over the photograph: `[N, C]`.
fn mean(maps: Tensor<4>) -> Tensor<2> {
    let [n, c, h, w] = maps.dims();
    maps.reshape([n, c, h * w]).mean_dim(2).reshape([n, c])
}

/// A dense layer without bias at every place: `[N, K, H, W]`.
fn at_every_place(maps: Tensor<4>, weight: &Tensor<2>) -> Tensor<4> {
    let [k, c] = weight.dims();
    conv2d(maps, weight.clone().reshape([k, c, 1, 1]), None, ConvOptions::new([1, 1], [0, 0], [1, 1], 1))
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let count = tensor.dims().iter().product::<usize>();
    tensor.reshape([count])
}

impl Vgg16 {
    pub(crate) fn build(device: &Device, weights: &NamedWeights, outputs: usize, seed: u64) -> Result<Self, NetError> {
        let mut channels = None;
        let mut blocks = Vec::with_capacity(BLOCKS.len());
        for layers in BLOCKS {
            let mut block = Vec::with_capacity(layers.len());
            for &layer in layers {
                let name = format!("features.{layer}.weight");
                let weight = weights.require(&name)?;
                let (out, input) = match weight.shape[..] {
                    [out, input, 3, 3] if channels.is_none_or(|c| c == input) && out > 0 && input > 0 => (out, input),
                    _ => {
                        return Err(shape(
                            &name,
                            &weight.shape,
                            channels.map_or("[out, in, 3, 3]".into(), |c| format!("[out, {c}, 3, 3]")),
                        ));
                    }
                };
                let bias_name = format!("features.{layer}.bias");
                let bias = weights.require(&bias_name)?;
                if bias.shape != [out] {
                    return Err(shape(&bias_name, &bias.shape, format!("[{out}]")));
                }
                block.push(Convolution {
                    layer,
                    weight: Tensor::from_data(TensorData::new(weight.data.clone(), [out, input, 3, 3]), device),
                    bias: Tensor::from_data(TensorData::new(bias.data.clone(), [out]), device),
                });
                channels = Some(out);
            }
            blocks.push(block);
        }
        let channels = channels.unwrap_or(0);
        let trained = match (weights.get("head.weight"), weights.get("head.bias")) {
            (Some(weight), Some(bias)) if weight.shape == [outputs, channels] && bias.shape == [outputs] => {
                Some((weight.data.clone(), bias.data.clone()))
            }
            _ => None,
        };
        let goes_with_head = trained.is_some();
        let block4 = weights.get(HEAD_BLOCK4).filter(|_| goes_with_head);
        let (head, bias) = trained.unwrap_or_else(|| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let draw = |_| rng.random_range(-HEAD_BOUND..HEAD_BOUND);
            ((0..outputs * channels).map(draw).collect(), vec![0.0; outputs])
        });
        let mut vgg = Self {
            blocks,
            head_weight: Tensor::from_data(TensorData::new(head, [outputs, channels]), device),
            head_bias: Tensor::from_data(TensorData::new(bias, [outputs]), device),
            head_block4: None,
            anomaly_conditions: None,
            unfamiliarity: None,
        };
        if let Some(weight) = block4 {
            let expected = [outputs, vgg.block4_channels()];
            if weight.shape != expected {
                return Err(shape(HEAD_BLOCK4, &weight.shape, format!("{expected:?}")));
            }
            vgg.head_block4 = Some(Tensor::from_data(TensorData::new(weight.data.clone(), expected), device));
        }
        if let Some(counted) = weights.get(ANOMALY_CONDITIONS).filter(|_| goes_with_head) {
            let of = counted.data.len();
            if counted.shape != [of] || !(2..=outputs).contains(&of) {
                return Err(shape(ANOMALY_CONDITIONS, &counted.shape, format!("at least 2 and at most {outputs}")));
            }
            vgg.anomaly_conditions = Some(Tensor::from_data(TensorData::new(counted.data.clone(), [of]), device));
        }
        if goes_with_head {
            vgg.unfamiliarity = Unfamiliarity::read(weights, vgg.block4_channels() + channels, device)?;
        }
        Ok(vgg)
    }

    pub(crate) fn outputs(&self) -> usize {
        self.head_weight.dims()[0]
    }

    pub(crate) fn input_channels(&self) -> usize {
        self.blocks.first().and_then(|block| block.first()).map_or(0, |conv| conv.weight.dims()[1])
    }

    pub(crate) fn block4_channels(&self) -> usize {
        self.blocks.get(3).and_then(|block| block.last()).map_or(0, |conv| conv.weight.dims()[0])
    }

    /// Runs blocks `1..first` with their poolings: the part that stays as it is when training starts at block `first`.
    pub(crate) fn frozen(&self, photographs: Tensor<4>, first: usize) -> Tensor<4> {
        self.run(photographs, 1..first.min(5))
    }

    /// From the input of block `first` to relu5_3.
    pub(crate) fn forward_from_block(&self, input: Tensor<4>, first: usize) -> Tensor<4> {
        self.run(input, first.min(5)..6)
    }

    /// As [`Vgg16::forward_from_block`] from block 5, the fast way to train on the processor; see [`products`].
    pub(crate) fn features_by_products(&self, block4: Tensor<4>) -> Tensor<4> {
        let mut x = block4.swap_dims(0, 1);
        for conv in self.blocks.iter().skip(4).flatten() {
            x = products::convolve(x, conv.weight.clone(), conv.bias.clone());
        }
        x.swap_dims(0, 1)
    }

    /// The last maps of photographs.
    pub(crate) fn last_maps(&self, photographs: Tensor<4>) -> LastMaps {
        let fourth = self.convolved(4, self.run(photographs, 1..4));
        let fifth = self.convolved(5, halved(fourth.clone()));
        LastMaps { fourth, fifth }
    }

    fn run(&self, mut x: Tensor<4>, numbers: std::ops::Range<usize>) -> Tensor<4> {
        for number in numbers {
            x = self.convolved(number, x);
            if number < 5 {
                x = halved(x);
            }
        }
        x
    }

    /// A block's convolutions, without its pooling.
    fn convolved(&self, number: usize, mut x: Tensor<4>) -> Tensor<4> {
        for conv in self.blocks.get(number - 1).into_iter().flatten() {
            let same = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
            x = relu(conv2d(x, conv.weight.clone(), Some(conv.bias.clone()), same));
        }
        x
    }

    /// Global average pooling, dense layer: `[N, K]`. Of block 5 alone, which is all that is trained.
    pub(crate) fn logits(&self, features: Tensor<4>) -> Tensor<2> {
        mean(features).matmul(self.head_weight.clone().transpose()) + self.head_bias.clone().unsqueeze::<2>()
    }

    /// Logits `[N, K]`, and the dense layers at every place, without bias: `[N, K, H, W]`, whose mean and the bias are
    /// the logits, but that the first one heeds the others' and the last one is never less than the unfamiliarity's where
    /// there is such a thing.
    pub(crate) fn judged(&self, maps: LastMaps) -> (Tensor<2>, Tensor<4>) {
        let unfamiliarity = self.unfamiliarity.as_ref().map(|of| of.logit(maps.clone().pooled()));
        let LastMaps { fourth, fifth } = maps;
        let mut map = at_every_place(fifth.clone(), &self.head_weight);
        let mut logits = self.logits(fifth);
        if let Some(weight) = &self.head_block4 {
            let finer = at_every_place(fourth, weight);
            map = map + avg_pool2d(finer.clone(), AvgPoolOptions::new([2, 2]).with_stride([2, 2]));
            logits = logits + mean(finer);
        }
        if let Some(counted) = &self.anomaly_conditions {
            let [n, k] = logits.dims();
            logits = Tensor::cat(vec![of_any(&logits, counted), logits.slice([0..n, 1..k])], 1);
        }
        if let Some(unfamiliarity) = unfamiliarity {
            let [n, k] = logits.dims();
            let last = logits.clone().slice([0..n, k - 1..k]).max_pair(unfamiliarity);
            logits = if k > 1 { Tensor::cat(vec![logits.slice([0..n, 0..k - 1]), last], 1) } else { last };
        }
        (logits, map)
    }

    /// The trained arrays with their names, in a fixed order.
    pub(crate) fn parameters(&mut self, trainable: Trainable) -> Vec<(String, Parameter<'_>)> {
        let mut all = Vec::new();
        for (number, block) in (1..).zip(&mut self.blocks) {
            if number < trainable.first_block() {
                continue;
            }
            for conv in block {
                all.push((format!("features.{}.weight", conv.layer), Parameter::Rank4(&mut conv.weight)));
                all.push((format!("features.{}.bias", conv.layer), Parameter::Rank1(&mut conv.bias)));
            }
        }
        all.push(("head.weight".to_owned(), Parameter::Rank2(&mut self.head_weight)));
        all.push(("head.bias".to_owned(), Parameter::Rank1(&mut self.head_bias)));
        all
    }

    pub(crate) fn weights(&self) -> Result<NamedWeights, NetError> {
        let mut weights = NamedWeights::new();
        for conv in self.blocks.iter().flatten() {
            let shape = conv.weight.dims().to_vec();
            weights.insert(format!("features.{}.weight", conv.layer), shape, values(conv.weight.clone().inner())?);
            let shape = conv.bias.dims().to_vec();
            weights.insert(format!("features.{}.bias", conv.layer), shape, values(conv.bias.clone().inner())?);
        }
        let shape = self.head_weight.dims().to_vec();
        weights.insert("head.weight", shape, values(self.head_weight.clone().inner())?);
        weights.insert("head.bias", self.head_bias.dims().to_vec(), values(self.head_bias.clone().inner())?);
        if let Some(weight) = &self.head_block4 {
            weights.insert(HEAD_BLOCK4, weight.dims().to_vec(), values(weight.clone().inner())?);
        }
        if let Some(counted) = &self.anomaly_conditions {
            weights.insert(ANOMALY_CONDITIONS, counted.dims().to_vec(), values(counted.clone().inner())?);
        }
        if let Some(unfamiliarity) = &self.unfamiliarity {
            unfamiliarity.put(&mut weights)?;
        }
        Ok(weights)
    }
}

/// The largest of each 2 × 2 places.
fn halved(maps: Tensor<4>) -> Tensor<4> {
    max_pool2d(maps, MaxPoolOptions::new([2, 2]).with_stride([2, 2]))
}

pub(super) fn shape(name: &str, found: &[usize], expected: String) -> NetError {
    NetError::Weights(WeightsError::Shape { name: name.to_owned(), found: found.to_vec(), expected })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tests::narrow_weights;

    #[test]
    fn every_weight_knows_its_block() {
        let blocks = ["features.0.weight", "features.7.bias", "features.14.weight", "features.28.bias"].map(block_of);
        assert_eq!(blocks, [Some(1), Some(2), Some(3), Some(5)]);
        assert_eq!(["head.weight", "features.1.weight", "features.x.bias"].map(block_of), [None; 3]);
    }

    #[test]
    fn products_and_convolutions_agree_in_features_and_gradients() {
        let device = Device::flex();
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let data: Vec<f32> = (0..3 * 6 * 5 * 4).map(|_| rng.random_range(-1.0..2.0)).collect();
        let input = Tensor::<4>::from_data(TensorData::new(data, [3, 6, 5, 4]), &device);
        let results = [false, true].map(|by_products| {
            let mut vgg = Vgg16::build(&device, &narrow_weights(), 2, 1).unwrap();
            for (_, mut parameter) in vgg.parameters(Trainable::Block5) {
                parameter.track();
            }
            let x = input.clone();
            let features = if by_products { vgg.features_by_products(x) } else { vgg.forward_from_block(x, 5) };
            let logits = vgg.logits(features);
            let mut gradients = logits.clone().powi_scalar(2).sum().backward();
            let mut all = values(logits.inner()).unwrap();
            for (name, parameter) in vgg.parameters(Trainable::Block5) {
                let gradient = values(parameter.gradient(&mut gradients).unwrap()).unwrap();
                assert!(gradient.iter().any(|value| *value != 0.0), "{name} has no gradient");
                let norm = gradient.iter().map(|value| value * value).sum::<f32>().sqrt();
                all.extend(gradient.iter().map(|value| value / norm));
            }
            all
        });
        for (a, b) in results[0].iter().zip(&results[1]) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }
}
