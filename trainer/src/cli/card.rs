//! `card`: prints a bundle's card, once its files are what its manifest says.

use std::path::PathBuf;

use anyhow::Context;
use ocellus_model::bundle::UnsignedBundle;

use super::{Ui, ui::shell};
use crate::error::{Exit, ExpectedError};

/// The card's file in a bundle.
const CARD_FILE: &str = "README.md";

/// Arguments of `card`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bundle's folder.
    bundle: PathBuf,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Bundle for one that is damaged, failed where it has no card.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let bundle = UnsignedBundle::open(&self.bundle).map_err(|error| ExpectedError::Bundle(error.to_string()))?;
        let path = self.bundle.join(CARD_FILE);
        let card = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        ui.result(bundle.contents().manifest(), card)?;
        ui.next(format_args!("ocellus-trainer verify --trust KEY.pub {}", shell(&self.bundle)));
        Ok(Exit::Ok)
    }
}
