//! The device between its patients: start, sign-in, who the patient is, health, settings, locking, the end; a state
//! machine without I/O around one [`Encounter`] at a time.
//!
//! ```text
//!   Starting ── needed check bad ──► Blocked ── Retry ─┐
//!      │  ▲──────────────────────────────────────────── ┘
//!      ├── clock not set ──► ClockNotSet ── Continue ─┐
//!      ▼                                              ▼
//!   SignIn ── Operator ──► Pin ── right ──► Home ── NextPatient ──► PatientNumber ─► (BirthDate) ─► Confirm
//!      ▲                                     │ ▲                                                       │ yes
//!      └────────────── SignOut ──────────────┘ └── the encounter ended ── Screening ◄──────────────────┘
//! ```
//!
//! After a time without a touch the screen is *locked*: it shows nothing of a patient, there is no light, and the PIN
//! of who is signed in leads back to where it stood. Without any operator in the configuration nobody can screen: there is
//! no default PIN, only practice.
//!
//! Events go in with their time ([`Station::handle`]), commands are fetched ([`Station::poll_command`]),
//! [`Station::poll_deadline`] says when [`Event::Wake`] is due. Answers to an encounter that is over are counted and
//! dropped: each encounter has a number.
//!
//! Not here: checking PINs, reading worklists, cameras, drawing, what buttons a screen has.

mod check;
mod expected;
mod patient;
mod press;
mod presses;
mod screen;
mod shown;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, fmt, time::Duration};

use ocellus_model::laterality::Laterality;

pub use check::{Check, Checked};
pub use expected::{Expected, Order, Worklist};
pub use patient::{ID_LENGTH_MAX, Patient, birth_date};
pub use press::Press;
pub use screen::{Battery, Health, Home, PinRefused, Queue, Screen, Tally, Unsent};

use crate::{
    config::Role,
    decision::PatientDisposition,
    encounter::{self, Encounter, Fault, Handled, Monotonic, View},
    language::Language,
};

/// Names on one screen.
pub const NAMES_A_SCREEN: usize = 4;
/// Results that were not sent on one screen.
pub const UNSENT_A_SCREEN: usize = 3;
/// Patients of the worklist on one screen.
pub const LISTED_A_SCREEN: usize = 2;
/// Digits of a PIN at most.
pub const PIN_LENGTH_MAX: usize = 12;

/// Somebody who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The name in records.
    pub id: String,
    /// The name on the screen.
    pub name: String,
    /// What for.
    pub role: Role,
}

/// How the device is run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who may sign in.
    pub operators: Vec<Operator>,
    /// After how long without a touch it is locked.
    pub lock_after: Duration,
    /// Whether one may practise.
    pub may_practise: bool,
    /// The eye that comes first.
    pub first_eye: Laterality,
    /// How encounters are run.
    pub encounter: encounter::Settings,
    /// The screens' language at the start.
    pub language: Language,
    /// Whether the shutter is automatic at the start.
    pub auto_shutter: bool,
}

/// Digits that nobody may read over a shoulder or in a log.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Pin(pub String);

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin")
    }
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The operator pressed something.
    Press(Press),
    /// The shutter button, or the automatic shutter, while aiming.
    Shutter,
    /// A code was scanned.
    Scanned(String),
    /// A check was made.
    Checked {
        /// Which.
        check: Check,
        /// How it ended.
        found: Checked,
    },
    /// A PIN was checked.
    PinChecked {
        /// Of the command.
        token: u32,
        /// None where it is right.
        refused: Option<PinRefused>,
    },
    /// The worklist was read.
    Worklist(Worklist),
    /// An answer to an encounter.
    Encounter {
        /// The encounter's number.
        number: u32,
        /// The answer.
        event: encounter::Event,
    },
    /// Something that photographs need does not work.
    Down(Fault),
    /// It works again.
    Up(Fault),
    /// How the battery is.
    Battery(Battery),
    /// What waits for the clinic's systems has changed.
    Queued(Queue),
    /// The program is to end.
    Stop,
    /// The deadline came.
    Wake,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Draw a screen.
    Show(Screen),
    /// Look at something; answered by [`Event::Checked`].
    Check(Check),
    /// Check a PIN; answered by [`Event::PinChecked`].
    CheckPin {
        /// For the answer.
        token: u32,
        /// Whose.
        operator: String,
        /// The digits.
        pin: Pin,
    },
    /// Send what waits, what was refused included; answered by [`Event::Queued`] as it goes.
    SendNow {
        /// Who wants that.
        operator: String,
    },
    /// Read the worklist; answered by [`Event::Worklist`].
    FetchWorklist,
    /// An encounter begins.
    Begin(Beginning),
    /// What the encounter wants; never a screen.
    Encounter {
        /// The encounter's number.
        number: u32,
        /// What.
        command: encounter::Command,
    },
    /// Light for aiming at an eye, or none.
    Light(Option<Laterality>),
    /// The encounter is over.
    End {
        /// Its number.
        number: u32,
    },
    /// The program ends.
    Exit,
}

/// An encounter as it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// Its number since the device started, from 1.
    pub number: u32,
    /// The patient.
    pub patient: Patient,
    /// What the clinic ordered; none where nobody told.
    pub order: Option<Order>,
    /// Whether the patient is nobody.
    pub practice: bool,
    /// Who screens.
    pub operator: Option<String>,
}

/// Where the device stands.
#[derive(Debug, Clone)]
enum Place {
    Starting,
    ClockNotSet,
    Blocked(Check),
    SignIn { first: usize },
    Pin(PinEntry),
    Home,
    PatientNumber { typed: String, first: usize },
    BirthDate { id: String, typed: String, refused: bool },
    Confirm(Box<Expected>),
    Screening { map: bool },
    Health,
    Queue,
    Settings,
    Stopping,
}

/// A PIN being typed.
#[derive(Debug, Clone)]
struct PinEntry {
    /// Whose, by number.
    operator: usize,
    typed: Pin,
    /// Token of the check under way.
    waiting: Option<u32>,
    refused: Option<PinRefused>,
}

impl PinEntry {
    fn new(operator: usize) -> Self {
        PinEntry { operator, typed: Pin::default(), waiting: None, refused: None }
    }
}

/// An encounter under way.
#[derive(Debug)]
struct Running {
    number: u32,
    practice: bool,
    encounter: Encounter,
    view: View,
    outcome: Option<PatientDisposition>,
}

/// The device.
#[derive(Debug)]
pub struct Station {
    settings: Settings,
    place: Place,
    /// What stands over everything while it is locked.
    lock: Option<PinEntry>,
    /// Who is signed in, by number.
    session: Option<usize>,
    running: Option<Running>,
    checks: Vec<(Check, Checked)>,
    worklist: Worklist,
    down: Vec<Fault>,
    battery: Option<Battery>,
    queue: Queue,
    tally: Tally,
    language: Language,
    auto_shutter: bool,
    touched: Monotonic,
    light: Option<Laterality>,
    shown: Option<Screen>,
    commands: VecDeque<Command>,
    numbers: u32,
    tokens: u32,
    practised: u32,
    ignored: u64,
}

impl Station {
    /// A device that was just switched on; it asks for every check.
    pub fn new(settings: Settings, now: Monotonic) -> Self {
        let (language, auto_shutter) = (settings.language, settings.auto_shutter);
        let mut station = Station {
            settings,
            place: Place::Starting,
            lock: None,
            session: None,
            running: None,
            checks: Check::ALL.map(|check| (check, Checked::Pending)).to_vec(),
            worklist: Worklist::default(),
            down: Vec::new(),
            battery: None,
            queue: Queue::default(),
            tally: Tally::default(),
            language,
            auto_shutter,
            touched: now,
            light: None,
            shown: None,
            commands: VecDeque::new(),
            numbers: 0,
            tokens: 0,
            practised: 0,
            ignored: 0,
        };
        station.show();
        station.commands.extend(Check::ALL.map(Command::Check));
        station
    }

    /// The screens' language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Whether the shutter is automatic.
    pub fn auto_shutter(&self) -> bool {
        self.auto_shutter
    }

    /// The battery, where something is known of it.
    pub fn battery(&self) -> Option<Battery> {
        self.battery
    }

    /// Whether the patient at hand is nobody.
    pub fn is_practice(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.practice)
    }

    /// Whether the clock was found not to be set.
    pub fn is_clock_doubtful(&self) -> bool {
        matches!(self.checked(Check::Clock), Checked::Bad(_))
    }

    /// The encounter under way.
    pub fn encounter(&self) -> Option<&Encounter> {
        self.running.as_ref().map(|running| &running.encounter)
    }

    /// Encounters by how they ended, practice apart.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The eye that may have light now.
    pub fn light(&self) -> Option<Laterality> {
        if self.lock.is_some() { None } else { self.encounter().and_then(Encounter::light) }
    }

    /// Whether the program has been asked to end and has ended all that was under way.
    pub fn has_stopped(&self) -> bool {
        matches!(self.place, Place::Stopping) && self.running.is_none()
    }

    /// Events that did not fit where they came.
    pub fn ignored(&self) -> u64 {
        self.ignored + self.encounter().map_or(0, Encounter::ignored)
    }

    /// The next thing to do, in order.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When [`Event::Wake`] is due, unless something else happens before.
    pub fn poll_deadline(&self) -> Option<Monotonic> {
        let encounter = self.encounter().and_then(Encounter::poll_deadline);
        let lock = self.may_be_locked().then(|| self.touched.after(self.settings.lock_after));
        [encounter, lock].into_iter().flatten().min()
    }

    /// Takes an event that happened at `now`.
    pub fn handle(&mut self, event: Event, now: Monotonic) {
        self.take(event, now);
        let light = self.light();
        if light != self.light {
            self.light = light;
            self.commands.push_back(Command::Light(light));
        }
        self.show();
    }

    fn take(&mut self, event: Event, now: Monotonic) {
        match event {
            Event::Press(press) => {
                self.touched = now;
                self.press(press, now);
            }
            Event::Shutter => {
                self.touched = now;
                if self.lock.is_none() {
                    self.tell(encounter::Event::Shutter, now);
                }
            }
            Event::Scanned(code) => {
                self.touched = now;
                self.scanned(&code);
            }
            Event::Checked { check, found } => self.checked_now(check, found),
            Event::PinChecked { token, refused } => self.pin_checked(token, refused, now),
            Event::Worklist(worklist) => self.listed(worklist),
            Event::Encounter { number, event } => {
                if self.running.as_ref().is_some_and(|running| running.number == number) {
                    self.tell(event, now);
                } else {
                    self.ignored += 1;
                    log::warn!("an answer came to encounter {number}, which is over: {event:?}");
                }
            }
            Event::Down(fault) => {
                if !self.down.contains(&fault) {
                    self.down.push(fault);
                }
                if self.running.is_some() {
                    self.tell(encounter::Event::Down { fault }, now);
                }
            }
            Event::Up(fault) => {
                self.down.retain(|&down| down != fault);
                if self.running.is_some() {
                    self.tell(encounter::Event::Up { fault }, now);
                }
            }
            Event::Battery(battery) => {
                let before = self.battery.replace(battery).is_some_and(Battery::is_empty);
                match (before, battery.is_empty()) {
                    (false, true) => self.take(Event::Down(Fault::BatteryEmpty), now),
                    (true, false) => self.take(Event::Up(Fault::BatteryEmpty), now),
                    (true, true) | (false, false) => {}
                }
            }
            Event::Queued(queue) => self.queue = queue,
            Event::Stop => self.stop(now),
            Event::Wake => self.wake(now),
        }
    }

    fn wake(&mut self, now: Monotonic) {
        if self.encounter().and_then(Encounter::poll_deadline).is_some_and(|due| due <= now) {
            self.tell(encounter::Event::Wake, now);
        }
        if self.may_be_locked()
            && self.touched.after(self.settings.lock_after) <= now
            && let Some(operator) = self.session
        {
            self.lock = Some(PinEntry::new(operator));
        }
    }

    fn may_be_locked(&self) -> bool {
        self.session.is_some() && self.lock.is_none() && !matches!(self.place, Place::Stopping)
    }

    // ---- start and end ----

    fn checked(&self, which: Check) -> &Checked {
        const PENDING: &Checked = &Checked::Pending;
        self.checks.iter().find(|(check, _)| *check == which).map_or(PENDING, |(_, found)| found)
    }

    fn checked_now(&mut self, which: Check, found: Checked) {
        if let Some((_, known)) = self.checks.iter_mut().find(|(check, _)| *check == which) {
            *known = found;
        }
        self.go_on_starting();
    }

    /// Leaves the start when everything was looked at.
    fn go_on_starting(&mut self) {
        if !matches!(self.place, Place::Starting | Place::Blocked(_))
            || self.checks.iter().any(|(_, found)| *found == Checked::Pending)
        {
            return;
        }
        let bad = |check: &Check| matches!(self.checked(*check), Checked::Bad(_));
        if let Some(check) = Check::ALL.into_iter().filter(|check| check.is_needed()).find(bad) {
            self.place = Place::Blocked(check);
        } else if bad(&Check::Clock) {
            self.place = Place::ClockNotSet;
        } else {
            self.sign_in();
        }
    }

    fn sign_in(&mut self) {
        self.session = None;
        self.place = if self.settings.operators.is_empty() { Place::Home } else { Place::SignIn { first: 0 } };
    }

    fn stop(&mut self, now: Monotonic) {
        if matches!(self.place, Place::Stopping) {
            return;
        }
        self.place = Place::Stopping;
        self.lock = None;
        if self.running.is_some() {
            self.tell(encounter::Event::Abort, now);
        }
        self.exit_if_done();
    }

    fn exit_if_done(&mut self) {
        // A store that can't take the end of an encounter must not keep the program from ending.
        if let Some(running) = &self.running
            && matches!(running.encounter.state(), encounter::State::Fault { .. })
        {
            log::error!("the end of encounter {} could not be stored", running.number);
            self.end_encounter();
        }
        if self.has_stopped() && !self.commands.contains(&Command::Exit) {
            self.commands.push_back(Command::Exit);
        }
    }

    // ---- the encounter ----

    fn begin(&mut self, expected: Expected, practice: bool, now: Monotonic) {
        let Expected { patient, order, .. } = expected;
        self.numbers += 1;
        let number = self.numbers;
        let operator =
            self.session.and_then(|number| self.settings.operators.get(number)).map(|known| known.id.clone());
        let encounter = Encounter::new(self.settings.encounter.clone());
        self.running = Some(Running { number, practice, encounter, view: View::Ready, outcome: None });
        self.place = Place::Screening { map: false };
        self.commands.push_back(Command::Begin(Beginning { number, patient, order, practice, operator }));
        for fault in self.down.clone() {
            self.tell(encounter::Event::Down { fault }, now);
        }
        self.tell(encounter::Event::Start { first: self.settings.first_eye }, now);
    }

    fn tell(&mut self, event: encounter::Event, now: Monotonic) {
        let Some(running) = &mut self.running else {
            self.ignored += 1;
            return;
        };
        if let Handled::Ignored { state, event } = running.encounter.handle(event, now) {
            log::info!("ignored while {state}: {event:?}");
        }
        let number = running.number;
        while let Some(command) = running.encounter.poll_command() {
            match command {
                encounter::Command::Show(view) => {
                    if let View::Result { patient, .. } = &view {
                        running.outcome = Some(*patient);
                    }
                    running.view = view;
                    if let Place::Screening { map } = &mut self.place {
                        *map = false;
                    }
                }
                command @ (encounter::Command::Capture { .. }
                | encounter::Command::Judge { .. }
                | encounter::Command::Persist { .. }
                | encounter::Command::Report { .. }) => {
                    self.commands.push_back(Command::Encounter { number, command });
                }
            }
        }
        if *running.encounter.state() == encounter::State::Ended {
            self.end_encounter();
        }
        if matches!(self.place, Place::Stopping) {
            self.exit_if_done();
        }
    }

    fn end_encounter(&mut self) {
        let Some(running) = self.running.take() else { return };
        if !running.practice {
            let count = match running.outcome {
                Some(PatientDisposition::Refer) => &mut self.tally.referred,
                Some(PatientDisposition::NoReferableSigns) => &mut self.tally.no_referable_signs,
                Some(PatientDisposition::Incomplete) => &mut self.tally.incomplete,
                None => &mut self.tally.broken_off,
            };
            *count += 1;
        }
        self.ignored += running.encounter.ignored();
        self.commands.push_back(Command::End { number: running.number });
        if matches!(self.place, Place::Screening { .. }) {
            match self.session {
                Some(_) => self.place = Place::Home,
                // Who practised without signing in has to do so now.
                None => self.sign_in(),
            }
        }
    }
}
