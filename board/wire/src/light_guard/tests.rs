//! The guard against an account of its own: whatever is asked for and when, no light passes the limits.

use std::{vec, vec::Vec};

use proptest::prelude::*;

use super::*;

/// Small numbers, so that short runs reach every limit.
const LIMITS: Limits = Limits {
    flash_energy: 6000,
    flash_duration_us: 10,
    flash_spacing: Millis(5),
    window_energy: 15_000,
    window: Millis(50),
    aiming_permille: 500,
    aiming_on: Millis(30),
    aiming_rest: Millis(10),
    heartbeat_within: Millis(20),
};

#[derive(Debug, Clone, Copy)]
enum Deed {
    Heard,
    Off,
    Aim(u16),
    Fixate(Option<(i16, i16)>),
    Flash(u16, u32),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Heard),
        1 => Just(Deed::Off),
        4 => prop_oneof![0..1200_u16, Just(300)].prop_map(Deed::Aim),
        1 => proptest::option::of((-1100..1100_i16, -1100..1100_i16)).prop_map(Deed::Fixate),
        6 => (0..1100_u16, 0..14_u32).prop_map(|(permille, duration)| Deed::Flash(permille, duration)),
    ]
}

fn alive() -> LightGuard {
    let mut guard = LightGuard::new(LIMITS);
    guard.heard(Millis(0));
    guard
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    // verifies: RQ-040
    #[test]
    fn no_commands_at_no_times_pass_the_limits(deeds in proptest::collection::vec((0..12_u64, deed()), 1..120)) {
        let mut guard = LightGuard::new(LIMITS);
        let mut deeds = deeds.into_iter();
        let mut waiting = deeds.next();
        let (mut heard, mut wait) = (None::<u64>, 0);
        let mut flashes: Vec<(u64, u64)> = vec![];
        let (mut lit, mut dark) = (0, 0);
        let mut now = 0;
        // Polled each millisecond, as firmware does.
        while let Some((after, deed)) = waiting {
            if wait < after {
                wait += 1;
                now += 1;
                if guard.lights().aiming_permille > 0 { lit += 1; dark = 0 } else { dark += 1 }
                if dark >= LIMITS.aiming_rest.0 { lit = 0 }
                guard.poll(Millis(now));
            } else {
                wait = 0;
                waiting = deeds.next();
                match deed {
                    Deed::Heard => { guard.heard(Millis(now)); heard = Some(now); }
                    Deed::Off => guard.lights_off(Millis(now)),
                    Deed::Aim(permille) => { guard.aiming(permille, Millis(now)).ok(); },
                    Deed::Fixate(target) => { guard.fixation(target, Millis(now)).ok(); },
                    Deed::Flash(permille, duration) => if guard.flash(permille, duration, Millis(now)).is_ok() {
                        prop_assert!(heard.is_some_and(|at| now - at < LIMITS.heartbeat_within.0), "flash unheard");
                        prop_assert!(duration <= LIMITS.flash_duration_us);
                        let energy = u64::from(permille) * u64::from(duration);
                        prop_assert!(energy > 0 && energy <= LIMITS.flash_energy);
                        prop_assert!(flashes.last().is_none_or(|last| now - last.0 >= LIMITS.flash_spacing.0));
                        flashes.push((now, energy));
                        let recent = flashes.iter().filter(|flash| now - flash.0 < LIMITS.window.0);
                        prop_assert!(recent.map(|flash| flash.1).sum::<u64>() <= LIMITS.window_energy);
                    },
                }
            }
            let lights = guard.lights();
            prop_assert!(lights.aiming_permille <= LIMITS.aiming_permille);
            if lights != Lights::default() {
                prop_assert!(heard.is_some_and(|at| now - at < LIMITS.heartbeat_within.0), "lit unheard at {now}");
            }
            if lights.aiming_permille > 0 {
                prop_assert!(lit < LIMITS.aiming_on.0, "lit for {lit} ms without a rest");
            }
        }
    }
}

// verifies: RQ-041
#[test]
fn silence_puts_every_light_out_in_time_and_says_so_once() {
    for (aiming, fixation) in [(300, None), (0, Some((0, 0))), (300, Some((10, -10)))] {
        let mut guard = alive();
        assert_eq!(guard.aiming(aiming, Millis(1)), Ok(()));
        assert_eq!(guard.fixation(fixation, Millis(1)), Ok(()));
        assert_eq!(guard.due(), Some(Millis(20)));
        assert_eq!(guard.poll(Millis(19)), None);
        assert_eq!(guard.lights(), Lights { aiming_permille: aiming, fixation });
        assert_eq!(guard.poll(Millis(20)), Some(ForcedOff::HeartbeatLost));
        assert_eq!((guard.lights(), guard.due()), (Lights::default(), None));
        assert_eq!(guard.poll(Millis(40)), None);
    }
}

// verifies: RQ-041
#[test]
fn a_late_heartbeat_does_not_bring_lights_back() {
    let mut guard = alive();
    guard.aiming(300, Millis(0)).unwrap();
    guard.heard(Millis(25));
    assert_eq!(guard.lights(), Lights::default());
    assert_eq!(guard.poll(Millis(25)), Some(ForcedOff::HeartbeatLost));
}

#[test]
fn aiming_without_a_rest_ends_whatever_short_breaks_it_has() {
    let mut guard = LightGuard::new(LIMITS);
    let mut lit = 0;
    let mut forced = None;
    for now in 0..100 {
        guard.heard(Millis(now));
        forced = guard.poll(Millis(now));
        if forced.is_some() {
            break;
        }
        guard.aiming(if now % 5 == 4 { 0 } else { 300 }, Millis(now)).unwrap();
        lit += u64::from(guard.lights().aiming_permille > 0);
    }
    assert_eq!((forced, lit), (Some(ForcedOff::AimingTooLong), 30));
    assert_eq!(guard.aiming(300, Millis(41)), Err(Refusal::AimingTooLong));
    guard.heard(Millis(50));
    assert_eq!(guard.aiming(300, Millis(50)), Ok(()), "after a rest");
}

// verifies: RQ-040
#[test]
fn flashes_meet_each_limit_by_name() {
    let mut guard = alive();
    let at = Millis(1);
    for (permille, duration, expected) in [
        (0, 5, Refusal::OutOfRange),
        (1001, 5, Refusal::OutOfRange),
        (500, 0, Refusal::OutOfRange),
        (100, 11, Refusal::FlashTooLong),
        (1000, 7, Refusal::FlashTooStrong),
    ] {
        assert_eq!(guard.flash(permille, duration, at), Err(expected));
    }
    assert_eq!(guard.flash(1000, 6, at), Ok(()));
    assert_eq!(guard.flash(1000, 6, Millis(5)), Err(Refusal::FlashTooSoon));
    assert_eq!(guard.flash(1000, 6, Millis(6)), Ok(()));
    assert_eq!(guard.flash(1000, 6, Millis(11)), Err(Refusal::FlashBudgetSpent));
    assert_eq!(guard.flash(1000, 3, Millis(11)), Ok(()));
    assert_eq!(guard.flash(1000, 1, Millis(20)), Err(Refusal::NoHeartbeat));
    guard.heard(Millis(50));
    assert_eq!(guard.flash(1000, 1, Millis(50)), Err(Refusal::FlashBudgetSpent));
    guard.heard(Millis(51));
    assert_eq!(guard.flash(1000, 6, Millis(51)), Ok(()), "the first has left the window");
}

#[test]
fn more_flashes_than_can_be_remembered_are_refused() {
    let limits = Limits { flash_spacing: Millis(1), window: Millis(1000), ..LIMITS };
    let mut guard = LightGuard::new(limits);
    let fired = (0..100).filter(|now| {
        guard.heard(Millis(*now));
        guard.flash(1, 1, Millis(*now)).is_ok()
    });
    assert_eq!(fired.count(), FLASHES_PER_WINDOW);
}

#[test]
fn nothing_shines_before_the_first_heartbeat() {
    let mut guard = LightGuard::new(LIMITS);
    assert_eq!(guard.aiming(300, Millis(0)), Err(Refusal::NoHeartbeat));
    assert_eq!(guard.fixation(Some((0, 0)), Millis(0)), Err(Refusal::NoHeartbeat));
    assert_eq!(guard.flash(100, 1, Millis(0)), Err(Refusal::NoHeartbeat));
    assert_eq!(guard.aiming(0, Millis(0)), Ok(()));
}

#[test]
fn a_clock_that_goes_back_gives_no_light_for_nothing() {
    let mut guard = LightGuard::new(LIMITS);
    guard.heard(Millis(100));
    guard.flash(1000, 6, Millis(100)).unwrap();
    assert_eq!(guard.flash(1000, 6, Millis(0)), Err(Refusal::FlashTooSoon));
    guard.aiming(300, Millis(0)).unwrap();
    assert_eq!(guard.poll(Millis(120)), Some(ForcedOff::HeartbeatLost));
}
