//! Ways of looking at one photograph.

use std::fmt;

use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder};
use ocellus_model::{
    field::Field,
    image::resize::{Part, bilinear},
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
    /// Part of the changed views that take on the colours of another camera, one of `styles`.
    pub transfer: f64,
    /// What photographs of the data's cameras look like; `ocellus-trainer init` measures some of each source. They stand in
    /// the configuration, so that a view still depends on its photograph alone.
    pub styles: Vec<Style>,
    /// Mixes pairs of photographs with their labels, the weight drawn from Beta(mix, mix) (mix-up, Zhang et al. 2018);
    /// 0: never. It changes no view: a batch's inputs are mixed, whatever they are.
    pub mix: f64,
}

/// The colours of a photograph: mean and standard deviation of red, green and blue within its field, in levels of 0 to 255.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Style {
    /// Where it comes from.
    pub source: String,
    /// Mean of each channel.
    pub mean: [f64; 3],
    /// Standard deviation of each channel.
    pub deviation: [f64; 3],
}

/// Side of the square on which a style is measured, in pixels.
const STYLE_SIDE: u32 = 96;
/// How far a channel's contrast may be stretched or pressed: a flat channel says little of its camera.
const STRETCH: std::ops::RangeInclusive<f64> = 0.5..=2.0;

impl Style {
    /// The style of a photograph, rounded to a tenth of a level.
    pub fn of(source: &str, pixels: &RgbImage, field: &Field) -> Self {
        let (mean, deviation) = colours(&square_of(pixels, field, STYLE_SIDE));
        let rounded = |values: [f64; 3]| values.map(|value| (10.0 * value).round() / 10.0);
        Style { source: source.to_owned(), mean: rounded(mean), deviation: rounded(deviation) }
    }
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
            transfer: 0.0,
            styles: Vec::new(),
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
            let (pixels, field) = Change::draw(self.0, digest, augment).apply(pixels, field, spec);
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
    style: Option<Style>,
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
        let style = rng.random_range(0..augment.styles.len().max(1));
        let style = rng.random_bool(augment.transfer).then(|| augment.styles.get(style).cloned()).flatten();
        Self { angle, part, gains, gamma, blur, jpeg, style }
    }

    /// Turns the field about its centre into a square picture of its own and changes the colours. The picture is first
    /// reduced to what the network sees of it, with an antialiased filter, so that the rest costs what the network's
    /// input does and not what the camera's sensor did. What lies outside the visible disc is black; the fixed disc
    /// never shows it.
    fn apply(&self, pixels: &RgbImage, field: &Field, spec: &PreprocessSpec) -> (RgbImage, Field) {
        let diameter = 2.0 * field.visible_radius;
        // The disc's diameter at which the network's square holds the picture's pixels one to one.
        let seen = f64::from(spec.size) / (spec.disc * self.part);
        let side = diameter.min(seen).ceil().max(2.0);
        let square = square_of(pixels, field, side as u32);
        let own = self.style.as_ref().map(|style| (style, colours(&square)));
        let tables: [[u8; 256]; 3] = std::array::from_fn(|channel| {
            std::array::from_fn(|value| {
                let value = match &own {
                    None => value as f64,
                    Some((style, (mean, deviation))) => {
                        let stretch = style.deviation[channel] / deviation[channel].max(1.0);
                        let stretch = stretch.clamp(*STRETCH.start(), *STRETCH.end());
                        let moved = (value as f64 - mean[channel]) * stretch + style.mean[channel];
                        moved.clamp(0.0, 255.0)
                    }
                };
                let changed = (value / 255.0).powf(self.gamma) * self.gains[channel] * 255.0;
                changed.round().clamp(0.0, 255.0) as u8
            })
        });
        let turned = turned(&square, self.angle, &tables);
        let turned = match self.blur {
            Some(blur) => image::imageops::fast_blur(&turned, (blur * side) as f32),
            None => turned,
        };
        let turned = self.jpeg.and_then(|quality| stored(&turned, quality)).unwrap_or(turned);
        let half = side / 2.0;
        let radius = field.radius * side / diameter;
        (turned, Field { centre_x: half, centre_y: half, radius, visible_radius: half * self.part, ..*field })
    }
}

/// Mean and standard deviation of each channel within the inscribed disc of a square.
fn colours(square: &RgbImage) -> ([f64; 3], [f64; 3]) {
    let half = f64::from(square.width()) / 2.0;
    let (mut sum, mut squares, mut count) = ([0.0; 3], [0.0; 3], 0.0_f64);
    for (x, y, pixel) in square.enumerate_pixels() {
        let (dx, dy) = (f64::from(x) + 0.5 - half, f64::from(y) + 0.5 - half);
        if dx * dx + dy * dy > half * half {
            continue;
        }
        count += 1.0;
        for (channel, value) in pixel.0.into_iter().map(f64::from).enumerate() {
            sum[channel] += value;
            squares[channel] += value * value;
        }
    }
    let mean = sum.map(|sum| sum / count.max(1.0));
    let deviation = std::array::from_fn(|channel| {
        (squares[channel] / count.max(1.0) - mean[channel] * mean[channel]).max(0.0).sqrt()
    });
    (mean, deviation)
}

/// A picture as a JPEG file of this quality gives it back; none where it is too large to be one.
fn stored(pixels: &RgbImage, quality: u8) -> Option<RgbImage> {
    let [width, height] = [pixels.width(), pixels.height()].map(|side| u16::try_from(side).ok());
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, quality).encode(pixels.as_raw(), width?, height?, ColorType::Rgb).ok()?;
    Some(ocellus_model::image::decode(&bytes).ok()?.pixels)
}

/// The square around the visible disc, resampled to `side` pixels. Black where it can't be had.
fn square_of(pixels: &RgbImage, field: &Field, side: u32) -> RgbImage {
    let (width, height) = (f64::from(pixels.width()), f64::from(pixels.height()));
    // The disc lies in the photograph; rounding may have put an edge a hair outside.
    let left = (field.centre_x - field.visible_radius).clamp(0.0, width);
    let top = (field.centre_y - field.visible_radius).clamp(0.0, height);
    let part = (2.0 * field.visible_radius).min(width - left).min(height - top);
    let part = Part { left, top, width: part, height: part };
    bilinear(pixels, part, (side, side)).unwrap_or_else(|| RgbImage::new(side, side))
}

/// Turns a square picture about its centre by an angle in radians (bilinear) and looks its colours up in tables; black
/// outside its inscribed disc.
fn turned(square: &RgbImage, angle: f64, tables: &[[u8; 256]; 3]) -> RgbImage {
    let side = square.width() as usize;
    let pixels = square.as_raw();
    let (sin, cos) = (angle.sin() as f32, angle.cos() as f32);
    let half = side as f32 / 2.0;
    let last = side.saturating_sub(2);
    let mut out = vec![0; side * side * 3];
    for (y, row) in out.chunks_exact_mut(side * 3).enumerate() {
        let dy = y as f32 + 0.5 - half;
        for (x, colour) in row.chunks_exact_mut(3).enumerate() {
            let dx = x as f32 + 0.5 - half;
            if dx * dx + dy * dy > half * half {
                continue;
            }
            let at = |centred: f32| (centred + half - 0.5).clamp(0.0, (side - 1) as f32);
            let (sx, sy) = (at(cos * dx - sin * dy), at(sin * dx + cos * dy));
            let (left, top) = ((sx as usize).min(last), (sy as usize).min(last));
            let (fx, fy) = (sx - left as f32, sy - top as f32);
            let upper = (top * side + left) * 3;
            let lower = upper + side * 3;
            for channel in 0..3 {
                let value = |at: usize| f32::from(pixels[at + channel]);
                let above = value(upper) + (value(upper + 3) - value(upper)) * fx;
                let below = value(lower) + (value(lower + 3) - value(lower)) * fx;
                colour[channel] = tables[channel][(above + (below - above) * fy + 0.5) as usize];
            }
        }
    }
    RgbImage::from_raw(square.width(), square.width(), out).unwrap_or_else(|| RgbImage::new(2, 2))
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use ocellus_model::preprocess::ColourVariant;

    use super::*;

    fn spec(size: u32) -> PreprocessSpec {
        PreprocessSpec::new(size, ColourVariant::Vgg16)
    }

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
        let none = Change { angle: 0.0, part: 1.0, gains: [1.0; 3], gamma: 1.0, blur: None, jpeg: None, style: None };
        let spread = |change: &Change| {
            let (picture, _) = change.apply(&pixels, &field, &spec(256));
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
    fn a_view_takes_on_another_cameras_colours_and_keeps_what_is_to_be_seen() {
        let pixels = RgbImage::from_fn(120, 120, |x, y| Rgb([150 + (x / 4) as u8, 60 + (y / 4) as u8, 40]));
        let field = Field { centre_x: 60.0, centre_y: 60.0, radius: 60.0, visible_radius: 60.0, confidence: 1.0 };
        let none = Change { angle: 0.0, part: 1.0, gains: [1.0; 3], gamma: 1.0, blur: None, jpeg: None, style: None };
        let own = Style::of("own", &pixels, &field);
        let style = Style { source: "other".to_owned(), mean: [90.0, 70.0, 60.0], deviation: [12.0, 9.0, 5.0] };
        let (turned, new) = Change { style: Some(style.clone()), ..none.clone() }.apply(&pixels, &field, &spec(120));
        let made = Style::of("made", &turned, &new);
        for channel in 0..3 {
            assert!((made.mean[channel] - style.mean[channel]).abs() < 1.0, "{made:?}");
        }
        assert!((made.deviation[0] - 12.0).abs() < 1.0 && (made.deviation[1] - 9.0).abs() < 1.0, "{made:?}");
        // A channel without contrast is not stretched into noise; the edge of the disc has some.
        assert!(made.deviation[2] < 3.0, "{made:?}");
        // Lighter from left to right, as before.
        let red = |x: u32| turned.get_pixel(x, 60).0[0];
        assert!(red(20) < red(60) && red(60) < red(100));
        // Its own colours change nothing.
        let (same, _) = Change { style: Some(own), ..none.clone() }.apply(&pixels, &field, &spec(120));
        let (plain, _) = none.apply(&pixels, &field, &spec(120));
        let apart = same.as_raw().iter().zip(plain.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(apart <= Some(1), "{apart:?}");
    }

    #[test]
    fn styles_are_taken_on_as_often_as_asked_and_each_of_them() {
        let style = |mean: f64| Style { source: String::new(), mean: [mean; 3], deviation: [10.0; 3] };
        let augment = Augment { transfer: 0.5, styles: vec![style(1.0), style(2.0)], ..Augment::default() };
        let drawn: Vec<Change> = (0..300).map(|view| Change::draw(view, "ab", &augment)).collect();
        let of = |mean: f64| drawn.iter().filter(|change| change.style == Some(style(mean))).count();
        assert!((50..100).contains(&of(1.0)) && (50..100).contains(&of(2.0)), "{} {}", of(1.0), of(2.0));
        let plain = Change::draw(7, "ab", &Augment::default());
        assert_eq!(Change { style: None, ..drawn[7].clone() }, plain);
    }

    #[test]
    fn no_change_at_all_gives_the_field_back() {
        let pixels = RgbImage::from_fn(40, 40, |x, y| Rgb([x as u8 * 5, y as u8 * 5, 90]));
        let field = Field { centre_x: 20.0, centre_y: 20.0, radius: 15.0, visible_radius: 15.0, confidence: 1.0 };
        let none = Change { angle: 0.0, part: 1.0, gains: [1.0; 3], gamma: 1.0, blur: None, jpeg: None, style: None };
        let (turned, new) = none.apply(&pixels, &field, &spec(64));
        assert_eq!((new.centre_x, new.visible_radius), (15.0, 15.0));
        for (x, y) in [(5, 5), (10, 20), (24, 24)] {
            assert_eq!(turned.get_pixel(x, y), pixels.get_pixel(x + 5, y + 5));
        }
        assert_eq!(turned.get_pixel(0, 0).0, [0; 3], "outside the disc");
    }

    #[test]
    fn a_half_turn_exchanges_the_corners() {
        let pixels = RgbImage::from_fn(20, 20, |x, y| Rgb([(x + 20 * y) as u8, 0, 0]));
        let field = Field { centre_x: 10.0, centre_y: 10.0, radius: 10.0, visible_radius: 10.0, confidence: 1.0 };
        let half = Change {
            angle: std::f64::consts::PI,
            part: 1.0,
            gains: [1.0; 3],
            gamma: 1.0,
            blur: None,
            jpeg: None,
            style: None,
        };
        let (turned, _) = half.apply(&pixels, &field, &spec(64));
        assert_eq!(turned.get_pixel(3, 6), pixels.get_pixel(16, 13));
    }

    #[test]
    fn a_large_photograph_is_reduced_to_what_the_network_sees_and_shows_the_same() {
        let pixels = RgbImage::from_fn(900, 900, |x, y| {
            let wave = |at: u32, length: f64| (120.0 + 60.0 * (f64::from(at) / length).sin()) as u8;
            Rgb([wave(x, 60.0), wave(y, 90.0), wave(x + y, 120.0)])
        });
        let field = Field { centre_x: 450.0, centre_y: 450.0, radius: 450.0, visible_radius: 450.0, confidence: 1.0 };
        let none = Change { angle: 0.0, part: 1.0, gains: [1.0; 3], gamma: 1.0, blur: None, jpeg: None, style: None };
        let spec = spec(96);
        let (small, new) = none.apply(&pixels, &field, &spec);
        assert_eq!(small.width(), 100, "96 pixels over a disc of 0.96");
        let (made, expected) =
            (preprocess::preprocess(&small, &new, &spec).data, preprocess::preprocess(&pixels, &field, &spec).data);
        let apart = made.iter().zip(&expected).map(|(a, b)| (a - b).abs()).sum::<f32>() / made.len() as f32;
        assert!(apart < 1.5, "mean difference {apart} of 255");
    }
}
