//! QEMU's own line (QMP): JSON questions and answers, and events between them.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// How long QEMU may take to answer.
const ANSWER: Duration = Duration::from_secs(120);

/// The line.
#[derive(Debug)]
pub struct Qmp {
    lines: BufReader<UnixStream>,
    /// What has come and was not asked for.
    events: VecDeque<Value>,
}

impl Qmp {
    pub(crate) fn new(line: UnixStream) -> Self {
        let mut qmp = Qmp { lines: BufReader::new(line), events: VecDeque::new() };
        qmp.line(Instant::now() + ANSWER).unwrap_or_else(|error| panic!("QEMU does not greet: {error}"));
        qmp.ask("qmp_capabilities", json!({}));
        qmp
    }

    /// Asks something and tells what was answered.
    ///
    /// # Panics
    /// When QEMU refuses, or is gone.
    pub fn ask(&mut self, what: &str, arguments: Value) -> Value {
        let question = json!({ "execute": what, "arguments": arguments });
        let answer = self.talk(&question).unwrap_or_else(|error| panic!("{question}: {error}"));
        match answer.get("return") {
            Some(answer) => answer.clone(),
            None => panic!("{question}: {answer}"),
        }
    }

    /// Waits for an event of this name, which may have come already, and tells its data.
    ///
    /// # Panics
    /// When none comes `within` the time.
    pub fn event(&mut self, name: &str, within: Duration) -> Value {
        let end = Instant::now() + within;
        loop {
            if let Some(at) = self.events.iter().position(|event| event["event"] == name) {
                return self.events.remove(at).map(|event| event["data"].clone()).unwrap_or_default();
            }
            match self.line(end) {
                Ok(line) => self.events.push_back(line),
                Err(error) => panic!("no {name} within {} s: {error}; came: {:?}", within.as_secs(), self.events),
            }
        }
    }

    /// Takes a picture of a screen as a PNG file; `device` is the panel's id, the first one where none is given.
    pub fn screendump(&mut self, device: Option<&str>, file: &Path) {
        let mut arguments = json!({ "filename": file, "format": "png" });
        if let Some(device) = device {
            arguments["device"] = device.into();
        }
        self.ask("screendump", arguments);
    }

    fn talk(&mut self, question: &Value) -> io::Result<Value> {
        writeln!(self.lines.get_mut(), "{question}")?;
        let end = Instant::now() + ANSWER;
        loop {
            let line = self.line(end)?;
            if line.get("event").is_none() {
                return Ok(line);
            }
            self.events.push_back(line);
        }
    }

    fn line(&mut self, end: Instant) -> io::Result<Value> {
        // A time-out of nothing would mean none at all.
        let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        self.lines.get_ref().set_read_timeout(Some(left))?;
        let mut line = String::new();
        match self.lines.read_line(&mut line)? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "QEMU has hung up")),
            _ => serde_json::from_str(&line).map_err(io::Error::from),
        }
    }
}
