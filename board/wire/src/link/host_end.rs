//! The host's end: one question at a time, said again until answered; heartbeats; and whether anybody is there.

use crate::{
    Millis,
    message::{Capabilities, Command, Firmware, Notices, Outcome, PROTOCOL_VERSION, Refusal, Report, Status},
};

#[cfg(test)]
mod tests;

/// Commands without any answer, one after the other, after which the connection counts as lost although the controller
/// is heard.
const UNANSWERED_IS_LOST: u8 = 3;

/// How patient the host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Time from one heartbeat to the next. Well below the controller's `heartbeat_within`. Default 100 ms.
    pub heartbeat_every: Millis,
    /// Time after which a command is said again. Default 100 ms.
    pub answer_within: Millis,
    /// How often a command is said at most, at least once. Default 8.
    pub tries: u8,
    /// Silence after which the connection is lost. Default 1 s.
    pub silence: Millis,
    /// Time from one `Hello` to the next while nobody answers. Default 200 ms.
    pub hello_every: Millis,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            heartbeat_every: Millis(100),
            answer_within: Millis(100),
            tries: 8,
            silence: Millis(1000),
            hello_every: Millis(200),
        }
    }
}

/// A command waits for its answer, or there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the link cannot take a command now")]
pub struct Busy;

/// Why there is no connection any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Lost {
    /// Nothing came from the controller in time.
    #[error("the controller is silent")]
    Silent,
    /// The controller is heard but answers no command.
    #[error("the controller answers no command")]
    Unanswered,
    /// The controller has started anew.
    #[error("the controller has restarted")]
    Rebooted,
    /// The controller speaks another version.
    #[error("the controller speaks another version of the protocol")]
    VersionMismatch,
}

/// What the host is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Send this.
    Send(u16, Command),
    /// The command with this sequence was said as often as allowed. Whether it was carried out is not known.
    Unanswered(u16),
    /// The connection is lost; a command that waited is forgotten. Greeting begins again.
    Lost(Lost),
}

/// What a report comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A session has begun, all lights are out.
    Connected {
        /// The controller's program.
        firmware: Firmware,
        /// What is built in.
        capabilities: Capabilities,
        /// The controller's start.
        boot: u32,
    },
    /// The command that waited was dealt with.
    Answered(Outcome),
    /// The status that was asked for.
    Status(Status),
    /// Something happened without being asked for.
    Noticed {
        /// As it was known before.
        before: Notices,
        /// As it is now.
        after: Notices,
    },
    /// The connection is lost, or cannot be made.
    Lost(Lost),
}

#[derive(Debug, Clone, Copy)]
struct Outstanding {
    sequence: u16,
    command: Command,
    tries: u8,
    due: Millis,
}

#[derive(Debug, Clone, Copy)]
struct Session {
    boot: u32,
    heard: Millis,
    heartbeat_due: Millis,
    /// Sequence of the newest snapshot ([`Report::Alive`]) that was taken.
    newest: Option<u16>,
    notices: Notices,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Greets until answered.
    Calling {
        due: Millis,
    },
    Connected(Session),
}

/// The host's end of a link.
#[derive(Debug, Clone)]
pub struct HostEnd {
    timing: Timing,
    session: u32,
    sequence: u16,
    state: State,
    outstanding: Option<Outstanding>,
    unanswered: u8,
}

impl HostEnd {
    /// An end that greets at once. `session` is to differ from that of other hosts that spoke to the controller lately;
    /// counting begins at a number taken from it.
    pub fn new(session: u32, timing: Timing) -> Self {
        HostEnd {
            timing,
            session,
            // The upper half: sessions that follow one another differ in the lower.
            sequence: (session >> 16) as u16,
            state: State::Calling { due: Millis(0) },
            outstanding: None,
            unanswered: 0,
        }
    }

    /// Whether a session runs.
    pub fn is_connected(&self) -> bool {
        match self.state {
            State::Calling { .. } => false,
            State::Connected(_) => true,
        }
    }

    /// Whether [`HostEnd::ask`] would take a command.
    pub fn is_free(&self) -> bool {
        self.is_connected() && self.outstanding.is_none()
    }

    /// Takes a command; [`HostEnd::next`] sends it.
    ///
    /// # Errors
    /// When another waits for its answer, or there is no connection.
    pub fn ask(&mut self, command: Command) -> Result<u16, Busy> {
        if !self.is_free() {
            return Err(Busy);
        }
        let sequence = self.next_sequence();
        self.outstanding = Some(Outstanding { sequence, command, tries: 0, due: Millis(0) });
        Ok(sequence)
    }

    /// Gives up the command that waits. Whether it was carried out is not known; it will not be from now on once another
    /// has been answered.
    pub fn abandon(&mut self) {
        self.outstanding = None;
    }

    /// Begins a new session, after all that is known of the line has become doubtful. The first greeting goes out at
    /// `due`.
    pub fn restart(&mut self, due: Millis) {
        self.session = self.session.wrapping_add(1);
        self.sequence = self.sequence.wrapping_add(1);
        self.state = State::Calling { due };
        self.outstanding = None;
        self.unanswered = 0;
    }

    /// What is to be done at `now`; to be asked until there is nothing.
    pub fn next(&mut self, now: Millis) -> Option<Next> {
        match &mut self.state {
            State::Calling { due } => {
                if now < *due {
                    return None;
                }
                *due = now.plus(self.timing.hello_every);
                let hello = Command::Hello { version: PROTOCOL_VERSION, session: self.session };
                Some(Next::Send(self.sequence, hello))
            }
            State::Connected(session) => {
                if now.since(session.heard) >= self.timing.silence {
                    return Some(self.lose(Lost::Silent, now));
                }
                if let Some(outstanding) = &mut self.outstanding
                    && now >= outstanding.due
                {
                    if outstanding.tries < self.timing.tries.max(1) {
                        outstanding.tries += 1;
                        outstanding.due = now.plus(self.timing.answer_within);
                        return Some(Next::Send(outstanding.sequence, outstanding.command));
                    }
                    if self.unanswered + 1 >= UNANSWERED_IS_LOST {
                        return Some(self.lose(Lost::Unanswered, now));
                    }
                    self.unanswered += 1;
                    let sequence = outstanding.sequence;
                    self.outstanding = None;
                    return Some(Next::Unanswered(sequence));
                }
                if now >= session.heartbeat_due {
                    session.heartbeat_due = now.plus(self.timing.heartbeat_every);
                    return Some(Next::Send(self.sequence, Command::Heartbeat));
                }
                None
            }
        }
    }

    /// Takes a report that came in a frame of this sequence.
    pub fn report(&mut self, frame: u16, report: Report, now: Millis) -> Option<Heard> {
        match (&mut self.state, report) {
            (State::Calling { .. }, Report::Hello { version, session, firmware, capabilities, boot, notices }) => {
                if session != self.session {
                    return None;
                }
                if version != PROTOCOL_VERSION {
                    return Some(Heard::Lost(Lost::VersionMismatch));
                }
                let newest = Some(frame);
                self.state = State::Connected(Session { boot, heard: now, heartbeat_due: now, newest, notices });
                Some(Heard::Connected { firmware, capabilities, boot })
            }
            (State::Calling { .. }, Report::Done { sequence, outcome }) => {
                let mismatch = outcome == Outcome::Refused(Refusal::VersionMismatch) && sequence == self.sequence;
                mismatch.then_some(Heard::Lost(Lost::VersionMismatch))
            }
            (State::Calling { .. }, Report::Alive { .. } | Report::Status { .. }) => None,
            (State::Connected(session), Report::Hello { .. }) => {
                session.heard = now;
                None
            }
            (State::Connected(session), Report::Alive { boot, notices }) => {
                if boot != session.boot {
                    self.restart(now);
                    return Some(Heard::Lost(Lost::Rebooted));
                }
                session.heard = now;
                // Half of the circle is ahead: an older snapshot that was under way for longer says nothing new.
                let is_newer = session.newest.is_none_or(|newest| (1..0x8000).contains(&frame.wrapping_sub(newest)));
                if !is_newer {
                    return None;
                }
                session.newest = Some(frame);
                let before = core::mem::replace(&mut session.notices, notices);
                (before != notices).then_some(Heard::Noticed { before, after: notices })
            }
            (State::Connected(session), Report::Done { sequence, outcome }) => {
                session.heard = now;
                let is_awaited = self.outstanding.is_some_and(|outstanding| outstanding.sequence == sequence);
                if !is_awaited {
                    return None;
                }
                // It knows of no session, so it has forgotten ours.
                if outcome == Outcome::Refused(Refusal::NotConnected) {
                    self.restart(now);
                    return Some(Heard::Lost(Lost::Rebooted));
                }
                self.answered();
                Some(Heard::Answered(outcome))
            }
            (State::Connected(session), Report::Status { sequence, status }) => {
                session.heard = now;
                let outstanding = self.outstanding?;
                if outstanding.sequence != sequence || outstanding.command != Command::Status {
                    return None;
                }
                self.answered();
                Some(Heard::Status(status))
            }
        }
    }

    fn next_sequence(&mut self) -> u16 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    fn answered(&mut self) {
        self.outstanding = None;
        self.unanswered = 0;
    }

    fn lose(&mut self, why: Lost, now: Millis) -> Next {
        self.restart(now);
        Next::Lost(why)
    }
}
