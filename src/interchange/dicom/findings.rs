//! What was found as an Enhanced SR (PS3.3, A.35.2) by TID 1500 *Measurement Report* (PS3.16).
//!
//! ```text
//! Imaging Measurement Report
//!   language, device, procedure
//!   Imaging Measurements
//!     Measurement Group × eye          finding site and side, what judged it, what it was judged on
//!       Image Quality                  with the reasons in words
//!       Overall Assessment             refer | no referable signs | why there is no result
//!       condition = signs | …          only where the eye has a result
//!     Measurement Group × eye × output the probability, where the site wants it
//!   Qualitative Evaluations            what is to be done with the patient, and what to know
//! ```
//!
//! An eye without a result has no value for any condition: it cannot be taken for one without signs. Until both eyes have a
//! result the document is PARTIAL and PRELIMINARY.
//!
//! Not here: what is said of an eye ([`finding`](crate::interchange::finding)).

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use ocellus_model::{label::Output, laterality::Laterality, quality::Gradability};

use super::{
    code::Code,
    common::{MANUFACTURER, MODEL, Series},
    dataset::Dataset,
    object::{Object, ObjectError},
    sr::{
        self, Item,
        Relation::{Contains, Context, Modifies},
    },
    study::{Study, reference, referenced},
    uid,
};
use crate::{
    decision::Outcome,
    interchange::{Absent, Said, codes::Use, finding::EYES},
};

/// What is named in the UIDs of the document and its series.
pub(super) const PART: &str = "findings";
const SERIES: &str = "findings/series";
/// Numbers of series that no photographs have.
const SERIES_NUMBER: usize = 901;

const REPORT: Code = Code::fixed("126000", "DCM", "Imaging Measurement Report");
const LANGUAGE: Code = Code::fixed("121049", "DCM", "Language of Content Item and Descendants");
const ENGLISH: Code = Code::fixed("en-US", "RFC5646", "English (United States)");
const OBSERVER_TYPE: Code = Code::fixed("121005", "DCM", "Observer Type");
const DEVICE: Code = Code::fixed("121007", "DCM", "Device");
const DEVICE_UID: Code = Code::fixed("121012", "DCM", "Device Observer UID");
const DEVICE_NAME: Code = Code::fixed("121013", "DCM", "Device Observer Name");
const DEVICE_MANUFACTURER: Code = Code::fixed("121014", "DCM", "Device Observer Manufacturer");
const DEVICE_MODEL: Code = Code::fixed("121015", "DCM", "Device Observer Model Name");
const DEVICE_SERIAL: Code = Code::fixed("121016", "DCM", "Device Observer Serial Number");
const PROCEDURE: Code = Code::fixed("121058", "DCM", "Procedure Reported");
const MEASUREMENTS: Code = Code::fixed("126010", "DCM", "Imaging Measurements");
const GROUP: Code = Code::fixed("125007", "DCM", "Measurement Group");
const TRACKING_ID: Code = Code::fixed("112039", "DCM", "Tracking Identifier");
const TRACKING_UID: Code = Code::fixed("112040", "DCM", "Tracking Unique Identifier");
const FINDING: Code = Code::fixed("121071", "DCM", "Finding");
const FINDING_SITE: Code = Code::fixed("363698007", "SCT", "Finding Site");
const RETINA: Code = Code::fixed("5665001", "SCT", "Retina");
const SIDE: Code = Code::fixed("272741003", "SCT", "Laterality");
const RIGHT: Code = Code::fixed("24028007", "SCT", "Right");
const LEFT: Code = Code::fixed("7771000", "SCT", "Left");
const ALGORITHM: Code = Code::fixed("111001", "DCM", "Algorithm Name");
const ALGORITHM_PARAMETERS: Code = Code::fixed("111002", "DCM", "Algorithm Parameters");
const ALGORITHM_VERSION: Code = Code::fixed("111003", "DCM", "Algorithm Version");
const ASSESSMENT: Code = Code::fixed("111413", "DCM", "Overall Assessment");
const SOURCE: Code = Code::fixed("121112", "DCM", "Source of Measurement");
const EVALUATIONS: Code = Code::fixed("C0034375", "UMLS", "Qualitative Evaluations");
const CONCLUSION: Code = Code::fixed("121077", "DCM", "Conclusion");
const COMMENT: Code = Code::fixed("121106", "DCM", "Comment");

impl Study<'_> {
    /// What was found.
    ///
    /// # Errors
    /// When an identifier does not fit into DICOM.
    pub fn findings(&self) -> Result<Object, ObjectError> {
        let screening = self.export.screening();
        let series = uid::own(self.export, SERIES);
        let series = Series { modality: "SR", uid: &series, number: SERIES_NUMBER, description: "Screening findings" };
        let [completion, preliminary] =
            if screening.is_complete() { ["COMPLETE", "FINAL"] } else { ["PARTIAL", "PRELIMINARY"] };
        let document = self
            .begin(series, 1, screening.ended)?
            .sequence(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, [])
            .sequence(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, [])
            .text(tags::COMPLETION_FLAG, VR::CS, completion)
            .text(tags::PRELIMINARY_FLAG, VR::CS, preliminary)
            .text(tags::VERIFICATION_FLAG, VR::CS, "UNVERIFIED")
            .sequence_if(tags::REFERENCED_REQUEST_SEQUENCE, self.fulfilled()?)
            .sequence_if(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, self.evidence())
            .sequence_if(tags::PREDECESSOR_DOCUMENTS_SEQUENCE, self.predecessor());
        let document = sr::root(document, &REPORT, "1500", self.content());
        let uid = uid::own(self.export, PART);
        Object::new(document, uids::ENHANCED_SR_STORAGE, &uid, uids::EXPLICIT_VR_LITTLE_ENDIAN)
    }

    /// The order that this document fulfils.
    fn fulfilled(&self) -> Result<Option<Dataset>, ObjectError> {
        let Some(order) = self.order() else { return Ok(None) };
        // All have to stand there, also where nothing is known.
        let blank = Dataset::new()
            .empty(tags::REQUESTED_PROCEDURE_ID, VR::SH)
            .empty(tags::REQUESTED_PROCEDURE_DESCRIPTION, VR::LO)
            .sequence(tags::REFERENCED_STUDY_SEQUENCE, [])
            .empty(tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST, VR::LO)
            .empty(tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST, VR::LO)
            .sequence(tags::REQUESTED_PROCEDURE_CODE_SEQUENCE, []);
        Ok(Some(blank.and(self.requested(order)?)))
    }

    /// The document that this one replaces.
    fn predecessor(&self) -> Option<Dataset> {
        let document = uid::replaced(self.export, PART)?;
        let series = Dataset::new()
            .sequence(tags::REFERENCED_SOP_SEQUENCE, [referenced(uids::ENHANCED_SR_STORAGE, &document)])
            .text(tags::SERIES_INSTANCE_UID, VR::UI, uid::replaced(self.export, SERIES)?);
        let study = Dataset::new().sequence(tags::REFERENCED_SERIES_SEQUENCE, [series]).text(
            tags::STUDY_INSTANCE_UID,
            VR::UI,
            self.export.screening().study.as_str(),
        );
        Some(study)
    }

    fn content(&self) -> Vec<Item> {
        let procedure = self.export.concept(Use::Procedure).into();
        let groups = EYES.into_iter().flat_map(|eye| {
            let probabilities = self.export.site().probabilities;
            let outputs = self.export.screening().eye(eye).probabilities.iter();
            let outputs = outputs.filter(move |_| probabilities).map(move |(&of, &p)| self.probability(eye, of, p));
            [self.eye(eye)].into_iter().chain(outputs)
        });
        let mut content = vec![Item::code(Modifies, &LANGUAGE, &ENGLISH)];
        content.extend(self.observer());
        content.push(Item::code(Modifies, &PROCEDURE, &procedure));
        content.push(Item::container(&MEASUREMENTS, groups.collect()));
        content.push(self.evaluations());
        content
    }

    fn observer(&self) -> Vec<Item> {
        let instrument = &self.export.screening().instrument;
        let uid = uid::of(self.export.shared_id(&["dicom", "device", &instrument.serial, &instrument.name]));
        let mut observer = vec![Item::code(Context, &OBSERVER_TYPE, &DEVICE), Item::uid(Context, &DEVICE_UID, uid)];
        let texts = [
            (&DEVICE_NAME, instrument.name.as_str()),
            (&DEVICE_MANUFACTURER, MANUFACTURER),
            (&DEVICE_MODEL, MODEL),
            (&DEVICE_SERIAL, instrument.serial.as_str()),
        ];
        let told = texts.into_iter().filter(|(_, value)| !value.trim().is_empty());
        observer.extend(told.map(|(name, value)| Item::text(Context, name, value)));
        observer
    }

    /// What begins a group: whose it is and what judged it.
    fn group(&self, eye: Laterality, tracked: &str, finding: Option<&Code>) -> Vec<Item> {
        let bundle = &self.export.screening().bundle;
        let side = match eye {
            Laterality::Od => &RIGHT,
            Laterality::Os => &LEFT,
        };
        let uid = uid::own(self.export, &format!("findings/{tracked}"));
        let mut group = vec![Item::text(Context, &TRACKING_ID, tracked), Item::uid(Context, &TRACKING_UID, uid)];
        group.extend(finding.map(|finding| Item::code(Contains, &FINDING, finding)));
        group.extend([
            Item::code(Modifies, &FINDING_SITE, &RETINA).above(vec![Item::code(Modifies, &SIDE, side)]),
            Item::text(Modifies, &ALGORITHM, &bundle.name),
            Item::text(Modifies, &ALGORITHM_VERSION, &bundle.version),
            Item::text(Modifies, &ALGORITHM_PARAMETERS, &format!("bundle sha256:{}", bundle.digest)),
        ]);
        group
    }

    fn eye(&self, eye: Laterality) -> Item {
        let screening = self.export.screening();
        let found = screening.eye(eye);
        let nothing = screening.outputs.first().and_then(|&output| match found.said(output) {
            Said::Nothing(why) => Some(why),
            Said::Signs | Said::NoSigns | Said::Uncertain => None,
        });
        let mut group = self.group(eye, eye.as_str(), None);
        group.extend(self.quality(eye, nothing));
        let assessment = match (nothing, found.status.outcome()) {
            (Some(why), _) => why.used(),
            (None, Some(Outcome::Refer)) => Use::Refer,
            (None, Some(Outcome::NoReferableSigns)) => Use::NoReferableSigns,
            (None, Some(Outcome::NoResult) | None) => Use::NotAssessed,
        };
        group.push(Item::code(Contains, &ASSESSMENT, &self.export.concept(assessment).into()));
        if nothing.is_some() {
            group.push(Item::text(Contains, &COMMENT, &self.export.why_nothing(eye)));
        }
        for &output in &screening.outputs {
            let value = match found.said(output) {
                Said::Signs => Use::Signs,
                Said::NoSigns => Use::NoSigns,
                Said::Uncertain => Use::Uncertain,
                Said::Nothing(_) => continue,
            };
            let [name, value] = [Use::of(output), value].map(|used| Code::from(self.export.concept(used)));
            group.push(Item::code(Contains, &name, &value));
        }
        let photographs = screening.photographs.iter().filter(|photograph| photograph.eye == eye);
        group.extend(photographs.map(|photograph| Item::image(&SOURCE, reference(photograph))));
        Item::container(&GROUP, group).by_template("1501")
    }

    /// How good the photograph is; nothing where there is none.
    fn quality(&self, eye: Laterality, nothing: Option<Absent>) -> Vec<Item> {
        let value = match (self.export.screening().eye(eye).gradability, nothing) {
            (_, Some(Absent::NotPerformed)) | (None, Some(Absent::JudgingFailed)) => return Vec::new(),
            (Some(Gradability::Good), _) => Use::Good,
            (Some(Gradability::Usable), _) => Use::Usable,
            (Some(Gradability::Ungradable) | None, _) => Use::Ungradable,
        };
        let [name, value] = [Use::ImageQuality, value].map(|used| Code::from(self.export.concept(used)));
        let reasons = self.export.reasons(eye).join("; ");
        let mut items = vec![Item::code(Contains, &name, &value)];
        // Where there is no result, the comment below tells the reasons.
        if !reasons.is_empty() && nothing.is_none() {
            items.push(Item::text(Contains, &name, &reasons));
        }
        items
    }

    fn probability(&self, eye: Laterality, output: Output, probability: f64) -> Item {
        let [finding, name, unit] =
            [Use::of(output), Use::Probability, Use::ProbabilityUnit].map(|used| Code::from(self.export.concept(used)));
        let mut group = self.group(eye, &format!("{eye} {}", output.as_str()), Some(&finding));
        group.push(Item::number(&name, probability, &unit));
        Item::container(&GROUP, group).by_template("1501")
    }

    /// What both eyes say of the patient, as on the report.
    fn evaluations(&self) -> Item {
        let [name, value] = [Use::Overall, self.export.outcome()].map(|used| Code::from(self.export.concept(used)));
        let message = self.export.message();
        let mut items = vec![
            Item::code(Contains, &name, &value),
            Item::text(Contains, &CONCLUSION, &format!("{}. {}", message.title, message.action)),
        ];
        items.extend(self.export.remarks().iter().map(|remark| Item::text(Contains, &COMMENT, remark)));
        Item::container(&EVALUATIONS, items)
    }
}
