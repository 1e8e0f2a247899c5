//! Interrupts, faults and panics: who looks after which, and that all that is not looked after ends in the dark.
//!
//! Not here: what the parts do when they are interrupted.
#![expect(unsafe_code, reason = "handlers are unsafe by their type; nothing in them is")]

use core::panic::PanicInfo;

use cortex_m::peripheral::SCB;
use cortex_m_rt::exception;

use crate::{clock, lamps, serial};

/// The line's.
pub(crate) const UART0: i16 = 2;
/// The clock's.
pub(crate) const TIMER0: i16 = 8;
/// The flash's.
pub(crate) const TIMER1: i16 = 9;

/// All interrupts arrive here.
#[exception]
unsafe fn DefaultHandler(number: i16) {
    match number {
        UART0 => serial::interrupted(),
        TIMER0 => clock::interrupted(),
        TIMER1 => lamps::flash_ends(),
        _ => start_anew(),
    }
}

#[exception(trampoline = false)]
unsafe fn HardFault() -> ! {
    start_anew()
}

#[panic_handler]
fn panic(_info: &PanicInfo) -> ! {
    start_anew()
}

/// Lights out, then the chip's own reset. The host sees another boot number.
fn start_anew() -> ! {
    lamps::dark();
    SCB::sys_reset()
}
