//! One run in virtual time: the station with its encounters, an operator, and devices that answer late, never, twice, or
//! not as they should. A number decides all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ocellus::{
    encounter::{self, Fault, Monotonic},
    light::{Calibration, Dose, Ledger, WallTime},
    station::{Check, Checked, Event, Screen, Settings, Station, Tally},
};
use ocellus_wire::{Millis, light_guard::Limits};

use super::{
    account::Account,
    bench::{self, Bench},
    coverage::Coverage,
    dice::Dice,
    disk::{Disk, Key},
    given,
    judge::Truth,
    lamp::{Lamp, Plain, Says},
    operator::{self, Doing},
    queue::{Happening, Queue},
    rules::{Broken, Holds, Rule, holds},
    sabotage::Sabotage,
    shell::{Asked, Shell},
};

/// 2027-01-15, in seconds since 1970: when every run begins.
const BEGIN: i64 = 1_800_000_000;

/// What is to be rehearsed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script {
    /// Decides everything.
    pub(crate) seed: u64,
    /// With the real client and the simulated controller.
    pub(crate) bench: bool,
    /// What is spoilt on purpose.
    pub(crate) sabotage: Option<Sabotage>,
    /// Whether every event and command is written down.
    pub(crate) traced: bool,
}

/// How a run went.
#[derive(Debug)]
pub(crate) struct Run {
    /// What was reached.
    pub(crate) coverage: Coverage,
    /// The first rule that was broken.
    pub(crate) broken: Option<Broken>,
    /// Events and commands, where they were to be written down.
    pub(crate) trace: Vec<String>,
}

/// The things around the program, as they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) camera: bool,
    pub(crate) controller: bool,
    pub(crate) store: Option<Fault>,
    /// What the clock is off, and whether it counts as right.
    pub(crate) clock: (i64, bool),
    /// Whether the ledger has seen it right: one that is behind from the beginning it can't see through.
    pub(crate) clock_was_right: bool,
    /// Wrong PINs in a row, and until when no other one is tried.
    pub(crate) wrong_pins: u32,
    pub(crate) no_pin_before: u64,
    /// Photographs of a thousand that turn out poor.
    pub(crate) poor: u32,
}

/// The world.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) script: Script,
    pub(crate) dice: Dice,
    pub(crate) now: u64,
    pub(crate) boot: u32,
    booted_at: u64,
    pub(crate) settings: Settings,
    pub(crate) station: Option<Station>,
    pub(crate) screen: Screen,
    pub(crate) shell: Shell,
    pub(crate) lamp: Lamp,
    pub(crate) account: Account,
    calibration: Calibration,
    pub(crate) disk: Disk,
    pub(crate) queue: Queue,
    pub(crate) room: Room,
    /// What the station was told to be out of order.
    pub(crate) down: BTreeSet<Fault>,
    /// What the photographs really show, by flash.
    pub(crate) truths: BTreeMap<Asked, Truth>,
    /// What the stored photographs really show, by the encounter's token.
    pub(crate) filed: BTreeMap<Asked, Truth>,
    pub(crate) practice: BTreeSet<Key>,
    pub(crate) tally: Tally,
    pub(crate) coverage: Coverage,
    trace: Vec<String>,
    acts: u32,
    /// Events and commands before the next crash.
    pub(crate) crash_in: Option<u64>,
    /// Everything works from now on.
    pub(crate) calm: bool,
    pub(crate) exited: bool,
    /// Wakes at one and the same moment.
    wakes: (u64, u32),
}

/// Lives one run.
pub(crate) fn rehearse(script: Script) -> Run {
    let mut world = World::new(script);
    let broken = world.live().err();
    world.coverage.benches = u64::from(script.bench);
    Run { coverage: world.coverage, broken, trace: world.trace }
}

impl World {
    fn new(script: Script) -> Self {
        let mut dice = Dice::new(script.seed);
        let calibration = given::calibration(&mut dice);
        let limits = given::limits(script.bench);
        let lamp = if script.bench {
            Lamp::Bench(Box::new(Bench::new(limits, script.seed)))
        } else {
            let without =
                Limits { aiming_on: Millis(u64::MAX), window_energy: u64::MAX, flash_spacing: Millis(0), ..limits };
            let mut plain = Plain::new(if is(script, Sabotage::LampWithoutLimits) { without } else { limits });
            plain.ignores_off = is(script, Sabotage::LampIgnoresOff);
            Lamp::Plain(Box::new(plain))
        };
        let (slack, grace) = if script.bench { (bench::ROUND, 2000) } else { (0, 0) };
        let settings = given::settings(&mut dice, script.bench);
        let acts = dice.within(15, 75) as u32;
        let crash_in = dice.chance(250).then(|| dice.within(1, 250));
        World {
            now: 0,
            boot: 0,
            booted_at: 0,
            settings,
            station: None,
            screen: Screen::Stopping,
            shell: Shell::new(Ledger::new(Dose::GROUP_1_24H), calibration.clone()),
            lamp,
            account: Account::new(limits, calibration.clone(), Dose::GROUP_1_24H, slack, grace),
            calibration,
            disk: Disk::default(),
            queue: Queue::default(),
            room: Room {
                camera: !dice.chance(20),
                controller: true,
                store: None,
                clock: if dice.chance(30) { (-BEGIN, false) } else { (0, true) },
                clock_was_right: false,
                wrong_pins: 0,
                no_pin_before: 0,
                poor: dice.one(&[50, 300, 300, 800]),
            },
            down: BTreeSet::new(),
            truths: BTreeMap::new(),
            filed: BTreeMap::new(),
            practice: BTreeSet::new(),
            tally: Tally::default(),
            coverage: Coverage::default(),
            trace: Vec::new(),
            acts,
            crash_in,
            calm: false,
            exited: false,
            wakes: (0, 0),
            dice,
            script,
        }
    }

    fn live(&mut self) -> Holds {
        self.start()?;
        self.queue.push(self.now + 500, Happening::Act);
        while self.acts > 0 && !self.exited {
            self.turn()?;
        }
        self.heal();
        if self.dice.chance(800) {
            self.leave()?;
        }
        self.stop()
    }

    pub(crate) fn is(&self, sabotage: Sabotage) -> bool {
        is(self.script, sabotage)
    }

    /// Writes down what happens, if anybody wants to read it.
    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        if self.script.traced {
            self.trace.push(format!("{:>9} ms  {}", self.now, what()));
        }
    }

    /// The time as the station sees it.
    pub(crate) fn since_boot(&self) -> Monotonic {
        Monotonic(Duration::from_millis(self.now - self.booted_at))
    }

    /// The time of the day as the program sees it.
    pub(crate) fn wall(&self) -> WallTime {
        let (off, is_trusted) = self.room.clock;
        WallTime { seconds: BEGIN + (self.now / 1000).cast_signed() + off, is_trusted }
    }

    /// The ledger takes note of the time, as it is to do after a start and when the clock was put right.
    pub(crate) fn note_time(&mut self) {
        let wall = self.wall();
        self.shell.ledger.note_time(wall);
        self.disk.keep_ledger(&self.shell.ledger);
        self.room.clock_was_right |= self.room.clock == (0, true);
    }

    // ---- time ----

    fn deadline(&self) -> Option<u64> {
        let due = self.station.as_ref()?.poll_deadline()?;
        let due = self.booted_at + u64::try_from(due.0.as_millis()).unwrap_or(u64::MAX);
        (!self.is(Sabotage::LoopOversleeps)).then_some(due)
    }

    fn due(&self) -> Option<u64> {
        [self.queue.due(), self.deadline(), self.lamp.due()].into_iter().flatten().min()
    }

    /// The next thing happens, whatever it is.
    fn turn(&mut self) -> Holds {
        let due = self.due().unwrap_or(self.now);
        self.pass_to(due)?;
        if let Some(happening) = self.queue.pop(self.now) {
            return self.happen(happening);
        }
        if self.deadline().is_some_and(|due| due <= self.now) {
            let (at, count) = self.wakes;
            self.wakes = if at == self.now { (at, count + 1) } else { (self.now, 1) };
            holds(Rule::WayOut, self.wakes.1 < 20, || format!("it is woken for ever at {:?}", self.screen))?;
            return self.tell(Event::Wake);
        }
        Ok(())
    }

    /// Lets a time pass, with all that happens until then.
    pub(crate) fn pass_until(&mut self, until: u64) -> Holds {
        while self.due().is_some_and(|due| due <= until) {
            self.turn()?;
        }
        self.pass_to(until)
    }

    /// The light shines on until then.
    fn pass_to(&mut self, until: u64) -> Holds {
        self.now = self.now.max(until);
        self.account.look(self.lamp.level(), self.now)?;
        let mut says = Vec::new();
        self.lamp.pass_to(self.now, &mut says);
        if says.contains(&Says::Restarted) {
            self.account.controller_restarted();
        }
        self.account.look(self.lamp.level(), self.now)?;
        says.into_iter().try_for_each(|says| self.said(says))
    }

    // ---- start, crash, end ----

    pub(crate) fn start(&mut self) -> Holds {
        self.boot += 1;
        self.booted_at = self.now;
        self.note(|| "the program starts".to_owned());
        let ledger = self.disk.ledger().unwrap_or_else(|| Ledger::new(Dose::GROUP_1_24H));
        self.shell = Shell::new(ledger, self.calibration.clone());
        self.note_time();
        self.tally = Tally::default();
        self.down.clear();
        self.station = Some(Station::new(self.settings.clone(), Monotonic::default()));
        self.lamp.program_started(self.now);
        self.account.look(self.lamp.level(), self.now)?;
        let at = self.now + self.dice.within(10, 900);
        self.queue.push(at, Happening::DevicesSeen(self.boot));
        self.carry_out()
    }

    /// Counts down to a crash; whether it came.
    pub(crate) fn crashes(&mut self) -> Result<bool, Broken> {
        let Some(left) = self.crash_in else { return Ok(false) };
        self.crash_in = left.checked_sub(1);
        if self.crash_in.is_some() {
            return Ok(false);
        }
        self.note(|| "the program dies".to_owned());
        self.coverage.crashes += 1;
        self.account.program_died(self.shell.lit_since());
        self.lamp.program_died(self.now);
        self.station = None;
        self.screen = Screen::Stopping;
        for (key, entry) in self.queue.take_written() {
            // What was being written may have been, or not.
            if self.dice.chance(500) {
                self.disk.write(key, entry);
            }
        }
        if self.is(Sabotage::StoreIsMemory) {
            self.disk.wipe();
        }
        self.disk.keeps_what_it_said()?;
        let at = self.now + self.dice.within(100, 3000);
        self.queue.push(at, Happening::Boot);
        if self.dice.chance(200) {
            self.crash_in = Some(self.dice.within(1, 150));
        }
        Ok(true)
    }

    // ---- the operator ----

    pub(crate) fn act(&mut self) -> Holds {
        if self.calm {
            return Ok(());
        }
        self.acts = self.acts.saturating_sub(1);
        let (soon, long) = if self.script.bench { ((30, 350), (2000, 9000)) } else { ((100, 3000), (20_000, 400_000)) };
        let (from, to) = if self.dice.chance(20) { long } else { soon };
        let at = self.now + self.dice.within(from, to);
        self.queue.push(at, Happening::Act);
        if self.dice.chance(40) {
            self.disturb()?;
        }
        let doing = operator::does(&self.screen, &mut self.dice, 80);
        self.perform(doing)
    }

    pub(crate) fn perform(&mut self, doing: Doing) -> Holds {
        match doing {
            Doing::Wait => Ok(()),
            Doing::Press(press) => self.tell(Event::Press(press)),
            Doing::Scan(code) => self.tell(Event::Scanned(code.to_owned())),
            Doing::Shutter => match (&self.shell.begun, self.is(Sabotage::LockIsDrawnOnly)) {
                (Some(begun), true) => self.tell_encounter(begun.number, encounter::Event::Shutter),
                _ => self.tell(Event::Shutter),
            },
        }
    }

    /// A device comes or goes.
    pub(crate) fn device(&mut self, check: Check, fault: Fault, works: bool) -> Holds {
        let found = if works { Checked::Good } else { Checked::Bad("gone".to_owned()) };
        self.tell(Event::Checked { check, found })?;
        self.tell(if works { Event::Up(fault) } else { Event::Down(fault) })
    }
}

fn is(script: Script, sabotage: Sabotage) -> bool {
    script.sabotage == Some(sabotage)
}
