//! `card`: prints a bundle's card, once its files are what its manifest says.

use std::path::PathBuf;

use anyhow::Context;
use ocellus_model::bundle::UnsignedBundle;

use super::{Ui, ui::shell};
use crate::{
    error::{Exit, ExpectedError},
    export::CARD_FILE,
};

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
        let contents = bundle.contents();
        let card = contents.file(CARD_FILE).with_context(|| format!("{} has no card", self.bundle.display()))?;
        ui.result(contents.manifest(), String::from_utf8_lossy(card))?;
        ui.next(format_args!("ocellus-trainer verify --trust KEY.pub {}", shell(&self.bundle)));
        Ok(Exit::Ok)
    }
}
