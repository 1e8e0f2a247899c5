//! From probabilities and the quality of a photograph to an outcome; from two eyes to one patient.
//!
//! ```text
//! photograph   not a fundus photograph, or like none that people judged ► no result
//!              else a probability at or above its threshold ───────────► refer
//!              else poor, taken before, perhaps the other eye's,
//!                   or a probability missing ──────────────────────────► no result
//!              else a probability in the abstention zone ──────────────► refer (uncertain)
//!              else ───────────────────────────────────────────────────► no referable signs
//!
//! patient      one eye to be referred ────────────────────────────────► refer
//!              both eyes without referable signs ──────────────────────► no referable signs
//!              else ───────────────────────────────────────────────────► incomplete
//! ```
//!
//! Terms: a *finding* is an output whose calibrated probability reached its threshold. The *abstention zone* lies
//! just below the threshold; a probability in it is too close to be called a negative.
//!
//! A positive on a poor photograph is still a reason to refer, unless the network itself says that it can't tell what it
//! sees. The way to *no referable signs* is the narrow one:
//! whatever is missing, poor or in doubt ends elsewhere.
//!
//! Not here: reading photographs, running the network, which eye a photograph shows (the encounter asks).

use serde::{Deserialize, Serialize};

use crate::{
    label::Output,
    quality::{Gradability, Quality, Reason},
};

/// What one photograph says of one eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Send the patient to an eye doctor.
    Refer,
    /// No referable signs were found on a photograph good enough to find them.
    NoReferableSigns,
    /// The photograph can't be judged: take it again.
    NoResult,
}

impl Outcome {
    /// The name in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Refer => "refer",
            Outcome::NoReferableSigns => "no_referable_signs",
            Outcome::NoResult => "no_result",
        }
    }
}

/// What both eyes say of the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PatientDisposition {
    /// Send the patient to an eye doctor.
    Refer,
    /// No referable signs were found on either eye.
    NoReferableSigns,
    /// Nothing to refer for so far, but an eye is missing or could not be judged.
    Incomplete,
}

/// One output of the network beside the threshold it is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// What the output stands for.
    pub label: Output,
    /// Calibrated probability, 0..1.
    pub probability: f64,
    /// Probability from which it is a finding, above 0 and below 1.
    pub threshold: f64,
}

/// What was decided for one photograph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EyeDecision {
    /// The outcome.
    pub outcome: Outcome,
    /// Outputs at or above their threshold, in the network's order.
    pub findings: Vec<Output>,
    /// Outputs in the abstention zone, in the network's order.
    pub uncertain: Vec<Output>,
}

impl Scored {
    /// Whether the output reached its threshold.
    pub fn is_finding(&self) -> bool {
        self.probability >= self.threshold
    }

    /// Whether the output lies in the zone of uncertainty below its threshold; `abstention` as in [`eye`].
    pub fn is_uncertain(&self, abstention: f64) -> bool {
        self.probability < self.threshold && self.probability >= self.threshold * (1.0 - abstention)
    }
}

/// Decides for one photograph.
///
/// `abstention` is the part of each threshold, 0 to below 1, that the zone of uncertainty reaches below it; 0 for
/// none.
pub fn eye(scores: &[Scored], abstention: f64, quality: &Quality) -> EyeDecision {
    if quality.reasons.iter().any(|reason| matches!(reason, Reason::NotFundus | Reason::Unjudgeable)) {
        return EyeDecision { outcome: Outcome::NoResult, findings: Vec::new(), uncertain: Vec::new() };
    }
    let labels = |belongs: &dyn Fn(&Scored) -> bool| -> Vec<Output> {
        scores.iter().filter(|&score| belongs(score)).map(|score| score.label).collect()
    };
    let findings = labels(&Scored::is_finding);
    let uncertain = labels(&|score| score.is_uncertain(abstention));
    let complete = !scores.is_empty() && scores.iter().all(|score| (0.0..=1.0).contains(&score.probability));
    let outcome = if !findings.is_empty() {
        Outcome::Refer
    } else if !complete || !may_be_negative(quality) {
        Outcome::NoResult
    } else if !uncertain.is_empty() {
        Outcome::Refer
    } else {
        Outcome::NoReferableSigns
    };
    EyeDecision { outcome, findings, uncertain }
}

/// Whether finding nothing on such a photograph means something for the eye it was taken of.
fn may_be_negative(quality: &Quality) -> bool {
    let judged = match quality.gradability {
        Gradability::Good | Gradability::Usable => true,
        Gradability::Ungradable => false,
    };
    // The same photograph again, or the other eye's, says nothing of the eye that should have been photographed.
    judged && !quality.reasons.iter().any(|reason| matches!(reason, Reason::AlreadyTaken | Reason::WrongEyeSuspected))
}

/// Decides for the patient; `None` for an eye that was not photographed. The worst eye decides.
pub fn patient(right: Option<Outcome>, left: Option<Outcome>) -> PatientDisposition {
    match (right, left) {
        (Some(Outcome::Refer), _) | (_, Some(Outcome::Refer)) => PatientDisposition::Refer,
        (Some(Outcome::NoReferableSigns), Some(Outcome::NoReferableSigns)) => PatientDisposition::NoReferableSigns,
        (Some(Outcome::NoReferableSigns | Outcome::NoResult) | None, Some(Outcome::NoResult) | None)
        | (Some(Outcome::NoResult) | None, Some(Outcome::NoReferableSigns)) => PatientDisposition::Incomplete,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::quality::{OpticDisc, Scores};

    const GRADABILITIES: [Gradability; 3] = [Gradability::Ungradable, Gradability::Usable, Gradability::Good];

    fn quality(gradability: Gradability, reasons: Vec<Reason>) -> Quality {
        let scores = Scores { focus: 0.5, brightness: 0.5, evenness: 0.5, field_visible: 1.0, ungradable: 0.5 };
        let disc = OpticDisc { x: 0.0, y: 0.0, margin: 0.0 };
        Quality { gradability, reasons, disc, scores }
    }

    fn scored(probabilities: &[f64]) -> Vec<Scored> {
        Output::ALL
            .into_iter()
            .zip(probabilities)
            .map(|(label, &probability)| Scored { label, probability, threshold: 0.5 })
            .collect()
    }

    fn outcome(probabilities: &[f64], gradability: Gradability, reasons: Vec<Reason>) -> Outcome {
        eye(&scored(probabilities), 0.2, &quality(gradability, reasons)).outcome
    }

    #[test]
    fn the_threshold_itself_is_a_finding_and_the_zone_begins_with_its_lower_end() {
        let good = quality(Gradability::Good, vec![]);
        let [anomaly, opacity] = [Output::Anomaly, Output::Opacity];
        for (probability, outcome, findings, uncertain) in [
            (0.5, Outcome::Refer, vec![anomaly], vec![]),
            (0.499_999, Outcome::Refer, vec![], vec![anomaly]),
            (0.4, Outcome::Refer, vec![], vec![anomaly]),
            (0.399_999, Outcome::NoReferableSigns, vec![], vec![]),
        ] {
            assert_eq!(eye(&scored(&[probability, 0.0]), 0.2, &good), EyeDecision { outcome, findings, uncertain });
        }
        let both = eye(&scored(&[0.9, 0.8]), 0.2, &good);
        assert_eq!(both.findings, [anomaly, opacity]);
        assert_eq!(eye(&scored(&[0.499_999]), 0.0, &good).outcome, Outcome::NoReferableSigns);
    }

    // verifies: RQ-004
    #[test]
    fn positive_on_a_poor_photograph_is_still_refer() {
        let says_nothing = |reason: &Reason| matches!(reason, Reason::NotFundus | Reason::Unjudgeable);
        for reason in Reason::ALL.into_iter().filter(|reason| !says_nothing(reason)) {
            for gradability in GRADABILITIES {
                assert_eq!(outcome(&[0.1, 0.9], gradability, vec![reason]), Outcome::Refer, "{reason:?}");
            }
        }
    }

    // verifies: RQ-001
    #[test]
    fn ungradable_eye_is_never_without_referable_signs() {
        for reasons in Reason::ALL.map(|reason| vec![reason]).into_iter().chain([vec![]]) {
            assert_eq!(outcome(&[0.0, 0.0], Gradability::Ungradable, reasons.clone()), Outcome::NoResult);
            // Close to the threshold is no ground to refer on either, as long as the photograph can be taken again.
            assert_eq!(outcome(&[0.45, 0.0], Gradability::Ungradable, reasons), Outcome::NoResult);
        }
    }

    // verifies: RQ-002
    #[test]
    fn what_is_not_a_fundus_photograph_has_no_result_whatever_the_network_says() {
        for gradability in GRADABILITIES {
            for others in Reason::ALL {
                for reason in [Reason::NotFundus, Reason::Unjudgeable] {
                    let decision = eye(&scored(&[1.0; 8]), 0.2, &quality(gradability, vec![others, reason]));
                    let nothing = EyeDecision { outcome: Outcome::NoResult, findings: vec![], uncertain: vec![] };
                    assert_eq!(decision, nothing);
                }
            }
        }
    }

    // verifies: RQ-010, RQ-011
    #[test]
    fn the_same_photograph_again_and_the_other_eyes_are_never_a_negative() {
        for reason in [Reason::AlreadyTaken, Reason::WrongEyeSuspected] {
            assert_eq!(outcome(&[0.0], Gradability::Good, vec![reason]), Outcome::NoResult, "{reason:?}");
        }
    }

    // verifies: RQ-002
    #[test]
    fn a_probability_that_is_none_is_never_a_negative() {
        for wrong in [f64::NAN, -0.1, f64::NEG_INFINITY] {
            assert_eq!(outcome(&[0.1, wrong], Gradability::Good, vec![]), Outcome::NoResult);
            assert_eq!(outcome(&[0.9, wrong], Gradability::Good, vec![]), Outcome::Refer);
        }
        assert_eq!(outcome(&[], Gradability::Good, vec![]), Outcome::NoResult);
    }

    // verifies: RQ-001
    #[test]
    fn every_combination_of_two_eyes() {
        use Outcome::{NoReferableSigns, NoResult, Refer};
        let eyes = [Some(Refer), Some(NoReferableSigns), Some(NoResult), None];
        for right in eyes {
            for left in eyes {
                let expected = if [right, left].contains(&Some(Refer)) {
                    PatientDisposition::Refer
                } else if right == Some(NoReferableSigns) && right == left {
                    PatientDisposition::NoReferableSigns
                } else {
                    PatientDisposition::Incomplete
                };
                assert_eq!(patient(right, left), expected, "{right:?} {left:?}");
            }
        }
    }

    #[test]
    fn names_are_those_serde_writes() {
        for outcome in [Outcome::Refer, Outcome::NoReferableSigns, Outcome::NoResult] {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
    }

    fn any_quality() -> impl Strategy<Value = Quality> {
        (prop::sample::select(&GRADABILITIES[..]), prop::sample::subsequence(&Reason::ALL[..], 0..=4))
            .prop_map(|(gradability, reasons)| quality(gradability, reasons))
    }

    fn any_scores() -> impl Strategy<Value = Vec<Scored>> {
        prop::collection::vec((0.0..=1.0f64, 0.01..0.99f64), 1..=8).prop_map(|pairs| {
            Output::ALL
                .into_iter()
                .zip(pairs)
                .map(|(label, (probability, threshold))| Scored { label, probability, threshold })
                .collect()
        })
    }

    proptest! {
        // verifies: RQ-001
        #[test]
        fn no_referable_signs_means_a_judged_photograph_and_every_probability_below_its_zone(
            scores in any_scores(), abstention in 0.0..0.99f64, quality in any_quality(),
        ) {
            let decision = eye(&scores, abstention, &quality);
            let below = scores.iter().all(|score| score.probability < score.threshold * (1.0 - abstention));
            let judged = quality.gradability != Gradability::Ungradable
                && !quality.reasons.contains(&Reason::NotFundus)
                && !quality.reasons.contains(&Reason::Unjudgeable)
                && !quality.reasons.contains(&Reason::WrongEyeSuspected)
                && !quality.reasons.contains(&Reason::AlreadyTaken);
            prop_assert_eq!(decision.outcome == Outcome::NoReferableSigns, below && judged);
        }

        // verifies: RQ-004
        #[test]
        fn a_higher_probability_never_lowers_the_outcome(
            scores in any_scores(), raise in 0.0..=1.0f64, at in 0usize..8, abstention in 0.0..0.99f64,
            quality in any_quality(),
        ) {
            let before = eye(&scores, abstention, &quality).outcome;
            let mut raised = scores;
            let at = at % raised.len();
            raised[at].probability += (1.0 - raised[at].probability) * raise;
            let after = eye(&raised, abstention, &quality).outcome;
            prop_assert!(before != Outcome::Refer || after == Outcome::Refer);
            prop_assert!(after != Outcome::NoReferableSigns || before == Outcome::NoReferableSigns);
        }

        // verifies: RQ-004
        #[test]
        fn a_better_photograph_never_takes_a_referral_away(
            scores in any_scores(), abstention in 0.0..0.99f64, quality in any_quality(),
        ) {
            let better = Quality { gradability: Gradability::Good, ..quality.clone() };
            if eye(&scores, abstention, &quality).outcome == Outcome::Refer {
                prop_assert_eq!(eye(&scores, abstention, &better).outcome, Outcome::Refer);
            }
        }
    }
}
