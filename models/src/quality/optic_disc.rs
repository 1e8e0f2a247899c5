//! Where the optic disc lies: which eye it is, and whether the retina is centred.
//!
//! The disc is the place that is brighter than its surroundings and crossed by large vessels that run up and down. Both
//! are measured on the reduced green plane: a square as wide as the disc against one nearly three times as wide, and the
//! mean contrast from left to right (after Mahfouz & Fahmy 2010, who look for vertical edges and brightness). The best
//! place counts only where no other place, a disc's width away, is nearly as good.
//!
//! Not here: what follows from it ([`Quality::with_eye`](super::Quality::with_eye)).

use std::{ops::Range, sync::LazyLock};

use serde::{Deserialize, Serialize};

use super::reduction::{Averages, Reduction, SIDE, is_within, place, rows_within};
use crate::laterality::Laterality;

/// Half the side of the square that the disc fills, and of its surroundings, in pixels of the reduction.
const DISC: usize = 8;
const SURROUNDINGS: usize = 22;
/// Half the side of the square in which vessels are looked for.
const VESSELS: usize = 12;
/// Pixels to either side between which the contrast from left to right is taken.
const STEP: usize = 2;
/// Weight of that contrast beside the brightness; both are parts of the mean green.
const VESSELS_WEIGHT: f64 = 3.0;
/// Eccentricity up to which a disc's middle is looked for, and up to which contrast is counted.
const SEARCHED: f64 = 0.86;
const COUNTED: f64 = 0.88;
/// Pixels from the best place within which another one is the same.
const SAME: usize = 30;
/// Margin from which a disc is certain: on photographs with a known eye (docs/gate.md) the side is then nearly always
/// right.
pub const CERTAIN: f64 = 0.2;
/// Least distance to the left or right from which the side says which eye it is; a disc-centred picture says nothing.
const TO_THE_SIDE: f64 = 0.25;
/// Largest distance up or down at which it does: an eye's disc lies about level with its macula.
const LEVEL: f64 = 0.35;
/// Distance up or down from which the retina is not centred.
const STRAYED: f64 = 0.5;

/// Of each row the pixels whose contrast is counted.
static ROWS_COUNTED: LazyLock<Vec<Range<usize>>> = LazyLock::new(|| rows_within(COUNTED));

/// A place that looks like the optic disc.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OpticDisc {
    /// To the right of the field's centre, in radii of the visible disc.
    pub x: f64,
    /// Below it.
    pub y: f64,
    /// How much better than every other place, as a part of the mean green; certain from [`CERTAIN`] on.
    pub margin: f64,
}

impl OpticDisc {
    /// The best place.
    pub fn find(reduction: &Reduction) -> Self {
        let green = reduction.green();
        let brightness = reduction.averages();
        let mut contrast = vec![0.0f32; SIDE * SIDE];
        for (y, across) in ROWS_COUNTED.iter().cloned().enumerate() {
            let first = y * SIDE + across.start;
            let (left, right) = (&green[first - STEP..], &green[first + STEP..]);
            for (contrast, (left, right)) in contrast[first..][..across.len()].iter_mut().zip(left.iter().zip(right)) {
                *contrast = (right - left).abs();
            }
        }
        let contrast = Averages::new(&contrast);
        let level = brightness.around(SIDE / 2, SIDE / 2, SIDE).max(1.0 / 255.0);
        let likeness = |x, y| {
            let stands_out = brightness.around(x, y, DISC) - brightness.around(x, y, SURROUNDINGS);
            (stands_out + VESSELS_WEIGHT * contrast.around(x, y, VESSELS)) / level
        };
        let candidates: Vec<(usize, usize, f64)> = (0..SIDE)
            .step_by(2)
            .flat_map(|y| (0..SIDE).step_by(2).map(move |x| (x, y)))
            .filter(|&(x, y)| is_within(x, y, SEARCHED))
            .map(|(x, y)| (x, y, likeness(x, y)))
            .collect();
        // The middle is always among them.
        let best = candidates.iter().fold((SIDE / 2, SIDE / 2, f64::NEG_INFINITY), |best, candidate| {
            if candidate.2 > best.2 { *candidate } else { best }
        });
        let apart = |x: usize, y: usize| x.abs_diff(best.0).pow(2) + y.abs_diff(best.1).pow(2) >= SAME.pow(2);
        let second = candidates
            .iter()
            .filter(|&&(x, y, _)| apart(x, y))
            .fold(f64::NEG_INFINITY, |second, candidate| second.max(candidate.2));
        let (x, y) = place(best.0, best.1);
        OpticDisc { x, y, margin: best.2 - second }
    }

    /// Which eye a macula-centred photograph shows, as photographed; none where the disc does not tell.
    pub fn eye(&self) -> Option<Laterality> {
        let tells = self.margin >= CERTAIN && self.x.abs() >= TO_THE_SIDE && self.y.abs() <= LEVEL;
        tells.then_some(if self.x > 0.0 { Laterality::Od } else { Laterality::Os })
    }

    /// Whether the disc lies where it does in no centred photograph, neither a macula-centred nor a disc-centred one.
    pub fn has_strayed(&self) -> bool {
        self.margin >= CERTAIN && self.y.abs() >= STRAYED
    }
}

#[cfg(test)]
mod tests {
    use ::image::{RgbImage, imageops};

    use super::*;
    use crate::{
        field::find_field,
        phantom::{FieldCentre, PracticeEye, draw},
    };

    fn find(eye: &PracticeEye) -> (OpticDisc, OpticDisc) {
        let pixels = draw(eye);
        let field = find_field(&pixels).unwrap();
        let (disc, drawn) = (OpticDisc::find(&Reduction::of(&pixels, &field)), eye.landmarks().disc);
        let radii = |at: f64, centre: f64| (at - centre) / field.radius;
        let drawn =
            OpticDisc { x: radii(drawn.0, field.centre_x), y: radii(drawn.1, field.centre_y), margin: disc.margin };
        (disc, drawn)
    }

    #[test]
    fn the_disc_of_a_drawn_eye_is_found_where_it_was_drawn_and_tells_the_eye() {
        for eye in [Laterality::Od, Laterality::Os] {
            for seed in 0..12 {
                let (found, drawn) = find(&PracticeEye::new(seed, eye));
                let off = libm::hypot(found.x - drawn.x, found.y - drawn.y);
                assert!(off < 0.15, "{eye} {seed}: found {found:?}, drawn {drawn:?}");
                assert_eq!(found.eye().unwrap_or(eye), eye, "{seed}: {found:?}");
            }
        }
    }

    #[test]
    fn a_disc_centred_photograph_tells_nothing_of_the_eye() {
        for seed in 0..6 {
            let eye = PracticeEye { field_of_view: FieldCentre::Disc, ..PracticeEye::new(seed, Laterality::Od) };
            let (found, _) = find(&eye);
            assert_eq!(found.eye(), None, "{found:?}");
            assert!(!found.has_strayed(), "{found:?}");
        }
    }

    #[test]
    fn a_mirrored_photograph_shows_the_other_eye_and_a_turned_one_has_strayed_from_level() {
        let pixels = draw(&PracticeEye::new(5, Laterality::Od));
        let found = |pixels: &RgbImage| OpticDisc::find(&Reduction::of(pixels, &find_field(pixels).unwrap()));
        assert_eq!(found(&pixels).eye(), Some(Laterality::Od));
        assert_eq!(found(&imageops::flip_horizontal(&pixels)).eye(), Some(Laterality::Os));
        let turned = found(&imageops::rotate90(&pixels));
        assert!(turned.eye().is_none() && turned.has_strayed(), "{turned:?}");
    }
}
