//! `verify`: checks a bundle the way a device does.

use std::path::PathBuf;

use ocellus_model::bundle::Bundle;

use super::ui::{Ui, shell};
use crate::{
    device::DeviceChoice,
    error::{Exit, ExpectedError},
    predict::{EngineChoice, Predictor},
    sign::read_public,
};

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A public key to trust; may be given several times.
    #[arg(long, required = true)]
    trust: Vec<PathBuf>,
    /// The bundle's folder.
    bundle: PathBuf,
}

impl Args {
    /// Runs the verb: signature, manifest, digests, and the self-test with both engines.
    ///
    /// # Errors
    /// Bundle at the first thing a device would refuse, usage when a key can't be read.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let trusted = self.trust.iter().map(|path| read_public(path)).collect::<Result<Vec<_>, _>>()?;
        let bundle = Bundle::open(&self.bundle, &trusted).map_err(|error| ExpectedError::Bundle(error.to_string()))?;
        let device = DeviceChoice::Flex.open().map_err(|error| ExpectedError::Usage(error.to_string()))?;
        let mut text = format!("{}: signature and digests hold\n", self.bundle.display());
        let mut tests = serde_json::Map::new();
        for (name, engine) in [("tract", EngineChoice::Tract), ("burn", EngineChoice::Burn)] {
            let refused = |error: &dyn std::fmt::Display| {
                ExpectedError::Bundle(format!("{}: {name}: {error}", self.bundle.display()))
            };
            let predictor =
                Predictor::of_bundle(bundle.contents(), engine, &device).map_err(|error| refused(&error))?;
            let run = |tensor: &ocellus_model::preprocess::Tensor| {
                predictor.logits(std::slice::from_ref(tensor)).map(|mut logits| logits.remove(0))
            };
            let report = bundle.contents().self_test(run).map_err(|error| refused(&error))?;
            text.push_str(&format!(
                "self-test with {name}: {} photographs, largest difference {:.1e}\n",
                report.photographs, report.worst
            ));
            tests.insert(
                name.to_owned(),
                serde_json::json!({ "photographs": report.photographs, "worst": report.worst }),
            );
        }
        let value =
            serde_json::json!({ "bundle": self.bundle, "digest": bundle.digest().to_string(), "self_test": tests });
        ui.result(&value, text)?;
        ui.next(format_args!("ocellus screen --bundle {} PHOTOGRAPH", shell(&self.bundle)));
        Ok(Exit::Ok)
    }
}
