//! What is said over the line: commands to the controller, reports from it.
//!
//! Coded with postcard, which numbers the variants by their order. New variants therefore come at the end only, and what
//! is here keeps its fields: `tests/versions/` pins the bytes of every message of every version in the field.
//!
//! Permille of a light run from 0 (off) to 1000 (all that the lamp gives).

use serde::{Deserialize, Serialize};

/// Version of these messages. Both ends must speak the same.
pub const PROTOCOL_VERSION: u8 = 1;

/// What the host wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Begins a session; all lights go out. Answered by [`Report::Hello`].
    Hello {
        /// What the host speaks, [`PROTOCOL_VERSION`].
        version: u8,
        /// A number that differs from that of recent sessions.
        session: u32,
    },
    /// The host is alive. Answered by [`Report::Alive`].
    Heartbeat,
    /// All lights out, also without a session.
    LightsOff,
    /// Sets the aiming light.
    AimingLight {
        /// Strength, 0 to 1000.
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
    /// Drives the focus motor to a position.
    Focus {
        /// The position in steps from the motor's zero; what the motor reaches is the hardware's.
        steps: i32,
    },
    /// Asks for [`Report::Status`].
    Status,
}

/// What the controller says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The answer to [`Command::Hello`].
    Hello {
        /// What the controller speaks.
        version: u8,
        /// The session it confirms.
        session: u32,
        /// Version of its program.
        firmware: Firmware,
        /// What is built in.
        capabilities: Capabilities,
        /// Changes with each start of the controller.
        boot: u32,
        /// How things stand as the session begins.
        notices: Notices,
    },
    /// A command was dealt with. Sent again when the command comes again.
    Done {
        /// The command's.
        sequence: u16,
        /// How it went.
        outcome: Outcome,
    },
    /// The answer to a heartbeat; also sent unasked when something in it has changed.
    Alive {
        /// Changes with each start of the controller.
        boot: u32,
        /// What happened without being asked for.
        notices: Notices,
    },
    /// The answer to [`Command::Status`].
    Status {
        /// The command's.
        sequence: u16,
        /// The state as the answer is made.
        status: Status,
    },
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It was carried out, or a movement has begun.
    Accepted,
    /// It was not carried out.
    Refused(Refusal),
}

/// Why a command was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// More energy than one flash may have.
    #[error("the flash is too strong")]
    FlashTooStrong,
    /// Longer than a flash may be.
    #[error("the flash is too long")]
    FlashTooLong,
    /// Too soon after the flash before it.
    #[error("the flash comes too soon after the last")]
    FlashTooSoon,
    /// The flashes of the last minutes leave no energy for this one.
    #[error("the flashes have used up the light an eye may get")]
    FlashBudgetSpent,
    /// Brighter than the aiming light may be.
    #[error("the aiming light would be too bright")]
    AimingTooBright,
    /// The aiming light has been on for so long that it needs a rest.
    #[error("the aiming light needs a rest")]
    AimingTooLong,
    /// A value outside its range.
    #[error("a value is out of range")]
    OutOfRange,
    /// No session has begun since the controller's start.
    #[error("the controller knows of no session")]
    NotConnected,
    /// The last heartbeat is too long ago.
    #[error("the controller has heard no heartbeat in time")]
    NoHeartbeat,
    /// The other end speaks another version.
    #[error("host and controller speak different versions")]
    VersionMismatch,
    /// The hardware cannot do it now, or has no such part.
    #[error("the hardware cannot do it")]
    Hardware,
}

/// Why the controller put the lights out by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum ForcedOff {
    /// No heartbeat came in time.
    #[error("no heartbeat came from the host")]
    HeartbeatLost,
    /// The aiming light had been on for as long as it may.
    #[error("the aiming light had been on for as long as it may")]
    AimingTooLong,
}

/// What happened without being asked for, counted so that none is missed or seen twice when a report is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Notices {
    /// Whether the shutter button is down.
    pub pressed: bool,
    /// How often it went down since the start, wrapping.
    pub presses: u16,
    /// How often lights were forced off since the start, wrapping.
    pub forced_offs: u16,
    /// Why the last time.
    pub forced_off: Option<ForcedOff>,
}

/// Version of the controller's program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firmware {
    /// Changes with what it does differently.
    pub major: u8,
    /// Changes with what it does in addition.
    pub minor: u8,
    /// Changes with what it does better.
    pub patch: u8,
}

/// What is built into a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// A fixation target.
    pub fixation: bool,
    /// A focus motor.
    pub focus: bool,
    /// A shutter button.
    pub shutter: bool,
    /// A battery.
    pub battery: bool,
}

/// The controller's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Charge, 0 to 100.
    pub battery_percent: u8,
    /// Whether the charger is plugged in.
    pub on_mains: bool,
    /// Temperature near the lamp in tenths of a degree Celsius.
    pub temperature_decicelsius: i16,
    /// Where the focus motor is, in steps.
    pub focus_steps: i32,
    /// Aiming light, 0 to 1000.
    pub aiming_permille: u16,
    /// The fixation target; `None` while it is dark.
    pub fixation: Option<(i16, i16)>,
    /// Flashes since the controller's start, wrapping.
    pub flashes: u16,
}
