//! A whole encounter on a practice patient, right eye then left: the device as it runs in a clinic, with a camera and a
//! controller that are simulated and an operator who presses the main button of each screen.
//!
//! Nothing is decided beforehand but the patient (retinopathy in the right eye; nothing in the left, which blinks at its
//! first photograph): what is found is what the bundle's network finds.

mod recorder;

use std::{
    io,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::{Duration, Instant},
};

use ocellus_board::{
    controller::Limits,
    panel::Geometry,
    sim::{Knobs, Rig, SimulatedCamera, SimulatedController, Stage},
};
use ocellus_model::laterality::Laterality;

use crate::{
    decision::PatientDisposition,
    encounter::{self, EyeStatus, View},
    judge::Judge,
    language::Language,
    operators::Operators,
    shell::{self, Devices, Hand, Room, ShellError},
    station::{self, Patient, Press, Screen},
    store::{Device, Home, Stamp, StoreError},
};
use recorder::{Recorder, Recording};

/// What the demonstration left.
#[derive(Debug)]
pub struct Lived {
    /// What is known of the right eye.
    pub right: EyeStatus,
    /// What is known of the left eye.
    pub left: EyeStatus,
    /// What both say of the patient.
    pub patient: PatientDisposition,
    /// The folder with screens, film and record.
    pub folder: PathBuf,
    /// All of it as one animated picture.
    pub film: PathBuf,
    /// The encounter out of the record: photographs, findings, result and report.
    pub encounter: PathBuf,
}

/// Why the demonstration ended early.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The device can't run.
    #[error(transparent)]
    Shell(#[from] ShellError),
    /// The device came to a screen from which this operator knows no way.
    #[error("the demonstration stopped at the screen {screen}: {detail}")]
    Stopped {
        /// The screen's name.
        screen: &'static str,
        /// What is known of it.
        detail: String,
    },
    /// It took too long.
    #[error("the demonstration was not over after {} s", PATIENCE.as_secs())]
    TooLong,
    /// The record can't be read again.
    #[error(transparent)]
    Record(#[from] StoreError),
    /// The animated picture can't be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Film {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// How long the whole may take.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long drawing a screen may take.
const DRAWN: Duration = Duration::from_secs(10);
/// How long the operator reads a screen, and the result.
const READS: (Duration, Duration) = (Duration::from_millis(700), Duration::from_secs(2));

/// Lives the encounter and leaves screens, photographs and records in `folder`, which has to exist. `load` gives the
/// bundle's judge, or says in one line why not; see [`shell::Load`](crate::shell::Load).
///
/// # Errors
/// When the device can't run, or something is out of order that should not be.
pub fn live(
    load: impl Fn(&(dyn Fn() + Sync)) -> Result<Judge, String> + Send + 'static,
    folder: &Path,
    seed: u64,
    language: Language,
) -> Result<Lived, DemoError> {
    let (rig, stage) = (Rig::new(), Stage::new());
    let camera = SimulatedCamera::new(rig.clone(), stage.clone(), seed, FRAMES_A_SECOND);
    let controller = SimulatedController::new(rig, Knobs::new(), Limits::default(), seed);
    let (panel, recording) = Recorder::new(Geometry::SEVEN_INCH, folder);
    let device = Device {
        site: "Demonstration".to_owned(),
        name: "ocellus".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        simulated: true,
    };
    let home = Home::at(folder.join("store"));
    let mut devices = Devices::new(
        Box::new(camera),
        Box::new(controller),
        Box::new(panel),
        Box::new(load),
        home.clone(),
        device.clone(),
    );
    let mut room = Room::drawn(seed, stage);
    room.blink();
    devices.room = Some(room);
    let (watcher, screens) = sync_channel(64);
    devices.watcher = Some(watcher);
    let settings = shell::Settings {
        station: station::Settings {
            operators: Vec::new(),
            lock_after: Duration::from_secs(3600),
            may_practise: true,
            first_eye: Laterality::Od,
            encounter: encounter::Settings { attempts_after_rest: 0, ..encounter::Settings::default() },
            language,
            auto_shutter: true,
        },
        operators: Operators::new(&[]),
        place: "Demonstration".to_owned(),
        months: 12,
        reports: shell::Reports::default(),
    };
    let hand = devices.hand();
    let eyes = recording.clone();
    let operator = thread::spawn(move || operate(&hand, &screens, &eyes));
    shell::run(settings, devices)?;
    let (right, left, patient) = operator.join().unwrap_or(Err(DemoError::TooLong))?;
    let path = folder.join("encounter.gif");
    let film = recording.write(&path).map_err(|source| DemoError::Film { path, source })?;
    let encounter = folder.join("encounter");
    let at = Stamp::now();
    home.open(device, at)?.export_patient(&Patient::practice(1).id, &encounter, "demonstration", at)?;
    Ok(Lived { right, left, patient, folder: folder.to_owned(), film, encounter })
}

/// Live frames a second.
const FRAMES_A_SECOND: u32 = 20;

/// What the operator saw at the end.
type Seen = (EyeStatus, EyeStatus, PatientDisposition);

/// Presses the main button of each screen until the result was seen, then switches off.
fn operate(hand: &Hand, screens: &Receiver<Screen>, eyes: &Recording) -> Result<Seen, DemoError> {
    let until = Instant::now() + PATIENCE;
    let mut seen: Option<Seen> = None;
    let ended = loop {
        let screen = match screens.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(screen) => screen,
            Err(RecvTimeoutError::Timeout) => break Err(DemoError::TooLong),
            Err(RecvTimeoutError::Disconnected) => break seen.ok_or(DemoError::TooLong),
        };
        let name = screen.name();
        // What has not been drawn can't be read.
        let read = |time| {
            eyes.wait_for(name, DRAWN);
            thread::sleep(time);
        };
        let stopped = |detail: &str| Err(DemoError::Stopped { screen: name, detail: detail.to_owned() });
        let press = match screen {
            Screen::Starting(_) | Screen::Stopping => continue,
            Screen::ClockNotSet => Press::Continue,
            Screen::Home(_) => match seen {
                None => Press::Practise,
                Some(seen) => {
                    read(READS.0);
                    break Ok(seen);
                }
            },
            Screen::Map(_) => {
                read(READS.1);
                hand.press(Press::Map);
                continue;
            }
            Screen::Encounter(view) => match view {
                // The shutter is automatic, and judging ends by itself.
                View::Ready | View::Aim { .. } | View::Judging { .. } | View::Rest { .. } | View::DropsWork { .. } => {
                    continue;
                }
                View::Question(_) => Press::Answer(false),
                View::Retake { .. } => Press::Continue,
                View::WhichEye { .. } => Press::WhichEye(true),
                View::OfferDrops { .. } => Press::NoDrops,
                View::Result { right, left, patient, .. } => {
                    read(READS.1);
                    let again = seen.replace((right, left, patient)).is_some();
                    if again { Press::Continue } else { Press::Map }
                }
                View::Report { report: Some(_), .. } => {
                    read(READS.0);
                    Press::Continue
                }
                View::Report { report: None, .. } => break stopped(name),
                View::WhyNot { .. } | View::ConfirmAbort => Press::Back,
                View::Fault(fault) => break stopped(fault.name()),
            },
            Screen::Blocked { detail, .. } => break stopped(&detail),
            Screen::SignIn { .. }
            | Screen::Pin { .. }
            | Screen::PatientNumber { .. }
            | Screen::BirthDate { .. }
            | Screen::Confirm(_)
            | Screen::Health(_)
            | Screen::Queue(_)
            | Screen::Settings { .. } => break stopped("nobody asked for it"),
        };
        read(READS.0);
        hand.press(press);
    };
    hand.switch_off();
    ended
}
