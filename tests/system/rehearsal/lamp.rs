//! Lamp and flash without a line: the firmware's light guard, asked directly. Cheap enough for every encounter.

use ocellus::{encounter::Fault, station::Battery};
use ocellus_wire::{
    Millis,
    light_guard::{LightGuard, Limits},
    message::Refusal,
};

use super::{
    bench::Bench,
    shell::{AIMING, Asked, FLASH_US},
};

/// How long a light that was refused waits, in milliseconds.
pub(crate) const AGAIN: u64 = 1000;

/// What light and flash say, or do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// The controller answers, or does not any more.
    Controller(bool),
    /// A flash was fired: seen from outside, whatever anybody is told.
    Fired(Asked, u16),
    /// The loop is told that its flash was fired.
    Flashed(Asked),
    /// The loop is told that it was not.
    NotFlashed(Asked, Fault),
    /// The battery, as the controller tells.
    Battery(Battery),
    /// The controller has started anew.
    Restarted,
}

/// What gives light.
#[derive(Debug)]
pub(crate) enum Lamp {
    /// The guard alone.
    Plain(Box<Plain>),
    /// The real client and the simulated controller.
    Bench(Box<Bench>),
}

impl Lamp {
    /// When it wants to be looked at.
    pub(crate) fn due(&self) -> Option<u64> {
        match self {
            Lamp::Plain(lamp) => lamp.due(),
            Lamp::Bench(bench) => Some(bench.due()),
        }
    }

    /// Lives until then.
    pub(crate) fn pass_to(&mut self, now: u64, says: &mut Vec<Says>) {
        match self {
            Lamp::Plain(lamp) => lamp.pass_to(now),
            Lamp::Bench(bench) => bench.pass_to(now, says),
        }
    }

    /// How bright the aiming light is.
    pub(crate) fn level(&self) -> u16 {
        match self {
            Lamp::Plain(lamp) => lamp.level(),
            Lamp::Bench(bench) => bench.level(),
        }
    }

    /// Light for aiming, or none.
    pub(crate) fn aim(&mut self, on: bool, now: u64) {
        match self {
            Lamp::Plain(lamp) => lamp.aim(on, now),
            Lamp::Bench(bench) => bench.aim(on),
        }
    }

    /// A flash.
    pub(crate) fn flash(&mut self, asked: Asked, permille: u16, now: u64, says: &mut Vec<Says>) {
        match self {
            Lamp::Plain(lamp) => says.push(lamp.flash(asked, permille, now)),
            Lamp::Bench(bench) => bench.flash(asked, permille, says),
        }
    }

    /// The program died.
    pub(crate) fn program_died(&mut self, now: u64) {
        match self {
            Lamp::Plain(lamp) => lamp.program_died(now),
            Lamp::Bench(bench) => bench.program_died(),
        }
    }

    /// The program has started; what it says first puts the lights out.
    pub(crate) fn program_started(&mut self, now: u64) {
        match self {
            Lamp::Plain(lamp) => {
                lamp.dark_at = None;
                lamp.guard.lights_off(Millis(now));
            }
            Lamp::Bench(bench) => bench.program_started(),
        }
    }
}

/// The guard alone.
#[derive(Debug)]
pub(crate) struct Plain {
    guard: LightGuard,
    wanted: bool,
    not_before: u64,
    connected: bool,
    /// When it goes dark for want of a heartbeat.
    dark_at: Option<u64>,
    /// A lamp that stays on.
    pub(crate) ignores_off: bool,
}

impl Plain {
    /// A lamp with these limits; heartbeats are taken for granted while the program lives.
    pub(crate) fn new(limits: Limits) -> Self {
        let mut guard = LightGuard::new(Limits { heartbeat_within: Millis(u64::MAX), ..limits });
        guard.heard(Millis(0));
        Plain { guard, wanted: false, not_before: 0, connected: true, dark_at: None, ignores_off: false }
    }

    fn due(&self) -> Option<u64> {
        let again = (self.wanted && self.connected && self.level() == 0).then_some(self.not_before);
        let guard = self.guard.due().map(|due| due.0).filter(|due| *due < u64::MAX);
        [again, guard, self.dark_at].into_iter().flatten().min()
    }

    fn level(&self) -> u16 {
        self.guard.lights().aiming_permille
    }

    fn pass_to(&mut self, now: u64) {
        if self.guard.poll(Millis(now)).is_some() {
            self.not_before = now + AGAIN;
        }
        if self.dark_at.is_some_and(|at| at <= now) {
            self.dark_at = None;
            self.guard.lights_off(Millis(now));
        }
        if self.wanted && self.connected && self.level() == 0 && now >= self.not_before {
            self.light(now);
        }
    }

    fn light(&mut self, now: u64) {
        if self.guard.aiming(AIMING, Millis(now)).is_err() {
            self.not_before = now + AGAIN;
        }
    }

    fn aim(&mut self, on: bool, now: u64) {
        self.wanted = on;
        if !on && !self.ignores_off {
            self.guard.lights_off(Millis(now));
        }
        if on && self.connected && now >= self.not_before {
            self.light(now);
        }
    }

    fn flash(&mut self, asked: Asked, permille: u16, now: u64) -> Says {
        if !self.connected {
            return Says::NotFlashed(asked, Fault::ControllerLost);
        }
        match self.guard.flash(permille, FLASH_US, Millis(now)) {
            Ok(()) => Says::Fired(asked, permille),
            Err(refusal) => Says::NotFlashed(asked, fault_of(refusal)),
        }
    }

    /// The line to the controller comes or goes; a session begins in the dark.
    pub(crate) fn connect(&mut self, connected: bool, now: u64) {
        self.connected = connected;
        self.not_before = now;
        self.guard.lights_off(Millis(now));
    }

    fn program_died(&mut self, now: u64) {
        self.wanted = false;
        self.dark_at = Some(now + Limits::default().heartbeat_within.0);
    }
}

/// What a refused flash means to the encounter.
pub(crate) fn fault_of(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::FlashBudgetSpent => Fault::LightLimit,
        _ => Fault::ControllerLost,
    }
}
