//! The source disc, resampled to the square the network sees (rules 1 to 3).

use ::image::RgbImage;
use fast_image_resize::FilterType;

use super::PreprocessSpec;
use crate::{
    field::Field,
    image::resize::{self, Part},
};

/// Width of the painted margin inside the square's inscribed circle, in output pixels.
const MARGIN: i64 = 2;

/// A square of RGB pixels of which a disc is visible.
pub(super) struct Square {
    /// Side in pixels.
    pub(super) size: usize,
    /// RGB, row-major; only the visible pixels mean anything.
    pub(super) rgb: Vec<u8>,
    /// One a pixel: whether it lies in the visible disc and in the photograph.
    pub(super) visible: Vec<bool>,
}

impl Square {
    /// Resamples the source disc.
    pub(super) fn sample(pixels: &RgbImage, field: &Field, spec: &PreprocessSpec) -> Self {
        let size = spec.size as usize;
        let mut square = Self { size, rgb: vec![0; size * size * 3], visible: vec![false; size * size] };
        let disc = Disc { x: field.centre_x, y: field.centre_y, radius: field.visible_radius * spec.disc };
        if !(disc.x.is_finite() && disc.y.is_finite() && disc.radius.is_finite() && disc.radius >= 1.0) {
            return square;
        }
        let scale = 2.0 * disc.radius / size as f64;
        let columns = Span::inside(disc.x - disc.radius, scale, size, pixels.width());
        let rows = Span::inside(disc.y - disc.radius, scale, size, pixels.height());
        let (Some(columns), Some(rows)) = (columns, rows) else {
            return square;
        };
        // When the disc is reduced, the filter reaches at most one output pixel in each direction: less than the
        // margin, also along the diagonal. When it is enlarged, it reaches one source pixel, which may be more.
        let part = if scale >= 1.0 {
            resize(pixels.width(), pixels.height(), pixels.as_raw(), columns, rows)
        } else {
            disc.cut_out(pixels).and_then(|cut| {
                let columns = Span { start: columns.start - f64::from(cut.left), ..columns };
                let rows = Span { start: rows.start - f64::from(cut.top), ..rows };
                resize(cut.pixels.width(), cut.pixels.height(), cut.pixels.as_raw(), columns, rows)
            })
        };
        let Some(part) = part else {
            return square;
        };
        let width = columns.last - columns.first;
        for (y, row) in (rows.first..rows.last).zip(part.chunks_exact(width * 3)) {
            let at = y * size + columns.first;
            square.rgb[at * 3..(at + width) * 3].copy_from_slice(row);
            for x in columns.first..columns.last {
                square.visible[y * size + x] = in_visible_disc(x, y, size);
            }
        }
        square
    }
}

/// Whether the centre of an output pixel is no further than `size / 2 − 2` from the square's centre.
fn in_visible_disc(x: usize, y: usize, size: usize) -> bool {
    // Twice all lengths, so that pixel centres are whole numbers.
    let size = size as i64;
    let (x, y, radius) = (2 * x as i64 + 1 - size, 2 * y as i64 + 1 - size, size - 2 * MARGIN);
    radius > 0 && x * x + y * y <= radius * radius
}

/// The output pixels along one axis that lie wholly in the photograph, and where they come from.
#[derive(Clone, Copy)]
struct Span {
    /// First output pixel.
    first: usize,
    /// One past the last output pixel.
    last: usize,
    /// Where the first one starts, in source pixels.
    start: f64,
    /// Source pixels for all of them.
    length: f64,
}

impl Span {
    /// The part of `size` output pixels, `scale` source pixels each, that lies in `0..limit` when they begin at `start`.
    fn inside(start: f64, scale: f64, size: usize, limit: u32) -> Option<Self> {
        let limit = f64::from(limit);
        let first = if start < 0.0 { (-start / scale).ceil() } else { 0.0 };
        let last = ((limit - start) / scale).floor().min(size as f64);
        if !(first < last) {
            return None;
        }
        // Rounding may have put either end a hair outside.
        let begin = (start + first * scale).max(0.0);
        let mut length = ((last - first) * scale).min(limit - begin);
        while begin + length > limit {
            length = length.next_down();
        }
        (length > 0.0).then_some(Self { first: first as usize, last: last as usize, start: begin, length })
    }
}

/// Resizes a part of an RGB image; the spans were cut to it.
fn resize(width: u32, height: u32, rgb: &[u8], columns: Span, rows: Span) -> Option<Vec<u8>> {
    let part =
        Part { left: columns.start.max(0.0), top: rows.start.max(0.0), width: columns.length, height: rows.length };
    let target = ((columns.last - columns.first) as u32, (rows.last - rows.first) as u32);
    resize::resize((width, height), rgb, part, target, FilterType::Bilinear)
}

/// A disc in the photograph, in pixels.
struct Disc {
    x: f64,
    y: f64,
    radius: f64,
}

/// A copy of the pixels around a disc.
struct CutOut {
    left: u32,
    top: u32,
    pixels: RgbImage,
}

impl Disc {
    /// Copies the square around a (small) disc; every pixel whose centre lies outside the disc is replaced by its
    /// row's nearest pixel inside, and rows without one by the nearest row that has one.
    fn cut_out(&self, source: &RgbImage) -> Option<CutOut> {
        let bounds = |centre: f64, limit: u32| {
            let low = (centre - self.radius).floor().clamp(0.0, f64::from(limit));
            let high = (centre + self.radius).ceil().clamp(0.0, f64::from(limit));
            (low as u32, high as u32)
        };
        let (left, right) = bounds(self.x, source.width());
        let (top, bottom) = bounds(self.y, source.height());
        let inside = |y: u32| {
            let down = f64::from(y) + 0.5 - self.y;
            let half = (self.radius * self.radius - down * down).max(0.0).sqrt();
            let first = (self.x - half - 0.5).ceil().max(f64::from(left));
            let last = (self.x + half - 0.5).floor().min(f64::from(right) - 1.0);
            (down.abs() <= self.radius && first <= last).then_some((first as u32, last as u32))
        };
        // The rows with a pixel inside follow each other: spans only grow towards the centre.
        let first_row = (top..bottom).find(|&y| inside(y).is_some())?;
        let last_row = (top..bottom).rev().find(|&y| inside(y).is_some())?;
        let mut pixels = RgbImage::new(right - left, bottom - top);
        for (x, y, pixel) in pixels.enumerate_pixels_mut() {
            let y = (top + y).clamp(first_row, last_row);
            let (first, last) = inside(y)?;
            *pixel = *source.get_pixel((left + x).clamp(first, last), y);
        }
        Some(CutOut { left, top, pixels })
    }
}
