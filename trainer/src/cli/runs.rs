//! `runs`: which runs there are, what came of them, and away with one.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

use super::{Ui, ui::shell};
use crate::{
    error::{Exit, ExpectedError},
    train::{CONFIG_FILE, RUN_FILE, RunInfo, config::Config},
};

/// Arguments of `runs`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the runs in a folder, the best first.
    List {
        /// The folder that holds the runs.
        #[arg(default_value = "runs")]
        folder: PathBuf,
    },
    /// Show one run: what was trained on what, and the figures of each epoch.
    Show {
        /// The run folder.
        run: PathBuf,
    },
    /// Remove a run for good.
    Rm {
        /// The run folder.
        run: PathBuf,
        /// Really do it; without, what would be removed is named.
        #[arg(long)]
        yes: bool,
    },
}

/// A run in the list.
#[derive(Debug, Serialize)]
struct Line {
    run: PathBuf,
    finished: bool,
    /// Mean validation AUROC of the best epoch.
    score: Option<f64>,
    epoch: Option<usize>,
    epochs: usize,
    size: u32,
    task: &'static str,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage for what is no run.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        match &self.what {
            What::List { folder } => list(folder, ui),
            What::Show { run } => show(run, ui),
            What::Rm { run, yes } => remove(run, *yes, ui),
        }
    }
}

fn list(folder: &Path, ui: &Ui) -> Result<Exit, ExpectedError> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| ExpectedError::Usage(format!("{}: {error}; give the folder of the runs", folder.display())))?;
    let mut lines = Vec::new();
    for entry in entries {
        let run = entry.with_context(|| folder.display().to_string())?.path();
        // Whatever else lies there is none of ours.
        let Ok(config) = Config::read(&run.join(CONFIG_FILE)) else { continue };
        let info = RunInfo::read(&run).ok();
        lines.push(Line {
            finished: info.is_some(),
            score: info.as_ref().map(|info| info.best.score),
            epoch: info.as_ref().map(|info| info.best.epoch),
            epochs: config.schedule.epochs,
            size: config.input.size,
            task: config.task.as_str(),
            run,
        });
    }
    lines.sort_by(|a, b| b.score.unwrap_or(-1.0).total_cmp(&a.score.unwrap_or(-1.0)).then_with(|| a.run.cmp(&b.run)));
    let mut text = format!("{:<32} {:<12} {:>5} {:>8} {:>9}\n", "run", "task", "size", "epoch", "score");
    for line in &lines {
        let epoch = line.epoch.map_or_else(|| "-".to_owned(), |epoch| epoch.to_string());
        let score = line.score.map_or_else(|| "unfinished".to_owned(), |score| format!("{score:.4}"));
        let epochs = format!("{epoch}/{}", line.epochs);
        text.push_str(&format!(
            "{:<32} {:<12} {:>5} {epochs:>8} {score:>9}\n",
            line.run.display().to_string(),
            line.task,
            line.size
        ));
    }
    ui.result(&lines, text)?;
    if let Some(line) = lines.first() {
        ui.next(format_args!("ocellus-trainer runs show {}", shell(&line.run)));
    }
    Ok(Exit::Ok)
}

fn show(run: &Path, ui: &Ui) -> Result<Exit, ExpectedError> {
    let none = |error: &dyn std::fmt::Display| ExpectedError::Usage(format!("{}: no run: {error}", run.display()));
    let config = Config::read(&run.join(CONFIG_FILE)).map_err(|error| none(&error))?;
    if !run.join(RUN_FILE).exists() {
        ui.result(&config, format!("{}: not finished\n", run.display()))?;
        ui.next(format_args!("ocellus-trainer resume {}", shell(run)));
        return Ok(Exit::Ok);
    }
    let info = RunInfo::read(run).map_err(|error| none(&error))?;
    let mut text = format!(
        "{}: {} on {}, {} at {} pixels, {} photographs trained on, {} validated on, {} left out\n",
        run.display(),
        config.task.as_str(),
        info.device,
        named(&config.trainable),
        config.input.size,
        info.train_photographs,
        info.validation_photographs,
        info.left_out.len()
    );
    text.push_str(&format!("{:>5} {:>12} {:>12}  validation AUROC\n", "epoch", "loss", "validation"));
    for line in &info.metrics {
        let mark = if line.epoch == info.best.epoch { " <- kept" } else { "" };
        let known = info.outputs.iter().zip(&line.auroc).filter_map(|(name, auroc)| Some((name, (*auroc)?)));
        let aurocs: Vec<String> = known.map(|(name, auroc)| format!("{name} {auroc:.3}")).collect();
        text.push_str(&format!(
            "{:>5} {:>12.5} {:>12.5}  {}{mark}\n",
            line.epoch,
            line.train_loss,
            line.validation_loss,
            aurocs.join(", ")
        ));
    }
    ui.result(&info, text)?;
    Ok(Exit::Ok)
}

/// The name that a configuration has for a value.
fn named(value: &impl Serialize) -> String {
    let value = toml::Value::try_from(value).ok();
    value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn remove(run: &Path, yes: bool, ui: &Ui) -> Result<Exit, ExpectedError> {
    // Only what is surely a run is ever removed.
    Config::read(&run.join(CONFIG_FILE))
        .map_err(|error| ExpectedError::Usage(format!("{}: no run, nothing is removed: {error}", run.display())))?;
    if !yes {
        ui.result(&run, format!("{} would be removed\n", run.display()))?;
        ui.next(format_args!("ocellus-trainer runs rm --yes {}", shell(run)));
        return Ok(Exit::Ok);
    }
    if ui.would(format_args!("remove {}", run.display()))? {
        return Ok(Exit::Ok);
    }
    std::fs::remove_dir_all(run).with_context(|| run.display().to_string())?;
    ui.result(&run, format!("{} is removed\n", run.display()))?;
    Ok(Exit::Ok)
}
