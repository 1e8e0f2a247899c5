//! What is going to happen, by time.

use ocellus::{
    encounter::{Entry, Reading},
    station::{Battery, Event},
};

use super::{disk::Key, lamp::Says, shell::Asked};

/// Something that will happen.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// The operator does something.
    Act,
    /// The program starts after a crash.
    Boot,
    /// Somebody tells the program of a start something; a later one does not hear it.
    Told(u32, Event),
    /// The controller's side of a lamp without a line tells the same.
    Says(u32, Says),
    /// The camera delivers the photograph that a flash lit.
    Photograph(Asked),
    /// The judge has judged a photograph.
    Judged(Asked, u32, Reading),
    /// An entry reaches the disk.
    Written(Key, Entry),
    /// The store says so.
    Stored(Key, Entry, u32),
    /// The program that has just started sees how camera and controller are.
    DevicesSeen(u32),
    /// The camera comes or goes.
    Camera(bool),
    /// The line to the controller comes or goes.
    Controller(bool),
    /// The store works again.
    StoreWorks,
    /// The battery's state changes.
    Battery(Battery),
    /// The clock is put right.
    ClockRight,
}

/// All of it. Few at a time, so a list will do.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Vec<(u64, u64, Happening)>,
    count: u64,
}

impl Queue {
    /// At a time, after all that is to happen then already.
    pub(crate) fn push(&mut self, at: u64, happening: Happening) {
        self.count += 1;
        self.waiting.push((at, self.count, happening));
    }

    /// When the next is due.
    pub(crate) fn due(&self) -> Option<u64> {
        self.waiting.iter().map(|(at, ..)| *at).min()
    }

    /// The next one that is due.
    pub(crate) fn pop(&mut self, now: u64) -> Option<Happening> {
        let due = self.waiting.iter().enumerate().filter(|(_, (at, ..))| *at <= now);
        let (index, _) = due.min_by_key(|(_, (at, count, _))| (*at, *count))?;
        Some(self.waiting.swap_remove(index).2)
    }

    /// What was on its way to the disk, in order; it is on its way no more.
    pub(crate) fn take_written(&mut self) -> Vec<(Key, Entry)> {
        self.waiting.sort_by_key(|(at, count, _)| (*at, *count));
        let (written, rest) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|(.., what)| matches!(what, Happening::Written(..)));
        self.waiting = rest;
        let written: Vec<_> = written;
        let entry = |(.., what): (u64, u64, Happening)| match what {
            Happening::Written(key, entry) => Some((key, entry)),
            _ => None,
        };
        written.into_iter().filter_map(entry).collect()
    }
}
