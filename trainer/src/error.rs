//! Exit codes and the errors a user can do something about.
//!
//! A verb returns [`ExpectedError`] for everything that has a documented exit code; the message is printed on one
//! line to standard error. A panic is always a defect of this program.

use std::process::ExitCode;

use crate::{
    bucket::BucketError, evaluate::stored::NoEvaluation, manifest::ManifestError, shard::ShardError,
    train::config::ConfigError,
};

/// What the process ends with. The numbers are documented in `--help` and do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// Something failed that is nobody's wrong usage: a full disk, a lost device, a defect.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Done, but some photographs could not be read or have no field; they are named.
    SomeUnreadable = 3,
    /// The data failed a check: a bad manifest, a missing file, a leak across a split.
    Data = 4,
    /// A bundle failed a check: signature, digest, self-test, parity of engines.
    Bundle = 5,
    /// Stopped by Ctrl-C or SIGTERM, as shells count it; what was done is kept.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Explains [`Exit`] at the end of `--help`.
pub const EXIT_CODES_HELP: &str = "Exit codes:\n  \
    0  done\n  \
    1  failed (disk, device, or a defect of this program)\n  \
    2  wrong usage or configuration\n  \
    3  done, but some photographs could not be judged; they are named\n  \
    4  the data failed a check (manifest, missing file, leak across a split)\n  \
    5  a bundle failed a check (signature, digest, self-test, parity)\n  \
    130  stopped by Ctrl-C or SIGTERM; what was done is kept";

/// An error with a documented exit code.
#[derive(Debug, thiserror::Error)]
pub enum ExpectedError {
    /// The command line or the configuration asks for something that can't be.
    #[error("{0}")]
    Usage(String),
    /// A manifest can't be read or written.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The data failed a check.
    #[error("{0}")]
    Data(String),
    /// A bundle failed a check.
    #[error("{0}")]
    Bundle(String),
    /// Somebody asked to stop.
    #[error("{0}")]
    Interrupted(String),
    /// Anything else, with its chain of causes.
    #[error("{}", chain(.0.as_ref()))]
    Failed(#[from] anyhow::Error),
}

impl From<ConfigError> for ExpectedError {
    fn from(error: ConfigError) -> Self {
        ExpectedError::Usage(error.to_string())
    }
}

impl From<BucketError> for ExpectedError {
    fn from(error: BucketError) -> Self {
        if error.is_usage() { ExpectedError::Usage(error.to_string()) } else { ExpectedError::Failed(error.into()) }
    }
}

impl From<ShardError> for ExpectedError {
    fn from(error: ShardError) -> Self {
        ExpectedError::Usage(error.to_string())
    }
}

impl From<NoEvaluation> for ExpectedError {
    fn from(error: NoEvaluation) -> Self {
        ExpectedError::Usage(error.to_string())
    }
}

impl ExpectedError {
    /// The documented exit code.
    pub fn exit(&self) -> Exit {
        match self {
            ExpectedError::Usage(_) => Exit::Usage,
            ExpectedError::Manifest(error) if error.is_io() => Exit::Failed,
            ExpectedError::Manifest(_) | ExpectedError::Data(_) => Exit::Data,
            ExpectedError::Bundle(_) => Exit::Bundle,
            ExpectedError::Interrupted(_) => Exit::Interrupted,
            ExpectedError::Failed(_) => Exit::Failed,
        }
    }
}

/// The chain of causes on one line. Many errors name their cause in their own words already; it is not said twice.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let text = source.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = source.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let cause = || std::io::Error::other("disk full");
        let telling = ManifestError::Io { file: "m.csv".into(), source: cause() };
        assert_eq!(ExpectedError::from(anyhow::Error::from(telling)).to_string(), "m.csv: disk full");
        let context = anyhow::Error::from(cause()).context("report.md");
        assert_eq!(ExpectedError::from(context).to_string(), "report.md: disk full");
    }

    #[test]
    fn every_exit_code_is_documented_in_the_help() {
        use Exit::{Bundle, Data, Failed, Interrupted, Ok, SomeUnreadable, Usage};
        for exit in [Ok, Failed, Usage, SomeUnreadable, Data, Bundle, Interrupted] {
            let line = format!("\n  {}  ", exit as u8);
            assert!(EXIT_CODES_HELP.contains(&line), "{exit:?} is not documented");
        }
    }
}
