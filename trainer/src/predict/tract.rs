//! The device's engine, to see that it computes what ours does.

use std::fmt;
use std::sync::Arc;

use ocellus_model::preprocess;
use tract_onnx::prelude::*;

/// A network loaded with tract, for one photograph at a time.
pub struct TractNetwork {
    plan: Arc<TypedRunnableModel>,
    shape: [usize; 3],
}

/// tract refused.
#[derive(Debug, thiserror::Error)]
#[error("tract {doing}: {message}")]
pub struct TractError {
    /// What was being done.
    pub doing: &'static str,
    /// tract's own words, on one line.
    pub message: String,
}

fn refused(doing: &'static str) -> impl Fn(tract_onnx::prelude::TractError) -> TractError {
    move |error| TractError { doing, message: format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ") }
}

impl TractNetwork {
    /// Loads ONNX whose first output are the logits, for photographs of `shape` (channels, height, width).
    ///
    /// # Errors
    /// When tract can't read or optimise it.
    pub fn load(bytes: &[u8], shape: [usize; 3]) -> Result<Self, TractError> {
        let [c, h, w] = shape;
        let plan = tract_onnx::onnx()
            .model_for_read(&mut &*bytes)
            .and_then(|model| model.with_input_fact(0, f32::fact([1, c, h, w]).into()))
            .and_then(|model| model.into_optimized())
            .and_then(|model| model.into_runnable())
            .map_err(refused("can't load the network"))?;
        Ok(Self { plan, shape })
    }

    /// The logits of one photograph.
    ///
    /// # Errors
    /// When the tensor has another shape or tract fails.
    pub fn logits(&self, photograph: &preprocess::Tensor) -> Result<Vec<f32>, TractError> {
        if photograph.shape != self.shape {
            let message = format!("shape {:?}, the network takes {:?}", photograph.shape, self.shape);
            return Err(TractError { doing: "input", message });
        }
        let [c, h, w] = self.shape;
        let run = || -> TractResult<Vec<f32>> {
            let input = Tensor::from_shape(&[1, c, h, w], &photograph.data)?;
            let results = self.plan.run(tvec!(input.into()))?;
            Ok(results[0].to_plain_array_view::<f32>()?.iter().copied().collect())
        };
        run().map_err(refused("can't run the network"))
    }
}

impl fmt::Debug for TractNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TractNetwork").field("shape", &self.shape).finish_non_exhaustive()
    }
}
