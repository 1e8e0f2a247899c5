//! What the operator is to see, with all that the drawing needs to know.

use super::{
    check::{Check, Checked},
    expected::Expected,
    patient::Patient,
};
use crate::{encounter::View, language::Language};

/// A screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Screen {
    /// The device starts and looks at itself.
    Starting(Vec<(Check, Checked)>),
    /// Nobody can be screened: what is out of order, and what is known of it.
    Blocked {
        /// What.
        check: Check,
        /// In the program's words.
        detail: String,
    },
    /// The clock is not set: times on records will be wrong.
    ClockNotSet,
    /// Who are you?
    SignIn {
        /// Names of the operators that fit the screen.
        names: Vec<String>,
        /// Number of the first of them.
        first: usize,
        /// Whether there are more.
        more: bool,
        /// Whether one may practise without signing in.
        practise: bool,
    },
    /// The PIN of an operator.
    Pin {
        /// Whose.
        name: String,
        /// Digits typed so far.
        digits: usize,
        /// What was wrong with the last one.
        refused: Option<PinRefused>,
        /// Whether the device is locked in the middle of something.
        locked: bool,
    },
    /// Ready for the next patient.
    Home(Home),
    /// Who is the patient?
    PatientNumber {
        /// What was typed so far.
        typed: String,
        /// Patients of the worklist.
        listed: Vec<Expected>,
        /// Whether there are more of them.
        more: bool,
        /// Whether the worklist could not be fetched anew.
        is_old: bool,
    },
    /// When was the patient born?
    BirthDate {
        /// The patient's number.
        id: String,
        /// Digits typed so far, `YYYYMMDD`.
        typed: String,
        /// Whether what was typed is no date.
        refused: bool,
    },
    /// Is this the patient?
    Confirm(Patient),
    /// Something of the encounter.
    Encounter(View),
    /// Where the program looked.
    Map(View),
    /// The state of the device.
    Health(Health),
    /// What waits for the clinic's systems.
    Queue(Queue),
    /// Language and the like.
    Settings {
        /// The language chosen.
        language: Language,
        /// Whether the shutter is automatic.
        auto_shutter: bool,
    },
    /// The program ends.
    Stopping,
}

/// Why a PIN was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinRefused {
    /// It is wrong.
    Wrong {
        /// Tries before the operator is locked out.
        tries_left: u32,
    },
    /// Too many wrong ones.
    LockedOut {
        /// Until it may be tried again, in seconds.
        seconds: u64,
    },
}

/// What the ready screen says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Home {
    /// Who is signed in; empty where nobody is.
    pub name: String,
    /// Whether patients can be screened; otherwise one can only practise.
    pub may_screen: bool,
    /// Whether one may practise.
    pub may_practise: bool,
    /// Encounters since the device started, practice apart.
    pub tally: Tally,
}

/// Encounters counted by how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// To be referred.
    pub referred: u32,
    /// Without referable signs.
    pub no_referable_signs: u32,
    /// Without a result.
    pub incomplete: u32,
    /// Broken off.
    pub broken_off: u32,
}

impl Tally {
    /// All of them.
    pub fn sum(&self) -> u32 {
        self.referred + self.no_referable_signs + self.incomplete + self.broken_off
    }
}

/// What is known of the device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// The checks as they stand.
    pub checks: Vec<(Check, Checked)>,
    /// Battery, percent; none where nobody tells.
    pub battery: Option<Battery>,
    /// Encounters by how they ended.
    pub tally: Tally,
    /// What waits for the clinic's systems.
    pub queue: Queue,
    /// Events that did not fit, since the start; for service.
    pub ignored: u64,
}

/// What has not reached the clinic's systems.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Queue {
    /// How much waits: results times destinations.
    pub waiting: u64,
    /// How much its destination refuses; a person has to look at that.
    pub set_aside: u64,
    /// The first of it, what was set aside before the others.
    pub first: Vec<Unsent>,
}

/// A result that has not reached a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// The encounter's number.
    pub encounter: String,
    /// Where to, by its section in the configuration.
    pub to: String,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Whether the destination refuses it.
    pub set_aside: bool,
    /// Why it is not there, in the program's words; empty where it was not tried yet.
    pub reason: String,
}

/// The battery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Battery {
    /// Charge, 0 to 100.
    pub percent: u8,
    /// Whether it is being charged.
    pub on_mains: bool,
}

impl Battery {
    /// Whether a flash may fail.
    pub fn is_empty(self) -> bool {
        !self.on_mains && self.percent < Battery::EMPTY_BELOW
    }

    /// Whether it should be charged soon.
    pub fn is_low(self) -> bool {
        !self.on_mains && self.percent < Battery::LOW_BELOW
    }

    /// Percent below which there is no flash.
    pub const EMPTY_BELOW: u8 = 5;
    /// Percent below which the operator is warned.
    pub const LOW_BELOW: u8 = 20;
}

impl Screen {
    /// Whether it is the screen before with something more typed, chosen or known: its controls are where they were, and
    /// stand for what they stood for.
    pub fn continues(&self, before: &Screen) -> bool {
        match (before, self) {
            (Screen::PatientNumber { listed: before, .. }, Screen::PatientNumber { listed, .. }) => before == listed,
            (before, now) => matches!(
                (before, now),
                (Screen::Starting(_), Screen::Starting(_))
                    | (Screen::Pin { .. }, Screen::Pin { .. })
                    | (Screen::BirthDate { .. }, Screen::BirthDate { .. })
                    | (Screen::Settings { .. }, Screen::Settings { .. })
            ),
        }
    }

    /// A short name for file names and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Screen::Starting(_) => "starting",
            Screen::Blocked { .. } => "blocked",
            Screen::ClockNotSet => "clock-not-set",
            Screen::SignIn { .. } => "sign-in",
            Screen::Pin { .. } => "pin",
            Screen::Home(_) => "home",
            Screen::PatientNumber { .. } => "patient-number",
            Screen::BirthDate { .. } => "birth-date",
            Screen::Confirm(_) => "confirm",
            Screen::Encounter(view) => view.name(),
            Screen::Map(_) => "map",
            Screen::Health(_) => "health",
            Screen::Queue(_) => "queue",
            Screen::Settings { .. } => "settings",
            Screen::Stopping => "stopping",
        }
    }
}
