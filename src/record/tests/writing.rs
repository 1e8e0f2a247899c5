//! Writing encounters: numbers, order, what is refused, and that nothing of it can be read from outside.

use std::os::unix::fs::PermissionsExt;

use super::*;

// verifies: RQ-100
#[test]
fn numbers_go_on_after_a_restart_and_practice_is_numbered_apart() {
    let bench = Bench::new();
    let mut store = bench.create();
    for (practice, expected) in
        [(false, "one-000001"), (true, "one-practice-000001"), (false, "one-000002"), (true, "one-practice-000002")]
    {
        let encounter = begin(&mut store, practice);
        assert_eq!(store.name(encounter).unwrap(), expected);
        store.end(encounter, End::BrokenOff, &json!(null), &[], AT).unwrap();
        drop(store);
        store = bench.open();
    }
}

#[test]
fn an_encounter_that_a_crash_left_unfinished_is_told_and_broken_off() {
    let bench = Bench::new();
    let mut store = bench.create();
    screen(&mut store, false, &[]);
    let encounter = begin(&mut store, false);
    shoot(&mut store, encounter, Laterality::Od, 1);
    drop(store);
    let mut store = bench.open();
    assert_eq!(store.broken_off(), ["one-000002"]);
    let read = store.read(encounter, "amina", AT).unwrap();
    assert_eq!((read.summary.state.as_str(), read.ended, read.photographs.len()), ("broken off", None, 1));
    let shot = Shot { eye: Laterality::Os, attempt: 1, bytes: b"late" };
    let error = store.photograph(encounter, shot, &(), &(), AT).unwrap_err();
    assert_eq!(error.to_string(), "encounter one-000002 is broken off and takes no more entries");
    drop(store);
    assert!(bench.open().broken_off().is_empty());
}

// verifies: RQ-061
#[test]
fn the_same_again_changes_nothing_and_another_in_its_place_is_refused() {
    let bench = Bench::new();
    let mut store = bench.create();
    let encounter = begin(&mut store, false);
    shoot(&mut store, encounter, Laterality::Od, 1);
    let (head, files) = (store.head(), bench.sealed());
    shoot(&mut store, encounter, Laterality::Od, 1);
    assert_eq!((store.head(), bench.sealed()), (head, files.clone()));
    let other = Shot { eye: Laterality::Od, attempt: 1, bytes: b"another" };
    assert!(matches!(store.photograph(encounter, other, &(), &(), AT), Err(StoreError::Exists { .. })));
    assert_eq!(bench.sealed(), files);

    store.withdraw(encounter, Laterality::Od, 1, AT).unwrap();
    assert!(matches!(store.withdraw(encounter, Laterality::Os, 1, AT), Err(StoreError::Missing { .. })));
    store.end(encounter, End::Result, &json!({}), &[], AT).unwrap();
    assert!(matches!(store.end(encounter, End::Result, &json!({}), &[], AT), Err(StoreError::Over { .. })));
    assert!(store.read(encounter, "amina", AT).unwrap().photographs[0].withdrawn);
}

#[test]
fn a_report_replaces_only_one_of_its_encounter_and_both_stay() {
    let bench = Bench::new();
    let mut store = bench.create();
    let [one, two] = [(); 2].map(|()| screen(&mut store, false, &[]));
    let report = |number, replaces| NewReport { number, replaces, pdf: b"%PDF again" };
    store.report(one, report("one-000001-2", Some("one-000001")), &[], AT).unwrap();
    store.report(one, report("one-000001-2", Some("one-000001")), &[], AT).unwrap();
    let stolen = store.report(two, report("one-000002-2", Some("one-000001")), &[], AT);
    assert!(matches!(stolen, Err(StoreError::Missing { .. })));
    assert!(matches!(store.report(two, report("one-000001-2", None), &[], AT), Err(StoreError::Exists { .. })));
    let numbers: Vec<_> =
        store.read(one, "amina", AT).unwrap().reports.into_iter().map(|r| (r.number, r.replaces)).collect();
    let first = "one-000001".to_owned();
    assert_eq!(numbers, [(first.clone(), None), ("one-000001-2".to_owned(), Some(first))]);
    assert_eq!(*store.report_pdf("one-000001-2").unwrap(), b"%PDF again");
}

// verifies: RQ-130
#[test]
fn a_clock_that_goes_back_or_stands_at_1970_changes_no_order() {
    let bench = Bench::new();
    let mut store = bench.create();
    let stamps = [(1_800_000_000, true), (0, false), (1_700_000_000, true), (12, false), (1_800_000_001, true)];
    for (number, (unix_seconds, clock_is_set)) in stamps.into_iter().enumerate() {
        let at = Stamp { unix_seconds, clock_is_set };
        let patient = patient(&number.to_string(), "");
        let begin = Begin { patient: &patient, practice: false, operator: None };
        let encounter = store.begin(begin, &json!(null), at).unwrap();
        store.end(encounter, End::Result, &json!(null), &[], at).unwrap();
        drop(store);
        store = Store::open(&bench.folder(), &bench.key(), device(), at).unwrap();
    }
    let found = store.list(&Search::default(), 9).unwrap();
    let ids: Vec<_> = found.iter().map(|summary| summary.patient.id.as_str()).collect();
    assert_eq!(ids, ["4", "3", "2", "1", "0"]);
    assert!(found.is_sorted_by(|a, b| a.order > b.order));
    let told: Vec<_> = found.iter().rev().map(|s| (s.begun.unix_seconds, s.begun.clock_is_set)).collect();
    assert_eq!(told, stamps);
}

#[test]
fn what_the_device_keeps_is_there_after_a_restart() {
    let bench = Bench::new();
    let mut store = bench.create();
    assert_eq!(store.kept::<serde_json::Value>("light-ledger").unwrap(), None);
    store.keep("light-ledger", &json!({ "limit": 1.25 })).unwrap();
    store.keep("light-ledger", &json!({ "limit": 1.5 })).unwrap();
    store.probe().unwrap();
    drop(store);
    assert_eq!(bench.open().kept("light-ledger").unwrap(), Some(json!({ "limit": 1.5 })));
}

// verifies: RQ-080
#[test]
fn no_patient_is_in_a_file_name_in_plain_bytes_in_the_audit_log_or_in_an_error() {
    let bench = Bench::new();
    let mut store = bench.create();
    let encounter = screen(&mut store, false, &[Sending { kind: "dicom", destination: "archive" }]);
    let open = begin(&mut store, false);
    shoot(&mut store, open, Laterality::Od, 1);
    store.read(encounter, "amina", AT).unwrap();
    let log = serde_json::to_string(&store.log(None, None, 1000).unwrap()).unwrap();
    assert!(!log.contains(CANARY), "{log}");
    let shot = Shot { eye: Laterality::Od, attempt: 1, bytes: CANARY.as_bytes() };
    let error = store.photograph(open, shot, &json!(CANARY), &(), AT).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(CANARY));
    // Also while it is open: the database's log is a file of its own.
    for _ in 0..2 {
        let files = files_below(&bench.folder());
        assert!(files.len() >= 8, "{files:?}");
        for path in files {
            assert!(!path.to_string_lossy().contains(CANARY) && !path.to_string_lossy().contains("OD"), "{path:?}");
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert!(mode & 0o077 == 0, "{path:?} {mode:o}");
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()), "{path:?}");
            assert!(!bytes.starts_with(b"SQLite format 3"), "{path:?}");
        }
        store.audit("amina", "sign-in", "device", &json!(null), AT).unwrap();
    }
}
