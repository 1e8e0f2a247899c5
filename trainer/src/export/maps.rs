//! Where the network looked, for the card: the activation maps of hits and misses, without the photographs.
//!
//! A photograph of a person does not go into a bundle; what is drawn is the disc as an even ground with the map over it. The
//! validation photographs on which a condition was found most surely, and those on which it was missed most surely.

use std::{io::Cursor, path::Path};

use image::{Rgb, RgbImage, imageops};
use ocellus_model::label::Output;

use super::{JudgedRow, Settled};
use crate::predict::{Predictor, Shown};

/// Maps of hits, and as many of misses.
const EACH: usize = 3;
/// Side of one map, in pixels.
const SIDE: u32 = 96;
/// Pixels between two maps; twice as many between hits and misses.
const GAP: u32 = 6;
/// The disc, and what lies around it.
const GROUND: [Rgb<u8>; 2] = [Rgb([120; 3]), Rgb([255; 3])];

/// The maps of one output.
#[derive(Debug)]
pub(super) struct Maps {
    /// The output.
    pub(super) output: Output,
    /// Path in the bundle.
    pub(super) file: String,
    /// The picture, hits left and misses right.
    pub(super) png: Vec<u8>,
    /// Maps of photographs on which it was found, and of those on which it was missed.
    pub(super) shown: [usize; 2],
    /// All validation photographs on which it was found, and all on which it was missed.
    pub(super) of: [usize; 2],
}

/// The maps of all outputs that somebody saw in a validation photograph.
pub(super) fn draw(predictor: &Predictor, settled: &[Settled], judged: &[JudgedRow<'_>], root: &Path) -> Vec<Maps> {
    settled.iter().enumerate().filter_map(|(at, settled)| of_output(predictor, at, settled, judged, root)).collect()
}

fn of_output(
    predictor: &Predictor,
    at: usize,
    settled: &Settled,
    judged: &[JudgedRow<'_>],
    root: &Path,
) -> Option<Maps> {
    let positives = judged.iter().filter(|row| row.row.target(settled.output) == Some(true));
    let (mut hits, mut misses): (Vec<_>, Vec<_>) =
        positives.partition(|row| settled.score(row.logits[at]).is_finding());
    hits.sort_by(|a, b| b.logits[at].total_cmp(&a.logits[at]));
    misses.sort_by(|a, b| a.logits[at].total_cmp(&b.logits[at]));
    let of = [hits.len(), misses.len()];
    // What was judged a moment ago can be read again, unless somebody took it away: then its map is left out.
    let drawn = [hits, misses].map(|rows| -> Vec<RgbImage> {
        let shown = rows.iter().take(EACH).filter_map(|row| predictor.show(&root.join(&row.row.file), at).ok());
        shown.map(bare).collect()
    });
    let shown = drawn.each_ref().map(Vec::len);
    if shown == [0, 0] {
        return None;
    }
    let step = SIDE + GAP;
    let mut sheet = RgbImage::from_pixel(2 * EACH as u32 * step, SIDE, GROUND[1]);
    for (group, maps) in (0_u32..).zip(&drawn) {
        for (place, map) in (0_u32..).zip(maps) {
            let x = (group * EACH as u32 + place) * step + group * GAP;
            imageops::replace(&mut sheet, map, i64::from(x), 0);
        }
    }
    let mut png = Cursor::new(Vec::new());
    sheet.write_to(&mut png, image::ImageFormat::Png).ok()?;
    let file = format!("maps/{}.png", settled.output);
    Some(Maps { output: settled.output, file, png: png.into_inner(), shown, of })
}

/// The map on an even disc, with nothing of the photograph.
fn bare(shown: Shown) -> RgbImage {
    let half = f64::from(SIDE) / 2.0;
    let inside = |x: u32, y: u32| (f64::from(x) + 0.5 - half).hypot(f64::from(y) + 0.5 - half) <= half;
    let ground = |inside: bool| GROUND[usize::from(!inside)];
    let disc = RgbImage::from_fn(SIDE, SIDE, |x, y| ground(inside(x, y)));
    let mapped = Shown { disc, ..shown }.overlay();
    RgbImage::from_fn(SIDE, SIDE, |x, y| if inside(x, y) { *mapped.get_pixel(x, y) } else { ground(false) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_shows_its_warm_place_and_nothing_of_the_photograph() {
        let photograph = |level: u8| RgbImage::from_pixel(32, 32, Rgb([level; 3]));
        let mut map = vec![-1.0; 16];
        map[1] = 2.0;
        let shown = |level: u8| Shown { disc: photograph(level), map: map.clone(), map_shape: [4, 4] };
        let drawn = bare(shown(10));
        assert_eq!(drawn, bare(shown(240)), "what the photograph shows is in it");
        // Column 1 of 4, row 0: warm there, the ground elsewhere, white in the corners.
        let Rgb([red, _, blue]) = *drawn.get_pixel(36, 12);
        assert!(red.saturating_sub(blue) > 40, "{:?}", drawn.get_pixel(36, 12));
        assert_eq!((*drawn.get_pixel(48, 80), *drawn.get_pixel(0, 0)), (GROUND[0], GROUND[1]));
    }
}
