//! How unlike a photograph is those that were learnt from, as a logit.
//!
//! The squared distance of the square roots of its averaged last maps from their mean among photographs that could be
//! judged, in directions of like spread (the Mahalanobis distance; for finding what a network never saw: Lee, Lee, Lee,
//! Shin 2018, "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks"), and a
//! constant. Fitted by [`crate::gradability`], never trained.

use burn::tensor::{Device, Tensor, TensorData};

use super::{NamedWeights, NetError, values, vgg16::shape};

/// Names of its arrays: mean `[C]` and one over the spread `[C]` of the square roots, directions `[D, C]`, constant `[1]`;
/// C are the channels of blocks 4 and 5.
pub const UNFAMILIARITY: [&str; 4] =
    ["unfamiliarity.mean", "unfamiliarity.scale", "unfamiliarity.weight", "unfamiliarity.constant"];

/// The arrays on a device.
#[derive(Debug, Clone)]
pub(super) struct Unfamiliarity {
    mean: Tensor<1>,
    scale: Tensor<1>,
    weight: Tensor<2>,
    constant: Tensor<1>,
}

impl Unfamiliarity {
    /// The arrays among a network's weights, for so many channels; none where there is none of them.
    pub(super) fn read(weights: &NamedWeights, channels: usize, device: &Device) -> Result<Option<Self>, NetError> {
        if UNFAMILIARITY.iter().all(|name| weights.get(name).is_none()) {
            return Ok(None);
        }
        let directions = weights.require(UNFAMILIARITY[2])?.shape.first().copied().unwrap_or_default();
        let extents = [vec![channels], vec![channels], vec![directions, channels], vec![1]];
        for (name, expected) in UNFAMILIARITY.iter().zip(&extents) {
            let found = &weights.require(name)?.shape;
            if found != expected {
                return Err(shape(name, found, format!("{expected:?}")));
            }
        }
        let data = |at: usize, extents: Vec<usize>| -> Result<TensorData, NetError> {
            Ok(TensorData::new(weights.require(UNFAMILIARITY[at])?.data.clone(), extents))
        };
        let [mean, scale, weight, constant] = extents;
        Ok(Some(Self {
            mean: Tensor::from_data(data(0, mean)?, device),
            scale: Tensor::from_data(data(1, scale)?, device),
            weight: Tensor::from_data(data(2, weight)?, device),
            constant: Tensor::from_data(data(3, constant)?, device),
        }))
    }

    /// One logit a photograph, `[N, 1]`, of averaged last maps `[N, C]`.
    pub(super) fn logit(&self, pooled: Tensor<2>) -> Tensor<2> {
        let off = pooled.sqrt() - self.mean.clone().unsqueeze::<2>();
        let along = (off * self.scale.clone().unsqueeze::<2>()).matmul(self.weight.clone().transpose());
        (along.clone() * along).sum_dim(1) + self.constant.clone().unsqueeze::<2>()
    }

    /// Adds the arrays to a network's weights.
    pub(super) fn put(&self, weights: &mut NamedWeights) -> Result<(), NetError> {
        for (name, array) in UNFAMILIARITY.iter().zip([&self.mean, &self.scale]) {
            weights.insert(*name, array.dims().to_vec(), values(array.clone().inner())?);
        }
        weights.insert(UNFAMILIARITY[2], self.weight.dims().to_vec(), values(self.weight.clone().inner())?);
        weights.insert(UNFAMILIARITY[3], vec![1], values(self.constant.clone().inner())?);
        Ok(())
    }
}
