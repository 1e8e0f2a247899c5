//! `split`: parts a manifest into train, validation and test, or checks a split that exists.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Context;
use ocellus_model::field::find_field;
use rayon::prelude::*;
use serde::Serialize;

use super::{
    manifest::root_of,
    ui::{Ui, shell},
};
use crate::{
    bucket::{Wanted, at_hand},
    error::{Exit, ExpectedError},
    files::write_atomically,
    manifest::{
        Manifest, Row,
        check::{SourceCounts, count},
        write_rows,
    },
    split::{
        Fractions, Side,
        components::components,
        leak::{Leak, Why, leaks},
        leave_out::leave_out,
        near_duplicate::{Fingerprint, Pair, fingerprint, pairs},
        stratify::stratify,
    },
    trained_on::{self, TrainedOn},
};

/// At most this many leaks or unreadable photographs are printed.
const SHOWN: usize = 20;

/// Arguments of `split`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The manifest to part (CSV); with `--check`, a folder with train.csv, validation.csv and perhaps test.csv.
    input: PathBuf,
    /// Folder the file names are relative to [default: the manifest's own].
    #[arg(long)]
    root: Option<PathBuf>,
    /// Folder to write train.csv, validation.csv, test.csv and summary.json to.
    #[arg(long, required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Parts of train, validation and test; two numbers leave the test out.
    #[arg(long, default_value = "0.8,0.1,0.1")]
    fractions: Fractions,
    /// Leave this source out: all of it is the test, the others are train and validation.
    #[arg(long, conflicts_with = "check")]
    leave_out: Option<String>,
    /// Part the photographs as they were for the network of this run folder or bundle: what trained it is train, what chose its
    /// epoch or thresholds is validation, all others are the test.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["check", "leave_out", "fractions"])]
    like: Option<PathBuf>,
    /// Decides among equals; the same seed gives the same split.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Don't open the photographs to look for near-duplicates.
    #[arg(long)]
    no_near_duplicates: bool,
    /// Look for leaks in an existing split instead.
    #[arg(long, conflicts_with = "out")]
    check: bool,
}

/// What was done; also written as summary.json.
#[derive(Debug, Serialize)]
struct Summary {
    manifest: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    like: Option<PathBuf>,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fractions: Option<Fractions>,
    components: usize,
    near_duplicates: Option<NearDuplicates>,
    sides: BTreeMap<Side, SideSummary>,
}

#[derive(Debug, Serialize)]
struct NearDuplicates {
    pairs: usize,
    mirrored: usize,
    unreadable: Vec<String>,
}

#[derive(Debug, Serialize)]
struct SideSummary {
    photographs: usize,
    sources: BTreeMap<String, SourceCounts>,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Data when a manifest can't be read or the split leaks, failed when something can't be written. Photographs that
    /// could not be opened end in [`Exit::SomeUnreadable`]: they were parted by group alone.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        match &self.out {
            Some(out) => self.split(ui, out),
            None => self.check(ui),
        }
    }

    fn split(&self, ui: &Ui, out: &Path) -> Result<Exit, ExpectedError> {
        let manifest = Manifest::read(&self.input)?;
        let root = root_of(&self.input, self.root.as_ref());
        let rows = &manifest.rows;
        let looked = match self.no_near_duplicates || self.like.is_some() {
            true => None,
            false => Some(look(ui, rows, &at_hand(&root, Wanted::of_rows(rows), ui)?)),
        };
        let tied = looked.iter().flat_map(|looked| looked.pairs.iter().map(|pair| (pair.first, pair.second)));
        let parts = components(rows, tied);
        let sides = match (&self.leave_out, &self.like) {
            (Some(source), _) => {
                leave_out(rows, &parts, self.fractions, self.seed, source).map_err(ExpectedError::Usage)?
            }
            (None, Some(network)) => self.as_for(network, rows, &root)?,
            (None, None) => stratify(rows, &parts, self.fractions, self.seed),
        };
        let of = |side: Side| rows.iter().zip(&sides).filter(move |(_, at)| **at == side).map(|(row, _)| row.clone());
        let by_side: Vec<(Side, Vec<Row>)> = Side::ALL
            .into_iter()
            .filter(|side| self.fractions.of(*side) > 0.0 || self.leave_out.is_some() || self.like.is_some())
            .map(|side| (side, of(side).collect()))
            .collect();
        // The parts were kept together on purpose; that they really are is looked at again from the result.
        let named: Vec<(&str, &[Row])> = by_side.iter().map(|(side, rows)| (side.as_str(), rows.as_slice())).collect();
        refuse(&leaks(&named))?;
        let counts: Vec<String> = by_side.iter().map(|(side, rows)| format!("{side} {}", rows.len())).collect();
        if ui.would(format_args!("write {} to {}", counts.join(", "), out.display()))? {
            return Ok(Exit::Ok);
        }
        std::fs::create_dir_all(out).with_context(|| out.display().to_string())?;
        for (side, rows) in &by_side {
            write_rows(&out.join(format!("{side}.csv")), rows)?;
        }
        let summary = Summary {
            manifest: self.input.clone(),
            left_out: self.leave_out.clone(),
            like: self.like.clone(),
            seed: self.seed,
            fractions: self.like.is_none().then_some(self.fractions),
            components: parts.iter().max().map_or(0, |last| last + 1),
            near_duplicates: looked.map(|looked| NearDuplicates {
                pairs: looked.pairs.len(),
                mirrored: looked.pairs.iter().filter(|pair| pair.mirrored).count(),
                unreadable: looked.unreadable,
            }),
            sides: by_side
                .iter()
                .map(|(side, rows)| (*side, SideSummary { photographs: rows.len(), sources: count(rows) }))
                .collect(),
        };
        let json = serde_json::to_vec_pretty(&summary).map_err(anyhow::Error::from)?;
        write_atomically(&out.join("summary.json"), &json).with_context(|| out.display().to_string())?;
        ui.result(&summary, text(&summary))?;
        ui.say("without a configuration a simple network is trained; `ocellus-trainer init` writes one for VGG-16");
        ui.next(format_args!(
            "ocellus-trainer train --split {} --root {} --out {}",
            shell(out),
            shell(&root),
            shell(&out.with_file_name("first-run"))
        ));
        let unreadable = summary.near_duplicates.as_ref().is_some_and(|near| !near.unreadable.is_empty());
        Ok(if unreadable { Exit::SomeUnreadable } else { Exit::Ok })
    }

    /// The side of each row in the split that made a network.
    fn as_for(&self, network: &Path, rows: &[Row], root: &Path) -> Result<Vec<Side>, ExpectedError> {
        let made = TrainedOn::read(network).map_err(|error| ExpectedError::Data(error.to_string()))?.ok_or_else(|| {
            ExpectedError::Usage(format!(
                "--like {}: there is no {} in it, which says what made its network; name a run folder or a bundle that has one",
                network.display(),
                trained_on::FILE
            ))
        })?;
        let sides: Vec<Side> = rows.iter().map(|row| made.side(row, root)).collect();
        if sides.iter().all(|side| *side == Side::Test) {
            return Err(ExpectedError::Data(format!(
                "{}: none of its {} photographs made the network of {}: is it another collection?",
                self.input.display(),
                rows.len(),
                network.display()
            )));
        }
        Ok(sides)
    }

    fn check(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let mut sides = Vec::new();
        for side in Side::ALL {
            let path = self.input.join(format!("{side}.csv"));
            // A split of two sides has no test.csv; the others must be there.
            if side != Side::Test || path.exists() {
                sides.push((side.as_str(), Manifest::read(&path)?.rows));
            }
        }
        let named: Vec<(&str, &[Row])> = sides.iter().map(|(name, rows)| (*name, rows.as_slice())).collect();
        let mut found = leaks(&named);
        let mut unreadable = false;
        if !self.no_near_duplicates {
            let root = root_of(&self.input.join("train.csv"), self.root.as_ref());
            let (rows, names): (Vec<Row>, Vec<&str>) =
                sides.iter().flat_map(|(name, rows)| rows.iter().map(move |row| (row.clone(), *name))).unzip();
            let looked = look(ui, &rows, &at_hand(&root, Wanted::of_rows(&rows), ui)?);
            unreadable = !looked.unreadable.is_empty();
            let crossing = looked.pairs.iter().filter(|pair| names[pair.first] != names[pair.second]);
            let place = |index: usize| (rows[index].file.clone(), names[index].to_owned());
            found.extend(crossing.map(|pair| Leak {
                first: place(pair.first),
                second: place(pair.second),
                why: Why::NearDuplicate { mirrored: pair.mirrored },
            }));
        }
        refuse(&found)?;
        let counts: Vec<String> = sides.iter().map(|(name, rows)| format!("{name} {}", rows.len())).collect();
        ui.result(&counts, format_args!("{}: no leak ({})\n", self.input.display(), counts.join(", ")))?;
        Ok(if unreadable { Exit::SomeUnreadable } else { Exit::Ok })
    }
}

/// What opening every photograph gave.
struct Looked {
    pairs: Vec<Pair>,
    unreadable: Vec<String>,
}

/// Opens every photograph and compares each with each.
fn look(ui: &Ui, rows: &[Row], root: &Path) -> Looked {
    let progress = ui.progress("looking for near-duplicates", rows.len() as u64);
    let prints: Vec<Result<Option<Fingerprint>, String>> = rows
        .par_iter()
        .map(|row| {
            let photograph = ocellus_model::image::read(&root.join(&row.file));
            progress.inc(1);
            match photograph {
                Ok(photograph) => Ok(fingerprint(&photograph.pixels, find_field(&photograph.pixels).ok().as_ref())),
                Err(error) => Err(format!("{}: {error}", row.file)),
            }
        })
        .collect();
    drop(progress);
    let unreadable: Vec<String> = prints.iter().filter_map(|print| print.as_ref().err().cloned()).collect();
    for message in unreadable.iter().take(SHOWN) {
        ui.warn(format_args!("{message}; parted by group alone"));
    }
    if unreadable.len() > SHOWN {
        ui.warn(format_args!("{} more photographs could not be read", unreadable.len() - SHOWN));
    }
    let prints: Vec<Option<Fingerprint>> = prints.into_iter().map(|print| print.ok().flatten()).collect();
    Looked { pairs: pairs(&prints), unreadable }
}

/// An error that names the leaks, if there are any.
fn refuse(leaks: &[Leak<'_>]) -> Result<(), ExpectedError> {
    if leaks.is_empty() {
        return Ok(());
    }
    for leak in leaks.iter().take(SHOWN) {
        eprintln!("{leak}");
    }
    let more = leaks.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" ({more} not shown)") } else { String::new() };
    Err(ExpectedError::Data(format!("{} leaks across the split{more}: part the manifest anew", leaks.len())))
}

fn text(summary: &Summary) -> String {
    use std::fmt::Write;
    let mut text = format!("{} components", summary.components);
    if let Some(near) = &summary.near_duplicates {
        let _ = write!(text, ", {} pairs of near-duplicates ({} mirrored) kept together", near.pairs, near.mirrored);
    }
    text.push('\n');
    for (side, counts) in &summary.sides {
        let sources: Vec<String> =
            counts.sources.iter().map(|(name, counts)| format!("{name} {}", counts.photographs)).collect();
        let _ = writeln!(text, "{side:<10} {:>6}  {}", counts.photographs, sources.join(", "));
    }
    text
}
