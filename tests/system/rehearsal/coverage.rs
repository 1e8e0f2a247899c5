//! What was reached over many runs. A place that is never reached proves nothing.

use ocellus::{
    encounter::{Fault, State, View},
    station::Screen,
};

/// The names of all states; [`state`] tells which is which.
const STATES: [&str; 21] = [
    "idle",
    "asking",
    "aiming",
    "why_not",
    "capturing",
    "judging",
    "storing",
    "which_eye",
    "withdrawing",
    "retake",
    "resting",
    "offering_drops",
    "drops_work",
    "concluding",
    "result",
    "reporting",
    "report",
    "confirming_abort",
    "fault",
    "aborting",
    "ended",
];

/// The names of all screens; [`screen`] tells which is which. [`View::Ready`] is no screen of the station: an encounter
/// begins and ends within one event.
const SCREENS: [&str; 29] = [
    "starting",
    "blocked",
    "clock-not-set",
    "sign-in",
    "pin",
    "home",
    "patient-number",
    "birth-date",
    "confirm",
    "question",
    "aim",
    "why-not",
    "judging",
    "retake",
    "which-eye",
    "rest",
    "offer-drops",
    "drops-work",
    "result",
    "report",
    "report-failed",
    "confirm-abort",
    "fault",
    "map",
    "health",
    "settings",
    "stopping",
    "locked",
    "queue",
];

/// Counts of one or many runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Coverage {
    states: [u64; STATES.len()],
    screens: [u64; SCREENS.len()],
    faults: [u64; Fault::ALL.len()],
    /// Encounters that began.
    pub(crate) encounters: u64,
    /// Screens with a result.
    pub(crate) results: u64,
    /// Of them, those without referable signs.
    pub(crate) negatives: u64,
    /// Times that the program died.
    pub(crate) crashes: u64,
    /// Flashes that were fired.
    pub(crate) flashes: u64,
    /// Of them, those by the simulated controller.
    pub(crate) line_flashes: u64,
    /// Times that the line to the simulated controller was lost.
    pub(crate) lines_lost: u64,
    /// Flashes that a device did not fire, or did not say so.
    pub(crate) not_flashed: u64,
    /// Flashes that the ledger of light refused.
    pub(crate) refused: u64,
    /// Events that the station was told.
    pub(crate) events: u64,
    /// Runs with the real client and the simulated controller.
    pub(crate) benches: u64,
}

impl Coverage {
    /// An encounter stands here after an event.
    pub(crate) fn state(&mut self, at: &State) {
        self.states[state(at)] += 1;
        if let State::Fault { fault, .. } = at {
            for (count, known) in self.faults.iter_mut().zip(Fault::ALL) {
                *count += u64::from(known == *fault);
            }
        }
    }

    /// A screen came.
    pub(crate) fn screen(&mut self, shown: &Screen) {
        if let Some(index) = screen(shown) {
            self.screens[index] += 1;
        }
    }

    /// An encounter began: that it waits for its start is over before anybody can look.
    pub(crate) fn began(&mut self) {
        self.encounters += 1;
        self.states[state(&State::Idle)] += 1;
    }

    /// An encounter ended, and is dropped at once.
    pub(crate) fn ended(&mut self) {
        self.states[state(&State::Ended)] += 1;
    }

    /// Adds the counts of another run.
    pub(crate) fn add(&mut self, other: &Coverage) {
        let add = |to: &mut [u64], from: &[u64]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        add(&mut self.states, &other.states);
        add(&mut self.screens, &other.screens);
        add(&mut self.faults, &other.faults);
        self.encounters += other.encounters;
        self.results += other.results;
        self.negatives += other.negatives;
        self.crashes += other.crashes;
        self.flashes += other.flashes;
        self.line_flashes += other.line_flashes;
        self.lines_lost += other.lines_lost;
        self.not_flashed += other.not_flashed;
        self.refused += other.refused;
        self.events += other.events;
        self.benches += other.benches;
    }

    /// Every place by its name, with how often it was reached.
    pub(crate) fn places(&self) -> Vec<(String, u64)> {
        let states = STATES.iter().zip(self.states).map(|(name, count)| (format!("state {name}"), count));
        let screens = SCREENS.iter().zip(self.screens).map(|(name, count)| (format!("screen {name}"), count));
        let faults =
            Fault::ALL.iter().zip(self.faults).map(|(fault, count)| (format!("fault {}", fault.name()), count));
        let others = [
            ("results", self.results),
            ("results without referable signs", self.negatives),
            ("crashes", self.crashes),
            ("flashes", self.flashes),
            ("flashes of the simulated controller", self.line_flashes),
            ("losses of the line to it", self.lines_lost),
            ("flashes that failed", self.not_flashed),
            ("flashes refused by the ledger", self.refused),
        ];
        let others = others.into_iter().map(|(name, count)| (name.to_owned(), count));
        states.chain(screens).chain(faults).chain(others).collect()
    }
}

/// Which state. Written out, so that a new one does not compile until it is listed.
fn state(of: &State) -> usize {
    match of {
        State::Idle => 0,
        State::Asking { .. } => 1,
        State::Aiming { .. } => 2,
        State::WhyNot { .. } => 3,
        State::Capturing { .. } => 4,
        State::Judging { .. } => 5,
        State::Storing { .. } => 6,
        State::WhichEye { .. } => 7,
        State::Withdrawing { .. } => 8,
        State::Retake { .. } => 9,
        State::Resting { .. } => 10,
        State::OfferingDrops { .. } => 11,
        State::DropsWork { .. } => 12,
        State::Concluding { .. } => 13,
        State::Result => 14,
        State::Reporting { .. } => 15,
        State::Report { .. } => 16,
        State::ConfirmingAbort { .. } => 17,
        State::Fault { .. } => 18,
        State::Aborting { .. } => 19,
        State::Ended => 20,
    }
}

/// Which screen; none for the one that is never shown.
fn screen(of: &Screen) -> Option<usize> {
    Some(match of {
        Screen::Starting(_) => 0,
        Screen::Blocked { .. } => 1,
        Screen::ClockNotSet => 2,
        Screen::SignIn { .. } => 3,
        Screen::Pin { locked: false, .. } => 4,
        Screen::Home(_) => 5,
        Screen::PatientNumber { .. } => 6,
        Screen::BirthDate { .. } => 7,
        Screen::Confirm(_) => 8,
        Screen::Encounter(view) => match view {
            View::Ready => return None,
            View::Question(_) => 9,
            View::Aim { .. } => 10,
            View::WhyNot { .. } => 11,
            View::Judging { .. } => 12,
            View::Retake { .. } => 13,
            View::WhichEye { .. } => 14,
            View::Rest { .. } => 15,
            View::OfferDrops { .. } => 16,
            View::DropsWork { .. } => 17,
            View::Result { .. } => 18,
            View::Report { report: Some(_), .. } => 19,
            View::Report { report: None, .. } => 20,
            View::ConfirmAbort => 21,
            View::Fault(_) => 22,
        },
        Screen::Map(_) => 23,
        Screen::Health(_) => 24,
        Screen::Settings { .. } => 25,
        Screen::Stopping => 26,
        Screen::Pin { locked: true, .. } => 27,
        Screen::Queue(_) => 28,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocellus_model::laterality::Laterality;

    #[test]
    fn places_bear_the_names_that_logs_do() {
        for at in [State::Idle, State::WhyNot { eye: Laterality::Od }, State::Result, State::Ended] {
            assert_eq!(STATES[state(&at)], at.name());
        }
        for shown in [Screen::ClockNotSet, Screen::Encounter(View::ConfirmAbort), Screen::Stopping] {
            assert_eq!(screen(&shown).map(|index| SCREENS[index]), Some(shown.name()));
        }
    }
}
