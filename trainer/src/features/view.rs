//! Ways of looking at one photograph.

use std::fmt;

use image::{Rgb, RgbImage};
use ocellus_model::{
    field::Field,
    preprocess::{self, PreprocessSpec, Tensor},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Number of a view: 0 is the photograph as it is; from 1 on, small random changes of rotation, magnification, light
/// and colour, every odd one mirrored as well (left and right exchanged). The changes depend on the photograph's digest
/// and the view's number only. Already the second view differs from the first in more than the mirror image: each view
/// costs a whole pass through the frozen blocks, so each has to teach as much as it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct View(pub u32);

/// Largest rotation of a changed view, in degrees.
const ROTATION_DEG: f64 = 15.0;
/// Smallest part of the visible radius that a changed view shows.
const CLOSEST: f64 = 0.85;
/// Largest relative change of all channels together.
const LIGHT: f64 = 0.25;
/// Largest relative change of one channel alone.
const COLOUR: f64 = 0.12;
/// Largest change of the exponent on values 0..1.
const GAMMA: f64 = 0.25;

impl View {
    /// The tensor of this view. `digest` is the photograph's SHA-256 in hexadecimal.
    pub fn tensor(self, pixels: &RgbImage, field: &Field, spec: &PreprocessSpec, digest: &str) -> Tensor {
        let mut tensor = if self.0 == 0 {
            preprocess::preprocess(pixels, field, spec)
        } else {
            let (pixels, field) = Change::draw(self.0, digest).apply(pixels, field);
            preprocess::preprocess(&pixels, &field, spec)
        };
        if self.0 % 2 == 1 {
            mirror(&mut tensor);
        }
        tensor
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "view {}", self.0)
    }
}

/// Exchanges left and right.
fn mirror(tensor: &mut Tensor) {
    let width = tensor.shape[2].max(1);
    for row in tensor.data.chunks_mut(width) {
        row.reverse();
    }
}

/// A drawn change.
#[derive(Debug, Clone, PartialEq)]
struct Change {
    angle: f64,
    part: f64,
    gains: [f64; 3],
    gamma: f64,
}

impl Change {
    fn draw(view: u32, digest: &str) -> Self {
        // FNV-1a: only has to give different photographs and views different streams, the same on every machine.
        let mut seed = 0xcbf2_9ce4_8422_2325_u64;
        for byte in digest.bytes().chain(view.to_le_bytes()) {
            seed = (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let angle = rng.random_range(-ROTATION_DEG..ROTATION_DEG).to_radians();
        let part = rng.random_range(CLOSEST..1.0);
        let light = rng.random_range(1.0 - LIGHT..1.0 + LIGHT);
        let gains = std::array::from_fn(|_| light * rng.random_range(1.0 - COLOUR..1.0 + COLOUR));
        let gamma = rng.random_range(1.0 - GAMMA..1.0 + GAMMA);
        Self { angle, part, gains, gamma }
    }

    /// Turns the field about its centre into a square picture of its own and changes the colours; pixels beyond the
    /// photograph are black (the fixed disc never shows them).
    fn apply(&self, pixels: &RgbImage, field: &Field) -> (RgbImage, Field) {
        let side = (2.0 * field.visible_radius).ceil().clamp(2.0, f64::from(pixels.width().max(pixels.height())) * 2.0);
        let tables: [[u8; 256]; 3] = self.gains.map(|gain| {
            std::array::from_fn(|value| {
                let value = ((value as f64 / 255.0).powf(self.gamma) * gain * 255.0).round().clamp(0.0, 255.0);
                value as u8
            })
        });
        let (sin, cos) = self.angle.sin_cos();
        let half = side / 2.0;
        let turned = RgbImage::from_fn(side as u32, side as u32, |x, y| {
            let (dx, dy) = (f64::from(x) + 0.5 - half, f64::from(y) + 0.5 - half);
            let at = (field.centre_x + cos * dx - sin * dy - 0.5, field.centre_y + sin * dx + cos * dy - 0.5);
            let Rgb(colour) = bilinear(pixels, at.0, at.1);
            Rgb(std::array::from_fn(|channel| tables[channel][usize::from(colour[channel])]))
        });
        let visible_radius = field.visible_radius * self.part;
        (turned, Field { centre_x: half, centre_y: half, visible_radius, ..*field })
    }
}

/// The colour at a place between pixel centres; black outside.
fn bilinear(pixels: &RgbImage, x: f64, y: f64) -> Rgb<u8> {
    let (left, top) = (x.floor(), y.floor());
    let (fx, fy) = (x - left, y - top);
    let at = |x: f64, y: f64| {
        if x < 0.0 || y < 0.0 || x >= f64::from(pixels.width()) || y >= f64::from(pixels.height()) {
            [0.0; 3]
        } else {
            pixels.get_pixel(x as u32, y as u32).0.map(f64::from)
        }
    };
    let (a, b, c, d) = (at(left, top), at(left + 1.0, top), at(left, top + 1.0), at(left + 1.0, top + 1.0));
    Rgb(std::array::from_fn(|i| {
        let upper = a[i] + (b[i] - a[i]) * fx;
        let lower = c[i] + (d[i] - c[i]) * fx;
        (upper + (lower - upper) * fy).round() as u8
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirroring_twice_changes_nothing() {
        let tensor = Tensor { shape: [1, 2, 3], data: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        let mut other = tensor.clone();
        mirror(&mut other);
        assert_eq!(other.data, [3.0, 2.0, 1.0, 6.0, 5.0, 4.0]);
        mirror(&mut other);
        assert_eq!(other, tensor);
    }

    #[test]
    fn a_change_depends_on_photograph_and_view_only() {
        assert_eq!(Change::draw(2, "ab"), Change::draw(2, "ab"));
        assert_ne!(Change::draw(2, "ab"), Change::draw(4, "ab"));
        assert_ne!(Change::draw(2, "ab"), Change::draw(2, "ac"));
    }

    #[test]
    fn no_change_at_all_gives_the_field_back() {
        let pixels = RgbImage::from_fn(40, 40, |x, y| Rgb([x as u8 * 5, y as u8 * 5, 90]));
        let field = Field { centre_x: 20.0, centre_y: 20.0, radius: 15.0, visible_radius: 15.0, confidence: 1.0 };
        let none = Change { angle: 0.0, part: 1.0, gains: [1.0; 3], gamma: 1.0 };
        let (turned, new) = none.apply(&pixels, &field);
        assert_eq!((new.centre_x, new.visible_radius), (15.0, 15.0));
        for (x, y) in [(0, 0), (10, 20), (29, 29)] {
            assert_eq!(turned.get_pixel(x, y), pixels.get_pixel(x + 5, y + 5));
        }
    }

    #[test]
    fn a_half_turn_exchanges_the_corners() {
        let pixels = RgbImage::from_fn(20, 20, |x, y| Rgb([(x + 20 * y) as u8, 0, 0]));
        let field = Field { centre_x: 10.0, centre_y: 10.0, radius: 10.0, visible_radius: 10.0, confidence: 1.0 };
        let half = Change { angle: std::f64::consts::PI, part: 1.0, gains: [1.0; 3], gamma: 1.0 };
        let (turned, _) = half.apply(&pixels, &field);
        assert_eq!(turned.get_pixel(3, 4), pixels.get_pixel(16, 15));
    }
}
