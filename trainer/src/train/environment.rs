//! `environment.json`: where a run was trained and with what, a line for each time that a program worked on it. A run that is
//! broken off may go on on another computer.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::{Deserialize, Serialize};

use super::{TrainError, folder};
use crate::{device::DeviceChoice, machine::Machine};

/// The file's name in a run folder.
pub const ENVIRONMENT_FILE: &str = "environment.json";

/// Variables that change which part of the work is done, or on what. No others are kept: some hold secrets.
const VARIABLES: [&str; 9] = [
    "CUDA_VISIBLE_DEVICES",
    "RANK",
    "RAYON_NUM_THREADS",
    "SLURM_ARRAY_JOB_ID",
    "SLURM_ARRAY_TASK_COUNT",
    "SLURM_ARRAY_TASK_ID",
    "SLURM_JOB_ID",
    "VK_DRIVER_FILES",
    "WORLD_SIZE",
];

/// One time that a program worked on a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sitting {
    /// When it began, in UTC (RFC 3339).
    pub begun: String,
    /// The step from which it went on; 0 at the beginning.
    pub from_step: usize,
    /// Version of the program.
    pub program: String,
    /// The command, word by word.
    pub command: Vec<String>,
    /// The computer.
    pub machine: Machine,
    /// The device that computed.
    pub device: String,
    /// The devices that are in the program.
    pub built_in: Vec<String>,
    /// Workers.
    pub workers: usize,
    /// What is set of the variables that change which part of the work is done, or on what.
    pub variables: BTreeMap<String, String>,
}

impl Sitting {
    /// One that begins now.
    pub(super) fn now(device: DeviceChoice, workers: usize, from_step: usize) -> Self {
        let set = |name: &&str| Some(((*name).to_owned(), std::env::var(name).ok()?));
        // A fraction of a second says nothing here.
        let now = jiff::Timestamp::now();
        Sitting {
            begun: jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string(),
            from_step,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            command: std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect(),
            machine: Machine::here(),
            device: device.to_string(),
            built_in: DeviceChoice::available().into_iter().map(str::to_owned).collect(),
            workers,
            variables: VARIABLES.iter().filter_map(set).collect(),
        }
    }

    /// Reads a run's, the first first; none where the run has no such file.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn read(run: &Path) -> Result<Vec<Self>, TrainError> {
        let path = run.join(ENVIRONMENT_FILE);
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| TrainError::Checkpoint {
                path,
                what: format!("{error}; expected what `train` writes: remove it, and what is said there is lost"),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(TrainError::Io { path, source }),
        }
    }

    /// Adds it to a run's.
    pub(super) fn write(self, run: &Path) -> Result<(), TrainError> {
        let mut all = Self::read(run)?;
        all.push(self);
        folder::write_json(run, ENVIRONMENT_FILE, &all)
    }
}
