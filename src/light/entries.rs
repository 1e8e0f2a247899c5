//! The doses of one eye and when each stops to count.

use serde::{Deserialize, Serialize};

use super::dose::Dose;

/// How long a dose counts: seconds of 24 hours.
pub(super) const WINDOW: i64 = 24 * 60 * 60;
/// Doses that end within the same so many seconds are kept as one that ends with the last of them, so that an aiming
/// light told every second takes no more than 1440 entries a day.
const GRAIN: i64 = 60;

/// One dose, or several that are kept as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Seconds since 1970 of the last light in it; none where no clock was trusted then.
    pub(super) at: Option<i64>,
    pub(super) dose: Dose,
}

/// The doses of one eye, in no particular order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Entries(Vec<Entry>);

impl Entries {
    /// Adds a dose, given at a trusted time or at a time that nobody knows.
    pub(super) fn add(&mut self, dose: Dose, at: Option<i64>) {
        let grain = |at: Option<i64>| at.map(|at| at.div_euclid(GRAIN));
        match self.0.iter_mut().find(|entry| grain(entry.at) == grain(at)) {
            Some(entry) => *entry = Entry { at: entry.at.max(at), dose: entry.dose + dose },
            None => self.0.push(Entry { at, dose }),
        }
    }

    /// What still counts at `now`, the latest time that is known; without one, everything does.
    pub(super) fn spent(&self, now: Option<i64>) -> Dose {
        self.0.iter().filter(|entry| entry.counts(now)).map(|entry| entry.dose).sum()
    }

    /// When what counts will first be no more than `at_most`, in seconds since 1970; none where that is not known.
    pub(super) fn falls_to(&self, at_most: Dose, now: Option<i64>) -> Option<i64> {
        let ends = self.0.iter().filter(|entry| entry.counts(now)).filter_map(|entry| entry.at);
        ends.map(|at| at.saturating_add(WINDOW)).filter(|end| self.spent(Some(*end)) <= at_most).min()
    }

    /// Forgets what counts no more.
    pub(super) fn forget(&mut self, now: Option<i64>) {
        self.0.retain(|entry| entry.counts(now));
    }

    /// Dates doses of unknown time at a trusted time after them: they can only have been given earlier, so they count
    /// too long and never too short.
    pub(super) fn date(&mut self, now: i64) {
        if self.0.iter().any(|entry| entry.at.is_none()) {
            self.restamp(|at| Some(at.unwrap_or(now)));
        }
    }

    /// Dates every dose that lies after `now` at `now`.
    pub(super) fn bring_back(&mut self, now: i64) {
        self.restamp(|at| at.map(|at| at.min(now)));
    }

    /// Becomes doses that are at every time from `now` on at least what these are, and at least what `other` is.
    pub(super) fn cover(&mut self, other: &Self, now: Option<i64>) {
        let dose = self.spent(now).max(other.spent(now));
        let mut at: Vec<Option<i64>> = self.0.iter().chain(&other.0).map(|entry| entry.at).collect();
        // One without a time counts longest.
        at.sort_by_key(|at| (at.is_none(), *at));
        self.0 = at.pop().map(|at| Entry { at, dose }).into_iter().collect();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn restamp(&mut self, stamp: impl Fn(Option<i64>) -> Option<i64>) {
        for entry in std::mem::take(&mut self.0) {
            self.add(entry.dose, stamp(entry.at));
        }
    }
}

impl Entry {
    /// A dose without a time counts, and so does one that seems to lie in the future.
    fn counts(&self, now: Option<i64>) -> bool {
        match (self.at, now) {
            (Some(at), Some(now)) => now < at.saturating_add(WINDOW),
            _ => true,
        }
    }
}
