//! What a verb says to the person: progress, remarks, the result, the next command.

use std::{
    fmt::Display,
    io::{IsTerminal, Write},
    path::Path,
    sync::Mutex,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::error::ExpectedError;

/// How often a plain progress line is printed when standard error is not a terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// The person's wishes about output.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    json: bool,
    quiet: bool,
    dry_run: bool,
    terminal: bool,
}

impl Ui {
    /// `json`: the result is JSON; `quiet`: nothing but the result and errors.
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet, dry_run: false, terminal: std::io::stderr().is_terminal() }
    }

    /// The same, for a person who wants nothing to be written.
    pub fn dry(self) -> Self {
        Self { dry_run: true, ..self }
    }

    /// Says nothing but results; for use from code and tests.
    pub fn silent() -> Self {
        Self { json: false, quiet: true, dry_run: false, terminal: false }
    }

    /// Whether nothing shall be written.
    pub fn is_dry(&self) -> bool {
        self.dry_run
    }

    /// In a dry run says what would be done, and returns true: the verb then ends without having written anything.
    ///
    /// # Errors
    /// When standard output can't be written.
    pub fn would(&self, what: impl Display) -> Result<bool, ExpectedError> {
        if self.dry_run {
            let what = what.to_string();
            self.result(&serde_json::json!({ "dry_run": true, "would": what }), format_args!("would {what}\n"))?;
        }
        Ok(self.dry_run)
    }

    /// Whether the result shall be JSON.
    pub fn json(&self) -> bool {
        self.json
    }

    /// Starts a progress of `length` steps named `what` ("reading photographs"). A bar on a terminal; elsewhere a
    /// plain line every ten seconds.
    pub fn progress(&self, what: &'static str, length: u64) -> Progress {
        let bar = if self.terminal && !self.quiet {
            let bar = ProgressBar::new(length).with_message(what);
            if let Ok(style) =
                ProgressStyle::with_template("{msg:<28} {bar:32} {human_pos}/{human_len}  {per_sec}  {eta} left")
            {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        } else {
            ProgressBar::hidden().with_message(what)
        };
        let now = Instant::now();
        Progress {
            bar,
            plain: (!self.terminal && !self.quiet).then(|| Plain { what, length, started: now, last: Mutex::new(now) }),
        }
    }

    /// A remark on standard error.
    pub fn say(&self, text: impl Display) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }

    /// A warning on standard error; also when quiet, since a warning is part of the result.
    pub fn warn(&self, text: impl Display) {
        eprintln!("warning: {text}");
    }

    /// The command that comes next.
    pub fn next(&self, command: impl Display) {
        self.say(format_args!("next: {command}"));
    }

    /// Prints the result: `text` for people, `value` with `--json`. A closed pipe is not an error.
    ///
    /// # Errors
    /// When `value` can't be represented, or standard output can't be written.
    pub fn result(&self, value: &impl Serialize, text: impl Display) -> Result<(), ExpectedError> {
        let mut out = std::io::stdout().lock();
        let written = if self.json {
            let json = serde_json::to_string_pretty(value).map_err(anyhow::Error::from)?;
            writeln!(out, "{json}")
        } else {
            write!(out, "{text}")
        };
        match written.and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(anyhow::Error::from(error).context("writing to standard output").into())
            }
            _ => Ok(()),
        }
    }
}

/// A running progress; finishes (and clears its bar) when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    plain: Option<Plain>,
}

#[derive(Debug)]
struct Plain {
    what: &'static str,
    length: u64,
    started: Instant,
    last: Mutex<Instant>,
}

impl Progress {
    /// `steps` more are done. May be called from several threads.
    pub fn inc(&self, steps: u64) {
        self.bar.inc(steps);
        if let Some(plain) = &self.plain
            && let Ok(mut last) = plain.last.try_lock()
            && last.elapsed() >= PLAIN_EVERY
        {
            *last = Instant::now();
            let seconds = plain.started.elapsed().as_secs();
            eprintln!("{}: {}/{} after {seconds} s", plain.what, self.bar.position(), plain.length);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A path as it is typed into a shell: quoted where it has to be.
pub(crate) fn shell(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_blanks_is_quoted_for_the_shell() {
        assert_eq!(shell(Path::new("runs/one")), "runs/one");
        assert_eq!(shell(Path::new("my runs/it's")), r"'my runs/it'\''s'");
    }
}
