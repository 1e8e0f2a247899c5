//! What objects are made of what, without anybody else's program.

use ocellus::{
    encounter::Question,
    interchange::{
        Export, Purpose, Refused,
        dicom::{Object, ObjectError, Study, Taking, sample, transaction},
    },
};

use crate::samples::{self, CODES, objects, screening, site, usual};

fn bytes(objects: &[Object]) -> Vec<Vec<u8>> {
    objects.iter().map(|object| object.to_bytes().unwrap()).collect()
}

// verifies: RQ-154
#[test]
fn a_resend_is_the_same_object() {
    assert_eq!(bytes(&objects(&usual())), bytes(&objects(&usual())));
}

#[test]
fn every_object_has_a_uid_of_its_own_and_another_encounter_has_others() {
    let other = {
        let mut other = usual();
        other.encounter = "2.25.1".to_owned();
        other
    };
    let reports =
        |screening: &_| objects(screening).iter().rev().take(2).map(|o| o.uid().to_owned()).collect::<Vec<_>>();
    let mut uids: Vec<String> = [reports(&usual()), reports(&other)].concat();
    uids.extend(objects(&usual()).iter().map(|object| object.uid().to_owned()));
    uids.sort();
    uids.dedup();
    // Two of the usual ones were named twice.
    assert_eq!(uids.len(), 4 + 2 + 2);
    assert!(uids.iter().all(|uid| uid.len() <= 64 && uid.starts_with("2.25.")));
    assert_ne!(transaction("2.25.1", 1), transaction("2.25.1", 2));
}

#[test]
fn what_is_simulated_leaves_only_for_testing() {
    let mut simulated = usual();
    simulated.simulated = true;
    let refused = Export::new(&simulated, &site(), &CODES, Purpose::Care).err();
    assert_eq!(refused, Some(Refused::NotReal));
    assert_eq!(objects(&simulated).len(), 6);
}

#[test]
fn every_way_an_eye_can_end_becomes_objects() {
    let mut asked = screening(samples::named("pending"), samples::named("pending"));
    asked.pre_check = Some(Question::Symptoms);
    asked.disposition = ocellus::decision::PatientDisposition::Refer;
    assert_eq!(objects(&asked).len(), 2);
    for (name, eye) in samples::eyes() {
        assert!(objects(&screening(eye.clone(), samples::named("no signs"))).len() >= 4, "{name}");
    }
}

#[test]
fn an_identifier_that_does_not_fit_is_refused_and_not_told() {
    let site = site();
    let refused = |change: fn(&mut ocellus::interchange::Screening)| {
        let mut changed = usual();
        change(&mut changed);
        let export = Export::new(&changed, &site, &CODES, Purpose::Care).unwrap();
        Study::new(&export).findings().unwrap_err().to_string()
    };
    let message = refused(|screening| {
        screening.order.as_mut().unwrap().accession = "12345678901234567".to_owned();
    });
    assert!(message.contains("accession number has 17 characters, expected at most 16"), "{message}");
    let message = refused(|screening| screening.patient.id = "secret\\4711".to_owned());
    assert!(message.contains("patient's number has a backslash") && !message.contains("secret"), "{message}");
}

#[test]
fn photographs_that_are_damaged_or_of_somebody_else_are_refused() {
    let (screening, site) = (usual(), site());
    let export = Export::new(&screening, &site, &CODES, Purpose::Care).unwrap();
    let study = Study::new(&export);
    let first = &screening.photographs[0];
    let error = study.photograph(first, b"other bytes", &Taking::default()).unwrap_err();
    assert!(matches!(error, ObjectError::Digest { .. }), "{error}");
    let mut foreign = first.clone();
    foreign.uid = "2.25.99".to_owned();
    let error = study.photograph(&foreign, &samples::stored(0), &Taking::default()).unwrap_err();
    assert!(matches!(error, ObjectError::ForeignPhotograph { .. }), "{error}");
    assert!(matches!(study.report(b"").unwrap_err(), ObjectError::Document { bytes: 0 }));
}

#[test]
fn a_device_has_one_sample() {
    let instrument = usual().instrument;
    let one = sample(&instrument, &CODES).unwrap();
    assert_eq!(one.to_bytes().unwrap(), sample(&instrument, &CODES).unwrap().to_bytes().unwrap());
    let mut other = instrument;
    other.serial = "OC2".to_owned();
    assert_ne!(sample(&other, &CODES).unwrap().uid(), one.uid());
}
