//! Ocellus device program.

pub mod cli;
pub mod demo;
pub mod encounter;
pub mod error;
pub mod inference;
pub mod judge;
pub mod screens;
pub mod trust;

pub use cli::main_impl;

pub use ocellus_model::decision;
