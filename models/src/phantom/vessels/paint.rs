//! Painting of the vessels: columns of blood that filter the light, arteries with a central reflex.

use super::{Kind, Segment, Vessels};
use crate::phantom::{
    anatomy::Colour,
    canvas::{Canvas, absorb, cover},
    geometry::bell,
};

/// Absorption of red, green and blue by a full-width vein.
const VENOUS: Colour = [0.52, 0.86, 0.62];
/// Absorption by a full-width artery.
const ARTERIAL: Colour = [0.20, 0.66, 0.58];
/// Light thrown back by the middle of an artery.
const REFLEX: Colour = [0.90, 0.58, 0.40];

/// Density and reflex of one kind of vessel per pixel.
struct Layer {
    density: Vec<f32>,
    reflex: Vec<f32>,
}

/// Paints all vessels, arteries over veins.
pub(crate) fn paint(canvas: &mut Canvas, vessels: &Vessels) {
    for kind in [Kind::Vein, Kind::Artery] {
        let mut layer =
            Layer { density: vec![0.0; canvas.width * canvas.height], reflex: vec![0.0; canvas.width * canvas.height] };
        for segment in vessels.segments.iter().filter(|s| s.kind == kind) {
            trace(canvas, segment, &mut layer);
        }
        let absorption = match kind {
            Kind::Vein => VENOUS,
            Kind::Artery => ARTERIAL,
        };
        for ((pixel, density), reflex) in canvas.pixels.iter_mut().zip(&layer.density).zip(&layer.reflex) {
            if *density > 0.0 {
                absorb(pixel, absorption, *density);
                cover(pixel, REFLEX, *reflex);
            }
        }
    }
}

/// Adds one segment to a layer. Overlaps of a vessel with itself take the larger value, so joints don't show.
fn trace(canvas: &Canvas, segment: &Segment, layer: &mut Layer) {
    let view = canvas.view;
    let (from, to) = (view.to_pixels(segment.from), view.to_pixels(segment.to));
    let (from_radius, to_radius) = (view.pixels(segment.from_radius), view.pixels(segment.to_radius));
    let axis = to - from;
    let squared = axis.dot(axis).max(1e-9);
    let reach = from_radius.max(to_radius) + 1.0;
    let middle = (from + to) * 0.5;
    let [left, right, top, bottom] = canvas.touched(middle, squared.sqrt() * 0.5 + reach);
    // Thin vessels hold less blood in the line of sight.
    let full = (0.52 + 50.0 * (segment.from_radius + segment.to_radius) * 0.5).min(1.12);
    let shine = match segment.kind {
        Kind::Artery => 0.30,
        Kind::Vein => 0.08,
    };
    for row in top..bottom {
        for column in left..right {
            let offset = Canvas::middle(column, row) - from;
            let t = (offset.dot(axis) / squared).clamp(0.0, 1.0);
            let distance = (offset - axis * t).length();
            let radius = from_radius + (to_radius - from_radius) * t;
            // Below a pixel's width the line keeps its width and pales instead.
            let drawn = radius.max(0.6);
            let cover = (drawn + 0.5 - distance).clamp(0.0, 1.0) * (radius / drawn);
            if cover <= 0.0 {
                continue;
            }
            let across = distance / drawn;
            let column_of_blood = 0.55 + 0.45 * (1.0 - across * across).max(0.0).sqrt();
            let density = cover * full * column_of_blood;
            let index = row * canvas.width + column;
            if density > layer.density[index] {
                layer.density[index] = density;
            }
            if radius > 1.1 {
                let light = shine * bell(across * 3.2) * (radius - 1.1).min(1.0);
                layer.reflex[index] = layer.reflex[index].max(light);
            }
        }
    }
}
