//! Shapes as paths: an outcome is told by its shape even without colour; and squares of a code.
//!
//! The shapes are those of the panel (`screens/icons.rs`), in colours for white paper.

use krilla::{
    color::rgb,
    geom::{Path, PathBuilder, Rect},
    num::NormalizedF32,
    paint::{Fill, FillRule, LineCap, LineJoin, Stroke},
    surface::Surface,
};

use super::{code::Code, sheet::Area};
use crate::decision::Outcome;

/// A colour of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ink(u8, u8, u8);

/// Words.
pub(super) const BLACK: Ink = Ink(0, 0, 0);
/// Words on black.
pub(super) const WHITE: Ink = Ink(255, 255, 255);
/// Labels; 8:1 on white.
pub(super) const QUIET: Ink = Ink(0x4d, 0x4d, 0x4d);
/// Lines.
pub(super) const LINE: Ink = Ink(0x9a, 0x9a, 0x9a);
/// Hatching.
const HATCH: Ink = Ink(0xb8, 0xb8, 0xb8);

/// The colour of an outcome: vermillion and blue of the palette of Okabe and Ito, which colour-blind people tell apart.
pub(super) fn colour(outcome: Outcome) -> Ink {
    match outcome {
        Outcome::Refer => Ink(0xd5, 0x5e, 0x00),
        Outcome::NoReferableSigns => Ink(0x00, 0x72, 0xb2),
        Outcome::NoResult => Ink(0x5a, 0x5a, 0x5a),
    }
}

impl Ink {
    /// As a fill.
    pub(super) fn fill(self) -> Fill {
        Fill {
            paint: rgb::Color::new(self.0, self.1, self.2).into(),
            opacity: NormalizedF32::ONE,
            rule: FillRule::NonZero,
        }
    }

    /// As a stroke of some width.
    pub(super) fn stroke(self, width: f32) -> Stroke {
        Stroke {
            paint: rgb::Color::new(self.0, self.1, self.2).into(),
            width,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        }
    }
}

/// Draws the shape of an outcome in a square.
pub(super) fn outcome(surface: &mut Surface<'_>, outcome: Outcome, area: Area) {
    let pen = Pen { centre: (area.left + area.width / 2.0, area.top + area.height / 2.0), size: area.width };
    let ink = colour(outcome);
    match outcome {
        Outcome::Refer => {
            pen.fill(surface, pen.line(&[(0.0, -0.44), (0.5, 0.42), (-0.5, 0.42)], true), ink);
            pen.stroke(surface, pen.line(&[(0.0, -0.12), (0.0, 0.14)], false), 0.09, WHITE);
            pen.fill(surface, pen.circle((0.0, 0.29), 0.055), WHITE);
        }
        Outcome::NoReferableSigns => {
            pen.stroke(surface, pen.circle((0.0, 0.0), 0.44), 0.08, ink);
            pen.stroke(surface, pen.line(&[(-0.2, 0.02), (-0.05, 0.18), (0.22, -0.16)], false), 0.09, ink);
        }
        Outcome::NoResult => {
            for step in [-0.6_f32, -0.3, 0.0, 0.3, 0.6] {
                let (low, high) = ((-0.44_f32).max(step - 0.44), 0.44_f32.min(step + 0.44));
                pen.stroke(surface, pen.line(&[(low, low - step), (high, high - step)], false), 0.03, HATCH);
            }
            let corners = [(-0.44, -0.44), (0.44, -0.44), (0.44, 0.44), (-0.44, 0.44)];
            pen.stroke(surface, pen.line(&corners, true), 0.06, ink);
            // White around the mark keeps the hatching off it.
            for (wider, ink) in [(0.1, WHITE), (0.0, BLACK)] {
                pen.stroke(surface, pen.question(), 0.085 + wider, ink);
                pen.fill(surface, pen.circle((0.0, 0.27), 0.055 + wider / 2.0), ink);
            }
        }
    }
}

/// A frame inside an area's edge.
pub(super) fn frame(surface: &mut Surface<'_>, area: Area, width: f32, ink: Ink) {
    let inset = width / 2.0;
    let inner =
        Area { left: area.left + inset, top: area.top + inset, width: area.width - width, height: area.height - width };
    draw(surface, rectangle(inner), None, Some(ink.stroke(width)));
}

/// A filled area.
pub(super) fn block(surface: &mut Surface<'_>, area: Area, ink: Ink) {
    draw(surface, rectangle(area), Some(ink.fill()), None);
}

/// The disc in a square.
pub(super) fn disc(area: Area) -> Option<Path> {
    let pen = Pen { centre: (area.left + area.width / 2.0, area.top + area.height / 2.0), size: area.width };
    pen.circle((0.0, 0.0), 0.5)
}

/// A rectangle.
pub(super) fn rectangle(area: Area) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(area.left, area.top, area.width, area.height)?);
    path.finish()
}

/// Draws a code in a square, one path for all.
pub(super) fn code(code: &Code, surface: &mut Surface<'_>, area: Area) {
    let module = area.width / code.side() as f32;
    let mut path = PathBuilder::new();
    for (row, first, count) in code.runs() {
        let (left, top) = (area.left + first as f32 * module, area.top + row as f32 * module);
        if let Some(rect) = Rect::from_xywh(left, top, count as f32 * module, module) {
            path.push_rect(rect);
        }
    }
    draw(surface, path.finish(), Some(BLACK.fill()), None);
}

/// Draws in parts of a square's size around its centre.
struct Pen {
    centre: (f32, f32),
    size: f32,
}

impl Pen {
    fn at(&self, (x, y): (f32, f32)) -> (f32, f32) {
        (self.centre.0 + x * self.size, self.centre.1 + y * self.size)
    }

    fn line(&self, points: &[(f32, f32)], closed: bool) -> Option<Path> {
        let mut path = PathBuilder::new();
        for (number, &point) in points.iter().enumerate() {
            let (x, y) = self.at(point);
            if number == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
        }
        if closed {
            path.close();
        }
        path.finish()
    }

    fn circle(&self, (x, y): (f32, f32), radius: f32) -> Option<Path> {
        /// How far the handles of a quarter of a circle reach, of its radius.
        const HANDLE: f32 = 0.552_284_8;
        let handle = radius * HANDLE;
        let mut path = PathBuilder::new();
        let (left, top) = self.at((x + radius, y));
        path.move_to(left, top);
        for [a, b, c] in [
            [(radius, handle), (handle, radius), (0.0, radius)],
            [(-handle, radius), (-radius, handle), (-radius, 0.0)],
            [(-radius, -handle), (-handle, -radius), (0.0, -radius)],
            [(handle, -radius), (radius, -handle), (radius, 0.0)],
        ] {
            self.curve(&mut path, [a, b, c].map(|(dx, dy)| (x + dx, y + dy)));
        }
        path.close();
        path.finish()
    }

    /// A question mark without its dot.
    fn question(&self) -> Option<Path> {
        let mut path = PathBuilder::new();
        let (x, y) = self.at((-0.14, -0.12));
        path.move_to(x, y);
        self.curve(&mut path, [(-0.14, -0.33), (0.15, -0.33), (0.15, -0.12)]);
        self.curve(&mut path, [(0.15, 0.02), (0.0, 0.0), (0.0, 0.12)]);
        path.finish()
    }

    fn curve(&self, path: &mut PathBuilder, [a, b, c]: [(f32, f32); 3]) {
        let ((ax, ay), (bx, by), (x, y)) = (self.at(a), self.at(b), self.at(c));
        path.cubic_to(ax, ay, bx, by, x, y);
    }

    fn fill(&self, surface: &mut Surface<'_>, path: Option<Path>, ink: Ink) {
        draw(surface, path, Some(ink.fill()), None);
    }

    fn stroke(&self, surface: &mut Surface<'_>, path: Option<Path>, width: f32, ink: Ink) {
        draw(surface, path, None, Some(ink.stroke(width * self.size)));
    }
}

fn draw(surface: &mut Surface<'_>, path: Option<Path>, fill: Option<Fill>, stroke: Option<Stroke>) {
    let Some(path) = path else { return };
    surface.set_fill(fill);
    surface.set_stroke(stroke);
    surface.draw_path(&path);
}
