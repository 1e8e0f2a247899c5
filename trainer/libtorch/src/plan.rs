//! What a pack of `ocellus-trainer pack` holds, and its photographs in memory.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use ocellus_model::preprocess::PreprocessSpec;
use rayon::prelude::*;
use serde::Deserialize;
use tch::Tensor;

/// The plan's version this program reads.
const VERSION: u32 = 1;

/// A plan; see the trainer's `pack`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    version: u32,
    /// Names of the outputs, in order.
    pub(crate) outputs: Vec<String>,
    /// True: each output has its own sigmoid. False: all share one softmax.
    pub(crate) binary: bool,
    /// How pixels become the input.
    pub(crate) spec: PreprocessSpec,
    /// Side of the packed squares, in pixels.
    pub(crate) side: u32,
    /// The rows of `train`, `validation` and `test`.
    pub(crate) sides: BTreeMap<String, Vec<Row>>,
    /// Folder of the photographs.
    #[serde(skip)]
    folder: PathBuf,
}

/// A photograph of a plan.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// File in the pack's folder of photographs.
    pub(crate) file: String,
    /// Where it comes from.
    pub(crate) source: String,
    /// One an output: 1 or 0.
    pub(crate) targets: Vec<f32>,
    /// One an output: weight in the loss, 0 where the target is unknown.
    pub(crate) weights: Vec<f32>,
}

impl Plan {
    /// Reads a plan.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let named = || path.display().to_string();
        let mut plan: Plan = serde_json::from_slice(&fs::read(path).with_context(named)?).with_context(named)?;
        ensure!(
            plan.version == VERSION,
            "{}: a plan of version {}, this program reads {VERSION}",
            named(),
            plan.version
        );
        let outputs = plan.outputs.len();
        for row in plan.sides.values().flatten() {
            ensure!(
                row.targets.len() == outputs && row.weights.len() == outputs,
                "{}: {} has {} targets and {} weights, the plan {outputs} outputs",
                named(),
                row.file,
                row.targets.len(),
                row.weights.len()
            );
        }
        for side in ["train", "validation"] {
            ensure!(plan.sides.get(side).is_some_and(|rows| !rows.is_empty()), "{}: no photograph in {side}", named());
        }
        plan.folder = path.parent().unwrap_or(Path::new("")).join("photographs");
        Ok(plan)
    }

    /// The rows of a side; none where the plan has no such side.
    pub(crate) fn rows(&self, side: &str) -> &[Row] {
        self.sides.get(side).map_or(&[], Vec::as_slice)
    }

    /// The rows of a side of which anything is known.
    pub(crate) fn labelled(&self, side: &str) -> Vec<Row> {
        self.rows(side).iter().filter(|row| row.weights.iter().any(|weight| *weight > 0.0)).cloned().collect()
    }
}

/// The photographs of one side: pixels and what is known of them.
pub(crate) struct Photographs {
    /// RGB, photographs × side × side × 3, bytes.
    pub(crate) pixels: Tensor,
    /// Photographs × outputs.
    pub(crate) targets: Tensor,
    /// Photographs × outputs.
    pub(crate) weights: Tensor,
    /// A number for each photograph's source.
    pub(crate) sources: Vec<usize>,
}

impl Photographs {
    /// Reads a side's photographs, on all cores; tensors stay in the processor's memory.
    pub(crate) fn read(plan: &Plan, rows: &[Row]) -> Result<Self> {
        let side = plan.side as usize;
        let each = side * side * 3;
        let mut pixels = vec![0_u8; rows.len() * each];
        pixels.par_chunks_mut(each).zip(rows).try_for_each(|(into, row)| -> Result<()> {
            let path = plan.folder.join(&row.file);
            let photograph = ocellus_model::image::read(&path)?;
            let (width, height) = photograph.pixels.dimensions();
            if (width, height) != (plan.side, plan.side) {
                bail!("{}: {width}x{height} pixels, the plan says {side}x{side}", path.display());
            }
            into.copy_from_slice(photograph.pixels.as_raw());
            Ok(())
        })?;
        let shape = [rows.len() as i64, plan.outputs.len() as i64];
        let table = |of: fn(&Row) -> &[f32]| {
            Tensor::from_slice(&rows.iter().flat_map(of).copied().collect::<Vec<f32>>()).reshape(shape)
        };
        let mut names: Vec<&str> = rows.iter().map(|row| row.source.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let number = |row: &Row| names.binary_search(&row.source.as_str()).unwrap_or_default();
        Ok(Self {
            pixels: Tensor::from_slice(&pixels).reshape([shape[0], side as i64, side as i64, 3]),
            targets: table(|row| &row.targets),
            weights: table(|row| &row.weights),
            sources: rows.iter().map(number).collect(),
        })
    }

    /// Number of photographs.
    pub(crate) fn len(&self) -> usize {
        self.sources.len()
    }
}
