//! Finding the focus: where to put the motor next, and how sharp a preview frame is.
//!
//! [`FocusSweep`] scans the range in coarse steps, then the surroundings of the best place in fine ones, and fits a
//! parabola to the top. It asks for positions ([`FocusSweep::position`]) and is told how sharp it is there
//! ([`FocusSweep::score`]); the number of moves is bounded. [`sharpness`] measures a preview frame.
//!
//! Terms: a *score* is a sharpness measured at a position; a *curve* is all scores of a scan.
//!
//! Not here: motor, camera, waiting until the motor has come to rest.

use std::ops::RangeInclusive;

use ::image::RgbImage;
use ocellus_model::field::Field;

/// Most positions of one scan; finer steps than the range allows are widened.
pub const MOST_SCORES: u32 = 64;
/// Least part of the best score by which the curve of the coarse scan has to fall.
const LEAST_FALL: f64 = 0.25;
/// Part of the way from the lowest to the highest score above which the parabola is fitted.
const TOP: f64 = 0.5;

/// What a sweep came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Focus {
    /// It is sharpest here.
    Found {
        /// Position of the motor, in steps. At an end of the range, the eye may need more than the motor has.
        steps: i32,
        /// Best score of the sweep.
        sharpness: f64,
    },
    /// It is nowhere sharper than elsewhere: no eye, no light, or a clouded view.
    NotFound,
}

/// A score and its place.
#[derive(Debug, Clone, Copy)]
struct Score {
    steps: i32,
    sharpness: f64,
}

/// A search for the focus, from the first move to the result.
#[derive(Debug, Clone)]
pub struct FocusSweep {
    range: RangeInclusive<i32>,
    fine_step: u32,
    /// The scan that runs: its first position, its step, how many positions it has.
    first: i32,
    step: u32,
    count: u32,
    /// Scores of the scan that runs.
    curve: Vec<Score>,
    is_fine: bool,
    result: Option<Focus>,
}

impl FocusSweep {
    /// A sweep of `range` (steps of the motor). The curve of a sharp eye is to be wider than `coarse_step`; the result
    /// is as exact as `fine_step` or better. Both are at least 1, and widened where a scan would take more than
    /// [`MOST_SCORES`]. An empty range is [`Focus::NotFound`].
    pub fn new(range: RangeInclusive<i32>, coarse_step: u32, fine_step: u32) -> Self {
        let result = range.is_empty().then_some(Focus::NotFound);
        let (first, last) = (*range.start(), *range.end());
        let mut sweep = FocusSweep {
            range,
            fine_step: fine_step.max(1),
            first,
            step: 1,
            count: 1,
            curve: Vec::new(),
            is_fine: false,
            result,
        };
        if result.is_none() {
            sweep.scan(first, last, coarse_step.max(1));
        }
        sweep
    }

    /// Where to measure next; none once there is a result.
    pub fn position(&self) -> Option<i32> {
        if self.result.is_some() {
            return None;
        }
        let next = i64::from(self.first) + self.curve.len() as i64 * i64::from(self.step);
        Some(next.min(i64::from(*self.range.end())) as i32)
    }

    /// Takes how sharp it is at a position, and gives the result when it was the last. A score from farther than half
    /// a fine step from where it was asked for is of a motor on its way, and does not count. What is not a number, or
    /// below 0, counts as 0.
    pub fn score(&mut self, position: i32, sharpness: f64) -> Option<Focus> {
        let asked = self.position()?;
        if asked.abs_diff(position) > self.fine_step / 2 {
            return None;
        }
        self.curve.push(Score { steps: position, sharpness: sharpness.max(0.0) });
        if (self.curve.len() as u32) < self.count {
            return None;
        }
        let best = best(&self.curve)?;
        if self.is_fine {
            self.result = Some(self.top(best));
        } else if self.is_flat(best) {
            self.result = Some(Focus::NotFound);
        } else {
            self.is_fine = true;
            let first = best.steps.saturating_sub_unsigned(self.step).max(*self.range.start());
            let last = best.steps.saturating_add_unsigned(self.step).min(*self.range.end());
            self.curve.clear();
            self.scan(first, last, self.fine_step);
        }
        self.result
    }

    /// What it came to, once it has.
    pub fn result(&self) -> Option<Focus> {
        self.result
    }

    /// Begins a scan from `first` to `last`, both included.
    fn scan(&mut self, first: i32, last: i32, step: u32) {
        let length = last.abs_diff(first);
        self.first = first;
        self.step = step.max(length.div_ceil(MOST_SCORES - 1));
        self.count = length.div_ceil(self.step) + 1;
    }

    fn is_flat(&self, best: Score) -> bool {
        let lowest = self.curve.iter().map(|score| score.sharpness).fold(f64::INFINITY, f64::min);
        // One position can't be told from others.
        self.curve.len() > 1 && best.sharpness - lowest <= LEAST_FALL * best.sharpness
    }

    /// The top of the fine scan.
    fn top(&self, best: Score) -> Focus {
        let lowest = self.curve.iter().map(|score| score.sharpness).fold(f64::INFINITY, f64::min);
        let least = lowest + TOP * (best.sharpness - lowest);
        let upper: Vec<Score> = self.curve.iter().copied().filter(|score| score.sharpness >= least).collect();
        let ends =
            [self.curve.first(), self.curve.last()].map(|end| f64::from(end.map_or(best.steps, |end| end.steps)));
        // A top outside of what was measured is a guess.
        let summit = vertex(&upper, best.steps).filter(|steps| *steps >= ends[0] && *steps <= ends[1]);
        let steps = summit.map_or(best.steps, |steps| steps.round() as i32);
        Focus::Found { steps, sharpness: best.sharpness }
    }
}

fn best(curve: &[Score]) -> Option<Score> {
    curve.iter().copied().max_by(|a, b| a.sharpness.total_cmp(&b.sharpness))
}

/// Top of the parabola through the scores (least squares); none if it has no top. Positions are taken from `origin`.
fn vertex(scores: &[Score], origin: i32) -> Option<f64> {
    // Moments about the mean position, where the normal equations are well conditioned.
    let count = scores.len() as f64;
    let place = |score: &Score| f64::from(score.steps) - f64::from(origin);
    let middle = scores.iter().map(place).sum::<f64>() / count;
    let moment = |power: i32| scores.iter().map(|score| (place(score) - middle).powi(power)).sum::<f64>() / count;
    let level = scores.iter().map(|score| score.sharpness).sum::<f64>() / count;
    let product = |power: i32| {
        scores.iter().map(|score| (place(score) - middle).powi(power) * (score.sharpness - level)).sum::<f64>() / count
    };
    let (second, third, fourth) = (moment(2), moment(3), moment(4));
    let (slope, bend) = (product(1), product(2));
    let determinant = second * (fourth - second * second) - third * third;
    if !(determinant > 1e-9 * second * second * second) {
        return None;
    }
    let linear = (slope * (fourth - second * second) - bend * third) / determinant;
    let square = (bend * second - slope * third) / determinant;
    (square < 0.0).then(|| f64::from(origin) + middle - linear / (2.0 * square))
}

/// Part of the visible disc that is measured, from its middle: the rim is sharp in any focus, as the aperture is in the
/// camera.
const INNER: f64 = 0.85;
/// Mean level of green, of 255, below which noise is all there is.
const UNSEEN: f64 = 6.0;

/// How sharp a preview frame is inside its field: mean square of the Laplacian of green, on squares of 2 × 2 pixels so
/// that the sensor's noise counts less, over the square of the mean level. Brightness has no influence. 0 (nothing to
/// be seen: dark, or no field in the frame) or more; only scores of the same eye at the same resolution compare.
pub fn sharpness(pixels: &RgbImage, field: &Field) -> f64 {
    let radius = INNER * field.visible_radius / 2.0;
    let (centre_x, centre_y) = (field.centre_x / 2.0, field.centre_y / 2.0);
    let reduced = Halved::green(pixels);
    let (mut levels, mut squares, mut count) = (0_u64, 0_u64, 0_u64);
    for y in 1..reduced.height.saturating_sub(1) {
        let down = y as f64 + 0.5 - centre_y;
        let squared = radius * radius - down * down;
        if squared <= 0.0 {
            continue;
        }
        let chord = squared.sqrt();
        let first = (centre_x - chord).ceil().max(1.0) as usize;
        let last = ((centre_x + chord).floor().max(0.0) as usize).min(reduced.width.saturating_sub(1));
        if first >= last {
            continue;
        }
        let [above, line, below] = [y - 1, y, y + 1].map(|row| reduced.row(row));
        let (mut row_levels, mut row_squares) = (0_u32, 0_u64);
        for x in first..last {
            let level = i32::from(line[x]);
            let around = [above[x], below[x], line[x - 1], line[x + 1]].map(i32::from);
            let laplacian = around.iter().sum::<i32>() - 4 * level;
            row_levels += level as u32;
            row_squares += laplacian.unsigned_abs() as u64 * laplacian.unsigned_abs() as u64;
        }
        levels += u64::from(row_levels);
        squares += row_squares;
        count += (last - first) as u64;
    }
    let mean = levels as f64 / count.max(1) as f64;
    // Levels here are sums of four pixels.
    if mean < 4.0 * UNSEEN { 0.0 } else { squares as f64 / count as f64 / (mean * mean) }
}

/// Green of a picture, reduced to half by adding squares of 2 × 2 pixels.
struct Halved {
    width: usize,
    height: usize,
    sums: Vec<u16>,
}

impl Halved {
    fn green(pixels: &RgbImage) -> Self {
        let (width, height) = (pixels.width() as usize / 2, pixels.height() as usize / 2);
        let stride = 3 * pixels.width() as usize;
        let mut sums = Vec::with_capacity(width * height);
        if stride > 0 {
            for rows in pixels.as_raw().chunks_exact(2 * stride) {
                let (upper, lower) = rows.split_at(stride);
                let pairs = upper.chunks_exact(6).zip(lower.chunks_exact(6));
                sums.extend(pairs.map(|(a, b)| [a[1], a[4], b[1], b[4]].map(u16::from).iter().sum::<u16>()));
            }
        }
        Halved { width, height, sums }
    }

    fn row(&self, row: usize) -> &[u16] {
        &self.sums[row * self.width..(row + 1) * self.width]
    }
}

#[cfg(test)]
mod tests {
    use ocellus_model::{
        field::find_field,
        laterality::Laterality,
        phantom::{CameraLook, Faults, PracticeEye, draw},
    };

    use super::*;

    /// Goes through a sweep; gives the result and the number of moves.
    fn swept(mut sweep: FocusSweep, mut curve: impl FnMut(i32) -> f64) -> (Focus, usize) {
        let mut moves = 0;
        while let Some(position) = sweep.position() {
            sweep.score(position, curve(position));
            moves += 1;
        }
        (sweep.result().unwrap(), moves)
    }

    fn bell(steps: i32, top: f64) -> f64 {
        let off = (f64::from(steps) - top) / 80.0;
        0.02 + 1.0 / (1.0 + off * off)
    }

    fn found(focus: Focus) -> f64 {
        match focus {
            Focus::Found { steps, .. } => f64::from(steps),
            Focus::NotFound => panic!("not found"),
        }
    }

    /// Level of noise in -1..1, the same each time.
    fn dice(state: &mut u64) -> f64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 40) as f64 / f64::from(1 << 23) - 1.0
    }

    fn frame(seed: u64, defocus: f64, underexposure: f32) -> f64 {
        let faults = Faults { defocus: defocus as f32, underexposure, ..Faults::NONE };
        let camera = CameraLook { noise: 0.012, ..CameraLook::default() };
        let exposure = (defocus * 1e4) as u32;
        let eye = PracticeEye { size: (320, 320), faults, camera, exposure, ..PracticeEye::new(seed, Laterality::Od) };
        let pixels = draw(&eye);
        sharpness(&pixels, &find_field(&pixels).unwrap())
    }

    #[test]
    fn the_top_is_found_wherever_it_is_and_in_few_moves() {
        for top in (-480..=480).step_by(37) {
            let (focus, moves) = swept(FocusSweep::new(-500..=500, 100, 15), |steps| bell(steps, f64::from(top)));
            assert!((found(focus) - f64::from(top)).abs() <= 15.0, "{top}: {focus:?}");
            assert!(moves <= 11 + 15, "{moves}");
        }
    }

    #[test]
    fn noise_in_the_scores_does_not_lead_astray() {
        let mut state = 5;
        for top in (-400..=400).step_by(50) {
            let curve = |steps: i32| bell(steps, f64::from(top)) * (1.0 + 0.04 * dice(&mut state));
            let focus = swept(FocusSweep::new(-500..=500, 80, 15), curve).0;
            assert!((found(focus) - f64::from(top)).abs() <= 15.0, "{top}: {focus:?}");
        }
    }

    #[test]
    fn a_flat_curve_has_no_focus() {
        let mut state = 9;
        let sweep = || FocusSweep::new(-500..=500, 80, 15);
        assert_eq!(swept(sweep(), |_| 0.0).0, Focus::NotFound);
        assert_eq!(swept(sweep(), |_| f64::NAN).0, Focus::NotFound);
        assert_eq!(swept(sweep(), |_| 3.0 + 0.2 * dice(&mut state)).0, Focus::NotFound);
    }

    #[test]
    fn an_eye_beyond_the_range_is_found_at_its_end() {
        let focus = swept(FocusSweep::new(-500..=500, 100, 20), |steps| bell(steps, 700.0)).0;
        assert_eq!(found(focus), 500.0);
    }

    #[test]
    fn no_range_or_step_makes_endless_moves() {
        for (range, coarse, fine) in [(i32::MIN..=i32::MAX, 1, 1), (0..=0, 0, 0), (0..=1, u32::MAX, 7), (-3..=9, 5, 9)]
        {
            let (_, moves) = swept(FocusSweep::new(range, coarse, fine), |steps| f64::from(steps).abs());
            assert!(moves <= 2 * MOST_SCORES as usize, "{moves}");
        }
        #[expect(clippy::reversed_empty_ranges, reason = "the case under test")]
        let none = FocusSweep::new(5..=-5, 1, 1);
        assert_eq!((none.position(), none.result()), (None, Some(Focus::NotFound)));
    }

    #[test]
    fn a_score_of_a_motor_on_its_way_does_not_count() {
        let mut sweep = FocusSweep::new(0..=100, 50, 10);
        assert_eq!(sweep.score(40, 9.0), None);
        assert_eq!(sweep.position(), Some(0));
        sweep.score(4, 1.0);
        assert_eq!(sweep.position(), Some(50));
    }

    #[test]
    fn sharpness_falls_with_defocus_and_hardly_with_light() {
        for seed in 0..4 {
            let curve = [0.0, 0.05, 0.1, 0.2, 0.4, 0.8].map(|defocus| frame(seed, defocus, 0.0));
            curve.windows(2).for_each(|pair| assert!(pair[0] > pair[1], "seed {seed}: {curve:?}"));
            assert!(curve[0] > 2.0 * curve[3], "seed {seed}: {curve:?}");
        }
        let field = |pixels: &RgbImage| find_field(pixels).unwrap();
        let bright = draw(&PracticeEye::new(1, Laterality::Od));
        let mut dim = bright.clone();
        dim.iter_mut().for_each(|value| *value = (f64::from(*value) * 0.5).round() as u8);
        let ratio = sharpness(&dim, &field(&bright)) / sharpness(&bright, &field(&bright));
        assert!((ratio - 1.0).abs() < 0.1, "{ratio}");
    }

    #[test]
    fn the_focus_of_practice_eyes_is_found_within_a_fine_step() {
        for (seed, sharp_at) in [(1, -130), (2, 45), (3, 210)] {
            let curve = |steps: i32| frame(seed, f64::from((steps - sharp_at).abs()) / 500.0, 0.15);
            let focus = swept(FocusSweep::new(-300..=300, 50, 10), curve).0;
            assert!((found(focus) - f64::from(sharp_at)).abs() <= 10.0, "seed {seed}: {focus:?}, sharp at {sharp_at}");
        }
    }

    #[test]
    fn darkness_and_a_field_outside_the_frame_have_no_sharpness() {
        let field = Field { centre_x: 50.0, centre_y: 50.0, radius: 45.0, visible_radius: 45.0, confidence: 1.0 };
        let dark = RgbImage::from_fn(100, 100, |x, y| ::image::Rgb([3 + ((x * 7 + y * 3) % 4) as u8; 3]));
        assert_eq!(sharpness(&dark, &field), 0.0);
        let bright = RgbImage::from_pixel(100, 100, ::image::Rgb([90; 3]));
        for centre_x in [-900.0, 900.0] {
            assert_eq!(sharpness(&bright, &Field { centre_x, ..field }), 0.0);
        }
        assert_eq!(sharpness(&RgbImage::new(0, 0), &field), 0.0);
        assert_eq!(sharpness(&RgbImage::new(1, 1), &field), 0.0);
    }
}
