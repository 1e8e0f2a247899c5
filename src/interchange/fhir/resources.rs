//! FHIR R4's resources, as far as the program sends them; field names and their order are FHIR's.
//!
//! Not here: what they are filled with.

use serde::Serialize;

use super::datatypes::{
    Annotation, Attachment, CodeableConcept, Coding, HumanName, Identifier, Meta, Quantity, Reference, Unknown,
};

/// A transaction: all of it is taken, or none.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    /// `Bundle`.
    pub resource_type: &'static str,
    /// `transaction`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The resources, each with what is to be done with it.
    pub entry: Vec<Entry>,
}

/// One resource, and what is to be done with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// What others of the bundle call it.
    pub full_url: String,
    /// The resource.
    pub resource: Resource,
    /// What is to be done.
    pub request: Request,
}

/// What a server is to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// `PUT` or `POST`.
    pub method: &'static str,
    /// Where.
    pub url: String,
    /// Only where such a resource is not there yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_none_exist: Option<String>,
}

/// One of the resources.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "resourceType")]
pub enum Resource {
    /// Who was screened.
    Patient(Patient),
    /// The device, and the bundle it judged with.
    Device(Device),
    /// The photographs.
    ImagingStudy(ImagingStudy),
    /// What was found.
    Observation(Box<Observation>),
    /// The report.
    DiagnosticReport(Box<DiagnosticReport>),
    /// Who made all this of what.
    Provenance(Provenance),
}

/// Who was screened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Patient {
    /// See [`Meta`].
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
    /// The clinic's number.
    pub identifier: [Identifier; 1],
    /// The name, where it is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub name: Vec<HumanName>,
    /// `YYYY-MM-DD`, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<String>,
}

/// A device, or a program.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Its id.
    pub id: String,
    /// See [`Meta`].
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
    /// What it is known by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifier: Vec<Identifier>,
    /// `active`.
    pub status: &'static str,
    /// Its serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// Its name.
    pub device_name: [DeviceName; 1],
    /// What it is.
    #[serde(rename = "type")]
    pub kind: CodeableConcept,
    /// The version of its program, or of itself.
    pub version: [DeviceVersion; 1],
    /// Remarks.
    pub note: Vec<Annotation>,
    /// The device it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Reference>,
}

/// A device's name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceName {
    /// The name.
    pub name: String,
    /// Whose name it is: `user-friendly-name` or `model-name`.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// A device's version.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceVersion {
    /// The version.
    pub value: String,
}

/// The photographs of one encounter.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImagingStudy {
    /// Its id.
    pub id: String,
    /// See [`Meta`].
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
    /// Study UID and accession number.
    pub identifier: Vec<Identifier>,
    /// `available`.
    pub status: &'static str,
    /// How the photographs were taken.
    pub modality: [Coding; 1],
    /// The patient.
    pub subject: Reference,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// How many series.
    pub number_of_series: usize,
    /// How many photographs.
    pub number_of_instances: usize,
    /// What was done.
    pub procedure_code: [CodeableConcept; 1],
    /// One a series.
    pub series: Vec<Series>,
}

/// Photographs of one eye.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// Its UID.
    pub uid: String,
    /// How they were taken.
    pub modality: Coding,
    /// How many.
    pub number_of_instances: usize,
    /// The eye.
    pub body_site: Coding,
    /// The side.
    pub laterality: Coding,
    /// When the first was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// One a photograph.
    pub instance: Vec<Instance>,
}

/// A photograph.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// Its UID.
    pub uid: String,
    /// The kind of DICOM object.
    pub sop_class: Coding,
}

/// One thing that is said of one eye.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    /// Its id.
    pub id: String,
    /// See [`Meta`].
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
    /// `final`, `preliminary`, `amended` or `cancelled`.
    pub status: &'static str,
    /// What is looked for.
    pub code: CodeableConcept,
    /// The patient.
    pub subject: Reference,
    /// When it was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_date_time: Option<String>,
    /// What was found; none where nothing can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_codeable_concept: Option<CodeableConcept>,
    /// Why nothing can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_absent_reason: Option<CodeableConcept>,
    /// A mark beside the value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interpretation: Vec<CodeableConcept>,
    /// Remarks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub note: Vec<Annotation>,
    /// The eye.
    pub body_site: CodeableConcept,
    /// What judged it.
    pub device: Reference,
    /// The photographs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub derived_from: Vec<Reference>,
    /// The probability, where the site wants it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub component: Vec<Component>,
}

/// A number beside what was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// What the number is.
    pub code: CodeableConcept,
    /// The number.
    pub value_quantity: Quantity,
}

/// The report of an encounter.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosticReport {
    /// Its id.
    pub id: String,
    /// See [`Meta`].
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
    /// The encounter's UID.
    pub identifier: Vec<Identifier>,
    /// `final`, `amended` or `partial`.
    pub status: &'static str,
    /// The speciality.
    pub category: [CodeableConcept; 1],
    /// The kind of report.
    pub code: CodeableConcept,
    /// The patient.
    pub subject: Reference,
    /// When the encounter was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_date_time: Option<String>,
    /// When the report was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued: Option<String>,
    /// What was found.
    pub result: Vec<Reference>,
    /// The photographs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub imaging_study: Vec<Reference>,
    /// What is, what to do, and what to know.
    pub conclusion: String,
    /// The outcome in code.
    pub conclusion_code: [CodeableConcept; 1],
    /// The report to print.
    pub presented_form: [Attachment; 1],
}

/// Who made the report of what.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// Its id.
    pub id: String,
    /// See [`Meta`].
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
    /// What was made.
    pub target: Vec<Reference>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<String>,
    /// Says that it is not known when.
    #[serde(rename = "_recorded", skip_serializing_if = "Option::is_none")]
    pub recorded_unknown: Option<Unknown>,
    /// Who.
    pub agent: Vec<Agent>,
    /// Of what.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entity: Vec<Entity>,
}

/// Who took part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agent {
    /// As what.
    #[serde(rename = "type")]
    pub kind: CodeableConcept,
    /// Who.
    pub who: Reference,
}

/// What something was made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entity {
    /// `source`.
    pub role: &'static str,
    /// The photograph.
    pub what: Reference,
}
