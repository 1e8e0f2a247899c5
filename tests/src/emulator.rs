//! The controller's firmware on an emulated micro:bit, with hands on its pins from outside.
//!
//! QEMU gives the serial line as a pseudo-terminal, for which a link in a folder stands as the one in `/dev/serial/by-id`
//! does for a device; or as a socket, to which another virtual machine's serial line is tied. Pins are read and driven
//! through QEMU's own test socket, behind the firmware's back.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    os::unix::{fs::symlink, net::UnixStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::patience::Deadline;

/// The variable that names the firmware's file; `make test` builds it and sets this.
const FIRMWARE: &str = "OCELLUS_FIRMWARE";
const QEMU: &str = "qemu-system-arm";
/// The register that says which pins are driven high.
const PINS: u32 = 0x5000_0504;
/// Button A; down is low.
const SHUTTER: u32 = 17;

/// Where the memory begins; what lasts as long as the program stands first in it.
const MEMORY: u32 = 0x2000_0000;

/// The firmware's file; a line says so where there is none and the test is not run.
pub fn firmware() -> Option<PathBuf> {
    let file = env::var_os(FIRMWARE).filter(|file| !file.is_empty()).map(PathBuf::from);
    match &file {
        None => eprintln!("not run: {FIRMWARE} names no file. `make firmware-test` builds it and runs this"),
        Some(file) => {
            assert!(file.is_file(), "{FIRMWARE}: no file {}. `scripts/firmware.sh build` makes it", file.display());
        }
    }
    file
}

/// Which lamps are lit, as their pins say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lamps {
    /// The light that the eye is looked at in.
    pub aiming: bool,
    /// The point that the eye looks at.
    pub fixation: bool,
    /// The light of the photograph.
    pub flash: bool,
}

/// A machine that runs.
#[derive(Debug)]
pub struct Emulator {
    qemu: Child,
    /// Empty where there is none.
    terminal: String,
    pins: BufReader<UnixStream>,
}

impl Emulator {
    /// Starts a machine whose line is a pseudo-terminal; `name` tells those of one folder apart.
    pub fn start(firmware: &Path, folder: &Path, name: &str) -> Self {
        let mut emulator = Emulator::begin(firmware, folder, name, "pty");
        let lines = BufReader::new(emulator.qemu.stdout.take().expect("it was asked for"));
        emulator.terminal = lines
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.split_whitespace().find(|word| word.starts_with("/dev/pts/")).map(str::to_owned))
            .unwrap_or_else(|| panic!("{QEMU} names no serial line: what it says stands above"));
        emulator
    }

    /// Starts a machine whose line is this socket, where it waits for a caller.
    pub fn on_socket(firmware: &Path, folder: &Path, name: &str, line: &Path) -> Self {
        Emulator::begin(firmware, folder, name, &format!("unix:{},server=on,wait=off", line.display()))
    }

    fn begin(firmware: &Path, folder: &Path, name: &str, line: &str) -> Self {
        let socket = folder.join(name);
        let qemu = Command::new(QEMU)
            .args(["-M", "microbit", "-accel", "tcg", "-display", "none", "-nodefaults", "-serial", line])
            .args(["-qtest-log", "none", "-qtest", &format!("unix:{},server=on,wait=off", socket.display())])
            .args(["-device", &format!("loader,file={}", firmware.display())])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{QEMU}: {error}. `scripts/setup.sh firmware` installs it"));
        let pins = Deadline::new("the test socket").wait(|| UnixStream::connect(&socket).ok());
        Emulator { qemu, terminal: String::new(), pins: BufReader::new(pins) }
    }

    /// The pseudo-terminal's name; empty where there is none.
    pub fn terminal(&self) -> &str {
        &self.terminal
    }

    /// Lets the link point to this machine's line, as a device manager does when a device is plugged in.
    pub fn plug_in(&self, link: &Path) {
        let unborn: PathBuf = link.with_extension("new");
        symlink(&self.terminal, &unborn).expect("a link can be made");
        fs::rename(&unborn, link).expect("a link can be replaced");
    }

    /// Which lamps are lit.
    pub fn lamps(&mut self) -> Lamps {
        let answer = self.say(&format!("readl {PINS:#x}"));
        let pins = answer.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let pins = pins.unwrap_or_else(|| panic!("{QEMU} says {answer:?} of the pins"));
        let is_high = |pin: u32| pins & (1 << pin) != 0;
        Lamps { aiming: is_high(13), fixation: is_high(14), flash: is_high(15) }
    }

    /// Presses the shutter or lets it go.
    pub fn shutter(&mut self, pressed: bool) {
        self.say(&format!("set_irq_in /machine/nrf51 unnamed-gpio-in {SHUTTER} {}", u8::from(!pressed)));
    }

    /// Overwrites what the firmware keeps in memory from start to end, so that it trips over its own numbers.
    pub fn spoil_memory(&mut self) {
        self.say(&format!("memset {MEMORY:#x} 0x200 0xff"));
    }

    /// Stops the machine as if it hung; the line stays open.
    pub fn hang(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {}", self.qemu.id())]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the machine takes signals");
    }

    fn say(&mut self, words: &str) -> String {
        self.talk(words).unwrap_or_else(|error| panic!("{QEMU}, asked {words:?}: {error}"))
    }

    fn talk(&mut self, words: &str) -> io::Result<String> {
        writeln!(self.pins.get_mut(), "{words}")?;
        let mut answer = String::new();
        self.pins.read_line(&mut answer)?;
        match answer.strip_prefix("OK") {
            Some(answer) => Ok(answer.trim().to_owned()),
            None => Err(io::Error::other(format!("answered {answer:?}"))),
        }
    }
}

impl Drop for Emulator {
    /// Ends at once, without a word to anybody: the line hangs up.
    fn drop(&mut self) {
        self.qemu.kill().ok();
        self.qemu.wait().ok();
    }
}
