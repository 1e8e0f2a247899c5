//! The transitions of an encounter; they are drawn in the parent module.

use std::time::Duration;

use ocellus_model::{laterality::Laterality, quality::Reason};

use super::{
    Command, Encounter, Entry, Event, Fault, Monotonic, Reading, Shot, Stage, State, Unscreenable, Waiting,
    eye::EyeStatus,
};
use crate::{decision::Outcome, judge::Why};

/// What a transition comes to.
pub(super) enum Step {
    /// The event fitted: the state from now on.
    Next(State),
    /// It did not: both as they were.
    Misfit(State, Event),
}

const WRONG_EYE: Why = Why::Photograph(Reason::WrongEyeSuspected);

impl Encounter {
    /// The state after an event. One that does not fit comes back with the state, and nothing has changed.
    pub(super) fn next(&mut self, state: State, event: Event, now: Monotonic) -> Step {
        if let Some((waiting, fault)) = state.waiting()
            && let Some(fault) = failure(&state, &event, waiting, fault, now)
        {
            return Step::Next(State::Fault { fault, interrupted: Box::new(state) });
        }
        match event {
            Event::Down { fault } => Step::Next(self.down(state, fault)),
            Event::Up { fault } => Step::Next(self.up(state, fault, now)),
            event => self.fitting(state, event, now),
        }
    }

    fn fitting(&mut self, state: State, event: Event, now: Monotonic) -> Step {
        match (state, event) {
            (State::Ended, event) => Step::Misfit(State::Ended, event),
            (State::Aborting { waiting }, Event::Persisted { token }) if waiting.token == token => {
                Step::Next(State::Ended)
            }
            (state @ State::Aborting { .. }, event) => Step::Misfit(state, event),

            // Before a patient and after a result there is nothing to store. And who gives up while the store is out of
            // order must get out.
            (
                State::Idle
                | State::Result
                | State::Reporting { .. }
                | State::Report { .. }
                | State::Fault { fault: Fault::StoreFailed | Fault::StoreFull, .. },
                Event::Abort,
            ) => Step::Next(State::Ended),
            (_, Event::Abort) => Step::Next(self.abort(now)),
            (state, Event::AskAbort) if may_be_left(&state) => {
                Step::Next(State::ConfirmingAbort { interrupted: Box::new(state) })
            }
            (State::ConfirmingAbort { interrupted }, Event::Back) => Step::Next(self.again(*interrupted, now)),

            // A slow answer is an answer.
            (State::Fault { interrupted, .. }, event)
                if event.done().is_some()
                    && interrupted.waiting().map(|(waiting, _)| waiting.token) == event.done() =>
            {
                self.fitting(*interrupted, event, now)
            }
            (State::Fault { fault, interrupted }, Event::Retry) => Step::Next(self.retry(fault, *interrupted, now)),

            (State::Idle, Event::Start { first }) => Step::Next(self.ask_or_aim(0, first, now)),
            (State::Asking { number, .. }, Event::Answer { yes: true }) => {
                self.pre_check = self.settings.questions.get(number).copied();
                Step::Next(self.conclude(now))
            }
            (State::Asking { number, first }, Event::Answer { yes: false }) => {
                Step::Next(self.ask_or_aim(number + 1, first, now))
            }

            (State::Aiming { eye, attempt }, Event::Shutter) => {
                let waiting = self.ask(now, self.settings.capture_within);
                let stage = self.eyes.get(eye).stage;
                self.commands.push_back(Command::Capture { token: waiting.token, eye, attempt, stage });
                Step::Next(State::Capturing { eye, attempt, waiting })
            }
            (state, Event::ChooseEye { eye }) if may_turn(&state) == Some(eye.other()) && !self.eye(eye).is_done() => {
                Step::Next(self.turn_to(eye, now))
            }
            (state, Event::AskNotScreenable) => match may_turn(&state) {
                Some(eye) => Step::Next(State::WhyNot { eye }),
                None => Step::Misfit(state, Event::AskNotScreenable),
            },
            (State::WhyNot { eye }, Event::Back) => Step::Next(self.turn_to(eye, now)),
            (State::WhyNot { eye }, Event::NotScreenable { reason }) => {
                self.eyes.get_mut(eye).status = EyeStatus::NotScreenable(reason);
                Step::Next(self.after_eye(eye, now))
            }

            (State::Capturing { eye, attempt, waiting }, Event::Captured { token }) if waiting.token == token => {
                Step::Next(self.judge(Shot { eye, attempt, capture: token, eye_confirmed: false }, now))
            }
            (State::Judging { shot, waiting }, Event::Judged { token, reading }) if waiting.token == token => {
                Step::Next(self.store(shot, reading, now))
            }
            (State::Storing { shot, reading, waiting }, Event::Persisted { token }) if waiting.token == token => {
                Step::Next(self.stored(shot, reading, now))
            }

            (State::WhichEye { shot }, Event::WhichEye { as_intended: true }) => {
                Step::Next(self.judge(Shot { eye_confirmed: true, ..shot }, now))
            }
            (State::WhichEye { shot }, Event::WhichEye { as_intended: false }) => Step::Next(self.withdraw(shot, now)),
            (State::Withdrawing { shot, waiting }, Event::Persisted { token }) if waiting.token == token => {
                Step::Next(self.no_result(shot, vec![WRONG_EYE], now))
            }

            (State::Retake { eye, .. }, Event::Continue) => Step::Next(self.turn_to(eye, now)),
            (State::Resting { eye, until } | State::DropsWork { eye, until }, Event::Wake) if until <= now => {
                Step::Next(self.turn_to(eye, now))
            }
            // Drops may work faster than the clock; darkness does not.
            (State::DropsWork { eye, .. }, Event::Continue) => {
                self.eyes.get_mut(eye).not_before = now;
                Step::Next(self.turn_to(eye, now))
            }
            (State::OfferingDrops { eye }, Event::Dilated { agent }) => {
                let until = now.after(self.settings.dilation);
                let drops = self.eyes.get_mut(eye);
                drops.agent = Some(agent);
                drops.enter(Stage::Dilated, until);
                Step::Next(self.turn_to(eye, now))
            }
            (State::OfferingDrops { eye }, Event::NotDilated) => {
                self.eyes.get_mut(eye).give_up(Unscreenable::Declined);
                Step::Next(self.after_eye(eye, now))
            }

            (State::Concluding { waiting }, Event::Persisted { token }) if waiting.token == token => {
                Step::Next(State::Result)
            }
            (State::Result, Event::Continue) => Step::Next(self.report(now)),
            (state @ (State::Reporting { .. } | State::Report { .. }), event) => self.reporting(state, event, now),

            (state, event) => Step::Misfit(state, event),
        }
    }

    /// From the result to the next patient. The report that comes late, while it is said that there is none, counts.
    fn reporting(&mut self, state: State, event: Event, now: Monotonic) -> Step {
        let asked = match &state {
            State::Reporting { waiting } => Some(waiting.token),
            State::Report { asked, report: None } => Some(*asked),
            _ => None,
        };
        match (state, event) {
            (_, Event::Reported { token, report }) if asked == Some(token) => {
                Step::Next(State::Report { asked: token, report: Some(report) })
            }
            (State::Reporting { waiting }, Event::ReportFailed { token }) if waiting.token == token => {
                Step::Next(State::Report { asked: token, report: None })
            }
            (State::Reporting { waiting }, Event::Wake) if waiting.until <= now => {
                Step::Next(State::Report { asked: waiting.token, report: None })
            }
            (State::Report { report: None, .. }, Event::Retry) => Step::Next(self.report(now)),
            (State::Report { .. }, Event::Continue) => Step::Next(State::Ended),
            (state, event) => Step::Misfit(state, event),
        }
    }

    fn report(&mut self, now: Monotonic) -> State {
        let waiting = self.ask(now, self.settings.store_within);
        self.commands.push_back(Command::Report { token: waiting.token });
        State::Reporting { waiting }
    }

    /// Something that photographs need does not work.
    fn down(&mut self, state: State, fault: Fault) -> State {
        if !self.down.contains(&fault) {
            self.down.push(fault);
        }
        match state {
            state @ (State::Aiming { .. } | State::Capturing { .. }) => {
                State::Fault { fault, interrupted: Box::new(state) }
            }
            // Everything else goes on without it, until an eye is aimed at.
            state => state,
        }
    }

    /// It works again.
    fn up(&mut self, state: State, fault: Fault, now: Monotonic) -> State {
        self.down.retain(|&down| down != fault);
        match state {
            State::Fault { fault: shown, interrupted } if shown == fault => self.again(*interrupted, now),
            state => state,
        }
    }

    fn retry(&mut self, fault: Fault, interrupted: State, now: Monotonic) -> State {
        match (fault, interrupted) {
            // More light is not to be had: this eye is as done as it can be.
            (Fault::LightLimit, State::Capturing { eye, .. } | State::Aiming { eye, .. }) => {
                self.eyes.get_mut(eye).give_up(Unscreenable::LightLimit);
                self.after_eye(eye, now)
            }
            (_, interrupted) => self.again(interrupted, now),
        }
    }

    /// The next question, or the first eye.
    fn ask_or_aim(&mut self, number: usize, first: Laterality, now: Monotonic) -> State {
        if number < self.settings.questions.len() { State::Asking { number, first } } else { self.turn_to(first, now) }
    }

    /// On with an eye that is not done, where it stands.
    fn turn_to(&mut self, eye: Laterality, now: Monotonic) -> State {
        let known = self.eyes.get(eye);
        if known.in_stage >= self.settings.limit(known.stage) {
            return State::OfferingDrops { eye };
        }
        let until = known.not_before;
        if until > now {
            match known.stage {
                Stage::Dilated => return State::DropsWork { eye, until },
                Stage::Undilated | Stage::SmallPupil => return State::Resting { eye, until },
            }
        }
        let aiming = State::Aiming { eye, attempt: known.attempts + 1 };
        match self.down.first() {
            Some(&fault) => State::Fault { fault, interrupted: Box::new(aiming) },
            None => aiming,
        }
    }

    /// Has a photograph judged.
    fn judge(&mut self, shot: Shot, now: Monotonic) -> State {
        let waiting = self.ask(now, self.settings.judge_within);
        let Shot { capture, eye_confirmed, .. } = shot;
        self.commands.push_back(Command::Judge { token: waiting.token, capture, eye_confirmed });
        State::Judging { shot, waiting }
    }

    /// Has a photograph and what was found on it stored.
    fn store(&mut self, shot: Shot, reading: Reading, now: Monotonic) -> State {
        let Shot { eye, attempt, capture, eye_confirmed } = shot;
        let known = self.eyes.get(eye);
        let (stage, agent) = (known.stage, known.agent);
        let reading_to_store = reading.clone();
        let entry = Entry::Photograph { eye, attempt, capture, stage, agent, eye_confirmed, reading: reading_to_store };
        let waiting = self.persist(entry, now);
        State::Storing { shot, reading, waiting }
    }

    /// A photograph and what was found on it are safe: what now?
    fn stored(&mut self, shot: Shot, reading: Reading, now: Monotonic) -> State {
        if !shot.eye_confirmed && is_doubted(&reading) {
            return State::WhichEye { shot };
        }
        match reading.outcome {
            Outcome::Refer | Outcome::NoReferableSigns => {
                self.eyes.get_mut(shot.eye).status = EyeStatus::Judged(reading);
                self.after_eye(shot.eye, now)
            }
            Outcome::NoResult => self.no_result(shot, reading.reasons, now),
        }
    }

    /// The operator says that a photograph shows the other eye.
    fn withdraw(&mut self, shot: Shot, now: Monotonic) -> State {
        let Shot { eye, attempt, capture, .. } = shot;
        let waiting = self.persist(Entry::Withdrawn { eye, attempt, capture }, now);
        State::Withdrawing { shot, waiting }
    }

    /// A photograph gave no result: again, after a rest, after drops, or never.
    fn no_result(&mut self, shot: Shot, reasons: Vec<Why>, now: Monotonic) -> State {
        let eye = shot.eye;
        let known = self.eyes.get_mut(eye);
        known.tried(shot.attempt, reasons.clone());
        if known.in_stage < self.settings.limit(known.stage) {
            return State::Retake { eye, reasons };
        }
        match known.stage {
            Stage::Undilated if self.settings.attempts_after_rest > 0 => {
                known.enter(Stage::SmallPupil, now.after(self.settings.rest));
                self.turn_to(eye, now)
            }
            Stage::Undilated | Stage::SmallPupil if self.settings.attempts_dilated > 0 => State::OfferingDrops { eye },
            Stage::Undilated | Stage::SmallPupil | Stage::Dilated => {
                known.give_up(Unscreenable::CannotBePositioned);
                self.after_eye(eye, now)
            }
        }
    }

    /// An eye is done: the other one, or the result.
    fn after_eye(&mut self, eye: Laterality, now: Monotonic) -> State {
        if self.eye(eye.other()).is_done() { self.conclude(now) } else { self.turn_to(eye.other(), now) }
    }

    fn conclude(&mut self, now: Monotonic) -> State {
        let entry = Entry::Result {
            right: self.eye(Laterality::Od).clone(),
            left: self.eye(Laterality::Os).clone(),
            patient: self.disposition(),
            pre_check: self.pre_check,
        };
        State::Concluding { waiting: self.persist(entry, now) }
    }

    fn abort(&mut self, now: Monotonic) -> State {
        // Commands that were not fetched yet are of an encounter that is over.
        self.commands.clear();
        State::Aborting { waiting: self.persist(Entry::Aborted, now) }
    }

    /// Takes up what was interrupted. A photograph that was taken is not taken again, and nothing is shown that is not
    /// stored.
    fn again(&mut self, interrupted: State, now: Monotonic) -> State {
        match interrupted {
            State::Judging { shot, .. } => self.judge(shot, now),
            State::Storing { shot, reading, .. } => self.store(shot, reading, now),
            State::Withdrawing { shot, .. } => self.withdraw(shot, now),
            State::Concluding { .. } => self.conclude(now),
            State::Aborting { .. } => self.abort(now),
            State::Capturing { eye, .. }
            | State::Aiming { eye, .. }
            | State::Resting { eye, .. }
            | State::DropsWork { eye, .. } => self.turn_to(eye, now),
            state @ (State::Idle
            | State::Asking { .. }
            | State::WhyNot { .. }
            | State::WhichEye { .. }
            | State::Retake { .. }
            | State::OfferingDrops { .. }
            | State::ConfirmingAbort { .. }
            | State::Fault { .. }
            | State::Result
            | State::Reporting { .. }
            | State::Report { .. }
            | State::Ended) => state,
        }
    }

    fn persist(&mut self, entry: Entry, now: Monotonic) -> Waiting {
        let waiting = self.ask(now, self.settings.store_within);
        self.commands.push_back(Command::Persist { token: waiting.token, entry });
        waiting
    }

    fn ask(&mut self, now: Monotonic, within: Duration) -> Waiting {
        self.token = self.token.wrapping_add(1);
        Waiting { token: self.token, until: now.after(within) }
    }
}

/// What an event says is out of order with what is waited for: its own failure, or that the deadline is over.
fn failure(state: &State, event: &Event, waiting: Waiting, late: Fault, now: Monotonic) -> Option<Fault> {
    match (state, event) {
        (_, Event::Wake) => (waiting.until <= now).then_some(late),
        (State::Capturing { .. }, Event::CaptureFailed { token, fault })
        | (
            State::Storing { .. } | State::Withdrawing { .. } | State::Concluding { .. } | State::Aborting { .. },
            Event::PersistFailed { token, fault },
        ) => (waiting.token == *token).then_some(*fault),
        _ => None,
    }
}

/// Whether the operator is asked for something, so that breaking off can be asked about.
fn may_be_left(state: &State) -> bool {
    let elsewhere = matches!(
        state,
        State::Idle
            | State::Result
            | State::Reporting { .. }
            | State::Report { .. }
            | State::ConfirmingAbort { .. }
            | State::Ended
    );
    state.waiting().is_none() && !elsewhere
}

/// The eye that the operator may leave for the other one, or declare not to be photographed.
fn may_turn(state: &State) -> Option<Laterality> {
    match state {
        State::Aiming { eye, .. }
        | State::Retake { eye, .. }
        | State::Resting { eye, .. }
        | State::OfferingDrops { eye }
        | State::DropsWork { eye, .. } => Some(*eye),
        State::Idle
        | State::Asking { .. }
        | State::WhyNot { .. }
        | State::Capturing { .. }
        | State::Judging { .. }
        | State::Storing { .. }
        | State::WhichEye { .. }
        | State::Withdrawing { .. }
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

/// Whether the photograph may show the other eye, and is good enough for the question to be worth asking.
fn is_doubted(reading: &Reading) -> bool {
    let ruled_out = |why: &Why| match why {
        Why::Photograph(reason) => reason.rules_out(),
        Why::Judging(_) => false,
    };
    reading.reasons.contains(&WRONG_EYE) && !reading.reasons.iter().any(ruled_out)
}
