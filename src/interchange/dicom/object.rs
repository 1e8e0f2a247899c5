//! An object as it is kept and sent: a DICOM file, and its data set in a transfer syntax that a peer accepts.
//!
//! Not here: what is in it.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use dicom_object::{DefaultDicomObject, FileMetaTableBuilder, InMemDicomObject};
use dicom_transfer_syntax_registry::entries::{EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN};
use ocellus_model::image::{self, DecodeError};

use super::{
    dataset::Dataset,
    photograph, profile, strain,
    uid::{IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION},
};

/// Why there is no object, or not in this form. No message names the patient.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// Something that identifies does not fit into DICOM.
    #[error("{what} {fact}: correct it where it was entered; DICOM cannot hold it as it is")]
    Identifier {
        /// Which.
        what: &'static str,
        /// What is wrong with it.
        fact: String,
    },
    /// The photograph is not one of the screening's.
    #[error("the photograph {uid} is not part of this screening")]
    ForeignPhotograph {
        /// Its UID.
        uid: String,
    },
    /// The bytes are not those that were judged.
    #[error("the bytes of the photograph {uid} have another SHA-256 than when it was judged: the store is damaged")]
    Digest {
        /// Its UID.
        uid: String,
    },
    /// The photograph cannot be decoded.
    #[error("the photograph cannot be decoded: {0}")]
    Undecodable(#[from] DecodeError),
    /// The photograph is larger than DICOM can say.
    #[error("the photograph has {width} x {height} pixels, expected at most 65535 x 65535")]
    TooLarge {
        /// Its width, pixels.
        width: u32,
        /// Its height, pixels.
        height: u32,
    },
    /// The document has no bytes, or too many for one element.
    #[error("the report to print has {bytes} bytes, expected 1 to 4294967294")]
    Document {
        /// How many it has.
        bytes: usize,
    },
    /// The encoder failed.
    #[error("the object cannot be written: {0}")]
    Unwritable(String),
    /// The bytes are no data set, or none that is read here.
    #[error("not a data set that can be read: {0}")]
    Unreadable(String),
}

/// A DICOM object with its UIDs.
#[derive(Debug, Clone)]
pub struct Object {
    file: DefaultDicomObject,
    class: String,
    uid: String,
}

impl Object {
    /// Closes a data set, whose pixels are as the transfer syntax says.
    pub(super) fn new(dataset: Dataset, class: &str, uid: &str, syntax: &str) -> Result<Self, ObjectError> {
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax(syntax)
            .implementation_class_uid(IMPLEMENTATION_CLASS)
            .implementation_version_name(IMPLEMENTATION_VERSION);
        let dataset = dataset.text(tags::SOP_CLASS_UID, VR::UI, class).text(tags::SOP_INSTANCE_UID, VR::UI, uid);
        let file = dataset.into_inner().with_meta(meta).map_err(unwritable)?;
        Ok(Object { file, class: class.to_owned(), uid: uid.to_owned() })
    }

    /// The whole as a DICOM file (PS3.10), always the same bytes for the same object.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ObjectError> {
        let mut bytes = Vec::new();
        self.file.write_all(&mut bytes).map_err(unwritable)?;
        Ok(bytes)
    }

    /// Its SOP class.
    pub fn class(&self) -> &str {
        &self.class
    }

    /// Its SOP instance UID.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Whether its pixels are the camera's JPEG.
    pub fn is_jpeg(&self) -> bool {
        self.file.meta().transfer_syntax().trim_end_matches('\0') == uids::JPEG_BASELINE8_BIT
    }

    /// The data set in a transfer syntax: JPEG Baseline where it is so already, and the two little endian ones, into which
    /// a JPEG is decoded.
    pub(super) fn encoded(&self, syntax: &str) -> Result<Vec<u8>, ObjectError> {
        match (self.is_jpeg(), syntax) {
            (true, uids::JPEG_BASELINE8_BIT) => write(&self.file, uids::EXPLICIT_VR_LITTLE_ENDIAN),
            (true, _) => write(&self.decoded()?, syntax),
            (false, _) => write(&self.file, syntax),
        }
    }

    fn decoded(&self) -> Result<InMemDicomObject, ObjectError> {
        let pixels = self.file.get(tags::PIXEL_DATA).and_then(|element| element.fragments());
        let jpeg = pixels.ok_or_else(|| unreadable(&"its Pixel Data holds no JPEG"))?.concat();
        let pixels = image::decode(&jpeg)?.pixels;
        let dataset: InMemDicomObject = (*self.file).clone();
        // The decoder has brought the colours to sRGB.
        let dataset = profile::Profile::srgb()?.set(Dataset::from(dataset));
        Ok(photograph::plain_pixels(dataset, pixels)?.into_inner())
    }
}

/// A data set in explicit or implicit little endian.
pub(super) fn write(dataset: &InMemDicomObject, syntax: &str) -> Result<Vec<u8>, ObjectError> {
    let mut bytes = Vec::new();
    let written = match syntax {
        uids::IMPLICIT_VR_LITTLE_ENDIAN => {
            dataset.write_dataset_with_ts(&mut bytes, &IMPLICIT_VR_LITTLE_ENDIAN.erased())
        }
        uids::EXPLICIT_VR_LITTLE_ENDIAN => {
            dataset.write_dataset_with_ts(&mut bytes, &EXPLICIT_VR_LITTLE_ENDIAN.erased())
        }
        other => return Err(ObjectError::Unwritable(format!("transfer syntax {other} is not one of this program's"))),
    };
    written.map_err(unwritable)?;
    Ok(bytes)
}

/// Reads what is of use to this program in a data set that others wrote, in explicit or implicit little endian.
pub(super) fn read(bytes: &[u8], syntax: &str) -> Result<InMemDicomObject, ObjectError> {
    let explicit = match syntax {
        uids::IMPLICIT_VR_LITTLE_ENDIAN => false,
        uids::EXPLICIT_VR_LITTLE_ENDIAN => true,
        other => return Err(unreadable(&format_args!("transfer syntax {other}"))),
    };
    let strained = strain::strain(bytes, explicit).map_err(|fact| unreadable(&fact))?;
    let read = InMemDicomObject::read_dataset_with_ts(strained.as_slice(), &EXPLICIT_VR_LITTLE_ENDIAN.erased());
    read.map_err(|error| unreadable(&error))
}

fn unwritable(error: impl std::error::Error) -> ObjectError {
    ObjectError::Unwritable(error.to_string())
}

fn unreadable(error: &dyn std::fmt::Display) -> ObjectError {
    ObjectError::Unreadable(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// Has the memory of a test measured: in a process of its own, as other tests take memory too. Says whether this is it.
    fn is_alone(test: &str) -> bool {
        const ALONE: &str = "OCELLUS_TEST_ALONE";
        if std::env::var_os(ALONE).is_some() {
            return true;
        }
        let name = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        let output = again.args(["--exact", &name, "--nocapture"]).env(ALONE, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        false
    }

    /// The most memory that this program has had so far, bytes.
    fn most_memory() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        1024 * line.trim().trim_end_matches(" kB").parse::<usize>().unwrap()
    }

    /// A generator of numbers below a limit, always the same ones.
    fn numbers() -> impl FnMut(usize) -> usize {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        move |below| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random % below as u64).unwrap()
        }
    }

    #[test]
    fn damaged_data_sets_cost_neither_time_nor_memory() {
        if !is_alone("damaged_data_sets_cost_neither_time_nor_memory") {
            return;
        }
        let inner = Dataset::new().text(tags::CODE_VALUE, VR::SH, "1").text(tags::CODE_MEANING, VR::LO, "one");
        let whole = Dataset::new()
            .text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192")
            .text(tags::PATIENT_NAME, VR::PN, "Róe^Jane")
            .value(tags::FAILURE_REASON, VR::US, 0x0112_u16)
            .sequence(tags::CONCEPT_NAME_CODE_SEQUENCE, [inner.clone(), inner])
            .text(tags::TEXT_VALUE, VR::UT, "text")
            .into_inner();
        let mut next = numbers();
        let (begun, before) = (Instant::now(), most_memory());
        let mut read_again = 0;
        for syntax in [uids::IMPLICIT_VR_LITTLE_ENDIAN, uids::EXPLICIT_VR_LITTLE_ENDIAN] {
            let bytes = write(&whole, syntax).unwrap();
            assert_eq!(write(&read(&bytes, syntax).unwrap(), syntax).unwrap(), bytes);
            for _ in 0..20_000 {
                let mut bytes = bytes.clone();
                for _ in 0..=next(4) {
                    let at = next(bytes.len());
                    bytes[at] = [u8::try_from(next(256)).unwrap(), 0, 0xff, 0xfe][next(4)];
                }
                bytes.truncate(bytes.len() - [0, 0, 0, next(bytes.len())][next(4)]);
                read_again += usize::from(read(&bytes, syntax).is_ok());
            }
        }
        // Much of it can still be read, so the damage got as far as the reader.
        assert!(read_again > 2_000, "{read_again}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        assert!(most_memory() - before < 64 << 20, "{} bytes more", most_memory() - before);
    }

    #[test]
    fn the_longest_data_sets_that_are_taken_cost_a_few_times_their_length() {
        const LENGTH: usize = 16 << 20;
        if !is_alone("the_longest_data_sets_that_are_taken_cost_a_few_times_their_length") {
            return;
        }
        let element = |tag: u16, length: usize| {
            [&[8, 0], tag.to_le_bytes().as_slice(), &u32::try_from(length).unwrap().to_le_bytes()].concat()
        };
        let item = [0xfe, 0xff, 0, 0xe0, 0, 0, 0, 0];
        let hostile = [
            element(0x20, 0).repeat(LENGTH / 8),
            [element(0x1140, LENGTH), item.repeat(LENGTH / 8)].concat(),
            element(0x1140, u32::MAX as usize).repeat(LENGTH / 8),
            [element(0x0119, LENGTH), vec![b'x'; LENGTH]].concat(),
            vec![0xfe; LENGTH],
        ];
        let (begun, before) = (Instant::now(), most_memory());
        for bytes in hostile {
            let _ = read(&bytes, uids::IMPLICIT_VR_LITTLE_ENDIAN);
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        assert!(most_memory() - before < 8 * LENGTH, "{} bytes more", most_memory() - before);
    }
}
