//! What the tasks tell the loop.

use std::sync::Arc;

use embedded_graphics::prelude::Point;
use image::RgbImage;
use ocellus_model::{field::Field, laterality::Laterality, quality::Fingerprint};

use crate::{
    encounter::Fault,
    judge::{BundleId, Record},
    light::Ledger,
    screens::Shot,
    station,
};

/// Something that a task tells.
#[derive(Debug)]
pub(super) enum Told {
    /// Something for the station as it is.
    Station(station::Event),
    /// The camera delivered a photograph that the flash lit.
    Photograph(Vec<u8>),
    /// The camera delivers, or does not any more.
    Camera(Result<(), String>),
    /// The controller answers, or does not any more.
    Controller(Result<(), String>),
    /// The flash that was asked for was fired.
    Flashed {
        /// Of the encounter's command.
        asked: Asked,
    },
    /// It was not.
    NotFlashed {
        /// Of the encounter's command.
        asked: Asked,
        /// Why.
        fault: Fault,
    },
    /// The focus motor has arrived.
    FocusAt(i32),
    /// The shutter button went down or up.
    Button {
        /// Whether it is pressed now.
        pressed: bool,
    },
    /// The panel was touched, and the finger has left it.
    Touch(Point),
    /// The ledger of light as it was kept.
    Ledger(Box<Ledger>),
    /// Somebody typed a PIN: what that came to.
    SignIn {
        /// Whose.
        operator: String,
        /// As the audit log calls it.
        action: &'static str,
    },
    /// A bundle is loaded, and judges as this machine must.
    Loaded {
        /// Which.
        bundle: BundleId,
        /// Its sequence number.
        sequence: u64,
    },
    /// A photograph was judged.
    Judged {
        /// Of the encounter's command.
        asked: Asked,
        /// What came of it.
        judged: Box<Judged>,
    },
    /// The tests' or the demonstration's operator presses something without a panel.
    Press(station::Press),
}

/// A question of an encounter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Asked {
    /// The encounter's number.
    pub(super) number: u32,
    /// The question's token.
    pub(super) token: u32,
}

/// What came of a photograph.
#[derive(Debug)]
pub(super) struct Judged {
    /// Token of the command that took it.
    pub(super) capture: u32,
    /// The eye it was taken of.
    pub(super) eye: Laterality,
    pub(super) record: Record,
    pub(super) fingerprint: Option<Fingerprint>,
    /// For the screens; none where it could not be read.
    pub(super) picture: Option<Picture>,
    /// The same with the map over it; none where the network was not run.
    pub(super) map: Option<Picture>,
}

/// A picture small enough for a screen.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub(super) pixels: Arc<RgbImage>,
    pub(super) field: Option<Field>,
}

impl Picture {
    pub(super) fn shot(&self) -> Shot<'_> {
        Shot { pixels: &self.pixels, field: self.field.as_ref() }
    }
}
