//! Dark photographs made brighter before the colour variant is computed (rule 4).

use super::{colour::LUMA, sample::Square};

/// The most that levels are multiplied by: beyond it next to nothing was stored.
const MOST: f64 = 4.0;

/// Multiplies all levels of a square whose mean luma (0..1) over its visible pixels is below `least` by what brings it
/// there, at most by [`MOST`]. Stored levels follow a power of the light, so less light, too, has multiplied them all by
/// one number. A square that is bright enough, or black, is left as it is.
pub(super) fn raise(square: &mut Square, least: f64) {
    if least <= 0.0 {
        return;
    }
    // A square has at most 1024 × 1024 pixels, so that 32 bits hold these.
    let (mut sums, mut count) = ([0_u32; 3], 0_u32);
    for (rgb, visible) in square.rgb.as_chunks::<3>().0.iter().zip(&square.visible) {
        let visible = u32::from(*visible);
        for (sum, level) in sums.iter_mut().zip(rgb) {
            *sum += visible * u32::from(*level);
        }
        count += visible;
    }
    let luma: u64 = LUMA.iter().zip(sums).map(|(weight, sum)| u64::from(*weight) * u64::from(sum)).sum();
    if luma == 0 {
        return;
    }
    let gain = (least * (255_000 * u64::from(count)) as f64 / luma as f64).min(MOST);
    if gain <= 1.0 {
        return;
    }
    let table: [u8; 256] = std::array::from_fn(|level| (level as f64 * gain).round().min(255.0) as u8);
    for level in &mut square.rgb {
        *level = table[usize::from(*level)];
    }
}
