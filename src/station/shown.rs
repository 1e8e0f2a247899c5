//! The screen of the state.

use super::{
    Command, Health, Home, LISTED_A_SCREEN, NAMES_A_SCREEN, PinEntry, Place, Screen, Station, Worklist, check::Checked,
};
use crate::encounter::View;

impl Station {
    pub(super) fn shows_result(&self) -> bool {
        self.running.as_ref().is_some_and(|running| matches!(running.view, View::Result { .. }))
    }

    pub(super) fn show(&mut self) {
        let screen = self.screen();
        if self.shown.as_ref() != Some(&screen) {
            self.shown = Some(screen.clone());
            self.commands.push_back(Command::Show(screen));
        }
    }

    pub(super) fn name(&self, operator: usize) -> String {
        self.settings.operators.get(operator).map(|known| known.name.clone()).unwrap_or_default()
    }

    pub(super) fn pin_screen(&self, entry: &PinEntry, locked: bool) -> Screen {
        let digits = entry.typed.0.len();
        Screen::Pin { name: self.name(entry.operator), digits, refused: entry.refused, locked }
    }

    pub(super) fn screen(&self) -> Screen {
        if let Some(entry) = &self.lock {
            return self.pin_screen(entry, true);
        }
        match &self.place {
            Place::Starting => Screen::Starting(self.checks.clone()),
            Place::ClockNotSet => Screen::ClockNotSet,
            Place::Blocked(check) => {
                let detail = match self.checked(*check) {
                    Checked::Bad(detail) => detail.clone(),
                    Checked::Pending | Checked::Good => String::new(),
                };
                Screen::Blocked { check: *check, detail }
            }
            Place::SignIn { first } => {
                let rest = self.settings.operators.iter().skip(*first);
                Screen::SignIn {
                    names: rest.take(NAMES_A_SCREEN).map(|operator| operator.name.clone()).collect(),
                    first: *first,
                    more: self.settings.operators.len() > NAMES_A_SCREEN,
                    practise: self.settings.may_practise,
                }
            }
            Place::Pin(entry) => self.pin_screen(entry, false),
            Place::Home => Screen::Home(Home {
                name: self.session.map(|operator| self.name(operator)).unwrap_or_default(),
                may_screen: self.may_screen(),
                may_practise: self.settings.may_practise,
                tally: self.tally,
            }),
            Place::PatientNumber { typed, first } => {
                let Worklist { expected, is_old } = &self.worklist;
                Screen::PatientNumber {
                    typed: typed.clone(),
                    listed: expected.iter().skip(*first).take(LISTED_A_SCREEN).cloned().collect(),
                    more: expected.len() > LISTED_A_SCREEN,
                    is_old: *is_old,
                }
            }
            Place::BirthDate { id, typed, refused } => {
                Screen::BirthDate { id: id.clone(), typed: typed.clone(), refused: *refused }
            }
            Place::Confirm(expected) => Screen::Confirm(expected.patient.clone()),
            Place::Screening { map } => {
                let view = self.running.as_ref().map_or(View::Ready, |running| running.view.clone());
                if *map { Screen::Map(view) } else { Screen::Encounter(view) }
            }
            Place::Health => Screen::Health(Health {
                checks: self.checks.clone(),
                battery: self.battery,
                tally: self.tally,
                queue: self.queue.clone(),
                ignored: self.ignored(),
            }),
            Place::Queue => Screen::Queue(self.queue.clone()),
            Place::Settings => Screen::Settings { language: self.language, auto_shutter: self.auto_shutter },
            Place::Stopping => Screen::Stopping,
        }
    }
}
