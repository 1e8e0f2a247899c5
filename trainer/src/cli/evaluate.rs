//! `evaluate`: figures of a run or bundle on labelled photographs.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{
    manifest::root_of,
    network::{NetworkArgs, expected},
    ui::{Ui, shell},
};
use crate::{
    bucket::{Wanted, at_hand},
    error::{Exit, ExpectedError},
    evaluate::{
        Metrics,
        borders::swapped,
        evaluate, html, look, markdown,
        parts::{Gathered, gather},
        predictions_csv,
        stored::{METRICS_FILE, PREDICTIONS_FILE},
        suspects_csv,
    },
    files::{sha256_of, write_atomically},
    gate,
    manifest::Manifest,
    shard::Shard,
    train::{CONFIG_FILE, config::Config},
    trained_on::Overlap,
};

/// At most this many unreadable photographs are printed; all are in the report.
const SHOWN: usize = 20;

/// Arguments of `evaluate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    network: NetworkArgs,
    /// The manifest, which should hold no photograph that trained or chose the network.
    #[arg(long, required_unless_present = "split", conflicts_with = "split")]
    manifest: Option<PathBuf>,
    /// Folder of a split; its test.csv is taken.
    #[arg(long)]
    split: Option<PathBuf>,
    /// Folder the file names are relative to [default: the manifest's own].
    #[arg(long)]
    root: Option<PathBuf>,
    /// Print how often photographs are refused by the quality gate instead of the whole report; it is always measured.
    #[arg(long)]
    gate: bool,
    /// Part of the people screened who are taken for abnormal in predictive values.
    #[arg(long, default_value_t = 0.1)]
    prevalence: f64,
    /// Judge each photograph once more in the frame of one of another source, which takes as long again: what does the frame
    /// move?
    #[arg(long)]
    swap_borders: bool,
    /// Folder to write metrics.json, predictions.csv, suspects.csv, report.md and report.html to [default: `evaluation` in the run's folder, or
    /// here for a bundle, which holds nothing unlisted].
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Data for a bad manifest, bundle or usage for a bad network, failed when something can't be written. Photographs
    /// that can't be judged end in [`Exit::SomeUnreadable`].
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        if !(self.prevalence > 0.0 && self.prevalence < 1.0) {
            return Err(ExpectedError::Usage(format!("--prevalence {}: expected above 0, below 1", self.prevalence)));
        }
        let shard = Shard::of_environment()?;
        if self.swap_borders && !shard.is_whole() {
            return Err(ExpectedError::Usage(format!(
                "--swap-borders takes frames from all photographs, this process has {shard}: run it in one process"
            )));
        }
        let path = match (&self.manifest, &self.split) {
            (Some(manifest), _) => manifest.clone(),
            (None, Some(split)) => split.join("test.csv"),
            (None, None) => {
                return Err(ExpectedError::Usage("nothing to judge: give --manifest or --split".to_owned()));
            }
        };
        let out = self.out.clone().unwrap_or_else(|| {
            self.network.run().map_or_else(|| PathBuf::from("evaluation"), |run| run.join("evaluation"))
        });
        let manifest = Manifest::read(&path)?;
        let root = root_of(&path, self.root.as_ref());
        let (predictor, words) = self.network.load()?;
        if ui.would(format_args!(
            "judge {} photographs with {words} and write {}",
            manifest.rows.len(),
            out.display()
        ))? {
            return Ok(Exit::Ok);
        }
        std::fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
        let mine = manifest.rows.iter().enumerate().filter(|(number, _)| shard.takes(*number)).map(|(_, row)| row);
        let here = at_hand(&root, Wanted::of_rows(&manifest.rows), ui)?;
        let overlap = self.network.trained_on()?.map(|made| made.overlap(&manifest.rows, &here));
        let words = match overlap.filter(Overlap::is_any) {
            Some(overlap) => {
                ui.warn(format_args!("{overlap}"));
                format!("{words} {overlap}")
            }
            None => words,
        };
        let mut looked = look(&predictor, mine, &here, ui).map_err(expected)?;
        if !shard.is_whole() {
            let of = format!("{words} {}", sha256_of(&path).map_err(anyhow::Error::from)?);
            match gather(&out, shard, &of, looked, manifest.rows.len())? {
                Gathered::All(all) => looked = all,
                Gathered::Missing(missing) => {
                    let list: Vec<String> = missing.iter().map(usize::to_string).collect();
                    let text = format!("{shard} is in {}; still missing: {}\n", out.display(), list.join(", "));
                    ui.result(&serde_json::json!({ "part": shard.index + 1, "missing": missing }), text)?;
                    return Ok(Exit::Ok);
                }
            }
        }
        let borders = if self.swap_borders {
            let found = swapped(&predictor, &manifest.rows, &looked, &here, ui).map_err(expected)?;
            Some(found.ok_or_else(|| {
                ExpectedError::Usage(format!(
                    "--swap-borders: {} has no photographs of two sources to swap between",
                    path.display()
                ))
            })?)
        } else {
            None
        };
        let (metrics, photographs) = evaluate(&predictor, words, &manifest, looked, self.prevalence, ui);
        let metrics = Metrics { borders, ..metrics };
        let report = markdown(&metrics);
        let json = serde_json::to_vec_pretty(&metrics).map_err(anyhow::Error::from)?;
        let csv = predictions_csv(&predictor, &photographs).map_err(anyhow::Error::from)?;
        let suspects = suspects_csv(&predictor, &photographs).map_err(anyhow::Error::from)?;
        ui.say("drawing the page");
        let page = html(&metrics, &predictor, &photographs, &here).into_bytes();
        for (name, bytes) in [
            (METRICS_FILE, json),
            (PREDICTIONS_FILE, csv),
            ("suspects.csv", suspects),
            ("report.md", report.clone().into_bytes()),
            ("report.html", page),
        ] {
            let path = out.join(name);
            write_atomically(&path, &bytes).with_context(|| path.display().to_string())?;
        }
        for photograph in metrics.unreadable.iter().take(SHOWN) {
            ui.warn(format_args!("no result for {}: {}", photograph.file, photograph.reason));
        }
        if metrics.unreadable.len() > SHOWN {
            ui.warn(format_args!("{} more without a result, all in the report", metrics.unreadable.len() - SHOWN));
        }
        ui.result(&metrics, if self.gate { gate::text(&metrics.gate) } else { report })?;
        match self.network.run() {
            // The classes of a multi-class run are no findings a device could show.
            Some(run) if predictor.classes.is_empty() => {
                ui.next(export_command(run, self.split.as_deref(), &root, &out))
            }
            _ => ui.next(format_args!("less {}", shell(&out.join("report.md")))),
        }
        Ok(if metrics.unreadable.is_empty() { Exit::Ok } else { Exit::SomeUnreadable })
    }
}

/// The command that makes a bundle of a run that was just judged.
fn export_command(run: &Path, split: Option<&Path>, root: &Path, evaluation: &Path) -> String {
    // The run knows what it was trained on.
    let known = || Config::read(&run.join(CONFIG_FILE)).ok().and_then(|config| config.data.split);
    let split = split.map(Path::to_owned).or_else(known).map_or_else(|| "SPLIT".to_owned(), |split| shell(&split));
    let stem = run.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = name.trim_matches('-');
    format!(
        "ocellus-trainer export --run {} --split {split} --root {} --evaluation {} --name {} --sequence 1 --out {}",
        shell(run),
        shell(root),
        shell(&evaluation.join(METRICS_FILE)),
        if name.is_empty() { "bundle" } else { name },
        shell(&run.join("bundle"))
    )
}
