//! The line to the host: 115 200 baud, 8 bits, no parity, no flow control, over the micro:bit's USB interface.
//!
//! Bytes that come are taken in the interrupt, since the hardware holds only six. Bytes that go are given one by one,
//! and nobody waits for them.
//!
//! Not here: frames (the shared logic).

use core::sync::atomic::{AtomicBool, Ordering};

use crate::{
    interrupt,
    register::{self, Register},
    ring::Ring,
};

const UART0: usize = 0x4000_2000;
const START_RECEIVING: Register = Register::at(UART0, 0x000);
const START_SENDING: Register = Register::at(UART0, 0x008);
const RECEIVED: Register = Register::at(UART0, 0x108);
const SENT: Register = Register::at(UART0, 0x11c);
const ENABLE_INTERRUPT: Register = Register::at(UART0, 0x304);
const ENABLE: Register = Register::at(UART0, 0x500);
const PIN_OUT: Register = Register::at(UART0, 0x50c);
const PIN_IN: Register = Register::at(UART0, 0x514);
const IN: Register = Register::at(UART0, 0x518);
const OUT: Register = Register::at(UART0, 0x51c);
const BAUD: Register = Register::at(UART0, 0x524);

const ENABLED: u32 = 4;
const BAUD_115200: u32 = 0x01d7_e000;
const RECEIVED_OR_SENT: u32 = 1 << 2 | 1 << 7;
const OUT_ON_MICROBIT: u32 = 24;
const IN_ON_MICROBIT: u32 = 25;

/// The crystal: the line's speed is taken from it, and the oscillator that runs without it may be too far off.
const START_CRYSTAL: Register = Register::at(0x4000_0000, 0x000);

/// An output that rests high, as the line does.
const LINE_HIGH: Register = Register::at(0x5000_0000, 0x508);
const LINE_OUTPUT: Register = Register::at(0x5000_0000, 0x518);

static INCOMING: Ring = Ring::new();
/// Whether the hardware takes another byte.
static FREE: AtomicBool = AtomicBool::new(true);

/// Opens the line.
pub(crate) fn start() {
    START_CRYSTAL.write(1);
    LINE_HIGH.write(1 << OUT_ON_MICROBIT);
    LINE_OUTPUT.write(1 << OUT_ON_MICROBIT);
    PIN_OUT.write(OUT_ON_MICROBIT);
    PIN_IN.write(IN_ON_MICROBIT);
    BAUD.write(BAUD_115200);
    ENABLE.write(ENABLED);
    ENABLE_INTERRUPT.write(RECEIVED_OR_SENT);
    START_RECEIVING.write(1);
    START_SENDING.write(1);
    register::enable_interrupt(interrupt::UART0);
}

/// Hands on all bytes that have come, one piece after the other.
pub(crate) fn received(mut take: impl FnMut(&[u8])) {
    while let Some(byte) = INCOMING.take() {
        take(&[byte]);
    }
}

/// Sends what `fill` gives, byte by byte, as long as the line is free.
pub(crate) fn send(mut fill: impl FnMut(&mut [u8]) -> usize) {
    let mut byte = [0];
    loop {
        // Asked here too: QEMU forgets the interrupt for a byte that its host was slow to take.
        look_whether_sent();
        if !FREE.load(Ordering::Acquire) || fill(&mut byte) == 0 {
            return;
        }
        FREE.store(false, Ordering::Release);
        OUT.write(byte[0].into());
    }
}

/// The line has something to say.
pub(crate) fn interrupted() {
    while RECEIVED.is_set() {
        // Before the byte is taken: the next one sets it again.
        RECEIVED.write(0);
        INCOMING.put(IN.read().to_le_bytes()[0]);
    }
    look_whether_sent();
}

fn look_whether_sent() {
    if SENT.is_set() {
        SENT.write(0);
        FREE.store(true, Ordering::Release);
    }
}
