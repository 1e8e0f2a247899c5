//! A whole encounter on a practice patient, right eye then left: the same state machine, judge and screens as with a
//! real one, with a camera that draws what it is aimed at and an operator who presses the main button of each screen.
//!
//! Nothing is decided beforehand but the patient: what is found is what the bundle's network finds.

mod patient;
mod store;

use std::{
    collections::{BTreeMap, VecDeque},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use ocellus_board::{
    camera::Camera,
    panel::{Geometry, Offscreen, Panel, PanelError},
};
use ocellus_model::{field, image, laterality::Laterality, quality::Fingerprint};

use crate::{
    decision::PatientDisposition,
    encounter::{Command, Encounter, Entry, Event, EyeStatus, Fault, Monotonic, Reading, Settings, View},
    judge::{Judge, Known, Record},
    screens::{Screens, Shot, Shots, Status},
};
use patient::PracticeCamera;
use store::{FolderStore, StoreError};

/// What the demonstration left.
#[derive(Debug)]
pub struct Lived {
    /// What is known of the right eye.
    pub right: EyeStatus,
    /// What is known of the left eye.
    pub left: EyeStatus,
    /// What both say of the patient.
    pub patient: PatientDisposition,
    /// The screens as the operator saw them, in order.
    pub screens: Vec<PathBuf>,
    /// The result.
    pub record: PathBuf,
}

/// Why the demonstration ended early.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file can't be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A screen can't be written.
    #[error(transparent)]
    Panel(#[from] PanelError),
    /// Something is out of order that should not be.
    #[error("the encounter stopped: {0:?}")]
    Fault(Fault),
}

/// Steps after which the demonstration would be going round in circles.
const STEPS_MAX: u32 = 500;

/// Lives the encounter and leaves screens, photographs and records in `folder`, which has to exist.
///
/// # Errors
/// When something can't be written.
pub fn live(judge: &Judge, folder: &Path, seed: u64) -> Result<Lived, DemoError> {
    let mut scene = Scene {
        judge,
        camera: PracticeCamera::new(seed),
        store: FolderStore::new(folder)?,
        panel: Offscreen::new(Geometry::SEVEN_INCH, folder),
        screens: Screens::new(Geometry::SEVEN_INCH),
        events: VecDeque::new(),
        captures: BTreeMap::new(),
        newest: BTreeMap::new(),
        done: None,
    };
    let settings = Settings::default();
    let mut encounter = Encounter::new(settings);
    let start = Instant::now();
    for _ in 0..STEPS_MAX {
        while let Some(command) = encounter.poll_command() {
            scene.carry_out(command, &settings)?;
        }
        if let Some(patient) = scene.done {
            let eye = |eye| encounter.eye(eye).clone();
            let (right, left) = (eye(Laterality::Od), eye(Laterality::Os));
            let screens = scene.panel.written().to_vec();
            return Ok(Lived { right, left, patient, screens, record: scene.store.result_file() });
        }
        let Some(event) = scene.events.pop_front() else { break };
        encounter.handle(event, Monotonic(start.elapsed()));
    }
    Err(DemoError::Fault(Fault::JudgingFailed))
}

/// Everything around the encounter.
struct Scene<'a> {
    judge: &'a Judge,
    camera: PracticeCamera,
    store: FolderStore,
    panel: Offscreen,
    screens: Screens,
    events: VecDeque<Event>,
    /// Photographs by the token that took them.
    captures: BTreeMap<u32, Capture>,
    /// What the screens show of each eye.
    newest: BTreeMap<&'static str, Picture>,
    done: Option<PatientDisposition>,
}

/// A photograph as the camera delivered it, and what was found on it once it is judged.
struct Capture {
    eye: Laterality,
    attempt: u32,
    bytes: Vec<u8>,
    record: Option<Record>,
    fingerprint: Option<Fingerprint>,
}

/// A decoded photograph with its field.
struct Picture {
    pixels: ::image::RgbImage,
    field: Option<field::Field>,
}

impl Scene<'_> {
    fn carry_out(&mut self, command: Command, settings: &Settings) -> Result<(), DemoError> {
        match command {
            Command::Show(view) => self.show(&view, settings.capture_within)?,
            Command::Capture { token, eye, attempt } => {
                self.camera.aim(eye, attempt);
                let event = match self.camera.next_frame(settings.capture_within) {
                    Ok(frame) => {
                        self.remember(eye, &frame.bytes);
                        self.captures.insert(
                            token,
                            Capture { eye, attempt, bytes: frame.bytes, record: None, fingerprint: None },
                        );
                        Event::Captured { token }
                    }
                    Err(error) => {
                        log::error!("{}: {error}", self.camera.name());
                        Event::CaptureFailed { token }
                    }
                };
                self.events.push_back(event);
            }
            Command::Judge { token, capture } => {
                let others = self.captures.iter().filter(|(taken, _)| **taken != capture);
                let before: Vec<Fingerprint> = others.filter_map(|(_, other)| other.fingerprint.clone()).collect();
                if let Some(Capture { eye, attempt, bytes, record, fingerprint }) = self.captures.get_mut(&capture) {
                    let known = Known { eye: Some(*eye), before: &before };
                    let judgement = self.judge.judge(&store::photograph_name(*eye, *attempt), bytes, known);
                    *fingerprint = judgement.fingerprint;
                    let record = record.insert(judgement.record);
                    let reading = Reading {
                        outcome: record.outcome,
                        reasons: record.reasons.clone(),
                        findings: record.findings.clone(),
                    };
                    self.events.push_back(Event::Judged { token, reading });
                }
            }
            Command::Persist { token, entry } => {
                let written = match &entry {
                    Entry::Photograph { eye, attempt, capture, .. } => match self.captures.get(capture) {
                        Some(Capture { bytes, record: Some(record), .. }) => {
                            Some(self.store.photograph(*eye, *attempt, bytes, record))
                        }
                        // What is not there can't be stored, and must not pass for stored.
                        _ => None,
                    },
                    Entry::Result { .. } | Entry::Aborted => Some(self.store.result(&entry, self.judge)),
                };
                self.events.push_back(match written {
                    Some(Ok(())) => Event::Persisted { token },
                    Some(Err(error)) => {
                        log::error!("{error}");
                        Event::PersistFailed { token }
                    }
                    None => Event::PersistFailed { token },
                });
            }
        }
        Ok(())
    }

    /// Draws a screen and presses its main button.
    fn show(&mut self, view: &View, within: Duration) -> Result<(), DemoError> {
        if let View::Aim { eye, .. } = view {
            // What the operator sees while aiming is not kept.
            self.camera.preview(*eye);
            if let Ok(frame) = self.camera.next_frame(within) {
                self.remember(*eye, &frame.bytes);
            }
        }
        let shot = |eye: Laterality| {
            self.newest.get(eye.as_str()).map(|picture| Shot { pixels: &picture.pixels, field: picture.field.as_ref() })
        };
        let shots = Shots { right: shot(Laterality::Od), left: shot(Laterality::Os) };
        let status = Status { place: "Demonstration", simulated: self.camera.is_simulated() };
        let frame = self.screens.draw(view, shots, status);
        self.panel.present(&frame, view.name())?;
        match view {
            View::Ready => self.events.push_back(Event::Start { first: Laterality::Od }),
            View::Aim { .. } => self.events.push_back(Event::Shutter),
            View::Judging { .. } => {}
            View::Retake { .. } => self.events.push_back(Event::Continue),
            View::Result { patient, .. } => self.done = Some(*patient),
            View::Fault(fault) => return Err(DemoError::Fault(*fault)),
        }
        Ok(())
    }

    fn remember(&mut self, eye: Laterality, bytes: &[u8]) {
        if let Ok(photograph) = image::decode(bytes) {
            let field = field::find_field(&photograph.pixels).ok();
            self.newest.insert(eye.as_str(), Picture { pixels: photograph.pixels, field });
        }
    }
}
