//! `bench`: how fast this machine prepares photographs, runs the network and trains it, so that a run's length can be
//! reckoned.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use ocellus_model::field::{Field, find_field};
use serde::Serialize;

use super::{Ui, manifest::root_of};
use crate::{
    bucket::{Wanted, at_hand},
    device::DeviceChoice,
    error::{Exit, ExpectedError},
    features::View,
    manifest::Manifest,
    net::{Network, WeightsConvention},
    train::{config::Config, steps_a_second},
};

/// Time spent on each measurement.
const FOR: Duration = Duration::from_secs(5);
/// Photographs that are measured with at most.
const PHOTOGRAPHS: usize = 64;

/// Arguments of `bench`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A manifest of photographs to measure with.
    manifest: PathBuf,
    /// Folder the file names are relative to [default: the manifest's own].
    #[arg(long)]
    root: Option<PathBuf>,
    /// The configuration to measure.
    #[arg(long)]
    config: PathBuf,
    /// Set a key of the configuration, as in --set input.size=320.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Where to compute: flex, wgpu, vulkan, cuda, cuda:N.
    #[arg(long, default_value = "flex")]
    device: DeviceChoice,
    /// Measure only this.
    #[arg(long, value_enum)]
    only: Option<Part>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// From a file to the network's input.
    Views,
    /// Forward through the network.
    Forward,
    /// Whole training steps.
    Steps,
}

/// What was measured, each a second; none where it was not asked for or there are no weights.
#[derive(Debug, Serialize)]
struct Report {
    photographs: usize,
    size: u32,
    device: String,
    /// Decoded, field found, as it is; one thread.
    plain_views: Option<f64>,
    /// Decoded, the field known, changed as in training; one thread.
    changed_views: Option<f64>,
    /// Forward through the whole network, one photograph after the other.
    forward: Option<f64>,
    /// Whole training steps of the configured part, in the configured batches, all cores.
    trained: Option<f64>,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage for a bad configuration, data for a bad manifest or photographs that can't be used.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let usage = |error: &dyn std::fmt::Display| ExpectedError::Usage(error.to_string());
        let config = Config::read_with(&self.config, &self.settings)?;
        let manifest = Manifest::read(&self.manifest)?;
        let root = root_of(&self.manifest, self.root.as_ref());
        let spec = config.spec();
        let step = (manifest.rows.len() / PHOTOGRAPHS).max(1);
        let chosen = manifest.rows.iter().step_by(step).take(PHOTOGRAPHS);
        let root = at_hand(&root, Wanted::of_rows(chosen.clone()), ui)?;
        let files: Vec<Vec<u8>> = chosen.filter_map(|row| std::fs::read(root.join(&row.file)).ok()).collect();
        let decode = |bytes: &[u8]| Some(ocellus_model::image::decode(bytes).ok()?.pixels);
        let mut tensors = Vec::new();
        // A run finds each photograph's field once and remembers it.
        let usable: Vec<(Vec<u8>, Field)> = files
            .into_iter()
            .filter_map(|bytes| {
                let pixels = decode(&bytes)?;
                let field = find_field(&pixels).ok()?;
                if tensors.is_empty() {
                    tensors.push(View(0).tensor(&pixels, &field, &spec, &config.augment, ""));
                }
                Some((bytes, field))
            })
            .collect();
        if usable.is_empty() {
            return Err(ExpectedError::Data(format!("{}: no photograph can be used", self.manifest.display())));
        }
        // The bytes are in memory, so that the disk is not measured.
        let views = |view: u32| {
            self.asks_for(Part::Views).then(|| {
                ui.say(format_args!("preparing view {view} of {} photographs for {} s", usable.len(), FOR.as_secs()));
                let mut at = 0;
                a_second(|| {
                    let (bytes, known) = &usable[at % usable.len()];
                    at += 1;
                    let prepared = decode(bytes).and_then(|pixels| {
                        // As it is, a photograph is seen for the first time.
                        let field = if view == 0 { find_field(&pixels).ok()? } else { *known };
                        Some(View(view).tensor(&pixels, &field, &spec, &config.augment, &at.to_string()))
                    });
                    usize::from(prepared.is_some())
                })
            })
        };
        let (plain_views, changed_views) = (views(0), views(1));
        let has_weights = config.weights.file.is_some() || config.weights.convention == WeightsConvention::Drawn;
        let (mut forward, mut trained) = (None, None);
        if has_weights && (self.asks_for(Part::Forward) || self.asks_for(Part::Steps)) {
            let weights = config.weights.load(config.seed)?;
            if self.asks_for(Part::Forward) {
                let device = self.device.open().map_err(|error| usage(&error))?;
                let network = Network::build(&device, &weights, 1, config.seed).map_err(|error| usage(&error))?;
                // What fails does so at once, and the first run is slower than the others.
                network.logits_and_map(&tensors).map_err(anyhow::Error::from)?;
                ui.say(format_args!("running the network on {} for {} s", self.device, FOR.as_secs()));
                forward = Some(a_second(|| network.logits_and_map(&tensors).map_or(0, |found| found.len())));
            }
            if self.asks_for(Part::Steps) {
                ui.say(format_args!("training on {} for {} s", self.device, FOR.as_secs()));
                trained = Some(steps_a_second(&config, weights, self.device, FOR).map_err(anyhow::Error::from)?);
            }
        }
        let report = Report {
            photographs: usable.len(),
            size: spec.size,
            device: self.device.to_string(),
            plain_views,
            changed_views,
            forward,
            trained,
        };
        let mut text = format!("{} photographs at {} pixels:\n", report.photographs, report.size);
        for (rate, what) in [
            (plain_views, "plain views a second, one thread"),
            (changed_views, "changed views a second, one thread"),
            (forward, "photographs a second through the network"),
            (trained, "photographs a second in training steps"),
        ] {
            if let Some(rate) = rate {
                text.push_str(&format!("  {rate:8.2} {what}\n"));
            }
        }
        if !has_weights {
            text.push_str("  the network was not run: weights.file is not set\n");
        }
        ui.result(&report, text)?;
        ui.next(format_args!("ocellus-trainer train --config {} --out runs/first", super::ui::shell(&self.config)));
        Ok(Exit::Ok)
    }

    fn asks_for(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }
}

/// How many things a second are done; `step` says how many it did.
fn a_second(mut step: impl FnMut() -> usize) -> f64 {
    let start = Instant::now();
    let mut done = 0;
    while start.elapsed() < FOR {
        let now = step();
        // What fails at once would never end.
        if now == 0 {
            break;
        }
        done += now;
    }
    done as f64 / start.elapsed().as_secs_f64()
}
