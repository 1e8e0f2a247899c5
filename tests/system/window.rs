//! The panel as a window of a desktop: a display in memory (Xvfb), a mouse (xdotool), and every pixel of what is seen.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use image::{Rgb, RgbImage, imageops};
use ocellus::{
    screens::{Context, Screens},
    station::{Press, Screen},
};
use ocellus_board::panel::Geometry;
use ocellus_model::label::Output;
use ocellus_tests::{bundles::SignedBundle, patience::Deadline};
use tempfile::TempDir;

use super::{Device, config};

/// Pixels of the bar with the clock, which differs.
const BAR: u32 = 40;

/// A display.
pub(crate) struct Display {
    server: Child,
    name: String,
    memory: TempDir,
}

impl Display {
    fn new() -> Self {
        let memory = tempfile::tempdir().unwrap();
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", "1100x800x24", "-fbdir"])
            .arg(memory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is there: scripts/setup.sh test");
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Display { server, name: format!(":{}", number.trim()), memory }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What is seen: the server keeps it as an X window dump (XWD version 7; X11/XWDFile.h).
    fn seen(&self) -> RgbImage {
        let file = fs::read_dir(self.memory.path()).unwrap().next().unwrap().unwrap().path();
        let dump = fs::read(file).unwrap();
        let number = |at: usize| u32::from_be_bytes(dump[4 * at..4 * at + 4].try_into().unwrap());
        let (header, width, height, line, colours) = (number(0), number(4), number(5), number(12), number(19));
        assert_eq!((number(1), number(11)), (7, 32), "version and bits a pixel");
        let pixels = &dump[(header + 12 * colours) as usize..];
        RgbImage::from_fn(width, height, |x, y| {
            let at = (y * line + 4 * x) as usize;
            Rgb([pixels[at + 2], pixels[at + 1], pixels[at]])
        })
    }

    /// Does something with mouse or windows, and tells what was said.
    fn mouse(&self, arguments: &[&str]) -> String {
        let run = Command::new("xdotool").args(arguments).env("DISPLAY", &self.name).output();
        String::from_utf8(run.expect("xdotool is there: scripts/setup.sh test").stdout).unwrap()
    }

    /// Where the program's window begins.
    fn corner(&self) -> (i64, i64) {
        let window = Deadline::new("a window").wait(|| {
            let found = self.mouse(&["search", "--name", "^ocellus$"]);
            found.lines().next().map(str::to_owned)
        });
        let said = self.mouse(&["getwindowgeometry", "--shell", &window]);
        let number = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)?.parse().ok()).unwrap();
        (number("X="), number("Y="))
    }

    fn click(&self, x: i64, y: i64) {
        self.mouse(&["mousemove", &x.to_string(), &y.to_string()]);
        self.mouse(&["mousedown", "1"]);
        thread::sleep(Duration::from_millis(150));
        self.mouse(&["mouseup", "1"]);
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _gone = self.server.kill();
        let _gone = self.server.wait();
    }
}

/// Waits until the window shows a screen, pixel by pixel below the bar.
fn shows(display: &Display, (left, top): (i64, i64), screen: &Screen) {
    let Geometry { width, height, .. } = Geometry::SEVEN_INCH;
    let drawn = Screens::new(Geometry::SEVEN_INCH).draw(screen, &Context::default());
    let drawn = imageops::crop_imm(drawn.frame.pixels(), 0, BAR, width, height - BAR).to_image();
    let kept = std::env::var_os("OCELLUS_WINDOW_PICTURES").map(PathBuf::from);
    Deadline::new(format!("the screen {} in the window", screen.name())).wait(|| {
        let seen = display.seen();
        let seen = imageops::crop_imm(&seen, left as u32, top as u32 + BAR, width, height - BAR).to_image();
        if let Some(folder) = &kept {
            seen.save(folder.join(format!("{}.png", screen.name()))).unwrap();
        }
        (seen == drawn).then_some(())
    });
}

#[test]
fn a_window_shows_each_screen_as_it_is_drawn_and_the_mouse_is_a_finger() {
    let display = Display::new();
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0)]);
    let set = ["panel.kind=\"window\""];
    let mut device = Device::start_set(&bundle, &config(), bundle.home().join("store"), &set, Some(&display));
    device.wait_for("sign-in");
    let corner = display.corner();
    let sign_in = Screen::SignIn { names: vec!["Amina K.".to_owned()], first: 0, more: false, practise: true };
    shows(&display, corner, &sign_in);
    let name = device.place_of(&sign_in, Press::Operator(0));
    display.click(corner.0 + i64::from(name.x), corner.1 + i64::from(name.y));
    device.wait_for("pin");
    let pin = |digits| Screen::Pin { name: "Amina K.".to_owned(), digits, refused: None, locked: false };
    shows(&display, corner, &pin(0));
    let digit = device.place_of(&pin(0), Press::Digit(2));
    display.click(corner.0 + i64::from(digit.x), corner.1 + i64::from(digit.y));
    shows(&display, corner, &pin(1));
    assert_eq!(device.end(), Some(0));
}
