//! The colour profile of a photograph, for the module ICC Profile.
//!
//! DICOM wants an input profile; cameras and sRGB have display profiles, which for a matrix and curves say the same.
//!
//! Not here: converting colours.

use dicom_core::VR;
use dicom_dictionary_std::tags;
use moxcms::{ColorDateTime, ColorProfile, ProfileClass};

use super::{dataset::Dataset, object::ObjectError};

/// Bytes of a profile's header.
const HEADER: usize = 128;
/// Where the header says what class the profile is of, and the classes.
const CLASS_AT: std::ops::Range<usize> = 12..16;
const DISPLAY: &[u8] = b"mntr";
const INPUT: &[u8] = b"scnr";
/// Where it says what the values are.
const SPACE_AT: std::ops::Range<usize> = 16..20;
/// Where its digest is; zero means that there is none.
const DIGEST_AT: std::ops::Range<usize> = 84..100;

/// A profile as DICOM wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Profile {
    bytes: Vec<u8>,
    is_srgb: bool,
}

impl Profile {
    /// sRGB; always the same bytes.
    pub(super) fn srgb() -> Result<Self, ObjectError> {
        let mut profile = ColorProfile::new_srgb();
        profile.profile_class = ProfileClass::InputDevice;
        profile.creation_date_time =
            ColorDateTime { year: 2026, month: 1, day_of_the_month: 1, hours: 0, minutes: 0, seconds: 0 };
        let bytes = profile.encode().map_err(|error| ObjectError::Unwritable(format!("colour profile: {error}")))?;
        Ok(Profile { bytes, is_srgb: true })
    }

    /// The camera's own; none where DICOM has no place for such a one.
    pub(super) fn of_camera(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < HEADER || &bytes[SPACE_AT] != b"RGB " || ![DISPLAY, INPUT].contains(&&bytes[CLASS_AT]) {
            return None;
        }
        let mut bytes = bytes.to_vec();
        if &bytes[CLASS_AT] == DISPLAY {
            bytes[CLASS_AT].copy_from_slice(INPUT);
            bytes[DIGEST_AT].fill(0);
        }
        Some(Profile { bytes, is_srgb: false })
    }

    /// Writes it into an object.
    pub(super) fn set(&self, dataset: Dataset) -> Dataset {
        let mut bytes = self.bytes.clone();
        if !bytes.len().is_multiple_of(2) {
            bytes.push(0);
        }
        let dataset = dataset.value(tags::ICC_PROFILE, VR::OB, bytes);
        if self.is_srgb { dataset.text(tags::COLOR_SPACE, VR::CS, "SRGB") } else { dataset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn srgb_is_an_input_profile_and_always_the_same() {
        let profile = Profile::srgb().unwrap();
        assert_eq!(&profile.bytes[CLASS_AT], INPUT);
        assert_eq!(&profile.bytes[SPACE_AT], b"RGB ");
        assert_eq!(profile, Profile::srgb().unwrap());
    }

    #[test]
    fn a_cameras_display_profile_becomes_an_input_profile_and_others_have_no_place() {
        let display = ColorProfile::new_adobe_rgb().encode().unwrap();
        assert_eq!(&display[CLASS_AT], DISPLAY);
        let profile = Profile::of_camera(&display).unwrap();
        assert_eq!(&profile.bytes[CLASS_AT], INPUT);
        assert_eq!(profile.bytes[HEADER..], display[HEADER..]);
        let mut grey = display.clone();
        grey[SPACE_AT].copy_from_slice(b"GRAY");
        assert_eq!(Profile::of_camera(&grey), None);
        assert_eq!(Profile::of_camera(&display[..100]), None);
    }
}
