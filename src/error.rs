//! The errors a user can do something about, and the exit codes of the program.

use std::{io, process::ExitCode};

use ocellus_model::bundle::{BundleError, SelfTestError};

use crate::{
    config::ConfigErrors, demo::DemoError, inference::InferenceError, record::StoreError, rollback::RollbackError,
    shell::ShellError, trust::TrustError,
};

/// How the program ends. The codes are an interface; `--help` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Every photograph was judged.
    Success,
    /// Something failed that is no fault of the user's, or the reader of the output went away.
    Failed,
    /// Wrong usage or configuration, a bundle that can't be used included. Nothing was judged.
    Usage,
    /// Some photographs could not be read; the others were judged.
    SomeUnreadable,
}

impl Exit {
    /// The list for `--help`.
    pub const HELP: &'static str = "Exit codes:
  0  every photograph was judged (also when the result is to take it again)
  1  something failed, or the output could not be written
  2  wrong usage or configuration, including a bundle that cannot be used; nothing was judged
  3  some photographs could not be read; the others were judged";
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Success => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::SomeUnreadable => 3,
        })
    }
}

/// An error that ends the program with one line of explanation.
#[derive(Debug, thiserror::Error)]
pub enum ExpectedError {
    /// The command line asks for something that can't be.
    #[error("{0}")]
    Usage(String),
    /// The bundle was refused.
    #[error("bundle refused: {0}")]
    Bundle(#[from] BundleError),
    /// The bundle's network can't be used.
    #[error("bundle refused: {0}")]
    Network(#[from] InferenceError),
    /// This machine doesn't reproduce the bundle's outputs.
    #[error("bundle refused: {0}")]
    SelfTest(#[from] SelfTestError),
    /// A public key can't be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The demonstration could not be lived to its end.
    #[error("demonstration: {0}")]
    Demo(#[source] DemoError),
    /// The configuration can't be used: everything that is wrong, one a line.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The record can't be opened, read or written.
    #[error("record: {0}")]
    Record(#[from] StoreError),
    /// A bundle can't be gone back to.
    #[error("record: {0}")]
    Rollback(#[from] RollbackError),
    /// The device can't run.
    #[error(transparent)]
    Shell(#[from] ShellError),
    /// The output can't be written.
    #[error("the output cannot be written: {0}")]
    Output(#[source] io::Error),
}

impl ExpectedError {
    /// How the program ends after this error.
    pub fn exit(&self) -> Exit {
        match self {
            ExpectedError::Usage(_)
            | ExpectedError::Config(_)
            | ExpectedError::Bundle(_)
            | ExpectedError::Network(_)
            | ExpectedError::SelfTest(_)
            | ExpectedError::Trust(_) => Exit::Usage,
            ExpectedError::Demo(_)
            | ExpectedError::Record(_)
            | ExpectedError::Rollback(_)
            | ExpectedError::Shell(_)
            | ExpectedError::Output(_) => Exit::Failed,
        }
    }

    /// Whether the reader of the output went away, as `head` does: nothing to complain of.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, ExpectedError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
