//! Screenings to export: every way an eye can end, and a whole encounter made of two of them.

use std::{collections::BTreeMap, sync::LazyLock};

use ocellus::{
    decision::{self, Outcome},
    encounter::{EyeStatus, Reading, Unscreenable},
    interchange::{Codes, Eye, Instrument, Photograph, Screening, Site},
    judge::{BundleId, Judging, Why},
    station::{Order, Patient},
    store::Stamp,
};
use ocellus_model::{
    bundle::Digest,
    label::Output,
    laterality::Laterality,
    quality::{Gradability, Reason},
};

/// The report to print: a PDF of odd length, with bytes that could be taken for something else. That it is no whole one is
/// nothing to the exporters.
pub const PDF: &[u8] = b"%PDF-1.7\n\x00\xff\x0b\x1c\r\n%%EOF\n";

/// What the bundle of the samples looks for.
pub const OUTPUTS: [Output; 8] = Output::ALL;

/// The codes that ship.
pub static CODES: LazyLock<Codes> = LazyLock::new(|| Codes::shipped().expect("the shipped codes are right"));

/// Every way an eye can end, with a name for messages.
pub fn eyes() -> Vec<(&'static str, Eye)> {
    let judged = |outcome, reasons: &[Why], findings: &[Output]| {
        EyeStatus::Judged(Reading { outcome, reasons: reasons.to_vec(), findings: findings.to_vec() })
    };
    let blurred = Why::Photograph(Reason::Blurred);
    let ungradable = |reasons: &[Why]| EyeStatus::Ungradable { attempts: 3, reasons: reasons.to_vec() };
    let everything: Vec<Why> = Reason::ALL.into_iter().map(Why::Photograph).collect();
    use {Gradability::*, Outcome::*};
    vec![
        ("pending", eye(EyeStatus::Pending, None)),
        ("tried", eye(EyeStatus::Tried { attempts: 2 }, Some(Ungradable))),
        ("one sign", eye(judged(Refer, &[], &[Output::DiabeticRetinopathy]), Some(Good))),
        (
            "signs on a poor photograph",
            eye(judged(Refer, &[blurred], &[Output::Anomaly, Output::Other]), Some(Ungradable)),
        ),
        ("all signs", eye(judged(Refer, &[], &OUTPUTS), Some(Good))),
        ("uncertain", eye(judged(Refer, &[Why::Judging(Judging::Uncertain)], &[]), Some(Good))),
        ("no signs", eye(judged(NoReferableSigns, &[], &[]), Some(Good))),
        ("no signs on a usable photograph", eye(judged(NoReferableSigns, &[blurred], &[]), Some(Usable))),
        ("network failed", eye(judged(NoResult, &[Why::Judging(Judging::NetworkFailed)], &[]), Some(Good))),
        ("unreadable", eye(ungradable(&[Why::Judging(Judging::Unreadable)]), None)),
        ("no result", eye(judged(NoResult, &[blurred], &[]), Some(Ungradable))),
        ("ungradable", eye(ungradable(&everything), Some(Ungradable))),
        ("ungradable without a field", eye(ungradable(&[Why::Photograph(Reason::TooDark)]), None)),
        ("absent", eye(EyeStatus::NotScreenable(Unscreenable::EyeAbsent), None)),
        ("not positioned", eye(EyeStatus::NotScreenable(Unscreenable::CannotBePositioned), None)),
        ("declined", eye(EyeStatus::NotScreenable(Unscreenable::Declined), None)),
        ("light limit", eye(EyeStatus::NotScreenable(Unscreenable::LightLimit), None)),
    ]
}

fn eye(status: EyeStatus, gradability: Option<Gradability>) -> Eye {
    let probabilities = match status {
        EyeStatus::Judged(_) | EyeStatus::Ungradable { .. } => {
            OUTPUTS.into_iter().map(|output| (output, 0.125)).collect()
        }
        _ => BTreeMap::new(),
    };
    Eye { status, gradability, probabilities }
}

/// An eye by its name in [`eyes`].
///
/// # Panics
/// When there is none of that name.
pub fn named(name: &str) -> Eye {
    eyes().into_iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no eye {name}")).1
}

/// A whole, real screening with the disposition that follows from the eyes.
pub fn screening(right: Eye, left: Eye) -> Screening {
    let at = |unix_seconds| Stamp { unix_seconds, clock_is_set: true };
    let photographs = [(Laterality::Od, &right), (Laterality::Os, &left)].into_iter().enumerate().flat_map(
        |(number, (eye, found))| {
            let taken = !matches!(found.status, EyeStatus::Pending | EyeStatus::NotScreenable(_));
            (0..if taken { 2 } else { 0 }).map(move |again| Photograph {
                uid: format!("2.25.1{number}{again}"),
                series: format!("2.25.2{number}"),
                eye,
                taken: at(1_800_000_000 + 60 * number as i64 + again),
                digest: Digest::of(&[number as u8, again as u8]),
            })
        },
    );
    Screening {
        encounter: "2.25.329800735698586629295641978511506172918".into(),
        amends: None,
        study: "2.25.7".into(),
        order: Some(Order { study: Some("2.25.7".into()), accession: "A|4711".into(), ..Order::default() }),
        patient: Patient { id: "47^11".into(), name: "Róe & Söhne, Jane".into(), birth_date: "1961-02-28".into() },
        operator: Some("nurse|1".into()),
        instrument: Instrument {
            site: "Clinic ~ 7".into(),
            name: "one".into(),
            serial: "OC\\0001".into(),
            version: "0.1.0".into(),
        },
        bundle: BundleId { name: "vgg16".into(), version: "3".into(), digest: Digest::of(b"bundle") },
        outputs: OUTPUTS.to_vec(),
        photographs: photographs.collect(),
        disposition: decision::patient(right.status.outcome(), left.status.outcome()),
        right,
        left,
        pre_check: None,
        begun: at(1_799_999_900),
        ended: at(1_800_000_100),
        simulated: false,
        practice: false,
    }
}

/// What the site of the samples wants.
pub fn site() -> Site {
    Site {
        patient_system: "urn:oid:2.999.1".into(),
        patient_authority: "CLINIC".into(),
        receiving_application: "EHR".into(),
        receiving_facility: "CLINIC".into(),
        rescreen_months: 12,
        probabilities: false,
    }
}
