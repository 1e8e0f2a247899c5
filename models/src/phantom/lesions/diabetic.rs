//! Diabetic retinopathy: microaneurysms, haemorrhages, cotton-wool spots, new vessels. Exudates have their own file.

use super::{BLOOD, Spot, count, somewhere};
use crate::phantom::{
    PracticeEye,
    anatomy::Anatomy,
    canvas::{Canvas, absorb, cover},
    dice::{Dice, Stream},
    geometry::Point,
};

/// Microaneurysms: round red dots of 15 to 60 µm (a disc is 1.5 mm wide).
pub(crate) fn microaneurysms(canvas: &mut Canvas, eye: &PracticeEye, anatomy: &Anatomy) {
    let severity = eye.findings.microaneurysms;
    if severity <= 0.0 {
        return;
    }
    let mut dice = Dice::of_eye(eye.seed, eye.eye, Stream::Haemorrhages);
    for _ in 0..count(&mut dice, severity, 6.0, 70.0) {
        let centre = somewhere(&mut dice, anatomy, 0.05, 0.95);
        let spot = Spot { ragged: 0.1, ..Spot::round(centre, dice.between(0.0030, 0.0062)) };
        let depth = dice.between(0.6, 1.0);
        spot.paint(canvas, anatomy.texture, |pixel, share| absorb(pixel, BLOOD, share * depth));
    }
}

/// Dot and blot haemorrhages (deep, round, irregular) and flames (in the nerve-fibre layer, streaky).
pub(crate) fn haemorrhages(canvas: &mut Canvas, eye: &PracticeEye, anatomy: &Anatomy) {
    let severity = eye.findings.haemorrhages;
    if severity <= 0.0 {
        return;
    }
    let mut dice = Dice::of_eye(eye.seed, eye.eye, Stream::Haemorrhages);
    // Skip the numbers that the microaneurysms use, so that the two lie apart.
    let _ = dice.direction();
    for number in 0..count(&mut dice, severity, 5.0, 60.0) {
        let centre = somewhere(&mut dice, anatomy, 0.10, 1.15);
        if number % 3 == 2 {
            flame(canvas, anatomy, &mut dice, centre, 0.018);
        } else {
            let large = if dice.chance(0.12 + 0.2 * severity) { dice.between(1.4, 2.6) } else { 1.0 };
            let spot = Spot {
                along: dice.direction(),
                elongation: dice.between(1.0, 1.7),
                ragged: 0.55,
                soft: 0.45,
                ..Spot::round(centre, dice.between(0.008, 0.018) * large)
            };
            let depth = dice.between(0.75, 1.15);
            spot.paint(canvas, anatomy.texture, |pixel, share| absorb(pixel, BLOOD, share * depth));
        }
    }
}

/// One flame haemorrhage: a brush of streaks along the nerve fibres.
pub(super) fn flame(canvas: &mut Canvas, anatomy: &Anatomy, dice: &mut Dice, centre: Point, size: f32) {
    let along = anatomy.fibre_direction(centre);
    let across = along.quarter();
    let streaks = 2 + dice.index(4);
    for _ in 0..streaks {
        let at = centre + along * (size * 0.9 * dice.bell()) + across * (size * 0.55 * dice.bell());
        let spot = Spot {
            along: along.turned(0.12 * dice.bell()),
            elongation: dice.between(3.0, 6.5),
            ragged: 0.5,
            soft: 0.6,
            ..Spot::round(at, size * dice.between(0.45, 0.9))
        };
        let depth = dice.between(0.55, 1.0);
        spot.paint(canvas, anatomy.texture, |pixel, share| absorb(pixel, BLOOD, share * depth));
    }
}

/// Cotton-wool spots.
pub(crate) fn cotton_wool(canvas: &mut Canvas, eye: &PracticeEye, anatomy: &Anatomy) {
    let severity = eye.findings.cotton_wool;
    if severity <= 0.0 {
        return;
    }
    let mut dice = Dice::of_eye(eye.seed, eye.eye, Stream::CottonWool);
    for _ in 0..count(&mut dice, severity, 1.5, 9.0) {
        let centre = somewhere(&mut dice, anatomy, 0.35, 0.95);
        let size = dice.between(0.024, 0.045);
        cotton_wool_spot(canvas, anatomy, &mut dice, centre, size);
    }
}

/// One cotton-wool spot: swollen nerve fibres, a few overlapping soft tufts across the fibres.
pub(super) fn cotton_wool_spot(canvas: &mut Canvas, anatomy: &Anatomy, dice: &mut Dice, centre: Point, size: f32) {
    let along = anatomy.fibre_direction(centre).turned(0.3 * dice.bell());
    for _ in 0..4 {
        let at = centre + along.quarter() * (size * 0.55 * dice.bell()) + along * (size * 0.25 * dice.bell());
        let spot = Spot {
            along,
            elongation: dice.between(1.1, 1.8),
            ragged: 0.6,
            soft: 1.25,
            ..Spot::round(at, size * dice.between(0.5, 0.85))
        };
        let strength = dice.between(0.45, 0.7);
        spot.paint(canvas, anatomy.texture, |pixel, share| cover(pixel, [0.93, 0.86, 0.70], share * strength));
    }
}

/// New vessels: fine, winding loops that grow on the disc and from the arcades, where a healthy eye has none.
pub(crate) fn new_vessels(canvas: &mut Canvas, eye: &PracticeEye, anatomy: &Anatomy) {
    let severity = eye.findings.new_vessels;
    if severity <= 0.0 {
        return;
    }
    let mut dice = Dice::of_eye(eye.seed, eye.eye, Stream::NewVessels);
    let mut origins = vec![(anatomy.disc, anatomy.disc_half_width * 0.8)];
    for _ in 0..(1.0 + 3.0 * severity) as usize {
        origins.push((somewhere(&mut dice, anatomy, 0.55, 0.9), 0.03));
    }
    for (origin, spread) in origins {
        for _ in 0..(8.0 + 14.0 * severity) as usize {
            let mut at = origin + dice.direction() * (spread * dice.unit());
            let mut heading = dice.direction();
            let turn = dice.between(-0.16, 0.16);
            let radius = dice.between(0.0016, 0.0028);
            for _ in 0..(16 + dice.index(22)) {
                heading = heading.turned(turn + 0.22 * dice.bell());
                at = at + heading * (radius * 2.2);
                let spot = Spot { ragged: 0.0, soft: 0.8, ..Spot::round(at, radius * 1.5) };
                spot.paint(canvas, anatomy.texture, |pixel, share| absorb(pixel, [0.10, 0.30, 0.24], share));
            }
        }
    }
    if severity > 0.5 {
        preretinal_blood(canvas, anatomy, &mut dice);
    }
}

/// Blood in front of the retina: a boat with a level top, as it settles under gravity.
fn preretinal_blood(canvas: &mut Canvas, anatomy: &Anatomy, dice: &mut Dice) {
    let centre = Point::new(dice.between(-0.3, 0.5), dice.between(0.35, 0.6));
    let (half_width, depth) = (dice.between(0.12, 0.25), dice.between(0.08, 0.14));
    let edge = (1.2 * canvas.view.pixel()).max(0.006);
    let texture = anatomy.texture.variant(90);
    canvas.near(centre, half_width * 1.2, |offset, pixel| {
        let wobble = 0.01 * texture.plane(offset.x * 14.0, offset.y * 14.0);
        let floor = depth * (1.0 - (offset.x / half_width) * (offset.x / half_width)).max(0.0);
        let below_top = crate::phantom::geometry::smoothstep(-edge, edge, offset.y + wobble * 0.3);
        let above_floor = crate::phantom::geometry::smoothstep(edge, -edge * 2.0, offset.y - floor + wobble);
        absorb(pixel, [0.75, 2.2, 1.8], below_top * above_floor);
    });
}
