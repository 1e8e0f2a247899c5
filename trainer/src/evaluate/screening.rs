//! What the device would tell people, and intention to screen: who has no result is sent on, too.
//!
//! The rules are the device's (`ocellus::decision`), which this crate must not know; a whole-system test compares both on
//! real photographs.

use ocellus_model::quality::{Gradability, Quality, Reason};
use serde::Serialize;

use super::interval::{Proportion, predictive_values, proportion};
use crate::predict::Predictor;

/// What is told of one photograph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// A finding, or a probability too close to one to be called a negative.
    Refer,
    /// Nothing found, on a photograph good enough to find it.
    NoReferableSigns,
    /// Ungradable, or unreadable.
    NoResult,
}

impl Told {
    /// The name in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Told::Refer => "refer",
            Told::NoReferableSigns => "no_referable_signs",
            Told::NoResult => "no_result",
        }
    }
}

/// Screening with the gate, by whether the eye is known to be normal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Screening {
    /// Photographs referred for a finding.
    pub refer: usize,
    /// Passed.
    pub no_referable_signs: usize,
    /// Without a result: ungradable, or unreadable.
    pub no_result: usize,
    /// Of abnormal eyes, those referred or without a result.
    pub sensitivity: Option<Proportion>,
    /// Of normal eyes, those passed.
    pub specificity: Option<Proportion>,
    /// Of all people, the part that is taken for abnormal in the two following figures.
    pub prevalence: f64,
    /// Of those sent on, the part that is abnormal, at that prevalence.
    pub positive_predictive_value: Option<f64>,
    /// Of those passed, the part that is normal, at that prevalence.
    pub negative_predictive_value: Option<f64>,
}

/// What is told of a photograph; none where the network has no thresholds.
pub(super) fn told(predictor: &Predictor, quality: &Quality, logits: &[f32]) -> Option<Told> {
    let decisions = predictor.decisions.as_ref()?;
    let probabilities = predictor.probabilities(logits);
    let reaches = |part: f64| {
        probabilities.iter().zip(decisions).any(|(probability, decision)| *probability >= decision.threshold * part)
    };
    let says_nothing = quality.reasons.iter().any(|reason| matches!(reason, Reason::NotFundus | Reason::Unjudgeable));
    Some(if says_nothing {
        Told::NoResult
    } else if reaches(1.0) {
        Told::Refer
    } else if quality.gradability == Gradability::Ungradable {
        Told::NoResult
    } else if reaches(1.0 - predictor.abstention) {
        Told::Refer
    } else {
        Told::NoReferableSigns
    })
}

/// Counts; each photograph with whether its eye is abnormal, where that is known.
pub(super) fn screening(photographs: &[(Told, Option<bool>)], prevalence: f64) -> Screening {
    let count = |told: Told| photographs.iter().filter(|photograph| photograph.0 == told).count();
    let of = |abnormal: bool| photographs.iter().filter(move |photograph| photograph.1 == Some(abnormal));
    let passed = |abnormal: bool| of(abnormal).filter(|photograph| photograph.0 == Told::NoReferableSigns).count();
    let [abnormal, normal] = [true, false].map(|class| of(class).count());
    let sensitivity = proportion(abnormal - passed(true), abnormal);
    let specificity = proportion(passed(false), normal);
    let values = sensitivity.zip(specificity).map(|(a, b)| predictive_values(a.value, b.value, prevalence));
    let (positive_predictive_value, negative_predictive_value) = values.unwrap_or_default();
    Screening {
        refer: count(Told::Refer),
        no_referable_signs: count(Told::NoReferableSigns),
        no_result: count(Told::NoResult),
        sensitivity,
        specificity,
        prevalence,
        positive_predictive_value,
        negative_predictive_value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abnormal_eye_without_a_result_is_not_missed_and_a_normal_one_is_not_passed() {
        use Told::{NoReferableSigns, NoResult, Refer};
        let photographs = [
            (Refer, Some(true)),
            (NoResult, Some(true)),
            (NoReferableSigns, Some(true)),
            (NoReferableSigns, Some(false)),
            (NoResult, Some(false)),
            (NoReferableSigns, None),
        ];
        let found = screening(&photographs, 0.1);
        assert_eq!((found.refer, found.no_referable_signs, found.no_result), (1, 3, 2));
        assert!((found.sensitivity.unwrap().value - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(found.specificity.unwrap().value, 0.5);
        let positive = found.positive_predictive_value.unwrap();
        assert!((positive - (0.2 / 3.0) / (0.2 / 3.0 + 0.45)).abs() < 1e-12, "{positive}");
    }
}
