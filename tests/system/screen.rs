//! `ocellus screen` as a user runs it: on photographs, on files that are none, with bundles in and out of order.

#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use ocellus_model::{
    bundle::{MANIFEST_FILE, SIGNATURE_FILE},
    label::Output,
};
use ocellus_tests::{bundles::SignedBundle, onnx::TinyNetwork, photographs, programs::Run};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ocellus-under-test");

/// A network that finds glaucoma everywhere and nothing else.
fn bundle() -> SignedBundle {
    SignedBundle::constant(&[(Output::Anomaly, -4.0), (Output::Glaucoma, 2.0)])
}

/// `ocellus screen` with this bundle and its key.
fn screen(bundle: &SignedBundle, arguments: &[&str]) -> Run {
    Run::finish(command(bundle).args(arguments))
}

fn command(bundle: &SignedBundle) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("screen").arg("--bundle").arg(bundle.directory()).arg("--trust").arg(bundle.key_file());
    command
}

fn records(run: &Run) -> Vec<Value> {
    run.out.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
}

/// Writes files into a folder of their own.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    home
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn a_record_has_the_promised_keys_and_says_what_the_network_said() {
    let home = folder(&[("eye.jpg", &photographs::jpeg(&photographs::good(7)))]);
    let path = home.path().join("eye.jpg");
    let run = screen(&bundle(), &["--format", "json", "--eye", "OD", text(&path)]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let records = records(&run);
    let [record] = &records[..] else { panic!("{run:?}") };
    assert_eq!(
        keys(record),
        ["bundle", "file", "findings", "milliseconds", "outcome", "probabilities", "quality", "reasons"]
    );
    assert_eq!(record["file"], text(&path));
    assert_eq!(record["outcome"], "refer");
    assert_eq!(record["findings"], serde_json::json!(["glaucoma"]));
    assert_eq!(keys(&record["probabilities"]), ["anomaly", "glaucoma"]);
    for (label, logit) in [("anomaly", -4.0_f64), ("glaucoma", 2.0)] {
        let probability = record["probabilities"][label].as_f64().unwrap();
        assert!((probability - 1.0 / (1.0 + (-logit).exp())).abs() < 1e-6, "{label} {probability}");
    }
    assert_eq!(keys(&record["bundle"]), ["digest", "name", "version"]);
    assert_eq!(record["bundle"]["digest"].as_str().unwrap().len(), 64);
    assert!(keys(&record["quality"]).contains(&"gradability"));
    assert_eq!(keys(&record["milliseconds"]), ["decode", "field", "inference", "preprocess", "quality", "total"]);
    let milliseconds = |key: &str| record["milliseconds"][key].as_f64().unwrap();
    let steps: f64 = ["decode", "field", "inference", "preprocess", "quality"].map(milliseconds).iter().sum();
    assert!(milliseconds("decode") > 0.0 && steps <= milliseconds("total") + 0.01, "{record}");
    assert!(run.err.contains("1 photograph: 1 refer"), "{}", run.err);
}

#[test]
fn the_three_outcomes_in_words_an_operator_may_read() {
    let home = folder(&[("eye.png", &photographs::png(&photographs::good(7)))]);
    let path = home.path().join("eye.png");
    for (logit, outcome, words) in [
        (2.0, "refer", "refer                     anomaly 88 %"),
        (-4.0, "no_referable_signs", "no referable signs found"),
        // A probability of 0.45, in the zone from 0.4 to 0.5.
        (-0.2, "refer", "refer                     uncertain"),
    ] {
        let bundle = SignedBundle::constant(&[(Output::Anomaly, logit)]);
        let run = screen(&bundle, &["--format", "json", text(&path)]);
        assert_eq!(records(&run)[0]["outcome"], outcome, "{run:?}");
        let run = screen(&bundle, &[text(&path)]);
        assert_eq!(run.code, Some(0));
        assert!(run.out.contains(words), "{}", run.out);
        assert!(run.out.contains("Not a cleared or approved medical device"), "{}", run.out);
        assert!(run.out.ends_with(" unreadable\n"), "the summary comes last: {}", run.out);
        for word in ["normal", "healthy", "negative"] {
            assert!(!run.out.to_lowercase().contains(word), "{word}: {}", run.out);
        }
    }
}

// verifies: RQ-002
#[test]
fn what_the_network_calls_unjudgeable_has_no_result_whatever_else_it_says() {
    let home = folder(&[("eye.png", &photographs::png(&photographs::good(7)))]);
    let path = home.path().join("eye.png");
    for (logit, outcome, probability) in [(1.0, "no_result", 0.731), (-1.0, "refer", 0.269)] {
        let network = TinyNetwork::constant(64, &[2.0, logit]);
        let bundle = SignedBundle::new(&network, &[Output::Anomaly], 0.0);
        let run = screen(&bundle, &["--format", "json", text(&path)]);
        let record = &records(&run)[0];
        assert_eq!(record["outcome"], outcome, "{run:?}");
        let unjudgeable = record["reasons"].as_array().unwrap().iter().any(|reason| reason == "unjudgeable");
        assert_eq!(unjudgeable, outcome == "no_result", "{record}");
        let found = record["quality"]["scores"]["ungradable"].as_f64().unwrap();
        assert!((found - probability).abs() < 1e-3, "{record}");
        // What it said besides stays in the record, for those who study it.
        assert_eq!(keys(&record["probabilities"]), ["anomaly"]);
    }
}

#[test]
fn unreadable_photographs_are_told_of_and_the_others_judged() {
    let (jpeg, png) = (photographs::jpeg(&photographs::good(7)), photographs::png(&photographs::good(7)));
    let cut = |bytes: &[u8], percent: usize| bytes[..bytes.len() * percent / 100].to_vec();
    let mut bad: Vec<(String, Vec<u8>)> =
        vec![("empty.jpg".to_owned(), vec![]), ("text.jpg".to_owned(), b"Dear colleague,\n".to_vec())];
    for percent in [30, 60, 95] {
        bad.push((format!("cut{percent}.jpg"), cut(&jpeg, percent)));
        bad.push((format!("cut{percent}.png"), cut(&png, percent)));
    }
    let mut files: Vec<(&str, &[u8])> = bad.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    files.extend([("a good.jpg", jpeg.as_slice()), ("z good.png", png.as_slice())]);
    let home = folder(&files);
    let path = |name: &str| text(&home.path().join(name)).to_owned();
    let paths: Vec<String> = ["a good.jpg", "no such.jpg"]
        .into_iter()
        .chain(bad.iter().map(|(name, _)| name.as_str()))
        .chain(["z good.png"])
        .map(path)
        .collect();
    let mut arguments = vec!["--format", "json"];
    arguments.extend(paths.iter().map(String::as_str));
    let bundle = bundle();
    let run = screen(&bundle, &arguments);
    assert_eq!(run.code, Some(3), "{run:?}");
    let records = records(&run);
    assert_eq!(records.len(), paths.len(), "count in is count out");
    for (record, path) in records.iter().zip(&paths) {
        assert_eq!(record["file"], *path);
        if path.contains("good") {
            assert_eq!(record["outcome"], "refer", "{record}");
            assert!(record.get("error").is_none(), "{record}");
        } else {
            assert_eq!(record["outcome"], "no_result", "{record}");
            assert_eq!(record["reasons"], serde_json::json!(["unreadable"]), "{record}");
            let error = record["error"].as_str().unwrap();
            assert!(!error.is_empty() && !error.contains('\n'), "{error}");
            assert_eq!(record["quality"], serde_json::json!({}));
            assert_eq!(record["probabilities"], serde_json::json!({}));
        }
    }
    assert!(run.err.contains(&format!("{} photographs: 2 refer", paths.len())), "{}", run.err);
    assert!(run.err.contains("9 unreadable"), "{}", run.err);

    // What a good photograph gets doesn't depend on its neighbours.
    let alone = screen(&bundle, &["--format", "json", &paths[0]]);
    let without_times = |record: &Value| {
        let mut record = record.clone();
        record.as_object_mut().unwrap().remove("milliseconds");
        record
    };
    assert_eq!(without_times(&self::records(&alone)[0]), without_times(&records[0]));
}

// verifies: RQ-005
#[test]
fn a_folder_is_judged_whole_in_order_and_nothing_in_it_is_lost_without_a_word() {
    let photograph = photographs::jpeg(&photographs::good(7));
    let home = folder(&[
        ("b/IMG 2.JPG", &photograph),
        ("b/größe.Jpeg", &photograph),
        ("a.png", b"broken"),
        ("notes.txt", b"OD blurred"),
        (".hidden.jpg", b"hidden"),
    ]);
    let run = screen(&bundle(), &["--format", "json", text(home.path())]);
    assert_eq!(run.code, Some(3), "{run:?}");
    let records = records(&run);
    let files: Vec<_> = records.iter().map(|record| record["file"].as_str().unwrap()).collect();
    let expected = ["a.png", "b/IMG 2.JPG", "b/größe.Jpeg"].map(|name| text(&home.path().join(name)).to_owned());
    assert_eq!(files, expected);
    assert!(run.err.contains("notes.txt: passed over"), "{}", run.err);
    assert!(run.err.contains("3 photographs: 2 refer, 0 no referable signs found, 0 no result, 1 unreadable"));
    assert!(run.err.contains("1 other file passed over"), "{}", run.err);
}

#[test]
fn a_folder_without_photographs_is_wrong_usage() {
    let home = folder(&[("notes.txt", b"OD blurred")]);
    let run = screen(&bundle(), &[text(home.path())]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
    assert!(run.err.contains("no photograph found in"), "{}", run.err);
}

/// Runs with a bundle out of order: nothing is judged, one line says why.
fn refused(bundle: &SignedBundle, photograph: &Path) -> String {
    let run = screen(bundle, &["--format", "json", text(photograph)]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
    let line = run.only_error_line();
    assert!(line.starts_with("ocellus: bundle refused: "), "{line}");
    line.to_owned()
}

// verifies: RQ-020
#[test]
fn a_bundle_with_one_byte_flipped_anywhere_is_refused_and_left_alone() {
    let home = folder(&[("eye.png", &photographs::png(&photographs::good(7)))]);
    let photograph = home.path().join("eye.png");
    let bundle = bundle();
    for (name, samples) in
        [(SIGNATURE_FILE, 60), (MANIFEST_FILE, 40), ("model.onnx", 20), ("selftest/practice.png", 10), ("README.md", 5)]
    {
        let path = bundle.directory().join(name);
        let whole = fs::read(&path).unwrap();
        let last = whole.len() - 1;
        for sample in 0..=samples {
            let position = last * sample / samples;
            let mut flipped = whole.clone();
            flipped[position] ^= 1 << (sample % 8);
            fs::write(&path, &flipped).unwrap();
            let line = refused(&bundle, &photograph);
            assert!(line.contains(name) || line.contains("bundle.toml"), "{name} {position}: {line}");
            assert_eq!(fs::read(&path).unwrap(), flipped, "the program changed the bundle");
        }
        fs::write(&path, &whole).unwrap();
    }
    assert_eq!(screen(&bundle, &[text(&photograph)]).code, Some(0), "the bundle is whole again");
}

#[test]
fn a_bundle_out_of_order_is_refused_with_the_reason() {
    let home = folder(&[("eye.png", &photographs::png(&photographs::good(7)))]);
    let photograph = home.path().join("eye.png");

    let unsigned = bundle();
    fs::remove_file(unsigned.directory().join(SIGNATURE_FILE)).unwrap();
    assert!(refused(&unsigned, &photograph).contains("not signed"));

    let newer = bundle();
    let path = newer.directory().join(MANIFEST_FILE);
    let text = fs::read_to_string(&path).unwrap().replacen("spec_version = 2", "spec_version = 3\nnew_key = 1", 1);
    fs::write(&path, &text).unwrap();
    let signature = newer.sign(text.as_bytes(), "ocellus bundle name:practice sequence:1");
    fs::write(newer.directory().join(SIGNATURE_FILE), signature).unwrap();
    let line = refused(&newer, &photograph);
    assert!(line.contains("spec_version is 3") && line.contains("update the program"), "{line}");

    let extra = bundle();
    fs::write(extra.directory().join("selftest/extra.png"), b"x").unwrap();
    assert!(refused(&extra, &photograph).contains("selftest/extra.png: not listed"));

    let missing = bundle();
    fs::remove_file(missing.directory().join("model.onnx")).unwrap();
    assert!(refused(&missing, &photograph).contains("model.onnx: missing"));

    let gone = bundle();
    fs::remove_dir_all(gone.directory()).unwrap();
    assert!(refused(&gone, &photograph).contains("cannot be read"));
}

// verifies: RQ-021
#[test]
fn a_bundle_whose_outputs_this_machine_does_not_reproduce_is_refused() {
    let home = folder(&[("eye.png", &photographs::png(&photographs::good(7)))]);
    let bundle = SignedBundle::new(&TinyNetwork::constant(64, &[0.5]), &[Output::Anomaly], 0.002);
    assert!(refused(&bundle, &home.path().join("eye.png")).contains("selftest/practice.png"));
    let within = SignedBundle::new(&TinyNetwork::constant(64, &[0.5]), &[Output::Anomaly], 0.0005);
    assert_eq!(screen(&within, &[text(&home.path().join("eye.png"))]).code, Some(0));
}

// verifies: RQ-020
#[test]
fn a_bundle_of_another_maker_is_refused_and_a_key_that_is_none_named() {
    let home = folder(&[("eye.png", &photographs::png(&photographs::good(7)))]);
    let photograph = home.path().join("eye.png");
    let (ours, other) = (bundle(), bundle());
    let run_with = |key: &Path| {
        Run::finish(
            Command::new(PROGRAM)
                .args(["screen", "--bundle", text(&ours.directory()), "--trust", text(key)])
                .arg(&photograph),
        )
    };
    let run = run_with(&other.key_file());
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
    assert!(run.only_error_line().contains("not among the"), "{}", run.err);
    let run = run_with(&photograph);
    assert_eq!(run.code, Some(2));
    assert!(run.only_error_line().contains("eye.png"), "{}", run.err);
    assert_eq!(run_with(&ours.key_file()).code, Some(0));
}

#[test]
fn the_bundle_may_be_named_in_the_environment_and_the_command_line_wins() {
    let home = folder(&[("eye.png", &photographs::png(&photographs::good(7)))]);
    let bundle = bundle();
    let run = |variable: PathBuf, named: Option<PathBuf>| {
        let mut command = Command::new(PROGRAM);
        command.env("OCELLUS_BUNDLE", variable).args(["screen", "--trust", text(&bundle.key_file())]);
        if let Some(named) = named {
            command.arg("--bundle").arg(named);
        }
        Run::finish(command.arg(home.path().join("eye.png"))).code
    };
    assert_eq!(run(bundle.directory(), None), Some(0));
    assert_eq!(run(home.path().join("none"), None), Some(2));
    assert_eq!(run(home.path().join("none"), Some(bundle.directory())), Some(0));
}

#[test]
fn wrong_usage_is_explained_and_help_lists_the_exit_codes() {
    for arguments in [
        &["screen"][..],
        &["screen", "--eye", "both", "x.jpg"],
        &["screen", "--format", "xml", "x.jpg"],
        &["look", "x.jpg"],
        &[],
    ] {
        let run = Run::of(PROGRAM, arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.err.contains("--help"), "{}", run.err);
    }
    for arguments in [&["--help"][..], &["screen", "--help"]] {
        let run = Run::of(PROGRAM, arguments);
        assert_eq!(run.code, Some(0));
        assert!(run.out.contains("Exit codes") && run.out.contains("  3  "), "{}", run.out);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let photograph = photographs::jpeg(&photographs::good(7));
    let names: Vec<String> = (0..40).map(|number| format!("{number:02}.jpg")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), photograph.as_slice())).collect();
    let home = folder(&files);
    // Kept until the end: the bundle's folder goes with it, and the program may not have read it yet.
    let signed = bundle();
    let mut child = command(&signed)
        .args(["--format", "json", text(home.path())])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with('{'), "{first}");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "no word of it");
}

// verifies: RQ-010
#[test]
fn a_photograph_of_the_other_eye_is_asked_about_and_never_a_negative() {
    let home = folder(&[("eye.png", &photographs::png(&photographs::good(7)))]);
    let path = home.path().join("eye.png");
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0)]);
    for (eye, outcome, reasons) in [
        ("OD", "no_referable_signs", serde_json::json!([])),
        ("OS", "no_result", serde_json::json!(["wrong_eye_suspected"])),
    ] {
        let run = screen(&bundle, &["--format", "json", "--eye", eye, text(&path)]);
        let record = &records(&run)[0];
        assert_eq!((&record["outcome"], &record["reasons"]), (&outcome.into(), &reasons), "{eye}: {run:?}");
        assert!(record["quality"]["disc"]["x"].as_f64().unwrap() > 0.3, "{record}");
    }
}
