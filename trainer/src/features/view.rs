//! Ways of looking at one photograph.

use std::fmt;

use image::{Rgb, RgbImage};
use jpeg_encoder::{ColorType, Encoder};
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

/// How far changed views may differ from the photograph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
    /// Largest rotation, in degrees.
    pub rotation_deg: f64,
    /// Smallest part of the visible radius that is shown.
    pub closest: f64,
    /// Largest relative change of all channels together.
    pub light: f64,
    /// Largest relative change of one channel alone.
    pub colour: f64,
    /// Largest change of the exponent on values 0..1.
    pub gamma: f64,
    /// Part of the changed views that are out of focus.
    pub blur: f64,
    /// Part of the changed views that were stored as a poor JPEG file.
    pub jpeg: f64,
    /// Mixes pairs of photographs with their labels, the weight drawn from Beta(mix, mix) (mix-up, Zhang et al. 2018);
    /// 0: never. It changes no view: a batch's inputs are mixed, whatever they are.
    pub mix: f64,
}

impl Default for Augment {
    fn default() -> Self {
        Self {
            rotation_deg: 15.0,
            closest: 0.85,
            light: 0.25,
            colour: 0.12,
            gamma: 0.25,
            blur: 0.0,
            jpeg: 0.0,
            mix: 0.0,
        }
    }
}

/// Largest standard deviation of the blur, as a part of the field's diameter: what a missed focus does at most before the
/// gate refuses the photograph.
const BLUR_MAX: f64 = 0.004;
/// Qualities of poor JPEG files, of 100.
const JPEG_QUALITY: std::ops::Range<u8> = 30..80;

impl View {
    /// The tensor of this view. `digest` is the photograph's SHA-256 in hexadecimal.
    pub fn tensor(
        self,
        pixels: &RgbImage,
        field: &Field,
        spec: &PreprocessSpec,
        augment: &Augment,
        digest: &str,
    ) -> Tensor {
        let mut tensor = if self.0 == 0 {
            preprocess::preprocess(pixels, field, spec)
        } else {
            let (pixels, field) = Change::draw(self.0, digest, augment).apply(pixels, field);
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
    /// Standard deviation, as a part of the field's diameter.
    blur: Option<f64>,
    jpeg: Option<u8>,
}

impl Change {
    fn draw(view: u32, digest: &str, augment: &Augment) -> Self {
        // FNV-1a: only has to give different photographs and views different streams, the same on every machine.
        let mut seed = 0xcbf2_9ce4_8422_2325_u64;
        for byte in digest.bytes().chain(view.to_le_bytes()) {
            seed = (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut about = |middle: f64, reach: f64| middle + rng.random_range(-1.0..1.0) * reach;
        let angle = about(0.0, augment.rotation_deg).to_radians();
        let reach = (1.0 - augment.closest) / 2.0;
        let part = about(1.0 - reach, reach);
        let light = about(1.0, augment.light);
        let gains = std::array::from_fn(|_| light * about(1.0, augment.colour));
        let gamma = about(1.0, augment.gamma);
        // Drawn last and always, so that turning one of them on changes nothing else.
        let blur = rng.random_range(0.0..BLUR_MAX);
        let blur = rng.random_bool(augment.blur).then_some(blur);
        let quality = rng.random_range(JPEG_QUALITY);
        let jpeg = rng.random_bool(augment.jpeg).then_some(quality);
        Self { angle, part, gains, gamma, blur, jpeg }
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
        let turned = match self.blur {
            Some(blur) => image::imageops::fast_blur(&turned, (blur * side) as f32),
            None => turned,
        };
        let turned = self.jpeg.and_then(|quality| stored(&turned, quality)).unwrap_or(turned);
        let visible_radius = field.visible_radius * self.part;
        (turned, Field { centre_x: half, centre_y: half, visible_radius, ..*field })
    }
}

/// A picture as a JPEG file of this quality gives it back; none where it is too large to be one.
fn stored(pixels: &RgbImage, quality: u8) -> Option<RgbImage> {
    let [width, height] = [pixels.width(), pixels.height()].map(|side| u16::try_from(side).ok());
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, quality).encode(pixels.as_raw(), width?, height?, ColorType::Rgb).ok()?;
    Some(ocellus_model::image::decode(&bytes).ok()?.pixels)
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
        let draw = |view: u32, digest: &str| Change::draw(view, digest, &Augment::default());
        assert_eq!(draw(2, "ab"), draw(2, "ab"));
        assert_ne!(draw(2, "ab"), draw(4, "ab"));
        assert_ne!(draw(2, "ab"), draw(2, "ac"));
    }

    #[test]
    fn changes_stay_within_their_ranges_and_what_is_off_never_happens() {
        let augment = Augment { rotation_deg: 5.0, closest: 0.9, blur: 0.5, ..Augment::default() };
        let drawn: Vec<Change> = (0..300).map(|view| Change::draw(view, "ab", &augment)).collect();
        assert!(drawn.iter().all(|change| change.angle.abs() <= 5.0_f64.to_radians()));
        assert!(drawn.iter().all(|change| (0.9..=1.0).contains(&change.part) && change.jpeg.is_none()));
        let blurred = drawn.iter().filter(|change| change.blur.is_some()).count();
        assert!((110..190).contains(&blurred), "{blurred} of 300");
        // Turning one change on leaves the others as they were.
        let plain = Change::draw(7, "ab", &Augment { blur: 0.0, ..augment.clone() });
        assert_eq!(Change { blur: None, ..drawn[7].clone() }, plain);
    }

    #[test]
    fn a_blurred_and_a_poorly_stored_view_lose_detail_and_keep_their_light() {
        let pixels = RgbImage::from_fn(200, 200, |x, y| Rgb([if (x / 4 + y / 4) % 2 == 0 { 60 } else { 160 }, 90, 60]));
        let field = Field { centre_x: 100.0, centre_y: 100.0, radius: 100.0, visible_radius: 100.0, confidence: 1.0 };
        let none = Change { angle: 0.0, part: 1.0, gains: [1.0; 3], gamma: 1.0, blur: None, jpeg: None };
        let spread = |change: &Change| {
            let (picture, _) = change.apply(&pixels, &field);
            let red: Vec<f64> = picture.pixels().map(|pixel| f64::from(pixel.0[0])).collect();
            let mean = red.iter().sum::<f64>() / red.len() as f64;
            (mean, (red.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / red.len() as f64).sqrt())
        };
        let (light, contrast) = spread(&none);
        let blurred = spread(&Change { blur: Some(0.01), ..none.clone() });
        assert!((blurred.0 - light).abs() < 2.0 && blurred.1 < 0.8 * contrast, "{blurred:?} of {contrast}");
        let poor = stored(&pixels, 30).unwrap();
        assert!(poor != pixels && poor.dimensions() == pixels.dimensions());
    }

    #[test]
    fn no_change_at_all_gives_the_field_back() {
        let pixels = RgbImage::from_fn(40, 40, |x, y| Rgb([x as u8 * 5, y as u8 * 5, 90]));
        let field = Field { centre_x: 20.0, centre_y: 20.0, radius: 15.0, visible_radius: 15.0, confidence: 1.0 };
        let none = Change { angle: 0.0, part: 1.0, gains: [1.0; 3], gamma: 1.0, blur: None, jpeg: None };
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
        let half =
            Change { angle: std::f64::consts::PI, part: 1.0, gains: [1.0; 3], gamma: 1.0, blur: None, jpeg: None };
        let (turned, _) = half.apply(&pixels, &field);
        assert_eq!(turned.get_pixel(3, 4), pixels.get_pixel(16, 15));
    }
}
