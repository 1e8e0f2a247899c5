//! What may not leave the device.

use ocellus::{
    decision::PatientDisposition,
    encounter::Question,
    interchange::{Purpose, Refused, Screening, Site},
};
use ocellus_model::{label::Output, quality::Gradability};

use crate::samples::{all, asked_only, named, refused, screening, site};

// verifies: RQ-150
#[test]
fn only_the_disposition_that_follows_from_the_eyes_may_leave() {
    use PatientDisposition::*;
    for (name, sample) in all() {
        for disposition in [Refer, NoReferableSigns, Incomplete] {
            for pre_check in [None, Some(Question::KnownDisease)] {
                let told = Screening { disposition, pre_check, ..sample.clone() };
                let follows = match (pre_check, sample.pre_check) {
                    (Some(_), _) => disposition == Refer,
                    (None, Some(_)) => disposition == Incomplete,
                    (None, None) => disposition == sample.disposition,
                };
                let found = refused(&told, &site(), Purpose::Care);
                assert_eq!(found.is_none(), follows, "{name}: {disposition:?} {pre_check:?} {found:?}");
            }
        }
    }
}

// verifies: RQ-100
#[test]
fn what_is_not_real_leaves_for_testing_only() {
    let real = screening(named("no signs"), named("no signs"));
    for (simulated, practice) in [(true, false), (false, true), (true, true)] {
        let sample = Screening { simulated, practice, ..real.clone() };
        assert_eq!(refused(&sample, &site(), Purpose::Care), Some(Refused::NotReal));
        assert_eq!(refused(&sample, &site(), Purpose::Testing), None);
    }
}

// verifies: RQ-080
#[test]
fn contradictions_and_missing_identifiers_are_refused_without_naming_the_patient() {
    type Spoil = fn(&mut Screening);
    let spoils: [(&str, Spoil); 14] = [
        ("UID", |s| s.encounter = "encounter 7".into()),
        ("UID", |s| s.encounter = format!("2.25.{}", "9".repeat(60))),
        ("UID", |s| s.study = "2.025.1".into()),
        ("UID", |s| s.amends = Some(String::new())),
        ("UID", |s| s.photographs[0].uid = "1..2".into()),
        ("no number", |s| s.patient.id = "  ".into()),
        ("looks for nothing", |s| s.outputs.clear()),
        ("does not look for", |s| {
            s.outputs = vec![Output::Anomaly];
            s.right = named("one sign");
            s.disposition = PatientDisposition::Refer;
        }),
        ("could be assessed", |s| s.right.gradability = Some(Gradability::Ungradable)),
        ("could be assessed", |s| s.left.gradability = None),
        ("probability", |s| s.left.probabilities = [(Output::Glaucoma, 1.5)].into()),
        ("probability", |s| s.left.probabilities = [(Output::Glaucoma, f64::NAN)].into()),
        ("no photograph", |s| s.photographs.truncate(2)),
        ("both eyes", |s| s.photographs[0].series = s.photographs[3].series.clone()),
    ];
    for (fact, spoil) in spoils {
        let mut sample = screening(named("no signs"), named("no signs"));
        assert_eq!(refused(&sample, &site(), Purpose::Care), None);
        spoil(&mut sample);
        let error = refused(&sample, &site(), Purpose::Care).unwrap_or_else(|| panic!("{fact} was let through"));
        assert!(error.to_string().contains(fact), "{fact}: {error}");
        assert!(!error.to_string().contains("Jane"), "{error}");
    }
    assert_eq!(refused(&asked_only(), &site(), Purpose::Care), None);
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let sample = asked_only();
    for (key, settings) in [
        ("patient_system", Site { patient_system: "clinic".into(), ..site() }),
        ("patient_system", Site { patient_system: "urn:a b".into(), ..site() }),
        ("patient_authority", Site { patient_authority: " ".into(), ..site() }),
        ("rescreen_months", Site { rescreen_months: 0, ..site() }),
    ] {
        let error = refused(&sample, &settings, Purpose::Care).unwrap();
        assert!(error.to_string().starts_with(key), "{error}");
    }
}
