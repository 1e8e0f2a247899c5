//! `export`: a finished run becomes an unsigned bundle.

use std::path::PathBuf;

use toml::value::Datetime;

use super::ui::{Ui, shell};
use crate::{
    device::DeviceChoice,
    error::{Exit, ExpectedError},
    export::{Export, ExportError, Exported, export},
    train::RUN_FILE,
};

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run folder.
    #[arg(long)]
    run: PathBuf,
    /// Folder of the split the run was trained on, with train.csv and validation.csv.
    #[arg(long)]
    split: PathBuf,
    /// Folder the manifests' files are relative to.
    #[arg(long)]
    root: PathBuf,
    /// The bundle to write; must not exist.
    #[arg(long)]
    out: PathBuf,
    /// Name of the bundle: lower-case letters, digits, hyphens.
    #[arg(long)]
    name: String,
    /// Version, for people.
    #[arg(long, default_value = "0.1.0")]
    version: String,
    /// Sequence number; has to rise with every bundle released under the name.
    #[arg(long)]
    sequence: u64,
    /// Sensitivity the anomaly threshold has to reach on validation.
    #[arg(long, default_value_t = 0.9)]
    sensitivity: f64,
    /// Part of each threshold, 0 to below 1, that a zone of uncertainty reaches below it: what lies there is referred.
    #[arg(long, default_value_t = 0.0)]
    abstention: f64,
    /// Whom and what it is for.
    #[arg(
        long,
        default_value = "Research on screening colour fundus photographs of adults, read by people who know its limits."
    )]
    intended_use: String,
    /// The weights training started from, in words [default: VGG-16 features, ImageNet; or that there were none].
    #[arg(long)]
    base_weights: Option<String>,
    /// metrics.json of an evaluation on photographs that neither trained nor chose the network. One of this very bundle,
    /// exported without it before, lets the card say whom a device misses.
    #[arg(long)]
    evaluation: Option<PathBuf>,
    /// Where to compute: flex, wgpu, vulkan, cuda, cuda:N.
    #[arg(long, default_value = "flex")]
    device: DeviceChoice,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage for values that can't be, bundle when the engines disagree, data for a bad split.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        if !(self.sensitivity > 0.0 && self.sensitivity <= 1.0) {
            return Err(ExpectedError::Usage(format!(
                "--sensitivity {}: expected above 0, at most 1",
                self.sensitivity
            )));
        }
        if !(0.0..1.0).contains(&self.abstention) {
            return Err(ExpectedError::Usage(format!("--abstention {}: expected 0 to below 1", self.abstention)));
        }
        let device = self.device.open().map_err(|error| ExpectedError::Usage(error.to_string()))?;
        let finished = std::fs::metadata(self.run.join(RUN_FILE)).and_then(|meta| meta.modified());
        let finished = finished
            .map_err(|error| ExpectedError::Usage(format!("{}: not a finished run: {error}", self.run.display())))?;
        if ui.would(format_args!("write the bundle {} of {}", self.out.display(), self.run.display()))? {
            return Ok(Exit::Ok);
        }
        let setup = Export {
            run: self.run.clone(),
            split: self.split.clone(),
            root: self.root.clone(),
            out: self.out.clone(),
            name: self.name.clone(),
            version: self.version.clone(),
            sequence: self.sequence,
            sensitivity: self.sensitivity,
            abstention: self.abstention,
            intended_use: self.intended_use.clone(),
            created: moment(std::time::SystemTime::now())?,
            trained: moment(finished)?,
            base_weights: self.base_weights.clone(),
            evaluation: self.evaluation.clone(),
        };
        let exported = export(&setup, &device, ui).map_err(expected)?;
        for (file, reason) in &exported.unreadable {
            ui.warn(format_args!("left out {file}: {reason}"));
        }
        for output in exported.outputs.iter().filter(|output| !output.calibrated) {
            ui.warn(format_args!(
                "{} is not calibrated ({} with and {} without it among the validation photographs: too few, or ranked the wrong way round)",
                output.output, output.positives, output.negatives
            ));
        }
        ui.result(&exported, text(&exported))?;
        ui.next(format_args!("ocellus-trainer sign --key ocellus.key --new-key {}", shell(&self.out)));
        Ok(if exported.unreadable.is_empty() { Exit::Ok } else { Exit::SomeUnreadable })
    }
}

fn text(exported: &Exported) -> String {
    let mut text = format!(
        "{}: network of {:.1} MiB, digest {}\nburn and tract agree on {} photographs, largest difference {:.1e}\n",
        exported.bundle.display(),
        exported.network_bytes as f64 / (1024.0 * 1024.0),
        exported.digest,
        exported.parity_photographs,
        exported.parity_worst,
    );
    for output in &exported.outputs {
        text.push_str(&format!(
            "  {:<28} threshold {:.4} ({:?})\n",
            output.output.as_str(),
            output.threshold,
            output.rule
        ));
    }
    if let Some(uncertain) = &exported.uncertain {
        text.push_str(&format!(
            "  in the zone of uncertainty: {} abnormal, {} others; below it {} and {}\n",
            uncertain.abnormal, uncertain.others, uncertain.missed, uncertain.passed
        ));
    }
    text
}

/// A moment as UTC to the second, as bundles write it (days to a date: Howard Hinnant's civil-from-days algorithm).
fn moment(time: std::time::SystemTime) -> Result<Datetime, ExpectedError> {
    let since = time.duration_since(std::time::UNIX_EPOCH).map_err(anyhow::Error::from)?.as_secs();
    let (days, second) = ((since / 86_400) as i64, since % 86_400);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let text =
        format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60);
    text.parse().map_err(|error| anyhow::anyhow!("{text}: {error}").into())
}

/// The exit code that goes with an error.
fn expected(error: ExportError) -> ExpectedError {
    match error {
        ExportError::Manifest(error) => error.into(),
        ExportError::Bucket(error) => error.into(),
        ExportError::Parity { .. } | ExportError::TooLarge { .. } | ExportError::Tract(_) => {
            ExpectedError::Bundle(error.to_string())
        }
        ExportError::MultiClass { .. } | ExportError::Write(_) | ExportError::File { .. } => {
            ExpectedError::Usage(error.to_string())
        }
        other => anyhow::Error::from(other).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn moments_are_written_as_the_calendar_has_them() {
        // `date -u -d @SECONDS +%FT%TZ`
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_564_801, "2026-11-25T00:00:01Z"),
        ] {
            assert_eq!(moment(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap().to_string(), expected);
        }
    }
}
