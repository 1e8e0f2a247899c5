//! Classic image measures of a fundus photograph, independent of resolution and border.
//!
//! All are taken inside the visible disc of the field, reduced to [`SIDE`] pixels by the very code that prepares a
//! network's input. Lengths are in pixels of that reduction: the disc is 256 wide, a large vessel about four. Levels are
//! the file's own (0..1, gamma as the camera wrote it).
//!
//! Not here: what is good enough ([`gate`](super::gate)).

use ::image::RgbImage;

use crate::{
    field::Field,
    preprocess::{ColourVariant, PreprocessSpec, preprocess},
};

/// Side of the reduction, in pixels.
const SIDE: usize = 256;
/// Radius inside which is measured, as a part of half the side: keeps away from the rim's own shadow.
const INNER: f64 = 0.92;
/// Level of luma (0..1) below which nothing is seen, and above which everything is bleached.
const UNSEEN: f64 = 0.06;
const BLEACHED: f64 = 0.90;
/// Distance of the flanks from a vessel's middle line, in pixels.
const FLANK: isize = 5;
/// Half the length of the piece of vessel that is looked at, in pixels.
const PIECE: isize = 4;
/// Part of the places that count for [`Measures::vessels`]: vessels cover about so much of a retina.
const VESSEL_PART: f64 = 0.05;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// Mean luma (Rec. 601), 0..1.
    pub brightness: f64,
    /// Part of the disc that is too dark to see anything, 0..1.
    pub dark: f64,
    /// Part of the disc that is bleached, 0..1.
    pub bright: f64,
    /// Green of the darkest quadrant over that of the brightest, 0..1.
    pub evenness: f64,
    /// Mean red over mean green.
    pub red_over_green: f64,
    /// Mean blue over mean green.
    pub blue_over_green: f64,
    /// Mean difference of green from its surroundings of 5 × 5 pixels, of the mean green: vessels' edges and noise.
    pub fine: f64,
    /// Of 5 × 5 from 17 × 17 pixels: vessels and lesions.
    pub medium: f64,
    /// Of 17 × 17 from 65 × 65 pixels: disc, macula, shadows.
    pub coarse: f64,
    /// How much darker than both flanks the most vessel-like twentieth of the disc is, of the mean green. Only lines
    /// count: what is as dark along as across is a spot.
    pub vessels: f64,
}

/// The names of the measures, in the order of [`Measures::values`].
pub const NAMES: [&str; 10] = [
    "brightness",
    "dark",
    "bright",
    "evenness",
    "red_over_green",
    "blue_over_green",
    "fine",
    "medium",
    "coarse",
    "vessels",
];

impl Measures {
    /// All of them, in the order of [`NAMES`].
    pub fn values(&self) -> [f64; 10] {
        let Measures {
            brightness,
            dark,
            bright,
            evenness,
            red_over_green,
            blue_over_green,
            fine,
            medium,
            coarse,
            vessels,
        } = *self;
        [brightness, dark, bright, evenness, red_over_green, blue_over_green, fine, medium, coarse, vessels]
    }

    /// Measures a photograph with a known field.
    pub fn of(pixels: &RgbImage, field: &Field) -> Self {
        let spec = PreprocessSpec {
            version: PreprocessSpec::VERSION,
            size: SIDE as u32,
            variant: ColourVariant::Original,
            disc: PreprocessSpec::DEFAULT_DISC,
        };
        let tensor = preprocess(pixels, field, &spec);
        let (red, rest) = tensor.data.split_at(SIDE * SIDE);
        let (green, blue) = rest.split_at(SIDE * SIDE);
        let places: Vec<(usize, usize)> =
            (0..SIDE * SIDE).map(|at| (at % SIDE, at / SIDE)).filter(|&(x, y)| inside(x, y)).collect();
        let count = places.len() as f64;
        let mean = |plane: &[f32]| places.iter().map(|&(x, y)| f64::from(plane[y * SIDE + x])).sum::<f64>() / count;
        let luma: Vec<f64> = places
            .iter()
            .map(|&(x, y)| {
                let [r, g, b] = [red, green, blue].map(|plane| f64::from(plane[y * SIDE + x]));
                0.299 * r + 0.587 * g + 0.114 * b
            })
            .collect();
        let share = |belongs: &dyn Fn(f64) -> bool| luma.iter().filter(|&&level| belongs(level)).count() as f64 / count;
        let level = mean(green).max(1.0 / 255.0);
        let averages = Averages::new(green);
        let contrast = |inner: usize, outer: usize| {
            let difference =
                |&(x, y): &(usize, usize)| (averages.around(x, y, inner) - averages.around(x, y, outer)).abs();
            places.iter().map(difference).sum::<f64>() / count / level
        };
        Measures {
            brightness: luma.iter().sum::<f64>() / count,
            dark: share(&|level| level < UNSEEN),
            bright: share(&|level| level > BLEACHED),
            evenness: evenness(green, &places),
            red_over_green: mean(red) / level,
            blue_over_green: mean(blue) / level,
            fine: contrast(0, 2),
            medium: contrast(2, 8),
            coarse: contrast(8, 32),
            vessels: vessels(green) / level,
        }
    }
}

/// Whether a pixel lies in the measured disc.
fn inside(x: usize, y: usize) -> bool {
    let half = SIDE as f64 / 2.0;
    (x as f64 + 0.5 - half).hypot(y as f64 + 0.5 - half) <= INNER * half
}

fn evenness(green: &[f32], places: &[(usize, usize)]) -> f64 {
    let mut quadrants = [(0.0, 0.0); 4];
    for &(x, y) in places {
        let quadrant = &mut quadrants[usize::from(y >= SIDE / 2) * 2 + usize::from(x >= SIDE / 2)];
        quadrant.0 += f64::from(green[y * SIDE + x]);
        quadrant.1 += 1.0;
    }
    let means = quadrants.map(|(sum, count)| sum / f64::max(count, 1.0));
    let brightest = means.iter().fold(0.0_f64, |a, &b| a.max(b));
    let darkest = means.iter().fold(f64::INFINITY, |a, &b| a.min(b));
    if brightest > 0.0 { (darkest / brightest).clamp(0.0, 1.0) } else { 0.0 }
}

/// Averages over squares in constant time (summed-area table; Crow 1984). Only pixels of the measured disc count.
struct Averages {
    /// One row and one column more than the picture: sums of all that lies above and to the left.
    sums: Vec<(f64, u32)>,
}

impl Averages {
    fn new(plane: &[f32]) -> Self {
        let stride = SIDE + 1;
        let mut sums = vec![(0.0, 0); stride * stride];
        for y in 0..SIDE {
            let mut row = (0.0, 0);
            for x in 0..SIDE {
                if inside(x, y) {
                    row = (row.0 + f64::from(plane[y * SIDE + x]), row.1 + 1);
                }
                let above = sums[y * stride + x + 1];
                sums[(y + 1) * stride + x + 1] = (above.0 + row.0, above.1 + row.1);
            }
        }
        Averages { sums }
    }

    /// Average of the square that reaches `reach` pixels to all sides.
    fn around(&self, x: usize, y: usize, reach: usize) -> f64 {
        let stride = SIDE + 1;
        let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(SIDE));
        let (top, bottom) = (y.saturating_sub(reach), (y + reach + 1).min(SIDE));
        let at = |x: usize, y: usize| self.sums[y * stride + x];
        let (a, b, c, d) = (at(left, top), at(right, top), at(left, bottom), at(right, bottom));
        let count = d.1 + a.1 - b.1 - c.1;
        if count == 0 { 0.0 } else { (d.0 + a.0 - b.0 - c.0) / f64::from(count) }
    }
}

/// Mean depth of the deepest [`VESSEL_PART`] of the disc as a line between two flanks; levels.
fn vessels(green: &[f32]) -> f64 {
    /// Steps along a line of each direction.
    const DIRECTIONS: [(isize, isize); 4] = [(1, 0), (1, 1), (0, 1), (-1, 1)];
    let reach = FLANK + PIECE;
    let mut depths = Vec::new();
    for y in (0..SIDE as isize).step_by(2) {
        for x in (0..SIDE as isize).step_by(2) {
            let corners = [(-reach, -reach), (reach, -reach), (-reach, reach), (reach, reach)];
            let whole = corners.iter().all(|&(dx, dy)| {
                usize::try_from(x + dx)
                    .ok()
                    .zip(usize::try_from(y + dy).ok())
                    .is_some_and(|(x, y)| x < SIDE && y < SIDE && inside(x, y))
            });
            if !whole {
                continue;
            }
            let line = |x: isize, y: isize, (dx, dy): (isize, isize)| {
                // Every place is inside, as the square around it is.
                let level = |step: isize| f64::from(green[(y + step * dy) as usize * SIDE + (x + step * dx) as usize]);
                (-PIECE..=PIECE).map(level).sum::<f64>() / (2 * PIECE + 1) as f64
            };
            let depth = DIRECTIONS.map(|along| {
                let across = (-along.1, along.0);
                // Diagonal steps are longer.
                let far = if along.0 != 0 && along.1 != 0 { FLANK * 5 / 7 } else { FLANK };
                let flank = |side: isize| line(x + side * far * across.0, y + side * far * across.1, along);
                flank(1).min(flank(-1)) - line(x, y, along)
            });
            let (deepest, shallowest) =
                depth.iter().fold((f64::NEG_INFINITY, f64::INFINITY), |(a, b), &d| (a.max(d), b.min(d)));
            depths.push(deepest.min(deepest - shallowest).max(0.0));
        }
    }
    depths.sort_by(|a, b| b.total_cmp(a));
    let counted = ((depths.len() as f64 * VESSEL_PART) as usize).max(1);
    depths.iter().take(counted).sum::<f64>() / counted as f64
}
