//! Where the program looked, laid over the photograph.

use image::{Rgb, RgbImage};
use ocellus_model::field::Field;

/// Colour of the places that spoke most for a finding: yellow of the palette of Okabe and Ito, which is told from the
/// retina's red by everybody.
const HOT: [f32; 3] = [240.0, 228.0, 66.0];
/// How far the colour covers the photograph at most.
const OPACITY: f32 = 0.6;

/// A map over the square that the preprocessing cut out of the photograph.
#[derive(Debug, Clone, Copy)]
pub struct Map<'a> {
    /// Rows and columns.
    pub shape: (usize, usize),
    /// How much each place adds to what was found, row by row; only what is above 0 is shown.
    pub values: &'a [f32],
    /// Half the side of the square, in pixels of the photograph; its middle is the field's.
    pub half_side: f64,
}

/// The photograph with the map over it, its largest value in full colour. Where the map adds nothing the photograph is
/// left as it is.
pub fn over(photograph: &RgbImage, field: &Field, map: Map<'_>) -> RgbImage {
    let (rows, columns) = map.shape;
    let largest = map.values.iter().copied().fold(0.0_f32, f32::max);
    let mut over = photograph.clone();
    if largest <= 0.0 || rows == 0 || columns == 0 || map.values.len() < rows * columns {
        return over;
    }
    let radius = field.radius.max(1.0);
    for (x, y, pixel) in over.enumerate_pixels_mut() {
        let (dx, dy) = (f64::from(x) + 0.5 - field.centre_x, f64::from(y) + 0.5 - field.centre_y);
        if dx.hypot(dy) > radius {
            continue;
        }
        let part = |offset: f64, count: usize| (offset / map.half_side + 1.0) / 2.0 * count as f64 - 0.5;
        let value = between(map.values, (rows, columns), part(dx, columns), part(dy, rows)) / largest;
        let share = value.clamp(0.0, 1.0) * OPACITY;
        let Rgb(below) = *pixel;
        let mixed = |channel: usize| {
            (f32::from(below[channel]) * (1.0 - share) + HOT[channel] * share).round().clamp(0.0, 255.0) as u8
        };
        *pixel = Rgb([mixed(0), mixed(1), mixed(2)]);
    }
    over
}

/// The value between cells, bilinear; beyond the outermost cells' middles theirs.
fn between(values: &[f32], (rows, columns): (usize, usize), x: f64, y: f64) -> f32 {
    let place = |at: f64, count: usize| {
        let at = at.clamp(0.0, (count - 1) as f64);
        let low = at.floor() as usize;
        (low, (low + 1).min(count - 1), (at - at.floor()) as f32)
    };
    let (left, right, u) = place(x, columns);
    let (upper, lower, v) = place(y, rows);
    let at = |row: usize, column: usize| values[row * columns + column];
    let above = at(upper, left) * (1.0 - u) + at(upper, right) * u;
    let below = at(lower, left) * (1.0 - u) + at(lower, right) * u;
    above * (1.0 - v) + below * v
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: Field = Field { centre_x: 50.0, centre_y: 50.0, radius: 48.0, visible_radius: 48.0, confidence: 1.0 };

    #[test]
    fn the_place_that_spoke_is_coloured_and_the_rest_is_left() {
        let grey = RgbImage::from_pixel(100, 100, Rgb([100; 3]));
        // Only the upper left quarter speaks for it; the lower right one against.
        let map = Map { shape: (2, 2), values: &[2.0, 0.0, 0.0, -3.0], half_side: 46.0 };
        let over = over(&grey, &FIELD, map);
        let at = |x, y| over.get_pixel(x, y).0;
        assert_eq!(at(25, 25), [184, 177, 80], "0.4 of the grey and 0.6 of the colour");
        assert_eq!(at(75, 75), [100; 3]);
        assert_eq!(at(0, 0), [100; 3], "outside the field");
        assert!(at(50, 25)[0] > at(60, 25)[0] && at(60, 25)[0] > 100, "fades between the cells");
    }

    #[test]
    fn a_map_that_adds_nothing_or_is_too_short_changes_nothing() {
        let grey = RgbImage::from_pixel(100, 100, Rgb([100; 3]));
        for values in [&[0.0_f32, -1.0, 0.0, 0.0][..], &[1.0][..], &[][..]] {
            assert_eq!(over(&grey, &FIELD, Map { shape: (2, 2), values, half_side: 46.0 }), grey);
        }
    }
}
