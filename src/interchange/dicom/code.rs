//! Codes in DICOM: those of `codes.toml`, and those that the standard's own templates and context groups fix.
//!
//! The fixed ones are written with the objects that use them. They may be sent where SNOMED has no licence too: DICOM has
//! one for the codes of its context groups.
//!
//! Not here: which code says what of a patient ([`codes`](crate::interchange::codes)).

use std::borrow::Cow;

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::{
    dataset::Dataset,
    text::{self, LONG, SHORT},
    uid,
};
use crate::interchange::codes::{Concept, OWN_HL7V2, OWN_SYSTEM};

/// Systems whose names DICOM knows (PS3.16, 8). Systems of a site begin with 99, in HL7 v2 as in DICOM.
const KNOWN: [&str; 5] = ["DCM", "SCT", "LN", "UCUM", "UMLS"];

/// A code of a system with its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Code {
    value: Cow<'static, str>,
    scheme: Cow<'static, str>,
    meaning: Cow<'static, str>,
}

impl Code {
    /// One that the standard fixes.
    pub(super) const fn fixed(value: &'static str, scheme: &'static str, meaning: &'static str) -> Self {
        Code { value: Cow::Borrowed(value), scheme: Cow::Borrowed(scheme), meaning: Cow::Borrowed(meaning) }
    }

    /// As an item of a code sequence.
    pub(super) fn item(&self) -> Dataset {
        // A longer code has an attribute of its own.
        let (tag, vr) = match self.value.chars().count() {
            ..=SHORT => (tags::CODE_VALUE, VR::SH),
            _ => (tags::LONG_CODE_VALUE, VR::UC),
        };
        Dataset::new()
            .text(tag, vr, self.value.as_ref())
            .text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, self.scheme.as_ref())
            .text(tags::CODE_MEANING, VR::LO, text::line(&self.meaning, LONG))
    }
}

impl From<Concept<'_>> for Code {
    /// A code of a system that DICOM knows, or else the program's own. The meaning is always the text of `codes.toml`:
    /// a system's display names a disease, the text says that signs of it are possible.
    fn from(concept: Concept<'_>) -> Self {
        let Concept { text, own, coded } = concept;
        let known = coded.filter(|coded| KNOWN.contains(&coded.hl7v2.as_str()) || coded.hl7v2.starts_with("99"));
        let (value, scheme) = known.map_or((Cow::Borrowed(own), Cow::Borrowed(OWN_HL7V2)), |coded| {
            (Cow::Owned(coded.code.clone()), Cow::Owned(coded.hl7v2.clone()))
        });
        Code { value, scheme, meaning: Cow::Owned(text.to_owned()) }
    }
}

/// Who the program's own codes are from, for Coding Scheme Identification Sequence.
pub(super) fn own_scheme() -> Dataset {
    let system = OWN_SYSTEM.trim_start_matches("urn:uuid:");
    let system = uuid::Uuid::try_parse(system).map(uid::of).unwrap_or_default();
    Dataset::new()
        .text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, OWN_HL7V2)
        .text_if(tags::CODING_SCHEME_UID, VR::UI, system)
        .text(tags::CODING_SCHEME_NAME, VR::ST, "Ocellus: names of what is said, without a code elsewhere")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interchange::{Codes, codes::Use};

    #[test]
    fn codes_of_systems_that_dicom_does_not_know_are_the_programs_own() {
        let codes = Codes::shipped().unwrap();
        let of = |used| {
            let Code { value, scheme, .. } = Code::from(codes.concept(used));
            format!("{scheme}#{value}")
        };
        assert_eq!(of(Use::Report), "LN#103592-2");
        assert_eq!(of(Use::Glaucoma), "SCT#23986001");
        assert_eq!(of(Use::NotPerformed), "99OCL#not_performed");
        assert_eq!(of(Use::Refer), "99OCL#refer");
    }

    #[test]
    fn a_meaning_never_says_more_than_a_screening_can() {
        let codes = Codes::shipped().unwrap();
        assert_eq!(Code::from(codes.concept(Use::Glaucoma)).meaning, "Signs of glaucoma, possible");
    }

    #[test]
    fn a_long_code_is_a_long_code() {
        let item = |value| Code::fixed(value, "99OCL", "x").item().into_inner();
        assert!(item("1234567890123456").get(tags::CODE_VALUE).is_some());
        assert!(item("12345678901234567").get(tags::LONG_CODE_VALUE).is_some());
        assert!(item("12345678901234567").get(tags::CODE_VALUE).is_none());
    }
}
