//! The controller's program: `ocellus_wire`'s logic on the registers of an nRF51822, as the BBC micro:bit has it.
//!
//! ```text
//!   UART ──► serial ──► Controller ──► Bench (Hal) ──► lamps, motor, shutter, thermometer
//!        ◄──        ◄──     ▲
//!                           └── clock, each millisecond; then the watchdog is fed
//! ```
//!
//! A micro:bit has no lamps and no motor. Three of its LEDs stand for the lamps, lit or not without steps between; the
//! motor is a number that moves; button A is the shutter. A device that lights an eye replaces `lamps` and `motor`.
//!
//! Dark is what everything ends in: lamps go out first of all at the start, and in a panic and in every fault, after which
//! the chip starts anew (`interrupt`). A program that hangs is started anew by the watchdog.
//!
//! Not here: what a command may do to an eye, the protocol (crate `ocellus-wire`).
#![no_std]
#![no_main]

mod bench;
mod chance;
mod clock;
mod interrupt;
mod lamps;
mod motor;
mod register;
mod ring;
mod serial;
mod shutter;
mod thermometer;
mod watchdog;

use cortex_m_rt::entry;
use ocellus_wire::{
    Millis,
    controller::{Controller, Identity},
    light_guard::Limits,
    message::{Capabilities, Firmware},
};

use crate::{bench::Bench, clock::Clock, watchdog::Watchdog};

/// Version of this program.
const FIRMWARE: Firmware = Firmware { major: 0, minor: 1, patch: 0 };
/// What a micro:bit has, or stands in for. It is fed through its cable.
const CAPABILITIES: Capabilities = Capabilities { fixation: true, focus: true, shutter: true, battery: false };

#[entry]
fn main() -> ! {
    lamps::start();
    let watchdog = Watchdog::start();
    let mut clock = Clock::start();
    let mut bench = Bench::start();
    serial::start();
    let identity = Identity { firmware: FIRMWARE, capabilities: CAPABILITIES, boot: chance::number() };
    let mut controller = Controller::new(identity, Limits::default());
    let mut polled = Millis(0);
    loop {
        let now = clock.now();
        serial::received(|bytes| controller.bytes_in(bytes, now));
        if now != polled {
            bench.live(now.since(polled));
            controller.poll(now, &mut bench);
            polled = now;
            watchdog.feed();
        }
        serial::send(|buffer| controller.bytes_out(buffer));
        // What comes between the lines above and this one waits for the next tick, a millisecond at most.
        cortex_m::asm::wfi();
    }
}
