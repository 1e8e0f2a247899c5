//! What a press, a scanned code or a checked PIN leads to.

use super::{
    Command, Expected, ID_LENGTH_MAX, LISTED_A_SCREEN, NAMES_A_SCREEN, PIN_LENGTH_MAX, Patient, PinEntry, PinRefused,
    Place, Press, Station, Worklist, birth_date,
    check::{Check, Checked},
};
use crate::{
    config::Role,
    encounter::{self, Monotonic},
};

impl Station {
    pub(super) fn press(&mut self, press: Press, now: Monotonic) {
        if let Some(entry) = self.lock.take() {
            self.lock = self.press_at_pin(entry, press);
            return;
        }
        let place = std::mem::replace(&mut self.place, Place::Home);
        self.place = match (place, press) {
            (place @ (Place::SignIn { .. } | Place::Home | Place::Blocked(_)), Press::SwitchOff) => {
                self.place = place;
                return self.stop(now);
            }
            (Place::Blocked(_), Press::Retry) => {
                for (check, found) in &mut self.checks {
                    *found = Checked::Pending;
                    self.commands.push_back(Command::Check(*check));
                }
                Place::Starting
            }
            (Place::ClockNotSet, Press::Continue) => return self.sign_in(),
            (Place::ClockNotSet, Press::Retry) => {
                self.checked_now(Check::Clock, Checked::Pending);
                self.commands.push_back(Command::Check(Check::Clock));
                Place::Starting
            }

            (Place::SignIn { .. }, Press::Operator(number)) if number < self.settings.operators.len() => {
                Place::Pin(PinEntry::new(number))
            }
            (Place::SignIn { first }, Press::More) => {
                let next = first + NAMES_A_SCREEN;
                Place::SignIn { first: if next < self.settings.operators.len() { next } else { 0 } }
            }
            (Place::SignIn { .. } | Place::Home, Press::Practise) if self.settings.may_practise => {
                self.practised += 1;
                return self.begin(Patient::practice(self.practised).into(), true, now);
            }
            (Place::Pin(_), Press::Back) => return self.sign_in(),
            (Place::Pin(entry), press) => match self.press_at_pin(entry, press) {
                Some(entry) => Place::Pin(entry),
                None => return self.sign_in(),
            },

            (Place::Home, Press::NextPatient) if self.may_screen() => {
                self.commands.push_back(Command::FetchWorklist);
                Place::PatientNumber { typed: String::new(), first: 0 }
            }
            (Place::Home, Press::Health) | (Place::Queue, Press::Back) => Place::Health,
            (Place::Health, Press::Queue) => Place::Queue,
            (Place::Queue, Press::SendNow) => {
                if let Some(known) = self.session.and_then(|number| self.settings.operators.get(number)) {
                    self.commands.push_back(Command::SendNow { operator: known.id.clone() });
                }
                Place::Queue
            }
            (Place::Home, Press::Settings) => Place::Settings,
            (Place::Home, Press::SignOut) => return self.sign_in(),
            (Place::Health | Place::Settings | Place::PatientNumber { .. }, Press::Back) => Place::Home,
            (Place::Settings, Press::Language(language)) => {
                self.language = language;
                Place::Settings
            }
            (Place::Settings, Press::AutoShutter) => {
                self.auto_shutter = !self.auto_shutter;
                Place::Settings
            }

            (Place::PatientNumber { mut typed, first }, Press::Digit(digit)) => {
                push_digit(&mut typed, digit, ID_LENGTH_MAX);
                Place::PatientNumber { typed, first }
            }
            (Place::PatientNumber { mut typed, first }, Press::Erase) => {
                typed.pop();
                Place::PatientNumber { typed, first }
            }
            (Place::PatientNumber { typed, first }, Press::More) => {
                let next = first + LISTED_A_SCREEN;
                Place::PatientNumber { typed, first: if next < self.worklist.expected.len() { next } else { 0 } }
            }
            (Place::PatientNumber { first, .. }, Press::Listed(number))
                if first + number < self.worklist.expected.len() =>
            {
                Place::Confirm(Box::new(self.worklist.expected[first + number].clone()))
            }
            (Place::PatientNumber { typed, .. }, Press::Enter) if !typed.is_empty() => self.by_number(typed),
            (Place::BirthDate { id, mut typed, .. }, Press::Digit(digit)) => {
                push_digit(&mut typed, digit, 8);
                Place::BirthDate { id, typed, refused: false }
            }
            (Place::BirthDate { id, mut typed, .. }, Press::Erase) => {
                typed.pop();
                Place::BirthDate { id, typed, refused: false }
            }
            (Place::BirthDate { id, typed, .. }, Press::Enter) => match birth_date(&typed) {
                Some(birth_date) => {
                    let patient = Patient { id, name: String::new(), birth_date };
                    Place::Confirm(Box::new(patient.into()))
                }
                None => Place::BirthDate { id, typed, refused: true },
            },
            (Place::BirthDate { .. } | Place::Confirm(_), Press::Back) => {
                Place::PatientNumber { typed: String::new(), first: 0 }
            }
            (Place::Confirm(expected), Press::Continue) if expected.patient.has_two_identifiers() => {
                return self.begin(*expected, false, now);
            }

            (Place::Screening { map }, Press::Map) if self.shows_result() => Place::Screening { map: !map },
            (place @ Place::Screening { .. }, press) => {
                self.place = place;
                match event_of(press) {
                    Some(event) => self.tell(event, now),
                    None => self.ignored += 1,
                }
                return;
            }

            (place, _) => {
                self.ignored += 1;
                place
            }
        };
    }

    /// What is pressed while a PIN is typed; none when that is given up.
    pub(super) fn press_at_pin(&mut self, mut entry: PinEntry, press: Press) -> Option<PinEntry> {
        match press {
            Press::Digit(digit) if entry.waiting.is_none() => {
                entry.refused = None;
                push_digit(&mut entry.typed.0, digit, PIN_LENGTH_MAX);
            }
            Press::Erase if entry.waiting.is_none() => drop(entry.typed.0.pop()),
            Press::Enter if entry.waiting.is_none() && !entry.typed.0.is_empty() => {
                self.tokens += 1;
                entry.waiting = Some(self.tokens);
                let pin = std::mem::take(&mut entry.typed);
                let operator = self.settings.operators.get(entry.operator)?.id.clone();
                self.commands.push_back(Command::CheckPin { token: self.tokens, operator, pin });
            }
            _ => self.ignored += 1,
        }
        Some(entry)
    }

    pub(super) fn pin_checked(&mut self, token: u32, refused: Option<PinRefused>, now: Monotonic) {
        let entry = match (&mut self.lock, &mut self.place) {
            (Some(entry), _) | (None, Place::Pin(entry)) if entry.waiting == Some(token) => entry,
            _ => {
                self.ignored += 1;
                return;
            }
        };
        entry.waiting = None;
        entry.refused = refused;
        if refused.is_none() {
            self.touched = now;
            self.session = Some(entry.operator);
            if self.lock.take().is_none() {
                self.place = Place::Home;
            }
        }
    }

    pub(super) fn scanned(&mut self, code: &str) {
        if self.lock.is_some() || !self.may_screen() {
            self.ignored += 1;
            return;
        }
        match (&self.place, Patient::from_code(code)) {
            (Place::Home | Place::PatientNumber { .. }, Some(patient)) if patient.has_two_identifiers() => {
                self.place = Place::Confirm(Box::new(self.as_expected(patient)));
            }
            (Place::Home | Place::PatientNumber { .. }, Some(patient)) => self.place = self.by_number(patient.id),
            _ => self.ignored += 1,
        }
    }

    /// A patient whose code tells two identifiers, with what the worklist says was ordered for the same person. Where number
    /// and date of birth do not agree it is another person, of whom nothing was ordered.
    fn as_expected(&self, patient: Patient) -> Expected {
        let same = |expected: &&Expected| {
            let listed = &expected.patient;
            let dates = [&listed.birth_date, &patient.birth_date];
            listed.id == patient.id && !dates[0].is_empty() && dates[0] == dates[1]
        };
        let order = self.worklist.expected.iter().find(same).and_then(|expected| expected.order.clone());
        Expected { order, ..patient.into() }
    }

    /// A newer worklist. What is shown of it begins anew: what stood there may not be there any more.
    pub(super) fn listed(&mut self, worklist: Worklist) {
        if self.worklist == worklist {
            return;
        }
        self.worklist = worklist;
        if let Place::PatientNumber { first, .. } = &mut self.place {
            *first = 0;
        }
    }

    /// A number alone is looked for in the worklist; where it is not, the date of birth is the second identifier.
    pub(super) fn by_number(&self, id: String) -> Place {
        match self.worklist.expected.iter().find(|expected| expected.patient.id == id) {
            Some(expected) => Place::Confirm(Box::new(expected.clone())),
            None => Place::BirthDate { id, typed: String::new(), refused: false },
        }
    }

    pub(super) fn may_screen(&self) -> bool {
        self.session.and_then(|number| self.settings.operators.get(number)).is_some_and(|operator| {
            match operator.role {
                Role::Operator | Role::Supervisor => true,
                Role::Service => false,
            }
        })
    }
}

fn push_digit(typed: &mut String, digit: u8, length_max: usize) {
    if digit <= 9 && typed.len() < length_max {
        typed.push(char::from(b'0' + digit));
    }
}

/// What a press means to an encounter.
fn event_of(press: Press) -> Option<encounter::Event> {
    Some(match press {
        Press::Continue => encounter::Event::Continue,
        Press::Back => encounter::Event::Back,
        Press::Retry => encounter::Event::Retry,
        Press::Answer(yes) => encounter::Event::Answer { yes },
        Press::Photograph => encounter::Event::Shutter,
        Press::Eye(eye) => encounter::Event::ChooseEye { eye },
        Press::NotPossible => encounter::Event::AskNotScreenable,
        Press::Because(reason) => encounter::Event::NotScreenable { reason },
        Press::WhichEye(as_intended) => encounter::Event::WhichEye { as_intended },
        Press::Drops(agent) => encounter::Event::Dilated { agent },
        Press::NoDrops => encounter::Event::NotDilated,
        Press::BreakOff => encounter::Event::AskAbort,
        Press::BreakOffIndeed => encounter::Event::Abort,
        Press::Operator(_)
        | Press::More
        | Press::Digit(_)
        | Press::Erase
        | Press::Enter
        | Press::Listed(_)
        | Press::NextPatient
        | Press::Practise
        | Press::Health
        | Press::Queue
        | Press::SendNow
        | Press::Settings
        | Press::Language(_)
        | Press::AutoShutter
        | Press::SignOut
        | Press::SwitchOff
        | Press::Map => return None,
    })
}
