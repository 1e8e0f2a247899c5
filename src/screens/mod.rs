//! The operator's screens: pure drawing, one file a screen or a kind of screen.
//!
//! One thing a screen: a headline (what is), a line (what to do now), one main button; everything else is quieter.
//! Outcomes have a colour *and* a shape *and* words of their own ([`icons`]). Sizes are given in millimetres and become
//! pixels by the panel's density ([`theme`]). Every text stands once in [`texts`], in each language; which is said when,
//! in [`messages`]. A drawn screen tells where its [`Control`]s are, in the order in which the shutter button steps
//! through them; the first is the main one.
//!
//! Not here: what is shown when (station and encounter say), touch, presenting on a panel.

mod aim;
mod device;
pub mod heat;
mod home;
mod icons;
mod judging;
mod keypad;
pub mod messages;
mod parts;
pub(crate) mod picture;
mod questions;
mod report;
mod result;
mod retake;
mod shapes;
mod status_bar;
#[cfg(test)]
mod tests;
mod text;
pub(crate) mod texts;
mod theme;

use embedded_graphics::primitives::Rectangle;
use image::RgbImage;
use ocellus_board::panel::{Frame, Geometry};
use ocellus_model::{field::Field, laterality::Laterality};

use crate::{
    auto_shutter::AimHint,
    encounter::{Monotonic, View},
    language::Language,
    station::{Battery, Press, Screen},
};
use text::Typesetter;
use theme::Layout;

/// A photograph to be shown.
#[derive(Debug, Clone, Copy)]
pub struct Shot<'a> {
    /// The pixels.
    pub pixels: &'a RgbImage,
    /// Its field; where there is none the whole picture is shown.
    pub field: Option<&'a Field>,
}

/// The newest photograph of each eye; on the map's screen, with the map laid over it ([`heat::over`]).
#[derive(Debug, Clone, Copy, Default)]
pub struct Shots<'a> {
    /// Of the right eye.
    pub right: Option<Shot<'a>>,
    /// Of the left eye.
    pub left: Option<Shot<'a>>,
}

/// What is seen while aiming.
#[derive(Debug, Clone, Copy, Default)]
pub struct Live<'a> {
    /// The newest frame.
    pub shot: Option<Shot<'a>>,
    /// How far the ring has closed, 0 to 1: all that an automatic shutter waits for.
    pub closing: f64,
    /// How sharp the picture is beside the sharpest seen, 0 to 1.
    pub focus: f64,
    /// The one thing to do.
    pub hint: Option<AimHint>,
}

/// What the status bar says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Status<'a> {
    /// Clinic and device.
    pub place: &'a str,
    /// Whether camera or patient are not real.
    pub simulated: bool,
    /// Whether the patient is nobody.
    pub practice: bool,
    /// The battery, where something is known of it.
    pub battery: Option<Battery>,
}

/// What a screen is drawn with.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The language of its texts.
    pub language: Language,
    /// The newest photographs.
    pub shots: Shots<'a>,
    /// What is seen while aiming.
    pub live: Live<'a>,
    /// What the status bar says.
    pub status: Status<'a>,
    /// The control that the shutter button would press, by number.
    pub highlighted: Option<usize>,
    /// Now, for what is counted down.
    pub now: Monotonic,
    /// Months until the next screening of a patient without referable signs.
    pub months: u32,
    /// Whether the shutter is automatic.
    pub auto_shutter: bool,
}

impl Default for Context<'_> {
    fn default() -> Self {
        Context {
            language: Language::En,
            shots: Shots::default(),
            live: Live::default(),
            status: Status::default(),
            highlighted: None,
            now: Monotonic::default(),
            months: 12,
            auto_shutter: false,
        }
    }
}

/// Something that can be pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control {
    /// Where, in pixels of the panel.
    pub area: Rectangle,
    /// What it stands for.
    pub press: Press,
}

/// A drawn screen.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The picture.
    pub frame: Frame,
    /// What can be pressed on it, the main control first.
    pub controls: Vec<Control>,
}

/// Draws screens. Keeps fonts and glyphs between pictures, and of the aiming screen all that stands still.
#[derive(Debug)]
pub struct Screens {
    geometry: Geometry,
    text: Typesetter,
    still: Option<Still>,
}

/// The aiming screen without what moves, and what it was drawn for.
#[derive(Debug)]
struct Still {
    screen: Screen,
    made_for: String,
    drawn: Drawn,
}

impl Screens {
    /// For a panel.
    pub fn new(geometry: Geometry) -> Self {
        Screens { geometry, text: Typesetter::new(), still: None }
    }

    /// Draws a screen.
    pub fn draw(&mut self, screen: &Screen, context: &Context<'_>) -> Drawn {
        let Screen::Encounter(View::Aim { .. }) = screen else { return self.draw_whole(screen, context) };
        // Words and buttons take longer than the live picture, and stay.
        let made_for = format!(
            "{:?} {:?} {:?} {:?} {}",
            context.language, context.status, context.highlighted, context.live.hint, context.auto_shutter
        );
        let still = match self.still.take() {
            Some(still) if still.screen == *screen && still.made_for == made_for => still,
            _ => Still { screen: screen.clone(), made_for, drawn: self.draw_whole(screen, context) },
        };
        let mut drawn = still.drawn.clone();
        self.still = Some(still);
        aim::live(&mut drawn.frame, Layout::new(self.geometry), context.live);
        drawn
    }

    fn draw_whole(&mut self, screen: &Screen, context: &Context<'_>) -> Drawn {
        let mut frame = Frame::new(self.geometry.width, self.geometry.height);
        let layout = Layout::new(self.geometry);
        let mut page = Page { frame: &mut frame, text: &mut self.text, layout, context, controls: Vec::new() };
        page.background();
        match screen {
            Screen::Starting(checks) => device::starting(&mut page, checks),
            Screen::Blocked { check, detail } => device::blocked(&mut page, *check, detail),
            Screen::ClockNotSet => device::clock_not_set(&mut page),
            Screen::SignIn { names, first, more, practise } => {
                home::sign_in(&mut page, names, *first, *more, *practise)
            }
            Screen::Pin { name, digits, refused, locked } => keypad::pin(&mut page, name, *digits, *refused, *locked),
            Screen::Home(home) => home::home(&mut page, home),
            Screen::PatientNumber { typed, listed, more, is_old } => {
                keypad::patient_number(&mut page, typed, listed, *more, *is_old);
            }
            Screen::BirthDate { id, typed, refused } => keypad::birth_date(&mut page, id, typed, *refused),
            Screen::Confirm(patient) => home::confirm(&mut page, patient),
            Screen::Encounter(view) => encounter(&mut page, view),
            Screen::Map(view) => result::map(&mut page, view),
            Screen::Health(health) => device::health(&mut page, health),
            Screen::Queue(queue) => device::queue(&mut page, queue),
            Screen::Settings { language, auto_shutter } => device::settings(&mut page, *language, *auto_shutter),
            Screen::Stopping => device::stopping(&mut page),
        }
        status_bar::draw(&mut page, screen);
        page.highlight();
        let controls = page.controls;
        Drawn { frame, controls }
    }
}

fn encounter(page: &mut Page<'_>, view: &View) {
    let shots = page.context.shots;
    match view {
        // Between two encounters nothing of them is shown.
        View::Ready => {}
        View::Question(question) => questions::question(page, *question),
        View::Aim { eye, tries_left, stage, other_open } => aim::draw(page, *eye, *tries_left, *stage, *other_open),
        View::WhyNot { eye } => questions::why_not(page, *eye),
        View::Judging { eye } => judging::draw(page, shots.of(*eye)),
        View::Retake { eye, reasons, tries_left, other_open } => {
            retake::draw(page, *eye, reasons, *tries_left, *other_open);
        }
        View::WhichEye { eye } => questions::which_eye(page, *eye, shots.of(*eye)),
        View::Rest { eye, until, other_open } => questions::rest(page, *eye, *until, *other_open),
        View::OfferDrops { eye, other_open } => questions::offer_drops(page, *eye, *other_open),
        View::DropsWork { eye, until, other_open } => questions::drops_work(page, *eye, *until, *other_open),
        View::Result { right, left, patient, pre_check } => {
            result::draw(page, [right, left], *patient, *pre_check);
        }
        View::Report { report, patient } => report::draw(page, report.as_deref(), *patient),
        View::ConfirmAbort => questions::confirm_abort(page),
        View::Fault(fault) => questions::fault(page, *fault),
    }
}

impl<'a> Shots<'a> {
    fn of(&self, eye: Laterality) -> Option<Shot<'a>> {
        match eye {
            Laterality::Od => self.right,
            Laterality::Os => self.left,
        }
    }
}

/// What the drawing functions work with.
#[derive(Debug)]
struct Page<'a> {
    frame: &'a mut Frame,
    text: &'a mut Typesetter,
    layout: Layout,
    context: &'a Context<'a>,
    controls: Vec<Control>,
}
