//! What a record holds of an encounter, as the exporters are given it.

use std::collections::BTreeSet;

use ocellus::{
    decision::PatientDisposition,
    encounter::Agent,
    interchange::{
        Screening,
        dicom::{Parts, Pupil, Study},
    },
    record::{EncounterId, Search, Store},
    sending::{NotAScreening, Shown, screening},
};
use ocellus_model::{bundle::Digest, label::Output, laterality::Laterality, quality::Gradability};

use crate::{
    kept::{AT, Device, Unusual, photograph},
    samples::{self, CODES, objects, usual},
};

fn only(record: &Store) -> EncounterId {
    record.list(&Search::default(), 9).unwrap()[0].id
}

fn read(device: &Device) -> (Screening, Vec<Shown>) {
    let mut record = device.record();
    let (name, id) = (record.id(), only(&record));
    let stored = record.outbox().content(id).unwrap();
    screening(name, &stored).unwrap()
}

#[test]
fn a_screening_is_what_was_found_and_nothing_that_was_withdrawn_or_unreadable() {
    let device = Device::new();
    device.screens(&[]);
    let (found, shown) = read(&device);
    let taken: Vec<_> = shown.iter().map(|shown| (shown.eye, shown.attempt)).collect();
    assert_eq!(taken, [(Laterality::Od, 2), (Laterality::Od, 3), (Laterality::Os, 2)]);
    let digests: Vec<Digest> = found.photographs.iter().map(|photograph| photograph.digest).collect();
    assert_eq!(digests, [0, 1, 2].map(|number| Digest::of(&photograph(number))));
    let pupils: Vec<_> = shown.into_iter().map(|shown| shown.taking.pupil).collect();
    let dilated = Pupil::Dilated(vec![Agent::Tropicamide]);
    assert_eq!(pupils, [Some(Pupil::Natural), Some(dilated), Some(Pupil::Natural)]);
    let series: Vec<&str> = found.photographs.iter().map(|photograph| photograph.series.as_str()).collect();
    assert!(series[0] == series[1] && series[1] != series[2]);
    assert_eq!((found.disposition, found.pre_check), (PatientDisposition::Refer, None));
    assert_eq!((found.right.gradability, found.left.has_result()), (Some(Gradability::Good), true));
    assert_eq!(found.right.probabilities[&Output::Glaucoma], 0.25);
    assert_eq!(found.outputs, Output::ALL);
    assert_eq!((found.patient.id.as_str(), found.operator.as_deref()), ("4711", Some("amina")));
    assert_eq!((found.begun, found.ended, found.is_real()), (AT, AT, true));
}

#[test]
fn uids_are_the_same_after_a_restart_and_no_other_devices() {
    let uids = |device: &Device| {
        let (found, _) = read(device);
        let mut uids = vec![found.encounter, found.study];
        uids.extend(found.photographs.into_iter().flat_map(|photograph| [photograph.uid, photograph.series]));
        uids
    };
    let [one, other] = [Device::new(), Device::new()];
    for device in [&one, &other] {
        // Both devices have one name, and so have their encounters.
        device.screens(&[]);
    }
    assert_eq!(uids(&one), uids(&one));
    let all: BTreeSet<String> = uids(&one).into_iter().chain(uids(&other)).collect();
    assert_eq!(all.len(), 2 * (2 + 3 + 2), "{all:?}");
    assert!(all.iter().all(|uid| uid.len() <= 64 && uid.starts_with("2.25.")));
}

#[test]
fn what_is_simulated_or_practice_is_marked() {
    for (practice, simulated) in [(true, false), (false, true)] {
        let device = Device::new();
        device.screens_unusually(&[], &Unusual { practice, simulated, ..Unusual::default() });
        let (found, _) = read(&device);
        assert_eq!((found.practice, found.simulated, found.is_real()), (practice, simulated, false));
    }
}

#[test]
fn an_encounter_without_a_result_is_no_screening() {
    let device = Device::new();
    device.screens(&[]);
    let mut record = device.record();
    let id = only(&record);
    let mut stored = record.outbox().content(id).unwrap();
    stored.ended.as_mut().unwrap()["end"]["patient"] = "well".into();
    let error = screening(record.id(), &stored).unwrap_err();
    assert!(matches!(error, NotAScreening::Unreadable { .. }) && error.to_string().contains("its end"), "{error}");
    stored.summary.state = "broken off".to_owned();
    let error = screening(record.id(), &stored).unwrap_err();
    assert_eq!(error, NotAScreening::NoResult("broken off".to_owned()));
}

#[test]
fn an_archive_is_asked_for_exactly_what_it_was_sent() {
    let (sample, site) = (usual(), samples::site());
    let export =
        ocellus::interchange::Export::new(&sample, &site, &CODES, ocellus::interchange::Purpose::Care).unwrap();
    let asked = Study::new(&export).instances(Parts { photographs: true, report: true, findings: true });
    let sent: Vec<_> = objects(&sample).iter().map(ocellus::interchange::dicom::net::Instance::from).collect();
    assert_eq!(asked, sent);
    let report = Study::new(&export).instances(Parts { photographs: false, report: true, findings: false });
    assert_eq!(report, sent[sent.len() - 2..sent.len() - 1]);
}
