//! Finding the circular field of a fundus photograph.
//!
//! A fundus camera's aperture paints a circle. Files show the whole of it, or lose a part to the sensor's edge (cut top
//! and bottom, or on all four sides so that only the corners are black), and carry date stamps, notches and reflections
//! around it. Everything that follows (gate, preprocessing) is measured in this circle, so it has to be the same for the
//! same photograph at any resolution and with any border around it.
//!
//! The way:
//! 1. [`working`]: the picture is reduced to [`WORKING_SIDE`] by area averaging; the border's colour is taken from the
//!    corners; the *signal* is the distance from that colour (the largest channel where the border is black).
//! 2. [`circle`]: masks at several thresholds give edge points from outside in; a seeded RANSAC proposes circles; the
//!    one with the best support (light inside, border outside, all around) wins.
//! 3. [`edge`]: the edge is located to a fraction of a pixel on 720 rays as the place where the signal has fallen to
//!    half of what the *retina* has just inside, so that another black level outside does not move it, and the circle is
//!    fitted again with outliers weighed down (Tukey).
//! 4. Centre and radius are rounded to [`QUANTUM`] of the radius, so that noise in the border gives the very same field.
//!
//! Not here: whether the photograph is any good, or of a retina at all ([`quality`](crate::quality)).

mod circle;
mod edge;
#[cfg(test)]
mod tests;
mod working;

use ::image::RgbImage;
use serde::{Deserialize, Serialize};

use circle::Circle;
use working::{VisibleBox, Working};

/// Longer side of the reduced picture the field is searched in, in pixels; smaller pictures are searched as they are.
pub const WORKING_SIDE: u32 = 512;

/// Centre and radius are rounded to this fraction of the radius.
pub const QUANTUM: f64 = 0.0025;

/// Confidence given to the inscribed circle of a picture that the field fills to its corners: no edge was seen.
pub const CONFIDENCE_NO_EDGE: f64 = 0.2;

/// Confidence below which the circle was not fitted to an edge all around: squeezed pictures, or no edge at all.
pub const CONFIDENCE_LOW: f64 = 0.5;

/// The circle the camera's aperture paints, in pixels of the photograph, with the part of it that is visible.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Centre, x to the right from the left edge of the first pixel, in pixels.
    pub centre_x: f64,
    /// Centre, y down from the top edge of the first pixel, in pixels.
    pub centre_y: f64,
    /// Radius of the circle, in pixels.
    pub radius: f64,
    /// Radius of the largest concentric disc that is wholly visible (equal to `radius` when nothing is cut off).
    pub visible_radius: f64,
    /// How sure the fit is, 0..1: the part of the circle with a clear edge, lowered when the edge strays from a circle
    /// or little of it is in the picture. At most [`CONFIDENCE_LOW`] for a picture squeezed out of shape (the circle is
    /// then the largest inside its ellipse) and [`CONFIDENCE_NO_EDGE`] where no edge was seen and the circle is the
    /// frame's inscribed one.
    pub confidence: f64,
}

/// Why no field was found.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FieldError {
    /// Fewer pixels than a field can be found in.
    #[error("picture is {width}x{height} pixels, a field needs at least {least} on the shorter side")]
    TooSmall {
        /// Width found.
        width: u32,
        /// Height found.
        height: u32,
        /// Least shorter side.
        least: u32,
    },
    /// One colour everywhere: a covered lens, a lamp that did not fire, a blank page.
    #[error("picture is blank (no pixel differs from the border by more than {range} of 255): check lamp and lens cap")]
    Blank {
        /// Largest difference found, of 255.
        range: u8,
    },
    /// Something is in the picture, but no circle around it.
    #[error("no circular field: the best circle has an edge on {support:.0} % of its visible rim, and is none")]
    NoCircle {
        /// Part of the rim with an edge, in per cent.
        support: f64,
    },
}

/// Shorter side below which no field is looked for, in pixels.
const LEAST_SIDE: u32 = 32;
/// Least part of the countable rim that has to carry an edge.
const LEAST_SUPPORT: f64 = 0.35;
/// Least part of a rectangle that carries signal when there is no border inside it.
const LEAST_FILLED_RECTANGLE: f64 = 0.93;
/// Least part of its box that an ellipse fills, cut or not (π / 4, less what a dark edge takes away).
const LEAST_FILLED_ELLIPSE: f64 = 0.76;
/// Least part of a rim with an edge for a shape that is no circle to be taken for a squeezed field.
const LEAST_SUPPORT_SQUEEZED: f64 = 0.9;
/// Least part of what the box around all signal could show that a fitted field has to show.
const LEAST_VISIBLE: f64 = 0.5;
/// Least rim with an edge, in degrees.
const LEAST_ARC_DEG: f64 = 24.0;

/// Finds the field. Deterministic; the result does not depend on the file's resolution.
///
/// A picture without any border (a crop inside the field) gives the frame's inscribed circle with
/// [`CONFIDENCE_NO_EDGE`]: it can't be told from a picture of something else by its frame; the gate looks inside.
///
/// # Errors
/// When the picture is too small or blank, or something is in it that no circle bounds.
pub fn find_field(pixels: &RgbImage) -> Result<Field, FieldError> {
    let (width, height) = pixels.dimensions();
    if width.min(height) < LEAST_SIDE {
        return Err(FieldError::TooSmall { width, height, least: LEAST_SIDE });
    }
    let work = Working::new(pixels);
    if work.is_blank() {
        return Err(FieldError::Blank { range: work.range() });
    }
    let found = search(&work)?;
    Ok(found.rescaled(&work, f64::from(width.max(height))))
}

/// A field in pixels of the working picture, not yet rounded.
struct Found {
    circle: Circle,
    visible: f64,
    confidence: f64,
}

impl Found {
    /// The inscribed circle of a box.
    fn inscribed_in(area: &VisibleBox, confidence: f64) -> Self {
        let r = 0.5 * (area.right - area.left).min(area.bottom - area.top);
        let circle = Circle { x: 0.5 * (area.left + area.right), y: 0.5 * (area.top + area.bottom), r };
        Found { circle, visible: r, confidence }
    }

    /// Back to pixels of the photograph, rounded to [`QUANTUM`].
    fn rescaled(&self, work: &Working, longer_side: f64) -> Field {
        // Rounding happens in units of the longer side, so that all resolutions round alike.
        let side = f64::from(work.width().max(work.height()));
        let unit = |v: f64| v / side;
        let radius = libm::exp((libm::log(unit(self.circle.r)) / QUANTUM).round() * QUANTUM);
        let step = radius * QUANTUM;
        let round = |v: f64| (unit(v) / step).round() * step;
        let (x, y) = (round(self.circle.x), round(self.circle.y));
        let mut visible = radius;
        // The frame's edges are exact; everything else that cuts the field is rounded like the radius, downwards.
        let (w, h) = (unit(f64::from(work.width())), unit(f64::from(work.height())));
        for edge in [x, y, w - x, h - y] {
            visible = visible.min(edge);
        }
        let seen = unit(self.visible);
        if seen < radius - 2.0 * step && seen < visible {
            visible = (seen / step).floor() * step;
        }
        Field {
            centre_x: x * longer_side,
            centre_y: y * longer_side,
            radius: radius * longer_side,
            visible_radius: visible * longer_side,
            confidence: (self.confidence * 1000.0).round() / 1000.0,
        }
    }
}

fn search(work: &Working) -> Result<Found, FieldError> {
    let (w, h) = (f64::from(work.width()), f64::from(work.height()));
    let best = circle::propose(work);
    let Some((rough, support)) = best else {
        return inscribed(work, 0.0);
    };
    if support.part() < LEAST_SUPPORT || support.arc_deg() < LEAST_ARC_DEG {
        return inscribed(work, support.part());
    }
    let fit = edge::refine(work, rough);
    let circle = fit.circle;
    // A circle whose centre lies outside the picture, or that leaves no disc worth judging, is no field of ours.
    let frame = circle.x.min(circle.y).min(w - circle.x).min(h - circle.y);
    if frame < 0.15 * circle.r {
        return inscribed(work, support.part());
    }
    let bars = edge::bars(work, circle);
    let visible = circle.r.min(frame).min(bars);
    // A squeezed field has arcs of circles far larger than itself on its flat sides, with the centre far off.
    // No box is larger than the picture, so that mostly none has to be looked for.
    if visible < LEAST_VISIBLE * 0.5 * w.min(h) {
        let whole = Found::inscribed_in(&work.visible_box(), CONFIDENCE_LOW);
        if visible < LEAST_VISIBLE * whole.visible {
            return Ok(whole);
        }
    }
    let rim = circle::support(work, circle);
    let off = fit.residual / (0.012 * circle.r);
    let shape = libm::exp(-0.5 * off * off);
    let arc = (rim.arc_deg() / 70.0).min(1.0);
    let mut confidence = rim.part() * shape * arc;
    if fit.squeezed {
        confidence = confidence.min(CONFIDENCE_LOW);
    }
    Ok(Found { circle, visible, confidence: confidence.clamp(0.05, 1.0) })
}

/// The inscribed circle of what is visible, when that is a rectangle filled to its corners, or a field squeezed out of
/// shape with two sides cut off: an ellipse between a rectangle and its own box.
fn inscribed(work: &Working, support: f64) -> Result<Found, FieldError> {
    let area = work.visible_box();
    let confidence = if area.filled >= LEAST_FILLED_RECTANGLE {
        CONFIDENCE_NO_EDGE
    } else if support >= LEAST_SUPPORT_SQUEEZED && area.filled >= LEAST_FILLED_ELLIPSE {
        CONFIDENCE_LOW
    } else {
        return Err(FieldError::NoCircle { support: support * 100.0 });
    };
    Ok(Found::inscribed_in(&area, confidence))
}
