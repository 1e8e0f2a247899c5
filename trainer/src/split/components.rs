//! Which photographs may not be parted.

use std::collections::HashMap;

use crate::manifest::Row;

/// Why two photographs belong together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tie {
    /// The same `group`.
    Group(String),
    /// The same patient of the same source.
    Patient(String, String),
    /// The same file.
    File(String),
    /// The same bytes.
    Sha256(String),
}

/// Every tie of a row. Sources number their patients independently, so a patient is one only within its source.
pub fn ties(row: &Row) -> impl Iterator<Item = Tie> + '_ {
    let group = row.group.clone().map(Tie::Group);
    let patient = row.patient.clone().map(|patient| Tie::Patient(row.source.clone(), patient));
    let digest = row.sha256.clone().map(Tie::Sha256);
    [group, patient, Some(Tie::File(row.file.clone())), digest].into_iter().flatten()
}

/// The component of each row, numbered from 0 in the order of first appearance. `near_duplicates` are pairs of row
/// indices that belong together besides the ties.
pub fn components(rows: &[Row], near_duplicates: impl IntoIterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut parents: Vec<usize> = (0..rows.len()).collect();
    let mut first: HashMap<Tie, usize> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        for tie in ties(row) {
            let other = *first.entry(tie).or_insert(index);
            unite(&mut parents, index, other);
        }
    }
    for (a, b) in near_duplicates {
        unite(&mut parents, a, b);
    }
    let mut numbers = HashMap::new();
    (0..rows.len())
        .map(|index| {
            let root = root(&mut parents, index);
            let next = numbers.len();
            *numbers.entry(root).or_insert(next)
        })
        .collect()
}

/// The representative of a set; shortens the path on the way.
fn root(parents: &mut [usize], mut index: usize) -> usize {
    while parents[index] != index {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    index
}

fn unite(parents: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(parents, a), root(parents, b));
    parents[a.max(b)] = a.min(b);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_followed_from_photograph_to_photograph() {
        let row = |file: &str, source: &str, patient: Option<&str>, group: Option<&str>| Row {
            file: file.to_owned(),
            source: source.to_owned(),
            patient: patient.map(str::to_owned),
            group: group.map(str::to_owned),
            ..Row::default()
        };
        let rows = [
            row("a", "x", Some("1"), None),
            row("b", "x", Some("1"), Some("g")),
            row("c", "y", Some("1"), Some("g")),
            row("d", "y", Some("2"), None),
            row("e", "z", Some("1"), None),
            row("d", "w", None, None),
        ];
        assert_eq!(components(&rows, []), [0, 0, 0, 1, 2, 1], "patient 1 of z is somebody else");
        assert_eq!(components(&rows, [(4, 5)]), [0, 0, 0, 1, 1, 1]);
    }
}
