//! The edge to a fraction of a pixel, and straight cuts inside the circle.

use super::circle::{Circle, RAYS, fit};
use super::working::Working;

/// How far from the circle the edge is looked for, as a part of the radius: first pass, then the later ones.
const REACH: [f64; 4] = [0.06, 0.04, 0.03, 0.03];
/// From one place looked at on a ray to the next, in pixels: where the circle is refined, and where a wide band is
/// searched for an ellipse, whose points only have to say that it is none or roughly which.
const STEP: f64 = 0.5;
const WIDE_STEP: f64 = 1.0;
/// How wide that band is to either side, as a part of the radius.
const WIDE_REACH: f64 = 0.3;
/// A field this much narrower one way than the other is squeezed, not a circle seen badly.
const SQUEEZED_BELOW: f64 = 0.93;

/// A refined circle.
pub(super) struct Fit {
    pub(super) circle: Circle,
    /// Robust spread of the edge points about it (1.48 · median absolute deviation), in pixels.
    pub(super) residual: f64,
    /// Whether an ellipse with upright axes fits and the circle is the largest inside it.
    pub(super) squeezed: bool,
}

/// Refines a rough circle on the edge's half height.
pub(super) fn refine(work: &Working, rough: Circle) -> Fit {
    if let Some(squeezed) = squeezed(work, rough) {
        return squeezed;
    }
    let mut circle = rough;
    let mut residual = 0.05 * rough.r;
    for reach in REACH {
        let points = half_heights(work, circle, reach, STEP);
        let Some((next, spread)) = robust_fit(&points, circle) else { break };
        // A fit that runs away has found something else.
        if (next.r / rough.r - 1.0).abs() > 0.1 || libm::hypot(next.x - rough.x, next.y - rough.y) > 0.1 * rough.r {
            break;
        }
        circle = next;
        residual = spread;
    }
    Fit { circle, residual, squeezed: false }
}

/// Edge points: on each ray from inside out, the first place where the signal has fallen to half of the retina's level
/// just inside. Only where the border itself is brighter than a third of the retina does its level enter. `step` is from one
/// place to the next, in pixels.
fn half_heights(work: &Working, circle: Circle, reach: f64, step: f64) -> Vec<(f64, f64)> {
    let (from, to) = (circle.r * (1.0 - reach), circle.r * (1.0 + reach));
    let steps = ((to - from) / step).ceil() as usize;
    let mut points = Vec::with_capacity(RAYS.len());
    for &(sin, cos) in RAYS.iter() {
        let at = |r: f64| work.signal_at(circle.x + r * cos, circle.y + r * sin);
        let mut sum = 0.0;
        let mut n = 0.0;
        for k in 0..6 {
            if let Some(v) = at(from - f64::from(k) * 1.5) {
                sum += v;
                n += 1.0;
            }
        }
        if n < 3.0 {
            continue;
        }
        let retina: f64 = sum / n;
        if retina <= f64::from(work.floor) + 2.0 {
            continue;
        }
        let half = if work.level < 0.35 * retina { 0.5 * retina } else { 0.5 * (retina + work.level) };
        let mut last: Option<(f64, f64)> = None;
        for k in 0..=steps {
            let r = from + k as f64 * step;
            let Some(v) = at(r) else { break };
            if let Some((r0, v0)) = last
                && v0 >= half
                && v < half
            {
                let e = r0 + (r - r0) * (v0 - half) / (v0 - v);
                points.push((circle.x + e * cos, circle.y + e * sin));
                break;
            }
            last = Some((r, v));
        }
    }
    points
}

/// The upper median; puts the values in another order.
fn median(values: &mut [f64]) -> f64 {
    let (_, median, _) = values.select_nth_unstable_by(values.len() / 2, f64::total_cmp);
    *median
}

/// Iteratively reweighted fit with Tukey's biweight.
fn robust_fit(points: &[(f64, f64)], start: Circle) -> Option<(Circle, f64)> {
    if points.len() < 24 {
        return None;
    }
    let mut circle = start;
    let mut spread = 0.0;
    for round in 0..6 {
        let distance = |p: &(f64, f64)| {
            let (dx, dy) = (p.0 - circle.x, p.1 - circle.y);
            (dx * dx + dy * dy).sqrt() - circle.r
        };
        let mut sizes: Vec<f64> = points.iter().map(|p| distance(p).abs()).collect();
        spread = (1.4826 * median(&mut sizes)).max(0.15);
        if round == 5 {
            break;
        }
        let cut = 4.0 * spread;
        let weighted: Vec<(f64, f64, f64)> = points
            .iter()
            .filter_map(|p| {
                let u = distance(p) / cut;
                (u.abs() < 1.0).then_some((p.0, p.1, (1.0 - u * u) * (1.0 - u * u)))
            })
            .collect();
        circle = fit(&weighted)?;
    }
    Some((circle, spread))
}

/// The largest circle inside a field squeezed along an axis of the picture; `None` when it is round.
fn squeezed(work: &Working, rough: Circle) -> Option<Fit> {
    // Edge points from a wide band around the rough circle, then an ellipse with upright axes:
    // x² = a·x + b·y + c·y² + d, by least squares with outliers weighed down.
    let points = half_heights(work, rough, WIDE_REACH, WIDE_STEP);
    if points.len() < RAYS.len() / 4 {
        return None;
    }
    let n = points.len() as f64;
    let (mx, my) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    let scale = rough.r;
    let unit: Vec<(f64, f64)> = points.iter().map(|p| ((p.0 - mx) / scale, (p.1 - my) / scale)).collect();
    let mut weights = vec![1.0; unit.len()];
    let mut ellipse = None;
    for _ in 0..8 {
        let e = Ellipse::fit(&unit, &weights)?;
        let sizes: Vec<f64> = unit.iter().map(|p| e.distance(*p).abs()).collect();
        let spread = (1.4826 * median(&mut sizes.clone())).max(0.002);
        for (w, d) in weights.iter_mut().zip(sizes) {
            let u = d / (4.0 * spread);
            *w = if u < 1.0 { (1.0 - u * u) * (1.0 - u * u) } else { 0.0 };
        }
        ellipse = Some((e, spread));
    }
    let (e, spread) = ellipse?;
    let ratio = e.a.min(e.b) / e.a.max(e.b);
    if ratio > SQUEEZED_BELOW || ratio < 0.5 || spread > 0.012 {
        return None;
    }
    let circle = Circle { x: mx + e.x * scale, y: my + e.y * scale, r: e.a.min(e.b) * scale };
    Some(Fit { circle, residual: spread * scale, squeezed: true })
}

/// An ellipse with upright axes.
#[derive(Clone, Copy)]
struct Ellipse {
    x: f64,
    y: f64,
    a: f64,
    b: f64,
}

impl Ellipse {
    fn fit(points: &[(f64, f64)], weights: &[f64]) -> Option<Ellipse> {
        let mut m = [[0.0; 5]; 4];
        for (&(x, y), &w) in points.iter().zip(weights) {
            let row = [x, y, y * y, 1.0, x * x];
            for i in 0..4 {
                for j in 0..5 {
                    m[i][j] += w * row[i] * row[j];
                }
            }
        }
        let [a, b, c, d] = eliminate(m)?;
        // x² − a·x − c·y² − b·y = d, an ellipse when c < 0.
        if c >= -1e-6 {
            return None;
        }
        let k = -c;
        let (x, y) = (0.5 * a, 0.5 * b / k);
        let size = d + x * x + k * y * y;
        (size > 0.0).then(|| Ellipse { x, y, a: size.sqrt(), b: (size / k).sqrt() })
    }

    /// Distance of a point, to first order.
    fn distance(self, p: (f64, f64)) -> f64 {
        let (u, v) = ((p.0 - self.x) / self.a, (p.1 - self.y) / self.b);
        let f = u * u + v * v - 1.0;
        let (slope_x, slope_y) = (u / self.a, v / self.b);
        let g = 2.0 * (slope_x * slope_x + slope_y * slope_y).sqrt();
        f / g.max(1e-9)
    }
}

/// Gaussian elimination of a 4×4 system with its right-hand side in the fifth column; `None` when singular.
fn eliminate(mut m: [[f64; 5]; 4]) -> Option<[f64; 4]> {
    for i in 0..4 {
        let pivot = (i..4).max_by(|&a, &b| m[a][i].abs().total_cmp(&m[b][i].abs()))?;
        m.swap(i, pivot);
        if m[i][i].abs() < 1e-12 {
            return None;
        }
        for j in 0..4 {
            if j != i {
                let f = m[j][i] / m[i][i];
                for k in i..5 {
                    m[j][k] -= f * m[i][k];
                }
            }
        }
    }
    Some([0, 1, 2, 3].map(|i| m[i][4] / m[i][i]))
}

/// Distance from the centre to the nearest straight upright or level cut inside the circle (black bars of a picture
/// padded to a square); infinite when there is none.
pub(super) fn bars(work: &Working, circle: Circle) -> f64 {
    let mut nearest = f64::INFINITY;
    for (dx, dy) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
        // Part of the circle's chord at distance `d` from the centre that is lit; `None` outside the picture.
        let lit = |d: f64| {
            let half = (circle.r * circle.r - d * d).max(0.0).sqrt() * 0.96;
            let steps = 48;
            let (mut n, mut on) = (0, 0);
            for k in 0..=steps {
                let t = half * (2.0 * f64::from(k) / f64::from(steps) - 1.0);
                let (x, y) = (circle.x + d * dx - t * dy, circle.y + d * dy + t * dx);
                if let Some(v) = work.smooth_at(x, y) {
                    n += 1;
                    on += u32::from(v > work.floor);
                }
            }
            (n > steps / 2).then(|| f64::from(on) / f64::from(n))
        };
        // From the rim inwards: a bar is a dark chord that turns lit within a few pixels.
        let mut d = circle.r * 0.985;
        while d > 0.3 * circle.r {
            match lit(d) {
                Some(part) if part > 0.25 => break,
                _ => d -= 0.5,
            }
        }
        if d < circle.r * 0.98 - 0.6 && d > 0.3 * circle.r {
            let (outside, inside) = (lit(d + 1.5), lit(d - 3.0));
            if outside.is_some_and(|p| p < 0.2) && inside.is_some_and(|p| p > 0.7) {
                nearest = nearest.min(d - 1.0);
            }
        }
    }
    nearest
}
