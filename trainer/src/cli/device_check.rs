//! `device-check`: does a device compute the same training step as the processor?

use std::path::PathBuf;

use super::Ui;
use crate::{
    device::DeviceChoice,
    error::{Exit, ExpectedError},
    net::{NamedWeights, Trainable},
    train::device_check::{TOLERANCE, check},
};

/// Arguments of `device-check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The device to compare with the processor: wgpu, vulkan, cuda, cuda:N.
    #[arg(long)]
    device: DeviceChoice,
    /// Weights of a whole VGG-16; without, a small made-up network with the same operators is used.
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Side of the made-up photographs, in pixels.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(16..=1024))]
    size: u16,
    /// Train the whole network instead of block 5 and the head.
    #[arg(long)]
    all: bool,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage when the device or the weights are not there; failed when the device fails or disagrees.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let usage = |error: &dyn std::fmt::Display| ExpectedError::Usage(error.to_string());
        self.device.open().map_err(|error| usage(&error))?;
        if !self.size.is_multiple_of(16) {
            return Err(ExpectedError::Usage(format!("--size is {}, expected a multiple of 16", self.size)));
        }
        let weights = self.weights.as_deref().map(NamedWeights::read).transpose().map_err(|error| usage(&error))?;
        let trainable = if self.all { Trainable::All } else { Trainable::Block5 };
        let report = check(self.device, weights.as_ref(), usize::from(self.size), trainable)
            .map_err(|error| ExpectedError::Failed(error.into()))?;
        let mut text = format!("{:<24} {:>14} {:>14} {:>10}\n", "", "flex", &report.device, "relative");
        for line in &report.compared {
            text.push_str(&format!(
                "{:<24} {:>14.7} {:>14.7} {:>10.1e}\n",
                line.name, line.flex, line.device, line.relative
            ));
        }
        let verdict = if report.agrees() { "agrees with" } else { "DISAGREES with" };
        text.push_str(&format!(
            "{} {verdict} the processor: largest relative difference {:.1e}, tolerance {TOLERANCE:.0e}\n",
            report.device,
            report.worst()
        ));
        ui.result(&report, text)?;
        Ok(if report.agrees() { Exit::Ok } else { Exit::Failed })
    }
}
