//! Storage commitment (PS3.4, J): whether the archive answers for objects, so that they may be deleted here.
//!
//! The archive may answer at once on the same association, or later on one that it asks for itself; then a
//! [`Listener`](super::Listener) has to be there.
//!
//! Not here: deleting anything.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use dicom_core::{DataElement, PrimitiveValue, VR, value::DataSetSequence};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::{
    association::{Association, Context, PLAIN, Proposal},
    command::{Command, N_ACTION, N_EVENT_REPORT},
    error::{NetError, Step},
    listener::Listener,
    peer::Peer,
    wire::{Incoming, Message},
};
use crate::interchange::dicom::{Object, object};

/// The class, and the one object of it that everybody knows.
pub(super) const CLASS: &str = uids::STORAGE_COMMITMENT_PUSH_MODEL;
const WELL_KNOWN: &str = uids::STORAGE_COMMITMENT_PUSH_MODEL_INSTANCE;
const REQUEST_COMMITMENT: u16 = 1;
/// Kinds of reports: all is committed, or there are failures.
const SUCCESS: u16 = 1;
const FAILURES: u16 = 2;

/// An object by class and UID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    /// Its SOP class.
    pub class: String,
    /// Its SOP instance UID.
    pub uid: String,
}

impl From<&Object> for Instance {
    fn from(object: &Object) -> Self {
        Instance { class: object.class().to_owned(), uid: object.uid().to_owned() }
    }
}

/// An object that the archive does not answer for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its SOP instance UID.
    pub uid: String,
    /// Why, by the standard's number; none where the archive said nothing of it.
    pub reason: Option<u16>,
}

/// What an archive reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The Transaction UID of the request.
    pub transaction: String,
    /// UIDs of objects that it answers for.
    pub committed: BTreeSet<String>,
    /// Those that it does not answer for.
    pub failed: Vec<Failure>,
}

/// How a request went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commitment {
    /// The archive answers for every object asked for: they may be deleted here.
    Committed,
    /// For some it does not; these have to be sent again.
    Failed(Vec<Failure>),
    /// It took the request and has not reported yet. [`Listener::next`](super::Listener::next) may bring the report; else
    /// the request is to be made again under another Transaction UID.
    Pending,
}

impl Report {
    /// What it says of the objects asked for. Whatever it does not say is committed, is not.
    pub fn about(&self, instances: &[Instance]) -> Commitment {
        let missing = instances.iter().filter(|instance| {
            !self.committed.contains(&instance.uid) || self.failed.iter().any(|failure| failure.uid == instance.uid)
        });
        let failures: Vec<Failure> = missing
            .map(|instance| {
                let told = self.failed.iter().find(|failure| failure.uid == instance.uid);
                Failure { uid: instance.uid.clone(), reason: told.and_then(|failure| failure.reason) }
            })
            .collect();
        if failures.is_empty() { Commitment::Committed } else { Commitment::Failed(failures) }
    }
}

/// Asks an archive to answer for objects, and waits for its report: for `here` on the same association, then for `elsewhere`
/// on the listener, where there is one. `transaction` comes from [`transaction`](super::super::transaction) and is not to
/// be used twice.
///
/// # Errors
/// When the archive cannot be asked or refuses. A report that does not come is no error.
pub fn commit(
    peer: &Peer,
    instances: &[Instance],
    transaction: &str,
    here: Duration,
    elsewhere: Option<(&Listener, Duration)>,
) -> Result<Commitment, NetError> {
    if instances.is_empty() {
        return Ok(Commitment::Committed);
    }
    let mut association = Association::request(peer, &[Proposal { class: CLASS, syntaxes: PLAIN }])?;
    let asked = association.context(CLASS, PLAIN).and_then(|context| {
        ask(&mut association, &context, instances, transaction)?;
        wait(&mut association, &context, transaction, here, peer)
    });
    let report = match asked {
        Ok(Waited::Report(report)) => association.finish(Ok(Some(report)))?,
        Ok(Waited::TimeIsUp) => association.finish(Ok(None))?,
        // The archive has ended the association, and will come back on another one.
        Ok(Waited::Released) => None,
        Err(error) => association.finish(Err(error))?,
    };
    let report = match (report, elsewhere) {
        (Some(report), _) => Some(report),
        (None, Some((listener, within))) => await_elsewhere(listener, transaction, within)?,
        (None, None) => None,
    };
    Ok(report.map_or(Commitment::Pending, |report| report.about(instances)))
}

fn ask(
    association: &mut Association,
    context: &Context,
    instances: &[Instance],
    transaction: &str,
) -> Result<(), NetError> {
    let items: Vec<InMemDicomObject> = instances
        .iter()
        .map(|Instance { class, uid }| {
            InMemDicomObject::from_element_iter([
                DataElement::new(tags::REFERENCED_SOP_CLASS_UID, VR::UI, PrimitiveValue::from(class.as_str())),
                DataElement::new(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, PrimitiveValue::from(uid.as_str())),
            ])
        })
        .collect();
    let request = InMemDicomObject::from_element_iter([
        DataElement::new(tags::TRANSACTION_UID, VR::UI, PrimitiveValue::from(transaction)),
        DataElement::new(tags::REFERENCED_SOP_SEQUENCE, VR::SQ, DataSetSequence::from(items)),
    ]);
    let data = object::write(&request, &context.syntax)?;
    let command = Command::new(N_ACTION, true)
        .uid(tags::REQUESTED_SOP_CLASS_UID, CLASS)
        .uid(tags::REQUESTED_SOP_INSTANCE_UID, WELL_KNOWN)
        .number(tags::ACTION_TYPE_ID, REQUEST_COMMITMENT);
    let asked = association.ask(context.id, command, Some(&data), Step::Commit)?;
    let (status, _) = association.answer(asked)?;
    if status.is_success() || status.is_warning() {
        Ok(())
    } else {
        Err(NetError::Failed { step: Step::Commit, status })
    }
}

/// How waiting on the same association ended.
enum Waited {
    Report(Report),
    Released,
    TimeIsUp,
}

fn wait(
    association: &mut Association,
    context: &Context,
    transaction: &str,
    within: Duration,
    peer: &Peer,
) -> Result<Waited, NetError> {
    let deadline = Instant::now() + within;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Waited::TimeIsUp);
        }
        let wire = association.wire();
        match wire.receive(Step::Commit, left) {
            Ok(Incoming::Message(message)) => {
                let report = read(&message, &context.syntax)?;
                let done = Command::done(&message.command);
                wire.send(message.context, &done, None, Step::Commit, peer.times.answer)?;
                if report.transaction == transaction {
                    return Ok(Waited::Report(report));
                }
            }
            Ok(Incoming::Release) => {
                wire.send_pdu(&dicom_ul::Pdu::ReleaseRP, Step::Release, peer.times.release)?;
                return Ok(Waited::Released);
            }
            Err(NetError::TimedOut { .. }) => return Ok(Waited::TimeIsUp),
            // The request was taken; a peer that hangs up now may report on another association.
            Err(NetError::Closed { .. } | NetError::Aborted { .. }) => return Ok(Waited::Released),
            Err(error) => return Err(error),
        }
    }
}

fn await_elsewhere(listener: &Listener, transaction: &str, within: Duration) -> Result<Option<Report>, NetError> {
    let deadline = Instant::now() + within;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match listener.next(left)? {
            Some(report) if report.transaction == transaction => return Ok(Some(report)),
            // A late answer to an earlier request.
            Some(_) => {}
            None => return Ok(None),
        }
    }
}

/// Reads a report out of an N-EVENT-REPORT.
pub(super) fn read(message: &Message, syntax: &str) -> Result<Report, NetError> {
    let malformed = |fact: String| NetError::Malformed { step: Step::Commit, fact };
    let field = message.command.field();
    if field != N_EVENT_REPORT {
        return Err(malformed(format!("command {field:#06x}, expected {N_EVENT_REPORT:#06x}")));
    }
    let kind = message.command.get(tags::EVENT_TYPE_ID).unwrap_or_default();
    if ![SUCCESS, FAILURES].contains(&kind) {
        return Err(malformed(format!("event type {kind}, expected 1 or 2")));
    }
    let data = message.data.as_deref().ok_or_else(|| malformed("a report without a data set".to_owned()))?;
    let data = object::read(data, syntax).map_err(|error| malformed(error.to_string()))?;
    let transaction = text(&data, tags::TRANSACTION_UID).ok_or_else(|| malformed("no Transaction UID".to_owned()))?;
    let uids_of = |sequence| {
        items(&data, sequence).iter().filter_map(|item| Some((text(item, tags::REFERENCED_SOP_INSTANCE_UID)?, item)))
    };
    let committed = uids_of(tags::REFERENCED_SOP_SEQUENCE).map(|(uid, _)| uid).collect();
    let failed = uids_of(tags::FAILED_SOP_SEQUENCE).map(|(uid, item)| {
        let reason = item.get(tags::FAILURE_REASON).and_then(|element| element.to_int().ok());
        Failure { uid, reason }
    });
    Ok(Report { transaction, committed, failed: failed.collect() })
}

fn items(data: &InMemDicomObject, sequence: dicom_core::Tag) -> &[InMemDicomObject] {
    data.get(sequence).and_then(|element| element.items()).unwrap_or_default()
}

fn text(data: &InMemDicomObject, tag: dicom_core::Tag) -> Option<String> {
    let text = data.get(tag)?.to_str().ok()?.trim_matches([' ', '\0']).to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_report_says_is_committed_is() {
        let instance = |uid: &str| Instance { class: "1.2".to_owned(), uid: uid.to_owned() };
        let [a, b] = [instance("1.1"), instance("1.2")];
        let failure = |uid: &str, reason| Failure { uid: uid.to_owned(), reason };
        let report = |committed: &[&str], failed| Report {
            transaction: "1.9".to_owned(),
            committed: committed.iter().map(|&uid| uid.to_owned()).collect(),
            failed,
        };
        let all = [a.clone(), b.clone()];
        assert_eq!(report(&["1.1", "1.2", "1.3"], vec![]).about(&all), Commitment::Committed);
        assert_eq!(report(&["1.1"], vec![]).about(&all), Commitment::Failed(vec![failure("1.2", None)]));
        assert_eq!(report(&[], vec![]).about(&[a]), Commitment::Failed(vec![failure("1.1", None)]));
        let contradicts = report(&["1.1", "1.2"], vec![failure("1.2", Some(0x0112))]);
        assert_eq!(contradicts.about(&[b]), Commitment::Failed(vec![failure("1.2", Some(0x0112))]));
    }
}
