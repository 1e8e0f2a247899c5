//! What is measured after each epoch.

use serde::{Deserialize, Serialize};

/// The line of one epoch.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochMetrics {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Steps taken since the start.
    pub step: usize,
    /// Rate of the head at the epoch's end.
    pub head_rate: f64,
    /// Weighted mean loss while training.
    pub train_loss: f64,
    /// Mean loss on the validation photographs, every known label counting the same.
    pub validation_loss: f64,
    /// Validation AUROC of each output; none where one of the classes is missing.
    pub auroc: Vec<Option<f64>>,
    /// Mean of those there are.
    pub mean_auroc: Option<f64>,
}

impl EpochMetrics {
    /// What the best epoch is chosen by: mean AUROC, or the negated loss where there is none.
    pub fn score(&self) -> f64 {
        self.mean_auroc.unwrap_or(-self.validation_loss)
    }
}

/// `results.csv`: one line an epoch, with one column of AUROC for each of `names`.
pub(crate) fn csv(names: &[&str], metrics: &[EpochMetrics]) -> String {
    let cell = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.6}"));
    let mut text = String::from("epoch,step,head_rate,train_loss,validation_loss,mean_auroc");
    for name in names {
        text.push_str(&format!(",auroc_{name}"));
    }
    text.push('\n');
    for line in metrics {
        text.push_str(&format!(
            "{},{},{:.3e},{:.6},{:.6},{}",
            line.epoch,
            line.step,
            line.head_rate,
            line.train_loss,
            line.validation_loss,
            cell(line.mean_auroc)
        ));
        for value in &line.auroc {
            text.push(',');
            text.push_str(&cell(*value));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_without_auroc_is_judged_by_its_loss() {
        let line = EpochMetrics {
            epoch: 1,
            step: 3,
            head_rate: 1e-3,
            train_loss: 0.5,
            validation_loss: 0.7,
            auroc: vec![None],
            mean_auroc: None,
        };
        assert_eq!(line.score(), -0.7);
        let text = csv(&["anomaly"], &[line]);
        assert_eq!(
            text,
            "epoch,step,head_rate,train_loss,validation_loss,mean_auroc,auroc_anomaly\n\
             1,3,1.000e-3,0.500000,0.700000,,\n"
        );
    }
}
