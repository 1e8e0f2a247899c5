//! The network a verb runs: a run folder or a bundle.

use std::path::PathBuf;

use ocellus_model::bundle::UnsignedBundle;

use crate::{
    device::DeviceChoice,
    error::ExpectedError,
    predict::{EngineChoice, PredictError, Predictor},
    trained_on::TrainedOn,
};

/// Arguments that name a network.
#[derive(Debug, clap::Args)]
pub(super) struct NetworkArgs {
    /// A finished run's folder.
    #[arg(long, required_unless_present = "bundle", conflicts_with = "bundle")]
    run: Option<PathBuf>,
    /// A bundle's folder. Its digests are checked; its signature is not (`verify` does).
    #[arg(long)]
    bundle: Option<PathBuf>,
    /// What computes.
    #[arg(long, value_enum, default_value = "burn")]
    engine: EngineChoice,
    /// Where burn computes: flex, wgpu, vulkan, cuda, cuda:N.
    #[arg(long, default_value = "flex")]
    device: DeviceChoice,
}

impl NetworkArgs {
    /// Loads the network; also says what it is, in words.
    pub(super) fn load(&self) -> Result<(Predictor, String), ExpectedError> {
        let device = self.device.open().map_err(|error| ExpectedError::Usage(error.to_string()))?;
        match (&self.run, &self.bundle) {
            (_, Some(folder)) => {
                let bundle = UnsignedBundle::open(folder).map_err(|error| ExpectedError::Bundle(error.to_string()))?;
                let contents = bundle.contents();
                let manifest = contents.manifest();
                let digest = ocellus_model::bundle::Digest::of(bundle.to_be_signed()).short();
                let words = format!(
                    "Bundle {} {} (sequence {}, {digest}), engine {:?}.",
                    manifest.name, manifest.version, manifest.sequence, self.engine
                );
                Ok((Predictor::of_bundle(contents, self.engine, &device).map_err(expected)?, words))
            }
            (Some(_), None) if self.engine == EngineChoice::Tract => {
                Err(ExpectedError::Usage("--engine tract needs --bundle: a run has no ONNX yet".to_owned()))
            }
            (Some(run), None) => {
                let words = format!("Run {} (best epoch, no thresholds yet).", run.display());
                Ok((Predictor::of_run(run, &device).map_err(expected)?, words))
            }
            (None, None) => Err(ExpectedError::Usage("no network: give --run or --bundle".to_owned())),
        }
    }

    /// Which photographs made the network; none where nothing is said of them.
    pub(super) fn trained_on(&self) -> Result<Option<TrainedOn>, ExpectedError> {
        let Some(folder) = self.bundle.as_ref().or(self.run.as_ref()) else { return Ok(None) };
        TrainedOn::read(folder).map_err(|error| ExpectedError::Usage(error.to_string()))
    }

    /// As it was typed, for the next command.
    pub(super) fn as_typed(&self) -> String {
        let named = |name: &str, path: &PathBuf| format!("--{name} {}", super::ui::shell(path));
        self.bundle
            .as_ref()
            .map(|bundle| named("bundle", bundle))
            .or_else(|| self.run.as_ref().map(|run| named("run", run)))
            .unwrap_or_default()
    }

    /// The run folder, if it is one.
    pub(super) fn run(&self) -> Option<&PathBuf> {
        self.run.as_ref()
    }
}

/// The exit code that goes with an error.
pub(super) fn expected(error: PredictError) -> ExpectedError {
    match error {
        PredictError::Run(_) | PredictError::Weights(_) => ExpectedError::Usage(error.to_string()),
        PredictError::Tract(_) | PredictError::Onnx(_) | PredictError::NoFeatures | PredictError::Outputs { .. } => {
            ExpectedError::Bundle(error.to_string())
        }
        PredictError::Net(_) => anyhow::Error::from(error).into(),
    }
}
