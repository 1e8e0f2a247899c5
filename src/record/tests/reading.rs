//! Lists, searches, pages, access notes, and the outbox.

use super::*;

fn names(found: &[Summary]) -> Vec<&str> {
    found.iter().map(|summary| summary.patient.name.as_str()).collect()
}

#[test]
fn encounters_are_found_by_number_beginning_of_the_name_day_and_page() {
    let bench = Bench::new();
    let mut store = bench.create();
    let people = [("1", "Roe, Jane"), ("2", "ROEMER, Åsa"), ("3", "Zoë, Ann"), ("1", "Roe, Jane"), ("44", "")];
    for ((id, name), day) in people.into_iter().zip(0..) {
        let at = Stamp { unix_seconds: 1_800_000_000 + day * 86_400, clock_is_set: true };
        let (patient, practice) = (patient(id, name), id == "44");
        let encounter = store.begin(Begin { patient: &patient, practice, operator: None }, &(), at).unwrap();
        store.end(encounter, End::BrokenOff, &(), &[], at).unwrap();
    }
    let list = |search: Search<'_>, limit| store.list(&search, limit).unwrap();
    assert_eq!(names(&list(Search { patient_id: Some("1"), ..Search::default() }, 9)), ["Roe, Jane", "Roe, Jane"]);
    let prefix = |name_prefix| Search { name_prefix: Some(name_prefix), ..Search::default() };
    assert_eq!(names(&list(prefix("roe"), 9)), ["Roe, Jane", "ROEMER, Åsa", "Roe, Jane"]);
    assert_eq!(names(&list(prefix("ROE,"), 9)), ["Roe, Jane", "Roe, Jane"]);
    assert_eq!(names(&list(prefix("ZOË"), 9)), ["Zoë, Ann"]);
    assert!(list(prefix("%"), 9).is_empty() && list(prefix("oe"), 9).is_empty());
    let day = 1_800_000_000 + 86_400..1_800_000_000 + 3 * 86_400;
    assert_eq!(names(&list(Search { begun: Some(day), ..Search::default() }, 9)), ["Zoë, Ann", "ROEMER, Åsa"]);
    assert_eq!(list(Search { practice: Some(true), ..Search::default() }, 9).len(), 1);
    let first = list(Search::default(), 3);
    let second = list(Search { before: Some(first[2].id), ..Search::default() }, 3);
    assert_eq!([names(&first), names(&second)].concat(), ["", "Roe, Jane", "Zoë, Ann", "ROEMER, Åsa", "Roe, Jane"]);
}

// verifies: RQ-091
#[test]
fn an_encounter_comes_back_whole_and_opening_it_is_noted() {
    let bench = Bench::new();
    let mut store = bench.create();
    let encounter = screen(&mut store, false, &[]);
    drop(store);
    let mut store = bench.open();
    let read = store.read(encounter, "amina", AT).unwrap();
    assert_eq!(read.summary.patient, patient("4711-Zzyzx-Canary", "Zzyzx-Canary, Jane"));
    assert_eq!((read.summary.state.as_str(), read.summary.operator.as_deref()), ("ended", Some("amina")));
    assert_eq!(
        (read.begun, read.ended),
        (json!({ "worklist": CANARY }), Some(json!({ "patient": "refer", "note": CANARY })))
    );
    assert_eq!(read.device, json!(device()));
    for photograph in &read.photographs {
        let bytes = store.photograph_bytes(encounter, photograph.eye, 1).unwrap();
        assert_eq!(*bytes, super::photograph(photograph.eye, 1));
        assert_eq!(photograph.bytes, bytes.len() as u64);
        assert_eq!(photograph.payload, json!({ "taken": { "stage": CANARY }, "judged": { "outcome": "refer" } }));
    }
    assert!(store.report_pdf("one-000001").unwrap().starts_with(b"%PDF"));
    let log = store.log(Some("one-000001"), None, 9).unwrap();
    let did: Vec<_> = log.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(did, ["open", "report", "end", "photograph", "photograph", "begin"]);
    assert!(log.iter().all(|line| line.actor == "amina"));
    let before = store.log(Some("one-000001"), Some(log[3].sequence), 9).unwrap();
    assert_eq!(before, log[4..]);
    assert!(matches!(store.read(EncounterId(99), "amina", AT), Err(StoreError::Missing { .. })));
}

#[test]
fn the_outbox_keeps_what_is_to_be_sent_until_it_is_committed() {
    let bench = Bench::new();
    let mut store = bench.create();
    let sending = Sending { kind: "dicom", destination: "archive" };
    let encounter = screen(&mut store, false, &[sending, Sending { kind: "fhir", destination: "ehr" }, sending]);
    store.outbox().add(encounter, sending).unwrap();
    drop(store);
    let mut store = bench.open();
    let at = |seconds| Stamp { unix_seconds: AT.unix_seconds + seconds, ..AT };
    let due = store.outbox().due(at(0), 9).unwrap();
    assert_eq!(
        due.iter().map(|w| (w.kind.as_str(), w.name.as_str())).collect::<Vec<_>>(),
        [("dicom", "one-000001"), ("fhir", "one-000001")]
    );
    let (dicom, fhir) = (due[0].id, due[1].id);
    store.outbox().failed(dicom, "no answer", at(0)).unwrap();
    store.outbox().sent(fhir, at(1)).unwrap();
    let mut outbox = store.outbox();
    assert_eq!(outbox.waiting().unwrap(), 1);
    assert_eq!(outbox.unconfirmed(9).unwrap()[0].id, fhir);
    // Waits are shortened by a fifth at most.
    assert!(outbox.due(at(47), 9).unwrap().is_empty());
    let again = outbox.due(at(60), 9).unwrap();
    assert_eq!((again[0].attempts, again[0].last_error.as_deref()), (1, Some("no answer")));
    // The clock went back by a year: the entry is not put off by that.
    assert_eq!(outbox.due(at(-365 * 86_400), 9).unwrap().len(), 1);
    outbox.sent(dicom, at(61)).unwrap();
    for id in [dicom, fhir] {
        outbox.committed(id, at(62)).unwrap();
        assert!(
            matches!(outbox.failed(id, "late", at(63)), Err(StoreError::Missing { .. })),
            "committed stays committed"
        );
        assert!(matches!(outbox.sent(id, at(63)), Err(StoreError::Missing { .. })));
    }
    assert!(outbox.waiting().unwrap() == 0 && outbox.unconfirmed(9).unwrap().is_empty());
    assert!(matches!(outbox.sent(99, AT), Err(StoreError::Missing { .. })));
}

#[test]
fn what_is_refused_is_set_aside_with_its_reason_until_a_person_tries_again() {
    let bench = Bench::new();
    let mut store = bench.create();
    screen(&mut store, false, &[Sending { kind: "fhir", destination: "ehr" }]);
    let id = store.outbox().due(AT, 9).unwrap()[0].id;
    store.outbox().refused(id, "status 422", AT).unwrap();
    drop(store);
    let mut store = bench.open();
    let mut outbox = store.outbox();
    assert!(outbox.waiting().unwrap() == 0 && outbox.queue().unwrap().is_empty());
    assert_eq!(outbox.set_aside().unwrap()[0].last_error.as_deref(), Some("status 422"));
    assert!(matches!(outbox.failed(id, "late", AT), Err(StoreError::Missing { .. })), "only a person tries again");
    assert_eq!(outbox.retry_refused("sam", AT).unwrap(), 1);
    assert_eq!(outbox.retry_refused("sam", AT).unwrap(), 0);
    assert_eq!((outbox.queue().unwrap()[0].id, outbox.set_aside().unwrap().len()), (id, 0));
    outbox.delivered(id, AT).unwrap();
    assert!(outbox.queue().unwrap().is_empty() && outbox.unconfirmed(9).unwrap().is_empty());
}

#[test]
fn an_archive_is_asked_again_later_and_each_time_under_another_number() {
    let bench = Bench::new();
    let mut store = bench.create();
    screen(&mut store, false, &[Sending { kind: "dicom", destination: "archive" }]);
    let mut outbox = store.outbox();
    let id = outbox.due(AT, 9).unwrap()[0].id;
    assert!(matches!(outbox.asks(id, AT), Err(StoreError::Missing { .. })), "nothing was sent yet");
    outbox.sent(id, AT).unwrap();
    assert_eq!((outbox.asks(id, AT).unwrap(), outbox.asks(id, AT).unwrap()), (1, 2));
    outbox.unanswered(id, "no report came").unwrap();
    let entry = outbox.unconfirmed(9).unwrap().remove(0);
    assert_eq!((entry.asked, entry.last_error.as_deref()), (2, Some("no report came")));
    assert!((96..=120).contains(&(entry.next_attempt - AT.unix_seconds)), "{entry:?}");
}

#[test]
fn what_waits_for_a_destination_that_answers_again_is_due_at_once() {
    let bench = Bench::new();
    let mut store = bench.create();
    let [dicom, fhir] = ["dicom", "fhir"].map(|kind| Sending { kind, destination: kind });
    screen(&mut store, false, &[dicom, fhir]);
    let mut outbox = store.outbox();
    for entry in outbox.due(AT, 9).unwrap() {
        outbox.failed(entry.id, "no answer", AT).unwrap();
    }
    assert!(outbox.due(AT, 9).unwrap().is_empty());
    outbox.hasten("dicom", "dicom").unwrap();
    let due = outbox.due(AT, 9).unwrap();
    assert_eq!(due.iter().map(|entry| entry.kind.as_str()).collect::<Vec<_>>(), ["dicom"]);
}

#[test]
fn a_report_that_comes_later_is_sent_too() {
    let bench = Bench::new();
    let mut store = bench.create();
    let sending = [Sending { kind: "dicom", destination: "archive" }];
    let encounter = begin(&mut store, false);
    store.end(encounter, End::Result, &json!({}), &sending, AT).unwrap();
    let id = store.outbox().due(AT, 9).unwrap()[0].id;
    store.outbox().sent(id, AT).unwrap();
    store.outbox().committed(id, AT).unwrap();
    let report = NewReport { number: "1", replaces: None, pdf: b"%PDF" };
    store.report(encounter, report, &sending, AT).unwrap();
    assert_eq!(store.outbox().due(AT, 9).unwrap()[0].id, id);
    store.outbox().sent(id, AT).unwrap();
    // The very same report again is nothing new.
    store.report(encounter, report, &sending, AT).unwrap();
    assert!(store.outbox().due(AT, 9).unwrap().is_empty());
}
