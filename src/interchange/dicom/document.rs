//! The report to print as an Encapsulated PDF (PS3.3, A.45.1).
//!
//! Not here: drawing it.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::{
    code::Code,
    common::{self, Series},
    object::{Object, ObjectError},
    study::{Study, reference},
    uid,
};
use crate::interchange::codes::Use;

/// What is named in the UIDs of the document and its series.
pub(super) const PART: &str = "report";
const SERIES: &str = "report/series";
/// Numbers of series that no photographs have.
const SERIES_NUMBER: usize = 900;

impl Study<'_> {
    /// The report; `pdf` is what is printed.
    ///
    /// # Errors
    /// When there is no PDF, it is too long for an element, or an identifier does not fit into DICOM.
    pub fn report(&self, pdf: &[u8]) -> Result<Object, ObjectError> {
        let Some(length) = u32::try_from(pdf.len()).ok().filter(|&length| length > 0 && length < u32::MAX) else {
            return Err(ObjectError::Document { bytes: pdf.len() });
        };
        let screening = self.export.screening();
        let concept = self.export.concept(Use::Report);
        let series = uid::own(self.export, SERIES);
        let series = Series { modality: "DOC", uid: &series, number: SERIES_NUMBER, description: "Screening report" };
        let [date, time] = common::day_and_time(screening.ended);
        let acquired = if screening.ended.clock_is_set { format!("{date}{time}+0000") } else { String::new() };
        let mut bytes = pdf.to_vec();
        if !bytes.len().is_multiple_of(2) {
            bytes.push(0);
        }
        let dataset = self
            .begin(series, 1, screening.ended)?
            .text(tags::CONVERSION_TYPE, VR::CS, "WSD")
            .text(tags::ACQUISITION_DATE_TIME, VR::DT, acquired)
            // The patient's name and number are printed in it.
            .text(tags::BURNED_IN_ANNOTATION, VR::CS, "YES")
            .text(tags::RECOGNIZABLE_VISUAL_FEATURES, VR::CS, "NO")
            .sequence_if(tags::SOURCE_INSTANCE_SEQUENCE, screening.photographs.iter().map(reference))
            .text(tags::DOCUMENT_TITLE, VR::ST, self.marked(concept.text))
            .sequence(tags::CONCEPT_NAME_CODE_SEQUENCE, [Code::from(concept).item()])
            .text(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, VR::LO, "application/pdf")
            .value(tags::ENCAPSULATED_DOCUMENT_LENGTH, VR::UL, length)
            .value(tags::ENCAPSULATED_DOCUMENT, VR::OB, bytes);
        let uid = uid::own(self.export, PART);
        Object::new(dataset, uids::ENCAPSULATED_PDF_STORAGE, &uid, uids::EXPLICIT_VR_LITTLE_ENDIAN)
    }
}
