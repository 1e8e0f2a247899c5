//! Fine-tuning: from a split, starting weights and a configuration to a run folder with a trained network.
//!
//! Terms: a *step* is one change of the weights, from one *batch*; a batch is computed in *parts* (micro-batches) by
//! [`workers`]; an *epoch* sees every training photograph once, in the order and the views that [`stream`] draws from
//! the seed. A run folder holds `config.toml` (effective), `environment.json` ([`Sitting`]), `results.csv`, `checkpoints/`, and
//! when it is finished `model.safetensors` (the best epoch's weights, f32), what they say of the validation photographs
//! (`predictions.csv`, `metrics.json`) and `run.json` ([`RunInfo`]).
//!
//! A killed run, started again with the same command, goes on from its last checkpoint and ends with the same bits on
//! the processor. A loss that is no number stops the run before it can spoil the weights.
//!
//! Not here: parting photographs into sides, final evaluation, export.

mod adopted;
pub mod balance;
mod checkpoint;
pub mod config;
mod config_check;
pub(crate) mod dataset;
pub mod device_check;
mod environment;
mod events;
mod folder;
pub mod keys;
pub(crate) mod loss;
mod metrics;
pub mod mlflow;
mod optimizer;
mod page;
mod run;
mod run_info;
pub mod schedule;
mod speed;
mod step;
pub mod stream;
mod validated;
mod workers;

use std::path::{Path, PathBuf};

pub use adopted::{RESULT_FILE, TrainedElsewhere, adopt};
pub use checkpoint::{Best, State};
pub use environment::{ENVIRONMENT_FILE, Sitting};
pub use folder::CONFIG_FILE;
pub use metrics::EpochMetrics;
pub use run::{Outcome, Setup, train};
pub use run_info::{MODEL_FILE, RUN_FILE, RunInfo};
pub use speed::steps_a_second;

use crate::{
    features::FeatureError,
    manifest::ManifestError,
    net::{NetError, WeightsError},
};

/// Why a run stops.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A file of the run can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What is said of the photographs that made the network can't be written.
    #[error(transparent)]
    TrainedOn(#[from] crate::trained_on::TrainedOnError),
    /// What another program handed over can't be used.
    #[error(transparent)]
    Handover(#[from] ocellus_handover::HandoverError),
    /// The configuration can't be used.
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    /// A manifest can't be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The photographs lie in a bucket and can't be fetched.
    #[error(transparent)]
    Bucket(#[from] crate::bucket::BucketError),
    /// The starting weights can't be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The network can't be run.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The features can't be computed or read.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// The data can't be trained on.
    #[error("{0}")]
    Data(String),
    /// A photograph that was readable before is not any more.
    #[error("{file}: {reason}")]
    Photograph {
        /// The photograph.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A checkpoint or description that can't be read.
    #[error("{}: {what}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The run folder belongs to another run.
    #[error(
        "{}: this run was started with another configuration, other data or other weights; give another --out, or remove the folder",
        run.display()
    )]
    OtherRun {
        /// The run folder.
        run: PathBuf,
    },
    /// Another process trains in this folder.
    #[error("{}: another process is training in this folder", run.display())]
    Busy {
        /// The run folder.
        run: PathBuf,
    },
    /// The loss or the gradient is not a finite number.
    #[error(
        "{what} is not a finite number in epoch {epoch}, batch {batch}; the weights of step {step} are kept in the last checkpoint; photographs of the batch: {}",
        files.join(", ")
    )]
    NotFinite {
        /// Loss or gradient.
        what: &'static str,
        /// Epoch, from 1.
        epoch: usize,
        /// Batch of the epoch, from 1.
        batch: usize,
        /// Step of the last good checkpoint.
        step: usize,
        /// The batch's photographs.
        files: Vec<String>,
    },
    /// Somebody asked to stop; a checkpoint was written.
    #[error("stopped in epoch {epoch} after step {step}; the checkpoint holds it all")]
    Interrupted {
        /// Epoch, from 1.
        epoch: usize,
        /// Steps since the start.
        step: usize,
    },
    /// A worker thread can't be started or broke down.
    #[error("a worker failed: {0}")]
    Worker(String),
}

impl TrainError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> TrainError + use<> {
        let path = path.to_owned();
        move |source| TrainError::Io { path, source }
    }
}
