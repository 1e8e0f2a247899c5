//! The losses, as tensors for training and as plain numbers for validation.
//!
//! Binary: Σ w · (max(l, 0) − l·t + ln(1 + e^(−|l|))), which is −ln σ(l) or −ln(1 − σ(l)) without overflow.
//! Softmax: Σ w·t · −ln softmax(l). `w` is 0 where nothing is known. Both are divided by a number that does not
//! depend on how a batch is parted, so that gradients of parts add up to the batch's.
//!
//! [`LossConfig`] bends them: *label smoothing* draws targets towards the middle (Szegedy et al. 2016); the *focal* loss
//! weighs each label by how wrong it still is (Lin et al. 2017), the *asymmetric* one does so differently for present and
//! absent labels and forgets absent ones that are told already (Ridnik et al. 2021). Validation is always measured plainly.

use burn::tensor::{Tensor, activation};
use ocellus_model::calibration::Calibration;

use super::config::LossConfig;
use crate::task::LossKind;

/// The loss of logits `[N, K]` against targets (0 or 1) and weights of the same shape, over `divisor`.
pub(crate) fn tensor(
    kind: LossKind,
    bent: &LossConfig,
    logits: Tensor<2>,
    targets: Tensor<2>,
    weights: Tensor<2>,
    divisor: f64,
) -> Tensor<1> {
    let smoothing = bent.smoothing;
    let each = match kind {
        LossKind::Binary if bent.is_focal() => focal(bent, logits, targets),
        LossKind::Binary => {
            let soft = logits.clone().abs().neg().exp().log1p();
            let targets = targets.mul_scalar(1.0 - smoothing).add_scalar(smoothing / 2.0);
            activation::relu(logits.clone()) - logits * targets + soft
        }
        LossKind::Softmax => {
            let classes = logits.dims()[1] as f64;
            let told = activation::log_softmax(logits, 1).neg();
            // The mean over all classes, where there is a target at all.
            let spread = told.clone().sum_dim(1).mul_scalar(smoothing / classes);
            (told.mul_scalar(1.0 - smoothing) + spread) * targets
        }
    };
    (each * weights).sum().div_scalar(divisor)
}

/// The focal and asymmetric losses of each label.
fn focal(bent: &LossConfig, logits: Tensor<2>, targets: Tensor<2>) -> Tensor<2> {
    let probability = activation::sigmoid(logits.clone());
    let soft = |logits: Tensor<2>| activation::relu(logits.clone()) + logits.abs().neg().exp().log1p();
    let power = |base: Tensor<2>, gamma: f64| if gamma == 0.0 { base.ones_like() } else { base.powf_scalar(gamma) };
    // -ln p = softplus(-l); -ln(1 - p) = softplus(l).
    let present = soft(logits.clone().neg()) * power(probability.clone().neg().add_scalar(1.0), bent.gamma_present);
    let absent = if bent.shift > 0.0 {
        let shifted = activation::relu(probability.sub_scalar(bent.shift));
        // At most 1 - shift, so that the logarithm is finite.
        shifted.clone().neg().log1p().neg() * power(shifted, bent.gamma_absent)
    } else {
        soft(logits) * power(probability, bent.gamma_absent)
    };
    let smooth = targets.mul_scalar(1.0 - bent.smoothing).add_scalar(bent.smoothing / 2.0);
    present * smooth.clone() + absent * smooth.neg().add_scalar(1.0)
}

/// The probabilities that go with a photograph's logits.
pub(crate) fn probabilities(kind: LossKind, logits: &[f32]) -> Vec<f64> {
    let wide = logits.iter().map(|logit| f64::from(*logit));
    match kind {
        LossKind::Binary => wide.map(|logit| Calibration::IDENTITY.probability(logit)).collect(),
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
        let loss = tensor(kind, &LossConfig::default(), l.clone(), make(targets), make(weights), 1.0);
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

    /// Loss and gradient of one binary label.
    fn bent(bent: LossConfig, logit: f32, target: f32) -> (f64, f64) {
        let device = Device::flex();
        let make = |value: f32| Tensor::<2>::from_data(TensorData::new(vec![value], [1, 1]), &device);
        let l = make(logit).autodiff().require_grad();
        let loss = tensor(LossKind::Binary, &bent, l.clone(), make(target), make(1.0), 1.0);
        let mut gradients = loss.backward();
        let number = |data: TensorData| f64::from(data.try_into_vec::<f32>().unwrap()[0]);
        (number(loss.inner().into_data()), number(l.grad_remove(&mut gradients).unwrap().into_data()))
    }

    #[test]
    fn focal_and_asymmetric_losses_equal_their_formulas_and_their_gradients_the_differences() {
        let formula = |c: &LossConfig, logit: f64, target: f64| {
            let p = 1.0 / (1.0 + (-logit).exp());
            let shifted = (p - c.shift).max(0.0);
            let present = -p.ln() * (1.0 - p).powf(c.gamma_present);
            let absent = -(1.0 - shifted).ln() * shifted.powf(c.gamma_absent);
            let smooth = target * (1.0 - c.smoothing) + c.smoothing / 2.0;
            smooth * present + (1.0 - smooth) * absent
        };
        let focal = LossConfig { gamma_present: 2.0, gamma_absent: 2.0, ..LossConfig::default() };
        let asymmetric = LossConfig { gamma_absent: 4.0, shift: 0.05, ..LossConfig::default() };
        let smooth = LossConfig { gamma_present: 1.0, smoothing: 0.1, ..LossConfig::default() };
        for config in [focal, asymmetric, smooth] {
            for (logit, target) in [(0.7, 1.0), (0.7, 0.0), (-1.3, 1.0), (-1.3, 0.0), (2.5, 0.0)] {
                let (value, gradient) = bent(config.clone(), logit as f32, target as f32);
                let expected = formula(&config, logit, target);
                assert!((value - expected).abs() < 1e-5, "{config:?} {logit} {target}: {value} {expected}");
                let step = 1e-5;
                let slope =
                    (formula(&config, logit + step, target) - formula(&config, logit - step, target)) / (2.0 * step);
                assert!((gradient - slope).abs() < 1e-4, "{config:?} {logit} {target}: {gradient} {slope}");
            }
        }
        // An absent label that is told already is forgotten.
        let asymmetric = LossConfig { gamma_absent: 4.0, shift: 0.05, ..LossConfig::default() };
        assert_eq!(bent(asymmetric, -5.0, 0.0), (0.0, 0.0));
    }

    #[test]
    fn label_smoothing_stops_short_of_certainty() {
        let smooth = LossConfig { smoothing: 0.1, ..LossConfig::default() };
        // The gradient vanishes where the probability is the smoothed target.
        let (_, gradient) = bent(smooth, (0.95_f32 / 0.05).ln(), 1.0);
        assert!(gradient.abs() < 1e-6, "{gradient}");
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
