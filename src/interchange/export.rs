//! What may leave the device: the gate before every exporter.
//!
//! Refused is what is not real (unless for testing, and marked then), what lacks an identifier, and what contradicts
//! itself: *no referable signs* beside an eye without a result would be the worst message there is.
//!
//! Not here: what messages look like.

use ocellus_model::{laterality::Laterality, quality::Gradability};
use uuid::Uuid;

use super::{
    codes::{Codes, Concept, Use},
    finding::EYES,
    study::{Eye, Screening},
};
use crate::{
    decision::{self, Outcome, PatientDisposition},
    encounter::{EyeStatus, Reading},
    language::Language,
    screens::messages::{self, Message},
};

/// All ids are UUIDs of version 5 below this one.
const NAMESPACE: Uuid = Uuid::from_u128(0x9cef_f256_7844_438d_8052_d22a_1fe0_a9ec);

/// Said in every export.
pub(super) const RESEARCH: &str = "Research software, not a cleared medical device. This is a screening result, not a \
diagnosis, and does not take the place of an eye examination.";

/// What an export is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The patient's record: only what is real.
    Care,
    /// Testing the way to another system: what is not real may go, and is marked.
    Testing,
}

/// What the site wants of its exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Who gave the patients their numbers, for FHIR: a URI, e.g. `urn:oid:2.999.1`.
    pub patient_system: String,
    /// The same for HL7 v2: the assigning authority.
    pub patient_authority: String,
    /// HL7 v2's receiving application; may be empty.
    pub receiving_application: String,
    /// HL7 v2's receiving facility; may be empty.
    pub receiving_facility: String,
    /// Months until the next screening where there are no referable signs, at least 1.
    pub rescreen_months: u32,
    /// Whether FHIR Observations carry the probabilities.
    pub probabilities: bool,
}

/// Why a screening may not leave the device. No message names the patient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is simulated or practice, and not for testing.
    #[error("simulated or practice screenings are exported for testing only")]
    NotReal,
    /// A UID is not one.
    #[error("the UID of {0} is not digits and dots, at most 64 characters")]
    Uid(&'static str),
    /// The patient has no number.
    #[error("the patient has no number")]
    NoPatient,
    /// A setting of the site is not as it must be.
    #[error("{key}: {expected}")]
    Setting {
        /// Which.
        key: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// Something says what something else contradicts.
    #[error("the screening contradicts itself: {0}")]
    Contradiction(&'static str),
}

/// A screening that may leave the device, and how it is to be told.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    screening: &'a Screening,
    site: &'a Site,
    codes: &'a Codes,
}

impl<'a> Export<'a> {
    /// Lets a screening through, or says why not.
    ///
    /// # Errors
    /// When it is not real and not for testing, lacks an identifier or contradicts itself, or a setting is unusable.
    pub fn new(screening: &'a Screening, site: &'a Site, codes: &'a Codes, purpose: Purpose) -> Result<Self, Refused> {
        if !screening.is_real() && purpose != Purpose::Testing {
            return Err(Refused::NotReal);
        }
        check_site(site)?;
        check_identifiers(screening)?;
        check_agreement(screening)?;
        Ok(Export { screening, site, codes })
    }

    /// The screening.
    pub fn screening(&self) -> &'a Screening {
        self.screening
    }

    /// What the site wants.
    pub fn site(&self) -> &'a Site {
        self.site
    }

    pub(super) fn concept(&self, used: Use) -> Concept<'a> {
        self.codes.concept(used)
    }

    /// The id of a part of the report: always the same for the same encounter, and that of the report it replaces.
    pub(super) fn id(&self, part: &str) -> Uuid {
        let encounter = self.screening.amends.as_ref().unwrap_or(&self.screening.encounter);
        named(&format!("{encounter}/{part}"))
    }

    /// An id of this encounter alone, also where it replaces another.
    pub(super) fn own_id(&self, part: &str) -> Uuid {
        named(&format!("{}/{part}", self.screening.encounter))
    }

    /// An id of something that encounters share. What is not real shares nothing with what is.
    pub(super) fn shared_id(&self, parts: &[&str]) -> Uuid {
        let world = if self.screening.is_real() { "real" } else { "test" };
        // Lengths keep ["a", "bc"] and ["ab", "c"] apart.
        let parts: String = parts.iter().map(|part| format!("/{}:{part}", part.len())).collect();
        named(&format!("{world}{parts}"))
    }

    /// What marks it as not real.
    pub(super) fn marks(&self) -> Vec<Use> {
        let Screening { simulated, practice, .. } = self.screening;
        [(simulated, Use::Simulated), (practice, Use::Practice)]
            .into_iter()
            .filter_map(|(applies, mark)| applies.then_some(mark))
            .collect()
    }

    /// What is, and what to do.
    pub(super) fn message(&self) -> Message {
        let Screening { right, left, disposition, pre_check, .. } = self.screening;
        let months = self.site.rescreen_months;
        messages::result([&right.status, &left.status], *disposition, *pre_check, months, Language::En)
    }

    /// What is wrong with an eye's photograph, each in a few words.
    pub(super) fn reasons(&self, eye: Laterality) -> Vec<String> {
        let reasons = self.screening.eye(eye).reasons();
        reasons.iter().map(|&why| messages::retake(why, Language::En).title).collect()
    }

    /// Why nothing is said of an eye, in one line.
    pub(super) fn why_nothing(&self, eye: Laterality) -> String {
        let line = messages::eye_result(&self.screening.eye(eye).status, Language::En).action;
        let reasons = self.reasons(eye).join("; ");
        if reasons.is_empty() { line } else { format!("{line} {reasons}.") }
    }

    /// The patient's outcome in code.
    pub(super) fn outcome(&self) -> Use {
        match self.screening.disposition {
            PatientDisposition::Refer => Use::Refer,
            PatientDisposition::NoReferableSigns => Use::NoReferableSigns,
            PatientDisposition::Incomplete => Use::Incomplete,
        }
    }

    /// What a reader must know besides the result, one sentence or two each.
    pub(super) fn remarks(&self) -> Vec<String> {
        let marks =
            self.marks().into_iter().map(|mark| format!("{}: test data, not of a person.", self.concept(mark).text));
        let looked_for: Vec<&str> =
            self.screening.outputs.iter().map(|&output| self.concept(Use::of(output)).text).collect();
        let mut remarks: Vec<String> = marks.collect();
        remarks.push(RESEARCH.to_owned());
        if self.screening.pre_check.is_none() {
            remarks.push(format!("Looked for: {}. Nothing else was looked for.", looked_for.join("; ")));
        }
        if self.screening.amends.is_some() {
            remarks.push("This report replaces an earlier one.".to_owned());
        }
        if !self.screening.ended.clock_is_set {
            remarks.push("The device's clock was not set: the times are not known.".to_owned());
        }
        remarks
    }
}

fn named(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

fn check_site(site: &Site) -> Result<(), Refused> {
    let refuse = |key, expected| Err(Refused::Setting { key, expected });
    let (scheme, rest) = site.patient_system.split_once(':').unwrap_or_default();
    if scheme.is_empty() || rest.is_empty() || site.patient_system.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return refuse("patient_system", "must be a URI");
    }
    if site.patient_authority.trim().is_empty() {
        return refuse("patient_authority", "must not be empty");
    }
    if site.rescreen_months == 0 {
        return refuse("rescreen_months", "must be at least 1");
    }
    Ok(())
}

fn check_identifiers(screening: &Screening) -> Result<(), Refused> {
    let Screening { encounter, amends, study, photographs, patient, .. } = screening;
    let mut uids = vec![("the encounter", encounter), ("the study", study)];
    uids.extend(amends.iter().map(|uid| ("the encounter that is amended", uid)));
    uids.extend(photographs.iter().flat_map(|p| [("a photograph", &p.uid), ("a series", &p.series)]));
    match uids.into_iter().find(|(_, uid)| !is_uid(uid)) {
        Some((what, _)) => Err(Refused::Uid(what)),
        None if patient.id.trim().is_empty() => Err(Refused::NoPatient),
        None => Ok(()),
    }
}

/// Whether text is a UID as DICOM has them: numbers without leading zeros between dots.
pub(super) fn is_uid(text: &str) -> bool {
    let is_number = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'))
    };
    text.len() <= 64 && text.contains('.') && text.split('.').all(is_number)
}

fn check_agreement(screening: &Screening) -> Result<(), Refused> {
    let Screening { outputs, right, left, disposition, pre_check, photographs, .. } = screening;
    let refuse = |fact| Err(Refused::Contradiction(fact));
    let follows = match pre_check {
        Some(_) => PatientDisposition::Refer,
        None => decision::patient(right.status.outcome(), left.status.outcome()),
    };
    if follows != *disposition {
        return refuse("the patient's outcome does not follow from the eyes");
    }
    if outputs.is_empty() {
        return refuse("the bundle looks for nothing");
    }
    let of_two_eyes = |a: &super::Photograph| photographs.iter().any(|b| a.series == b.series && a.eye != b.eye);
    if photographs.iter().any(of_two_eyes) {
        return refuse("a series has photographs of both eyes");
    }
    for eye in EYES {
        let Eye { status, gradability, probabilities } = screening.eye(eye);
        if probabilities.values().any(|probability| !(0.0..=1.0).contains(probability)) {
            return refuse("a probability is not from 0 to 1");
        }
        let EyeStatus::Judged(Reading { outcome, findings, .. }) = status else { continue };
        if findings.iter().any(|finding| !outputs.contains(finding)) {
            return refuse("something was found that the bundle does not look for");
        }
        if !findings.is_empty() && *outcome == Outcome::NoReferableSigns {
            return refuse("an eye without referable signs has findings");
        }
        let judged = matches!(gradability, Some(Gradability::Good | Gradability::Usable));
        if *outcome == Outcome::NoReferableSigns && !judged {
            return refuse("an eye without referable signs has no photograph that could be assessed");
        }
        if screening.eye(eye).has_result() && !photographs.iter().any(|photograph| photograph.eye == eye) {
            return refuse("an eye has a result and no photograph");
        }
    }
    Ok(())
}
