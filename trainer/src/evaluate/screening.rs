//! Intention to screen: who has no result is sent on, too.
//!
//! Not here: what a photograph comes to (`ocellus_model::decision`).

use ocellus_model::decision::Outcome;
use serde::Serialize;

use super::interval::{Proportion, predictive_values, proportion};

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

/// Counts; each photograph with whether its eye is abnormal, where that is known.
pub(super) fn screening(photographs: &[(Outcome, Option<bool>)], prevalence: f64) -> Screening {
    let count = |outcome: Outcome| photographs.iter().filter(|photograph| photograph.0 == outcome).count();
    let of = |abnormal: bool| photographs.iter().filter(move |photograph| photograph.1 == Some(abnormal));
    let passed = |abnormal: bool| of(abnormal).filter(|photograph| photograph.0 == Outcome::NoReferableSigns).count();
    let [abnormal, normal] = [true, false].map(|class| of(class).count());
    let sensitivity = proportion(abnormal - passed(true), abnormal);
    let specificity = proportion(passed(false), normal);
    let values = sensitivity.zip(specificity).map(|(a, b)| predictive_values(a.value, b.value, prevalence));
    let (positive_predictive_value, negative_predictive_value) = values.unwrap_or_default();
    Screening {
        refer: count(Outcome::Refer),
        no_referable_signs: count(Outcome::NoReferableSigns),
        no_result: count(Outcome::NoResult),
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
        use Outcome::{NoReferableSigns, NoResult, Refer};
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
