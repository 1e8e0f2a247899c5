//! A practice patient before a camera that draws what it is aimed at.

use std::time::Duration;

use jpeg_encoder::{ColorType, Encoder};
use ocellus_board::camera::{Camera, CameraError, CameraFrame, PixelFormat};
use ocellus_model::{
    laterality::Laterality,
    phantom::{Faults, Findings, PracticeEye, draw},
};

/// Width and height of its photographs, in pixels.
const SIDE: u32 = 1024;
/// Quality of its JPEG files, as fundus cameras choose it.
const JPEG_QUALITY: u8 = 92;

/// A camera with a practice patient before it: retinopathy in the right eye; nothing in the left, which blinks at the
/// first photograph.
#[derive(Debug)]
pub(super) struct PracticeCamera {
    seed: u64,
    eye: PracticeEye,
    sequence: u32,
}

impl PracticeCamera {
    pub(super) fn new(seed: u64) -> Self {
        PracticeCamera { seed, eye: patient(seed, Laterality::Od), sequence: 0 }
    }

    /// Turns to an eye for a photograph of this number.
    pub(super) fn aim(&mut self, eye: Laterality, attempt: u32) {
        self.eye = PracticeEye { exposure: attempt, ..patient(self.seed, eye) };
        if eye == Laterality::Os && attempt == 1 {
            self.eye.faults = Faults { eyelid: 1.0, underexposure: 0.6, ..Faults::NONE };
        }
    }

    /// Turns to an eye for the live picture.
    pub(super) fn preview(&mut self, eye: Laterality) {
        let faults = Faults { defocus: 0.1, underexposure: 0.15, ..Faults::NONE };
        self.eye = PracticeEye { faults, ..patient(self.seed, eye) };
    }
}

fn patient(seed: u64, eye: Laterality) -> PracticeEye {
    let findings = match eye {
        Laterality::Od => {
            Findings { microaneurysms: 0.8, haemorrhages: 0.8, exudates: 0.7, cotton_wool: 0.5, ..Findings::NONE }
        }
        Laterality::Os => Findings::NONE,
    };
    PracticeEye { size: (SIDE, SIDE), findings, ..PracticeEye::new(seed, eye) }
}

impl Camera for PracticeCamera {
    fn name(&self) -> &str {
        "practice camera"
    }

    fn is_simulated(&self) -> bool {
        true
    }

    fn next_frame(&mut self, _within: Duration) -> Result<CameraFrame, CameraError> {
        let pixels = draw(&self.eye);
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes, JPEG_QUALITY)
            .encode(pixels.as_raw(), SIDE as u16, SIDE as u16, ColorType::Rgb)
            .map_err(|error| CameraError::Absent { detail: error.to_string() })?;
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        Ok(CameraFrame { sequence, format: PixelFormat::Jpeg, bytes })
    }
}

#[cfg(test)]
mod tests {
    use ocellus_model::{
        field::find_field,
        image::decode,
        quality::{Gradability, assess},
    };

    use super::*;

    #[test]
    fn only_the_first_photograph_of_the_left_eye_is_spoilt() {
        for (eye, attempt, spoilt) in
            [(Laterality::Od, 1, false), (Laterality::Os, 1, true), (Laterality::Os, 2, false)]
        {
            let mut camera = PracticeCamera::new(1);
            camera.aim(eye, attempt);
            let frame = camera.next_frame(Duration::from_secs(1)).unwrap();
            let pixels = decode(&frame.bytes).unwrap().pixels;
            let ungradable = match find_field(&pixels) {
                Ok(field) => assess(&pixels, &field).gradability == Gradability::Ungradable,
                Err(_) => true,
            };
            assert_eq!(ungradable, spoilt, "{eye} {attempt}");
        }
    }
}
