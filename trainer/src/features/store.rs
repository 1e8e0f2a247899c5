//! The cache's files.
//!
//! A folder `features-<key>` holds `cache.json` (what the records were made of), `records.f16` (records of equal size,
//! little-endian f16, appended) and `journal.jsonl` (one line per record or skipped photograph). Records are synced
//! before the lines that name them are written, so a killed writer loses at most what it had not yet named; a line
//! torn by the kill is dropped on the next opening.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use half::f16;
use ocellus_model::preprocess::PreprocessSpec;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Augment, FeatureError, View};
use crate::{
    files::{self, hex},
    net::NamedWeights,
};

/// Version of the files' layout and of the rules for views.
const FORMAT: u32 = 3;

/// What the records of a cache depend on, besides the photograph and the view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheKey {
    /// Version of the layout.
    pub format: u32,
    /// Preprocessing.
    pub spec: PreprocessSpec,
    /// Ranges of the changed views.
    pub augment: Augment,
    /// SHA-256 of the frozen weights (`features.0` to `features.21`).
    pub frozen_weights: String,
    /// Channels, height, width of a record.
    pub shape: [usize; 3],
}

impl CacheKey {
    /// The key for a network's frozen blocks.
    pub fn new(spec: &PreprocessSpec, augment: &Augment, weights: &NamedWeights, shape: [usize; 3]) -> Self {
        let frozen = |name: &str| {
            let layer = name.strip_prefix("features.").and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
            layer.is_some_and(|layer| layer < 24)
        };
        // Mixing is done to features, not to views.
        let augment = Augment { mix: 0.0, ..augment.clone() };
        Self { format: FORMAT, spec: spec.clone(), augment, frozen_weights: weights.digest_of(frozen), shape }
    }

    /// The folder of this key below a folder of caches.
    pub fn folder(&self, caches: &Path) -> PathBuf {
        let text = format!("{self:?}");
        caches.join(format!("features-{}", &hex(&Sha256::digest(text.as_bytes()))[..16]))
    }

    fn record_bytes(&self) -> usize {
        2 * self.shape.iter().product::<usize>()
    }
}

/// One line of the journal: a photograph's view is at `slot`, or was skipped for a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    sha256: String,
    view: View,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    slot: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    skipped: Option<String>,
}

/// What the cache knows of one view of one photograph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The features are stored there.
    Stored(u64),
    /// There are none, for this reason.
    Skipped(String),
}

/// A cache opened for reading: a snapshot of what was named in the journal at that moment.
#[derive(Debug)]
pub struct FeatureCache {
    key: CacheKey,
    path: PathBuf,
    records: File,
    index: HashMap<(String, View), Record>,
}

impl FeatureCache {
    /// Opens an existing cache.
    ///
    /// # Errors
    /// When it is not there, was made of something else, or is damaged.
    pub fn open(folder: &Path, key: &CacheKey) -> Result<Self, FeatureError> {
        check_key(folder, key)?;
        let (lines, _) = read_journal(&folder.join("journal.jsonl"))?;
        let path = folder.join("records.f16");
        let records = File::open(&path).map_err(FeatureError::io(&path))?;
        let stored = records.metadata().map_err(FeatureError::io(&path))?.len() / key.record_bytes().max(1) as u64;
        let mut index = HashMap::with_capacity(lines.len());
        for line in lines {
            let record = match (line.slot, line.skipped) {
                (Some(slot), None) if slot < stored => Record::Stored(slot),
                (None, Some(reason)) => Record::Skipped(reason),
                (slot, _) => {
                    let what = format!("a journal line names record {slot:?}, the file holds {stored}");
                    return Err(FeatureError::Damaged { path, what });
                }
            };
            index.insert((line.sha256, line.view), record);
        }
        Ok(Self { key: key.clone(), path, records, index })
    }

    /// Channels, height, width of a record.
    pub fn shape(&self) -> [usize; 3] {
        self.key.shape
    }

    /// What is known of a view of the photograph with that SHA-256 (hexadecimal).
    pub fn find(&self, sha256: &str, view: View) -> Option<&Record> {
        self.index.get(&(sha256.to_owned(), view))
    }

    /// Appends a record's values to `out`.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn read(&self, slot: u64, out: &mut Vec<f32>) -> Result<(), FeatureError> {
        let mut bytes = vec![0; self.key.record_bytes()];
        let offset = slot * bytes.len() as u64;
        self.records.read_exact_at(&mut bytes, offset).map_err(FeatureError::io(&self.path))?;
        out.extend(bytes.as_chunks::<2>().0.iter().map(|pair| f16::from_le_bytes(*pair).to_f32()));
        Ok(())
    }
}

/// A cache opened for writing; one process at a time.
#[derive(Debug)]
pub(super) struct Writer {
    key: CacheKey,
    folder: PathBuf,
    records: File,
    journal: File,
    known: HashMap<(String, View), Option<String>>,
    next: u64,
    pending: Vec<Line>,
}

impl Writer {
    /// Opens or creates the cache, and drops a torn last line.
    pub(super) fn open(folder: &Path, key: &CacheKey) -> Result<Self, FeatureError> {
        fs::create_dir_all(folder).map_err(FeatureError::io(folder))?;
        let path = folder.join("journal.jsonl");
        let mut journal = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(FeatureError::io(&path))?;
        match journal.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(FeatureError::Busy { path: folder.to_owned() }),
            Err(fs::TryLockError::Error(source)) => return Err(FeatureError::Io { path, source }),
        }
        let about = folder.join("cache.json");
        if about.exists() {
            check_key(folder, key)?;
        } else {
            let text = serde_json::to_vec_pretty(key)
                .map_err(|error| FeatureError::Damaged { path: about.clone(), what: error.to_string() })?;
            files::write_atomically(&about, &text).map_err(FeatureError::io(&about))?;
        }
        let (lines, whole) = read_journal(&path)?;
        journal.set_len(whole).map_err(FeatureError::io(&path))?;
        journal.seek(SeekFrom::End(0)).map_err(FeatureError::io(&path))?;
        let next = lines.iter().filter_map(|line| line.slot).max().map_or(0, |slot| slot + 1);
        let known = lines.into_iter().map(|line| ((line.sha256, line.view), line.skipped)).collect();
        let path = folder.join("records.f16");
        let records =
            OpenOptions::new().create(true).write(true).truncate(false).open(&path).map_err(FeatureError::io(&path))?;
        Ok(Self { key: key.clone(), folder: folder.to_owned(), records, journal, known, next, pending: Vec::new() })
    }

    /// Whether a view of a photograph is there or known to be impossible.
    pub(super) fn knows(&self, sha256: &str, view: View) -> bool {
        self.known.contains_key(&(sha256.to_owned(), view))
    }

    /// Why a view was skipped, if it was.
    pub(super) fn skipped(&self, sha256: &str, view: View) -> Option<&str> {
        self.known.get(&(sha256.to_owned(), view)).and_then(Option::as_deref)
    }

    /// Adds a record, or a reason why there is none; durable after the next [`Writer::flush`].
    pub(super) fn add(
        &mut self,
        sha256: String,
        view: View,
        result: Result<Vec<f16>, String>,
    ) -> Result<(), FeatureError> {
        let line = match result {
            Ok(values) => {
                let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                let path = self.folder.join("records.f16");
                if bytes.len() != self.key.record_bytes() {
                    let what = format!("a record of {} bytes, expected {}", bytes.len(), self.key.record_bytes());
                    return Err(FeatureError::Damaged { path, what });
                }
                let offset = self.next * bytes.len() as u64;
                self.records.write_all_at(&bytes, offset).map_err(FeatureError::io(&path))?;
                self.next += 1;
                Line { sha256, view, slot: Some(self.next - 1), skipped: None }
            }
            Err(reason) => Line { sha256, view, slot: None, skipped: Some(reason) },
        };
        self.known.insert((line.sha256.clone(), view), line.skipped.clone());
        self.pending.push(line);
        Ok(())
    }

    /// Number of additions since the last flush.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Makes all additions durable: records first, then the lines that name them.
    pub(super) fn flush(&mut self) -> Result<(), FeatureError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.records.sync_data().map_err(FeatureError::io(&self.folder.join("records.f16")))?;
        let path = self.folder.join("journal.jsonl");
        let mut text = String::new();
        for line in self.pending.drain(..) {
            let json = serde_json::to_string(&line)
                .map_err(|error| FeatureError::Damaged { path: path.clone(), what: error.to_string() })?;
            text.push_str(&json);
            text.push('\n');
        }
        self.journal.write_all(text.as_bytes()).map_err(FeatureError::io(&path))?;
        self.journal.sync_data().map_err(FeatureError::io(&path))
    }
}

fn check_key(folder: &Path, key: &CacheKey) -> Result<(), FeatureError> {
    let path = folder.join("cache.json");
    let text = fs::read(&path).map_err(FeatureError::io(&path))?;
    match serde_json::from_slice::<CacheKey>(&text) {
        Ok(found) if found == *key => Ok(()),
        Ok(_) => Err(FeatureError::Damaged { path, what: "made of other weights or by other preprocessing".into() }),
        Err(error) => Err(FeatureError::Damaged { path, what: error.to_string() }),
    }
}

/// All whole lines, and the number of bytes they take.
fn read_journal(path: &Path) -> Result<(Vec<Line>, u64), FeatureError> {
    let mut text = Vec::new();
    File::open(path).and_then(|mut file| file.read_to_end(&mut text)).map_err(FeatureError::io(path))?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = text[..whole]
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .enumerate()
        .map(|(number, line)| {
            serde_json::from_slice(line).map_err(|error| FeatureError::Damaged {
                path: path.to_owned(),
                what: format!("line {}: {error}", number + 1),
            })
        })
        .collect::<Result<Vec<Line>, _>>()?;
    Ok((lines, whole as u64))
}

#[cfg(test)]
mod tests {
    use ocellus_model::preprocess::ColourVariant;

    use super::*;

    fn key() -> CacheKey {
        let spec = PreprocessSpec::new(64, ColourVariant::Vgg16);
        CacheKey::new(&spec, &Augment::default(), &NamedWeights::new(), [1, 2, 2])
    }

    fn record(value: f32) -> Result<Vec<f16>, String> {
        Ok(vec![f16::from_f32(value); 4])
    }

    #[test]
    fn records_and_reasons_come_back_after_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(dir.path(), &key()).unwrap();
        writer.add("aa".into(), View(0), record(1.5)).unwrap();
        writer.add("bb".into(), View(0), Err("no field".into())).unwrap();
        writer.add("aa".into(), View(1), record(2.5)).unwrap();
        writer.flush().unwrap();
        let cache = FeatureCache::open(dir.path(), &key()).unwrap();
        let Some(Record::Stored(slot)) = cache.find("aa", View(1)) else { panic!("not stored") };
        let mut out = Vec::new();
        cache.read(*slot, &mut out).unwrap();
        assert_eq!(out, [2.5; 4]);
        assert_eq!(cache.find("bb", View(0)), Some(&Record::Skipped("no field".into())));
        assert_eq!(cache.find("bb", View(1)), None);
    }

    #[test]
    fn what_was_not_flushed_is_computed_again_and_a_torn_line_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(dir.path(), &key()).unwrap();
        writer.add("aa".into(), View(0), record(1.0)).unwrap();
        writer.flush().unwrap();
        writer.add("bb".into(), View(0), record(2.0)).unwrap();
        drop(writer);
        let journal = dir.path().join("journal.jsonl");
        let mut text = fs::read(&journal).unwrap();
        text.extend_from_slice(b"{\"sha256\":\"bb\",\"vi");
        fs::write(&journal, text).unwrap();
        let mut writer = Writer::open(dir.path(), &key()).unwrap();
        assert!(writer.knows("aa", View(0)) && !writer.knows("bb", View(0)));
        writer.add("bb".into(), View(0), record(3.0)).unwrap();
        writer.flush().unwrap();
        let cache = FeatureCache::open(dir.path(), &key()).unwrap();
        let mut out = Vec::new();
        for name in ["aa", "bb"] {
            let Some(Record::Stored(slot)) = cache.find(name, View(0)) else { panic!("not stored") };
            cache.read(*slot, &mut out).unwrap();
        }
        assert_eq!(out, [1.0, 1.0, 1.0, 1.0, 3.0, 3.0, 3.0, 3.0]);
    }

    #[test]
    fn two_writers_at_once_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let _first = Writer::open(dir.path(), &key()).unwrap();
        assert!(matches!(Writer::open(dir.path(), &key()), Err(FeatureError::Busy { .. })));
    }

    #[test]
    fn a_cache_of_other_weights_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        drop(Writer::open(dir.path(), &key()).unwrap());
        let mut weights = NamedWeights::new();
        weights.insert("features.0.bias", vec![1], vec![1.0]);
        let other = CacheKey { frozen_weights: weights.digest(), ..key() };
        assert!(matches!(FeatureCache::open(dir.path(), &other), Err(FeatureError::Damaged { .. })));
        assert_ne!(other.folder(dir.path()), key().folder(dir.path()));
    }

    #[test]
    fn only_the_frozen_layers_count_for_the_key() {
        let mut weights = NamedWeights::new();
        weights.insert("features.21.bias", vec![1], vec![1.0]);
        let base = CacheKey::new(&key().spec, &Augment::default(), &weights, [1, 2, 2]);
        weights.insert("features.24.bias", vec![1], vec![1.0]);
        weights.insert("head.bias", vec![1], vec![1.0]);
        assert_eq!(CacheKey::new(&key().spec, &Augment::default(), &weights, [1, 2, 2]), base);
        weights.insert("features.21.bias", vec![1], vec![2.0]);
        assert_ne!(CacheKey::new(&key().spec, &Augment::default(), &weights, [1, 2, 2]), base);
    }
}
