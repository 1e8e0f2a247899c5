//! A hardware register: the only place that touches memory by its address.
//!
//! Not here: which registers there are; each part names its own. The addresses stand in the "nRF51 Series Reference
//! Manual".
#![expect(unsafe_code, reason = "a register is memory that the compiler does not know of")]

/// Enables interrupts; one bit each.
const ENABLE_INTERRUPTS: usize = 0xe000_e100;

/// A register of 32 bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Register(usize);

impl Register {
    /// The register at an address in the range of peripherals. Only the constants of this program make registers, so
    /// another address does not get past the compiler.
    pub(crate) const fn at(base: usize, offset: usize) -> Self {
        let address = base + offset;
        assert!(base >= 0x4000_0000 && base < 0x6000_0000 && address.is_multiple_of(4));
        Register(address)
    }

    /// What it holds.
    pub(crate) fn read(self) -> u32 {
        // SAFETY: the address is aligned, is a peripheral's and not memory that Rust hands out, and the chip allows to
        // read there at any time.
        unsafe { (self.0 as *const u32).read_volatile() }
    }

    /// Writes it.
    pub(crate) fn write(self, value: u32) {
        // SAFETY: as for reading. No peripheral in use here writes memory by itself.
        unsafe { (self.0 as *mut u32).write_volatile(value) }
    }

    /// Whether it holds anything but 0, as events do once they have happened.
    pub(crate) fn is_set(self) -> bool {
        self.read() != 0
    }
}

/// Lets an interrupt come.
pub(crate) fn enable_interrupt(number: i16) {
    // SAFETY: the processor's own register, aligned; a 1 enables, a 0 changes nothing. Handlers share only atomics with
    // the rest of the program.
    unsafe { (ENABLE_INTERRUPTS as *mut u32).write_volatile(1 << number) }
}
