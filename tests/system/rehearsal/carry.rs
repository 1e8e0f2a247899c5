//! The station's commands are carried out, by devices that do so late, never, twice, or not as they should.

use std::time::Duration;

use ocellus::{
    decision::{Outcome, PatientDisposition},
    encounter::{self, Entry, Fault, View},
    station::{Check, Checked, Command, Event, Expected, Patient, PinRefused, Queue, Screen, Station, Worklist},
};
use ocellus_model::laterality::Laterality;

use super::{
    disk::Taken,
    judge::Truth,
    lamp::{Lamp, Says},
    operator::PIN,
    queue::Happening,
    rules::{Holds, Rule, holds},
    sabotage::Sabotage,
    shell::{self, Asked, Capture},
    world::World,
};

/// How an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Soon,
    Late,
    Never,
    Twice,
    Fails,
    /// It was done, but the answer says no, or is lost.
    Lies,
}

impl World {
    /// Tells the station something, does what it wants, and looks whether all is well.
    pub(crate) fn tell(&mut self, event: Event) -> Holds {
        if self.station.is_none() || self.crashes()? {
            return Ok(());
        }
        self.note(|| format!("> {event:?}"));
        self.coverage.events += 1;
        match &event {
            Event::Down(fault) => drop(self.down.insert(*fault)),
            Event::Up(fault) => drop(self.down.remove(fault)),
            Event::Battery(battery) if battery.is_empty() => drop(self.down.insert(Fault::BatteryEmpty)),
            Event::Battery(_) => drop(self.down.remove(&Fault::BatteryEmpty)),
            _ => {}
        }
        let now = self.since_boot();
        if let Some(station) = &mut self.station {
            station.handle(event, now);
        }
        self.carry_out()?;
        self.check()
    }

    /// Tells an encounter something.
    pub(crate) fn tell_encounter(&mut self, number: u32, event: encounter::Event) -> Holds {
        self.tell(Event::Encounter { number, event })
    }

    pub(crate) fn carry_out(&mut self) -> Holds {
        while let Some(command) = self.station.as_mut().and_then(Station::poll_command) {
            if self.crashes()? {
                return Ok(());
            }
            self.note(|| format!("  < {command:?}"));
            match command {
                Command::Show(screen) => self.show(screen)?,
                Command::Check(check) => self.look_at(check),
                Command::CheckPin { token, pin, .. } => self.check_pin(token, &pin.0),
                Command::FetchWorklist => {
                    if self.calm || !self.dice.chance(50) {
                        self.told(10, 400, Event::Worklist(worklist()));
                    }
                }
                Command::SendNow { .. } => self.told(10, 400, Event::Queued(Queue::default())),
                Command::Begin(begun) => {
                    self.coverage.began();
                    if begun.practice {
                        self.practice.insert((self.boot, begun.number));
                    }
                    self.shell.begin(begun);
                    self.account.patient(self.shell.patient());
                }
                Command::Encounter { number, command } => self.encounter(number, command)?,
                Command::Light(eye) => self.light(eye)?,
                Command::End { .. } => {
                    self.coverage.ended();
                    let wall = self.wall();
                    self.shell.end(wall, self.now);
                    self.disk.keep_ledger(&self.shell.ledger);
                }
                Command::Exit => {
                    self.exited = true;
                    self.light(None)?;
                }
            }
        }
        Ok(())
    }

    fn told(&mut self, from: u64, to: u64, event: Event) {
        let at = self.now + self.dice.within(from, to);
        self.queue.push(at, Happening::Told(self.boot, event));
    }

    fn show(&mut self, mut screen: Screen) -> Holds {
        if self.is(Sabotage::ScreenRoundsUp)
            && let Screen::Encounter(View::Result { patient, .. }) = &mut screen
            && *patient == PatientDisposition::Incomplete
        {
            *patient = PatientDisposition::NoReferableSigns;
        }
        self.coverage.screen(&screen);
        self.check_shown(&screen)?;
        self.screen = screen;
        Ok(())
    }

    fn look_at(&mut self, check: Check) {
        let bad_luck = !self.calm && self.dice.chance(30);
        let good = match check {
            Check::Bundle => !bad_luck,
            Check::Store => !bad_luck && self.room.store.is_none(),
            Check::Camera => self.room.camera,
            Check::Controller => self.room.controller,
            Check::Clock => self.room.clock.1,
        };
        let found = if good { Checked::Good } else { Checked::Bad("why".to_owned()) };
        self.told(0, 700, Event::Checked { check, found });
    }

    fn check_pin(&mut self, token: u32, pin: &str) {
        let refused = if self.now < self.room.no_pin_before {
            Some(PinRefused::LockedOut { seconds: (self.room.no_pin_before - self.now).div_ceil(1000) })
        } else if pin == PIN.to_string() {
            self.room.wrong_pins = 0;
            None
        } else {
            self.room.wrong_pins += 1;
            match 3_u32.checked_sub(self.room.wrong_pins) {
                Some(tries_left) => Some(PinRefused::Wrong { tries_left }),
                None => {
                    self.room.no_pin_before = self.now + 5000;
                    Some(PinRefused::LockedOut { seconds: 5 })
                }
            }
        };
        self.told(20, 300, Event::PinChecked { token, refused });
    }

    fn light(&mut self, eye: Option<Laterality>) -> Holds {
        let wall = self.wall();
        self.shell.light(eye, wall, self.now);
        self.account.rounded();
        self.account.wanted(eye);
        self.lamp.aim(eye.is_some(), self.now);
        self.account.look(self.lamp.level(), self.now)
    }

    fn encounter(&mut self, number: u32, command: encounter::Command) -> Holds {
        match command {
            encounter::Command::Show(view) => {
                holds(Rule::StoredBeforeShown, false, || format!("past the station: {view:?}"))
            }
            encounter::Command::Capture { token, eye, stage, .. } => {
                self.capture(Asked { boot: self.boot, number, token }, eye, shell::flash(stage))
            }
            encounter::Command::Judge { token, capture, eye_confirmed } => {
                self.judge(Asked { boot: self.boot, number, token }, capture, eye_confirmed);
                Ok(())
            }
            encounter::Command::Persist { token, entry } => self.persist(number, token, entry),
            encounter::Command::Report { token } => self.report(number, token),
        }
    }

    // ---- camera and flash ----

    fn capture(&mut self, asked: Asked, eye: Laterality, permille: u16) -> Holds {
        let locked = matches!(self.screen, Screen::Pin { locked: true, .. });
        holds(Rule::OnlyWhenReady, !locked && self.down.is_empty(), || {
            format!("{eye} while locked: {locked}, down: {:?}", self.down)
        })?;
        let wall = self.wall();
        if !self.shell.allows_flash(eye, permille, wall, self.now) {
            self.coverage.refused += 1;
            let event = encounter::Event::CaptureFailed { token: asked.token, fault: Fault::LightLimit };
            return self.tell_encounter(asked.number, event);
        }
        if self.is(Sabotage::FlashesBookedLate) {
            self.shell.unbooked = Some((eye, permille));
        } else {
            // Before it is asked for: nobody may live to hear that it was fired.
            self.shell.book(eye, permille, wall);
            self.disk.keep_ledger(&self.shell.ledger);
        }
        self.shell.exposing = Some(asked);
        let mut says = Vec::new();
        self.lamp.flash(asked, permille, self.now, &mut says);
        says.into_iter().try_for_each(|says| self.said(says))
    }

    /// The controller says something, or a flash is seen.
    pub(crate) fn said(&mut self, says: Says) -> Holds {
        match says {
            Says::Controller(works) => {
                self.coverage.lines_lost += u64::from(!works);
                self.device(Check::Controller, Fault::ControllerLost, works)
            }
            Says::Fired(asked, permille) => self.fired(asked, permille),
            Says::Flashed(asked) => {
                if self.shell.exposing == Some(asked)
                    && let Some((eye, permille)) = self.shell.unbooked.take()
                {
                    let wall = self.wall();
                    self.shell.book(eye, permille, wall);
                    self.disk.keep_ledger(&self.shell.ledger);
                }
                Ok(())
            }
            Says::NotFlashed(asked, fault) => {
                self.coverage.not_flashed += 1;
                self.shell.exposing = self.shell.exposing.filter(|exposing| *exposing != asked);
                self.tell_encounter(asked.number, encounter::Event::CaptureFailed { token: asked.token, fault })
            }
            Says::Battery(battery) => self.tell(Event::Battery(battery)),
            Says::Restarted => Ok(()),
        }
    }

    fn fired(&mut self, asked: Asked, permille: u16) -> Holds {
        self.note(|| format!("  a flash: {asked:?}"));
        self.coverage.flashes += 1;
        self.coverage.line_flashes += u64::from(self.script.bench);
        self.account.flash(permille, self.now)?;
        let truth = Truth::of(self.account.eye(), &mut self.dice, self.room.poor);
        let before = self.truths.insert(asked, truth);
        holds(Rule::RightEye, before.is_none(), || format!("{asked:?} was flashed for twice"))?;
        if let Lamp::Plain(_) = self.lamp {
            let says = match self.fate() {
                Fate::Never => None,
                Fate::Lies => Some(Says::NotFlashed(asked, Fault::ControllerLost)),
                Fate::Soon | Fate::Late | Fate::Twice | Fate::Fails => Some(Says::Flashed(asked)),
            };
            let at = self.now + self.dice.within(5, 40);
            if let Some(says) = says {
                self.queue.push(at, Happening::Says(self.boot, says));
            }
        }
        if !self.room.camera {
            return Ok(());
        }
        let within = self.settings.encounter.capture_within;
        for at in self.answers(within).1 {
            self.queue.push(at, Happening::Photograph(asked));
        }
        Ok(())
    }

    /// The photograph that a flash lit is there.
    pub(crate) fn photographed(&mut self, flash: Asked) -> Holds {
        let asked = if self.is(Sabotage::PhotographsMixedUp) { self.shell.exposing.take() } else { Some(flash) };
        let Some(Asked { number, token, .. }) = asked.filter(|asked| asked.boot == self.boot) else { return Ok(()) };
        if self.shell.begun.as_ref().is_none_or(|begun| begun.number != number) {
            return Ok(());
        }
        // One that comes again is the same photograph.
        self.shell.captures.entry(token).or_insert(Capture { flash, reading: None });
        self.tell_encounter(number, encounter::Event::Captured { token })
    }

    // ---- judge ----

    fn judge(&mut self, asked: Asked, capture: u32, eye_confirmed: bool) {
        let Some(taken) = self.shell.captures.get(&capture) else { return };
        let Some(truth) = self.truths.get(&taken.flash).copied() else { return };
        let mut reading = truth.reading(eye_confirmed);
        if self.is(Sabotage::JudgeIsBlind) && truth.poor.is_some() && reading.outcome == Outcome::NoResult {
            reading.outcome = Outcome::NoReferableSigns;
        }
        let within = self.settings.encounter.judge_within;
        for at in self.answers(within).1 {
            self.queue.push(at, Happening::Judged(asked, capture, reading.clone()));
        }
    }

    // ---- store ----

    fn persist(&mut self, number: u32, token: u32, entry: Entry) -> Holds {
        let key = (self.boot, number);
        let mut missing = false;
        if let Entry::Photograph { eye, capture, .. } = &entry {
            let taken = self.shell.captures.get(capture);
            missing = taken.is_none_or(|taken| taken.reading.is_none());
            if let Some((flash, truth)) = taken.and_then(|taken| Some((taken.flash, *self.truths.get(&taken.flash)?))) {
                let right = truth.eye == *eye && (flash.boot, flash.number) == key;
                holds(Rule::RightEye, right, || format!("filed as {eye} of {key:?}: {truth:?} of {flash:?}"))?;
                self.filed.insert(Asked { boot: self.boot, number, token: *capture }, truth);
            }
        }
        let failed = |fault| encounter::Event::PersistFailed { token, fault };
        // What is not there can't be stored.
        let fault = if missing { Some(Fault::StoreFailed) } else { self.room.store };
        if let Some(fault) = fault {
            self.told(5, 200, Event::Encounter { number, event: failed(fault) });
            return Ok(());
        }
        let within = self.settings.encounter.store_within;
        let (fate, answers) = self.answers(within);
        if fate == Fate::Fails {
            let fault = self.dice.one(&[Fault::StoreFailed, Fault::StoreFull]);
            self.told(5, 200, Event::Encounter { number, event: failed(fault) });
            return Ok(());
        }
        let answer = match self.disk.take(key, &entry) {
            Taken::ToBeWritten => None,
            Taken::OverAlready => Some(encounter::Event::Persisted { token }),
            Taken::Refused => Some(failed(Fault::StoreFailed)),
        };
        if let Some(event) = answer {
            self.told(5, 200, Event::Encounter { number, event });
            return Ok(());
        }
        let first = answers.iter().copied().min().unwrap_or(self.now + 100);
        if self.is(Sabotage::StoredTooEarly) {
            self.queue.push(self.now + 500, Happening::Written(key, entry.clone()));
            self.queue.push(self.now, Happening::Stored(key, entry, token));
            return Ok(());
        }
        if !self.is(Sabotage::StoreForgets) {
            let written = self.now + self.dice.within(1, (first - self.now).clamp(1, 100));
            self.queue.push(written, Happening::Written(key, entry.clone()));
        }
        if fate == Fate::Lies {
            let event = Event::Encounter { number, event: failed(Fault::StoreFailed) };
            self.queue.push(first + 1, Happening::Told(self.boot, event));
            return Ok(());
        }
        for at in answers {
            self.queue.push(at + 1, Happening::Stored(key, entry.clone(), token));
        }
        Ok(())
    }

    /// A report is made of what is stored: never before its result, and of no other.
    fn report(&mut self, number: u32, token: u32) -> Holds {
        let stored = self.disk.has_result((self.boot, number));
        holds(Rule::StoredBeforeShown, stored, || format!("a report on {number}, which has no stored result"))?;
        let within = self.settings.encounter.store_within;
        let (fate, answers) = self.answers(within);
        let event = match (fate, self.room.store) {
            (Fate::Fails, _) | (_, Some(_)) => encounter::Event::ReportFailed { token },
            (Fate::Soon | Fate::Late | Fate::Never | Fate::Twice | Fate::Lies, None) => {
                encounter::Event::Reported { token, report: format!("device-{number:06}") }
            }
        };
        for at in answers {
            self.queue.push(at, Happening::Told(self.boot, Event::Encounter { number, event: event.clone() }));
        }
        Ok(())
    }

    // ---- chance ----

    fn fate(&mut self) -> Fate {
        if self.calm {
            return Fate::Soon;
        }
        self.dice.weighted(&[
            (860, Fate::Soon),
            (40, Fate::Late),
            (20, Fate::Never),
            (30, Fate::Twice),
            (30, Fate::Fails),
            (20, Fate::Lies),
        ])
    }

    /// When answers come to a question that is waited for so long, and how.
    fn answers(&mut self, within: Duration) -> (Fate, Vec<u64>) {
        let within = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        let soon = self.now + self.dice.within(within / 200, within / 12);
        let late = self.now + self.dice.within(within * 9 / 10, within * 2);
        let fate = self.fate();
        let at = match fate {
            Fate::Soon | Fate::Fails | Fate::Lies => vec![soon],
            Fate::Late => vec![late],
            Fate::Never => Vec::new(),
            Fate::Twice => vec![soon, late],
        };
        (fate, at)
    }
}

fn worklist() -> Worklist {
    let patient = |id: &str, name: &str, birth_date: &str| Patient {
        id: id.to_owned(),
        name: name.to_owned(),
        birth_date: birth_date.to_owned(),
    };
    let expected =
        [patient("4711", "Roe, Jane", "1961-02-28"), patient("12", "Doe, John", "1950-12-31")].map(Expected::from);
    Worklist { expected: expected.to_vec(), is_old: false }
}
