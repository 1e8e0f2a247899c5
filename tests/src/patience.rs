//! Waiting for what has to come, however slow the machine is that tests.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Much longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// From one look to the next; a client wants to be asked more often than twenty times a second.
const LOOK: Duration = Duration::from_millis(5);

/// Waits for one thing.
#[derive(Debug)]
pub struct Deadline {
    what: String,
    began: Instant,
}

impl Deadline {
    /// Begins to wait for it.
    pub fn new(what: impl Into<String>) -> Self {
        Deadline { what: what.into(), began: Instant::now() }
    }

    /// What is waited for.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Whether to go on waiting, after the moment that lies between two looks.
    pub fn is_ahead(&self) -> bool {
        thread::sleep(LOOK);
        self.began.elapsed() < PATIENCE
    }

    /// Looks until there is something.
    pub fn wait<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(self.is_ahead(), "waited in vain for {}", self.what);
        }
    }
}
