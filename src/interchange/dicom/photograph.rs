//! A photograph as an Ophthalmic Photography 8 Bit Image (PS3.3, A.41.3).
//!
//! The camera's own JPEG goes as it is where it may ([`jpeg`](super::jpeg)); then the stored bytes and their SHA-256 can be
//! found again in the archive. Every other photograph is decoded as the network saw it and goes as plain RGB.
//!
//! Not here: judging, maps of where the network looked.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use image::RgbImage;
use ocellus_model::{bundle::Digest, laterality::Laterality};

use super::{
    code::Code,
    common::{self, Series},
    dataset::Dataset,
    jpeg,
    object::{Object, ObjectError},
    profile::Profile,
    study::Study,
    text, uid,
};
use crate::{encounter::Agent, interchange::Photograph};

const RETINA: Code = Code::fixed("5665001", "SCT", "Retina");
const PRIMARY_GAZE: Code = Code::fixed("408744005", "SCT", "Primary gaze");
const FUNDUS_CAMERA: Code = Code::fixed("409898007", "SCT", "Fundus Camera");

/// How a photograph was taken, as far as the device knows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Taking {
    /// What it is centred on.
    pub field: Option<Field>,
    /// How wide it is, degrees.
    pub field_of_view_deg: Option<f32>,
    /// The pupil.
    pub pupil: Option<Pupil>,
}

/// What a photograph is centred on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The macula.
    Macula,
    /// The optic disc.
    Disc,
}

/// The pupil while the photograph was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pupil {
    /// As it is.
    Natural,
    /// Dilated with drops; none are named where nobody said which.
    Dilated(Vec<Agent>),
}

impl Study<'_> {
    /// A photograph of the screening. `bytes` are those of the file as it was stored and judged.
    ///
    /// # Errors
    /// When the photograph is not the screening's, the bytes are not those that were judged or cannot be decoded, or an
    /// identifier does not fit into DICOM.
    pub fn photograph(&self, photograph: &Photograph, bytes: &[u8], taking: &Taking) -> Result<Object, ObjectError> {
        if Digest::of(bytes) != photograph.digest {
            return Err(ObjectError::Digest { uid: photograph.uid.clone() });
        }
        let dataset = self.described(photograph, taking)?;
        let lossy = jpeg::is_jpeg(bytes);
        let as_it_is = jpeg::baseline(bytes).and_then(|found| {
            let profile = found.profile.as_deref().map(Profile::of_camera);
            // A profile without a place in DICOM: then the colours are converted, and the pixels sent plain.
            if profile == Some(None) { None } else { Some((found, profile.flatten())) }
        });
        let (dataset, syntax) = match as_it_is {
            Some((found, profile)) => {
                let profile = profile.map_or_else(Profile::srgb, Ok)?;
                let dataset = profile.set(size(dataset, found.width, found.height));
                let dataset = dataset
                    .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "YBR_FULL_422")
                    .fragment(tags::PIXEL_DATA, bytes.to_vec());
                let pixels = u64::from(found.width) * u64::from(found.height);
                (compression(dataset, Some((pixels, bytes.len()))), uids::JPEG_BASELINE8_BIT)
            }
            None => {
                let pixels = ocellus_model::image::decode(bytes)?.pixels;
                let count = u64::from(pixels.width()) * u64::from(pixels.height());
                let dataset = plain_pixels(Profile::srgb()?.set(dataset), pixels)?;
                (compression(dataset, lossy.then_some((count, bytes.len()))), uids::EXPLICIT_VR_LITTLE_ENDIAN)
            }
        };
        Object::new(dataset, uids::OPHTHALMIC_PHOTOGRAPHY8_BIT_IMAGE_STORAGE, &photograph.uid, syntax)
    }

    /// All but the pixels.
    pub(super) fn described(&self, photograph: &Photograph, taking: &Taking) -> Result<Dataset, ObjectError> {
        let screening = self.export.screening();
        let instance = screening.photographs.iter().position(|known| known == photograph);
        let number = self.series().iter().position(|&series| series == photograph.series);
        let (Some(instance), Some(number)) = (instance, number) else {
            return Err(ObjectError::ForeignPhotograph { uid: photograph.uid.clone() });
        };
        let (side, description) = match photograph.eye {
            Laterality::Od => ("R", "Right eye"),
            Laterality::Os => ("L", "Left eye"),
        };
        let series = Series { modality: "OP", uid: &photograph.series, number: number + 1, description };
        let [date, time] = common::day_and_time(photograph.taken);
        let quality_control = if screening.is_real() { "NO" } else { "YES" };
        // One clock and no trigger line: the frame of reference is the device itself.
        let synchronization = uid::of(self.export.shared_id(&["dicom", &screening.instrument.serial, "clock"]));
        let dataset = self
            .begin(series, instance + 1, photograph.taken)?
            .texts(tags::IMAGE_TYPE, VR::CS, ["ORIGINAL", "PRIMARY", "", "COLOR"])
            .text(tags::ACQUISITION_DATE_TIME, VR::DT, format!("{date}{time}+0000"))
            .text(tags::SYNCHRONIZATION_FRAME_OF_REFERENCE_UID, VR::UI, synchronization)
            .text(tags::SYNCHRONIZATION_TRIGGER, VR::CS, "NO TRIGGER")
            .text(tags::ACQUISITION_TIME_SYNCHRONIZED, VR::CS, "N")
            .empty(tags::PATIENT_ORIENTATION, VR::CS)
            .text(tags::BURNED_IN_ANNOTATION, VR::CS, "NO")
            .text(tags::QUALITY_CONTROL_IMAGE, VR::CS, quality_control)
            .text_if(tags::IMAGE_COMMENTS, VR::LT, text::paragraph(&self.warnings().join("\n")))
            .text(tags::IMAGE_LATERALITY, VR::CS, side)
            .sequence(tags::ANATOMIC_REGION_SEQUENCE, [RETINA.item()])
            .sequence(tags::ACQUISITION_DEVICE_TYPE_CODE_SEQUENCE, [FUNDUS_CAMERA.item()])
            .sequence(tags::ILLUMINATION_TYPE_CODE_SEQUENCE, [])
            .sequence(tags::LIGHT_PATH_FILTER_TYPE_STACK_CODE_SEQUENCE, [])
            .sequence(tags::IMAGE_PATH_FILTER_TYPE_STACK_CODE_SEQUENCE, [])
            .sequence(tags::LENSES_CODE_SEQUENCE, [])
            .empty(tags::DETECTOR_TYPE, VR::CS);
        Ok(taken(dataset, taking))
    }
}

/// How the eye was when it was photographed.
fn taken(dataset: Dataset, taking: &Taking) -> Dataset {
    let position = taking.field.map(|field| match field {
        Field::Macula => Code::fixed("111900", "DCM", "Macula centered").item(),
        Field::Disc => Code::fixed("111901", "DCM", "Disc centered").item(),
    });
    let dataset = dataset
        .sequence_if(tags::RELATIVE_IMAGE_POSITION_CODE_SEQUENCE, position)
        .text(tags::PATIENT_EYE_MOVEMENT_COMMANDED, VR::CS, "YES")
        .sequence(tags::PATIENT_EYE_MOVEMENT_COMMAND_CODE_SEQUENCE, [PRIMARY_GAZE.item()])
        .sequence(tags::REFRACTIVE_STATE_SEQUENCE, [])
        .empty(tags::EMMETROPIC_MAGNIFICATION, VR::FL)
        .empty(tags::INTRA_OCULAR_PRESSURE, VR::FL)
        .with(|dataset| match taking.field_of_view_deg {
            Some(degrees) => dataset.value(tags::HORIZONTAL_FIELD_OF_VIEW, VR::FL, degrees),
            None => dataset.empty(tags::HORIZONTAL_FIELD_OF_VIEW, VR::FL),
        });
    match &taking.pupil {
        None => dataset.empty(tags::PUPIL_DILATED, VR::CS),
        Some(Pupil::Natural) => dataset.text(tags::PUPIL_DILATED, VR::CS, "NO"),
        Some(Pupil::Dilated(agents)) => dataset
            .text(tags::PUPIL_DILATED, VR::CS, "YES")
            .empty(tags::DEGREE_OF_DILATION, VR::FL)
            .sequence(tags::MYDRIATIC_AGENT_SEQUENCE, agents.iter().map(|&agent| mydriatic(agent))),
    }
}

fn mydriatic(agent: Agent) -> Dataset {
    let code = match agent {
        Agent::Tropicamide => Code::fixed("9190005", "SCT", "Tropicamide"),
        Agent::Phenylephrine => Code::fixed("386693003", "SCT", "Phenylephrine"),
        Agent::Cyclopentolate => Code::fixed("8348002", "SCT", "Cyclopentolate"),
    };
    // The concentration is not asked for.
    Dataset::new().sequence(tags::MYDRIATIC_AGENT_CODE_SEQUENCE, [code.item()])
}

/// Pixels as red, green and blue of 8 bits, in place of what is there.
pub(super) fn plain_pixels(dataset: Dataset, pixels: RgbImage) -> Result<Dataset, ObjectError> {
    let (width, height) = pixels.dimensions();
    let (Ok(columns), Ok(rows)) = (u16::try_from(width), u16::try_from(height)) else {
        return Err(ObjectError::TooLarge { width, height });
    };
    let mut samples = pixels.into_raw();
    if !samples.len().is_multiple_of(2) {
        samples.push(0);
    }
    Ok(size(dataset, columns, rows).text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "RGB").value(
        tags::PIXEL_DATA,
        VR::OB,
        samples,
    ))
}

fn size(dataset: Dataset, columns: u16, rows: u16) -> Dataset {
    let numbers = [
        (tags::SAMPLES_PER_PIXEL, 3),
        (tags::PLANAR_CONFIGURATION, 0),
        (tags::ROWS, rows),
        (tags::COLUMNS, columns),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
        (tags::PIXEL_REPRESENTATION, 0),
    ];
    numbers
        .into_iter()
        .fold(dataset, |dataset, (tag, number)| dataset.value(tag, VR::US, number))
        .text(tags::NUMBER_OF_FRAMES, VR::IS, "1")
        // The standard wants a pointer and what it points to even for one frame.
        .value(tags::FRAME_INCREMENT_POINTER, VR::AT, tags::FRAME_TIME_VECTOR)
        .text(tags::FRAME_TIME_VECTOR, VR::DS, "0")
}

/// Whether samples were lost, also where the pixels are plain now: how many pixels became how many bytes.
fn compression(dataset: Dataset, pixels_to_bytes: Option<(u64, usize)>) -> Dataset {
    let Some((pixels, bytes)) = pixels_to_bytes else { return uncompressed(dataset) };
    let ratio = 3.0 * pixels as f64 / bytes.max(1) as f64;
    dataset
        .text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "01")
        .text(tags::LOSSY_IMAGE_COMPRESSION_RATIO, VR::DS, format!("{ratio:.2}"))
        .text(tags::LOSSY_IMAGE_COMPRESSION_METHOD, VR::CS, "ISO_10918_1")
}

/// No samples were lost.
pub(super) fn uncompressed(dataset: Dataset) -> Dataset {
    dataset.text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00")
}
