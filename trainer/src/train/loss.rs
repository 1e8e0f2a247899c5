//! The losses, as tensors for training and as plain numbers for validation.
//!
//! Binary: Σ w · (max(l, 0) − l·t + ln(1 + e^(−|l|))), which is −ln σ(l) or −ln(1 − σ(l)) without overflow.
//! Softmax: Σ w·t · −ln softmax(l). `w` is 0 where nothing is known. Both are divided by a number that does not
//! depend on how a batch is parted, so that gradients of parts add up to the batch's.

use burn::tensor::{Tensor, activation};

use crate::task::LossKind;

/// The loss of logits `[N, K]` against targets (0 or 1) and weights of the same shape, over `divisor`.
pub(crate) fn tensor(
    kind: LossKind,
    logits: Tensor<2>,
    targets: Tensor<2>,
    weights: Tensor<2>,
    divisor: f64,
) -> Tensor<1> {
    let each = match kind {
        LossKind::Binary => {
            let soft = logits.clone().abs().neg().exp().log1p();
            activation::relu(logits.clone()) - logits * targets + soft
        }
        LossKind::Softmax => activation::log_softmax(logits, 1).neg() * targets,
    };
    (each * weights).sum().div_scalar(divisor)
}

/// The probabilities that go with a photograph's logits.
pub(crate) fn probabilities(kind: LossKind, logits: &[f32]) -> Vec<f64> {
    let wide = logits.iter().map(|logit| f64::from(*logit));
    match kind {
        LossKind::Binary => wide.map(|logit| 1.0 / (1.0 + (-logit).exp())).collect(),
        LossKind::Softmax => {
            let largest = wide.clone().fold(f64::NEG_INFINITY, f64::max);
            let powers: Vec<f64> = wide.map(|logit| (logit - largest).exp()).collect();
            let sum: f64 = powers.iter().sum();
            powers.into_iter().map(|power| power / sum).collect()
        }
    }
}

/// The weighted sum of the loss, and the sum of its weights, of one photograph.
pub(crate) fn plain(kind: LossKind, logits: &[f32], targets: &[f32], weights: &[f32]) -> (f64, f64) {
    let wide = |values: &[f32]| values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
    let (l, t, w) = (wide(logits), wide(targets), wide(weights));
    let indices = 0..l.len();
    match kind {
        LossKind::Binary => indices.fold((0.0, 0.0), |(sum, mass), i| {
            let each = l[i].max(0.0) - l[i] * t[i] + (-l[i].abs()).exp().ln_1p();
            (sum + w[i] * each, mass + w[i])
        }),
        LossKind::Softmax => {
            let largest = l.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let log_sum = largest + l.iter().map(|l| (l - largest).exp()).sum::<f64>().ln();
            indices.fold((0.0, 0.0), |(sum, mass), i| (sum + w[i] * t[i] * (log_sum - l[i]), mass + w[i] * t[i]))
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    #[test]
    fn probabilities_of_exclusive_classes_add_up_and_do_not_overflow() {
        let soft = probabilities(LossKind::Softmax, &[1000.0, 1000.0, -1000.0]);
        assert_eq!(soft, [0.5, 0.5, 0.0]);
        assert_eq!(probabilities(LossKind::Binary, &[0.0, 800.0]), [0.5, 1.0]);
    }

    fn both(kind: LossKind, logits: &[f32], targets: &[f32], weights: &[f32]) -> (f64, f64, Vec<f32>) {
        let device = Device::flex();
        let make =
            |values: &[f32]| Tensor::<2>::from_data(TensorData::new(values.to_vec(), [1, values.len()]), &device);
        let l = make(logits).autodiff().require_grad();
        let loss = tensor(kind, l.clone(), make(targets), make(weights), 1.0);
        let mut gradients = loss.backward();
        let value = f64::from(loss.inner().into_data().try_into_vec::<f32>().unwrap()[0]);
        let gradient = l.grad_remove(&mut gradients).unwrap().into_data().try_into_vec::<f32>().unwrap();
        (value, plain(kind, logits, targets, weights).0, gradient)
    }

    #[test]
    fn binary_gradient_is_weight_times_probability_minus_target() {
        let logits = [0.5_f32, -2.0, 3.0];
        let (value, plain, gradient) = both(LossKind::Binary, &logits, &[1.0, 0.0, 0.0], &[1.0, 2.0, 0.5]);
        assert!((value - plain).abs() < 1e-5, "{value} {plain}");
        for (i, (target, weight)) in [(1.0, 1.0), (0.0, 2.0), (0.0, 0.5)].into_iter().enumerate() {
            let expected = weight * (1.0 / (1.0 + (-logits[i]).exp()) - target);
            assert!((gradient[i] - expected).abs() < 1e-5, "{i}: {} {expected}", gradient[i]);
        }
    }

    #[test]
    fn an_unknown_label_moves_nothing_whatever_its_target() {
        for target in [0.0, 1.0] {
            let (value, _, gradient) = both(LossKind::Binary, &[7.0], &[target], &[0.0]);
            assert_eq!((value, gradient[0]), (0.0, 0.0));
        }
    }

    #[test]
    fn huge_logits_stay_finite() {
        for logit in [1.0e4_f32, -1.0e4] {
            let (value, plain, gradient) = both(LossKind::Binary, &[logit], &[0.0], &[1.0]);
            assert!(value.is_finite() && plain.is_finite() && gradient[0].is_finite());
            let (value, plain, gradient) = both(LossKind::Softmax, &[logit, 0.0], &[0.0, 1.0], &[1.0, 1.0]);
            assert!(value.is_finite() && plain.is_finite() && gradient.iter().all(|g| g.is_finite()));
        }
    }

    #[test]
    fn softmax_gradient_is_probability_minus_target() {
        let (value, plain, gradient) = both(LossKind::Softmax, &[1.0, 2.0, 0.0], &[0.0, 1.0, 0.0], &[1.0; 3]);
        assert!((value - plain).abs() < 1e-5);
        let sum = 1.0_f32.exp() + 2.0_f32.exp() + 1.0;
        for (got, expected) in gradient.iter().zip([1.0_f32.exp() / sum, 2.0_f32.exp() / sum - 1.0, 1.0 / sum]) {
            assert!((got - expected).abs() < 1e-5, "{got} {expected}");
        }
    }
}
