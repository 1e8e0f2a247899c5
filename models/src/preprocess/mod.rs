//! From an upright photograph and its field to the tensor a network sees.
//!
//! The rules; the fourth came with version 2:
//!
//! 1. The *source disc* is concentric with the field; its radius is `disc` times the field's visible radius.
//! 2. The square around it is resized to `size × size` with an antialiased bilinear filter in integer arithmetic.
//!    The disc always fills the square, however the camera cut its field, so the frame gives nothing away.
//! 3. An output pixel whose centre is further than `size / 2 − 2` from the square's centre is *painted* with one
//!    value. The two pixels of margin are wider than the filter: no pixel of the photograph outside the source disc
//!    has any influence on the tensor, bit for bit.
//! 4. Where the mean luma of what is left is below `least_brightness`, all levels are multiplied by what brings it there (at
//!    most four; products are rounded, and stop at 255).
//! 5. The colour variant is computed from that. The painted value is zero in the tensor for `original`,
//!    `greyscale` (black), `vgg16` and `torchvision` (the mean colour), and 128 / 255 for `local_average` (no
//!    difference from the surroundings).
//!
//! Only integers, and IEEE additions, multiplications, divisions and square roots in a fixed order are used, so the
//! same pixels give the same tensor on every platform.
//!
//! Not here: finding the field ([`crate::field`]), judging the photograph ([`crate::quality`]), augmentation.

mod brightness;
mod colour;
mod local_average;
mod sample;
mod spec;

use ::image::RgbImage;

pub use spec::{ColourVariant, PreprocessSpec, SpecError};

use crate::field::Field;

/// A network's input: `channels × height × width`, `f32`, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Channels, height, width.
    pub shape: [usize; 3],
    /// The values, `shape` product long.
    pub data: Vec<f32>,
}

/// Preprocesses one photograph. Deterministic: the same bytes give the same tensor on every platform.
///
/// `spec` must have been [validated](PreprocessSpec::validate), and `field` belong to these pixels. Whatever part of
/// the disc lies outside the photograph is painted like the border; a field that shows nothing (not a finite number,
/// or a disc less than two pixels wide) gives a tensor that is painted throughout.
pub fn preprocess(pixels: &RgbImage, field: &Field, spec: &PreprocessSpec) -> Tensor {
    let mut square = sample::Square::sample(pixels, field, spec);
    brightness::raise(&mut square, spec.least_brightness);
    colour::tensor(&square, spec.variant)
}

#[cfg(test)]
mod tests;
