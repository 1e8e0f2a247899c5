//! The command line of the device program: one module a verb.
//!
//! Results go to standard output, everything else (log, errors, progress) to standard error, one line each.

mod allocator;
mod bundle_choice;
mod config;
mod demo;
mod dicom;
mod listing;
mod photographs;
mod record;
mod run;
mod screen;
mod secret_line;
mod send;

use std::{io::Write, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::error::{Exit, ExpectedError};

/// Screens eyes where there is no eye doctor. Research software, not a cleared medical device.
#[derive(Debug, Parser)]
#[command(name = "ocellus", version, after_help = Exit::HELP)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Runs the device: sign-in, patients, photographs, results.
    Run(run::Arguments),
    /// Judges photographs from files: one record each.
    Screen(screen::Arguments),
    /// Lives a whole encounter on a practice patient and keeps the screens.
    Demo(demo::Arguments),
    /// Looks into the record of encounters, exports, sends, checks, backs up and purges it.
    Record(record::Arguments),
    /// Checks and shows the configuration, and hashes PINs for it.
    Config(config::Arguments),
    /// Tells what works with the archive and the worklist.
    Dicom(dicom::Arguments),
}

/// Runs the program on the command line of this process.
pub fn main_impl() -> ExitCode {
    // The engine warns of things that matter to its developers only.
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn,tract=error")).init();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too. That there is nobody to read them is no error.
            let _printed = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Success }.into();
        }
    };
    let ended = match cli.verb {
        Verb::Run(arguments) => {
            allocator::settle();
            run::run(&arguments)
        }
        Verb::Config(arguments) => config::run(&arguments),
        Verb::Screen(arguments) => screen::run(&arguments),
        Verb::Record(arguments) => record::run(&arguments),
        Verb::Demo(arguments) => demo::run(&arguments),
        Verb::Dicom(arguments) => dicom::run(&arguments),
    };
    ended
        .unwrap_or_else(|error| {
            if !error.is_broken_pipe() {
                complain(&error);
            }
            error.exit()
        })
        .into()
}

/// One line an error on standard error; `eprintln` would panic where that is closed.
fn complain(error: &ExpectedError) {
    let text = error.to_string();
    let lines: Vec<String> = match error {
        ExpectedError::Config(_) => text.lines().map(str::to_owned).collect(),
        _ => vec![text.replace('\n', " ")],
    };
    for line in lines {
        let _written = writeln!(std::io::stderr(), "ocellus: {line}");
    }
}
