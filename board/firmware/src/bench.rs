//! The parts together, as the shared logic wants its hardware.

use ocellus_wire::{Millis, controller::Hal, message::Refusal};

use crate::{lamps, motor::Motor, shutter::Shutter, thermometer::Thermometer};

/// All that the controller drives and reads.
#[derive(Debug)]
pub(crate) struct Bench {
    motor: Motor,
    shutter: Shutter,
    thermometer: Thermometer,
}

impl Bench {
    /// Sets up what is read; the lamps are set up before all else.
    pub(crate) fn start() -> Self {
        Bench { motor: Motor::default(), shutter: Shutter::start(), thermometer: Thermometer::start() }
    }

    /// Lives on for so long.
    pub(crate) fn live(&mut self, passed: Millis) {
        self.motor.live(passed);
        self.shutter.live(passed);
    }
}

impl Hal for Bench {
    fn set_aiming(&mut self, permille: u16) {
        lamps::aiming(permille > 0);
    }

    fn set_fixation(&mut self, target: Option<(i16, i16)>) {
        lamps::fixation(target.is_some());
    }

    fn fire_flash(&mut self, _permille: u16, duration_us: u32) -> Result<(), Refusal> {
        lamps::flash(duration_us)
    }

    fn move_focus(&mut self, steps: i32) -> Result<(), Refusal> {
        self.motor.move_to(steps)
    }

    fn focus_steps(&mut self) -> i32 {
        self.motor.steps()
    }

    fn read_shutter(&mut self) -> bool {
        self.shutter.is_pressed()
    }

    fn battery_percent(&mut self) -> u8 {
        // There is no battery, and the capabilities say so.
        100
    }

    fn on_mains(&mut self) -> bool {
        true
    }

    fn temperature_decicelsius(&mut self) -> i16 {
        self.thermometer.read()
    }
}
