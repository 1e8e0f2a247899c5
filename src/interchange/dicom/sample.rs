//! A photograph of nobody, to try whether a peer takes one.
//!
//! Not here: sending it.

use std::collections::BTreeMap;

use dicom_dictionary_std::uids;
use image::{Rgb, RgbImage};
use ocellus_model::{bundle::Digest, label::Output, laterality::Laterality};
use uuid::Uuid;

use super::{
    object::{Object, ObjectError},
    photograph::{self, Taking},
    profile::Profile,
    study::Study,
    uid,
};
use crate::{
    decision::PatientDisposition,
    encounter::EyeStatus,
    interchange::{Codes, Export, Eye, Instrument, Photograph, Purpose, Screening, Site},
    judge::BundleId,
    station::Patient,
    store::Stamp,
};

const SIZE: u32 = 64;
/// A device's sample is always the same object, so trying again leaves no second one in the archive.
const NAMESPACE: Uuid = Uuid::from_u128(0x2f2c_1a50_78d1_4c0e_9f0d_5a64_1b6e_9a33);
/// 2026-01-01.
const MADE: Stamp = Stamp { unix_seconds: 1_767_225_600, clock_is_set: false };

/// A device's sample: a simulated photograph of nobody, marked as such wherever DICOM has a place for it.
///
/// # Errors
/// When the encoder fails, or the clinic's name cannot be sent.
pub fn sample(instrument: &Instrument, codes: &Codes) -> Result<Object, ObjectError> {
    let name = |part: &str| {
        let name = format!("{}/{}/{part}", instrument.serial, instrument.name);
        uid::of(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
    };
    let pixels = RgbImage::from_fn(SIZE, SIZE, |x, y| {
        let [x, y] = [x, y].map(|at| u8::try_from(4 * at).unwrap_or(u8::MAX));
        Rgb([x, y, 128])
    });
    let photograph = Photograph {
        uid: name("photograph"),
        series: name("series"),
        eye: Laterality::Od,
        taken: MADE,
        digest: Digest::of(pixels.as_raw()),
    };
    let eye = |status| Eye { status, gradability: None, probabilities: BTreeMap::new() };
    let screening = Screening {
        encounter: name("encounter"),
        amends: None,
        study: name("study"),
        order: None,
        patient: Patient { id: "OCELLUS-TEST".to_owned(), name: "Test^Ocellus".to_owned(), birth_date: String::new() },
        operator: None,
        instrument: instrument.clone(),
        bundle: BundleId { name: "none".to_owned(), version: "0".to_owned(), digest: Digest::of(b"") },
        outputs: vec![Output::Anomaly],
        right: eye(EyeStatus::Tried { attempts: 1 }),
        left: eye(EyeStatus::Pending),
        photographs: vec![photograph.clone()],
        disposition: PatientDisposition::Incomplete,
        pre_check: None,
        begun: MADE,
        ended: MADE,
        simulated: true,
        practice: false,
    };
    let site = Site {
        patient_system: "urn:ocellus:test".to_owned(),
        patient_authority: "OCELLUS-TEST".to_owned(),
        receiving_application: String::new(),
        receiving_facility: String::new(),
        rescreen_months: 1,
        probabilities: false,
    };
    let export = Export::new(&screening, &site, codes, Purpose::Testing)
        .map_err(|refused| ObjectError::Unwritable(refused.to_string()))?;
    let dataset = Study::new(&export).described(&photograph, &Taking::default())?;
    let dataset = photograph::plain_pixels(Profile::srgb()?.set(dataset), pixels)?;
    let dataset = photograph::uncompressed(dataset);
    Object::new(
        dataset,
        uids::OPHTHALMIC_PHOTOGRAPHY8_BIT_IMAGE_STORAGE,
        &photograph.uid,
        uids::EXPLICIT_VR_LITTLE_ENDIAN,
    )
}
