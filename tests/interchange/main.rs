//! What other systems are told: invariants over every way two eyes can end, and readers that nobody here wrote.

#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod dropped;
mod gate;
mod invariants;
mod readers;
mod samples;
