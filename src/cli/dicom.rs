//! `ocellus dicom`: what works with the archive and the worklist.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, Subcommand};

use super::run::device;
use crate::{
    config::Config,
    error::{Exit, ExpectedError},
    interchange::Codes,
    sending::ArchiveCheck,
    store::Stamp,
};

/// What this verb's exit codes mean.
const EXIT_CODES: &str = "Exit codes:
  0  all that was tried works
  1  something does not
  2  wrong usage or configuration, or nobody to try";

/// Tells what works with the archive and the worklist that the configuration names, and what to do about what does not.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// The device's configuration [default: the defaults]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set a key of the configuration, as in --set dicom.host=archive; may be given several times
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Tries the connection, TLS and C-ECHO, and the worklist
    ///
    /// The device may run meanwhile, except where dicom.listen is set and --store is given: both need that port.
    #[command(after_help = EXIT_CODES)]
    Test {
        /// Also store a marked photograph of nobody, and ask the archive to keep it; it stays there
        #[arg(long)]
        store: bool,
    },
}

/// Does it.
pub(super) fn run(arguments: &Arguments) -> Result<Exit, ExpectedError> {
    let mut config = Config::load(arguments.config.as_deref(), &arguments.set)?;
    let Verb::Test { store } = arguments.verb;
    if !store {
        // Without an object there is no report to be waited for.
        config.dicom.listen = None;
    }
    let usage = |text: String| ExpectedError::Usage(text);
    let check = ArchiveCheck::of(&config, &device(&config)).map_err(|error| usage(error.to_string()))?;
    if check.is_empty() {
        return Err(usage("dicom.host and dicom.worklist.host are empty: there is nobody to try".to_owned()));
    }
    let codes = Codes::shipped().map_err(|error| usage(error.to_string()))?;
    let found = check.run(store, &codes, Stamp::now()).map_err(|error| usage(error.to_string()))?;
    for check in &found {
        write!(io::stdout().lock(), "{check}").map_err(ExpectedError::Output)?;
    }
    Ok(if found.iter().all(|check| check.is_good()) { Exit::Success } else { Exit::Failed })
}
