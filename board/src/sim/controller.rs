//! The simulated controller: the firmware's own logic behind a line that can be spoilt, driving a [`Rig`].
//!
//! Time is virtual: it passes in steps of 1 ms when [`Port::advance`] says so. The same seed, knobs and calls give the
//! same run.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ocellus_wire::{
    Millis,
    controller::{Controller, Hal, Identity},
    light_guard::Limits,
    message::{Capabilities, Firmware, Refusal},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Rig;
use crate::controller::Port;

/// Speed of the focus motor, steps in a millisecond.
const STEPS_PER_MS: u32 = 2;
/// Farthest position of the focus motor to either side, steps.
const FOCUS_REACH: i32 = 5000;
/// Frames that overtake a repeated one at most.
const REPEATED_AFTER: u32 = 3;

/// How one direction of the line spoils frames; each field is a probability for each frame, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LineNoise {
    /// It does not arrive.
    pub loss: f64,
    /// A part of it is missing.
    pub tear: f64,
    /// It arrives again, up to three frames later.
    pub repeat: f64,
    /// One bit is flipped.
    pub corrupt: f64,
    /// Up to 100 bytes of anything come before it.
    pub garbage: f64,
}

impl LineNoise {
    /// All of it with the same probability.
    pub fn all(probability: f64) -> Self {
        let p = probability;
        LineNoise { loss: p, tear: p, repeat: p, corrupt: p, garbage: p }
    }
}

/// What can be turned while a simulated controller runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnobValues {
    /// From host to controller.
    pub to_controller: LineNoise,
    /// From controller to host.
    pub to_host: LineNoise,
    /// Nothing arrives in either direction.
    pub silence: bool,
    /// The port fails, as if unplugged.
    pub unplugged: bool,
    /// Starts the controller anew, once; goes back to `false` by itself.
    pub reset: bool,
    /// Charge, 0 to 100.
    pub battery_percent: u8,
    /// Whether the charger is plugged in.
    pub on_mains: bool,
    /// Temperature near the lamp in tenths of a degree Celsius.
    pub temperature_decicelsius: i16,
    /// Whether the shutter button is down. Seen when it stays so over an [`Port::advance`].
    pub shutter_pressed: bool,
}

impl Default for KnobValues {
    /// A clean line, a full battery without charger, 30.0 °C.
    fn default() -> Self {
        KnobValues {
            to_controller: LineNoise::default(),
            to_host: LineNoise::default(),
            silence: false,
            unplugged: false,
            reset: false,
            battery_percent: 100,
            on_mains: false,
            temperature_decicelsius: 300,
            shutter_pressed: false,
        }
    }
}

/// [`KnobValues`] shared with a running simulation.
#[derive(Debug, Clone, Default)]
pub struct Knobs(Arc<Mutex<KnobValues>>);

impl Knobs {
    /// Knobs in their default positions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Their positions now.
    pub fn values(&self) -> KnobValues {
        *self.lock()
    }

    /// Turns them.
    pub fn turn(&self, turn: impl FnOnce(&mut KnobValues)) {
        turn(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, KnobValues> {
        // Plain values: a holder that panicked left none of them half written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One direction of the line.
#[derive(Debug, Default)]
struct Line {
    /// Bytes of a frame that has not ended yet.
    begun: Vec<u8>,
    /// Repeated frames, with the number of frames that come before.
    again: Vec<(u32, Vec<u8>)>,
    arrived: VecDeque<u8>,
}

impl Line {
    fn put(&mut self, bytes: &[u8], noise: LineNoise, random: &mut ChaCha8Rng) {
        for byte in bytes {
            self.begun.push(*byte);
            if *byte == 0 {
                let frame = std::mem::take(&mut self.begun);
                self.pass(frame, noise, random);
            }
        }
    }

    fn pass(&mut self, mut frame: Vec<u8>, noise: LineNoise, random: &mut ChaCha8Rng) {
        if random.random_bool(noise.repeat) {
            self.again.push((random.random_range(0..=REPEATED_AFTER), frame.clone()));
        }
        if random.random_bool(noise.garbage) {
            let length = random.random_range(1..=100);
            self.arrived.extend((0..length).map(|_| random.random::<u8>()));
        }
        if random.random_bool(noise.corrupt) {
            let place = random.random_range(0..frame.len());
            frame[place] ^= 1 << random.random_range(0..8);
        }
        if random.random_bool(noise.tear) {
            let from = random.random_range(0..frame.len());
            let to = random.random_range(from..=frame.len());
            frame.drain(from..to);
        }
        if !random.random_bool(noise.loss) {
            self.arrived.extend(frame);
        }
        let (due, rest) = std::mem::take(&mut self.again).into_iter().partition(|(after, _)| *after == 0);
        self.again = rest;
        self.again.iter_mut().for_each(|(after, _)| *after -= 1);
        let due: Vec<(u32, Vec<u8>)> = due;
        self.arrived.extend(due.into_iter().flat_map(|(_, frame)| frame));
    }
}

/// The rig and the knobs as the controller's hardware.
#[derive(Debug)]
struct Hardware {
    rig: Rig,
    knobs: Knobs,
    focus_goal: i32,
}

impl Hardware {
    fn move_motor(&self) {
        self.rig.change(|bench| {
            let way = self.focus_goal.abs_diff(bench.focus_steps).min(STEPS_PER_MS).cast_signed();
            bench.focus_steps += if self.focus_goal < bench.focus_steps { -way } else { way };
        });
    }
}

impl Hal for Hardware {
    fn set_aiming(&mut self, permille: u16) {
        self.rig.change(|bench| bench.aiming_permille = permille);
    }

    fn set_fixation(&mut self, target: Option<(i16, i16)>) {
        self.rig.change(|bench| bench.fixation = target);
    }

    fn fire_flash(&mut self, permille: u16, _duration_us: u32) -> Result<(), Refusal> {
        self.rig.change(|bench| {
            bench.flashes = bench.flashes.wrapping_add(1);
            bench.flash_permille = permille;
        });
        Ok(())
    }

    fn move_focus(&mut self, steps: i32) -> Result<(), Refusal> {
        if steps.unsigned_abs() > FOCUS_REACH.unsigned_abs() {
            return Err(Refusal::OutOfRange);
        }
        self.focus_goal = steps;
        Ok(())
    }

    fn focus_steps(&mut self) -> i32 {
        self.rig.bench().focus_steps
    }

    fn read_shutter(&mut self) -> bool {
        self.knobs.values().shutter_pressed
    }

    fn battery_percent(&mut self) -> u8 {
        self.knobs.values().battery_percent
    }

    fn on_mains(&mut self) -> bool {
        self.knobs.values().on_mains
    }

    fn temperature_decicelsius(&mut self) -> i16 {
        self.knobs.values().temperature_decicelsius
    }
}

/// A controller that exists only here.
#[derive(Debug)]
pub struct SimulatedController {
    limits: Limits,
    controller: Controller,
    boot: u32,
    hardware: Hardware,
    random: ChaCha8Rng,
    now: Millis,
    to_controller: Line,
    to_host: Line,
}

impl SimulatedController {
    /// A controller that has just started. `seed` decides what its line spoils.
    pub fn new(rig: Rig, knobs: Knobs, limits: Limits, seed: u64) -> Self {
        let focus_goal = rig.bench().focus_steps;
        SimulatedController {
            limits,
            controller: Controller::new(identity(1), limits),
            boot: 1,
            hardware: Hardware { rig, knobs, focus_goal },
            random: ChaCha8Rng::seed_from_u64(seed),
            now: Millis(0),
            to_controller: Line::default(),
            to_host: Line::default(),
        }
    }

    fn restart(&mut self) {
        self.boot = self.boot.wrapping_add(1);
        self.controller = Controller::new(identity(self.boot), self.limits);
        // Power is gone: the motor stays where it is, lights go out, and bytes under way are lost.
        self.hardware.focus_goal = self.hardware.rig.bench().focus_steps;
        self.to_controller = Line::default();
        self.to_host = Line::default();
        self.hardware.rig.change(|bench| (bench.aiming_permille, bench.fixation) = (0, None));
    }

    /// What is under way arrives, and the controller lives through one moment.
    fn step(&mut self) {
        let bytes: Vec<u8> = self.to_controller.arrived.drain(..).collect();
        self.controller.bytes_in(&bytes, self.now);
        self.hardware.move_motor();
        self.controller.poll(self.now, &mut self.hardware);
        let knobs = self.hardware.knobs.values();
        let mut buffer = [0; 128];
        loop {
            let length = self.controller.bytes_out(&mut buffer);
            if length == 0 {
                break;
            }
            if !knobs.silence {
                self.to_host.put(&buffer[..length], knobs.to_host, &mut self.random);
            }
        }
    }

    fn plugged(&self) -> io::Result<()> {
        match self.hardware.knobs.values().unplugged {
            false => Ok(()),
            true => Err(io::Error::new(io::ErrorKind::BrokenPipe, "the simulated line is unplugged")),
        }
    }
}

fn identity(boot: u32) -> Identity {
    let capabilities = Capabilities { fixation: true, focus: true, shutter: true, battery: true };
    Identity { firmware: Firmware { major: 0, minor: 1, patch: 0 }, capabilities, boot }
}

impl Port for SimulatedController {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.plugged()?;
        let length = buffer.len().min(self.to_host.arrived.len());
        for (place, byte) in buffer.iter_mut().zip(self.to_host.arrived.drain(..length)) {
            *place = byte;
        }
        Ok(length)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.plugged()?;
        let knobs = self.hardware.knobs.values();
        if !knobs.silence {
            self.to_controller.put(bytes, knobs.to_controller, &mut self.random);
        }
        Ok(())
    }

    fn is_simulated(&self) -> bool {
        true
    }

    fn advance(&mut self, now: Duration) {
        let now = Millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        let mut reset = false;
        self.hardware.knobs.turn(|knobs| reset = std::mem::take(&mut knobs.reset));
        if reset {
            self.restart();
        }
        while self.now < now {
            self.now = self.now.plus(Millis(1));
            self.step();
        }
    }
}
