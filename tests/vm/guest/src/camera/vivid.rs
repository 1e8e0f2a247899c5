//! The hands on the virtual camera: its controls, its module, and what the kernel says of this process.

use std::{fs, process::Command, time::Duration};

use crate::Failure;

/// The kernel's unit of processor time in /proc, for every program it runs (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// Runs a command that must succeed, and tells what it said.
pub(crate) fn must(command: &str) -> Result<String, Failure> {
    let mut words = command.split_whitespace();
    let program = words.next().unwrap_or_default();
    let output = Command::new(program).args(words).output().map_err(|error| format!("{command}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(format!("{command}: {}{}", text(&output.stdout), text(&output.stderr))),
    }
}

/// Sets a control of the first camera.
pub(crate) fn set(control: &str, value: i32) -> Result<(), Failure> {
    set_on("/dev/video0", control, value)
}

/// Sets a control of a camera.
pub(crate) fn set_on(file: &str, control: &str, value: i32) -> Result<(), Failure> {
    must(&format!("v4l2-ctl -d {file} -c {control}={value}")).map(drop)
}

/// The value of a control of the first camera.
pub(crate) fn get(control: &str) -> Result<String, Failure> {
    let said = must(&format!("v4l2-ctl -d /dev/video0 -C {control}"))?;
    said.split_once(':').map(|(_, value)| value.trim().to_owned()).ok_or(said)
}

/// Takes all virtual cameras away and puts so many there, as new.
pub(crate) fn replug(cameras: u32) -> Result<(), Failure> {
    if fs::exists("/sys/module/vivid").unwrap_or_default() {
        must("rmmod vivid")?;
    }
    must(&format!("modprobe vivid n_devs={cameras} num_inputs=1 input_types=0")).map(drop)
}

/// Processor time of this process so far.
pub(crate) fn processor_time() -> Result<Duration, Failure> {
    let line = fs::read_to_string("/proc/self/stat").map_err(|error| format!("/proc/self/stat: {error}"))?;
    // Behind the program's name, which may contain spaces: the 14th and 15th field, counted from 1.
    let fields: Vec<&str> = line.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok()).ok_or("no processor time");
    Ok(TICK * (ticks(11)? + ticks(12)?))
}

/// How many files this process holds open.
pub(crate) fn open_files() -> Result<usize, Failure> {
    fs::read_dir("/proc/self/fd").map(Iterator::count).map_err(|error| format!("/proc/self/fd: {error}"))
}
