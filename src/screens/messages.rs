//! What the screens say of results, faults and photographs, in one place.
//!
//! Each state has a title (what is) and an action (the one thing to do now). What the trainer calls *normal* is never
//! called so here: to a person it is "no referable signs found". A condition is named only as signs that are possible,
//! and no number is shown: the operator is to act, not to interpret. The words themselves stand in [`super::texts`].

use ocellus_model::{label::Output, laterality::Laterality, quality::Reason};

use super::texts::{During, Poor, Said, Text, fill};
use crate::{
    decision::{Outcome, PatientDisposition},
    encounter::{EyeStatus, Fault, Question, Reading, Unscreenable},
    judge::{Judging, Why},
    language::Language,
};

/// What is, and the one thing to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What is.
    pub title: String,
    /// What to do; empty where there is nothing.
    pub action: String,
}

fn message(title: impl Text, action: impl Text, language: Language) -> Message {
    Message { title: title.of(language).to_owned(), action: action.of(language).to_owned() }
}

/// Why a photograph has no result, and what to do about it.
pub fn retake(why: Why, language: Language) -> Message {
    let (title, action) = match why {
        Why::Photograph(reason) => poor(reason),
        Why::Judging(Judging::Unreadable) => (Poor::Damaged, Poor::DamagedDo),
        Why::Judging(Judging::NetworkFailed) => (Poor::Failed, Poor::FailedDo),
        Why::Judging(Judging::Uncertain) => (Poor::TooClose, Poor::TooCloseDo),
    };
    message(title, action, language)
}

fn poor(reason: Reason) -> (Poor, Poor) {
    match reason {
        Reason::NotFundus => (Poor::NotFundus, Poor::NotFundusDo),
        Reason::Blurred => (Poor::Blurred, Poor::BlurredDo),
        Reason::TooDark => (Poor::TooDark, Poor::TooDarkDo),
        Reason::TooBright => (Poor::TooBright, Poor::TooBrightDo),
        Reason::UnevenLight => (Poor::UnevenLight, Poor::UnevenLightDo),
        Reason::SmallPupil => (Poor::SmallPupil, Poor::SmallPupilDo),
        Reason::EyelidOrLashes => (Poor::EyelidOrLashes, Poor::EyelidOrLashesDo),
        Reason::FieldIncomplete => (Poor::FieldIncomplete, Poor::FieldIncompleteDo),
        Reason::OffCentre => (Poor::OffCentre, Poor::OffCentreDo),
        Reason::Motion => (Poor::Motion, Poor::MotionDo),
        Reason::MediaOpacitySuspected => (Poor::Clouded, Poor::CloudedDo),
        Reason::WrongEyeSuspected => (Poor::WrongEye, Poor::WrongEyeDo),
        Reason::Unjudgeable => (Poor::Unjudgeable, Poor::UnjudgeableDo),
        Reason::AlreadyTaken => (Poor::AlreadyTaken, Poor::AlreadyTakenDo),
    }
}

/// What is out of order, and what to do about it.
pub fn fault(fault: Fault, language: Language) -> Message {
    let (title, action) = match fault {
        Fault::CameraLost => (During::CameraLost, During::CameraLostLine),
        Fault::ControllerLost => (During::ControllerLost, During::ControllerLostLine),
        Fault::BatteryEmpty => (During::BatteryEmpty, During::BatteryEmptyLine),
        Fault::LightLimit => (During::LightLimit, During::LightLimitLine),
        Fault::JudgingFailed => (During::JudgingFailed, During::JudgingFailedLine),
        Fault::StoreFailed => (During::StoreFailed, During::StoreFailedLine),
        Fault::StoreFull => (During::StoreFull, During::StoreFullLine),
    };
    message(title, action, language)
}

/// What is shown of a patient's disposition: shape, colour and words are those of an eye's outcome.
pub(crate) fn outcome(patient: PatientDisposition) -> Outcome {
    match patient {
        PatientDisposition::Refer => Outcome::Refer,
        PatientDisposition::NoReferableSigns => Outcome::NoReferableSigns,
        PatientDisposition::Incomplete => Outcome::NoResult,
    }
}

/// The patient's result; `months` until the next screening.
pub fn result(
    [right, left]: [&EyeStatus; 2],
    patient: PatientDisposition,
    pre_check: Option<Question>,
    months: u32,
    language: Language,
) -> Message {
    match patient {
        PatientDisposition::Refer => {
            let signs = |eye: &EyeStatus| eye.outcome() == Some(Outcome::Refer);
            let action = match (signs(right), signs(left)) {
                _ if pre_check.is_some() => Said::PreCheck,
                (true, false) => Said::SignsRight,
                (false, true) => Said::SignsLeft,
                (true, true) | (false, false) => Said::SignsBoth,
            };
            message(Said::Refer, action, language)
        }
        PatientDisposition::NoReferableSigns => Message {
            title: Said::NoSigns.of(language).to_owned(),
            action: fill(Said::NoSignsLine.of(language), "months", &months.to_string()),
        },
        PatientDisposition::Incomplete => {
            let missing = |eye: &EyeStatus| eye.outcome() != Some(Outcome::NoReferableSigns);
            let action = match (missing(right), missing(left)) {
                (true, false) => Said::NotAssessedRight,
                (false, true) => Said::NotAssessedLeft,
                (true, true) | (false, false) => Said::NotAssessedBoth,
            };
            message(Said::NoResult, action, language)
        }
    }
}

/// What is said of one eye: its outcome and up to two lines beside it.
pub fn eye_result(status: &EyeStatus, language: Language) -> Message {
    let (title, action) = match status {
        EyeStatus::Judged(Reading { outcome: Outcome::Refer, findings, .. }) => {
            return Message { title: Said::EyeRefer.of(language).to_owned(), action: signs(findings, language) };
        }
        EyeStatus::Judged(Reading { outcome: Outcome::NoReferableSigns, .. }) => {
            return Message { title: Said::NoSigns.of(language).to_owned(), action: String::new() };
        }
        EyeStatus::Judged(Reading { outcome: Outcome::NoResult, .. })
        | EyeStatus::Ungradable { .. }
        | EyeStatus::Tried { .. } => (Said::EyeNoResult, Said::CouldNotBeAssessed),
        EyeStatus::Pending => (Said::EyeNoResult, Said::NotPhotographed),
        EyeStatus::NotScreenable(reason) => (
            Said::EyeNoResult,
            match reason {
                Unscreenable::EyeAbsent => Said::EyeAbsent,
                Unscreenable::CannotBePositioned => Said::NotPositioned,
                Unscreenable::Declined => Said::Declined,
                Unscreenable::LightLimit => Said::LightLimit,
            },
        ),
    };
    message(title, action, language)
}

/// The findings in words. The anomaly output names nothing; it is said only where nothing else is.
fn signs(findings: &[Output], language: Language) -> String {
    let named: Vec<&str> =
        findings.iter().filter_map(|&finding| condition(finding)).map(|named| named.of(language)).collect();
    match &named[..] {
        [] if findings.is_empty() => Said::Uncertain.of(language).to_owned(),
        [] => Said::SignsOther.of(language).to_owned(),
        [one] => fill(Said::SignsOfOne.of(language), "one", one),
        [one, two] => fill(&fill(Said::SignsOfTwo.of(language), "one", one), "two", two),
        [one, two, more @ ..] => {
            let text = fill(&fill(Said::SignsOfMore.of(language), "one", one), "two", two);
            fill(&text, "n", &more.len().to_string())
        }
    }
}

pub(crate) fn condition(finding: Output) -> Option<Said> {
    match finding {
        Output::Anomaly => None,
        Output::Opacity => Some(Said::Opacity),
        Output::DiabeticRetinopathy => Some(Said::DiabeticRetinopathy),
        Output::Glaucoma => Some(Said::Glaucoma),
        Output::MacularEdema => Some(Said::MacularEdema),
        Output::MacularDegeneration => Some(Said::MacularDegeneration),
        Output::RetinalVascularOcclusion => Some(Said::VascularOcclusion),
        Output::Other => Some(Said::OtherCondition),
    }
}

/// The name of an eye, as on the screens.
pub fn eye(eye: Laterality, language: Language) -> &'static str {
    match eye {
        Laterality::Od => During::RightEye.of(language),
        Laterality::Os => During::LeftEye.of(language),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(outcome: Outcome, findings: &[Output]) -> EyeStatus {
        EyeStatus::Judged(Reading { outcome, reasons: vec![], findings: findings.to_vec() })
    }

    /// Every text a result can have.
    fn results(language: Language) -> Vec<Message> {
        let mut eyes = vec![
            EyeStatus::Pending,
            EyeStatus::Tried { attempts: 1 },
            EyeStatus::Ungradable { attempts: 3, reasons: vec![] },
            judged(Outcome::NoReferableSigns, &[]),
            judged(Outcome::NoResult, &[]),
        ];
        eyes.extend((0..=8).map(|count| judged(Outcome::Refer, &Output::ALL[..count])));
        eyes.extend(
            [
                Unscreenable::EyeAbsent,
                Unscreenable::CannotBePositioned,
                Unscreenable::Declined,
                Unscreenable::LightLimit,
            ]
            .map(EyeStatus::NotScreenable),
        );
        let mut all: Vec<Message> = eyes.iter().map(|eye| eye_result(eye, language)).collect();
        let none = judged(Outcome::NoReferableSigns, &[]);
        for patient in [PatientDisposition::Refer, PatientDisposition::NoReferableSigns, PatientDisposition::Incomplete]
        {
            all.extend(eyes.iter().map(|eye| result([eye, &none], patient, None, 12, language)));
        }
        let eyes = [&EyeStatus::Pending, &EyeStatus::Pending];
        all.push(result(eyes, PatientDisposition::Refer, Some(Question::Symptoms), 12, language));
        all
    }

    // verifies: RQ-070
    #[test]
    fn no_result_calls_an_eye_healthy_or_shows_a_percentage() {
        for text in results(Language::En) {
            let text = format!("{} {}", text.title, text.action).to_lowercase();
            for word in ["normal", "healthy", "clear", "negative", "no disease", "all good"] {
                assert!(!text.contains(word), "{text}");
            }
        }
        for text in Language::ALL.into_iter().flat_map(results) {
            let text = format!("{} {}", text.title, text.action);
            assert!(!text.contains('%') && !text.contains('{') && !text.contains("has glaucoma"), "{text}");
        }
    }

    // verifies: RQ-073
    #[test]
    fn every_reason_and_fault_says_what_to_do() {
        let reasons = Reason::ALL.map(Why::Photograph).map(|why| retake(why, Language::En));
        let faults = Fault::ALL.map(|what| fault(what, Language::En));
        for Message { title, action } in reasons.iter().chain(&faults) {
            assert!(!title.is_empty() && action.ends_with('.'), "{title}: {action}");
        }
        for (number, reason) in reasons.iter().enumerate() {
            assert!(reasons[..number].iter().all(|other| other.title != reason.title), "{}", reason.title);
        }
    }

    #[test]
    fn the_eyes_that_led_to_the_result_are_named() {
        let none = judged(Outcome::NoReferableSigns, &[]);
        let refer = judged(Outcome::Refer, &[Output::Glaucoma]);
        let action = |right, left, patient| result([right, left], patient, None, 12, Language::En).action;
        assert!(action(&refer, &none, PatientDisposition::Refer).contains("in the right eye."));
        assert!(action(&none, &refer, PatientDisposition::Refer).contains("in the left eye."));
        assert!(action(&refer, &refer, PatientDisposition::Refer).contains("right and the left eye"));
        assert!(action(&none, &EyeStatus::Pending, PatientDisposition::Incomplete).starts_with("The left eye"));
        assert!(action(&none, &none, PatientDisposition::NoReferableSigns).contains("in 12 months"));
    }

    #[test]
    fn signs_are_named_as_possible() {
        let action = |findings: &[Output]| eye_result(&judged(Outcome::Refer, findings), Language::En).action;
        assert_eq!(action(&[Output::Anomaly, Output::Glaucoma]), "Signs of glaucoma, possible.");
        assert_eq!(action(&[Output::Anomaly]), "Signs that need an examination.");
        assert_eq!(action(&[]), "Uncertain: have it examined.");
        assert_eq!(
            action(&[Output::Opacity, Output::Glaucoma, Output::Other]),
            "Signs of clouded media, glaucoma and 1 more, possible."
        );
    }
}
