//! Hard exudates (lipid left behind by leaking vessels) and macular oedema.

use super::{Spot, count, somewhere};
use crate::phantom::{
    PracticeEye,
    anatomy::{Anatomy, Colour},
    canvas::{Canvas, cover},
    dice::{Dice, Stream},
    geometry::{Point, bell},
};

const LIPID: Colour = [0.97, 0.86, 0.46];

/// Clusters of exudates anywhere on the posterior pole.
pub(crate) fn scattered(canvas: &mut Canvas, eye: &PracticeEye, anatomy: &Anatomy) {
    let severity = eye.findings.exudates;
    if severity <= 0.0 {
        return;
    }
    let mut dice = Dice::of_eye(eye.seed, eye.eye, Stream::Exudates);
    for _ in 0..count(&mut dice, severity, 2.0, 8.0) {
        let centre = somewhere(&mut dice, anatomy, 0.22, 0.8);
        let spread = dice.between(0.03, 0.09);
        for _ in 0..(4 + dice.index(16)) {
            let at = centre + Point::new(dice.bell(), dice.bell()) * spread;
            speck(canvas, anatomy, &mut dice, at);
        }
    }
}

/// Macular oedema: rings of exudates (*circinate*) about leaking points near the fovea, and a veiled, swollen fovea.
pub(crate) fn macular_oedema(canvas: &mut Canvas, eye: &PracticeEye, anatomy: &Anatomy) {
    let severity = eye.findings.macular_oedema;
    if severity <= 0.0 {
        return;
    }
    let mut dice = Dice::of_eye(eye.seed, eye.eye, Stream::Exudates);
    let _ = dice.direction();
    let swollen = Point::new(0.05 * dice.bell(), 0.05 * dice.bell());
    let pale = [anatomy.base[0] * 1.08, anatomy.base[1] * 1.12, anatomy.base[2] * 1.12];
    canvas.near(swollen, 0.5, |offset, pixel| {
        cover(pixel, pale, (0.25 + 0.45 * severity) * bell(offset.length() / 0.13));
    });
    for _ in 0..(1 + dice.index(1 + (2.5 * severity) as usize)) {
        let centre = dice.direction() * dice.between(0.02, 0.16);
        let radius = dice.between(0.07, 0.15);
        // Part of a ring: a third to nearly all of it.
        let (start, extent) = (dice.between(0.0, core::f32::consts::TAU), dice.between(2.2, 5.6));
        for _ in 0..(14.0 + 46.0 * severity) as usize {
            let ray = Point::new(1.0, 0.0).turned(start + extent * dice.unit());
            let at = centre + ray * (radius * (1.0 + 0.13 * dice.bell()));
            speck(canvas, anatomy, &mut dice, at);
        }
    }
    // Radial streaks of a macular star.
    if severity > 0.5 {
        for _ in 0..(30.0 * severity) as usize {
            let at = dice.direction() * dice.between(0.03, 0.12);
            speck(canvas, anatomy, &mut dice, at);
        }
    }
}

/// One fleck of lipid: small, yellow, with a crisp edge.
pub(super) fn speck(canvas: &mut Canvas, anatomy: &Anatomy, dice: &mut Dice, at: Point) {
    let size = dice.unit();
    let spot = Spot {
        along: dice.direction(),
        elongation: dice.between(1.0, 2.2),
        ragged: 0.6,
        soft: 0.4,
        ..Spot::round(at, 0.0035 + 0.0095 * size * size)
    };
    let strength = dice.between(0.5, 0.9);
    spot.paint(canvas, anatomy.texture, |pixel, share| cover(pixel, LIPID, share * strength));
}
