//! Shapes that carry meaning: an outcome is told by its shape even without colour.

use embedded_graphics::{pixelcolor::Rgb888, prelude::Point};
use ocellus_board::panel::Frame;
use ocellus_model::laterality::Laterality;

use super::{shapes, theme};
use crate::decision::Outcome;

/// The shape of an outcome around `centre`, about `size` pixels across.
pub(super) fn outcome(frame: &mut Frame, outcome: Outcome, centre: Point, size: u32) {
    match outcome {
        Outcome::Refer => warning_triangle(frame, centre, size, theme::REFER),
        Outcome::NoReferableSigns => ticked_circle(frame, centre, size),
        Outcome::NoResult => question_square(frame, centre, size),
    }
}

/// The colour of an outcome.
pub(super) fn colour(outcome: Outcome) -> Rgb888 {
    match outcome {
        Outcome::Refer => theme::REFER,
        Outcome::NoReferableSigns => theme::NO_SIGNS,
        Outcome::NoResult => theme::NO_RESULT,
    }
}

/// A filled triangle with an exclamation mark.
pub(super) fn warning_triangle(frame: &mut Frame, centre: Point, size: u32, colour: Rgb888) {
    let at = |x: f32, y: f32| place(centre, size, x, y);
    shapes::triangle(frame, [at(0.0, -0.5), at(0.56, 0.46), at(-0.56, 0.46)], colour);
    shapes::polyline(frame, &[at(0.0, -0.16), at(0.0, 0.14)], scaled(size, 0.1), theme::BACKGROUND);
    shapes::disc(frame, at(0.0, 0.31), scaled(size, 0.06), theme::BACKGROUND);
}

/// A circle with a tick in it, open like a ring.
fn ticked_circle(frame: &mut Frame, centre: Point, size: u32) {
    let at = |x: f32, y: f32| place(centre, size, x, y);
    shapes::ring(frame, centre, scaled(size, 0.44), scaled(size, 0.09), theme::NO_SIGNS);
    shapes::polyline(frame, &[at(-0.2, 0.02), at(-0.05, 0.18), at(0.22, -0.16)], scaled(size, 0.1), theme::NO_SIGNS);
}

/// A hatched square with a question mark.
fn question_square(frame: &mut Frame, centre: Point, size: u32) {
    let at = |x: f32, y: f32| place(centre, size, x, y);
    let thin = scaled(size, 0.04).max(1);
    for step in [-0.6_f32, -0.3, 0.0, 0.3, 0.6] {
        let (low, high) = ((-0.45_f32).max(step - 0.45), 0.45_f32.min(step + 0.45));
        shapes::polyline(frame, &[at(low, low - step), at(high, high - step)], thin, theme::OUTLINE);
    }
    let edge = scaled(size, 0.07);
    let corners = [at(-0.45, -0.45), at(0.45, -0.45), at(0.45, 0.45), at(-0.45, 0.45), at(-0.45, -0.45)];
    shapes::polyline(frame, &corners, edge, theme::NO_RESULT);
    let radius = scaled(size, 0.14);
    let width = scaled(size, 0.09);
    shapes::arc(frame, at(0.0, -0.12), radius, width, (-180.0, 230.0), theme::TEXT);
    shapes::polyline(frame, &[at(0.06, -0.0), at(0.0, 0.1)], width, theme::TEXT);
    shapes::disc(frame, at(0.0, 0.27), scaled(size, 0.06), theme::TEXT);
}

/// A face as the operator sees it, with the eye to be done lit: the patient's right eye is on the left.
pub(super) fn face(frame: &mut Frame, eye: Laterality, centre: Point, size: u32) {
    let at = |x: f32, y: f32| place(centre, size, x, y);
    let line = scaled(size, 0.025).max(2);
    shapes::ring(frame, centre, scaled(size, 0.46), line, theme::OUTLINE);
    shapes::polyline(frame, &[at(0.0, -0.02), at(-0.05, 0.14), at(0.03, 0.15)], line, theme::OUTLINE);
    shapes::polyline(frame, &[at(-0.13, 0.28), at(0.0, 0.31), at(0.13, 0.28)], line, theme::OUTLINE);
    for (which, x) in [(Laterality::Od, -0.2), (Laterality::Os, 0.2)] {
        let at = at(x, -0.08);
        if which == eye {
            shapes::disc(frame, at, scaled(size, 0.13), theme::TEXT);
            shapes::disc(frame, at, scaled(size, 0.07), theme::BACKGROUND);
        } else {
            shapes::ring(frame, at, scaled(size, 0.1), line, theme::OUTLINE);
        }
    }
}

/// A place given in parts of the size.
fn place(centre: Point, size: u32, x: f32, y: f32) -> Point {
    let to = |part: f32| (part * size as f32).round() as i32;
    centre + Point::new(to(x), to(y))
}

fn scaled(size: u32, part: f32) -> u32 {
    ((size as f32 * part).round() as u32).max(1)
}
