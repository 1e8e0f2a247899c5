//! The controller as the line and the hardware see it.

use std::{vec, vec::Vec};

use super::*;
use crate::message::ForcedOff;

#[derive(Debug, Default)]
struct Board {
    aiming: Option<u16>,
    fixation: Option<Option<(i16, i16)>>,
    flashes: Vec<(u16, u32)>,
    focus: i32,
    shutter: bool,
    flash_broken: bool,
}

impl Hal for Board {
    fn set_aiming(&mut self, permille: u16) {
        self.aiming = Some(permille);
    }
    fn set_fixation(&mut self, target: Option<(i16, i16)>) {
        self.fixation = Some(target);
    }
    fn fire_flash(&mut self, permille: u16, duration_us: u32) -> Result<(), Refusal> {
        if self.flash_broken {
            return Err(Refusal::Hardware);
        }
        self.flashes.push((permille, duration_us));
        Ok(())
    }
    fn move_focus(&mut self, steps: i32) -> Result<(), Refusal> {
        if steps.abs() > 100 {
            return Err(Refusal::OutOfRange);
        }
        self.focus = steps;
        Ok(())
    }
    fn focus_steps(&mut self) -> i32 {
        self.focus
    }
    fn read_shutter(&mut self) -> bool {
        self.shutter
    }
    fn battery_percent(&mut self) -> u8 {
        80
    }
    fn on_mains(&mut self) -> bool {
        true
    }
    fn temperature_decicelsius(&mut self) -> i16 {
        -5
    }
}

const FLASH: Command = Command::Flash { permille: 700, duration_us: 4000 };
const ACCEPTED: Outcome = Outcome::Accepted;

struct Bench {
    controller: Controller,
    board: Board,
    now: u64,
}

impl Bench {
    fn new() -> Self {
        let capabilities = Capabilities { fixation: true, focus: true, shutter: true, battery: true };
        let identity = Identity { firmware: Firmware { major: 1, minor: 2, patch: 3 }, capabilities, boot: 77 };
        Bench { controller: Controller::new(identity, Limits::default()), board: Board::default(), now: 0 }
    }

    fn greeted() -> Self {
        let mut bench = Bench::new();
        bench.say(0, Command::Hello { version: PROTOCOL_VERSION, session: 1 });
        bench
    }

    fn put(&mut self, sequence: u16, command: Command) {
        let frame = Frame::encode(sequence, &command).unwrap();
        self.controller.bytes_in(frame.bytes(), Millis(self.now));
    }

    fn poll(&mut self) -> Vec<Report> {
        self.controller.poll(Millis(self.now), &mut self.board);
        let mut bytes = [0; 7];
        let mut decoder = Decoder::default();
        let mut reports = vec![];
        loop {
            let length = self.controller.bytes_out(&mut bytes);
            if length == 0 {
                return reports;
            }
            reports
                .extend(bytes[..length].iter().filter_map(|byte| decoder.push::<Report>(*byte)).map(|(_, said)| said));
        }
    }

    fn say(&mut self, sequence: u16, command: Command) -> Vec<Report> {
        self.put(sequence, command);
        self.poll()
    }
}

fn done(sequence: u16, outcome: Outcome) -> Vec<Report> {
    vec![Report::Done { sequence, outcome }]
}

fn refused(sequence: u16, refusal: Refusal) -> Vec<Report> {
    done(sequence, Outcome::Refused(refusal))
}

// verifies: RQ-042
#[test]
fn a_repeated_flash_is_answered_again_and_fires_once() {
    let mut bench = Bench::greeted();
    for _ in 0..3 {
        bench.now += 5000;
        assert_eq!(bench.say(1, FLASH), done(1, ACCEPTED));
    }
    assert_eq!(bench.say(0, FLASH), vec![], "older than the last");
    assert_eq!(bench.board.flashes, vec![(700, 4000)]);
    let losses = bench.controller.losses();
    assert_eq!((losses.repeated, losses.stale), (2, 1));
}

#[test]
fn without_a_session_only_darkness_is_accepted() {
    let mut bench = Bench::new();
    for command in
        [FLASH, Command::AimingLight { permille: 10 }, Command::Fixation { target: Some((0, 0)) }, Command::Status]
    {
        assert_eq!(bench.say(1, command), refused(1, Refusal::NotConnected));
    }
    assert_eq!(bench.say(1, Command::LightsOff), done(1, ACCEPTED));
    assert_eq!(bench.say(1, Command::Hello { version: 9, session: 1 }), refused(1, Refusal::VersionMismatch));
    assert_eq!(bench.say(2, FLASH), refused(2, Refusal::NotConnected));
    assert_eq!((bench.board.aiming, bench.board.fixation), (Some(0), Some(None)));
    assert_eq!(bench.board.flashes, vec![]);
}

#[test]
fn silence_darkens_the_board_and_is_told() {
    let mut bench = Bench::greeted();
    assert_eq!(bench.say(1, Command::AimingLight { permille: 300 }), done(1, ACCEPTED));
    assert_eq!(bench.say(2, Command::Fixation { target: Some((100, -200)) }), done(2, ACCEPTED));
    bench.now = 499;
    assert_eq!(bench.poll(), vec![]);
    assert_eq!((bench.board.aiming, bench.board.fixation), (Some(300), Some(Some((100, -200)))));
    bench.now = 500;
    let notices = Notices { forced_offs: 1, forced_off: Some(ForcedOff::HeartbeatLost), ..Notices::default() };
    assert_eq!(bench.poll(), vec![Report::Alive { boot: 77, notices }]);
    assert_eq!((bench.board.aiming, bench.board.fixation), (Some(0), Some(None)));
}

#[test]
fn heartbeats_keep_the_light_on() {
    let mut bench = Bench::greeted();
    bench.say(1, Command::AimingLight { permille: 300 });
    for _ in 0..100 {
        bench.now += 400;
        assert_eq!(bench.say(1, Command::Heartbeat), vec![Report::Alive { boot: 77, notices: Notices::default() }]);
        assert_eq!(bench.board.aiming, Some(300));
    }
}

#[test]
fn a_command_that_waited_too_long_gives_no_light() {
    let mut bench = Bench::greeted();
    bench.put(1, FLASH);
    bench.now += 600;
    assert_eq!(bench.poll(), refused(1, Refusal::NoHeartbeat));
    assert_eq!(bench.board.flashes, vec![]);
}

#[test]
fn a_new_session_begins_in_the_dark() {
    let mut bench = Bench::greeted();
    bench.say(1, Command::AimingLight { permille: 300 });
    let hello = Command::Hello { version: PROTOCOL_VERSION, session: 2 };
    assert!(matches!(bench.say(50, hello)[..], [Report::Hello { session: 2, boot: 77, .. }]));
    assert_eq!(bench.board.aiming, Some(0));
    bench.say(51, Command::AimingLight { permille: 200 });
    bench.say(50, hello);
    assert_eq!(bench.board.aiming, Some(200), "the same greeting again changes nothing");
}

#[test]
fn the_shutter_is_told_when_it_moves_and_counted() {
    let mut bench = Bench::greeted();
    bench.board.shutter = true;
    let down = Notices { pressed: true, presses: 1, ..Notices::default() };
    assert_eq!(bench.poll(), vec![Report::Alive { boot: 77, notices: down }]);
    assert_eq!(bench.poll(), vec![]);
    bench.board.shutter = false;
    assert_eq!(bench.poll(), vec![Report::Alive { boot: 77, notices: Notices { pressed: false, ..down } }]);
}

#[test]
fn the_hardware_refuses_by_name() {
    let mut bench = Bench::greeted();
    assert_eq!(bench.say(1, Command::Focus { steps: 101 }), refused(1, Refusal::OutOfRange));
    assert_eq!(bench.say(2, Command::Focus { steps: -100 }), done(2, ACCEPTED));
    bench.board.flash_broken = true;
    assert_eq!(bench.say(3, FLASH), refused(3, Refusal::Hardware));
    let [Report::Status { sequence: 4, status }] = bench.say(4, Command::Status)[..] else { panic!() };
    assert_eq!((status.focus_steps, status.flashes, status.temperature_decicelsius), (-100, 0, -5));
}

#[test]
fn darkness_finds_room_in_a_full_inbox() {
    let mut bench = Bench::greeted();
    bench.say(1, Command::AimingLight { permille: 300 });
    for sequence in 2..30 {
        bench.put(sequence, Command::AimingLight { permille: 400 });
    }
    bench.put(30, Command::LightsOff);
    assert_eq!(bench.poll(), done(30, ACCEPTED));
    assert_eq!((bench.board.aiming, bench.controller.losses().unread), (Some(0), 28));
}

#[test]
fn reports_that_nobody_fetches_are_dropped_whole() {
    let mut bench = Bench::greeted();
    for _ in 0..100 {
        bench.put(0, Command::Heartbeat);
        bench.controller.poll(Millis(0), &mut bench.board);
    }
    let reports = bench.poll();
    let unsaid = bench.controller.losses().unsaid as usize;
    assert_eq!(reports.len() + unsaid, 100);
    assert!(unsaid > 0 && reports.len() > 10);
}
