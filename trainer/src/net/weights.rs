//! A network's weights by name, outside of any engine.
//!
//! The names are torchvision's: `features.0.weight` … `features.28.bias` for the thirteen convolutions of VGG-16
//! (weights `[out, in, 3, 3]`, biases `[out]`), and `head.weight` `[outputs, channels]`, `head.bias` `[outputs]` for
//! ours; an exported one may hold `head.block4.weight` `[outputs, channels of block 4]`, [`super::ANOMALY_CONDITIONS`]
//! and what [`super::UNFAMILIARITY`] names besides. Read from and written to safetensors; what is stored as f16 or bf16
//! becomes f32 on reading.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use half::{bf16, f16};
use ocellus_model::preprocess::ColourVariant;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::BLOCKS;
use crate::files::{self, hex};

/// One named array.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// Extent of each dimension; the product is the number of values.
    pub shape: Vec<usize>,
    /// The values, row-major.
    pub data: Vec<f32>,
}

/// All weights of a network, ordered by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NamedWeights {
    entries: BTreeMap<String, Values>,
}

/// What the input of the weights looked like when they were trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightsConvention {
    /// BGR, 0..255, ImageNet means subtracted: goes with [`ColourVariant::Vgg16`].
    Caffe,
    /// RGB, 0..1, ImageNet mean and deviation: goes with [`ColourVariant::Torchvision`].
    Torchvision,
    /// None: a narrow network drawn anew, see [`NamedWeights::drawn`]. It wants inputs about 0 with a deviation about 1:
    /// goes with [`ColourVariant::Torchvision`].
    Drawn,
}

/// Why weights can't be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not a safetensors file.
    #[error("{}: not a safetensors file: {message}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A type of number this program does not read.
    #[error("{}: {name} is stored as {found}, expected f32, f16 or bf16", path.display())]
    NumberType {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The type found.
        found: String,
    },
    /// A weight that is not there.
    #[error("weight {name} is missing: the file does not hold this network (found: {found})")]
    Missing {
        /// The name looked for.
        name: String,
        /// The first names found.
        found: String,
    },
    /// A weight of another shape.
    #[error("weight {name} has shape {found:?}, expected {expected}")]
    Shape {
        /// The name.
        name: String,
        /// The shape found.
        found: Vec<usize>,
        /// What was expected.
        expected: String,
    },
    /// A value that is not a number.
    #[error("weight {name} has a value that is not finite")]
    NotFinite {
        /// The name.
        name: String,
    },
    /// Weights of one convention with colours of another.
    #[error(
        "weights of the {convention} convention need the colour variant {expected:?}, the configuration says {found:?}"
    )]
    Convention {
        /// The weights' convention.
        convention: WeightsConvention,
        /// The variant that goes with it.
        expected: ColourVariant,
        /// The variant configured.
        found: ColourVariant,
    },
}

impl WeightsConvention {
    /// The colour variant the weights were trained on.
    pub fn variant(self) -> ColourVariant {
        match self {
            WeightsConvention::Caffe => ColourVariant::Vgg16,
            WeightsConvention::Torchvision | WeightsConvention::Drawn => ColourVariant::Torchvision,
        }
    }

    /// Checks that weights and colours belong together.
    ///
    /// # Errors
    /// When they don't: a network fed with the other convention's numbers trains badly and silently.
    pub fn check(self, variant: ColourVariant) -> Result<(), WeightsError> {
        if variant == self.variant() {
            Ok(())
        } else {
            Err(WeightsError::Convention { convention: self, expected: self.variant(), found: variant })
        }
    }
}

impl fmt::Display for WeightsConvention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WeightsConvention::Caffe => "caffe",
            WeightsConvention::Torchvision => "torchvision",
            WeightsConvention::Drawn => "drawn",
        })
    }
}

impl FromStr for WeightsConvention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "caffe" => Ok(WeightsConvention::Caffe),
            "torchvision" => Ok(WeightsConvention::Torchvision),
            "drawn" => Ok(WeightsConvention::Drawn),
            other => Err(format!("unknown weights convention {other:?}, expected caffe, torchvision or drawn")),
        }
    }
}

impl NamedWeights {
    /// The layers of VGG-16 with `widths` channels in its five blocks, drawn so that signals keep their size from layer to
    /// layer (uniform within ±√(6 / inputs), inputs = channels × 9: He et al. 2015). No head.
    pub fn drawn(widths: [usize; 5], seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut weights = Self::new();
        let mut inputs = 3;
        for (layers, outputs) in BLOCKS.iter().zip(widths) {
            for layer in *layers {
                let bound = (6.0 / (inputs * 9) as f32).sqrt();
                let kernel = (0..outputs * inputs * 9).map(|_| rng.random_range(-bound..bound)).collect();
                weights.insert(format!("features.{layer}.weight"), vec![outputs, inputs, 3, 3], kernel);
                weights.insert(format!("features.{layer}.bias"), vec![outputs], vec![0.0; outputs]);
                inputs = outputs;
            }
        }
        weights
    }

    /// No weights.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a weight.
    pub fn insert(&mut self, name: impl Into<String>, shape: Vec<usize>, data: Vec<f32>) {
        debug_assert_eq!(shape.iter().product::<usize>(), data.len());
        self.entries.insert(name.into(), Values { shape, data });
    }

    /// The weight of that name, if there.
    pub fn get(&self, name: &str) -> Option<&Values> {
        self.entries.get(name)
    }

    /// The weight of that name.
    ///
    /// # Errors
    /// When it is missing.
    pub fn require(&self, name: &str) -> Result<&Values, WeightsError> {
        self.get(name).ok_or_else(|| WeightsError::Missing {
            name: name.to_owned(),
            found: self.entries.keys().take(4).cloned().collect::<Vec<_>>().join(", "),
        })
    }

    /// All weights in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Values)> {
        self.entries.iter().map(|(name, values)| (name.as_str(), values))
    }

    /// Number of weights (arrays, not values).
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// SHA-256 over names, shapes and f32 values, in hexadecimal: the same for the same numbers, however stored.
    pub fn digest(&self) -> String {
        self.digest_of(|_| true)
    }

    /// As [`NamedWeights::digest`], over the weights whose name `keep` accepts.
    pub fn digest_of(&self, keep: impl Fn(&str) -> bool) -> String {
        let mut hash = Sha256::new();
        for (name, values) in self.iter().filter(|(name, _)| keep(name)) {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name.as_bytes());
            hash.update((values.shape.len() as u64).to_le_bytes());
            for extent in &values.shape {
                hash.update((*extent as u64).to_le_bytes());
            }
            for value in &values.data {
                hash.update(value.to_le_bytes());
            }
        }
        hex(&hash.finalize())
    }

    /// Reads a safetensors file. Only `features.*` and `head.*` are kept (torchvision's file also holds the dense
    /// layers of the ImageNet classifier, which have no place here).
    ///
    /// # Errors
    /// When the file can't be read, is no safetensors file, or holds something that is not a finite number.
    pub fn read(path: &Path) -> Result<Self, WeightsError> {
        let bytes = std::fs::read(path).map_err(|source| WeightsError::Io { path: path.to_owned(), source })?;
        Self::parse(&bytes, path, |name| name.starts_with("features.") || name.starts_with("head."))
    }

    /// Parses safetensors bytes; `path` is for messages; `keep` selects names.
    ///
    /// # Errors
    /// As [`NamedWeights::read`].
    pub fn parse(bytes: &[u8], path: &Path, keep: impl Fn(&str) -> bool) -> Result<Self, WeightsError> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| WeightsError::Format { path: path.to_owned(), message: error.to_string() })?;
        let mut weights = Self::new();
        for (name, view) in file.iter().filter(|(name, _)| keep(name)) {
            let raw = view.data();
            let data: Vec<f32> = match view.dtype() {
                Dtype::F32 => raw.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
                Dtype::F16 => raw.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
                Dtype::BF16 => raw.as_chunks::<2>().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect(),
                other => {
                    return Err(WeightsError::NumberType {
                        path: path.to_owned(),
                        name: name.to_owned(),
                        found: format!("{other:?}"),
                    });
                }
            };
            if !data.iter().all(|value| value.is_finite()) {
                return Err(WeightsError::NotFinite { name: name.to_owned() });
            }
            weights.insert(name, view.shape().to_vec(), data);
        }
        Ok(weights)
    }

    /// The weights as a safetensors file of f32.
    ///
    /// # Errors
    /// When the format refuses a name or shape.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WeightsError> {
        let format = |message: String| WeightsError::Format { path: PathBuf::from("(memory)"), message };
        let raw: Vec<(&str, &[usize], Vec<u8>)> = self
            .iter()
            .map(|(name, values)| {
                (name, values.shape.as_slice(), values.data.iter().flat_map(|v| v.to_le_bytes()).collect())
            })
            .collect();
        let mut views = Vec::with_capacity(raw.len());
        for (name, shape, bytes) in &raw {
            let view = TensorView::new(Dtype::F32, shape.to_vec(), bytes).map_err(|error| format(error.to_string()))?;
            views.push((*name, view));
        }
        safetensors::serialize(views, None).map_err(|error| format(error.to_string()))
    }

    /// Writes a safetensors file of f32 so that it is there whole or not at all.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, path: &Path) -> Result<(), WeightsError> {
        files::write_atomically(path, &self.to_bytes()?)
            .map_err(|source| WeightsError::Io { path: path.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> NamedWeights {
        let mut weights = NamedWeights::new();
        weights.insert("features.0.weight", vec![2, 1, 1, 2], vec![1.0, -2.5, 0.5, 3.0e-8]);
        weights.insert("head.bias", vec![2], vec![0.1, 0.2]);
        weights
    }

    #[test]
    fn a_written_file_reads_back_bit_for_bit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w.safetensors");
        sample().write(&path).unwrap();
        let back = NamedWeights::read(&path).unwrap();
        assert_eq!(back, sample());
        assert_eq!(back.digest(), sample().digest());
    }

    #[test]
    fn the_digest_depends_on_every_value_name_and_shape() {
        let base = sample().digest();
        let mut other = sample();
        other.insert("head.bias", vec![2], vec![0.1, 0.2 + f32::EPSILON]);
        assert_ne!(other.digest(), base);
        let mut other = sample();
        other.insert("features.0.weight", vec![1, 2, 1, 2], vec![1.0, -2.5, 0.5, 3.0e-8]);
        assert_ne!(other.digest(), base);
    }

    #[test]
    fn half_precision_is_widened_exactly() {
        let raw: Vec<u8> = [f16::from_f32(1.5), f16::from_f32(-0.25)].iter().flat_map(|v| v.to_le_bytes()).collect();
        let view = TensorView::new(Dtype::F16, vec![2], &raw).unwrap();
        let bytes = safetensors::serialize([("features.0.bias", view)], None).unwrap();
        let weights = NamedWeights::parse(&bytes, Path::new("x"), |_| true).unwrap();
        assert_eq!(weights.require("features.0.bias").unwrap().data, [1.5, -0.25]);
    }

    #[test]
    fn what_is_no_safetensors_file_is_an_error_with_its_path() {
        let error = NamedWeights::parse(b"hello", Path::new("a/b.safetensors"), |_| true).unwrap_err().to_string();
        assert!(error.contains("a/b.safetensors"), "{error}");
    }

    #[test]
    fn weights_and_colours_of_different_conventions_are_refused() {
        assert!(WeightsConvention::Caffe.check(ColourVariant::Vgg16).is_ok());
        assert!(WeightsConvention::Torchvision.check(ColourVariant::Torchvision).is_ok());
        for variant in [ColourVariant::Torchvision, ColourVariant::Original, ColourVariant::LocalAverage] {
            assert!(WeightsConvention::Caffe.check(variant).is_err());
        }
    }
}
