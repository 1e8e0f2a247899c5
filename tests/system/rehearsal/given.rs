//! How the devices of the runs are set up: by chance, within what a configuration may say.

use std::time::Duration;

use ocellus::{
    config::Role,
    encounter::{self, Question},
    language::Language,
    light::Calibration,
    station::{Operator, Settings},
};
use ocellus_model::laterality::Laterality;
use ocellus_wire::{Millis, light_guard::Limits};

use super::dice::Dice;

/// The controller's limits; on the bench shorter ones, as its time is dear.
pub(super) fn limits(bench: bool) -> Limits {
    if bench {
        Limits {
            flash_spacing: Millis(400),
            window: Millis(10_000),
            window_energy: 18_000_000,
            aiming_on: Millis(4000),
            aiming_rest: Millis(600),
            ..Limits::default()
        }
    } else {
        Limits::default()
    }
}

/// What the lamps are said to give.
pub(super) fn calibration(dice: &mut Dice) -> Calibration {
    let flash = dice.one(&[300.0, 800.0, 1500.0]);
    Calibration::from_toml(&format!(
        "aiming_irradiance_uw_per_cm2 = 100.0\nflash_exposure_mj_per_cm2 = {flash:.1}\ndate = 2026-11-28\n\
         instrument = \"none\"\nverified = false\n"
    ))
    .expect("a calibration")
}

/// How the device is run; on the bench everything takes less time.
pub(super) fn settings(dice: &mut Dice, bench: bool) -> Settings {
    let seconds = |plain: u64, bench_ms: u64| match bench {
        true => Duration::from_millis(bench_ms),
        false => Duration::from_secs(plain),
    };
    let roles = [Role::Operator, Role::Supervisor, Role::Operator, Role::Operator, Role::Operator, Role::Service];
    let operators = dice.weighted(&[(1, 0), (6, 1), (2, 2), (1, 6)]);
    let operators = (0..operators).map(|number| Operator {
        id: format!("operator-{number}"),
        name: format!("Operator {number}"),
        role: roles[number],
    });
    let asked = dice.weighted(&[(5, 0), (4, 1), (1, 3)]);
    Settings {
        operators: operators.collect(),
        lock_after: seconds(dice.within(60, 300), dice.within(3000, 9000)),
        may_practise: dice.chance(900),
        first_eye: dice.one(&[Laterality::Od, Laterality::Od, Laterality::Os]),
        encounter: encounter::Settings {
            questions: Question::ALL[..asked].to_vec(),
            attempts: dice.within(1, 3) as u32,
            attempts_after_rest: dice.within(0, 2) as u32,
            rest: seconds(60, 1500),
            attempts_dilated: dice.within(0, 1) as u32,
            dilation: seconds(20 * 60, 2500),
            capture_within: seconds(10, 1800),
            judge_within: seconds(30, 1500),
            store_within: seconds(10, 1000),
        },
        language: Language::En,
        auto_shutter: true,
    }
}
