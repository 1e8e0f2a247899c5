//! A pack's plan, and its photographs in memory.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};
use ocellus_handover::{PHOTOGRAPHS, PlanRow};
use rayon::prelude::*;
use tch::Tensor;

/// A plan, and where its photographs lie.
#[derive(Debug)]
pub(crate) struct Plan {
    plan: ocellus_handover::Plan,
    folder: PathBuf,
}

impl Plan {
    /// Reads a plan that lies in its pack.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("")).join(PHOTOGRAPHS);
        Ok(Plan { plan: ocellus_handover::Plan::read(path)?, folder })
    }
}

impl Deref for Plan {
    type Target = ocellus_handover::Plan;

    fn deref(&self) -> &Self::Target {
        &self.plan
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
    pub(crate) fn read(plan: &Plan, rows: &[PlanRow]) -> Result<Self> {
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
        let table = |of: fn(&PlanRow) -> &[f32]| {
            Tensor::from_slice(&rows.iter().flat_map(of).copied().collect::<Vec<f32>>()).reshape(shape)
        };
        let mut names: Vec<&str> = rows.iter().map(|row| row.source.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let number = |row: &PlanRow| names.binary_search(&row.source.as_str()).unwrap_or_default();
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
