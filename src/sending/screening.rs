//! An encounter of the record as the exporters want it.
//!
//! UIDs come from the record's own name and the encounter's: the same after a restart and in a restored backup, and another
//! for every other device, also where two devices were given one name.
//!
//! Not here: the bytes of photographs and reports.

use std::collections::{BTreeMap, HashMap};

use ocellus_model::{bundle::Digest, label::Output, laterality::Laterality, quality::Gradability};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    decision::PatientDisposition,
    encounter::{Agent, EyeStatus, Question, Reading, Stage, Unscreenable},
    interchange::{
        Eye, Instrument, Photograph, Screening,
        dicom::{Pupil, Taking, uid},
    },
    judge::{BundleId, Judging, Why},
    record::{Device, Encounter},
    store::Begun,
};

/// All UIDs of encounters are UUIDs of version 5 below this one.
const NAMESPACE: Uuid = Uuid::from_u128(0x0d9b_6c1e_43a7_4f02_9b1d_6a55_21c8_e0f4);

/// Why an encounter has nothing to be sent. No message names the patient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAScreening {
    /// It has no result.
    #[error("the encounter is {0}: only one with a result is sent")]
    NoResult(String),
    /// What is stored of it can't be understood.
    #[error("what the record holds of {what} is not as this program writes it: {reason}")]
    Unreadable {
        /// Of what.
        what: &'static str,
        /// Why.
        reason: String,
    },
}

/// A photograph of a screening: which of the record it is, and how it was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The eye it was taken of.
    pub eye: Laterality,
    /// Its number, from 1.
    pub attempt: u32,
    /// How it was taken.
    pub taking: Taking,
}

/// The end of an encounter as stored.
#[derive(Debug, Deserialize)]
struct Ended {
    bundle: Bundle,
    /// Programs up to 0.1.0 did not store it.
    #[serde(default)]
    looks_for: Vec<Output>,
    end: End,
}

#[derive(Debug, Deserialize)]
struct Bundle {
    name: String,
    version: String,
    digest: Digest,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
enum End {
    Result {
        right: Status,
        left: Status,
        patient: Outcome,
        #[serde(default)]
        pre_check: Option<Question>,
    },
    Aborted,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status")]
enum Status {
    Pending,
    Tried { attempts: u32 },
    Judged(Reading),
    Ungradable { attempts: u32, reasons: Vec<Why> },
    NotScreenable { reason: Unscreenable },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Refer,
    NoReferableSigns,
    Incomplete,
}

/// A photograph as stored.
#[derive(Debug, Deserialize)]
struct Payload {
    taken: Taken,
    judged: Judged,
}

#[derive(Debug, Deserialize)]
struct Taken {
    stage: Stage,
    #[serde(default)]
    agent: Option<Agent>,
}

#[derive(Debug, Deserialize)]
struct Judged {
    reasons: Vec<Why>,
    quality: Quality,
    probabilities: BTreeMap<Output, f64>,
}

/// Empty where it could not be assessed.
#[derive(Debug, Deserialize)]
struct Quality {
    #[serde(default)]
    gradability: Option<Gradability>,
}

/// An encounter of the record called `record`, and its photographs in the same order as the screening has them. Those that
/// were withdrawn, or could not be read, are not among them.
///
/// # Errors
/// When it has no result, or what is stored of it is not as this program writes it.
pub fn screening(record: [u8; 16], encounter: &Encounter) -> Result<(Screening, Vec<Shown>), NotAScreening> {
    let summary = &encounter.summary;
    let no_result = || NotAScreening::NoResult(summary.state.clone());
    let (Some(body), Some(ended), "ended") = (&encounter.ended, summary.ended, summary.state.as_str()) else {
        return Err(no_result());
    };
    let Ended { bundle, looks_for, end } = read("its end", body)?;
    let End::Result { right, left, patient, pre_check } = end else { return Err(no_result()) };
    let device: Device = read("the device", &encounter.device)?;
    let Begun { order, amended } = begun(encounter)?;
    // An archive would keep what it was sent of somebody else under the same UIDs.
    let again = if amended == 0 { String::new() } else { format!("amended/{amended}/") };
    let original = |part: &str| {
        let name = format!("{}/{}/{part}", hex::encode(record), summary.name);
        uid(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
    };
    let named = |part: &str| original(&format!("{again}{part}"));
    let (mut photographs, mut shown, mut newest) = (Vec::new(), Vec::new(), HashMap::new());
    for stored in encounter.photographs.iter().filter(|stored| !stored.withdrawn) {
        let Payload { taken, judged } = read("a photograph", &stored.payload)?;
        let unreadable = judged.reasons.contains(&Why::Judging(Judging::Unreadable));
        let (eye, attempt) = (stored.eye, stored.attempt);
        let before = newest.get(&eye).map_or(0, |(before, _): &(u32, Judged)| *before);
        if attempt > before {
            newest.insert(eye, (attempt, judged));
        }
        if unreadable {
            continue;
        }
        photographs.push(Photograph {
            uid: named(&format!("photograph/{eye}/{attempt}")),
            series: named(&format!("series/{eye}")),
            eye,
            taken: stored.at,
            digest: read("a photograph", &Value::String(stored.digest.clone()))?,
        });
        shown.push(Shown { eye, attempt, taking: taking(&taken) });
    }
    let outputs = if looks_for.is_empty() { seen(&newest) } else { looks_for };
    let mut eye = |eye: Laterality, status: Status| {
        let judged = newest.remove(&eye).map(|(_, judged)| judged);
        Eye {
            status: status.into(),
            gradability: judged.as_ref().and_then(|judged| judged.quality.gradability),
            probabilities: judged.map(|judged| judged.probabilities).unwrap_or_default(),
        }
    };
    let screening = Screening {
        encounter: named("encounter"),
        amends: (amended > 0).then(|| original("encounter")),
        study: order.as_ref().and_then(|order| order.study.clone()).unwrap_or_else(|| named("study")),
        order,
        patient: summary.patient.clone(),
        operator: summary.operator.clone(),
        instrument: Instrument { site: device.site, name: device.name, serial: String::new(), version: device.version },
        bundle: BundleId { name: bundle.name, version: bundle.version, digest: bundle.digest },
        outputs,
        right: eye(Laterality::Od, right),
        left: eye(Laterality::Os, left),
        photographs,
        disposition: match patient {
            Outcome::Refer => PatientDisposition::Refer,
            Outcome::NoReferableSigns => PatientDisposition::NoReferableSigns,
            Outcome::Incomplete => PatientDisposition::Incomplete,
        },
        pre_check,
        begun: summary.begun,
        ended,
        simulated: device.simulated,
        practice: summary.practice,
    };
    Ok((screening, shown))
}

/// What was stored at the beginning; where that was nothing, nothing was ordered or amended.
///
/// # Errors
/// When it is not as this program writes it.
pub(crate) fn begun(encounter: &Encounter) -> Result<Begun, NotAScreening> {
    read("its beginning", &encounter.begun).map(Option::unwrap_or_default)
}

/// What a bundle looks for, as far as the photographs tell.
fn seen(judged: &HashMap<Laterality, (u32, Judged)>) -> Vec<Output> {
    let mut outputs: Vec<Output> =
        judged.values().flat_map(|(_, judged)| judged.probabilities.keys().copied()).collect();
    outputs.sort_unstable();
    outputs.dedup();
    outputs
}

fn taking(taken: &Taken) -> Taking {
    let pupil = match taken.stage {
        Stage::Undilated | Stage::SmallPupil => Pupil::Natural,
        Stage::Dilated => Pupil::Dilated(taken.agent.into_iter().collect()),
    };
    Taking { pupil: Some(pupil), ..Taking::default() }
}

impl From<Status> for EyeStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => EyeStatus::Pending,
            Status::Tried { attempts } => EyeStatus::Tried { attempts },
            Status::Judged(reading) => EyeStatus::Judged(reading),
            Status::Ungradable { attempts, reasons } => EyeStatus::Ungradable { attempts, reasons },
            Status::NotScreenable { reason } => EyeStatus::NotScreenable(reason),
        }
    }
}

fn read<T: for<'de> Deserialize<'de>>(what: &'static str, value: &Value) -> Result<T, NotAScreening> {
    T::deserialize(value).map_err(|error| NotAScreening::Unreadable { what, reason: error.to_string() })
}
