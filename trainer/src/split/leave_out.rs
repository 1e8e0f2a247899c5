//! Leaves a source out: what a network makes of a clinic, a camera and people it has never seen.
//!
//! All of the source is the test side. A photograph of another source that belongs to the same component (the same eye
//! under two names) goes to the test side with it, so that nothing of the test was ever trained on.

use std::collections::BTreeSet;

use super::{Fractions, Side, stratify::stratify};
use crate::manifest::Row;

/// The side of each row when `source` is left out; the others are dealt to train and validation as
/// [`stratify`] does.
///
/// # Errors
/// When no row, or every row, comes from `source`: the message names the sources there are.
pub fn leave_out(
    rows: &[Row],
    components: &[usize],
    fractions: Fractions,
    seed: u64,
    source: &str,
) -> Result<Vec<Side>, String> {
    let there: BTreeSet<&str> = rows.iter().map(|row| row.source.as_str()).collect();
    if !there.contains(source) || there.len() < 2 {
        let names: Vec<&str> = there.into_iter().collect();
        return Err(format!("can't leave out source {source:?}; the manifest's sources: {}", names.join(", ")));
    }
    let pairs = || rows.iter().zip(components);
    let left_out: BTreeSet<usize> = pairs().filter(|(row, _)| row.source == source).map(|(_, part)| *part).collect();
    let kept: Vec<(&Row, usize)> =
        pairs().filter(|(_, part)| !left_out.contains(part)).map(|(row, part)| (row, *part)).collect();
    let kept_rows: Vec<Row> = kept.iter().map(|(row, _)| (*row).clone()).collect();
    // Numbered anew without gaps.
    let numbers: BTreeSet<usize> = kept.iter().map(|(_, part)| *part).collect();
    let number = |part: usize| numbers.range(..part).count();
    let kept_parts: Vec<usize> = kept.iter().map(|(_, part)| number(*part)).collect();
    let mut dealt = stratify(&kept_rows, &kept_parts, fractions.without_test(), seed).into_iter();
    Ok(components
        .iter()
        .map(|part| if left_out.contains(part) { Side::Test } else { dealt.next().unwrap_or(Side::Train) })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(source: &str) -> Row {
        Row { source: source.to_owned(), ..Row::default() }
    }

    #[test]
    fn a_source_left_out_is_the_test_with_all_its_twins_and_the_rest_is_dealt() {
        let rows: Vec<Row> = (0..40).map(|i| row(if i < 10 { "a" } else { "b" })).collect();
        // Photograph 39 of b is the same eye as photograph 0 of a.
        let components: Vec<usize> = (0..39).chain([0]).collect();
        let sides = leave_out(&rows, &components, Fractions::DEFAULT, 1, "a").unwrap();
        let test: Vec<usize> = (0..40).filter(|i| sides[*i] == Side::Test).collect();
        assert_eq!(test, (0..10).chain([39]).collect::<Vec<_>>());
        let validation = sides.iter().filter(|side| **side == Side::Validation).count();
        assert!((2..=5).contains(&validation), "{validation} of 29 for validation");
    }

    #[test]
    fn a_source_that_is_not_there_or_is_all_there_is_can_t_be_left_out() {
        let error = leave_out(&[row("a"), row("b")], &[0, 1], Fractions::DEFAULT, 1, "c").unwrap_err();
        assert!(error.contains("\"c\"") && error.contains("a, b"), "{error}");
        assert!(leave_out(&[row("a"), row("a")], &[0, 1], Fractions::DEFAULT, 1, "a").is_err());
    }
}
