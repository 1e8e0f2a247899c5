//! Writing: encounters, photographs and reports, each with its line in the audit log.
//!
//! Not here: how a change becomes lasting (`store.rs`), what is sent when (`outbox.rs`).

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    EncounterId, Stamp, StoreError,
    chain::{Change, New, Table},
    crypt::{self, Hash},
    files::About,
    outbox::{self, Sending},
    store::{DEVICE, Store, json},
    visit::{Visit, about_key, fold, photograph_name, report_name},
};
use ocellus_model::laterality::Laterality;

use crate::station::Patient;

/// The beginning of an encounter.
#[derive(Debug, Clone, Copy)]
pub struct Begin<'a> {
    /// The patient.
    pub patient: &'a Patient,
    /// Whether the patient is nobody; such encounters are numbered apart.
    pub practice: bool,
    /// Who screens.
    pub operator: Option<&'a str>,
}

/// A photograph to be stored.
#[derive(Debug, Clone, Copy)]
pub struct Shot<'a> {
    /// The eye it was taken of.
    pub eye: Laterality,
    /// Number of the photograph of this eye, from 1.
    pub attempt: u32,
    /// The file as the camera delivered it.
    pub bytes: &'a [u8],
}

/// How an encounter ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With a result.
    Result,
    /// Broken off; there is no result.
    BrokenOff,
}

/// A report to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewReport<'a> {
    /// Its number, which no other report has.
    pub number: &'a str,
    /// The number of the report that it takes the place of; that one stays.
    pub replaces: Option<&'a str>,
    /// The page.
    pub pdf: &'a [u8],
}

impl End {
    fn state(self) -> &'static str {
        match self {
            End::Result => "ended",
            End::BrokenOff => "broken off",
        }
    }
}

impl Store {
    /// Stores that an encounter begins, and gives it the next number.
    ///
    /// # Errors
    /// When that can't be stored, or the findings of the check at the start are not accepted.
    pub fn begin(&mut self, begin: Begin<'_>, payload: &impl Serialize, at: Stamp) -> Result<EncounterId, StoreError> {
        self.refuse_if_suspect()?;
        let body = json("the beginning of an encounter", payload)?;
        let device = json("the device", &self.device)?.to_string();
        let (keys, device_name) = (self.keys.clone(), self.device.name.clone());
        let Begin { patient, practice, operator } = begin;
        self.change(|change| {
            let number: i64 = change
                .tx
                .prepare_cached("SELECT coalesce(max(number), 0) + 1 FROM encounter WHERE practice = ?1")?
                .query_row([practice], |row| row.get(0))?;
            let name = format!("{device_name}-{}{number:06}", if practice { "practice-" } else { "" });
            let wrapped = crypt::seal(&keys.wrapping, &about_key(&keys, &name), &crypt::secret()?[..])?;
            let (payload, digest) = put_payload(&change.tx, &body)?;
            let sql = "INSERT INTO encounter (practice, number, name, state, device, patient_id, patient_name, birth_date, \
                       name_folded, operator, begun_at, begun_clock_is_set, begun_order, begun_payload, begun_digest, \
                       wrapped_key) VALUES (?1, ?2, ?3, 'open', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
            change.tx.prepare_cached(sql)?.execute(params![
                practice,
                number,
                name,
                device,
                patient.id,
                patient.name,
                patient.birth_date,
                fold(&patient.name),
                operator,
                at.unix_seconds,
                at.clock_is_set,
                change.next(),
                payload,
                digest,
                wrapped
            ])?;
            let id = change.tx.last_insert_rowid();
            let actor = operator.unwrap_or(DEVICE);
            let row = Some((Table::Encounter, id));
            change.log(at, New { actor, action: "begin", subject: &name, detail: Value::Null, row })?;
            Ok(EncounterId(id))
        })
    }

    /// The number by which an encounter is found among those of all devices of a site, such as `one-000417`.
    ///
    /// # Errors
    /// When it is not in the record.
    pub fn name(&self, encounter: EncounterId) -> Result<String, StoreError> {
        Ok(self.visit(encounter)?.name)
    }

    /// Stores a photograph, how it was taken and what was found on it. Storing the very same again changes nothing; of the
    /// same photograph judged again, the newer findings stay.
    ///
    /// # Errors
    /// When something can't be written, the encounter is over, or another photograph is in its place.
    pub fn photograph(
        &mut self,
        encounter: EncounterId,
        shot: Shot<'_>,
        taken: &impl Serialize,
        judged: &impl Serialize,
        at: Stamp,
    ) -> Result<(), StoreError> {
        let visit = self.open_encounter(encounter)?;
        let body = json!({ "taken": json("a photograph", taken)?, "judged": json("a judgement", judged)? });
        let Shot { eye, attempt, bytes } = shot;
        let bytes_digest = crypt::digest(bytes);
        let what = photograph_name(eye, attempt);
        let before =
            "SELECT bytes_digest, payload_digest FROM photograph WHERE encounter = ?1 AND eye = ?2 AND attempt = ?3";
        let before: Option<(Hash, Hash)> = self
            .db
            .prepare_cached(before)?
            .query_row(params![encounter.0, eye.as_str(), attempt], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if let Some((bytes_before, judged_before)) = before {
            if bytes_before != bytes_digest {
                return Err(StoreError::Exists { what: format!("{what} of encounter {}", visit.name) });
            }
            if judged_before == crypt::digest(body.to_string().as_bytes()) {
                return Ok(());
            }
            return self.judge_again(&visit, (eye, attempt), &body, at);
        }
        let about = About { encounter: &visit.name, what: &what };
        let file = self.files.put(&visit.key(&self.keys)?, about, bytes)?;
        let stored = self.change(|change| {
            let (payload, digest) = put_payload(&change.tx, &body)?;
            let sql = "INSERT INTO photograph (encounter, eye, attempt, withdrawn, at, clock_is_set, written_order, payload, \
                       payload_digest, file, bytes, bytes_digest) VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
            change.tx.prepare_cached(sql)?.execute(params![
                encounter.0,
                eye.as_str(),
                attempt,
                at.unix_seconds,
                at.clock_is_set,
                change.next(),
                payload,
                digest,
                file,
                bytes.len() as u64,
                bytes_digest
            ])?;
            let row = Some((Table::Photograph, change.tx.last_insert_rowid()));
            let detail = json!({ "eye": eye.as_str(), "attempt": attempt });
            change.log(at, New { actor: visit.actor(), action: "photograph", subject: &visit.name, detail, row })
        });
        self.or_remove(stored, &file)
    }

    /// Puts what was found now on a stored photograph in the place of what was found before, as after somebody said which eye
    /// it shows. That it was done stays in the audit log; what was found before does not stay.
    fn judge_again(
        &mut self,
        visit: &Visit,
        (eye, attempt): (Laterality, u32),
        body: &Value,
        at: Stamp,
    ) -> Result<(), StoreError> {
        self.change(|change| {
            let of = "encounter = ?1 AND eye = ?2 AND attempt = ?3";
            let sql = format!("SELECT id, payload FROM photograph WHERE {of}");
            let (id, before): (i64, i64) = change
                .tx
                .prepare_cached(&sql)?
                .query_row(params![visit.id.0, eye.as_str(), attempt], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let (payload, digest) = put_payload(&change.tx, body)?;
            let sql = "UPDATE photograph SET payload = ?2, payload_digest = ?3 WHERE id = ?1";
            change.tx.prepare_cached(sql)?.execute(params![id, payload, digest])?;
            change.tx.prepare_cached("DELETE FROM payload WHERE id = ?1")?.execute([before])?;
            let detail = json!({ "eye": eye.as_str(), "attempt": attempt });
            let row = Some((Table::Photograph, id));
            change.log(at, New { actor: visit.actor(), action: "judge again", subject: &visit.name, detail, row })
        })
    }

    /// Stores that a photograph shows the other eye.
    ///
    /// # Errors
    /// When there is no such photograph, the encounter is over, or that can't be written.
    pub fn withdraw(
        &mut self,
        encounter: EncounterId,
        eye: Laterality,
        attempt: u32,
        at: Stamp,
    ) -> Result<(), StoreError> {
        let visit = self.open_encounter(encounter)?;
        self.change(|change| {
            let sql =
                "UPDATE photograph SET withdrawn = 1 WHERE encounter = ?1 AND eye = ?2 AND attempt = ?3 RETURNING id";
            let id =
                change.tx.prepare_cached(sql)?.query_row(params![encounter.0, eye.as_str(), attempt], |row| row.get(0));
            let missing = || format!("{} of encounter {}", photograph_name(eye, attempt), visit.name);
            let id = id.optional()?.ok_or_else(|| StoreError::missing(missing()))?;
            let detail = json!({ "eye": eye.as_str(), "attempt": attempt });
            let row = Some((Table::Photograph, id));
            change.log(at, New { actor: visit.actor(), action: "withdraw", subject: &visit.name, detail, row })
        })
    }

    /// Stores how an encounter ended, and what of it is to be sent; it takes no more photographs.
    ///
    /// # Errors
    /// When the encounter is over already, or that can't be written.
    pub fn end(
        &mut self,
        encounter: EncounterId,
        end: End,
        payload: &impl Serialize,
        send: &[Sending<'_>],
        at: Stamp,
    ) -> Result<(), StoreError> {
        let visit = self.open_encounter(encounter)?;
        let body = json("the end of an encounter", payload)?;
        self.change(|change| {
            close(change, &visit, end, Some(&body), visit.actor(), at)?;
            outbox::enqueue(&change.tx, encounter, send)
        })
    }

    /// Stores a report on an encounter, and what of it is to be sent, once more where it was sent without the report. Storing
    /// the very same again changes nothing.
    ///
    /// # Errors
    /// When its number is another report's, the one it replaces is not this encounter's, the encounter's data were
    /// purged, or it can't be written.
    pub fn report(
        &mut self,
        encounter: EncounterId,
        report: NewReport<'_>,
        send: &[Sending<'_>],
        at: Stamp,
    ) -> Result<(), StoreError> {
        self.put_report(encounter, report, send, None, at, |_, _| Ok(()))
    }

    /// As [`report`](Self::report), with something that is done in the same change before; done by `actor`, or by whom the
    /// encounter was.
    pub(super) fn put_report(
        &mut self,
        encounter: EncounterId,
        report: NewReport<'_>,
        send: &[Sending<'_>],
        actor: Option<&str>,
        at: Stamp,
        before: impl FnOnce(&mut Change<'_>, &Visit) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let visit = self.visit(encounter)?;
        let key = visit.key(&self.keys)?;
        let NewReport { number, replaces, pdf } = report;
        let digest = crypt::digest(pdf);
        let known = "SELECT encounter, bytes_digest FROM report WHERE number = ?1";
        let of = |db: &Connection, number: &str| -> rusqlite::Result<Option<(i64, Hash)>> {
            db.prepare_cached(known)?.query_row([number], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        };
        if let Some(known) = of(&self.db, number)? {
            let what = format!("report {number}");
            return if known == (encounter.0, digest) { Ok(()) } else { Err(StoreError::Exists { what }) };
        }
        if let Some(replaced) = replaces {
            let known = of(&self.db, replaced)?.is_some_and(|(id, _)| id == encounter.0);
            if !known {
                return Err(StoreError::missing(format!("report {replaced} of encounter {}", visit.name)));
            }
        }
        let file = self.files.put(&key, About { encounter: &visit.name, what: &report_name(number) }, pdf)?;
        let stored = self.change(|change| {
            before(change, &visit)?;
            let sql = "INSERT INTO report (encounter, number, replaces, at, clock_is_set, written_order, file, bytes, \
                       bytes_digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
            change.tx.prepare_cached(sql)?.execute(params![
                encounter.0,
                number,
                replaces,
                at.unix_seconds,
                at.clock_is_set,
                change.next(),
                file,
                pdf.len() as u64,
                digest
            ])?;
            let row = Some((Table::Report, change.tx.last_insert_rowid()));
            let detail = json!({ "number": number, "replaces": replaces });
            let actor = actor.unwrap_or(visit.actor());
            change.log(at, New { actor, action: "report", subject: &visit.name, detail, row })?;
            outbox::enqueue_anew(&change.tx, encounter, send)
        });
        self.or_remove(stored, &file)
    }

    /// Closes encounters that a crash left unfinished; returns their names.
    pub(super) fn break_off_unfinished(&mut self, at: Stamp) -> Result<Vec<String>, StoreError> {
        let mut query = self.db.prepare("SELECT id FROM encounter WHERE state = 'open' ORDER BY id")?;
        let unfinished =
            query.query_map([], |row| row.get(0).map(EncounterId))?.collect::<rusqlite::Result<Vec<_>>>()?;
        drop(query);
        if unfinished.is_empty() {
            return Ok(Vec::new());
        }
        let unfinished = unfinished.into_iter().map(|id| self.visit(id)).collect::<Result<Vec<_>, _>>()?;
        self.change(|change| {
            unfinished.iter().try_for_each(|visit| close(change, visit, End::BrokenOff, None, DEVICE, at))
        })?;
        Ok(unfinished.into_iter().map(|visit| visit.name).collect())
    }

    /// Removes a file whose row could not be written. Where that fails too, the next start removes it; so it does
    /// where the disk failed, as then the row may turn out to be there.
    fn or_remove(&self, stored: Result<(), StoreError>, file: &str) -> Result<(), StoreError> {
        let is_unsure = |error: &StoreError| matches!(error, StoreError::Database(_)) && !error.is_full();
        if stored.as_ref().is_err_and(|error| !is_unsure(error))
            && let Err(error) = self.files.remove([file])
        {
            log::warn!("{error}");
        }
        stored
    }
}

/// Closes an encounter.
fn close(
    change: &mut Change<'_>,
    visit: &Visit,
    end: End,
    body: Option<&Value>,
    actor: &str,
    at: Stamp,
) -> Result<(), StoreError> {
    let (payload, digest) = body.map(|body| put_payload(&change.tx, body)).transpose()?.unzip();
    let sql = "UPDATE encounter SET state = ?2, ended_at = ?3, ended_clock_is_set = ?4, ended_order = ?5, \
               ended_payload = ?6, ended_digest = ?7 WHERE id = ?1";
    change.tx.prepare_cached(sql)?.execute(params![
        visit.id.0,
        end.state(),
        at.unix_seconds,
        at.clock_is_set,
        change.next(),
        payload,
        digest
    ])?;
    let (detail, row) = (json!({ "as": end.state() }), Some((Table::Encounter, visit.id.0)));
    change.log(at, New { actor, action: "end", subject: &visit.name, detail, row })
}

/// Stores JSON; returns its number and its digest.
pub(super) fn put_payload(tx: &Transaction<'_>, body: &Value) -> Result<(i64, Hash), StoreError> {
    let body = body.to_string();
    tx.prepare_cached("INSERT INTO payload (body) VALUES (?1)")?.execute([&body])?;
    Ok((tx.last_insert_rowid(), crypt::digest(body.as_bytes())))
}
