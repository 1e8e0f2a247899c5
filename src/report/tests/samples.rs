//! Reports to test with: every outcome of either eye, plain and with everything as long as it can be.

use image::{Rgb, RgbImage};
use ocellus_model::{
    bundle::Digest,
    field::Field,
    label::Output,
    quality::{Gradability, Reason},
};

use super::super::{Eye, Paper, Report, Thumbnail};
use crate::{
    decision::{Outcome, PatientDisposition},
    encounter::{Agent, EyeStatus, Question, Reading, Unscreenable},
    judge::{BundleId, Judging, Why},
    language::Language,
    station::Patient,
    store::{Device, Stamp},
};

/// 28 November 2026, 10:40 UTC.
pub(super) const AT: Stamp = Stamp { unix_seconds: 1_795_862_400, clock_is_set: true };

/// An eye-like picture, which the phantom would draw better and slower.
pub(super) fn thumbnail(shade: u8) -> Option<Thumbnail> {
    let picture = RgbImage::from_fn(600, 600, |x, y| {
        let (dx, dy) = (f64::from(x) - 300.0, f64::from(y) - 300.0);
        let disc = ((f64::from(x) - 410.0).powi(2) + (f64::from(y) - 290.0).powi(2)).sqrt() < 45.0;
        match dx.hypot(dy) {
            r if r > 290.0 => Rgb([0, 0, 0]),
            _ if disc => Rgb([250, 220, 150]),
            r => Rgb([(210.0 - r / 4.0) as u8, 100 - shade.min(90), 40]),
        }
    });
    let field = Field { centre_x: 300.0, centre_y: 300.0, radius: 290.0, visible_radius: 290.0, confidence: 1.0 };
    Thumbnail::of(&picture, Some(&field))
}

pub(super) fn judged(outcome: Outcome, findings: &[Output], reasons: &[Why]) -> EyeStatus {
    EyeStatus::Judged(Reading { outcome, reasons: reasons.to_vec(), findings: findings.to_vec() })
}

pub(super) fn eye(status: EyeStatus) -> Eye {
    let (gradability, photographs) = match &status {
        EyeStatus::Judged(reading) if reading.reasons.is_empty() => (Some(Gradability::Good), 1),
        EyeStatus::Judged(_) => (Some(Gradability::Usable), 2),
        EyeStatus::Ungradable { attempts, .. } | EyeStatus::Tried { attempts } => {
            (Some(Gradability::Ungradable), *attempts)
        }
        EyeStatus::Pending | EyeStatus::NotScreenable(_) => (None, 0),
    };
    Eye { status, gradability, photographs, agent: None, thumbnail: None }
}

pub(super) fn no_signs() -> Eye {
    Eye { thumbnail: thumbnail(30), ..eye(judged(Outcome::NoReferableSigns, &[], &[])) }
}

pub(super) fn report(language: Language, right: Eye, left: Eye, outcome: PatientDisposition) -> Report {
    Report {
        language,
        paper: Paper::A4,
        id: "R-2026-000417".to_owned(),
        replaces: None,
        device: Device {
            site: "Health Post Kibera North".to_owned(),
            name: "ocellus-07".to_owned(),
            version: "0.1.0".to_owned(),
            simulated: false,
        },
        bundle: BundleId { name: "brset".to_owned(), version: "1.2.0".to_owned(), digest: Digest::of(b"bundle") },
        looked_for: Output::ALL[..4].to_vec(),
        patient: Patient { id: "4711-A".to_owned(), name: "Roe, Jane".to_owned(), birth_date: "1961-02-28".to_owned() },
        practice: false,
        encounter: "000417".to_owned(),
        at: AT,
        operator: Some("op-3".to_owned()),
        pre_check: None,
        right,
        left,
        outcome,
        screen_again_months: 12,
        examined_within_weeks: Some(4),
    }
}

/// Every status an eye can have at the end, with the longest lists.
pub(super) fn statuses() -> Vec<EyeStatus> {
    let mut all = vec![
        EyeStatus::Pending,
        EyeStatus::Tried { attempts: 1 },
        EyeStatus::Ungradable {
            attempts: 15,
            reasons: Reason::ALL[1..6].iter().copied().map(Why::Photograph).collect(),
        },
        judged(Outcome::NoReferableSigns, &[], &[]),
        judged(Outcome::NoReferableSigns, &[], &[Why::Photograph(Reason::UnevenLight)]),
        judged(Outcome::NoResult, &[], &[Why::Judging(Judging::NetworkFailed)]),
        judged(Outcome::Refer, &[], &[Why::Judging(Judging::Uncertain)]),
    ];
    all.extend(
        (1..=8).map(|count| judged(Outcome::Refer, &Output::ALL[..count], &[Why::Photograph(Reason::OffCentre)])),
    );
    all.extend(
        [Unscreenable::EyeAbsent, Unscreenable::CannotBePositioned, Unscreenable::Declined, Unscreenable::LightLimit]
            .map(EyeStatus::NotScreenable),
    );
    all
}

/// What two eyes say of a patient.
pub(super) fn outcome(right: &EyeStatus, left: &EyeStatus) -> PatientDisposition {
    match [right.outcome(), left.outcome()] {
        [Some(Outcome::NoReferableSigns), Some(Outcome::NoReferableSigns)] => PatientDisposition::NoReferableSigns,
        eyes if eyes.contains(&Some(Outcome::Refer)) => PatientDisposition::Refer,
        _ => PatientDisposition::Incomplete,
    }
}

/// Everything as long as it can be.
pub(super) fn longest(report: Report) -> Report {
    Report {
        id: "R".repeat(64),
        replaces: Some("Q".repeat(64)),
        device: Device {
            site: "Centre de santé ".repeat(6)[..80].trim().to_owned(),
            name: "w".repeat(40),
            version: "10.20.30-rc.1".to_owned(),
            simulated: true,
        },
        looked_for: vec![],
        patient: Patient {
            id: "9".repeat(64),
            name: "Wolfeschlegelsteinhausenbergerdorff, Maria-Magdalena Friederike Constanze Wilhelmina".to_owned(),
            ..report.patient
        },
        practice: true,
        encounter: "7".repeat(64),
        at: Stamp { clock_is_set: false, ..AT },
        operator: Some("operator ".repeat(6)),
        ..report
    }
}

/// Reports of every outcome and pair of eyes, plain and as long as can be.
pub(super) fn every_kind(language: Language) -> Vec<Report> {
    let statuses = statuses();
    let mut all = Vec::new();
    for (number, right) in statuses.iter().enumerate() {
        // Each with another, and with the longest.
        for other in [(number + 5) % statuses.len(), 14] {
            let left = &statuses[other];
            let mut one = report(language, eye(right.clone()), eye(left.clone()), outcome(right, left));
            one.left.agent = Some(Agent::Phenylephrine);
            all.push(one);
        }
    }
    for question in Question::ALL {
        let unseen = || eye(EyeStatus::Pending);
        all.push(Report {
            pre_check: Some(question),
            ..report(language, unseen(), unseen(), PatientDisposition::Refer)
        });
    }
    let long: Vec<Report> = all.iter().cloned().map(longest).collect();
    all.into_iter().chain(long).collect()
}
