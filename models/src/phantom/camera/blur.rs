//! Blur of the painted retina: defocus as three box filters (close to a Gaussian), motion as an average along a line.
//!
//! Both look only at painted pixels, so that the black outside the field does not bleed in.

use crate::phantom::{
    anatomy::Colour,
    canvas::{Canvas, REACH},
    geometry::Point,
};

/// Blurs by a Gaussian of standard deviation `sigma` pixels.
pub(super) fn defocus(canvas: &mut Canvas, sigma: f32) {
    if sigma < 0.25 {
        return;
    }
    let half = half_width(sigma);
    let (width, height) = (canvas.width, canvas.height);
    let centre = canvas.view.centre;
    let reach = canvas.view.radius * REACH;
    let mut scratch = Vec::new();
    let mut turned = transposed(&canvas.pixels, width, height);
    boxes_along_rows(&mut turned, height, width, (centre.y, centre.x), reach, half, &mut scratch);
    canvas.pixels = transposed(&turned, height, width);
    boxes_along_rows(&mut canvas.pixels, width, height, (centre.x, centre.y), reach, half, &mut scratch);
}

/// Half width of a box with fractional ends, three of which have the standard deviation `sigma`: the extended box
/// filter of Gwosdek, Grewenig, Bruhn and Weickert (2011).
fn half_width(sigma: f32) -> f32 {
    let variance = sigma * sigma / 3.0;
    let whole = (((1.0 + 12.0 * variance).sqrt() - 1.0) * 0.5).floor();
    let next = (whole + 1.0) * (whole + 1.0);
    let rest = (2.0 * whole + 1.0) * (3.0 * variance - whole * (whole + 1.0)) / (6.0 * (next - variance));
    whole + rest.clamp(0.0, 0.999)
}

fn transposed(pixels: &[Colour], width: usize, height: usize) -> Vec<Colour> {
    let mut out = Vec::with_capacity(pixels.len());
    for column in 0..width {
        out.extend((0..height).map(|row| pixels[row * width + column]));
    }
    out
}

fn boxes_along_rows(
    pixels: &mut [Colour],
    width: usize,
    height: usize,
    centre: (f32, f32),
    reach: f32,
    half: f32,
    scratch: &mut Vec<Colour>,
) {
    for row in 0..height {
        let dy = row as f32 + 0.5 - centre.1;
        let squared = reach * reach - dy * dy;
        if squared <= 0.0 {
            continue;
        }
        let chord = squared.sqrt();
        // Only pixels whose middle lies within reach were painted.
        let first = ((centre.0 - chord + 0.5).ceil().max(0.0) as usize).min(width);
        let last = ((centre.0 + chord - 0.5).floor().max(0.0) as usize).min(width);
        if last <= first + 1 {
            continue;
        }
        let line = &mut pixels[row * width + first..row * width + last];
        for _ in 0..3 {
            box_filter(line, half, scratch);
        }
    }
}

/// One box filter of half width `half` (not a whole number); the ends are repeated.
fn box_filter(line: &mut [Colour], half: f32, scratch: &mut Vec<Colour>) {
    scratch.clear();
    scratch.extend_from_slice(line);
    let whole = half.floor() as isize;
    let rest = half - half.floor();
    let weight = 1.0 / (2.0 * half + 1.0);
    let end = scratch.len() as isize - 1;
    let at = |index: isize| scratch[index.clamp(0, end) as usize];
    let mut sum = [0.0_f32; 3];
    for index in -whole..=whole {
        for (total, value) in sum.iter_mut().zip(at(index)) {
            *total += value;
        }
    }
    for (index, pixel) in line.iter_mut().enumerate() {
        let index = index as isize;
        let (before, after) = (at(index - whole - 1), at(index + whole + 1));
        let leaving = at(index - whole);
        for channel in 0..3 {
            pixel[channel] = (sum[channel] + rest * (before[channel] + after[channel])) * weight;
            sum[channel] += after[channel] - leaving[channel];
        }
    }
}

/// Smears along `direction` over `length` pixels.
pub(super) fn motion(canvas: &mut Canvas, direction: Point, length: f32) {
    if length < 1.0 {
        return;
    }
    let taps = (length.ceil() as usize).min(48);
    let source = canvas.pixels.clone();
    let (width, view) = (canvas.width, canvas.view);
    let limit = view.radius * (REACH - 0.01);
    let bounds = (canvas.width as f32 - 1.0, canvas.height as f32 - 1.0);
    canvas.everywhere(|column, row, _, pixel| {
        let mut sum = [0.0_f32; 3];
        let mut count = 0.0;
        for tap in 0..taps {
            let t = ((tap as f32 + 0.5) / taps as f32 - 0.5) * length;
            let at = Canvas::middle(column, row) + direction * t;
            let from = at - view.centre;
            if from.dot(from) > limit * limit {
                continue;
            }
            let (x, y) = ((at.x - 0.5).clamp(0.0, bounds.0), (at.y - 0.5).clamp(0.0, bounds.1));
            let (nearest_x, nearest_y) = ((x + 0.5) as usize, (y + 0.5) as usize);
            let colour = source[nearest_y * width + nearest_x];
            for (total, value) in sum.iter_mut().zip(colour) {
                *total += value;
            }
            count += 1.0;
        }
        if count > 0.0 {
            *pixel = sum.map(|total| total / count);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_keeps_the_mean_and_widens_a_line() {
        let mut line = vec![[0.0; 3]; 41];
        line[20] = [1.0; 3];
        let mut scratch = Vec::new();
        for _ in 0..3 {
            box_filter(&mut line, half_width(2.1), &mut scratch);
        }
        let total: f32 = line.iter().map(|c| c[0]).sum();
        let variance: f32 = line.iter().enumerate().map(|(i, c)| c[0] * (i as f32 - 20.0) * (i as f32 - 20.0)).sum();
        assert!((total - 1.0).abs() < 1e-4, "total {total}");
        assert!((variance - 2.1 * 2.1).abs() < 0.02, "variance {variance}");
    }
}
