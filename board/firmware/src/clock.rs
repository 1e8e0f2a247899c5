//! Time since the start, and the tick that wakes the main loop.
//!
//! TIMER0 counts microseconds in 32 bits and never stops: a tick that comes late loses no time. The nRF51 has no SysTick.

use ocellus_wire::Millis;

use crate::{
    interrupt,
    register::{self, Register},
};

const TIMER0: usize = 0x4000_8000;
const START: Register = Register::at(TIMER0, 0x000);
const CAPTURE_1: Register = Register::at(TIMER0, 0x044);
const COMPARED_0: Register = Register::at(TIMER0, 0x140);
const ENABLE_INTERRUPT: Register = Register::at(TIMER0, 0x304);
const BITS: Register = Register::at(TIMER0, 0x508);
const PRESCALER: Register = Register::at(TIMER0, 0x510);
const COUNT_0: Register = Register::at(TIMER0, 0x540);
const COUNT_1: Register = Register::at(TIMER0, 0x544);
const COMPARE_0: u32 = 1 << 16;
const BITS_32: u32 = 3;
/// 16 MHz over 2 to the power of 4: a microsecond.
const MICROSECOND: u32 = 4;
const TICK_US: u32 = 1000;

/// The time.
#[derive(Debug)]
pub(crate) struct Clock {
    /// The counter as it was read last.
    counter: u32,
    /// Microseconds from the start to that reading.
    passed: u64,
}

impl Clock {
    /// Begins to count and to tick.
    pub(crate) fn start() -> Self {
        BITS.write(BITS_32);
        PRESCALER.write(MICROSECOND);
        ENABLE_INTERRUPT.write(COMPARE_0);
        START.write(1);
        tick_later();
        register::enable_interrupt(interrupt::TIMER0);
        Clock { counter: 0, passed: 0 }
    }

    /// The time now. To be asked at least once an hour: the counter comes round after 71 minutes.
    pub(crate) fn now(&mut self) -> Millis {
        let counter = counter();
        self.passed += u64::from(counter.wrapping_sub(self.counter));
        self.counter = counter;
        Millis(self.passed / 1000)
    }
}

/// The tick: it only wakes the main loop.
pub(crate) fn interrupted() {
    COMPARED_0.write(0);
    tick_later();
}

fn tick_later() {
    loop {
        let due = counter().wrapping_add(TICK_US);
        COUNT_0.write(due);
        // A tick that was already over as it was asked for would come in 71 minutes. Under an emulator that is held up
        // this happens.
        if due.wrapping_sub(counter()).cast_signed() > 0 {
            return;
        }
    }
}

/// The counter now. A tick that comes between the two lines only makes it later. Not captured where the tick is
/// compared: what has just been captured compares as equal.
fn counter() -> u32 {
    CAPTURE_1.write(1);
    COUNT_1.read()
}
