//! From measures to a verdict.
//!
//! Two kinds of rules: limits on single measures that nobody could read beyond, each with its reason; and a logistic
//! regression over all measures ([`unreadable`]) for photographs that are poor in no single way. The regression was
//! fitted once, on photographs that people graded; `ocellus-trainer gate` says how often the gate is right, and
//! `docs/gate.md` what was found.

use super::{Gradability, Quality, Reason, Scores, measures::Measures, optic_disc::OpticDisc};
use crate::field::Field;

/// Mean luma (0..1) below which nothing can be read.
const DARK: f64 = 0.08;
/// Mean luma above which detail is bleached.
const BRIGHT: f64 = 0.85;
/// Part of the disc that may be too dark, or bleached.
const PART_LOST: f64 = 0.4;
/// Darkest over brightest quadrant below which the light is uneven.
const UNEVEN: f64 = 0.38;
/// Part of the field's diameter that has to be visible.
const FIELD: f64 = 0.6;
/// Red over blue below which the picture's colour is not that of a retina.
const RED_OVER_BLUE: f64 = 1.1;
/// Probability of being unreadable from which a photograph is refused, and from which it is only usable.
const REFUSED: f64 = 0.7;
const DOUBTFUL: f64 = 0.4;
/// Depth of the most vessel-like places that counts as full sharpness.
const VESSELS_FULL: f64 = 0.25;
/// Light at the rim's brightest octant, of that in the middle, below which the pupil cuts it off all around.
const RIM_LIT: f64 = 0.55;
/// Light near the upper or lower edge, of the mean, below which something hangs into the beam there.
const EDGE_LIT: f64 = 0.42;
/// Part of the disc in shade above which too much is hidden, whatever hides it.
const SHADED: f64 = 0.55;
/// Isotropy below which detail is smeared along one line; no photograph that people called good comes near.
const ONE_WAY: f64 = 0.25;
/// Veil from which, and spread below which, the picture is under a haze.
const VEILED: f64 = 0.45;
const FLAT: f64 = 0.08;
/// Smallest value whose logarithm is taken.
const LEAST: f64 = 1e-3;

/// Probability that people would call the photograph ungradable, 0..1: logistic regression on logarithms of the
/// measures and some of their squares, classes weighed alike.
fn unreadable(measures: &Measures) -> f64 {
    let ln = |value: f64| libm::log(value.max(LEAST));
    let (brightness, red, blue) = (ln(measures.brightness), ln(measures.red_over_green), ln(measures.blue_over_green));
    let (fine, vessels) = (ln(measures.fine), ln(measures.vessels));
    let terms = [
        (5.3093, brightness),
        (0.0954, red),
        (1.7229, blue),
        (-0.6117, fine),
        (2.6262, ln(measures.medium)),
        (-0.0276, ln(measures.coarse)),
        (-1.1406, vessels),
        (3.1536, measures.dark),
        (13.1988, measures.bright),
        (-3.5720, measures.evenness),
        (1.8164, brightness * brightness),
        (1.5864, red * red),
        (0.6408, blue * blue),
        (-3.6743, vessels - fine),
    ];
    let logit = terms.iter().fold(15.9464, |sum, (weight, value)| sum + weight * value);
    1.0 / (1.0 + libm::exp(-logit))
}

/// See [`super::assess_measured`].
pub(super) fn assess(measures: &Measures, disc: OpticDisc, field: &Field) -> Quality {
    let doubt = unreadable(measures);
    let scores = Scores {
        ungradable: doubt,
        focus: (measures.vessels / VESSELS_FULL).clamp(0.0, 1.0),
        brightness: measures.brightness.clamp(0.0, 1.0),
        evenness: measures.evenness,
        field_visible: if field.radius > 0.0 { (field.visible_radius / field.radius).clamp(0.0, 1.0) } else { 0.0 },
    };
    let refusals = [
        (
            measures.red_over_green < RED_OVER_BLUE * measures.blue_over_green && measures.brightness >= DARK,
            Reason::NotFundus,
        ),
        (measures.brightness < DARK || measures.dark > PART_LOST, Reason::TooDark),
        (measures.brightness > BRIGHT || measures.bright > PART_LOST, Reason::TooBright),
        (scores.field_visible < FIELD, Reason::FieldIncomplete),
    ];
    let that_hold = |(holds, reason): (bool, Reason)| holds.then_some(reason);
    let mut reasons: Vec<Reason> = refusals.into_iter().filter_map(that_hold).collect();
    let ruled_out = !reasons.is_empty();
    let smeared = measures.isotropy < ONE_WAY;
    if smeared {
        reasons.push(Reason::Motion);
    }
    let (small_pupil, uneven) = (measures.rim < RIM_LIT, scores.evenness < UNEVEN);
    let shaded = measures.shade > SHADED;
    let covered = shaded || measures.upper.min(measures.lower) < EDGE_LIT;
    let hazy = measures.veil > VEILED && measures.spread < FLAT;
    if hazy && !ruled_out {
        reasons.push(Reason::MediaOpacitySuspected);
    }
    if doubt >= DOUBTFUL && reasons.is_empty() && !(small_pupil || covered || uneven) {
        // Poor in no single way that was measured.
        reasons.push(Reason::Blurred);
    }
    let remarks = [
        (small_pupil, Reason::SmallPupil),
        // What a small pupil cuts off is dark at the edges, too.
        (covered && !small_pupil, Reason::EyelidOrLashes),
        (uneven, Reason::UnevenLight),
        (disc.has_strayed(), Reason::OffCentre),
    ];
    reasons.extend(remarks.into_iter().filter_map(that_hold));
    // What takes most of a quadrant with it, or half of the disc, hides what may be there.
    let hidden = shaded || (covered && uneven);
    let gradability = if ruled_out || smeared || hidden || doubt >= REFUSED {
        Gradability::Ungradable
    } else if doubt >= DOUBTFUL || !reasons.is_empty() {
        Gradability::Usable
    } else {
        Gradability::Good
    };
    Quality { gradability, reasons, disc, scores }
}

#[cfg(test)]
mod tests {
    use ::image::{
        Rgb, RgbImage,
        imageops::{self, FilterType},
    };

    use super::{super::assess, *};
    use crate::{
        field::find_field,
        laterality::Laterality,
        phantom::{Faults, PracticeEye, draw},
    };

    fn eye(seed: u64, faults: Faults) -> RgbImage {
        draw(&PracticeEye { size: (640, 640), faults, ..PracticeEye::new(seed, Laterality::Od) })
    }

    fn quality(pixels: &RgbImage) -> Quality {
        assess(pixels, &find_field(pixels).unwrap())
    }

    #[test]
    fn sharp_well_lit_eyes_are_not_refused() {
        for seed in 0..8 {
            let quality = quality(&eye(seed, Faults::NONE));
            assert_ne!(quality.gradability, Gradability::Ungradable, "{seed}: {quality:?}");
        }
    }

    // verifies: RQ-003
    #[test]
    fn the_verdict_does_not_depend_on_the_resolution() {
        let large = draw(&PracticeEye { size: (2048, 2048), ..PracticeEye::new(3, Laterality::Od) });
        let expected = quality(&large);
        for side in [512, 1024] {
            let found = quality(&imageops::resize(&large, side, side, FilterType::Triangle));
            assert_eq!(found.gradability, expected.gradability, "{side}");
            assert!((found.scores.focus - expected.scores.focus).abs() < 0.1, "{side}: {found:?} {expected:?}");
        }
    }

    // verifies: RQ-003
    #[test]
    fn gross_faults_are_refused_and_named() {
        for (faults, reason) in [
            (Faults { underexposure: 1.0, ..Faults::NONE }, Reason::TooDark),
            (Faults { overexposure: 1.0, ..Faults::NONE }, Reason::TooBright),
            (Faults { defocus: 1.0, ..Faults::NONE }, Reason::Blurred),
            (Faults { motion: 1.0, ..Faults::NONE }, Reason::Motion),
            (Faults { small_pupil: 1.0, ..Faults::NONE }, Reason::SmallPupil),
            (Faults { eyelid: 1.0, ..Faults::NONE }, Reason::EyelidOrLashes),
        ] {
            let quality = quality(&eye(2, faults));
            assert_eq!(quality.gradability, Gradability::Ungradable, "{reason:?}: {quality:?}");
            assert!(quality.reasons.contains(&reason), "{reason:?} is not in {quality:?}");
        }
    }

    #[test]
    fn a_lid_is_refused_however_much_it_covers() {
        // The lid's own darkness must not pass for the picture's mean: from a half on, it is most of it.
        for part in [0.55, 0.65, 0.8, 0.9] {
            let mut pixels = eye(5, Faults::NONE);
            let field = find_field(&pixels).unwrap();
            let margin = field.centre_y - field.radius + 2.0 * field.radius * part;
            for (_, y, pixel) in pixels.enumerate_pixels_mut() {
                if f64::from(y) < margin {
                    // Skin that the flash hardly reaches.
                    pixel.0 = [pixel[0].min(41), pixel[1].min(22), pixel[2].min(15)];
                }
            }
            let quality = assess(&pixels, &field);
            assert_eq!(quality.gradability, Gradability::Ungradable, "{part}: {quality:?}");
            // What is left beside a lid that covers nearly all can be a strip, whose detail runs along it.
            let named = [Reason::EyelidOrLashes, Reason::SmallPupil, Reason::TooDark, Reason::Motion];
            assert!(quality.reasons.iter().any(|reason| named.contains(reason)), "{part}: {quality:?}");
        }
    }

    #[test]
    fn sharpness_falls_as_defocus_grows() {
        let focus = [0.0, 0.25, 0.5, 0.75, 1.0]
            .map(|defocus| quality(&eye(4, Faults { defocus, ..Faults::NONE })).scores.focus);
        assert!(focus.windows(2).all(|pair| pair[1] < pair[0]), "{focus:?}");
    }

    // verifies: RQ-003
    #[test]
    fn a_grey_picture_is_no_fundus_and_a_cut_field_is_told() {
        let pixels = eye(1, Faults::NONE);
        let field = find_field(&pixels).unwrap();
        let grey = RgbImage::from_fn(640, 640, |x, y| Rgb([pixels.get_pixel(x, y)[1]; 3]));
        assert!(assess(&grey, &field).reasons.contains(&Reason::NotFundus));
        let cut = Field { visible_radius: field.radius * 0.5, ..field };
        assert!(assess(&pixels, &cut).reasons.contains(&Reason::FieldIncomplete));
    }
}
