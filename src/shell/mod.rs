//! The running device: one loop, and a thread for each thing that takes its time.
//!
//! ```text
//!   camera ── newest frame (watch, older ones are dropped) ──┐
//!   camera ── photographs ──┐                                ▼
//!   controller ─────────────┤                           ┌────────┐ ── scene (watch) ──► panel
//!   judge ──────────────────┼── Told (bounded queue) ──►│  loop  │ ── orders ─────────► judge, store, controller
//!   store ──────────────────┤                           └────────┘
//!   panel's touches, input ─┘                        Station, AutoShutter, FocusSweep, Ledger
//! ```
//!
//! The loop never waits for a thread: orders go into bounded queues, and one that is full is a fault of that device. The
//! decisions are made by the [`Station`] and its encounter, which know nothing of all this. The system's watchdog is fed
//! while every thread moves ([`pulse`]). A sender beside all that takes what is stored out of the record ([`hatch`]).
//!
//! Not here: what a photograph says ([`crate::judge`]), what is stored how ([`crate::store`]), drawing
//! ([`crate::screens`]).

mod aiming;
mod devices;
mod feeling;
mod frames;
mod hands;
mod hatch;
mod judging;
mod keeping;
mod light_budget;
mod lights;
mod listing;
mod live;
mod practice;
mod pulse;
mod reporting;
mod showing;
mod told;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use ocellus_model::{
    laterality::Laterality,
    quality::{Fingerprint, Reason},
};

pub use devices::{Devices, Hand};
pub use judging::Load;
pub use listing::Fetch;
pub use practice::Room;
pub use reporting::Reports;

use crate::{
    encounter::{self, Entry, Fault, Monotonic, Reading, Stage, View},
    judge::{Record, Why},
    operators::{Operators, SignIn},
    station::{self, Beginning, Check, Checked, Command, PinRefused, Screen, Station},
    store::{Stamp, photograph_name},
};
use aiming::Aiming;
use devices::Running;
use hands::{Button, Meaning};
use light_budget::LightBudget;
use live::Preview;
use showing::Scene;
use told::{Asked, Judged, Picture, Told};

/// How often a screen that counts down is drawn anew.
const TICK: Duration = Duration::from_millis(250);
/// How long the start waits for camera and controller before it says that they are out of order.
const DEVICES_WITHIN: Duration = Duration::from_millis(1500);
/// How often the ledger of light is kept while there is light.
const LEDGER_EVERY: Duration = Duration::from_secs(10);
/// A target of touch is this much larger than it looks, in millimetres.
const TOUCH_GROWS: f32 = 1.4;

/// How the device is run.
#[derive(Debug)]
pub struct Settings {
    /// What the station is told.
    pub station: station::Settings,
    /// Who may sign in, with their PINs.
    pub operators: Operators,
    /// Clinic and device, as the status bar says.
    pub place: String,
    /// Months until the next screening of a patient without referable signs.
    pub months: u32,
    /// How reports are made.
    pub reports: Reports,
}

/// Why the device can't run.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// The system refuses something.
    #[error("the system refuses {what}: {source}")]
    System {
        /// What.
        what: &'static str,
        /// Its reason.
        source: std::io::Error,
    },
}

/// Runs the device until it is switched off, by an operator, a signal or [`Hand::switch_off`]. Afterwards all is
/// stored and the light is out.
///
/// # Errors
/// When the system refuses threads or signals.
pub fn run(settings: Settings, devices: Devices) -> Result<(), ShellError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| ShellError::System { what: "a runtime", source })?;
    runtime.block_on(async {
        let running = devices.start()?;
        Shell::new(settings, running).run().await
    })
}

/// A photograph as it came, and what was found on it once it is judged.
#[derive(Debug)]
struct Capture {
    eye: Laterality,
    attempt: u32,
    bytes: Arc<[u8]>,
    /// Whether the operator said that it shows the other eye.
    withdrawn: bool,
    record: Option<Record>,
    fingerprint: Option<Fingerprint>,
}

/// A photograph that is waited for.
#[derive(Debug, Clone, Copy)]
struct Exposing {
    asked: Asked,
    eye: Laterality,
    attempt: u32,
    /// Whether the controller has said that the flash was fired.
    flashed: bool,
}

/// The loop and all it knows.
#[derive(Debug)]
struct Shell {
    station: Station,
    operators: Arc<Mutex<Operators>>,
    place: String,
    months: u32,
    reports: Reports,
    running: Running,
    start: Instant,
    screen: Screen,
    /// Counts the scenes that were published.
    round: u64,
    /// Counts the screens.
    number: u64,
    highlighted: usize,
    button: Button,
    aiming: Aiming,
    budget: LightBudget,
    /// The encounter under way.
    begun: Option<Beginning>,
    /// When its result was first given to the store: what its report says, however often that is asked for.
    ended: Option<Stamp>,
    captures: BTreeMap<u32, Capture>,
    exposing: Option<Exposing>,
    /// When the light was last turned to an eye: what the camera delivered before is of another.
    lit: Instant,
    /// A photograph was asked for that never came: the next one may be that.
    one_is_missing: bool,
    /// The newest photograph of each eye, and the same with the map.
    pictures: BTreeMap<&'static str, (Picture, Option<Picture>)>,
    /// When the ledger of light is to be kept while there is light.
    ledger_due: Duration,
    /// Camera and controller are waited for at the start.
    awaited: VecDeque<Check>,
    /// How camera and controller last were.
    known: BTreeMap<Check, Checked>,
    dirty: bool,
    exits: bool,
}

impl Shell {
    fn new(settings: Settings, running: Running) -> Self {
        let Settings { station, operators, place, months, reports } = settings;
        let start = running.start;
        let station = Station::new(station, Monotonic(start.elapsed()));
        let budget = LightBudget::new(running.calibration.clone());
        Shell {
            station,
            operators: Arc::new(Mutex::new(operators)),
            place,
            months,
            reports,
            running,
            start,
            screen: Screen::Starting(Vec::new()),
            round: 0,
            number: 0,
            highlighted: 0,
            button: Button::default(),
            aiming: Aiming::default(),
            budget,
            begun: None,
            ended: None,
            captures: BTreeMap::new(),
            exposing: None,
            lit: start,
            one_is_missing: false,
            pictures: BTreeMap::new(),
            ledger_due: Duration::ZERO,
            awaited: VecDeque::new(),
            known: BTreeMap::new(),
            dirty: true,
            exits: false,
        }
    }

    async fn run(mut self) -> Result<(), ShellError> {
        use tokio::signal::unix::{SignalKind, signal};
        let catch = |kind| signal(kind).map_err(|source| ShellError::System { what: "a signal", source });
        let mut terminate = catch(SignalKind::terminate())?;
        let mut interrupt = catch(SignalKind::interrupt())?;
        let mut watchdog = self.running.watchdog();
        let interval = pulse::Watchdog::interval();
        let mut feed = tokio::time::interval_at(tokio::time::Instant::now() + interval, interval);
        let mut tick = tokio::time::interval(TICK);
        self.carry_out();
        pulse::notify(sd_notify::NotifyState::Ready);
        while !self.exits {
            self.show();
            let deadline = self.station.poll_deadline().map(|due| self.start + due.0);
            let wake = async {
                match deadline {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                told = self.running.told.recv() => match told {
                    Some(told) => self.told(told),
                    None => break,
                },
                Ok(()) = self.running.newest.changed() => self.previewed(),
                () = wake => self.tell(station::Event::Wake),
                _ = tick.tick() => self.ticked(),
                _ = feed.tick() => watchdog.feed(),
                _ = terminate.recv() => self.tell(station::Event::Stop),
                _ = interrupt.recv() => self.tell(station::Event::Stop),
            }
        }
        pulse::notify(sd_notify::NotifyState::Stopping);
        self.show();
        self.running.end();
        Ok(())
    }

    fn now(&self) -> Monotonic {
        Monotonic(self.start.elapsed())
    }

    fn tell(&mut self, event: station::Event) {
        let now = self.now();
        self.station.handle(event, now);
        self.carry_out();
    }

    fn tell_encounter(&mut self, number: u32, event: encounter::Event) {
        self.tell(station::Event::Encounter { number, event });
    }

    // ---- what the tasks tell ----

    fn told(&mut self, told: Told) {
        match told {
            Told::Station(event) => self.tell(event),
            Told::Press(press) => self.tell(station::Event::Press(press)),
            Told::Touch(at) => {
                let grown = self.running.geometry.pixels(TOUCH_GROWS);
                if let Some(press) = self.running.surface.touched(at, self.number, grown) {
                    self.tell(station::Event::Press(press));
                }
            }
            Told::Button { pressed } => self.button(pressed),
            Told::Camera(found) => self.device(Check::Camera, Fault::CameraLost, found),
            Told::Controller(found) => self.device(Check::Controller, Fault::ControllerLost, found),
            Told::FocusAt(steps) => self.aiming.focus_at(steps),
            Told::Flashed { asked } => {
                if let Some(exposing) = self.exposing.as_mut().filter(|exposing| exposing.asked == asked) {
                    exposing.flashed = true;
                }
            }
            Told::NotFlashed { asked, fault } => {
                self.exposing = self.exposing.filter(|exposing| exposing.asked != asked);
                self.tell_encounter(asked.number, encounter::Event::CaptureFailed { token: asked.token, fault });
            }
            Told::Photograph(bytes) => self.photographed(bytes),
            Told::Loaded { bundle, sequence } => {
                self.running.store(keeping::Order::TakeIntoUse { bundle, sequence, at: Stamp::now() });
            }
            Told::Judged { asked, judged } => self.judged(asked, *judged),
            Told::Ledger(ledger) => {
                if self.running.limits_light {
                    self.budget.has_kept(*ledger);
                }
            }
            Told::SignIn { operator, action } => {
                self.running.store(keeping::Order::Audit { actor: operator, action, at: Stamp::now() });
            }
        }
    }

    /// A device came or went.
    fn device(&mut self, check: Check, fault: Fault, found: Result<(), String>) {
        self.awaited.retain(|awaited| *awaited != check);
        let checked = found.clone().map_or_else(Checked::Bad, |()| Checked::Good);
        self.known.insert(check, checked.clone());
        self.tell(station::Event::Checked { check, found: checked });
        match found {
            Ok(()) => {
                self.tell(station::Event::Up(fault));
                // After a break the motor stands anywhere.
                self.refocus();
            }
            Err(detail) => {
                log::warn!("{detail}");
                self.tell(station::Event::Down(fault));
            }
        }
    }

    fn photographed(&mut self, bytes: Vec<u8>) {
        let Some(exposing) = self.exposing.take() else {
            log::error!("a photograph came that nobody waits for any more; it is not kept");
            self.one_is_missing = false;
            return;
        };
        let Exposing { asked: Asked { number, token }, eye, attempt, flashed } = exposing;
        if std::mem::take(&mut self.one_is_missing) {
            // Which of two flashes it shows can't be told, unless the second was not fired yet.
            log::error!("a photograph came late, or is of another eye; it is not kept");
            if flashed {
                let event = encounter::Event::CaptureFailed { token, fault: Fault::CameraLost };
                self.tell_encounter(number, event);
            } else {
                self.exposing = Some(exposing);
            }
            return;
        }
        let capture = Capture { eye, attempt, bytes: bytes.into(), withdrawn: false, record: None, fingerprint: None };
        self.captures.insert(token, capture);
        // While it is judged, the last live picture stands for it.
        if let Some(preview) = self.running.newest.borrow().as_ref().filter(|newest| newest.came >= self.lit) {
            self.pictures.insert(eye.as_str(), (preview.picture.clone(), None));
        }
        self.tell_encounter(number, encounter::Event::Captured { token });
    }

    fn judged(&mut self, asked: Asked, judged: Judged) {
        let Judged { capture, eye, record, fingerprint, picture, map } = judged;
        let reading =
            Reading { outcome: record.outcome, reasons: record.reasons.clone(), findings: record.findings.clone() };
        if self.begun.as_ref().is_some_and(|begun| begun.number == asked.number) {
            if record.reasons.contains(&Why::Photograph(Reason::Blurred)) {
                self.aiming.was_blurred(eye);
            }
            if let Some(known) = self.captures.get_mut(&capture) {
                known.record = Some(record);
                known.fingerprint = fingerprint;
            }
            if let Some(picture) = picture {
                self.pictures.insert(eye.as_str(), (picture, map));
            }
        }
        self.tell_encounter(asked.number, encounter::Event::Judged { token: asked.token, reading });
    }

    fn button(&mut self, pressed: bool) {
        let aiming = matches!(self.screen, Screen::Encounter(View::Aim { .. }));
        match self.button.moved(pressed, aiming, self.start.elapsed()) {
            Some(Meaning::Shutter) => self.tell(station::Event::Shutter),
            Some(Meaning::Press) => {
                if let Some(press) = self.running.surface.control(self.highlighted, self.number) {
                    self.tell(station::Event::Press(press));
                }
            }
            Some(Meaning::Next) => {
                let count = self.running.surface.count().max(1);
                self.highlighted = (self.highlighted + 1) % count;
                self.dirty = true;
            }
            None => {}
        }
    }

    /// A newer frame is there.
    fn previewed(&mut self) {
        let Some(preview) = self.running.newest.borrow_and_update().clone() else { return };
        // Measuring takes its time: it may be of the eye before.
        if preview.came < self.lit || !matches!(self.screen, Screen::Encounter(View::Aim { .. })) {
            return;
        }
        self.dirty = true;
        let fires = self.aiming.frame(&preview, self.start.elapsed());
        self.next_focus();
        if fires && self.station.auto_shutter() {
            self.tell(station::Event::Shutter);
        }
    }

    fn ticked(&mut self) {
        // What counts down is drawn anew.
        if matches!(self.screen, Screen::Encounter(View::Rest { .. } | View::DropsWork { .. })) {
            self.dirty = true;
        }
        self.budget.note_time(Stamp::now());
        if self.station.light().is_some() {
            self.budget.aimed(Stamp::now(), self.start.elapsed());
            if self.start.elapsed() >= self.ledger_due {
                self.ledger_due = self.start.elapsed() + LEDGER_EVERY;
                self.keep_ledger();
            }
        }
        if self.start.elapsed() >= DEVICES_WITHIN
            && let Some(check) = self.awaited.pop_front()
        {
            let found = Checked::Bad("it does not answer".to_owned());
            self.tell(station::Event::Checked { check, found });
        }
    }

    // ---- what the station wants ----

    fn carry_out(&mut self) {
        while let Some(command) = self.station.poll_command() {
            match command {
                Command::Show(screen) => {
                    log::debug!("screen {}", screen.name());
                    self.running.watched(&screen);
                    // Who types goes on on the same screen; everywhere else what was meant for the one before is not
                    // meant for this.
                    if !screen.continues(&self.screen) {
                        self.number += 1;
                        self.highlighted = 0;
                        self.button.forget();
                    }
                    self.screen = screen;
                    self.dirty = true;
                }
                Command::Check(check) => self.check(check),
                Command::CheckPin { token, operator, pin } => self.check_pin(token, operator, pin.0),
                Command::FetchWorklist => self.running.list(),
                Command::SendNow { operator } => {
                    self.running.store(keeping::Order::SendNow { actor: operator, at: Stamp::now() });
                }
                Command::Begin(begun) => self.begin(begun),
                Command::Encounter { number, command } => self.encounter(number, command),
                Command::Light(eye) => self.light(eye),
                Command::End { number } => {
                    self.running.store(keeping::Order::Forget(number));
                    self.running.patient_leaves();
                    self.keep_ledger();
                    self.begun = None;
                    self.one_is_missing |= self.exposing.take().is_some_and(|exposing| exposing.flashed);
                    self.captures.clear();
                    self.pictures.clear();
                }
                Command::Exit => self.exits = true,
            }
        }
    }

    fn check(&mut self, check: Check) {
        match check {
            Check::Bundle => self.running.judge(judging::Order::Load),
            Check::Store => self.running.store(keeping::Order::Check(Stamp::now())),
            Check::Camera | Check::Controller => match self.known.get(&check).cloned() {
                Some(found) => self.tell(station::Event::Checked { check, found }),
                None => self.awaited.push_back(check),
            },
            Check::Clock => {
                let found = if Stamp::now().clock_is_set {
                    Checked::Good
                } else {
                    Checked::Bad("the clock stands before this program was written".to_owned())
                };
                self.tell(station::Event::Checked { check, found });
            }
        }
    }

    fn check_pin(&mut self, token: u32, operator: String, pin: String) {
        let (operators, tell, now) = (self.operators.clone(), self.running.tell.clone(), self.start.elapsed());
        // It takes its time, as it is meant to.
        tokio::task::spawn_blocking(move || {
            let tried = operators.lock().unwrap_or_else(PoisonError::into_inner).verify(&operator, &pin, now);
            let (action, refused) = match tried {
                SignIn::Accepted(_) => ("sign in", None),
                SignIn::Wrong { tries_left } => ("sign in: wrong pin", Some(PinRefused::Wrong { tries_left })),
                SignIn::LockedOut { until } => {
                    let seconds = until.saturating_sub(now).as_secs().saturating_add(1);
                    ("sign in: locked out", Some(PinRefused::LockedOut { seconds }))
                }
            };
            // Nobody listens only when the program ends.
            let _ended = tell.blocking_send(Told::SignIn { operator, action });
            let _ended = tell.blocking_send(Told::Station(station::Event::PinChecked { token, refused }));
        });
    }

    fn begin(&mut self, begun: Beginning) {
        self.captures.clear();
        self.pictures.clear();
        self.budget.patient_sits(&begun.patient.id, begun.practice);
        self.aiming.forget();
        self.running.patient_sits(begun.number);
        self.begun = Some(begun.clone());
        self.ended = None;
        self.running.store(keeping::Order::Begin(begun, Stamp::now()));
    }

    fn encounter(&mut self, number: u32, command: encounter::Command) {
        match command {
            // The station keeps those.
            encounter::Command::Show(_) => {}
            encounter::Command::Capture { token, eye, attempt, stage } => {
                self.capture(Asked { number, token }, eye, attempt, stage);
            }
            encounter::Command::Judge { token, capture, eye_confirmed } => {
                let others = self.captures.iter().filter(|(taken, _)| **taken != capture);
                let before: Vec<Fingerprint> = others.filter_map(|(_, other)| other.fingerprint.clone()).collect();
                let Some(taken) = self.captures.get(&capture) else { return };
                self.running.judge(judging::Order::Judge(Box::new(judging::Exposure {
                    asked: Asked { number, token },
                    capture,
                    name: photograph_name(taken.eye, taken.attempt),
                    bytes: taken.bytes.clone(),
                    eye: taken.eye,
                    eye_confirmed,
                    before,
                })));
            }
            encounter::Command::Persist { token, entry } => {
                let photograph = match &entry {
                    Entry::Photograph { capture, .. } => self
                        .captures
                        .get(capture)
                        .and_then(|taken| taken.record.clone().map(|record| (taken.bytes.clone(), Box::new(record)))),
                    Entry::Withdrawn { .. } | Entry::Result { .. } | Entry::Aborted => None,
                };
                let by = self.running.judged_by.borrow().clone();
                let at = Stamp::now();
                let asked = Asked { number, token };
                if let Entry::Result { .. } = &entry {
                    self.ended.get_or_insert(at);
                }
                if let Entry::Withdrawn { eye, capture, .. } = &entry {
                    // What shows the other eye stands for neither.
                    self.pictures.remove(eye.as_str());
                    if let Some(taken) = self.captures.get_mut(capture) {
                        taken.withdrawn = true;
                    }
                }
                self.running.store(keeping::Order::Entry { asked, entry, photograph, by, at });
            }
            encounter::Command::Report { token } => self.report(Asked { number, token }),
        }
    }

    fn capture(&mut self, asked: Asked, eye: Laterality, attempt: u32, stage: Stage) {
        let permille = light_budget::flash(stage);
        if let Err(refused) = self.budget.book_flash(eye, permille, Stamp::now(), self.start.elapsed()) {
            log::warn!("no flash: {refused}");
            let event = encounter::Event::CaptureFailed { token: asked.token, fault: Fault::LightLimit };
            return self.tell_encounter(asked.number, event);
        }
        self.keep_ledger();
        self.one_is_missing |= self.exposing.is_some_and(|before| before.flashed);
        self.exposing = Some(Exposing { asked, eye, attempt, flashed: false });
        let order = lights::Order::Flash { asked, permille, duration_us: light_budget::FLASH_US };
        self.running.light(order);
    }

    fn light(&mut self, eye: Option<Laterality>) {
        self.budget.light(eye, Stamp::now(), self.start.elapsed());
        if eye.is_some() {
            self.lit = Instant::now();
        }
        self.running.aim_at(eye);
        let aim = eye.map(|_| lights::Aim {
            permille: light_budget::AIMING,
            // Macula-centred: the patient looks at the middle.
            fixation: (0, 0),
        });
        self.running.light(lights::Order::Aim(aim));
        self.aiming.turn_to(eye);
        self.next_focus();
    }

    fn refocus(&mut self) {
        if let Some(eye) = self.station.light() {
            self.aiming.forget();
            self.aiming.turn_to(Some(eye));
            self.next_focus();
        }
    }

    fn next_focus(&mut self) {
        if let Some(steps) = self.aiming.poll_focus() {
            self.running.light(lights::Order::Focus(steps));
        }
    }

    fn keep_ledger(&self) {
        if let Some(ledger) = self.budget.ledger() {
            self.running.store(keeping::Order::Ledger(Box::new(ledger)));
        }
    }

    /// The newest frame, where it is of the eye that has light.
    fn live_picture(&self) -> Option<Arc<Preview>> {
        let newest = self.running.newest.borrow().clone()?;
        (self.station.light().is_some() && newest.came >= self.lit).then_some(newest)
    }

    /// Publishes what is to be seen, if it has changed.
    fn show(&mut self) {
        if !std::mem::take(&mut self.dirty) {
            return;
        }
        let on_map = matches!(self.screen, Screen::Map(_));
        let picture = |eye: Laterality| {
            let (picture, map) = self.pictures.get(eye.as_str())?;
            Some(if on_map { map.clone().unwrap_or_else(|| picture.clone()) } else { picture.clone() })
        };
        self.round += 1;
        let scene = Scene {
            round: self.round,
            number: self.number,
            screen: self.screen.clone(),
            language: self.station.language(),
            right: picture(Laterality::Od),
            left: picture(Laterality::Os),
            preview: self.live_picture(),
            closing: self.aiming.closing(),
            focus: self.aiming.focus(),
            hint: self.aiming.hint(),
            place: self.place.clone(),
            simulated: self.running.simulated,
            practice: self.station.is_practice(),
            battery: self.station.battery(),
            // The main control need not be marked: its looks do. Another one does.
            highlighted: (self.highlighted > 0).then_some(self.highlighted),
            now: self.now(),
            months: self.months,
            auto_shutter: self.station.auto_shutter(),
        };
        self.running.scene(scene);
    }
}
