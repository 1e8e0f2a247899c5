//! How many photographs a second a configuration's training step takes in, without data: what a run's length is reckoned
//! from, and what is compared with other engines.

use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    TrainError,
    config::Config,
    dataset::{Sample, Source},
    optimizer::Optimizer,
    run::default_workers,
    step::{Chosen, Stepper},
    workers::Workers,
};
use crate::{
    device::DeviceChoice,
    features::{Photo, View},
    net::{NamedWeights, Network},
    task::Task,
};

/// Photographs a second of whole steps (forward, backward, optimiser) of the configured part of the network on drawn
/// inputs: block-4 features where these would come from the cache, else pixels. At least one step is taken, then as many
/// as begin within `duration`.
///
/// # Errors
/// When the task needs data to be settled, or the engine fails.
pub fn steps_a_second(
    config: &Config,
    weights: NamedWeights,
    device: DeviceChoice,
    duration: Duration,
) -> Result<f64, TrainError> {
    let task = Task::settle(config.task, config.classes.as_deref(), std::iter::empty()).map_err(TrainError::Data)?;
    let outputs = task.names().len();
    let open = device.open().map_err(|error| TrainError::Data(error.to_string()))?;
    let mut network = Network::build(&open, &weights, outputs, config.seed)?;
    drop(weights);
    let spec = config.spec();
    let (shape, high) = if config.trainable.starts_from_block4() {
        // What comes out of a rectifier is not negative.
        (network.block4_shape(spec.size as usize), 4.0)
    } else {
        (spec.shape(), 1.0)
    };
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    let drawn: Vec<f32> = (0..shape.iter().product()).map(|_| rng.random_range(0.0..high)).collect();
    let sample = Sample {
        photo: Photo { file: String::new(), path: "".into(), sha256: Ok(String::new()) },
        sha256: String::new(),
        field: None,
        source: String::new(),
        case: 0,
        targets: (0..outputs).map(|output| (output % 2) as f32).collect(),
        known: vec![true; outputs],
        weights: vec![1.0; outputs],
    };
    let workers = Workers::new(default_workers(device))?;
    let stepper = Stepper {
        workers: &workers,
        source: &Source::Drawn(&drawn, shape),
        trainable: config.trainable,
        loss: task.loss(),
        bent: config.loss.clone(),
        micro_batch: config.schedule.micro_batch,
    };
    let batch = vec![Chosen { sample: &sample, view: View(0), kept: 1.0 }; config.schedule.batch];
    let mut optimizer = Optimizer::new(&config.optimizer);
    let mut step = || -> Result<(), TrainError> {
        let result = stepper.gradients(&network, &batch, (batch.len() * outputs) as f64)?;
        // So small a rate that the numbers stay what they are, and with them the time they take.
        optimizer.change(config, &mut network, &mut None, result, 1e-9, &workers)
    };
    // The first one makes what the others find made.
    step()?;
    let (started, mut taken) = (Instant::now(), 0);
    while taken == 0 || started.elapsed() < duration {
        step()?;
        taken += 1;
    }
    Ok((taken * batch.len()) as f64 / started.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_taken_from_features_and_from_pixels() {
        let settings = ["input.size=64", "schedule.batch=2"].map(str::to_owned);
        let mut config = Config::simple().with(&settings).unwrap();
        let weights = NamedWeights::drawn([2, 2, 3, 3, 4], 1);
        let speed = |config: &Config| {
            steps_a_second(config, weights.clone(), DeviceChoice::Flex, Duration::from_millis(50)).unwrap()
        };
        assert!(speed(&config) > 0.0);
        config.trainable = crate::net::Trainable::Block5;
        assert!(speed(&config) > 0.0);
    }
}
