//! Running a program and keeping what it said.

use std::{
    ffi::OsStr,
    process::{Command, Output},
};

/// What a run of a program left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Exit code; none when it was killed.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Run {
    /// Runs a program to its end.
    pub fn of<I, S>(program: &str, arguments: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        Self::finish(Command::new(program).args(arguments))
    }

    /// Runs a prepared command to its end. No variable of the tester's reaches the programs' own settings.
    pub fn finish(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } =
            command.env_remove("RUST_LOG").output().expect("the program can be started");
        let text = |bytes| String::from_utf8(bytes).expect("programs write UTF-8");
        Run { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    /// The only line of standard error.
    pub fn only_error_line(&self) -> &str {
        let mut lines = self.err.lines();
        match (lines.next(), lines.next()) {
            (Some(line), None) => line,
            _ => panic!("expected one line on standard error:\n{}", self.err),
        }
    }
}
