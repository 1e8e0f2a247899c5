//! Ocellus device program.

pub mod decision;
