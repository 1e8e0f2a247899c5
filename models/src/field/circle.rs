//! Circles: edge points from masks, a seeded RANSAC over them, and the support a circle has in the picture.

use std::{array, f64::consts::TAU, sync::LazyLock};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::working::Working;

/// Sine and cosine of the directions in which a rim is looked at, the first to the right, turning downwards.
pub(super) static RAYS: LazyLock<[(f64, f64); 720]> =
    LazyLock::new(|| array::from_fn(|ray| libm::sincos(ray as f64 * TAU / 720.0)));

/// A circle in pixels of the working picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Circle {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) r: f64,
}

impl Circle {
    /// The circle through three points; `None` when they lie on a line.
    fn through(a: (f64, f64), b: (f64, f64), c: (f64, f64)) -> Option<Circle> {
        let (bx, by) = (b.0 - a.0, b.1 - a.1);
        let (cx, cy) = (c.0 - a.0, c.1 - a.1);
        let d = 2.0 * (bx * cy - by * cx);
        if d.abs() < 1e-6 {
            return None;
        }
        let (b2, c2) = (bx * bx + by * by, cx * cx + cy * cy);
        let (ux, uy) = ((cy * b2 - by * c2) / d, (bx * c2 - cx * b2) / d);
        Some(Circle { x: a.0 + ux, y: a.1 + uy, r: libm::hypot(ux, uy) })
    }
}

/// What the rim of a circle looks like, in steps of a degree.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Support {
    /// Light inside, border outside.
    pub(super) good: u32,
    /// Light on both sides: the circle is too small, or there is no edge.
    pub(super) bad: u32,
    /// Border on both sides: cut off, or a dark retina.
    pub(super) dark: u32,
}

impl Support {
    /// Part of the rim inside the picture that has an edge; dark rim counts half against.
    pub(super) fn part(self) -> f64 {
        let countable = f64::from(self.good + self.bad) + 0.5 * f64::from(self.dark);
        if countable > 0.0 { f64::from(self.good) / countable } else { 0.0 }
    }

    /// Length of the rim with an edge.
    pub(super) fn arc_deg(self) -> f64 {
        f64::from(self.good)
    }

    fn score(self) -> f64 {
        f64::from(self.good) - f64::from(self.bad) - 0.3 * f64::from(self.dark)
    }
}

/// Looks at both sides of a circle's rim.
pub(super) fn support(work: &Working, circle: Circle) -> Support {
    let gap = (0.02 * circle.r).max(2.0);
    let floor = f64::from(work.floor);
    let mut support = Support::default();
    // Of two rays a degree.
    for &(sin, cos) in RAYS.iter().step_by(2) {
        let at = |r: f64| work.smooth_at(circle.x + r * cos, circle.y + r * sin).map(f64::from);
        let (Some(inside), Some(outside)) = (at(circle.r - gap), at(circle.r + gap)) else { continue };
        let (lit, beyond) = (inside - work.level, outside - work.level);
        if inside <= floor && outside <= floor {
            support.dark += 1;
        } else if lit > 1.7 * beyond + 2.0 {
            support.good += 1;
        } else {
            support.bad += 1;
        }
    }
    support
}

/// Thresholds of the masks: just above the border, then parts of the field's bright level.
fn thresholds(work: &Working) -> Vec<u8> {
    let bright = f64::from(work.quantile(0.85, work.floor));
    let mut all = vec![work.floor];
    for part in [0.1, 0.2, 0.35, 0.5] {
        let t = (work.level + part * (bright - work.level)) as u8;
        if all.iter().all(|&known| t > known.saturating_add(2)) {
            all.push(t);
        }
    }
    all
}

/// The circle with the best support over all thresholds; `None` when no three edge points make a plausible one.
pub(super) fn propose(work: &Working) -> Option<(Circle, Support)> {
    if !work.bordered {
        return None;
    }
    let mut best: Option<(Circle, Support)> = None;
    for threshold in thresholds(work) {
        let points = edge_points(work, threshold);
        for circle in ransac(work, &points) {
            let found = support(work, circle);
            if best.as_ref().is_none_or(|(_, s)| found.score() > s.score()) {
                best = Some((circle, found));
            }
        }
    }
    best
}

/// First lit pixels from each side of the picture, row by row and column by column; those on the picture's own edge are
/// left out (the field is cut there).
fn edge_points(work: &Working, threshold: u8) -> Vec<(f64, f64)> {
    let (w, h) = (work.width() as usize, work.height() as usize);
    let plane = work.smooth();
    let lit = |x: usize, y: usize| plane[y * w + x] > threshold;
    /// Lit pixels in a row that make an edge.
    const RUN: usize = 4;
    let mut points = Vec::with_capacity(2 * (w + h));
    let mut scan = |length: usize, at: &dyn Fn(usize) -> (usize, usize)| {
        let mut run = 0;
        for i in 0..length {
            let (x, y) = at(i);
            run = if lit(x, y) { run + 1 } else { 0 };
            if run == RUN {
                let first = i + 1 - RUN;
                if first >= 2 {
                    let (x, y) = at(first);
                    points.push((x as f64 + 0.5, y as f64 + 0.5));
                }
                return;
            }
        }
    };
    for y in (0..h).step_by(2) {
        scan(w, &|i| (i, y));
        scan(w, &|i| (w - 1 - i, y));
    }
    for x in (0..w).step_by(2) {
        scan(h, &|i| (x, i));
        scan(h, &|i| (x, h - 1 - i));
    }
    points
}

/// The circles most points lie on: the best of [`TRIALS`] and its least-squares polish.
fn ransac(work: &Working, points: &[(f64, f64)]) -> Vec<Circle> {
    /// Triples tried.
    const TRIALS: usize = 250;
    if points.len() < 12 {
        return vec![];
    }
    let longer = f64::from(work.width().max(work.height()));
    let near = (0.004 * longer).max(1.0);
    // A fixed seed: the same picture always gives the same field.
    let mut random = ChaCha8Rng::seed_from_u64(0x0c_e1_1a);
    let mut pick = || points[random.random_range(0..points.len())];
    let mut best: Option<(usize, Circle)> = None;
    for _ in 0..TRIALS {
        let Some(circle) = Circle::through(pick(), pick(), pick()) else { continue };
        if circle.r < 0.06 * longer || circle.r > 0.9 * longer {
            continue;
        }
        let to_beat = best.map_or(0, |(inliers, _)| inliers);
        if let Some(inliers) = Ring::new(circle, near).holds_more(points, to_beat) {
            best = Some((inliers, circle));
        }
    }
    let Some((_, circle)) = best else { return vec![] };
    let ring = Ring::new(circle, 1.5 * near);
    let inliers: Vec<(f64, f64, f64)> = points.iter().filter(|p| ring.holds(**p)).map(|p| (p.0, p.1, 1.0)).collect();
    let mut out = vec![circle];
    out.extend(fit(&inliers).filter(|c| c.r < 1.2 * longer));
    out
}

/// The points near a circle. Compared by squares, without a root and without a branch: it is asked hundreds of thousands of
/// times a photograph.
struct Ring {
    x: f64,
    y: f64,
    nearest: f64,
    furthest: f64,
}

impl Ring {
    fn new(circle: Circle, near: f64) -> Self {
        let (inner, outer) = ((circle.r - near).max(0.0), circle.r + near);
        Ring { x: circle.x, y: circle.y, nearest: inner * inner, furthest: outer * outer }
    }

    /// How many of the points it holds, if more than `to_beat`; most circles are given up after a part of the points.
    fn holds_more(&self, points: &[(f64, f64)], to_beat: usize) -> Option<usize> {
        /// Points that are counted before it is asked whether that can still be.
        const BLOCK: usize = 64;
        let (mut held, mut left) = (0, points.len());
        for block in points.chunks(BLOCK) {
            held += block.iter().map(|point| usize::from(self.holds(*point))).sum::<usize>();
            left -= block.len();
            if held + left <= to_beat {
                return None;
            }
        }
        Some(held)
    }

    fn holds(&self, (x, y): (f64, f64)) -> bool {
        let (dx, dy) = (x - self.x, y - self.y);
        let squared = dx * dx + dy * dy;
        (squared > self.nearest) & (squared < self.furthest)
    }
}

/// Weighted least-squares circle through points `(x, y, weight)`: Kåsa's algebraic fit as a start, then Gauss-Newton
/// steps on the geometric distance. `None` when the points do not determine a circle.
pub(super) fn fit(points: &[(f64, f64, f64)]) -> Option<Circle> {
    if points.len() < 6 {
        return None;
    }
    let total: f64 = points.iter().map(|p| p.2).sum();
    let mx = points.iter().map(|p| p.0 * p.2).sum::<f64>() / total;
    let my = points.iter().map(|p| p.1 * p.2).sum::<f64>() / total;
    // x² + y² = a·x + b·y + c about the mean.
    let (mut n, mut v) = ([[0.0; 3]; 3], [0.0; 3]);
    for &(x, y, weight) in points {
        let row = [x - mx, y - my, 1.0];
        let z = row[0] * row[0] + row[1] * row[1];
        accumulate(&mut n, &mut v, row, z, weight);
    }
    let [a, b, c] = solve3(n, v)?;
    let r2 = c + 0.25 * (a * a + b * b);
    if !r2.is_finite() || r2 <= 0.0 {
        return None;
    }
    let mut circle = Circle { x: mx + 0.5 * a, y: my + 0.5 * b, r: r2.sqrt() };
    for _ in 0..4 {
        let (mut n, mut v) = ([[0.0; 3]; 3], [0.0; 3]);
        for &(x, y, weight) in points {
            let (dx, dy) = (x - circle.x, y - circle.y);
            let d = (dx * dx + dy * dy).sqrt().max(1e-9);
            accumulate(&mut n, &mut v, [dx / d, dy / d, 1.0], d - circle.r, weight);
        }
        let [dx, dy, dr] = solve3(n, v)?;
        circle = Circle { x: circle.x + dx, y: circle.y + dy, r: circle.r + dr };
    }
    (circle.r.is_finite() && circle.r > 0.0 && circle.x.is_finite() && circle.y.is_finite()).then_some(circle)
}

/// Adds one weighted equation `row · p = z` to the normal equations.
pub(super) fn accumulate(n: &mut [[f64; 3]; 3], v: &mut [f64; 3], row: [f64; 3], z: f64, weight: f64) {
    for i in 0..3 {
        for j in 0..3 {
            n[i][j] += weight * row[i] * row[j];
        }
        v[i] += weight * row[i] * z;
    }
}

/// Solves a symmetric 3×3 system by Cramer's rule; `None` when singular.
pub(super) fn solve3(m: [[f64; 3]; 3], v: [f64; 3]) -> Option<[f64; 3]> {
    let det = |m: [[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let d = det(m);
    let scale = m[0][0].abs().max(m[1][1].abs()).max(m[2][2].abs());
    if !d.is_finite() || d.abs() <= 1e-12 * (scale * scale * scale) {
        return None;
    }
    Some([0, 1, 2].map(|k| {
        let mut replaced = m;
        for i in 0..3 {
            replaced[i][k] = v[i];
        }
        det(replaced) / d
    }))
}
