//! The bundle's own photographs: practice eyes drawn by the phantom, with and without findings, right and left.

use std::io::Cursor;

use ocellus_model::{
    laterality::Laterality,
    phantom::{Findings, PracticeEye, draw as draw_eye},
    preprocess::{PreprocessSpec, Tensor, preprocess},
};

use super::ExportError;

/// A photograph of the self-test.
pub(super) struct TestPhotograph {
    /// Path in the bundle.
    pub(super) file: String,
    /// Which eye.
    pub(super) eye: Laterality,
    /// The file's bytes.
    pub(super) png: Vec<u8>,
    /// What the network sees of it.
    pub(super) tensor: Tensor,
}

/// Draws the photographs and preprocesses them from their bytes, the way a device will.
pub(super) fn draw(spec: &PreprocessSpec) -> Result<Vec<TestPhotograph>, ExportError> {
    let none = Findings::NONE;
    let eyes = [
        ("plain-right", Laterality::Od, none),
        ("plain-left", Laterality::Os, none),
        ("diabetic", Laterality::Od, Findings { microaneurysms: 0.8, haemorrhages: 0.8, exudates: 0.6, ..none }),
        ("glaucoma", Laterality::Os, Findings { glaucoma: 0.9, ..none }),
        ("drusen", Laterality::Od, Findings { drusen: 0.8, ..none }),
        ("opacity", Laterality::Os, Findings { opacity: 0.7, ..none }),
    ];
    let mut photographs = Vec::with_capacity(eyes.len());
    for (seed, (name, eye, findings)) in (1u64..).zip(eyes) {
        let file = format!("selftest/{name}.png");
        let failed = |what: String| ExportError::SelfTest { file: file.clone(), what };
        let pixels = draw_eye(&PracticeEye { findings, ..PracticeEye::new(seed, eye) });
        let mut png = Cursor::new(Vec::new());
        pixels.write_to(&mut png, image::ImageFormat::Png).map_err(|error| failed(error.to_string()))?;
        let png = png.into_inner();
        let decoded = ocellus_model::image::decode(&png).map_err(|error| failed(error.to_string()))?;
        let field = ocellus_model::field::find_field(&decoded.pixels).map_err(|error| failed(error.to_string()))?;
        let tensor = preprocess(&decoded.pixels, &field, spec);
        photographs.push(TestPhotograph { file, eye, png, tensor });
    }
    Ok(photographs)
}
