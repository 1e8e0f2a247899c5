//! What the screens say of results, faults and photographs, in one place.
//!
//! Each state has a title (what is) and an action (the one thing to do now). What the trainer calls *normal* is never
//! called so here: to a person it is "no referable signs found". A condition is named only as signs that are possible,
//! and no number is shown: the operator is to act, not to interpret.

use ocellus_model::{label::Output, laterality::Laterality, quality::Reason};

use crate::{
    decision::{Outcome, PatientDisposition},
    encounter::{EyeStatus, Fault, Reading, Unscreenable},
    judge::{Judging, Why},
};

/// What is, and the one thing to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What is.
    pub title: String,
    /// What to do.
    pub action: String,
}

fn message(title: &str, action: &str) -> Message {
    Message { title: title.to_owned(), action: action.to_owned() }
}

/// `right` or `left`.
pub fn side(eye: Laterality) -> &'static str {
    match eye {
        Laterality::Od => "right",
        Laterality::Os => "left",
    }
}

/// `Right eye` or `Left eye`.
pub fn eye(eye: Laterality) -> &'static str {
    match eye {
        Laterality::Od => "Right eye",
        Laterality::Os => "Left eye",
    }
}

/// Why a photograph has no result, and what to do about it.
pub fn retake(why: Why) -> Message {
    match why {
        Why::Photograph(reason) => poor(reason),
        Why::Judging(Judging::Unreadable) => message("The photograph is damaged", "Take it again."),
        Why::Judging(Judging::NetworkFailed) => {
            message("The program failed on it", "Take it again. If this returns, call service.")
        }
        Why::Judging(Judging::Uncertain) => message("Too close to tell", "Refer for an eye examination."),
    }
}

fn poor(reason: Reason) -> Message {
    match reason {
        Reason::NotFundus => message("This is not a retina", "Move the camera in until the retina fills the circle."),
        Reason::Blurred => message("Blurred", "Focus again, then take it again."),
        Reason::TooDark => message("Too dark", "Let the patient blink, open the eye wide, and centre the pupil."),
        Reason::TooBright => message("Too bright", "Choose a weaker flash."),
        Reason::UnevenLight => message("Light on one side only", "Move the camera until the light is even."),
        Reason::SmallPupil => message("Small pupil", "Darken the room and wait a minute."),
        Reason::EyelidOrLashes => message("Eyelid or lashes in the way", "Ask to open wide; lift the lid gently."),
        Reason::FieldIncomplete => message("Part of the retina is cut off", "Move the camera in and centre it."),
        Reason::OffCentre => message("Off centre", "Ask to look at the green light; centre the picture."),
        Reason::Motion => message("The eye moved", "Ask to hold still, then take it again."),
        Reason::MediaOpacitySuspected => {
            message("Clouded view", "Try once more. If it stays clouded, refer for an eye examination.")
        }
        Reason::WrongEyeSuspected => message("Is this the other eye?", "Check which eye is before the camera."),
        Reason::Unjudgeable => {
            message("No retina can be made out", "Check the focus and that the eye is in front of the camera.")
        }
        Reason::AlreadyTaken => message("The same photograph again", "Check the camera, then take a new one."),
    }
}

/// What is out of order, and what to do about it.
pub fn fault(fault: Fault) -> Message {
    match fault {
        Fault::CameraLost => message("The camera does not answer", "Check cable and power, then try again."),
        Fault::JudgingFailed => message("Judging takes too long", "Try again. The photograph is kept."),
        Fault::StoreFailed => {
            message("The photograph is not stored yet", "Do not switch off. Try again; if this returns, call service.")
        }
    }
}

/// The patient's result.
pub fn result(right: &EyeStatus, left: &EyeStatus, patient: PatientDisposition) -> Message {
    match patient {
        PatientDisposition::Refer => {
            let eyes = which(right, left, |eye| eye.outcome() == Some(Outcome::Refer));
            Message {
                title: "Refer to an eye care professional".to_owned(),
                action: format!("Signs that need an eye examination were found in the {eyes}."),
            }
        }
        PatientDisposition::NoReferableSigns => message(
            "No referable signs found",
            "Screen again in 12 months. See an eye care professional sooner if vision changes. This is not a full eye \
             examination.",
        ),
        PatientDisposition::Incomplete => {
            let eyes = which(right, left, |eye| eye.outcome() != Some(Outcome::NoReferableSigns));
            Message {
                title: "No result for the patient".to_owned(),
                action: format!("The {eyes} could not be assessed. Refer for an eye examination."),
            }
        }
    }
}

/// `right eye`, `left eye` or `right eye and the left eye`.
fn which(right: &EyeStatus, left: &EyeStatus, belongs: impl Fn(&EyeStatus) -> bool) -> &'static str {
    match (belongs(right), belongs(left)) {
        (true, false) => "right eye",
        (false, true) => "left eye",
        _ => "right and the left eye",
    }
}

/// What is said of one eye: its outcome and up to two lines beside it.
pub fn eye_result(status: &EyeStatus) -> Message {
    match status {
        EyeStatus::Judged(Reading { outcome: Outcome::Refer, findings, .. }) => {
            Message { title: "Refer".to_owned(), action: signs(findings) }
        }
        EyeStatus::Judged(Reading { outcome: Outcome::NoReferableSigns, .. }) => {
            message("No referable signs found", "")
        }
        EyeStatus::Judged(Reading { outcome: Outcome::NoResult, .. })
        | EyeStatus::Ungradable { .. }
        | EyeStatus::Tried { .. } => message("No result", "Could not be assessed."),
        EyeStatus::Pending => message("No result", "Not photographed."),
        EyeStatus::NotScreenable(reason) => message(
            "No result",
            match reason {
                Unscreenable::EyeAbsent => "No eye on this side.",
                Unscreenable::CannotBePositioned => "Could not be positioned.",
                Unscreenable::Declined => "Declined.",
            },
        ),
    }
}

/// The findings in words. The anomaly output names nothing; it is said only where nothing else is.
fn signs(findings: &[Output]) -> String {
    let named: Vec<&str> = findings.iter().filter_map(|&finding| condition(finding)).collect();
    match &named[..] {
        [] if findings.is_empty() => "Uncertain: have it examined.".to_owned(),
        [] => "Signs that need an examination.".to_owned(),
        [one] => format!("Signs of {one}, possible."),
        [one, two] => format!("Signs of {one} and {two}, possible."),
        [one, two, more @ ..] => format!("Signs of {one}, {two} and {} more, possible.", more.len()),
    }
}

fn condition(finding: Output) -> Option<&'static str> {
    match finding {
        Output::Anomaly => None,
        Output::Opacity => Some("clouded media"),
        Output::DiabeticRetinopathy => Some("diabetic retinopathy"),
        Output::Glaucoma => Some("glaucoma"),
        Output::MacularEdema => Some("macular oedema"),
        Output::MacularDegeneration => Some("macular degeneration"),
        Output::RetinalVascularOcclusion => Some("a vascular occlusion"),
        Output::Other => Some("another condition"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(outcome: Outcome, findings: &[Output]) -> EyeStatus {
        EyeStatus::Judged(Reading { outcome, reasons: vec![], findings: findings.to_vec() })
    }

    /// Every text a result can have.
    fn results() -> Vec<Message> {
        let mut eyes = vec![
            EyeStatus::Pending,
            EyeStatus::Tried { attempts: 1 },
            EyeStatus::Ungradable { attempts: 3, reasons: vec![] },
            judged(Outcome::NoReferableSigns, &[]),
            judged(Outcome::NoResult, &[]),
        ];
        eyes.extend((0..=8).map(|count| judged(Outcome::Refer, &Output::ALL[..count])));
        eyes.extend(
            [Unscreenable::EyeAbsent, Unscreenable::CannotBePositioned, Unscreenable::Declined]
                .map(EyeStatus::NotScreenable),
        );
        let mut all: Vec<Message> = eyes.iter().map(eye_result).collect();
        for patient in [PatientDisposition::Refer, PatientDisposition::NoReferableSigns, PatientDisposition::Incomplete]
        {
            all.extend(eyes.iter().map(|eye| result(eye, &judged(Outcome::NoReferableSigns, &[]), patient)));
        }
        all
    }

    #[test]
    fn no_result_calls_an_eye_healthy() {
        for text in results() {
            let text = format!("{} {}", text.title, text.action).to_lowercase();
            for word in ["normal", "healthy", "clear", "negative", "no disease", "all good"] {
                assert!(!text.contains(word), "{text}");
            }
            assert!(!text.contains('%') && !text.contains("has glaucoma"), "{text}");
        }
    }

    #[test]
    fn every_reason_and_fault_says_what_to_do() {
        let reasons = Reason::ALL.map(Why::Photograph).map(retake);
        let faults = [Fault::CameraLost, Fault::JudgingFailed, Fault::StoreFailed].map(fault);
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
        let action = |right, left, patient| result(right, left, patient).action;
        assert!(action(&refer, &none, PatientDisposition::Refer).contains("in the right eye."));
        assert!(action(&none, &refer, PatientDisposition::Refer).contains("in the left eye."));
        assert!(action(&refer, &refer, PatientDisposition::Refer).contains("right and the left eye"));
        assert!(action(&none, &EyeStatus::Pending, PatientDisposition::Incomplete).starts_with("The left eye"));
    }

    #[test]
    fn signs_are_named_as_possible() {
        let action = |findings: &[Output]| eye_result(&judged(Outcome::Refer, findings)).action;
        assert_eq!(action(&[Output::Anomaly, Output::Glaucoma]), "Signs of glaucoma, possible.");
        assert_eq!(action(&[Output::Anomaly]), "Signs that need an examination.");
        assert_eq!(action(&[]), "Uncertain: have it examined.");
        assert_eq!(
            action(&[Output::Opacity, Output::Glaucoma, Output::Other]),
            "Signs of clouded media, glaucoma and 1 more, possible."
        );
    }
}
