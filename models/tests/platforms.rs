//! The same bytes on every processor: what a photograph becomes is pinned by its digest, step by step.
//!
//! Run on ARM64 with `make arm64-test`. A digest may only change together with the version of what it pins
//! (`PreprocessSpec::VERSION`): bundles already out in the field were measured with the old one.

#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use ocellus_model::{
    field::{Field, find_field},
    image::decode,
    laterality::Laterality,
    phantom::{CameraLook, PracticeEye, draw},
    preprocess::{ColourVariant, PreprocessSpec, preprocess},
    quality::{OpticDisc, Reduction, measures::Measures},
};
use sha2::{Digest, Sha256};

fn digest(bytes: impl IntoIterator<Item = u8>) -> String {
    let bytes: Vec<u8> = bytes.into_iter().collect();
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn of_field(field: &Field) -> String {
    let numbers = [field.centre_x, field.centre_y, field.radius, field.visible_radius, field.confidence];
    digest(numbers.into_iter().flat_map(f64::to_le_bytes))
}

/// A cut field with a tab, of a size that no block divides, with reduced colour: every path of decoder and resampler.
fn steps() -> Vec<(String, String)> {
    let camera = CameraLook { cut_top: 0.06, cut_bottom: 0.05, ..CameraLook::default() };
    let eye = draw(&PracticeEye { size: (1021, 907), camera, ..PracticeEye::new(11, Laterality::Os) });
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 88);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(eye.as_raw(), 1021, 907, ColorType::Rgb).unwrap();
    let mut steps = vec![("file".to_owned(), digest(jpeg.iter().copied()))];
    let pixels = decode(&jpeg).unwrap().pixels;
    steps.push(("pixels".to_owned(), digest(pixels.as_raw().iter().copied())));
    let field = find_field(&pixels).unwrap();
    steps.push(("field".to_owned(), of_field(&field)));
    for variant in ColourVariant::ALL {
        let tensor = preprocess(&pixels, &field, &PreprocessSpec::new(224, variant));
        steps.push((format!("{variant:?}"), digest(tensor.data.into_iter().flat_map(f32::to_le_bytes))));
    }
    let raised = PreprocessSpec::new(224, ColourVariant::Vgg16).with_least_brightness(0.5);
    let tensor = preprocess(&pixels, &field, &raised);
    steps.push(("raised".to_owned(), digest(tensor.data.into_iter().flat_map(f32::to_le_bytes))));
    let reduction = Reduction::of(&pixels, &field);
    let disc = OpticDisc::find(&reduction);
    let measures =
        Measures::of(&reduction).named().into_iter().map(|(_, value)| value).chain([disc.x, disc.y, disc.margin]);
    steps.push(("quality".to_owned(), digest(measures.flat_map(f64::to_le_bytes))));
    steps
}

// verifies: RQ-030
#[test]
fn each_step_gives_the_pinned_bytes() {
    let expected: Vec<(String, String)> = PINNED.map(|(step, digest)| (step.to_owned(), digest.to_owned())).into();
    assert_eq!(steps(), expected);
}

/// What x86-64 gave first.
const PINNED: [(&str, &str); 10] = [
    ("file", "ca860809d128ebda"),
    ("pixels", "4968f27a9bb61a2a"),
    ("field", "90f5ddaed6848ae1"),
    ("Original", "ad3213d752875113"),
    ("Greyscale", "debac632e4047edb"),
    ("Vgg16", "7b8395c456c757fa"),
    ("Torchvision", "0b7b40237b8ac191"),
    ("LocalAverage", "e544cb4b28c13474"),
    ("raised", "fd6f992f7b137068"),
    ("quality", "c251d3c43730c0d7"),
];
