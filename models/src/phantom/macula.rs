//! The macula: dark pigment around the fovea, and the fovea's light reflex.

use super::{
    anatomy::Anatomy,
    canvas::{Canvas, absorb, cover},
    geometry::{Point, bell, smoothstep},
};

/// Paints the macula.
pub(super) fn paint(canvas: &mut Canvas, anatomy: &Anatomy) {
    let radius = anatomy.macula_radius;
    let texture = anatomy.texture;
    canvas.near(Point::ORIGIN, radius * 4.0, |offset, pixel| {
        let wobble = 1.0 + 0.18 * texture.variant(50).plane(offset.x * 4.0, offset.y * 4.0);
        let wide = bell(offset.length() * 1.25 * wobble / radius);
        let narrow = bell(offset.length() * 3.0 * wobble / radius);
        absorb(pixel, [0.36, 0.52, 0.50], anatomy.macula_depth * (0.85 * wide + 0.75 * narrow));
    });
    let reflex = anatomy.foveal_reflex;
    let size = (0.009_f32).max(0.8 * canvas.view.pixel());
    canvas.near(Point::ORIGIN, size * 6.0, |offset, pixel| {
        let ring = (offset.length() - size * 1.6).abs();
        let light = smoothstep(size, 0.0, ring) * (0.4 + 0.6 * smoothstep(-size, size, offset.y));
        cover(pixel, [0.92, 0.72, 0.55], 0.28 * reflex * light);
    });
}
