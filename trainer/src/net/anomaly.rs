//! What every condition says for the anomaly: an eye that has any of them is abnormal.
//!
//! Taken for independent, the odds that at least one of several holds are the product of one plus each one's odds, less one
//! ("noisy or"; Pearl 1988, *Probabilistic Reasoning in Intelligent Systems*, 4.3.2). Nothing of it is trained.

use burn::tensor::Tensor;
use ocellus_model::label::Output;

use super::NamedWeights;

/// Name of how much the odds of each output count, `[K]`, the anomaly's own first; a network without it goes by the anomaly's
/// own logit alone.
pub const ANOMALY_CONDITIONS: &str = "anomaly.conditions";
/// Logits are kept between these, so that neither the odds of one nor their product leave single precision.
pub const LOGITS_HEEDED: [f32; 2] = [-30.0, 10.0];

/// Weights of a network with these outputs whose anomaly heeds all of them alike, where the anomaly is the first of several.
#[must_use]
pub fn heeding_conditions(mut weights: NamedWeights, outputs: &[Output]) -> NamedWeights {
    if outputs.len() > 1 && outputs.first() == Some(&Output::Anomaly) {
        weights.insert(ANOMALY_CONDITIONS, vec![outputs.len()], vec![1.0; outputs.len()]);
    }
    weights
}

/// The anomaly's logits `[N, 1]`, from the own ones of all outputs `[N, K]`, of which the first few count as much as said.
pub(super) fn of_any(logits: &Tensor<2>, counted: &Tensor<1>) -> Tensor<2> {
    let (n, [k]) = (logits.dims()[0], counted.dims());
    let [least, most] = LOGITS_HEEDED;
    let odds = logits.clone().slice([0..n, 0..k]).clamp(least, most).exp() * counted.clone().unsqueeze::<2>();
    let mut any = odds.clone().slice([0..n, 0..1]);
    for at in 1..k {
        let each = odds.clone().slice([0..n, at..at + 1]);
        // One plus each, multiplied, less one: written so that small odds are not lost beside the one.
        any = any.clone() + each.clone() + any * each;
    }
    any.log()
}
