//! What was done to a photograph before the network saw it; travels in the bundle.

use serde::{Deserialize, Serialize};

/// The named colour variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourVariant {
    /// RGB, 0..1.
    Original,
    /// One channel, 0..1: Rec. 601 luma, (299 R + 587 G + 114 B) / 255,000.
    Greyscale,
    /// BGR, 0..255, Caffe's ImageNet means 103.939, 116.779, 123.68 subtracted.
    Vgg16,
    /// RGB, torchvision's convention: 0..1, minus 0.485, 0.456, 0.406, over 0.229, 0.224, 0.225.
    Torchvision,
    /// RGB, 4·image − 4·local mean + 128 (0..255 scale, then clamped to it), divided by 255.
    ///
    /// The local mean is taken inside the disc only, with a nearly Gaussian window (three box passes) whose standard
    /// deviation is a thirtieth of the disc's radius, so that it means the same at every resolution.
    LocalAverage,
}

impl ColourVariant {
    /// All variants.
    pub const ALL: [ColourVariant; 5] = [
        ColourVariant::Original,
        ColourVariant::Greyscale,
        ColourVariant::Vgg16,
        ColourVariant::Torchvision,
        ColourVariant::LocalAverage,
    ];
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// A complete description of the preprocessing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreprocessSpec {
    /// Version of the rules that are needed to follow it, at most [`PreprocessSpec::VERSION`]: 2 where dark photographs are
    /// made brighter, else 1, so that programs which know no more than that can follow it, too.
    pub version: u32,
    /// Side of the square tensor, in pixels, 64..=1024.
    pub size: u32,
    /// Colour variant.
    pub variant: ColourVariant,
    /// Radius of the fixed disc as a fraction of the field's visible radius, 0.5..=1; 0.96 unless there is a reason.
    pub disc: f64,
    /// Mean luma, 0..1, that darker photographs are brought up to, 0..=0.5; 0 leaves all of them as they are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub least_brightness: f64,
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
    /// The highest version this build knows.
    pub const VERSION: u32 = 2;

    /// The disc that keeps clear of the soft edge of the aperture and of what cameras paint on it.
    pub const DEFAULT_DISC: f64 = 0.96;

    /// Brings photographs of less than about a third of the usual light up to where those of the darker sources lie
    /// (`docs/experiments.md`, 23).
    pub const DEFAULT_LEAST_BRIGHTNESS: f64 = 0.25;

    /// The default disc; dark photographs stay dark.
    pub fn new(size: u32, variant: ColourVariant) -> Self {
        Self { version: 1, size, variant, disc: Self::DEFAULT_DISC, least_brightness: 0.0 }
    }

    /// The same, with darker photographs brought up to this mean luma; see [`PreprocessSpec::least_brightness`].
    #[must_use]
    pub fn with_least_brightness(self, least_brightness: f64) -> Self {
        let version = if least_brightness > 0.0 { 2 } else { 1 };
        Self { version, least_brightness, ..self }
    }

    /// Checks a spec that came from a file or a command line before anything is computed with it.
    ///
    /// # Errors
    /// [`SpecError::Newer`] when other rules are asked for than this build knows, [`SpecError::OutOfRange`] for a
    /// size or disc outside its range.
    pub fn validate(&self) -> Result<(), SpecError> {
        if self.version > Self::VERSION {
            return Err(SpecError::Newer { found: self.version, known: Self::VERSION });
        }
        if self.version == 0 {
            return Err(SpecError::OutOfRange { key: "version", found: "0".to_owned(), expected: "1 or more" });
        }
        if !(64..=1024).contains(&self.size) {
            return Err(SpecError::OutOfRange { key: "size", found: self.size.to_string(), expected: "64 to 1024" });
        }
        if !(0.5..=1.0).contains(&self.disc) {
            return Err(SpecError::OutOfRange { key: "disc", found: self.disc.to_string(), expected: "0.5 to 1" });
        }
        let expected = match self.version {
            1 if self.least_brightness != 0.0 => Some("0 in version 1"),
            _ if !(0.0..=0.5).contains(&self.least_brightness) => Some("0 to 0.5"),
            _ => None,
        };
        if let Some(expected) = expected {
            let found = self.least_brightness.to_string();
            return Err(SpecError::OutOfRange { key: "least_brightness", found, expected });
        }
        Ok(())
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> PreprocessSpec {
        PreprocessSpec::new(224, ColourVariant::Vgg16)
    }

    #[test]
    fn a_sound_spec_is_accepted_up_to_its_limits() {
        for (size, disc) in [(64, 0.5), (224, 0.96), (1024, 1.0)] {
            assert_eq!(PreprocessSpec { size, disc, ..spec() }.validate(), Ok(()));
        }
    }

    #[test]
    fn a_newer_version_asks_for_an_update_of_the_program() {
        let error = PreprocessSpec { version: 3, ..spec() }.validate().unwrap_err();
        assert_eq!(error.to_string(), "preprocessing version 3 is newer than this program's 2: update the program");
    }

    #[test]
    fn values_out_of_range_are_named() {
        for (bad, key) in [
            (PreprocessSpec { version: 0, ..spec() }, "version"),
            (PreprocessSpec { size: 63, ..spec() }, "size"),
            (PreprocessSpec { size: 1025, ..spec() }, "size"),
            (PreprocessSpec { disc: 0.49, ..spec() }, "disc"),
            (PreprocessSpec { disc: 1.01, ..spec() }, "disc"),
            (PreprocessSpec { disc: f64::NAN, ..spec() }, "disc"),
            (spec().with_least_brightness(0.51), "least_brightness"),
            (spec().with_least_brightness(-0.1), "least_brightness"),
            (spec().with_least_brightness(f64::NAN), "least_brightness"),
            (PreprocessSpec { version: 1, ..spec().with_least_brightness(0.25) }, "least_brightness"),
        ] {
            let error = bad.validate().unwrap_err().to_string();
            assert!(error.contains(key) && error.contains("expected"), "{error}");
        }
    }

    #[test]
    fn the_spec_reads_as_it_was_written() {
        let text = toml::to_string(&spec()).unwrap();
        assert_eq!(text, "version = 1\nsize = 224\nvariant = \"vgg16\"\ndisc = 0.96\n");
        assert_eq!(toml::from_str::<PreprocessSpec>(&text).unwrap(), spec());
        assert!(toml::from_str::<PreprocessSpec>(&format!("{text}extra = 1\n")).is_err());
        let raised = spec().with_least_brightness(0.25);
        assert_eq!(raised.validate(), Ok(()));
        let text = toml::to_string(&raised).unwrap();
        assert_eq!(text, "version = 2\nsize = 224\nvariant = \"vgg16\"\ndisc = 0.96\nleast_brightness = 0.25\n");
        assert_eq!(toml::from_str::<PreprocessSpec>(&text).unwrap(), raised);
    }
}
