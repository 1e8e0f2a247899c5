//! A number by chance, from the chip's noise: it tells one start from the next.

use crate::register::Register;

const RNG: usize = 0x4000_d000;
const START: Register = Register::at(RNG, 0x000);
const STOP: Register = Register::at(RNG, 0x004);
const READY: Register = Register::at(RNG, 0x100);
const VALUE: Register = Register::at(RNG, 0x508);
/// Looks at the generator at most for each byte. One takes less than a millisecond, and this is several.
const PATIENCE: u32 = 50_000;

/// A number that differs from that of the start before, but for one start in four thousand million.
pub(crate) fn number() -> u32 {
    START.write(1);
    let bytes = [(); 4].map(|()| {
        READY.write(0);
        // A generator that is broken gives its last value: a start that cannot be told apart is better than none.
        (0..PATIENCE).find(|_| READY.is_set());
        VALUE.read().to_le_bytes()[0]
    });
    STOP.write(1);
    u32::from_le_bytes(bytes)
}
