//! Points on the retina, pixels of the photograph, and the way between them.
//!
//! *Retina coordinates*: the unit is the radius of a 45° field, the fovea is the origin, y points down, x points
//! from the fovea to the optic disc (nasally) in both eyes. The [`View`] mirrors a left eye.

use core::ops::{Add, Mul, Sub};

use super::{
    FieldCentre, PracticeEye,
    anatomy::Anatomy,
    dice::{Dice, Stream},
};
use crate::{field::Field, laterality::Laterality};

/// A point or a vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

impl Point {
    pub(super) const ORIGIN: Point = Point { x: 0.0, y: 0.0 };

    pub(super) const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    pub(super) fn length(self) -> f32 {
        (self.x * self.x + self.y * self.y).sqrt()
    }

    pub(super) fn dot(self, other: Point) -> f32 {
        self.x * other.x + self.y * other.y
    }

    /// Length 1 in the same direction; to the right for a vector of no length.
    pub(super) fn unit(self) -> Point {
        let length = self.length();
        if length > 1e-9 { self * (1.0 / length) } else { Point::new(1.0, 0.0) }
    }

    /// Turned by a quarter, from x towards y.
    pub(super) fn quarter(self) -> Point {
        Point::new(-self.y, self.x)
    }

    /// Turned by an angle in radians, from x towards y.
    pub(super) fn turned(self, angle: f32) -> Point {
        let (sin, cos) = libm::sincosf(angle);
        Point::new(self.x * cos - self.y * sin, self.x * sin + self.y * cos)
    }
}

impl Add for Point {
    type Output = Point;
    fn add(self, other: Point) -> Point {
        Point::new(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Point {
    type Output = Point;
    fn sub(self, other: Point) -> Point {
        Point::new(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f32> for Point {
    type Output = Point;
    fn mul(self, factor: f32) -> Point {
        Point::new(self.x * factor, self.y * factor)
    }
}

/// 0 below `low`, 1 above `high`, smooth in between. `high` may be below `low`: then it falls.
pub(super) fn smoothstep(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// 1 at 0, falling like a bell, near 0 from 3 on; an even rational function in place of the Gaussian.
pub(super) fn bell(x: f32) -> f32 {
    let q = 1.0 + x * x * 0.25;
    let q2 = q * q;
    1.0 / (q2 * q2)
}

/// How one photograph looks at the retina.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// Centre of the circular field, pixels.
    pub(super) centre: Point,
    /// Radius of the circular field, pixels.
    pub(super) radius: f32,
    /// What the centre of the field looks at, retina coordinates.
    pub(super) aim: Point,
    /// Retina units in one field radius.
    pub(super) scale: f32,
    /// Roll of the head: cosine and sine.
    roll: (f32, f32),
    /// Left eyes are mirrored.
    mirror: bool,
}

impl View {
    pub(super) fn of(eye: &PracticeEye, anatomy: &Anatomy) -> Self {
        let mut dice = Dice::of_exposure(eye.seed, eye.eye, eye.exposure, Stream::Aim);
        let look = &eye.camera;
        let (width, height) = (eye.size.0 as f32, eye.size.1 as f32);
        let wander = Point::new(dice.bell() * 0.05, dice.bell() * 0.035);
        let aim = match eye.field_of_view {
            // A photograph "of the macula" shows the disc too: its centre lies a little to the nasal side.
            FieldCentre::Macula => Point::new(anatomy.disc.x * 0.27, anatomy.disc.y * 0.3) + wander,
            FieldCentre::Disc => anatomy.disc + wander,
        };
        let (sin, cos) = libm::sincosf(dice.bell() * 0.035);
        Self {
            centre: Point::new(width * 0.5 + width * look.offset.0, height * 0.5 + width * look.offset.1),
            radius: width * 0.5 * (1.0 - look.border),
            aim,
            scale: look.field_of_view_deg / 45.0,
            roll: (cos, sin),
            mirror: eye.eye == Laterality::Os,
        }
    }

    /// From pixels to the field: the unit is the field's radius, x to the right.
    pub(super) fn to_field(self, pixel: Point) -> Point {
        (pixel - self.centre) * (1.0 / self.radius)
    }

    /// From pixels to retina coordinates.
    pub(super) fn to_retina(self, pixel: Point) -> Point {
        let mut field = self.to_field(pixel);
        if self.mirror {
            field.x = -field.x;
        }
        let (cos, sin) = self.roll;
        let rolled = Point::new(field.x * cos - field.y * sin, field.x * sin + field.y * cos);
        self.aim + rolled * self.scale
    }

    /// From retina coordinates to pixels.
    pub(super) fn to_pixels(self, retina: Point) -> Point {
        let rolled = (retina - self.aim) * (1.0 / self.scale);
        let (cos, sin) = self.roll;
        let mut field = Point::new(rolled.x * cos + rolled.y * sin, rolled.y * cos - rolled.x * sin);
        if self.mirror {
            field.x = -field.x;
        }
        self.centre + field * self.radius
    }

    /// A length on the retina in pixels.
    pub(super) fn pixels(self, length: f32) -> f32 {
        length * self.radius / self.scale
    }

    /// The side of a pixel in retina units.
    pub(super) fn pixel(self) -> f32 {
        self.scale / self.radius
    }
}

/// Where things lie in a drawn photograph, in pixels from the top left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Landmarks {
    /// The circular field as drawn; `visible_radius` counts what the frame and the cuts hide.
    pub field: Field,
    /// Centre of the optic disc, x and y (may lie outside the field).
    pub disc: (f64, f64),
    /// Half the optic disc's mean diameter.
    pub disc_radius: f64,
    /// Centre of the fovea, x and y (may lie outside the field).
    pub fovea: (f64, f64),
}

impl Landmarks {
    pub(super) fn of(eye: &PracticeEye, view: View, anatomy: &Anatomy) -> Self {
        let (width, height) = (f64::from(eye.size.0), f64::from(eye.size.1));
        let (centre_x, centre_y) = (f64::from(view.centre.x), f64::from(view.centre.y));
        let radius = f64::from(view.radius);
        let top = (centre_y - radius * (1.0 - 2.0 * f64::from(eye.camera.cut_top))).max(0.0);
        let bottom = (centre_y + radius * (1.0 - 2.0 * f64::from(eye.camera.cut_bottom))).min(height);
        let visible_radius =
            radius.min(centre_x).min(width - centre_x).min(centre_y - top).min(bottom - centre_y).max(0.0);
        let pair = |point: Point| (f64::from(point.x), f64::from(point.y));
        Self {
            field: Field { centre_x, centre_y, radius, visible_radius, confidence: 1.0 },
            disc: pair(view.to_pixels(anatomy.disc)),
            disc_radius: f64::from(view.pixels((anatomy.disc_half_width + anatomy.disc_half_height) * 0.5)),
            fovea: pair(view.to_pixels(Point::ORIGIN)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_and_retina_are_inverse_in_both_eyes() {
        for side in [Laterality::Od, Laterality::Os] {
            let eye = PracticeEye::new(5, side);
            let view = View::of(&eye, &Anatomy::of(&eye));
            for pixel in [Point::new(10.0, 20.0), Point::new(300.0, 111.5)] {
                let back = view.to_pixels(view.to_retina(pixel));
                assert!((back - pixel).length() < 0.01, "{pixel:?} came back as {back:?}");
            }
        }
    }
}
