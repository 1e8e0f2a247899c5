//! Retinal vein occlusion: blood dammed up behind a blocked vein, in one branch's sector or everywhere.

use super::{BLOOD, Spot, diabetic};
use crate::phantom::{
    PracticeEye,
    anatomy::Anatomy,
    canvas::{Canvas, absorb},
    dice::{Dice, Stream},
    geometry::Point,
    vessels::{Engorgement, Quadrant, Vessels},
};

/// The quadrant whose vein is blocked in a branch occlusion: mostly above, nearly always temporal.
fn blocked(dice: &mut Dice) -> Quadrant {
    match dice.index(10) {
        0..=5 => Quadrant::SuperiorTemporal,
        6..=8 => Quadrant::InferiorTemporal,
        _ => Quadrant::SuperiorNasal,
    }
}

/// How swollen the veins are.
pub(crate) fn engorgement(eye: &PracticeEye) -> Engorgement {
    let mut veins = [eye.findings.central_vein_occlusion; 4];
    if eye.findings.branch_vein_occlusion > 0.0 {
        let quadrant = blocked(&mut Dice::of_eye(eye.seed, eye.eye, Stream::Occlusion));
        for (value, this) in veins.iter_mut().zip(Quadrant::ALL) {
            if this == quadrant {
                *value = value.max(eye.findings.branch_vein_occlusion);
            }
        }
    }
    Engorgement(veins)
}

/// Paints the haemorrhages and cotton-wool spots of both kinds of occlusion.
pub(crate) fn paint(canvas: &mut Canvas, eye: &PracticeEye, anatomy: &Anatomy, vessels: &Vessels) {
    let branch = eye.findings.branch_vein_occlusion;
    if branch > 0.0 {
        let mut dice = Dice::of_eye(eye.seed, eye.eye, Stream::Occlusion);
        let quadrant = blocked(&mut dice);
        bleed(canvas, anatomy, vessels, &mut dice, quadrant, 0.34, 70.0 + 260.0 * branch);
    }
    let central = eye.findings.central_vein_occlusion;
    if central > 0.0 {
        let mut dice = Dice::of_eye(eye.seed, eye.eye, Stream::Occlusion);
        let _ = dice.direction();
        for quadrant in Quadrant::ALL {
            let share = if quadrant.is_temporal() { 1.0 } else { 0.6 };
            bleed(canvas, anatomy, vessels, &mut dice, quadrant, 0.10, share * (35.0 + 130.0 * central));
        }
        // A wreath of flames around the disc.
        for _ in 0..(12.0 + 30.0 * central) as usize {
            let ray = dice.direction();
            let at = anatomy.disc + ray * (anatomy.disc_half_width * dice.between(1.1, 2.4));
            diabetic::flame(canvas, anatomy, &mut dice, at, 0.022);
        }
    }
}

/// Flames and blots along the veins of a quadrant, beyond a distance from the disc.
fn bleed(
    canvas: &mut Canvas,
    anatomy: &Anatomy,
    vessels: &Vessels,
    dice: &mut Dice,
    quadrant: Quadrant,
    beyond: f32,
    number: f32,
) {
    let veins = vessels.veins_of(quadrant, beyond);
    if veins.is_empty() {
        return;
    }
    for _ in 0..number as usize {
        let vein = veins[dice.index(veins.len())];
        let at = vein.to + Point::new(dice.bell(), dice.bell()) * 0.035;
        if anatomy.disc_distance(at) < 1.0 {
            continue;
        }
        if dice.chance(0.62) {
            let size = dice.between(0.012, 0.028);
            diabetic::flame(canvas, anatomy, dice, at, size);
        } else {
            let spot = Spot { ragged: 0.6, soft: 0.5, ..Spot::round(at, dice.between(0.007, 0.022)) };
            let depth = dice.between(0.5, 1.0);
            spot.paint(canvas, anatomy.texture, |pixel, share| absorb(pixel, BLOOD, share * depth));
        }
    }
    for _ in 0..dice.index(1 + (number / 60.0) as usize) {
        let vein = veins[dice.index(veins.len())];
        let size = dice.between(0.022, 0.04);
        diabetic::cotton_wool_spot(canvas, anatomy, dice, vein.to, size);
    }
}
