//! `ocellus demo` as a newcomer runs it.

#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

use std::{fs, path::Path, process::Command};

use ocellus_model::label::Output;
use ocellus_tests::{bundles::SignedBundle, programs::Run};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ocellus-under-test");

fn demo(bundle: &SignedBundle, out: &Path) -> Run {
    let mut command = Command::new(PROGRAM);
    command.arg("demo").arg("--bundle").arg(bundle.directory()).arg("--trust").arg(bundle.key_file());
    Run::finish(command.arg("--out").arg(out))
}

fn names(folder: &Path, ending: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(ending))
        .collect();
    names.sort();
    names
}

fn result(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("result.json")).unwrap()).unwrap()
}

#[test]
fn an_encounter_leaves_screens_photographs_and_the_result() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0), (Output::Glaucoma, -4.0)]);
    let out = bundle.home().join("demo");
    let run = demo(&bundle, &out);
    assert_eq!(run.code, Some(0), "{run:?}");

    // The left eye blinks at the first photograph.
    let screens = names(&out, ".png");
    let expected = ["ready", "aim", "judging", "aim", "judging", "retake", "aim", "judging", "result"];
    let expected: Vec<String> =
        expected.iter().enumerate().map(|(number, name)| format!("{:02}-{name}.png", number + 1)).collect();
    assert_eq!(screens, expected, "{run:?}");
    for name in &screens {
        assert_eq!(image::open(out.join(name)).unwrap().to_rgb8().dimensions(), (800, 480), "{name}");
    }
    assert_eq!(names(&out.join("photographs"), ".jpg"), ["OD-1.jpg", "OS-1.jpg", "OS-2.jpg"]);
    assert_eq!(names(&out.join("photographs"), ".json"), ["OD-1.json", "OS-1.json", "OS-2.json"]);

    let result = result(&out);
    assert_eq!(result["simulated"], true);
    assert_eq!(result["kind"], "result");
    assert_eq!(result["patient"], "no_referable_signs");
    for eye in ["right", "left"] {
        assert_eq!((&result[eye]["status"], &result[eye]["outcome"]), (&"judged".into(), &"no_referable_signs".into()));
    }
    let outcomes: Vec<&Value> =
        result["photographs"].as_array().unwrap().iter().map(|photograph| &photograph["record"]["outcome"]).collect();
    assert_eq!(outcomes, ["no_referable_signs", "no_result", "no_referable_signs"]);
    assert!(run.out.contains("No referable signs found") && run.out.contains("09-result.png"), "{}", run.out);
}

#[test]
fn what_the_network_finds_is_what_the_result_says() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, 4.0), (Output::Glaucoma, 4.0)]);
    let out = bundle.home().join("demo");
    let run = demo(&bundle, &out);
    assert_eq!(run.code, Some(0), "{run:?}");
    let result = result(&out);
    assert_eq!(result["patient"], "refer");
    assert_eq!(result["right"]["findings"], serde_json::json!(["anomaly", "glaucoma"]));
    assert!(run.out.contains("Refer to an eye care professional"), "{}", run.out);
}

#[test]
fn an_earlier_demonstration_is_not_written_over() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0)]);
    let out = bundle.home().join("demo");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("result.json"), "mine").unwrap();
    let run = demo(&bundle, &out);
    assert_eq!(run.code, Some(2), "{run:?}");
    let line = run.only_error_line();
    assert!(line.contains("not empty") && line.contains("--out"), "{line}");
    assert_eq!(fs::read_to_string(out.join("result.json")).unwrap(), "mine");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}
