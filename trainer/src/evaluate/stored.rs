//! An evaluation as it was written: `metrics.json` and `predictions.csv` of one folder.
//!
//! Not here: making one ([`evaluate`](super::evaluate)).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ocellus_model::label::Output;
use serde::Deserialize;

use crate::manifest::Row;

/// Name of the file with the figures.
pub const METRICS_FILE: &str = "metrics.json";
/// Name of the file with a line a photograph.
pub const PREDICTIONS_FILE: &str = "predictions.csv";

/// One evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// What was judged, in words.
    pub network: String,
    /// The manifest it was judged on.
    pub manifest: PathBuf,
    /// Its SHA-256.
    pub manifest_sha256: String,
    /// Probabilities by file and output; only of photographs that have a result.
    pub predictions: BTreeMap<String, BTreeMap<Output, f64>>,
    thresholds: BTreeMap<Output, f64>,
}

/// A folder that is no evaluation.
#[derive(Debug, thiserror::Error)]
#[error("{}: no evaluation: {what}; make one with `ocellus-trainer evaluate`", folder.display())]
pub struct NoEvaluation {
    folder: PathBuf,
    what: String,
}

#[derive(Deserialize)]
struct Metrics {
    network: String,
    manifest: PathBuf,
    manifest_sha256: String,
    anomaly: Option<Figures>,
    labels: BTreeMap<String, Figures>,
}

#[derive(Deserialize)]
struct Figures {
    threshold: Option<f64>,
}

impl Evaluation {
    /// Reads a folder that `evaluate` wrote.
    ///
    /// # Errors
    /// When a file is missing or is not what `evaluate` writes.
    pub fn read(folder: &Path) -> Result<Self, NoEvaluation> {
        let no = |what: String| NoEvaluation { folder: folder.to_owned(), what };
        let text = std::fs::read(folder.join(METRICS_FILE)).map_err(|error| no(format!("{METRICS_FILE}: {error}")))?;
        let metrics: Metrics = serde_json::from_slice(&text).map_err(|error| no(format!("{METRICS_FILE}: {error}")))?;
        let wrong = |error: csv::Error| no(format!("{PREDICTIONS_FILE}: {error}"));
        let mut csv = csv::Reader::from_path(folder.join(PREDICTIONS_FILE)).map_err(wrong)?;
        let header = csv.headers().map_err(wrong)?.clone();
        let columns: Vec<(usize, Output)> =
            header.iter().enumerate().filter_map(|(at, name)| Some((at, name.parse().ok()?))).collect();
        let mut predictions = BTreeMap::new();
        for record in csv.records() {
            let record = record.map_err(wrong)?;
            let cell = |at: usize| record.get(at)?.parse::<f64>().ok();
            let probabilities: BTreeMap<Output, f64> =
                columns.iter().filter_map(|(at, output)| Some((*output, cell(*at)?))).collect();
            if let Some(file) = record.get(0).filter(|_| !probabilities.is_empty()) {
                predictions.insert(file.to_owned(), probabilities);
            }
        }
        let labels = metrics.labels.iter().filter_map(|(name, figures)| Some((name.parse().ok()?, figures)));
        let outputs = metrics.anomaly.as_ref().map(|figures| (Output::Anomaly, figures)).into_iter().chain(labels);
        Ok(Evaluation {
            thresholds: outputs.filter_map(|(output, figures)| Some((output, figures.threshold?))).collect(),
            network: metrics.network,
            manifest: metrics.manifest,
            manifest_sha256: metrics.manifest_sha256,
            predictions,
        })
    }

    /// What was said of a photograph and what people saw; none where either is not known.
    pub fn known(&self, row: &Row, output: Output) -> Option<(f64, bool)> {
        Some((*self.predictions.get(&row.file)?.get(&output)?, row.target(output)?))
    }

    /// The probability from which an output was a finding; none where the network had no thresholds.
    pub fn threshold(&self, output: Output) -> Option<f64> {
        self.thresholds.get(&output).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_evaluate_writes_is_read_and_anything_else_is_told() {
        let home = tempfile::tempdir().unwrap();
        let told = || Evaluation::read(home.path()).unwrap_err().to_string();
        assert!(told().contains("no evaluation: metrics.json"), "{}", told());
        let metrics = r#"{"network":"a","manifest":"m.csv","manifest_sha256":"00","more":1,
            "anomaly":{"threshold":0.7,"auroc":null},"labels":{"glaucoma":{"threshold":null}}}"#;
        std::fs::write(home.path().join(METRICS_FILE), metrics).unwrap();
        assert!(told().contains("predictions.csv"), "{}", told());
        std::fs::write(
            home.path().join(PREDICTIONS_FILE),
            "file,outcome,anomaly,glaucoma\na.jpg,refer,0.9,0.25\nb.jpg,no_result,,\n",
        )
        .unwrap();
        let found = Evaluation::read(home.path()).unwrap();
        assert_eq!(found.predictions.len(), 1);
        assert_eq!(found.predictions["a.jpg"][&Output::Glaucoma], 0.25);
        assert_eq!((found.threshold(Output::Anomaly), found.threshold(Output::Glaucoma)), (Some(0.7), None));
    }
}
