//! Dark photographs made brighter before the colour variant is computed (rule 4).

use super::sample::Square;

/// The most that levels are multiplied by: beyond it next to nothing was stored.
const MOST: f64 = 4.0;
/// Weights of red, green and blue in the luma of Rec. 601, in thousandths.
const LUMA: [u64; 3] = [299, 587, 114];

/// Multiplies all levels of a square whose mean luma (0..1) over its visible pixels is below `least` by what brings it
/// there, at most by [`MOST`]. Stored levels follow a power of the light, so less light, too, has multiplied them all by
/// one number. A square that is bright enough, or black, is left as it is.
pub(super) fn raise(square: &mut Square, least: f64) {
    let mut sum = 0;
    let mut count = 0_u64;
    for (rgb, _) in square.rgb.chunks_exact(3).zip(&square.visible).filter(|(_, visible)| **visible) {
        sum += LUMA.iter().zip(rgb).map(|(weight, level)| weight * u64::from(*level)).sum::<u64>();
        count += 1;
    }
    if sum == 0 {
        return;
    }
    let gain = (least * (255_000 * count) as f64 / sum as f64).min(MOST);
    if gain <= 1.0 {
        return;
    }
    let table: [u8; 256] = std::array::from_fn(|level| (level as f64 * gain).round().min(255.0) as u8);
    for level in &mut square.rgb {
        *level = table[usize::from(*level)];
    }
}
