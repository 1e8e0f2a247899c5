//! Where a training is after an epoch, in one file: what a broken run goes on from.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};
use tch::{Device, Kind, Tensor, no_grad};

/// The file's name in the result's folder.
pub(crate) const FILE: &str = "checkpoint.safetensors";
/// Its array with the loss of each epoch that is over.
const LOSSES: &str = "losses";
/// Its array with the recipe's text.
const RECIPE: &str = "recipe";

/// Writes the arrays, which recipe they are of, and the loss of each epoch so far. The file is replaced as a whole.
///
/// # Errors
/// When it can't be written.
pub(crate) fn keep(parts: &[(String, Tensor)], folder: &Path, recipe: &str, losses: &[f64]) -> Result<()> {
    let path = folder.join(FILE);
    let named = || path.display().to_string();
    let mut all: Vec<(String, Tensor)> = parts
        .iter()
        .map(|(name, tensor)| (name.clone(), tensor.detach().to_device(Device::Cpu).contiguous()))
        .collect();
    all.push((LOSSES.to_owned(), Tensor::from_slice(losses)));
    all.push((RECIPE.to_owned(), Tensor::from_slice(recipe.as_bytes())));
    fs::create_dir_all(folder).with_context(named)?;
    let unfinished = path.with_extension("unfinished");
    Tensor::write_safetensors(&all, &unfinished).with_context(named)?;
    fs::rename(&unfinished, &path).with_context(named)
}

/// Puts what was kept into the arrays; returns the loss of each epoch that is over, none where nothing was kept.
///
/// # Errors
/// When the file can't be read, is of another recipe, or has other arrays.
pub(crate) fn restore(parts: &[(String, Tensor)], folder: &Path, recipe: &str) -> Result<Vec<f64>> {
    let path = folder.join(FILE);
    let named = || path.display().to_string();
    if !path.exists() {
        return Ok(Vec::new());
    }
    let kept: BTreeMap<String, Tensor> = Tensor::read_safetensors(&path).with_context(named)?.into_iter().collect();
    let array = |name: &str| kept.get(name).with_context(|| format!("{}: {name} is missing", path.display()));
    let text = Vec::<u8>::try_from(array(RECIPE)?)?;
    ensure!(text == recipe.as_bytes(), "{}: begun with another recipe; give another --out, or remove it", named());
    for (name, tensor) in parts {
        let from = array(name)?;
        ensure!(
            from.size() == tensor.size(),
            "{}: {name} has shape {:?}, expected {:?}: begun with other weights",
            named(),
            from.size(),
            tensor.size()
        );
        let mut into = tensor.shallow_clone();
        no_grad(|| into.copy_(from));
    }
    Ok(Vec::<f64>::try_from(array(LOSSES)?.to_kind(Kind::Double))?)
}
