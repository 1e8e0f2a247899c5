//! A run that tells one of several classes: judged as such, and no bundle.

use super::*;

#[test]
fn classes_are_judged_by_accuracy_and_confusion_and_never_exported() {
    let bench = Bench::new("");
    let settings = ["--set", "task=multi_class", "--set", "balance.mask_single_class_sources=[]"];
    let output = bench.train("run", 2).args(settings).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let path = |name: &str| bench.path(name).to_str().unwrap().to_owned();
    let trainer = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_ocellus-trainer")).args(arguments).output().unwrap();
        (output.status.code(), text(&output))
    };
    let root = bench.dir.path().to_str().unwrap();
    let evaluate = ["evaluate", "--run", &path("run"), "--manifest", &path("train.csv"), "--root", root];
    let (code, said) = trainer(&evaluate);
    assert!(code == Some(0) && said.contains("next: less "), "{said}");
    let read = |name: &str| fs::read_to_string(bench.path("run/evaluation").join(name)).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&read("metrics.json")).unwrap();
    let found = &metrics["multi_class"];
    assert_eq!(found["classes"], serde_json::json!(["normal", "glaucoma"]));
    let confusion: Vec<Vec<u64>> = serde_json::from_value(found["confusion"].clone()).unwrap();
    let counted: u64 = confusion.iter().flatten().sum();
    assert_eq!(found["photographs"], counted);
    let accuracy = (confusion[0][0] + confusion[1][1]) as f64 / counted as f64;
    assert!((found["accuracy"]["value"].as_f64().unwrap() - accuracy).abs() < 1e-9);
    assert!(metrics["anomaly"].is_null() && metrics["labels"].as_object().unwrap().is_empty());
    // One softmax: the probabilities of a photograph add up to 1.
    let predictions = read("predictions.csv");
    assert!(predictions.starts_with("file,outcome,normal,glaucoma\n"), "{predictions}");
    for line in predictions.lines().skip(1) {
        let sum: f64 = line.split(',').skip(2).map(|cell| cell.parse::<f64>().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{line}");
    }
    let report = read("report.md");
    assert!(report.contains("| is \\ told | normal | glaucoma |") && !report.contains("## All sources"), "{report}");

    let export = ["export", "--run", &path("run"), "--split", root, "--root", root, "--name", "classes"];
    let (code, said) = trainer(&[&export[..], &["--sequence", "1", "--out", &path("bundle")]].concat());
    assert!(code == Some(2) && !bench.path("bundle").exists(), "{said}");
}

#[test]
fn what_is_told_of_all_sources_together_is_the_sum_of_what_is_told_of_each() {
    let bench = Bench::new("");
    bench.finish("run", 2);
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocellus-trainer"));
    command.args(["evaluate", "--run"]).arg(bench.path("run")).arg("--manifest").arg(bench.path("train.csv"));
    let output = command.arg("--root").arg(bench.dir.path()).arg("--out").arg(bench.path("out")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let read = |name: &str| fs::read_to_string(bench.path("out").join(name)).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&read("metrics.json")).unwrap();
    // Photographs by class and class told, whatever the order of the classes.
    let told = |figures: &serde_json::Value| -> BTreeMap<(String, String), u64> {
        let found = &figures["multi_class"];
        let classes: Vec<String> = serde_json::from_value(found["classes"].clone()).unwrap();
        let confusion: Vec<Vec<u64>> = serde_json::from_value(found["confusion"].clone()).unwrap();
        let cells = classes.iter().zip(confusion).flat_map(|(is, row)| {
            classes.iter().zip(row).map(move |(told, count)| ((is.clone(), told.clone()), count))
        });
        cells.collect()
    };
    let mut sum = BTreeMap::new();
    for source in ["s0", "s1"] {
        for (cell, count) in told(&metrics["sources"][source]) {
            *sum.entry(cell).or_insert(0) += count;
        }
    }
    assert_eq!(sum, told(&metrics));
    assert!(sum.values().sum::<u64>() > 20, "{sum:?}");
    let report = read("report.md");
    let of_source = report.split("## s1").nth(1).unwrap();
    assert!(of_source.contains("One of ") && of_source.contains("| is \\ told |"), "{report}");
}
