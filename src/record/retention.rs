//! Forgetting: encounters that are old enough and that the archive has are purged.
//!
//! Purging an encounter destroys its data key and removes its photographs, reports, patient and findings. What stays is
//! a row with its number, device and operator, and its lines in the audit log. Flash memory may keep old copies of
//! pages for a while; they are encrypted with the record's key. Backups made before keep the encounter.
//!
//! Not here: when this is done (the device's night work asks).

use rusqlite::{Connection, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    EncounterId, Stamp, StoreError,
    chain::{New, Table},
    store::Store,
};

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// What may be purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days that an encounter is kept after its end.
    pub days: u32,
    /// Whether encounters with a result that no archive has said it keeps are purged too, once nothing of them is left to be
    /// sent: their photographs are nowhere else.
    pub also_never_sent: bool,
}

/// What was purged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// The names of the encounters.
    pub encounters: Vec<String>,
    /// How many photographs and reports were removed.
    pub files: usize,
}

impl Store {
    /// Encounters that may be purged: over, older than the days that they are kept, with every entry of the outbox committed
    /// or delivered, and at least one committed. Those of practice patients only have to be old. None while the clock is not
    /// set.
    ///
    /// How old an encounter is, is told by the first line of the audit log from its end on that was written while the
    /// clock was set; so one whose own time is not known is not taken for older than it is.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn purgeable(&self, retention: Retention, now: Stamp) -> Result<Vec<EncounterId>, StoreError> {
        if !now.clock_is_set {
            return Ok(Vec::new());
        }
        let until = now.unix_seconds.saturating_sub(i64::from(retention.days) * SECONDS_A_DAY);
        let sql = "SELECT id FROM encounter e WHERE state IN ('ended', 'broken off') \
                   AND (practice OR (NOT EXISTS (SELECT 1 FROM outbox WHERE encounter = e.id \
                                                 AND state NOT IN ('committed', 'delivered')) \
                                     AND (?2 OR state = 'broken off' \
                                          OR EXISTS (SELECT 1 FROM outbox WHERE encounter = e.id AND state = 'committed')))) \
                   AND (SELECT at FROM audit WHERE sequence >= e.ended_order AND clock_is_set ORDER BY sequence LIMIT 1) < ?1 \
                   ORDER BY id";
        let mut query = self.db.prepare(sql)?;
        let found = query.query_map(params![until, retention.also_never_sent], |row| row.get(0).map(EncounterId))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    /// Purges what may be purged.
    ///
    /// # Errors
    /// When findings are not accepted, or something can't be written; what was purged before that stays purged.
    pub fn purge(&mut self, retention: Retention, actor: &str, now: Stamp) -> Result<Purged, StoreError> {
        self.refuse_if_suspect()?;
        let mut purged = Purged { encounters: Vec::new(), files: 0 };
        for encounter in self.purgeable(retention, now)? {
            let name = self.name(encounter)?;
            purged.files += self.shred(encounter, &name, actor, now)?;
            purged.encounters.push(name);
        }
        if !purged.encounters.is_empty() {
            // What was deleted goes from the log beside the database too.
            self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        Ok(purged)
    }

    /// Destroys an encounter's key and all that belongs to it; returns how many files that were.
    fn shred(&mut self, encounter: EncounterId, name: &str, actor: &str, at: Stamp) -> Result<usize, StoreError> {
        let files = self.change(|change| {
            let mut files = Vec::new();
            let payloads = "DELETE FROM payload WHERE id IN (SELECT payload FROM photograph WHERE encounter = ?1 \
                            UNION SELECT begun_payload FROM encounter WHERE id = ?1 \
                            UNION SELECT ended_payload FROM encounter WHERE id = ?1)";
            change.tx.execute(payloads, [encounter.0])?;
            for table in [Table::Photograph, Table::Report] {
                for (row, file) in remove_rows(&change.tx, table, encounter)? {
                    let detail = json!({ "table": table.name() });
                    let line = New { actor, action: "shred", subject: name, detail, row: Some((table, row)) };
                    change.log(at, line)?;
                    files.push(file);
                }
            }
            change.tx.execute("DELETE FROM outbox WHERE encounter = ?1", [encounter.0])?;
            let cleared = "UPDATE encounter SET state = 'purged', patient_id = '', patient_name = '', birth_date = '', \
                           name_folded = '', begun_payload = NULL, begun_digest = NULL, ended_payload = NULL, \
                           ended_digest = NULL, wrapped_key = NULL WHERE id = ?1";
            change.tx.execute(cleared, [encounter.0])?;
            let row = Some((Table::Encounter, encounter.0));
            change.log(at, New { actor, action: "purge", subject: name, detail: Value::Null, row })?;
            Ok(files)
        })?;
        // A crash before this leaves files that no row names and no key opens; the next start removes them.
        self.files.remove(files.iter().map(String::as_str))?;
        Ok(files.len())
    }
}

/// Removes an encounter's rows from a table; returns the row and file of each.
fn remove_rows(db: &Connection, table: Table, encounter: EncounterId) -> Result<Vec<(i64, String)>, StoreError> {
    let mut query = db.prepare(&format!("DELETE FROM {} WHERE encounter = ?1 RETURNING id, file", table.name()))?;
    let rows = query.query_map([encounter.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
