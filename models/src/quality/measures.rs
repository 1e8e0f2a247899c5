//! Classic image measures of a fundus photograph, independent of resolution and border.
//!
//! All are taken on the [`Reduction`]. Lengths are in its pixels: the disc is 256 wide, a large vessel about four.
//!
//! Not here: what is good enough ([`gate`](super::gate)), where the optic disc is ([`optic_disc`](super::optic_disc)).

use super::reduction::{Averages, Reduction, SIDE, inside, is_within, place, places};

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
        let places = places();
        let count = places.len() as f64;
        let mean = |plane: &[f32]| places.iter().map(|&(x, y)| f64::from(plane[y * SIDE + x])).sum::<f64>() / count;
        let luma: Vec<f64> = places
            .iter()
            .map(|&(x, y)| {
                let [r, g, b] = [red, green, blue].map(|plane| f64::from(plane[y * SIDE + x]));
                0.299 * r + 0.587 * g + 0.114 * b
            })
            .collect();
        let brightness = luma.iter().sum::<f64>() / count;
        // Nothing is darker than one level of eight bits, where the ratios lose their meaning.
        let bright_level = brightness.max(1.0 / 255.0);
        let share = |belongs: &dyn Fn(f64) -> bool| luma.iter().filter(|&&level| belongs(level)).count() as f64 / count;
        let level = mean(green).max(1.0 / 255.0);
        let averages = Averages::new(green);
        let contrast = |inner: usize, outer: usize| {
            let difference =
                |&(x, y): &(usize, usize)| (averages.around(x, y, inner) - averages.around(x, y, outer)).abs();
            places.iter().map(difference).sum::<f64>() / count / level
        };
        let light = Light::of(&places, &luma);
        let deviation = luma.iter().map(|level| (level - brightness) * (level - brightness)).sum::<f64>() / count;
        Measures {
            brightness,
            dark: share(&|level| level < UNSEEN),
            bright: share(&|level| level > BLEACHED),
            evenness: evenness(green, &places),
            red_over_green: mean(red) / level,
            blue_over_green: mean(blue) / level,
            fine: contrast(0, 2),
            medium: contrast(2, 8),
            coarse: contrast(8, 32),
            vessels: vessels(green) / level,
            rim: light.rim,
            upper: light.upper / bright_level,
            lower: light.lower / bright_level,
            shade: shade(&luma),
            isotropy: isotropy(&averages, &places),
            veil: veil(reduction, &places) / bright_level,
            spread: libm::sqrt(deviation) / bright_level,
        }
    }
}

/// How the light falls off towards the edges.
struct Light {
    rim: f64,
    upper: f64,
    lower: f64,
}

impl Light {
    fn of(places: &[(usize, usize)], luma: &[f64]) -> Self {
        let mut octants = [Mean::default(); OCTANTS];
        let [mut middle, mut upper, mut lower] = [Mean::default(); 3];
        for (&(x, y), &level) in places.iter().zip(luma) {
            let (right, down) = place(x, y);
            if is_within(x, y, MIDDLE) {
                middle.add(level);
            }
            if !is_within(x, y, RIM.0) && is_within(x, y, RIM.1) {
                let octant =
                    usize::from(right > 0.0) * 4 + usize::from(down > 0.0) * 2 + usize::from(right.abs() > down.abs());
                octants[octant].add(level);
            }
            if down.abs() > EDGE_ROWS.0 && down.abs() < EDGE_ROWS.1 {
                if down < 0.0 { upper.add(level) } else { lower.add(level) }
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
fn isotropy(averages: &Averages, places: &[(usize, usize)]) -> f64 {
    let detail: Vec<f64> = {
        let mut detail = vec![0.0; SIDE * SIDE];
        for &(x, y) in places {
            detail[y * SIDE + x] = averages.around(x, y, 1) - averages.around(x, y, 4);
        }
        detail
    };
    let (mut across, mut down, mut both) = (0.0, 0.0, 0.0);
    for &(x, y) in places {
        // The rim's own edge is not the eye's.
        if !is_within(x, y, RIM.1 - 0.06) {
            continue;
        }
        let dx = detail[y * SIDE + x + 1] - detail[y * SIDE + x - 1];
        let dy = detail[(y + 1) * SIDE + x] - detail[(y - 1) * SIDE + x];
        across += dx * dx;
        down += dy * dy;
        both += dx * dy;
    }
    let (sum, difference) = (across + down, libm::hypot(across - down, 2.0 * both));
    if sum > 0.0 { ((sum - difference) / (sum + difference)).clamp(0.0, 1.0) } else { 1.0 }
}

/// See [`Measures::veil`].
fn veil(reduction: &Reduction, places: &[(usize, usize)]) -> f64 {
    let (red, green, blue) = (reduction.red(), reduction.green(), reduction.blue());
    let mut least: Vec<f32> = places
        .iter()
        .map(|&(x, y)| {
            let at = y * SIDE + x;
            red[at].min(green[at]).min(blue[at])
        })
        .collect();
    let rank = (least.len() as f64 * VEIL_PART) as usize;
    let (_, level, _) = least.select_nth_unstable_by(rank, f32::total_cmp);
    f64::from(*level)
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
