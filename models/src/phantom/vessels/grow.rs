//! Growth of the vascular tree.
//!
//! Trunks follow guide points through a smooth curve; branches leave them alternately to both sides and find their
//! own way: towards the fovea inside the arcades, outwards elsewhere, with a little wander. A branch ends when it
//! becomes too thin, reaches the fovea's avascular zone, or comes too near to a vessel of its own kind, so the tree
//! fills the retina evenly. At a fork the cubes of the radii are kept (Murray's law).

use super::{Kind, Quadrant, Segment, Vessels};
use crate::phantom::{
    PracticeEye,
    anatomy::Anatomy,
    dice::{Dice, Stream},
    geometry::{Point, smoothstep},
};

/// Length of one segment, retina units.
const STEP: f32 = 0.012;
/// Vessels thinner than this are not drawn.
const THINNEST: f32 = 0.0017;
/// Nothing grows further from the fovea than this.
const EDGE: f32 = 2.1;
/// Radius of the zone without vessels around the fovea.
const AVASCULAR: f32 = 0.075;

/// How swollen and winding the veins of each quadrant are, 0..1, in the order of [`Quadrant::ALL`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Engorgement(pub(crate) [f32; 4]);

/// Grows the tree of one eye.
pub(crate) fn grow(eye: &PracticeEye, anatomy: &Anatomy, engorgement: Engorgement) -> Vessels {
    let mut gardener = Gardener {
        dice: Dice::of_eye(eye.seed, eye.eye, Stream::Vessels),
        anatomy,
        winding: 0.0,
        vessels: Vessels { segments: Vec::with_capacity(6000) },
        taken: Occupancy::new(),
    };
    gardener.winding = gardener.dice.between(0.3, 1.0);
    let mut trunks = Vec::new();
    for (number, quadrant) in Quadrant::ALL.into_iter().enumerate() {
        for kind in [Kind::Vein, Kind::Artery] {
            let swollen = if kind == Kind::Vein { engorgement.0[number] } else { 0.0 };
            trunks.push(gardener.trunk(quadrant, kind, swollen));
        }
    }
    // All trunks lie before the first branch grows, so that branches respect every trunk.
    for trunk in &trunks {
        gardener.branch_off(trunk);
    }
    gardener.small_vessels_of_the_disc();
    gardener.vessels
}

/// A laid trunk: its points with radii.
struct Trunk {
    points: Vec<(Point, f32, f32)>,
    kind: Kind,
    quadrant: Quadrant,
}

struct Gardener<'a> {
    dice: Dice,
    anatomy: &'a Anatomy,
    /// How much this eye's vessels wind, 0..1.
    winding: f32,
    vessels: Vessels,
    taken: Occupancy,
}

/// A growing tip.
#[derive(Clone, Copy)]
struct Tip {
    at: Point,
    heading: Point,
    radius: f32,
    kind: Kind,
    quadrant: Option<Quadrant>,
    along: f32,
    order: u32,
}

impl Gardener<'_> {
    fn trunk(&mut self, quadrant: Quadrant, kind: Kind, swollen: f32) -> Trunk {
        let guide = self.guide(quadrant, kind);
        let width = match kind {
            Kind::Vein => 0.0138,
            Kind::Artery => 0.0100,
        };
        let smaller = if quadrant.is_temporal() { 1.0 } else { 0.72 };
        let start = width * smaller * (1.0 + 0.10 * self.dice.bell()).clamp(0.86, 1.14) * (1.0 + 0.55 * swollen);
        let wind =
            (0.010 + 0.012 * self.winding + if kind == Kind::Vein { 0.004 } else { 0.0 }) * (1.0 + 1.6 * swollen);
        let phase = self.dice.between(0.0, 100.0);
        let waves = self.anatomy.texture.variant(60 + self.dice.bits() % 1000);
        let mut points = Vec::new();
        let mut along = 0.0;
        let mut last: Option<Point> = None;
        for (position, heading) in smooth_curve(&guide, STEP) {
            if let Some(last) = last {
                along += (position - last).length();
            }
            last = Some(position);
            // Winding sets in once the vessel has left the disc.
            let free = smoothstep(0.08, 0.35, along);
            let tight = 1.0 + 1.2 * swollen;
            let sway = waves.plane(along * 4.2 * tight + phase, 0.5) + 0.35 * waves.plane(along * 11.0 * tight, 7.5);
            let at = position + heading.quarter() * (wind * 2.4 * free * sway);
            let radius = start * (1.0 - 0.16 * smoothstep(0.0, 0.2, 0.2 - along)) / (1.0 + 0.62 * along);
            points.push((at, radius, along));
        }
        for pair in points.windows(2) {
            let ((from, from_radius, along), (to, to_radius, _)) = (pair[0], pair[1]);
            self.vessels.segments.push(Segment {
                from,
                to,
                from_radius,
                to_radius,
                kind,
                quadrant: Some(quadrant),
                along,
            });
            if self.anatomy.disc_distance(to) > 1.2 {
                self.taken.mark(to, kind);
            }
        }
        Trunk { points, kind, quadrant }
    }

    /// Points that a trunk passes, from the disc outwards.
    fn guide(&mut self, quadrant: Quadrant, kind: Kind) -> Vec<Point> {
        let disc = self.anatomy.disc;
        let side = quadrant.side();
        let apart = match kind {
            Kind::Vein => -0.012,
            Kind::Artery => 0.012,
        };
        let origin =
            disc + Point::new(0.02 + apart + 0.008 * self.dice.bell(), 0.012 * side + 0.006 * self.dice.bell());
        let mut points = vec![origin];
        let mut jitter = |amount: f32| Point::new(amount * self.dice.bell(), amount * self.dice.bell());
        if quadrant.is_temporal() {
            // Arteries and veins of an arcade take turns in running outside.
            let arch = 0.63 + 0.06 * jitter(1.0).x + if kind == Kind::Vein { 0.025 } else { -0.025 };
            let fall = 0.07 + 0.05 * jitter(1.0).y;
            let out = if kind == Kind::Vein { 0.02 } else { -0.015 };
            points.push(disc + Point::new(-0.005 + apart * 1.5, 0.13 * side) + jitter(0.008));
            points.push(disc + Point::new(-0.07 + out, 0.27 * side) + jitter(0.014));
            points.push(Point::new(0.54 + out, disc.y + 0.44 * side) + jitter(0.02));
            points.push(Point::new(0.28 + out, (arch - 0.045) * side) + jitter(0.03));
            points.push(Point::new(-0.05, arch * side) + jitter(0.035));
            points.push(Point::new(-0.45, (arch - fall) * side) + jitter(0.045));
            points.push(Point::new(-0.90, (arch - fall * 2.0) * side) + jitter(0.06));
            points.push(Point::new(-1.6, (arch - fall * 2.6) * side) + jitter(0.08));
        } else {
            let angle = 0.95 + 0.16 * jitter(1.0).x + if kind == Kind::Vein { 0.09 } else { -0.09 };
            let ray = Point::new(1.0, 0.0).turned(angle * side);
            points.push(disc + Point::new(0.035 + apart * 0.6, 0.10 * side) + jitter(0.008));
            points.push(disc + ray * 0.26 + jitter(0.012));
            points.push(disc + ray * 0.55 + Point::new(0.03, 0.0) + jitter(0.03));
            points.push(disc + ray * 0.95 + Point::new(0.10, 0.0) + jitter(0.05));
            points.push(disc + ray * 1.5 + Point::new(0.18, 0.0) + jitter(0.06));
        }
        points
    }

    fn branch_off(&mut self, trunk: &Trunk) {
        let mut next = self.dice.between(0.16, 0.26);
        let mut side = if self.dice.chance(0.5) { 1.0 } else { -1.0 };
        for pair in trunk.points.windows(2) {
            let ((at, radius, along), (to, _, _)) = (pair[0], pair[1]);
            if along < next {
                continue;
            }
            next = along + self.dice.between(0.06, 0.15);
            side = if self.dice.chance(0.75) { -side } else { side };
            let heading = (to - at).unit().turned(side * self.dice.between(0.5, 0.95));
            // Every few branches a large one, as wide as a trunk's half.
            let share = if self.dice.chance(0.3) { self.dice.between(0.6, 0.8) } else { self.dice.between(0.36, 0.58) };
            self.grow_from(Tip {
                at,
                heading,
                radius: radius * share,
                kind: trunk.kind,
                quadrant: Some(trunk.quadrant),
                along,
                order: 1,
            });
        }
    }

    /// Thin vessels that leave the disc's margin by themselves, towards the macula and the nasal side.
    fn small_vessels_of_the_disc(&mut self) {
        for number in 0..9 {
            let temporal = number < 5;
            let angle = if temporal {
                core::f32::consts::PI + self.dice.between(-0.95, 0.95)
            } else {
                self.dice.between(-0.75, 0.75)
            };
            let ray = Point::new(1.0, 0.0).turned(angle);
            let at = self.anatomy.disc
                + Point::new(ray.x * self.anatomy.disc_half_width, ray.y * self.anatomy.disc_half_height) * 0.55;
            let kind = if self.dice.chance(0.5) { Kind::Vein } else { Kind::Artery };
            let radius = self.dice.between(0.0026, 0.0046);
            self.grow_from(Tip { at, heading: ray, radius, kind, quadrant: None, along: 0.05, order: 1 });
        }
    }

    fn grow_from(&mut self, first: Tip) {
        let mut waiting = vec![first];
        while let Some(tip) = waiting.pop() {
            self.grow_one(tip, &mut waiting);
        }
    }

    fn grow_one(&mut self, tip: Tip, waiting: &mut Vec<Tip>) {
        let Tip { mut at, mut heading, mut radius, kind, quadrant, mut along, order } = tip;
        let mut bend = 0.0_f32;
        let mut side = if self.dice.chance(0.5) { 1.0 } else { -1.0 };
        let mut next_fork = self.dice.between(0.06, 0.16);
        let mut grown = 0.0;
        let mut laid = Vec::new();
        // A bound on the length keeps any single branch finite.
        for count in 0..160 {
            bend = 0.72 * bend + 0.040 * (0.5 + self.winding) * self.dice.bell();
            let wish = self.wish(at, heading);
            heading = (heading.turned(bend) + wish * 0.05).unit();
            let to = at + heading * STEP;
            let thinner = radius * 0.9935;
            let outside_disc = self.anatomy.disc_distance(to) > 1.1;
            if thinner < THINNEST
                || to.length() < AVASCULAR
                || to.length() > EDGE
                || (count > 6 && outside_disc && self.taken.near(to, kind))
            {
                break;
            }
            self.vessels.segments.push(Segment {
                from: at,
                to,
                from_radius: radius,
                to_radius: thinner,
                kind,
                quadrant,
                along,
            });
            laid.push(to);
            (at, radius) = (to, thinner);
            along += STEP;
            grown += STEP;
            if grown > next_fork && outside_disc {
                next_fork = grown + self.dice.between(0.06, 0.18);
                side = if self.dice.chance(0.7) { -side } else { side };
                let share = self.dice.between(0.45, 0.85);
                let child = radius * share;
                if child > THINNEST && order < 5 {
                    let fork = heading.turned(side * self.dice.between(0.4, 0.85));
                    waiting.push(Tip { at, heading: fork, radius: child, kind, quadrant, along, order: order + 1 });
                    heading = heading.turned(-side * 0.18 * share);
                    radius *= libm::cbrtf(1.0 - share * share * share).max(0.75);
                }
            }
        }
        // Marked only now: a branch may lie close to itself.
        for point in laid {
            self.taken.mark(point, kind);
        }
    }

    /// Where a branch would like to go from here.
    fn wish(&self, at: Point, heading: Point) -> Point {
        let inside = smoothstep(0.62, 0.40, at.length()) * smoothstep(self.anatomy.disc.x, 0.55, at.x);
        let to_fovea = at.unit() * -1.0;
        let outward = (at - Point::new(0.35, 0.0)).unit();
        // Near the fovea vessels turn aside instead of meeting in a star.
        let shy = smoothstep(0.30, 0.12, at.length());
        let around = at.unit().quarter();
        let aside = if around.dot(heading) < 0.0 { around * -1.0 } else { around };
        (to_fovea * (inside * (1.0 - 0.7 * shy)) + aside * (inside * shy * 0.7) + outward * (1.0 - inside)).unit()
    }
}

/// Which places are taken by vessels of each kind: a grid of squares a little wider than the least distance.
struct Occupancy {
    squares: Vec<[bool; 2]>,
}

impl Occupancy {
    const SIDE: usize = 160;
    const SQUARE: f32 = 2.0 * EDGE / 160.0;

    fn new() -> Self {
        Self { squares: vec![[false; 2]; Self::SIDE * Self::SIDE] }
    }

    fn index(at: Point) -> usize {
        let cell = |value: f32| (((value + EDGE) / Self::SQUARE).max(0.0) as usize).min(Self::SIDE - 1);
        cell(at.y) * Self::SIDE + cell(at.x)
    }

    fn mark(&mut self, at: Point, kind: Kind) {
        self.squares[Self::index(at)][kind as usize] = true;
    }

    fn near(&self, at: Point, kind: Kind) -> bool {
        self.squares[Self::index(at)][kind as usize]
    }
}

/// Points every `step` along a smooth curve (Catmull-Rom) through the guide points, with unit tangents.
fn smooth_curve(guide: &[Point], step: f32) -> Vec<(Point, Point)> {
    let mut points = Vec::new();
    for number in 0..guide.len().saturating_sub(1) {
        let (b, c) = (guide[number], guide[number + 1]);
        let a = if number > 0 { guide[number - 1] } else { b + (b - c) };
        let d = guide.get(number + 2).copied().unwrap_or(c + (c - b));
        let pieces = ((c - b).length() / step).ceil().max(1.0) as usize;
        for piece in 0..pieces {
            let t = piece as f32 / pieces as f32;
            let (t2, t3) = (t * t, t * t * t);
            let at =
                (b * 2.0 + (c - a) * t + (a * 2.0 - b * 5.0 + c * 4.0 - d) * t2 + (b * 3.0 - a - c * 3.0 + d) * t3)
                    * 0.5;
            let tangent =
                (c - a) + (a * 2.0 - b * 5.0 + c * 4.0 - d) * (2.0 * t) + (b * 3.0 - a - c * 3.0 + d) * (3.0 * t2);
            points.push((at, tangent.unit()));
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laterality::Laterality;

    #[test]
    fn every_quadrant_has_arteries_and_wider_veins_and_the_fovea_has_none() {
        for seed in 0..6 {
            let eye = PracticeEye::new(seed, Laterality::Od);
            let vessels = grow(&eye, &Anatomy::of(&eye), Engorgement::default());
            for quadrant in Quadrant::ALL {
                let widest = |kind: Kind| {
                    vessels
                        .segments
                        .iter()
                        .filter(|s| s.kind == kind && s.quadrant == Some(quadrant))
                        .fold(0.0_f32, |most, s| most.max(s.from_radius))
                };
                let (vein, artery) = (widest(Kind::Vein), widest(Kind::Artery));
                assert!(artery > 0.004 && vein > artery, "seed {seed}, {quadrant:?}: vein {vein}, artery {artery}");
            }
            assert!(vessels.segments.iter().all(|s| s.to.length() > AVASCULAR), "seed {seed}");
            assert!((1500..20_000).contains(&vessels.segments.len()), "{} segments", vessels.segments.len());
        }
    }

    #[test]
    fn vessels_taper() {
        let eye = PracticeEye::new(3, Laterality::Os);
        let vessels = grow(&eye, &Anatomy::of(&eye), Engorgement::default());
        let far: Vec<&Segment> = vessels.segments.iter().filter(|s| s.along > 1.2).collect();
        assert!(far.iter().all(|s| s.from_radius < 0.011), "a vessel is still wide far from the disc");
    }

    #[test]
    fn engorged_veins_are_wider() {
        let eye = PracticeEye::new(3, Laterality::Od);
        let anatomy = Anatomy::of(&eye);
        let widest = |engorgement| {
            grow(&eye, &anatomy, engorgement)
                .veins_of(Quadrant::SuperiorTemporal, 0.3)
                .iter()
                .fold(0.0_f32, |most, s| most.max(s.from_radius))
        };
        assert!(widest(Engorgement([1.0, 0.0, 0.0, 0.0])) > 1.3 * widest(Engorgement::default()));
    }
}
