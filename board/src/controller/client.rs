//! The client: one queue of requests, one link, one port.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    io,
    time::Duration,
};

use ocellus_wire::{
    Millis,
    frame::{Decoder, Dropped, Frame},
    link::{Heard, HostEnd, Next, Timing},
    message::{Command, Notices, Outcome, Report},
};

use super::{Event, LostWhy, MAX_WAITING, Port, Request, RequestError, RequestId};

/// Bytes taken from the port in one poll at most, so that a line full of garbage cannot hold the program up.
const BYTES_PER_POLL: usize = 16 * 1024;
/// Time to the first try after the port failed; doubles with each failure.
const BACK_OFF: Millis = Millis(100);
/// Longest time between tries.
const MAX_BACK_OFF: Millis = Millis(5000);

/// The port has failed; it is left alone for a while.
#[derive(Debug, Clone, Copy)]
struct BackOff {
    until: Millis,
    wait: Millis,
}

/// Speaks with a controller.
#[derive(Debug)]
pub struct Client<P: Port> {
    port: P,
    decoder: Decoder,
    link: HostEnd,
    /// Requests that were not sent yet.
    waiting: VecDeque<(RequestId, Request)>,
    /// The request that the link sends.
    asked: Option<RequestId>,
    requests: u64,
    /// What [`Event::Lost`] said last, since the last [`Event::Connected`].
    lost: Option<LostWhy>,
    back_off: Option<BackOff>,
}

impl<P: Port> Client<P> {
    /// A client that greets with the first poll.
    pub fn new(port: P) -> Self {
        // The session has to differ from that of a client that ran before: the hasher's keys do.
        let session = RandomState::new().hash_one(0_u8) as u32;
        Self::with_session(port, session, Timing::default())
    }

    /// The same with the number of the first session and the link's patience given, for runs that are to repeat.
    pub fn with_session(port: P, session: u32, timing: Timing) -> Self {
        Client {
            port,
            decoder: Decoder::default(),
            link: HostEnd::new(session, timing),
            waiting: VecDeque::new(),
            asked: None,
            requests: 0,
            lost: None,
            back_off: None,
        }
    }

    /// Whether a session runs.
    pub fn is_connected(&self) -> bool {
        self.link.is_connected()
    }

    /// Whether no real light hangs on the port.
    pub fn is_simulated(&self) -> bool {
        self.port.is_simulated()
    }

    /// Bytes from the controller that were no frame.
    pub fn dropped(&self) -> Dropped {
        self.decoder.dropped()
    }

    /// Takes a request; [`Client::poll`] sends it and tells how it went.
    ///
    /// # Errors
    /// When there is no connection, or too many requests wait.
    pub fn request(&mut self, request: Request) -> Result<RequestId, RequestError> {
        if !self.is_connected() {
            return Err(RequestError::NotConnected);
        }
        // Darkness finds room beside all else; when it finds none, it waits there already.
        let room = if request == Request::LightsOff { 2 * MAX_WAITING } else { MAX_WAITING };
        if self.waiting.len() >= room {
            return Err(RequestError::Full);
        }
        self.requests += 1;
        let id = RequestId(self.requests);
        self.waiting.push_back((id, request));
        Ok(id)
    }

    /// Reads, sends and looks after the connection at `now`: time since an arbitrary start, never going back.
    pub fn poll(&mut self, now: Duration) -> Vec<Event> {
        self.port.advance(now);
        let now = Millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        let mut events = Vec::new();
        if self.back_off.is_some_and(|back_off| now < back_off.until) {
            return events;
        }
        match self.listen(now, &mut events).and_then(|()| self.speak(now, &mut events)) {
            Ok(()) => self.back_off = None,
            Err(error) => {
                let wait = self.back_off.map_or(BACK_OFF, |last| Millis(last.wait.0 * 2).min(MAX_BACK_OFF));
                let until = now.plus(wait);
                self.back_off = Some(BackOff { until, wait });
                self.link.restart(until);
                self.decoder = Decoder::default();
                self.lose(LostWhy::Port { detail: error.to_string() }, &mut events);
            }
        }
        events
    }

    fn listen(&mut self, now: Millis, events: &mut Vec<Event>) -> io::Result<()> {
        let mut buffer = [0; 256];
        let mut taken = 0;
        while taken < BYTES_PER_POLL {
            let length = self.port.read(&mut buffer)?;
            if length == 0 {
                break;
            }
            taken += length;
            for byte in &buffer[..length] {
                if let Some((frame, report)) = self.decoder.push::<Report>(*byte)
                    && let Some(heard) = self.link.report(frame, report, now)
                {
                    self.hear(heard, events);
                }
            }
        }
        Ok(())
    }

    fn hear(&mut self, heard: Heard, events: &mut Vec<Event>) {
        match heard {
            Heard::Connected { firmware, capabilities, boot } => {
                log::info!("controller connected, start {boot}");
                self.lost = None;
                events.push(Event::Connected { firmware, capabilities, boot });
            }
            Heard::Answered(Outcome::Accepted) => events.extend(self.asked.take().map(|id| Event::Done { id })),
            Heard::Answered(Outcome::Refused(refusal)) => {
                events.extend(self.asked.take().map(|id| Event::Refused { id, refusal }));
            }
            Heard::Status(status) => {
                events.push(Event::Status(status));
                events.extend(self.asked.take().map(|id| Event::Done { id }));
            }
            Heard::Noticed { before, after } => notice(before, after, events),
            Heard::Lost(why) => self.lose(why.into(), events),
        }
    }

    fn speak(&mut self, now: Millis, events: &mut Vec<Event>) -> io::Result<()> {
        self.overtake(events);
        loop {
            if self.link.is_free()
                && let Some((id, request)) = self.waiting.pop_front()
                && self.link.ask(request.into()).is_ok()
            {
                self.asked = Some(id);
            }
            match self.link.next(now) {
                Some(Next::Send(sequence, command)) => self.send(sequence, &command)?,
                Some(Next::Unanswered(_)) => events.extend(self.asked.take().map(|id| Event::Failed { id })),
                Some(Next::Lost(why)) => self.lose(why.into(), events),
                None => return Ok(()),
            }
        }
    }

    /// Lets the last [`Request::LightsOff`] overtake all that was asked before it.
    fn overtake(&mut self, events: &mut Vec<Event>) {
        let Some(dark) = self.waiting.iter().rposition(|(_, request)| *request == Request::LightsOff) else { return };
        self.link.abandon();
        events.extend(self.asked.take().map(|id| Event::Failed { id }));
        events.extend(self.waiting.drain(..dark).map(|(id, _)| Event::Failed { id }));
    }

    fn send(&mut self, sequence: u16, command: &Command) -> io::Result<()> {
        let frame = Frame::encode(sequence, command).map_err(io::Error::other)?;
        self.port.write(frame.bytes())
    }

    fn lose(&mut self, why: LostWhy, events: &mut Vec<Event>) {
        events.extend(self.asked.take().map(|id| Event::Failed { id }));
        events.extend(self.waiting.drain(..).map(|(id, _)| Event::Failed { id }));
        if self.lost.as_ref() != Some(&why) {
            log::warn!("controller lost: {why}");
            events.push(Event::Lost { why: why.clone() });
            self.lost = Some(why);
        }
    }
}

fn notice(before: Notices, after: Notices, events: &mut Vec<Event>) {
    if before.forced_offs != after.forced_offs {
        events.extend(after.forced_off.map(Event::LightForcedOff));
    }
    let went_down = before.presses != after.presses;
    if before.pressed && (went_down || !after.pressed) {
        events.push(Event::Shutter { pressed: false });
    }
    if went_down {
        events.push(Event::Shutter { pressed: true });
    }
    if went_down && !after.pressed {
        events.push(Event::Shutter { pressed: false });
    }
}
