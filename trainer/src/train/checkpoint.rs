//! Checkpoints: each one a folder that is there whole or not at all, with everything a run needs to go on.
//!
//! `checkpoints/step-00000100/` holds `state.json`, `weights.safetensors` (the trained part), `optimizer.safetensors`
//! and, where a moving average is kept, `average.safetensors`. It is written into a scratch folder, synced, renamed,
//! and the parent synced. The last two and the best are kept.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{TrainError, metrics::EpochMetrics};
use crate::{files, net::NamedWeights};

/// How many checkpoints are kept besides the best.
const KEEP: usize = 2;
const PREFIX: &str = "step-";
const SCRATCH: &str = ".scratch-";

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// SHA-256 over configuration, data and starting weights; a run only goes on where it is the same.
    pub digest: String,
    /// Steps taken since the start.
    pub step: usize,
    /// Epochs finished.
    pub epoch: usize,
    /// Steps taken in the current epoch.
    pub position: usize,
    /// Seed of the run's streams.
    pub seed: u64,
    /// Weighted sum of the training loss in the current epoch so far, and the sum of its weights.
    pub loss: (f64, f64),
    /// One line a finished epoch.
    pub metrics: Vec<EpochMetrics>,
    /// The best epoch so far (index into `metrics`) and the checkpoint that holds its weights.
    pub best: Option<Best>,
}

/// The best epoch so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// What it was chosen by: mean validation AUROC, or the negated loss where no AUROC exists.
    pub score: f64,
    /// Step of the checkpoint with its weights.
    pub step: usize,
}

/// A checkpoint's contents.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    pub(crate) state: State,
    pub(crate) weights: NamedWeights,
    pub(crate) optimizer: NamedWeights,
    pub(crate) average: Option<NamedWeights>,
}

/// The folder of a run's checkpoints.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// Opens or creates the folder and removes what a killed writer left.
    pub(crate) fn open(run: &Path) -> Result<Self, TrainError> {
        let folder = run.join("checkpoints");
        fs::create_dir_all(&folder).map_err(TrainError::io(&folder))?;
        for entry in fs::read_dir(&folder).map_err(TrainError::io(&folder))? {
            let entry = entry.map_err(TrainError::io(&folder))?;
            if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
                fs::remove_dir_all(entry.path()).map_err(TrainError::io(&entry.path()))?;
            }
        }
        Ok(Self { folder })
    }

    fn path(&self, step: usize) -> PathBuf {
        self.folder.join(format!("{PREFIX}{step:08}"))
    }

    /// Steps of all checkpoints, ascending.
    pub(crate) fn steps(&self) -> Result<Vec<usize>, TrainError> {
        let mut steps = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(TrainError::io(&self.folder))? {
            let name = entry.map_err(TrainError::io(&self.folder))?.file_name();
            steps.extend(name.to_string_lossy().strip_prefix(PREFIX).and_then(|step| step.parse::<usize>().ok()));
        }
        steps.sort_unstable();
        Ok(steps)
    }

    /// Writes a checkpoint, then removes those no longer needed.
    pub(crate) fn write(&self, checkpoint: &Checkpoint) -> Result<PathBuf, TrainError> {
        let target = self.path(checkpoint.state.step);
        let scratch = self.folder.join(format!("{SCRATCH}{}", std::process::id()));
        let written = self.write_to(&scratch, &target, checkpoint);
        if written.is_err() {
            // What went wrong is told by the first error; the rest is removed when the run goes on.
            drop(fs::remove_dir_all(&scratch));
        }
        written?;
        let steps = self.steps()?;
        let best = checkpoint.state.best.as_ref().map(|best| best.step);
        for step in steps.iter().rev().skip(KEEP).filter(|step| Some(**step) != best) {
            let path = self.path(*step);
            fs::remove_dir_all(&path).map_err(TrainError::io(&path))?;
        }
        Ok(target)
    }

    fn write_to(&self, scratch: &Path, target: &Path, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        if scratch.exists() {
            fs::remove_dir_all(scratch).map_err(TrainError::io(scratch))?;
        }
        fs::create_dir(scratch).map_err(TrainError::io(scratch))?;
        let put = |name: &str, bytes: &[u8]| {
            let path = scratch.join(name);
            files::write_synced(&path, bytes).map_err(TrainError::io(&path))
        };
        put("weights.safetensors", &checkpoint.weights.to_bytes()?)?;
        put("optimizer.safetensors", &checkpoint.optimizer.to_bytes()?)?;
        if let Some(average) = &checkpoint.average {
            put("average.safetensors", &average.to_bytes()?)?;
        }
        let state = serde_json::to_vec_pretty(&checkpoint.state)
            .map_err(|error| TrainError::Checkpoint { path: target.to_owned(), what: error.to_string() })?;
        put("state.json", &state)?;
        files::sync_directory(scratch).map_err(TrainError::io(scratch))?;
        if target.exists() {
            // Only after going on from an older checkpoint; the steps taken again give the same bytes.
            fs::remove_dir_all(target).map_err(TrainError::io(target))?;
        }
        fs::rename(scratch, target).map_err(TrainError::io(target))?;
        files::sync_directory(&self.folder).map_err(TrainError::io(&self.folder))
    }

    /// The latest checkpoint, if there is one.
    pub(crate) fn latest(&self) -> Result<Option<Checkpoint>, TrainError> {
        match self.steps()?.last() {
            Some(step) => self.read(*step).map(Some),
            None => Ok(None),
        }
    }

    /// The checkpoint of a step.
    pub(crate) fn read(&self, step: usize) -> Result<Checkpoint, TrainError> {
        let folder = self.path(step);
        let path = folder.join("state.json");
        let text = fs::read(&path).map_err(TrainError::io(&path))?;
        let state: State = serde_json::from_slice(&text)
            .map_err(|error| TrainError::Checkpoint { path: path.clone(), what: error.to_string() })?;
        let read = |name: &str| -> Result<NamedWeights, TrainError> {
            let path = folder.join(name);
            let bytes = fs::read(&path).map_err(TrainError::io(&path))?;
            Ok(NamedWeights::parse(&bytes, &path, |_| true)?)
        };
        let average = folder.join("average.safetensors").exists();
        Ok(Checkpoint {
            state,
            weights: read("weights.safetensors")?,
            optimizer: read("optimizer.safetensors")?,
            average: if average { Some(read("average.safetensors")?) } else { None },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(step: usize, best: Option<usize>) -> Checkpoint {
        let mut weights = NamedWeights::new();
        weights.insert("head.bias", vec![1], vec![step as f32]);
        let best = best.map(|step| Best { epoch: 1, score: 0.5, step });
        let state = State {
            digest: "d".into(),
            step,
            epoch: 0,
            position: step,
            seed: 1,
            loss: (0.1 + step as f64, 2.0),
            metrics: vec![],
            best,
        };
        Checkpoint { state, weights: weights.clone(), optimizer: weights, average: None }
    }

    #[test]
    fn the_last_two_and_the_best_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::open(dir.path()).unwrap();
        for step in 1..=5 {
            checkpoints.write(&checkpoint(step, (step >= 2).then_some(2))).unwrap();
        }
        assert_eq!(checkpoints.steps().unwrap(), [2, 4, 5]);
        let latest = checkpoints.latest().unwrap().unwrap();
        assert_eq!(latest.state, checkpoint(5, Some(2)).state);
        assert_eq!(latest.weights, checkpoint(5, None).weights);
    }

    #[test]
    fn what_a_killed_writer_left_is_not_a_checkpoint_and_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::open(dir.path()).unwrap();
        checkpoints.write(&checkpoint(1, None)).unwrap();
        let scratch = dir.path().join("checkpoints/.scratch-77");
        fs::create_dir(&scratch).unwrap();
        fs::write(scratch.join("weights.safetensors"), b"half").unwrap();
        let checkpoints = Checkpoints::open(dir.path()).unwrap();
        assert!(!scratch.exists());
        assert_eq!(checkpoints.latest().unwrap().unwrap().state.step, 1);
    }

    #[test]
    fn a_write_that_fails_leaves_the_last_checkpoint_alone() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::open(dir.path()).unwrap();
        checkpoints.write(&checkpoint(1, None)).unwrap();
        // A file where the scratch folder should be made stands for a disk that takes no more.
        let blocked = Checkpoints { folder: dir.path().join("checkpoints/step-00000001/state.json") };
        assert!(blocked.write(&checkpoint(2, None)).is_err());
        assert_eq!(checkpoints.latest().unwrap().unwrap().state.step, 1);
    }
}
