//! What a classifier can learn from the frame alone: the confound that every figure is printed beside.
//!
//! The features say nothing of the retina's contents: colours of the four corners, how much of each edge and of the
//! whole picture is lit, the box around what is lit, mean and spread of its colours. A random forest is fitted to them
//! and judged on photographs of other components (patients, groups) than those it was fitted to.

use image::RgbImage;
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use smartcore::{
    ensemble::random_forest_regressor::{RandomForestRegressor, RandomForestRegressorParameters},
    linalg::basic::matrix::DenseMatrix,
};

/// Number of features.
pub const FEATURES: usize = 27;
/// Above this AUROC the frame alone tells so much of a label that a network's figure is suspect.
pub const CONFOUNDED: f64 = 0.6;
/// Parts of the cross-validation.
pub const FOLDS: usize = 5;
/// A label with fewer photographs in a class has no baseline.
pub const CLASS_MIN: usize = 10;

/// A pixel whose brightest channel is above this (of 255) counts as lit.
const LIT: u8 = 24;
/// Side of the square in each corner, as a fraction of the shorter side.
const CORNER: f64 = 0.04;
const TREES: usize = 100;

/// The features of a photograph.
pub fn features(pixels: &RgbImage) -> [f64; FEATURES] {
    let (width, height) = (pixels.width(), pixels.height());
    let corner = ((f64::from(width.min(height)) * CORNER) as u32).max(1);
    let lit = |x: u32, y: u32| pixels.get_pixel(x, y).0.into_iter().max().unwrap_or_default() > LIT;
    let mut out = Vec::with_capacity(FEATURES);
    for (left, top) in [(0, 0), (width - corner, 0), (0, height - corner), (width - corner, height - corner)] {
        let mut sums = [0.0f64; 3];
        for y in top..top + corner {
            for x in left..left + corner {
                sums.iter_mut().zip(pixels.get_pixel(x, y).0).for_each(|(sum, value)| *sum += f64::from(value));
            }
        }
        out.extend(sums.map(|sum| sum / f64::from(corner * corner)));
    }
    let share = |count: usize, all: u32| count as f64 / f64::from(all);
    out.push(share((0..width).filter(|x| lit(*x, 0)).count(), width));
    out.push(share((0..width).filter(|x| lit(*x, height - 1)).count(), width));
    out.push(share((0..height).filter(|y| lit(0, *y)).count(), height));
    out.push(share((0..height).filter(|y| lit(width - 1, *y)).count(), height));

    let (mut count, mut sums, mut squares) = (0usize, [0.0f64; 3], [0.0f64; 3]);
    let (mut left, mut top, mut right, mut bottom) = (width, height, 0, 0);
    for (x, y, pixel) in pixels.enumerate_pixels() {
        if pixel.0.into_iter().max().unwrap_or_default() <= LIT {
            continue;
        }
        count += 1;
        (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1));
        for ((sum, square), value) in sums.iter_mut().zip(&mut squares).zip(pixel.0.map(f64::from)) {
            *sum += value;
            *square += value * value;
        }
    }
    out.push(count as f64 / (f64::from(width) * f64::from(height)));
    out.extend(
        [(left, width), (top, height), (right, width), (bottom, height)]
            .map(|(at, all)| f64::from(at) / f64::from(all)),
    );
    let n = (count as f64).max(1.0);
    for (sum, square) in sums.iter().zip(squares) {
        let mean = sum / n;
        out.extend([mean, (square / n - mean * mean).max(0.0).sqrt()]);
    }
    let mut features = [0.0; FEATURES];
    features.copy_from_slice(&out);
    features
}

/// The forest's score for each photograph, from a forest that has seen no photograph of the same component. None when a
/// class has fewer than [`CLASS_MIN`] photographs or the forest can't be fitted.
///
/// `rows`, `targets` and `components` go together.
pub fn cross_validated(
    rows: &[[f64; FEATURES]],
    targets: &[bool],
    components: &[usize],
    seed: u64,
) -> Option<Vec<f64>> {
    let positives = targets.iter().filter(|target| **target).count();
    if positives.min(targets.len() - positives) < CLASS_MIN {
        return None;
    }
    let folds = folds(components, seed);
    let scored: Option<Vec<Vec<(usize, f64)>>> = (0..FOLDS)
        .into_par_iter()
        .map(|fold| {
            let side =
                |held: bool| -> Vec<usize> { (0..rows.len()).filter(|row| (folds[*row] == fold) == held).collect() };
            let (fitted, held) = (side(false), side(true));
            if held.is_empty() {
                return Some(Vec::new());
            }
            let matrix = |of: &[usize]| {
                let values: Vec<Vec<f64>> = of.iter().map(|row| rows[*row].to_vec()).collect();
                DenseMatrix::from_2d_vec(&values).ok()
            };
            let y: Vec<f64> = fitted.iter().map(|row| f64::from(u8::from(targets[*row]))).collect();
            let parameters = RandomForestRegressorParameters::default()
                .with_n_trees(TREES)
                .with_min_samples_leaf(3)
                .with_m(6)
                .with_seed(seed ^ fold as u64);
            let forest = RandomForestRegressor::fit(&matrix(&fitted)?, &y, parameters).ok()?;
            let scores: Vec<f64> = forest.predict(&matrix(&held)?).ok()?;
            Some(held.into_iter().zip(scores).collect())
        })
        .collect();
    let mut scores = vec![0.0; rows.len()];
    for (row, score) in scored?.into_iter().flatten() {
        scores[row] = score;
    }
    Some(scores)
}

/// The fold of each row; a component lies in one fold.
fn folds(components: &[usize], seed: u64) -> Vec<usize> {
    let mut sizes = std::collections::BTreeMap::<usize, usize>::new();
    for component in components {
        *sizes.entry(*component).or_default() += 1;
    }
    let mut order: Vec<(usize, usize)> = sizes.into_iter().collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    // Large components first, each to the emptiest fold; the shuffle decides among equals.
    order.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let mut filled = [0usize; FOLDS];
    let mut of_component = std::collections::BTreeMap::new();
    for (component, size) in order {
        let fold = (0..FOLDS).min_by_key(|fold| filled[*fold]).unwrap_or_default();
        filled[fold] += size;
        of_component.insert(component, fold);
    }
    components.iter().map(|component| of_component[component]).collect()
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::evaluate::auroc::auroc;

    #[test]
    fn features_describe_the_frame() {
        let picture = RgbImage::from_fn(100, 50, |x, y| {
            image::Rgb(if (25..75).contains(&x) && y >= 10 { [200, 100, 50] } else { [0, 0, 0] })
        });
        let found = features(&picture);
        assert_eq!(found[..12], [0.0; 12], "dark corners");
        assert_eq!(found[12..16], [0.0, 0.5, 0.0, 0.0], "edges: top, bottom, left, right");
        assert_eq!(found[16], 0.4);
        assert_eq!(found[17..21], [0.25, 0.2, 0.75, 1.0]);
        assert_eq!(found[21..], [200.0, 0.0, 100.0, 0.0, 50.0, 0.0]);
    }

    // verifies: RQ-141
    #[test]
    fn a_frame_that_gives_the_label_away_is_found_and_noise_is_not() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let targets: Vec<bool> = (0..300).map(|row| row % 2 == 0).collect();
        let components: Vec<usize> = (0..300).map(|row| row / 3).collect();
        let noise: Vec<[f64; FEATURES]> = targets.iter().map(|_| std::array::from_fn(|_| rng.random())).collect();
        let mut telling = noise.clone();
        for (row, target) in telling.iter_mut().zip(&targets) {
            row[12] = if *target { 0.7 } else { 0.3 } + row[12] * 0.2;
        }
        let score = |rows: &[[f64; FEATURES]]| {
            let scores = cross_validated(rows, &targets, &components, 1).unwrap();
            auroc(&scores, &targets).unwrap().value
        };
        assert!(score(&telling) > 0.98);
        assert!((score(&noise) - 0.5).abs() < 0.12, "{}", score(&noise));
        assert_eq!(cross_validated(&noise[..15], &targets[..15], &components[..15], 1), None);
    }

    #[test]
    fn a_component_lies_in_one_fold_and_folds_are_about_equal() {
        let components: Vec<usize> = (0..100).map(|row| row / 4).collect();
        let folds = folds(&components, 9);
        assert!(folds.chunks(4).all(|chunk| chunk.iter().all(|fold| *fold == chunk[0])));
        for fold in 0..FOLDS {
            assert_eq!(folds.iter().filter(|of| **of == fold).count(), 20);
        }
    }
}
