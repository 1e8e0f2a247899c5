//! `ocellus demo` as a newcomer runs it.

#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

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

/// The one encounter's folder.
fn encounter(out: &Path) -> PathBuf {
    out.join("encounter/ocellus-practice-000001")
}

fn result(out: &Path) -> Value {
    serde_json::from_slice(&fs::read(encounter(out).join("encounter.json")).unwrap()).unwrap()
}

#[test]
fn an_encounter_leaves_screens_photographs_and_the_result() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0), (Output::Glaucoma, -4.0)]);
    let out = bundle.home().join("demo");
    let run = demo(&bundle, &out);
    assert_eq!(run.code, Some(0), "{run:?}");

    // The left eye blinks at the first photograph. A photograph that is judged at once has no screen of its own.
    let screens = names(&out, ".png");
    let shown: Vec<&str> = screens
        .iter()
        .map(|name| &name[3..name.len() - 4])
        .filter(|name| !["judging", "starting"].contains(name))
        .collect();
    // Two eyes aimed at one after the other are one run of live pictures.
    let mut expected = vec!["home", "aim", "retake", "aim", "result", "map", "result", "report", "home", "stopping"];
    if shown[1..3] == ["aim", "aim"] {
        expected.insert(1, "aim");
    }
    assert_eq!(shown, expected, "{run:?}");
    for name in &screens {
        assert_eq!(image::open(out.join(name)).unwrap().to_rgb8().dimensions(), (800, 480), "{name}");
    }
    let film = fs::read(out.join("encounter.gif")).unwrap();
    assert!(film.starts_with(b"GIF89a") && film.windows(11).any(|bytes| bytes == b"NETSCAPE2.0"), "animated");
    assert_eq!(names(&encounter(&out), ".jpg"), ["OD-1.jpg", "OS-1.jpg", "OS-2.jpg"]);
    assert!(fs::read(encounter(&out).join("report-1.pdf")).unwrap().starts_with(b"%PDF-"));

    let result = result(&out);
    assert_eq!((&result["device"]["simulated"], &result["summary"]["practice"]), (&true.into(), &true.into()));
    let end = &result["ended"]["end"];
    assert_eq!((&end["kind"], &end["patient"]), (&"result".into(), &"no_referable_signs".into()));
    for eye in ["right", "left"] {
        assert_eq!((&end[eye]["status"], &end[eye]["outcome"]), (&"judged".into(), &"no_referable_signs".into()));
    }
    let outcomes: Vec<&Value> = result["photographs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|photograph| &photograph["payload"]["judged"]["outcome"])
        .collect();
    assert_eq!(outcomes, ["no_referable_signs", "no_result", "no_referable_signs"]);
    assert!(run.out.contains("No referable signs found") && run.out.contains("encounter.gif"), "{}", run.out);
}

#[test]
fn what_the_network_finds_is_what_the_result_says() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, 4.0), (Output::Glaucoma, 4.0)]);
    let out = bundle.home().join("demo");
    let run = demo(&bundle, &out);
    assert_eq!(run.code, Some(0), "{run:?}");
    let result = result(&out);
    let end = &result["ended"]["end"];
    assert_eq!(end["patient"], "refer");
    assert_eq!(end["right"]["findings"], serde_json::json!(["anomaly", "glaucoma"]));
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
