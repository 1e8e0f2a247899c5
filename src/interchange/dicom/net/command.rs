//! Command sets: what is asked and answered (PS3.7, 6.3). They are always in implicit little endian.
//!
//! Not here: the data sets that go with them.

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{InMemDicomObject, mem::InMemElement};

use super::{
    error::{NetError, Step},
    status::Status,
};
use crate::interchange::dicom::object;

pub(super) const C_STORE: u16 = 0x0001;
pub(super) const C_FIND: u16 = 0x0020;
pub(super) const C_ECHO: u16 = 0x0030;
pub(super) const C_CANCEL: u16 = 0x0fff;
pub(super) const N_EVENT_REPORT: u16 = 0x0100;
pub(super) const N_ACTION: u16 = 0x0130;
/// An answer's number is that of its request with this bit.
pub(super) const ANSWER: u16 = 0x8000;

/// There is no data set with it; any other value says that there is one.
const NO_DATA: u16 = 0x0101;
const DATA: u16 = 0x0001;
const MEDIUM_PRIORITY: u16 = 0x0000;

/// A command set.
#[derive(Debug, Clone)]
pub(super) struct Command(InMemDicomObject);

impl Command {
    /// A command of a kind, with or without a data set.
    pub(super) fn new(field: u16, with_data: bool) -> Self {
        let command = Command(InMemDicomObject::new_empty());
        command
            .number(tags::COMMAND_FIELD, field)
            .number(tags::COMMAND_DATA_SET_TYPE, if with_data { DATA } else { NO_DATA })
    }

    /// A request about a class that has a priority.
    pub(super) fn with_priority(self) -> Self {
        self.number(tags::PRIORITY, MEDIUM_PRIORITY)
    }

    /// The answer to a request that was done.
    pub(super) fn done(request: &Command) -> Self {
        let answer = Command::new(request.field() | ANSWER, false)
            .number(tags::MESSAGE_ID_BEING_RESPONDED_TO, request.get(tags::MESSAGE_ID).unwrap_or_default())
            .number(tags::STATUS, super::status::SUCCESS);
        let mirrored = [tags::AFFECTED_SOP_CLASS_UID, tags::AFFECTED_SOP_INSTANCE_UID];
        let answer = mirrored.into_iter().fold(answer, |answer, tag| match request.text(tag) {
            Some(uid) => answer.uid(tag, &uid),
            None => answer,
        });
        match request.get(tags::EVENT_TYPE_ID) {
            Some(kind) => answer.number(tags::EVENT_TYPE_ID, kind),
            None => answer,
        }
    }

    pub(super) fn number(mut self, tag: Tag, number: u16) -> Self {
        self.put(DataElement::new(tag, VR::US, PrimitiveValue::from(number)));
        self
    }

    pub(super) fn uid(mut self, tag: Tag, uid: &str) -> Self {
        self.put(DataElement::new(tag, VR::UI, PrimitiveValue::from(uid)));
        self
    }

    fn put(&mut self, element: InMemElement) {
        self.0.put(element);
    }

    /// What kind it is; 0 where it does not say.
    pub(super) fn field(&self) -> u16 {
        self.get(tags::COMMAND_FIELD).unwrap_or_default()
    }

    /// Whether a data set comes with it.
    pub(super) fn has_data(&self) -> bool {
        self.get(tags::COMMAND_DATA_SET_TYPE).is_some_and(|kind| kind != NO_DATA)
    }

    /// The status, where it is an answer.
    pub(super) fn status(&self) -> Option<Status> {
        let code = self.get(tags::STATUS)?;
        Some(Status { code, comment: self.text(tags::ERROR_COMMENT) })
    }

    /// A number.
    pub(super) fn get(&self, tag: Tag) -> Option<u16> {
        self.0.get(tag)?.to_int().ok()
    }

    /// A text or UID.
    pub(super) fn text(&self, tag: Tag) -> Option<String> {
        let text = self.0.get(tag)?.to_str().ok()?.trim_matches([' ', '\0']).to_owned();
        (!text.is_empty()).then_some(text)
    }

    pub(super) fn encoded(&self) -> Result<Vec<u8>, NetError> {
        let whole = InMemDicomObject::command_from_element_iter(self.0.iter().cloned());
        Ok(object::write(&whole, uids::IMPLICIT_VR_LITTLE_ENDIAN)?)
    }

    pub(super) fn decoded(bytes: &[u8], step: Step) -> Result<Self, NetError> {
        object::read(bytes, uids::IMPLICIT_VR_LITTLE_ENDIAN)
            .map(Command)
            .map_err(|error| NetError::Malformed { step, fact: format!("command set: {error}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_and_answers_name_their_request() {
        let request = Command::new(N_EVENT_REPORT, true)
            .number(tags::MESSAGE_ID, 7)
            .number(tags::EVENT_TYPE_ID, 2)
            .uid(tags::AFFECTED_SOP_CLASS_UID, uids::STORAGE_COMMITMENT_PUSH_MODEL);
        let request = Command::decoded(&request.encoded().unwrap(), Step::Commit).unwrap();
        assert!(request.has_data() && request.field() == N_EVENT_REPORT && request.status().is_none());
        let bytes = Command::done(&request).encoded().unwrap();
        // The first element tells the length of the rest.
        assert_eq!(bytes[..8], [0, 0, 0, 0, 4, 0, 0, 0]);
        assert_eq!(u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize, bytes.len() - 12);
        let answer = Command::decoded(&bytes, Step::Commit).unwrap();
        assert!(!answer.has_data() && answer.field() == 0x8100 && answer.status().unwrap().is_success());
        assert_eq!(answer.get(tags::MESSAGE_ID_BEING_RESPONDED_TO), Some(7));
        assert_eq!(answer.get(tags::EVENT_TYPE_ID), Some(2));
        assert_eq!(answer.text(tags::AFFECTED_SOP_CLASS_UID).unwrap(), uids::STORAGE_COMMITMENT_PUSH_MODEL);
    }
}
