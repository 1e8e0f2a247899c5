//! Ocellus device program.

pub mod cli;
pub mod decision;
pub mod error;
pub mod inference;
pub mod judge;
pub mod trust;

pub use cli::main_impl;
