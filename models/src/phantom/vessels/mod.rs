//! The vessels of the retina: how they grow and how they are painted.
//!
//! *Arteries* are thinner, brighter red and carry a line of reflected light; *veins* are wider and darker. A trunk
//! of each kind leaves the disc into each quadrant; the two temporal ones arch around the fovea (the *arcades*).

mod grow;
mod paint;

pub(super) use grow::{Engorgement, grow};
pub(super) use paint::paint;

use super::geometry::Point;

/// Artery or vein.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Artery,
    Vein,
}

/// A quadrant of the retina, seen from the disc.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quadrant {
    SuperiorTemporal,
    InferiorTemporal,
    SuperiorNasal,
    InferiorNasal,
}

impl Quadrant {
    pub(super) const ALL: [Quadrant; 4] =
        [Quadrant::SuperiorTemporal, Quadrant::InferiorTemporal, Quadrant::SuperiorNasal, Quadrant::InferiorNasal];

    /// -1 above, 1 below.
    pub(super) fn side(self) -> f32 {
        match self {
            Quadrant::SuperiorTemporal | Quadrant::SuperiorNasal => -1.0,
            Quadrant::InferiorTemporal | Quadrant::InferiorNasal => 1.0,
        }
    }

    pub(super) fn is_temporal(self) -> bool {
        matches!(self, Quadrant::SuperiorTemporal | Quadrant::InferiorTemporal)
    }
}

/// A straight piece of a vessel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) from: Point,
    pub(super) to: Point,
    /// Radius at both ends, retina units.
    pub(super) from_radius: f32,
    pub(super) to_radius: f32,
    pub(super) kind: Kind,
    /// The quadrant its trunk drains or feeds; `None` for the small vessels that leave the disc by themselves.
    pub(super) quadrant: Option<Quadrant>,
    /// Path length from the disc's centre.
    pub(super) along: f32,
}

/// All vessels of an eye.
pub(super) struct Vessels {
    pub(super) segments: Vec<Segment>,
}

impl Vessels {
    /// Veins of a quadrant that lie further along than `beyond`.
    pub(super) fn veins_of(&self, quadrant: Quadrant, beyond: f32) -> Vec<Segment> {
        self.segments
            .iter()
            .copied()
            .filter(|s| s.kind == Kind::Vein && s.quadrant == Some(quadrant) && s.along > beyond)
            .collect()
    }
}
