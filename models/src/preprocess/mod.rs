//! From an upright photograph and its field to the tensor a network sees.

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
pub fn preprocess(_pixels: &RgbImage, _field: &Field, _spec: &PreprocessSpec) -> Tensor {
    unimplemented!()
}
