//! A device with nothing but panel and input, for the virtual machine's tests: it shows a picture, tells each touch,
//! button and code as a line, and shows the next picture after it.
//!
//! `guest-operator drm|framebuffer|twice [WIDTH HEIGHT]`; the codes `dark` and `light` unplug the panel's connector and
//! plug it in again, `end` ends.

use std::{
    env, fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use embedded_graphics::{pixelcolor::Rgb888, prelude::Point};
use ocellus_board::{
    input::{Evdev, Input, Matrix, Settings, Which},
    panel::{Drm, Frame, Framebuffer, Geometry, Output, Panel, PanelError},
};

/// How long a round may wait for input.
const ROUND: Duration = Duration::from_millis(100);
/// How long a panel that fails is left alone.
const AGAIN: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    // A second logger is the only thing that can be wrong, and there is none.
    log::set_logger(&LINES).ok();
    log::set_max_level(log::LevelFilter::Info);
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize, default| arguments.get(at).and_then(|word| word.parse().ok()).unwrap_or(default);
    let geometry = Geometry { width: number(1, 800), height: number(2, 480), ..Geometry::SEVEN_INCH };
    match run(arguments.first().map_or("drm", String::as_str), geometry) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(kind: &str, geometry: Geometry) -> Result<(), PanelError> {
    let mut panel: Box<dyn Panel> = match kind {
        "framebuffer" => Box::new(Framebuffer::open(geometry, Path::new("/dev/fb0"))?),
        _ => Box::new(Drm::open(geometry, Output::default())?),
    };
    if kind == "twice" {
        Drm::open(geometry, Output::default())?;
    }
    let mut hands = Evdev::new(Settings {
        panel: (geometry.width, geometry.height),
        matrix: Matrix::STRAIGHT,
        touch: Which::Every,
        keys: Which::Every,
        shutter: "KEY_F9".parse().ok(),
    });
    let mut number = 0;
    // When the picture of this number is due.
    let mut due = Some(Instant::now());
    loop {
        if let Err(error) = panel.tend() {
            say(&format!("lost: {error}"));
            due = Some(Instant::now());
        }
        if due.is_some_and(|due| Instant::now() >= due) {
            match panel.present(&picture(number, geometry), "picture") {
                Ok(()) => {
                    due = None;
                    say(&format!("shown {number}"));
                }
                Err(error) => {
                    due = Some(Instant::now() + AGAIN);
                    say(&format!("not shown: {error}"));
                }
            }
        }
        for input in hands.wait(ROUND) {
            match input {
                Input::Touch(Point { x, y }) => say(&format!("touch {x} {y}")),
                Input::Button { pressed } => say(&format!("button {pressed}")),
                Input::Code(code) => match code.as_str() {
                    "end" => return Ok(()),
                    "dark" => connector("off"),
                    "light" => connector("on"),
                    _ => say(&format!("code {code}")),
                },
            }
            number += 1;
            due = due.or(Some(Instant::now()));
        }
    }
}

/// Red to the right, green downwards, blue by the number; red, green, blue and white in the corners.
fn picture(number: u32, geometry: Geometry) -> Frame {
    let Geometry { width, height, .. } = geometry;
    let mut frame = Frame::new(width, height);
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
        let (left, right, top, bottom) = (x < 10, x >= width - 10, y < 10, y >= height - 10);
        let colour = match (left, right, top, bottom) {
            (true, _, true, _) => Rgb888::new(255, 0, 0),
            (_, true, true, _) => Rgb888::new(0, 255, 0),
            (true, _, _, true) => Rgb888::new(0, 0, 255),
            (_, true, _, true) => Rgb888::new(255, 255, 255),
            _ => Rgb888::new((x * 255 / (width - 1)) as u8, (y * 255 / (height - 1)) as u8, (number * 40) as u8),
        };
        frame.blend(Point::new(x as i32, y as i32), colour, 255);
    }
    frame
}

/// Tells the kernel that something hangs on the connector, or does not.
fn connector(state: &str) {
    for entry in fs::read_dir("/sys/class/drm").into_iter().flatten().flatten() {
        let file = entry.path().join("status");
        if file.exists() {
            say(&format!("{}: {state} {:?}", file.display(), fs::write(&file, state)));
        }
    }
}

fn say(line: &str) {
    // Nobody hears that nobody hears.
    writeln!(io::stdout().lock(), "{line}").ok();
}

/// Writes what is logged among the other lines.
struct Lines;

static LINES: Lines = Lines;

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        say(&format!("log: {}", record.args()));
    }

    fn flush(&self) {}
}
