//! A screening as one HL7 v2.5.1 message: `ORU^R01`, with the report's PDF within.
//!
//! ```text
//! MSH PID OBR (NTE…)             what is, what to do, what to know
//! OBX                            the patient's outcome
//! OBX (NTE) × eye × output       what was found; without a result no value, status X and the reason
//! OBX                            the PDF, base 64
//! ```
//!
//! `OBR-25` is F (or C where it replaces another report) only when both eyes have a result, else P; until then *no signs*
//! is P too. `MSH-11` is T for what is not real. Every text is escaped; a message has no byte that MLLP or the segments
//! give a meaning.
//!
//! Not here: connections ([`mllp`] makes frames and reads answers), acknowledging what others send.

pub mod mllp;
mod segment;

use base64::{Engine, engine::general_purpose::STANDARD};
use ocellus_model::{label::Output, laterality::Laterality};

use super::{
    Said,
    codes::{Concept, OWN_HL7V2, Use},
    export::Export,
    finding::{EYES, eye_use},
    times,
};
use crate::decision::PatientDisposition;
use segment::{Segment, component, text};

/// The name of the program in messages.
const APPLICATION: &str = "OCELLUS";
/// Who gives numbers to patients that are not real.
const TEST_AUTHORITY: &str = "OCELLUS-TEST";
/// Characters of a message's control id at most, by the standard.
const CONTROL_ID_LENGTH: usize = 20;

/// The control id of the screening's message, which the answer names; the same for a resend.
pub fn control_id(export: &Export<'_>) -> String {
    let mut id = export.own_id("message").simple().to_string();
    id.truncate(CONTROL_ID_LENGTH);
    id
}

/// The screening as a message in UTF-8, segments ended by carriage returns; `pdf` is the report to print.
pub fn oru(export: &Export<'_>, pdf: &[u8]) -> Vec<u8> {
    let mut message = vec![header(export), patient(export), request(export)];
    let said = export.message();
    let remarks = [said.title, said.action].into_iter().chain(export.remarks());
    message.extend(notes(remarks));
    let mut number = 1..;
    let mut numbered = |observation: Segment| observation.set(1, number.next().unwrap_or_default().to_string());
    message.push(numbered(overall(export)));
    for eye in EYES {
        for &output in &export.screening().outputs {
            message.push(numbered(finding(export, eye, output)));
            if matches!(export.screening().eye(eye).said(output), Said::Nothing(_)) {
                message.extend(notes([export.why_nothing(eye)]));
            }
        }
    }
    message.push(numbered(document(export, pdf)));
    message.into_iter().flat_map(Segment::into_bytes).collect()
}

fn header(export: &Export<'_>) -> Segment {
    let screening = export.screening();
    let site = export.site();
    // What is not real is "training".
    let processing = if screening.is_real() { "P" } else { "T" };
    Segment::header()
        .set(3, APPLICATION)
        .set(4, text(&screening.instrument.site))
        .set(5, text(&site.receiving_application))
        .set(6, text(&site.receiving_facility))
        .set(7, times::compact(screening.ended))
        .set(9, "ORU^R01^ORU_R01")
        .set(10, control_id(export))
        .set(11, processing)
        .set(12, "2.5.1")
        .set(18, "UNICODE UTF-8")
}

fn patient(export: &Export<'_>) -> Segment {
    let screening = export.screening();
    let patient = &screening.patient;
    let authority = if screening.is_real() { export.site().patient_authority.as_str() } else { TEST_AUTHORITY };
    Segment::new("PID")
        .set(1, "1")
        .set(3, component([&patient.id, "", "", authority]))
        .set(5, name(&patient.name))
        .set(7, patient.birth_date.replace('-', ""))
}

/// A name as worklists (`Roe^Jane`) and codes (`Roe, Jane`) tell it. Where there is none the standard wants a name type
/// that says so: U.
fn name(told: &str) -> String {
    let (family, given) = told.split_once('^').or_else(|| told.split_once(',')).unwrap_or((told, ""));
    match family.trim() {
        "" => component(["", "", "", "", "", "", "U"]),
        family => component([family, given.trim()]),
    }
}

fn request(export: &Export<'_>) -> Segment {
    let screening = export.screening();
    let status = match (screening.is_complete(), &screening.amends) {
        (false, _) => "P",
        (true, Some(_)) => "C",
        (true, None) => "F",
    };
    let [begun, ended] = [screening.begun, screening.ended].map(time);
    Segment::new("OBR")
        .set(1, "1")
        .set(2, text(screening.accession()))
        .set(3, component([&export.id("report").to_string(), APPLICATION]))
        .set(4, coded(export.concept(Use::Report)))
        .set(7, begun)
        .set(8, ended.clone())
        .set(22, ended)
        .set(25, status)
}

/// A time that is believed, or nothing.
fn time(stamp: crate::store::Stamp) -> String {
    if stamp.clock_is_set { times::compact(stamp) } else { String::new() }
}

/// An observation that says nothing yet.
fn observation(export: &Export<'_>, kind: &str, of: Use) -> Segment {
    let screening = export.screening();
    let bundle = &screening.bundle;
    let method = format!("{} {} sha256:{}", bundle.name, bundle.version, bundle.digest.short());
    let instrument = &screening.instrument;
    let serial = if instrument.serial.is_empty() { &instrument.name } else { &instrument.serial };
    Segment::new("OBX")
        .set(2, kind)
        .set(3, coded(export.concept(of)))
        .set(14, time(screening.ended))
        .set(16, screening.operator.as_deref().map(text).unwrap_or_default())
        .set(17, component(["", &method]))
        .set(18, component([serial, APPLICATION]))
}

/// The mark beside what needs somebody's eyes; the standard's other mark is a word that is never said of an eye.
const ABNORMAL: &str = "A";

fn overall(export: &Export<'_>) -> Segment {
    let flag = match export.screening().disposition {
        PatientDisposition::Refer | PatientDisposition::Incomplete => ABNORMAL,
        PatientDisposition::NoReferableSigns => "",
    };
    observation(export, "CWE", Use::Overall)
        .set(5, coded(export.concept(export.outcome())))
        .set(8, flag)
        .set(11, if export.screening().is_complete() { settled(export) } else { "P" })
}

fn finding(export: &Export<'_>, eye: Laterality, output: Output) -> Segment {
    let blank = observation(export, "CWE", Use::of(output)).set(4, export.concept(eye_use(eye)).text);
    let screening = export.screening();
    let (value, flag, status) = match screening.eye(eye).said(output) {
        Said::Signs => (Use::Signs, ABNORMAL, settled(export)),
        Said::NoSigns if screening.is_complete() => (Use::NoSigns, "", settled(export)),
        Said::NoSigns => (Use::NoSigns, "", "P"),
        Said::Uncertain => (Use::Uncertain, "", settled(export)),
        Said::Nothing(_) => return blank.set(11, "X"),
    };
    blank.set(5, coded(export.concept(value))).set(8, flag).set(11, status)
}

fn document(export: &Export<'_>, pdf: &[u8]) -> Segment {
    let status = if export.screening().is_complete() { settled(export) } else { "P" };
    observation(export, "ED", Use::Report)
        .set(5, component([APPLICATION, "AP", "PDF", "Base64", &STANDARD.encode(pdf)]))
        .set(11, status)
}

/// The status of what will not change.
fn settled(export: &Export<'_>) -> &'static str {
    if export.screening().amends.is_some() { "C" } else { "F" }
}

/// Remarks to what stands before.
fn notes(texts: impl IntoIterator<Item = String>) -> impl Iterator<Item = Segment> {
    let written = texts.into_iter().filter(|remark| !remark.is_empty());
    (1..).zip(written).map(|(number, remark): (u32, _)| {
        Segment::new("NTE").set(1, number.to_string()).set(2, "L").set(3, text(&remark))
    })
}

/// Code, text and system; where there is a system's code, the program's own stands beside it.
fn coded(concept: Concept<'_>) -> String {
    let Concept { text, own, coded } = concept;
    match coded {
        Some(coded) => component([
            &coded.code,
            &coded.display,
            &coded.hl7v2,
            own,
            text,
            OWN_HL7V2,
            coded.version.as_deref().unwrap_or_default(),
            "",
            text,
        ]),
        None => component([own, text, OWN_HL7V2]),
    }
}
