//! Looks for photographs that stand on two sides.

use std::{collections::HashMap, fmt};

use super::components::{Tie, ties};
use crate::manifest::Row;

/// Something that stands on two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak<'a> {
    /// First photograph and the side it is on.
    pub first: (String, String),
    /// Second photograph and its side.
    pub second: (String, String),
    /// What they share.
    pub why: Why<'a>,
}

/// What two photographs on different sides share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why<'a> {
    /// A value of the manifest.
    Tie(Tie<'a>),
    /// They look the same; `mirrored` when one is the other's mirror picture.
    NearDuplicate {
        /// Whether only the mirrored comparison holds.
        mirrored: bool,
    },
}

impl fmt::Display for Leak<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((a, side_a), (b, side_b)) = (&self.first, &self.second);
        write!(f, "{a} ({side_a}) and {b} ({side_b}) ")?;
        match &self.why {
            Why::Tie(Tie::Group(group)) => write!(f, "are of one group, {group:?}"),
            Why::Tie(Tie::Patient(source, patient)) => write!(f, "show one patient, {patient:?} of {source:?}"),
            Why::Tie(Tie::File(_)) => write!(f, "are one file"),
            Why::Tie(Tie::Sha256(digest)) => write!(f, "have the same bytes (SHA-256 {digest})"),
            Why::NearDuplicate { mirrored: false } => write!(f, "look the same"),
            Why::NearDuplicate { mirrored: true } => write!(f, "are mirror pictures of each other"),
        }
    }
}

/// Every tie of the manifest that crosses sides, one leak a tie. A side is a name and its rows.
pub fn leaks<'a>(sides: &[(&str, &'a [Row])]) -> Vec<Leak<'a>> {
    let mut first: HashMap<Tie<'a>, (usize, &Row)> = HashMap::new();
    let mut leaks = Vec::new();
    for (index, (name, rows)) in sides.iter().enumerate() {
        for row in *rows {
            for tie in ties(row) {
                match first.get(&tie) {
                    None => {
                        first.insert(tie, (index, row));
                    }
                    Some((other, before)) if *other != index => leaks.push(Leak {
                        first: (before.file.clone(), sides[*other].0.to_owned()),
                        second: (row.file.clone(), (*name).to_owned()),
                        why: Why::Tie(tie),
                    }),
                    Some(_) => {}
                }
            }
        }
    }
    leaks
}

#[cfg(test)]
mod tests {
    use super::*;

    // verifies: RQ-140
    #[test]
    fn a_patient_a_group_a_file_and_the_same_bytes_on_two_sides_are_found() {
        let row = |file: &str| Row { file: file.to_owned(), source: "s".to_owned(), ..Row::default() };
        let patient = |file: &str| Row { patient: Some("p".to_owned()), ..row(file) };
        let group = |file: &str| Row { group: Some("g".to_owned()), ..row(file) };
        let bytes = |file: &str| Row { sha256: Some("ab".repeat(32)), ..row(file) };
        let train = [patient("a"), group("b"), bytes("c"), row("d"), patient("a2")];
        let test = [patient("e"), group("f"), bytes("g"), row("d"), row("h")];
        let found: Vec<String> = leaks(&[("train", &train), ("test", &test)]).iter().map(Leak::to_string).collect();
        assert_eq!(
            found,
            [
                "a (train) and e (test) show one patient, \"p\" of \"s\"".to_owned(),
                "b (train) and f (test) are of one group, \"g\"".to_owned(),
                format!("c (train) and g (test) have the same bytes (SHA-256 {})", "ab".repeat(32)),
                "d (train) and d (test) are one file".to_owned(),
            ]
        );
        assert!(leaks(&[("train", &train), ("test", &test[4..])]).is_empty());
    }
}
