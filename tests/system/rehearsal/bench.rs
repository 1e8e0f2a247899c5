//! Lamp and flash behind the real client and the simulated controller: their own link, light guard and noise, in
//! virtual time. The loop around the client does what `src/shell/lights.rs` does.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ocellus::{encounter::Fault, station::Battery};
use ocellus_board::{
    controller::{Client, Event, Limits, Port, Request, RequestId, Timing},
    sim::{Knobs, LineNoise, Rig, SimulatedController},
};

use super::{
    dice::Dice,
    lamp::{AGAIN, Says, fault_of},
    shell::{AIMING, Asked, FLASH_US},
};

/// How often the line is looked at, in milliseconds.
pub(crate) const ROUND: u64 = 20;
/// How often the battery is asked for.
const ASK: u64 = 2000;

/// The controller, which outlives the program that speaks with it.
#[derive(Debug, Clone)]
struct Line(Arc<Mutex<SimulatedController>>);

impl Line {
    fn with<T>(&self, work: impl FnOnce(&mut SimulatedController) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Port for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.with(|controller| controller.read(buffer))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with(|controller| controller.write(bytes))
    }

    fn is_simulated(&self) -> bool {
        true
    }

    fn advance(&mut self, now: Duration) {
        self.with(|controller| controller.advance(now));
    }
}

/// What a request was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Light,
    Dark,
    Flash(Asked),
    Status,
}

/// The bench.
#[derive(Debug)]
pub(crate) struct Bench {
    knobs: Knobs,
    rig: Rig,
    line: Line,
    client: Option<Client<Line>>,
    session: u32,
    connected: bool,
    wanted: bool,
    is_set: bool,
    not_before: u64,
    ask_at: u64,
    requests: BTreeMap<RequestId, For>,
    /// The flash that was asked for last, and how many were seen.
    last_flash: Option<(Asked, u16)>,
    flashes: u32,
    next: u64,
}

impl Bench {
    /// A bench in the dark.
    pub(crate) fn new(limits: Limits, seed: u64) -> Self {
        let (rig, knobs) = (Rig::new(), Knobs::new());
        let controller = SimulatedController::new(rig.clone(), knobs.clone(), limits, seed);
        let mut bench = Bench {
            knobs,
            rig,
            line: Line(Arc::new(Mutex::new(controller))),
            client: None,
            session: seed as u32,
            connected: false,
            wanted: false,
            is_set: false,
            not_before: 0,
            ask_at: 0,
            requests: BTreeMap::new(),
            last_flash: None,
            flashes: 0,
            next: 0,
        };
        bench.program_started();
        bench
    }

    /// When it wants to be looked at.
    pub(crate) fn due(&self) -> u64 {
        self.next
    }

    /// How bright the aiming light is.
    pub(crate) fn level(&self) -> u16 {
        self.rig.bench().aiming_permille
    }

    /// Light for aiming, or none.
    pub(crate) fn aim(&mut self, on: bool) {
        self.wanted = on;
        self.is_set = false;
    }

    /// A flash.
    pub(crate) fn flash(&mut self, asked: Asked, permille: u16, says: &mut Vec<Says>) {
        let flash = Request::Flash { permille, duration_us: FLASH_US };
        if self.connected && self.ask(flash, For::Flash(asked)) {
            self.last_flash = Some((asked, permille));
        } else {
            says.push(Says::NotFlashed(asked, Fault::ControllerLost));
        }
    }

    /// The program died: nobody looks at the line any more.
    pub(crate) fn program_died(&mut self) {
        self.client = None;
        self.connected = false;
        self.wanted = false;
        self.requests.clear();
    }

    /// The program has started.
    pub(crate) fn program_started(&mut self) {
        self.session = self.session.wrapping_add(0x0001_0001);
        self.client = Some(Client::with_session(self.line.clone(), self.session, Timing::default()));
        self.is_set = false;
    }

    /// Noise, silence, a line that is pulled, or a controller that starts anew.
    pub(crate) fn spoil_the_line(&mut self, dice: &mut Dice) {
        let noise = LineNoise::all(dice.one(&[0.02, 0.05, 0.1]));
        let kind = dice.within(0, 4);
        self.knobs.turn(|knobs| match kind {
            0 | 1 => (knobs.to_controller, knobs.to_host) = (noise, noise),
            2 => knobs.silence = true,
            3 => knobs.unplugged = true,
            _ => knobs.reset = true,
        });
    }

    /// The line is as it should be.
    pub(crate) fn clear_the_line(&mut self) {
        self.knobs.turn(|knobs| {
            (knobs.to_controller, knobs.to_host) = (LineNoise::default(), LineNoise::default());
            (knobs.silence, knobs.unplugged) = (false, false);
        });
    }

    /// Charges or drains the battery.
    pub(crate) fn charge(&mut self, battery: Battery) {
        self.knobs.turn(|knobs| (knobs.battery_percent, knobs.on_mains) = (battery.percent, battery.on_mains));
    }

    /// Lives until then.
    pub(crate) fn pass_to(&mut self, now: u64, says: &mut Vec<Says>) {
        if now < self.next {
            return;
        }
        self.next = now + ROUND;
        let restarts = self.knobs.values().reset;
        let time = Duration::from_millis(now);
        let events = match &mut self.client {
            Some(client) => client.poll(time),
            None => {
                self.line.advance(time);
                Vec::new()
            }
        };
        if restarts {
            says.push(Says::Restarted);
        }
        self.see_flashes(says);
        for event in events {
            self.happened(event, now, says);
        }
        if self.connected {
            self.ask_for_light(now);
            if now >= self.ask_at && self.ask(Request::Status, For::Status) {
                self.ask_at = now + ASK;
            }
        }
    }

    /// Flashes are seen from outside, whatever the line says of them.
    fn see_flashes(&mut self, says: &mut Vec<Says>) {
        let flashes = self.rig.bench().flashes;
        let fired = flashes.wrapping_sub(self.flashes);
        self.flashes = flashes;
        if let Some((asked, permille)) = self.last_flash {
            says.extend((0..fired).map(|_| Says::Fired(asked, permille)));
        }
    }

    fn ask_for_light(&mut self, now: u64) {
        if self.is_set || now < self.not_before {
            return;
        }
        self.is_set = if self.wanted {
            self.ask(Request::AimingLight { permille: AIMING }, For::Light)
                && self.ask(Request::Fixation { target: Some((0, 0)) }, For::Light)
        } else {
            self.ask(Request::LightsOff, For::Dark)
        };
    }

    fn ask(&mut self, request: Request, purpose: For) -> bool {
        let Some(Ok(id)) = self.client.as_mut().map(|client| client.request(request)) else { return false };
        self.requests.insert(id, purpose);
        true
    }

    fn happened(&mut self, event: Event, now: u64, says: &mut Vec<Says>) {
        match event {
            Event::Connected { .. } => {
                self.connected = true;
                self.is_set = false;
                self.not_before = now;
                says.push(Says::Controller(true));
            }
            Event::Lost { .. } => {
                self.connected = false;
                says.push(Says::Controller(false));
            }
            Event::Done { id } => {
                if let Some(For::Flash(asked)) = self.requests.remove(&id) {
                    says.push(Says::Flashed(asked));
                }
            }
            Event::Refused { id, refusal } => match self.requests.remove(&id) {
                Some(For::Flash(asked)) => says.push(Says::NotFlashed(asked, fault_of(refusal))),
                Some(For::Light) => {
                    self.is_set = false;
                    self.not_before = now + AGAIN;
                }
                Some(For::Dark | For::Status) | None => {}
            },
            Event::Failed { id } => match self.requests.remove(&id) {
                Some(For::Flash(asked)) => says.push(Says::NotFlashed(asked, Fault::ControllerLost)),
                Some(For::Light | For::Dark) => self.is_set = false,
                Some(For::Status) | None => {}
            },
            Event::Status(status) => {
                says.push(Says::Battery(Battery { percent: status.battery_percent, on_mains: status.on_mains }));
            }
            Event::LightForcedOff(_) => {
                self.is_set = false;
                self.not_before = now + AGAIN;
            }
            Event::Shutter { .. } => {}
        }
    }
}
