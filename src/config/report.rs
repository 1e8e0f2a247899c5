//! `[report]`: the page that a patient is given.

use serde::Serialize;

use super::reader::{Choice, Section};
use crate::report::Paper;

/// The report.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// What it is printed on.
    pub paper: Paper,
    /// By when the site wants a referred patient examined: weeks, 0 to 52; 0 names no time.
    pub examined_within_weeks: u32,
}

impl Report {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let Report { paper, examined_within_weeks } = Report::default();
        Report {
            paper: section.choice("paper", paper),
            examined_within_weeks: section.whole("examined_within_weeks", "weeks", 0..=52, examined_within_weeks),
        }
    }
}

impl Choice for Paper {
    const ALL: &'static [Self] = &[Paper::A4, Paper::Letter];

    fn name(self) -> &'static str {
        match self {
            Paper::A4 => "a4",
            Paper::Letter => "letter",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn papers_are_written_as_they_are_read() {
        testing::written_as_read::<Paper>();
    }

    #[test]
    fn nobody_is_told_to_come_in_two_years() {
        testing::refuses("report.examined_within_weeks=104", "a whole number from 0 to 52 (weeks), found 104");
    }
}
