//! Changes from outside: each is found at the next start, none that is not there is.

use super::*;

/// A record with three encounters, closed.
fn bench() -> Bench {
    let bench = Bench::new();
    let mut store = bench.create();
    (0..3).for_each(|_| _ = screen(&mut store, false, &[]));
    drop(store);
    assert_eq!(bench.found(), []);
    bench
}

/// What is found after somebody with the key changed the database.
fn found_after(sql: &str) -> Vec<FindingKind> {
    let bench = bench();
    bench.database().execute_batch(sql).unwrap();
    bench.found()
}

// verifies: RQ-090
#[test]
fn a_line_of_the_audit_log_that_was_changed_taken_out_or_put_in_is_found() {
    use FindingKind::{ChainBroken, OtherPast, RolledBack};
    assert_eq!(found_after("UPDATE audit SET actor = 'sam' WHERE sequence = 4"), [ChainBroken]);
    assert_eq!(found_after("UPDATE audit SET at = at + 1 WHERE sequence = 4"), [ChainBroken]);
    assert_eq!(found_after("DELETE FROM audit WHERE action = 'end' AND subject = 'one-000003'")[0], ChainBroken);
    assert_eq!(found_after("DELETE FROM audit WHERE action = 'report' AND subject = 'one-000003'")[0], RolledBack);
    let put_in = "INSERT INTO audit SELECT sequence + 1, at, 1, 'sam', 'x', '', 'null', NULL, NULL, NULL, hash FROM audit \
                  ORDER BY sequence DESC LIMIT 1";
    assert_eq!(found_after(put_in), [ChainBroken]);
    let rehashed = "UPDATE audit SET hash = zeroblob(32) WHERE sequence = (SELECT max(sequence) FROM audit)";
    assert_eq!(found_after(rehashed), [ChainBroken, OtherPast]);
}

// verifies: RQ-090
#[test]
fn a_row_that_was_changed_taken_out_or_put_in_is_found() {
    use FindingKind::{FileChanged, RowAdded, RowChanged, RowMissing};
    assert_eq!(found_after("UPDATE encounter SET patient_name = 'Other' WHERE id = 2"), [RowChanged]);
    assert_eq!(found_after("UPDATE photograph SET withdrawn = 1 WHERE id = 3"), [RowChanged]);
    // As the seal is bound to the eye, the file is told too.
    let other_eye = "UPDATE photograph SET eye = 'OS', attempt = 2 WHERE id = 1";
    assert_eq!(found_after(other_eye), [RowChanged, FileChanged]);
    assert_eq!(found_after("UPDATE payload SET body = replace(body, 'refer', 'none')")[0], RowChanged);
    assert_eq!(found_after("UPDATE report SET number = 'one-000009' WHERE id = 1")[0], RowChanged);
    let gone = "DELETE FROM photograph WHERE encounter = 2; DELETE FROM report WHERE encounter = 2; DELETE FROM encounter WHERE id = 2";
    assert_eq!(found_after(gone), [RowMissing; 4]);
    let added = "INSERT INTO report SELECT 99, encounter, 'one-000009', NULL, at, 1, 9, hex(randomblob(16)), bytes, bytes_digest FROM report LIMIT 1";
    assert_eq!(found_after(added)[0], RowAdded);
}

// verifies: RQ-090
#[test]
fn a_photograph_that_was_changed_torn_swapped_or_taken_away_is_found() {
    use FindingKind::{FileChanged, FileMissing};
    let swap = |bench: &Bench, a: usize, b: usize| {
        let files = bench.sealed();
        let between = bench.home.path().join("between");
        fs::rename(&files[a], &between).unwrap();
        fs::rename(&files[b], &files[a]).unwrap();
        fs::rename(&between, &files[b]).unwrap();
    };
    let bench = bench();
    let files = bench.sealed();
    let photographs: Vec<usize> =
        (0..files.len()).filter(|at| fs::metadata(&files[*at]).unwrap().len() > 1000).collect();
    swap(&bench, photographs[0], photographs[1]);
    assert_eq!(bench.found(), [FileChanged; 2]);
    swap(&bench, photographs[0], photographs[1]);
    assert_eq!(bench.found(), []);

    let path = &files[photographs[2]];
    let whole = fs::read(path).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    for torn in [&changed[..], &whole[..whole.len() - 1], &[]] {
        fs::write(path, torn).unwrap();
        assert_eq!(bench.found()[0], FileChanged);
    }
    fs::remove_file(path).unwrap();
    assert_eq!(bench.found(), [FileMissing]);
    fs::write(path, whole).unwrap();
    assert_eq!(bench.found(), []);
}

// verifies: RQ-090
#[test]
fn an_old_database_copied_back_is_found_and_no_file_is_removed_for_it() {
    let bench = bench();
    let old = bench.home.path().join("old.db");
    fs::copy(bench.folder().join("record.db"), &old).unwrap();
    screen(&mut bench.open(), false, &[]);
    let files = bench.sealed();
    fs::copy(&old, bench.folder().join("record.db")).unwrap();
    let _ = fs::remove_file(bench.folder().join("record.db-wal"));
    assert_eq!(bench.found(), [FindingKind::RolledBack]);
    assert_eq!(bench.sealed(), files, "files that the old database does not know are not taken for orphans");
    // It stays found, also after something was written to the old database.
    assert_eq!(bench.found(), [FindingKind::RolledBack]);
    let mut store = bench.open();
    let encounter = store.list(&Search::default(), 1).unwrap()[0].id;
    (0..40).for_each(|_| drop(store.read(encounter, "amina", AT).unwrap()));
    drop(store);
    assert_eq!(bench.found(), [FindingKind::OtherPast]);
}

#[test]
fn also_what_the_device_keeps_cannot_be_put_back() {
    let bench = bench();
    let old = bench.home.path().join("old.db");
    fs::copy(bench.folder().join("record.db"), &old).unwrap();
    bench.open().keep("light-ledger", &json!(1)).unwrap();
    fs::copy(&old, bench.folder().join("record.db")).unwrap();
    let _ = fs::remove_file(bench.folder().join("record.db-wal"));
    assert_eq!(bench.found(), [FindingKind::RolledBack]);
}

#[test]
fn a_missing_or_foreign_anchor_is_found_and_one_that_a_crash_left_behind_is_not() {
    let bench = bench();
    let path = bench.folder().join("anchor");
    let before = fs::read(&path).unwrap();
    bench.open().audit("amina", "sign-in", "device", &(), AT).unwrap();
    // As if the power had gone between commit and anchor.
    fs::write(&path, &before).unwrap();
    assert_eq!(bench.found(), []);
    fs::remove_file(&path).unwrap();
    assert_eq!(bench.found(), [FindingKind::AnchorMissing]);
    let other = Bench::new();
    drop(other.create());
    fs::copy(other.folder().join("anchor"), &path).unwrap();
    assert_eq!(bench.found(), [FindingKind::AnchorForeign]);
    fs::write(&path, b"").unwrap();
    assert_eq!(bench.found(), [FindingKind::AnchorForeign]);
}

// verifies: RQ-090
#[test]
fn nothing_begins_until_findings_are_accepted_and_then_only_new_ones_are_told() {
    let bench = bench();
    bench.database().execute_batch("UPDATE encounter SET patient_name = 'Other' WHERE id = 2").unwrap();
    fs::remove_file(bench.folder().join("anchor")).unwrap();
    fs::remove_file(&bench.sealed()[0]).unwrap();
    let mut store = bench.open();
    assert_eq!(store.findings().len(), 3);
    let refused = Begin { patient: &patient("1", ""), practice: false, operator: None };
    let error = store.begin(refused, &(), AT).unwrap_err();
    assert!(matches!(error, StoreError::Suspect(_)) && error.to_string().contains("3 findings"), "{error}");
    assert!(matches!(store.probe(), Err(StoreError::Suspect(_))));
    // What is there can still be read.
    let encounter = store.list(&Search::default(), 1).unwrap()[0].id;
    store.read(encounter, "sam", AT).unwrap();
    store.accept("sam", AT).unwrap();
    screen(&mut store, false, &[]);
    drop(store);
    assert_eq!(bench.found(), []);
    bench.database().execute_batch("UPDATE encounter SET patient_name = 'Third' WHERE id = 2").unwrap();
    assert_eq!(bench.found(), [FindingKind::RowChanged]);
}

#[test]
fn a_corrupt_page_is_told_and_what_can_be_read_is_exported() {
    let bench = Bench::new();
    let mut store = bench.create();
    (0..40).for_each(|_| _ = screen(&mut store, false, &[]));
    drop(store);
    let path = bench.folder().join("record.db");
    let bytes = fs::read(&path).unwrap();
    let pages = bytes.len() / 4096;
    let (mut told, mut read) = (0, 0);
    for page in (1..pages).step_by(pages / 12) {
        let mut torn = bytes.clone();
        torn[page * 4096 + 100..page * 4096 + 200].fill(0);
        fs::write(&path, &torn).unwrap();
        let opened = Store::open(&bench.folder(), &bench.key(), device(), AT);
        match opened {
            Ok(mut store) => {
                assert_eq!(store.findings()[0].kind, FindingKind::Damaged, "page {page}");
                told += 1;
                let refused = Begin { patient: &patient("1", ""), practice: false, operator: None };
                assert!(matches!(store.begin(refused, &(), AT), Err(StoreError::Suspect(_))));
                assert!(matches!(store.accept("sam", AT), Err(StoreError::Damaged { .. })));
                read += (1..=40).filter(|id| store.read(EncounterId(*id), "sam", AT).is_ok()).count();
            }
            Err(error) => assert!(matches!(error, StoreError::Damaged { .. }), "page {page}: {error}"),
        }
    }
    assert!(told >= 8 && read >= 20 * told, "{told} told, {read} read");
    fs::write(&path, &bytes).unwrap();
    assert_eq!(bench.found(), []);
}

// verifies: RQ-051
#[test]
fn a_torn_log_of_the_database_loses_nothing_that_was_committed_before() {
    let bench = bench();
    let mut store = bench.open();
    screen(&mut store, false, &[]);
    // As a power cut leaves it: the log is still there, with a torn write behind what was committed.
    copy(&bench.folder(), &bench.home.path().join("cut"));
    drop(store);
    let wal = bench.home.path().join("cut/record.db-wal");
    let mut bytes = fs::read(&wal).unwrap();
    assert!(!bytes.is_empty());
    bytes.extend([0x5a; 3000]);
    fs::write(&wal, bytes).unwrap();
    let store = Store::open(&bench.home.path().join("cut"), &bench.key(), device(), AT).unwrap();
    assert_eq!((store.findings(), store.list(&Search::default(), 9).unwrap().len()), (&[][..], 4));
}

#[test]
fn files_without_an_owner_are_removed_at_the_next_start() {
    let bench = bench();
    let files = bench.sealed();
    for orphan in ["0123456789abcdef0123456789abcdef", ".tmpAbCdEf"] {
        fs::write(bench.folder().join("files").join(orphan), b"left by a crash").unwrap();
    }
    assert_eq!(bench.found(), []);
    assert_eq!(bench.sealed(), files);
}
