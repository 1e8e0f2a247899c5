//! Convolutions as one large matrix product, for training on the processor.
//!
//! The engine's own backward pass for the kernel makes one narrow product for each input channel; here all places of
//! all photographs of a part stand side by side as columns (im2col), so that the forward pass and both gradients are
//! one wide product each. Maps are `[channels, photographs, height, width]` in between. The result is that of the
//! plain convolution up to rounding.

use burn::tensor::{Tensor, activation::relu, ops::PadMode};

/// 3×3 convolution (padding 1) with ReLU of a map `[C, N, H, W]`.
pub(super) fn convolve(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let [channels, count, height, width] = x.dims();
    let [outputs, ..] = weight.dims();
    let padded = x.pad((1, 1, 1, 1), PadMode::Constant(0.0));
    let shifted = (0..9)
        .map(|place| {
            let (dy, dx) = (place / 3, place % 3);
            let shift = padded.clone().slice([0..channels, 0..count, dy..dy + height, dx..dx + width]);
            shift.reshape([channels, count * height * width])
        })
        .collect();
    let columns = Tensor::cat(shifted, 0);
    let kernel = weight.permute([0, 2, 3, 1]).reshape([outputs, 9 * channels]);
    let product = kernel.matmul(columns) + bias.reshape([outputs, 1]);
    relu(product).reshape([outputs, count, height, width])
}
