//! The watchdog: starts the chip anew, lamps dark, when the main loop does not come round.
//!
//! QEMU does not emulate it: there the registers take everything and do nothing.

use crate::register::Register;

const WDT: usize = 0x4001_0000;
const START: Register = Register::at(WDT, 0x000);
const RELOAD_AFTER: Register = Register::at(WDT, 0x504);
const CONFIGURATION: Register = Register::at(WDT, 0x50c);
const RELOAD: Register = Register::at(WDT, 0x600);
const RELOAD_REQUEST: u32 = 0x6e52_4635;
/// Runs while the processor sleeps, and also when a debugger holds it: lamps must not wait for a debugger.
const ALWAYS: u32 = 1 | 1 << 3;
/// 50 ms of its clock of 32 768 Hz: the longest that a lamp stays on without the light guard.
const PATIENCE: u32 = 32_768 / 20;

/// A watchdog that runs. It cannot be stopped.
#[derive(Debug)]
pub(crate) struct Watchdog(());

impl Watchdog {
    /// Starts it; its clock starts with it.
    pub(crate) fn start() -> Self {
        CONFIGURATION.write(ALWAYS);
        RELOAD_AFTER.write(PATIENCE);
        START.write(1);
        Watchdog(())
    }

    /// Gives the program another 50 ms.
    pub(crate) fn feed(&self) {
        RELOAD.write(RELOAD_REQUEST);
    }
}
