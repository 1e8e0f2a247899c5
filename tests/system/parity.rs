//! Three engines, one answer: the trainer's own, the device's, and a runtime nobody here wrote agree on real photographs
//! with the bundle that ships.

#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

use ocellus_model::{
    bundle::{BundleManifest, UnsignedBundle},
    label::Output,
    tolerance::ENGINE_LOGIT_RELATIVE,
};
use ocellus_tests::{programs::Run, real};

const DEVICE: &str = env!("CARGO_BIN_EXE_ocellus-under-test");
const TRAINER: &str = env!("CARGO_BIN_EXE_ocellus-trainer-under-test");

/// Photographs compared.
const PHOTOGRAPHS: usize = 100;
/// Photographs whose outcomes are compared.
const OUTCOMES: usize = 40;

/// Logits of each photograph; none where there is no field to look at.
type Logits = Vec<Option<Vec<f64>>>;

/// `ocellus-trainer predict`; with `tensors`, the preprocessed photographs are left there for other runtimes.
fn predict(bundle: &Path, engine: &str, photographs: &[PathBuf], tensors: Option<&Path>) -> Logits {
    let mut command = Command::new(TRAINER);
    command.args(["predict", "--quiet", "--engine", engine, "--bundle"]).arg(bundle);
    if let Some(folder) = tensors {
        command.arg("--dump-tensors").arg(folder);
    }
    let run = Run::finish(command.args(photographs));
    assert!(matches!(run.code, Some(0 | 3)), "{engine}: {run:?}");
    let logits = table(&run.out);
    assert_eq!(logits.len(), photographs.len(), "{engine}: not every photograph is accounted for");
    logits
}

/// `ocellus screen`: one record a photograph.
fn screen(bundle: &Path, photographs: &[PathBuf]) -> Vec<serde_json::Value> {
    let mut command = Command::new(DEVICE);
    let run = Run::finish(command.args(["screen", "--format", "json", "--bundle"]).arg(bundle).args(photographs));
    assert_eq!(run.code, Some(0), "{}", run.err);
    let records: Vec<serde_json::Value> = run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), photographs.len());
    records
}

/// The columns `logit_…` of a CSV table.
fn table(csv: &str) -> Logits {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns: Vec<usize> = reader
        .headers()
        .unwrap()
        .iter()
        .enumerate()
        .filter_map(|(number, name)| name.starts_with("logit_").then_some(number))
        .collect();
    assert!(!columns.is_empty(), "no logits in {csv}");
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            columns.iter().map(|&column| record[column].parse().ok()).collect()
        })
        .collect()
}

/// The runtime nobody here wrote, on the same tensors.
fn onnxruntime(bundle: &Path, tensors: &Path, found: &Logits) -> Logits {
    let python = real::root().join("target/check-venv/bin/python");
    assert!(python.exists(), "{} is not there: run scripts/setup.sh test", python.display());
    let script = real::root().join("tests/parity/onnxruntime_logits.py");
    let run = Run::finish(Command::new(python).arg(script).arg(bundle.join("model.onnx")).arg(tensors));
    assert_eq!(run.code, Some(0), "{}", run.err);
    let mut logits = table(&run.out).into_iter();
    found.iter().map(|found| found.as_ref().and_then(|_| logits.next().unwrap())).collect()
}

/// Largest difference, relative to the larger magnitude with a floor of 1.
fn worst(a: &Logits, b: &Logits) -> f64 {
    let mut worst = 0.0_f64;
    for (a, b) in a.iter().zip(b) {
        match (a, b) {
            (Some(a), Some(b)) => {
                assert_eq!(a.len(), b.len());
                for (a, b) in a.iter().zip(b) {
                    worst = worst.max((a - b).abs() / a.abs().max(b.abs()).max(1.0));
                }
            }
            (None, None) => {}
            _ => panic!("one engine has an answer, the other none"),
        }
    }
    worst
}

/// What is at or above its threshold on each photograph; nothing where the network says that it can't be judged.
fn findings(manifest: &BundleManifest, logits: &Logits) -> Vec<Option<BTreeSet<Output>>> {
    let above = |logits: &Vec<f64>| {
        let own = logits.get(manifest.outputs.len());
        let unjudgeable = manifest.gradability.zip(own).is_some_and(|(gradability, logit)| {
            gradability.calibration.probability(*logit) >= gradability.refused_from
        });
        let scored = manifest.outputs.iter().zip(logits).filter(|_| !unjudgeable);
        scored.filter(|(o, logit)| o.calibration.probability(**logit) >= o.threshold).map(|(o, _)| o.label).collect()
    };
    logits.iter().map(|logits| logits.as_ref().map(above)).collect()
}

// verifies: RQ-022
#[test]
fn three_engines_agree_on_every_decision_and_on_logits() {
    let Some(folder) = real::photographs() else { return };
    let bundle = real::shipped_bundle();
    let contents = UnsignedBundle::open(&bundle).unwrap();
    let manifest = contents.contents().manifest();
    let photographs = real::sample(&folder, PHOTOGRAPHS);
    assert!(photographs.len() >= PHOTOGRAPHS, "only {} photographs", photographs.len());

    let home = tempfile::tempdir().unwrap();
    let burn = predict(&bundle, "burn", &photographs, Some(home.path()));
    let tract = predict(&bundle, "tract", &photographs, None);
    let other = onnxruntime(&bundle, home.path(), &burn);
    let judged = burn.iter().flatten().count();
    assert!(judged >= PHOTOGRAPHS * 8 / 10, "only {judged} photographs have logits");
    for (name, logits) in [("tract", &tract), ("onnxruntime", &other)] {
        let worst = worst(&burn, logits);
        println!("{judged} photographs, burn and {name}: largest relative difference {worst:.1e}");
        assert!(worst <= ENGINE_LOGIT_RELATIVE, "{name}: {worst}");
        assert_eq!(findings(manifest, &burn), findings(manifest, logits), "{name} decides differently");
    }

    // And the device program says of each photograph what the trainer says.
    let records = screen(&bundle, &photographs);
    let mut compared = 0;
    for (record, expected) in records.iter().zip(findings(manifest, &tract)) {
        if record["probabilities"].as_object().is_some_and(|probabilities| !probabilities.is_empty()) {
            let found: BTreeSet<Output> = serde_json::from_value(record["findings"].clone()).unwrap();
            assert_eq!(Some(found), expected, "{}", record["file"]);
            compared += 1;
        } else {
            assert_eq!(record["outcome"], "no_result", "{record}");
        }
    }
    assert!(compared >= PHOTOGRAPHS * 8 / 10, "only {compared} photographs judged by the device");
}

// verifies: RQ-022
#[test]
fn an_evaluation_tells_of_each_photograph_what_the_device_tells() {
    let Some(folder) = real::photographs() else { return };
    let bundle = real::shipped_bundle();
    let photographs = real::sample(&folder, OUTCOMES);
    let home = tempfile::tempdir().unwrap();
    let manifest = home.path().join("manifest.csv");
    let known: BTreeMap<PathBuf, BTreeMap<String, String>> = csv::Reader::from_path(folder.join("manifest.csv"))
        .unwrap()
        .deserialize()
        .map(|row| row.map(|row: BTreeMap<String, String>| (folder.join(&row["file"]), row)).unwrap())
        .collect();
    let rows: Vec<[&str; 3]> =
        photographs.iter().map(|path| ["file", "normal", "dr_grade"].map(|column| &*known[path][column])).collect();
    let lines: Vec<String> = rows.iter().map(|[file, normal, grade]| format!("{file},some,{normal},{grade}")).collect();
    std::fs::write(&manifest, format!("file,source,normal,dr_grade\n{}\n", lines.join("\n"))).unwrap();
    let out = home.path().join("out");
    let mut evaluate = Command::new(TRAINER);
    evaluate.args(["evaluate", "--quiet", "--engine", "tract", "--bundle"]).arg(&bundle);
    evaluate.arg("--manifest").arg(&manifest).arg("--root").arg(&folder).arg("--out").arg(&out);
    let run = Run::finish(&mut evaluate);
    assert!(matches!(run.code, Some(0 | 3)), "{run:?}");
    let mut csv = csv::Reader::from_path(out.join("predictions.csv")).unwrap();
    let evaluated: Vec<String> = csv.records().map(|record| record.unwrap()[1].to_owned()).collect();

    let records = screen(&bundle, &photographs);
    let told: Vec<&str> = records.iter().map(|record| record["outcome"].as_str().unwrap()).collect();
    assert_eq!(evaluated, told);
    assert!(["refer", "no_referable_signs", "no_result"].iter().all(|outcome| told.iter().any(|told| told == outcome)));

    // And counts it by what the readers said of the eye.
    let metrics: serde_json::Value = serde_json::from_slice(&std::fs::read(out.join("metrics.json")).unwrap()).unwrap();
    let counted = |by: &str, said: &str, column: usize, value: &str| {
        let of = |outcome: &str| {
            rows.iter().zip(&told).filter(|(row, told)| row[column] == value && **told == outcome).count()
        };
        let [refer, no_result, passed] = ["refer", "no_result", "no_referable_signs"].map(of);
        (refer + no_result + passed > 0).then(
            || serde_json::json!({"by": by, "said": said, "refer": refer, "no_result": no_result, "passed": passed}),
        )
    };
    let grades = ["0", "1", "2", "3", "4"];
    let normal = counted("label", "normal", 1, "1");
    let expected: Vec<serde_json::Value> =
        normal.into_iter().chain(grades.iter().filter_map(|grade| counted("dr_grade", grade, 2, grade))).collect();
    assert!(expected.len() >= 3, "{expected:?}");
    assert_eq!(metrics["became"], serde_json::Value::Array(expected));
}
