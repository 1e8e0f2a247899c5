//! Which photographs may not be parted.

use std::collections::HashMap;

use crate::manifest::Row;

/// Why two photographs belong together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tie<'a> {
    /// The same `group`.
    Group(&'a str),
    /// The same patient of the same source.
    Patient(&'a str, &'a str),
    /// The same file.
    File(&'a str),
    /// The same bytes.
    Sha256(&'a str),
}

/// Every tie of a row. Sources number their patients independently, so a patient is one only within its source.
pub fn ties(row: &Row) -> impl Iterator<Item = Tie<'_>> {
    let group = row.group.as_deref().map(Tie::Group);
    let patient = row.patient.as_deref().map(|patient| Tie::Patient(&row.source, patient));
    let digest = row.sha256.as_deref().map(Tie::Sha256);
    [group, patient, Some(Tie::File(&row.file)), digest].into_iter().flatten()
}

/// The component of each row, numbered from 0 in the order of first appearance. `near_duplicates` are pairs of row
/// indices that belong together besides the ties.
pub fn components<'a>(
    rows: impl IntoIterator<Item = &'a Row>,
    near_duplicates: impl IntoIterator<Item = (usize, usize)>,
) -> Vec<usize> {
    let mut parents: Vec<usize> = Vec::new();
    let mut first: HashMap<Tie<'a>, usize> = HashMap::new();
    for (index, row) in rows.into_iter().enumerate() {
        parents.push(index);
        for tie in ties(row) {
            let other = *first.entry(tie).or_insert(index);
            unite(&mut parents, index, other);
        }
    }
    for (a, b) in near_duplicates {
        unite(&mut parents, a, b);
    }
    let mut numbers = HashMap::new();
    (0..parents.len())
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
