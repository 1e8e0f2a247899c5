//! Purging, exports, backups.

use super::*;

const DAY: i64 = 86_400;
const RETENTION: Retention = Retention { days: 30, also_never_sent: false };

fn after_days(days: i64) -> Stamp {
    Stamp { unix_seconds: AT.unix_seconds + days * DAY, clock_is_set: true }
}

fn commit_all(store: &mut Store) {
    for waiting in store.outbox().due(AT, 99).unwrap() {
        store.outbox().sent(waiting.id, AT).unwrap();
        store.outbox().committed(waiting.id, AT).unwrap();
    }
}

// verifies: RQ-053
#[test]
fn only_what_is_old_and_in_the_archive_is_purged_and_practice_when_it_is_old() {
    let bench = Bench::new();
    let mut store = bench.create();
    let sending = Sending { kind: "dicom", destination: "archive" };
    let archived = screen(&mut store, false, &[sending]);
    commit_all(&mut store);
    let waiting = screen(&mut store, false, &[sending]);
    let nowhere = screen(&mut store, false, &[]);
    let practice = screen(&mut store, true, &[]);
    let broken_off = begin(&mut store, false);
    store.end(broken_off, End::BrokenOff, &(), &[], AT).unwrap();
    let open = begin(&mut store, false);
    assert_eq!(store.purgeable(RETENTION, after_days(30)).unwrap(), []);
    let unset = Stamp { clock_is_set: false, ..after_days(99) };
    assert_eq!(store.purgeable(RETENTION, unset).unwrap(), []);
    assert_eq!(store.purgeable(RETENTION, after_days(31)).unwrap(), [archived, practice, broken_off]);
    let all = Retention { also_never_sent: true, ..RETENTION };
    assert_eq!(store.purgeable(all, after_days(31)).unwrap(), [archived, nowhere, practice, broken_off]);
    let due = store.outbox().due(AT, 1).unwrap()[0].id;
    store.outbox().sent(due, AT).unwrap();
    assert!(!store.purgeable(all, after_days(31)).unwrap().contains(&waiting), "sent is not committed");
    assert!(!store.purgeable(all, after_days(31)).unwrap().contains(&open));
}

#[test]
fn what_only_others_than_an_archive_have_is_not_purged_unless_somebody_says_so() {
    let bench = Bench::new();
    let mut store = bench.create();
    let [dicom, fhir] = ["dicom", "fhir"].map(|kind| Sending { kind, destination: kind });
    let both = screen(&mut store, false, &[dicom, fhir]);
    let results_alone = screen(&mut store, false, &[fhir]);
    let refused = screen(&mut store, false, &[dicom, fhir]);
    for entry in store.outbox().queue().unwrap() {
        let mut outbox = store.outbox();
        match entry.kind.as_str() {
            "dicom" => outbox.sent(entry.id, AT).and_then(|()| outbox.committed(entry.id, AT)),
            _ if entry.encounter == refused => outbox.refused(entry.id, "status 422", AT),
            _ => outbox.delivered(entry.id, AT),
        }
        .unwrap();
    }
    assert_eq!(store.purgeable(RETENTION, after_days(31)).unwrap(), [both]);
    let all = Retention { also_never_sent: true, ..RETENTION };
    assert_eq!(store.purgeable(all, after_days(31)).unwrap(), [both, results_alone]);
}

#[test]
fn an_encounter_of_unknown_time_is_as_old_as_the_first_known_time_after_it() {
    let bench = Bench::new();
    let mut store = bench.create();
    let unset = Stamp { unix_seconds: 0, clock_is_set: false };
    let patient = patient("1", "");
    let begin = Begin { patient: &patient, practice: true, operator: None };
    let encounter = store.begin(begin, &(), unset).unwrap();
    store.end(encounter, End::BrokenOff, &(), &[], unset).unwrap();
    assert_eq!(store.purgeable(RETENTION, after_days(99)).unwrap(), []);
    store.audit("amina", "sign-in", "device", &(), after_days(50)).unwrap();
    assert_eq!(store.purgeable(RETENTION, after_days(79)).unwrap(), []);
    assert_eq!(store.purgeable(RETENTION, after_days(81)).unwrap(), [encounter]);
}

// verifies: RQ-083
#[test]
fn a_purged_encounter_is_gone_with_its_key_and_the_record_still_verifies() {
    let bench = Bench::new();
    let mut store = bench.create();
    let encounter = screen(&mut store, true, &[]);
    let kept = screen(&mut store, false, &[]);
    let sealed = bench.home.path().join("sealed");
    copy(&bench.folder().join("files"), &sealed);
    let purged = store.purge(RETENTION, "sam", after_days(31)).unwrap();
    assert_eq!(purged, Purged { encounters: vec!["one-practice-000001".to_owned()], files: 3 });
    assert_eq!(bench.sealed().len(), 3);
    let gone = store.read(encounter, "amina", AT).unwrap();
    assert_eq!((gone.summary.state.as_str(), gone.summary.patient), ("purged", Patient::default()));
    assert!(gone.photographs.is_empty() && gone.reports.is_empty() && gone.ended.is_none());
    assert!(matches!(store.report_pdf("one-practice-000001"), Err(StoreError::Missing { .. })));
    assert!(matches!(
        store.report(encounter, NewReport { number: "x", replaces: None, pdf: b"" }, &[], AT),
        Err(StoreError::Over { .. })
    ));
    assert!(store.photograph_bytes(kept, Laterality::Od, 1).is_ok());
    let keys = store.keys.clone();
    drop(store);
    assert_eq!(bench.found(), []);
    // Not even with the master key and a copy of the file: the data key is nowhere in the database any more.
    let db = schema::connect(&bench.folder().join("record.db"), &keys.database).unwrap();
    let keys_left: i64 = db.query_row("SELECT count(wrapped_key) FROM encounter", [], |row| row.get(0)).unwrap();
    assert_eq!(keys_left, 1);
    let left: i64 =
        db.query_row("SELECT count(*) FROM payload WHERE body LIKE '%worklist%'", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1, "the other encounter's");
    drop(db);
    // A number is never given twice.
    let mut store = bench.open();
    let next = begin(&mut store, true);
    assert_eq!(store.name(next).unwrap(), "one-practice-000002");
    drop(store);
    // Files that a crash left after the purge was committed.
    for file in fs::read_dir(&sealed).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), bench.folder().join("files").join(file.file_name())).unwrap();
    }
    assert_eq!(bench.found(), []);
    assert_eq!(bench.sealed().len(), 3);
}

// verifies: RQ-091
#[test]
fn a_patient_gets_a_plain_folder_and_that_is_noted() {
    let bench = Bench::new();
    let mut store = bench.create();
    screen(&mut store, false, &[]);
    let other = patient("12", "Other");
    store.begin(Begin { patient: &other, practice: false, operator: None }, &(), AT).unwrap();
    let into = bench.home.path().join("for the patient");
    let export = store.export_patient("4711-Zzyzx-Canary", &into, "sam", AT).unwrap();
    assert_eq!((export.encounters, export.files, export.unreadable), (vec!["one-000001".to_owned()], 3, vec![]));
    let mut names: Vec<_> = fs::read_dir(into.join("one-000001")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["OD-1.jpg", "OS-1.jpg", "audit.json", "encounter.json", "report-1.pdf"]);
    assert_eq!(fs::read(into.join("one-000001/OS-1.jpg")).unwrap(), photograph(Laterality::Os, 1));
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(into.join("one-000001/encounter.json")).unwrap()).unwrap();
    assert_eq!(json["summary"]["patient"]["name"], "Zzyzx-Canary, Jane");
    let audit = fs::read_to_string(into.join("one-000001/audit.json")).unwrap();
    assert!(audit.contains("\"export\"") && audit.contains("\"sam\""));

    assert!(matches!(store.export_patient("12", &into, "sam", AT), Err(StoreError::NotEmpty { .. })));
    let into = bench.home.path().join("nobody");
    for nobody in ["", "4711"] {
        assert!(matches!(store.export_patient(nobody, &into, "sam", AT), Err(StoreError::Missing { .. })));
    }
    assert!(!into.exists());
    fs::remove_file(&bench.sealed()[0]).unwrap();
    let export = store.export_patient("4711-Zzyzx-Canary", &into, "sam", AT).unwrap();
    assert_eq!((export.files, export.unreadable.len()), (2, 1), "what can be read is exported");
}

#[test]
fn a_backup_becomes_a_record_on_another_device_with_another_key() {
    let bench = Bench::new();
    let mut store = bench.create();
    let encounter = screen(&mut store, false, &[Sending { kind: "dicom", destination: "archive" }]);
    let identity = age::x25519::Identity::generate();
    let to = BackupKey::Recipients(vec![identity.to_public().to_string()]);
    let path = bench.home.path().join("record.age");
    let made = store.backup(&path, &to, "sam", AT).unwrap();
    assert_eq!((made.files, made.missing.len(), made.bytes), (3, 0, fs::metadata(&path).unwrap().len()));
    assert!(matches!(store.backup(&path, &to, "sam", AT), Err(StoreError::Io { .. })), "none is written over");
    assert!(bench.sealed().len() == 3, "the copy of the database is gone");
    // What comes later is not in it.
    begin(&mut store, false);
    drop(store);

    let device_2 = Bench::new();
    let by = RestoreKey::Identity(Passphrase::new(secret_text(&identity)));
    let restore = |folder: &Path| Store::restore(&path, &by, folder, &device_2.key(), device(), AT);
    let mut restored = restore(&device_2.folder()).unwrap();
    assert_eq!(restored.findings(), []);
    assert_eq!(restored.list(&Search::default(), 9).unwrap().len(), 1);
    assert_eq!(*restored.photograph_bytes(encounter, Laterality::Od, 1).unwrap(), photograph(Laterality::Od, 1));
    assert_eq!(restored.outbox().waiting().unwrap(), 1);
    assert_eq!(restored.log(Some("record"), None, 1).unwrap()[0].action, "restore");
    screen(&mut restored, false, &[]);
    drop(restored);
    assert_eq!(device_2.found(), []);
    assert!(matches!(restore(&device_2.folder()), Err(StoreError::NotEmpty { .. })));
    assert_eq!(bench.found(), []);
}

// verifies: RQ-082
#[test]
fn a_backup_that_is_torn_changed_or_for_another_key_is_refused_as_a_whole() {
    let bench = Bench::new();
    let mut store = bench.create();
    screen(&mut store, false, &[]);
    let path = bench.home.path().join("record.age");
    let passphrase = |text: &str| Passphrase::new(text.to_owned());
    store.backup(&path, &BackupKey::Passphrase(passphrase("correct horse battery")), "sam", AT).unwrap();
    assert!(matches!(
        store.backup(&bench.home.path().join("b"), &BackupKey::Recipients(vec!["age1x".into()]), "sam", AT),
        Err(StoreError::Backup { .. })
    ));
    let device_2 = Bench::new();
    let restore = |by: &str| {
        let by = RestoreKey::Passphrase(passphrase(by));
        Store::restore(&path, &by, &device_2.folder(), &device_2.key(), device(), AT)
    };
    assert!(matches!(restore("another passphrase"), Err(StoreError::Backup { .. })));
    let whole = fs::read(&path).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    for torn in [&whole[..whole.len() - 1], &whole[..whole.len() / 3], &changed, b"no backup"] {
        fs::write(&path, torn).unwrap();
        let error = restore("correct horse battery").unwrap_err();
        assert!(matches!(error, StoreError::Backup { .. }), "{error}");
        assert!(!Store::is_at(&device_2.folder()));
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(restore("correct horse battery").unwrap().findings(), []);
}

fn secret_text(identity: &age::x25519::Identity) -> String {
    use age::secrecy::ExposeSecret;
    identity.to_string().expose_secret().to_owned()
}
