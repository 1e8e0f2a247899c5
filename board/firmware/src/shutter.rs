//! The shutter: button A, with its bounces removed.

use ocellus_wire::Millis;

use crate::register::Register;

const GPIO: usize = 0x5000_0000;
const INPUT: Register = Register::at(GPIO, 0x510);
const PIN: usize = 17;
const PIN_CONFIGURATION: Register = Register::at(GPIO, 0x700 + 4 * PIN);
/// An input with a pull-up: the button connects it to ground.
const INPUT_PULLED_UP: u32 = 3 << 2;
/// The contact counts when it has been quiet for so long.
const QUIET: Millis = Millis(10);

/// A button.
#[derive(Debug, Default)]
pub(crate) struct Shutter {
    pressed: bool,
    /// How long the contact has been other than `pressed`.
    other_for: Millis,
}

impl Shutter {
    /// A button that counts as up.
    pub(crate) fn start() -> Self {
        PIN_CONFIGURATION.write(INPUT_PULLED_UP);
        Self::default()
    }

    /// Whether it is down.
    pub(crate) fn is_pressed(&self) -> bool {
        self.pressed
    }

    /// Looks at the contact, after so long.
    pub(crate) fn live(&mut self, passed: Millis) {
        let contact = INPUT.read() & (1 << PIN) == 0;
        self.other_for = if contact == self.pressed { Millis(0) } else { self.other_for.plus(passed) };
        if self.other_for >= QUIET {
            self.pressed = contact;
            self.other_for = Millis(0);
        }
    }
}
