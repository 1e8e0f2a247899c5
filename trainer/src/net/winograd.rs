//! The frozen blocks on the processor, with a quarter of the multiplications.
//!
//! Winograd's minimal filtering F(4×4, 3×3) (Lavin & Gray 2016): a 3×3 convolution of a 6×6 patch yields a 4×4 patch
//! of the result from 36 multiplications a channel pair instead of 144. Patches are transformed (Bᵀ d B), multiplied
//! with transformed kernels (G g Gᵀ) as 36 matrix products, and transformed back (Aᵀ m A). Results differ from the
//! plain convolution by rounding only, far below the f16 they are stored in.
//!
//! Maps are kept channels-last, so that the transforms work on runs of channels; matrix products are the engine's.
//! Not for training: there is no backward pass, and trained blocks would need new kernels every step.

use burn::tensor::{Device, Tensor, TensorData};
use ocellus_model::preprocess;

use super::{BLOCKS, NamedWeights, NetError, WeightsError, values};

/// Channels transformed at once; the network's channel counts have to be multiples of it.
const LANES: usize = 16;
/// Patches transformed and multiplied at once: small enough for the caches, large enough for the matrix products.
const STRIP: usize = 256;
/// Side of the result of a patch.
const OUT: usize = 4;
/// Side of a patch.
const IN: usize = OUT + 2;
/// Values of a transformed patch.
const POINTS: usize = IN * IN;

type Run = [f32; LANES];

/// A map of several photographs: photographs × height × width × channels.
struct Map {
    count: usize,
    height: usize,
    width: usize,
    channels: usize,
    data: Vec<f32>,
}

struct Layer {
    /// `[POINTS, in, out]`.
    kernel: Tensor<3>,
    bias: Vec<f32>,
    pooled: bool,
}

/// Blocks 1 to 4 with their poolings.
pub(crate) struct FrozenBlocks {
    /// The first layer, which has too few input channels to be worth transforming: `[9 · in, out]`.
    first: Tensor<2>,
    first_bias: Vec<f32>,
    input_channels: usize,
    layers: Vec<Layer>,
}

impl FrozenBlocks {
    /// Transforms the kernels; none when a channel count is no multiple of [`LANES`].
    pub(crate) fn new(weights: &NamedWeights) -> Result<Option<Self>, WeightsError> {
        let device = Device::flex();
        let mut first = None;
        let mut layers = Vec::new();
        for block in &BLOCKS[..4] {
            for (at, layer) in block.iter().enumerate() {
                let weight = weights.require(&format!("features.{layer}.weight"))?;
                let bias = weights.require(&format!("features.{layer}.bias"))?.data.clone();
                let (outputs, inputs) = (weight.shape[0], weight.shape[1]);
                if !outputs.is_multiple_of(LANES) || (first.is_some() && !inputs.is_multiple_of(LANES)) {
                    return Ok(None);
                }
                if first.is_none() {
                    let mut kernel = vec![0.0; 9 * inputs * outputs];
                    for (at, value) in weight.data.iter().enumerate() {
                        let (output, input, place) = (at / (9 * inputs), at / 9 % inputs, at % 9);
                        kernel[(place * inputs + input) * outputs + output] = *value;
                    }
                    let kernel = Tensor::from_data(TensorData::new(kernel, [9 * inputs, outputs]), &device);
                    first = Some((kernel, bias, inputs));
                    continue;
                }
                layers.push(Layer {
                    kernel: Tensor::from_data(
                        TensorData::new(transform_kernel(&weight.data, inputs, outputs), [POINTS, inputs, outputs]),
                        &device,
                    ),
                    bias,
                    pooled: at + 1 == block.len(),
                });
            }
        }
        Ok(first.map(|(first, first_bias, input_channels)| Self { first, first_bias, input_channels, layers }))
    }

    /// Block-4 features of photographs of one size (a multiple of 16): channels × height × width each.
    pub(crate) fn run(&self, photographs: &[preprocess::Tensor]) -> Result<Vec<Vec<f32>>, NetError> {
        let Some(shape) = photographs.first().map(|photograph| photograph.shape) else { return Ok(Vec::new()) };
        let expected = [self.input_channels, shape[1], shape[2]];
        if let Some(index) = photographs.iter().position(|photograph| photograph.shape != expected) {
            let found = photographs[index].shape.to_vec();
            return Err(NetError::Input { index, found, expected: expected.to_vec() });
        }
        let mut map = self.first(photographs)?;
        for layer in &self.layers {
            map = layer.convolve(&map)?;
            if layer.pooled {
                map = pool(&map);
            }
        }
        Ok((0..map.count).map(|index| map.channels_first(index)).collect())
    }

    /// The first convolution with its ReLU, as one matrix product a photograph.
    fn first(&self, photographs: &[preprocess::Tensor]) -> Result<Map, NetError> {
        let [inputs, height, width] = photographs[0].shape;
        let outputs = self.first_bias.len();
        let mut data = Vec::with_capacity(photographs.len() * height * width * outputs);
        for photograph in photographs {
            let mut columns = vec![0.0; height * width * 9 * inputs];
            for y in 0..height {
                for (dy, row) in (0..3).filter_map(|dy| Some((dy, (y + dy).checked_sub(1).filter(|r| *r < height)?))) {
                    for x in 0..width {
                        let at = (y * width + x) * 9 * inputs;
                        for dx in 0..3 {
                            let Some(column) = (x + dx).checked_sub(1).filter(|c| *c < width) else { continue };
                            for input in 0..inputs {
                                columns[at + (dy * 3 + dx) * inputs + input] =
                                    photograph.data[(input * height + row) * width + column];
                            }
                        }
                    }
                }
            }
            let columns = TensorData::new(columns, [height * width, 9 * inputs]);
            let columns = Tensor::<2>::from_data(columns, &Device::flex());
            for pixel in values(columns.matmul(self.first.clone()))?.chunks_exact(outputs) {
                data.extend(pixel.iter().zip(&self.first_bias).map(|(value, bias)| (value + bias).max(0.0)));
            }
        }
        Ok(Map { count: photographs.len(), height, width, channels: outputs, data })
    }
}

impl Map {
    fn channels_first(&self, index: usize) -> Vec<f32> {
        let pixels = self.height * self.width;
        let mine = &self.data[index * pixels * self.channels..(index + 1) * pixels * self.channels];
        (0..self.channels).flat_map(|c| (0..pixels).map(move |pixel| mine[pixel * self.channels + c])).collect()
    }
}

impl Layer {
    /// The convolution with its ReLU.
    fn convolve(&self, map: &Map) -> Result<Map, NetError> {
        let outputs = self.bias.len();
        let across = map.width.div_ceil(OUT);
        let each = map.height.div_ceil(OUT) * across;
        let total = each * map.count;
        let mut data = vec![0.0; map.count * map.height * map.width * outputs];
        for start in (0..total).step_by(STRIP) {
            let patches = start..total.min(start + STRIP);
            let place = |patch: usize| (patch / each, patch % each / across * OUT, patch % across * OUT);
            let transformed = TensorData::new(
                transform_patches(map, patches.clone().map(place)),
                [POINTS, patches.len(), map.channels],
            );
            let product = Tensor::<3>::from_data(transformed, &Device::flex()).matmul(self.kernel.clone());
            let product = values(product)?;
            for (at, patch) in patches.clone().enumerate() {
                self.transform_back(&product, at, patches.len(), place(patch), map, &mut data);
            }
        }
        Ok(Map { count: map.count, height: map.height, width: map.width, channels: outputs, data })
    }

    /// Aᵀ m A of one patch, plus bias, ReLU, into its place of the result.
    fn transform_back(
        &self,
        product: &[f32],
        at: usize,
        patches: usize,
        (photograph, top, left): (usize, usize, usize),
        map: &Map,
        data: &mut [f32],
    ) {
        let outputs = self.bias.len();
        for channel in (0..outputs).step_by(LANES) {
            let bias = run(&self.bias, channel);
            let mut half = [[[0.0; LANES]; OUT]; IN];
            for (row, half) in half.iter_mut().enumerate() {
                let m = std::array::from_fn(|column| {
                    run(product, ((row * IN + column) * patches + at) * outputs + channel)
                });
                *half = back(&m);
            }
            for column in 0..OUT.min(map.width - left) {
                let whole = back(&std::array::from_fn(|row| half[row][column]));
                for (row, whole) in whole.iter().enumerate().take(map.height - top) {
                    let pixel = (photograph * map.height + top + row) * map.width + left + column;
                    let target = pixel * outputs + channel;
                    for ((out, value), bias) in data[target..target + LANES].iter_mut().zip(whole).zip(&bias) {
                        *out = (value + bias).max(0.0);
                    }
                }
            }
        }
    }
}

/// [`LANES`] values from `at` on.
fn run(data: &[f32], at: usize) -> Run {
    let mut run = [0.0; LANES];
    run.copy_from_slice(&data[at..at + LANES]);
    run
}

/// Bᵀ d B of each patch at (photograph, top, left) of its result: `[POINTS, patches, channels]`.
fn transform_patches(map: &Map, places: impl ExactSizeIterator<Item = (usize, usize, usize)>) -> Vec<f32> {
    let patches = places.len();
    let mut out = vec![0.0; POINTS * patches * map.channels];
    for (at, (photograph, top, left)) in places.enumerate() {
        for channel in (0..map.channels).step_by(LANES) {
            // The patch begins one pixel up and left of its result; what lies outside is zero.
            let pixel = |row: usize, column: usize| -> Run {
                let y = (top + row).checked_sub(1).filter(|y| *y < map.height);
                let x = (left + column).checked_sub(1).filter(|x| *x < map.width);
                match (y, x) {
                    (Some(y), Some(x)) => {
                        run(&map.data, ((photograph * map.height + y) * map.width + x) * map.channels + channel)
                    }
                    _ => [0.0; LANES],
                }
            };
            let mut half = [[[0.0; LANES]; IN]; IN];
            for column in 0..IN {
                let d = std::array::from_fn(|row| pixel(row, column));
                for (row, value) in forth(&d).into_iter().enumerate() {
                    half[row][column] = value;
                }
            }
            for (row, half) in half.iter().enumerate() {
                for (column, value) in forth(half).iter().enumerate() {
                    let target = ((row * IN + column) * patches + at) * map.channels + channel;
                    out[target..target + LANES].copy_from_slice(value);
                }
            }
        }
    }
    out
}

/// Bᵀ of F(4, 3) on six runs.
fn forth(d: &[Run; IN]) -> [Run; IN] {
    let mut out = [[0.0; LANES]; IN];
    for l in 0..LANES {
        let (even, odd) = (d[4][l] - 4.0 * d[2][l], d[3][l] - 4.0 * d[1][l]);
        let (even_2, odd_2) = (d[4][l] - d[2][l], 2.0 * (d[3][l] - d[1][l]));
        out[0][l] = 4.0 * d[0][l] - 5.0 * d[2][l] + d[4][l];
        out[1][l] = even + odd;
        out[2][l] = even - odd;
        out[3][l] = even_2 + odd_2;
        out[4][l] = even_2 - odd_2;
        out[5][l] = 4.0 * d[1][l] - 5.0 * d[3][l] + d[5][l];
    }
    out
}

/// Aᵀ of F(4, 3) on six runs.
fn back(m: &[Run; IN]) -> [Run; OUT] {
    let mut out = [[0.0; LANES]; OUT];
    for l in 0..LANES {
        let (sum, difference) = (m[1][l] + m[2][l], m[1][l] - m[2][l]);
        let (sum_2, difference_2) = (m[3][l] + m[4][l], m[3][l] - m[4][l]);
        out[0][l] = m[0][l] + sum + sum_2;
        out[1][l] = difference + 2.0 * difference_2;
        out[2][l] = sum + 4.0 * sum_2;
        out[3][l] = difference + 8.0 * difference_2 + m[5][l];
    }
    out
}

/// G g Gᵀ of each kernel (`[out, in, 3, 3]`): `[POINTS, in, out]`.
fn transform_kernel(weight: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
    const G: [[f64; 3]; IN] = [
        [1.0 / 4.0, 0.0, 0.0],
        [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
        [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
        [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
        [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
        [0.0, 0.0, 1.0],
    ];
    let mut out = vec![0.0; POINTS * inputs * outputs];
    for (at, g) in weight.as_chunks::<9>().0.iter().enumerate() {
        let (output, input) = (at / inputs, at % inputs);
        for (row, left) in G.iter().enumerate() {
            for (column, right) in G.iter().enumerate() {
                let sum: f64 = (0..9).map(|k| left[k / 3] * f64::from(g[k]) * right[k % 3]).sum();
                out[((row * IN + column) * inputs + input) * outputs + output] = sum as f32;
            }
        }
    }
    out
}

/// The largest of each 2×2 square.
fn pool(map: &Map) -> Map {
    let (height, width, channels) = (map.height / 2, map.width / 2, map.channels);
    let mut data = Vec::with_capacity(map.count * height * width * channels);
    for photograph in 0..map.count {
        for y in 0..height {
            for x in 0..width {
                let at = |dy: usize, dx: usize| {
                    let pixel = (photograph * map.height + 2 * y + dy) * map.width + 2 * x + dx;
                    &map.data[pixel * channels..(pixel + 1) * channels]
                };
                let (upper, lower) = (at(0, 0).iter().zip(at(0, 1)), at(1, 0).iter().zip(at(1, 1)));
                data.extend(upper.zip(lower).map(|((a, b), (c, d))| a.max(*b).max(c.max(*d))));
            }
        }
    }
    Map { count: map.count, height, width, channels, data }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::net::Network;

    /// A VGG-16 with channel counts the fast way can take, ReLUs alive all the way down.
    fn weights() -> NamedWeights {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let mut weights = NamedWeights::new();
        let mut inputs = 3;
        for (block, outputs) in BLOCKS.iter().zip([16, 32, 16, 48, 16]) {
            for layer in *block {
                let bound = (6.0 / (inputs * 9) as f32).sqrt();
                let kernel = (0..outputs * inputs * 9).map(|_| rng.random_range(-bound..bound)).collect();
                weights.insert(format!("features.{layer}.weight"), vec![outputs, inputs, 3, 3], kernel);
                let bias = (0..outputs).map(|_| rng.random_range(-0.5..0.5)).collect();
                weights.insert(format!("features.{layer}.bias"), vec![outputs], bias);
                inputs = outputs;
            }
        }
        weights
    }

    #[test]
    fn features_agree_with_the_plain_convolution() {
        let weights = weights();
        let network = Network::build(&Device::flex(), &weights, 1, 1).unwrap();
        let fast = FrozenBlocks::new(&weights).unwrap().unwrap();
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(9);
        // 80 / 8 = 10 is no multiple of a patch's side: the last patches stick out.
        for size in [64, 80] {
            let photographs: Vec<preprocess::Tensor> = (0..3)
                .map(|_| preprocess::Tensor {
                    shape: [3, size, size],
                    data: (0..3 * size * size).map(|_| rng.random_range(-120.0..120.0)).collect(),
                })
                .collect();
            let (plain, _) = network.block4_features(&photographs).unwrap();
            let fast = fast.run(&photographs).unwrap();
            for (plain, fast) in plain.iter().zip(&fast) {
                let largest = plain.iter().fold(0.0_f32, |a, b| a.max(*b));
                assert!(largest > 1.0 && plain.len() == fast.len());
                for (a, b) in plain.iter().zip(fast) {
                    assert!((a - b).abs() < 1e-4 * largest, "{a} {b} of {largest}");
                }
            }
        }
    }

    #[test]
    fn narrow_networks_are_left_to_the_plain_way() {
        assert!(FrozenBlocks::new(&crate::net::tests::narrow_weights()).unwrap().is_none());
    }
}
