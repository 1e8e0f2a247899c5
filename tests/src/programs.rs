//! Running a program and keeping what it said.

use std::{
    ffi::OsStr,
    io::{self, Write},
    path::Path,
    process::{Command, Output, Stdio},
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
        Self::said(command.env_remove("RUST_LOG").output())
    }

    /// The same with something on standard input.
    pub fn typed(command: &mut Command, input: &str) -> Self {
        command.env_remove("RUST_LOG").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = command.spawn().expect("the program can be started");
        // Who reads nothing of it has ended already.
        let _unread = running.stdin.take().expect("it was asked for").write_all(input.as_bytes());
        Self::said(running.wait_with_output())
    }

    fn said(output: io::Result<Output>) -> Self {
        let Output { status, stdout, stderr } = output.expect("the program can be started");
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

/// The configuration's line for a PIN, as the device program `PROGRAM config pin` makes it.
pub fn pin_line(program: &Path, pin: &str) -> String {
    let asked = Run::typed(Command::new(program).args(["config", "pin"]), &format!("{pin}\n"));
    assert_eq!(asked.code, Some(0), "config pin: {}", asked.err);
    asked.out
}
