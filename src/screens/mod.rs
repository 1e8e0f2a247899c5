//! The operator's screens: pure drawing, one file a screen.
//!
//! One thing a screen: a headline (what is), a line (what to do now), one main button; everything else is quieter.
//! Outcomes have a colour *and* a shape *and* words of their own ([`icons`]). Sizes are given in millimetres and become
//! pixels by the panel's density ([`theme`]). What is said of results, faults and photographs stands in one table
//! ([`messages`]); headings and buttons of a screen still stand in its own file.
//!
//! Not here: what is shown when (the encounter says), touch, presenting on a panel.

mod aim;
mod fault;
mod icons;
mod judging;
pub mod messages;
mod parts;
mod picture;
mod ready;
mod result;
mod retake;
mod shapes;
mod status_bar;
mod text;
mod theme;

use image::RgbImage;
use ocellus_board::panel::{Frame, Geometry};
use ocellus_model::{field::Field, laterality::Laterality};

use crate::encounter::View;
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

/// The newest photograph of each eye.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shots<'a> {
    /// Of the right eye.
    pub right: Option<Shot<'a>>,
    /// Of the left eye.
    pub left: Option<Shot<'a>>,
}

/// What the status bar says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Status<'a> {
    /// Clinic and device.
    pub place: &'a str,
    /// Whether camera or patient are not real.
    pub simulated: bool,
}

/// Draws screens. Keeps fonts and glyphs between pictures.
#[derive(Debug)]
pub struct Screens {
    geometry: Geometry,
    text: Typesetter,
}

impl Screens {
    /// For a panel.
    pub fn new(geometry: Geometry) -> Self {
        Screens { geometry, text: Typesetter::new() }
    }

    /// Draws a screen.
    pub fn draw(&mut self, view: &View, shots: Shots<'_>, status: Status<'_>) -> Frame {
        let mut frame = Frame::new(self.geometry.width, self.geometry.height);
        let mut page = Page { frame: &mut frame, text: &mut self.text, layout: Layout::new(self.geometry) };
        page.background();
        match view {
            View::Ready => ready::draw(&mut page),
            View::Aim { eye, tries_left } => aim::draw(&mut page, *eye, *tries_left, shots.of(*eye)),
            View::Judging { eye } => judging::draw(&mut page, *eye, shots.of(*eye)),
            View::Retake { eye, reasons, tries_left } => {
                retake::draw(&mut page, *eye, reasons, *tries_left, shots.of(*eye));
            }
            View::Result { right, left, patient } => result::draw(&mut page, [right, left], *patient, shots),
            View::Fault(fault) => fault::draw(&mut page, *fault),
        }
        status_bar::draw(&mut page, status, view);
        frame
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
}

#[cfg(test)]
mod tests {
    use ocellus_model::{label::Output, quality::Reason};

    use super::*;
    use crate::{
        decision::{Outcome, PatientDisposition},
        encounter::{EyeStatus, Fault, Reading, Unscreenable},
        judge::{Judging, Why},
    };

    const LARGER: Geometry = Geometry { width: 1024, height: 600, dpi: 169.5 };

    fn reading(outcome: Outcome, findings: &[Output]) -> EyeStatus {
        EyeStatus::Judged(Reading { outcome, reasons: vec![], findings: findings.to_vec() })
    }

    /// Every screen, with the longest words each can have.
    fn views() -> Vec<View> {
        let [right, left] = [Laterality::Od, Laterality::Os];
        let all = Output::ALL.to_vec();
        let why = Why::Photograph(Reason::MediaOpacitySuspected);
        let mut views = vec![
            View::Ready,
            View::Aim { eye: right, tries_left: 3 },
            View::Aim { eye: left, tries_left: 1 },
            View::Judging { eye: left },
            View::Fault(Fault::CameraLost),
            View::Fault(Fault::JudgingFailed),
            View::Fault(Fault::StoreFailed),
        ];
        for reason in Reason::ALL
            .map(Why::Photograph)
            .into_iter()
            .chain([Why::Judging(Judging::Unreadable), Why::Judging(Judging::NetworkFailed)])
        {
            views.push(View::Retake { eye: right, reasons: vec![reason], tries_left: 2 });
        }
        let eyes = [
            EyeStatus::Pending,
            reading(Outcome::Refer, &all),
            reading(Outcome::Refer, &[]),
            reading(Outcome::NoReferableSigns, &[]),
            EyeStatus::Ungradable { attempts: 3, reasons: vec![why] },
            EyeStatus::NotScreenable(Unscreenable::CannotBePositioned),
        ];
        for (right, left) in eyes.iter().flat_map(|right| eyes.iter().map(move |left| (right, left))) {
            for patient in
                [PatientDisposition::Refer, PatientDisposition::NoReferableSigns, PatientDisposition::Incomplete]
            {
                views.push(View::Result { right: right.clone(), left: left.clone(), patient });
            }
        }
        views
    }

    #[test]
    fn every_text_of_every_screen_has_room_on_both_panels() {
        for geometry in [Geometry::SEVEN_INCH, LARGER] {
            let mut screens = Screens::new(geometry);
            for view in views() {
                screens.draw(&view, Shots::default(), Status { place: "Clinic", simulated: true });
                let short = screens.text.take_overflows();
                assert!(short.is_empty(), "{view:?} on {geometry:?}: no room for {short:?}");
            }
        }
    }

    #[test]
    fn a_simulated_device_says_so_on_every_screen() {
        let mut screens = Screens::new(Geometry::SEVEN_INCH);
        for view in views() {
            let [real, simulated] = [false, true]
                .map(|simulated| screens.draw(&view, Shots::default(), Status { place: "Clinic", simulated }));
            let bar = 800 * 40 * 3;
            let [real, simulated] = [real, simulated].map(|frame| frame.pixels().as_raw().clone());
            let differ = real[..bar].iter().zip(&simulated[..bar]).filter(|(a, b)| a != b).count();
            assert!(differ > 1000, "{view:?}: {differ} values differ");
            assert_eq!(real[bar..], simulated[bar..], "{view:?}");
        }
    }

    #[test]
    fn outcomes_differ_without_colour_too() {
        let mut screens = Screens::new(Geometry::SEVEN_INCH);
        let eye = EyeStatus::Pending;
        let grey = [PatientDisposition::Refer, PatientDisposition::NoReferableSigns, PatientDisposition::Incomplete]
            .map(|patient| View::Result { right: eye.clone(), left: eye.clone(), patient })
            .map(|view| screens.draw(&view, Shots::default(), Status::default()))
            .map(|frame| image::imageops::grayscale(frame.pixels()));
        // The outcome's shape stands at the left of the main area's top.
        let shape = |number: usize| image::imageops::crop_imm(&grey[number], 24, 48, 80, 96).to_image();
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let differ = shape(a).iter().zip(shape(b).iter()).filter(|(a, b)| a.abs_diff(**b) > 40).count();
            assert!(differ > 400, "{a} and {b}: {differ} pixels differ");
        }
    }
}
