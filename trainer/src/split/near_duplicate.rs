//! Finds photographs of the same eye that only look different as bytes: saved again, resized, cropped, mirrored.
//!
//! Two measures have to agree. The *difference hash* (dHash: is each pixel of a 16×16 picture darker than its right
//! neighbour?) is quick and survives resizing and compression, but all retinas are alike to it. The *detail* is what
//! is left of a 48×48 picture after its blurred self is taken away: vessels and disc; its correlation tells eyes
//! apart. Both look at the square inscribed in the visible field, so that neither the frame nor its crop matters.
//!
//! Rotated copies and photographs shifted by more than a tenth of the field are not found.

use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8,
};
use image::RgbImage;
use ocellus_model::field::Field;
use rayon::prelude::*;

/// At most so many of the 256 bits of two difference hashes may differ.
pub const HASH_BITS_MAX: u32 = 26;
/// At least so well must the details correlate, -1..=1.
pub const DETAIL_CORRELATION_MIN: f64 = 0.7;

/// Side of the hash, in pixels.
const HASH_SIDE: usize = 16;
/// Side of the detail, in pixels.
const DETAIL_SIDE: usize = 48;
/// Half the window of the blur that is taken away, in pixels of the detail.
const BLUR_RADIUS: usize = 4;
/// A standard deviation of the detail is stored as this many steps.
const STEPS_PER_SD: f32 = 32.0;
/// Details flatter than this (standard deviation in grey levels) say nothing about the eye.
const FLAT_SD: f32 = 0.5;

/// What a photograph looks like, 2.4 KB.
#[derive(Debug, Clone, PartialEq)]
pub struct Fingerprint {
    hash: [u64; 4],
    mirrored_hash: [u64; 4],
    /// Row-major, `DETAIL_SIDE`²; empty when the picture is flat.
    detail: Vec<i8>,
}

/// Two photographs that look the same, by their index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The lower index.
    pub first: usize,
    /// The higher index.
    pub second: usize,
    /// One is the mirror picture of the other.
    pub mirrored: bool,
}

/// The fingerprint of a photograph with its field; one without is taken whole. `None` when it is smaller than 16 pixels.
pub fn fingerprint(pixels: &RgbImage, field: Option<&Field>) -> Option<Fingerprint> {
    let (width, height) = (f64::from(pixels.width()), f64::from(pixels.height()));
    // The square inscribed in the visible disc, or the whole picture.
    let (left, top, w, h) = match field {
        Some(field) => {
            let half = field.visible_radius / std::f64::consts::SQRT_2;
            let left = (field.centre_x - half).max(0.0);
            let top = (field.centre_y - half).max(0.0);
            (left, top, (2.0 * half).min(width - left), (2.0 * half).min(height - top))
        }
        None => (0.0, 0.0, width, height),
    };
    if w < HASH_SIDE as f64 || h < HASH_SIDE as f64 {
        return None;
    }
    let grey = image::DynamicImage::ImageRgb8(pixels.clone()).into_luma8();
    // Typed, because the untyped call compiles every kernel of every pixel type into this crate.
    let source = TypedImageRef::<U8>::from_buffer(grey.width(), grey.height(), grey.as_raw()).ok()?;
    let mut resizer = Resizer::new();
    let mut shrink = |to_width: usize, to_height: usize| -> Option<Vec<u8>> {
        let options =
            ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).crop(left, top, w, h);
        let mut to = TypedImage::<U8>::new(to_width as u32, to_height as u32);
        resizer.resize_typed(&source, &mut to, &options).ok()?;
        Some(to.pixels().iter().map(|pixel| pixel.0).collect())
    };
    let small = shrink(HASH_SIDE + 1, HASH_SIDE)?;
    let detail = detail(&shrink(DETAIL_SIDE, DETAIL_SIDE)?);
    Some(Fingerprint { hash: hash(&small, false), mirrored_hash: hash(&small, true), detail })
}

/// The difference hash of a 17×16 picture, plain or of its mirror picture.
fn hash(small: &[u8], mirrored: bool) -> [u64; 4] {
    let mut bits = [0u64; 4];
    for (y, line) in small.chunks_exact(HASH_SIDE + 1).enumerate() {
        for x in 0..HASH_SIDE {
            let (left, right) =
                if mirrored { (line[HASH_SIDE - x], line[HASH_SIDE - x - 1]) } else { (line[x], line[x + 1]) };
            let index = y * HASH_SIDE + x;
            bits[index / 64] |= u64::from(left < right) << (index % 64);
        }
    }
    bits
}

/// The picture minus its blurred self, in steps of the standard deviation; empty when flat.
fn detail(picture: &[u8]) -> Vec<i8> {
    let side = DETAIL_SIDE;
    let mut high = vec![0f32; side * side];
    for y in 0..side {
        for x in 0..side {
            let (top, bottom) = (y.saturating_sub(BLUR_RADIUS), (y + BLUR_RADIUS + 1).min(side));
            let (left, right) = (x.saturating_sub(BLUR_RADIUS), (x + BLUR_RADIUS + 1).min(side));
            let lines = (top..bottom).map(|line| &picture[line * side + left..line * side + right]);
            let sum: u32 = lines.flatten().map(|grey| u32::from(*grey)).sum();
            let mean = sum as f32 / ((bottom - top) * (right - left)) as f32;
            high[y * side + x] = f32::from(picture[y * side + x]) - mean;
        }
    }
    let count = high.len() as f32;
    let mean = high.iter().sum::<f32>() / count;
    let sd = (high.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt();
    if sd < FLAT_SD {
        return Vec::new();
    }
    high.iter().map(|value| ((value - mean) / sd * STEPS_PER_SD).clamp(-127.0, 127.0) as i8).collect()
}

/// Correlation of two details; `mirrored` reads the second from right to left. 0 where one is flat.
fn correlation(a: &[i8], b: &[i8], mirrored: bool) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let (mut ab, mut aa, mut bb) = (0i64, 0i64, 0i64);
    for (line_a, line_b) in a.chunks_exact(DETAIL_SIDE).zip(b.chunks_exact(DETAIL_SIDE)) {
        for (x, value) in line_a.iter().enumerate() {
            let other = i64::from(if mirrored { line_b[DETAIL_SIDE - 1 - x] } else { line_b[x] });
            let value = i64::from(*value);
            ab += value * other;
            aa += value * value;
            bb += other * other;
        }
    }
    ab as f64 / ((aa as f64) * (bb as f64)).sqrt().max(1.0)
}

/// Differing bits.
fn hamming(a: &[u64; 4], b: &[u64; 4]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// Whether two photographs look the same: `Some(mirrored)`.
pub fn same(a: &Fingerprint, b: &Fingerprint) -> Option<bool> {
    if hamming(&a.hash, &b.hash) <= HASH_BITS_MAX && correlation(&a.detail, &b.detail, false) >= DETAIL_CORRELATION_MIN
    {
        return Some(false);
    }
    let mirrored = hamming(&a.hash, &b.mirrored_hash) <= HASH_BITS_MAX
        && correlation(&a.detail, &b.detail, true) >= DETAIL_CORRELATION_MIN;
    mirrored.then_some(true)
}

/// All pairs that look the same, in order of their indices. Compares every photograph with every other one, which
/// costs about a second for each 20,000² / 2 pairs and core.
pub fn pairs(fingerprints: &[Option<Fingerprint>]) -> Vec<Pair> {
    let found: Vec<Vec<Pair>> = (0..fingerprints.len())
        .into_par_iter()
        .map(|first| {
            let Some(a) = &fingerprints[first] else { return Vec::new() };
            let later = fingerprints.iter().enumerate().skip(first + 1);
            later
                .filter_map(|(second, b)| same(a, b.as_ref()?).map(|mirrored| Pair { first, second, mirrored }))
                .collect()
        })
        .collect();
    found.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use image::imageops::{FilterType as Filter, flip_horizontal, resize};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use ocellus_model::field::find_field;

    use super::*;

    /// A round field on black, filled with blurred blobs, different for every seed.
    fn picture(seed: u64) -> RgbImage {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let coarse = RgbImage::from_fn(14, 14, |_, _| image::Rgb([rng.random_range(60..220); 3]));
        let mut picture = resize(&coarse, 300, 300, Filter::CatmullRom);
        for (x, y, pixel) in picture.enumerate_pixels_mut() {
            if (f64::from(x) - 149.5).hypot(f64::from(y) - 149.5) > 140.0 {
                *pixel = image::Rgb([0; 3]);
            }
        }
        picture
    }

    fn print(pixels: &RgbImage) -> Fingerprint {
        fingerprint(pixels, find_field(pixels).ok().as_ref()).unwrap()
    }

    // verifies: RQ-140
    #[test]
    fn a_resized_a_darkened_and_a_mirrored_copy_are_found() {
        let original = picture(1);
        let a = print(&original);
        assert_eq!(same(&a, &print(&resize(&original, 180, 180, Filter::Triangle))), Some(false));
        let mut darker = original.clone();
        darker.pixels_mut().for_each(|pixel| pixel.0 = pixel.0.map(|value| value - value / 4));
        assert_eq!(same(&a, &print(&darker)), Some(false));
        assert_eq!(same(&a, &print(&flip_horizontal(&original))), Some(true));
    }

    #[test]
    fn different_pictures_and_flat_pictures_are_not_the_same() {
        assert_eq!(same(&print(&picture(1)), &print(&picture(2))), None);
        let flat = print(&RgbImage::from_pixel(100, 100, image::Rgb([90, 40, 10])));
        assert_eq!(same(&flat, &flat), None, "two black pictures are not the same eye");
        assert!(fingerprint(&RgbImage::new(4, 4), None).is_none());
    }

    #[test]
    fn pairs_come_in_order_and_skip_what_could_not_be_read() {
        let prints =
            [picture(3), picture(4), picture(3)].map(|pixels| fingerprint(&pixels, find_field(&pixels).ok().as_ref()));
        let [a, b, c] = prints;
        let found = pairs(&[a, None, b, c]);
        assert_eq!(found, [Pair { first: 0, second: 3, mirrored: false }]);
    }
}
