//! From what a touch device measures to the panel's pixels. No I/O.

use std::{fmt, str::FromStr};

use embedded_graphics::prelude::Point;

/// How places on the touch device lie on the panel: six numbers *a b c d e f*, by which a place (*x*, *y*) on the device
/// becomes (*a x + b y + c*, *d x + e y + f*) on the panel. Both reach from 0 at the upper left to 1 at the lower right.
///
/// It is written as six numbers with spaces between, as other programs for touch screens write theirs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix([f64; 6]);

/// A text is no matrix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected six numbers from -100 to 100 that keep places apart, as in \"1 0 0 0 1 0\", found {found:?}")]
pub struct NoMatrix {
    /// The text.
    found: String,
}

impl Matrix {
    /// The device lies on the panel as it is.
    pub const STRAIGHT: Self = Matrix([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);

    fn applied(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + b * y + c, d * x + e * y + f)
    }
}

impl fmt::Display for Matrix {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a} {b} {c} {d} {e} {g}")
    }
}

impl FromStr for Matrix {
    type Err = NoMatrix;

    fn from_str(text: &str) -> Result<Self, NoMatrix> {
        /// Below, a whole device lies on one line of the panel.
        const LEAST: f64 = 1e-6;
        let numbers: Option<Vec<f64>> = text.split_whitespace().map(|word| word.parse().ok()).collect();
        let matrix = numbers.and_then(|numbers| <[f64; 6]>::try_from(numbers).ok());
        matrix
            .filter(|numbers| numbers.iter().all(|number| (-100.0..=100.0).contains(number)))
            .filter(|[a, b, _, d, e, _]| (a * e - b * d).abs() > LEAST)
            .map(Matrix)
            .ok_or_else(|| NoMatrix { found: text.to_owned() })
    }
}

/// The values of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) least: i32,
    pub(super) most: i32,
}

impl Range {
    /// Whether it has more than one value: else nothing can be told by it.
    pub(super) fn is_known(&self) -> bool {
        self.least < self.most
    }

    /// Where the middle of a value lies, 0..1.
    fn part(&self, value: i32) -> f64 {
        let (least, most, value) = (f64::from(self.least), f64::from(self.most), f64::from(value));
        (value - least + 0.5) / (most - least + 1.0)
    }
}

/// The two axes of a device over a panel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axes {
    pub(super) x: Range,
    pub(super) y: Range,
    pub(super) matrix: Matrix,
    /// The panel's pixels across and down.
    pub(super) panel: (u32, u32),
}

impl Axes {
    /// The pixel under a place, the nearest one where it lies beside the panel.
    pub(super) fn pixel(&self, (x, y): (i32, i32)) -> Point {
        let (x, y) = self.matrix.applied((self.x.part(x), self.y.part(y)));
        let pixel = |part: f64, count: u32| {
            let most = i32::try_from(count).unwrap_or(i32::MAX) - 1;
            // A cast keeps within the range of its type.
            ((part * f64::from(count)).floor() as i32).clamp(0, most.max(0))
        };
        Point::new(pixel(x, self.panel.0), pixel(y, self.panel.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Range = Range { least: 0, most: 32767 };

    fn axes(matrix: &str) -> Axes {
        Axes { x: WIDE, y: WIDE, matrix: matrix.parse().unwrap(), panel: (800, 480) }
    }

    #[test]
    fn the_ends_of_an_axis_are_the_edges_of_the_panel() {
        let axes = axes("1 0 0 0 1 0");
        assert_eq!(axes.pixel((0, 0)), Point::new(0, 0));
        assert_eq!(axes.pixel((32767, 32767)), Point::new(799, 479));
        assert_eq!(axes.pixel((16384, 16383)), Point::new(400, 239));
        assert_eq!(axes.pixel((-5, 40_000)), Point::new(0, 479));
        assert_eq!(axes.pixel((i32::MIN, i32::MAX)), Point::new(0, 479));
    }

    #[test]
    fn every_pixel_can_be_touched_and_gets_its_share_of_a_coarse_axis() {
        let axes = Axes { x: Range { least: 100, most: 100 + 399 }, ..axes("1 0 0 0 1 0") };
        for step in 0..400 {
            // Two pixels to a value: its middle lies on the border between them.
            assert_eq!(axes.pixel((100 + step, 0)).x / 2, step);
        }
        let fine = Axes { x: Range { least: 0, most: 1599 }, ..axes };
        let pixels: Vec<_> = (0..1600).map(|value| fine.pixel((value, 0)).x).collect();
        assert!((0..800).all(|pixel| pixels.iter().filter(|&&found| found == pixel).count() == 2));
    }

    #[test]
    fn a_matrix_turns_mirrors_and_swaps() {
        // The upper left quarter's middle.
        let place = (8191, 8191);
        assert_eq!(axes("1 0 0 0 1 0").pixel(place), Point::new(199, 119));
        assert_eq!(axes("-1 0 1 0 -1 1").pixel(place), Point::new(600, 360), "half a turn");
        assert_eq!(axes("-1 0 1 0 1 0").pixel(place), Point::new(600, 119), "mirrored");
        assert_eq!(axes("0 1 0 1 0 0").pixel((0, 32767)), Point::new(799, 0), "swapped");
        assert_eq!(axes("0 -1 1 1 0 0").pixel((0, 0)), Point::new(799, 0), "a quarter to the right");
        assert_eq!(
            axes("2 0 -0.5 0 2 -0.5").pixel((0, 16384)),
            Point::new(0, 240),
            "the panel is a part of the device"
        );
    }

    #[test]
    fn half_a_turn_is_exact() {
        let (straight, turned) = (axes("1 0 0 0 1 0"), axes("-1 0 1 0 -1 1"));
        for value in (0..32768).step_by(37) {
            let (there, back) = (straight.pixel((value, 0)), turned.pixel((32767 - value, 32767)));
            assert_eq!(there, back);
        }
    }

    #[test]
    fn what_is_no_matrix_is_refused() {
        for text in
            ["", "1 0 0 0 1", "1 0 0 0 1 0 0", "1 0 0 0 one 0", "nan 0 0 0 1 0", "1 0 0 0 inf 0", "1 0 101 0 1 0"]
        {
            let error = text.parse::<Matrix>().unwrap_err().to_string();
            assert!(error.contains("expected six numbers") && error.ends_with(&format!("found {text:?}")), "{error}");
        }
        assert!("1 1 0 1 1 0".parse::<Matrix>().is_err(), "all places on one line");
        assert!(!Range { least: 3, most: 3 }.is_known());
        assert_eq!(" 1  0 0 0\t1 0 ".parse(), Ok(Matrix::STRAIGHT));
        assert_eq!("0 -1 1 1.50 0 0".parse::<Matrix>().unwrap().to_string(), "0 -1 1 1.5 0 0");
    }
}
