//! What makes one eye differ from another: pigment, disc, cup, macula.
//!
//! Lengths are in retina coordinates (see [`super::geometry`]); colours are reflectances 0..1 as an ideal camera
//! would record them in sRGB, before illumination.

use super::{
    PracticeEye,
    dice::{Dice, Stream},
    geometry::Point,
    noise::Noise,
};

/// A colour or reflectance: red, green, blue.
pub(super) type Colour = [f32; 3];

/// The anatomy of one eye.
#[derive(Debug, Clone)]
pub(super) struct Anatomy {
    /// Colour of the retina over its pigment epithelium.
    pub(super) base: Colour,
    /// Colour of the large choroidal vessels where the pigment lets them through.
    pub(super) choroid: Colour,
    /// How much of the choroid shows, 0 (none) to 1 (tessellated).
    pub(super) tessellation: f32,
    /// Strength of the nerve fibres' sheen, 0..1; strong in the young.
    pub(super) sheen: f32,
    /// Centre of the optic disc.
    pub(super) disc: Point,
    /// Half the disc's horizontal diameter.
    pub(super) disc_half_width: f32,
    /// Half the disc's vertical diameter.
    pub(super) disc_half_height: f32,
    /// Diameter of the cup over that of the disc, horizontally, 0..1.
    pub(super) cup: f32,
    /// Elongation of the cup towards the notch, 0..1; glaucoma only.
    pub(super) notch: f32,
    /// The notch points below (1) or above (-1).
    pub(super) notch_side: f32,
    /// Width of the peripapillary atrophy over the disc's half diameter, 0..0.6.
    pub(super) atrophy: f32,
    /// Pallor of the rim, 0 (pink) to 1 (white).
    pub(super) pallor: f32,
    /// Radius of the macula's dark pigment.
    pub(super) macula_radius: f32,
    /// Depth of the macula's pigment, 0..1.
    pub(super) macula_depth: f32,
    /// Strength of the light reflex of the fovea, 0..1.
    pub(super) foveal_reflex: f32,
    /// The eye's textures.
    pub(super) texture: Noise,
}

impl Anatomy {
    pub(super) fn of(eye: &PracticeEye) -> Self {
        let mut patient = Dice::of_patient(eye.seed, Stream::Patient);
        // Pigment runs from a light, yellowish fundus to a dark brown one; redness shifts its hue.
        let pigment = patient.unit();
        let redness = patient.unit();
        let grey = patient.unit() * patient.unit();
        let light = [0.74, 0.50, 0.30];
        let dark = [0.47, 0.235, 0.12];
        let red = [0.70, 0.29, 0.125];
        let mut base = blend(light, dark, pigment);
        base = blend(base, red, 0.65 * redness);
        let mean = (base[0] + base[1] + base[2]) / 3.0;
        base = blend(base, [mean * 1.25, mean * 0.95, mean * 0.80], 0.55 * grey);
        let choroid = blend(blend([0.86, 0.47, 0.24], [0.72, 0.30, 0.15], pigment), [0.85, 0.33, 0.13], 0.5 * redness);
        let tessellation = (patient.unit() * 1.5 - 0.5).clamp(0.03, 1.0);
        let sheen = patient.unit() * (1.0 - 0.7 * tessellation);
        let size = 1.0 + 0.07 * patient.bell();

        let mut own = Dice::of_eye(eye.seed, eye.eye, Stream::Anatomy);
        let disc = Point::new(0.79 + 0.03 * own.bell(), -0.08 + 0.03 * own.bell());
        let disc_half_width = 0.122 * size * (1.0 + 0.03 * own.bell());
        let disc_half_height = disc_half_width * (1.09 + 0.035 * own.bell());
        let healthy_cup = (0.36 + 0.09 * own.bell()).clamp(0.15, 0.56);
        let healthy_atrophy = (0.18 * own.unit() + 0.1 * tessellation * own.unit()).max(0.0);
        let macula_radius = 0.15 * (1.0 + 0.2 * own.bell());
        let macula_depth = (0.55 + 0.2 * own.bell()).clamp(0.15, 1.0);
        let foveal_reflex = own.unit() * own.unit();

        let mut glaucoma = Dice::of_eye(eye.seed, eye.eye, Stream::Glaucoma);
        let severity = eye.findings.glaucoma;
        let diseased_cup = 0.60 + 0.30 * severity + 0.02 * glaucoma.bell();
        let notch_side = if glaucoma.chance(0.7) { 1.0 } else { -1.0 };
        let (cup, notch, atrophy, pallor) = if severity > 0.0 {
            (
                diseased_cup.clamp(healthy_cup, 0.93),
                (0.35 + 0.65 * severity) * glaucoma.between(0.6, 1.0),
                healthy_atrophy + (0.15 + 0.25 * glaucoma.unit()) * severity,
                0.25 + 0.55 * severity,
            )
        } else {
            (healthy_cup, 0.0, healthy_atrophy, 0.1 + 0.1 * own.unit())
        };
        let texture = Noise::new(Dice::of_eye(eye.seed, eye.eye, Stream::Texture).bits());
        Self {
            base,
            choroid,
            tessellation,
            sheen,
            disc,
            disc_half_width,
            disc_half_height,
            cup,
            notch,
            notch_side,
            atrophy,
            pallor,
            macula_radius,
            macula_depth,
            foveal_reflex,
            texture,
        }
    }

    /// Distance from the disc's centre in units of its margin: 1 on the margin.
    pub(super) fn disc_distance(&self, point: Point) -> f32 {
        let from = point - self.disc;
        Point::new(from.x / self.disc_half_width, from.y / self.disc_half_height).length()
    }

    /// The direction in which the nerve fibres run at a point, away from the disc: radially near it and on the
    /// nasal side, in arcs around the fovea on the temporal side.
    pub(super) fn fibre_direction(&self, point: Point) -> Point {
        let from_disc = point - self.disc;
        let radial = from_disc.unit();
        let around = point.unit().quarter();
        let arc = if around.dot(radial) < 0.0 { around * -1.0 } else { around };
        let temporal = super::geometry::smoothstep(0.0, 0.5, -from_disc.x);
        let far = super::geometry::smoothstep(0.2, 0.7, from_disc.length());
        (radial * (1.0 - temporal * far) + arc * (temporal * far)).unit()
    }
}

/// `a` at 0, `b` at 1.
pub(super) fn blend(a: Colour, b: Colour, t: f32) -> Colour {
    [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t]
}
