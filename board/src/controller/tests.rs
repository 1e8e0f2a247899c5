//! Client and simulated controller over lines that lose, tear, repeat and spoil.

use ocellus_wire::{Millis, link::Lost};

use super::*;
use crate::sim::{Knobs, LineNoise, Rig, SimulatedController};

const FLASH: Request = Request::Flash { permille: 800, duration_us: 5000 };
const AIM: Request = Request::AimingLight { permille: 300 };

struct Bench {
    rig: Rig,
    knobs: Knobs,
    client: Client<Box<dyn Port>>,
    now: Duration,
}

impl Bench {
    fn new(limits: Limits, seed: u64) -> Self {
        let (rig, knobs) = (Rig::new(), Knobs::new());
        let port: Box<dyn Port> = Box::new(SimulatedController::new(rig.clone(), knobs.clone(), limits, seed));
        let client = Client::with_session(port, 0xffff_0000, Timing::default());
        Bench { rig, knobs, client, now: Duration::ZERO }
    }

    fn connected() -> Self {
        let mut bench = Bench::new(Limits::default(), 1);
        bench.until(1000, |event| matches!(event, Event::Connected { .. })).expect("a clean line connects");
        bench
    }

    /// Lives for so many milliseconds, looking every 10.
    fn live(&mut self, milliseconds: u64) -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..milliseconds / 10 {
            self.now += Duration::from_millis(10);
            events.extend(self.client.poll(self.now));
        }
        events
    }

    /// Lives until an event, or for so long at most.
    fn until(&mut self, milliseconds: u64, wanted: impl Fn(&Event) -> bool) -> Option<Event> {
        (0..milliseconds / 10).find_map(|_| self.live(10).into_iter().find(&wanted))
    }

    fn ask(&mut self, request: Request) -> Event {
        let id = self.client.request(request).unwrap();
        let ends = |event: &Event| match event {
            Event::Done { id: of } | Event::Refused { id: of, .. } | Event::Failed { id: of } => *of == id,
            Event::Connected { .. }
            | Event::Lost { .. }
            | Event::Shutter { .. }
            | Event::Status(_)
            | Event::LightForcedOff(_) => false,
        };
        self.until(3000, ends).expect("a request ends")
    }
}

fn lost(why: Lost) -> Event {
    Event::Lost { why: LostWhy::Link(why) }
}

/// No limit on the number of flashes, so that nothing but the link keeps a flash from firing twice.
fn flashes_unlimited() -> Limits {
    Limits { flash_spacing: Millis(0), window: Millis(1), ..Limits::default() }
}

#[test]
fn what_is_asked_for_stands_in_the_rig() {
    let mut bench = Bench::connected();
    let fixation = Some((-200, 350));
    for request in [AIM, Request::Fixation { target: fixation }, FLASH, Request::Focus { steps: -300 }] {
        assert!(matches!(bench.ask(request), Event::Done { .. }), "{request:?}");
    }
    let seen = bench.rig.bench();
    assert_eq!((seen.aiming_permille, seen.fixation), (300, fixation));
    assert_eq!((seen.flashes, seen.flash_permille), (1, 800));
    assert!(seen.focus_steps < 0 && seen.focus_steps > -300, "the motor takes its time: {}", seen.focus_steps);
    bench.live(200);
    assert_eq!(bench.rig.bench().focus_steps, -300);
    assert!(matches!(bench.ask(Request::LightsOff), Event::Done { .. }));
    assert_eq!((bench.rig.bench().aiming_permille, bench.rig.bench().fixation), (0, None));
    assert!(bench.client.is_simulated());
}

// verifies: RQ-042
#[test]
fn no_flash_fires_twice_on_the_worst_of_lines() {
    let (mut done, mut failed, mut repeated) = (0, 0, false);
    for seed in 0..30 {
        let mut bench = Bench::new(flashes_unlimited(), seed);
        let noise = LineNoise { repeat: 0.4, ..LineNoise::all(0.3) };
        bench.knobs.turn(|knobs| (knobs.to_controller, knobs.to_host) = (noise, noise));
        for flash in 0..20 {
            while !bench.client.is_connected() {
                bench.live(10);
            }
            let before = bench.rig.bench().flashes;
            let permille = 100 + flash;
            let event = bench.ask(Request::Flash { permille, duration_us: 100 });
            bench.live(300);
            let fired = bench.rig.bench().flashes - before;
            match event {
                Event::Done { .. } => {
                    done += 1;
                    assert_eq!(fired, 1, "seed {seed}, flash {flash}");
                    assert_eq!(bench.rig.bench().flash_permille, permille);
                }
                Event::Failed { .. } => {
                    failed += 1;
                    assert!(fired <= 1, "seed {seed}, flash {flash}: fired {fired} times");
                    repeated |= fired == 1;
                }
                other => panic!("seed {seed}, flash {flash}: {other:?}"),
            }
        }
    }
    assert!(done > 100 && failed > 10, "{done} done, {failed} failed: the line tries both");
    assert!(repeated, "a flash whose answer was lost is among them");
}

#[test]
fn silence_darkens_the_eye_in_time_and_ends_with_a_new_session() {
    let mut bench = Bench::connected();
    bench.ask(AIM);
    bench.ask(Request::Fixation { target: Some((0, 0)) });
    bench.live(5000);
    assert_eq!(bench.rig.bench().aiming_permille, 300, "heartbeats keep it on");
    bench.knobs.turn(|knobs| knobs.silence = true);
    let waits = bench.client.request(Request::Status).unwrap();
    let mut events = bench.live(510);
    let dark = bench.rig.bench();
    assert_eq!((dark.aiming_permille, dark.fixation), (0, None));
    events.extend(bench.live(1000));
    assert_eq!(events, [Event::Failed { id: waits }, lost(Lost::Silent)]);
    assert_eq!(bench.client.request(FLASH), Err(RequestError::NotConnected));
    assert_eq!(bench.live(10_000), [], "said once");
    bench.knobs.turn(|knobs| knobs.silence = false);
    assert!(matches!(bench.live(300)[..], [Event::Connected { boot: 1, .. }]));
    bench.live(2000);
    let after = bench.rig.bench();
    assert_eq!((after.aiming_permille, after.flashes), (0, 0), "nothing comes out of the past");
    assert!(matches!(bench.ask(AIM), Event::Done { .. }));
}

#[test]
fn a_restart_fails_what_waits_and_connects_again() {
    let mut bench = Bench::connected();
    bench.ask(AIM);
    let ids = [FLASH, FLASH].map(|request| bench.client.request(request).unwrap());
    bench.knobs.turn(|knobs| knobs.reset = true);
    let events = bench.live(500);
    let [first, second, third, fourth] = &events[..] else { panic!("{events:?}") };
    assert_eq!([first, second], [&Event::Failed { id: ids[0] }, &Event::Failed { id: ids[1] }]);
    assert_eq!(third, &lost(Lost::Rebooted));
    assert!(matches!(fourth, Event::Connected { boot: 2, .. }));
    assert_eq!((bench.rig.bench().aiming_permille, bench.rig.bench().flashes), (0, 0));
    assert!(matches!(bench.ask(FLASH), Event::Done { .. }));
    assert_eq!(bench.rig.bench().flashes, 1);
}

#[test]
fn a_restart_is_noticed_when_nothing_is_asked() {
    let mut bench = Bench::connected();
    bench.knobs.turn(|knobs| knobs.reset = true);
    assert!(matches!(&bench.live(500)[..], [why, Event::Connected { boot: 2, .. }] if *why == lost(Lost::Rebooted)));
    assert!(!bench.knobs.values().reset);
}

#[test]
fn garbage_between_the_frames_costs_no_connection() {
    let mut bench = Bench::connected();
    let noise = LineNoise { garbage: 0.3, ..LineNoise::default() };
    bench.knobs.turn(|knobs| (knobs.to_controller, knobs.to_host) = (noise, noise));
    for _ in 0..20 {
        assert!(matches!(bench.ask(Request::Status), Event::Done { .. }));
        assert_eq!(bench.live(1000), []);
    }
    let dropped = bench.client.dropped();
    assert!(dropped.torn + dropped.checksum + dropped.oversized > 0, "{dropped:?}");
}

#[test]
fn light_beyond_the_limits_is_refused_and_does_not_shine() {
    let mut bench = Bench::connected();
    let refusal = |event| match event {
        Event::Refused { refusal, .. } => refusal,
        other => panic!("{other:?}"),
    };
    for (request, why) in [
        (Request::Flash { permille: 1000, duration_us: 10_001 }, Refusal::FlashTooStrong),
        (Request::Flash { permille: 1, duration_us: 20_001 }, Refusal::FlashTooLong),
        (Request::Flash { permille: 1001, duration_us: 1 }, Refusal::OutOfRange),
        (Request::AimingLight { permille: 501 }, Refusal::AimingTooBright),
        (Request::Fixation { target: Some((0, 1001)) }, Refusal::OutOfRange),
        (Request::Focus { steps: i32::MIN }, Refusal::OutOfRange),
    ] {
        assert_eq!(refusal(bench.ask(request)), why);
    }
    assert_eq!(bench.rig.bench(), crate::sim::Bench::default());
    assert!(matches!(bench.ask(FLASH), Event::Done { .. }));
    assert_eq!(refusal(bench.ask(FLASH)), Refusal::FlashTooSoon);
    assert_eq!(bench.rig.bench().flashes, 1);
}

#[test]
fn an_aiming_light_that_was_on_too_long_goes_out_and_is_told() {
    let mut bench = Bench::connected();
    bench.ask(AIM);
    assert_eq!(bench.live(119_000), []);
    assert_eq!(bench.live(2000), [Event::LightForcedOff(ForcedOff::AimingTooLong)]);
    assert_eq!(bench.rig.bench().aiming_permille, 0);
}

// verifies: RQ-041
#[test]
fn a_program_that_hangs_leaves_the_eye_in_the_dark() {
    let mut bench = Bench::connected();
    bench.ask(AIM);
    bench.now += Duration::from_secs(30);
    let events = bench.client.poll(bench.now);
    assert_eq!(bench.rig.bench().aiming_permille, 0);
    assert_eq!(events, [Event::LightForcedOff(ForcedOff::HeartbeatLost)]);
}

#[test]
fn every_press_of_the_shutter_arrives_once() {
    let mut bench = Bench::connected();
    let noise = LineNoise { loss: 0.3, repeat: 0.3, ..LineNoise::default() };
    bench.knobs.turn(|knobs| knobs.to_host = noise);
    let mut told = Vec::new();
    for _ in 0..50 {
        for pressed in [true, false] {
            bench.knobs.turn(|knobs| knobs.shutter_pressed = pressed);
            told.extend(bench.live(150));
        }
    }
    told.extend(bench.live(500));
    let downs = told.iter().filter(|event| **event == Event::Shutter { pressed: true }).count();
    assert_eq!(downs, 50);
    assert_eq!(told.len(), 100, "down and up, and nothing else: {told:?}");
}

#[test]
fn darkness_overtakes_what_waits() {
    let mut bench = Bench::connected();
    let waiting: Vec<RequestId> = (0..MAX_WAITING).map(|_| bench.client.request(FLASH).unwrap()).collect();
    assert_eq!(bench.client.request(AIM), Err(RequestError::Full));
    let dark = bench.client.request(Request::LightsOff).unwrap();
    let mut expected: Vec<Event> = waiting.into_iter().map(|id| Event::Failed { id }).collect();
    expected.push(Event::Done { id: dark });
    assert_eq!(bench.live(100), expected);
    assert_eq!(bench.rig.bench().flashes, 0);
}

#[test]
fn a_status_tells_what_the_knobs_say() {
    let mut bench = Bench::connected();
    bench.knobs.turn(|knobs| {
        (knobs.battery_percent, knobs.on_mains, knobs.temperature_decicelsius) = (12, true, -40);
    });
    bench.client.request(Request::Status).unwrap();
    let Some(Event::Status(status)) = bench.until(100, |event| matches!(event, Event::Status(_))) else { panic!() };
    assert_eq!((status.battery_percent, status.on_mains, status.temperature_decicelsius), (12, true, -40));
}

#[test]
fn a_port_that_fails_is_tried_again_ever_more_rarely() {
    let mut bench = Bench::connected();
    bench.knobs.turn(|knobs| knobs.unplugged = true);
    let events = bench.live(60_000);
    assert!(matches!(&events[..], [Event::Lost { why: LostWhy::Port { .. } }]), "{events:?}");
    bench.knobs.turn(|knobs| knobs.unplugged = false);
    assert!(matches!(bench.live(5100)[..], [Event::Connected { boot: 1, .. }]));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || {
        let mut bench = Bench::new(Limits::default(), 42);
        bench.knobs.turn(|knobs| (knobs.to_controller, knobs.to_host) = (LineNoise::all(0.2), LineNoise::all(0.2)));
        let mut events = Vec::new();
        for _ in 0..100 {
            bench.client.request(FLASH).ok();
            events.extend(bench.live(200));
        }
        (events, bench.rig.bench(), bench.client.dropped())
    };
    assert_eq!(run(), run());
}
