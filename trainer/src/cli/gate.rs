//! `gate`: measures the quality gate on graded photographs.

use std::path::PathBuf;

use anyhow::Context;

use super::{manifest::root_of, ui::Ui};
use crate::{
    bucket::{Wanted, at_hand},
    error::{Exit, ExpectedError},
    files::write_atomically,
    gate::{refusals, run, table, text},
    manifest::Manifest,
};

/// Arguments of `gate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The manifest; its column `quality` says what people thought of a photograph.
    #[arg(long)]
    manifest: PathBuf,
    /// Folder the file names are relative to [default: the manifest's own].
    #[arg(long)]
    root: Option<PathBuf>,
    /// Only the photographs that somebody graded.
    #[arg(long)]
    graded: bool,
    /// Write a table with the measures of every photograph here (CSV).
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Data for a bad manifest. Photographs that can't be read end in [`Exit::SomeUnreadable`].
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let mut manifest = Manifest::read(&self.manifest)?;
        if self.graded {
            manifest.rows.retain(|row| row.quality.is_some());
        }
        let root = root_of(&self.manifest, self.root.as_ref());
        let root = at_hand(&root, Wanted::of_rows(&manifest.rows), ui)?;
        let mut gated = Vec::new();
        let mut unreadable = 0;
        for photograph in run(&manifest.rows, &root, ui) {
            match photograph {
                Ok(photograph) => gated.push(photograph),
                Err((path, reason)) => {
                    unreadable += 1;
                    ui.warn(format_args!("{}: {reason}", path.display()));
                }
            }
        }
        if let Some(path) = &self.out {
            let csv = table(&gated).map_err(anyhow::Error::from)?;
            write_atomically(path, &csv).with_context(|| path.display().to_string())?;
        }
        let found = refusals(&gated);
        ui.result(&found, text(&found))?;
        Ok(if unreadable == 0 { Exit::Ok } else { Exit::SomeUnreadable })
    }
}
