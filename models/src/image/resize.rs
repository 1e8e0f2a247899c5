//! Resizing in integer arithmetic: the same bytes on every platform.

use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8x3,
};
use image::RgbImage;

/// The part of a picture that is resized, in pixels; edges may lie between two.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Its left edge.
    pub left: f64,
    /// Its upper edge.
    pub top: f64,
    /// How wide it is.
    pub width: f64,
    /// How high it is.
    pub height: f64,
}

impl Part {
    /// All of a picture of this size.
    pub(crate) fn whole(width: u32, height: u32) -> Self {
        Part { left: 0.0, top: 0.0, width: f64::from(width), height: f64::from(height) }
    }
}

/// Resizes a part of a picture to `target` pixels (width, height), bilinear, with the filter widened where it shrinks; none
/// where the part does not lie in the picture. Other crates resize by this call, so that the library's many kernels are
/// compiled here alone.
pub fn bilinear(pixels: &RgbImage, part: Part, target: (u32, u32)) -> Option<RgbImage> {
    let resized = resize(pixels.dimensions(), pixels.as_raw(), part, target, FilterType::Bilinear)?;
    RgbImage::from_raw(target.0, target.1, resized)
}

/// Resizes a part of an RGB picture (`width × height`, row-major) to `target` pixels; none where the part does not lie
/// in the picture.
pub(crate) fn resize(
    (width, height): (u32, u32),
    rgb: &[u8],
    part: Part,
    target: (u32, u32),
    filter: FilterType,
) -> Option<Vec<u8>> {
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).crop(
        part.left,
        part.top,
        part.width,
        part.height,
    );
    // Typed, because the untyped call compiles every kernel of every pixel type into this crate.
    let source = TypedImageRef::<U8x3>::from_buffer(width, height, rgb).ok()?;
    let mut resized = TypedImage::<U8x3>::new(target.0, target.1);
    match Resizer::new().resize_typed(&source, &mut resized, &options) {
        Ok(()) => Some(resized.pixels().iter().map(|pixel| pixel.0).collect::<Vec<_>>().into_flattened()),
        Err(error) => {
            log::error!("resizing {width}×{height} failed: {error}");
            None
        }
    }
}
