//! HL7 v2 over MLLP: one message, one answer, one connection.
//!
//! Not here: the message and the frame (`crate::interchange::hl7`).

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use super::{
    secure::Files,
    way::{SetUpError, Trouble},
};
use crate::{
    config,
    interchange::{
        Export,
        dicom::net::{AeTitle, NetError, Peer, Stream, Times},
        hl7::{
            self,
            mllp::{self, Answer, Answers, Verdict},
        },
    },
};

/// Its section in the configuration.
pub(super) const NAME: &str = "hl7";

/// The receiver.
#[derive(Debug)]
pub(super) struct Hl7 {
    /// The parts of a peer that every connection has; it is called nothing.
    peer: Peer,
    within: Duration,
}

impl Hl7 {
    /// As configured; none where there is none.
    pub(super) fn of(config: &config::Hl7) -> Result<Option<Self>, SetUpError> {
        if config.host.is_empty() {
            return Ok(None);
        }
        let within = Duration::from_secs(config.answer_seconds.into());
        let times = Times { connect: within, answer: within, send: within, release: within };
        let tls = Files::read(NAME, &config.tls)?.map(|files| files.client()).transpose()?;
        let nobody = AeTitle::known("NONE");
        let peer =
            Peer { host: config.host.clone(), port: config.port, called: nobody.clone(), calling: nobody, times, tls };
        Ok(Some(Hl7 { peer, within }))
    }

    pub(super) fn send(&self, export: &Export<'_>, pdf: &[u8]) -> Result<(), Trouble> {
        let message = mllp::frame(&hl7::oru(export, pdf));
        let deadline = Instant::now() + self.within;
        let mut stream = Stream::connect(&self.peer).map_err(|error| unconnected(&error))?;
        stream.within(deadline.saturating_duration_since(Instant::now()));
        let answer = exchange(&mut stream, &message);
        stream.close();
        let Answer { verdict, control_id, .. } = answer?;
        if control_id != hl7::control_id(export) {
            return Err(Trouble::unusable("the answer names another message: report it to the receiver's maker"));
        }
        match verdict {
            Verdict::Accepted => Ok(()),
            Verdict::Error => {
                Err(Trouble::Refused("the receiver answers AE: see its log for what it expects".to_owned()))
            }
            Verdict::Rejected => Err(Trouble::NotYet("the receiver answers AR: see its log".to_owned())),
        }
    }
}

/// Sends a frame and waits for its answer.
fn exchange(stream: &mut Stream, frame: &[u8]) -> Result<Answer, Trouble> {
    let broken = |error: std::io::Error| {
        Trouble::away(match error.kind() {
            std::io::ErrorKind::TimedOut => "no answer in time: check how busy the receiver is".to_owned(),
            _ => "the receiver closed the connection: see its log".to_owned(),
        })
    };
    stream.write_all(frame).and_then(|()| stream.flush()).map_err(broken)?;
    let mut answers = Answers::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(answer) = answers.next().map_err(Trouble::unusable)? {
            return Ok(answer);
        }
        match stream.read(&mut buffer).map_err(broken)? {
            0 => return Err(Trouble::away("the receiver closed the connection without an answer: see its log")),
            count => answers.push(&buffer[..count]),
        }
    }
}

/// Why there is no connection; what DICOM has to say of it is another thing.
fn unconnected(error: &NetError) -> Trouble {
    match error {
        NetError::NoHost { host } => {
            Trouble::away(format!("no address for the host {host:?}: check hl7.host, and the network's name server"))
        }
        NetError::Refused { address } => {
            Trouble::away(format!("{address} refuses connections: check hl7.port, and whether the receiver runs"))
        }
        NetError::Unreachable { address, reason } => {
            Trouble::away(format!("{address} cannot be reached ({reason}): check the network and firewalls"))
        }
        NetError::TimedOut { .. } => Trouble::away("no connection in time: check the network and firewalls"),
        other => Trouble::unusable(other),
    }
}
