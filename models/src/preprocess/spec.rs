//! What was done to a photograph before the network saw it; travels in the bundle.

use serde::{Deserialize, Serialize};

/// The named colour variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourVariant {
    /// RGB, 0..1.
    Original,
    /// One channel, 0..1 (Rec. 601 luma).
    Greyscale,
    /// BGR, 0..255, Caffe's ImageNet means 103.939, 116.779, 123.68 subtracted.
    Vgg16,
    /// RGB, torchvision's convention: 0..1, minus 0.485, 0.456, 0.406, over 0.229, 0.224, 0.225.
    Torchvision,
    /// RGB, 4·image − 4·local mean + 128 (0..255 scale, then clamped), the mean over a window scaled to the field; divided by 255.
    LocalAverage,
}

/// A complete description of the preprocessing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreprocessSpec {
    /// Version of the rules in this module; see [`PreprocessSpec::VERSION`].
    pub version: u32,
    /// Side of the square tensor, in pixels, 64..=1024.
    pub size: u32,
    /// Colour variant.
    pub variant: ColourVariant,
    /// Radius of the fixed disc as a fraction of the field's visible radius, 0.5..=1.
    pub disc: f64,
}

/// A spec this build can't follow.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// The bundle was made by newer rules.
    #[error("preprocessing version {found} is newer than this program's {known}: update the program")]
    Newer {
        /// Version in the spec.
        found: u32,
        /// Highest version known here.
        known: u32,
    },
    /// A value out of its range.
    #[error("preprocessing {key} is {found}, expected {expected}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// Value found.
        found: String,
        /// Range expected.
        expected: &'static str,
    },
}

impl PreprocessSpec {
    /// The version this build writes and the highest it reads.
    pub const VERSION: u32 = 1;

    /// Channels of the tensor: 1 for greyscale, else 3.
    pub fn channels(&self) -> usize {
        match self.variant {
            ColourVariant::Greyscale => 1,
            ColourVariant::Original
            | ColourVariant::Vgg16
            | ColourVariant::Torchvision
            | ColourVariant::LocalAverage => 3,
        }
    }

    /// Shape of the tensor: channels, height, width.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels(), self.size as usize, self.size as usize]
    }
}
