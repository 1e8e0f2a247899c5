//! A still made ready for frames: reduced to the size of the preview and blurred in steps, so that a frame only mixes.

use ::image::{
    RgbImage,
    imageops::{self, FilterType},
};

use super::stage::Scene;

/// Longer side of preview frames in pixels; smaller stills keep their size.
pub(super) const PREVIEW_SIDE: u32 = 640;
/// Standard deviation of the blur of each level, as a part of the longer side: 0, then doubling from a pixel on.
const BLURS: [f32; 7] = {
    let pixel = 1.0 / PREVIEW_SIDE as f32;
    [0.0, pixel, 2.0 * pixel, 4.0 * pixel, 8.0 * pixel, 16.0 * pixel, 32.0 * pixel]
};
/// Standard deviation in pixels from which the quicker, coarser filter is good enough.
const WIDE: f32 = 4.0;
/// Standard deviation in pixels below which nothing is seen of a blur.
const UNSEEN: f32 = 0.3;

/// A scene, with what frames are made of.
#[derive(Debug)]
pub(super) struct Print {
    scene: Scene,
    /// The reduced still, blurred by [`BLURS`].
    levels: Vec<RgbImage>,
}

impl Print {
    pub(super) fn new(scene: Scene) -> Self {
        let (width, height) = scene.still.dimensions();
        let longer = width.max(height).max(1);
        let reduced = if longer <= PREVIEW_SIDE {
            scene.still.as_ref().clone()
        } else {
            let part = |side: u32| (side * PREVIEW_SIDE / longer).max(1);
            imageops::resize(scene.still.as_ref(), part(width), part(height), FilterType::Triangle)
        };
        let levels = BLURS.iter().map(|&part| blurred(&reduced, part)).collect();
        Print { scene, levels }
    }

    pub(super) fn scene(&self) -> &Scene {
        &self.scene
    }

    /// The two levels around a blur, with the share of the second, 0 to 1. More blur than the last level has is as the
    /// last.
    pub(super) fn around(&self, blur: f32) -> (&RgbImage, &RgbImage, f32) {
        let after = BLURS.iter().position(|&level| blur < level).unwrap_or(BLURS.len() - 1);
        let (low, high) = (BLURS[after - 1], BLURS[after]);
        let share = ((blur - low) / (high - low)).clamp(0.0, 1.0);
        (&self.levels[after - 1], &self.levels[after], share)
    }
}

/// Blurs by a Gaussian of a standard deviation given as a part of the longer side.
pub(super) fn blurred(pixels: &RgbImage, part: f32) -> RgbImage {
    let sigma = part * pixels.width().max(pixels.height()) as f32;
    if sigma < UNSEEN {
        pixels.clone()
    } else if sigma < WIDE {
        imageops::blur(pixels, sigma)
    } else {
        imageops::fast_blur(pixels, sigma)
    }
}
