//! How an association can go wrong, and what somebody can do about it.
//!
//! No message names the patient, and none repeats what the peer said in free text.

use std::{fmt, time::Duration};

use super::status::Status;
use crate::interchange::dicom::object::ObjectError;

/// A step of an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The connection of TCP.
    Connect,
    /// The handshake of TLS.
    Secure,
    /// Agreeing on what may be sent.
    Associate,
    /// C-ECHO.
    Echo,
    /// C-FIND in the worklist.
    Find,
    /// C-STORE.
    Store,
    /// N-ACTION that asks for storage commitment.
    Commit,
    /// Waiting for connections of a peer.
    Listen,
    /// The end.
    Release,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Connect => "connecting",
            Step::Secure => "the TLS handshake",
            Step::Associate => "the association request",
            Step::Echo => "C-ECHO",
            Step::Find => "C-FIND",
            Step::Store => "C-STORE",
            Step::Commit => "N-ACTION",
            Step::Listen => "listening",
            Step::Release => "the release",
        })
    }
}

/// Why a peer refuses an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// It does not go by that name.
    CalledAe,
    /// It does not know us.
    CallingAe,
    /// It has too much to do.
    Busy,
    /// It speaks another version of the protocol or application context.
    Protocol,
    /// It gives no reason, or one that the standard does not know.
    NoReason,
}

impl Rejection {
    fn said(self) -> &'static str {
        match self {
            Rejection::CalledAe => "called AE title not recognised: check the peer's AE title in the configuration",
            Rejection::CallingAe => {
                "calling AE title not recognised: let the peer's administrator add this device's AE title and address"
            }
            Rejection::Busy => "busy: too many associations at the peer; it is tried again",
            Rejection::Protocol => "another protocol: check that the port is that of a DICOM service",
            Rejection::NoReason => "no reason given: see the peer's log; often this device is not in its list",
        }
    }
}

/// Why a peer refuses a presentation context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContextRefusal {
    /// It does not do that.
    Class,
    /// It does, but in other transfer syntaxes.
    TransferSyntax,
    /// It does not want to, or does not say why.
    Other,
    /// It said nothing of it.
    Unanswered,
}

impl ContextRefusal {
    fn said(self) -> &'static str {
        match self {
            ContextRefusal::Class => "the SOP class is not supported",
            ContextRefusal::TransferSyntax => "none of the transfer syntaxes is supported",
            ContextRefusal::Other => "no reason given",
            ContextRefusal::Unanswered => "no answer to it",
        }
    }
}

/// Whether trying again by itself can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// It may pass.
    Later,
    /// Somebody has to do something first.
    Person,
}

/// How an association went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// The host's name has no address.
    #[error("no address for the host {host:?}: check its name in the configuration, and the network's name server")]
    NoHost {
        /// The name.
        host: String,
    },
    /// Nothing listens there.
    #[error("{address} refuses connections: check the port, and whether the peer's DICOM service runs")]
    Refused {
        /// Address and port.
        address: String,
    },
    /// There is no way there.
    #[error("{address} cannot be reached ({reason}): check the network and firewalls between this device and the peer")]
    Unreachable {
        /// Address and port.
        address: String,
        /// The system's reason.
        reason: String,
    },
    /// A step took too long.
    #[error("no answer within {} s to {step}: check firewalls, and how busy the peer is", .after.as_secs_f32())]
    TimedOut {
        /// Which.
        step: Step,
        /// How long it may take.
        after: Duration,
    },
    /// TLS failed.
    #[error("TLS failed ({reason}): check that the port speaks TLS, and both sides' certificates and clocks")]
    Tls {
        /// The library's reason.
        reason: String,
    },
    /// The peer speaks TLS and we do not.
    #[error("the peer speaks TLS on this port: switch TLS on for it in the configuration, or use its plain port")]
    SpeaksTls,
    /// What came is not DICOM.
    #[error(
        "what came in answer to {step} is not DICOM (first byte {byte:#04x}): check that the port is that of a DICOM service"
    )]
    NotDicom {
        /// Which step.
        step: Step,
        /// The byte.
        byte: u8,
    },
    /// The association was refused.
    #[error("the peer refuses the association, {}", .reason.said())]
    Rejected {
        /// Why.
        reason: Rejection,
        /// Whether the peer says that this will not change by itself.
        permanent: bool,
    },
    /// What is to be done was not agreed on.
    #[error("the peer does not accept {class}, {}: let its administrator switch it on for this device", .reason.said())]
    NotAccepted {
        /// The SOP class by name.
        class: &'static str,
        /// Why.
        reason: ContextRefusal,
    },
    /// The peer broke the association off.
    #[error("the peer aborted during {step} ({by}): see the peer's log")]
    Aborted {
        /// Which step.
        step: Step,
        /// Who of the peer, and why.
        by: String,
    },
    /// The connection ended.
    #[error(
        "the peer closed the connection during {step}: see its log; often this device is not in its list, or a firewall cuts in"
    )]
    Closed {
        /// Which step.
        step: Step,
    },
    /// The peer ended the association although it owes an answer.
    #[error("the peer released the association instead of answering {step}: see the peer's log")]
    Released {
        /// Which step.
        step: Step,
    },
    /// The peer broke the rules.
    #[error("the answer to {step} breaks the rules of DICOM ({fact}): report it to the peer's maker")]
    Malformed {
        /// Which step.
        step: Step,
        /// How.
        fact: String,
    },
    /// The peer did not do it.
    #[error("the peer answers {step} with status {status}: {}", .status.advice())]
    Failed {
        /// Which step.
        step: Step,
        /// What it answered.
        status: Status,
    },
    /// Something of ours cannot be written as the peer wants it.
    #[error("{reason}")]
    Unwritable {
        /// Why.
        reason: String,
    },
    /// The port to listen on is not to be had.
    #[error("cannot listen on {address} ({reason}): choose another port, or stop what uses it")]
    Listen {
        /// Address and port.
        address: String,
        /// The system's reason.
        reason: String,
    },
}

impl NetError {
    /// Whether trying again by itself can help.
    pub fn remedy(&self) -> Remedy {
        match self {
            NetError::Refused { .. }
            | NetError::Unreachable { .. }
            | NetError::NoHost { .. }
            | NetError::TimedOut { .. }
            | NetError::Aborted { .. }
            | NetError::Closed { .. }
            | NetError::Released { .. } => Remedy::Later,
            NetError::Rejected { permanent, .. } if !permanent => Remedy::Later,
            NetError::Failed { status, .. } if status.may_pass() => Remedy::Later,
            NetError::Rejected { .. }
            | NetError::Failed { .. }
            | NetError::Tls { .. }
            | NetError::SpeaksTls
            | NetError::NotDicom { .. }
            | NetError::NotAccepted { .. }
            | NetError::Malformed { .. }
            | NetError::Unwritable { .. }
            | NetError::Listen { .. } => Remedy::Person,
        }
    }

    /// Whether the association is over with it; otherwise the next request may follow.
    pub(super) fn ends_association(&self) -> bool {
        !matches!(self, NetError::Failed { .. } | NetError::NotAccepted { .. } | NetError::Unwritable { .. })
    }
}

impl From<ObjectError> for NetError {
    fn from(error: ObjectError) -> Self {
        NetError::Unwritable { reason: error.to_string() }
    }
}
