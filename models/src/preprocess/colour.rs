//! The colour variants: from 8-bit RGB to the values a network was trained on (rule 5).

use super::{ColourVariant, Tensor, local_average, sample::Square};

/// Weights of red, green and blue in the luma of Rec. 601, in thousandths.
pub(super) const LUMA: [u32; 3] = [299, 587, 114];
/// Means of Caffe's ImageNet networks, in its order blue, green, red, on a scale of 0 to 255.
const CAFFE_MEAN_BGR: [f64; 3] = [103.939, 116.779, 123.68];
/// Torchvision's ImageNet means, red, green, blue, on a scale of 0 to 1.
const TORCHVISION_MEAN: [f64; 3] = [0.485, 0.456, 0.406];
/// Torchvision's ImageNet standard deviations.
const TORCHVISION_DEVIATION: [f64; 3] = [0.229, 0.224, 0.225];

/// Computes a variant.
pub(super) fn tensor(square: &Square, variant: ColourVariant) -> Tensor {
    match variant {
        ColourVariant::Original => by_channel(square, [0, 1, 2], |value, _| value / 255.0),
        ColourVariant::Greyscale => greyscale(square),
        ColourVariant::Vgg16 => by_channel(square, [2, 1, 0], |value, channel| value - CAFFE_MEAN_BGR[channel]),
        ColourVariant::Torchvision => by_channel(square, [0, 1, 2], |value, channel| {
            (value / 255.0 - TORCHVISION_MEAN[channel]) / TORCHVISION_DEVIATION[channel]
        }),
        ColourVariant::LocalAverage => local_average::tensor(square),
    }
}

/// A variant whose channels are functions of one 8-bit value each; `order[k]` is the RGB channel behind tensor
/// channel `k`. Painted pixels are zero.
fn by_channel(square: &Square, order: [usize; 3], value: impl Fn(f64, usize) -> f64) -> Tensor {
    let plane = square.size * square.size;
    let mut data = vec![0.0; 3 * plane];
    for (channel, values) in data.chunks_exact_mut(plane.max(1)).enumerate() {
        let table: [f32; 256] = std::array::from_fn(|level| value(level as f64, channel) as f32);
        let pixels = square.rgb.chunks_exact(3).zip(&square.visible);
        for (to, (rgb, visible)) in values.iter_mut().zip(pixels) {
            if *visible {
                *to = table[usize::from(rgb[order[channel]])];
            }
        }
    }
    Tensor { shape: [3, square.size, square.size], data }
}

fn greyscale(square: &Square) -> Tensor {
    let pixels = square.rgb.chunks_exact(3).zip(&square.visible);
    let data = pixels
        .map(|(rgb, visible)| {
            let luma: u32 = LUMA.iter().zip(rgb).map(|(weight, level)| weight * u32::from(*level)).sum();
            if *visible { (f64::from(luma) / 255_000.0) as f32 } else { 0.0 }
        })
        .collect();
    Tensor { shape: [1, square.size, square.size], data }
}
