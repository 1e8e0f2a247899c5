//! What is to be sent: a queue that outlives restarts.
//!
//! ```text
//! waiting ── sent ─────> sent ── committed ──> committed     an archive, which says what it will keep
//!    │ ├──── delivered ─────────────────────> delivered     any other destination
//!    │ └──── refused ───────────────────────> refused       set aside with its reason, until a person tries again
//!    └── failed: waits, each time twice as long, at most six hours
//! ```
//!
//! An entry is known by its kind, encounter and destination: putting it in again changes nothing. Sent means that the
//! destination took it; committed, that it said it will keep it. Only then may the device forget the encounter. Waits are
//! shortened by chance, so that many devices that lost one archive do not come back to it in the same second.
//!
//! Not here: sending (`crate::sending`).

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use serde_json::json;

use super::{
    Encounter, EncounterId, Stamp, StoreError,
    chain::New,
    crypt,
    store::{DEVICE, Store},
};

/// Seconds until the second try.
const BACK_OFF_FIRST: i64 = 60;
/// Seconds between two tries at most.
const BACK_OFF_MAX: i64 = 6 * 60 * 60;
/// By which part of itself a wait is shortened at most.
const JITTER: i64 = 5;

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
    /// Why it was not sent the last time, or is set aside; must not name a patient.
    pub last_error: Option<String>,
    /// How often the destination was asked whether it will keep it.
    pub asked: u32,
}

/// What is not sent, in short.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unsent {
    /// How many entries wait.
    pub waiting: u64,
    /// How many their destination refuses for good.
    pub set_aside: u64,
    /// The oldest of those that were set aside.
    pub first_set_aside: Vec<Waiting>,
    /// The oldest of those that wait.
    pub first_waiting: Vec<Waiting>,
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

    /// Entries that wait, whether their time has come or not, the oldest first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn queue(&self) -> Result<Vec<Waiting>, StoreError> {
        self.in_state("waiting", u32::MAX)
    }

    /// Entries that their destination refuses for good, the oldest first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn set_aside(&self) -> Result<Vec<Waiting>, StoreError> {
        self.in_state("refused", u32::MAX)
    }

    /// Entries that were sent and that the destination has not said it will keep, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn unconfirmed(&self, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        self.in_state("sent", limit)
    }

    fn in_state(&self, state: &str, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        let mut query = self.store.db.prepare_cached(&format!("{ENTRY} WHERE o.state = ?1 ORDER BY o.id LIMIT ?2"))?;
        let found = query.query_map(params![state, limit], entry)?.collect::<rusqlite::Result<_>>()?;
        Ok(found)
    }

    /// An encounter with all that belongs to it but the bytes of files, to be sent. That it was is noted when it was.
    ///
    /// # Errors
    /// When it is not in the record, or can't be read.
    pub fn content(&self, encounter: EncounterId) -> Result<Encounter, StoreError> {
        self.store.assemble(encounter)
    }

    /// How many entries are not sent yet.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn waiting(&self) -> Result<u64, StoreError> {
        self.count("waiting")
    }

    fn count(&self, state: &str) -> Result<u64, StoreError> {
        let mut query = self.store.db.prepare_cached("SELECT count(*) FROM outbox WHERE state = ?1")?;
        Ok(query.query_row([state], |row| row.get(0))?)
    }

    /// What is not sent, with at most so many entries of each kind.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn unsent(&self, first: u32) -> Result<Unsent, StoreError> {
        Ok(Unsent {
            waiting: self.waiting()?,
            set_aside: self.count("refused")?,
            first_set_aside: self.in_state("refused", first)?,
            first_waiting: self.in_state("waiting", first)?,
        })
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
        self.went_on(id, "sent", None, at)
    }

    /// The destination has an entry, and nothing more is to be heard from it.
    ///
    /// # Errors
    /// When there is no such entry, or this can't be written.
    pub fn delivered(&mut self, id: i64, at: Stamp) -> Result<(), StoreError> {
        self.went_on(id, "delivered", None, at)
    }

    /// The destination refuses an entry for good, or it can't be sent as it is: it is set aside with the reason, which must
    /// not name a patient.
    ///
    /// # Errors
    /// When there is no such entry, or this can't be written.
    pub fn refused(&mut self, id: i64, reason: &str, at: Stamp) -> Result<(), StoreError> {
        self.went_on(id, "refused", Some(reason), at)
    }

    /// What was set aside is tried again; returns how many entries that are.
    ///
    /// # Errors
    /// When this can't be written.
    pub fn retry_refused(&mut self, actor: &str, at: Stamp) -> Result<usize, StoreError> {
        self.store.change(|change| {
            let sql = "UPDATE outbox SET state = 'waiting', attempts = 0, next_attempt = 0 WHERE state = 'refused'";
            let count = change.tx.prepare_cached(sql)?.execute([])?;
            let new = New { actor, action: "retry refused", subject: "outbox", detail: json!(count), row: None };
            if count > 0 { change.log(at, new).map(|()| count) } else { Ok(count) }
        })
    }

    /// What waits for a destination is due now: it answers again.
    ///
    /// # Errors
    /// When this can't be written.
    pub fn hasten(&mut self, kind: &str, destination: &str) -> Result<(), StoreError> {
        self.store.change(|change| {
            let sql = "UPDATE outbox SET next_attempt = 0 WHERE state = 'waiting' AND kind = ?1 AND destination = ?2";
            change.tx.prepare_cached(sql)?.execute([kind, destination])?;
            Ok(())
        })
    }

    /// The destination is about to be asked whether it will keep a sent entry; returns how often that makes. It is asked
    /// again after a while, should no answer come.
    ///
    /// # Errors
    /// When there is no such entry, or this can't be written.
    pub fn asks(&mut self, id: i64, now: Stamp) -> Result<u32, StoreError> {
        self.store.change(|change| {
            let sql = "UPDATE outbox SET asked = asked + 1 WHERE id = ?1 AND state = 'sent' RETURNING asked";
            let asked = change.tx.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?;
            let asked = asked.ok_or_else(|| missing(id))?;
            put_off(&change.tx, id, now, asked, None)?;
            Ok(asked)
        })
    }

    /// Why the destination could not be asked, or did not answer; it will be asked again.
    ///
    /// # Errors
    /// When this can't be written.
    pub fn unanswered(&mut self, id: i64, error: &str) -> Result<(), StoreError> {
        self.store.change(|change| {
            let sql = "UPDATE outbox SET last_error = ?2 WHERE id = ?1 AND state = 'sent'";
            change.tx.prepare_cached(sql)?.execute(params![id, error])?;
            Ok(())
        })
    }

    /// The destination said that it will keep an entry.
    ///
    /// # Errors
    /// When there is no such entry, or this can't be written.
    pub fn committed(&mut self, id: i64, at: Stamp) -> Result<(), StoreError> {
        self.went_on(id, "committed", None, at)
    }

    /// An entry could not be sent, or was lost after it was; it is tried again later.
    ///
    /// # Errors
    /// When there is no such entry, or this can't be written.
    pub fn failed(&mut self, id: i64, error: &str, now: Stamp) -> Result<(), StoreError> {
        self.store.change(|change| {
            let sql = "UPDATE outbox SET state = 'waiting', attempts = attempts + 1 \
                       WHERE id = ?1 AND state IN ('waiting', 'sent') RETURNING attempts";
            let attempts = change.tx.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?;
            let attempts = attempts.ok_or_else(|| missing(id))?;
            put_off(&change.tx, id, now, attempts, Some(error))
        })
    }

    fn went_on(&mut self, id: i64, state: &'static str, reason: Option<&str>, at: Stamp) -> Result<(), StoreError> {
        self.store.change(|change| {
            let sql = "UPDATE outbox SET state = ?2, next_attempt = 0, last_error = ?3 \
                       WHERE id = ?1 AND (state <> 'committed' OR ?2 = 'committed') \
                       RETURNING kind, destination, (SELECT name FROM encounter WHERE id = encounter)";
            let told = change.tx.prepare_cached(sql)?.query_row(params![id, state, reason], |row| {
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
        let sql = "INSERT INTO outbox (kind, encounter, destination, state, attempts, next_attempt, asked) \
                   VALUES (?1, ?2, ?3, 'waiting', 0, 0, 0) ON CONFLICT DO NOTHING";
        tx.prepare_cached(sql)?.execute(params![kind, encounter.0, destination])?;
    }
    Ok(())
}

/// Puts entries in, and those that are there once more: there is something new to be sent of them.
pub(super) fn enqueue_anew(
    tx: &Transaction<'_>,
    encounter: EncounterId,
    send: &[Sending<'_>],
) -> Result<(), StoreError> {
    enqueue(tx, encounter, send)?;
    for Sending { kind, destination } in send {
        let sql = "UPDATE outbox SET state = 'waiting', attempts = 0, next_attempt = 0 \
                   WHERE kind = ?1 AND encounter = ?2 AND destination = ?3";
        tx.prepare_cached(sql)?.execute(params![kind, encounter.0, destination])?;
    }
    Ok(())
}

/// Sets when an entry's turn comes again, after so many in vain, and why it has to wait.
fn put_off(tx: &Transaction<'_>, id: i64, now: Stamp, attempts: u32, error: Option<&str>) -> Result<(), StoreError> {
    let whole = back_off(attempts);
    let chance = i64::from(u16::from_le_bytes(crypt::random()?));
    let next = now.unix_seconds.saturating_add(whole - whole / JITTER * chance / i64::from(u16::MAX));
    let sql = "UPDATE outbox SET next_attempt = ?2, last_error = coalesce(?3, last_error) WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![id, next, error])?;
    Ok(())
}

/// Seconds until the next try, after so many in vain.
fn back_off(attempts: u32) -> i64 {
    BACK_OFF_FIRST.saturating_mul(2_i64.saturating_pow(attempts.saturating_sub(1))).min(BACK_OFF_MAX)
}

const ENTRY: &str = "SELECT o.id, kind, encounter, e.name, destination, attempts, next_attempt, last_error, asked \
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
        asked: row.get(8)?,
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
