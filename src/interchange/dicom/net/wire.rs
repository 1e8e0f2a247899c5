//! PDUs and messages on a stream (PS3.8, 9.3). Whoever speaks first, both sides do it like this.
//!
//! Not here: agreeing on an association ([`association`](super::association), [`listener`](super::listener)).

use std::{
    collections::VecDeque,
    io::{Read, Write},
    time::Duration,
};

use dicom_ul::pdu::{
    AbortRQServiceProviderReason, AbortRQSource, MINIMUM_PDU_SIZE, PDU_HEADER_SIZE, PDV_HEADER_SIZE, PDataValue,
    PDataValueType, Pdu, read_pdu, write_pdu,
};

use super::{
    command::Command,
    error::{NetError, Step},
    stream::{self, Stream},
};

/// Bytes of a PDU that we take, as the association is told.
pub(super) const PDU_LENGTH_MAX: u32 = 128 * 1024;
/// Bytes of a PDU that we send, whatever more the peer would take.
const SENT_LENGTH_MAX: u32 = 1024 * 1024;
/// Bytes of a command set that we take.
const COMMAND_LENGTH_MAX: usize = 64 * 1024;
/// Bytes of a data set that we take: answers to queries and commitments, no images.
const DATA_LENGTH_MAX: usize = 16 * 1024 * 1024;
/// PDUs have types from 1 to 7; records of TLS begin with these.
const PDU_TYPES: std::ops::RangeInclusive<u8> = 1..=7;
const TLS_RECORDS: std::ops::RangeInclusive<u8> = 0x14..=0x17;

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    /// The presentation context it came on.
    pub(super) context: u8,
    /// What is asked or answered.
    pub(super) command: Command,
    /// The data set with it, as it was encoded.
    pub(super) data: Option<Vec<u8>>,
}

/// What comes next from the other side.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A message.
    Message(Message),
    /// It wants to release the association.
    Release,
}

/// A stream with PDUs on it.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    /// Bytes of a PDU that the other side takes.
    peer_max: u32,
    /// Values that came in one PDU with those of an earlier message.
    pending: VecDeque<PDataValue>,
}

impl Wire {
    pub(super) fn new(stream: Stream) -> Self {
        Wire { stream, peer_max: PDU_LENGTH_MAX, pending: VecDeque::new() }
    }

    /// The other side takes PDUs of so many bytes; 0 says that it does not mind.
    pub(super) fn set_peer_max(&mut self, bytes: u32) {
        self.peer_max = if bytes == 0 { SENT_LENGTH_MAX } else { bytes.clamp(MINIMUM_PDU_SIZE, SENT_LENGTH_MAX) };
    }

    pub(super) fn send_pdu(&mut self, pdu: &Pdu, step: Step, within: Duration) -> Result<(), NetError> {
        let mut bytes = Vec::new();
        write_pdu(&mut bytes, pdu).map_err(|error| NetError::Unwritable { reason: error.to_string() })?;
        self.stream.within(within);
        self.write(&bytes, step, within)
    }

    /// Sends a message, in as many PDUs as it takes; all within one time.
    pub(super) fn send(
        &mut self,
        context: u8,
        command: &Command,
        data: Option<&[u8]>,
        step: Step,
        within: Duration,
    ) -> Result<(), NetError> {
        let command = command.encoded()?;
        self.stream.within(within);
        self.send_values(context, &PDataValueType::Command, &command, step, within)?;
        if let Some(data) = data {
            self.send_values(context, &PDataValueType::Data, data, step, within)?;
        }
        Ok(())
    }

    fn send_values(
        &mut self,
        context: u8,
        kind: &PDataValueType,
        data: &[u8],
        step: Step,
        within: Duration,
    ) -> Result<(), NetError> {
        let piece = (self.peer_max - PDV_HEADER_SIZE) as usize & !1;
        let count = data.len().div_ceil(piece).max(1);
        for number in 0..count {
            let piece = data.get(number * piece..).unwrap_or_default();
            let piece = &piece[..piece.len().min((self.peer_max - PDV_HEADER_SIZE) as usize & !1)];
            let value = PDataValue {
                presentation_context_id: context,
                value_type: kind.clone(),
                is_last: number + 1 == count,
                data: piece.to_vec(),
            };
            let mut bytes = Vec::with_capacity(piece.len() + (PDU_HEADER_SIZE + PDV_HEADER_SIZE) as usize);
            write_pdu(&mut bytes, &Pdu::PData { data: vec![value] })
                .map_err(|error| NetError::Unwritable { reason: error.to_string() })?;
            self.write(&bytes, step, within)?;
        }
        Ok(())
    }

    /// Writes; where the peer has hung up, what it said before is the better reason.
    fn write(&mut self, bytes: &[u8], step: Step, within: Duration) -> Result<(), NetError> {
        let written = self.stream.write_all(bytes).and_then(|()| self.stream.flush());
        let error = match written {
            Ok(()) => return Ok(()),
            Err(error) => stream::failed(error, step, within),
        };
        match error {
            NetError::Closed { .. } => match self.next_pdu(step, within) {
                Ok(Pdu::AbortRQ { source }) => Err(aborted(&source, step)),
                Ok(_) | Err(_) => Err(error),
            },
            other => Err(other),
        }
    }

    /// The next PDU, within a time.
    pub(super) fn receive_pdu(&mut self, step: Step, within: Duration) -> Result<Pdu, NetError> {
        self.stream.within(within);
        self.next_pdu(step, within)
    }

    fn next_pdu(&mut self, step: Step, within: Duration) -> Result<Pdu, NetError> {
        let mut bytes = vec![0; PDU_HEADER_SIZE as usize];
        let mut read =
            |into: &mut [u8]| self.stream.read_exact(into).map_err(|error| stream::failed(error, step, within));
        // The first byte alone already tells whether this is DICOM at all; a peer that is none may say little more.
        read(&mut bytes[..1])?;
        match bytes[0] {
            kind if PDU_TYPES.contains(&kind) => {}
            kind if TLS_RECORDS.contains(&kind) => return Err(NetError::SpeaksTls),
            byte => return Err(NetError::NotDicom { step, byte }),
        }
        read(&mut bytes[1..])?;
        let length = u32::from_be_bytes([bytes[2], bytes[3], bytes[4], bytes[5]]);
        if length > PDU_LENGTH_MAX {
            let fact = format!("a PDU of {length} bytes, expected at most {PDU_LENGTH_MAX}");
            return Err(NetError::Malformed { step, fact });
        }
        let header = bytes.len();
        bytes.resize(header + length as usize, 0);
        read(&mut bytes[header..])?;
        match read_pdu(bytes.as_slice(), PDU_LENGTH_MAX, true) {
            Ok(Some(pdu)) => Ok(pdu),
            Ok(None) => Err(NetError::Malformed { step, fact: format!("a PDU of type {} is cut off", bytes[0]) }),
            Err(error) => Err(NetError::Malformed { step, fact: format!("a PDU of type {}: {error}", bytes[0]) }),
        }
    }

    /// The next message, within a time for the whole of it.
    pub(super) fn receive(&mut self, step: Step, within: Duration) -> Result<Incoming, NetError> {
        self.stream.within(within);
        let mut context = None;
        let mut bytes = Vec::new();
        let mut command: Option<Command> = None;
        loop {
            let Some(value) = self.pending.pop_front() else {
                match self.next_pdu(step, within)? {
                    Pdu::PData { data } => self.pending.extend(data),
                    Pdu::ReleaseRQ => return Ok(Incoming::Release),
                    Pdu::AbortRQ { source } => return Err(aborted(&source, step)),
                    other => return Err(unexpected(&other, step)),
                }
                continue;
            };
            let malformed = |fact: &str| Err(NetError::Malformed { step, fact: fact.to_owned() });
            let context = *context.get_or_insert(value.presentation_context_id);
            if context != value.presentation_context_id {
                return malformed("a message on two presentation contexts");
            }
            let limit = match (&value.value_type, &command) {
                (PDataValueType::Command, None) => COMMAND_LENGTH_MAX,
                (PDataValueType::Data, Some(_)) => DATA_LENGTH_MAX,
                (PDataValueType::Command, Some(_)) => return malformed("a command where its data set is due"),
                (PDataValueType::Data, None) => return malformed("a data set without a command"),
            };
            bytes.extend_from_slice(&value.data);
            if bytes.len() > limit {
                return malformed("a message that is too long");
            }
            if !value.is_last {
                continue;
            }
            let whole = std::mem::take(&mut bytes);
            let (command_set, data) = match command.take() {
                None => (Command::decoded(&whole, step)?, None),
                Some(command) => (command, Some(whole)),
            };
            if command_set.has_data() && data.is_none() {
                command = Some(command_set);
                continue;
            }
            return Ok(Incoming::Message(Message { context, command: command_set, data }));
        }
    }

    /// Breaks off, as far as the connection still works.
    pub(super) fn abort(mut self, within: Duration) {
        let source = AbortRQSource::ServiceProvider(AbortRQServiceProviderReason::ReasonNotSpecified);
        // Nothing can be done about a connection that does not take even this.
        let _ = self.send_pdu(&Pdu::AbortRQ { source }, Step::Release, within);
        self.stream.close();
    }

    /// Ends the connection.
    pub(super) fn close(mut self) {
        self.stream.close();
    }
}

/// The peer aborted.
pub(super) fn aborted(source: &AbortRQSource, step: Step) -> NetError {
    let by = match source {
        AbortRQSource::ServiceUser => "its application".to_owned(),
        AbortRQSource::ServiceProvider(reason) => format!("its protocol layer: {reason}"),
        AbortRQSource::Reserved => "source unknown".to_owned(),
    };
    NetError::Aborted { step, by }
}

/// A PDU came that has no place here.
pub(super) fn unexpected(pdu: &Pdu, step: Step) -> NetError {
    let kind = match pdu {
        Pdu::Unknown { .. } => "an unknown PDU",
        Pdu::AssociationRQ(_) => "an association request",
        Pdu::AssociationAC(_) => "an acceptance",
        Pdu::AssociationRJ(_) => "a rejection",
        Pdu::PData { .. } => "data",
        Pdu::ReleaseRQ => "a release request",
        Pdu::ReleaseRP => "a release answer",
        Pdu::AbortRQ { .. } => "an abort",
    };
    NetError::Malformed { step, fact: format!("{kind} that has no place there") }
}
