//! `features`: computes the frozen blocks' features ahead of training.

use std::{num::NonZero, path::PathBuf};

use serde::Serialize;

use super::Ui;
use crate::{
    bucket::{Wanted, at_hand},
    device::DeviceChoice,
    error::{Exit, ExpectedError},
    features::{CacheKey, Extraction, FeatureError, digests, extract},
    manifest::Manifest,
    net::{NamedWeights, Network},
    stop::Stop,
    train::config::Config,
};

/// Arguments of `features`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run's configuration (size, colours, weights, number of views, cache).
    #[arg(long)]
    config: PathBuf,
    /// The manifest.
    #[arg(long)]
    manifest: PathBuf,
    /// The folder its files are relative to [default: data.root, else the manifest's folder].
    #[arg(long)]
    root: Option<PathBuf>,
    /// Safetensors file [default: weights.file].
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Folder that holds caches [default: features.cache].
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Number of views [default: features.views].
    #[arg(long)]
    views: Option<u32>,
    /// Where to compute: flex, wgpu, vulkan, cuda, cuda:N.
    #[arg(long, default_value = "flex")]
    device: DeviceChoice,
    /// Workers; each takes one core on `flex` [default: all cores].
    #[arg(long)]
    workers: Option<usize>,
    /// Photographs a worker takes at once.
    #[arg(long, default_value_t = 4)]
    batch: usize,
}

/// The result of `features`.
#[derive(Debug, Serialize)]
struct Report {
    cache: PathBuf,
    computed: usize,
    found: usize,
    skipped: Vec<(String, String)>,
    without_labels: usize,
    seconds: f64,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage for a bad configuration, data for a bad manifest, failed for everything else. Photographs that can't be
    /// used end in [`Exit::SomeUnreadable`].
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let usage = |error: &dyn std::fmt::Display| ExpectedError::Usage(error.to_string());
        let missing = |what: &str, key: &str| ExpectedError::Usage(format!("no {what}: give --{what} or set {key}"));
        let mut config = Config::read(&self.config)?;
        if let Some(views) = self.views {
            config.features.views = views;
        }
        config.check()?;
        let weights_path = self.weights.clone().or(config.weights.file.clone());
        let weights_path = weights_path.ok_or_else(|| missing("weights", "weights.file"))?;
        let root = self.root.clone().or(config.data.root.clone());
        let root = root.unwrap_or_else(|| self.manifest.parent().map(PathBuf::from).unwrap_or_default());
        let device = self.device.open().map_err(|error| usage(&error))?;
        let manifest = Manifest::read(&self.manifest)?;
        let weights = NamedWeights::read(&weights_path).map_err(|error| usage(&error))?;
        let network = Network::build(&device, &weights, 1, config.seed).map_err(|error| usage(&error))?;
        let spec = config.spec();
        let key = CacheKey::new(&spec, &config.augment, &weights, network.block4_shape(spec.size as usize));
        let folder = key.folder(self.cache.as_ref().unwrap_or(&config.features.cache));
        let labelled = manifest.rows.iter().filter(|row| row.labels.iter().any(Option::is_some));
        let files: Vec<String> = labelled.map(|row| row.file.clone()).collect();
        let without_labels = manifest.rows.len() - files.len();
        let views = config.features.views;
        if ui.would(format_args!("compute {views} views of {} photographs into {}", files.len(), folder.display()))? {
            return Ok(Exit::Ok);
        }
        let root = at_hand(&root, Wanted::These(files.iter().map(String::as_str).collect()), ui)?;
        let photos = digests(&files, &root, ui);
        let stop = Stop::of_signals().map_err(anyhow::Error::from)?;
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let extraction = Extraction {
            network: &network,
            key: &key,
            folder: &folder,
            spec: &spec,
            views: config.features.views,
            batch: self.batch,
            workers: self.workers.unwrap_or(cores),
            stop: &stop,
        };
        let summary = extract(&photos, &extraction, ui).map_err(|error| match error {
            FeatureError::Interrupted { .. } => {
                ExpectedError::Interrupted(format!("{error}; the same command goes on"))
            }
            other => anyhow::Error::from(other).context("computing features").into(),
        })?;
        let report = Report {
            cache: folder,
            computed: summary.computed,
            found: summary.found,
            skipped: summary.skipped,
            without_labels,
            seconds: summary.elapsed.as_secs_f64(),
        };
        for (file, reason) in &report.skipped {
            ui.warn(format_args!("skipped {file}: {reason}"));
        }
        let text = format!(
            "{}: {} records computed in {:.0} s ({:.2} a second), {} were there, {} photographs skipped, {} without labels left out\n",
            report.cache.display(),
            report.computed,
            report.seconds,
            report.computed as f64 / report.seconds.max(1e-9),
            report.found,
            report.skipped.len(),
            report.without_labels,
        );
        ui.result(&report, text)?;
        Ok(if report.skipped.is_empty() { Exit::Ok } else { Exit::SomeUnreadable })
    }
}
