//! The network behind a small interface, so that the engine underneath can be exchanged.
//!
//! Terms: a *photograph tensor* is what [`ocellus_model::preprocess`] makes (channels × size × size); *block-4
//! features* are the frozen part's result after the fourth pooling (at 224 pixels 512 × 14 × 14); the *activation map*
//! holds, per output, how much each place of the last feature map says for it: its mean plus the head's bias is the
//! logit, exactly (but the first logit of a network whose [anomaly] heeds its conditions, and the last one of a network
//! that also knows how [unlike](unfamiliarity) a photograph is those that it learnt from). Nothing outside this module,
//! [`crate::train`] and [`crate::features`] knows the engine's types.
//!
//! Not here: training ([`crate::train`]), ONNX, calibration.

mod anomaly;
mod products;
mod unfamiliarity;
mod vgg16;
pub mod weights;
mod winograd;

use burn::tensor::{Device, Tensor, TensorData};
use ocellus_model::preprocess;

pub use anomaly::{ANOMALY_CONDITIONS, LOGITS_HEEDED, heeding_conditions};
pub use unfamiliarity::UNFAMILIARITY;
pub(crate) use vgg16::Vgg16;
pub use vgg16::{BLOCKS, HEAD_BLOCK4, Trainable, block_of};
pub use weights::{NamedWeights, WeightsConvention, WeightsError};

/// Why a network can't be built or run.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The weights don't fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A tensor of another shape than the network takes.
    #[error("input {index} has shape {found:?}, the network takes {expected:?}")]
    Input {
        /// Which of the inputs.
        index: usize,
        /// Its shape.
        found: Vec<usize>,
        /// The shape expected.
        expected: Vec<usize>,
    },
    /// The engine did not hand its numbers back.
    #[error("the engine failed: {0}")]
    Engine(String),
}

/// What a network says of one photograph.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// One logit an output.
    pub logits: Vec<f32>,
    /// Activation map, outputs × height × width, row-major.
    pub map: Vec<f32>,
    /// Outputs, height, width of the map.
    pub map_shape: [usize; 3],
}

/// VGG-16 features up to relu5_3 and a linear head, ready to run on a device.
#[derive(Debug, Clone)]
pub struct Network {
    device: Device,
    vgg: Vgg16,
}

impl Network {
    /// Builds the network on a device. Channel counts are taken from the weights (a pruned network has fewer). When
    /// the weights hold no head, or one of another number of outputs, a new head is drawn from `seed`.
    ///
    /// # Errors
    /// When a weight is missing or has a shape that does not fit its neighbours.
    pub fn build(device: &Device, weights: &NamedWeights, outputs: usize, seed: u64) -> Result<Self, NetError> {
        Ok(Self { device: device.clone(), vgg: Vgg16::build(device, weights, outputs, seed)? })
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.vgg.outputs()
    }

    /// Channels of the input photograph.
    pub fn input_channels(&self) -> usize {
        self.vgg.input_channels()
    }

    /// The device the network lives on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The weights as they are now.
    ///
    /// # Errors
    /// When the engine does not hand them back.
    pub fn weights(&self) -> Result<NamedWeights, NetError> {
        self.vgg.weights()
    }

    pub(crate) fn vgg(&self) -> &Vgg16 {
        &self.vgg
    }

    pub(crate) fn vgg_mut(&mut self) -> &mut Vgg16 {
        &mut self.vgg
    }

    /// Logits and activation maps of photograph tensors, run as one batch.
    ///
    /// # Errors
    /// When a tensor's shape does not fit, or the engine fails.
    pub fn logits_and_map(&self, photographs: &[preprocess::Tensor]) -> Result<Vec<Prediction>, NetError> {
        let Some(first) = photographs.first() else { return Ok(Vec::new()) };
        let batch = self.batch(photographs, first.shape)?;
        let (logits, map) = self.vgg.judged(self.vgg.last_maps(batch));
        let [_, k, h, w] = map.dims();
        let (logits, maps) = (values(logits)?, values(map)?);
        Ok(logits
            .chunks(k)
            .zip(maps.chunks(k * h * w))
            .map(|(logits, map)| Prediction { logits: logits.to_vec(), map: map.to_vec(), map_shape: [k, h, w] })
            .collect())
    }

    /// The last maps of blocks 4 and 5 of photograph tensors, averaged over each photograph: what a head can weigh. One
    /// number a channel, those of block 4 first.
    ///
    /// # Errors
    /// When a tensor's shape does not fit, or the engine fails.
    pub fn pooled(&self, photographs: &[preprocess::Tensor]) -> Result<Vec<Vec<f32>>, NetError> {
        let Some(first) = photographs.first() else { return Ok(Vec::new()) };
        let pooled = self.vgg.last_maps(self.batch(photographs, first.shape)?).pooled();
        let channels = pooled.dims()[1];
        Ok(values(pooled)?.chunks(channels).map(<[f32]>::to_vec).collect())
    }

    /// Block-4 features of photograph tensors: one array a photograph, and their common shape (channels, height,
    /// width).
    ///
    /// # Errors
    /// When a tensor's shape does not fit, or the engine fails.
    pub fn block4_features(&self, photographs: &[preprocess::Tensor]) -> Result<(Vec<Vec<f32>>, [usize; 3]), NetError> {
        let Some(first) = photographs.first() else { return Ok((Vec::new(), [0; 3])) };
        let out = self.vgg.frozen(self.batch(photographs, first.shape)?, 5);
        let [_, c, h, w] = out.dims();
        let flat = values(out)?;
        Ok((flat.chunks(c * h * w).map(<[f32]>::to_vec).collect(), [c, h, w]))
    }

    /// Shape of the block-4 features for photographs of `size` pixels.
    pub fn block4_shape(&self, size: usize) -> [usize; 3] {
        [self.vgg.block4_channels(), size / 16, size / 16]
    }

    /// Joins photograph tensors to one batch on the device.
    pub(crate) fn batch(&self, photographs: &[preprocess::Tensor], shape: [usize; 3]) -> Result<Tensor<4>, NetError> {
        let expected = [self.input_channels(), shape[1], shape[2]];
        let mut data = Vec::with_capacity(photographs.len() * shape.iter().product::<usize>());
        for (index, photograph) in photographs.iter().enumerate() {
            if photograph.shape != expected || photograph.data.len() != expected.iter().product::<usize>() {
                return Err(NetError::Input { index, found: photograph.shape.to_vec(), expected: expected.to_vec() });
            }
            data.extend_from_slice(&photograph.data);
        }
        let data = TensorData::new(data, [photographs.len(), expected[0], expected[1], expected[2]]);
        Ok(Tensor::from_data(data, &self.device))
    }
}

/// The frozen blocks, ready to be run on many photographs: on the processor in the fast way where the channel counts
/// allow it, else as the network does it.
pub struct FrozenRunner<'a> {
    network: &'a Network,
    fast: Option<winograd::FrozenBlocks>,
}

impl<'a> FrozenRunner<'a> {
    /// Prepares a network's frozen blocks.
    ///
    /// # Errors
    /// When the engine does not hand the weights back.
    pub fn new(network: &'a Network) -> Result<Self, NetError> {
        let on_processor = network.device == Device::flex();
        let fast = if on_processor { winograd::FrozenBlocks::new(&network.weights()?)? } else { None };
        Ok(Self { network, fast })
    }

    /// Block-4 features of photograph tensors, channels × height × width each.
    ///
    /// # Errors
    /// When a tensor's shape does not fit, or the engine fails.
    pub fn block4_features(&self, photographs: &[preprocess::Tensor]) -> Result<Vec<Vec<f32>>, NetError> {
        match &self.fast {
            Some(fast) => fast.run(photographs),
            None => Ok(self.network.block4_features(photographs)?.0),
        }
    }
}

/// The numbers of a tensor, row-major.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, NetError> {
    tensor.into_data().try_into_vec::<f32>().map_err(|error| NetError::Engine(format!("{error:?}")))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Weights of a narrow network (4, 4, 6, 6, 8 channels) drawn from a fixed stream.
    pub(crate) fn narrow_weights() -> NamedWeights {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let mut weights = NamedWeights::new();
        let mut inputs = 3;
        for (block, outputs) in BLOCKS.iter().zip([4, 4, 6, 6, 8]) {
            for layer in *block {
                let bound = (6.0 / (inputs * 9) as f32).sqrt();
                let count = outputs * inputs * 9;
                let data = (0..count).map(|_| rng.random_range(-bound..bound)).collect();
                weights.insert(format!("features.{layer}.weight"), vec![outputs, inputs, 3, 3], data);
                let data = (0..outputs).map(|_| rng.random_range(-0.1..0.1)).collect();
                weights.insert(format!("features.{layer}.bias"), vec![outputs], data);
                inputs = outputs;
            }
        }
        weights
    }

    fn photograph(seed: u64, size: usize) -> preprocess::Tensor {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let data = (0..3 * size * size).map(|_| rng.random_range(-1.0f32..1.0)).collect();
        preprocess::Tensor { shape: [3, size, size], data }
    }

    #[test]
    fn the_mean_of_the_activation_map_plus_bias_is_the_logit() {
        let mut weights = Network::build(&Device::flex(), &narrow_weights(), 3, 1).unwrap().weights().unwrap();
        let logits = [false, true].map(|also_block4| {
            if also_block4 {
                // The first output weighs block 5 alone.
                let row = |k: usize| (0..6).map(move |c| k as f32 * (0.3 - 0.1 * c as f32));
                weights.insert(HEAD_BLOCK4, vec![3, 6], (0..3).flat_map(row).collect());
            }
            let network = Network::build(&Device::flex(), &weights, 3, 1).unwrap();
            let bias = network.weights().unwrap().require("head.bias").unwrap().data.clone();
            let predictions = network.logits_and_map(&[photograph(1, 64), photograph(2, 64)]).unwrap();
            for prediction in &predictions {
                assert_eq!(prediction.map_shape, [3, 4, 4]);
                for (k, logit) in prediction.logits.iter().enumerate() {
                    let mean = prediction.map[k * 16..(k + 1) * 16].iter().sum::<f32>() / 16.0 + bias[k];
                    assert!((mean - logit).abs() < 1e-5 * logit.abs().max(1.0), "{mean} {logit}");
                }
            }
            predictions.into_iter().map(|prediction| prediction.logits).collect::<Vec<_>>()
        });
        let [without, with] = logits;
        for (a, b) in without.iter().zip(&with) {
            assert!((a[0] - b[0]).abs() < 1e-6 && (a[1] - b[1]).abs() > 1e-3 && (a[2] - b[2]).abs() > 1e-3);
        }
    }

    #[test]
    fn a_head_weighs_what_was_averaged() {
        let mut weights = Network::build(&Device::flex(), &narrow_weights(), 1, 1).unwrap().weights().unwrap();
        let row: Vec<f32> = (0..14).map(|at| 0.5 - 0.07 * at as f32).collect();
        weights.insert(HEAD_BLOCK4, vec![1, 6], row[..6].to_vec());
        weights.insert("head.weight", vec![1, 8], row[6..].to_vec());
        let network = Network::build(&Device::flex(), &weights, 1, 1).unwrap();
        let pooled = network.pooled(&[photograph(3, 64)]).unwrap().remove(0);
        let expected = pooled.iter().zip(&row).map(|(feature, weight)| feature * weight).sum::<f32>();
        let logit = network.logits_and_map(&[photograph(3, 64)]).unwrap()[0].logits[0];
        assert!(pooled.len() == 14 && (logit - expected).abs() < 1e-5 * logit.abs().max(1.0), "{logit} {expected}");
    }

    /// What tells the unlike ones, in two directions, with a constant.
    fn add_unfamiliarity(weights: &mut NamedWeights, constant: f32) {
        let [mean, scale, weight, last] = UNFAMILIARITY;
        weights.insert(mean, vec![14], (0..14).map(|at| at as f32 / 20.0).collect());
        weights.insert(scale, vec![14], (0..14).map(|at| 0.5 + at as f32 / 10.0).collect());
        weights.insert(weight, vec![2, 14], (0..28).map(|at| 1.0 - (at % 9) as f32 / 4.0).collect());
        weights.insert(last, vec![1], vec![constant]);
    }

    #[test]
    fn the_last_logit_is_the_larger_of_its_own_and_of_the_unfamiliarity_and_the_others_are_what_they_were() {
        let mut weights = Network::build(&Device::flex(), &narrow_weights(), 2, 1).unwrap().weights().unwrap();
        let photographs = [photograph(1, 64), photograph(2, 64)];
        let logits = |weights: &NamedWeights| {
            let network = Network::build(&Device::flex(), weights, 2, 1).unwrap();
            network.logits_and_map(&photographs).unwrap().into_iter().map(|of| of.logits).collect::<Vec<_>>()
        };
        let own = logits(&weights);
        let pooled = Network::build(&Device::flex(), &weights, 2, 1).unwrap().pooled(&photographs).unwrap();
        for constant in [-1000.0, 1000.0] {
            add_unfamiliarity(&mut weights, constant);
            for ((found, own), pooled) in logits(&weights).iter().zip(&own).zip(&pooled) {
                let array = |at: usize| &weights.get(UNFAMILIARITY[at]).unwrap().data;
                let off: Vec<f32> = (0..14).map(|at| (pooled[at].sqrt() - array(0)[at]) * array(1)[at]).collect();
                let along = array(2).chunks(14).map(|row| row.iter().zip(&off).map(|(w, v)| w * v).sum::<f32>());
                let unlike = along.map(|value| value * value).sum::<f32>() + constant;
                let expected = [own[0], own[1].max(unlike)];
                assert!((unlike > own[1]) == (constant > 0.0), "both must be met with: {unlike} {own:?}");
                for (found, expected) in found.iter().zip(expected) {
                    assert!((found - expected).abs() < 1e-4 * expected.abs().max(1.0), "{found} {expected}");
                }
            }
        }
    }

    #[test]
    fn the_anomaly_is_as_probable_as_that_any_output_holds_and_the_others_are_what_they_were() {
        use ocellus_model::label::Output;
        let mut weights = Network::build(&Device::flex(), &narrow_weights(), 4, 1).unwrap().weights().unwrap();
        weights.insert("head.bias", vec![4], vec![-1.0, 0.5, -40.0, 2.0]);
        let outputs = [Output::Anomaly, Output::Opacity, Output::Glaucoma];
        let logits = |weights: &NamedWeights| {
            let network = Network::build(&Device::flex(), weights, 4, 1).unwrap();
            network.logits_and_map(&[photograph(1, 64), photograph(2, 64)]).unwrap()
        };
        let heeding = heeding_conditions(weights.clone(), &outputs);
        for (own, found) in logits(&weights).iter().zip(logits(&heeding)) {
            // By the complement: none of the first three holds.
            let none: f64 = own.logits[..3].iter().map(|logit| 1.0 / (1.0 + f64::from(*logit).exp())).product();
            let expected = ((1.0 - none) / none).ln();
            assert!((f64::from(found.logits[0]) - expected).abs() < 1e-5, "{found:?} {expected}");
            assert!(found.logits[0] > own.logits[0] + 0.1);
            assert_eq!((&found.logits[1..], &found.map), (&own.logits[1..], &own.map));
        }
        // However sure the network is, the logit stays a number.
        for bias in [-300.0, 300.0] {
            let mut sure = heeding.clone();
            sure.insert("head.bias", vec![4], vec![bias; 4]);
            assert!(logits(&sure).iter().all(|prediction| prediction.logits[0].is_finite()));
        }
        assert_eq!(heeding_conditions(weights.clone(), &outputs[..1]), weights, "alone it heeds nothing");
    }

    #[test]
    fn the_way_over_block_4_features_gives_the_same_logits() {
        let network = Network::build(&Device::flex(), &narrow_weights(), 3, 1).unwrap();
        let whole = network.logits_and_map(&[photograph(1, 64)]).unwrap();
        let (features, shape) = network.block4_features(&[photograph(1, 64)]).unwrap();
        assert_eq!(shape, network.block4_shape(64));
        let data = TensorData::new(features.concat(), [1, shape[0], shape[1], shape[2]]);
        let features = network.vgg().forward_from_block(Tensor::from_data(data, network.device()), 5);
        let parts = values(network.vgg().logits(features)).unwrap();
        assert_eq!(whole[0].logits, parts);
    }

    #[test]
    fn weights_survive_the_network_bit_for_bit() {
        let mut weights = narrow_weights();
        add_unfamiliarity(&mut weights, -3.0);
        weights.insert("head.weight", vec![2, 8], vec![0.5; 16]);
        weights.insert("head.bias", vec![2], vec![-0.25; 2]);
        weights.insert(HEAD_BLOCK4, vec![2, 6], vec![0.125; 12]);
        weights.insert(ANOMALY_CONDITIONS, vec![2], vec![1.0, 0.5]);
        let network = Network::build(&Device::flex(), &weights, 2, 1).unwrap();
        assert_eq!(network.weights().unwrap(), weights);
    }

    #[test]
    fn a_head_of_another_size_is_drawn_anew_and_the_same_for_the_same_seed() {
        let build = |seed| Network::build(&Device::flex(), &narrow_weights(), 5, seed).unwrap().weights().unwrap();
        assert_eq!(build(3).digest(), build(3).digest());
        assert_ne!(build(3).digest(), build(4).digest());
        assert_eq!(build(3).require("head.weight").unwrap().shape, [5, 8]);
    }

    #[test]
    fn weights_that_do_not_fit_are_refused_by_name() {
        let mut weights = narrow_weights();
        weights.insert("features.7.weight", vec![4, 9, 3, 3], vec![0.0; 4 * 81]);
        let error = Network::build(&Device::flex(), &weights, 2, 1).unwrap_err().to_string();
        assert!(error.contains("features.7.weight"), "{error}");
        let mut weights = Network::build(&Device::flex(), &narrow_weights(), 2, 1).unwrap().weights().unwrap();
        weights.insert(HEAD_BLOCK4, vec![2, 5], vec![0.0; 10]);
        let error = Network::build(&Device::flex(), &weights, 2, 1).unwrap_err().to_string();
        assert!(error.contains(HEAD_BLOCK4) && error.contains("[2, 6]"), "{error}");
        let mut weights = Network::build(&Device::flex(), &narrow_weights(), 2, 1).unwrap().weights().unwrap();
        add_unfamiliarity(&mut weights, 0.0);
        weights.insert(UNFAMILIARITY[1], vec![13], vec![1.0; 13]);
        let error = Network::build(&Device::flex(), &weights, 2, 1).unwrap_err().to_string();
        assert!(error.contains("unfamiliarity.scale") && error.contains("[14]"), "{error}");
        let mut weights = Network::build(&Device::flex(), &narrow_weights(), 2, 1).unwrap().weights().unwrap();
        weights.insert(ANOMALY_CONDITIONS, vec![3], vec![1.0; 3]);
        let error = Network::build(&Device::flex(), &weights, 2, 1).unwrap_err().to_string();
        assert!(error.contains(ANOMALY_CONDITIONS) && error.contains("at most 2"), "{error}");
        let error = Network::build(&Device::flex(), &NamedWeights::new(), 2, 1).unwrap_err().to_string();
        assert!(error.contains("features.0.weight") && error.contains("missing"), "{error}");
    }

    #[test]
    fn a_photograph_of_another_shape_is_refused() {
        let network = Network::build(&Device::flex(), &narrow_weights(), 2, 1).unwrap();
        let grey = preprocess::Tensor { shape: [1, 64, 64], data: vec![0.0; 64 * 64] };
        assert!(matches!(network.logits_and_map(&[grey]), Err(NetError::Input { .. })));
        assert!(matches!(
            network.logits_and_map(&[photograph(1, 64), photograph(1, 32)]),
            Err(NetError::Input { index: 1, .. })
        ));
    }
}
