//! What the ledger promises, by its public interface.

use std::time::Duration;

use ocellus_model::laterality::Laterality::{self, Od, Os};
use proptest::prelude::*;

use super::*;

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
/// A time of the year 2026.
const NOON: i64 = 1_790_000_000;

fn trusted(seconds: i64) -> WallTime {
    WallTime { seconds, is_trusted: true }
}

fn untrusted(seconds: i64) -> WallTime {
    WallTime { seconds, is_trusted: false }
}

fn of(patient: &str, eye: Laterality) -> Whose<'_> {
    Whose { patient, eye }
}

/// A flash of 400 mJ/cm² and an aiming light of 100 µW/cm²: four flashes are too many.
fn strong() -> Calibration {
    Calibration::from_toml(
        "aiming_irradiance_uw_per_cm2 = 100.0\nflash_exposure_mj_per_cm2 = 400.0\ndate = 2026-11-25\n\
         instrument = \"none: test values\"\nverified = false\n",
    )
    .unwrap()
}

/// A ledger in which the right eye of `a` had three flashes, an hour apart, the first at noon.
fn three_flashes() -> Ledger {
    let mut ledger = Ledger::new(Dose::GROUP_1_24H);
    for hour in 0..3 {
        let at = trusted(NOON + hour * HOUR);
        ledger.allows_flash(&strong(), of("a", Od), 1000, at).unwrap();
        ledger.flash(&strong(), of("a", Od), 1000, at);
    }
    ledger
}

// verifies: RQ-043
#[test]
fn the_flash_that_would_be_too_much_is_refused_until_the_first_is_a_day_old() {
    let ledger = three_flashes();
    let asked = |at: i64| ledger.allows_flash(&strong(), of("a", Od), 1000, trusted(at));
    let refused = asked(NOON + 3 * HOUR).unwrap_err();
    assert_eq!((refused.spent, refused.would_add), (Dose(1_200_000_000), Dose(400_000_000)));
    assert_eq!(refused.limit, Dose::GROUP_1_24H);
    assert_eq!(refused.free_again_at, Some(NOON + DAY));
    assert_eq!(asked(NOON + DAY - 1), Err(refused));
    assert_eq!(asked(NOON + DAY), Ok(()));
    // A weaker one fits sooner.
    assert_eq!(ledger.allows_flash(&strong(), of("a", Od), 900, trusted(NOON + 3 * HOUR)), Ok(()));
}

#[test]
fn the_window_slides() {
    let ledger = three_flashes();
    let spent = |at: i64| ledger.spent(of("a", Od), trusted(at)).millijoules();
    assert_eq!(spent(NOON + 2 * HOUR), 1200.0);
    assert_eq!(spent(NOON + DAY), 800.0);
    assert_eq!(spent(NOON + DAY + HOUR), 400.0);
    assert_eq!(spent(NOON + DAY + 2 * HOUR), 0.0);
}

#[test]
fn eyes_and_patients_are_apart() {
    let ledger = three_flashes();
    for whose in [of("a", Os), of("b", Od)] {
        assert_eq!(ledger.spent(whose, trusted(NOON + 3 * HOUR)), Dose::ZERO);
        assert_eq!(ledger.allows_flash(&strong(), whose, 1000, trusted(NOON + 3 * HOUR)), Ok(()));
    }
}

#[test]
fn the_aiming_light_adds_up_with_the_flash() {
    let mut ledger = Ledger::new(Dose::GROUP_1_24H);
    for second in 0..600 {
        ledger.aiming(&strong(), of("a", Od), 500, Duration::from_secs(1), trusted(NOON + second));
    }
    ledger.flash(&strong(), of("a", Od), 1000, trusted(NOON + 600));
    assert_eq!(ledger.spent(of("a", Od), trusted(NOON + 600)).to_string(), "430.000 mJ/cm²");
}

// verifies: RQ-043
#[test]
fn exactly_the_limit_is_allowed_and_a_flash_above_it_never() {
    let limit = Dose(400_000_000);
    let ledger = Ledger::new(limit);
    assert_eq!(ledger.allows(of("a", Od), limit, trusted(NOON)), Ok(()));
    let refused = ledger.allows(of("a", Od), Dose(limit.0 + 1), trusted(NOON)).unwrap_err();
    assert_eq!(refused.free_again_at, None);
}

#[test]
fn a_clock_that_went_back_frees_nothing() {
    let mut ledger = three_flashes();
    for at in [trusted(NOON - 30 * DAY), trusted(0), untrusted(0), untrusted(NOON + 90 * DAY)] {
        assert!(ledger.allows_flash(&strong(), of("a", Od), 1000, at).is_err(), "{at:?}");
        ledger.note_time(at);
        assert_eq!(ledger.spent(of("a", Od), at).millijoules(), 1200.0, "{at:?}");
    }
    // Given while the clock was hours behind: nobody knows when, until the clock has caught up.
    ledger.flash(&strong(), of("b", Od), 1000, trusted(NOON - 8 * HOUR));
    assert_eq!(ledger.spent(of("b", Od), trusted(NOON + 9 * DAY)).millijoules(), 400.0);
    ledger.note_time(trusted(NOON + 5 * HOUR));
    assert_eq!(ledger.spent(of("b", Od), trusted(NOON + 5 * HOUR + DAY - 1)).millijoules(), 400.0);
    assert_eq!(ledger.spent(of("b", Od), trusted(NOON + 5 * HOUR + DAY)), Dose::ZERO);
}

#[test]
fn light_given_at_an_unknown_time_counts_until_a_day_after_the_first_known_one() {
    let mut ledger = Ledger::new(Dose::GROUP_1_24H);
    for second in 0..4 {
        ledger.flash(&strong(), of("a", Od), 1000, untrusted(second));
    }
    let refused = ledger.allows_flash(&strong(), of("a", Od), 1000, untrusted(100 * DAY)).unwrap_err();
    assert_eq!(refused.free_again_at, None);
    assert!(ledger.allows_flash(&strong(), of("a", Od), 1000, trusted(NOON)).is_err());
    ledger.note_time(trusted(NOON));
    let refused = ledger.allows_flash(&strong(), of("a", Od), 1000, trusted(NOON + 1)).unwrap_err();
    assert_eq!(refused.free_again_at, Some(NOON + DAY));
    assert_eq!(ledger.allows_flash(&strong(), of("a", Od), 1000, trusted(NOON + DAY)), Ok(()));
}

#[test]
fn a_clock_that_was_years_ahead_can_be_mended() {
    let mut ledger = Ledger::new(Dose::GROUP_1_24H);
    for _ in 0..4 {
        ledger.flash(&strong(), of("a", Od), 1000, trusted(NOON + 5000 * DAY));
    }
    assert!(ledger.allows_flash(&strong(), of("a", Od), 1000, trusted(NOON + 2 * DAY)).is_err());
    ledger.clock_was_ahead(NOON);
    assert!(ledger.allows_flash(&strong(), of("a", Od), 1000, trusted(NOON + DAY - 1)).is_err());
    assert_eq!(ledger.allows_flash(&strong(), of("a", Od), 1000, trusted(NOON + DAY)), Ok(()));
}

// verifies: RQ-043
#[test]
fn a_restart_forgets_nothing() {
    let mut ledger = three_flashes();
    ledger.flash(&strong(), of("b", Os), 1000, untrusted(7));
    let text = serde_json::to_string(&ledger).unwrap();
    assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
}

#[test]
fn what_counts_no_more_takes_no_memory() {
    let mut ledger = three_flashes();
    let empty = serde_json::to_string(&Ledger::new(Dose::GROUP_1_24H)).unwrap().len();
    ledger.note_time(trusted(NOON + 3 * DAY));
    let text = serde_json::to_string(&ledger).unwrap();
    assert!(text.len() < empty + 10, "{text}");
}

#[test]
fn an_eye_that_was_forgotten_for_want_of_room_counts_as_having_had_as_much() {
    let mut ledger = Ledger::new(Dose::GROUP_1_24H);
    for patient in 0..=Ledger::EYES_MAX {
        ledger.flash(&strong(), of(&patient.to_string(), Od), 1000, untrusted(0));
    }
    for patient in 0..=Ledger::EYES_MAX {
        assert!(ledger.spent(of(&patient.to_string(), Od), untrusted(0)).millijoules() >= 400.0);
    }
    // Nobody knows any more who that was.
    assert_eq!(ledger.spent(of("new", Os), untrusted(0)).millijoules(), 400.0);
    ledger.note_time(trusted(NOON));
    assert_eq!(ledger.spent(of("new", Os), trusted(NOON + DAY)), Dose::ZERO);
}

/// Light given to one eye: a dose in µJ/cm² and how many seconds pass before it.
fn light() -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::vec((0_u32..300_000, 0_u32..20_000), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Against the sum taken straight from its definition: never less, and never more than what a minute longer holds.
    #[test]
    fn the_sum_is_that_of_the_last_24_hours(light in light()) {
        let mut ledger = Ledger::new(Dose(u64::MAX));
        let mut given: Vec<(i64, u64)> = Vec::new();
        let mut now = NOON;
        for (microjoules, pause) in light {
            now += i64::from(pause);
            let dose = Dose(u64::from(microjoules) * 1000);
            ledger.flash(&exactly(dose), of("a", Od), 1000, trusted(now));
            given.push((now, exactly(dose).flash(1000).0));
            let within = |window: i64| -> u64 {
                given.iter().filter(|(at, _)| now - at < window).map(|(_, dose)| dose).sum()
            };
            let spent = ledger.spent(of("a", Od), trusted(now)).0;
            prop_assert!(within(DAY) <= spent && spent <= within(DAY + 60), "{spent} of {}", within(DAY));
        }
    }

    /// However the clock jumps, an eye is never said to have had less than it truly had in 24 hours: a trusted clock
    /// may be right, or stand earlier than it once did; one that is not trusted may say anything.
    // verifies: RQ-043
    #[test]
    fn no_wrong_clock_frees_light(
        steps in prop::collection::vec((0_u32..20_000, any::<bool>(), 0_i64..3 * DAY, any::<i32>()), 1..40)
    ) {
        let mut ledger = Ledger::new(Dose(u64::MAX));
        let mut given: Vec<i64> = Vec::new();
        let (mut truly, mut latest) = (NOON, i64::MIN);
        for (pause, is_trusted, behind, nonsense) in steps {
            truly += i64::from(pause);
            let shown = if truly - behind < latest { truly - behind } else { truly };
            let at = if is_trusted { trusted(shown) } else { untrusted(i64::from(nonsense) * 1000) };
            if is_trusted {
                latest = latest.max(shown);
            }
            ledger.flash(&strong(), of("a", Od), 1000, at);
            given.push(truly);
            let had = given.iter().filter(|at| truly - **at < DAY).count() as u64;
            prop_assert!(ledger.spent(of("a", Od), at).0 >= had * 400_000_000);
        }
    }

    /// What is said of when a flash is free again is true.
    #[test]
    fn a_refused_flash_is_allowed_when_it_was_said_to_be(light in light()) {
        let mut ledger = Ledger::new(Dose(500_000_000));
        let mut now = NOON;
        for (microjoules, pause) in light {
            now += i64::from(pause);
            ledger.flash(&exactly(Dose(u64::from(microjoules) * 1000)), of("a", Od), 1000, trusted(now));
        }
        if let Err(refused) = ledger.allows_flash(&strong(), of("a", Od), 1000, trusted(now)) {
            let free = refused.free_again_at.unwrap();
            prop_assert!(free > now);
            prop_assert!(ledger.allows_flash(&strong(), of("a", Od), 1000, trusted(free)).is_ok());
            prop_assert!(ledger.allows_flash(&strong(), of("a", Od), 1000, trusted(free - 1)).is_err());
        }
    }
}

/// A calibration whose full flash is this dose.
fn exactly(dose: Dose) -> Calibration {
    Calibration { flash_exposure_mj_per_cm2: dose.millijoules(), ..strong() }
}
