//! How often the quality gate refuses photographs that people graded.
//!
//! Not here: the gate itself (`ocellus_model::quality`), which the device runs too.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ocellus_model::{
    field::find_field,
    image,
    quality::{Gradability, OpticDisc, Quality, Reduction, assess_measured, measures::Measures},
};
use rayon::prelude::*;
use serde::Serialize;

use crate::{
    cli::Ui,
    evaluate::interval::{Proportion, proportion},
    files::csv_bytes,
    manifest::Row,
};

/// What the gate made of one photograph.
#[derive(Debug, Clone, Serialize)]
pub struct Gated {
    /// The photograph.
    pub file: String,
    /// The source.
    pub source: String,
    /// What people said of it; none where nobody graded it.
    pub graded: Option<Gradability>,
    /// Whether the gate refuses it; a photograph without a field is refused.
    pub refused: bool,
    /// The reasons, worst first.
    pub reasons: Vec<String>,
    /// The measures behind it; none without a field.
    #[serde(skip)]
    pub measures: Option<Measures>,
}

/// How often photographs of one grade were refused.
#[derive(Debug, Clone, Serialize)]
pub struct Refusals {
    /// Photographs.
    pub photographs: usize,
    /// Refused ones.
    pub refused: usize,
    /// The share, with Wilson's 95 % interval.
    pub share: Option<Proportion>,
}

impl Gated {
    /// What the gate made of a photograph, from its verdict; one without a field is refused.
    pub fn new(row: &Row, quality: Result<&Quality, String>) -> Self {
        let (refused, reasons) = match quality {
            Ok(quality) => (
                quality.gradability == Gradability::Ungradable,
                quality.reasons.iter().map(|reason| reason.as_str().to_owned()).collect(),
            ),
            Err(error) => (true, vec![error]),
        };
        Gated {
            file: row.file.clone(),
            source: row.source.clone(),
            graded: row.quality,
            refused,
            reasons,
            measures: None,
        }
    }
}

impl Refusals {
    /// `refused` of `photographs`.
    pub fn new(refused: usize, photographs: usize) -> Self {
        Refusals { photographs, refused, share: proportion(refused, photographs) }
    }
}

/// Runs the classic gate over photographs. One that can't be read gives its reason instead.
pub fn run(rows: &[Row], root: &Path, ui: &Ui) -> Vec<Result<Gated, (PathBuf, String)>> {
    let progress = ui.progress("measuring photographs", rows.len() as u64);
    rows.par_iter()
        .map(|row| {
            let path = root.join(&row.file);
            let photograph = image::read(&path).map_err(|error| (path, error.to_string()))?;
            let pixels = &photograph.pixels;
            let gated = match find_field(pixels) {
                Ok(field) => {
                    let reduction = Reduction::of(pixels, &field);
                    let measures = Measures::of(&reduction);
                    let quality = assess_measured(&measures, OpticDisc::find(&reduction), &field);
                    Gated { measures: Some(measures), ..Gated::new(row, Ok(&quality)) }
                }
                Err(error) => Gated::new(row, Err(error.to_string())),
            };
            progress.inc(1);
            Ok(gated)
        })
        .collect()
}

/// Refusals by what people said, the ungraded ones (labelled, so somebody could read them) as `not graded`.
pub fn refusals(gated: &[Gated]) -> BTreeMap<&'static str, Refusals> {
    let mut counts: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
    for photograph in gated {
        let grade = photograph.graded.map_or("not graded", Gradability::as_str);
        let count = counts.entry(grade).or_default();
        count.0 += 1;
        count.1 += usize::from(photograph.refused);
    }
    counts.into_iter().map(|(grade, (photographs, refused))| (grade, Refusals::new(refused, photographs))).collect()
}

/// The refusals as lines of text.
pub fn text(refusals: &BTreeMap<&'static str, Refusals>) -> String {
    let mut text = format!("{:<12} {:>12} {:>9}  share (95 %)\n", "people said", "photographs", "refused");
    for (grade, refusals) in refusals {
        let share = refusals.share.map_or_else(String::new, |share| share.to_string());
        text.push_str(&format!("{grade:<12} {:>12} {:>9}  {share}\n", refusals.photographs, refusals.refused));
    }
    text
}

/// The measures as CSV, a line a photograph.
///
/// # Errors
/// When the table can't be built.
pub fn table(gated: &[Gated]) -> Result<Vec<u8>, csv::Error> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let names = Measures::default().named().map(|(name, _)| name);
    csv.write_record(["file", "source", "graded", "refused", "reasons"].into_iter().chain(names))?;
    for photograph in gated {
        let mut cells = vec![
            photograph.file.clone(),
            photograph.source.clone(),
            photograph.graded.map_or("", Gradability::as_str).to_owned(),
            photograph.refused.to_string(),
            photograph.reasons.join(" "),
        ];
        match photograph.measures {
            Some(measures) => cells.extend(measures.named().map(|(_, measure)| format!("{measure:.6}"))),
            None => cells.extend(names.map(|_| String::new())),
        }
        csv.write_record(cells)?;
    }
    csv_bytes(csv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_grade() {
        let photograph = |graded, refused| Gated {
            file: "x.jpg".to_owned(),
            source: String::new(),
            graded,
            refused,
            reasons: Vec::new(),
            measures: None,
        };
        let gated = [
            photograph(Some(Gradability::Ungradable), true),
            photograph(Some(Gradability::Ungradable), false),
            photograph(Some(Gradability::Good), false),
            photograph(None, false),
        ];
        let found = refusals(&gated);
        assert_eq!(found["ungradable"].share.unwrap().value, 0.5);
        assert_eq!((found["good"].photographs, found["good"].refused), (1, 0));
        assert_eq!(found.len(), 3);
        let text = String::from_utf8(table(&gated).unwrap()).unwrap();
        assert!(text.lines().nth(1).unwrap().starts_with("x.jpg,,ungradable,true,,"), "{text}");
    }
}
