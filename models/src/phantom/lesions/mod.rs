//! The findings, one file a disease, and the irregular spot that most of them are made of.

pub(super) mod diabetic;
pub(super) mod exudates;
pub(super) mod macular;
pub(super) mod occlusion;
pub(super) mod other;

use super::{
    anatomy::{Anatomy, Colour},
    canvas::Canvas,
    dice::Dice,
    geometry::{Point, smoothstep},
    noise::Noise,
};

/// Absorption of red, green and blue by blood lying in or on the retina.
const BLOOD: Colour = [0.50, 1.25, 1.00];

/// An irregular spot.
struct Spot {
    centre: Point,
    /// Mean radius, retina units.
    radius: f32,
    /// Direction of its longer axis and length over width (1 = round).
    along: Point,
    elongation: f32,
    /// Irregularity of the outline, 0 (smooth) to about 1.
    ragged: f32,
    /// Width of the edge over the radius: 0.1 sharp, 1 fluffy.
    soft: f32,
}

impl Spot {
    fn round(centre: Point, radius: f32) -> Self {
        Self { centre, radius, along: Point::new(1.0, 0.0), elongation: 1.0, ragged: 0.35, soft: 0.35 }
    }

    /// Calls `paint` with every pixel of the spot and how much of the spot is there, 0..1.
    fn paint(&self, canvas: &mut Canvas, texture: Noise, mut paint: impl FnMut(&mut Colour, f32)) {
        let length = self.elongation.sqrt();
        let (half_length, half_width) = (self.radius * length, self.radius / length);
        let across = self.along.quarter();
        let soft = self.soft.max(1.1 * canvas.view.pixel() / half_width);
        let texture =
            texture.variant((self.centre.x * 4096.0) as i32 as u32 ^ ((self.centre.y * 4096.0) as i32 as u32) << 13);
        // A spot much smaller than a pixel pales instead of vanishing between the pixels' centres.
        let strength = (half_width / (0.5 * canvas.view.pixel())).min(1.0);
        let reach = (half_length * (1.0 + 0.6 * self.ragged) * (1.0 + soft)).max(canvas.view.pixel());
        canvas.near(self.centre, reach, |offset, pixel| {
            let own = Point::new(offset.dot(self.along) / half_length, offset.dot(across) / half_width);
            let wobble =
                texture.plane(own.x * 1.1 + 3.3, own.y * 1.1) + 0.6 * texture.plane(own.x * 2.7, own.y * 2.7 + 9.1);
            let distance = own.length() * (1.0 + self.ragged * wobble);
            let share = smoothstep(1.0 + soft * 0.5, 1.0 - soft * 0.5, distance);
            if share > 0.0 {
                paint(pixel, share * strength);
            }
        });
    }
}

/// A random place on the retina within `reach` of the fovea, denser in the middle, off the disc.
fn somewhere(dice: &mut Dice, anatomy: &Anatomy, least: f32, reach: f32) -> Point {
    let mut place = Point::new(-reach, 0.0);
    for _ in 0..20 {
        let distance = least + (reach - least) * (0.25 * dice.unit() + 0.75 * dice.unit().sqrt());
        place = dice.direction() * distance;
        if anatomy.disc_distance(place) > 1.5 {
            break;
        }
    }
    place
}

/// The number of lesions for a severity: `least` for the mildest, `most` for the worst, with some chance.
fn count(dice: &mut Dice, severity: f32, least: f32, most: f32) -> usize {
    let mean = least + (most - least) * severity * severity;
    (mean * dice.between(0.8, 1.25)).max(1.0) as usize
}
