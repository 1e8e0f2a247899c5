//! An evaluation in parts: several processes each run the network over their share of a manifest, and whoever finds all
//! parts there makes the report. It is the same as one process's.

use std::{fs, path::Path};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::LookedAt;
use crate::{files::write_atomically, shard::Shard};

/// What one process found.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    /// Tells the manifest and the network; parts of other ones are not mixed in.
    of: String,
    /// What came of the photographs of this part, in order.
    found: Vec<LookedAt>,
}

fn file(shard: Shard) -> String {
    format!("part-{:04}-of-{:04}.json", shard.index + 1, shard.count)
}

/// What is there of all parts.
#[derive(Debug, Clone, PartialEq)]
pub enum Gathered {
    /// Everything: what came of each photograph of the manifest.
    All(Vec<LookedAt>),
    /// The numbers, from 1, of the parts that are missing.
    Missing(Vec<usize>),
}

/// Writes a part and gathers what is there. `of` tells what is judged.
///
/// # Errors
/// When a file can't be written or read, or a part is of another manifest or network.
pub fn gather(folder: &Path, shard: Shard, of: &str, found: Vec<LookedAt>, rows: usize) -> anyhow::Result<Gathered> {
    let path = folder.join(file(shard));
    let bytes = serde_json::to_vec(&Part { of: of.to_owned(), found })?;
    write_atomically(&path, &bytes).with_context(|| path.display().to_string())?;
    let of_part = |index| Shard { index, count: shard.count };
    let missing: Vec<usize> =
        (0..shard.count).filter(|index| !folder.join(file(of_part(*index))).exists()).map(|index| index + 1).collect();
    if !missing.is_empty() {
        return Ok(Gathered::Missing(missing));
    }
    let mut parts = Vec::with_capacity(shard.count);
    for index in 0..shard.count {
        let path = folder.join(file(of_part(index)));
        let named = || path.display().to_string();
        let part: Part = serde_json::from_slice(&fs::read(&path).with_context(named)?).with_context(named)?;
        anyhow::ensure!(
            part.of == of,
            "{}: a part of another manifest or network ({}, expected {of}); remove the parts or name another --out",
            named(),
            part.of
        );
        parts.push(part.found.into_iter());
    }
    let mut all = Vec::with_capacity(rows);
    for row in 0..rows {
        let next = parts[row % shard.count].next();
        all.push(next.with_context(|| format!("part {} holds too few photographs", row % shard.count + 1))?);
    }
    Ok(Gathered::All(all))
}
