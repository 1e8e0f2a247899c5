//! A port on which an archive may report storage commitments: it asks for the association, we answer (PS3.8, 7.1).
//!
//! C-ECHO is answered too, so that the archive's administrator can try the way back.
//!
//! Not here: taking objects from others.

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use dicom_dictionary_std::uids;
use dicom_ul::pdu::{
    AssociationAC, AssociationRJ, AssociationRJResult, AssociationRJServiceUserReason, AssociationRJSource,
    AssociationRQ, Pdu, PresentationContextResult, PresentationContextResultReason, RequestorRoles, UserVariableItem,
};

use super::{
    association::{self, PLAIN, PROTOCOL},
    command::{C_ECHO, Command},
    commitment::{self, Report},
    error::{NetError, Step},
    peer::{AeTitle, Times},
    stream::Stream,
    tls::TlsServer,
    wire::{self, Incoming, Wire},
};

/// How often the port is looked at.
const POLL: Duration = Duration::from_millis(20);
/// Requests on one association at most.
const REQUESTS_MAX: usize = 1000;

/// A port that reports may come to.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    title: AeTitle,
    times: Times,
    tls: Option<TlsServer>,
}

impl Listener {
    /// Listens on an address, under the AE title that archives know us by.
    ///
    /// # Errors
    /// When the port is not to be had.
    pub fn bind(address: SocketAddr, title: AeTitle, times: Times, tls: Option<TlsServer>) -> Result<Self, NetError> {
        let refused = |error: io::Error| NetError::Listen { address: address.to_string(), reason: error.to_string() };
        let tcp = TcpListener::bind(address).map_err(refused)?;
        tcp.set_nonblocking(true).map_err(refused)?;
        Ok(Listener { tcp, title, times, tls })
    }

    /// Where it listens; tells the port where 0 was asked for.
    pub fn address(&self) -> Option<SocketAddr> {
        self.tcp.local_addr().ok()
    }

    /// The next report that comes within a time, or none. Connections that bring none, or break the rules, are answered or
    /// cut off, and waiting goes on.
    ///
    /// # Errors
    /// When the port fails.
    pub fn next(&self, within: Duration) -> Result<Option<Report>, NetError> {
        let deadline = Instant::now() + within;
        loop {
            match self.tcp.accept() {
                Ok((tcp, from)) => match self.serve(tcp) {
                    Ok(Some(report)) => return Ok(Some(report)),
                    Ok(None) => {}
                    Err(error) => log::warn!("dicom: association asked for by {}: {error}", from.ip()),
                },
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if Instant::now() >= deadline {
                        return Ok(None);
                    }
                    thread::sleep(POLL);
                }
                // Somebody who hung up before we looked.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    let address = self.address().map(|address| address.to_string()).unwrap_or_default();
                    return Err(NetError::Listen { address, reason: error.to_string() });
                }
            }
        }
    }

    /// Answers one association to its end. The first report is what it gives back; an archive sends one on each.
    fn serve(&self, tcp: TcpStream) -> Result<Option<Report>, NetError> {
        let within = self.times.answer;
        let mut wire = Wire::new(Stream::accepted(tcp, self.tls.as_ref(), self.times.connect)?);
        let request = match wire.receive_pdu(Step::Listen, within)? {
            Pdu::AssociationRQ(request) => request,
            other => {
                let error = wire::unexpected(&other, Step::Listen);
                wire.abort(self.times.release);
                return Err(error);
            }
        };
        if request.called_ae_title.trim() != self.title.as_str() {
            let rejection = AssociationRJ {
                result: AssociationRJResult::Permanent,
                source: AssociationRJSource::ServiceUser(AssociationRJServiceUserReason::CalledAETitleNotRecognized),
            };
            wire.send_pdu(&Pdu::AssociationRJ(rejection), Step::Listen, within)?;
            wire.close();
            return Ok(None);
        }
        wire.set_peer_max(association::max_length(&request.user_variables));
        let answer = answer(&request);
        let syntaxes = answer.presentation_contexts.clone();
        wire.send_pdu(&Pdu::AssociationAC(answer), Step::Listen, within)?;
        let mut report = None;
        for _ in 0..REQUESTS_MAX {
            match self.answer_next(&mut wire, &syntaxes, &mut report) {
                Ok(true) => {}
                Ok(false) => {
                    wire.close();
                    return Ok(report);
                }
                // A report that came is a report, however the association ends.
                Err(error) if report.is_some() => {
                    log::info!("dicom: {error}");
                    wire.abort(self.times.release);
                    return Ok(report);
                }
                Err(error) => {
                    wire.abort(self.times.release);
                    return Err(error);
                }
            }
        }
        wire.abort(self.times.release);
        Ok(report)
    }

    /// Answers one request; false after the release.
    fn answer_next(
        &self,
        wire: &mut Wire,
        contexts: &[PresentationContextResult],
        report: &mut Option<Report>,
    ) -> Result<bool, NetError> {
        let message = match wire.receive(Step::Listen, self.times.answer)? {
            Incoming::Release => {
                wire.send_pdu(&Pdu::ReleaseRP, Step::Release, self.times.release)?;
                return Ok(false);
            }
            Incoming::Message(message) => message,
        };
        if message.command.field() != C_ECHO {
            let context = contexts.iter().find(|context| context.id == message.context);
            let syntax = context.map(|context| context.transfer_syntax.as_str()).unwrap_or_default();
            let read = commitment::read(&message, syntax)?;
            report.get_or_insert(read);
        }
        wire.send(message.context, &Command::done(&message.command), None, Step::Listen, self.times.answer)?;
        Ok(true)
    }
}

/// What we agree to of what is asked for: echo and storage commitment, in little endian, the peer being the provider.
fn answer(request: &AssociationRQ) -> AssociationAC {
    let contexts = request.presentation_contexts.iter().map(|context| {
        let known = [uids::VERIFICATION, commitment::CLASS].contains(&context.abstract_syntax.trim_end_matches('\0'));
        let offered = context.transfer_syntaxes.iter().map(|syntax| syntax.trim_end_matches('\0'));
        let syntax = offered.clone().find(|syntax| PLAIN.contains(syntax));
        let reason = match (known, syntax) {
            (true, Some(_)) => PresentationContextResultReason::Acceptance,
            (true, None) => PresentationContextResultReason::TransferSyntaxesNotSupported,
            (false, _) => PresentationContextResultReason::AbstractSyntaxNotSupported,
        };
        // Where nothing is agreed on, a syntax has to stand there all the same, and means nothing.
        let syntax = syntax.unwrap_or(uids::IMPLICIT_VR_LITTLE_ENDIAN);
        PresentationContextResult { id: context.id, reason, transfer_syntax: syntax.to_owned() }
    });
    let roles = request.user_variables.iter().filter_map(|item| match item {
        UserVariableItem::ScuScpRoleSelectionSubItem(class, roles)
            if class.trim_end_matches('\0') == commitment::CLASS =>
        {
            let roles = RequestorRoles { scu: false, scp: roles.scp };
            Some(UserVariableItem::ScuScpRoleSelectionSubItem(class.clone(), roles))
        }
        _ => None,
    });
    AssociationAC {
        protocol_version: PROTOCOL,
        calling_ae_title: request.calling_ae_title.clone(),
        called_ae_title: request.called_ae_title.clone(),
        application_context_name: uids::DICOM_APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: contexts.collect(),
        user_variables: association::user_variables().into_iter().chain(roles).collect(),
    }
}
