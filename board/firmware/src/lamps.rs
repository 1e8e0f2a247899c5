//! The lamps. Here three LEDs of the micro:bit's matrix stand for them, one row each: aiming light, fixation target,
//! flash.
//!
//! The pins are inputs after a reset, whatever happened before, so lamps are dark before the first instruction; a
//! device needs drivers that stay off on an undriven pin. A flash ends in the interrupt of a timer that does nothing else.
//!
//! Not here: how bright a lamp may be (the light guard). An LED of the matrix shows only whether a lamp is lit.

use ocellus_wire::message::Refusal;

use crate::{
    interrupt,
    register::{self, Register},
};

const GPIO: usize = 0x5000_0000;
const SET: Register = Register::at(GPIO, 0x508);
const CLEAR: Register = Register::at(GPIO, 0x50c);
const MAKE_OUTPUT: Register = Register::at(GPIO, 0x518);

/// Row 1.
const AIMING: u32 = 1 << 13;
/// Row 2.
const FIXATION: u32 = 1 << 14;
/// Row 3.
const FLASH: u32 = 1 << 15;
const ROWS: u32 = AIMING | FIXATION | FLASH;
/// Low, so that a row that is high is lit.
const COLUMNS: u32 = 0x1ff << 4;

const TIMER1: usize = 0x4000_9000;
const START: Register = Register::at(TIMER1, 0x000);
const STOP: Register = Register::at(TIMER1, 0x004);
const RESTART_FROM_0: Register = Register::at(TIMER1, 0x00c);
const COMPARED: Register = Register::at(TIMER1, 0x140);
const ENABLE_INTERRUPT: Register = Register::at(TIMER1, 0x304);
const BITS: Register = Register::at(TIMER1, 0x508);
const PRESCALER: Register = Register::at(TIMER1, 0x510);
const COUNT: Register = Register::at(TIMER1, 0x540);
const COMPARE_0: u32 = 1 << 16;
const BITS_16: u32 = 0;
/// 16 MHz over 2 to the power of 4: a microsecond.
const MICROSECOND: u32 = 4;

/// Makes the pins outputs, all lamps dark.
pub(crate) fn start() {
    CLEAR.write(ROWS | COLUMNS);
    MAKE_OUTPUT.write(ROWS | COLUMNS);
    BITS.write(BITS_16);
    PRESCALER.write(MICROSECOND);
    ENABLE_INTERRUPT.write(COMPARE_0);
    register::enable_interrupt(interrupt::TIMER1);
}

/// All lamps out.
pub(crate) fn dark() {
    CLEAR.write(ROWS);
}

/// Aiming light on or off.
pub(crate) fn aiming(is_lit: bool) {
    switch(AIMING, is_lit);
}

/// Fixation target on or off.
pub(crate) fn fixation(is_lit: bool) {
    switch(FIXATION, is_lit);
}

/// Fires one flash.
///
/// # Errors
/// When it is longer than the timer counts.
pub(crate) fn flash(duration_us: u32) -> Result<(), Refusal> {
    let duration = u16::try_from(duration_us).map_err(|_| Refusal::Hardware)?;
    STOP.write(1);
    RESTART_FROM_0.write(1);
    COMPARED.write(0);
    COUNT.write(duration.into());
    // On before the timer runs: the other way round a short flash could end before it began, and then stay on.
    SET.write(FLASH);
    START.write(1);
    Ok(())
}

/// The flash's timer is up.
pub(crate) fn flash_ends() {
    CLEAR.write(FLASH);
    STOP.write(1);
    COMPARED.write(0);
}

fn switch(pin: u32, is_lit: bool) {
    if is_lit { SET.write(pin) } else { CLEAR.write(pin) }
}
