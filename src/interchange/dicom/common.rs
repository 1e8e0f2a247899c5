//! What every object of a screening begins with: the modules Patient, General Study, General Series, General Equipment and
//! SOP Common.
//!
//! Not here: what only one kind of object has.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::{
    code,
    dataset::Dataset,
    object::ObjectError,
    study::Study,
    text::{self, LONG, SHORT},
};
use crate::{interchange::times, station::Order, store::Stamp};

/// Who makes the device.
pub(super) const MANUFACTURER: &str = "Ocellus";
/// What the device is called where the clinic gave no name.
pub(super) const MODEL: &str = "Ocellus retinal screening device";
/// Who gives numbers to patients that are not real.
const TEST_ISSUER: &str = "OCELLUS-TEST";

/// A series that an object belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series<'a> {
    /// `OP` for photographs.
    pub(super) modality: &'static str,
    /// Its UID.
    pub(super) uid: &'a str,
    /// Its number within the study, for people.
    pub(super) number: usize,
    /// What is in it, for people.
    pub(super) description: &'a str,
}

impl Study<'_> {
    /// An object of a series, with the given number within it, that has only what all objects have.
    pub(super) fn begin(&self, series: Series<'_>, instance: usize, made: Stamp) -> Result<Dataset, ObjectError> {
        let dataset = self.patient(Dataset::new())?;
        let dataset = self.study(dataset)?;
        let dataset = self.in_series(dataset, series)?;
        let [date, time] = day_and_time(made);
        Ok(self
            .equipment(dataset)
            .text(tags::INSTANCE_NUMBER, VR::IS, instance.to_string())
            .text(tags::CONTENT_DATE, VR::DA, date)
            .text(tags::CONTENT_TIME, VR::TM, time)
            .text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192")
            .text(tags::TIMEZONE_OFFSET_FROM_UTC, VR::SH, "+0000")
            .sequence(tags::CODING_SCHEME_IDENTIFICATION_SEQUENCE, [code::own_scheme()]))
    }

    /// What has to be said where something is not real or not certain; none where all is real and certain.
    pub(super) fn warnings(&self) -> Vec<String> {
        let marks = self.export.marks().into_iter();
        let mut warnings: Vec<String> =
            marks.map(|mark| format!("{}: test data, not of a person.", self.export.concept(mark).text)).collect();
        if !self.export.screening().ended.clock_is_set {
            warnings.push("The device's clock was not set: dates and times are not known.".to_owned());
        }
        warnings
    }

    /// A title with the marks of what is not real before it.
    pub(super) fn marked(&self, title: &str) -> String {
        let marks = self.export.marks().into_iter().map(|mark| self.export.concept(mark).text);
        text::line(&marks.chain([title]).collect::<Vec<_>>().join(" "), LONG)
    }

    fn patient(&self, dataset: Dataset) -> Result<Dataset, ObjectError> {
        let patient = &self.export.screening().patient;
        let real = self.export.screening().is_real();
        let issuer = if real { self.export.site().patient_authority.as_str() } else { TEST_ISSUER };
        let subject = if real { "NO" } else { "YES" };
        Ok(dataset
            .text(tags::PATIENT_NAME, VR::PN, text::person(&patient.name))
            .text(tags::PATIENT_ID, VR::LO, text::identifier("the patient's number", &patient.id, LONG)?)
            .text(tags::ISSUER_OF_PATIENT_ID, VR::LO, text::identifier("patient_authority", issuer, LONG)?)
            .text(tags::PATIENT_BIRTH_DATE, VR::DA, text::day(&patient.birth_date))
            .empty(tags::PATIENT_SEX, VR::CS)
            .text(tags::QUALITY_CONTROL_SUBJECT, VR::CS, subject)
            .text_if(tags::PATIENT_COMMENTS, VR::LT, text::paragraph(&self.warnings().join("\n"))))
    }

    fn study(&self, dataset: Dataset) -> Result<Dataset, ObjectError> {
        let screening = self.export.screening();
        // For media, a study has to have one.
        let requested = self.order().map(|order| order.procedure_id.as_str()).filter(|id| !id.is_empty());
        let study_id = text::identifier("the requested procedure", requested.unwrap_or("1"), SHORT)?;
        // Optional dates of a clock that was not set are left empty: a time that nobody believes is no time.
        let [date, time] =
            if screening.begun.clock_is_set { day_and_time(screening.begun) } else { [String::new(), String::new()] };
        Ok(dataset
            .text(tags::STUDY_INSTANCE_UID, VR::UI, screening.study.as_str())
            .text(tags::STUDY_DATE, VR::DA, date)
            .text(tags::STUDY_TIME, VR::TM, time)
            .empty(tags::REFERRING_PHYSICIAN_NAME, VR::PN)
            .text(tags::STUDY_ID, VR::SH, study_id)
            .text(
                tags::ACCESSION_NUMBER,
                VR::SH,
                text::identifier("the accession number", screening.accession(), SHORT)?,
            )
            .text(tags::STUDY_DESCRIPTION, VR::LO, self.marked("Retinal screening")))
    }

    fn in_series(&self, dataset: Dataset, series: Series<'_>) -> Result<Dataset, ObjectError> {
        // Only an image's series has a place for who made it.
        let operator = self.export.screening().operator.as_deref().filter(|_| series.modality == "OP");
        // A structured report names its order elsewhere.
        let order = self.order().filter(|_| series.modality != "SR");
        let request = order.map(|order| self.request(order)).transpose()?;
        Ok(dataset
            .text(tags::MODALITY, VR::CS, series.modality)
            .text(tags::SERIES_INSTANCE_UID, VR::UI, series.uid)
            .text(tags::SERIES_NUMBER, VR::IS, series.number.to_string())
            .text(tags::SERIES_DESCRIPTION, VR::LO, self.marked(series.description))
            .text_if(tags::OPERATORS_NAME, VR::PN, text::person(operator.unwrap_or_default()))
            .sequence_if(tags::REQUEST_ATTRIBUTES_SEQUENCE, request))
    }

    /// The order as the worklist told it.
    fn request(&self, order: &Order) -> Result<Dataset, ObjectError> {
        let step = text::identifier("the scheduled step", &order.step_id, SHORT)?;
        Ok(self.requested(order)?.text_if(tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, step).text_if(
            tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION,
            VR::LO,
            text::line(&order.step_description, LONG),
        ))
    }

    /// What was requested, without what was scheduled of it.
    pub(super) fn requested(&self, order: &Order) -> Result<Dataset, ObjectError> {
        let screening = self.export.screening();
        let short = |what, told: &str| text::identifier(what, told, SHORT);
        Ok(Dataset::new()
            .text(tags::ACCESSION_NUMBER, VR::SH, short("the accession number", screening.accession())?)
            .text(tags::STUDY_INSTANCE_UID, VR::UI, screening.study.as_str())
            .text_if(tags::REQUESTED_PROCEDURE_ID, VR::SH, short("the requested procedure", &order.procedure_id)?)
            .text_if(tags::REQUESTED_PROCEDURE_DESCRIPTION, VR::LO, text::line(&order.procedure_description, LONG)))
    }

    fn equipment(&self, dataset: Dataset) -> Dataset {
        let screening = self.export.screening();
        let instrument = &screening.instrument;
        let bundle = &screening.bundle;
        let program = text::line(&format!("ocellus {}", instrument.version), LONG);
        let judged = text::line(&format!("{} {} {}", bundle.name, bundle.version, bundle.digest.short()), LONG);
        dataset
            .text(tags::MANUFACTURER, VR::LO, MANUFACTURER)
            .text(tags::MANUFACTURER_MODEL_NAME, VR::LO, MODEL)
            .text_if(tags::INSTITUTION_NAME, VR::LO, text::line(&instrument.site, LONG))
            .text_if(tags::STATION_NAME, VR::SH, text::line(&instrument.name, SHORT))
            .text_if(tags::DEVICE_SERIAL_NUMBER, VR::LO, text::line(&instrument.serial, LONG))
            .texts(tags::SOFTWARE_VERSIONS, VR::LO, [&program, &judged])
    }
}

/// A stamp as date and time, UTC, whatever the clock is worth.
pub(super) fn day_and_time(stamp: Stamp) -> [String; 2] {
    let compact = times::compact(stamp);
    let (date, rest) = compact.split_at_checked(8).unwrap_or_default();
    [date.to_owned(), rest.split(['+', '-']).next().unwrap_or_default().to_owned()]
}
