//! Checks a manifest against its photographs and counts what is known of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
};

use ocellus_model::label::Label;
use rayon::prelude::*;
use serde::Serialize;

use super::{Manifest, Row};
use crate::files::sha256_of;

/// How often a label is present, absent and unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Rows with 1.
    pub present: usize,
    /// Rows with 0.
    pub absent: usize,
    /// Rows with an empty cell.
    pub unknown: usize,
}

/// The counts of one source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SourceCounts {
    /// Photographs.
    pub photographs: usize,
    /// Per label.
    pub labels: BTreeMap<Label, Count>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The photograph.
    pub file: String,
    /// What is wrong.
    pub what: String,
}

/// The outcome of [`check`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows in all.
    pub photographs: usize,
    /// Different groups, or patients where there is no group.
    pub groups: usize,
    /// By source; the empty name stands for rows that name none.
    pub sources: BTreeMap<String, SourceCounts>,
    /// Everything wrong; empty when the manifest fits its folder.
    pub problems: Vec<Problem>,
    /// Files that appear in more than one row: allowed, but they weigh more than others.
    pub repeated: Vec<String>,
}

/// Looks for every photograph under `root`, compares digests when asked to, and counts. `step` is called once a
/// row, from several threads.
pub fn check(manifest: &Manifest, root: &Path, digests: bool, step: impl Fn() + Sync) -> Report {
    let mut report = Report { photographs: manifest.rows.len(), ..Report::default() };
    let (mut files, mut repeated, mut groups) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for row in &manifest.rows {
        if !files.insert(&row.file) {
            repeated.insert(row.file.clone());
        }
        groups.insert(
            row.group.as_deref().map_or_else(
                || (row.source.as_str(), row.patient.as_deref().unwrap_or(&row.file)),
                |group| ("", group),
            ),
        );
    }
    report.sources = count(&manifest.rows);
    report.groups = groups.len();
    report.repeated = repeated.into_iter().collect();
    report.problems = manifest
        .rows
        .par_iter()
        .map(|row| {
            step();
            problem(row, root, digests).map(|what| Problem { file: row.file.clone(), what })
        })
        .collect::<Vec<_>>()
        .into_iter()
        .flatten()
        .collect();
    report
}

/// Counts rows by source and label.
pub fn count(rows: &[Row]) -> BTreeMap<String, SourceCounts> {
    let mut sources: BTreeMap<String, SourceCounts> = BTreeMap::new();
    for row in rows {
        let counts = sources.entry(row.source.clone()).or_default();
        counts.photographs += 1;
        for label in Label::ALL {
            let count = counts.labels.entry(label).or_default();
            match row.label(label) {
                Some(true) => count.present += 1,
                Some(false) => count.absent += 1,
                None => count.unknown += 1,
            }
        }
    }
    sources
}

/// The first thing wrong with a row, if any.
fn problem(row: &Row, root: &Path, digests: bool) -> Option<String> {
    let conditions = Label::ALL.into_iter().filter(|label| *label != Label::Normal);
    let mut present = conditions.filter(|label| row.label(*label) == Some(true));
    if row.label(Label::Normal) == Some(true)
        && let Some(condition) = present.next()
    {
        return Some(format!("labelled both normal and {condition}"));
    }
    let path = root.join(&row.file);
    match std::fs::metadata(&path) {
        Err(error) => return Some(format!("{}: {error}", path.display())),
        Ok(meta) if !meta.is_file() => return Some(format!("{}: not a file", path.display())),
        Ok(meta) if meta.len() == 0 => return Some(format!("{}: an empty file", path.display())),
        Ok(_) => {}
    }
    if let (true, Some(expected)) = (digests, &row.sha256) {
        match sha256_of(&path) {
            Err(error) => return Some(format!("{}: {error}", path.display())),
            Ok(found) if found != *expected => {
                return Some(format!("{}: SHA-256 is {found}, the manifest says {expected}", path.display()));
            }
            Ok(_) => {}
        }
    }
    None
}

/// The table of sources and labels: present/absent, unknown left out.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} photographs in {} groups (per label: present/absent)", self.photographs, self.groups)?;
        let width = self.sources.keys().map(|name| name.chars().count()).max().unwrap_or(0).max(8);
        write!(f, "{:width$} {:>6}", "source", "all")?;
        for label in Label::ALL {
            write!(f, " {:>11}", short(label))?;
        }
        writeln!(f)?;
        for (name, source) in &self.sources {
            let name = if name.is_empty() { "(none)" } else { name };
            write!(f, "{name:width$} {:>6}", source.photographs)?;
            for label in Label::ALL {
                let count = source.labels.get(&label).copied().unwrap_or_default();
                let cell = if count.present + count.absent == 0 {
                    "-".to_owned()
                } else {
                    format!("{}/{}", count.present, count.absent)
                };
                write!(f, " {cell:>11}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// A label's name for a narrow column, in the field's own abbreviations.
pub(crate) fn short(label: Label) -> &'static str {
    match label {
        Label::Normal => "normal",
        Label::Opacity => "opacity",
        Label::DiabeticRetinopathy => "DR",
        Label::Glaucoma => "glaucoma",
        Label::MacularEdema => "ME",
        Label::MacularDegeneration => "AMD",
        Label::RetinalVascularOcclusion => "RVO",
        Label::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(file: &str) -> Row {
        Row { file: file.to_owned(), source: "clinic".to_owned(), ..Row::default() }
    }

    #[test]
    fn a_missing_an_empty_and_a_changed_file_and_a_contradiction_are_found() {
        let root = tempfile::tempdir().unwrap();
        for (name, bytes) in
            [("good.jpg", &b"abc"[..]), ("changed.jpg", b"abd"), ("empty.jpg", b""), ("both.jpg", b"x")]
        {
            std::fs::write(root.path().join(name), bytes).unwrap();
        }
        // The published test vector of SHA-256 for "abc" (FIPS 180-4).
        let abc = Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned());
        let mut both = row("both.jpg");
        both.labels[Label::Normal as usize] = Some(true);
        both.labels[Label::Glaucoma as usize] = Some(true);
        let rows = vec![
            Row { sha256: abc.clone(), ..row("good.jpg") },
            Row { sha256: abc, ..row("changed.jpg") },
            row("empty.jpg"),
            row("missing.jpg"),
            both,
            row("good.jpg"),
        ];
        let manifest = Manifest { path: "m.csv".into(), rows };
        let report = check(&manifest, root.path(), true, || {});
        let wrong: Vec<_> = report.problems.iter().map(|problem| problem.file.as_str()).collect();
        assert_eq!(wrong, ["changed.jpg", "empty.jpg", "missing.jpg", "both.jpg"]);
        assert_eq!(report.problems[3].what, "labelled both normal and glaucoma");
        assert_eq!(report.repeated, ["good.jpg"]);
        assert_eq!(check(&manifest, root.path(), false, || {}).problems.len(), 3, "digests only on request");
        let glaucoma = report.sources["clinic"].labels[&Label::Glaucoma];
        assert_eq!(glaucoma, Count { present: 1, absent: 0, unknown: 5 });
    }
}
