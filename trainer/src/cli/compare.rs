//! `compare`: two evaluations of the same photographs, side by side.

use std::{collections::BTreeMap, path::PathBuf};

use ocellus_model::label::Output;
use serde::Serialize;

use super::Ui;
use crate::{
    error::{Exit, ExpectedError},
    evaluate::{
        compare::{AurocDifference, Discordant, Verdict},
        stored::Evaluation,
    },
    manifest::Manifest,
};

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of an evaluation, with metrics.json and predictions.csv.
    one: PathBuf,
    /// Folder of another evaluation of the same photographs.
    other: PathBuf,
    /// The manifest that says what people saw [default: the one that the first evaluation names].
    #[arg(long)]
    manifest: Option<PathBuf>,
    /// How much AUROC the second may lose and still not be inferior.
    #[arg(long, default_value_t = 0.02)]
    margin: f64,
}

/// The comparison for one output.
#[derive(Debug, Serialize)]
struct Compared {
    photographs: usize,
    auroc: Option<AurocDifference>,
    verdict: Option<Verdict>,
    /// Positives that only one found; none without thresholds.
    positives: Option<Discordant>,
    /// Negatives that only one passed.
    negatives: Option<Discordant>,
}

/// The result of `compare`.
#[derive(Debug, Serialize)]
struct Report {
    one: String,
    other: String,
    photographs: usize,
    margin: f64,
    outputs: BTreeMap<Output, Compared>,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage for folders that are no evaluation or a margin below 0, data where both judged other photographs.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        if !(self.margin >= 0.0 && self.margin < 1.0) {
            return Err(ExpectedError::Usage(format!("--margin {}: expected 0 to below 1", self.margin)));
        }
        let (one, other) = (Evaluation::read(&self.one)?, Evaluation::read(&self.other)?);
        if one.manifest_sha256 != other.manifest_sha256 {
            ui.warn("the two were measured on different manifests; only photographs that both have are compared");
        }
        let manifest = Manifest::read(self.manifest.as_ref().unwrap_or(&one.manifest))?;
        let rows: Vec<_> = manifest
            .rows
            .iter()
            .filter_map(|row| Some((row, one.predictions.get(&row.file)?, other.predictions.get(&row.file)?)))
            .collect();
        if rows.is_empty() {
            return Err(ExpectedError::Data(format!(
                "{} and {} have no photograph of {} in common",
                self.one.display(),
                self.other.display(),
                manifest.path.display()
            )));
        }
        let mut outputs = BTreeMap::new();
        for output in Output::ALL {
            let known: Vec<(f64, f64, bool)> = rows
                .iter()
                .filter_map(|(row, a, b)| Some((*a.get(&output)?, *b.get(&output)?, row.target(output)?)))
                .collect();
            if known.is_empty() {
                continue;
            }
            let column = |of: fn(&(f64, f64, bool)) -> f64| known.iter().map(of).collect::<Vec<f64>>();
            let targets: Vec<bool> = known.iter().map(|known| known.2).collect();
            let auroc = AurocDifference::of(&column(|known| known.0), &column(|known| known.1), &targets);
            let thresholds = one.threshold(output).zip(other.threshold(output));
            let discordant = |class: bool| {
                let (first, second) = thresholds?;
                let of_class = known.iter().filter(|known| known.2 == class);
                Some(Discordant::of(of_class.map(|(a, b, _)| ((*a >= first) == class, (*b >= second) == class))))
            };
            let compared = Compared {
                photographs: known.len(),
                verdict: auroc.map(|auroc| auroc.verdict(self.margin)),
                positives: discordant(true),
                negatives: discordant(false),
                auroc,
            };
            outputs.insert(output, compared);
        }
        let report =
            Report { one: one.network, other: other.network, photographs: rows.len(), margin: self.margin, outputs };
        ui.result(&report, text(&report))?;
        Ok(Exit::Ok)
    }
}

fn text(report: &Report) -> String {
    let mut text = format!(
        "A: {}\nB: {}\n{} photographs that both judged; B is not inferior if it loses at most {} AUROC\n\n{:<28} {:>7} {:>7}  {:<28} {:>7}  {:<13} {}\n",
        report.one,
        report.other,
        report.photographs,
        report.margin,
        "output",
        "A",
        "B",
        "B - A (95 %)",
        "p",
        "verdict",
        "right in one only, A:B (p): positives; negatives",
    );
    let discordant = |found: &Option<Discordant>| match found {
        Some(found) => format!("{}:{} ({:.3})", found.only_one, found.only_other, found.p),
        None => "-".to_owned(),
    };
    for (output, compared) in &report.outputs {
        let Some(auroc) = &compared.auroc else {
            text.push_str(&format!("{:<28} one class only\n", output.as_str()));
            continue;
        };
        let interval = auroc.ci95.map_or_else(String::new, |[low, high]| format!(" ({low:+.4} to {high:+.4})"));
        let difference = format!("{:+.4}{interval}", auroc.difference);
        let p = auroc.p.map_or_else(|| "-".to_owned(), |p| format!("{p:.4}"));
        let verdict = match compared.verdict {
            Some(Verdict::Better) => "better",
            Some(Verdict::NotInferior) => "not inferior",
            Some(Verdict::Unsettled) => "unsettled",
            Some(Verdict::Worse) => "worse",
            None => "-",
        };
        text.push_str(&format!(
            "{:<28} {:>7.4} {:>7.4}  {difference:<28} {p:>7}  {verdict:<13} {}; {}\n",
            output.as_str(),
            auroc.one,
            auroc.other,
            discordant(&compared.positives),
            discordant(&compared.negatives)
        ));
    }
    text
}
