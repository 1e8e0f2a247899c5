//! The chip's own thermometer, which stands for one near the lamp. QEMU has none: it says 0 there.

use crate::register::Register;

const TEMP: usize = 0x4000_c000;
const START: Register = Register::at(TEMP, 0x000);
const STOP: Register = Register::at(TEMP, 0x004);
const READY: Register = Register::at(TEMP, 0x100);
const QUARTERS: Register = Register::at(TEMP, 0x508);

/// A thermometer that measures again whenever it is read.
#[derive(Debug, Default)]
pub(crate) struct Thermometer {
    decicelsius: i16,
}

impl Thermometer {
    /// Begins to measure.
    pub(crate) fn start() -> Self {
        START.write(1);
        Self::default()
    }

    /// The last temperature that was measured, tenths of a degree Celsius.
    pub(crate) fn read(&mut self) -> i16 {
        if READY.is_set() {
            let quarters = QUARTERS.read().cast_signed();
            self.decicelsius = i16::try_from(quarters.saturating_mul(10) / 4).unwrap_or(i16::MAX);
            READY.write(0);
            // The chip leaves it switched on otherwise (anomaly 28).
            STOP.write(1);
            START.write(1);
        }
        self.decicelsius
    }
}
