//! Records as a person reads them: one line each, aligned, and a line that sums up.

use std::{fmt, path::Path};

use serde::Serialize;

use crate::{
    decision::Outcome,
    judge::{Judging, Record, Why},
};

/// Widest column of file names, in characters; longer names push the rest of their line.
const FILE_COLUMN_MAX: usize = 60;

/// Width of the column of outcomes, in characters: that of the longest.
const OUTCOME_COLUMN: usize = "no result, take it again".len();

/// Lines up records whose files are known beforehand.
#[derive(Debug)]
pub(super) struct Listing {
    file_column: usize,
}

impl Listing {
    /// Makes the first column wide enough for these files.
    pub(super) fn new<'a>(files: impl IntoIterator<Item = &'a Path>) -> Self {
        let longest = files.into_iter().map(|path| printable(&path.to_string_lossy()).chars().count()).max();
        Listing { file_column: longest.unwrap_or_default().min(FILE_COLUMN_MAX) }
    }

    /// The line of one record.
    pub(super) fn line(&self, record: &Record) -> String {
        let (file, outcome) = (printable(&record.file), outcome_in_words(record));
        let line = format!(
            "{file:<file_column$}  {outcome:<OUTCOME_COLUMN$}  {}",
            detail(record),
            file_column = self.file_column
        );
        line.trim_end().to_owned()
    }
}

fn outcome_in_words(record: &Record) -> &'static str {
    match record.outcome {
        Outcome::Refer => "refer",
        Outcome::NoReferableSigns => "no referable signs found",
        Outcome::NoResult if record.is_unreadable() => "unreadable",
        Outcome::NoResult if record.has_network_failed() => "no result",
        Outcome::NoResult => "no result, take it again",
    }
}

fn detail(record: &Record) -> String {
    let findings = record.findings.iter().map(|label| {
        let probability = record.probabilities.get(label).copied().unwrap_or_default();
        format!("{} {:.0} %", words(label), 100.0 * probability)
    });
    let reasons = record.reasons.iter().filter(|reason| !is_told_by_the_error(reason)).map(words);
    let error = record.error.iter().map(|error| printable(error));
    findings.chain(reasons).chain(error).collect::<Vec<_>>().join(", ")
}

fn is_told_by_the_error(reason: &Why) -> bool {
    matches!(reason, Why::Judging(Judging::Unreadable | Judging::NetworkFailed))
}

/// The name a value has in records, as words.
fn words(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name.replace('_', " "),
        _ => String::new(),
    }
}

/// A name that can't move the terminal's cursor.
fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

/// What became of all the photographs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Summary {
    refer: usize,
    no_referable_signs: usize,
    no_result: usize,
    unreadable: usize,
    network_failed: usize,
    passed_over: usize,
}

impl Summary {
    /// Nothing judged yet, and so many files passed over.
    pub(super) fn new(passed_over: usize) -> Self {
        Summary { passed_over, ..Summary::default() }
    }

    /// Counts a record.
    pub(super) fn count(&mut self, record: &Record) {
        let count = match record.outcome {
            Outcome::Refer => &mut self.refer,
            Outcome::NoReferableSigns => &mut self.no_referable_signs,
            Outcome::NoResult if record.is_unreadable() => &mut self.unreadable,
            Outcome::NoResult if record.has_network_failed() => &mut self.network_failed,
            Outcome::NoResult => &mut self.no_result,
        };
        *count += 1;
    }

    /// Whether a photograph was unreadable.
    pub(super) fn has_unreadable(&self) -> bool {
        self.unreadable > 0
    }

    /// Whether the network failed on a photograph.
    pub(super) fn has_network_failed(&self) -> bool {
        self.network_failed > 0
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { refer, no_referable_signs, no_result, unreadable, network_failed, passed_over } = self;
        let all = refer + no_referable_signs + no_result + unreadable + network_failed;
        write!(
            f,
            "{all} photograph{}: {refer} refer, {no_referable_signs} no referable signs found, {no_result} no result, \
             {unreadable} unreadable",
            if all == 1 { "" } else { "s" }
        )?;
        if *network_failed > 0 {
            write!(f, ", {network_failed} on which the network failed")?;
        }
        match passed_over {
            0 => Ok(()),
            1 => write!(f, "; 1 other file passed over"),
            files => write!(f, "; {files} other files passed over"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ocellus_model::{bundle::Digest, label::Output, quality::Reason};

    use super::*;
    use crate::judge::{BundleId, Milliseconds};

    fn record(file: &str, outcome: Outcome) -> Record {
        Record {
            file: file.to_owned(),
            outcome,
            reasons: Vec::new(),
            error: None,
            quality: None,
            probabilities: BTreeMap::new(),
            findings: Vec::new(),
            bundle: BundleId { name: "n".to_owned(), version: "1".to_owned(), digest: Digest::of(b"") },
            milliseconds: Milliseconds::default(),
        }
    }

    #[test]
    fn lines_are_aligned_and_in_the_words_an_operator_may_read() {
        let listing = Listing::new(["größe.jpg", "b.jpg", "c.jpg", "d.jpg"].map(Path::new));
        let refer = Record {
            findings: vec![Output::Anomaly, Output::MacularEdema],
            probabilities: BTreeMap::from([(Output::Anomaly, 0.914), (Output::MacularEdema, 0.5)]),
            ..record("größe.jpg", Outcome::Refer)
        };
        let poor = Record {
            reasons: vec![Why::Photograph(Reason::TooDark), Why::Photograph(Reason::Blurred)],
            ..record("b.jpg", Outcome::NoResult)
        };
        let unreadable = Record {
            reasons: vec![Why::Judging(Judging::Unreadable)],
            error: Some("not a photograph".to_owned()),
            ..record("d.jpg", Outcome::NoResult)
        };
        let lines =
            [refer, poor, record("c.jpg", Outcome::NoReferableSigns), unreadable].map(|record| listing.line(&record));
        assert_eq!(
            lines,
            [
                "größe.jpg  refer                     anomaly 91 %, macular edema 50 %",
                "b.jpg      no result, take it again  too dark, blurred",
                "c.jpg      no referable signs found",
                "d.jpg      unreadable                not a photograph",
            ]
        );
    }

    // verifies: RQ-161
    #[test]
    fn a_hostile_name_can_not_draw_on_the_terminal() {
        let line = Listing::new([]).line(&record("a\u{1b}[2J\nb.jpg", Outcome::Refer));
        assert_eq!(line, "a\\u{1b}[2J\\nb.jpg  refer");
    }

    #[test]
    fn the_summary_counts_every_record_once() {
        let mut summary = Summary::new(1);
        for outcome in [Outcome::Refer, Outcome::NoReferableSigns, Outcome::NoResult, Outcome::NoResult] {
            summary.count(&record("a", outcome));
        }
        summary.count(&Record { reasons: vec![Why::Judging(Judging::Unreadable)], ..record("a", Outcome::NoResult) });
        assert_eq!(
            summary.to_string(),
            "5 photographs: 1 refer, 1 no referable signs found, 2 no result, 1 unreadable; 1 other file passed over"
        );
        assert!(summary.has_unreadable() && !summary.has_network_failed());
    }
}
