//! The command line: one file a verb, each with its own arguments and a `run`.
//!
//! A verb prints its result on standard output (tables for people, or JSON with `--json`), everything else (progress,
//! remarks, the next command to run) on standard error, so that output can be piped. Exit codes: [`Exit`].

mod bench;
mod calibrate;
mod card;
mod check;
mod compare;
mod config;
mod device_check;
mod evaluate;
mod explore;
mod export;
mod features;
mod gate;
mod init;
mod keygen;
mod manifest;
mod network;
mod pack;
mod practice;
mod predict;
mod runs;
mod sign;
mod split;
mod threshold;
mod train;
mod ui;
mod verify;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

pub use ui::Ui;

use crate::error::{EXIT_CODES_HELP, Exit, ExpectedError};

/// Fine-tunes a network on labelled fundus photographs, measures it honestly, and exports a signed bundle.
///
/// Research software, not a cleared medical device.
#[derive(Debug, Parser)]
#[command(name = "ocellus-trainer", version, after_help = EXIT_CODES_HELP)]
struct App {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    verb: Verb,
}

/// Options every verb takes.
#[derive(Debug, Clone, clap::Args)]
struct Shared {
    /// Print the result as JSON.
    #[arg(long, global = true)]
    json: bool,
    /// No progress, no remarks, no next command.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Check everything, say what would be done, and write nothing.
    #[arg(long, global = true)]
    dry_run: bool,
}

/// What to do; the order is that of a first run.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Draw a labelled set of practice eyes.
    Practice(practice::Args),
    /// Check a manifest against its photographs, or write one from a common layout.
    Manifest(manifest::Args),
    /// Write a commented configuration that fits a data set.
    Init(init::Args),
    /// Is this machine, the device and a configuration ready for a run?
    Check(check::Args),
    /// Show a data set on one page, and what the camera gives away of its labels.
    Explore(explore::Args),
    /// Part a manifest into train, validation and test by patient, group and look; or check a split for leaks.
    Split(split::Args),
    /// Compute the frozen blocks' features ahead of training.
    Features(features::Args),
    /// Fine-tune the network; goes on where a killed run was.
    Train(train::Args),
    /// Pack photographs and targets for a training on another machine.
    Pack(pack::PackArgs),
    /// Make a run folder of what another machine trained.
    Adopt(pack::AdoptArgs),
    /// Go on with a run that was broken off.
    Resume(train::ResumeArgs),
    /// List, show and remove runs.
    Runs(runs::Args),
    /// Show a configuration with its defaults, or what two of them differ in.
    Config(config::Args),
    /// How fast this machine prepares photographs and runs the network.
    Bench(bench::Args),
    /// Compare a GPU's training step with the processor's.
    DeviceCheck(device_check::Args),
    /// Measure a run or a bundle on labelled photographs, beside what the frame alone would give.
    Evaluate(evaluate::Args),
    /// Compare two evaluations of the same photographs.
    Compare(compare::Args),
    /// How honest an evaluation's probabilities are.
    Calibrate(calibrate::Args),
    /// What a threshold by a stated rule would come to.
    Threshold(threshold::Args),
    /// Measure the quality gate on photographs that people graded.
    Gate(gate::Args),
    /// Settle calibration and thresholds, and write an unsigned bundle.
    Export(export::Args),
    /// Make a pair of signing keys.
    Keygen(keygen::Args),
    /// Sign a bundle.
    Sign(sign::Args),
    /// Check a bundle the way a device does, self-test included.
    Verify(verify::Args),
    /// Print a bundle's card.
    Card(card::Args),
    /// Print logits and probabilities of photographs.
    Predict(predict::Args),
}

impl Verb {
    fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        match self {
            Verb::Practice(args) => args.run(ui),
            Verb::Manifest(args) => args.run(ui),
            Verb::Init(args) => args.run(ui),
            Verb::Check(args) => args.run(ui),
            Verb::Explore(args) => args.run(ui),
            Verb::Split(args) => args.run(ui),
            Verb::Features(args) => args.run(ui),
            Verb::Train(args) => args.run(ui),
            Verb::Pack(args) => args.run(ui),
            Verb::Adopt(args) => args.run(ui),
            Verb::Resume(args) => args.run(ui),
            Verb::Runs(args) => args.run(ui),
            Verb::Config(args) => args.run(ui),
            Verb::Bench(args) => args.run(ui),
            Verb::DeviceCheck(args) => args.run(ui),
            Verb::Evaluate(args) => args.run(ui),
            Verb::Compare(args) => args.run(ui),
            Verb::Calibrate(args) => args.run(ui),
            Verb::Threshold(args) => args.run(ui),
            Verb::Gate(args) => args.run(ui),
            Verb::Export(args) => args.run(ui),
            Verb::Keygen(args) => args.run(ui),
            Verb::Sign(args) => args.run(ui),
            Verb::Verify(args) => args.run(ui),
            Verb::Card(args) => args.run(ui),
            Verb::Predict(args) => args.run(ui),
        }
    }
}

/// Parses and runs a command line (the first item is the program's name).
pub fn run_from(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let app = match App::try_parse_from(arguments) {
        Ok(app) => app,
        Err(error) => {
            // Help and version are printed through the same path and are no failure.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            // A closed pipe (`--help | head`) is all that can go wrong here, and there is nobody left to tell.
            let _ = error.print();
            return exit;
        }
    };
    let default_level = if app.shared.quiet { "error" } else { "warn" };
    // A second initialisation (several runs in one process, as tests do) keeps the first logger.
    let _ = env_logger::Builder::from_env(env_logger::Env::new().filter_or("OCELLUS_LOG", default_level)).try_init();
    let ui = Ui::new(app.shared.json, app.shared.quiet);
    let ui = if app.shared.dry_run { ui.dry() } else { ui };
    match app.verb.run(&ui) {
        Ok(exit) => exit,
        Err(error) => {
            eprintln!("error: {error}");
            error.exit()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        App::command().debug_assert();
    }

    #[test]
    fn wrong_usage_has_its_own_exit_code() {
        assert_eq!(run_from(["ocellus-trainer", "no-such-verb"].map(OsString::from)), Exit::Usage);
    }
}
