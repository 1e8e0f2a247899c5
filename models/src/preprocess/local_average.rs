//! The local-average variant: what differs from its surroundings, whatever the light.
//!
//! The formula is that of B. Graham's entry to the 2015 diabetic retinopathy competition (subtract a Gaussian blur,
//! multiply by four, add mid-grey; the blur's deviation is a thirtieth of the field's radius). The blur here is
//! three box passes over the visible pixels alone (normalised convolution), summed in integers: exact in any order.

use super::{Tensor, sample::Square};

/// Box passes; three are a Gaussian to within 3 %.
const PASSES: usize = 3;
/// The disc's radius over the blur's standard deviation.
const RADIUS_OVER_DEVIATION: f64 = 30.0;
/// Contrast.
const GAIN: i64 = 4;
/// What "no difference" becomes, of 255.
const NEUTRAL: f64 = 128.0;

/// Computes the variant; painted pixels are neutral.
pub(super) fn tensor(square: &Square) -> Tensor {
    let size = square.size;
    let reach = reach(size);
    let mask: Vec<u64> = square.visible.iter().map(|&visible| u64::from(visible)).collect();
    let weights = blur(mask, size, reach);
    let mut data = Vec::with_capacity(3 * size * size);
    for channel in 0..3 {
        let levels = || square.rgb.chunks_exact(3).map(move |rgb| u64::from(rgb[channel])).zip(&square.visible);
        let sums = blur(levels().map(|(level, &visible)| if visible { level } else { 0 }).collect(), size, reach);
        data.extend(levels().zip(sums.iter().zip(&weights)).map(|((level, &visible), (&sum, &weight))| {
            if !visible {
                return (NEUTRAL / 255.0) as f32;
            }
            // A visible pixel is in its own window, so the weight is at least one.
            let difference = GAIN * (level as i64 * weight as i64 - sum as i64);
            ((difference as f64 / weight as f64 + NEUTRAL).clamp(0.0, 255.0) / 255.0) as f32
        }));
    }
    Tensor { shape: [3, size, size], data }
}

/// Pixels to each side of a box such that three passes have the wanted deviation.
///
/// A box of `2 r + 1` pixels has the variance `r (r + 1) / 3`; three of them `r (r + 1)`.
fn reach(size: usize) -> usize {
    let deviation = size as f64 / 2.0 / RADIUS_OVER_DEVIATION;
    let mut reach = 1;
    while (reach * (reach + 1)) as f64 <= deviation * deviation {
        reach += 1;
    }
    // The nearer of the two variances around the wanted one.
    let (below, above) = ((reach - 1) * reach, reach * (reach + 1));
    if reach > 1 && deviation * deviation - (below as f64) < above as f64 - deviation * deviation {
        reach - 1
    } else {
        reach
    }
}

/// Three box passes along both axes: sums, not means. At most `255 · (2 · reach + 1)⁶`, far inside 64 bits.
fn blur(plane: Vec<u64>, size: usize, reach: usize) -> Vec<u64> {
    let mut plane = plane;
    let mut line = vec![0; size];
    for _ in 0..PASSES {
        for row in plane.chunks_exact_mut(size.max(1)) {
            box_sums(row, &mut line, reach);
            row.copy_from_slice(&line);
        }
    }
    // Down the columns, whole rows at a time.
    let mut turned = vec![0; plane.len()];
    for _ in 0..PASSES {
        line.fill(0);
        for y in 0..size + reach {
            if y < size {
                let entering = &plane[y * size..(y + 1) * size];
                line.iter_mut().zip(entering).for_each(|(sum, value)| *sum += value);
            }
            if y > 2 * reach {
                let leaving = &plane[(y - 2 * reach - 1) * size..(y - 2 * reach) * size];
                line.iter_mut().zip(leaving).for_each(|(sum, value)| *sum -= value);
            }
            if y >= reach {
                turned[(y - reach) * size..(y - reach + 1) * size].copy_from_slice(&line);
            }
        }
        std::mem::swap(&mut plane, &mut turned);
    }
    plane
}

/// Sums over windows of `2 · reach + 1` values, fewer at the ends.
fn box_sums(values: &[u64], sums: &mut [u64], reach: usize) {
    let mut sum: u64 = values.iter().take(reach).sum();
    for at in 0..values.len() {
        sum += values.get(at + reach).copied().unwrap_or(0);
        if at > reach {
            sum -= values[at - reach - 1];
        }
        sums[at] = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_boxes_sum_what_a_direct_sum_finds() {
        let (size, reach) = (13, 2);
        let plane: Vec<u64> = (0..size * size).map(|at| (at * 37 % 251) as u64).collect();
        let mut direct = plane.clone();
        for _ in 0..PASSES {
            direct = (0..size * size)
                .map(|at| {
                    let (x, y) = (at % size, at / size);
                    let window = |centre: usize| centre.saturating_sub(reach)..(centre + reach + 1).min(size);
                    window(y).flat_map(|v| window(x).map(move |u| (u, v))).map(|(u, v)| direct[v * size + u]).sum()
                })
                .collect();
        }
        assert_eq!(blur(plane, size, reach), direct);
    }

    #[test]
    fn the_window_grows_with_the_square() {
        // Deviations 1.07, 3.73, 8.53 and 17.07: variances 1.14, 13.9, 72.8, 291; r (r + 1) = 2, 12, 72, 272 or 306.
        assert_eq!([64, 224, 512, 1024].map(reach), [1, 3, 8, 17]);
    }
}
