//! What a network shall learn: outputs, targets and loss belong together and can't be paired wrongly.
//!
//! | task | outputs | targets | loss |
//! |---|---|---|---|
//! | `anomaly` | one: not normal | known or unknown | sigmoid, binary cross-entropy |
//! | `multi_label` | eight: anomaly and the seven conditions, each known or unknown on its own | several at once | the same, unknown cells masked |
//! | `multi_class` | one a class, exclusive | photographs with exactly one of the classes | softmax, cross-entropy |

use ocellus_model::label::{Label, Output};
use serde::{Deserialize, Serialize};

use crate::manifest::Row;

/// Number of classes the multi-class task takes when none are named.
const MULTI_CLASS: usize = 4;

/// The three tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum TaskKind {
    /// Normal or not.
    Anomaly,
    /// One of several exclusive classes.
    MultiClass,
    /// Every condition on its own.
    MultiLabel,
}

impl TaskKind {
    /// The name in configurations.
    pub fn as_str(self) -> &'static str {
        match self {
            TaskKind::Anomaly => "anomaly",
            TaskKind::MultiClass => "multi_class",
            TaskKind::MultiLabel => "multi_label",
        }
    }
}

/// The loss that goes with a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossKind {
    /// Binary cross-entropy on each logit's sigmoid.
    Binary,
    /// Cross-entropy on the softmax of all logits.
    Softmax,
}

/// A task with its outputs settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "kind")]
pub enum Task {
    /// Normal or not.
    Anomaly,
    /// One of these classes.
    MultiClass {
        /// The classes in the order of the outputs.
        classes: Vec<Label>,
    },
    /// All of [`Output::ALL`].
    MultiLabel,
}

impl Task {
    /// Checks classes against a kind of task.
    ///
    /// # Errors
    /// When classes are named without the multi-class task, fewer than two, or one twice.
    pub fn check(kind: TaskKind, classes: Option<&[Label]>) -> Result<(), String> {
        match (kind, classes) {
            (TaskKind::MultiClass, Some(classes)) => {
                let twice = classes.iter().enumerate().any(|(at, class)| classes[..at].contains(class));
                if classes.len() < 2 || twice {
                    return Err(format!("classes has {} entries, expected two or more different ones", classes.len()));
                }
                Ok(())
            }
            (_, Some(_)) => Err("classes is given, but only the task multi_class has classes".to_owned()),
            (_, None) => Ok(()),
        }
    }

    /// Settles a task. Without named classes, the multi-class task takes the four labels that are most often the
    /// only one present (ties in the order of the columns).
    ///
    /// # Errors
    /// As [`Task::check`], and when the rows hold fewer than two classes.
    pub fn settle<'a>(
        kind: TaskKind,
        classes: Option<&[Label]>,
        rows: impl Iterator<Item = &'a Row>,
    ) -> Result<Self, String> {
        Self::check(kind, classes)?;
        match kind {
            TaskKind::Anomaly => Ok(Task::Anomaly),
            TaskKind::MultiLabel => Ok(Task::MultiLabel),
            TaskKind::MultiClass => {
                if let Some(classes) = classes {
                    return Ok(Task::MultiClass { classes: classes.to_vec() });
                }
                let mut counts = Label::ALL.map(|label| (0_usize, label));
                for row in rows {
                    if let Some(only) = only_present(row, &Label::ALL) {
                        counts[only].0 += 1;
                    }
                }
                counts.sort_by_key(|(count, label)| (std::cmp::Reverse(*count), *label));
                let classes: Vec<Label> =
                    counts.into_iter().filter(|(count, _)| *count > 0).take(MULTI_CLASS).map(|(_, l)| l).collect();
                if classes.len() < 2 {
                    return Err("the training photographs hold fewer than two classes".to_owned());
                }
                Ok(Task::MultiClass { classes })
            }
        }
    }

    /// The names of the outputs, in order.
    pub fn names(&self) -> Vec<&'static str> {
        match self {
            Task::Anomaly => vec![Output::Anomaly.as_str()],
            Task::MultiClass { classes } => classes.iter().map(|class| class.as_str()).collect(),
            Task::MultiLabel => Output::ALL.map(Output::as_str).to_vec(),
        }
    }

    /// The outputs as a bundle knows them; none for the multi-class task, whose classes exclude each other.
    pub fn outputs(&self) -> Option<Vec<Output>> {
        match self {
            Task::Anomaly => Some(vec![Output::Anomaly]),
            Task::MultiClass { .. } => None,
            Task::MultiLabel => Some(Output::ALL.to_vec()),
        }
    }

    /// The loss.
    pub fn loss(&self) -> LossKind {
        match self {
            Task::Anomaly | Task::MultiLabel => LossKind::Binary,
            Task::MultiClass { .. } => LossKind::Softmax,
        }
    }

    /// A photograph's target for each output; `None` where nothing is known. In the multi-class task either all are
    /// known or none.
    pub fn targets(&self, row: &Row) -> Vec<Option<bool>> {
        match self {
            Task::Anomaly => vec![row.target(Output::Anomaly)],
            Task::MultiLabel => Output::ALL.iter().map(|output| row.target(*output)).collect(),
            Task::MultiClass { classes } => match only_present(row, classes) {
                Some(only) => (0..classes.len()).map(|class| Some(class == only)).collect(),
                None => vec![None; classes.len()],
            },
        }
    }
}

/// The index of the one label among `labels` that is present, if exactly one is.
pub(crate) fn only_present(row: &Row, labels: &[Label]) -> Option<usize> {
    let mut present = labels.iter().enumerate().filter(|(_, label)| row.label(**label) == Some(true));
    match (present.next(), present.next()) {
        (Some((index, _)), None) => Some(index),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(present: &[Label], absent: &[Label]) -> Row {
        let mut row = Row::default();
        for label in present {
            row.labels[*label as usize] = Some(true);
        }
        for label in absent {
            row.labels[*label as usize] = Some(false);
        }
        row
    }

    #[test]
    fn an_unknown_cell_is_masked_and_anomaly_is_not_normal() {
        let targets = Task::MultiLabel.targets(&row(&[Label::Glaucoma], &[Label::Normal]));
        assert_eq!(targets[Output::Anomaly as usize], Some(true));
        assert_eq!(targets[Output::Glaucoma as usize], Some(true));
        assert_eq!(targets[Output::Opacity as usize], None);
    }

    #[test]
    fn a_photograph_with_two_classes_says_nothing_to_the_multi_class_task() {
        let task = Task::MultiClass { classes: vec![Label::Normal, Label::Opacity, Label::Glaucoma] };
        assert_eq!(task.targets(&row(&[Label::Opacity], &[])), [Some(false), Some(true), Some(false)]);
        assert_eq!(task.targets(&row(&[Label::Opacity, Label::Glaucoma], &[])), [None; 3]);
        assert_eq!(task.targets(&row(&[], &[])), [None; 3]);
    }

    #[test]
    fn the_most_prevalent_classes_are_chosen_from_the_data() {
        let mut rows = Vec::new();
        for (label, count) in [(Label::Opacity, 3), (Label::Normal, 5), (Label::Glaucoma, 4), (Label::Other, 1)] {
            rows.extend((0..count).map(|_| row(&[label], &[])));
        }
        rows.extend((0..9).map(|_| row(&[Label::MacularEdema, Label::DiabeticRetinopathy], &[])));
        let task = Task::settle(TaskKind::MultiClass, None, rows.iter()).unwrap();
        assert_eq!(task.names(), ["normal", "glaucoma", "opacity", "other"]);
        assert!(Task::settle(TaskKind::MultiClass, None, rows[..3].iter()).is_err());
    }

    #[test]
    fn loss_follows_from_the_task() {
        assert_eq!(Task::MultiLabel.loss(), LossKind::Binary);
        assert_eq!(Task::MultiClass { classes: vec![Label::Normal, Label::Other] }.loss(), LossKind::Softmax);
    }
}
