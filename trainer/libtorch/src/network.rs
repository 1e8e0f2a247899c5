//! VGG-16 up to relu5_3 with average pooling and a linear head, in libtorch's tensors.
//!
//! The weights stay in single precision; a forward pass may use them rounded to bfloat16, in which convolutions run on
//! a card's matrix units, and on some processors. Pixels lie last-channel-first in memory ("channels last"), which those units want.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, ensure};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

/// The convolutions' numbers in torchvision's naming, block by block.
pub(crate) const BLOCKS: [&[usize]; 5] = [&[0, 2], &[5, 7], &[10, 12, 14], &[17, 19, 21], &[24, 26, 28]];
/// Bound of the uniform distribution a new head is drawn from.
const HEAD_BOUND: f32 = 0.01;

/// One convolution.
#[derive(Debug)]
pub(crate) struct Convolution {
    /// Its number.
    pub(crate) layer: usize,
    /// Block, 1 to 5.
    pub(crate) block: usize,
    /// Outputs × inputs × 3 × 3.
    pub(crate) weight: Tensor,
    /// One an output.
    pub(crate) bias: Tensor,
}

impl Convolution {
    /// Its answer to maps, not yet rectified, computed in the maps' kind.
    pub(crate) fn answer(&self, maps: &Tensor) -> Tensor {
        let (weight, bias) = (self.weight.to_kind(maps.kind()), self.bias.to_kind(maps.kind()));
        maps.conv2d(&weight, Some(&bias), [1, 1], [1, 1], [1, 1], 1)
    }
}

/// What a block passes on to the next: the largest of each 2 × 2 places.
pub(crate) fn pooled(maps: &Tensor) -> Tensor {
    maps.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
}

/// The network.
#[derive(Debug)]
pub(crate) struct Network {
    /// In order.
    pub(crate) convolutions: Vec<Convolution>,
    /// Outputs × channels.
    pub(crate) head_weight: Tensor,
    /// One an output.
    pub(crate) head_bias: Tensor,
    /// What a forward pass computes in.
    kind: Kind,
}

impl Network {
    /// Builds the network from a safetensors file. When it holds no head, or one of another number of outputs, a new
    /// one is drawn from `seed`.
    pub(crate) fn read(path: &Path, outputs: usize, seed: u64, device: Device) -> Result<Self> {
        let named = || path.display().to_string();
        let read = Tensor::read_safetensors(path).with_context(named)?;
        let all: BTreeMap<String, Tensor> =
            read.into_iter().map(|(name, tensor)| (name, tensor.to_kind(Kind::Float).to_device(device))).collect();
        let take = |name: String| -> Result<Tensor> {
            all.get(&name).map(Tensor::copy).with_context(|| format!("{}: {name} is missing", named()))
        };
        let mut convolutions = Vec::new();
        let mut channels = 3;
        for (block, layers) in (1..).zip(BLOCKS) {
            for &layer in layers {
                let weight = take(format!("features.{layer}.weight"))?;
                let shape = weight.size();
                ensure!(
                    shape.len() == 4 && shape[1] == channels && shape[2..] == [3, 3],
                    "{}: features.{layer}.weight has shape {shape:?}, expected [out, {channels}, 3, 3]",
                    named()
                );
                channels = shape[0];
                convolutions.push(Convolution { layer, block, weight, bias: take(format!("features.{layer}.bias"))? });
            }
        }
        let shape = [outputs as i64, channels];
        let (head_weight, head_bias) = match (all.get("head.weight"), all.get("head.bias")) {
            // Also as the convolution of 1 × 1 that it is in an exported network.
            (Some(weight), Some(bias))
                if bias.size() == shape[..1] && weight.numel() == outputs * channels as usize =>
            {
                (weight.reshape(shape).copy(), bias.copy())
            }
            (found, _) => {
                let found = found.map_or_else(|| "none is in it".to_owned(), |head| format!("it is {:?}", head.size()));
                println!("{}: its head is drawn anew: expected {shape:?}, {found}", named());
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                let count = outputs * channels as usize;
                let drawn: Vec<f32> = (0..count).map(|_| rng.random_range(-HEAD_BOUND..HEAD_BOUND)).collect();
                let weight = Tensor::from_slice(&drawn).reshape(shape).to_device(device);
                (weight, Tensor::zeros([outputs as i64], (Kind::Float, device)))
            }
        };
        let kind = if device.is_cuda() { Kind::BFloat16 } else { Kind::Float };
        Ok(Self { convolutions, head_weight, head_bias, kind })
    }

    /// The same, computing in bfloat16 or in single precision whatever it runs on. Some processors multiply the former faster, too.
    pub(crate) fn in_bfloat16(self, wanted: bool) -> Self {
        Self { kind: if wanted { Kind::BFloat16 } else { Kind::Float }, ..self }
    }

    /// The trained arrays with their names and blocks (6: the head), in a fixed order.
    pub(crate) fn parameters(&self) -> Vec<(String, usize, &Tensor)> {
        let mut all = Vec::new();
        for convolution in &self.convolutions {
            all.push((format!("features.{}.weight", convolution.layer), convolution.block, &convolution.weight));
            all.push((format!("features.{}.bias", convolution.layer), convolution.block, &convolution.bias));
        }
        all.push(("head.weight".to_owned(), 6, &self.head_weight));
        all.push(("head.bias".to_owned(), 6, &self.head_bias));
        all
    }

    /// A network with copies of the weights.
    pub(crate) fn copy(&self) -> Self {
        let copied = |tensor: &Tensor| tensor.detach().copy();
        Self {
            convolutions: self
                .convolutions
                .iter()
                .map(|c| Convolution { weight: copied(&c.weight), bias: copied(&c.bias), ..*c })
                .collect(),
            head_weight: copied(&self.head_weight),
            head_bias: copied(&self.head_bias),
            kind: self.kind,
        }
    }

    /// Logits (photographs × outputs) of inputs (photographs × 3 × size × size). `seen` is given each convolution's
    /// number in order and its rectified maps.
    pub(crate) fn logits_seeing(&self, input: &Tensor, mut seen: impl FnMut(usize, &Tensor)) -> Tensor {
        // A copy whose memory runs over the channels first, seen in the usual order of dimensions.
        let mut x = input.to_kind(self.kind).permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]);
        let mut block = 1;
        for (number, convolution) in self.convolutions.iter().enumerate() {
            if convolution.block != block {
                x = pooled(&x);
                block = convolution.block;
            }
            x = convolution.answer(&x).relu();
            seen(number, &x);
        }
        let mean = x.to_kind(Kind::Float).mean_dim([2_i64, 3].as_slice(), false, Kind::Float);
        mean.matmul(&self.head_weight.tr()) + &self.head_bias
    }

    /// As [`Network::logits_seeing`], without looking.
    pub(crate) fn logits(&self, input: &Tensor) -> Tensor {
        self.logits_seeing(input, |_, _| ())
    }

    /// Writes the weights.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let all: Vec<(String, Tensor)> = self
            .parameters()
            .into_iter()
            .map(|(name, _, tensor)| (name, tensor.detach().to_device(Device::Cpu).contiguous()))
            .collect();
        Tensor::write_safetensors(&all, path).with_context(|| path.display().to_string())
    }
}
