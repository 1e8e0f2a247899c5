//! The field of photographs whose field is known, because they were drawn.

use ::image::{
    Rgb, RgbImage,
    imageops::{self, FilterType},
};

use super::*;
use crate::{
    laterality::Laterality,
    phantom::{CameraLook, Faults, Notch, PracticeEye, draw},
};

fn eye(size: (u32, u32), camera: CameraLook) -> PracticeEye {
    PracticeEye { size, camera, ..PracticeEye::new(5, Laterality::Od) }
}

/// Largest difference of centre and radius, as a part of the radius.
fn off(found: &Field, expected: &Field) -> f64 {
    let parts =
        [found.centre_x - expected.centre_x, found.centre_y - expected.centre_y, found.radius - expected.radius];
    parts.into_iter().map(f64::abs).fold(0.0, f64::max) / expected.radius
}

#[test]
fn fields_of_all_kinds_of_cameras_are_found_where_they_were_drawn() {
    let plain = CameraLook::default();
    for (name, size, camera) in [
        ("plain", (512, 512), plain),
        ("landscape", (768, 512), CameraLook { border: 0.1, ..plain }),
        ("wide border", (512, 512), CameraLook { border: 0.3, ..plain }),
        ("off centre", (640, 512), CameraLook { border: 0.15, offset: (0.1, -0.05), ..plain }),
        ("cut above and below", (512, 512), CameraLook { border: 0.01, cut_top: 0.08, cut_bottom: 0.1, ..plain }),
        ("notch", (512, 512), CameraLook { border: 0.05, notch: Notch::Triangle, ..plain }),
        ("dark", (512, 512), CameraLook { border: 0.05, exposure: -2.0, ..plain }),
        ("grey border", (512, 512), CameraLook { border: 0.05, black_level: 0.06, ..plain }),
    ] {
        let eye = eye(size, camera);
        let found = find_field(&draw(&eye)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let off = off(&found, &eye.landmarks().field);
        assert!(off < 0.015, "{name}: off by {off:.4} of the radius");
        assert!(found.confidence > CONFIDENCE_LOW, "{name}: {}", found.confidence);
    }
}

#[test]
fn the_same_photograph_in_another_resolution_has_the_same_field() {
    let large = draw(&eye((2048, 2048), CameraLook { border: 0.06, offset: (0.03, 0.02), ..CameraLook::default() }));
    let field = find_field(&large).unwrap();
    for side in [512, 1024] {
        let small = find_field(&imageops::resize(&large, side, side, FilterType::Triangle)).unwrap();
        let scale = 2048.0 / f64::from(side);
        for (a, b) in [(small.centre_x, field.centre_x), (small.centre_y, field.centre_y), (small.radius, field.radius)]
        {
            assert!((a * scale - b).abs() <= 0.005 * field.radius, "{side}: {a} and {b}");
        }
    }
}

#[test]
fn a_squeezed_field_gives_the_largest_circle_inside_also_when_two_sides_are_cut_off() {
    let round = draw(&eye((800, 800), CameraLook { border: 0.02, ..CameraLook::default() }));
    for cut in [0, 90] {
        let cropped = imageops::crop_imm(&round, 0, cut, 800, 800 - 2 * cut).to_image();
        let squeezed = imageops::resize(&cropped, 400, 512, FilterType::Triangle);
        let found = find_field(&squeezed).unwrap_or_else(|error| panic!("cut {cut}: {error}"));
        assert!(found.confidence <= CONFIDENCE_LOW, "{found:?}");
        let expected = Field { centre_x: 200.0, centre_y: 256.0, radius: 192.0, ..found };
        assert!(off(&found, &expected) < 0.03, "cut {cut}: {found:?}");
    }
}

#[test]
fn what_has_no_field_is_refused_with_the_reason() {
    assert!(matches!(find_field(&RgbImage::new(31, 400)), Err(FieldError::TooSmall { width: 31, .. })));
    let grey = RgbImage::from_pixel(300, 200, Rgb([90, 90, 90]));
    assert!(matches!(find_field(&grey), Err(FieldError::Blank { .. })));
    // Two bright bars on black: something, but no disc.
    let bars = RgbImage::from_fn(400, 400, |x, _| {
        if (60..120).contains(&x) || (300..330).contains(&x) { Rgb([220, 210, 200]) } else { Rgb([0, 0, 0]) }
    });
    assert!(matches!(find_field(&bars), Err(FieldError::NoCircle { .. })), "{:?}", find_field(&bars));
}

#[test]
fn an_eyelid_does_not_move_the_field_far() {
    let eye = PracticeEye {
        faults: Faults { eyelid: 0.4, ..Faults::NONE },
        ..eye((512, 512), CameraLook { border: 0.05, ..CameraLook::default() })
    };
    let found = find_field(&draw(&eye)).unwrap();
    let off = off(&found, &eye.landmarks().field);
    assert!(off < 0.03, "off by {off:.4} of the radius");
}
