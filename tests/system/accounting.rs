//! A folder of five hundred mixed photographs: every file is judged or named with its reason, none is lost.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::Command,
};

use ocellus_model::label::Output;
use ocellus_tests::{bundles::SignedBundle, programs::Run, real};
use serde_json::Value;

const DEVICE: &str = env!("CARGO_BIN_EXE_ocellus-under-test");
/// Files in the folder, good and bad ones.
const FILES: usize = 500;

// verifies: RQ-005
#[test]
fn every_file_of_a_mixed_folder_is_judged_or_named_with_its_reason() {
    let Some(folder) = real::photographs() else { return };
    let home = tempfile::tempdir().unwrap();
    let mut expected: BTreeMap<PathBuf, bool> = BTreeMap::new();
    let mut put = |name: String, bytes: &[u8], readable: bool| {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        expected.insert(path, readable);
    };
    // All sources, the ungradable ones as well, under names of many sorts.
    for (number, file) in real::sample(&folder, FILES).into_iter().take(FILES - 60).enumerate() {
        let bytes = fs::read(&file).unwrap();
        let ending = ["jpg", "JPG", "Jpeg", "jpe"][number % 4];
        let place = ["", "Bärbel Müller/", "a/b/c/", "with space/"][number / 4 % 4];
        put(format!("{place}{number:03} OD.{ending}"), &bytes, true);
        // Every tenth comes damaged as well.
        if number % 10 == 0 {
            let part = [30, 60, 95][number / 10 % 3];
            put(format!("damaged/{number:03}.jpg"), &bytes[..bytes.len() * part / 100], false);
        }
    }
    put("empty.jpg".to_owned(), b"", false);
    put("text.jpg".to_owned(), b"not a photograph at all\n", false);
    put("moving.gif".to_owned(), b"GIF89a\x01\0\x01\0\0\0\0;", false);
    assert!(expected.len() >= FILES - 20, "only {} files", expected.len());

    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0)]);
    let run = Run::finish(
        Command::new(DEVICE)
            .args(["screen", "--format", "json", "--bundle"])
            .arg(bundle.directory())
            .arg("--trust")
            .arg(bundle.key_file())
            .arg(home.path()),
    );
    assert_eq!(run.code, Some(3), "{}", run.err);
    let records: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: BTreeSet<PathBuf> = records.iter().map(|record| record["file"].as_str().unwrap().into()).collect();
    assert_eq!((records.len(), told), (expected.len(), expected.keys().cloned().collect()), "count in is count out");
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for record in &records {
        let readable = expected[&PathBuf::from(record["file"].as_str().unwrap())];
        let outcome = record["outcome"].as_str().unwrap();
        *outcomes.entry(outcome.to_owned()).or_default() += 1;
        assert_eq!(record["error"].is_null(), readable, "{record}");
        // Nothing ends without a result and without a reason.
        assert!(outcome != "no_result" || !record["reasons"].as_array().unwrap().is_empty(), "{record}");
        assert!(readable || outcome == "no_result", "{record}");
    }
    println!("{} files: {outcomes:?}", records.len());
    assert!(outcomes["no_referable_signs"] > FILES / 2);
}
