//! `gate`: measures the quality gate on graded photographs.

use std::path::PathBuf;

use anyhow::Context;

use super::{manifest::root_of, ui::Ui};
use crate::{
    error::{Exit, ExpectedError},
    files::write_atomically,
    gate::{refusals, run, table},
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
        let mut text = format!("{:<12} {:>12} {:>9}  share (95 %)\n", "people said", "photographs", "refused");
        for (grade, refusals) in &found {
            let share = refusals.share.map_or_else(String::new, |share| {
                format!("{:.3} ({:.3} to {:.3})", share.value, share.ci95[0], share.ci95[1])
            });
            text.push_str(&format!("{grade:<12} {:>12} {:>9}  {share}\n", refusals.photographs, refusals.refused));
        }
        ui.result(&found, text)?;
        Ok(if unreadable == 0 { Exit::Ok } else { Exit::SomeUnreadable })
    }
}
