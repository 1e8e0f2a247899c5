//! What survives a crash: what was stored, and what was said to be.

use std::collections::{BTreeMap, BTreeSet};

use ocellus::{
    decision::PatientDisposition,
    encounter::{Entry, EyeStatus, Reading},
    light::Ledger,
};
use ocellus_model::laterality::Laterality;

use super::rules::{Holds, Rule, holds};

/// An encounter: the number of the program's start, and its number since then.
pub(crate) type Key = (u32, u32);

/// What becomes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It will be written.
    ToBeWritten,
    /// The encounter had ended before it was broken off: nothing is written, and that is no failure.
    OverAlready,
    /// It can't be.
    Refused,
}

/// The store's disk.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    kept: BTreeMap<Key, Vec<Entry>>,
    /// What it was given to write, in order, whether it is written yet or not.
    taken: BTreeMap<Key, Vec<Entry>>,
    /// What the station was told to be stored, and has therefore to be there for good.
    told: Vec<(Key, Entry)>,
    /// The ledger of light as its file would say.
    ledger: Option<Ledger>,
}

impl Disk {
    /// Takes an entry to write it, or does as a record does that can't: another photograph never takes the place of one that
    /// is there, and after its end an encounter stays as it ended.
    pub(crate) fn take(&mut self, key: Key, entry: &Entry) -> Taken {
        let taken = self.taken.entry(key).or_default();
        let is_end = |entry: &Entry| matches!(entry, Entry::Result { .. } | Entry::Aborted);
        let place = |entry: &Entry| match entry {
            Entry::Photograph { eye, attempt, capture, .. } => Some((*eye, *attempt, *capture)),
            Entry::Withdrawn { .. } | Entry::Result { .. } | Entry::Aborted => None,
        };
        let contradicts = |old: &Entry| match (place(old), place(entry)) {
            (Some((eye, attempt, capture)), Some(new)) => (eye, attempt) == (new.0, new.1) && capture != new.2,
            _ => is_end(old) && old != entry,
        };
        if !taken.iter().any(contradicts) {
            taken.push(entry.clone());
            Taken::ToBeWritten
        } else if *entry == Entry::Aborted {
            Taken::OverAlready
        } else {
            Taken::Refused
        }
    }

    /// Writes an entry.
    pub(crate) fn write(&mut self, key: Key, entry: Entry) {
        self.kept.entry(key).or_default().push(entry);
    }

    /// The station is told that an entry is stored.
    pub(crate) fn told(&mut self, key: Key, entry: Entry) {
        self.told.push((key, entry));
    }

    /// Loses everything, as no disk may.
    pub(crate) fn wipe(&mut self) {
        self.kept.clear();
    }

    /// Keeps the ledger.
    pub(crate) fn keep_ledger(&mut self, ledger: &Ledger) {
        self.ledger = Some(ledger.clone());
    }

    /// The ledger, read back from its text; none where none was kept.
    pub(crate) fn ledger(&self) -> Option<Ledger> {
        let text = serde_json::to_string(self.ledger.as_ref()?).expect("a ledger can be written");
        Some(serde_json::from_str(&text).expect("a ledger can be read"))
    }

    /// What is stored of an encounter, in order.
    pub(crate) fn of(&self, key: Key) -> &[Entry] {
        self.kept.get(&key).map_or(&[], Vec::as_slice)
    }

    /// What was told to be stored is there.
    pub(crate) fn keeps_what_it_said(&self) -> Holds {
        for (key, entry) in &self.told {
            holds(Rule::KeptForGood, self.of(*key).contains(entry), || format!("{key:?}: {entry:?}"))?;
        }
        Ok(())
    }

    /// The newest reading of an eye that is stored and was not withdrawn, with the photograph's token.
    pub(crate) fn reading(&self, key: Key, of: Laterality) -> Option<(u32, &Reading)> {
        self.of(key).iter().rev().find_map(|entry| match entry {
            Entry::Photograph { eye, capture, reading, .. } if *eye == of => Some(Some((*capture, reading))),
            Entry::Withdrawn { eye, .. } if *eye == of => Some(None),
            Entry::Photograph { .. } | Entry::Withdrawn { .. } | Entry::Result { .. } | Entry::Aborted => None,
        })?
    }

    /// Whether a photograph of an eye with such a number is stored.
    fn has_attempt(&self, key: Key, of: Laterality, number: u32) -> bool {
        self.of(key).iter().any(|entry| match entry {
            Entry::Photograph { eye, attempt, .. } => *eye == of && *attempt == number,
            Entry::Withdrawn { .. } | Entry::Result { .. } | Entry::Aborted => false,
        })
    }

    /// Whether the result of an encounter is stored.
    pub(crate) fn has_result(&self, key: Key) -> bool {
        self.of(key).iter().any(|entry| matches!(entry, Entry::Result { .. }))
    }

    /// Encounters since a start with such a result that is stored, those left out that are practice.
    pub(crate) fn results(&self, boot: u32, disposition: PatientDisposition, practice: &BTreeSet<Key>) -> u32 {
        let is_such = |entry: &Entry| matches!(entry, Entry::Result { patient, .. } if *patient == disposition);
        let of_boot = self.kept.iter().filter(|(key, _)| key.0 == boot && !practice.contains(key));
        of_boot.map(|(_, entries)| u32::from(entries.iter().any(is_such))).sum()
    }

    /// What an encounter says of an eye follows from what is stored.
    pub(crate) fn bears_out(&self, key: Key, eye: Laterality, status: &EyeStatus) -> Holds {
        let borne_out = match status {
            EyeStatus::Pending | EyeStatus::NotScreenable(_) => true,
            EyeStatus::Tried { attempts } | EyeStatus::Ungradable { attempts, .. } => {
                *attempts > 0 && (1..=*attempts).all(|number| self.has_attempt(key, eye, number))
            }
            EyeStatus::Judged(reading) => self.reading(key, eye).is_some_and(|(_, stored)| stored == reading),
        };
        holds(Rule::StoredBeforeShown, borne_out, || format!("{eye} is {status:?}, stored is {:?}", self.of(key)))
    }
}
