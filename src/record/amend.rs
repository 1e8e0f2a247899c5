//! A patient put right: somebody else was confirmed, and a report on the right person takes the place of the one before.
//!
//! The report before stays and names whom it named; the audit log says who put it right and when, and names nobody.
//!
//! Not here: making the report (`crate::amend`).

use rusqlite::params;
use serde::Serialize;
use serde_json::Value;

use super::{
    EncounterId, Stamp, StoreError,
    chain::{Change, New, Table},
    outbox::Sending,
    store::{Store, json},
    visit::{Visit, fold},
    write::{NewReport, put_payload},
};
use crate::station::Patient;

/// What is put right.
#[derive(Debug, Clone, Copy)]
pub struct Amendment<'a, B> {
    /// Who it was.
    pub patient: &'a Patient,
    /// What is to stand as stored at the beginning: nothing that was ordered for somebody else.
    pub begun: &'a B,
    /// The report on that person.
    pub report: NewReport<'a>,
    /// What is to be sent, again where it was sent.
    pub send: &'a [Sending<'a>],
    /// Who puts it right.
    pub actor: &'a str,
}

impl Store {
    /// Puts an encounter's patient right and stores the report on that person, together or not at all.
    ///
    /// # Errors
    /// When the encounter has no result, its data were purged, the report's number is another one's, or something can't
    /// be written.
    pub fn amend<B: Serialize>(
        &mut self,
        encounter: EncounterId,
        amendment: Amendment<'_, B>,
        at: Stamp,
    ) -> Result<(), StoreError> {
        let Amendment { patient, begun, report, send, actor } = amendment;
        let body = json("the beginning of an encounter", begun)?;
        self.put_report(encounter, report, send, Some(actor), at, |change, visit| {
            if visit.state != "ended" {
                return Err(visit.is_over());
            }
            put_right(change, visit, (patient, &body), actor, at)
        })
    }
}

fn put_right(
    change: &mut Change<'_>,
    visit: &Visit,
    (patient, body): (&Patient, &Value),
    actor: &str,
    at: Stamp,
) -> Result<(), StoreError> {
    let before: Option<i64> = change
        .tx
        .prepare_cached("SELECT begun_payload FROM encounter WHERE id = ?1")?
        .query_row([visit.id.0], |row| row.get(0))?;
    let (payload, digest) = put_payload(&change.tx, body)?;
    let sql = "UPDATE encounter SET patient_id = ?2, patient_name = ?3, birth_date = ?4, name_folded = ?5, \
               begun_payload = ?6, begun_digest = ?7 WHERE id = ?1";
    change.tx.prepare_cached(sql)?.execute(params![
        visit.id.0,
        patient.id,
        patient.name,
        patient.birth_date,
        fold(&patient.name),
        payload,
        digest
    ])?;
    if let Some(before) = before {
        change.tx.prepare_cached("DELETE FROM payload WHERE id = ?1")?.execute([before])?;
    }
    let row = Some((Table::Encounter, visit.id.0));
    change.log(at, New { actor, action: "amend patient", subject: &visit.name, detail: Value::Null, row })
}
