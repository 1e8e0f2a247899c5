//! `manifest`: check one, or write one from a common layout.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::ui::{Ui, shell};
use crate::{
    bucket::{Wanted, at_hand},
    error::{Exit, ExpectedError},
    manifest::{Manifest, Row, check::check, from_image_folder, from_multi_hot_csv, from_odir, write_rows},
};

/// At most this many problems are printed; all are in the JSON.
const PROBLEMS_SHOWN: usize = 20;

/// Arguments of `manifest`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Look for every photograph and count what is known of them, by source and label.
    Check {
        /// The manifest (CSV).
        manifest: PathBuf,
        /// Folder its file names are relative to [default: the manifest's own].
        #[arg(long)]
        root: Option<PathBuf>,
        /// Also compare every photograph's SHA-256 with the manifest's.
        #[arg(long)]
        digests: bool,
    },
    /// Write a manifest of a folder with one folder a class, named like the labels.
    FromFolders {
        /// The folder of class folders.
        root: PathBuf,
        /// Name of the camera, clinic or data set.
        #[arg(long)]
        source: String,
        /// The manifest to write.
        #[arg(long)]
        out: PathBuf,
    },
    /// Write a manifest of a table with one 0/1 column a label, or a column of label names (also Hugging Face's
    /// metadata.csv).
    FromTable {
        /// The table (CSV).
        table: PathBuf,
        /// Folder the photographs lie in.
        #[arg(long)]
        root: PathBuf,
        /// Name of the camera, clinic or data set.
        #[arg(long)]
        source: String,
        /// The manifest to write.
        #[arg(long)]
        out: PathBuf,
    },
    /// Write a manifest of the table of ODIR-5K: both eyes' files and diagnostic keywords a line.
    FromOdir {
        /// The table (full_df.csv).
        table: PathBuf,
        /// Folder the photographs lie in.
        #[arg(long)]
        root: PathBuf,
        /// Name of the data set.
        #[arg(long, default_value = "odir")]
        source: String,
        /// The manifest to write.
        #[arg(long)]
        out: PathBuf,
    },
}

/// The folder a manifest's file names are relative to, when none is named.
pub(super) fn root_of(manifest: &Path, root: Option<&PathBuf>) -> PathBuf {
    root.cloned().unwrap_or_else(|| match manifest.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    })
}

impl Args {
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        match &self.what {
            What::Check { manifest, root, digests } => {
                let root = root_of(manifest, root.as_ref());
                check_manifest(ui, manifest, &root, *digests)
            }
            What::FromFolders { root, source, out } => {
                let (rows, left_out) = from_image_folder(&at_hand(root, Wanted::All, ui)?, source)?;
                if let Some(first) = left_out.first() {
                    ui.warn(format_args!(
                        "left out: {} files that are no photographs or lie in no class folder, the first is {}",
                        left_out.len(),
                        first.display()
                    ));
                }
                write(ui, root, out, rows)
            }
            What::FromTable { table, root, source, out } => {
                let (rows, ignored) = from_multi_hot_csv(table, &at_hand(root, Wanted::All, ui)?, source)?;
                if !ignored.is_empty() {
                    ui.say(format_args!("left out, not labels: {}", ignored.join(", ")));
                }
                write(ui, root, out, rows)
            }
            What::FromOdir { table, root, source, out } => {
                let rows = from_odir(table, &at_hand(root, Wanted::All, ui)?, source)?;
                write(ui, root, out, rows)
            }
        }
    }
}

fn check_manifest(ui: &Ui, path: &Path, root: &Path, digests: bool) -> Result<Exit, ExpectedError> {
    let manifest = Manifest::read(path)?;
    let here = at_hand(root, Wanted::of_rows(&manifest.rows), ui)?;
    let progress = ui.progress("looking for photographs", manifest.rows.len() as u64);
    let report = check(&manifest, &here, digests, || progress.inc(1));
    drop(progress);
    ui.result(&report, &report)?;
    if !report.repeated.is_empty() {
        let first = report.repeated.first().map_or("", String::as_str);
        ui.warn(format_args!("{} files appear in more than one row, the first is {first}", report.repeated.len()));
    }
    if report.problems.is_empty() {
        ui.next(format_args!("ocellus-trainer split {} --root {} --out split", shell(path), shell(root)));
        return Ok(Exit::Ok);
    }
    for problem in report.problems.iter().take(PROBLEMS_SHOWN) {
        eprintln!("{}: {}", problem.file, problem.what);
    }
    let rest = report.problems.len().saturating_sub(PROBLEMS_SHOWN);
    let more = if rest > 0 { format!(", {rest} more not shown (all are in --json)") } else { String::new() };
    Err(ExpectedError::Data(format!("{}: {} problems{more}", path.display(), report.problems.len())))
}

fn write(ui: &Ui, root: &Path, out: &Path, rows: Vec<Row>) -> Result<Exit, ExpectedError> {
    if ui.would(format_args!("write {} photographs to {}", rows.len(), out.display()))? {
        return Ok(Exit::Ok);
    }
    write_rows(out, &rows)?;
    ui.say(format_args!("{}: {} photographs", out.display(), rows.len()));
    ui.next(format_args!("ocellus-trainer manifest check {} --root {}", shell(out), shell(root)));
    Ok(Exit::Ok)
}
