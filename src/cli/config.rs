//! `ocellus config`: checks and shows the configuration, and hashes PINs for it.

use std::{
    io::{self, BufRead, Write},
    path::PathBuf,
};

use clap::{Args, Subcommand};

use crate::{
    config::{Config, ConfigErrors, DEFAULT_TOML},
    error::{Exit, ExpectedError},
    operators::hash_pin,
};

/// What this verb's exit codes mean.
const EXIT_CODES: &str = "Exit codes:
  0  the configuration can be used; it or the PIN's line was printed
  1  the output could not be written
  2  wrong usage, a configuration that cannot be used, or a PIN that is refused";

/// Checks and shows the configuration, and hashes PINs for it.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Tells everything that is wrong with a configuration, one line each on standard output
    #[command(after_help = EXIT_CODES)]
    Check(Layers),
    /// Prints the configuration that results, every key; of PINs only that they are set
    #[command(after_help = EXIT_CODES)]
    Show {
        /// Print the defaults with explanations instead, as a file to begin with
        #[arg(long, conflicts_with_all = ["file", "set"])]
        default: bool,
        #[command(flatten)]
        layers: Layers,
    },
    /// Reads a PIN from standard input and prints the line for an operator's table
    #[command(after_help = EXIT_CODES)]
    Pin,
}

/// What is laid over the defaults.
#[derive(Debug, Args)]
struct Layers {
    /// The configuration file; without one, the defaults
    file: Option<PathBuf>,
    /// Sets one value over the file's, as in encounter.attempts=2; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Does it.
pub(super) fn run(arguments: &Arguments) -> Result<Exit, ExpectedError> {
    run_to(arguments, &mut io::stdout().lock())
}

fn run_to(arguments: &Arguments, out: &mut impl Write) -> Result<Exit, ExpectedError> {
    match &arguments.verb {
        Verb::Check(layers) => check(layers, out),
        Verb::Show { default: true, .. } => print(DEFAULT_TOML, out),
        Verb::Show { default: false, layers } => match layers.load() {
            Ok(config) => print(&config.to_toml(), out),
            // An error is one line.
            Err(errors) => Err(ExpectedError::Usage(errors.to_string().replace('\n', "; "))),
        },
        Verb::Pin => pin(io::stdin().lock(), out),
    }
}

impl Layers {
    fn load(&self) -> Result<Config, ConfigErrors> {
        Config::load(self.file.as_deref(), &self.set)
    }
}

/// What is wrong is what was asked for: it is the result, and goes where results go.
fn check(layers: &Layers, out: &mut impl Write) -> Result<Exit, ExpectedError> {
    match layers.load() {
        Ok(_) => print("the configuration can be used\n", out),
        Err(errors) => {
            print(&format!("{errors}\n"), out)?;
            Ok(Exit::Usage)
        }
    }
}

/// The PIN comes by standard input, as a command line can be read by everybody on the machine.
fn pin(input: impl BufRead, out: &mut impl Write) -> Result<Exit, ExpectedError> {
    let line = input.lines().next().unwrap_or_else(|| Ok(String::new()));
    let pin = line.map_err(|error| ExpectedError::Usage(format!("the PIN cannot be read: {error}")))?;
    let hash = hash_pin(pin.trim()).map_err(|error| ExpectedError::Usage(error.to_string()))?;
    print(&format!("pin = \"{hash}\"\n"), out)
}

fn print(text: &str, out: &mut impl Write) -> Result<Exit, ExpectedError> {
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(ExpectedError::Output)?;
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        config: Arguments,
    }

    /// How it ends and what it prints.
    fn run(line: &[&str]) -> Result<(Exit, String), ExpectedError> {
        let mut out = Vec::new();
        let exit = run_to(&Program::try_parse_from([&["ocellus"], line].concat()).unwrap().config, &mut out)?;
        Ok((exit, String::from_utf8(out).unwrap()))
    }

    #[test]
    fn a_check_ends_with_what_it_found() {
        assert_eq!(run(&["check"]).unwrap(), (Exit::Success, "the configuration can be used\n".to_owned()));
        let (exit, told) = run(&["check", "--set", "encounter.attempts=9", "--set", "panel.kind=pink"]).unwrap();
        assert_eq!((exit, told.lines().count()), (Exit::Usage, 2), "{told}");
        assert_eq!(run(&["check", "/nowhere/a.toml"]).unwrap().0, Exit::Usage);
    }

    #[test]
    fn what_can_not_be_used_is_not_shown() {
        let (exit, shown) = run(&["show", "--set", "panel.kind=window"]).unwrap();
        assert_eq!(exit, Exit::Success);
        assert!(shown.contains("kind = \"window\""), "{shown}");
        assert_eq!(run(&["show", "--default"]).unwrap(), (Exit::Success, DEFAULT_TOML.to_owned()));
        let error = run(&["show", "--set", "panel.kind=pink"]).unwrap_err();
        assert!(error.to_string().contains("panel.kind"), "{error}");
        assert!(Program::try_parse_from(["ocellus", "show", "--default", "a.toml"]).is_err());
    }

    #[test]
    fn the_line_of_a_pin_can_be_used_as_it_is() {
        let mut out = Vec::new();
        assert_eq!(pin(&b"5937\r\nmore"[..], &mut out).unwrap(), Exit::Success);
        let line = String::from_utf8(out).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = format!("[[operators]]\nid = \"amina\"\nname = \"Amina\"\nrole = \"operator\"\n{line}");
        std::fs::write(file.path(), text).unwrap();
        assert_eq!(run(&["check", &file.path().to_string_lossy()]).unwrap().0, Exit::Success);
        for refused in [&b""[..], b"\n", b"1234\n", b"\xff\n"] {
            assert!(matches!(pin(refused, &mut Vec::new()), Err(ExpectedError::Usage(_))), "{refused:?}");
        }
    }
}
