//! The machine that runs, with two shells: commands in, what they said out.

use std::{
    ffi::OsString,
    fs,
    io::{BufRead, BufReader, Write},
    ops::{Deref, DerefMut},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    image::Image,
    kit::{Architecture, Kit},
    qmp::Qmp,
};

/// What the kernel is told beside its console. It must not judge its clocks by a machine that has no time for it, nor give up over them.
const KERNEL: &str = "panic=-1 quiet no_timer_check nosoftlockup rcupdate.rcu_cpu_stall_suppress=1";
/// How long the machine may take to its first word: five seconds where nothing else runs, minutes on a busy machine.
const BOOT: Duration = Duration::from_secs(900);
/// How long QEMU may take to call.
const SOCKET: Duration = Duration::from_secs(120);
/// Lines of the console that a failure shows.
const SHOWN: usize = 40;

/// What the machine is made of beside processor and memory.
#[derive(Debug, Clone)]
pub struct Hardware {
    /// Processors, 1 to 8.
    pub processors: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Further arguments of QEMU's, such as `-device virtio-tablet-pci`.
    pub arguments: Vec<OsString>,
}

impl Default for Hardware {
    fn default() -> Self {
        Hardware { processors: 1, memory_mib: 512, arguments: Vec::new() }
    }
}

impl Hardware {
    /// With further arguments, divided by spaces.
    #[must_use]
    pub fn with(mut self, arguments: &str) -> Self {
        self.arguments.extend(arguments.split_whitespace().map(OsString::from));
        self
    }
}

/// How QEMU makes a kind of computer.
struct Kind {
    qemu: &'static str,
    processor: &'static [&'static str],
    /// What the kernel calls the line of its console, and those on which commands come.
    console: &'static str,
    lines: [&'static str; 2],
}

impl Kind {
    fn of(architecture: Architecture) -> Self {
        match architecture {
            Architecture::Amd64 => Kind {
                qemu: "qemu-system-x86_64",
                processor: &["-cpu", "max", "-vga", "none"],
                console: "ttyS0",
                lines: ["ttyS1", "ttyS2"],
            },
            Architecture::Arm64 => Kind {
                qemu: "qemu-system-aarch64",
                processor: &["-M", "virt", "-cpu", "cortex-a72"],
                console: "ttyAMA0",
                lines: ["ttyS0", "ttyS1"],
            },
        }
    }
}

/// What a command in the machine came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its exit code.
    pub code: i32,
    /// What it wrote, to standard output and standard error.
    pub text: String,
}

/// A machine that runs. It ends when this is dropped, as if its power were cut.
///
/// It is its first shell, too.
#[derive(Debug)]
pub struct Machine {
    qemu: Child,
    qmp: Qmp,
    first: Shell,
    beside: Shell,
    folder: TempDir,
}

/// A shell inside: one command after the other.
#[derive(Debug)]
pub struct Shell {
    /// The line on which commands go in and what they say comes out.
    orders: UnixStream,
    said: Receiver<String>,
    /// Where QEMU and the kernel leave what they say.
    folder: PathBuf,
}

impl Machine {
    /// Starts a machine with this image and waits until it takes commands.
    ///
    /// # Panics
    /// When it does not start; what the kernel said is shown.
    pub fn start(kit: &Kit, image: Image, hardware: &Hardware) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the machine");
        let image = image.write(folder.path());
        let at = |name: &str| folder.path().join(name);
        // QEMU calls here: so nobody has to try when its sockets are there.
        let [qmp, first, beside] = ["qmp", "first", "beside"].map(|name| listen(&at(name)));
        let Kind { qemu: program, processor, console, lines } = Kind::of(kit.architecture());
        let serial = |name: &str, line: &str| match kit.architecture() {
            Architecture::Amd64 => format!("-serial unix:{},server=off", at(name).display()),
            Architecture::Arm64 => format!(
                "-chardev socket,id={line},path={},server=off -device pci-serial,chardev={line}",
                at(name).display()
            ),
        };
        let serial = [serial("first", lines[0]), serial("beside", lines[1])].join(" ");
        let qemu = Command::new(program)
            .args(processor)
            .args(["-accel", "tcg,thread=multi", "-nodefaults", "-no-reboot"])
            .args(["-display", "none"])
            .args(["-smp", &hardware.processors.to_string(), "-m", &hardware.memory_mib.to_string()])
            .arg("-kernel")
            .arg(kit.kernel())
            .arg("-initrd")
            .arg(image)
            .args(["-append", &format!("console={console} first={} beside={} {KERNEL}", lines[0], lines[1])])
            .args(["-serial", &format!("file:{}", at("console").display())])
            .args(serial.split(' '))
            .args(["-qmp", &format!("unix:{},server=off", at("qmp").display())])
            .args(&hardware.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(at("qemu")).expect("a file in a new folder"))
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; `scripts/setup.sh vm` installs it"));
        // From here on the machine is ended, whatever fails.
        let mut guard = Guard(Some(qemu));
        let [first, beside] =
            [first, beside].map(|calls| Shell::new(guard.called(folder.path(), &calls), folder.path()));
        let qmp = Qmp::new(guard.called(folder.path(), &qmp));
        let qemu = guard.0.take().expect("the guard holds it until here");
        let machine = Machine { qemu, qmp, first, beside, folder };
        for shell in [&machine.first, &machine.beside] {
            shell.hear(Instant::now() + BOOT, "the first word", |line| (line == "<ready>").then_some(()));
        }
        machine
    }

    /// Loads kernel modules, one after the other.
    ///
    /// # Panics
    /// When one can't be loaded `within` the time.
    pub fn load(&mut self, modules: &[&str], within: Duration) {
        for module in modules {
            self.must(&format!("modprobe {module}"), within);
        }
    }

    /// The second shell, for what is done while the first one is busy.
    pub fn beside(&mut self) -> &mut Shell {
        &mut self.beside
    }

    /// Cuts the power; tells what the first shell's command has said and nobody has heard yet, in whole lines.
    pub fn cut_power(mut self) -> String {
        self.qemu.kill().expect("it runs");
        self.qemu.wait().expect("it ends");
        // The line's thread ends with the line.
        self.first.said.iter().map(|line| line + "\n").collect()
    }

    /// QEMU's own line.
    pub fn qmp(&mut self) -> &mut Qmp {
        &mut self.qmp
    }

    /// A folder for sockets and pictures; it goes with the machine.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the kernel has said so far.
    pub fn console(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("console")).unwrap_or_default()).into_owned()
    }
}

impl Deref for Machine {
    type Target = Shell;

    fn deref(&self) -> &Shell {
        &self.first
    }
}

impl DerefMut for Machine {
    fn deref_mut(&mut self) -> &mut Shell {
        &mut self.first
    }
}

impl Shell {
    fn new(orders: UnixStream, folder: &Path) -> Self {
        let (tell, said) = channel();
        let mut lines = BufReader::new(orders.try_clone().expect("a socket can be held twice"));
        // It ends when the machine does. What is no whole line then was not said.
        thread::spawn(move || {
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).is_ok() && line.ends_with(b"\n") {
                if tell.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                    return;
                }
                line.clear();
            }
        });
        Shell { orders, said, folder: folder.to_owned() }
    }

    /// Gives a command to the shell inside, and does not wait. Its end is for [`finish`](Self::finish).
    pub fn begin(&mut self, command: &str) {
        assert!(!command.contains('\n'), "a command is one line: {command:?}");
        writeln!(self.orders, "{command}").unwrap_or_else(|error| panic!("{command}: {error}\n{}", self.last_words()));
    }

    /// Waits for a line that the command says, and tells it. Lines before it are passed over.
    ///
    /// # Panics
    /// When the command ends, or the time is over, without one.
    pub fn line(&self, within: Duration, about: &str, is_it: impl Fn(&str) -> bool) -> String {
        self.hear(Instant::now() + within, about, |line| self.said_it(line, about, is_it(line)))
    }

    /// As [`line`](Self::line), for who can do something where it does not come.
    ///
    /// # Errors
    /// When the time is over: what was said instead.
    ///
    /// # Panics
    /// When the command ends without such a line.
    pub fn line_or_not(&self, within: Duration, about: &str, is_it: impl Fn(&str) -> bool) -> Result<String, String> {
        self.hear_or_not(Instant::now() + within, about, |line| self.said_it(line, about, is_it(line)))
    }

    fn said_it(&self, line: &str, about: &str, is_it: bool) -> Option<String> {
        assert!(exit(line).is_none(), "the command ended before {about}: {line}\n{}", self.last_words());
        is_it.then(|| line.to_owned())
    }

    /// What the command has said by now, line by line, of a machine that stands still: nothing more comes for `quiet`.
    pub fn said_by_now(&self, quiet: Duration) -> String {
        std::iter::from_fn(|| self.said.recv_timeout(quiet).ok()).map(|line| line + "\n").collect()
    }

    /// Waits for the end of the command.
    ///
    /// # Panics
    /// When it does not end `within` the time.
    pub fn finish(&self, within: Duration) -> Said {
        let mut text = String::new();
        let code = self.hear(Instant::now() + within, "the end of the command", |line| {
            let code = exit(line);
            if code.is_none() {
                text.push_str(line);
                text.push('\n');
            }
            code
        });
        Said { code, text }
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// When it does not end `within` the time.
    pub fn run(&mut self, command: &str, within: Duration) -> Said {
        self.begin(command);
        self.finish(within)
    }

    /// Runs a command that must succeed, and tells what it said.
    ///
    /// # Panics
    /// When it fails, or does not end `within` the time.
    pub fn must(&mut self, command: &str, within: Duration) -> String {
        let Said { code, text } = self.run(command, within);
        assert!(code == 0, "{command}: exit code {code}\n{text}{}", self.last_words());
        text
    }

    fn hear<T>(&self, end: Instant, about: &str, take: impl FnMut(&str) -> Option<T>) -> T {
        self.hear_or_not(end, about, take)
            .unwrap_or_else(|passed| panic!("{about}: too late. It said:\n{passed}\n{}", self.last_words()))
    }

    fn hear_or_not<T>(&self, end: Instant, about: &str, mut take: impl FnMut(&str) -> Option<T>) -> Result<T, String> {
        let mut passed: Vec<String> = Vec::new();
        loop {
            match self.said.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => match take(&line) {
                    Some(taken) => return Ok(taken),
                    None => passed.push(line),
                },
                Err(RecvTimeoutError::Timeout) => return Err(passed.join("\n")),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{about}: the machine is gone. It said:\n{}\n{}", passed.join("\n"), self.last_words())
                }
            }
        }
    }

    fn last_words(&self) -> String {
        last_words(&self.folder)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.qemu.kill().ok();
        self.qemu.wait().ok();
    }
}

/// A machine that is not whole yet.
struct Guard(Option<Child>);

impl Guard {
    /// Waits until QEMU calls.
    fn called(&mut self, folder: &Path, calls: &Receiver<UnixStream>) -> UnixStream {
        let end = Instant::now() + SOCKET;
        loop {
            match calls.recv_timeout(Duration::from_millis(200)) {
                Ok(line) => return line,
                Err(error) => {
                    let ended = self.0.as_mut().is_some_and(|qemu| !matches!(qemu.try_wait(), Ok(None)));
                    assert!(!ended && Instant::now() < end, "QEMU does not start: {error}\n{}", last_words(folder));
                }
            }
        }
    }
}

/// The first call that comes to this socket. Where none comes, the thread that waits ends with the program.
fn listen(socket: &Path) -> Receiver<UnixStream> {
    let listener = UnixListener::bind(socket).unwrap_or_else(|error| panic!("{}: {error}", socket.display()));
    let (tell, calls) = channel();
    thread::spawn(move || listener.accept().map(|(line, _)| tell.send(line)));
    calls
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut qemu) = self.0.take() {
            qemu.kill().ok();
            qemu.wait().ok();
        }
    }
}

/// What QEMU and the kernel said last.
fn last_words(folder: &Path) -> String {
    let last = |name: &str| {
        let path: PathBuf = folder.join(name);
        let text = String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(SHOWN)..].join("\n")
    };
    format!("--- QEMU:\n{}\n--- console:\n{}", last("qemu"), last("console"))
}

/// The exit code that such a line tells.
fn exit(line: &str) -> Option<i32> {
    line.strip_prefix("<exit ")?.strip_suffix('>')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_line_is_the_end_of_a_command() {
        assert_eq!(exit("<exit 0>"), Some(0));
        assert_eq!(exit("<exit 139>"), Some(139));
        for line in ["", "exit 0", "<exit >", "<exit 0> ", "<exit 0", "<ready>"] {
            assert_eq!(exit(line), None, "{line:?}");
        }
    }
}
