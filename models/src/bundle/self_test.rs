//! Does the network, on this machine, still say of the bundle's photographs what it said when it was made?

use std::{error::Error, thread};

use super::{Contents, manifest::SelfTest};
use crate::{
    field::{self, FieldError},
    image::{self, DecodeError},
    preprocess::{self, Tensor},
    tolerance,
};

/// A self-test that was passed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelfTestReport {
    /// Photographs judged.
    pub photographs: usize,
    /// The largest relative difference of a logit; at most [`tolerance::ENGINE_LOGIT_RELATIVE`].
    pub worst: f64,
}

/// Why a bundle failed its self-test.
#[derive(Debug, thiserror::Error)]
pub enum SelfTestError {
    /// A photograph can't be decoded.
    #[error("self-test {file}: {source}")]
    Decode {
        /// The photograph.
        file: String,
        /// Why.
        source: DecodeError,
    },
    /// A photograph has no field.
    #[error("self-test {file}: {source}")]
    Field {
        /// The photograph.
        file: String,
        /// Why.
        source: FieldError,
    },
    /// The network can't be run.
    #[error("self-test {file}: {source}")]
    Run {
        /// The photograph.
        file: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It says something else.
    #[error(
        "self-test {file}: logits are {found:?}, expected {expected:?}: this machine does not reproduce the bundle's outputs, do not use it"
    )]
    Differs {
        /// The photograph.
        file: String,
        /// Logits here.
        found: Vec<f32>,
        /// Logits in the bundle.
        expected: Vec<f32>,
    },
}

impl Contents {
    /// Judges every self-test photograph the way any photograph is judged (decode, field, preprocess, `run`) and
    /// compares the logits with those in the manifest. Two at a time where there are two cores: a device waits for this
    /// when it starts, and each more would take its own memory.
    ///
    /// # Errors
    /// At the first photograph, in the manifest's order, that can't be judged or whose logits differ by more than
    /// [`tolerance::ENGINE_LOGIT_RELATIVE`], relative to the larger magnitude with a floor of 1.
    pub fn self_test<E>(
        &self,
        run: impl Fn(&Tensor) -> Result<Vec<f32>, E> + Sync,
    ) -> Result<SelfTestReport, SelfTestError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let tests = &self.manifest.self_test;
        let alone = thread::available_parallelism().is_ok_and(|cores| cores.get() < 2);
        let half = if alone { tests.len() } else { tests.len().div_ceil(2) };
        let (first, second) = tests.split_at(half);
        let worst_of = |tests: &[SelfTest]| {
            tests.iter().try_fold(0.0_f64, |worst, test| Ok(worst.max(self.test_one(test, &run)?)))
        };
        let worst = thread::scope(|scope| {
            let beside = scope.spawn(|| worst_of(second));
            let first = worst_of(first)?;
            match beside.join() {
                Ok(second) => Ok(first.max(second?)),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })?;
        Ok(SelfTestReport { photographs: tests.len(), worst })
    }

    /// The largest relative difference on one photograph.
    fn test_one<E>(&self, test: &SelfTest, run: impl Fn(&Tensor) -> Result<Vec<f32>, E>) -> Result<f64, SelfTestError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let file = || test.file.clone();
        let bytes = self.file(&test.file).unwrap_or_default();
        let photograph = image::decode(bytes).map_err(|source| SelfTestError::Decode { file: file(), source })?;
        let field =
            field::find_field(&photograph.pixels).map_err(|source| SelfTestError::Field { file: file(), source })?;
        let tensor = preprocess::preprocess(&photograph.pixels, &field, &self.manifest.preprocess);
        let found = run(&tensor).map_err(|source| SelfTestError::Run { file: file(), source: source.into() })?;
        let difference = largest_difference(&found, &test.logits);
        // Written so that a NaN fails.
        if !(found.len() == test.logits.len() && difference <= tolerance::ENGINE_LOGIT_RELATIVE) {
            return Err(SelfTestError::Differs { file: file(), found, expected: test.logits.clone() });
        }
        Ok(difference)
    }
}

/// The largest relative difference, NaN when there is a NaN.
fn largest_difference(found: &[f32], expected: &[f32]) -> f64 {
    found.iter().zip(expected).fold(0.0, |worst, (&a, &b)| {
        let (a, b) = (f64::from(a), f64::from(b));
        let difference = (a - b).abs() / a.abs().max(b.abs()).max(1.0);
        if difference.is_nan() { difference } else { difference.max(worst) }
    })
}
