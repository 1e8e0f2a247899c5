//! Anomalies outside the six conditions: myelinated nerve fibres, laser scars.

use super::Spot;
use crate::phantom::{
    PracticeEye,
    anatomy::Anatomy,
    canvas::{Canvas, absorb, cover},
    dice::{Dice, Stream},
    geometry::{Point, smoothstep},
};

/// Myelinated fibres: a white, feathered patch that leaves the disc along the nerve fibres and hides the vessels.
pub(crate) fn myelinated_fibres(canvas: &mut Canvas, eye: &PracticeEye, anatomy: &Anatomy) {
    let severity = eye.findings.myelinated_fibres;
    if severity <= 0.0 {
        return;
    }
    let mut dice = Dice::of_eye(eye.seed, eye.eye, Stream::Other);
    let side = if dice.chance(0.5) { 1.0 } else { -1.0 };
    let middle = Point::new(-0.35, side).turned(0.3 * dice.bell()).unit();
    let spread = 0.35 + 0.35 * severity;
    let length = 0.16 + 0.26 * severity;
    let texture = anatomy.texture.variant(80);
    canvas.near(anatomy.disc, anatomy.disc_half_height + length * 1.3, |offset, pixel| {
        let around = offset.unit();
        let aside = 1.0 - around.dot(middle);
        let fan = smoothstep(spread, spread * 0.25, aside);
        let distance = anatomy.disc_distance(anatomy.disc + offset) - 0.92;
        // Feathered ends: every bundle of fibres has its own length.
        let feather = texture.space(around.x * 30.0, around.y * 30.0, offset.length() * 1.5);
        let reach = length / anatomy.disc_half_height * (0.75 + 0.7 * feather) * (0.4 + 0.6 * fan);
        let share = fan * smoothstep(-0.06, 0.08, distance) * smoothstep(reach, reach * 0.55, distance);
        cover(pixel, [0.96, 0.92, 0.80], share * (0.72 + 0.3 * feather).clamp(0.0, 0.92));
    });
}

/// Laser scars: round burns outside the arcades, pale with a dark core or rim.
pub(crate) fn laser_scars(canvas: &mut Canvas, eye: &PracticeEye, anatomy: &Anatomy) {
    let severity = eye.findings.laser_scars;
    if severity <= 0.0 {
        return;
    }
    let mut dice = Dice::of_eye(eye.seed, eye.eye, Stream::Other);
    let _ = dice.direction();
    let spacing = 0.10 - 0.035 * severity;
    let rows = (3.0 / spacing) as i32;
    for row in -rows..=rows {
        for column in -rows..=rows {
            let at = Point::new(column as f32 + 0.5 * (row & 1) as f32, row as f32) * spacing
                + Point::new(dice.bell(), dice.bell()) * (spacing * 0.22);
            let (size, pigment, present) = (dice.between(0.014, 0.028), dice.unit(), dice.chance(0.85));
            let from_pole = (at - Point::new(0.3, 0.0)).length();
            if !present || from_pole < 0.78 || from_pole > 1.5 {
                continue;
            }
            let pale = Spot { ragged: 0.3, soft: 0.35, ..Spot::round(at, size) };
            pale.paint(canvas, anatomy.texture, |pixel, share| cover(pixel, [0.84, 0.70, 0.46], share * 0.6));
            let core = Spot { ragged: 0.6, soft: 0.6, ..Spot::round(at, size * (0.25 + 0.4 * pigment)) };
            core.paint(canvas, anatomy.texture, |pixel, share| absorb(pixel, [1.2, 1.3, 1.1], share * pigment));
        }
    }
}
