//! What is to be sent: a queue that outlives restarts.
//!
//! ```text
//! waiting ── sent ──> sent ── committed ──> committed
//!    └── failed: waits, each time twice as long, at most six hours
//! ```
//!
//! An entry is known by its kind, encounter and destination: putting it in again changes nothing. Sent means that the
//! destination took it; committed, that it said it will keep it. Only then may the device forget the encounter.
//!
//! Not here: sending.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use serde_json::json;

use super::{
    EncounterId, Stamp, StoreError,
    chain::New,
    store::{DEVICE, Store},
};

/// Seconds until the second try.
const BACK_OFF_FIRST: i64 = 60;
/// Seconds between two tries at most.
const BACK_OFF_MAX: i64 = 6 * 60 * 60;

/// Something to be sent of an encounter or report that is being stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sending<'a> {
    /// What, such as `dicom` or `fhir`.
    pub kind: &'a str,
    /// Where to, by the name in the configuration.
    pub destination: &'a str,
}

/// An entry of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Its number.
    pub id: i64,
    /// What, such as `dicom` or `fhir`.
    pub kind: String,
    /// Of which encounter.
    pub encounter: EncounterId,
    /// That encounter's name.
    pub name: String,
    /// Where to, by the name in the configuration.
    pub destination: String,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// When it is tried next, in seconds since 1970.
    pub next_attempt: i64,
    /// Why it was not sent the last time; must not name a patient.
    pub last_error: Option<String>,
}

/// What is to be sent.
#[derive(Debug)]
pub struct Outbox<'a> {
    store: &'a mut Store,
}

impl Store {
    /// What is to be sent.
    pub fn outbox(&mut self) -> Outbox<'_> {
        Outbox { store: self }
    }
}

impl Outbox<'_> {
    /// Entries whose time has come, those that have waited longest first, at most `limit`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn due(&self, now: Stamp, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        // No entry waits longer than BACK_OFF_MAX: one that seems to was put off before the clock went back.
        let sql = format!(
            "{ENTRY} WHERE o.state = 'waiting' AND (next_attempt <= ?1 OR next_attempt > ?1 + {BACK_OFF_MAX}) \
             ORDER BY next_attempt, o.id LIMIT ?2"
        );
        let mut query = self.store.db.prepare_cached(&sql)?;
        let found = query.query_map(params![now.unix_seconds, limit], entry)?.collect::<rusqlite::Result<_>>()?;
        Ok(found)
    }

    /// Entries that were sent and that the destination has not said it will keep, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn unconfirmed(&self, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        let mut query =
            self.store.db.prepare_cached(&format!("{ENTRY} WHERE o.state = 'sent' ORDER BY o.id LIMIT ?1"))?;
        let found = query.query_map([limit], entry)?.collect::<rusqlite::Result<_>>()?;
        Ok(found)
    }

    /// How many entries are not sent yet.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn waiting(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM outbox WHERE state = 'waiting'";
        Ok(self.store.db.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// Something is to be sent of an encounter that is over.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn add(&mut self, encounter: EncounterId, sending: Sending<'_>) -> Result<(), StoreError> {
        self.store.change(|change| enqueue(&change.tx, encounter, &[sending]))
    }

    /// The destination took an entry.
    ///
    /// # Errors
    /// When there is no such entry, or this can't be written.
    pub fn sent(&mut self, id: i64, at: Stamp) -> Result<(), StoreError> {
        self.went_on(id, "sent", at)
    }

    /// The destination said that it will keep an entry.
    ///
    /// # Errors
    /// When there is no such entry, or this can't be written.
    pub fn committed(&mut self, id: i64, at: Stamp) -> Result<(), StoreError> {
        self.went_on(id, "committed", at)
    }

    /// An entry could not be sent, or was lost after it was; it is tried again later.
    ///
    /// # Errors
    /// When there is no such entry, or this can't be written.
    pub fn failed(&mut self, id: i64, error: &str, now: Stamp) -> Result<(), StoreError> {
        self.store.change(|change| {
            let sql = "UPDATE outbox SET state = 'waiting', attempts = attempts + 1, last_error = ?2 \
                       WHERE id = ?1 AND state <> 'committed' RETURNING attempts";
            let attempts = change.tx.prepare_cached(sql)?.query_row(params![id, error], |row| row.get(0)).optional()?;
            let attempts = attempts.ok_or_else(|| missing(id))?;
            let next = now.unix_seconds.saturating_add(back_off(attempts));
            change
                .tx
                .prepare_cached("UPDATE outbox SET next_attempt = ?2 WHERE id = ?1")?
                .execute(params![id, next])?;
            Ok(())
        })
    }

    fn went_on(&mut self, id: i64, state: &'static str, at: Stamp) -> Result<(), StoreError> {
        self.store.change(|change| {
            let sql = "UPDATE outbox SET state = ?2 WHERE id = ?1 AND (state <> 'committed' OR ?2 = 'committed') \
                       RETURNING kind, destination, (SELECT name FROM encounter WHERE id = encounter)";
            let told = change.tx.prepare_cached(sql)?.query_row(params![id, state], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            });
            let (kind, destination, name) = told.optional()?.ok_or_else(|| missing(id))?;
            let detail = json!({ "kind": kind, "destination": destination });
            change.log(at, New { actor: DEVICE, action: state, subject: &name, detail, row: None })
        })
    }
}

/// Puts entries in that are not there yet.
pub(super) fn enqueue(tx: &Transaction<'_>, encounter: EncounterId, send: &[Sending<'_>]) -> Result<(), StoreError> {
    for Sending { kind, destination } in send {
        let sql = "INSERT INTO outbox (kind, encounter, destination, state, attempts, next_attempt) \
                   VALUES (?1, ?2, ?3, 'waiting', 0, 0) ON CONFLICT DO NOTHING";
        tx.prepare_cached(sql)?.execute(params![kind, encounter.0, destination])?;
    }
    Ok(())
}

/// Seconds until the next try, after so many in vain.
fn back_off(attempts: u32) -> i64 {
    BACK_OFF_FIRST.saturating_mul(2_i64.saturating_pow(attempts.saturating_sub(1))).min(BACK_OFF_MAX)
}

const ENTRY: &str = "SELECT o.id, kind, encounter, e.name, destination, attempts, next_attempt, last_error \
                     FROM outbox o JOIN encounter e ON e.id = o.encounter";

fn entry(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    Ok(Waiting {
        id: row.get(0)?,
        kind: row.get(1)?,
        encounter: EncounterId(row.get(2)?),
        name: row.get(3)?,
        destination: row.get(4)?,
        attempts: row.get(5)?,
        next_attempt: row.get(6)?,
        last_error: row.get(7)?,
    })
}

fn missing(id: i64) -> StoreError {
    StoreError::missing(format!("entry {id} of the outbox"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_at_longer_and_longer_intervals_up_to_six_hours() {
        let waits: Vec<i64> = (1..12).map(back_off).collect();
        assert_eq!(waits, [60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600]);
        assert_eq!(back_off(u32::MAX), BACK_OFF_MAX);
    }
}
