//! One patient's screening, from the first question to the result, as a state machine without I/O.
//!
//! ```text
//!           Start                  no         Shutter              Captured             Judged
//!   Idle ─────────► Asking ───────────► Aiming ───────► Capturing ───────► Judging ───────────► Storing
//!                     │ yes              ▲ ▲ ▲              │ lost, late     ▲   │ late            │ Persisted
//!                     │                  │ │ └─ Retry ── Fault ◄─────────────┼───┘ ◄── not stored ─┤
//!                     │                  │ │                  "this eye" ── WhichEye ◄── doubt ────┤
//!                     │                  │ └── Continue ─ Retake ◄── no result, tries left ────────┤
//!                     │                  │                 "the other" ── Withdrawing ── Persisted ┤
//!                     │                  ├── Wake ───── Resting ◄── no tries left ─────────────────┤
//!                     │                  ├── Wake ───── DropsWork ◄─ Dilated ─ OfferingDrops ◄─────┤
//!                     ▼                  └──────────────── the other eye is to be done ────────────┤
//!                   Result ◄── Persisted ── Concluding ◄── both eyes are done ─────────────────────┘
//!                     │ Continue
//!                     ▼          Reported, ReportFailed, late             Continue
//!                 Reporting ──────────────────────────────────► Report ──────────────► Ended
//!                     ▲────────────── Retry, where it failed ──────┘
//! ```
//!
//! From aiming and retaking one can turn to the other eye or say why this one can't be photographed (`WhyNot`). `AskAbort`
//! leads through `ConfirmingAbort`, `Abort` from every state to `Ended`, by way of the store where there is something to
//! store. Events go in with the time at which they happened ([`Encounter::handle`]); commands are fetched
//! ([`Encounter::poll_command`]); [`Encounter::poll_deadline`] says when [`Event::Wake`] is due if nothing else comes;
//! [`Encounter::light`] says whose eye may have light. The same events give the same commands.
//!
//! Rules that hold in every state:
//! - what was found is stored before it is shown: `Persist`, then `Persisted`, then `Show`;
//! - an answer to a question that is no longer asked is [`Handled::Ignored`], never mistaken for another; one that comes
//!   late, while its fault is still shown, counts: a photograph is not lost because it was slow;
//! - the result was stored and shown before its report is made: a report that fails takes nothing away;
//! - an eye that could not be judged, or was not photographed, never becomes one without referable signs;
//! - an attempt counts only when there was a photograph: a lost camera costs the patient none;
//! - there is light only while an eye is aimed at or photographed.
//!
//! Terms: an *attempt* is one photograph of one eye; a *stage* is the conditions it is taken under (undilated, rested
//! with the small-pupil flash, after drops); a *token* numbers a question to camera, judge or
//! store.
//!
//! Not here: pixels, files, threads, drawing, who is signed in.

mod command;
mod event;
mod eye;
mod state;
#[cfg(test)]
mod tests;
mod transitions;

use std::{collections::VecDeque, time::Duration};

use ocellus_model::laterality::Laterality;
use serde::{Deserialize, Serialize};

pub use command::{Command, Entry, View};
pub use event::{Event, Handled, Reading};
pub use eye::{Agent, EyeStatus, Stage, Unscreenable};
pub use state::{Fault, Shot, State, Waiting};

use crate::decision::{self, PatientDisposition};
use eye::Eyes;

/// Time since an arbitrary start, never going back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Monotonic(pub Duration);

impl Monotonic {
    /// Later by some time.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        Monotonic(self.0.saturating_add(time))
    }
}

/// A question of the pre-check. *Yes* to any leads straight to *refer*: screening is not for such eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Lost or blurred sight, flashes, floaters, pain.
    Symptoms,
    /// A disease of the retina or glaucoma is known already.
    KnownDisease,
    /// Laser, surgery or injections in the eye.
    RecentSurgery,
}

impl Question {
    /// All questions, in the order in which they are asked.
    pub const ALL: [Question; 3] = [Question::Symptoms, Question::KnownDisease, Question::RecentSurgery];
}

/// How an encounter is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What is asked before the first photograph.
    pub questions: Vec<Question>,
    /// Photographs of one eye as the patient came, at least 1. Each costs light.
    pub attempts: u32,
    /// Photographs after a rest in the dark; 0 for no rest.
    pub attempts_after_rest: u32,
    /// How long an eye rests.
    pub rest: Duration,
    /// Photographs after drops; 0 where the site gives none.
    pub attempts_dilated: u32,
    /// How long drops need.
    pub dilation: Duration,
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
        Settings {
            questions: Vec::new(),
            attempts: 3,
            attempts_after_rest: 2,
            rest: Duration::from_secs(60),
            attempts_dilated: 0,
            dilation: Duration::from_secs(20 * 60),
            capture_within,
            judge_within,
            store_within,
        }
    }
}

impl Settings {
    /// Photographs of one eye in a stage.
    pub fn limit(&self, stage: Stage) -> u32 {
        match stage {
            Stage::Undilated => self.attempts.max(1),
            Stage::SmallPupil => self.attempts_after_rest,
            Stage::Dilated => self.attempts_dilated,
        }
    }
}

/// One encounter.
#[derive(Debug)]
pub struct Encounter {
    settings: Settings,
    state: State,
    eyes: Eyes,
    /// The question of the pre-check that was answered with yes.
    pre_check: Option<Question>,
    /// What does not work at the moment.
    down: Vec<Fault>,
    commands: VecDeque<Command>,
    /// The screen that was asked for last.
    shown: View,
    token: u32,
    ignored: u64,
}

impl Encounter {
    /// An encounter that waits for [`Event::Start`].
    pub fn new(settings: Settings) -> Self {
        Encounter {
            settings,
            state: State::Idle,
            eyes: Eyes::default(),
            pre_check: None,
            down: Vec::new(),
            commands: VecDeque::from([Command::Show(View::Ready)]),
            shown: View::Ready,
            token: 0,
            ignored: 0,
        }
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What is known of an eye.
    pub fn eye(&self, eye: Laterality) -> &EyeStatus {
        &self.eyes.get(eye).status
    }

    /// Drops that an eye was given.
    pub fn agent(&self, eye: Laterality) -> Option<Agent> {
        self.eyes.get(eye).agent
    }

    /// The question of the pre-check that was answered with yes.
    pub fn pre_check(&self) -> Option<Question> {
        self.pre_check
    }

    /// What both eyes say of the patient so far.
    pub fn disposition(&self) -> PatientDisposition {
        if self.pre_check.is_some() {
            return PatientDisposition::Refer;
        }
        let [right, left] = [Laterality::Od, Laterality::Os].map(|eye| self.eye(eye).outcome());
        decision::patient(right, left)
    }

    /// Events that did not fit the state they met.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// The eye that may have light now; none in the dark.
    pub fn light(&self) -> Option<Laterality> {
        match &self.state {
            State::Aiming { eye, .. } | State::Capturing { eye, .. } => Some(*eye),
            State::Idle
            | State::Asking { .. }
            | State::WhyNot { .. }
            | State::Judging { .. }
            | State::Storing { .. }
            | State::WhichEye { .. }
            | State::Withdrawing { .. }
            | State::Retake { .. }
            | State::Resting { .. }
            | State::OfferingDrops { .. }
            | State::DropsWork { .. }
            | State::Concluding { .. }
            | State::Result
            | State::Reporting { .. }
            | State::Report { .. }
            | State::ConfirmingAbort { .. }
            | State::Fault { .. }
            | State::Aborting { .. }
            | State::Ended => None,
        }
    }

    /// The next thing to do, in order.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When [`Event::Wake`] is due, unless something else happens before.
    pub fn poll_deadline(&self) -> Option<Monotonic> {
        match &self.state {
            State::Resting { until, .. } | State::DropsWork { until, .. } => Some(*until),
            State::Reporting { waiting } => Some(waiting.until),
            state => state.waiting().map(|(waiting, _)| waiting.until),
        }
    }

    /// Takes an event that happened at `now`.
    pub fn handle(&mut self, event: Event, now: Monotonic) -> Handled {
        let state = std::mem::replace(&mut self.state, State::Ended);
        match self.next(state, event, now) {
            transitions::Step::Next(next) => {
                self.state = next;
                self.show();
                Handled::Taken
            }
            transitions::Step::Misfit(state, event) => {
                self.ignored += 1;
                let ignored = Handled::Ignored { state: state.name(), event };
                self.state = state;
                ignored
            }
        }
    }

    /// Asks for the screen of the state, where it is another one than before.
    fn show(&mut self) {
        let Some(view) = self.view() else { return };
        if view != self.shown {
            self.shown = view.clone();
            self.commands.push_back(Command::Show(view));
        }
    }

    /// The screen of the state; none where the one before stays, as what comes next is not stored yet.
    fn view(&self) -> Option<View> {
        let other_open = |eye: Laterality| !self.eye(eye.other()).is_done();
        let tries_left = |eye: Laterality| {
            let eye = self.eyes.get(eye);
            self.settings.limit(eye.stage).saturating_sub(eye.in_stage)
        };
        Some(match &self.state {
            State::Idle | State::Ended => View::Ready,
            State::Asking { number, .. } => View::Question(*self.settings.questions.get(*number)?),
            State::Aiming { eye, .. } => View::Aim {
                eye: *eye,
                tries_left: tries_left(*eye),
                stage: self.eyes.get(*eye).stage,
                other_open: other_open(*eye),
            },
            State::WhyNot { eye } => View::WhyNot { eye: *eye },
            State::Judging { shot, .. } => View::Judging { eye: shot.eye },
            State::WhichEye { shot } => View::WhichEye { eye: shot.eye },
            State::Retake { eye, reasons } => View::Retake {
                eye: *eye,
                reasons: reasons.clone(),
                tries_left: tries_left(*eye),
                other_open: other_open(*eye),
            },
            State::Resting { eye, until } => View::Rest { eye: *eye, until: *until, other_open: other_open(*eye) },
            State::OfferingDrops { eye } => View::OfferDrops { eye: *eye, other_open: other_open(*eye) },
            State::DropsWork { eye, until } => {
                View::DropsWork { eye: *eye, until: *until, other_open: other_open(*eye) }
            }
            State::Result => View::Result {
                right: self.eye(Laterality::Od).clone(),
                left: self.eye(Laterality::Os).clone(),
                patient: self.disposition(),
                pre_check: self.pre_check,
            },
            State::Report { report, .. } => View::Report { report: report.clone(), patient: self.disposition() },
            State::ConfirmingAbort { .. } => View::ConfirmAbort,
            State::Fault { fault, .. } => View::Fault(*fault),
            State::Capturing { .. }
            | State::Storing { .. }
            | State::Withdrawing { .. }
            | State::Concluding { .. }
            | State::Reporting { .. }
            | State::Aborting { .. } => return None,
        })
    }
}
