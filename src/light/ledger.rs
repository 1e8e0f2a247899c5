//! The sums of light over 24 hours, for every patient's eyes.

use std::time::Duration;

use ocellus_model::laterality::Laterality;
use serde::{Deserialize, Serialize};

use super::{calibration::Calibration, dose::Dose, entries::Entries};

/// A time of the day's clock, and whether it can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WallTime {
    /// Seconds since 1970, UTC.
    pub seconds: i64,
    /// Whether the clock is known to be right: set by a network or a person since it last stood still.
    pub is_trusted: bool,
}

/// Whose eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whose<'a> {
    /// The patient, by a key that stays the same from visit to visit and is no name: the ledger is kept in a file.
    pub patient: &'a str,
    /// Which eye.
    pub eye: Laterality,
}

/// A flash that is not to be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this eye has been given {spent} of {limit} in 24 hours, another {would_add} would be too much; rest this eye")]
pub struct Refused {
    /// What it was given in the last 24 hours.
    pub spent: Dose,
    /// What the flash would add.
    pub would_add: Dose,
    /// What it may be given.
    pub limit: Dose,
    /// From when the flash would be allowed, in seconds since 1970. None where that can't be told: light was given
    /// while no clock was trusted, or the flash alone is more than the limit.
    pub free_again_at: Option<i64>,
}

/// The sums of light, for each patient and eye, over a window that slides with the clock.
///
/// A clock frees light only when it is trusted and later than ever before. Light that was given while no clock was
/// trusted, or while a trusted one stood earlier than it once did, counts until 24 hours after the first trusted time
/// that follows and is not earlier. So a clock that stands still or went back makes an eye rest too long, never too
/// short. What can't be seen from here is a trusted clock that leaps ahead: because it is ahead now (whose dates
/// [`Ledger::clock_was_ahead`] mends), or because it was behind all the time before. Therefore a clock is to be called
/// trusted only when it is known to be right.
///
/// Memory is bounded: at most [`Ledger::EYES_MAX`] eyes, at most 1442 entries each. Beyond that the eye with the least
/// light is forgotten, and every eye that the ledger does not list counts as having had that much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    limit: Dose,
    /// The latest trusted time, in seconds since 1970.
    latest: Option<i64>,
    eyes: Vec<Eye>,
    /// What every eye that is not listed may have had.
    others: Entries,
}

/// What one eye was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Eye {
    patient: String,
    eye: Laterality,
    entries: Entries,
}

impl Ledger {
    /// Eyes that are listed at most: those of a thousand patients in 24 hours.
    pub const EYES_MAX: usize = 2000;

    /// An empty ledger; [`Dose::GROUP_1_24H`] is the limit to take.
    pub fn new(limit: Dose) -> Self {
        Ledger { limit, latest: None, eyes: Vec::new(), others: Entries::default() }
    }

    /// What one eye may be given in 24 hours.
    pub fn limit(&self) -> Dose {
        self.limit
    }

    /// Notes that the aiming light shone into an eye at a level for a time that ended `at`.
    pub fn aiming(&mut self, by: &Calibration, whose: Whose<'_>, permille: u16, time: Duration, at: WallTime) {
        self.add(whose, by.aiming(permille, time), at);
    }

    /// Notes that an eye was given a flash at a level.
    pub fn flash(&mut self, by: &Calibration, whose: Whose<'_>, permille: u16, at: WallTime) {
        self.add(whose, by.flash(permille), at);
    }

    /// Whether an eye may be given a flash at a level; exactly the limit is allowed.
    ///
    /// # Errors
    /// When it would have more than the limit in 24 hours.
    pub fn allows_flash(&self, by: &Calibration, whose: Whose<'_>, permille: u16, at: WallTime) -> Result<(), Refused> {
        self.allows(whose, by.flash(permille), at)
    }

    /// Whether an eye may be given a dose, of whatever light; exactly the limit is allowed.
    ///
    /// # Errors
    /// When it would have more than the limit in 24 hours.
    pub fn allows(&self, whose: Whose<'_>, would_add: Dose, at: WallTime) -> Result<(), Refused> {
        let (now, limit) = (self.now(at), self.limit);
        let entries = self.entries(whose);
        let spent = entries.spent(now);
        // Written without the sum, which stays at the largest dose where it would be larger.
        let room = Dose(limit.0.saturating_sub(spent.0));
        if would_add <= room && spent <= limit {
            return Ok(());
        }
        let at_most = limit.0.checked_sub(would_add.0).map(Dose);
        let free_again_at = at_most.and_then(|at_most| entries.falls_to(at_most, now));
        Err(Refused { spent, would_add, limit, free_again_at })
    }

    /// What an eye has been given in the last 24 hours.
    pub fn spent(&self, whose: Whose<'_>, at: WallTime) -> Dose {
        self.entries(whose).spent(self.now(at))
    }

    /// Takes note of the time, without any light. To be called after a restart and when a clock becomes trusted, as
    /// light of unknown time counts until 24 hours after that.
    pub fn note_time(&mut self, at: WallTime) {
        self.latest = self.now(at);
        let now = self.latest;
        if let Some(now) = self.believed(at) {
            self.all_entries().for_each(|entries| entries.date(now));
        }
        self.all_entries().for_each(|entries| entries.forget(now));
        self.eyes.retain(|eye| !eye.entries.is_empty());
    }

    /// Takes `right`, in seconds since 1970, as the true time, which a person has checked, after a trusted clock was
    /// ahead: light that seems to lie after it counts for 24 hours from it.
    pub fn clock_was_ahead(&mut self, right: i64) {
        self.latest = self.latest.map(|latest| latest.min(right));
        self.all_entries().for_each(|entries| entries.bring_back(right));
    }

    fn add(&mut self, whose: Whose<'_>, dose: Dose, at: WallTime) {
        self.note_time(at);
        let stamp = self.believed(at);
        match self.eyes.iter_mut().find(|eye| eye.is(whose)) {
            Some(eye) => eye.entries.add(dose, stamp),
            None => {
                let mut entries = self.others.clone();
                entries.add(dose, stamp);
                self.eyes.push(Eye { patient: whose.patient.to_owned(), eye: whose.eye, entries });
                self.bound();
            }
        }
    }

    /// Forgets the eye with the least light where there are too many.
    fn bound(&mut self) {
        let now = self.latest;
        if self.eyes.len() <= Self::EYES_MAX {
            return;
        }
        let least = (0..self.eyes.len()).min_by_key(|index| self.eyes[*index].entries.spent(now));
        if let Some(index) = least {
            let forgotten = self.eyes.swap_remove(index).entries;
            self.others.cover(&forgotten, now);
        }
    }

    /// The latest time that is known at `at`: a clock that is not trusted or went back changes nothing.
    fn now(&self, at: WallTime) -> Option<i64> {
        self.latest.max(at.is_trusted.then_some(at.seconds))
    }

    /// A time that nothing speaks against.
    fn believed(&self, at: WallTime) -> Option<i64> {
        Some(at.seconds).filter(|seconds| at.is_trusted && self.latest.is_none_or(|latest| latest <= *seconds))
    }

    fn entries(&self, whose: Whose<'_>) -> &Entries {
        self.eyes.iter().find(|eye| eye.is(whose)).map_or(&self.others, |eye| &eye.entries)
    }

    fn all_entries(&mut self) -> impl Iterator<Item = &mut Entries> {
        self.eyes.iter_mut().map(|eye| &mut eye.entries).chain([&mut self.others])
    }
}

impl Eye {
    fn is(&self, whose: Whose<'_>) -> bool {
        self.eye == whose.eye && self.patient == whose.patient
    }
}
