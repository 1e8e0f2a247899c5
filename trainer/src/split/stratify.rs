//! Deals components to sides so that sources and labels are spread as asked.
//!
//! Iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011), with components in the place of single examples: the
//! rarest stratum that still has undealt photographs goes first, each of its components to the side that lacks most of
//! that stratum. A *stratum* is a source, or a positive label within a source.

use ocellus_model::label::Label;
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::{Fractions, Side};
use crate::manifest::Row;

/// The side of each row. The same rows, components, fractions and seed give the same answer on every machine.
///
/// `components[i]` is the component of `rows[i]`, numbered from 0 without gaps.
pub fn stratify(rows: &[Row], components: &[usize], fractions: Fractions, seed: u64) -> Vec<Side> {
    let count = components.iter().max().map_or(0, |last| last + 1);
    let members = strata_of(rows);
    let strata = members.iter().flatten().max().map_or(0, |last| last + 1);

    // Photographs of each stratum in each component, sparse.
    let mut contents: Vec<Vec<(usize, usize)>> = vec![Vec::new(); count];
    let mut sizes = vec![0usize; count];
    for (row, component) in components.iter().enumerate() {
        sizes[*component] += 1;
        for stratum in &members[row] {
            match contents[*component].iter_mut().find(|(known, _)| known == stratum) {
                Some((_, photographs)) => *photographs += 1,
                None => contents[*component].push((*stratum, 1)),
            }
        }
    }
    let mut remaining = vec![0usize; strata];
    let mut holders: Vec<Vec<usize>> = vec![Vec::new(); strata];
    for (component, content) in contents.iter().enumerate() {
        for (stratum, photographs) in content {
            remaining[*stratum] += photographs;
            holders[*stratum].push(component);
        }
    }
    let mut wanted: Vec<[f64; 3]> =
        remaining.iter().map(|all| Side::ALL.map(|side| *all as f64 * fractions.of(side))).collect();
    let mut wanted_in_all = Side::ALL.map(|side| rows.len() as f64 * fractions.of(side));

    // The seed decides among equals: the order in which components of a stratum are dealt.
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut rank = vec![0usize; count];
    for (position, component) in order.iter().enumerate() {
        rank[*component] = position;
    }

    let mut sides: Vec<Option<Side>> = vec![None; count];
    while let Some(stratum) = (0..strata).filter(|s| remaining[*s] > 0).min_by_key(|s| (remaining[*s], *s)) {
        let mut dealt = std::mem::take(&mut holders[stratum]);
        // Large components first: they are the hardest to place.
        dealt.sort_by_key(|component| (std::cmp::Reverse(sizes[*component]), rank[*component]));
        for component in dealt {
            if sides[component].is_some() {
                continue;
            }
            let lacking = |side: &Side| (wanted[stratum][*side as usize], wanted_in_all[*side as usize]);
            let side = Side::ALL
                .into_iter()
                .filter(|side| fractions.of(*side) > 0.0)
                .max_by(|a, b| {
                    let ((in_stratum_a, all_a), (in_stratum_b, all_b)) = (lacking(a), lacking(b));
                    // On a tie the earlier side wins: `max_by` takes the last, hence the reversed order.
                    in_stratum_a.total_cmp(&in_stratum_b).then(all_a.total_cmp(&all_b)).then(b.cmp(a))
                })
                .unwrap_or(Side::Train);
            sides[component] = Some(side);
            wanted_in_all[side as usize] -= sizes[component] as f64;
            for (other, photographs) in &contents[component] {
                remaining[*other] -= photographs;
                wanted[*other][side as usize] -= *photographs as f64;
            }
        }
    }
    components.iter().map(|component| sides[*component].unwrap_or(Side::Train)).collect()
}

/// The strata of each row: its source, and each positive label within it. Numbered in order of first appearance.
fn strata_of(rows: &[Row]) -> Vec<Vec<usize>> {
    let mut numbers = std::collections::HashMap::new();
    rows.iter()
        .map(|row| {
            let positive = Label::ALL.into_iter().filter(|label| row.label(*label) == Some(true)).map(Some);
            std::iter::once(None)
                .chain(positive)
                .map(|label| {
                    let next = numbers.len();
                    *numbers.entry((row.source.as_str(), label)).or_insert(next)
                })
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::components::components;

    /// Two sources, a frequent and a rare label, two photographs a patient.
    fn rows() -> Vec<Row> {
        (0..1000)
            .map(|index| {
                let mut row = Row {
                    file: format!("{index}.jpg"),
                    source: if index < 700 { "a" } else { "b" }.to_owned(),
                    patient: Some((index / 2).to_string()),
                    ..Row::default()
                };
                row.labels[Label::Normal as usize] = Some(index % 3 == 0);
                row.labels[Label::Glaucoma as usize] = Some(index % 50 < 2);
                row
            })
            .collect()
    }

    // verifies: RQ-140
    #[test]
    fn sources_and_rare_labels_are_spread_as_the_fractions_ask_and_patients_stay_whole() {
        let rows = rows();
        let parts = components(&rows, []);
        let sides = stratify(&rows, &parts, Fractions::DEFAULT, 7);
        for (a, b) in sides.iter().zip(&sides[1..]).step_by(2) {
            assert_eq!(a, b, "a patient was parted");
        }
        let count = |side: Side, what: &dyn Fn(&Row) -> bool| {
            rows.iter().zip(&sides).filter(|(row, at)| **at == side && what(row)).count()
        };
        for (source, all) in [("a", 700.0), ("b", 300.0)] {
            for side in Side::ALL {
                let part = count(side, &|row| row.source == source) as f64 / all;
                assert!((part - Fractions::DEFAULT.of(side)).abs() < 0.03, "{source} {side}: {part}");
            }
        }
        let glaucoma = Side::ALL.map(|side| count(side, &|row| row.label(Label::Glaucoma) == Some(true)));
        assert_eq!(glaucoma.iter().sum::<usize>(), 40);
        assert!(glaucoma[1] >= 2 && glaucoma[2] >= 2, "rare label missing on a side: {glaucoma:?}");
    }

    #[test]
    fn the_seed_decides_and_nothing_else() {
        let rows = rows();
        let parts = components(&rows, []);
        assert_eq!(stratify(&rows, &parts, Fractions::DEFAULT, 1), stratify(&rows, &parts, Fractions::DEFAULT, 1));
        assert_ne!(stratify(&rows, &parts, Fractions::DEFAULT, 1), stratify(&rows, &parts, Fractions::DEFAULT, 2));
    }

    #[test]
    fn a_side_with_fraction_zero_stays_empty() {
        let rows = rows();
        let parts = components(&rows, []);
        let sides = stratify(&rows, &parts, "0.9,0.1".parse().unwrap(), 1);
        assert!(!sides.contains(&Side::Test) && sides.contains(&Side::Validation));
    }
}
