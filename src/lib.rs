//! Ocellus device program.

pub mod amend;
pub mod auto_shutter;
mod calendar;
pub mod cli;
pub mod config;
pub mod demo;
pub mod encounter;
pub mod error;
pub mod focus;
pub mod inference;
pub mod interchange;
pub mod judge;
pub mod language;
pub mod light;
pub mod operators;
pub mod record;
pub mod report;
pub mod rollback;
pub mod screens;
pub mod sending;
pub mod shell;
pub mod station;
pub mod store;
pub mod trust;

pub use cli::main_impl;

pub use ocellus_model::decision;
