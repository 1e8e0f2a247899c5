//! Protocol version 1, byte by byte.
//!
//! These bytes must not change: controllers in the field speak them. A new message gets a new line; a message that has to
//! change needs a new protocol version, and a file of its own beside this one.

#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

use std::fmt::Debug;

use ocellus_wire::{
    frame::{Decoder, FRAME_VERSION, Frame},
    message::{
        Capabilities, Command, Firmware, ForcedOff, Notices, Outcome, PROTOCOL_VERSION, Refusal, Report, Status,
    },
};
use serde::{Serialize, de::DeserializeOwned};

const NOTICES: Notices =
    Notices { pressed: true, presses: 3, forced_offs: 300, forced_off: Some(ForcedOff::AimingTooLong) };

/// The message gives these bytes, and these bytes give the message; a frame of it with a flipped bit gives nothing.
fn pinned<M: Serialize + DeserializeOwned + PartialEq + Debug>(message: M, bytes: &[u8]) {
    let mut buffer = [0; 64];
    assert_eq!(postcard::to_slice(&message, &mut buffer).unwrap(), bytes, "{message:?}");
    assert_eq!(postcard::from_bytes::<M>(bytes).unwrap(), message);
    let frame = Frame::encode(7, &message).unwrap();
    for bit in 0..frame.bytes().len() * 8 {
        let mut decoder = Decoder::default();
        let flipped = frame.bytes().iter().enumerate();
        let flipped = flipped.map(|(at, byte)| byte ^ if at == bit / 8 { 1 << (bit % 8) } else { 0 });
        assert_eq!(flipped.filter_map(|byte| decoder.push::<M>(byte)).next(), None, "{message:?}, bit {bit}");
    }
}

/// The same for a whole frame.
fn framed<M: Serialize + DeserializeOwned + PartialEq + Debug>(sequence: u16, message: M, bytes: &[u8]) {
    assert_eq!(Frame::encode(sequence, &message).unwrap().bytes(), bytes, "{message:?}");
    let mut decoder = Decoder::default();
    let found: Vec<(u16, M)> = bytes.iter().filter_map(|byte| decoder.push(*byte)).collect();
    assert_eq!(found, [(sequence, message)]);
}

#[test]
fn this_is_version_1() {
    assert_eq!((PROTOCOL_VERSION, FRAME_VERSION), (1, 1));
}

#[test]
fn commands_keep_their_bytes() {
    pinned(Command::Hello { version: 1, session: 0xdead_beef }, &[0, 1, 0xef, 0xfd, 0xb6, 0xf5, 0x0d]);
    pinned(Command::Heartbeat, &[1]);
    pinned(Command::LightsOff, &[2]);
    pinned(Command::AimingLight { permille: 300 }, &[3, 0xac, 0x02]);
    pinned(Command::Flash { permille: 700, duration_us: 4000 }, &[4, 0xbc, 0x05, 0xa0, 0x1f]);
    pinned(Command::Fixation { target: None }, &[5, 0]);
    pinned(Command::Fixation { target: Some((-350, 1000)) }, &[5, 1, 0xbb, 0x05, 0xd0, 0x0f]);
    pinned(Command::Focus { steps: -1500 }, &[6, 0xb7, 0x17]);
    pinned(Command::Status, &[7]);
}

#[test]
fn reports_keep_their_bytes() {
    let hello = Report::Hello {
        version: 1,
        session: 0xdead_beef,
        firmware: Firmware { major: 1, minor: 2, patch: 3 },
        capabilities: Capabilities { fixation: true, focus: false, shutter: true, battery: true },
        boot: 70_000,
        notices: NOTICES,
    };
    let bytes = [0, 1, 0xef, 0xfd, 0xb6, 0xf5, 0x0d, 1, 2, 3, 1, 0, 1, 1, 0xf0, 0xa2, 0x04, 1, 3, 0xac, 0x02, 1, 1];
    pinned(hello, &bytes);
    pinned(Report::Done { sequence: 0x1234, outcome: Outcome::Accepted }, &[1, 0xb4, 0x24, 0]);
    pinned(Report::Alive { boot: 5, notices: Notices::default() }, &[2, 5, 0, 0, 0, 0]);
    let notices = Notices { forced_off: Some(ForcedOff::HeartbeatLost), ..NOTICES };
    pinned(Report::Alive { boot: 5, notices }, &[2, 5, 1, 3, 0xac, 0x02, 1, 0]);
    let status = Status {
        battery_percent: 87,
        on_mains: true,
        temperature_decicelsius: -55,
        focus_steps: 1234,
        aiming_permille: 300,
        fixation: Some((1, -1)),
        flashes: 260,
    };
    let bytes = [3, 9, 87, 1, 0x6d, 0xa4, 0x13, 0xac, 0x02, 1, 2, 1, 0x84, 0x02];
    pinned(Report::Status { sequence: 9, status }, &bytes);
}

#[test]
fn refusals_keep_their_numbers() {
    let refusals = [
        Refusal::FlashTooStrong,
        Refusal::FlashTooLong,
        Refusal::FlashTooSoon,
        Refusal::FlashBudgetSpent,
        Refusal::AimingTooBright,
        Refusal::AimingTooLong,
        Refusal::OutOfRange,
        Refusal::NotConnected,
        Refusal::NoHeartbeat,
        Refusal::VersionMismatch,
        Refusal::Hardware,
    ];
    for (number, refusal) in (0..).zip(refusals) {
        pinned(Report::Done { sequence: 1, outcome: Outcome::Refused(refusal) }, &[1, 1, 1, number]);
    }
}

#[test]
fn frames_keep_their_bytes() {
    framed(0, Command::Heartbeat, &[2, 1, 1, 6, 1, 0xef, 0x88, 0xff, 0xee, 0]);
    let flash = Command::Flash { permille: 700, duration_us: 4000 };
    framed(0x0100, flash, &[2, 1, 11, 1, 4, 0xbc, 0x05, 0xa0, 0x1f, 0x47, 0x28, 0x34, 0xe5, 0]);
    let done = Report::Done { sequence: 0x1234, outcome: Outcome::Accepted };
    framed(0xffff, done, &[7, 1, 0xff, 0xff, 1, 0xb4, 0x24, 5, 0x85, 0x68, 0xb8, 0x9e, 0]);
}
