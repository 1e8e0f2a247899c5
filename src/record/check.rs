//! The check at the start: whether the record is as this program left it.
//!
//! Looked at each time: the database's pages and structure, each line of the audit log, each row that the log covers
//! and the JSON beside it, the anchor, and for each sealed file that it is there and as long as it should be. Sealed
//! files are also opened, as many as the time allows; the next start goes on where this one ended, and a file is in any
//! case checked when it is read.
//!
//! A finding stays until a person has accepted it; then the audit log has a line with it, and the very same finding is
//! not told again.
//!
//! Not here: what the device does about findings (`store.rs`).

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use super::{
    StoreError,
    anchor::{Found, Known},
    chain::{self, Head, Place, Table},
    crypt::{self, Hash},
    files::{self, Files},
    read::{self, Sealed},
    store::{Keys, Store},
};

/// The action of the line that accepts findings.
pub(super) const ACCEPT: &str = "accept";
/// Visit what the device keeps which sealed file is to be looked at next.
const LOOK_NEXT: &str = ".look-next";
/// Sealed files that are asked for at once.
const BATCH: u32 = 64;

/// Something that was changed from outside.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[error("{subject}: {kind}: {found}")]
pub struct Finding {
    /// What kind of change.
    pub kind: FindingKind,
    /// What was changed: a row, a line, a file.
    pub subject: String,
    /// What was found there.
    pub found: String,
}

/// A kind of change from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The database can't be read in places. Nothing is written to it any more.
    Damaged,
    /// A line of the audit log was changed, or lines before it were taken out or put in.
    ChainBroken,
    /// The database is older than its anchor: an old copy, or the disk lost what it said it had written.
    RolledBack,
    /// The database has another past than its anchor.
    OtherPast,
    /// The anchor is gone.
    AnchorMissing,
    /// The anchor is not this record's, or not whole.
    AnchorForeign,
    /// A row is not what was last written there.
    RowChanged,
    /// A row is gone.
    RowMissing,
    /// A row that nobody wrote.
    RowAdded,
    /// A photograph or report is gone.
    FileMissing,
    /// A photograph or report is torn, changed or in another's place.
    FileChanged,
}

impl std::fmt::Display for FindingKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            FindingKind::Damaged => "damaged",
            FindingKind::ChainBroken => "changed, or lines before it were taken out or put in",
            FindingKind::RolledBack => "older than its anchor (an old copy, or the disk lost what it had stored)",
            FindingKind::OtherPast => "of another past than its anchor",
            FindingKind::AnchorMissing => "missing",
            FindingKind::AnchorForeign => "not of this record, or torn",
            FindingKind::RowChanged => "not what was written",
            FindingKind::RowMissing => "taken out",
            FindingKind::RowAdded => "put in",
            FindingKind::FileMissing => "missing",
            FindingKind::FileChanged => "torn, changed or in another's place",
        })
    }
}

/// What a check came to.
#[derive(Debug)]
pub(super) struct Checked {
    /// The last line of the audit log.
    pub(super) head: Head,
    /// What is not as it was and not accepted.
    pub(super) findings: Vec<Finding>,
    /// Files that no row names.
    pub(super) orphans: Vec<String>,
    /// The last sealed file that there was time to open.
    pub(super) looked_until: Option<String>,
}

/// What the audit log says should be there.
#[derive(Debug)]
struct Told {
    head: Head,
    /// The hash of the line that the anchor knows as the last one.
    at_anchor: Option<Hash>,
    /// The digest of each row; none of a row that was removed.
    rows: HashMap<Place, Option<Hash>>,
    accepted: HashSet<Finding>,
}

/// Checks a record.
///
/// # Errors
/// When the disk can't be read. What is not as it should be is no error but a finding.
pub(super) fn at_start(
    db: &Connection,
    files: &Files,
    keys: &Keys,
    anchor: &Found,
    look: Duration,
) -> Result<Checked, StoreError> {
    let mut findings = Vec::new();
    let mut checked =
        Checked { head: Head::start(keys.record), findings: Vec::new(), orphans: Vec::new(), looked_until: None };
    let mut accepted = HashSet::new();
    // All is read several times: once from the disk will do.
    db.execute_batch("PRAGMA cache_size = -131072")?;
    let whole = pages(db, &mut findings).and_then(|()| {
        let mut told = audit_log(db, keys, anchor, &mut findings)?;
        checked.head = told.head;
        accepted = std::mem::take(&mut told.accepted);
        compare_anchor(db, &told, anchor, &mut findings)?;
        rows(db, told, &mut findings)?;
        payloads(db, &mut findings)?;
        checked.orphans = sealed_files(db, files, &mut findings)?;
        checked.looked_until = look_into_files(db, files, keys, look, &mut findings)?;
        Ok(())
    });
    match whole {
        Err(StoreError::Damaged { found }) => findings.push(finding(FindingKind::Damaged, "record.db", found)),
        whole => whole?,
    }
    db.execute_batch("PRAGMA cache_size = -8192; PRAGMA shrink_memory")?;
    findings.retain(|finding| !accepted.contains(finding));
    checked.findings = findings;
    Ok(checked)
}

impl Store {
    /// Notes up to which sealed file there was time to look.
    pub(super) fn look_on_from(&mut self, until: Option<String>) -> Result<(), StoreError> {
        match until {
            Some(name) => self.keep(LOOK_NEXT, &name),
            None => Ok(()),
        }
    }
}

/// Whether SQLite finds all pages as they should be. It reads each that is in use, also from the log, and SQLCipher
/// compares each that is read with its MAC; a separate pass over the file would take as long again.
fn pages(db: &Connection, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let mut query = db.prepare("PRAGMA quick_check(20)")?;
    for said in query.query_map([], |row| row.get::<_, String>(0))? {
        let said = said?;
        if said != "ok" {
            findings.push(finding(FindingKind::Damaged, "record.db", said));
        }
    }
    Ok(())
}

/// Walks the audit log.
fn audit_log(db: &Connection, keys: &Keys, anchor: &Found, findings: &mut Vec<Finding>) -> Result<Told, StoreError> {
    let anchored = if let Found::Known(known) = anchor { known.head.sequence } else { 0 };
    let mut told =
        Told { head: Head::start(keys.record), at_anchor: None, rows: HashMap::new(), accepted: HashSet::new() };
    let mut query = db.prepare(&format!("SELECT {}, hash FROM audit ORDER BY sequence", chain::LINE))?;
    let mut lines = query.query([])?;
    while let Some(line) = lines.next()? {
        let sequence: i64 = line.get("sequence")?;
        let hash: Hash = line.get("hash").unwrap_or([0; 32]);
        if sequence != told.head.sequence + 1 || hash != chain::line_hash(&told.head.hash, line)? {
            let subject = format!("line {sequence} of the audit log");
            findings.push(finding(FindingKind::ChainBroken, subject, hex::encode(hash)));
        }
        told.head = Head { sequence, hash };
        if sequence == anchored {
            told.at_anchor = Some(hash);
        }
        if let Some(table) = line.get::<_, Option<String>>("row_table")?.as_deref().and_then(Table::of) {
            told.rows.insert((table, line.get("row_id")?), line.get("row_digest")?);
        }
        if line.get_ref("action")?.as_str() == Ok(ACCEPT) {
            let detail: String = line.get("detail")?;
            told.accepted.extend(serde_json::from_str::<Vec<Finding>>(&detail).unwrap_or_default());
        }
    }
    Ok(told)
}

/// Compares what the anchor knows with the database.
fn compare_anchor(db: &Connection, told: &Told, anchor: &Found, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let revision: i64 = db.query_row("SELECT revision FROM state", [], |row| row.get(0))?;
    let (kind, subject, found) = match anchor {
        Found::Missing => (FindingKind::AnchorMissing, "anchor", String::new()),
        Found::Foreign => (FindingKind::AnchorForeign, "anchor", String::new()),
        Found::Known(Known { revision: known, head }) if revision < *known || told.head.sequence < head.sequence => {
            let found = format!(
                "line {} and revision {revision}, expected at least {} and {known}",
                told.head.sequence, head.sequence
            );
            (FindingKind::RolledBack, "record.db", found)
        }
        Found::Known(Known { head, .. }) if head.sequence > 0 && told.at_anchor != Some(head.hash) => {
            (FindingKind::OtherPast, "record.db", format!("line {} has another hash", head.sequence))
        }
        Found::Known(_) => return Ok(()),
    };
    findings.push(finding(kind, subject, found));
    Ok(())
}

/// Compares all rows that the audit log covers with what it says of them.
fn rows(db: &Connection, mut told: Told, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    for table in Table::ALL {
        let mut query = db.prepare(&format!("SELECT {} FROM {}", table.columns(), table.name()))?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let digest = chain::digest_of(row)?;
            let kind = match told.rows.remove(&(table, id)) {
                Some(Some(written)) if written == digest => continue,
                Some(Some(_)) => FindingKind::RowChanged,
                Some(None) | None => FindingKind::RowAdded,
            };
            findings.push(finding(kind, row_name((table, id)), hex::encode(digest)));
        }
    }
    let mut gone: Vec<_> =
        told.rows.into_iter().filter(|(_, digest)| digest.is_some()).map(|(place, _)| place).collect();
    gone.sort_unstable();
    findings.extend(gone.into_iter().map(|place| finding(FindingKind::RowMissing, row_name(place), String::new())));
    Ok(())
}

/// Compares the JSON of all rows with the digests in them.
fn payloads(db: &Connection, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let sql = "SELECT 'encounter', e.id, begun_digest, body FROM encounter e LEFT JOIN payload p ON p.id = begun_payload \
               WHERE begun_payload IS NOT NULL \
               UNION ALL SELECT 'encounter', e.id, ended_digest, body FROM encounter e \
               LEFT JOIN payload p ON p.id = ended_payload WHERE ended_payload IS NOT NULL \
               UNION ALL SELECT 'photograph', f.id, payload_digest, body FROM photograph f \
               LEFT JOIN payload p ON p.id = f.payload";
    let mut query = db.prepare(sql)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let body = row.get_ref(3)?.as_str().unwrap_or_default();
        let digest = crypt::digest(body.as_bytes());
        if row.get_ref(2)?.as_blob() != Ok(&digest) {
            let subject = format!("JSON of {} {}", row.get::<_, String>(0)?, row.get::<_, i64>(1)?);
            findings.push(finding(FindingKind::RowChanged, subject, hex::encode(digest)));
        }
    }
    Ok(())
}

/// Whether all sealed files are there, as long as they should be; returns those that nobody knows.
fn sealed_files(db: &Connection, files: &Files, findings: &mut Vec<Finding>) -> Result<Vec<String>, StoreError> {
    let mut there = files.all()?;
    let sql = "SELECT file, bytes FROM photograph UNION ALL SELECT file, bytes FROM report";
    let mut query = db.prepare(sql)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (name, bytes): (String, u64) = (row.get(0)?, row.get(1)?);
        match there.remove(&name) {
            None => findings.push(finding(FindingKind::FileMissing, file_name(&name), String::new())),
            Some(found) if found != bytes.saturating_add(files::OVERHEAD) => {
                let found = format!("{found} bytes, expected {}", bytes.saturating_add(files::OVERHEAD));
                findings.push(finding(FindingKind::FileChanged, file_name(&name), found));
            }
            Some(_) => {}
        }
    }
    Ok(there.into_keys().collect())
}

/// Opens sealed files, from where the last look ended, while there is time; returns where this one ended.
fn look_into_files(
    db: &Connection,
    files: &Files,
    keys: &Keys,
    look: Duration,
    findings: &mut Vec<Finding>,
) -> Result<Option<String>, StoreError> {
    let until = Instant::now() + look;
    let mut kept = db.prepare("SELECT body FROM kept WHERE name = ?1")?;
    let from: Option<String> = kept.query_row([LOOK_NEXT], |row| row.get(0)).optional()?;
    let from: String = from.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default();
    let (mut at, mut from_the_first) = (from.clone(), false);
    loop {
        let batch = read::sealed_after(db, &at, BATCH)?;
        if batch.is_empty() && !from_the_first {
            (at, from_the_first) = (String::new(), true);
            continue;
        }
        let is_last = batch.is_empty();
        for sealed in batch {
            if from_the_first && sealed.file > from {
                return Ok(None);
            }
            if Instant::now() > until {
                return Ok(Some(at));
            }
            findings.extend(look_into(&sealed, files, keys)?);
            at = sealed.file;
        }
        if is_last {
            return Ok(None);
        }
    }
}

/// Opens one sealed file. One that is not there was told already.
fn look_into(sealed: &Sealed, files: &Files, keys: &Keys) -> Result<Option<Finding>, StoreError> {
    match sealed.open(files, keys) {
        Ok(_) => Ok(None),
        // Also where the encounter's key does not open it: the row was changed then.
        Err(StoreError::FileChanged { .. } | StoreError::Damaged { .. }) => {
            let bytes = std::fs::read(files.path(&sealed.file)).unwrap_or_default();
            let found = format!("digest {}", hex::encode(crypt::digest(&bytes)));
            Ok(Some(finding(FindingKind::FileChanged, file_name(&sealed.file), found)))
        }
        Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn finding(kind: FindingKind, subject: impl Into<String>, found: impl Into<String>) -> Finding {
    Finding { kind, subject: subject.into(), found: found.into() }
}

fn row_name((table, id): Place) -> String {
    format!("{} {id}", table.name())
}

fn file_name(name: &str) -> String {
    format!("files/{name}")
}
