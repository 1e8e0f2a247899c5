//! Keeps account of the light that really shone, independent of guard and ledger, and holds it against the limits.

use std::time::Duration;

use ocellus::light::{Calibration, Dose};
use ocellus_model::laterality::Laterality;
use ocellus_wire::light_guard::Limits;

use super::{
    rules::{Holds, Rule, holds},
    shell::FLASH_US,
};

/// How long a dose counts, in milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// Light that an eye was given.
#[derive(Debug)]
struct Given {
    at: u64,
    patient: String,
    eye: Laterality,
    dose: Dose,
}

/// The account. Times are milliseconds of the world.
#[derive(Debug)]
pub(crate) struct Account {
    limits: Limits,
    calibration: Calibration,
    limit: Dose,
    /// How far apart two looks at the light are at most.
    slack: u64,
    /// How long light may go on that is not wanted any more.
    grace: u64,
    now: u64,
    level: u16,
    eye: Laterality,
    aimed: u64,
    /// Short bits of dark that were counted as light or light as dark, one slack each.
    changes: u64,
    dark_since: u64,
    unwanted_since: Option<u64>,
    flashes: Vec<(u64, u64)>,
    patient: Option<String>,
    given: Vec<Given>,
    /// What the ledger cannot know of: parts of a second, and what shone before a crash.
    unknown: Dose,
}

impl Account {
    /// An account of darkness.
    pub(crate) fn new(limits: Limits, calibration: Calibration, limit: Dose, slack: u64, grace: u64) -> Self {
        Account {
            limits,
            calibration,
            limit,
            slack,
            grace,
            now: 0,
            level: 0,
            eye: Laterality::Od,
            aimed: 0,
            changes: 0,
            dark_since: 0,
            unwanted_since: Some(0),
            flashes: Vec::new(),
            patient: None,
            given: Vec::new(),
            unknown: Dose::ZERO,
        }
    }

    /// A patient sits down; nobody's eyes are there to be hurt in practice.
    pub(crate) fn patient(&mut self, patient: Option<String>) {
        self.patient = patient;
    }

    /// The eye before the camera: the one that was lit last.
    pub(crate) fn eye(&self) -> Laterality {
        self.eye
    }

    /// Whose eye may have light from now on.
    pub(crate) fn wanted(&mut self, eye: Option<Laterality>) {
        match eye {
            Some(eye) => {
                self.eye = eye;
                self.unwanted_since = None;
            }
            None => self.unwanted_since = Some(self.unwanted_since.unwrap_or(self.now)),
        }
    }

    /// The program died: what it has not written down yet is not known.
    pub(crate) fn program_died(&mut self, lit_since: Option<u64>) {
        let time = lit_since.map_or(0, |since| self.now - since) + 1000;
        self.forgive(Duration::from_millis(time));
        self.wanted(None);
        // The controller waits for a heartbeat first.
        let heartbeat = self.limits.heartbeat_within.0.min(1000);
        self.unwanted_since = Some(self.now + heartbeat);
    }

    /// The controller started anew, and has forgotten.
    pub(crate) fn controller_restarted(&mut self) {
        self.aimed = 0;
        self.changes = 0;
        self.flashes.clear();
    }

    /// Aiming light was written down in whole seconds.
    pub(crate) fn rounded(&mut self) {
        self.forgive(Duration::from_secs(1));
    }

    fn forgive(&mut self, time: Duration) {
        self.unknown += self.calibration.aiming(1000, time);
    }

    /// The aiming light is at a level at a time.
    pub(crate) fn look(&mut self, level: u16, now: u64) -> Holds {
        let passed = now - self.now;
        self.now = now;
        if self.level > 0 {
            self.aimed += passed;
            self.give(self.calibration.aiming(self.level, Duration::from_millis(passed)));
        }
        if level != self.level {
            self.changes += 1;
            if level == 0 {
                self.dark_since = now;
            } else if now - self.dark_since + 2 * self.slack >= self.limits.aiming_rest.0 {
                self.aimed = 0;
                self.changes = 0;
            }
            self.level = level;
        }
        if level == 0 {
            return Ok(());
        }
        let most = self.limits.aiming_on.0 + self.slack * (1 + self.changes);
        holds(Rule::LightWithinLimits, level <= self.limits.aiming_permille, || format!("aiming at {level} permille"))?;
        holds(Rule::LightWithinLimits, self.aimed <= most, || format!("aiming for {} ms of {most}", self.aimed))?;
        let out_by = self.unwanted_since.map(|since| since + self.grace + self.slack);
        holds(Rule::LightWhereWanted, out_by.is_none_or(|out_by| now <= out_by), || {
            format!("aiming light at {now} ms that had to be out by {out_by:?}")
        })
    }

    /// A flash was fired.
    pub(crate) fn flash(&mut self, permille: u16, now: u64) -> Holds {
        let energy = u64::from(permille) * u64::from(FLASH_US);
        let limits = self.limits;
        if let Some((last, _)) = self.flashes.last() {
            let apart = now - last + self.slack;
            holds(Rule::LightWithinLimits, apart >= limits.flash_spacing.0, || {
                format!("two flashes within {apart} ms")
            })?;
        }
        self.flashes.retain(|(at, _)| now - at + self.slack < limits.window.0);
        self.flashes.push((now, energy));
        let sum: u64 = self.flashes.iter().map(|(_, energy)| energy).sum();
        holds(Rule::LightWithinLimits, sum <= limits.window_energy && energy <= limits.flash_energy, || {
            format!("flashes of {sum} within {} ms", limits.window.0)
        })?;
        self.give(self.calibration.flash(permille));
        let Some(patient) = &self.patient else { return Ok(()) };
        self.given.retain(|given| now - given.at < DAY);
        let of_eye = self.given.iter().filter(|given| given.patient == *patient && given.eye == self.eye);
        let sum: Dose = of_eye.map(|given| given.dose).sum();
        let most = self.limit + self.unknown;
        holds(Rule::DoseWithinLimit, sum <= most, || format!("{} has had {sum} of {most}", self.eye))
    }

    fn give(&mut self, dose: Dose) {
        let Some(patient) = &self.patient else { return };
        match self.given.last_mut() {
            // Many looks a second would be many entries.
            Some(last) if last.patient == *patient && last.eye == self.eye && self.now - last.at < 1000 => {
                last.at = self.now;
                last.dose += dose;
            }
            _ => self.given.push(Given { at: self.now, patient: patient.clone(), eye: self.eye, dose }),
        }
    }
}
