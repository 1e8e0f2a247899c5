//! Screenings to send, as those of `tests/interchange/samples.rs`, with photographs that have pixels.

use std::{collections::BTreeMap, sync::LazyLock};

use image::{ImageFormat, Rgb, RgbImage};
use ocellus::{
    decision::{self, Outcome},
    encounter::{Agent, EyeStatus, Reading, Unscreenable},
    interchange::{
        Codes, Export, Eye, Instrument, Photograph, Purpose, Screening, Site,
        dicom::{Field, Object, Order, Pupil, Study, Taking},
    },
    judge::{BundleId, Judging, Why},
    station::Patient,
    store::Stamp,
};
use ocellus_model::{
    bundle::Digest,
    label::Output,
    laterality::Laterality,
    quality::{Gradability, Reason},
};

pub(crate) static CODES: LazyLock<Codes> = LazyLock::new(|| Codes::shipped().expect("the shipped codes are right"));

/// A PDF of odd length, with bytes that could be taken for something else.
pub(crate) const PDF: &[u8] = b"%PDF-1.7\n\x00\xff\x0b\x1c\r\n%%EOF\n";

/// Width and height of the photographs: odd, so that padding is seen.
pub(crate) const SIZE: (u32, u32) = (67, 65);

/// A picture that differs with its number.
pub(crate) fn picture(number: u8) -> RgbImage {
    RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| Rgb([(4 * x) as u8, (5 * y) as u8, number.wrapping_mul(40)]))
}

/// A baseline JPEG as cameras make them.
pub(crate) fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    encoder.encode(picture.as_raw(), width, height, jpeg_encoder::ColorType::Rgb).expect("it can be encoded");
    bytes
}

/// A PNG, which DICOM does not know.
pub(crate) fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).expect("it can be encoded");
    bytes.into_inner()
}

/// Every way an eye can end, with a name for messages.
pub(crate) fn eyes() -> Vec<(&'static str, Eye)> {
    let judged = |outcome, reasons: &[Why], findings: &[Output]| {
        EyeStatus::Judged(Reading { outcome, reasons: reasons.to_vec(), findings: findings.to_vec() })
    };
    let blurred = Why::Photograph(Reason::Blurred);
    let ungradable = |reasons: &[Why]| EyeStatus::Ungradable { attempts: 3, reasons: reasons.to_vec() };
    use {Gradability::*, Outcome::*};
    vec![
        ("pending", eye(EyeStatus::Pending, None)),
        ("tried", eye(EyeStatus::Tried { attempts: 2 }, Some(Ungradable))),
        ("one sign", eye(judged(Refer, &[], &[Output::DiabeticRetinopathy]), Some(Good))),
        ("signs on a poor photograph", eye(judged(Refer, &[blurred], &[Output::Other]), Some(Ungradable))),
        ("all signs", eye(judged(Refer, &[], &Output::ALL), Some(Good))),
        ("uncertain", eye(judged(Refer, &[Why::Judging(Judging::Uncertain)], &[]), Some(Good))),
        ("no signs", eye(judged(NoReferableSigns, &[], &[]), Some(Good))),
        ("no signs on a usable photograph", eye(judged(NoReferableSigns, &[blurred], &[]), Some(Usable))),
        ("network failed", eye(judged(NoResult, &[Why::Judging(Judging::NetworkFailed)], &[]), Some(Good))),
        ("unreadable", eye(ungradable(&[Why::Judging(Judging::Unreadable)]), None)),
        ("ungradable", eye(ungradable(&[blurred, Why::Photograph(Reason::TooDark)]), Some(Ungradable))),
        ("absent", eye(EyeStatus::NotScreenable(Unscreenable::EyeAbsent), None)),
        ("declined", eye(EyeStatus::NotScreenable(Unscreenable::Declined), None)),
    ]
}

fn eye(status: EyeStatus, gradability: Option<Gradability>) -> Eye {
    let probabilities = match status {
        EyeStatus::Judged(_) | EyeStatus::Ungradable { .. } => Output::ALL.into_iter().map(|of| (of, 0.125)).collect(),
        _ => BTreeMap::new(),
    };
    Eye { status, gradability, probabilities }
}

/// An eye by its name in [`eyes`].
pub(crate) fn named(name: &str) -> Eye {
    eyes().into_iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no eye {name}")).1
}

/// The stored bytes of a photograph: the first of an eye is a JPEG, the second a PNG.
pub(crate) fn stored(number: u8) -> Vec<u8> {
    if number.is_multiple_of(2) { jpeg(&picture(number)) } else { png(&picture(number)) }
}

/// A whole, real screening; each eye that was photographed has a JPEG and a PNG.
pub(crate) fn screening(right: Eye, left: Eye) -> Screening {
    let at = |unix_seconds| Stamp { unix_seconds, clock_is_set: true };
    let photographs =
        [(Laterality::Od, &right), (Laterality::Os, &left)].into_iter().zip(0_u8..).flat_map(|((eye, found), side)| {
            let taken = !matches!(found.status, EyeStatus::Pending | EyeStatus::NotScreenable(_));
            (0..if taken { 2_u8 } else { 0 }).map(move |again| Photograph {
                uid: format!("2.25.1{side}{again}"),
                series: format!("2.25.2{side}"),
                eye,
                taken: at(1_800_000_000 + 60 * i64::from(side) + i64::from(again)),
                digest: Digest::of(&stored(2 * side + again)),
            })
        });
    Screening {
        encounter: "2.25.329800735698586629295641978511506172918".into(),
        amends: None,
        study: "2.25.7".into(),
        accession: "A|4711".into(),
        patient: Patient { id: "47^11".into(), name: "Róe & Söhne, Jane".into(), birth_date: "1961-02-28".into() },
        operator: Some("nurse|1".into()),
        instrument: Instrument {
            site: "Clinic ~ 7".into(),
            name: "one".into(),
            serial: "OC\\0001".into(),
            version: "0.1.0".into(),
        },
        bundle: BundleId { name: "vgg16".into(), version: "3".into(), digest: Digest::of(b"bundle") },
        outputs: Output::ALL.to_vec(),
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
pub(crate) fn site() -> Site {
    Site {
        patient_system: "urn:oid:2.999.1".into(),
        patient_authority: "CLINIC".into(),
        receiving_application: String::new(),
        receiving_facility: String::new(),
        rescreen_months: 12,
        probabilities: true,
    }
}

/// What the worklist said.
pub(crate) fn order() -> Order {
    Order {
        procedure_id: "RP1".into(),
        procedure_description: "Retinal screening, both eyes".into(),
        step_id: "SPS1".into(),
        step_description: "Fundus photographs".into(),
    }
}

/// How the photographs were taken.
pub(crate) fn taking(number: usize) -> Taking {
    let dilated = |agents: &[Agent]| Some(Pupil::Dilated(agents.to_vec()));
    let pupil = match number % 4 {
        0 => Some(Pupil::Natural),
        1 => dilated(&[Agent::Tropicamide, Agent::Phenylephrine]),
        2 => dilated(&[]),
        _ => None,
    };
    let field = [Some(Field::Macula), Some(Field::Disc), None][number % 3];
    Taking { field, field_of_view_deg: (number != 3).then_some(45.0), pupil }
}

/// One photograph as large as cameras make them, as an object of plain pixels; and how many bytes of pixels it has.
pub(crate) fn large() -> (Object, usize) {
    let picture = RgbImage::from_fn(2500, 2400, |x, y| Rgb([(x / 10) as u8, (y / 10) as u8, (x ^ y) as u8]));
    let bytes = png(&picture);
    let mut screening = usual();
    screening.photographs[0].digest = Digest::of(&bytes);
    let site = site();
    let export = Export::new(&screening, &site, &CODES, Purpose::Care).expect("the sample may be exported");
    let study = Study::new(&export, None);
    let object = study.photograph(&screening.photographs[0], &bytes, &Taking::default());
    (object.expect("the photograph becomes an object"), picture.as_raw().len())
}

/// Every object of a screening, photographs first.
pub(crate) fn objects(screening: &Screening) -> Vec<Object> {
    let site = site();
    let export = Export::new(screening, &site, &CODES, Purpose::Testing).expect("the sample may be exported");
    let order = order();
    let study = Study::new(&export, Some(&order));
    let photographs = screening.photographs.iter().enumerate().map(|(number, photograph)| {
        let side = if photograph.eye == Laterality::Od { 0 } else { 2 };
        let again: u8 = photograph.uid.ends_with('1').into();
        study.photograph(photograph, &stored(side + again), &taking(number)).expect("the photograph becomes an object")
    });
    let mut objects: Vec<Object> = photographs.collect();
    objects.push(study.report(PDF).expect("the report becomes an object"));
    objects.push(study.findings().expect("the findings become an object"));
    objects
}

/// The usual screening: signs in the right eye, none in the left.
pub(crate) fn usual() -> Screening {
    screening(named("one sign"), named("no signs"))
}
