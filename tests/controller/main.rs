//! The real firmware, on an emulated microcontroller, as the operator's program meets it over a serial line.
//!
//! Nothing is timed here but bounds: emulation says nothing of the speed of a real controller.

mod bench;

use std::time::{Duration, Instant};

use ocellus_board::controller::{Capabilities, Event, ForcedOff, Refusal, Request};
use ocellus_tests::{emulator::Lamps, patience::Deadline};

use crate::bench::{Bench, Spoilt};

const AIM: Request = Request::AimingLight { permille: 300 };
const FLASH: Request = Request::Flash { permille: 500, duration_us: 20_000 };
const FIXATION: Option<(i16, i16)> = Some((-200, 350));
const DARK: Lamps = Lamps { aiming: false, fixation: false, flash: false };
const AIMING: Lamps = Lamps { aiming: true, ..DARK };
/// The link gives a controller up after one second of silence; the rest is for a slow machine.
const LOST_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn lights_and_focus_do_what_is_asked() {
    let Some(mut bench) = Bench::connected() else { return };
    let capabilities = bench.heard.iter().find_map(|event| match event {
        Event::Connected { capabilities, .. } => Some(*capabilities),
        _ => None,
    });
    let expected = Capabilities { fixation: true, focus: true, shutter: true, battery: false };
    assert_eq!(capabilities, Some(expected));
    assert_eq!(bench.emulator.lamps(), DARK);
    bench.ask_until_lamps(AIM, AIMING);
    bench.ask_until_lamps(Request::AimingLight { permille: 0 }, DARK);
    bench.ask_until_lamps(Request::Fixation { target: FIXATION }, Lamps { fixation: true, ..DARK });
    bench.ask_until_lamps(Request::LightsOff, DARK);
    assert_eq!(bench.ask(Request::Focus { steps: -300 }), Ok(()));
    let deadline = Deadline::new("the motor");
    deadline.wait(|| (bench.status().focus_steps == -300).then_some(()));
    let status = bench.status();
    assert_eq!((status.aiming_permille, status.fixation), (0, None));
}

#[test]
fn a_flash_lights_its_lamp_and_ends_by_itself() {
    let Some(mut bench) = Bench::connected() else { return };
    // A machine that is slow may miss it: then there is another.
    Deadline::new("a flash on the pin").wait(|| {
        let Ok(id) = bench.client.request(FLASH) else {
            bench.look();
            return None;
        };
        bench.end_of(id);
        bench.emulator.lamps().flash.then_some(())
    });
    Deadline::new("the flash's end").wait(|| {
        bench.look();
        (bench.emulator.lamps() == DARK).then_some(())
    });
    assert!(bench.status().flashes > 0);
}

// verifies: RQ-040
#[test]
fn light_beyond_the_limits_is_refused_by_the_firmware() {
    let Some(mut bench) = Bench::connected() else { return };
    for (request, refusal) in [
        (Request::AimingLight { permille: 501 }, Refusal::AimingTooBright),
        (Request::AimingLight { permille: 1001 }, Refusal::OutOfRange),
        (Request::Flash { permille: 1000, duration_us: 20_000 }, Refusal::FlashTooStrong),
        (Request::Flash { permille: 1, duration_us: 20_001 }, Refusal::FlashTooLong),
        (Request::Flash { permille: 0, duration_us: 100 }, Refusal::OutOfRange),
        (Request::Fixation { target: Some((0, -1001)) }, Refusal::OutOfRange),
        (Request::Focus { steps: 5001 }, Refusal::OutOfRange),
    ] {
        assert_eq!(bench.ask(request), Err(refusal), "{request:?}");
        assert_eq!(bench.emulator.lamps(), DARK, "{request:?}");
    }
    let weak = Request::Flash { permille: 10, duration_us: 1000 };
    Deadline::new("a flash that comes too soon").wait(|| (bench.ask(weak) == Err(Refusal::FlashTooSoon)).then_some(()));
}

// verifies: RQ-041
#[test]
fn a_host_that_falls_silent_leaves_the_eye_in_the_dark() {
    let Some(mut bench) = Bench::connected() else { return };
    bench.ask_until_lamps(AIM, AIMING);
    // The host does not look any more, so no heartbeat goes out.
    Deadline::new("dark lamps").wait(|| (bench.emulator.lamps() == DARK).then_some(()));
    let why = bench.until("the controller's word", |event| match event {
        Event::LightForcedOff(why) => Some(*why),
        _ => None,
    });
    assert_eq!(why, ForcedOff::HeartbeatLost);
    assert_eq!(bench.status().aiming_permille, 0);
    bench.ask_until_lamps(AIM, AIMING);
}

// verifies: RQ-041
#[test]
fn a_host_that_starts_anew_finds_all_lights_out() {
    let Some(mut bench) = Bench::connected() else { return };
    let boot = bench.heard.iter().find_map(|event| match event {
        Event::Connected { boot, .. } => Some(*boot),
        _ => None,
    });
    bench.ask_until_lamps(AIM, AIMING);
    let mut bench = bench.restart_client();
    assert_eq!(Some(bench.boot()), boot, "the controller has not started anew");
    assert_eq!(bench.emulator.lamps(), DARK);
    assert_eq!(bench.status().aiming_permille, 0);
}

// verifies: RQ-044
#[test]
fn garbage_and_half_frames_cost_nothing_but_time() {
    let Some(mut bench) = Bench::over(Spoilt::new) else { return };
    let boot = bench.heard.iter().find_map(|event| match event {
        Event::Connected { boot, .. } => Some(*boot),
        _ => None,
    });
    for steps in 1..=20 {
        assert_eq!(bench.ask(Request::Focus { steps }), Ok(()));
    }
    Deadline::new("the motor").wait(|| (bench.status().focus_steps == 20).then_some(()));
    let boots = bench.heard.iter().filter(|event| match event {
        Event::Connected { boot: of, .. } => Some(*of) != boot,
        _ => false,
    });
    assert_eq!(boots.count(), 0, "the controller has not started anew");
}

// verifies: RQ-041
#[test]
fn a_controller_that_is_pulled_out_comes_back_dark_under_another_name() {
    let Some(mut bench) = Bench::connected() else { return };
    let Some(Event::Connected { boot, .. }) = bench.heard.first().cloned() else { panic!("{:?}", bench.heard) };
    bench.ask_until_lamps(AIM, AIMING);
    let name = bench.emulator.terminal().to_owned();
    // Started before the first ends: the system would give the same name again.
    let next = bench.another();
    assert_ne!(next.terminal(), name);
    let waiting: Vec<_> =
        [FLASH, Request::Fixation { target: FIXATION }].into_iter().flat_map(|it| bench.client.request(it)).collect();
    assert_eq!(waiting.len(), 2);
    bench.unplug(next);
    bench.until("a loss", |event| matches!(event, Event::Lost { .. }).then_some(()));
    for id in waiting {
        assert!(bench.heard.contains(&Event::Failed { id }), "{:?}", bench.heard);
    }
    assert!(bench.client.request(AIM).is_err(), "nothing is kept for later");
    bench.plug_in();
    assert_ne!(bench.boot(), boot);
    assert_eq!(bench.emulator.lamps(), DARK);
    let status = bench.status();
    assert_eq!((status.aiming_permille, status.fixation, status.flashes), (0, None, 0));
    bench.ask_until_lamps(AIM, AIMING);
}

#[test]
fn a_controller_that_hangs_is_lost_in_time_and_comes_back_dark() {
    let Some(mut bench) = Bench::connected() else { return };
    bench.ask_until_lamps(AIM, AIMING);
    bench.emulator.hang();
    let began = Instant::now();
    let waiting = bench.client.request(FLASH).expect("it is still connected");
    bench.until("a loss", |event| matches!(event, Event::Lost { .. }).then_some(()));
    assert!(began.elapsed() < LOST_WITHIN, "{:?}", began.elapsed());
    assert!(bench.heard.contains(&Event::Failed { id: waiting }), "{:?}", bench.heard);
    bench.emulator.go_on();
    bench.boot();
    // What lay in the line is read before the new greeting: the flash may have begun by then, and ends by itself.
    let lamps = bench.emulator.lamps();
    assert!(!lamps.aiming && !lamps.fixation, "{lamps:?}");
    Deadline::new("dark lamps").wait(|| {
        bench.look();
        (bench.emulator.lamps() == DARK).then_some(())
    });
    let status = bench.status();
    assert_eq!(status.aiming_permille, 0);
    assert!(status.flashes <= 1, "however often it was said, fired {} times", status.flashes);
    bench.ask_until_lamps(AIM, AIMING);
}

// verifies: RQ-041
#[test]
fn a_firmware_that_panics_goes_dark_and_starts_anew() {
    let Some(mut bench) = Bench::connected() else { return };
    bench.ask_until_lamps(AIM, AIMING);
    let Some(Event::Connected { boot, .. }) = bench.heard.first().cloned() else { panic!("{:?}", bench.heard) };
    bench.emulator.spoil_memory();
    assert_ne!(bench.boot(), boot);
    assert_eq!(bench.emulator.lamps(), DARK);
    assert_eq!(bench.status().aiming_permille, 0);
    bench.ask_until_lamps(AIM, AIMING);
}

#[test]
fn the_shutter_is_heard_once_for_each_press() {
    let Some(mut bench) = Bench::connected() else { return };
    for pressed in [true, false] {
        // A contact that bounces.
        for bounce in [pressed, !pressed, pressed, !pressed, pressed] {
            bench.emulator.shutter(bounce);
        }
        bench.until("the shutter", |event| (*event == Event::Shutter { pressed }).then_some(()));
    }
    bench.status();
    let told: Vec<bool> = bench
        .heard
        .iter()
        .filter_map(|event| match event {
            Event::Shutter { pressed } => Some(*pressed),
            _ => None,
        })
        .collect();
    assert_eq!(told, [true, false]);
}
