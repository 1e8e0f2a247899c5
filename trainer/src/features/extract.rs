//! Computing the features that are not there yet.
//!
//! Several workers, each on one thread of its own, take small batches (decode, find the field, preprocess, run the
//! frozen blocks) and hand the results to the one thread that writes. On a processor this keeps every core busy also
//! where a single layer can't be parted, and each worker's memory is one small batch. What is stored does not depend
//! on the number of workers.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use half::f16;
use ocellus_model::{field, preprocess::PreprocessSpec};
use rayon::prelude::*;

use super::{CacheKey, FeatureError, View, store::Writer};
use crate::{
    cli::Ui,
    files::sha256_of,
    net::{FrozenRunner, Network},
    stop::Stop,
};

/// Additions between two syncs.
const FLUSH_EVERY: usize = 64;

/// A photograph to compute features of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// Name for messages, as in the manifest.
    pub file: String,
    /// Where it lies.
    pub path: PathBuf,
    /// SHA-256 of its bytes, or why they can't be read.
    pub sha256: Result<String, String>,
}

/// What to compute and how.
#[derive(Debug)]
pub struct Extraction<'a> {
    /// The network whose frozen blocks are run.
    pub network: &'a Network,
    /// The cache's key.
    pub key: &'a CacheKey,
    /// The cache's folder.
    pub folder: &'a Path,
    /// Preprocessing.
    pub spec: &'a PreprocessSpec,
    /// Number of views, from view 0 on.
    pub views: u32,
    /// Photographs a worker takes at once.
    pub batch: usize,
    /// Number of workers.
    pub workers: usize,
    /// When to stop early.
    pub stop: &'a Stop,
}

/// What an extraction did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Records computed by this run.
    pub computed: usize,
    /// Records that were there before.
    pub found: usize,
    /// Photographs without features, with the reason: unreadable, or no field.
    pub skipped: Vec<(String, String)>,
    /// Time spent computing.
    pub elapsed: Duration,
}

/// SHA-256 of each file of a manifest below `root`; unreadable files carry the reason.
pub fn digests(files: &[String], root: &Path, ui: &Ui) -> Vec<Photo> {
    let progress = ui.progress("reading photographs", files.len() as u64);
    files
        .par_iter()
        .map(|file| {
            let path = root.join(file);
            let sha256 = sha256_of(&path).map_err(|error| error.to_string());
            progress.inc(1);
            Photo { file: file.clone(), path, sha256 }
        })
        .collect()
}

struct Item<'a> {
    photo: &'a Photo,
    sha256: &'a str,
    view: View,
}

type Outcome = (usize, Result<Vec<f16>, String>);

/// Computes all features that the cache does not hold yet. Can be killed and called again.
///
/// # Errors
/// When the cache can't be read or written, or a worker breaks down. A photograph that can't be used is no error: it
/// is listed in the summary.
pub fn extract(photos: &[Photo], what: &Extraction<'_>, ui: &Ui) -> Result<Summary, FeatureError> {
    let mut writer = Writer::open(what.folder, what.key)?;
    let mut summary = Summary::default();
    let mut items = Vec::new();
    let mut listed = HashSet::new();
    // All photographs' view 0 first: training can start from a cache that is still growing.
    for view in (0..what.views).map(View) {
        for photo in photos {
            let Ok(sha256) = &photo.sha256 else { continue };
            if !listed.insert((sha256.as_str(), view)) {
                continue;
            }
            if writer.knows(sha256, view) {
                summary.found += 1;
            } else {
                items.push(Item { photo, sha256, view });
            }
        }
    }
    let started = Instant::now();
    if !items.is_empty() {
        run(&items, what, &mut writer, ui, &mut summary)?;
    }
    summary.elapsed = started.elapsed();
    let mut reasons: HashMap<&str, &str> = HashMap::new();
    for photo in photos {
        let reason = match &photo.sha256 {
            Ok(sha256) => writer.skipped(sha256, View(0)),
            Err(reason) => Some(reason.as_str()),
        };
        if let Some(reason) = reason
            && reasons.insert(&photo.file, reason).is_none()
        {
            summary.skipped.push((photo.file.clone(), reason.to_owned()));
        }
    }
    Ok(summary)
}

fn run(
    items: &[Item<'_>],
    what: &Extraction<'_>,
    writer: &mut Writer,
    ui: &Ui,
    summary: &mut Summary,
) -> Result<(), FeatureError> {
    let runner = FrozenRunner::new(what.network)?;
    let progress = ui.progress("computing features", items.len() as u64);
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let batch = what.batch.max(1);
    let workers = what.workers.clamp(1, items.len().div_ceil(batch).max(1));
    let pools = (0..workers)
        .map(|_| rayon::ThreadPoolBuilder::new().num_threads(1).build())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| FeatureError::Worker(error.to_string()))?;
    let (sender, receiver) = mpsc::sync_channel::<Result<Vec<Outcome>, FeatureError>>(workers * 2);
    std::thread::scope(|scope| {
        for pool in &pools {
            let (sender, next, stop, runner) = (sender.clone(), &next, &stop, &runner);
            scope.spawn(move || {
                pool.install(|| {
                    while !stop.load(Ordering::Relaxed) && !what.stop.is_asked() {
                        let start = next.fetch_add(batch, Ordering::Relaxed);
                        let Some(mine) = items.get(start..items.len().min(start + batch)).filter(|m| !m.is_empty())
                        else {
                            break;
                        };
                        // The receiver is gone only when the writer has failed; then there is nothing left to do.
                        if sender.send(compute(mine, start, what, runner)).is_err() {
                            break;
                        }
                    }
                });
            });
        }
        drop(sender);
        let mut result = Ok(());
        for outcomes in receiver {
            result = outcomes.and_then(|outcomes| {
                for (index, outcome) in outcomes {
                    summary.computed += usize::from(outcome.is_ok());
                    writer.add(items[index].sha256.to_owned(), items[index].view, outcome)?;
                    progress.inc(1);
                }
                if writer.pending() >= FLUSH_EVERY { writer.flush() } else { Ok(()) }
            });
            if result.is_err() {
                stop.store(true, Ordering::Relaxed);
                break;
            }
        }
        result
    })?;
    writer.flush()?;
    if what.stop.is_asked() && (summary.computed as u64) < items.len() as u64 {
        return Err(FeatureError::Interrupted {
            done: summary.computed,
            all: items.len(),
            path: what.folder.to_owned(),
        });
    }
    Ok(())
}

fn compute(
    items: &[Item<'_>],
    start: usize,
    what: &Extraction<'_>,
    runner: &FrozenRunner<'_>,
) -> Result<Vec<Outcome>, FeatureError> {
    let mut outcomes = Vec::with_capacity(items.len());
    let (mut tensors, mut indices) = (Vec::new(), Vec::new());
    for (index, item) in (start..).zip(items) {
        match prepare(item, what) {
            Ok(tensor) => {
                tensors.push(tensor);
                indices.push(index);
            }
            Err(reason) => outcomes.push((index, Err(reason))),
        }
    }
    for (index, values) in indices.into_iter().zip(runner.block4_features(&tensors)?) {
        outcomes.push((index, halve(&values)));
    }
    Ok(outcomes)
}

fn prepare(item: &Item<'_>, what: &Extraction<'_>) -> Result<ocellus_model::preprocess::Tensor, String> {
    let photograph = ocellus_model::image::read(&item.photo.path).map_err(|error| error.to_string())?;
    let field = field::find_field(&photograph.pixels).map_err(|error| error.to_string())?;
    Ok(item.view.tensor(&photograph.pixels, &field, what.spec, &what.key.augment, item.sha256))
}

fn halve(values: &[f32]) -> Result<Vec<f16>, String> {
    values
        .iter()
        .map(|value| {
            let half = f16::from_f32(*value);
            if half.is_finite() { Ok(half) } else { Err(format!("feature {value} is beyond the range of f16")) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_f16_cannot_hold_is_a_reason_not_an_infinity() {
        assert!(halve(&[1.0, 7.0e4]).is_err());
        assert_eq!(halve(&[0.5]).unwrap(), [f16::from_f32(0.5)]);
    }

    #[test]
    fn an_unreadable_file_carries_its_reason() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.jpg"), b"abc").unwrap();
        let photos = digests(&["a.jpg".into(), "b.jpg".into()], dir.path(), &Ui::silent());
        assert_eq!(photos[0].sha256.as_deref(), Ok("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        assert!(photos[1].sha256.is_err());
    }
}
