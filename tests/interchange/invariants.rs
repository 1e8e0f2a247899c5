//! What holds for the exports of every way two eyes can end.

use std::{collections::BTreeSet, fs};

use ocellus::{
    encounter::EyeStatus,
    interchange::{Codes, Export, Purpose, Screening, Site, codes::OWN_SYSTEM, fhir, hl7},
    store::Stamp,
};
use ocellus_tests::real;
use serde_json::Value;

use crate::samples::{PDF, all, asked_only, named, screening, site, with};

/// What is never said of an eye, as words.
const NEVER: [&str; 6] = ["normal", "healthy", "clear", "negative", "fine", "unremarkable"];

fn bundle(screening: &Screening, site: &Site) -> Value {
    with(screening, site, |export| serde_json::to_value(fhir::bundle(export, PDF)).unwrap())
}

fn message(screening: &Screening, site: &Site) -> String {
    with(screening, site, |export| String::from_utf8(hl7::oru(export, PDF)).unwrap())
}

fn resources<'a>(bundle: &'a Value, kind: &str) -> Vec<&'a Value> {
    let entries = bundle["entry"].as_array().unwrap().iter();
    entries.map(|entry| &entry["resource"]).filter(|resource| resource["resourceType"] == kind).collect()
}

/// All that stands under a key anywhere.
fn under<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                if name == key {
                    found.push(value);
                }
                under(value, key, found);
            }
        }
        Value::Array(array) => array.iter().for_each(|value| under(value, key, found)),
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(array) => array.is_empty() || array.iter().any(is_empty),
        Value::Object(object) => object.is_empty() || object.values().any(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

// verifies: RQ-070
#[test]
fn no_export_ever_calls_an_eye_by_a_word_that_promises_too_much() {
    for (name, sample) in all() {
        for text in [bundle(&sample, &site()).to_string(), message(&sample, &site())] {
            let lower = text.to_lowercase();
            let words: BTreeSet<&str> = lower.split(|c: char| !c.is_alphabetic()).collect();
            for never in NEVER {
                assert!(!words.contains(never), "{name}: {never}");
            }
            assert!(!lower.contains("no disease") && lower.contains("research software"), "{name}");
        }
    }
}

// verifies: RQ-150
#[test]
fn an_eye_without_a_result_has_no_value_and_an_eye_with_one_has_no_gap() {
    let site = Site { probabilities: true, ..site() };
    for (name, sample) in all() {
        let bundle = bundle(&sample, &site);
        let observations = resources(&bundle, "Observation");
        assert_eq!(observations.len(), 2 * (sample.outputs.len() + 1), "{name}");
        for (eye, text) in [(&sample.right, "Right eye"), (&sample.left, "Left eye")] {
            let own = observations.iter().filter(|observation| observation["bodySite"]["text"] == text);
            let findings = own.filter(|observation| observation["code"]["coding"][0]["code"] != "111101");
            let mut seen = 0;
            for observation in findings {
                seen += 1;
                let value = observation["valueCodeableConcept"]["text"].as_str();
                assert_eq!(value.is_some(), eye.has_result(), "{name}: {observation}");
                assert_eq!(observation["dataAbsentReason"].is_null(), eye.has_result(), "{name}: {observation}");
                assert_eq!(observation["component"].is_null(), !eye.has_result(), "{name}: {observation}");
                assert_eq!(observation["status"] == "cancelled", !eye.has_result(), "{name}: {observation}");
                assert!(observation["dataAbsentReason"]["text"] != "", "{name}");
            }
            assert_eq!(seen, sample.outputs.len());
        }
    }
}

// verifies: RQ-150
#[test]
fn while_an_eye_has_no_result_nothing_is_final_that_says_no_signs() {
    for (name, sample) in all() {
        for amends in [None, Some("2.25.99".to_owned())] {
            let sample = Screening { amends, ..sample.clone() };
            let bundle = bundle(&sample, &site());
            let report = resources(&bundle, "DiagnosticReport")[0];
            let settled = |status: &Value| status == "final" || status == "amended";
            assert_eq!(settled(&report["status"]), sample.is_complete(), "{name}");
            let says_no_signs = |resource: &Value| resource.to_string().contains("No referable signs found");
            for resource in resources(&bundle, "Observation").into_iter().chain([report]) {
                let promised = settled(&resource["status"]) && says_no_signs(resource);
                assert!(!promised || sample.is_complete(), "{name}: {resource}");
            }
            let message = message(&sample, &site());
            for segment in message.split('\r') {
                let fields: Vec<&str> = segment.split('|').collect();
                let status = match fields[0] {
                    "OBR" => fields[25],
                    "OBX" => fields[11],
                    _ => continue,
                };
                let negative = fields[0] == "OBR" || fields[5].contains("No referable signs found");
                let promised = negative && matches!(status, "F" | "C");
                assert!(!promised || sample.is_complete(), "{name}: {segment}");
                assert!(status != "X" || fields[5].is_empty(), "{name}: {segment}");
            }
        }
    }
}

#[test]
fn bundles_hold_together() {
    for (name, sample) in all() {
        let bundle = bundle(&sample, &site());
        assert!(!is_empty(&bundle), "{name}: FHIR has no empty values");
        let entries = bundle["entry"].as_array().unwrap();
        let urls: BTreeSet<&str> = entries.iter().map(|entry| entry["fullUrl"].as_str().unwrap()).collect();
        assert_eq!(urls.len(), entries.len(), "{name}: an id twice");
        let mut references = Vec::new();
        under(&bundle, "reference", &mut references);
        for reference in &references {
            assert!(urls.contains(reference.as_str().unwrap()), "{name}: {reference}");
        }
        // Everything but the patient and the devices hangs on the patient.
        for kind in ["Observation", "DiagnosticReport", "ImagingStudy"] {
            for resource in resources(&bundle, kind) {
                assert_eq!(resource["subject"]["reference"], entries[0]["fullUrl"], "{name}: {kind}");
            }
        }
        assert_eq!(resources(&bundle, "ImagingStudy").is_empty(), sample.photographs.is_empty(), "{name}");
        let result = resources(&bundle, "DiagnosticReport")[0]["result"].as_array().unwrap().len();
        assert_eq!(result, resources(&bundle, "Observation").len(), "{name}");
        assert_eq!(resources(&bundle, "Provenance")[0]["target"].as_array().unwrap().len(), result + 1, "{name}");
    }
}

// verifies: RQ-151
#[test]
fn a_resend_is_the_same_and_another_encounter_shares_only_the_devices() {
    let one = screening(named("one sign"), named("ungradable"));
    assert_eq!(bundle(&one, &site()), bundle(&one.clone(), &site()));
    assert_eq!(message(&one, &site()), message(&one.clone(), &site()));
    let urls = |screening: &Screening| -> BTreeSet<String> {
        let bundle = bundle(screening, &site());
        let entries = bundle["entry"].as_array().unwrap();
        entries.iter().map(|entry| entry["fullUrl"].as_str().unwrap().to_owned()).collect()
    };
    let two = Screening { encounter: "2.25.8".into(), ..one.clone() };
    assert_eq!(urls(&one).intersection(&urls(&two)).count(), 2);
    // A report that replaces the first lands in its place, as another message.
    let amended = Screening { encounter: "2.25.9".into(), amends: Some(one.encounter.clone()), ..one.clone() };
    assert_eq!(urls(&one), urls(&amended));
    let control_id = |screening: &Screening| with(screening, &site(), hl7::control_id);
    assert_ne!(control_id(&one), control_id(&amended));
    assert_eq!(control_id(&one), control_id(&one.clone()));
    assert!(control_id(&one).len() <= 20);
}

// verifies: RQ-100
#[test]
fn what_is_not_real_is_marked_in_every_resource_and_finds_no_patient_of_the_clinic() {
    let real = screening(named("one sign"), named("no signs"));
    let mut metas = Vec::new();
    let of_real = bundle(&real, &site());
    under(&of_real, "meta", &mut metas);
    assert!(metas.is_empty());
    assert!(message(&real, &site()).contains("|P|2.5.1|"));
    for (simulated, practice, mark) in [(true, false, "simulated"), (false, true, "practice")] {
        let sample = Screening { simulated, practice, ..real.clone() };
        let bundle = bundle(&sample, &site());
        for entry in bundle["entry"].as_array().unwrap() {
            let meta = &entry["resource"]["meta"];
            assert_eq!(meta["security"][0]["code"], "HTEST", "{entry}");
            assert_eq!(meta["tag"][0]["code"], mark, "{entry}");
        }
        assert!(!bundle.to_string().contains(&site().patient_system));
        assert!(bundle.to_string().contains(&mark.to_uppercase()));
        let message = message(&sample, &site());
        assert!(message.contains("|T|2.5.1|") && message.contains(&mark.to_uppercase()), "{message}");
        assert!(message.contains("^^^OCELLUS-TEST") && !message.contains("^^^CLINIC"), "{message}");
        // Devices too: what was tested must not change what is known of the real one.
        let entries = |bundle: &Value| -> BTreeSet<String> {
            bundle["entry"].as_array().unwrap()[1..3].iter().map(|entry| entry["fullUrl"].to_string()).collect()
        };
        assert!(entries(&bundle).is_disjoint(&entries(&of_real)));
    }
}

#[test]
fn probabilities_stay_at_home_unless_the_site_asks() {
    let sample = screening(named("one sign"), named("no signs"));
    assert!(!bundle(&sample, &site()).to_string().contains("0.125"));
    let asked = bundle(&sample, &Site { probabilities: true, ..site() });
    let mut components = Vec::new();
    under(&asked, "component", &mut components);
    assert_eq!(components.len(), 2 * sample.outputs.len());
    assert!(!message(&sample, &Site { probabilities: true, ..site() }).contains("0.125"));
}

// verifies: RQ-130
#[test]
fn times_of_a_clock_that_was_not_set_are_not_told() {
    let mut sample = screening(named("one sign"), named("no signs"));
    let lost = |stamp: &mut Stamp| stamp.clock_is_set = false;
    [&mut sample.begun, &mut sample.ended].into_iter().for_each(lost);
    sample.photographs.iter_mut().for_each(|photograph| lost(&mut photograph.taken));
    let bundle = bundle(&sample, &site());
    assert!(!bundle.to_string().contains("2027-"), "{bundle}");
    let provenance = resources(&bundle, "Provenance")[0];
    assert_eq!(provenance["_recorded"]["extension"][0]["valueCode"], "unknown");
    let message = message(&sample, &site());
    assert_eq!(message.matches("20270115").count(), 1, "only the message's own time, which must be there: {message}");
    for text in [bundle.to_string(), message] {
        assert!(text.contains("clock was not set"));
    }
}

#[test]
fn without_a_licence_for_snomed_none_of_it_is_sent() {
    let codes = Codes::shipped().unwrap().with_site("snomed = false").unwrap();
    for (name, sample) in all() {
        let site = site();
        let export = Export::new(&sample, &site, &codes, Purpose::Care).unwrap();
        let bundle = serde_json::to_value(fhir::bundle(&export, PDF)).unwrap();
        assert!(!bundle.to_string().contains("snomed.info"), "{name}");
        assert!(!is_empty(&bundle), "{name}");
        let message = String::from_utf8(hl7::oru(&export, PDF)).unwrap();
        assert!(!message.contains("^SCT"), "{name}");
    }
}

#[test]
fn every_code_that_is_sent_stands_in_the_table() {
    let path = real::root().join("src/interchange/codes.toml");
    let table: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
    let mut known = BTreeSet::new();
    for (name, entry) in table["codes"].as_table().unwrap() {
        known.insert((OWN_SYSTEM.to_owned(), name.clone()));
        if let Some(system) = entry.get("system") {
            let system = &table["systems"][system.as_str().unwrap()]["uri"];
            known.insert((system.as_str().unwrap().to_owned(), entry["code"].as_str().unwrap().to_owned()));
        }
    }
    let site = Site { probabilities: true, ..site() };
    let mut sent = BTreeSet::new();
    for (name, sample) in all() {
        let marked = Screening { simulated: true, practice: true, ..sample };
        codes(&bundle(&marked, &site), &mut sent);
        assert!(sent.is_subset(&known), "{name}: {:?}", sent.difference(&known).collect::<Vec<_>>());
    }
    // And no system's code stands there that nothing sends.
    let never: Vec<_> = known.difference(&sent).filter(|(system, _)| system != OWN_SYSTEM).collect();
    assert!(never.is_empty(), "{never:?}");
}

/// System and code of everything that is coded.
fn codes(value: &Value, found: &mut BTreeSet<(String, String)>) {
    match value {
        Value::Object(object) => {
            if let (Some(Value::String(system)), Some(Value::String(code))) = (object.get("system"), object.get("code"))
            {
                found.insert((system.clone(), code.clone()));
            }
            object.values().for_each(|value| codes(value, found));
        }
        Value::Array(array) => array.iter().for_each(|value| codes(value, found)),
        _ => {}
    }
}

// verifies: RQ-161
#[test]
fn nothing_a_patient_is_called_can_add_a_segment_or_end_a_frame() {
    let mut sample = screening(named("one sign"), named("ungradable"));
    let segments = message(&sample, &site()).matches('\r').count();
    let nasty = "x\r\nOBX|9|CWE^~\\&\u{b}\u{1c}\r";
    let accession = &mut sample.order.as_mut().unwrap().accession;
    for field in [&mut sample.patient.id, &mut sample.patient.name, accession, &mut sample.instrument.site] {
        field.push_str(nasty);
    }
    let message = message(&sample, &site());
    assert_eq!(message.matches('\r').count(), segments);
    assert!(message.chars().all(|c| !c.is_control() || c == '\r'), "{message:?}");
}

// verifies: RQ-120
#[test]
fn an_encounter_that_ended_with_the_pre_check_refers_and_says_why() {
    let bundle = bundle(&asked_only(), &site());
    let report = resources(&bundle, "DiagnosticReport")[0];
    assert_eq!(report["conclusionCode"][0]["coding"][0]["code"], "refer");
    assert!(report["conclusion"].as_str().unwrap().contains("No photographs were taken."));
    assert!(matches!(asked_only().right.status, EyeStatus::Pending));
}
