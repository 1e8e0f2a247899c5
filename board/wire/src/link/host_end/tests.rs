//! The host's end against reports made by hand.

use std::{vec, vec::Vec};

use super::*;

const FLASH: Command = Command::Flash { permille: 500, duration_us: 1000 };
const FIRMWARE: Firmware = Firmware { major: 0, minor: 1, patch: 0 };
const ALL: Capabilities = Capabilities { fixation: true, focus: true, shutter: true, battery: true };

fn hello(version: u8, session: u32) -> Report {
    let notices = Notices::default();
    Report::Hello { version, session, firmware: FIRMWARE, capabilities: ALL, boot: 3, notices }
}

fn connected() -> HostEnd {
    let mut host = HostEnd::new(9, Timing::default());
    host.report(0, hello(PROTOCOL_VERSION, 9), Millis(0)).unwrap();
    host
}

fn all(host: &mut HostEnd, now: u64) -> Vec<Next> {
    core::iter::from_fn(|| host.next(Millis(now))).collect()
}

#[test]
fn greets_until_answered_and_then_beats() {
    let mut host = HostEnd::new(0x0005_0009, Timing::default());
    let greeting = Next::Send(5, Command::Hello { version: PROTOCOL_VERSION, session: 0x0005_0009 });
    assert_eq!(all(&mut host, 0), vec![greeting]);
    assert_eq!(all(&mut host, 199), vec![]);
    assert_eq!(all(&mut host, 200), vec![greeting]);
    assert_eq!(host.ask(FLASH), Err(Busy));
    assert_eq!(host.report(0, hello(PROTOCOL_VERSION, 8), Millis(201)), None, "another session");
    assert_eq!(host.report(0, hello(2, 0x0005_0009), Millis(201)), Some(Heard::Lost(Lost::VersionMismatch)));
    assert!(host.report(1, hello(PROTOCOL_VERSION, 0x0005_0009), Millis(201)).is_some());
    assert_eq!(all(&mut host, 201), vec![Next::Send(5, Command::Heartbeat)]);
    assert_eq!(all(&mut host, 300), vec![]);
    assert_eq!(all(&mut host, 301), vec![Next::Send(5, Command::Heartbeat)]);
}

#[test]
fn says_a_command_again_under_the_same_sequence_and_not_forever() {
    let mut host = connected();
    let sequence = host.ask(FLASH).unwrap();
    let mut said = 0;
    for now in 0..2000 {
        host.report(now as u16, Report::Alive { boot: 3, notices: Notices::default() }, Millis(now));
        for next in all(&mut host, now) {
            match next {
                Next::Send(_, Command::Heartbeat) => {}
                Next::Send(of, command) => {
                    assert_eq!((of, command), (sequence, FLASH));
                    said += 1;
                }
                Next::Unanswered(of) => assert_eq!((of, now, said), (sequence, 800, 8)),
                Next::Lost(why) => panic!("{why}"),
            }
        }
    }
    assert_eq!((said, host.is_free()), (8, true));
}

#[test]
fn three_commands_without_an_answer_are_a_lost_connection() {
    let mut host = connected();
    let mut ends = vec![];
    for now in 0..4000 {
        host.report(now as u16, Report::Alive { boot: 3, notices: Notices::default() }, Millis(now));
        host.ask(FLASH).ok();
        ends.extend(all(&mut host, now).into_iter().filter(|next| !matches!(next, Next::Send(..))));
    }
    assert_eq!(ends, vec![Next::Unanswered(1), Next::Unanswered(2), Next::Lost(Lost::Unanswered)]);
}

#[test]
fn silence_is_noticed_and_a_new_session_called() {
    let mut host = connected();
    host.ask(FLASH).unwrap();
    all(&mut host, 999);
    let called = Next::Send(2, Command::Hello { version: PROTOCOL_VERSION, session: 10 });
    assert_eq!(all(&mut host, 1000), vec![Next::Lost(Lost::Silent), called]);
}

#[test]
fn only_the_awaited_answer_counts() {
    let mut host = connected();
    let sequence = host.ask(FLASH).unwrap();
    let done = |sequence, outcome| Report::Done { sequence, outcome };
    assert_eq!(host.report(1, done(sequence.wrapping_sub(1), Outcome::Accepted), Millis(1)), None);
    assert_eq!(host.report(2, done(sequence, Outcome::Accepted), Millis(1)), Some(Heard::Answered(Outcome::Accepted)));
    assert_eq!(host.report(3, done(sequence, Outcome::Accepted), Millis(1)), None, "said twice");
}

#[test]
fn a_restart_is_noticed_by_the_boot_number_or_the_forgotten_session() {
    let mut host = connected();
    let alive = Report::Alive { boot: 4, notices: Notices::default() };
    assert_eq!(host.report(1, alive, Millis(1)), Some(Heard::Lost(Lost::Rebooted)));
    let mut host = connected();
    let sequence = host.ask(FLASH).unwrap();
    let forgotten = Report::Done { sequence, outcome: Outcome::Refused(Refusal::NotConnected) };
    assert_eq!(host.report(1, forgotten, Millis(1)), Some(Heard::Lost(Lost::Rebooted)));
    assert!(!host.is_connected());
}

#[test]
fn an_old_snapshot_does_not_undo_a_newer_one() {
    let mut host = connected();
    let pressed = Notices { pressed: true, presses: 1, ..Notices::default() };
    let alive = |notices| Report::Alive { boot: 3, notices };
    let noticed = Heard::Noticed { before: Notices::default(), after: pressed };
    assert_eq!(host.report(2, alive(pressed), Millis(1)), Some(noticed));
    assert_eq!(host.report(1, alive(Notices::default()), Millis(1)), None);
    assert_eq!(host.report(2, alive(pressed), Millis(1)), None);
}
