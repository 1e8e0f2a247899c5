//! The worklist (PS3.4, K): who is to be photographed, by C-FIND.
//!
//! Not here: keeping it for when the network is away, and choosing a patient from it.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::{
    association::{Asked, Association, Context, PLAIN, Proposal},
    command::{C_CANCEL, C_FIND, Command},
    error::{NetError, Step},
    peer::{AeTitle, Peer},
    wire::Message,
};
use crate::{
    interchange::{
        dicom::{dataset::Dataset, object, text},
        export,
    },
    station::{Expected, Order, Patient},
};

const CLASS: &str = uids::MODALITY_WORKLIST_INFORMATION_MODEL_FIND;
/// Answers that are read after the request to stop.
const AFTER_CANCEL_MAX: usize = 1000;

/// What is asked for. What is none is not asked about; `*` and `?` in a text stand for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The modality: `OP`.
    pub modality: Option<String>,
    /// The AE title that steps are scheduled for.
    pub station: Option<AeTitle>,
    /// The first and the last day, `YYYY-MM-DD`, in the clinic's time.
    pub days: Option<[String; 2]>,
    /// The patient's number.
    pub patient: Option<String>,
    /// The accession number.
    pub accession: Option<String>,
    /// Entries that are read at most.
    pub entries_max: usize,
}

impl Default for Query {
    /// Every step of ophthalmic photography, 500 at most.
    fn default() -> Self {
        let modality = Some("OP".to_owned());
        Query { modality, station: None, days: None, patient: None, accession: None, entries_max: 500 }
    }
}

/// What the peer has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The entries, in its order.
    pub entries: Vec<Expected>,
    /// Entries that cannot be read, or whose patient has no number.
    pub unusable: usize,
    /// Whether it has more than were asked for.
    pub has_more: bool,
}

/// Asks a peer for its worklist.
///
/// # Errors
/// When the peer cannot be asked, does not want to be, or fails; or a day is not one.
pub fn find(peer: &Peer, query: &Query) -> Result<Found, NetError> {
    let identifier = identifier(query)?;
    let mut association = Association::request(peer, &[Proposal { class: CLASS, syntaxes: PLAIN }])?;
    let found = association.context(CLASS, PLAIN).and_then(|context| {
        let data = object::write(&identifier, &context.syntax)?;
        let command = Command::new(C_FIND, true).with_priority().uid(tags::AFFECTED_SOP_CLASS_UID, CLASS);
        let asked = association.ask(context.id, command, Some(&data), Step::Find)?;
        collect(&mut association, &context, asked, query.entries_max, peer)
    });
    association.finish(found)
}

fn collect(
    association: &mut Association,
    context: &Context,
    asked: Asked,
    entries_max: usize,
    peer: &Peer,
) -> Result<Found, NetError> {
    let mut found = Found::default();
    let mut after_cancel = 0;
    loop {
        let (status, message) = association.answer(asked)?;
        if !status.is_pending() {
            // Cancelled is what we asked for, where we did.
            return match status {
                status if status.is_success() || found.has_more => Ok(found),
                status => Err(NetError::Failed { step: Step::Find, status }),
            };
        }
        if found.has_more {
            after_cancel += 1;
            if after_cancel > AFTER_CANCEL_MAX {
                let fact = "answers go on after the request to stop".to_owned();
                return Err(NetError::Malformed { step: Step::Find, fact });
            }
        } else if found.entries.len() + found.unusable >= entries_max {
            found.has_more = true;
            let cancel = Command::new(C_CANCEL, false).number(tags::MESSAGE_ID_BEING_RESPONDED_TO, asked.id);
            association.wire().send(context.id, &cancel, None, Step::Find, peer.times.send)?;
        } else {
            match entry(&message, &context.syntax) {
                Some(entry) => found.entries.push(entry),
                None => found.unusable += 1,
            }
        }
    }
}

/// What to match, and what to tell of each match.
fn identifier(query: &Query) -> Result<InMemDicomObject, NetError> {
    let told = |text: &Option<String>| text.clone().unwrap_or_default();
    let days = match &query.days {
        None => String::new(),
        Some(days) => {
            let [first, last] = [&days[0], &days[1]].map(|day| text::day(day));
            if first.is_empty() || last.is_empty() {
                return Err(NetError::Unwritable { reason: format!("days {days:?}, expected YYYY-MM-DD") });
            }
            if first == last { first } else { format!("{first}-{last}") }
        }
    };
    let station = query.station.as_ref().map(AeTitle::to_string).unwrap_or_default();
    let step = Dataset::new()
        .text(tags::MODALITY, VR::CS, told(&query.modality))
        .text(tags::SCHEDULED_STATION_AE_TITLE, VR::AE, station)
        .text(tags::SCHEDULED_PROCEDURE_STEP_START_DATE, VR::DA, days)
        .empty(tags::SCHEDULED_PROCEDURE_STEP_START_TIME, VR::TM)
        .empty(tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION, VR::LO)
        .empty(tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH);
    let identifier = Dataset::new()
        .text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192")
        .text(tags::ACCESSION_NUMBER, VR::SH, told(&query.accession))
        .empty(tags::PATIENT_NAME, VR::PN)
        .text(tags::PATIENT_ID, VR::LO, told(&query.patient))
        .empty(tags::PATIENT_BIRTH_DATE, VR::DA)
        .empty(tags::STUDY_INSTANCE_UID, VR::UI)
        .empty(tags::REQUESTED_PROCEDURE_DESCRIPTION, VR::LO)
        .empty(tags::REQUESTED_PROCEDURE_ID, VR::SH)
        .sequence(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, [step]);
    Ok(identifier.into_inner())
}

/// Reads an entry; none where it cannot be read or its patient has no number.
fn entry(message: &Message, syntax: &str) -> Option<Expected> {
    let found = object::read(message.data.as_deref()?, syntax).ok()?;
    let step = found.get(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE).and_then(|element| element.items()?.first());
    let of_step = |tag| step.map(|step| text_of(step, tag)).unwrap_or_default();
    let patient = Patient {
        id: text_of(&found, tags::PATIENT_ID),
        name: alphabetic(&text_of(&found, tags::PATIENT_NAME)),
        birth_date: day(&text_of(&found, tags::PATIENT_BIRTH_DATE)),
    };
    if patient.id.is_empty() {
        return None;
    }
    Some(Expected {
        patient,
        order: Some(Order {
            study: Some(text_of(&found, tags::STUDY_INSTANCE_UID)).filter(|uid| export::is_uid(uid)),
            accession: text_of(&found, tags::ACCESSION_NUMBER),
            procedure_id: text_of(&found, tags::REQUESTED_PROCEDURE_ID),
            procedure_description: text_of(&found, tags::REQUESTED_PROCEDURE_DESCRIPTION),
            step_id: of_step(tags::SCHEDULED_PROCEDURE_STEP_ID),
            step_description: of_step(tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION),
        }),
        day: day(&of_step(tags::SCHEDULED_PROCEDURE_STEP_START_DATE)),
        time: time(&of_step(tags::SCHEDULED_PROCEDURE_STEP_START_TIME)),
    })
}

fn text_of(data: &InMemDicomObject, tag: Tag) -> String {
    let text = data.get(tag).and_then(|element| element.to_str().ok());
    text.map(|text| text.trim_matches([' ', '\0']).to_owned()).unwrap_or_default()
}

/// A name in its first writing that says anything: alphabetic, ideographic, phonetic.
fn alphabetic(name: &str) -> String {
    let mut writings = name.split('=').map(|writing| writing.trim_end_matches(['^', ' ']));
    writings.find(|writing| !writing.is_empty()).unwrap_or_default().to_owned()
}

/// `19610228` as `1961-02-28`; empty for anything else. Old entries have dots.
fn day(dicom: &str) -> String {
    let digits = dicom.replace('.', "");
    match digits.as_bytes() {
        [y @ .., m1, m2, d1, d2] if y.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            let [m1, m2, d1, d2] = [m1, m2, d1, d2].map(|&byte| char::from(byte));
            format!("{}-{m1}{m2}-{d1}{d2}", &digits[..4])
        }
        _ => String::new(),
    }
}

/// `093000.000` as `09:30`; empty for anything that is no time of a day.
fn time(dicom: &str) -> String {
    match dicom.as_bytes() {
        [h1, h2, m1, m2, ..] if [h1, h2, m1, m2].into_iter().all(u8::is_ascii_digit) => {
            format!("{}:{}", &dicom[..2], &dicom[2..4])
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_times_and_names_are_read_as_people_write_them() {
        for (dicom, iso) in
            [("19610228", "1961-02-28"), ("1961.02.28", "1961-02-28"), ("1961", ""), ("", ""), ("196102é", "")]
        {
            assert_eq!(day(dicom), iso);
        }
        for (dicom, clock) in [("0930", "09:30"), ("093000.000", "09:30"), ("9", ""), ("", ""), ("ééé", "")] {
            assert_eq!(time(dicom), clock);
        }
        for (name, first) in [
            ("Roe^Jane", "Roe^Jane"),
            ("Roe^Jane^^^", "Roe^Jane"),
            ("=山田^太郎", "山田^太郎"),
            ("A=B=C", "A"),
            ("", ""),
        ] {
            assert_eq!(alphabetic(name), first);
        }
    }

    #[test]
    fn a_query_says_what_it_matches_and_refuses_days_that_are_none() {
        let days =
            |first: &str, last: &str| Query { days: Some([first.to_owned(), last.to_owned()]), ..Query::default() };
        let asked = |query: &Query| {
            let identifier = identifier(query).unwrap();
            let step = identifier.get(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE).unwrap().items().unwrap()[0].clone();
            (text_of(&step, tags::MODALITY), text_of(&step, tags::SCHEDULED_PROCEDURE_STEP_START_DATE))
        };
        assert_eq!(asked(&Query::default()), ("OP".to_owned(), String::new()));
        assert_eq!(asked(&days("2026-11-27", "2026-11-29")).1, "20261127-20261129");
        assert_eq!(asked(&days("2026-11-28", "2026-11-28")).1, "20261128");
        assert!(identifier(&days("today", "2026-11-28")).unwrap_err().to_string().contains("YYYY-MM-DD"));
    }
}
