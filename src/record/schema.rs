//! The database: how it is opened, its tables, and how those of an older program become today's.
//!
//! All tables lie in one file that SQLCipher encrypts as a whole (AES-256, a MAC for each page), its log included. The
//! version is SQLite's `user_version`; each step of [`STEPS`] leads from one version to the next, and what a released
//! program has carried out is never changed.
//!
//! Not here: what the rows mean to the device (`write.rs`, `read.rs`).

use std::{path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use zeroize::Zeroizing;

use super::{StoreError, crypt::Secret};

/// The database's file in the record's folder.
pub(super) const DATABASE: &str = "record.db";
/// How long is waited for a lock. Nobody else should hold one.
const BUSY: Duration = Duration::from_secs(2);

/// Statements that lead from version N to N + 1.
const STEPS: [&str; 3] = [RECORD, OUTBOX, SET_ASIDE];

/// The newest version.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// Version 1: encounters with their photographs and reports, the audit log, and what the device keeps of its own.
const RECORD: &str = "
CREATE TABLE state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    record BLOB NOT NULL,
    revision INTEGER NOT NULL
) STRICT;
CREATE TABLE payload (
    id INTEGER PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE encounter (
    id INTEGER PRIMARY KEY,
    practice INTEGER NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('open', 'ended', 'broken off', 'purged')),
    device TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    patient_name TEXT NOT NULL,
    birth_date TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    operator TEXT,
    begun_at INTEGER NOT NULL,
    begun_clock_is_set INTEGER NOT NULL,
    begun_order INTEGER NOT NULL,
    begun_payload INTEGER,
    begun_digest BLOB,
    ended_at INTEGER,
    ended_clock_is_set INTEGER,
    ended_order INTEGER,
    ended_payload INTEGER,
    ended_digest BLOB,
    wrapped_key BLOB,
    UNIQUE (practice, number)
) STRICT;
CREATE INDEX encounter_patient ON encounter (patient_id);
CREATE INDEX encounter_name ON encounter (name_folded);
CREATE INDEX encounter_begun ON encounter (begun_at);
CREATE INDEX encounter_open ON encounter (id) WHERE state = 'open';
CREATE TABLE photograph (
    id INTEGER PRIMARY KEY,
    encounter INTEGER NOT NULL REFERENCES encounter (id),
    eye TEXT NOT NULL CHECK (eye IN ('OD', 'OS')),
    attempt INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL,
    at INTEGER NOT NULL,
    clock_is_set INTEGER NOT NULL,
    written_order INTEGER NOT NULL,
    payload INTEGER NOT NULL,
    payload_digest BLOB NOT NULL,
    file TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    bytes_digest BLOB NOT NULL,
    UNIQUE (encounter, eye, attempt)
) STRICT;
CREATE TABLE report (
    id INTEGER PRIMARY KEY,
    encounter INTEGER NOT NULL REFERENCES encounter (id),
    number TEXT NOT NULL UNIQUE,
    replaces TEXT,
    at INTEGER NOT NULL,
    clock_is_set INTEGER NOT NULL,
    written_order INTEGER NOT NULL,
    file TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    bytes_digest BLOB NOT NULL
) STRICT;
CREATE INDEX report_encounter ON report (encounter);
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    clock_is_set INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    row_table TEXT,
    row_id INTEGER,
    row_digest BLOB,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_subject ON audit (subject, sequence);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'lines of the audit log are never changed'); END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'lines of the audit log are never removed'); END;
CREATE TABLE kept (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Version 2: what is to be sent.
const OUTBOX: &str = "
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
";

/// Version 3: what is sent may be set aside for a person or be over without anybody's promise, and an archive may be asked
/// several times for its own.
const SET_ASIDE: &str = "
CREATE TABLE outbox_3 (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    encounter INTEGER NOT NULL REFERENCES encounter (id),
    destination TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'committed', 'delivered', 'refused')),
    attempts INTEGER NOT NULL,
    next_attempt INTEGER NOT NULL,
    last_error TEXT,
    asked INTEGER NOT NULL,
    UNIQUE (kind, encounter, destination)
) STRICT;
INSERT INTO outbox_3 SELECT id, kind, encounter, destination, state, attempts, next_attempt, last_error, 0 FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_3 RENAME TO outbox;
CREATE INDEX outbox_waiting ON outbox (next_attempt) WHERE state = 'waiting';
CREATE INDEX outbox_encounter ON outbox (encounter);
";

/// Opens a database; an empty file is an empty database.
///
/// # Errors
/// When the file can't be opened, is none that `key` opens, or this program's SQLite can't encrypt.
pub(super) fn connect(path: &Path, key: &Secret) -> Result<Connection, StoreError> {
    let db = unlock(path, key)?;
    db.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; \
         PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;",
    )?;
    let opened = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    match opened {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return Err(StoreError::NotADatabase { path: path.to_owned() });
        }
        opened => opened?,
    };
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000; PRAGMA cache_size = -8192;")?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// Opens a file and tells SQLCipher the key, which it does not try yet.
pub(super) fn unlock(path: &Path, key: &Secret) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    // What it finds is told as an error or a finding, and not to the program's standard error.
    db.execute_batch("PRAGMA cipher_log_level = NONE")?;
    let digits = Zeroizing::new(hex::encode(&key[..]));
    db.execute_batch(&Zeroizing::new(format!("PRAGMA key = \"x'{}'\"; PRAGMA cipher_memory_security = ON;", *digits)))?;
    let cipher: Option<String> = db.query_row("PRAGMA cipher_version", [], |row| row.get(0)).optional()?;
    if cipher.is_none_or(|version| version.is_empty()) {
        return Err(StoreError::NotEncrypting);
    }
    db.busy_timeout(BUSY)?;
    Ok(db)
}

/// The version of a database.
///
/// # Errors
/// When it is newer than this program.
pub(super) fn version(db: &Connection) -> Result<i64, StoreError> {
    let found = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > VERSION {
        return Err(StoreError::Newer { found, known: VERSION });
    }
    Ok(found)
}

/// Carries out the steps from a version to the newest, within the caller's transaction.
pub(super) fn migrate(db: &Connection, from: i64) -> Result<(), StoreError> {
    for (step, leads_to) in STEPS.iter().zip(1..).filter(|(_, leads_to)| *leads_to > from) {
        db.execute_batch(step)?;
        db.execute_batch(&format!("PRAGMA user_version = {leads_to}"))?;
    }
    Ok(())
}
