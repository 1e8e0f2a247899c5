//! C-STORE: objects of a study on one association (PS3.4, B).
//!
//! A JPEG goes as it is where the peer takes it, and decoded where it does not: either when it does not agree on JPEG, or
//! when it agrees and then does not like the data set.
//!
//! Not here: which objects are still to be sent.

use dicom_dictionary_std::{tags, uids};

use super::{
    association::{Association, Context, PLAIN, Proposal},
    command::{C_STORE, Command},
    error::{NetError, Step},
    peer::Peer,
    status::Status,
};
use crate::interchange::dicom::Object;

/// JPEG alone: were it one of several syntaxes of a context, the peer would choose.
const JPEG: &[&str] = &[uids::JPEG_BASELINE8_BIT];

/// How one object fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The peer has it.
    Stored {
        /// Whether it went decoded although it is a JPEG.
        decoded: bool,
        /// What the peer remarked, where it did.
        warning: Option<Status>,
    },
    /// The peer had it before; storage commitment tells whether that is so.
    AlreadyThere,
    /// The peer does not have it.
    Failed(NetError),
    /// The association was over before its turn came.
    NotSent,
}

impl Delivery {
    /// Whether the peer has it now.
    pub fn is_there(&self) -> bool {
        matches!(self, Delivery::Stored { .. } | Delivery::AlreadyThere)
    }
}

/// An object and how it fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its SOP instance UID.
    pub uid: String,
    /// How it fared.
    pub delivery: Delivery,
}

/// How an association with objects went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Every object, in the order given.
    pub sent: Vec<Sent>,
    /// What ended it early; none where every object had its turn.
    pub broke: Option<NetError>,
}

impl Transfer {
    /// Whether the peer has all of them now.
    pub fn is_complete(&self) -> bool {
        self.sent.iter().all(|sent| sent.delivery.is_there())
    }
}

/// Sends objects, on one association, in the order given.
pub fn store(peer: &Peer, objects: &[Object]) -> Transfer {
    let sent = objects.iter().map(|object| Sent { uid: object.uid().to_owned(), delivery: Delivery::NotSent });
    let mut transfer = Transfer { sent: sent.collect(), broke: None };
    let proposals = proposals(objects);
    if proposals.is_empty() {
        return transfer;
    }
    let mut association = match Association::request(peer, &proposals) {
        Ok(association) => association,
        Err(error) => return Transfer { broke: Some(error), ..transfer },
    };
    for (object, sent) in objects.iter().zip(&mut transfer.sent) {
        match send(&mut association, object) {
            Ok(delivery) => sent.delivery = delivery,
            Err(error) if error.ends_association() => {
                sent.delivery = Delivery::Failed(error.clone());
                transfer.broke = Some(error);
                break;
            }
            Err(error) => sent.delivery = Delivery::Failed(error),
        }
    }
    let ended = transfer.broke.clone().map_or(Ok(()), Err);
    // What ended it is in the transfer already.
    let _ = association.finish(ended);
    transfer
}

/// What the objects need, each class once in each of its forms.
fn proposals(objects: &[Object]) -> Vec<Proposal<'_>> {
    let mut proposals: Vec<Proposal<'_>> = Vec::new();
    for object in objects {
        let class = object.class();
        let jpeg = object.is_jpeg().then_some(Proposal { class, syntaxes: JPEG });
        for proposal in jpeg.into_iter().chain([Proposal { class, syntaxes: PLAIN }]) {
            if !proposals.contains(&proposal) {
                proposals.push(proposal);
            }
        }
    }
    proposals
}

fn send(association: &mut Association, object: &Object) -> Result<Delivery, NetError> {
    let as_it_is = if object.is_jpeg() { association.context(object.class(), JPEG).ok() } else { None };
    let plain = association.context(object.class(), PLAIN);
    let Some(context) = as_it_is else { return send_as(association, object, &plain?) };
    match send_as(association, object, &context) {
        Err(NetError::Failed { status, .. }) if status.is_about_data() && plain.is_ok() => {
            send_as(association, object, &plain?)
        }
        sent => sent,
    }
}

fn send_as(association: &mut Association, object: &Object, context: &Context) -> Result<Delivery, NetError> {
    let data = object.encoded(&context.syntax)?;
    let command = Command::new(C_STORE, true)
        .with_priority()
        .uid(tags::AFFECTED_SOP_CLASS_UID, object.class())
        .uid(tags::AFFECTED_SOP_INSTANCE_UID, object.uid());
    let asked = association.ask(context.id, command, Some(&data), Step::Store)?;
    let (status, answer) = association.answer(asked)?;
    // The peer may leave the UID out; where it tells one, it has to be the object's.
    if answer.command.text(tags::AFFECTED_SOP_INSTANCE_UID).is_some_and(|uid| uid != object.uid()) {
        return Err(NetError::Malformed { step: Step::Store, fact: "the answer names another object".to_owned() });
    }
    let decoded = object.is_jpeg() && context.syntax != uids::JPEG_BASELINE8_BIT;
    match status {
        status if status.is_success() => Ok(Delivery::Stored { decoded, warning: None }),
        status if status.is_warning() => Ok(Delivery::Stored { decoded, warning: Some(status) }),
        status if status.is_duplicate() => Ok(Delivery::AlreadyThere),
        status => Err(NetError::Failed { step: Step::Store, status }),
    }
}
