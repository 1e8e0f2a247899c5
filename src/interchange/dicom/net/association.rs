//! An association that we ask for (PS3.8, 7.1): what is agreed on, requests with their answers, and a proper end.
//!
//! Not here: associations that others ask us for ([`listener`](super::listener)).

use dicom_dictionary_std::{tags, uids};
use dicom_ul::pdu::{
    AssociationAC, AssociationRJ, AssociationRJResult, AssociationRJServiceProviderASCEReason,
    AssociationRJServiceProviderPresentationReason, AssociationRJServiceUserReason, AssociationRJSource, AssociationRQ,
    Pdu, PresentationContextProposed, PresentationContextResultReason, UserVariableItem,
};

use super::{
    command::{ANSWER, Command},
    error::{ContextRefusal, NetError, Rejection, Step},
    peer::{Peer, Times},
    status::Status,
    stream::Stream,
    wire::{self, Incoming, Message, PDU_LENGTH_MAX, Wire},
};
use crate::interchange::dicom::uid::{IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION};

/// The version of the protocol.
pub(super) const PROTOCOL: u16 = 1;

/// Both little endian syntaxes, the better one first: all that is needed for what has no compressed pixels.
pub(super) const PLAIN: &[&str] = &[uids::EXPLICIT_VR_LITTLE_ENDIAN, uids::IMPLICIT_VR_LITTLE_ENDIAN];

/// What we would like to do: a class in one of several transfer syntaxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Proposal<'a> {
    pub(super) class: &'a str,
    pub(super) syntaxes: &'a [&'a str],
}

/// What was agreed on: a class in one transfer syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Context {
    pub(super) id: u8,
    pub(super) class: String,
    pub(super) syntax: String,
}

/// An association, from its acceptance to its end.
#[derive(Debug)]
pub(super) struct Association {
    wire: Wire,
    accepted: Vec<Context>,
    refused: Vec<(String, ContextRefusal)>,
    times: Times,
    message_id: u16,
}

impl Association {
    /// Asks a peer for one.
    pub(super) fn request(peer: &Peer, proposals: &[Proposal<'_>]) -> Result<Self, NetError> {
        let mut wire = Wire::new(Stream::connect(peer)?);
        let ids = (1_u8..).step_by(2);
        let contexts: Vec<PresentationContextProposed> = ids
            .zip(proposals)
            .map(|(id, proposal)| PresentationContextProposed {
                id,
                abstract_syntax: proposal.class.to_owned(),
                transfer_syntaxes: proposal.syntaxes.iter().map(|&syntax| syntax.to_owned()).collect(),
            })
            .collect();
        let request = AssociationRQ {
            protocol_version: PROTOCOL,
            calling_ae_title: peer.calling.to_string(),
            called_ae_title: peer.called.to_string(),
            application_context_name: uids::DICOM_APPLICATION_CONTEXT.to_owned(),
            presentation_contexts: contexts.clone(),
            user_variables: user_variables(),
        };
        let times = peer.times;
        wire.send_pdu(&Pdu::AssociationRQ(request), Step::Associate, times.answer)?;
        match wire.receive_pdu(Step::Associate, times.answer)? {
            Pdu::AssociationAC(answer) => {
                wire.set_peer_max(max_length(&answer.user_variables));
                let (accepted, refused) = agreed(&contexts, &answer);
                Ok(Association { wire, accepted, refused, times, message_id: 0 })
            }
            Pdu::AssociationRJ(rejection) => {
                wire.close();
                Err(rejected(&rejection))
            }
            Pdu::AbortRQ { source } => Err(wire::aborted(&source, Step::Associate)),
            other => {
                let error = wire::unexpected(&other, Step::Associate);
                wire.abort(times.release);
                Err(error)
            }
        }
    }

    /// The context for a class in one of some transfer syntaxes.
    pub(super) fn context(&self, class: &str, syntaxes: &[&str]) -> Result<Context, NetError> {
        let found = self.accepted.iter().find(|c| c.class == class && syntaxes.contains(&c.syntax.as_str()));
        found.cloned().ok_or_else(|| {
            // Of several refusals of a class the last one is of the syntaxes that everybody has.
            let refusal = self.refused.iter().rev().find(|(refused, _)| refused == class);
            let reason = refusal.map_or(ContextRefusal::Unanswered, |&(_, reason)| reason);
            NetError::NotAccepted { class: name(class), reason }
        })
    }

    /// Sends a request; the number that its answers name is given back.
    pub(super) fn ask(
        &mut self,
        context: u8,
        command: Command,
        data: Option<&[u8]>,
        step: Step,
    ) -> Result<Asked, NetError> {
        self.message_id = self.message_id.wrapping_add(1).max(1);
        let command = command.number(tags::MESSAGE_ID, self.message_id);
        self.wire.send(context, &command, data, step, self.times.send)?;
        Ok(Asked { id: self.message_id, field: command.field(), step })
    }

    /// The next answer to a request, with its status.
    pub(super) fn answer(&mut self, asked: Asked) -> Result<(Status, Message), NetError> {
        let Asked { id, field, step } = asked;
        let message = match self.wire.receive(step, self.times.answer)? {
            Incoming::Message(message) => message,
            Incoming::Release => {
                // It is owed an answer even so.
                self.wire.send_pdu(&Pdu::ReleaseRP, step, self.times.release)?;
                return Err(NetError::Released { step });
            }
        };
        let malformed = |fact: String| Err(NetError::Malformed { step, fact });
        let found = message.command.field();
        if found != field | ANSWER {
            return malformed(format!("command {found:#06x}, expected {:#06x}", field | ANSWER));
        }
        match message.command.get(tags::MESSAGE_ID_BEING_RESPONDED_TO) {
            Some(found) if found == id => {}
            found => return malformed(format!("the answer is to message {found:?}, expected {id}")),
        }
        match message.command.status() {
            Some(status) => Ok((status, message)),
            None => malformed("no status".to_owned()),
        }
    }

    /// The wire itself, for what is no answer to a request.
    pub(super) fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// Ends the association properly after a result, or breaks it off after an error that it does not survive.
    pub(super) fn finish<T>(self, result: Result<T, NetError>) -> Result<T, NetError> {
        match &result {
            Err(error) if error.ends_association() => self.abort(),
            Ok(_) | Err(_) => self.release(),
        }
        result
    }

    /// Releases the association. What was done before is done, however the end goes.
    pub(super) fn release(mut self) {
        let within = self.times.release;
        let answer = self
            .wire
            .send_pdu(&Pdu::ReleaseRQ, Step::Release, within)
            .and_then(|()| self.wire.receive_pdu(Step::Release, within));
        match answer {
            Ok(Pdu::ReleaseRP) => {}
            Ok(other) => log::info!("dicom: {}", wire::unexpected(&other, Step::Release)),
            Err(error) => log::info!("dicom: {error}"),
        }
        self.wire.close();
    }

    fn abort(self) {
        self.wire.abort(self.times.release);
    }
}

/// A request that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) id: u16,
    field: u16,
    step: Step,
}

/// What we tell of ourselves.
pub(super) fn user_variables() -> Vec<UserVariableItem> {
    vec![
        UserVariableItem::MaxLength(PDU_LENGTH_MAX),
        UserVariableItem::ImplementationClassUID(IMPLEMENTATION_CLASS.to_owned()),
        UserVariableItem::ImplementationVersionName(IMPLEMENTATION_VERSION.to_owned()),
    ]
}

/// Bytes of a PDU that the other side takes; 0 where it does not mind or does not say.
pub(super) fn max_length(variables: &[UserVariableItem]) -> u32 {
    let length = variables.iter().find_map(|item| match item {
        UserVariableItem::MaxLength(length) => Some(*length),
        _ => None,
    });
    length.unwrap_or_default()
}

/// Which of the proposed contexts an answer accepts, and why not the others.
fn agreed(
    proposed: &[PresentationContextProposed],
    answer: &AssociationAC,
) -> (Vec<Context>, Vec<(String, ContextRefusal)>) {
    let mut accepted = Vec::new();
    let mut refused = Vec::new();
    for context in proposed {
        let class = context.abstract_syntax.clone();
        let result = answer.presentation_contexts.iter().find(|result| result.id == context.id);
        let refusal = match result.map(|result| (&result.reason, result.transfer_syntax.trim_end_matches('\0'))) {
            // A syntax that was not offered is no agreement.
            Some((PresentationContextResultReason::Acceptance, syntax)) => {
                if context.transfer_syntaxes.iter().any(|offered| offered == syntax) {
                    accepted.push(Context { id: context.id, class, syntax: syntax.to_owned() });
                    continue;
                }
                ContextRefusal::TransferSyntax
            }
            Some((PresentationContextResultReason::AbstractSyntaxNotSupported, _)) => ContextRefusal::Class,
            Some((PresentationContextResultReason::TransferSyntaxesNotSupported, _)) => ContextRefusal::TransferSyntax,
            Some((PresentationContextResultReason::UserRejection | PresentationContextResultReason::NoReason, _)) => {
                ContextRefusal::Other
            }
            None => ContextRefusal::Unanswered,
        };
        refused.push((class, refusal));
    }
    (accepted, refused)
}

fn rejected(rejection: &AssociationRJ) -> NetError {
    let reason = match &rejection.source {
        AssociationRJSource::ServiceUser(reason) => match reason {
            AssociationRJServiceUserReason::CalledAETitleNotRecognized => Rejection::CalledAe,
            AssociationRJServiceUserReason::CallingAETitleNotRecognized => Rejection::CallingAe,
            AssociationRJServiceUserReason::ApplicationContextNameNotSupported => Rejection::Protocol,
            AssociationRJServiceUserReason::NoReasonGiven | AssociationRJServiceUserReason::Reserved(_) => {
                Rejection::NoReason
            }
        },
        AssociationRJSource::ServiceProviderASCE(reason) => match reason {
            AssociationRJServiceProviderASCEReason::ProtocolVersionNotSupported => Rejection::Protocol,
            AssociationRJServiceProviderASCEReason::NoReasonGiven => Rejection::NoReason,
        },
        AssociationRJSource::ServiceProviderPresentation(reason) => match reason {
            AssociationRJServiceProviderPresentationReason::TemporaryCongestion
            | AssociationRJServiceProviderPresentationReason::LocalLimitExceeded => Rejection::Busy,
            AssociationRJServiceProviderPresentationReason::Reserved(_) => Rejection::NoReason,
        },
    };
    NetError::Rejected { reason, permanent: rejection.result == AssociationRJResult::Permanent }
}

/// A class by its name, for people.
fn name(class: &str) -> &'static str {
    match class {
        uids::VERIFICATION => "Verification",
        uids::MODALITY_WORKLIST_INFORMATION_MODEL_FIND => "Modality Worklist",
        uids::STORAGE_COMMITMENT_PUSH_MODEL => "Storage Commitment",
        uids::OPHTHALMIC_PHOTOGRAPHY8_BIT_IMAGE_STORAGE => "Ophthalmic Photography 8 Bit Image Storage",
        uids::ENCAPSULATED_PDF_STORAGE => "Encapsulated PDF Storage",
        uids::ENHANCED_SR_STORAGE => "Enhanced SR Storage",
        _ => "an unknown SOP class",
    }
}
