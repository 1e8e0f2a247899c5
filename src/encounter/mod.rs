//! One patient's screening, from the first eye to the result, as a state machine without I/O.
//!
//! ```text
//!            Start                Shutter              Captured             Judged
//!   Idle ───────────► Aiming ───────────► Capturing ───────────► Judging ───────────► Storing
//!                      ▲  ▲  ▲                │ lost, late           │ late              │ Persisted
//!                      │  │  └── Retry ── Fault ◄─────────────────────┘ ◄── not stored ──┤
//!                      │  │                                                              │
//!                      │  └───── Continue ─── Retake ◄── no result, tries left ──────────┤
//!                      └──────────────────────────────── the other eye is to be done ────┤
//!                                                                                        │
//!   Ended ◄── Continue ── Result ◄── Persisted ── Concluding ◄── both eyes are done ─────┘
//! ```
//!
//! `Abort` leads from every state to `Ended`, by way of the store where there is something to store. Events go in with the time at which they happened
//! ([`Encounter::handle`]); commands are fetched ([`Encounter::poll_command`]); [`Encounter::poll_deadline`] says when
//! [`Event::Wake`] is due if nothing else comes. The same events give the same commands.
//!
//! Rules that hold in every state:
//! - what was found is stored before it is shown: `Persist`, then `Persisted`, then `Show`;
//! - an answer to a question that is no longer asked is [`Handled::Ignored`], never mistaken for another;
//! - an eye that could not be judged, or was not photographed, never becomes one without referable signs;
//! - an attempt counts only when there was a photograph: a lost camera costs the patient none.
//!
//! Terms: an *attempt* is one photograph of one eye; a *token* numbers a question to camera, judge or store.
//!
//! Not here: pixels, files, threads, drawing.

mod command;
mod event;
mod eye;
mod state;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use ocellus_model::laterality::Laterality;

pub use command::{Command, Entry, View};
pub use event::{Event, Handled, Reading};
pub use eye::{EyeStatus, Unscreenable};
pub use state::{Fault, State, Waiting};

use crate::decision::{self, Outcome, PatientDisposition};
use eye::Eyes;

/// Time since an arbitrary start, never going back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Monotonic(pub Duration);

/// How an encounter is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Photographs of one eye before it counts as ungradable, at least 1. Each costs light.
    pub attempts: u32,
    /// How long camera and flash may take for a photograph.
    pub capture_within: Duration,
    /// How long judging a photograph may take.
    pub judge_within: Duration,
    /// How long storing may take.
    pub store_within: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let [capture_within, judge_within, store_within] = [10, 30, 10].map(Duration::from_secs);
        Settings { attempts: 3, capture_within, judge_within, store_within }
    }
}

/// One encounter.
#[derive(Debug)]
pub struct Encounter {
    settings: Settings,
    state: State,
    eyes: Eyes,
    commands: VecDeque<Command>,
    token: u32,
    ignored: u64,
}

/// What a transition comes to.
enum Step {
    /// The event fitted: the state from now on.
    Next(State),
    /// It did not: both as they were.
    Misfit(State, Event),
}

impl Encounter {
    /// An encounter that waits for [`Event::Start`].
    pub fn new(settings: Settings) -> Self {
        let settings = Settings { attempts: settings.attempts.max(1), ..settings };
        let commands = VecDeque::from([Command::Show(View::Ready)]);
        Encounter { settings, state: State::Idle, eyes: Eyes::default(), commands, token: 0, ignored: 0 }
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What is known of an eye.
    pub fn eye(&self, eye: Laterality) -> &EyeStatus {
        self.eyes.get(eye)
    }

    /// What both eyes say of the patient so far.
    pub fn disposition(&self) -> PatientDisposition {
        let [right, left] = [Laterality::Od, Laterality::Os].map(|eye| self.eyes.get(eye).outcome());
        decision::patient(right, left)
    }

    /// Events that did not fit the state they met.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// The next thing to do, in order.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When [`Event::Wake`] is due, unless something else happens before.
    pub fn poll_deadline(&self) -> Option<Monotonic> {
        self.state.waiting().map(|(waiting, _)| waiting.until)
    }

    /// Takes an event that happened at `now`.
    pub fn handle(&mut self, event: Event, now: Monotonic) -> Handled {
        let state = std::mem::replace(&mut self.state, State::Ended);
        match self.next(state, event, now) {
            Step::Next(next) => {
                self.state = next;
                Handled::Taken
            }
            Step::Misfit(state, event) => {
                self.ignored += 1;
                let ignored = Handled::Ignored { state: state.name(), event };
                self.state = state;
                ignored
            }
        }
    }

    /// The transitions. An event that does not fit comes back with the state, and nothing has changed.
    fn next(&mut self, state: State, event: Event, now: Monotonic) -> Step {
        if let Some((waiting, fault)) = state.waiting()
            && has_failed(&state, &event, waiting, now)
        {
            return Step::Next(self.fault(fault, state));
        }
        match (state, event) {
            (State::Ended, event) => Step::Misfit(State::Ended, event),
            (State::Aborting { waiting }, Event::Persisted { token }) if waiting.token == token => {
                Step::Next(self.end())
            }
            (state @ State::Aborting { .. }, event) => Step::Misfit(state, event),
            // Before a patient and after a result there is nothing to store. And who gives up while the store is out of
            // order must get out.
            (State::Idle | State::Result | State::Fault { fault: Fault::StoreFailed, .. }, Event::Abort) => {
                Step::Next(self.end())
            }
            (_, Event::Abort) => Step::Next(self.abort(now)),

            (State::Idle, Event::Start { first }) => Step::Next(self.aim(first)),

            (State::Aiming { eye, attempt }, Event::Shutter) => {
                let waiting = self.ask(now, self.settings.capture_within);
                self.command(Command::Capture { token: waiting.token, eye, attempt });
                Step::Next(State::Capturing { eye, attempt, waiting })
            }
            (State::Aiming { eye: from, .. } | State::Retake { eye: from, .. }, Event::ChooseEye { eye })
                if eye != from && !self.eyes.get(eye).is_done() =>
            {
                Step::Next(self.aim(eye))
            }
            (State::Aiming { eye, .. } | State::Retake { eye, .. }, Event::NotScreenable { reason }) => {
                self.eyes.set(eye, EyeStatus::NotScreenable(reason));
                Step::Next(self.after_eye(eye, now))
            }

            (State::Capturing { eye, attempt, waiting }, Event::Captured { token }) if waiting.token == token => {
                Step::Next(self.judge(eye, attempt, token, now))
            }

            (State::Judging { eye, attempt, capture, waiting }, Event::Judged { token, reading })
                if waiting.token == token =>
            {
                Step::Next(self.store(eye, attempt, capture, reading, now))
            }

            (State::Storing { eye, attempt, reading, waiting, .. }, Event::Persisted { token })
                if waiting.token == token =>
            {
                Step::Next(self.stored(eye, attempt, reading, now))
            }

            (State::Retake { eye, .. }, Event::Continue) => Step::Next(self.aim(eye)),

            (State::Concluding { waiting }, Event::Persisted { token }) if waiting.token == token => {
                self.command(Command::Show(View::Result {
                    right: self.eyes.get(Laterality::Od).clone(),
                    left: self.eyes.get(Laterality::Os).clone(),
                    patient: self.disposition(),
                }));
                Step::Next(State::Result)
            }

            (State::Fault { interrupted, .. }, Event::Retry) => Step::Next(self.again(*interrupted, now)),

            (State::Result, Event::Continue) => Step::Next(self.end()),

            (state, event) => Step::Misfit(state, event),
        }
    }

    /// Asks for a photograph of an eye.
    fn aim(&mut self, eye: Laterality) -> State {
        let attempt = self.eyes.get(eye).attempts() + 1;
        let tries_left = (self.settings.attempts + 1).saturating_sub(attempt);
        self.command(Command::Show(View::Aim { eye, tries_left }));
        State::Aiming { eye, attempt }
    }

    /// Has a photograph judged.
    fn judge(&mut self, eye: Laterality, attempt: u32, capture: u32, now: Monotonic) -> State {
        let waiting = self.ask(now, self.settings.judge_within);
        self.command(Command::Show(View::Judging { eye }));
        self.command(Command::Judge { token: waiting.token, capture });
        State::Judging { eye, attempt, capture, waiting }
    }

    /// Has a photograph and what was found on it stored.
    fn store(&mut self, eye: Laterality, attempt: u32, capture: u32, reading: Reading, now: Monotonic) -> State {
        let waiting = self.ask(now, self.settings.store_within);
        let entry = Entry::Photograph { eye, attempt, capture, reading: reading.clone() };
        self.command(Command::Persist { token: waiting.token, entry });
        State::Storing { eye, attempt, capture, reading, waiting }
    }

    /// A photograph and what was found on it are safe: what now?
    fn stored(&mut self, eye: Laterality, attempt: u32, reading: Reading, now: Monotonic) -> State {
        match reading.outcome {
            Outcome::Refer | Outcome::NoReferableSigns => {
                self.eyes.set(eye, EyeStatus::Judged(reading));
                self.after_eye(eye, now)
            }
            Outcome::NoResult if attempt >= self.settings.attempts => {
                self.eyes.set(eye, EyeStatus::Ungradable { attempts: attempt, reasons: reading.reasons });
                self.after_eye(eye, now)
            }
            Outcome::NoResult => {
                self.eyes.set(eye, EyeStatus::Tried { attempts: attempt });
                let tries_left = self.settings.attempts - attempt;
                self.command(Command::Show(View::Retake { eye, reasons: reading.reasons, tries_left }));
                State::Retake { eye, attempt }
            }
        }
    }

    /// An eye is done: the other one, or the result.
    fn after_eye(&mut self, eye: Laterality, now: Monotonic) -> State {
        if self.eyes.get(eye.other()).is_done() { self.conclude(now) } else { self.aim(eye.other()) }
    }

    fn conclude(&mut self, now: Monotonic) -> State {
        let waiting = self.ask(now, self.settings.store_within);
        let entry = Entry::Result {
            right: self.eyes.get(Laterality::Od).clone(),
            left: self.eyes.get(Laterality::Os).clone(),
            patient: self.disposition(),
        };
        self.command(Command::Persist { token: waiting.token, entry });
        State::Concluding { waiting }
    }

    fn abort(&mut self, now: Monotonic) -> State {
        // Commands that were not fetched yet are of an encounter that is over.
        self.commands.clear();
        let waiting = self.ask(now, self.settings.store_within);
        self.command(Command::Persist { token: waiting.token, entry: Entry::Aborted });
        State::Aborting { waiting }
    }

    fn end(&mut self) -> State {
        self.command(Command::Show(View::Ready));
        State::Ended
    }

    fn fault(&mut self, fault: Fault, interrupted: State) -> State {
        self.command(Command::Show(View::Fault(fault)));
        State::Fault { fault, interrupted: Box::new(interrupted) }
    }

    /// Takes up what a fault interrupted. A photograph that was taken is not taken again, and nothing is shown that is
    /// not stored.
    fn again(&mut self, interrupted: State, now: Monotonic) -> State {
        match interrupted {
            State::Judging { eye, attempt, capture, .. } => self.judge(eye, attempt, capture, now),
            State::Storing { eye, attempt, capture, reading, .. } => self.store(eye, attempt, capture, reading, now),
            State::Concluding { .. } => self.conclude(now),
            State::Aborting { .. } => self.abort(now),
            State::Capturing { eye, .. } | State::Aiming { eye, .. } | State::Retake { eye, .. } => self.aim(eye),
            // Nothing else is ever interrupted.
            state @ (State::Idle | State::Fault { .. } | State::Result | State::Ended) => state,
        }
    }

    fn ask(&mut self, now: Monotonic, within: Duration) -> Waiting {
        self.token = self.token.wrapping_add(1);
        Waiting { token: self.token, until: Monotonic(now.0.saturating_add(within)) }
    }

    fn command(&mut self, command: Command) {
        self.commands.push_back(command);
    }
}

/// Whether an event says that what is waited for won't come: its own failure, or the deadline.
fn has_failed(state: &State, event: &Event, waiting: Waiting, now: Monotonic) -> bool {
    match (state, event) {
        (_, Event::Wake) => waiting.until <= now,
        (State::Capturing { .. }, Event::CaptureFailed { token })
        | (State::Storing { .. } | State::Concluding { .. } | State::Aborting { .. }, Event::PersistFailed { token }) => {
            waiting.token == *token
        }
        _ => false,
    }
}
