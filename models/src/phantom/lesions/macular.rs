//! Macular degeneration: drusen, geographic atrophy, neovascular membrane.

use super::{BLOOD, Spot, exudates};
use crate::phantom::{
    PracticeEye,
    anatomy::{Anatomy, blend},
    canvas::{Canvas, absorb, cover},
    dice::{Dice, Stream},
    geometry::{Point, bell, smoothstep},
};

/// Drusen: yellow deposits under the pigment epithelium, hard and small or soft and confluent.
pub(crate) fn drusen(canvas: &mut Canvas, eye: &PracticeEye, anatomy: &Anatomy) {
    let severity = eye.findings.drusen;
    if severity <= 0.0 {
        return;
    }
    let mut dice = Dice::of_eye(eye.seed, eye.eye, Stream::Drusen);
    let large = dice.between(0.4, 1.0) * (0.5 + 0.5 * severity);
    let spread = dice.between(0.13, 0.24);
    let colour = blend([0.95, 0.80, 0.46], anatomy.base, 0.12);
    for _ in 0..(25.0 + 190.0 * severity) as usize {
        let centre = Point::new(dice.bell() * spread * 1.15, dice.bell() * spread);
        if anatomy.disc_distance(centre) < 1.2 {
            continue;
        }
        let size = dice.unit();
        let spot = Spot {
            ragged: 0.3,
            soft: dice.between(0.5, 1.0),
            ..Spot::round(centre, 0.005 + 0.017 * large * size * size)
        };
        let strength = dice.between(0.25, 0.6);
        spot.paint(canvas, anatomy.texture, |pixel, share| cover(pixel, colour, share * strength));
    }
    // Clumps of pigment between them.
    for _ in 0..(6.0 * severity) as usize {
        let centre = Point::new(dice.bell() * 0.1, dice.bell() * 0.1);
        let spot = Spot { ragged: 0.9, soft: 0.7, ..Spot::round(centre, dice.between(0.006, 0.014)) };
        spot.paint(canvas, anatomy.texture, |pixel, share| absorb(pixel, [0.6, 0.7, 0.6], share * 0.8));
    }
}

/// Geographic atrophy: the pigment epithelium is gone within a sharp, scalloped border; choroidal vessels show.
pub(crate) fn geographic_atrophy(canvas: &mut Canvas, eye: &PracticeEye, anatomy: &Anatomy) {
    let severity = eye.findings.geographic_atrophy;
    if severity <= 0.0 {
        return;
    }
    let mut dice = Dice::of_eye(eye.seed, eye.eye, Stream::MacularDegeneration);
    let radius = 0.10 + 0.17 * severity;
    let texture = anatomy.texture.variant(70);
    let bare = blend([0.90, 0.72, 0.48], anatomy.base, 0.25);
    for lobe in 0..3 {
        let share = if lobe == 0 { 1.0 } else { dice.between(0.3, 0.6) };
        let centre = Point::new(dice.bell(), dice.bell()) * (if lobe == 0 { 0.02 } else { radius * 0.7 });
        let spot = Spot {
            along: dice.direction(),
            elongation: dice.between(1.0, 1.35),
            ragged: 0.45,
            soft: 0.10,
            ..Spot::round(centre, radius * share)
        };
        spot.paint(canvas, anatomy.texture, |pixel, share| cover(pixel, bare, share * 0.72));
    }
    // Choroidal vessels across the bare patch.
    canvas.near(Point::ORIGIN, radius * 1.1, |offset, pixel| {
        let ridge =
            texture.plane(offset.x * 13.0 + 2.0 * texture.plane(offset.x * 5.0, offset.y * 5.0), offset.y * 13.0);
        let vessel = smoothstep(0.10, 0.02, ridge.abs()) * bell(offset.length() * 1.4 / radius);
        absorb(pixel, [0.10, 0.40, 0.42], vessel);
    });
}

/// A neovascular membrane: a grey-yellow swelling under the macula with blood at its border and lipid around it.
pub(crate) fn neovascular(canvas: &mut Canvas, eye: &PracticeEye, anatomy: &Anatomy) {
    let severity = eye.findings.neovascular;
    if severity <= 0.0 {
        return;
    }
    let mut dice = Dice::of_eye(eye.seed, eye.eye, Stream::MacularDegeneration);
    let _ = dice.direction();
    let centre = Point::new(0.05 * dice.bell(), 0.05 * dice.bell());
    let radius = 0.09 + 0.13 * severity;
    let fluid = Spot { ragged: 0.3, soft: 0.8, ..Spot::round(centre, radius * 1.5) };
    fluid.paint(canvas, anatomy.texture, |pixel, share| cover(pixel, [0.62, 0.52, 0.34], share * 0.45));
    for _ in 0..(2.0 + 4.0 * severity) as usize {
        let at = centre + dice.direction() * (radius * dice.between(0.5, 1.15));
        let blood = Spot {
            along: dice.direction(),
            elongation: dice.between(1.1, 2.2),
            ragged: 0.6,
            soft: 0.4,
            ..Spot::round(at, radius * dice.between(0.25, 0.6))
        };
        let depth = dice.between(0.6, 1.3);
        blood.paint(canvas, anatomy.texture, |pixel, share| absorb(pixel, BLOOD, share * depth));
    }
    let membrane = Spot { ragged: 0.5, soft: 0.6, elongation: 1.3, ..Spot::round(centre, radius * 0.62) };
    membrane.paint(canvas, anatomy.texture, |pixel, share| cover(pixel, [0.86, 0.76, 0.48], share * 0.65));
    for _ in 0..(25.0 * severity) as usize {
        let at = centre + dice.direction() * (radius * dice.between(1.3, 1.9));
        exudates::speck(canvas, anatomy, &mut dice, at);
    }
}
