//! What the program's loop knows beside the station, and loses in a crash: photographs in memory, and the light it has
//! not written down. It does what `src/shell/` does, without threads.

use std::{collections::BTreeMap, time::Duration};

use ocellus::{
    encounter::{Reading, Stage},
    light::{Calibration, Ledger, WallTime, Whose},
    station::Beginning,
};
use ocellus_model::laterality::Laterality;

/// Aiming light, permille of what the lamp gives.
pub(crate) const AIMING: u16 = 300;
/// Length of a flash, microseconds.
pub(crate) const FLASH_US: u32 = 8_000;

/// Strength of a flash, permille of what the lamp gives.
pub(crate) fn flash(stage: Stage) -> u16 {
    match stage {
        Stage::Undilated | Stage::Dilated => 500,
        Stage::SmallPupil => 650,
    }
}

/// A question of an encounter: the program's start, the encounter's number, the question's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    pub(crate) boot: u32,
    pub(crate) number: u32,
    pub(crate) token: u32,
}

/// A photograph in memory.
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    /// The flash that lit it.
    pub(crate) flash: Asked,
    /// What was found on it last.
    pub(crate) reading: Option<Reading>,
}

/// The loop's memory.
#[derive(Debug)]
pub(crate) struct Shell {
    pub(crate) begun: Option<Beginning>,
    pub(crate) captures: BTreeMap<u32, Capture>,
    /// Who waits for a photograph.
    pub(crate) exposing: Option<Asked>,
    pub(crate) ledger: Ledger,
    calibration: Calibration,
    /// The eye that is lit, and since when that is not written down.
    lit: Option<(Laterality, WallTime, u64)>,
    /// A flash that was asked for, for a loop that books it late.
    pub(crate) unbooked: Option<(Laterality, u16)>,
}

impl Shell {
    /// The memory of a program that has just started.
    pub(crate) fn new(ledger: Ledger, calibration: Calibration) -> Self {
        Shell { begun: None, captures: BTreeMap::new(), exposing: None, ledger, calibration, lit: None, unbooked: None }
    }

    /// Since when light is not written down, in milliseconds of the world.
    pub(crate) fn lit_since(&self) -> Option<u64> {
        self.lit.map(|(_, _, since)| since)
    }

    /// An encounter begins.
    pub(crate) fn begin(&mut self, begun: Beginning) {
        self.captures.clear();
        self.exposing = None;
        self.begun = Some(begun);
    }

    /// It is over.
    pub(crate) fn end(&mut self, at: WallTime, now: u64) {
        self.light(None, at, now);
        self.begun = None;
        self.exposing = None;
        self.captures.clear();
    }

    /// Light goes on for an eye, or out.
    pub(crate) fn light(&mut self, eye: Option<Laterality>, at: WallTime, now: u64) {
        self.aimed(at, now);
        self.lit = eye.map(|eye| (eye, at, now));
    }

    /// Writes down the aiming light since it was last written down.
    pub(crate) fn aimed(&mut self, at: WallTime, now: u64) {
        let Some((eye, since, _)) = self.lit else { return };
        self.lit = Some((eye, at, now));
        let seconds = at.seconds.saturating_sub(since.seconds).max(0);
        let time = Duration::from_secs(seconds.unsigned_abs());
        if let Some(patient) = self.patient()
            && seconds > 0
        {
            self.ledger.aiming(&self.calibration, Whose { patient: &patient, eye }, AIMING, time, at);
        }
    }

    /// Whether an eye may be flashed.
    pub(crate) fn allows_flash(&mut self, eye: Laterality, permille: u16, at: WallTime, now: u64) -> bool {
        self.aimed(at, now);
        let Some(patient) = self.patient() else { return true };
        self.ledger.allows_flash(&self.calibration, Whose { patient: &patient, eye }, permille, at).is_ok()
    }

    /// Writes a flash down.
    pub(crate) fn book(&mut self, eye: Laterality, permille: u16, at: WallTime) {
        if let Some(patient) = self.patient() {
            self.ledger.flash(&self.calibration, Whose { patient: &patient, eye }, permille, at);
        }
    }

    /// Who sits there; none in practice.
    pub(crate) fn patient(&self) -> Option<String> {
        self.begun.as_ref().filter(|begun| !begun.practice).map(|begun| begun.patient.id.clone())
    }
}
