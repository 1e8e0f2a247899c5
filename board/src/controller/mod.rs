//! The host's side of the controller: what the operator's program asks of lights, focus and shutter.
//!
//! A [`Client`] speaks over a [`Port`], in the field a [`SerialPort`]. It greets, keeps the heartbeat going and comes
//! back by itself after a loss; the program only asks ([`Client::request`]) and looks ([`Client::poll`]) some twenty times
//! a second or more: the heartbeat goes out from there, so a program that hangs leaves the patient in the dark. Nothing
//! here blocks.
//!
//! What may be relied on:
//! - each request ends in exactly one of [`Event::Done`], [`Event::Refused`], [`Event::Failed`];
//! - a request is carried out at most once; after `Failed` it is not known whether it was;
//! - after [`Event::Lost`] and [`Event::Connected`] all lights are out, and nothing that was asked before comes later.
//!
//! Not here: the protocol and the limits of light (crate `ocellus-wire`), the simulation
//! ([`crate::sim::SimulatedController`]).

mod client;
mod serial;
#[cfg(test)]
mod tests;

use std::{io, time::Duration};

pub use client::Client;
pub use ocellus_wire::{
    light_guard::Limits,
    link::Timing,
    message::{Capabilities, Firmware, ForcedOff, Refusal, Status},
};
pub use serial::{Address, BAUD, NotAnAddress, SerialError, SerialPort};

use ocellus_wire::{link, message::Command};

/// Requests that may wait at a time.
pub const MAX_WAITING: usize = 16;

/// A line to a controller. After an error the port may open itself again: it is asked again after a while.
pub trait Port: Send {
    /// Reads what has come; 0 when there is nothing now.
    ///
    /// # Errors
    /// When the line is gone.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes all of it, without waiting for the line: a frame is shorter than 80 bytes.
    ///
    /// # Errors
    /// When the line is gone, or has no room.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Whether no real light hangs on it.
    fn is_simulated(&self) -> bool;

    /// Tells the time, on the clock of [`Client::poll`], to ports that live in it.
    fn advance(&mut self, _now: Duration) {}
}

impl<P: Port + ?Sized> Port for Box<P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).read(buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        (**self).write(bytes)
    }

    fn is_simulated(&self) -> bool {
        (**self).is_simulated()
    }

    fn advance(&mut self, now: Duration) {
        (**self).advance(now);
    }
}

/// What the program asks of the controller. Permille of a light run from 0 (off) to 1000 (all that the lamp gives).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// All lights out. Overtakes all that waits: what waited fails.
    LightsOff,
    /// Sets the aiming light, 0 to 1000.
    AimingLight {
        /// Strength.
        permille: u16,
    },
    /// Fires one flash.
    Flash {
        /// Strength, 1 to 1000.
        permille: u16,
        /// Length in microseconds, at least 1.
        duration_us: u32,
    },
    /// Shows the target that the patient looks at.
    Fixation {
        /// From the middle to the right and up, in permille of the field's radius, -1000 to 1000; `None` for dark.
        target: Option<(i16, i16)>,
    },
    /// Drives the focus motor; done when the movement has begun. [`Status`] tells where it is.
    Focus {
        /// The position in steps from the motor's zero.
        steps: i32,
    },
    /// Asks for [`Event::Status`].
    Status,
}

impl From<Request> for Command {
    fn from(request: Request) -> Self {
        match request {
            Request::LightsOff => Command::LightsOff,
            Request::AimingLight { permille } => Command::AimingLight { permille },
            Request::Flash { permille, duration_us } => Command::Flash { permille, duration_us },
            Request::Fixation { target } => Command::Fixation { target },
            Request::Focus { steps } => Command::Focus { steps },
            Request::Status => Command::Status,
        }
    }
}

/// Names a request of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(u64);

/// Why a request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RequestError {
    /// Nobody is there. Requests are not kept until somebody is: a flash must not come out of the past.
    #[error("the controller is not connected")]
    NotConnected,
    /// Too many wait.
    #[error("{MAX_WAITING} requests are waiting already")]
    Full,
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LostWhy {
    /// The controller: silent, started anew, or of another version.
    #[error(transparent)]
    Link(#[from] link::Lost),
    /// The port failed.
    #[error("the port failed: {detail}")]
    Port {
        /// What the system says.
        detail: String,
    },
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A session has begun; all lights are out.
    Connected {
        /// The controller's program.
        firmware: Firmware,
        /// What is built in.
        capabilities: Capabilities,
        /// Differs from that of the controller's start before.
        boot: u32,
    },
    /// There is no connection any more, or none could be made; said once for each reason in a row.
    Lost {
        /// The reason.
        why: LostWhy,
    },
    /// The request was carried out.
    Done {
        /// Which.
        id: RequestId,
    },
    /// The request was not carried out.
    Refused {
        /// Which.
        id: RequestId,
        /// Why.
        refusal: Refusal,
    },
    /// The request got no answer, or was overtaken. Whether it was carried out is not known; it is not sent again.
    Failed {
        /// Which.
        id: RequestId,
    },
    /// The shutter button went down or up.
    Shutter {
        /// Whether it is down now.
        pressed: bool,
    },
    /// The state that was asked for; its [`Event::Done`] follows.
    Status(Status),
    /// The controller put all lights out by itself.
    LightForcedOff(ForcedOff),
}
