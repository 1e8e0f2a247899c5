//! From reflectances to the pixels of a photograph.

use image::{Rgb, RgbImage};

use super::{Notch, blur};
use crate::phantom::{
    PracticeEye,
    anatomy::Colour,
    canvas::{Canvas, Grid, absorb, cover},
    dice::{Dice, Stream},
    geometry::{Point, bell, smoothstep},
    noise::{Noise, mix},
};

/// Takes the photograph.
pub(in crate::phantom) fn expose(mut canvas: Canvas, eye: &PracticeEye) -> RgbImage {
    let mut dice = Dice::of_exposure(eye.seed, eye.eye, eye.exposure, Stream::Exposure);
    let (look, faults, opacity) = (&eye.camera, &eye.faults, eye.findings.opacity);
    let radius = canvas.view.radius;

    let motion = dice.direction();
    blur::motion(&mut canvas, motion, 0.07 * faults.motion * radius);
    let cataract = if opacity > 0.0 { 0.003 + 0.013 * opacity * opacity } else { 0.0 };
    let focus = 0.045 * faults.defocus;
    let sigma = (look.blur * look.blur + cataract * cataract + focus * focus).sqrt();
    blur::defocus(&mut canvas, sigma * radius);

    let light = Light::of(eye, &mut dice);
    let clouds = Noise::new(Dice::of_eye(eye.seed, eye.eye, Stream::Opacity).bits());
    let veil = Grid::sample(&canvas, 0.04, |at| clouds.fractal(at.x * 1.4, at.y * 1.4, 2));
    let sensor = Sensor { seed: dice.bits(), noise: look.noise };
    let lid = Lid { strength: faults.eyelid, lashes: Noise::new(dice.bits()) };

    let mut picture = RgbImage::new(canvas.width as u32, canvas.height as u32);
    for (row, line) in picture.rows_mut().enumerate() {
        for (column, out) in line.enumerate() {
            let field = canvas.view.to_field(Canvas::middle(column, row));
            let aperture = aperture(field, look.notch, look.cut_top, look.cut_bottom, radius);
            let mut value = [look.black_level; 3];
            if aperture > 0.0 {
                let mut colour = canvas.pixels[row * canvas.width + column];
                light.fall(&mut colour, field);
                let cloud = veil.at(column, row);
                haze(&mut colour, look.haze, opacity, cloud, light.gain);
                lid.paint(&mut colour, field);
                light.flares(&mut colour, field);
                for channel in 0..3 {
                    let exposed = tone(colour[channel] * light.gain * look.tint[channel]);
                    value[channel] += (exposed - value[channel]) * aperture;
                }
            }
            *out = Rgb(sensor.read(value, column as u32, row as u32));
        }
    }
    picture
}

/// The light of one exposure.
struct Light {
    gain: f32,
    vignette: f32,
    /// The lamp's middle, and which way the light leans.
    middle: Point,
    lean: Point,
    pupil: f32,
    pupil_middle: Point,
    flare: f32,
    flare_from: Point,
    flare_colour: Colour,
    ghost: f32,
}

impl Light {
    fn of(eye: &PracticeEye, dice: &mut Dice) -> Self {
        let (look, faults) = (&eye.camera, &eye.faults);
        let stops = look.exposure - 2.6 * faults.underexposure + 1.7 * faults.overexposure - 0.6 * eye.findings.opacity
            + 0.10 * dice.bell();
        Self {
            gain: 1.06 * libm::exp2f(stops),
            vignette: look.vignette,
            middle: Point::new(dice.bell(), dice.bell()) * 0.12,
            lean: Point::new(dice.bell(), dice.bell()) * 0.06,
            pupil: faults.small_pupil,
            pupil_middle: dice.direction() * dice.between(0.1, 0.35),
            flare: faults.flare,
            flare_from: dice.direction(),
            flare_colour: if dice.chance(0.7) { [0.50, 0.56, 0.34] } else { [0.75, 0.52, 0.34] },
            ghost: look.ghost,
        }
    }

    /// Illumination of the retina at a place in the field.
    fn fall(&self, colour: &mut Colour, field: Point) {
        let from = field - self.middle;
        let squared = from.dot(from);
        // The lamp: bright in the middle; the corner of the field is dimmer.
        let mut light = (1.08 - self.vignette * 0.62 * squared) * (1.0 + field.dot(self.lean));
        if self.pupil > 0.0 {
            let off = (field - self.pupil_middle).length();
            let ring = smoothstep(0.95 - 0.5 * self.pupil, 0.45 - 0.3 * self.pupil, off);
            let shadow = bell((field + self.pupil_middle * 0.6).length() * 2.4);
            light *= (1.0 - 0.93 * self.pupil * (1.0 - ring)) * (1.0 - 0.6 * self.pupil * shadow);
        }
        // Red light is scattered back from deeper layers, so shadows are red before they are black.
        let light = light.max(0.02);
        *colour =
            [colour[0] * light, colour[1] * light * (0.82 + 0.18 * light), colour[2] * light * (0.80 + 0.20 * light)];
    }

    /// Light that never reached the retina.
    fn flares(&self, colour: &mut Colour, field: Point) {
        if self.flare > 0.0 {
            let off = (field + self.flare_from * 0.45).length();
            let strength = self.flare * smoothstep(1.5 - 0.55 * self.flare, 1.52, off);
            for (value, light) in colour.iter_mut().zip(self.flare_colour) {
                *value += light * strength * 1.3;
            }
        }
        if self.ghost > 0.0 {
            let strength = self.ghost * bell((field - Point::new(0.03, 0.02)).length() * 11.0);
            for (value, light) in colour.iter_mut().zip([0.22, 0.20, 0.32]) {
                *value += light * strength;
            }
        }
    }
}

/// The veil of the camera's own haze and of an opacity of the media: lighter, flatter, yellower.
fn haze(colour: &mut Colour, camera: f32, opacity: f32, cloud: f32, gain: f32) {
    let brightness = 1.0 / gain.max(0.4);
    if opacity > 0.0 {
        let share = ((0.22 + 0.62 * opacity) * (1.0 + 0.35 * cloud)).clamp(0.0, 0.94);
        absorb(colour, [0.02, 0.10, 0.45], opacity);
        cover(colour, [0.60, 0.47, 0.27].map(|v| v * brightness.min(1.3)), share);
    }
    cover(colour, [0.55, 0.50, 0.42], (camera * (1.0 + 0.4 * cloud)).clamp(0.0, 1.0) * 0.8);
}

/// The upper lid and its lashes.
struct Lid {
    strength: f32,
    lashes: Noise,
}

impl Lid {
    fn paint(&self, colour: &mut Colour, field: Point) {
        if self.strength <= 0.0 {
            return;
        }
        // The lid's margin, a shallow arc; lashes hang below it.
        let margin = -1.15 + 1.35 * self.strength + 0.22 * field.x * field.x;
        let depth = field.y - margin;
        let lid = smoothstep(0.10, -0.16, depth);
        cover(colour, [0.16, 0.085, 0.06], lid * 0.97);
        let lash = self.lashes.plane(field.x * 11.0 + 1.5 * field.x * depth, 0.4 * depth);
        let reach = smoothstep(0.34, -0.05, depth) * smoothstep(0.12, 0.34, lash);
        absorb(colour, [2.0, 2.0, 1.8], reach * 0.8);
    }
}

/// Share of a pixel that the aperture leaves open, 0..1, with a one-pixel edge.
fn aperture(field: Point, notch: Notch, cut_top: f32, cut_bottom: f32, radius: f32) -> f32 {
    let mut inside = (1.0 - field.length()) * radius;
    let turned = Point::new(
        (field.x - field.y) * core::f32::consts::FRAC_1_SQRT_2,
        (field.x + field.y) * core::f32::consts::FRAC_1_SQRT_2,
    );
    // Along and across the direction in which the tab points.
    let tab = match notch {
        Notch::None => f32::NEG_INFINITY,
        Notch::Square => (1.045 - turned.x).min(0.035 - turned.y.abs()).min(turned.x - 0.9),
        Notch::Round => 0.038 - Point::new(turned.x - 1.0, turned.y).length(),
        Notch::Triangle => {
            let down = Point::new((field.x * 0.88) + field.y * 0.47, field.y * 0.88 - field.x * 0.47);
            (1.055 - down.x - down.y.abs() * 1.3).min(down.x - 0.9)
        }
    };
    inside = inside.max(tab * radius);
    let above = (field.y + 1.0 - 2.0 * cut_top) * radius;
    let below = (1.0 - 2.0 * cut_bottom - field.y) * radius;
    if cut_top > 0.0 {
        inside = inside.min(above);
    }
    if cut_bottom > 0.0 {
        inside = inside.min(below);
    }
    (inside + 0.5).clamp(0.0, 1.0)
}

/// The sensor's response: straight up to three quarters, then a shoulder into white.
fn tone(value: f32) -> f32 {
    if value < 0.75 {
        value
    } else if value < 1.25 {
        1.0 - (1.25 - value) * (1.25 - value)
    } else {
        1.0
    }
}

/// Noise and quantisation.
struct Sensor {
    seed: u32,
    noise: f32,
}

impl Sensor {
    fn read(&self, value: Colour, column: u32, row: u32) -> [u8; 3] {
        let common = self.grain(column, row, 0);
        let mut out = [0; 3];
        for (channel, level) in out.iter_mut().enumerate() {
            let own = self.grain(column, row, channel as u32 + 1);
            // Brighter light is noisier; the black border has a little noise too.
            let strength = self.noise * (0.35 + 0.65 * value[channel].max(0.0).sqrt());
            let noisy = value[channel] + strength * (0.75 * common + 0.65 * own);
            *level = (noisy * 255.0 + 0.5).clamp(0.0, 255.0) as u8;
        }
        out
    }

    /// About normally distributed with standard deviation 1: the sum of four bytes of a hash.
    fn grain(&self, column: u32, row: u32, plane: u32) -> f32 {
        let bits = mix(self.seed ^ mix(column ^ mix(row.wrapping_add(plane.wrapping_mul(0x9E37_79B9)))));
        let sum: u32 = bits.to_le_bytes().into_iter().map(u32::from).sum();
        (sum as f32 - 510.0) / 147.8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tone_curve_is_monotone_and_continuous() {
        let mut last = 0.0;
        for step in 0..2000 {
            let value = tone(step as f32 * 0.001);
            assert!(value >= last && value - last < 0.0011, "at {step}");
            last = value;
        }
        assert!((last - 1.0).abs() < 1e-6);
    }

    #[test]
    fn the_aperture_is_round_with_a_tab_and_cuts() {
        let open = |x: f32, y: f32, notch, top| aperture(Point::new(x, y), notch, top, 0.0, 200.0);
        assert_eq!(open(0.0, -0.9, Notch::None, 0.0), 1.0);
        assert_eq!(open(0.0, -0.9, Notch::None, 0.1), 0.0);
        let corner = 1.02 * core::f32::consts::FRAC_1_SQRT_2;
        assert_eq!(open(corner, -corner, Notch::None, 0.0), 0.0);
        assert_eq!(open(corner, -corner, Notch::Square, 0.0), 1.0);
        assert_eq!(open(corner, -corner, Notch::Round, 0.0), 1.0);
    }
}
