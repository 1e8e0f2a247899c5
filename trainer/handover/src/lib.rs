//! What the trainer and programs that train for it on other machines hand to each other, as files.
//!
//! ```text
//! ocellus-trainer pack ──► pack: photographs/*, NAME.json ([`Plan`]) ──► another program
//! ocellus-trainer adopt ◄── result: model.safetensors, result.json ([`TrainedElsewhere`]), trained-on.txt ◄──┘
//! ```
//!
//! Both sides are built apart, so what they agree on stands here alone. A file of another version, or with a key that is not
//! known, is refused.
//!
//! Not here: packing (`ocellus-trainer`), training, and measuring what came of it.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use ocellus_model::preprocess::PreprocessSpec;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Folder of a pack's photographs.
pub const PHOTOGRAPHS: &str = "photographs";
/// The network in a result or a run folder.
pub const MODEL_FILE: &str = "model.safetensors";
/// What a program says that it did, in its result.
pub const RESULT_FILE: &str = "result.json";
/// Which photographs made a network, beside its weights, where that is known: a line each, `trained` or `chose` and the
/// beginning of the photograph's digest.
pub const TRAINED_ON_FILE: &str = "trained-on.txt";

/// Why something that was handed over can't be used.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// It can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not such a file.
    #[error("{}: not as this program knows it: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: serde_json::Error,
    },
    /// It says something that can't be.
    #[error("{}: {what}; pack it again", path.display())]
    Plan {
        /// The plan.
        path: PathBuf,
        /// What.
        what: String,
    },
}

/// A side of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Weights are fitted on it.
    Train,
    /// Early stopping, thresholds and calibration are fixed on it.
    Validation,
    /// Looked at last.
    Test,
}

impl Side {
    /// All sides in order.
    pub const ALL: [Side; 3] = [Side::Train, Side::Validation, Side::Test];

    /// The name, which is also the file's stem: `train`, `validation`, `test`.
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Train => "train",
            Side::Validation => "validation",
            Side::Test => "test",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A plan: what is trained on, validated and tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// See [`Plan::VERSION`].
    pub version: u32,
    /// Names of the outputs, in order.
    pub outputs: Vec<String>,
    /// True: each output has its own sigmoid. False: all share one softmax.
    pub binary: bool,
    /// How pixels become the input.
    pub spec: PreprocessSpec,
    /// Side of the packed squares, in pixels; the square's inscribed circle is the field.
    pub side: u32,
    /// The rows of each side.
    pub sides: BTreeMap<Side, Vec<PlanRow>>,
}

/// A photograph of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRow {
    /// File below [`PHOTOGRAPHS`].
    pub file: String,
    /// Where it comes from.
    pub source: String,
    /// One an output: 1 or 0; 0 where unknown.
    pub targets: Vec<f32>,
    /// One an output: its weight in the loss, 0 where unknown. Balanced on the training side, else 1 or 0.
    pub weights: Vec<f32>,
}

impl Plan {
    /// The version this build writes and reads.
    pub const VERSION: u32 = 1;

    /// Reads a plan.
    ///
    /// # Errors
    /// When it can't be read, is of another version, has a row that does not fit its outputs, or nothing to train on or to
    /// validate with.
    pub fn read(path: &Path) -> Result<Self, HandoverError> {
        let plan: Plan = read(path)?;
        let wrong = |what: String| HandoverError::Plan { path: path.to_owned(), what };
        if plan.version != Self::VERSION {
            return Err(wrong(format!("a plan of version {}, expected {}", plan.version, Self::VERSION)));
        }
        let outputs = plan.outputs.len();
        for row in plan.sides.values().flatten() {
            let (targets, weights) = (row.targets.len(), row.weights.len());
            if targets != outputs || weights != outputs {
                let file = &row.file;
                return Err(wrong(format!("{file} has {targets} targets and {weights} weights, expected {outputs}")));
            }
        }
        match [Side::Train, Side::Validation].into_iter().find(|side| plan.rows(*side).is_empty()) {
            Some(side) => Err(wrong(format!("no photograph for {side}"))),
            None => Ok(plan),
        }
    }

    /// The rows of a side; none where the plan has no such side.
    pub fn rows(&self, side: Side) -> &[PlanRow] {
        self.sides.get(&side).map_or(&[], Vec::as_slice)
    }

    /// The rows of a side of which anything is known.
    pub fn labelled(&self, side: Side) -> Vec<PlanRow> {
        self.rows(side).iter().filter(|row| row.weights.iter().any(|weight| *weight > 0.0)).cloned().collect()
    }
}

/// What the other program says that it did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainedElsewhere {
    /// The program and its version.
    pub program: String,
    /// What computed, e.g. `CUDA 0`.
    pub device: String,
    /// Names of the outputs, in order.
    pub outputs: Vec<String>,
    /// Preprocessing of the network's input.
    pub spec: PreprocessSpec,
    /// Photographs trained on.
    pub train_photographs: usize,
    /// Steps of the run.
    pub steps: usize,
    /// Mean training loss of each epoch.
    pub train_loss: Vec<f64>,
    /// The recipe, as its file had it.
    pub recipe: String,
}

impl TrainedElsewhere {
    /// Reads it from a result's folder.
    ///
    /// # Errors
    /// When it can't be read, or is not such a file.
    pub fn read(folder: &Path) -> Result<Self, HandoverError> {
        read(&folder.join(RESULT_FILE))
    }

    /// Writes it into a result's folder.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, folder: &Path) -> Result<(), HandoverError> {
        let path = folder.join(RESULT_FILE);
        match serde_json::to_vec_pretty(self) {
            Ok(text) => fs::write(&path, text).map_err(|source| HandoverError::Io { path, source }),
            Err(source) => Err(HandoverError::Json { path, source }),
        }
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, HandoverError> {
    let text = fs::read(path).map_err(|source| HandoverError::Io { path: path.to_owned(), source })?;
    serde_json::from_slice(&text).map_err(|source| HandoverError::Json { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"file":"a.jpg","source":"s","targets":[1.0],"weights":[0.5]}"#;

    fn plan(change: impl Fn(&str) -> String) -> Result<Plan, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        let text = format!(
            r#"{{"version":1,"outputs":["glaucoma"],"binary":true,"side":448,
                 "spec":{{"version":1,"size":224,"variant":"vgg16","disc":0.96}},
                 "sides":{{"train":[{ROW}],"validation":[{ROW}]}}}}"#
        );
        fs::write(&path, change(&text)).unwrap();
        Plan::read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn a_plan_that_does_not_fit_is_refused_with_its_file_and_what_is_wrong() {
        let whole = plan(str::to_owned).unwrap();
        assert_eq!((whole.rows(Side::Train).len(), whole.rows(Side::Test).len()), (1, 0));
        assert_eq!(plan(|text| text.replace("0.5", "0.0")).unwrap().labelled(Side::Train), []);
        for (from, to, expected) in [
            (r#""version":1,"outputs""#, r#""version":2,"outputs""#, "version 2, expected 1"),
            ("[0.5]", "[0.5, 1.0]", "a.jpg has 1 targets and 2 weights, expected 1"),
            (r#""validation":["#, r#""test":["#, "no photograph for validation"),
            (r#""binary""#, r#""bynary""#, "bynary"),
        ] {
            let error = plan(|text| text.replace(from, to)).unwrap_err();
            assert!(error.contains("plan.json") && error.contains(expected), "{error}");
        }
    }

    #[test]
    fn what_is_said_of_a_training_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let spec = plan(str::to_owned).unwrap().spec;
        let said = TrainedElsewhere {
            program: "other 1".to_owned(),
            device: "CUDA 0".to_owned(),
            outputs: vec!["glaucoma".to_owned()],
            spec,
            train_photographs: 3,
            steps: 2,
            train_loss: vec![0.5],
            recipe: "epochs = 1".to_owned(),
        };
        said.write(folder.path()).unwrap();
        assert_eq!(TrainedElsewhere::read(folder.path()).unwrap(), said);
        fs::write(folder.path().join(RESULT_FILE), "{}").unwrap();
        let error = TrainedElsewhere::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("result.json") && error.contains("missing field"), "{error}");
    }
}
