//! FHIR R4's data types, as far as the program's resources use them; field names are FHIR's.
//!
//! FHIR forbids empty arrays and strings, so what is empty is left out.

use serde::Serialize;

use crate::interchange::codes::{Concept, OWN_SYSTEM};

/// A code of a system.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coding {
    /// A URI.
    pub system: String,
    /// The system's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The code.
    pub code: String,
    /// What the system calls it.
    pub display: String,
}

/// Something in words and, where there are any, codes.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct CodeableConcept {
    /// Codes that all mean the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub coding: Vec<Coding>,
    /// For people.
    pub text: String,
}

/// A number or name that somebody gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Identifier {
    /// What kind of number.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<CodeableConcept>,
    /// Who gave it, a URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The number.
    pub value: String,
}

/// A pointer to a resource of the same bundle, or to something that is known by a number.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Reference {
    /// The full URL of an entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Identifier>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

/// A measured amount.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quantity {
    /// The number.
    pub value: f64,
    /// Its unit for people.
    pub unit: String,
    /// The unit's system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The unit's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// A document within the resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// The MIME type.
    pub content_type: String,
    /// The bytes in base 64.
    pub data: String,
    /// What it is.
    pub title: String,
}

/// A remark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Annotation {
    /// The remark.
    pub text: String,
}

/// A patient's name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HumanName {
    /// As it was told.
    pub text: String,
}

/// What is said of a resource itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Meta {
    /// How it may be used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security: Vec<Coding>,
    /// What it is marked as.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<Coding>,
}

impl Meta {
    pub(super) fn is_empty(&self) -> bool {
        self.security.is_empty() && self.tag.is_empty()
    }
}

/// Stands in the place of a value that must be there and is not known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unknown {
    /// Says so.
    pub extension: [DataAbsent; 1],
}

/// FHIR's extension that says why a value is absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DataAbsent {
    /// Which extension.
    pub url: &'static str,
    /// Why.
    pub value_code: &'static str,
}

impl Unknown {
    /// The value is not known.
    pub(super) const UNKNOWN: Unknown = Unknown {
        extension: [DataAbsent {
            url: "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            value_code: "unknown",
        }],
    };
}

impl Coding {
    /// The program's own code.
    pub(super) fn own(concept: Concept<'_>) -> Self {
        Coding {
            system: OWN_SYSTEM.to_owned(),
            version: None,
            code: concept.own.to_owned(),
            display: concept.text.to_owned(),
        }
    }
}

/// One code where only one has room: the system's, else the program's own.
impl From<Concept<'_>> for Coding {
    fn from(concept: Concept<'_>) -> Self {
        match concept.coded {
            Some(coded) => Coding {
                system: coded.system.clone(),
                version: coded.version.clone(),
                code: coded.code.clone(),
                display: coded.display.clone(),
            },
            None => Coding::own(concept),
        }
    }
}

impl From<Concept<'_>> for CodeableConcept {
    fn from(concept: Concept<'_>) -> Self {
        let mut coding = vec![Coding::own(concept)];
        if concept.coded.is_some() {
            coding.insert(0, concept.into());
        }
        CodeableConcept { coding, text: concept.text.to_owned() }
    }
}

impl CodeableConcept {
    /// Words without a code.
    pub(super) fn text(text: &str) -> Self {
        CodeableConcept { coding: Vec::new(), text: text.to_owned() }
    }
}

impl Identifier {
    /// A number of a system.
    pub(super) fn of(system: &str, value: &str) -> Self {
        Identifier { kind: None, system: Some(system.to_owned()), value: value.to_owned() }
    }

    /// A DICOM UID.
    pub(super) fn uid(uid: &str) -> Self {
        Identifier::of("urn:dicom:uid", &format!("urn:oid:{uid}"))
    }
}

impl Reference {
    /// An entry of the same bundle.
    pub(super) fn to(id: &str) -> Self {
        Reference { reference: Some(full_url(id)), ..Reference::default() }
    }
}

/// How entries of the bundle are pointed to; a server puts its own address in the place.
pub(super) fn full_url(id: &str) -> String {
    format!("urn:uuid:{id}")
}
