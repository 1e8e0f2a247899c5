//! The controller's end: which command is new, which has been carried out, which comes too late.

use heapless::Deque;

use crate::message::Outcome;

/// Sessions left that are still known as such.
const LEFT_SESSIONS: usize = 4;

/// How far ahead of the last command a new one may be numbered. Small, so that a frame of another host's counting is
/// most likely seen as stale.
const AHEAD: u16 = 64;

/// What a `Hello` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Greeting {
    /// A new session has begun.
    New,
    /// The running session's, said again: to be answered again.
    Again,
    /// Of a session that was left: to be ignored.
    Stale,
}

/// What a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// New: to be carried out, then told to [`ControllerEnd::executed`].
    Execute,
    /// The last one, said again: to be answered with what it came to.
    Repeated(Outcome),
    /// An older one: nobody waits for its answer.
    Stale,
    /// No session has begun.
    NotConnected,
}

#[derive(Debug, Clone, Copy)]
struct Session {
    number: u32,
    last: u16,
    outcome: Option<Outcome>,
}

/// The controller's end of a link.
#[derive(Debug, Clone, Default)]
pub struct ControllerEnd {
    session: Option<Session>,
    left: Deque<u32, LEFT_SESSIONS>,
}

impl ControllerEnd {
    /// Whether a session has begun.
    pub fn is_connected(&self) -> bool {
        self.session.is_some()
    }

    /// Takes a `Hello` that came with this sequence.
    pub fn hello(&mut self, number: u32, sequence: u16) -> Greeting {
        if let Some(session) = self.session {
            if session.number == number {
                return Greeting::Again;
            }
            if self.left.iter().any(|left| *left == number) {
                return Greeting::Stale;
            }
            if self.left.is_full() {
                self.left.pop_front();
            }
            self.left.extend([session.number]);
        }
        self.session = Some(Session { number, last: sequence, outcome: None });
        Greeting::New
    }

    /// What the command with this sequence is.
    pub fn arrived(&self, sequence: u16) -> Arrival {
        let Some(session) = self.session else { return Arrival::NotConnected };
        match (sequence.wrapping_sub(session.last), session.outcome) {
            (0, Some(outcome)) => Arrival::Repeated(outcome),
            (1..=AHEAD, _) => Arrival::Execute,
            (_, _) => Arrival::Stale,
        }
    }

    /// Remembers what a new command came to.
    pub fn executed(&mut self, sequence: u16, outcome: Outcome) {
        if let Some(session) = &mut self.session {
            session.last = sequence;
            session.outcome = Some(outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Refusal;

    const NO: Outcome = Outcome::Refused(Refusal::Hardware);

    // verifies: RQ-042
    #[test]
    fn a_command_is_carried_out_once_however_often_it_comes() {
        let mut end = ControllerEnd::default();
        assert_eq!(end.arrived(1), Arrival::NotConnected);
        assert_eq!(end.hello(7, u16::MAX), Greeting::New);
        assert_eq!(end.arrived(0), Arrival::Execute);
        end.executed(0, NO);
        assert_eq!(end.arrived(0), Arrival::Repeated(NO));
        assert_eq!(end.arrived(u16::MAX), Arrival::Stale);
        assert_eq!(end.arrived(2), Arrival::Execute);
        end.executed(2, Outcome::Accepted);
        assert_eq!([0, 1].map(|old| end.arrived(old)), [Arrival::Stale; 2]);
        assert_eq!(end.arrived(2 + AHEAD + 1), Arrival::Stale);
    }

    // verifies: RQ-044
    #[test]
    fn every_sequence_that_is_not_ahead_is_refused_over_the_whole_circle() {
        let mut end = ControllerEnd::default();
        end.hello(7, 100);
        end.executed(100, Outcome::Accepted);
        let fresh = (0..=u16::MAX).filter(|sequence| end.arrived(*sequence) == Arrival::Execute);
        assert!(fresh.eq(101..=100 + AHEAD));
    }

    #[test]
    fn a_session_once_left_does_not_come_back() {
        let mut end = ControllerEnd::default();
        assert_eq!(end.hello(1, 10), Greeting::New);
        assert_eq!(end.hello(2, 20), Greeting::New);
        assert_eq!(end.hello(1, 10), Greeting::Stale);
        assert_eq!(end.arrived(11), Arrival::Stale);
        end.executed(21, NO);
        assert_eq!(end.hello(2, 20), Greeting::Again);
        assert_eq!(end.arrived(21), Arrival::Repeated(NO));
    }
}
