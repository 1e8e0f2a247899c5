//! The controller's whole logic, over a small [`Hal`]: the same in the firmware and in its simulation.
//!
//! Bytes from the host go in ([`Controller::bytes_in`]), [`Controller::poll`] does what they ask for and looks after the
//! lights, bytes for the host come out ([`Controller::bytes_out`]). All buffers are bounded: a command that finds no room
//! is dropped and said again by the host; so is the one whose answer found none.
//!
//! Not here: what a command may do to an eye (the light guard), registers and pins (the firmware).

use heapless::Deque;

use crate::{
    Millis,
    frame::{Decoder, Dropped, Frame},
    light_guard::{LightGuard, Lights, Limits},
    link::{Arrival, ControllerEnd, Greeting},
    message::{Capabilities, Command, Firmware, Notices, Outcome, PROTOCOL_VERSION, Refusal, Report, Status},
};

#[cfg(test)]
mod tests;

/// Commands that may wait for the next poll.
const INBOX: usize = 8;
/// Bytes that may wait for the line: several of the longest reports.
const OUTBOX: usize = 512;

/// The hardware, as the logic needs it. Nothing here blocks.
pub trait Hal {
    /// Sets the aiming light, 0 (off) to 1000.
    fn set_aiming(&mut self, permille: u16);

    /// Shows the fixation target, permille of the field's radius to the right and up; `None` for dark.
    fn set_fixation(&mut self, target: Option<(i16, i16)>);

    /// Starts one flash, 1 to 1000, that ends by itself after `duration_us` microseconds.
    ///
    /// # Errors
    /// When it was not started: [`Refusal::Hardware`].
    fn fire_flash(&mut self, permille: u16, duration_us: u32) -> Result<(), Refusal>;

    /// Starts to drive the focus motor to a position in steps.
    ///
    /// # Errors
    /// [`Refusal::OutOfRange`] for a position that it cannot reach, [`Refusal::Hardware`] when it cannot move.
    fn move_focus(&mut self, steps: i32) -> Result<(), Refusal>;

    /// Where the focus motor is now, in steps.
    fn focus_steps(&mut self) -> i32;

    /// Whether the shutter button is down, bounces removed.
    fn read_shutter(&mut self) -> bool;

    /// Charge of the battery, 0 to 100.
    fn battery_percent(&mut self) -> u8;

    /// Whether the charger is plugged in.
    fn on_mains(&mut self) -> bool;

    /// Temperature near the lamp in tenths of a degree Celsius.
    fn temperature_decicelsius(&mut self) -> i16;
}

/// Who the controller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Version of its program.
    pub firmware: Firmware,
    /// What is built in.
    pub capabilities: Capabilities,
    /// A number that differs from that of the start before.
    pub boot: u32,
}

/// What the controller did not take, by kind; each counter wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Losses {
    /// Bytes that were no frame.
    pub dropped: Dropped,
    /// Commands that found no room.
    pub unread: u32,
    /// Commands that came too late: older than the last one.
    pub stale: u32,
    /// Commands that had been carried out before, and were answered again.
    pub repeated: u32,
    /// Reports that found no room.
    pub unsaid: u32,
}

#[derive(Debug, Clone, Copy)]
struct Arrived {
    sequence: u16,
    command: Command,
    at: Millis,
}

/// The controller.
#[derive(Debug)]
pub struct Controller {
    identity: Identity,
    decoder: Decoder,
    inbox: Deque<Arrived, INBOX>,
    outbox: Deque<u8, OUTBOX>,
    sequence: u16,
    link: ControllerEnd,
    guard: LightGuard,
    /// What the hardware was last told; `None` before the first time.
    told: Option<Lights>,
    notices: Notices,
    flashes: u16,
    losses: Losses,
}

impl Controller {
    /// A controller that has just started and waits for a `Hello`.
    pub fn new(identity: Identity, limits: Limits) -> Self {
        Controller {
            identity,
            decoder: Decoder::default(),
            inbox: Deque::new(),
            outbox: Deque::new(),
            sequence: 0,
            link: ControllerEnd::default(),
            guard: LightGuard::new(limits),
            told: None,
            notices: Notices::default(),
            flashes: 0,
            losses: Losses::default(),
        }
    }

    /// What was not taken so far.
    pub fn losses(&self) -> Losses {
        Losses { dropped: self.decoder.dropped(), ..self.losses }
    }

    /// Takes bytes from the host. Any good frame of a running session is a sign of life.
    pub fn bytes_in(&mut self, bytes: &[u8], now: Millis) {
        for byte in bytes {
            let Some((sequence, command)) = self.decoder.push(*byte) else { continue };
            if self.link.is_connected() && !matches!(command, Command::Hello { .. }) {
                self.guard.heard(now);
            }
            let arrived = Arrived { sequence, command, at: now };
            if self.inbox.is_full() && command == Command::LightsOff {
                // Dark comes before everything that waits.
                self.losses.unread = self.losses.unread.wrapping_add(INBOX as u32);
                self.inbox.clear();
            }
            if self.inbox.push_back(arrived).is_err() {
                self.losses.unread = self.losses.unread.wrapping_add(1);
            }
        }
    }

    /// Bytes for the host, as many as there are and fit; how many.
    pub fn bytes_out(&mut self, buffer: &mut [u8]) -> usize {
        let mut length = 0;
        for place in buffer {
            let Some(byte) = self.outbox.pop_front() else { break };
            *place = byte;
            length += 1;
        }
        length
    }

    /// Does what is due. To be called every few milliseconds: lights go out on time only when this is called on time.
    pub fn poll(&mut self, now: Millis, hal: &mut impl Hal) {
        let before = self.notices;
        if let Some(why) = self.guard.poll(now) {
            self.notices.forced_offs = self.notices.forced_offs.wrapping_add(1);
            self.notices.forced_off = Some(why);
            self.show(hal);
        }
        while let Some(arrived) = self.inbox.pop_front() {
            self.take(arrived, now, hal);
        }
        self.show(hal);
        let pressed = hal.read_shutter();
        if pressed && !self.notices.pressed {
            self.notices.presses = self.notices.presses.wrapping_add(1);
        }
        self.notices.pressed = pressed;
        if self.notices != before && self.link.is_connected() {
            self.say(&Report::Alive { boot: self.identity.boot, notices: self.notices });
        }
    }

    fn take(&mut self, Arrived { sequence, command, at }: Arrived, now: Millis, hal: &mut impl Hal) {
        match command {
            Command::Hello { version, session } => self.greet(version, session, sequence, at, now),
            Command::Heartbeat => self.say(&Report::Alive { boot: self.identity.boot, notices: self.notices }),
            Command::LightsOff
            | Command::AimingLight { .. }
            | Command::Flash { .. }
            | Command::Fixation { .. }
            | Command::Focus { .. }
            | Command::Status => match self.link.arrived(sequence) {
                Arrival::Execute => {
                    let outcome = self.execute(command, now, hal);
                    self.link.executed(sequence, outcome);
                    self.answer(sequence, command, outcome, hal);
                }
                Arrival::Repeated(outcome) => {
                    self.losses.repeated = self.losses.repeated.wrapping_add(1);
                    self.answer(sequence, command, outcome, hal);
                }
                Arrival::Stale => self.losses.stale = self.losses.stale.wrapping_add(1),
                Arrival::NotConnected => {
                    let outcome = match command == Command::LightsOff {
                        true => self.execute(command, now, hal),
                        false => Outcome::Refused(Refusal::NotConnected),
                    };
                    self.say(&Report::Done { sequence, outcome });
                }
            },
        }
    }

    fn greet(&mut self, version: u8, session: u32, sequence: u16, at: Millis, now: Millis) {
        if version != PROTOCOL_VERSION {
            let outcome = Outcome::Refused(Refusal::VersionMismatch);
            return self.say(&Report::Done { sequence, outcome });
        }
        match self.link.hello(session, sequence) {
            Greeting::Stale => {
                self.losses.stale = self.losses.stale.wrapping_add(1);
                return;
            }
            Greeting::Again => {}
            Greeting::New => {
                self.guard.lights_off(now);
                self.guard.heard(at);
            }
        }
        let Identity { firmware, capabilities, boot } = self.identity;
        let (version, notices) = (PROTOCOL_VERSION, self.notices);
        self.say(&Report::Hello { version, session, firmware, capabilities, boot, notices });
    }

    fn execute(&mut self, command: Command, now: Millis, hal: &mut impl Hal) -> Outcome {
        let done = match command {
            // The first two are dealt with where they arrive, and a status is all answer.
            Command::Hello { .. } | Command::Heartbeat | Command::Status => Ok(()),
            Command::LightsOff => {
                self.guard.lights_off(now);
                Ok(())
            }
            Command::AimingLight { permille } => self.guard.aiming(permille, now),
            Command::Fixation { target } => self.guard.fixation(target, now),
            Command::Flash { permille, duration_us } => self.guard.flash(permille, duration_us, now).and_then(|()| {
                hal.fire_flash(permille, duration_us)?;
                self.flashes = self.flashes.wrapping_add(1);
                Ok(())
            }),
            Command::Focus { steps } => hal.move_focus(steps),
        };
        done.map_or_else(Outcome::Refused, |()| Outcome::Accepted)
    }

    fn answer(&mut self, sequence: u16, command: Command, outcome: Outcome, hal: &mut impl Hal) {
        if command != Command::Status {
            return self.say(&Report::Done { sequence, outcome });
        }
        let Lights { aiming_permille, fixation } = self.guard.lights();
        let status = Status {
            battery_percent: hal.battery_percent(),
            on_mains: hal.on_mains(),
            temperature_decicelsius: hal.temperature_decicelsius(),
            focus_steps: hal.focus_steps(),
            aiming_permille,
            fixation,
            flashes: self.flashes,
        };
        self.say(&Report::Status { sequence, status });
    }

    /// Copies the guard's lights to the hardware.
    fn show(&mut self, hal: &mut impl Hal) {
        let lights = self.guard.lights();
        let told = self.told.replace(lights);
        if told.map(|told| told.aiming_permille) != Some(lights.aiming_permille) {
            hal.set_aiming(lights.aiming_permille);
        }
        if told.map(|told| told.fixation) != Some(lights.fixation) {
            hal.set_fixation(lights.fixation);
        }
    }

    fn say(&mut self, report: &Report) {
        let frame = Frame::encode(self.sequence, report);
        self.sequence = self.sequence.wrapping_add(1);
        match frame {
            Ok(frame) if frame.bytes().len() <= OUTBOX - self.outbox.len() => {
                self.outbox.extend(frame.bytes().iter().copied());
            }
            Ok(_) | Err(_) => self.losses.unsaid = self.losses.unsaid.wrapping_add(1),
        }
    }
}
