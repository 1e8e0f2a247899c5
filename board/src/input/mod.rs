//! What an operator's hands do: touches of the panel, the shutter button, codes from a scanner or a keyboard.
//!
//! [`Evdev`] is the driver for Linux. What a device's events mean is pure: `touch.rs` for fingers, `typing.rs` for keys,
//! `calibration.rs` for places.

mod calibration;
mod evdev;
mod touch;
mod typing;

use embedded_graphics::prelude::Point;

pub use calibration::{Matrix, NoMatrix};
pub use evdev::{Evdev, Settings, Which};
pub use typing::{Key, KeyError};

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A finger touched the panel and left it there; in pixels, inside the panel.
    Touch(Point),
    /// The shutter button went down or up.
    Button {
        /// Whether it is down now.
        pressed: bool,
    },
    /// A code was scanned, or typed and entered: 1 to 512 characters that can be printed.
    Code(String),
}
