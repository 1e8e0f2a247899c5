//! Practice patients before the simulated camera: who sits there, and what their eyes show.
//!
//! Every third practice patient has nothing to be referred for; the others have one thing each. Eyes are drawn
//! (`ocellus_model::phantom`), or are photographs of a folder.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
};

use image::RgbImage;
use ocellus_board::sim::{Scene, Spoil, Stage};
use ocellus_model::{
    laterality::Laterality,
    phantom::{Findings, PracticeEye, draw},
};

use super::{ShellError, devices::spawn};

/// Width and height of drawn photographs, in pixels.
const SIDE: u32 = 1024;

/// The patients.
#[derive(Debug)]
pub struct Room {
    seed: u64,
    stage: Stage,
    /// Photographs to show instead of drawn eyes, by name.
    photographs: Vec<PathBuf>,
    /// Who sits before the camera.
    patient: u32,
    drawn: BTreeMap<&'static str, Arc<RgbImage>>,
    /// The first photograph of the left eye of this patient is spoilt, as a newcomer is to see a retake.
    blinks: bool,
    left_is_next: bool,
    /// The eye that the camera was turned to last.
    before: Option<Laterality>,
}

impl Room {
    /// Drawn patients before a camera's stage.
    pub fn drawn(seed: u64, stage: Stage) -> Self {
        Room {
            seed,
            stage,
            photographs: Vec::new(),
            patient: 0,
            drawn: BTreeMap::new(),
            blinks: false,
            left_is_next: false,
            before: None,
        }
    }

    /// Patients with the photographs of a folder, two each.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub fn photographed(seed: u64, stage: Stage, folder: &Path) -> io::Result<Self> {
        let mut photographs: Vec<PathBuf> = fs::read_dir(folder)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.is_file())
            .collect();
        photographs.sort();
        Ok(Room { photographs, ..Room::drawn(seed, stage) })
    }

    /// The left eye of the next patient blinks at its first photograph.
    pub fn blink(&mut self) {
        self.blinks = true;
    }

    /// The next patient sits down.
    fn next(&mut self, patient: u32) {
        self.patient = patient;
        self.drawn.clear();
        self.left_is_next = true;
        self.before = None;
        self.stage.put(None);
    }

    /// The camera is turned to an eye, or away.
    fn turn_to(&mut self, eye: Option<Laterality>) {
        let Some(eye) = eye else { return };
        if self.before.replace(eye) != Some(eye) {
            // While the other eye is drawn, the camera sees none: a hasty photograph must not show the one before.
            self.stage.put(None);
        }
        let still = match self.drawn.get(eye.as_str()) {
            Some(still) => still.clone(),
            None => {
                let still = Arc::new(self.still(eye));
                self.drawn.insert(eye.as_str(), still.clone());
                still
            }
        };
        // Where an eye is sharp differs from eye to eye, as refraction does.
        let spread = self.seed.wrapping_add(u64::from(self.patient)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        let sharp_at = spread as i32 - 128 + if eye == Laterality::Od { 20 } else { -20 };
        self.stage.put(Some(Scene::new(still, sharp_at)));
        if eye == Laterality::Os && self.blinks && std::mem::take(&mut self.left_is_next) {
            // The lid keeps the flash out: that leaves no doubt, whatever network judges.
            self.stage.spoil(Spoil::Underexposure);
        }
    }

    /// Nobody sits there any more.
    fn leave(&mut self) {
        self.stage.put(None);
        self.drawn.clear();
    }

    fn still(&self, eye: Laterality) -> RgbImage {
        let count = self.photographs.len();
        if count > 0 {
            let number = 2 * self.patient as usize + usize::from(eye == Laterality::Os);
            let path = &self.photographs[number % count];
            match fs::read(path)
                .map_err(|error| error.to_string())
                .and_then(|bytes| ocellus_model::image::decode(&bytes).map_err(|error| error.to_string()))
            {
                Ok(photograph) => return photograph.pixels,
                Err(error) => log::warn!("{}: {error}; a drawn eye stands in", path.display()),
            }
        }
        let seed = self.seed.wrapping_add(u64::from(self.patient));
        draw(&PracticeEye { size: (SIDE, SIDE), findings: findings(self.patient, eye), ..PracticeEye::new(seed, eye) })
    }
}

/// What happens in the room.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    /// The next patient sits down.
    Next(u32),
    /// The camera is turned to an eye, or away.
    TurnTo(Option<Laterality>),
    /// The patient leaves.
    Leave,
}

impl Room {
    /// A thread for the room, as drawing an eye takes its time; none without a room.
    pub(super) fn thread(room: Option<Room>) -> Result<Option<SyncSender<Order>>, ShellError> {
        let Some(mut room) = room else { return Ok(None) };
        let (orders, inbox) = sync_channel::<Order>(16);
        spawn("room", move || {
            for order in inbox {
                match order {
                    Order::Next(patient) => room.next(patient),
                    Order::TurnTo(eye) => room.turn_to(eye),
                    Order::Leave => room.leave(),
                }
            }
        })?;
        Ok(Some(orders))
    }
}

/// What the eyes of a practice patient show.
fn findings(patient: u32, eye: Laterality) -> Findings {
    match (patient % 3, eye) {
        (1, Laterality::Od) => {
            Findings { microaneurysms: 0.8, haemorrhages: 0.8, exudates: 0.7, cotton_wool: 0.5, ..Findings::NONE }
        }
        (2, Laterality::Os) => Findings { drusen: 0.9, ..Findings::NONE },
        _ => Findings::NONE,
    }
}
