//! One figure for all outputs: how well the conditions are told together, and how well one of several classes.
//!
//! *Multi-label*: over photographs of which at least two outputs are known. Macro figures are plain means over outputs;
//! a match is exact when every known output of a photograph is on the right side of its threshold.
//!
//! *Multi-class*: over photographs with exactly one label, and that one of the classes: those of a run of that task, else the
//! four most prevalent. The class told is the one with the highest probability. Of a network trained for single outputs,
//! which was not trained for the choice, that is its share in the odds of all classes: taken for independent, each class alone
//! of them is as probable as its odds say. The odds of *normal* are those against the anomaly.

use ocellus_model::label::{Label, Output};
use serde::Serialize;

use super::{
    auroc::auroc,
    interval::{Proportion, proportion},
};
use crate::{
    manifest::Row,
    task::{Task, TaskKind, only_present},
};

/// All conditions together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MultiLabel {
    /// Photographs of which at least two outputs are known.
    pub photographs: usize,
    /// Outputs with both classes among them.
    pub outputs: usize,
    /// Mean AUROC over those.
    pub macro_auroc: Option<f64>,
    /// Mean F1 at the thresholds over outputs with a positive.
    pub macro_f1: Option<f64>,
    /// Part of the photographs with every known output right.
    pub exact_match: Option<Proportion>,
}

/// One of several classes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MultiClass {
    /// The classes, the most frequent first.
    pub classes: Vec<Label>,
    /// Photographs with exactly one of them.
    pub photographs: usize,
    /// Part that is told right.
    pub accuracy: Option<Proportion>,
    /// Mean over classes of the AUROC of one against the rest.
    pub macro_auroc: Option<f64>,
    /// The same of a classifier that sees the frame and the mean colours only.
    pub frame_macro_auroc: Option<f64>,
    /// Photographs by class (row) and class told (column).
    pub confusion: Vec<Vec<usize>>,
}

/// A photograph with its probabilities, in the order of the outputs.
pub(super) type Judged<'a> = (&'a Row, &'a [f64]);

/// The conditions together; `thresholds` go with `outputs`.
pub(super) fn multi_label(outputs: &[Output], thresholds: &[f64], judged: &[Judged<'_>]) -> MultiLabel {
    let known = |row: &Row| outputs.iter().filter(|output| row.target(**output).is_some()).count();
    let judged: Vec<&Judged<'_>> = judged.iter().filter(|(row, _)| known(row) >= 2).collect();
    let (mut areas, mut f1s) = (Vec::new(), Vec::new());
    for (at, output) in outputs.iter().enumerate() {
        let pairs = judged.iter().filter_map(|(row, probabilities)| Some((probabilities[at], row.target(*output)?)));
        let (scores, targets): (Vec<f64>, Vec<bool>) = pairs.unzip();
        areas.extend(auroc(&scores, &targets).map(|area| area.value));
        let count = |found: bool, target: bool| {
            let pairs = scores.iter().zip(&targets);
            pairs.filter(|(score, is)| (**score >= thresholds[at]) == found && **is == target).count() as f64
        };
        let (hits, alarms, missed) = (count(true, true), count(true, false), count(false, true));
        if hits + missed > 0.0 {
            f1s.push(2.0 * hits / (2.0 * hits + alarms + missed));
        }
    }
    let right = |(row, probabilities): &&&Judged<'_>| {
        outputs.iter().enumerate().all(|(at, output)| {
            row.target(*output).is_none_or(|target| (probabilities[at] >= thresholds[at]) == target)
        })
    };
    MultiLabel {
        photographs: judged.len(),
        outputs: areas.len(),
        macro_auroc: mean(&areas),
        macro_f1: mean(&f1s),
        exact_match: proportion(judged.iter().filter(right).count(), judged.len()),
    }
}

/// The four classes that most photographs hold alone; none where there are not two.
pub(super) fn prevalent<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<Vec<Label>> {
    match Task::settle(TaskKind::MultiClass, None, rows).ok()? {
        Task::MultiClass { classes } => Some(classes),
        Task::Anomaly | Task::MultiLabel => None,
    }
}

/// Which of the classes a photograph holds, if it holds that one and nothing else.
pub(super) fn class_of(row: &Row, classes: &[Label]) -> Option<usize> {
    let only = only_present(row, &Label::ALL)?;
    classes.iter().position(|class| *class == Label::ALL[only])
}

/// One of several classes, told by outputs that each have a probability of their own; none where one is not among them.
pub(super) fn classes_of_outputs(outputs: &[Output], judged: &[Judged<'_>]) -> Option<MultiClass> {
    let classes = prevalent(judged.iter().map(|(row, _)| *row))?;
    let probability = |class: Label, probabilities: &[f64]| {
        let of = |output: Output| outputs.iter().position(|known| *known == output).map(|at| probabilities[at]);
        match class {
            Label::Normal => of(Output::Anomaly).map(|anomaly| 1.0 - anomaly),
            class => outputs.iter().copied().find(|output| output.label() == class).and_then(of),
        }
    };
    let mut rows: Vec<(usize, Vec<f64>)> = Vec::new();
    for (row, probabilities) in judged {
        let Some(class) = class_of(row, &classes) else { continue };
        let of_each: Option<Vec<f64>> = classes.iter().map(|class| probability(*class, probabilities)).collect();
        // A network that lacks one of the classes can't be asked.
        rows.push((class, shares_of_odds(&of_each?)));
    }
    Some(multi_class(classes, &rows))
}

/// How probable each of several things is where exactly one holds, from the probabilities of each by itself.
fn shares_of_odds(probabilities: &[f64]) -> Vec<f64> {
    // A certainty would leave nothing to the others whatever they say.
    let odds = probabilities.iter().map(|p| p.clamp(1e-9, 1.0 - 1e-9)).map(|p| p / (1.0 - p));
    let odds: Vec<f64> = odds.collect();
    let sum: f64 = odds.iter().sum();
    odds.iter().map(|odds| odds / sum).collect()
}

/// One of several classes; `rows` hold the class of a photograph and a score for each.
pub(super) fn multi_class(classes: Vec<Label>, rows: &[(usize, Vec<f64>)]) -> MultiClass {
    let mut confusion = vec![vec![0; classes.len()]; classes.len()];
    for (class, scores) in rows {
        let told = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap_or_default();
        confusion[*class][told] += 1;
    }
    let right = (0..classes.len()).map(|class| confusion[class][class]).sum();
    MultiClass {
        photographs: rows.len(),
        accuracy: proportion(right, rows.len()),
        macro_auroc: macro_auroc(classes.len(), rows),
        frame_macro_auroc: None,
        classes,
        confusion,
    }
}

/// The mean over classes of the AUROC of one against the rest.
pub(super) fn macro_auroc(classes: usize, rows: &[(usize, Vec<f64>)]) -> Option<f64> {
    let areas: Vec<f64> = (0..classes)
        .filter_map(|class| {
            let (scores, targets): (Vec<f64>, Vec<bool>) =
                rows.iter().map(|(is, scores)| (scores[class], *is == class)).unzip();
            auroc(&scores, &targets).map(|area| area.value)
        })
        .collect();
    mean(&areas)
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUTS: [Output; 3] = [Output::Anomaly, Output::Opacity, Output::Glaucoma];

    fn row(normal: bool, opacity: Option<bool>, glaucoma: Option<bool>) -> Row {
        let mut row = Row::default();
        row.labels[Label::Normal as usize] = Some(normal);
        row.labels[Label::Opacity as usize] = opacity;
        row.labels[Label::Glaucoma as usize] = glaucoma;
        row
    }

    #[test]
    fn a_match_is_exact_on_what_is_known() {
        let rows = [
            row(false, Some(true), Some(false)),
            row(false, Some(false), None),
            row(true, Some(false), Some(false)),
            row(false, None, None),
        ];
        let probabilities = [[0.9, 0.8, 0.1], [0.9, 0.1, 0.9], [0.2, 0.7, 0.1], [0.1, 0.1, 0.1]];
        let judged: Vec<Judged<'_>> = rows.iter().zip(&probabilities).map(|(row, p)| (row, &p[..])).collect();
        let found = multi_label(&OUTPUTS, &[0.5; 3], &judged);
        // The last one says nothing but abnormal: one output known.
        assert_eq!(found.photographs, 3);
        assert!((found.exact_match.unwrap().value - 2.0 / 3.0).abs() < 1e-12);
        // Opacity: one of one found, one false alarm; anomaly: two of two. Glaucoma has no positive.
        assert!((found.macro_f1.unwrap() - f64::midpoint(2.0 / 3.0, 1.0)).abs() < 1e-12);
        assert_eq!((found.outputs, found.macro_auroc), (2, Some(1.0)));
    }

    #[test]
    fn the_class_told_is_the_most_probable_one_and_normal_is_no_anomaly() {
        let rows = [
            row(true, Some(false), Some(false)),
            row(true, Some(false), Some(false)),
            row(false, Some(true), Some(false)),
            row(false, Some(true), Some(true)),
        ];
        let probabilities = [[0.1, 0.2, 0.3], [0.9, 0.6, 0.1], [0.9, 0.8, 0.1], [0.9, 0.9, 0.9]];
        let judged: Vec<Judged<'_>> = rows.iter().zip(&probabilities).map(|(row, p)| (row, &p[..])).collect();
        let found = classes_of_outputs(&OUTPUTS, &judged).unwrap();
        assert_eq!(found.classes, [Label::Normal, Label::Opacity]);
        // The last one has two conditions.
        assert_eq!(found.photographs, 3);
        assert_eq!(found.confusion, [[1, 1], [0, 1]]);
        assert!((found.accuracy.unwrap().value - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn where_one_class_holds_the_others_speak_against_it() {
        // By itself the opacity of the last one is the most probable of all; beside its glaucoma it is not.
        let rows = [
            row(true, Some(false), Some(false)),
            row(false, Some(true), Some(false)),
            row(false, Some(false), Some(true)),
            row(false, Some(false), Some(true)),
        ];
        let probabilities = [[0.2, 0.1, 0.1], [0.9, 0.4, 0.1], [0.9, 0.1, 0.5], [0.9, 0.5, 0.9]];
        let judged: Vec<Judged<'_>> = rows.iter().zip(&probabilities).map(|(row, p)| (row, &p[..])).collect();
        assert_eq!(classes_of_outputs(&OUTPUTS, &judged).unwrap().macro_auroc, Some(1.0));
        let shares = shares_of_odds(&[0.5, 0.75, 0.0]);
        assert!((shares[1] - 0.75).abs() < 1e-6 && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{shares:?}");
    }
}
