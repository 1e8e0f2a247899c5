//! The workstation program that turns labelled photographs into a signed bundle.
//!
//! Each step of the way is a module of its own and a verb of the command line: a [`manifest`] says which photographs
//! there are and what their readers said of them. Steps talk to each other through files (CSV, TOML, one run folder),
//! so that each can be looked at, repeated or replaced alone.
//!
//! What a pixel means (decoding, field, quality, preprocessing) and what a bundle is lives in `ocellus-model`, which
//! the device calls too. Not here: cameras, screens, encounters.

pub mod bucket;
pub mod cli;
pub mod device;
pub mod error;
pub mod evaluate;
pub mod explore;
pub mod export;
pub mod features;
pub mod files;
pub mod gate;
pub mod gradability;
pub mod html;
pub mod machine;
pub mod manifest;
pub mod net;
pub mod pack;
pub mod predict;
pub mod shard;
pub mod sign;
pub mod split;
pub mod stop;
pub mod task;
pub mod train;
pub mod trained_on;

use std::process::ExitCode;

/// Runs the program on the process's own arguments and returns its exit code; see [`error::Exit`] for the meanings.
pub fn main_impl() -> ExitCode {
    cli::run_from(std::env::args_os()).into()
}
