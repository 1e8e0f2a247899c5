//! What became of photographs, by what their readers said of the eye: which eyes are passed as free of signs, and which normal
//! ones are referred.
//!
//! An eye is sent on for any finding, whatever its own is called: this counts decisions, not outputs. Not here: how well each
//! output tells its condition.

use std::{collections::BTreeMap, fmt::Write};

use ocellus_model::{
    decision::Outcome,
    label::{Label, Output},
};
use serde::{Deserialize, Serialize};

use super::interval::proportion;
use crate::manifest::Row;

/// Photographs with the same note below which nothing is said of them.
const LEAST_WITH_NOTE: usize = 5;

/// What of a row is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// A label, present. An eye may have several.
    Label,
    /// The grade of diabetic retinopathy (ICDR).
    DrGrade,
    /// The source's own words of an abnormal eye, as a whole.
    Note,
}

/// Photographs of which the readers said the same, and what they came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Became {
    /// What of the row is looked at.
    pub by: Said,
    /// What the readers said.
    pub said: String,
    /// Referred for a finding.
    pub refer: usize,
    /// Without a result: ungradable, or unreadable.
    pub no_result: usize,
    /// Passed as free of referable signs.
    pub passed: usize,
}

/// The columns of a table of them.
pub const COLUMNS: [&str; 5] = ["readers said", "photographs", "referred", "no result", "passed (95 %)"];

/// What such a table counts, in words.
pub fn counted() -> String {
    format!(
        "An eye with several labels counts for each; in quotes the whole note of a source on an abnormal eye, where \
         {LEAST_WITH_NOTE} photographs or more have the same. Passed is right where nothing is wrong with an eye, else signs \
         were missed."
    )
}

impl Became {
    /// All of them.
    pub fn photographs(&self) -> usize {
        self.refer + self.no_result + self.passed
    }

    /// A row of the table.
    pub fn cells(&self) -> [String; COLUMNS.len()] {
        let said = match self.by {
            Said::Label => self.said.clone(),
            Said::DrGrade => format!("diabetic retinopathy graded {} (ICDR)", self.said),
            Said::Note => format!("\"{}\"", self.said),
        };
        let share = proportion(self.passed, self.photographs()).map_or("–".to_owned(), |share| share.to_string());
        let [photographs, refer, no_result] =
            [self.photographs(), self.refer, self.no_result].map(|count| count.to_string());
        [said, photographs, refer, no_result, format!("{}: {share}", self.passed)]
    }
}

/// Counts. Labels and grades in their order, then notes that stand at [`LEAST_WITH_NOTE`] photographs or more of abnormal eyes,
/// those first of which the largest part is passed.
pub(super) fn became<'a>(photographs: impl Iterator<Item = (&'a Row, Outcome)>) -> Vec<Became> {
    let mut counted: BTreeMap<(Said, usize, &str), [usize; 3]> = BTreeMap::new();
    for (row, outcome) in photographs {
        let at = match outcome {
            Outcome::Refer => 0,
            Outcome::NoResult => 1,
            Outcome::NoReferableSigns => 2,
        };
        let labels = Label::ALL.into_iter().filter(|label| row.label(*label) == Some(true));
        let said = labels.map(|label| (Said::Label, label as usize, label.as_str()));
        let grade = row.dr_grade.map(|grade| (Said::DrGrade, usize::from(grade), ""));
        let words = row.note.trim();
        let noted = !words.is_empty() && row.target(Output::Anomaly) == Some(true);
        for said in said.chain(grade).chain(noted.then_some((Said::Note, 0, words))) {
            counted.entry(said).or_default()[at] += 1;
        }
    }
    let mut all: Vec<Became> = counted
        .into_iter()
        .map(|((by, number, words), [refer, no_result, passed])| {
            let said = if by == Said::DrGrade { number.to_string() } else { words.to_owned() };
            Became { by, said, refer, no_result, passed }
        })
        .filter(|became| became.by != Said::Note || became.photographs() >= LEAST_WITH_NOTE)
        .collect();
    // Stable, so that labels and grades keep their order: of them nothing is compared.
    let missed = |became: &Became| match became.by {
        Said::Note => became.passed as f64 / became.photographs() as f64,
        Said::Label | Said::DrGrade => 0.0,
    };
    all.sort_by(|a, b| a.by.cmp(&b.by).then(missed(b).total_cmp(&missed(a))));
    all
}

/// What is counted and the table, in Markdown.
pub fn markdown(all: &[Became]) -> String {
    let mut text = format!("{}\n\n| {} |\n|{}\n", counted(), COLUMNS.join(" | "), "---|".repeat(COLUMNS.len()));
    for became in all {
        // A bar would end the cell.
        let _ = writeln!(text, "| {} |", became.cells().map(|cell| cell.replace('|', "/")).join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(labels: &[Label], grade: Option<u8>, note: &str) -> Row {
        let mut row = Row { dr_grade: grade, note: note.to_owned(), ..Row::default() };
        row.labels[Label::Normal as usize] = Some(labels.contains(&Label::Normal));
        for label in labels {
            row.labels[*label as usize] = Some(true);
        }
        row
    }

    #[test]
    fn eyes_are_counted_by_every_label_their_grade_and_their_whole_note() {
        use Outcome::{NoReferableSigns, NoResult, Refer};
        let mild = row(&[Label::DiabeticRetinopathy], Some(1), " mild | early ");
        let both = row(&[Label::Glaucoma, Label::DiabeticRetinopathy], Some(3), "severe");
        let normal = row(&[Label::Normal], Some(0), "normal fundus");
        let rare = row(&[Label::Other], None, "rare");
        let mut photographs = vec![(&both, Refer), (&normal, Refer), (&rare, NoReferableSigns)];
        photographs.extend([(&mild, NoReferableSigns); 4]);
        photographs.extend([(&both, Refer), (&both, Refer), (&both, Refer), (&both, NoReferableSigns)]);
        photographs.extend([(&mild, NoResult), (&normal, NoReferableSigns)]);
        photographs.extend([(&normal, NoReferableSigns); 4]);
        let all = became(photographs.into_iter());
        let line = |by, said: &str, counts: [usize; 3]| {
            let [refer, no_result, passed] = counts;
            Became { by, said: said.to_owned(), refer, no_result, passed }
        };
        assert_eq!(
            all,
            [
                line(Said::Label, "normal", [1, 0, 5]),
                line(Said::Label, "diabetic_retinopathy", [4, 1, 5]),
                line(Said::Label, "glaucoma", [4, 0, 1]),
                line(Said::Label, "other", [0, 0, 1]),
                line(Said::DrGrade, "0", [1, 0, 5]),
                line(Said::DrGrade, "1", [0, 1, 4]),
                line(Said::DrGrade, "3", [4, 0, 1]),
                line(Said::Note, "mild | early", [0, 1, 4]),
                line(Said::Note, "severe", [4, 0, 1]),
            ]
        );
        let text = markdown(&all);
        assert!(text.contains("\n\n| readers said | photographs |"), "{text}");
        assert!(text.contains("| \"mild / early\" | 5 | 0 | 1 | 4: 0.800 (0.376 to 0.964) |"), "{text}");
        assert!(text.contains("| diabetic retinopathy graded 3 (ICDR) | 5 | 4 | 0 | 1: "), "{text}");
    }
}
