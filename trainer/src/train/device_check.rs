//! Does a device compute the same training step as the processor?
//!
//! One step of block 5 and the head on a small made-up batch, on the processor and on the device: the loss and every
//! gradient's norm have to agree. This can be run on a software device, so it checks a GPU's code without a GPU.

use ocellus_model::preprocess;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::{TrainError, config::LossConfig, loss};
use crate::{
    device::DeviceChoice,
    net::{NamedWeights, NetError, Network, Trainable, values},
    task::LossKind,
};

/// Relative difference up to which two devices agree on a loss and on a gradient's norm.
pub const TOLERANCE: f64 = 1e-4;
/// Channels of the small network's blocks.
const WIDTHS: [usize; 5] = [8, 16, 16, 24, 32];

/// One number on both devices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// `loss`, or the name of the weights whose gradient's norm this is.
    pub name: String,
    /// On the processor.
    pub flex: f64,
    /// On the device.
    pub device: f64,
    /// |difference| over the processor's magnitude.
    pub relative: f64,
}

/// The result of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The device compared.
    pub device: String,
    /// Loss first, then all gradients of the trained weights.
    pub compared: Vec<Compared>,
}

impl Report {
    /// The largest relative difference.
    pub fn worst(&self) -> f64 {
        self.compared.iter().map(|compared| compared.relative).fold(0.0, f64::max)
    }

    /// Whether all numbers agree within [`TOLERANCE`].
    pub fn agrees(&self) -> bool {
        self.compared.iter().all(|compared| compared.relative <= TOLERANCE)
    }
}

/// Compares a device with the processor. `weights`: of a whole VGG-16, or none for small made-up ones (a fraction of
/// the time; same operators). `size`: side of the photographs, a multiple of 16.
///
/// # Errors
/// When the device is not there or fails.
pub fn check(
    choice: DeviceChoice,
    weights: Option<&NamedWeights>,
    size: usize,
    trainable: Trainable,
) -> Result<Report, TrainError> {
    let made = NamedWeights::drawn(WIDTHS, 5);
    let weights = weights.unwrap_or(&made);
    let flex = step(DeviceChoice::Flex, weights, size, trainable)?;
    let other = step(choice, weights, size, trainable)?;
    let compared = flex
        .into_iter()
        .zip(other)
        .map(|((name, flex), (_, device))| {
            let relative = (flex - device).abs() / flex.abs().max(f64::MIN_POSITIVE);
            // A number that is none agrees with nothing.
            let relative = if relative.is_nan() { f64::INFINITY } else { relative };
            Compared { name, flex, device, relative }
        })
        .collect();
    Ok(Report { device: choice.to_string(), compared })
}

/// Loss and gradient norms of one step on a batch of two, everything drawn from fixed streams.
fn step(
    choice: DeviceChoice,
    weights: &NamedWeights,
    size: usize,
    trainable: Trainable,
) -> Result<Vec<(String, f64)>, TrainError> {
    let device = choice.open().map_err(|error| TrainError::Data(error.to_string()))?;
    let network = Network::build(&device, weights, 3, 1)?;
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let channels = network.input_channels();
    let photographs: Vec<preprocess::Tensor> = (0..2)
        .map(|_| preprocess::Tensor {
            shape: [channels, size, size],
            data: (0..channels * size * size).map(|_| rng.random_range(-100.0..100.0)).collect(),
        })
        .collect();
    let input = network.batch(&photographs, [channels, size, size])?;
    let mut vgg = network.vgg().clone();
    for (_, mut parameter) in vgg.parameters(trainable) {
        parameter.track();
    }
    let table = |data: [f32; 6]| {
        burn::tensor::Tensor::<2>::from_data(burn::tensor::TensorData::new(data.to_vec(), [2, 3]), &device)
    };
    let first = trainable.first_block();
    let logits = vgg.logits(vgg.forward_from_block(vgg.frozen(input, first), first));
    let targets = table([1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    let loss = loss::tensor(
        LossKind::Binary,
        &LossConfig::default(),
        logits,
        targets,
        table([1.0, 2.0, 0.0, 0.5, 1.0, 1.0]),
        2.0,
    );
    let first = values(loss.clone().inner())?.first().copied().unwrap_or(f32::NAN);
    let mut result = vec![("loss".to_owned(), f64::from(first))];
    let mut gradients = loss.backward();
    for (name, parameter) in vgg.parameters(trainable) {
        let gradient = parameter
            .gradient(&mut gradients)
            .ok_or_else(|| NetError::Engine(format!("no gradient came back for {name}")))?;
        let sum: f64 = values(gradient)?.iter().map(|value| f64::from(*value).powi(2)).sum();
        result.push((name, sum.sqrt()));
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_agrees_with_itself_to_the_last_bit() {
        for trainable in [Trainable::Head, Trainable::Block5, Trainable::All] {
            let report = check(DeviceChoice::Flex, None, 32, trainable).unwrap();
            assert_eq!(report.worst(), 0.0);
            assert!(report.compared.iter().all(|compared| compared.flex > 0.0), "{report:?}");
        }
    }

    #[test]
    fn a_difference_or_a_nan_is_no_agreement() {
        let compared = |relative| Compared { name: "loss".into(), flex: 1.0, device: 1.0, relative };
        for bad in [2e-4, f64::INFINITY] {
            let report = Report { device: "x".into(), compared: vec![compared(0.0), compared(bad)] };
            assert!(!report.agrees());
        }
    }

    #[cfg(feature = "wgpu")]
    #[test]
    fn wgpu_takes_the_same_training_step_as_the_processor() {
        for trainable in [Trainable::Block5, Trainable::All] {
            let report = check(DeviceChoice::Wgpu, None, 64, trainable).unwrap();
            assert!(report.agrees(), "{report:#?}");
        }
    }
}
