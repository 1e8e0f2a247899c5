//! Bundles and messages read by programs that nobody here wrote, and what they understand.

use std::{fs, path::Path, process::Command};

use ocellus::{
    interchange::{Said, Screening, Site, fhir, hl7},
    store::Stamp,
};
use ocellus_model::{bundle::Digest, laterality::Laterality};
use ocellus_tests::{programs::Run, real};
use serde_json::Value;

use crate::samples::{PDF, asked_only, eyes, named, screening, site, with};

/// Each way an eye can end, on either side, and what else can differ.
fn samples() -> Vec<Screening> {
    let mut samples = vec![asked_only()];
    for (_, eye) in eyes() {
        samples.push(screening(eye.clone(), named("no signs")));
        samples.push(screening(named("one sign"), eye));
    }
    let one = screening(named("one sign"), named("no signs"));
    let unset = Stamp { unix_seconds: 60, clock_is_set: false };
    let mut bare = Screening { begun: unset, ended: unset, operator: None, order: None, ..asked_only() };
    bare.patient.name.clear();
    bare.patient.birth_date.clear();
    bare.instrument.serial.clear();
    samples.extend([
        bare,
        Screening { begun: unset, ended: unset, ..one.clone() },
        Screening { amends: Some("2.25.4".into()), ..one.clone() },
        Screening { simulated: true, ..one.clone() },
        Screening { practice: true, ..one },
    ]);
    samples
}

/// Runs a script of this folder on the files in another.
fn run(script: &str, folder: &Path) -> Run {
    let python = real::root().join("target/check-venv/bin/python");
    assert!(python.exists(), "{} is not there: run scripts/setup.sh test", python.display());
    let script = real::root().join("tests/interchange").join(script);
    Run::finish(Command::new(python).arg(script).arg(folder))
}

/// What a script says of each file, one JSON value a line.
fn read(script: &str, folder: &Path) -> Vec<Value> {
    let run = run(script, folder);
    let wrong: Vec<&str> = run.out.lines().filter(|line| !line.contains("\"wrong\": []")).take(3).collect();
    assert_eq!(run.code, Some(0), "{}\n{}", wrong.join("\n"), run.err);
    run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

// verifies: RQ-152
#[test]
fn an_independent_reader_of_fhir_takes_every_bundle() {
    let home = tempfile::tempdir().unwrap();
    let samples = samples();
    for (number, sample) in samples.iter().enumerate() {
        let site = Site { probabilities: number % 2 == 0, ..site() };
        let bundle = with(sample, &site, |export| serde_json::to_vec(&fhir::bundle(export, PDF)).unwrap());
        fs::write(home.path().join(format!("{number:04}.json")), bundle).unwrap();
    }
    let found = read("fhir_check.py", home.path());
    assert_eq!(found.len(), samples.len());
    for (found, sample) in found.iter().zip(&samples) {
        assert_eq!(found["pdfs"], serde_json::json!([Digest::of(PDF)]));
        assert_eq!(found["kinds"]["Observation"], 2 * (sample.outputs.len() + 1));
        assert_eq!(found["kinds"]["Device"], 2);
    }
}

#[test]
fn the_reader_of_fhir_notices_what_is_wrong() {
    let sample = screening(named("one sign"), named("ungradable"));
    let good = with(&sample, &site(), |export| serde_json::to_value(fhir::bundle(export, PDF)).unwrap());
    type Spoil = fn(&mut Value);
    let spoil: [(&str, Spoil); 4] = [
        ("status", |bundle| bundle["entry"][4]["resource"]["status"] = "done".into()),
        ("nobody", |bundle| bundle["entry"][4]["resource"]["subject"]["reference"] = "urn:uuid:nobody".into()),
        ("colour", |bundle| bundle["entry"][4]["resource"]["colour"] = "blue".into()),
        ("code", |bundle| bundle["entry"][4]["resource"]["code"] = "glaucoma".into()),
    ];
    for (fact, spoil) in spoil {
        let home = tempfile::tempdir().unwrap();
        let mut spoilt = good.clone();
        spoil(&mut spoilt);
        fs::write(home.path().join("spoilt.json"), spoilt.to_string()).unwrap();
        let run = run("fhir_check.py", home.path());
        assert_ne!(run.code, Some(0), "{fact}");
        assert!(format!("{}{}", run.out, run.err).contains(fact), "{fact}: {run:?}");
    }
}

// verifies: RQ-152
#[test]
fn an_independent_reader_of_hl7_understands_what_was_meant() {
    let home = tempfile::tempdir().unwrap();
    let samples = samples();
    for (number, sample) in samples.iter().enumerate() {
        let message = with(sample, &site(), |export| hl7::oru(export, PDF));
        fs::write(home.path().join(format!("{number:04}.hl7")), message).unwrap();
    }
    let found = read("hl7_check.py", home.path());
    assert_eq!(found.len(), samples.len());
    for (found, sample) in found.iter().zip(&samples) {
        let real = sample.is_real();
        assert_eq!(found["kind"], "ORU^R01^ORU_R01");
        assert_eq!(found["version"], "2.5.1");
        assert_eq!(found["control_id"], with(sample, &site(), hl7::control_id));
        assert_eq!(found["processing"], if real { "P" } else { "T" });
        assert_eq!(found["facility"], sample.instrument.site);
        assert_eq!(found["patient"], sample.patient.id);
        assert_eq!(found["authority"], if real { "CLINIC" } else { "OCELLUS-TEST" });
        let name = if sample.patient.name.is_empty() { ["", ""] } else { ["Róe & Söhne", "Jane"] };
        assert_eq!(found["name"], serde_json::json!(name));
        assert_eq!(found["birth_date"], sample.patient.birth_date.replace('-', ""));
        assert_eq!(found["report"], "103592-2");
        let observations = found["observations"].as_array().unwrap();
        assert_eq!(observations.len(), 2 * sample.outputs.len() + 2);
        for (number, observation) in observations.iter().enumerate() {
            assert_eq!(observation["number"], (number + 1).to_string());
            assert_eq!(observation["operator"], sample.operator.clone().unwrap_or_default());
        }
        assert_eq!(observations.last().unwrap()["pdf"], Digest::of(PDF).to_string());
        let mut told = observations[1..].iter();
        for (eye, name) in [(Laterality::Od, "Right eye"), (Laterality::Os, "Left eye")] {
            for &output in &sample.outputs {
                let observation = told.next().unwrap();
                let codes = observation["codes"].as_array().unwrap();
                assert!(codes.contains(&output.as_str().into()), "{output}: {observation}");
                assert_eq!(observation["eye"], name);
                let expected = match sample.eye(eye).said(output) {
                    Said::Signs => "Signs found",
                    Said::NoSigns => "No referable signs found",
                    Said::Uncertain => "Not stated: the eye is to be examined",
                    Said::Nothing(_) => "",
                };
                assert_eq!(observation["value"], expected, "{observation}");
                assert_eq!(observation["status"] == "X", expected.is_empty(), "{observation}");
            }
        }
    }
}
