//! The optic disc: rim, cup, margin, peripapillary atrophy; and the nerve-fibre defect of glaucoma.
//!
//! The *cup* is the pale hollow in the disc, the *rim* the pink ring of nerve fibres around it. Glaucoma widens the
//! cup, mostly towards above or below (a *notch*), pales the rim, and leaves a dark wedge where fibres are gone.

use super::{
    anatomy::{Anatomy, Colour, blend},
    canvas::{Canvas, absorb, cover},
    geometry::{Point, smoothstep},
};

const RIM: Colour = [0.86, 0.53, 0.33];
const PALE_RIM: Colour = [0.88, 0.68, 0.47];
const CUP: Colour = [0.97, 0.87, 0.62];
const SCLERA: Colour = [0.90, 0.76, 0.54];

/// Paints the disc; vessels come later, on top.
pub(super) fn paint(canvas: &mut Canvas, anatomy: &Anatomy, swelling: f32) {
    fibre_defect(canvas, anatomy);
    let texture = anatomy.texture;
    let size = (anatomy.disc_half_width + anatomy.disc_half_height) * 0.5;
    let edge = (0.055 + 0.30 * swelling).max(1.2 * canvas.view.pixel() / size);
    let rim = blend(blend(RIM, PALE_RIM, anatomy.pallor), [0.86, 0.48, 0.30], swelling);
    canvas.near(anatomy.disc, size * 2.4, |offset, pixel| {
        let at = anatomy.disc + offset;
        let around = offset.unit();
        let wobble = texture.variant(40).plane(around.x * 1.3 + 5.0, around.y * 1.3);
        let distance = anatomy.disc_distance(at) * (1.0 + 0.05 * wobble);
        atrophy(pixel, anatomy, distance, around, offset);
        // The nasal margin is softer: more fibres cross it.
        let soft = edge * (1.0 + 0.7 * smoothstep(-0.2, 1.0, around.x));
        let inside = smoothstep(1.0 + soft, 1.0 - soft, distance);
        if inside <= 0.0 {
            return;
        }
        // The rim is thinnest and palest on the temporal side.
        let temporal = smoothstep(-0.1, 1.0, -around.x);
        let mut colour = blend(rim, PALE_RIM, 0.45 * temporal);
        let mottle = 1.0 + 0.06 * texture.variant(41).plane(at.x * 38.0, at.y * 38.0);
        colour = colour.map(|value| value * mottle);
        let cup = cup_distance(anatomy, offset);
        let hollow = smoothstep(1.18, 0.72, cup) * (1.0 - 0.8 * swelling);
        // Pores of the lamina cribrosa, grey dots on the floor of a large cup.
        let pores = smoothstep(0.15, 0.5, texture.variant(42).plane(at.x * 85.0, at.y * 85.0));
        let floor = CUP.map(|value| value * (1.0 - 0.10 * pores * smoothstep(0.8, 0.3, cup)));
        colour = blend(colour, floor, hollow);
        cover(pixel, colour, inside * 0.96);
    });
}

/// Distance from the cup's centre in units of the cup's margin.
fn cup_distance(anatomy: &Anatomy, offset: Point) -> f32 {
    let (width, height) = (anatomy.disc_half_width * anatomy.cup, anatomy.disc_half_height * anatomy.cup);
    let room = 1.0 - anatomy.cup;
    let centre = Point::new(-0.35 * room * anatomy.disc_half_width, 0.0);
    let mut from = Point::new((offset.x - centre.x) / width, (offset.y - centre.y) / height);
    // The notch stretches the cup's half that points to it until it meets the margin.
    if from.y * anatomy.notch_side > 0.0 {
        let stretch = 1.0 + anatomy.notch * (1.0 / anatomy.cup - 1.0);
        from.y /= stretch;
    }
    from.length()
}

/// A crescent on the temporal side where the pigment has gone: pale by the margin, a dark line around it.
fn atrophy(pixel: &mut Colour, anatomy: &Anatomy, distance: f32, around: Point, offset: Point) {
    if anatomy.atrophy <= 0.02 {
        return;
    }
    let toward = smoothstep(-0.5, 0.9, -around.x);
    let width = anatomy.atrophy * (0.15 + 0.85 * toward);
    let ragged = 0.04 * anatomy.texture.variant(43).plane(offset.x * 60.0, offset.y * 60.0);
    let outer = 1.0 + width + ragged;
    let inside = smoothstep(outer + 0.06, outer - 0.03, distance);
    cover(pixel, blend(SCLERA, anatomy.choroid, 0.45), inside * (0.25 + 0.45 * toward));
    let line = smoothstep(0.10, 0.0, (distance - outer - 0.03).abs());
    absorb(pixel, [0.35, 0.45, 0.4], line * 0.8 * width.min(0.3) / 0.3);
}

/// A wedge without nerve fibres, from the notch along the arcade: darker and less shiny.
fn fibre_defect(canvas: &mut Canvas, anatomy: &Anatomy) {
    if anatomy.notch <= 0.0 {
        return;
    }
    let strength = 0.45 * anatomy.notch;
    let side = anatomy.notch_side;
    canvas.everywhere(|_, _, at, pixel| {
        let from = at - anatomy.disc;
        if from.y * side <= 0.0 || from.x > 0.05 {
            return;
        }
        // Along an arc about the fovea: the bundle's own coordinate is how far the arc lies from the fovea.
        let arc = at.length() - anatomy.disc.length() * 0.62 - 0.10 * smoothstep(0.3, -0.4, at.x);
        let spread = 0.06 + 0.05 * smoothstep(0.0, 0.9, from.length());
        let within = smoothstep(spread, spread * 0.4, arc.abs());
        let near = smoothstep(0.10, 0.22, from.length()) * smoothstep(1.15, 0.6, from.length());
        absorb(pixel, [0.30, 0.42, 0.36], strength * within * near);
    });
}
