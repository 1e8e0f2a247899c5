//! The audit log: who did what to what and when, each line bound to the one before.
//!
//! A line's hash is SHA-256 over the hash before and all the line says; so no line can be changed, taken out, put in or
//! moved without all later hashes being others. A line that wrote a row of the record carries that row's digest, so
//! the rows are bound too. Lines are only ever added; the line's number is also the record's order of events, which
//! no clock can change.
//!
//! Lines name encounters, never patients: they stay when a patient's data are purged.
//!
//! Not here: looking whether all is as it was (`check.rs`), the end of the chain (`anchor.rs`).

use rusqlite::{
    OptionalExtension, Row, Transaction, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    Stamp, StoreError,
    crypt::{self, Hash},
};

/// The last line of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Its number, from 1; 0 where there is none.
    pub sequence: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Its number, from 1.
    pub sequence: i64,
    /// When, as far as the clock is to be believed.
    pub at: Stamp,
    /// Who: an operator's id, or `device`.
    pub actor: String,
    /// What was done, one word such as `begin` or `export`.
    pub action: String,
    /// To what, such as an encounter's name.
    pub subject: String,
    /// What else is worth knowing.
    pub detail: Value,
}

/// A table whose rows the chain covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Table {
    Encounter,
    Photograph,
    Report,
}

/// A row that the chain covers.
pub(super) type Place = (Table, i64);

/// A line to be written.
#[derive(Debug)]
pub(super) struct New<'a> {
    pub(super) actor: &'a str,
    pub(super) action: &'a str,
    pub(super) subject: &'a str,
    pub(super) detail: Value,
    /// The row that was written or removed.
    pub(super) row: Option<Place>,
}

/// Changes to the database under way, which become lasting together or not at all.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub(super) tx: Transaction<'a>,
    pub(super) head: Head,
}

impl Table {
    /// All of them.
    pub(super) const ALL: [Table; 3] = [Table::Encounter, Table::Photograph, Table::Report];

    /// Its name in the database.
    pub(super) fn name(self) -> &'static str {
        match self {
            Table::Encounter => "encounter",
            Table::Photograph => "photograph",
            Table::Report => "report",
        }
    }

    /// The table of a name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Table::ALL.into_iter().find(|table| table.name() == name)
    }

    /// The columns that a digest covers, the row's number first. A later version of the schema leaves them as they are:
    /// digests in the log are over these.
    pub(super) fn columns(self) -> &'static str {
        match self {
            Table::Encounter => {
                "id, practice, number, name, state, device, patient_id, patient_name, birth_date, name_folded, operator, \
                 begun_at, begun_clock_is_set, begun_order, begun_payload, begun_digest, \
                 ended_at, ended_clock_is_set, ended_order, ended_payload, ended_digest, wrapped_key"
            }
            Table::Photograph => {
                "id, encounter, eye, attempt, withdrawn, at, clock_is_set, written_order, \
                 payload, payload_digest, file, bytes, bytes_digest"
            }
            Table::Report => {
                "id, encounter, number, replaces, at, clock_is_set, written_order, file, bytes, bytes_digest"
            }
        }
    }
}

impl Head {
    /// Before the first line of a record.
    pub(super) fn start(record: [u8; 16]) -> Self {
        Head { sequence: 0, hash: crypt::digest(&[&b"ocellus record "[..], &record].concat()) }
    }
}

impl Change<'_> {
    /// The number that the next line gets.
    pub(super) fn next(&self) -> i64 {
        self.head.sequence + 1
    }

    /// Adds a line.
    pub(super) fn log(&mut self, at: Stamp, new: New<'_>) -> Result<(), StoreError> {
        let row_digest = match new.row {
            Some(place) => row_digest(&self.tx, place)?,
            None => None,
        };
        let detail = new.detail.to_string();
        let sequence = self.next();
        let values = [
            ValueRef::Integer(sequence),
            ValueRef::Integer(at.unix_seconds),
            ValueRef::Integer(at.clock_is_set.into()),
            ValueRef::Text(new.actor.as_bytes()),
            ValueRef::Text(new.action.as_bytes()),
            ValueRef::Text(new.subject.as_bytes()),
            ValueRef::Text(detail.as_bytes()),
            new.row.map_or(ValueRef::Null, |(table, _)| ValueRef::Text(table.name().as_bytes())),
            new.row.map_or(ValueRef::Null, |(_, id)| ValueRef::Integer(id)),
            row_digest.as_ref().map_or(ValueRef::Null, |digest| ValueRef::Blob(digest)),
        ];
        let mut hash = Sha256::new();
        hash.update(self.head.hash);
        values.iter().for_each(|value| add(&mut hash, *value));
        let hash: Hash = hash.finalize().into();
        let sql = format!("INSERT INTO audit ({LINE}, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        let values = values.into_iter().chain([ValueRef::Blob(&hash)]).map(ToSqlOutput::Borrowed);
        self.tx.prepare_cached(&sql)?.execute(params_from_iter(values))?;
        self.head = Head { sequence, hash };
        Ok(())
    }
}

/// The columns that a line's hash covers.
pub(super) const LINE: &str =
    "sequence, at, clock_is_set, actor, action, subject, detail, row_table, row_id, row_digest";
/// How many those are.
const LINE_COLUMNS: usize = 10;

/// The hash of a line, whose [`LINE`] columns are the first of a row.
pub(super) fn line_hash(before: &Hash, row: &Row<'_>) -> rusqlite::Result<Hash> {
    let mut hash = Sha256::new();
    hash.update(before);
    for column in 0..LINE_COLUMNS {
        add(&mut hash, row.get_ref(column)?);
    }
    Ok(hash.finalize().into())
}

/// The digest of a row of which all columns were asked for.
pub(super) fn digest_of(row: &Row<'_>) -> rusqlite::Result<Hash> {
    let mut hash = Sha256::new();
    for column in 0..row.as_ref().column_count() {
        add(&mut hash, row.get_ref(column)?);
    }
    Ok(hash.finalize().into())
}

/// The digest of a row; none where there is no such row.
fn row_digest(tx: &Transaction<'_>, (table, id): Place) -> Result<Option<Hash>, StoreError> {
    let sql = format!("SELECT {} FROM {} WHERE id = ?1", table.columns(), table.name());
    Ok(tx.prepare_cached(&sql)?.query_row([id], digest_of).optional()?)
}

/// Adds a value with its kind and length, so that no two lists of values give the same bytes.
fn add(hash: &mut Sha256, value: ValueRef<'_>) {
    let (kind, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(number) => return add_number(hash, 1, number.to_be_bytes()),
        ValueRef::Real(number) => return add_number(hash, 2, number.to_bits().to_be_bytes()),
        ValueRef::Text(bytes) => (3, bytes),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

fn add_number(hash: &mut Sha256, kind: u8, bytes: [u8; 8]) {
    hash.update([kind]);
    hash.update(8_u64.to_be_bytes());
    hash.update(bytes);
}
