//! The classic measures behind the verdict, and the thresholds on them.
//!
//! All measures are taken on a rendition of the field's visible disc of [`SIDE`] pixels, so that they do not depend on
//! the file's resolution. The thresholds are deliberately coarse: they refuse what nobody could read. They have not been
//! fitted to graded photographs yet, and no error rate is claimed for them.

use ::image::RgbImage;

use super::{Gradability, Quality, Reason, Scores};
use crate::field::Field;

/// Side of the rendition, in pixels.
const SIDE: usize = 256;
/// Radius inside which is measured, as a fraction of half the side: keeps away from the rim's own edge.
const INNER: f64 = 0.9;
/// Mean luminance (0..1) below which nothing can be read.
const DARK: f64 = 0.08;
/// Mean luminance above which detail is bleached.
const BRIGHT: f64 = 0.85;
/// Focus score below which vessels are not resolved.
const BLURRED: f64 = 0.05;
/// Focus score below which a photograph is only usable.
const SOFT: f64 = 0.10;
/// Darkest over brightest quadrant below which the light is uneven.
const UNEVEN: f64 = 0.35;
/// Part of the field's diameter that has to be visible.
const FIELD: f64 = 0.6;
/// Red over blue below which the picture's colour is not that of a retina.
const RED_OVER_BLUE: f64 = 1.1;
/// Fine structure of full contrast: scales the focus score to 0..1.
const FINE_FULL: f64 = 0.04;

/// Area averages of the disc's bounding square: `SIDE × SIDE` RGB, 0..1; pixels outside the photograph are black.
fn rendition(pixels: &RgbImage, field: &Field) -> Vec<[f64; 3]> {
    let step = 2.0 * field.visible_radius / SIDE as f64;
    // Enough samples a cell that no pixel of a large photograph is skipped by more than its neighbour.
    let samples = step.ceil().clamp(1.0, 8.0) as usize;
    let (width, height) = (f64::from(pixels.width()), f64::from(pixels.height()));
    let mut out = Vec::with_capacity(SIDE * SIDE);
    for row in 0..SIDE {
        for column in 0..SIDE {
            let mut sum = [0.0; 3];
            for dy in 0..samples {
                for dx in 0..samples {
                    let offset = |index: usize, part: usize| index as f64 + (part as f64 + 0.5) / samples as f64;
                    let x = field.centre_x - field.visible_radius + step * offset(column, dx);
                    let y = field.centre_y - field.visible_radius + step * offset(row, dy);
                    if x >= 0.0 && y >= 0.0 && x < width && y < height {
                        let pixel = pixels.get_pixel(x as u32, y as u32);
                        for (total, &value) in sum.iter_mut().zip(&pixel.0) {
                            *total += f64::from(value) / 255.0;
                        }
                    }
                }
            }
            out.push(sum.map(|total| total / (samples * samples) as f64));
        }
    }
    out
}

/// Whether a cell of the rendition lies in the measured disc.
fn inside(row: usize, column: usize) -> bool {
    let half = SIDE as f64 / 2.0;
    (row as f64 + 0.5 - half).hypot(column as f64 + 0.5 - half) <= INNER * half
}

/// Mean absolute difference of the green channel between each cell and the mean of its four neighbours two cells away,
/// relative to the mean green: the contrast of vessel-sized structure.
fn fine_structure(cells: &[[f64; 3]]) -> f64 {
    let green = |row: usize, column: usize| cells[row * SIDE + column][1];
    let (mut difference, mut level, mut count) = (0.0, 0.0, 0.0);
    for row in 2..SIDE - 2 {
        for column in 2..SIDE - 2 {
            if inside(row, column) {
                let around =
                    green(row - 2, column) + green(row + 2, column) + green(row, column - 2) + green(row, column + 2);
                difference += (green(row, column) - around / 4.0).abs();
                level += green(row, column);
                count += 1.0;
            }
        }
    }
    if count == 0.0 || level <= 0.0 { 0.0 } else { difference / level }
}

/// See [`super::assess`].
pub(super) fn assess(pixels: &RgbImage, field: &Field) -> Quality {
    let cells = rendition(pixels, field);
    let (mut colour, mut count) = ([0.0; 3], 0.0);
    let mut quadrants = [(0.0, 0.0); 4];
    for row in 0..SIDE {
        for column in 0..SIDE {
            if !inside(row, column) {
                continue;
            }
            let cell = cells[row * SIDE + column];
            for (total, value) in colour.iter_mut().zip(cell) {
                *total += value;
            }
            count += 1.0;
            let quadrant = &mut quadrants[usize::from(row >= SIDE / 2) * 2 + usize::from(column >= SIDE / 2)];
            quadrant.0 += cell[1];
            quadrant.1 += 1.0;
        }
    }
    let [red, green, blue] = colour.map(|total| total / f64::max(count, 1.0));
    // Rec. 601 luma.
    let brightness = 0.299 * red + 0.587 * green + 0.114 * blue;
    let means = quadrants.map(|(sum, n)| sum / f64::max(n, 1.0));
    let brightest = means.iter().fold(0.0_f64, |a, &b| a.max(b));
    let darkest = means.iter().fold(f64::INFINITY, |a, &b| a.min(b));
    let scores = Scores {
        focus: (fine_structure(&cells) / FINE_FULL).clamp(0.0, 1.0),
        brightness: brightness.clamp(0.0, 1.0),
        evenness: if brightest > 0.0 { (darkest / brightest).clamp(0.0, 1.0) } else { 0.0 },
        field_visible: if field.radius > 0.0 { (field.visible_radius / field.radius).clamp(0.0, 1.0) } else { 0.0 },
    };
    let refusals = [
        (red < RED_OVER_BLUE * blue && brightness >= DARK, Reason::NotFundus),
        (scores.brightness < DARK, Reason::TooDark),
        (scores.brightness > BRIGHT, Reason::TooBright),
        (scores.focus < BLURRED, Reason::Blurred),
        (scores.field_visible < FIELD, Reason::FieldIncomplete),
    ];
    let mut reasons: Vec<Reason> = refusals.into_iter().filter_map(|(holds, reason)| holds.then_some(reason)).collect();
    let gradability = if !reasons.is_empty() {
        Gradability::Ungradable
    } else if scores.focus < SOFT || scores.evenness < UNEVEN {
        Gradability::Usable
    } else {
        Gradability::Good
    };
    if scores.evenness < UNEVEN {
        reasons.push(Reason::UnevenLight);
    }
    Quality { gradability, reasons, scores }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::Rgb;

    /// A reddish disc with vessel-like stripes of this contrast, scaled by `light`.
    fn eye(side: u32, light: f64, contrast: f64) -> (RgbImage, Field) {
        let middle = f64::from(side) / 2.0;
        let radius = 0.48 * f64::from(side);
        let pixels = RgbImage::from_fn(side, side, |x, y| {
            let (dx, dy) = (f64::from(x) + 0.5 - middle, f64::from(y) + 0.5 - middle);
            if dx.hypot(dy) > radius {
                return Rgb([0; 3]);
            }
            let stripe = 1.0 + contrast * (dx / radius * 90.0).sin();
            Rgb([180.0, 100.0, 50.0].map(|level: f64| (level * light * stripe).clamp(0.0, 255.0) as u8))
        });
        (pixels, Field { centre_x: middle, centre_y: middle, radius, visible_radius: radius, confidence: 1.0 })
    }

    #[test]
    fn a_sharp_well_lit_eye_is_good() {
        let (pixels, field) = eye(600, 1.0, 0.2);
        let quality = assess(&pixels, &field);
        assert_eq!((quality.gradability, quality.reasons), (Gradability::Good, vec![]));
    }

    #[test]
    fn the_verdict_does_not_depend_on_the_resolution() {
        let scores = [512, 1024, 2048].map(|side| {
            let (pixels, field) = eye(side, 1.0, 0.2);
            assess(&pixels, &field).scores.focus
        });
        for score in scores {
            assert!((score - scores[0]).abs() < 0.05, "{scores:?}");
        }
    }

    #[test]
    fn each_fault_is_named() {
        for (light, contrast, reason) in
            [(0.1, 0.2, Reason::TooDark), (4.0, 0.0, Reason::TooBright), (1.0, 0.0, Reason::Blurred)]
        {
            let (pixels, field) = eye(600, light, contrast);
            let quality = assess(&pixels, &field);
            assert_eq!(quality.gradability, Gradability::Ungradable);
            assert!(quality.reasons.contains(&reason), "{reason:?} is not in {:?}", quality.reasons);
        }
    }

    #[test]
    fn a_grey_picture_is_no_fundus_and_a_cut_field_is_told() {
        let (pixels, field) = eye(600, 1.0, 0.2);
        let grey = RgbImage::from_fn(600, 600, |x, y| Rgb([pixels.get_pixel(x, y)[1]; 3]));
        assert!(assess(&grey, &field).reasons.contains(&Reason::NotFundus));
        let cut = Field { visible_radius: field.radius * 0.5, ..field };
        assert!(assess(&pixels, &cut).reasons.contains(&Reason::FieldIncomplete));
    }
}
