//! `ocellus run`: the device as a clinic uses it.

use std::{
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Duration,
};

use clap::Args;
use embedded_graphics::prelude::Point;
use ocellus_board::{
    camera::{Camera, Shutter},
    controller::{Limits, Port, SerialPort},
    input::{self, Evdev, Which},
    panel::{Drm, Framebuffer, Geometry, Offscreen, Output, Panel, PanelError},
    sim::{Knobs, Rig, SimulatedCamera, SimulatedController, Stage},
};
use ocellus_model::laterality::Laterality;

use super::{bundle_choice::BundleArguments, secret_line::passphrase};
use crate::{
    config::{self, CameraKind, Config, ControllerKind, FirstEye, InputKind, OpenedBy, PanelKind},
    encounter,
    error::{Exit, ExpectedError},
    light::Calibration,
    operators::Operators,
    record::Key,
    sending::{self, Sender, WorklistPeer},
    shell::{self, Devices, Hand, Room},
    station::{self, Screen},
    store::{Device, Home},
};

/// Runs the device: sign-in, patients, photographs, results, until it is switched off.
///
/// What is simulated says so on every screen, in every record and in everything that is sent.
#[derive(Debug, Args)]
#[command(after_help = SCRIPT)]
pub(super) struct Arguments {
    #[command(flatten)]
    bundle: BundleArguments,
    /// The configuration [default: the defaults; `ocellus config show --default` prints them]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set a key of the configuration, as in --set encounter.attempts=2; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Operate the device by lines on standard input; each screen that comes is a line on standard output
    #[arg(long)]
    script: bool,
}

const SCRIPT: &str = "Lines of --script:
  touch X Y        a finger touches the panel there, in pixels, and leaves it
  press / release  the shutter button goes down or up
  scan TEXT        a code is scanned
  off              the device is switched off; the end of the lines does the same

Exit codes:
  0  the device was switched off
  1  the system refused something
  2  wrong usage or configuration";

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> Result<Exit, ExpectedError> {
    let config = Config::load(arguments.config.as_deref(), &arguments.set)?;
    let bundle = arguments.bundle.clone().or(&config.bundle);
    let mut devices = devices(&config, bundle)?;
    if arguments.script {
        let (watcher, screens) = sync_channel(256);
        devices.watcher = Some(watcher);
        let hand = devices.hand();
        thread::spawn(move || print(&screens));
        thread::spawn(move || obey(&hand, io::stdin().lock()));
    }
    shell::run(settings(&config), devices)?;
    Ok(Exit::Success)
}

fn settings(config: &Config) -> shell::Settings {
    let Config { site, encounter: given, session, questions, .. } = config;
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let encounter = encounter::Settings {
        questions: questions.enabled.clone(),
        attempts: given.attempts,
        attempts_after_rest: given.attempts_after_rest,
        rest: seconds(given.rest_seconds),
        attempts_dilated: if given.dilation_allowed { given.attempts_dilated } else { 0 },
        dilation: 60 * seconds(given.dilation_minutes),
        capture_within: seconds(given.capture_seconds),
        judge_within: seconds(given.judge_seconds),
        store_within: seconds(given.store_seconds),
    };
    let operators = config.operators.iter().map(|operator| station::Operator {
        id: operator.id.clone(),
        name: operator.name.clone(),
        role: operator.role,
    });
    shell::Settings {
        station: station::Settings {
            operators: operators.collect(),
            lock_after: seconds(session.lock_after_seconds),
            may_practise: session.training_allowed,
            first_eye: match given.first_eye {
                FirstEye::Right => Laterality::Od,
                FirstEye::Left => Laterality::Os,
            },
            encounter,
            language: site.language,
            auto_shutter: given.auto_shutter,
        },
        operators: Operators::new(&config.operators),
        place: site.name.clone(),
        months: site.screen_again_months,
        reports: reports(config),
    }
}

/// How reports are made.
pub(super) fn reports(config: &Config) -> shell::Reports {
    let weeks = config.report.examined_within_weeks;
    shell::Reports { paper: config.report.paper, examined_within_weeks: (weeks > 0).then_some(weeks) }
}

/// What records say of the device that a configuration describes.
pub(super) fn device(config: &Config) -> Device {
    let simulated = config.camera.kind == CameraKind::Simulated || config.controller.kind == ControllerKind::Simulated;
    Device {
        site: config.site.name.clone(),
        name: config.site.device_name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        simulated,
    }
}

/// Where such a device keeps what it knows. A passphrase is read from standard input, a line.
pub(super) fn home(config: &Config) -> Result<Home, ExpectedError> {
    let config::Store { folder, opened_by, key_file, tpm } = config.store.clone();
    let key = match opened_by {
        OpenedBy::KeyFile => Key::File(key_file.unwrap_or_else(|| Home::key_file_in(&folder))),
        OpenedBy::Passphrase => Key::Passphrase(passphrase()?),
        OpenedBy::Tpm => Key::Tpm(tpm),
    };
    Ok(Home { folder, key })
}

/// The devices that the configuration names.
fn devices(config: &Config, bundle: BundleArguments) -> Result<Devices, ExpectedError> {
    let (rig, stage) = (Rig::new(), Stage::new());
    let simulated = &config.camera.simulated;
    let shutter = Shutter::new();
    let camera: Box<dyn Camera + Send> = match config.camera.kind {
        CameraKind::Simulated => {
            let (seed, per_second) = (simulated.seed, simulated.frames_per_second);
            Box::new(SimulatedCamera::new(rig.clone(), stage.clone(), seed, per_second))
        }
        CameraKind::V4l2 => v4l2(&config.camera.v4l2, &shutter)?,
    };
    let room = match (config.camera.kind, &simulated.photographs) {
        // Who sits there sits there.
        (CameraKind::V4l2, _) => None,
        (CameraKind::Simulated, None) => Some(Room::drawn(simulated.seed, stage)),
        (CameraKind::Simulated, Some(folder)) => {
            let room = Room::photographed(simulated.seed, stage, folder).map_err(|error| {
                ExpectedError::Usage(format!(
                    "{}: cannot be read: {error}; see camera.simulated.photographs",
                    folder.display()
                ))
            })?;
            Some(room)
        }
    };
    let port: Box<dyn Port> = match (config.controller.kind, &config.controller.port) {
        (ControllerKind::Simulated, _) => {
            Box::new(SimulatedController::new(rig, Knobs::new(), Limits::default(), simulated.seed))
        }
        (ControllerKind::Serial, Some(address)) => Box::new(SerialPort::new(address.clone())),
        (ControllerKind::Serial, None) => {
            return Err(ExpectedError::Usage("controller.port: says not where the controller is".to_owned()));
        }
    };
    let load = move |moves: &(dyn Fn() + Sync)| bundle.load(moves).map_err(|error| error.to_string());
    let (home, device) = (home(config)?, device(config));
    let mut devices = Devices::new(camera, port, panel(config)?, Box::new(load), home, device);
    devices.shutter = shutter;
    devices.room = room;
    devices.hands = hands(config);
    devices.calibration = calibration(config)?;
    devices.limits_light = config.light.enforce_limit_24h;
    devices.destinations = sending::destinations(config);
    let sender = Sender::of(config).map_err(|error| ExpectedError::Usage(error.to_string()))?;
    devices.sender = Some(sender).filter(|sender| !sender.is_empty());
    let worklist = WorklistPeer::of(config).map_err(|error| ExpectedError::Usage(error.to_string()))?;
    devices.worklist =
        worklist.map(|peer| -> shell::Fetch { Box::new(move || peer.fetch().map_err(|error| error.to_string())) });
    Ok(devices)
}

#[cfg(feature = "v4l2")]
fn v4l2(given: &config::V4l2Camera, shutter: &Shutter) -> Result<Box<dyn Camera + Send>, ExpectedError> {
    use ocellus_board::camera::{
        negotiation::{Coding, Wish},
        v4l2::{Address, Settings, V4l2Camera},
    };
    let codings = given.formats.iter().map(|format| match format {
        config::CameraFormat::Mjpeg => Coding::Mjpeg,
        config::CameraFormat::Yuyv => Coding::Yuyv,
        config::CameraFormat::Rgb24 => Coding::Rgb24,
    });
    let wish = Wish {
        codings: codings.collect(),
        width: given.width_px,
        height: given.height_px,
        per_second: given.frames_per_second,
    };
    let settings = Settings { address: Address::from(given.device.as_str()), wish, warm_up: given.warm_up_frames };
    Ok(Box::new(V4l2Camera::new(settings, shutter.clone())))
}

#[cfg(not(feature = "v4l2"))]
fn v4l2(_: &config::V4l2Camera, _: &Shutter) -> Result<Box<dyn Camera + Send>, ExpectedError> {
    Err(ExpectedError::Usage(
        "camera.kind: \"v4l2\" is not built in; build with --features v4l2, or use \"simulated\"".to_owned(),
    ))
}

fn panel(config: &Config) -> Result<Box<dyn Panel + Send>, ExpectedError> {
    let panel = &config.panel;
    let geometry = Geometry { width: panel.width_px, height: panel.height_px, dpi: panel.dots_per_inch as f32 };
    match (panel.kind, &panel.folder) {
        (PanelKind::Offscreen, None) => Ok(Box::new(Offscreen::blind(geometry))),
        (PanelKind::Offscreen, Some(folder)) => {
            std::fs::create_dir_all(folder).map_err(|error| {
                ExpectedError::Usage(format!("{}: cannot be made: {error}; see panel.folder", folder.display()))
            })?;
            Ok(Box::new(Offscreen::new(geometry, folder)))
        }
        (PanelKind::Window, _) => window(geometry),
        (PanelKind::Drm, _) => {
            let given = |text: &String| Some(text).filter(|text| !text.is_empty()).cloned();
            let (connector, mode) = (given(&panel.connector), given(&panel.mode));
            let drm = Drm::open(geometry, Output { card: panel.device.clone(), connector, mode });
            Ok(Box::new(drm.map_err(|error| dark(&error))?))
        }
        (PanelKind::Framebuffer, _) => {
            let device = panel.device.as_deref().unwrap_or(Path::new("/dev/fb0"));
            Ok(Box::new(Framebuffer::open(geometry, device).map_err(|error| dark(&error))?))
        }
    }
}

/// A panel that does not light.
fn dark(error: &PanelError) -> ExpectedError {
    ExpectedError::Usage(format!("the panel cannot be used: {error}; see [panel] in the configuration"))
}

/// What the operator touches, types and scans with.
fn hands(config: &Config) -> Option<Evdev> {
    let (input, panel) = (&config.input, &config.panel);
    let settings = input::Settings {
        panel: (panel.width_px, panel.height_px),
        matrix: input.touch_matrix,
        touch: Which::from(input.touch.as_str()),
        keys: Which::from(input.keys.as_str()),
        shutter: input.shutter_key,
    };
    match input.kind {
        InputKind::None => None,
        InputKind::Evdev => Some(Evdev::new(settings)),
    }
}

#[cfg(feature = "window")]
fn window(geometry: Geometry) -> Result<Box<dyn Panel + Send>, ExpectedError> {
    Ok(Box::new(ocellus_board::panel::Window::new(geometry, "ocellus")))
}

#[cfg(not(feature = "window"))]
fn window(_: Geometry) -> Result<Box<dyn Panel + Send>, ExpectedError> {
    Err(ExpectedError::Usage(
        "panel.kind: \"window\" is not built in; build with --features window, or use \"offscreen\"".to_owned(),
    ))
}

/// What the lamps give the eye.
fn calibration(config: &Config) -> Result<Option<Calibration>, ExpectedError> {
    let Some(path) = &config.light.calibration else { return Ok(None) };
    let text = std::fs::read_to_string(path).map_err(|error| {
        ExpectedError::Usage(format!("{}: cannot be read: {error}; see light.calibration", path.display()))
    })?;
    let calibration =
        Calibration::from_toml(&text).map_err(|error| ExpectedError::Usage(format!("{}: {error}", path.display())))?;
    Ok(Some(calibration))
}

/// Prints each screen that comes.
fn print(screens: &Receiver<Screen>) {
    for screen in screens {
        if writeln!(io::stdout().lock(), "{}", screen.name()).is_err() {
            return;
        }
    }
}

/// Does what the lines say, then switches the device off.
fn obey(hand: &Hand, lines: impl BufRead) {
    for line in lines.lines() {
        let Ok(line) = line else { break };
        let mut words = line.split_whitespace();
        match (words.next(), line.trim().split_once(' ')) {
            (Some("touch"), Some((_, place))) => {
                let numbers: Vec<i32> = place.split_whitespace().map_while(|word| word.parse().ok()).collect();
                match numbers[..] {
                    [x, y] => hand.touch(Point::new(x, y)),
                    _ => log::warn!("touch: expected X Y, found {place:?}"),
                }
            }
            (Some("scan"), Some((_, code))) => hand.scan(code),
            (Some("press"), None) => hand.button(true),
            (Some("release"), None) => hand.button(false),
            (Some("off"), None) => break,
            (None, _) => {}
            _ => log::warn!("expected touch, press, release, scan or off, found {line:?}"),
        }
    }
    hand.switch_off();
}
