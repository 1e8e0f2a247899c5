//! Hands a training to a program on another machine, and takes its result back.
//!
//! A *pack* is a folder with everything such a program needs and nothing else: `photographs/` holds the square around
//! each photograph's field, reduced to one size and named by the photograph's SHA-256 (so that several plans share
//! them); a *plan* (`NAME.json`) says which of them are trained on, with targets and balanced weights, which are for
//! validation and test, and how pixels become the network's input. What comes back is a folder with
//! `model.safetensors` and `result.json`; [`adopt`](crate::train::adopt) makes a run folder of it, measured on the
//! photographs themselves, so that every other verb works on it.
//!
//! The pack says nothing of a patient: no name, no number, no group.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use ::image::RgbImage;
use jpeg_encoder::{ColorType, Encoder};
pub use ocellus_handover::{PHOTOGRAPHS, Plan, PlanRow};
use ocellus_model::{
    field,
    preprocess::{self, ColourVariant, PreprocessSpec},
};
use rayon::prelude::*;
use serde::Serialize;

use crate::{
    bucket::{Wanted, at_hand},
    cli::Ui,
    files::write_atomically,
    manifest::Manifest,
    split::Side,
    task::{LossKind, Task},
    train::{TrainError, config::Config, dataset::Dataset},
};

/// What is packed.
#[derive(Debug, Clone)]
pub struct Pack {
    /// The configuration: task, balance and preprocessing.
    pub config: Config,
    /// Folder with `train.csv`, `validation.csv` and perhaps `test.csv`.
    pub split: PathBuf,
    /// Folder the manifests' files are relative to.
    pub root: PathBuf,
    /// The pack; may be there already and hold other plans.
    pub out: PathBuf,
    /// The plan's name.
    pub name: String,
    /// Side of the packed squares, in pixels.
    pub side: u32,
    /// Quality of their JPEG files, 1 to 100. Files that are there already stay as they are.
    pub quality: u8,
}

/// What packing did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Packed {
    /// The plan's file.
    pub plan: PathBuf,
    /// Photographs of each side.
    pub sides: BTreeMap<Side, usize>,
    /// Photographs written by this call (the others were there).
    pub written: usize,
    /// Bytes of the plan's photographs.
    pub bytes: u64,
    /// Photographs that could not be used, with the reason.
    pub left_out: Vec<(String, String)>,
}

/// Writes a plan and the photographs it needs.
///
/// # Errors
/// When the configuration or a manifest can't be used, a side is empty, or something can't be written.
pub fn pack(pack: &Pack, ui: &Ui) -> Result<Packed, TrainError> {
    pack.config.check()?;
    let folder = pack.out.join(PHOTOGRAPHS);
    fs::create_dir_all(&folder).map_err(TrainError::io(&folder))?;
    let (mut sides, mut left_out, mut settled) = (BTreeMap::new(), Vec::new(), None);
    let (mut written, mut bytes) = (0, 0);
    for side in Side::ALL {
        let path = pack.split.join(format!("{side}.csv"));
        if side == Side::Test && !path.exists() {
            continue;
        }
        let rows = Manifest::read(&path)?.rows;
        // The classes of the multi-class task are those of the training photographs.
        let task = match settled.take() {
            Some(task) => task,
            None => {
                Task::settle(pack.config.task, pack.config.classes.as_deref(), rows.iter()).map_err(TrainError::Data)?
            }
        };
        let root = at_hand(&pack.root, Wanted::of_rows(&rows), ui)?;
        let mut data = Dataset::new(&rows, &root, &task, ui);
        left_out.append(&mut data.unreadable);
        let progress = ui.progress("packing photographs", data.samples.len() as u64);
        let results: Vec<Result<(bool, u64), String>> = data
            .samples
            .par_iter()
            .map(|sample| {
                let result = square(&sample.photo.path, &folder.join(name_of(&sample.sha256)), pack.side, pack.quality);
                progress.inc(1);
                result
            })
            .collect();
        drop(progress);
        let samples = std::mem::take(&mut data.samples);
        for (sample, result) in samples.into_iter().zip(results) {
            match result {
                Err(reason) => left_out.push((sample.photo.file, reason)),
                Ok((new, length)) => {
                    written += usize::from(new);
                    bytes += length;
                    data.samples.push(sample);
                }
            }
        }
        if data.samples.is_empty() {
            return Err(TrainError::Data(format!("{}: no photograph of it says anything to the task", path.display())));
        }
        if side == Side::Train {
            data.weigh(&task, &pack.config.balance);
        }
        let rows = data.samples.into_iter().map(|sample| PlanRow {
            file: name_of(&sample.sha256),
            source: sample.source,
            targets: sample.targets,
            weights: sample.weights,
        });
        sides.insert(side, rows.collect::<Vec<_>>());
        settled = Some(task);
    }
    let task = settled.ok_or_else(|| TrainError::Data("the split has no side".to_owned()))?;
    let plan = Plan {
        version: Plan::VERSION,
        outputs: task.names().into_iter().map(str::to_owned).collect(),
        binary: task.loss() == LossKind::Binary,
        spec: pack.config.spec(),
        side: pack.side,
        sides,
    };
    let path = pack.out.join(format!("{}.json", pack.name));
    let json = serde_json::to_vec(&plan)
        .map_err(|error| TrainError::Checkpoint { path: path.clone(), what: error.to_string() })?;
    write_atomically(&path, &json).map_err(TrainError::io(&path))?;
    let sides = plan.sides.iter().map(|(side, rows)| (*side, rows.len())).collect();
    Ok(Packed { plan: path, sides, written, bytes, left_out })
}

fn name_of(sha256: &str) -> String {
    format!("{}.jpg", sha256.get(..20).unwrap_or(sha256))
}

/// Writes the square around a photograph's field, unless it is there. Returns whether it was written, and its length.
fn square(photograph: &Path, to: &Path, side: u32, quality: u8) -> Result<(bool, u64), String> {
    if let Ok(there) = fs::metadata(to) {
        return Ok((false, there.len()));
    }
    let photograph = ocellus_model::image::read(photograph).map_err(|error| error.to_string())?;
    let found = field::find_field(&photograph.pixels).map_err(|error| error.to_string())?;
    // The whole visible disc, so that views may show a little more than the network's own disc.
    let spec = PreprocessSpec { disc: 1.0, ..PreprocessSpec::new(side, ColourVariant::Original) };
    let tensor = preprocess::preprocess(&photograph.pixels, &found, &spec);
    let area = (side * side) as usize;
    let pixels = RgbImage::from_fn(side, side, |x, y| {
        let at = (y * side + x) as usize;
        ::image::Rgb(std::array::from_fn(|channel| (tensor.data[channel * area + at] * 255.0).round() as u8))
    });
    let mut bytes = Vec::new();
    let edge = u16::try_from(side).map_err(|_| format!("side {side} is more than a JPEG file can hold"))?;
    Encoder::new(&mut bytes, quality)
        .encode(pixels.as_raw(), edge, edge, ColorType::Rgb)
        .map_err(|error| error.to_string())?;
    write_atomically(to, &bytes).map_err(|error| error.to_string())?;
    Ok((true, bytes.len() as u64))
}
