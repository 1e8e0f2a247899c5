//! `explore`: one page that shows a data set, and what the camera gives away of its labels.

use std::path::PathBuf;

use anyhow::Context;

use super::{
    manifest::root_of,
    ui::{Ui, shell},
};
use crate::{
    bucket::{Wanted, at_hand},
    error::{Exit, ExpectedError},
    evaluate::frame::CONFOUNDED,
    explore::{Exploration, explore, html},
    files::write_atomically,
    manifest::Manifest,
};

/// Arguments of `explore`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The manifest.
    manifest: PathBuf,
    /// Folder the file names are relative to [default: the manifest's own].
    #[arg(long)]
    root: Option<PathBuf>,
    /// The page to write; explore.json lands beside it.
    #[arg(long, default_value = "explore.html")]
    out: PathBuf,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Data for a bad manifest, failed when the page can't be written. Unreadable photographs end in
    /// [`Exit::SomeUnreadable`].
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let manifest = Manifest::read(&self.manifest)?;
        let root = root_of(&self.manifest, self.root.as_ref());
        let found = explore(&manifest.rows, &at_hand(&root, Wanted::of_rows(&manifest.rows), ui)?, ui);
        let pages = [self.out.clone(), self.out.with_extension("json")].map(|path| path.display().to_string());
        if ui.would(format_args!("write {}", pages.join(" and ")))? {
            return Ok(Exit::Ok);
        }
        write_atomically(&self.out, html(&found, &self.manifest.display().to_string()).as_bytes())
            .with_context(|| self.out.display().to_string())?;
        let json = self.out.with_extension("json");
        let text_of = serde_json::to_vec_pretty(&found).map_err(anyhow::Error::from)?;
        write_atomically(&json, &text_of).with_context(|| json.display().to_string())?;
        ui.result(&found, text(&found, &self.out))?;
        ui.next(format_args!("ocellus-trainer split {} --root {} --out split", shell(&self.manifest), shell(&root)));
        Ok(if found.unreadable.is_empty() { Exit::Ok } else { Exit::SomeUnreadable })
    }
}

fn text(found: &Exploration, page: &std::path::Path) -> String {
    let mut text = format!(
        "{}: {} photographs of {} eyes or patients, {} unreadable, {} pairs that look the same\n",
        page.display(),
        found.photographs,
        found.components,
        found.unreadable.len(),
        found.twins.len()
    );
    let warned: Vec<_> = found.confounds.iter().filter(|confound| confound.warns()).collect();
    if found.confounds.iter().all(|confound| confound.auroc.is_none()) {
        text.push_str("too few photographs with and without a label to measure what the frame gives away\n");
    } else if warned.is_empty() {
        text.push_str("no label can be told from the frame alone\n");
    } else {
        text.push_str(&format!("warning: told from frame and colours alone with an AUROC above {CONFOUNDED}:\n"));
    }
    for confound in warned {
        let auroc = confound.auroc.map(|auroc| auroc.value).unwrap_or_default();
        text.push_str(&format!(
            "  {:<28} {:<20} {auroc:.3}\n",
            confound.output.as_str(),
            confound.source.as_deref().unwrap_or("all sources")
        ));
    }
    text
}
