//! Keys, headers and versions: each way not to open is told for what it is.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn passphrase(text: &str) -> Key {
    Key::Passphrase(Passphrase::new(text.to_owned()))
}

// verifies: RQ-081
#[test]
fn a_key_file_opens_only_its_own_record_and_must_be_its_owners_alone() {
    let bench = Bench::new();
    drop(bench.create());
    assert!(bench.open().findings().is_empty());

    let path = bench.home.path().join("device.key");
    let key = fs::read(&path).unwrap();
    fs::write(&path, [7; 32]).unwrap();
    assert!(matches!(bench.refused(), StoreError::WrongKey { kind: "key file", .. }));
    fs::write(&path, &key[..31]).unwrap();
    assert!(matches!(bench.refused(), StoreError::KeyTorn { found: 31, .. }));
    fs::write(&path, &key).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(bench.refused(), StoreError::KeyOpenToOthers { mode: 0o640, .. }));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(bench.open().findings().is_empty());
    fs::remove_file(&path).unwrap();
    let error = bench.refused();
    assert!(matches!(error, StoreError::KeyLost { .. }) && error.to_string().contains("device.key"), "{error}");
    assert!(Key::create_file(&path).is_ok());
    assert!(matches!(Key::create_file(&path), Err(StoreError::Io { .. })), "a key file is never overwritten");
}

#[test]
fn a_passphrase_opens_until_it_is_changed_and_changing_it_leaves_the_data_alone() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("record");
    let open = |key: &Key| Store::open(&folder, key, device(), AT);
    let [old, new] = ["correct horse battery", "staple, correct horse"].map(passphrase);
    assert!(matches!(
        Store::create(&folder, &passphrase("short"), device(), AT),
        Err(StoreError::ShortPassphrase { found: 5, expected: 12 })
    ));
    let mut store = Store::create(&folder, &old, device(), AT).unwrap();
    screen(&mut store, false, &[]);
    let files = files_below(&folder.join("files"));
    store.rekey(&new, "sam", AT).unwrap();
    drop(store);
    assert!(matches!(open(&old), Err(StoreError::WrongKey { kind: "passphrase", .. })));
    let store = open(&new).unwrap();
    assert_eq!(store.list(&Search::default(), 9).unwrap().len(), 1);
    assert_eq!(files, files_below(&folder.join("files")));
    assert_eq!(store.log(Some("record"), None, 1).unwrap()[0].action, "rekey");
    drop(store);
    let wrong_kind = Key::create_file(&home.path().join("device.key")).unwrap();
    assert!(matches!(open(&wrong_kind), Err(StoreError::OtherKindOfKey { expected: "passphrase", .. })));
}

// verifies: RQ-081
#[test]
fn a_changed_or_lost_header_is_told_from_a_wrong_key() {
    let bench = Bench::new();
    drop(bench.create());
    let path = bench.folder().join("key.json");
    let text = fs::read_to_string(&path).unwrap();
    let record = text.split("\"record\": \"").nth(1).unwrap()[..32].to_owned();
    for changed in ["", "{}", &text[..text.len() / 2], &text.replace(&record, &"0".repeat(32))] {
        fs::write(&path, changed).unwrap();
        assert!(matches!(bench.refused(), StoreError::HeaderChanged { .. }), "{changed}");
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(bench.refused(), StoreError::HeaderLost { .. }));
    fs::write(&path, text).unwrap();
    assert!(bench.open().findings().is_empty());
}

#[cfg(feature = "tpm")]
#[test]
fn what_no_tpm_ever_sealed_is_told_without_asking_one() {
    use crate::record::tpm::{self, NotUnsealed};
    for (public, private) in [("zz", ""), ("", ""), ("0001", ""), ("00", "zz")] {
        let sealed = serde_json::from_value(json!({ "public": public, "private": private })).unwrap();
        let error = tpm::unseal("swtpm:host=127.0.0.1,port=1", &sealed).unwrap_err();
        assert!(matches!(error, NotUnsealed::NotSealed(_)), "{public:?} {private:?}: {error:?}");
    }
}

#[test]
fn a_database_that_is_none_or_is_gone_is_told() {
    let bench = Bench::new();
    drop(bench.create());
    let path = bench.folder().join("record.db");
    fs::write(&path, b"no database at all, but long enough to be looked at as one".repeat(100)).unwrap();
    assert!(matches!(bench.refused(), StoreError::NotADatabase { .. }));
    let other = Bench::new();
    drop(other.create());
    fs::copy(other.folder().join("record.db"), &path).unwrap();
    assert!(matches!(bench.refused(), StoreError::NotADatabase { .. }), "another record's database");
    fs::remove_file(&path).unwrap();
    assert!(matches!(bench.refused(), StoreError::NotADatabase { .. }));
    assert!(matches!(
        Store::open(&bench.home.path().join("nowhere"), &bench.key(), device(), AT),
        Err(StoreError::NoRecord { .. })
    ));
}

#[test]
fn a_record_that_another_program_is_about_to_leave_is_waited_for() {
    let bench = Bench::new();
    let store = bench.create();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(300));
            drop(store);
        });
        assert!(bench.open().findings().is_empty());
    });
}

#[test]
fn only_one_program_has_a_record_open_and_none_is_made_over_another() {
    let bench = Bench::new();
    let store = bench.create();
    assert!(matches!(bench.refused(), StoreError::InUse { .. }));
    drop(store);
    assert!(bench.open().findings().is_empty());
    let again = Store::create(&bench.folder(), &bench.key(), device(), AT);
    assert!(matches!(again, Err(StoreError::NotEmpty { .. })));
}

#[test]
fn what_an_interrupted_creation_left_is_no_record_and_in_nobodys_way() {
    let bench = Bench::new();
    fs::create_dir_all(bench.home.path().join("record.new/files")).unwrap();
    fs::write(bench.home.path().join("record.new/record.db"), b"half").unwrap();
    assert!(!Store::is_at(&bench.folder()));
    drop(bench.create());
    assert!(Store::is_at(&bench.folder()) && !bench.home.path().join("record.new").exists());
}

#[test]
fn a_newer_database_is_refused_and_an_older_one_is_brought_up_to_date_with_all_it_holds() {
    let bench = Bench::new();
    let mut store = bench.create();
    screen(&mut store, false, &[]);
    drop(store);
    make_version_1(&bench);
    let mut store = bench.open();
    assert_eq!((store.findings(), store.list(&Search::default(), 9).unwrap().len()), (&[][..], 1));
    let line = &store.log(Some("record"), None, 1).unwrap()[0];
    assert_eq!((line.action.as_str(), &line.detail), ("migrate", &json!({ "from": 1, "to": schema::VERSION })));
    screen(&mut store, false, &[Sending { kind: "dicom", destination: "archive" }]);
    drop(store);
    assert_eq!(bench.open().outbox().waiting().unwrap(), 1);

    bench.database().execute_batch(&format!("PRAGMA user_version = {}", schema::VERSION + 1)).unwrap();
    let error = bench.refused();
    assert!(matches!(error, StoreError::Newer { .. }) && error.to_string().contains("newer program"), "{error}");
}

/// A record that version 1 of the schema wrote, with an encounter in it. Do not change the files: what is in them is in
/// clinics.
#[test]
fn the_record_of_version_1_is_read() {
    let bench = Bench::new();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(FIXTURE);
    copy(&fixture.join("record"), &bench.folder());
    let key = bench.home.path().join("device.key");
    fs::copy(fixture.join("device.key"), &key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let mut store = bench.open();
    assert_eq!(store.findings(), []);
    let found = store.list(&Search::default(), 9).unwrap();
    assert_eq!((found.len(), found[0].name.as_str(), found[0].state.as_str()), (1, "one-000001", "ended"));
    let encounter = store.read(found[0].id, "amina", AT).unwrap();
    assert_eq!(encounter.photographs[0].payload["judged"]["outcome"], "refer");
    assert_eq!(*store.photograph_bytes(found[0].id, Laterality::Os, 1).unwrap(), photograph(Laterality::Os, 1));
    screen(&mut store, false, &[Sending { kind: "dicom", destination: "archive" }]);
    drop(store);
    assert_eq!(bench.found(), []);
}

/// Where the record of version 1 lies.
const FIXTURE: &str = "src/record/tests/version_1";

/// Writes the fixture anew; done once, with the program that wrote version 1.
#[test]
#[ignore = "the fixture is not to change"]
fn write_the_record_of_version_1() {
    let bench = Bench::new();
    let mut store = bench.create();
    screen(&mut store, false, &[]);
    drop(store);
    make_version_1(&bench);
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(FIXTURE);
    copy(&bench.folder(), &fixture.join("record"));
    for beside in ["lock", "reserve"] {
        fs::remove_file(fixture.join("record").join(beside)).unwrap();
    }
    fs::copy(bench.home.path().join("device.key"), fixture.join("device.key")).unwrap();
}

/// The outbox as version 2 had it, with an entry.
const OUTBOX_2: &str = "
DROP TABLE outbox;
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    encounter INTEGER NOT NULL REFERENCES encounter (id),
    destination TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'committed')),
    attempts INTEGER NOT NULL,
    next_attempt INTEGER NOT NULL,
    last_error TEXT,
    UNIQUE (kind, encounter, destination)
) STRICT;
CREATE INDEX outbox_waiting ON outbox (next_attempt) WHERE state = 'waiting';
CREATE INDEX outbox_encounter ON outbox (encounter);
INSERT INTO outbox VALUES (7, 'dicom', 1, 'archive', 'waiting', 3, 5, 'no answer'), (8, 'dicom', 2, 'archive', 'sent', 0, 0, NULL);
PRAGMA user_version = 2;
";

#[test]
fn what_version_2_had_in_its_outbox_is_still_to_be_sent() {
    let bench = Bench::new();
    let mut store = bench.create();
    for _ in 0..2 {
        screen(&mut store, false, &[]);
    }
    drop(store);
    let keys = Keys::of(header::read(&bench.folder(), &bench.key()).unwrap());
    let db = schema::connect(&bench.folder().join(schema::DATABASE), &keys.database).unwrap();
    db.execute_batch(OUTBOX_2).unwrap();
    db.close().unwrap();
    let mut store = bench.open();
    assert_eq!(store.findings(), []);
    let outbox = store.outbox();
    let (waiting, sent) = (outbox.queue().unwrap(), outbox.unconfirmed(9).unwrap());
    assert_eq!((waiting[0].id, waiting[0].attempts, waiting[0].last_error.as_deref()), (7, 3, Some("no answer")));
    assert_eq!((sent[0].id, sent[0].asked, waiting.len(), sent.len()), (8, 0, 1, 1));
}

/// Makes of a record what version 1 of the schema would have written.
fn make_version_1(bench: &Bench) {
    let keys = Keys::of(header::read(&bench.folder(), &bench.key()).unwrap());
    let db = schema::connect(&bench.folder().join(schema::DATABASE), &keys.database).unwrap();
    db.execute_batch("DROP TABLE outbox; PRAGMA user_version = 1").unwrap();
}
