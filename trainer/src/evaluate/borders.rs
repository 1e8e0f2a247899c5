//! Does the frame move what the network says? Each photograph once more in the frame of one of another source.
//!
//! A *border* is what a file shows around the camera's circle: its colour, and how far the picture reaches beyond the circle
//! on each side. The disc of a photograph is set into another's border, pixel by pixel; then the field is searched and the
//! network asked as for any photograph. A network that sees the retina alone ranks the photographs as before.
//!
//! Not here: what the frame alone tells of a label ([`frame`](super::frame)).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use image::{Rgb, RgbImage};
use ocellus_model::{
    field::{Field, find_field},
    label::Output,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::{LookedAt, SEED, Unreadable, compare::AurocDifference};
use crate::{
    cli::Ui,
    manifest::Row,
    predict::{PredictError, Predictor, read},
};

/// A pixel this many radii from the centre lies outside the rim, whatever its softness.
const OUTSIDE: f64 = 1.03;
/// Borders wider than this many radii are taken for this wide.
const WIDEST: f64 = 1.0;

/// What a file shows around the field.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Border {
    /// Mean colour outside the field; black where nothing of it is shown.
    colour: [u8; 3],
    /// How far the picture reaches beyond the circle, in radii: left, top, right, bottom. 0 where the circle is cut off.
    reach: [f64; 4],
}

impl Border {
    /// The border of a photograph.
    fn of(pixels: &RgbImage, field: &Field) -> Self {
        let (width, height) = (f64::from(pixels.width()), f64::from(pixels.height()));
        let &Field { centre_x, centre_y, radius, .. } = field;
        let outside = pixels.enumerate_pixels().filter(|(x, y, _)| distance(field, *x, *y) > OUTSIDE * radius);
        let (mut count, mut sums) = (0.0_f64, [0.0; 3]);
        for (_, _, pixel) in outside {
            count += 1.0;
            sums.iter_mut().zip(pixel.0).for_each(|(sum, value)| *sum += f64::from(value));
        }
        let reach = [centre_x, centre_y, width - centre_x, height - centre_y];
        Border {
            colour: sums.map(|sum| (sum / count.max(1.0)).round() as u8),
            reach: reach.map(|side| (side / radius - 1.0).clamp(0.0, WIDEST)),
        }
    }

    /// A photograph's disc, what is visible of it, in this border.
    fn around(&self, pixels: &RgbImage, field: &Field) -> RgbImage {
        let &Field { centre_x, centre_y, radius, .. } = field;
        let (width, height) = (f64::from(pixels.width()), f64::from(pixels.height()));
        let (left, right) = ((centre_x - radius).floor().max(0.0), (centre_x + radius).ceil().min(width));
        let (top, bottom) = ((centre_y - radius).floor().max(0.0), (centre_y + radius).ceil().min(height));
        let wide = self.reach.map(|reach| (reach * radius).round() as u32);
        let (across, down) = ((right - left) as u32 + wide[0] + wide[2], (bottom - top) as u32 + wide[1] + wide[3]);
        RgbImage::from_fn(across, down, |x, y| {
            let (x, y) = ((x + left as u32).checked_sub(wide[0]), (y + top as u32).checked_sub(wide[1]));
            let inside = x.zip(y).filter(|(x, y)| distance(field, *x, *y) <= radius);
            inside.and_then(|(x, y)| pixels.get_pixel_checked(x, y).copied()).unwrap_or(Rgb(self.colour))
        })
    }
}

/// How far a pixel's middle lies from the field's centre, in pixels.
fn distance(field: &Field, x: u32, y: u32) -> f64 {
    (f64::from(x) + 0.5 - field.centre_x).hypot(f64::from(y) + 0.5 - field.centre_y)
}

/// What the frame moves.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Borders {
    /// Photographs that were judged both ways.
    pub photographs: usize,
    /// Those that were judged in their own frame only.
    pub lost: Vec<Unreadable>,
    /// The change of a probability that 95 of 100 stay below, over all photographs and outputs.
    pub moved_p95: Option<f64>,
    /// By output: AUROC in their own frames and in others', and the paired difference; outputs that lack a class are left out.
    pub outputs: BTreeMap<&'static str, AurocDifference>,
    /// The same for the photographs of each source.
    pub sources: BTreeMap<String, BTreeMap<&'static str, AurocDifference>>,
}

/// Judges photographs once more, each in the frame of one of another source; `looked` is what came of them in their own.
///
/// # Errors
/// When the engine fails. `None`: there are no photographs of two sources.
pub fn swapped(
    predictor: &Predictor,
    rows: &[Row],
    looked: &[LookedAt],
    root: &Path,
    ui: &Ui,
) -> Result<Option<Borders>, PredictError> {
    let seen: Vec<_> = rows.iter().zip(looked).filter_map(|(row, looked)| Some((row, looked.as_ref().ok()?))).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut donors = Vec::with_capacity(seen.len());
    for (row, _) in &seen {
        let others: Vec<_> = seen.iter().filter(|(other, _)| other.source != row.source).collect();
        if others.is_empty() {
            return Ok(None);
        }
        donors.push(others[rng.random_range(0..others.len())].0);
    }
    let framed = |row: &Row| -> Result<(RgbImage, Field), String> {
        let pixels = read(&root.join(&row.file))?;
        let field = find_field(&pixels).map_err(|error| error.to_string())?;
        Ok((pixels, field))
    };
    let load = |number: usize| {
        let ((pixels, field), (donor, around)) = (framed(seen[number].0)?, framed(donors[number])?);
        Ok(Border::of(&donor, &around).around(&pixels, &field))
    };
    let judged = predictor.run_on(seen.len(), load, ui, |_, _, _| ())?;

    let mut found = Borders::default();
    let mut both = Vec::new();
    for ((row, own), other) in seen.into_iter().zip(judged) {
        match other {
            Ok(other) => both.push((row, own.logits.clone(), other.logits)),
            Err(reason) => found.lost.push(Unreadable { file: row.file.clone(), reason }),
        }
    }
    found.photographs = both.len();
    let mut moved: Vec<f64> = both
        .iter()
        .flat_map(|(_, own, other)| {
            predictor.probabilities(own).into_iter().zip(predictor.probabilities(other)).map(|(a, b)| (a - b).abs())
        })
        .collect();
    moved.sort_by(f64::total_cmp);
    found.moved_p95 = moved.get((moved.len() * 95).div_ceil(100).saturating_sub(1)).copied();
    let differences = |source: Option<&str>| -> BTreeMap<&'static str, AurocDifference> {
        let inside = || both.iter().filter(|(row, _, _)| source.is_none_or(|name| row.source == name));
        let of = |(at, output): (usize, &Output)| {
            let known = inside().filter_map(|(row, own, other)| {
                Some(((f64::from(own[at]), f64::from(other[at])), row.target(*output)?))
            });
            let (scores, targets): (Vec<(f64, f64)>, Vec<bool>) = known.unzip();
            let (own, other): (Vec<f64>, Vec<f64>) = scores.into_iter().unzip();
            Some((output.as_str(), AurocDifference::of(&own, &other, &targets)?))
        };
        predictor.outputs.iter().enumerate().filter_map(of).collect()
    };
    found.outputs = differences(None);
    let sources: BTreeSet<&str> = both.iter().map(|(row, _, _)| row.source.as_str()).collect();
    found.sources = sources.iter().map(|name| ((*name).to_owned(), differences(Some(name)))).collect();
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disc of one colour, cut off below, on a grey ground.
    fn photograph() -> (RgbImage, Field) {
        let field = Field { centre_x: 80.0, centre_y: 60.0, radius: 50.0, visible_radius: 40.0, confidence: 1.0 };
        let pixels = RgbImage::from_fn(200, 100, |x, y| {
            Rgb(if distance(&field, x, y) <= 50.0 { [200, 90, (x % 7) as u8] } else { [10, 20, 30] })
        });
        (pixels, field)
    }

    #[test]
    fn a_border_is_the_colour_and_the_reach_outside_the_field() {
        let (pixels, field) = photograph();
        let border = Border::of(&pixels, &field);
        assert_eq!(border.colour, [10, 20, 30]);
        // 80 pixels to the left of the centre, 60 above, 120 to the right, 40 below.
        for (found, expected) in border.reach.iter().zip([0.6, 0.2, 1.0, 0.0]) {
            assert!((found - expected).abs() < 1e-9, "{border:?}");
        }
    }

    #[test]
    fn in_another_border_the_disc_keeps_every_pixel() {
        let (pixels, field) = photograph();
        let other = Border { colour: [0, 0, 0], reach: [0.1, 0.0, 0.5, 0.3] };
        let set = other.around(&pixels, &field);
        // The disc is 100 wide and, cut off below, 90 high.
        assert_eq!(set.dimensions(), (5 + 100 + 25, 90 + 15));
        for (x, y, pixel) in set.enumerate_pixels() {
            let own = (x + 30).checked_sub(5).zip(Some(y + 10)).filter(|(x, y)| *x < 200 && *y < 100);
            let own = own.filter(|(x, y)| distance(&field, *x, *y) <= 50.0);
            let expected = own.map_or(Rgb([0, 0, 0]), |(x, y)| *pixels.get_pixel(x, y));
            assert_eq!(*pixel, expected, "{x} {y}");
        }
        // In its own border it is as it was, up to how far it reaches.
        let own = Border::of(&pixels, &field).around(&pixels, &field);
        assert_eq!(own.dimensions(), (180, 100));
        assert!(own.enumerate_pixels().all(|(x, y, pixel)| pixel == pixels.get_pixel(x, y)));
    }
}
