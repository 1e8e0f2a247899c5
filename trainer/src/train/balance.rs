//! How much each known label counts in the loss.
//!
//! Three things have to be set right: rare labels, labels that a source gives away, and people of whom there are many
//! photographs. A *case* is what belongs together (patient, group, copies); each of its n photographs counts n^(−`case`)
//! in all that follows, so that with `case` = 1 every person counts the same. A *cell* is a pair of source and
//! class (present or absent for one output; one of the classes for the multi-class task). With p(s, y) the share of
//! the cell among the photographs known for the output, p(s) and p(y) its margins:
//!
//! 1. classes get the shares q(y) ∝ p(y)^(1 − `label`): `label` = 0 keeps the prevalence, 1 makes classes equal;
//! 2. cells get m(s, y) ∝ p(s, y)^(1 − `source`) · (p(s) · q(y))^`source`, scaled so that each class keeps q(y):
//!    with `source` = 1 the ratio of the classes is the same in all sources that have both, so that knowing the
//!    camera does not help;
//! 3. a photograph's weight is m(s, y) / p(s, y) (mean 1), cut at `cap`, and scaled to a mean of 1 again.
//!
//! A source with only one class can't be balanced by weights at all; [`BalanceConfig::mask_single_class_sources`]
//! names the outputs for which such sources are left out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::config::BalanceConfig;
use crate::task::{LossKind, Task};

/// Weights of all photographs for all outputs, and what was left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// `photographs × outputs`, row-major; 0 where nothing is known.
    pub values: Vec<f32>,
    /// One an output.
    pub report: Vec<OutputBalance>,
}

/// What balancing did for one output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputBalance {
    /// The output's name.
    pub output: String,
    /// Photographs with the label present.
    pub present: usize,
    /// Photographs with the label absent.
    pub absent: usize,
    /// Sources left out because they have only one class.
    pub left_out: Vec<String>,
    /// Largest weight.
    pub largest: f64,
}

/// Weighs photographs by their targets (photographs × outputs), sources and cases (numbers from 0).
pub fn weigh(
    task: &Task,
    targets: &[Vec<Option<bool>>],
    sources: &[&str],
    cases: &[usize],
    config: &BalanceConfig,
) -> Weights {
    let names = task.names();
    let mut members: BTreeMap<usize, usize> = BTreeMap::new();
    for case in cases {
        *members.entry(*case).or_default() += 1;
    }
    let counts: Vec<f64> = cases.iter().map(|case| (members[case] as f64).powf(-config.case)).collect();
    let origins = Origins { sources, counts: &counts };
    let mut values = vec![0.0; targets.len() * names.len()];
    let mut report = Vec::with_capacity(names.len());
    // In the multi-class task the whole row is one statement: its cell is the class that is present.
    let shared = match task.loss() {
        LossKind::Softmax => {
            let class = |row: &Vec<Option<bool>>| row.iter().position(|target| *target == Some(true));
            let known = targets.iter().enumerate().filter_map(|(at, row)| Some((at, class(row)?)));
            Some(cell_weights(known, &origins, config))
        }
        LossKind::Binary => None,
    };
    for (column, name) in names.iter().enumerate() {
        let target = |row: usize| targets[row].get(column).copied().flatten();
        let mut left_out = Vec::new();
        let weights = match &shared {
            Some(shared) => shared.clone(),
            None => {
                if config.mask_single_class_sources.iter().any(|output| output.as_str() == *name) {
                    left_out = single_class_sources((0..targets.len()).filter_map(|r| Some((r, target(r)?))), sources);
                }
                let known = (0..targets.len())
                    .filter_map(|row| Some((row, usize::from(target(row)?))))
                    .filter(|(row, _)| !left_out.iter().any(|source| source == sources[*row]));
                cell_weights(known, &origins, config)
            }
        };
        let (mut present, mut absent, mut largest) = (0, 0, 0.0_f64);
        for (row, weight) in weights {
            values[row * names.len() + column] = weight as f32;
            present += usize::from(target(row) == Some(true));
            absent += usize::from(target(row) == Some(false));
            largest = largest.max(weight);
        }
        report.push(OutputBalance { output: (*name).to_owned(), present, absent, left_out, largest });
    }
    Weights { values, report }
}

fn single_class_sources(known: impl Iterator<Item = (usize, bool)>, sources: &[&str]) -> Vec<String> {
    let mut seen: BTreeMap<&str, [bool; 2]> = BTreeMap::new();
    for (row, target) in known {
        seen.entry(sources[row]).or_default()[usize::from(target)] = true;
    }
    seen.into_iter().filter(|(_, classes)| *classes != [true, true]).map(|(source, _)| source.to_owned()).collect()
}

/// Where photographs come from, and how much each counts before balancing.
struct Origins<'a> {
    sources: &'a [&'a str],
    counts: &'a [f64],
}

/// (row, weight) of every known row; steps 1 to 3 of the module's text.
fn cell_weights(
    known: impl Iterator<Item = (usize, usize)>,
    origins: &Origins<'_>,
    config: &BalanceConfig,
) -> Vec<(usize, f64)> {
    let known: Vec<(usize, usize)> = known.collect();
    let Origins { sources, counts } = origins;
    let total: f64 = known.iter().map(|(row, _)| counts[*row]).sum();
    let (mut cells, mut by_class, mut by_source) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (row, class) in &known {
        let share = counts[*row] / total;
        *cells.entry((sources[*row], *class)).or_insert(0.0) += share;
        *by_class.entry(*class).or_insert(0.0) += share;
        *by_source.entry(sources[*row]).or_insert(0.0) += share;
    }
    let powered: BTreeMap<usize, f64> =
        by_class.iter().map(|(class, share): (&usize, &f64)| (*class, share.powf(1.0 - config.label))).collect();
    let sum: f64 = powered.values().sum();
    let mixed: BTreeMap<(&str, usize), f64> = cells
        .iter()
        .map(|((source, class), share): (&(&str, usize), &f64)| {
            let independent = by_source[source] * powered[class] / sum;
            ((*source, *class), share.powf(1.0 - config.source) * independent.powf(config.source))
        })
        .collect();
    let mut class_sums: BTreeMap<usize, f64> = BTreeMap::new();
    for ((_, class), mass) in &mixed {
        *class_sums.entry(*class).or_default() += mass;
    }
    let capped: Vec<f64> = known
        .iter()
        .map(|(row, class)| {
            let cell = (sources[*row], *class);
            let mass = mixed[&cell] / class_sums[class] * powered[class] / sum;
            (mass / cells[&cell]).min(config.cap) * counts[*row]
        })
        .collect();
    let mean = capped.iter().sum::<f64>() / known.len() as f64;
    known.into_iter().zip(capped).map(|((row, _), weight)| (row, weight / mean)).collect()
}

#[cfg(test)]
mod tests {
    use ocellus_model::label::{Label, Output};

    use super::*;

    fn config(label: f64, source: f64, cap: f64) -> BalanceConfig {
        BalanceConfig { label, source, case: 0.0, cap, mask_single_class_sources: vec![] }
    }

    /// Targets and sources from (source, present, count).
    fn rows(cells: &[(&'static str, Option<bool>, usize)]) -> (Vec<Vec<Option<bool>>>, Vec<&'static str>) {
        let mut out = (Vec::new(), Vec::new());
        for (source, target, count) in cells {
            for _ in 0..*count {
                out.0.push(vec![*target]);
                out.1.push(*source);
            }
        }
        out
    }

    /// Every photograph a case of its own.
    fn each(count: usize) -> Vec<usize> {
        (0..count).collect()
    }

    fn mass(weights: &Weights, rows: &(Vec<Vec<Option<bool>>>, Vec<&str>), source: &str, target: bool) -> f64 {
        let of = |(at, t): (usize, &Vec<Option<bool>>)| {
            (t[0] == Some(target) && (source.is_empty() || rows.1[at] == source)).then_some(weights.values[at])
        };
        rows.0.iter().enumerate().filter_map(of).map(f64::from).sum()
    }

    #[test]
    fn without_balancing_every_known_label_counts_one_and_an_unknown_one_nothing() {
        let rows = rows(&[("a", Some(true), 3), ("a", Some(false), 5), ("b", None, 2)]);
        let weights = weigh(&Task::Anomaly, &rows.0, &rows.1, &each(rows.0.len()), &config(0.0, 0.0, 100.0));
        assert!(weights.values[..8].iter().all(|w| (w - 1.0).abs() < 1e-6), "{:?}", weights.values);
        assert_eq!(weights.values[8..], [0.0, 0.0]);
    }

    #[test]
    fn full_label_balance_gives_both_classes_the_same_mass() {
        let rows = rows(&[("a", Some(true), 10), ("a", Some(false), 90), ("b", Some(true), 5), ("b", Some(false), 5)]);
        let weights = weigh(&Task::Anomaly, &rows.0, &rows.1, &each(rows.0.len()), &config(1.0, 0.0, 100.0));
        let (present, absent) = (mass(&weights, &rows, "", true), mass(&weights, &rows, "", false));
        assert!((present - absent).abs() < 1e-3, "{present} {absent}");
    }

    #[test]
    fn full_source_balance_makes_the_label_independent_of_the_source() {
        let rows =
            rows(&[("a", Some(true), 10), ("a", Some(false), 90), ("b", Some(true), 40), ("b", Some(false), 10)]);
        let weights = weigh(&Task::Anomaly, &rows.0, &rows.1, &each(rows.0.len()), &config(0.5, 1.0, 1e9));
        let ratio = |source| mass(&weights, &rows, source, true) / mass(&weights, &rows, source, false);
        assert!((ratio("a") - ratio("b")).abs() < 1e-4 * ratio("a"), "{} {}", ratio("a"), ratio("b"));
        let none = weigh(&Task::Anomaly, &rows.0, &rows.1, &each(rows.0.len()), &config(0.5, 0.0, 1e9));
        let ratio = |source| mass(&none, &rows, source, true) / mass(&none, &rows, source, false);
        assert!(ratio("b") > 10.0 * ratio("a"));
    }

    #[test]
    fn a_source_with_one_class_is_left_out_where_that_is_asked_for() {
        let rows = rows(&[("a", Some(true), 10), ("a", Some(false), 10), ("b", Some(true), 10)]);
        let mut config = config(0.5, 1.0, 10.0);
        config.mask_single_class_sources = vec![Output::Anomaly];
        let weights = weigh(&Task::Anomaly, &rows.0, &rows.1, &each(rows.0.len()), &config);
        assert_eq!(weights.report[0].left_out, ["b"]);
        assert!(weights.values[20..].iter().all(|weight| *weight == 0.0));
        assert_eq!((weights.report[0].present, weights.report[0].absent), (10, 10));
    }

    #[test]
    fn a_person_of_many_photographs_counts_once_where_that_is_asked_for() {
        // Four photographs of one person with the label, one each of two without.
        let rows = rows(&[("a", Some(true), 4), ("a", Some(false), 2)]);
        let cases = [0, 0, 0, 0, 1, 2];
        let with = |case: f64, label: f64| {
            let config = BalanceConfig { case, ..config(label, 0.0, 100.0) };
            weigh(&Task::Anomaly, &rows.0, &rows.1, &cases, &config)
        };
        let one = with(1.0, 0.0);
        assert!((mass(&one, &rows, "", true) - mass(&one, &rows, "", false) / 2.0).abs() < 1e-5, "{:?}", one.values);
        assert!((one.values.iter().sum::<f32>() - 6.0).abs() < 1e-5, "the mean stays 1");
        assert!((mass(&with(0.0, 0.0), &rows, "", true) - 4.0).abs() < 1e-5);
        // Labels are balanced over persons then.
        let both = with(1.0, 1.0);
        assert!((mass(&both, &rows, "", true) - mass(&both, &rows, "", false)).abs() < 1e-5, "{:?}", both.values);
    }

    #[test]
    fn the_cap_bounds_what_one_photograph_counts() {
        let rows = rows(&[("a", Some(true), 1), ("a", Some(false), 999)]);
        let weights = weigh(&Task::Anomaly, &rows.0, &rows.1, &each(rows.0.len()), &config(1.0, 1.0, 10.0));
        assert!(weights.report[0].largest > 5.0 && weights.report[0].largest < 25.0, "{:?}", weights.report);
    }

    #[test]
    fn in_the_multi_class_task_a_photograph_has_one_weight() {
        let task = Task::MultiClass { classes: vec![Label::Normal, Label::Glaucoma] };
        let targets = vec![vec![Some(true), Some(false)], vec![Some(false), Some(true)], vec![None, None]];
        let weights = weigh(&task, &targets, &["a", "a", "a"], &each(3), &config(1.0, 1.0, 10.0));
        assert_eq!(weights.values, [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    }
}
