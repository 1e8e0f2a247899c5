//! The real things: the bundle that ships and, where they are, real photographs.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

/// The variable that names the folder with real photographs and their `manifest.csv`.
pub const PHOTOGRAPHS: &str = "OCELLUS_PHOTOGRAPHS";

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests package lies in the root").to_owned()
}

/// The bundle that ships: the only one in `models/bundles/`.
pub fn shipped_bundle() -> PathBuf {
    let place = root().join("models/bundles");
    let mut found: Vec<PathBuf> = fs::read_dir(&place)
        .unwrap_or_else(|error| panic!("{}: {error}", place.display()))
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.is_dir())
        .collect();
    match (found.pop(), found.pop()) {
        (Some(only), None) => only,
        (only, other) => panic!("{}: expected one bundle, found {only:?} and {other:?}", place.display()),
    }
}

/// The folder with real photographs; a line says so where there is none and the test is skipped.
pub fn photographs() -> Option<PathBuf> {
    let folder = env::var_os(PHOTOGRAPHS).filter(|folder| !folder.is_empty());
    if folder.is_none() {
        eprintln!("skipped: {PHOTOGRAPHS} does not name a folder with real photographs");
    }
    folder.map(PathBuf::from)
}

/// About `count` photographs, the same share of every source, always the same ones.
///
/// # Panics
/// When the folder has no manifest.
pub fn sample(folder: &Path, count: usize) -> Vec<PathBuf> {
    let mut manifest = csv::Reader::from_path(folder.join("manifest.csv")).expect("the folder has a manifest");
    let mut sources: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let mut all = 0;
    for row in manifest.deserialize::<BTreeMap<String, String>>() {
        let row = row.expect("a row of the manifest");
        sources.entry(row["source"].clone()).or_default().push(folder.join(&row["file"]));
        all += 1;
    }
    let step = (all / count.max(1)).max(1);
    sources.into_values().flat_map(|files| files.into_iter().step_by(step)).collect()
}
