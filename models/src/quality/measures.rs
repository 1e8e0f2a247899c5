//! Classic image measures of a fundus photograph, independent of resolution and border.
//!
//! All are taken on the [`Reduction`]. Lengths are in its pixels: the disc is 256 wide, a large vessel about four.
//!
//! Not here: what is good enough ([`gate`](super::gate)), where the optic disc is ([`optic_disc`](super::optic_disc)).

use std::{ops::Range, sync::LazyLock};

use super::reduction::{Averages, Reduction, SIDE, inside, is_within, measured, place, rows_within};

/// Level of luma (0..1) below which nothing is seen, and above which everything is bleached.
const UNSEEN: f64 = 0.06;
const BLEACHED: f64 = 0.90;
/// Distance of the flanks from a vessel's middle line, in pixels.
const FLANK: isize = 5;
/// Half the length of the piece of vessel that is looked at, in pixels.
const PIECE: isize = 4;
/// Part of the places that count for [`Measures::vessels`]: vessels cover about so much of a retina.
const VESSEL_PART: f64 = 0.05;
/// Eccentricities (in radii) of the middle and of the rim that [`Measures::rim`] compares.
const MIDDLE: f64 = 0.4;
const RIM: (f64, f64) = (0.7, 0.92);
/// Parts of the rim that are looked at one by one.
const OCTANTS: usize = 8;
/// Rows that belong to the upper (and, mirrored, the lower) edge: a lid hangs in there first. In radii from the middle.
const EDGE_ROWS: (f64, f64) = (0.6, 0.88);
/// Part of the disc's pixels that are darker than the level taken for fully lit: the optic disc and reflexes are brighter.
const LIT_RANK: f64 = 0.95;
/// Part of that level below which a place is in shade.
const SHADE: f64 = 0.3;
/// Part of the disc's pixels that are darker than [`Measures::veil`].
const VEIL_PART: f64 = 0.05;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
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
    /// Luma of the rim's brightest octant over that of the middle: low only where the light is cut off all around.
    pub rim: f64,
    /// Luma near the upper and near the lower edge over the disc's mean.
    pub upper: f64,
    /// See [`Measures::upper`].
    pub lower: f64,
    /// Part of the disc that has less than three tenths of the light that the best lit twentieth has, 0..1: what a lid, or a
    /// finger, leaves in the dark, however much of the mean it is.
    pub shade: f64,
    /// How alike fine detail is in all directions, 0 (all of it runs one way, as behind a motion) to 1: smaller over
    /// larger eigenvalue of the mean structure tensor (Bigün & Granlund 1987).
    pub isotropy: f64,
    /// Level of the darkest of the three colours that a twentieth of the disc falls below, over the mean luma: what
    /// scattering in cloudy media adds to everything.
    pub veil: f64,
    /// Standard deviation of luma over its mean.
    pub spread: f64,
}

impl Measures {
    /// All of them by name.
    pub fn named(&self) -> [(&'static str, f64); 17] {
        [
            ("brightness", self.brightness),
            ("dark", self.dark),
            ("bright", self.bright),
            ("evenness", self.evenness),
            ("red_over_green", self.red_over_green),
            ("blue_over_green", self.blue_over_green),
            ("fine", self.fine),
            ("medium", self.medium),
            ("coarse", self.coarse),
            ("vessels", self.vessels),
            ("rim", self.rim),
            ("upper", self.upper),
            ("lower", self.lower),
            ("shade", self.shade),
            ("isotropy", self.isotropy),
            ("veil", self.veil),
            ("spread", self.spread),
        ]
    }

    /// Measures a reduced photograph.
    pub fn of(reduction: &Reduction) -> Self {
        let (red, green, blue) = (reduction.red(), reduction.green(), reduction.blue());
        let mut luma = Vec::with_capacity(SIDE * SIDE);
        for (y, across) in measured() {
            let [red, green, blue] = [red, green, blue].map(|plane| &plane[y * SIDE..][across.clone()]);
            let levels = red.iter().zip(green).zip(blue).map(|((r, g), b)| [*r, *g, *b].map(f64::from));
            luma.extend(levels.map(|[r, g, b]| 0.299 * r + 0.587 * g + 0.114 * b));
        }
        let count = luma.len() as f64;
        let mean = |plane: &[f32]| {
            let of_row = measured().flat_map(|(y, across)| &plane[y * SIDE..][across]);
            of_row.map(|level| f64::from(*level)).sum::<f64>() / count
        };
        let brightness = luma.iter().sum::<f64>() / count;
        // Nothing is darker than one level of eight bits, where the ratios lose their meaning.
        let bright_level = brightness.max(1.0 / 255.0);
        let share = |belongs: &dyn Fn(f64) -> bool| luma.iter().filter(|&&level| belongs(level)).count() as f64 / count;
        let level = mean(green).max(1.0 / 255.0);
        let [fine, medium, coarse] = contrasts(reduction.averages()).map(|sum| sum / count / level);
        let light = Light::of(&luma);
        let deviation = luma.iter().map(|level| (level - brightness) * (level - brightness)).sum::<f64>() / count;
        Measures {
            brightness,
            dark: share(&|level| level < UNSEEN),
            bright: share(&|level| level > BLEACHED),
            evenness: evenness(green),
            red_over_green: mean(red) / level,
            blue_over_green: mean(blue) / level,
            fine,
            medium,
            coarse,
            vessels: vessels(green) / level,
            rim: light.rim,
            upper: light.upper / bright_level,
            lower: light.lower / bright_level,
            shade: shade(&luma),
            isotropy: isotropy(reduction.averages()),
            veil: veil(reduction) / bright_level,
            spread: libm::sqrt(deviation) / bright_level,
        }
    }
}

/// Sums over the disc of what green differs by from its surroundings: see [`Measures::fine`], [`Measures::medium`] and
/// [`Measures::coarse`].
fn contrasts(averages: &Averages) -> [f64; 3] {
    let mut sums = [0.0; 3];
    for (y, across) in measured() {
        let rows = [0, 2, 8, 32].map(|reach| averages.row(y, reach));
        for x in across {
            for (sum, pair) in sums.iter_mut().zip(rows.array_windows::<2>()) {
                *sum += (pair[0][x] - pair[1][x]).abs();
            }
        }
    }
    sums
}

/// How the light falls off towards the edges.
struct Light {
    rim: f64,
    upper: f64,
    lower: f64,
}

impl Light {
    /// From the luma of the disc, row by row.
    fn of(luma: &[f64]) -> Self {
        let mut octants = [Mean::default(); OCTANTS];
        let [mut middle, mut upper, mut lower] = [Mean::default(); 3];
        let mut luma = luma.iter();
        for (y, across) in measured() {
            for (x, &level) in across.zip(luma.by_ref()) {
                let (right, down) = place(x, y);
                if is_within(x, y, MIDDLE) {
                    middle.add(level);
                } else if is_within(x, y, RIM.1) && !is_within(x, y, RIM.0) {
                    let octant = usize::from(right > 0.0) * 4
                        + usize::from(down > 0.0) * 2
                        + usize::from(right.abs() > down.abs());
                    octants[octant].add(level);
                }
                if down.abs() > EDGE_ROWS.0 && down.abs() < EDGE_ROWS.1 {
                    if down < 0.0 { upper.add(level) } else { lower.add(level) }
                }
            }
        }
        let brightest = octants.iter().fold(0.0_f64, |brightest, octant| brightest.max(octant.value()));
        Light { rim: brightest / middle.value().max(1.0 / 255.0), upper: upper.value(), lower: lower.value() }
    }
}

/// A mean that is being taken.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1.0;
    }

    fn value(self) -> f64 {
        self.sum / f64::max(self.count, 1.0)
    }
}

/// See [`Measures::shade`].
fn shade(luma: &[f64]) -> f64 {
    let mut levels = luma.to_vec();
    let rank = (levels.len() as f64 * LIT_RANK) as usize;
    let (below, lit, _) = levels.select_nth_unstable_by(rank, f64::total_cmp);
    let limit = *lit * SHADE;
    below.iter().filter(|&&level| level < limit).count() as f64 / luma.len() as f64
}

/// See [`Measures::isotropy`]. Detail is what 3 × 3 pixels differ by from 9 × 9.
fn isotropy(averages: &Averages) -> f64 {
    let mut detail = vec![0.0; SIDE * SIDE];
    for (y, columns) in measured() {
        let (near, far) = (averages.row(y, 1), averages.row(y, 4));
        for x in columns {
            detail[y * SIDE + x] = near[x] - far[x];
        }
    }
    let (mut across, mut down, mut both) = (0.0, 0.0, 0.0);
    // The rim's own edge is not the eye's.
    for (y, columns) in UNRIMMED.iter().cloned().enumerate() {
        for x in columns {
            let dx = detail[y * SIDE + x + 1] - detail[y * SIDE + x - 1];
            let dy = detail[(y + 1) * SIDE + x] - detail[(y - 1) * SIDE + x];
            across += dx * dx;
            down += dy * dy;
            both += dx * dy;
        }
    }
    let (sum, difference) = (across + down, libm::hypot(across - down, 2.0 * both));
    if sum > 0.0 { ((sum - difference) / (sum + difference)).clamp(0.0, 1.0) } else { 1.0 }
}

/// Of each row of the measured disc the pixels that are not at its rim.
static UNRIMMED: LazyLock<Vec<Range<usize>>> = LazyLock::new(|| rows_within(RIM.1 - 0.06));

/// See [`Measures::veil`].
fn veil(reduction: &Reduction) -> f64 {
    let planes = [reduction.red(), reduction.green(), reduction.blue()];
    let mut least = Vec::with_capacity(SIDE * SIDE);
    for (y, across) in measured() {
        let [red, green, blue] = planes.map(|plane| &plane[y * SIDE..][across.clone()]);
        least.extend(red.iter().zip(green).zip(blue).map(|((red, green), blue)| red.min(*green).min(*blue)));
    }
    let rank = (least.len() as f64 * VEIL_PART) as usize;
    let (_, level, _) = least.select_nth_unstable_by(rank, f32::total_cmp);
    f64::from(*level)
}

fn evenness(green: &[f32]) -> f64 {
    let mut quadrants = [Mean::default(); 4];
    for (y, across) in measured() {
        for x in across {
            let quadrant = usize::from(y >= SIDE / 2) * 2 + usize::from(x >= SIDE / 2);
            quadrants[quadrant].add(f64::from(green[y * SIDE + x]));
        }
    }
    let means = quadrants.map(Mean::value);
    let brightest = means.iter().fold(0.0_f64, |a, &b| a.max(b));
    let darkest = means.iter().fold(f64::INFINITY, |a, &b| a.min(b));
    if brightest > 0.0 { (darkest / brightest).clamp(0.0, 1.0) } else { 0.0 }
}

/// Pixels around a place that [`vessels`] looks at.
const LOOKED_AT: usize = (FLANK + PIECE) as usize;

/// Every second place of every second row around which all that is looked at lies in the measured disc.
static WHOLE: LazyLock<Vec<usize>> = LazyLock::new(|| {
    let inner = || (LOOKED_AT + 1..SIDE - LOOKED_AT).step_by(2);
    let whole = |&(x, y): &(usize, usize)| {
        let (left, right, top, bottom) = (x - LOOKED_AT, x + LOOKED_AT, y - LOOKED_AT, y + LOOKED_AT);
        [(left, top), (right, top), (left, bottom), (right, bottom)].iter().all(|&(x, y)| inside(x, y))
    };
    let places = inner().flat_map(|y| inner().map(move |x| (x, y)));
    places.filter(whole).map(|(x, y)| y * SIDE + x).collect()
});

/// Mean depth of the deepest [`VESSEL_PART`] of the disc as a line between two flanks; levels.
fn vessels(green: &[f32]) -> f64 {
    /// Steps along a line of each direction.
    const DIRECTIONS: [(isize, isize); 4] = [(1, 0), (1, 1), (0, 1), (-1, 1)];
    // The deepest and the shallowest of each place.
    let mut found = vec![(f64::NEG_INFINITY, f64::INFINITY); WHOLE.len()];
    let mut pieces = vec![0.0; SIDE * SIDE];
    for along in DIRECTIONS {
        take_pieces(green, step(along), &mut pieces);
        // Diagonal steps are longer.
        let far = if along.0 != 0 && along.1 != 0 { FLANK * 5 / 7 } else { FLANK };
        let across = far * step((-along.1, along.0));
        for (&at, (deepest, shallowest)) in WHOLE.iter().zip(&mut found) {
            let flank = |side: isize| pieces[at.wrapping_add_signed(side * across)];
            let depth = f64::min(flank(1), flank(-1)) - pieces[at];
            (*deepest, *shallowest) = (deepest.max(depth), shallowest.min(depth));
        }
    }
    let depth = |(deepest, shallowest): (f64, f64)| deepest.min(deepest - shallowest).max(0.0);
    let mut depths: Vec<f64> = found.into_iter().map(depth).collect();
    let counted = ((depths.len() as f64 * VESSEL_PART) as usize).max(1);
    depths.select_nth_unstable_by(counted - 1, |a, b| b.total_cmp(a));
    let deepest = &mut depths[..counted];
    // One order, one sum, to the last digit.
    deepest.sort_unstable_by(|a, b| b.total_cmp(a));
    deepest.iter().sum::<f64>() / counted as f64
}

/// Pixels by which a step leads on in a plane.
const fn step((right, down): (isize, isize)) -> isize {
    down * SIDE as isize + right
}

/// Sets each pixel of `means`, but for the uppermost and lowest rows, to the mean of the piece of a line around it; from one
/// pixel of the line to the next it is `along` in the plane.
fn take_pieces(green: &[f32], along: isize, means: &mut [f64]) {
    const ROWS: usize = PIECE as usize + 1;
    for (y, row) in means.chunks_exact_mut(SIDE).enumerate().skip(ROWS).take(SIDE - 2 * ROWS) {
        row.fill(0.0);
        for steps in -PIECE..=PIECE {
            let from = (y * SIDE).wrapping_add_signed(steps * along);
            for (mean, level) in row.iter_mut().zip(&green[from..from + SIDE]) {
                *mean += f64::from(*level);
            }
        }
        for mean in row {
            *mean /= (2 * PIECE + 1) as f64;
        }
    }
}
