//! What the lights of this device give the eyes of the patient at hand, and the ledger it is written into.

use std::time::Duration;

use ocellus_model::{bundle::Digest, laterality::Laterality};

use crate::{
    encounter::Stage,
    light::{Calibration, Ledger, Refused, WallTime, Whose},
    store::Stamp,
};

/// Aiming light, permille of what the lamp gives.
pub(super) const AIMING: u16 = 300;
/// Length of a flash, microseconds.
pub(super) const FLASH_US: u32 = 8_000;

/// Strength of a flash, permille of what the lamp gives: a small pupil lets less through.
pub(super) fn flash(stage: Stage) -> u16 {
    match stage {
        Stage::Undilated | Stage::Dilated => 500,
        Stage::SmallPupil => 650,
    }
}

/// The ledger, with what is going on at the moment.
#[derive(Debug)]
pub(super) struct LightBudget {
    /// What the lamps give; without it nothing can be summed.
    calibration: Option<Calibration>,
    ledger: Option<Ledger>,
    /// A key of the patient that is no name.
    patient: String,
    /// Practice patients have no eyes that could be hurt.
    practice: bool,
    /// The eye that has light, and until when what it had is written down.
    lit: Option<(Laterality, Duration)>,
}

impl LightBudget {
    /// Without a ledger no limit is enforced.
    pub(super) fn new(calibration: Option<Calibration>) -> Self {
        LightBudget { calibration, ledger: None, patient: String::new(), practice: false, lit: None }
    }

    /// The ledger as it was kept; from now on it limits.
    pub(super) fn has_kept(&mut self, ledger: Ledger) {
        self.ledger = Some(ledger);
    }

    /// A patient sits down.
    pub(super) fn patient_sits(&mut self, id: &str, practice: bool) {
        self.patient = Digest::of(id.as_bytes()).to_string();
        self.practice = practice;
    }

    /// The time of day, for a ledger that came from a file and for a clock that was set.
    pub(super) fn note_time(&mut self, at: Stamp) {
        if let Some(ledger) = &mut self.ledger {
            ledger.note_time(wall(at));
        }
    }

    /// Light for aiming goes on for an eye, or out, at `now`, a time that never goes back.
    pub(super) fn light(&mut self, eye: Option<Laterality>, at: Stamp, now: Duration) {
        self.aimed(at, now);
        self.lit = eye.map(|eye| (eye, now));
    }

    /// Writes down the aiming light since it was last written down.
    pub(super) fn aimed(&mut self, at: Stamp, now: Duration) {
        let Some((eye, since)) = &mut self.lit else { return };
        let (eye, time) = (*eye, now.saturating_sub(*since));
        *since = now;
        self.write(|ledger, calibration, whose| ledger.aiming(calibration, whose, AIMING, time, wall(at)), eye);
    }

    /// Writes down a flash that is going to be asked for, if the eye may have it beside all it has had in 24 hours. It is
    /// written down before it is fired: one that may have been fired counts.
    ///
    /// # Errors
    /// When the eye may not have it; then nothing is written down.
    pub(super) fn book_flash(
        &mut self,
        eye: Laterality,
        permille: u16,
        at: Stamp,
        now: Duration,
    ) -> Result<(), Refused> {
        self.aimed(at, now);
        if let (Some(ledger), Some(calibration), false) = (&mut self.ledger, &self.calibration, self.practice) {
            let whose = Whose { patient: &self.patient, eye };
            ledger.allows_flash(calibration, whose, permille, wall(at))?;
            ledger.flash(calibration, whose, permille, wall(at));
        }
        Ok(())
    }

    /// The ledger as it is to be kept.
    pub(super) fn ledger(&self) -> Option<Ledger> {
        self.ledger.clone()
    }

    fn write(&mut self, write: impl FnOnce(&mut Ledger, &Calibration, Whose<'_>), eye: Laterality) {
        if let (Some(ledger), Some(calibration), false) = (&mut self.ledger, &self.calibration, self.practice) {
            write(ledger, calibration, Whose { patient: &self.patient, eye });
        }
    }
}

fn wall(at: Stamp) -> WallTime {
    WallTime { seconds: at.unix_seconds, is_trusted: at.clock_is_set }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::light::Dose;

    const AT: Stamp = Stamp { unix_seconds: 1_800_000_000, clock_is_set: true };

    fn later(seconds: i64) -> Stamp {
        Stamp { unix_seconds: AT.unix_seconds + seconds, ..AT }
    }

    fn budget() -> LightBudget {
        let calibration = Calibration::from_toml(
            "aiming_irradiance_uw_per_cm2 = 100.0\nflash_exposure_mj_per_cm2 = 400.0\ndate = 2026-11-28\ninstrument = \"none\"\nverified = false\n",
        )
        .unwrap();
        let mut budget = LightBudget::new(Some(calibration));
        budget.has_kept(Ledger::new(Dose::GROUP_1_24H));
        budget
    }

    // verifies: RQ-043
    #[test]
    fn an_eye_is_refused_a_flash_when_it_has_had_its_light_and_the_other_is_not() {
        let mut budget = budget();
        budget.patient_sits("4711", false);
        let mut flash = |eye, seconds: i64| budget.book_flash(eye, 500, later(seconds), Duration::ZERO).is_ok();
        // 1584 mJ/cm² are allowed; a flash of half strength gives 200.
        for number in 0..7 {
            assert!(flash(Laterality::Od, number), "{number}");
        }
        assert!(!flash(Laterality::Od, 8));
        assert!(flash(Laterality::Os, 8));
        // The patient comes back on the same day, and a day later.
        budget.patient_sits("4711", false);
        assert!(budget.book_flash(Laterality::Od, 500, later(3600), Duration::ZERO).is_err());
        assert!(budget.book_flash(Laterality::Od, 500, later(25 * 3600), Duration::ZERO).is_ok());
    }

    #[test]
    fn the_aiming_light_counts_to_the_millisecond_and_practice_does_not() {
        for (practice, allowed) in [(false, false), (true, true)] {
            let mut budget = budget();
            budget.patient_sits("4711", practice);
            // 30 µW/cm² for 14 hours, in pieces shorter than a second: 1512 mJ/cm².
            let piece = Duration::from_millis(900);
            let pieces = 14 * 3600 * 1000 / 900;
            for number in 0..pieces {
                let at = later(i64::from(number) * 9 / 10);
                budget.light(Some(Laterality::Od), at, number * piece);
                budget.light(None, at, (number + 1) * piece);
            }
            let end = later(14 * 3600);
            assert_eq!(budget.book_flash(Laterality::Od, 500, end, Duration::ZERO).is_ok(), allowed);
        }
    }
}
