//! Reading back: lists of encounters, one encounter with all that belongs to it, the bytes of its files, the audit log.
//!
//! Opening an encounter is noted in the audit log, as is who did it.
//!
//! Not here: copies for others (`export.rs`).

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    EncounterId, Line, Stamp, StoreError,
    chain::New,
    crypt,
    files::{About, Files},
    store::{Keys, Store, parse},
    visit::{self, fold, photograph_name, report_name},
};
use ocellus_model::laterality::Laterality;

use crate::station::Patient;

/// What encounters are looked for; all conditions hold.
#[derive(Debug, Clone, Default)]
pub struct Search<'a> {
    /// The patient's number, whole.
    pub patient_id: Option<&'a str>,
    /// The beginning of the patient's name; upper and lower case are the same.
    pub name_prefix: Option<&'a str>,
    /// When it began, in seconds since 1970, UTC.
    pub begun: Option<Range<i64>>,
    /// Whether the patient is nobody.
    pub practice: Option<bool>,
    /// Only those before this one: the last of the page before.
    pub before: Option<EncounterId>,
}

/// An encounter in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Which.
    pub id: EncounterId,
    /// Its number among those of all devices of a site.
    pub name: String,
    /// Whether the patient is nobody.
    pub practice: bool,
    /// `open`, `ended`, `broken off` or `purged`.
    pub state: String,
    /// The patient; all fields are empty once purged.
    pub patient: Patient,
    /// Who screened.
    pub operator: Option<String>,
    /// When it began.
    pub begun: Stamp,
    /// When it ended.
    pub ended: Option<Stamp>,
    /// Its place in the order of all that was written.
    pub order: i64,
    /// Photographs that belong to it, withdrawn ones included.
    pub photographs: u32,
}

/// An encounter with all that belongs to it but the bytes of files.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Encounter {
    /// What lists say of it.
    pub summary: Summary,
    /// The device, as it was at the beginning.
    pub device: Value,
    /// What was stored at the beginning.
    pub begun: Value,
    /// What was stored at the end.
    pub ended: Option<Value>,
    /// Its photographs, in the order in which they were stored.
    pub photographs: Vec<Photograph>,
    /// Its reports, the newest last.
    pub reports: Vec<Report>,
}

/// A photograph, without its bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Photograph {
    /// The eye it was taken of.
    pub eye: Laterality,
    /// Number of the photograph of this eye, from 1.
    pub attempt: u32,
    /// Whether the operator said later that it shows the other eye.
    pub withdrawn: bool,
    /// When it was stored.
    pub at: Stamp,
    /// Its place in the order of all that was written.
    pub order: i64,
    /// How it was taken (`taken`), and what was found on it (`judged`).
    pub payload: Value,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub digest: String,
}

/// A report, without its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its number.
    pub number: String,
    /// The number of the report that it takes the place of.
    pub replaces: Option<String>,
    /// When it was stored.
    pub at: Stamp,
    /// Its place in the order of all that was written.
    pub order: i64,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub digest: String,
}

impl Store {
    /// Encounters, the newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn list(&self, search: &Search<'_>, limit: u32) -> Result<Vec<Summary>, StoreError> {
        let prefix = search.name_prefix.map(fold);
        let past_prefix = prefix.as_ref().map(|prefix| format!("{prefix}{}", char::MAX));
        let before = search.before.map(|id| id.0);
        let mut conditions: Vec<(&str, &dyn ToSql)> = Vec::new();
        if let Some(id) = &search.patient_id {
            conditions.push(("patient_id = ?", id));
        }
        if let (Some(from), Some(to)) = (&prefix, &past_prefix) {
            conditions.extend([("name_folded >= ?", from as &dyn ToSql), ("name_folded < ?", to as _)]);
        }
        if let Some(range) = &search.begun {
            conditions.extend([("begun_at >= ?", &range.start as &dyn ToSql), ("begun_at < ?", &range.end as _)]);
        }
        if let Some(practice) = &search.practice {
            conditions.push(("practice = ?", practice));
        }
        if let Some(before) = &before {
            conditions.push(("e.id < ?", before));
        }
        let mut sql = format!("SELECT {SUMMARY} FROM encounter e WHERE 1");
        conditions.iter().for_each(|(condition, _)| sql.extend([" AND ", condition]));
        sql.push_str(" ORDER BY e.id DESC LIMIT ?");
        let values: Vec<&dyn ToSql> =
            conditions.into_iter().map(|(_, value)| value).chain([&limit as &dyn ToSql]).collect();
        let mut query = self.db.prepare_cached(&sql)?;
        let found = query.query_map(&values[..], summary)?.collect::<rusqlite::Result<_>>()?;
        Ok(found)
    }

    /// Opens an encounter, which is noted in the audit log as done by `actor`.
    ///
    /// # Errors
    /// When it is not in the record, can't be read, or the note can't be written.
    pub fn read(&mut self, encounter: EncounterId, actor: &str, at: Stamp) -> Result<Encounter, StoreError> {
        let name = self.name(encounter)?;
        self.note_access(New { actor, action: "open", subject: &name, detail: Value::Null, row: None }, at)?;
        let read = self.assemble(encounter);
        if matches!(read, Err(StoreError::Damaged { .. })) {
            self.reconnect()?;
        }
        read
    }

    /// The bytes of a photograph, as the camera delivered them.
    ///
    /// # Errors
    /// When it is not in the record, or is not as it was stored.
    pub fn photograph_bytes(
        &self,
        encounter: EncounterId,
        eye: Laterality,
        attempt: u32,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let condition = "p.encounter = ?1 AND p.eye = ?2 AND p.attempt = ?3";
        let sql = format!("SELECT {SEALED_PHOTOGRAPH} WHERE {condition}");
        let mut query = self.db.prepare_cached(&sql)?;
        let sealed = query.query_row(params![encounter.0, eye.as_str(), attempt], sealed).optional()?;
        let missing = || StoreError::missing(format!("{} of encounter {}", photograph_name(eye, attempt), encounter.0));
        sealed.ok_or_else(missing)?.open(&self.files, &self.keys)
    }

    /// The page of a report.
    ///
    /// # Errors
    /// When it is not in the record, or is not as it was stored.
    pub fn report_pdf(&self, number: &str) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let sql = format!("SELECT {SEALED_REPORT} WHERE r.number = ?1");
        let sealed = self.db.prepare_cached(&sql)?.query_row([number], sealed).optional()?;
        sealed.ok_or_else(|| StoreError::missing(report_name(number)))?.open(&self.files, &self.keys)
    }

    /// Lines of the audit log, the newest first, at most `limit`: all, or those about one subject such as an
    /// encounter's name; `before` is the last line of the page before.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn log(&self, subject: Option<&str>, before: Option<i64>, limit: u32) -> Result<Vec<Line>, StoreError> {
        let before = before.unwrap_or(i64::MAX);
        let columns = "SELECT sequence, at, clock_is_set, actor, action, subject, detail FROM audit";
        let sql = match subject {
            Some(_) => format!("{columns} WHERE sequence < ?1 AND subject = ?3 ORDER BY sequence DESC LIMIT ?2"),
            None => format!("{columns} WHERE sequence < ?1 AND ?3 IS NULL ORDER BY sequence DESC LIMIT ?2"),
        };
        let mut query = self.db.prepare_cached(&sql)?;
        let lines = query.query_and_then(params![before, limit, subject], |row| {
            Ok(Line {
                sequence: row.get(0)?,
                at: Stamp { unix_seconds: row.get(1)?, clock_is_set: row.get(2)? },
                actor: row.get(3)?,
                action: row.get(4)?,
                subject: row.get(5)?,
                detail: parse(&row.get::<_, String>(6)?)?,
            })
        })?;
        lines.collect()
    }

    /// Notes an access; where the database is damaged, only in the program's log, as nothing is to be written to it.
    pub(super) fn note_access(&mut self, line: New<'_>, at: Stamp) -> Result<(), StoreError> {
        if self.is_damaged() {
            log::warn!("{} {} by {} is not in the audit log: it is damaged", line.action, line.subject, line.actor);
            return Ok(());
        }
        self.change(|change| change.log(at, line))
    }

    /// An encounter with all that belongs to it.
    pub(super) fn assemble(&self, encounter: EncounterId) -> Result<Encounter, StoreError> {
        let sql = format!(
            "SELECT {SUMMARY}, device, b.body AS begun_body, begun_digest, n.body AS ended_body, ended_digest \
             FROM encounter e LEFT JOIN payload b ON b.id = begun_payload LEFT JOIN payload n ON n.id = ended_payload \
             WHERE e.id = ?1"
        );
        let mut query = self.db.prepare_cached(&sql)?;
        let mut rows = query.query([encounter.0])?;
        let row = rows.next()?.ok_or_else(|| StoreError::missing(format!("encounter {}", encounter.0)))?;
        Ok(Encounter {
            summary: summary(row)?,
            device: parse(&row.get::<_, String>("device")?)?,
            begun: body(row, "begun_body", "begun_digest")?.unwrap_or_default(),
            ended: body(row, "ended_body", "ended_digest")?,
            photographs: self.photographs(encounter)?,
            reports: self.reports(encounter)?,
        })
    }

    fn photographs(&self, encounter: EncounterId) -> Result<Vec<Photograph>, StoreError> {
        let sql = "SELECT eye, attempt, withdrawn, at, clock_is_set, written_order, body, payload_digest, bytes, \
                   bytes_digest FROM photograph f JOIN payload p ON p.id = payload WHERE encounter = ?1 ORDER BY f.id";
        let mut query = self.db.prepare_cached(sql)?;
        let found = query.query_and_then([encounter.0], |row| {
            let right = row.get_ref("eye")?.as_str() == Ok(Laterality::Od.as_str());
            Ok(Photograph {
                eye: if right { Laterality::Od } else { Laterality::Os },
                attempt: row.get("attempt")?,
                withdrawn: row.get("withdrawn")?,
                at: Stamp { unix_seconds: row.get("at")?, clock_is_set: row.get("clock_is_set")? },
                order: row.get("written_order")?,
                payload: body(row, "body", "payload_digest")?.unwrap_or_default(),
                bytes: row.get("bytes")?,
                digest: hex::encode(row.get::<_, Vec<u8>>("bytes_digest")?),
            })
        })?;
        found.collect()
    }

    fn reports(&self, encounter: EncounterId) -> Result<Vec<Report>, StoreError> {
        let sql = "SELECT number, replaces, at, clock_is_set, written_order, bytes, bytes_digest FROM report \
                   WHERE encounter = ?1 ORDER BY id";
        let mut query = self.db.prepare_cached(sql)?;
        let found = query.query_map([encounter.0], |row| {
            Ok(Report {
                number: row.get(0)?,
                replaces: row.get(1)?,
                at: Stamp { unix_seconds: row.get(2)?, clock_is_set: row.get(3)? },
                order: row.get(4)?,
                bytes: row.get(5)?,
                digest: hex::encode(row.get::<_, Vec<u8>>(6)?),
            })
        })?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }
}

/// The columns of a summary.
const SUMMARY: &str = "e.id, e.name, practice, state, patient_id, patient_name, birth_date, operator, begun_at, \
                       begun_clock_is_set, ended_at, ended_clock_is_set, begun_order, \
                       (SELECT count(*) FROM photograph WHERE encounter = e.id)";

fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    let ended: Option<i64> = row.get(10)?;
    let ended_clock: Option<bool> = row.get(11)?;
    Ok(Summary {
        id: EncounterId(row.get(0)?),
        name: row.get(1)?,
        practice: row.get(2)?,
        state: row.get(3)?,
        patient: Patient { id: row.get(4)?, name: row.get(5)?, birth_date: row.get(6)? },
        operator: row.get(7)?,
        begun: Stamp { unix_seconds: row.get(8)?, clock_is_set: row.get(9)? },
        ended: ended.map(|unix_seconds| Stamp { unix_seconds, clock_is_set: ended_clock.unwrap_or(false) }),
        order: row.get(12)?,
        photographs: row.get(13)?,
    })
}

/// JSON that lies beside a row, if it is what the row says.
fn body(row: &Row<'_>, body: &str, digest: &str) -> Result<Option<Value>, StoreError> {
    let Some(text) = row.get::<_, Option<String>>(body)? else { return Ok(None) };
    let written: Vec<u8> = row.get(digest)?;
    if written != crypt::digest(text.as_bytes()) {
        return Err(StoreError::Damaged { found: "JSON of an encounter is not what was written".to_owned() });
    }
    parse(&text).map(Some)
}

/// A sealed file and what is needed to open it.
#[derive(Debug)]
pub(super) struct Sealed {
    /// Its name.
    pub(super) file: String,
    encounter: String,
    what: String,
    /// None where the encounter was purged.
    wrapped_key: Option<Vec<u8>>,
}

/// The columns of a sealed photograph, and where they come from; `what` is as in [`photograph_name`].
const SEALED_PHOTOGRAPH: &str = "p.file, e.name, 'photograph ' || p.eye || ' ' || p.attempt, e.wrapped_key \
                                 FROM photograph p JOIN encounter e ON e.id = p.encounter";
/// The same of a report; `what` is as in [`report_name`].
const SEALED_REPORT: &str = "r.file, e.name, 'report ' || r.number, e.wrapped_key \
                             FROM report r JOIN encounter e ON e.id = r.encounter";

fn sealed(row: &Row<'_>) -> rusqlite::Result<Sealed> {
    Ok(Sealed { file: row.get(0)?, encounter: row.get(1)?, what: row.get(2)?, wrapped_key: row.get(3)? })
}

impl Sealed {
    /// The content.
    pub(super) fn open(&self, files: &Files, keys: &Keys) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let key = visit::unwrap(keys, &self.encounter, self.wrapped_key.as_deref().unwrap_or_default())?;
        files.get(&key, About { encounter: &self.encounter, what: &self.what }, &self.file)
    }
}

/// Sealed files by name, those after `after`, at most `limit`.
pub(super) fn sealed_after(db: &Connection, after: &str, limit: u32) -> Result<Vec<Sealed>, StoreError> {
    let sql = format!(
        "SELECT {SEALED_PHOTOGRAPH} WHERE p.file > ?1 UNION ALL SELECT {SEALED_REPORT} WHERE r.file > ?1 \
         ORDER BY 1 LIMIT ?2"
    );
    let mut query = db.prepare_cached(&sql)?;
    let found = query.query_map(params![after, limit], sealed)?.collect::<rusqlite::Result<_>>()?;
    Ok(found)
}
