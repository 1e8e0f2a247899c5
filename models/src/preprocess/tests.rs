//! Tests of the module above.

use ::image::{Rgb, RgbImage};

use super::*;

fn field(x: f64, y: f64, radius: f64, visible_radius: f64) -> Field {
    Field { centre_x: x, centre_y: y, radius, visible_radius, confidence: 1.0 }
}

/// Pixels that differ everywhere.
fn pattern(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let mixed = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519)).wrapping_mul(3_266_489_917);
        Rgb([(mixed >> 24) as u8, (x * 255 / width) as u8, ((mixed >> 12) as u8 & 63) + (y * 190 / height) as u8])
    })
}

fn painted_outside(pixels: &RgbImage, field: &Field, radius: f64, paint: Rgb<u8>) -> RgbImage {
    RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let (dx, dy) = (f64::from(x) + 0.5 - field.centre_x, f64::from(y) + 0.5 - field.centre_y);
        if dx * dx + dy * dy > radius * radius { paint } else { *pixels.get_pixel(x, y) }
    })
}

#[test]
fn nothing_outside_the_source_disc_has_any_influence() {
    let pixels = pattern(640, 480);
    let fields = [
        field(320.0, 240.0, 200.0, 200.0), // whole
        field(311.3, 238.9, 300.7, 237.2), // cut top and bottom
        field(320.0, 240.0, 240.0, 240.0), // touching the edges
        field(100.25, 90.75, 30.1, 30.1),  // enlarged
        field(100.25, 90.75, 11.6, 11.6),  // enlarged a lot
        field(470.0, 300.0, 121.0, 118.0), // about one to one
    ];
    for field in fields {
        for variant in ColourVariant::ALL {
            for size in [64, 224, 299] {
                // Half: so that all of these are made brighter, by what the disc alone says.
                let spec = PreprocessSpec::new(size, variant).with_least_brightness(0.5);
                let plain = preprocess(&pixels, &field, &spec);
                assert_eq!(plain.shape, spec.shape());
                assert_eq!(plain.data.len(), plain.shape.iter().product::<usize>());
                for paint in [Rgb([0, 0, 0]), Rgb([255, 255, 255]), Rgb([200, 10, 90])] {
                    let radius = field.visible_radius * spec.disc;
                    let painted = preprocess(&painted_outside(&pixels, &field, radius, paint), &field, &spec);
                    assert!(plain == painted, "{variant:?} {size} {field:?} moved when the outside became {paint:?}");
                }
                // And the inside does matter.
                let half = painted_outside(&pixels, &field, field.visible_radius * spec.disc / 2.0, Rgb([0, 0, 0]));
                assert!(plain != preprocess(&half, &field, &spec));
            }
        }
    }
}

#[test]
fn a_red_photograph_has_its_red_in_channel_two_of_vgg16() {
    let red = RgbImage::from_pixel(300, 300, Rgb([255, 0, 0]));
    let tensor = preprocess(&red, &field(150.0, 150.0, 140.0, 140.0), &PreprocessSpec::new(64, ColourVariant::Vgg16));
    let centre = 32 * 64 + 32;
    let plane = 64 * 64;
    assert_eq!(tensor.data[centre], -103.939);
    assert_eq!(tensor.data[plane + centre], -116.779);
    assert_eq!(tensor.data[2 * plane + centre], (255.0_f64 - 123.68) as f32);
    assert_eq!([tensor.data[0], tensor.data[plane], tensor.data[2 * plane]], [0.0; 3], "the corner is not painted");
}

#[test]
fn every_variant_has_the_values_its_formula_gives() {
    let colour = RgbImage::from_pixel(300, 300, Rgb([200, 100, 50]));
    let field = field(150.0, 150.0, 140.0, 140.0);
    let (plane, centre) = (64 * 64, 32 * 64 + 32);
    let at = |variant| {
        let tensor = preprocess(&colour, &field, &PreprocessSpec::new(64, variant));
        (0..tensor.shape[0]).map(|channel| tensor.data[channel * plane + centre]).collect::<Vec<_>>()
    };
    assert_eq!(at(ColourVariant::Original), [200.0 / 255.0, 100.0 / 255.0, 50.0 / 255.0]);
    assert_eq!(at(ColourVariant::Greyscale), [(124_200.0_f64 / 255_000.0) as f32]);
    assert_eq!(
        at(ColourVariant::Vgg16),
        [50.0 - 103.939_f64, 100.0 - 116.779, 200.0 - 123.68].map(|value| value as f32)
    );
    let torchvision = at(ColourVariant::Torchvision);
    for (found, expected) in torchvision.iter().zip([1.307_047, -0.285_014, -0.932_985]) {
        assert!((found - expected).abs() < 1e-5, "{found} is not {expected}");
    }
    assert_eq!(at(ColourVariant::LocalAverage), [128.0 / 255.0; 3], "an even field differs from nothing");
}

#[test]
fn painted_pixels_are_exactly_those_outside_the_inscribed_disc() {
    let white = RgbImage::from_pixel(500, 400, Rgb([255, 255, 255]));
    for size in [64, 65, 224] {
        let tensor =
            preprocess(&white, &field(250.0, 200.0, 190.0, 190.0), &PreprocessSpec::new(size, ColourVariant::Original));
        let middle = f64::from(size) / 2.0;
        for y in 0..size {
            for x in 0..size {
                let distance = libm::hypot(f64::from(x) + 0.5 - middle, f64::from(y) + 0.5 - middle);
                let expected = if distance <= middle - 2.0 { 1.0 } else { 0.0 };
                assert_eq!(tensor.data[(y * size + x) as usize], expected, "{x},{y} of {size}");
            }
        }
    }
}

#[test]
fn a_dark_photograph_is_brought_up_to_the_least_brightness_and_no_other() {
    let field = field(150.0, 150.0, 140.0, 140.0);
    let spec = PreprocessSpec::new(64, ColourVariant::Original);
    let raised = spec.clone().with_least_brightness(0.25);
    // The border must not count: it is white here.
    let even = |colour| painted_outside(&RgbImage::from_pixel(300, 300, Rgb(colour)), &field, 140.0, Rgb([255; 3]));
    let (plane, centre) = (64 * 64, 32 * 64 + 32);
    let levels = |colour, spec| {
        let tensor = preprocess(&even(colour), &field, spec);
        [0, 1, 2].map(|channel| (tensor.data[channel * plane + centre] * 255.0).round())
    };
    // Mean luma 0.1569: everything times 0.25 / 0.1569 = 1.594.
    assert_eq!(levels([80, 25, 12], &raised), [128.0, 40.0, 19.0]);
    assert_eq!(levels([80, 25, 12], &spec), [80.0, 25.0, 12.0]);
    // Mean luma 0.2571.
    assert_eq!(levels([140, 38, 12], &raised), [140.0, 38.0, 12.0]);
    // No more than four times, not beyond white, and black stays black.
    assert_eq!(levels([8, 4, 2], &raised), [32.0, 16.0, 8.0]);
    let high = spec.clone().with_least_brightness(0.5);
    assert_eq!(levels([200, 30, 10], &high), [255.0, 49.0, 16.0]);
    assert_eq!(levels([0, 0, 0], &raised), [0.0; 3]);
}

#[test]
fn half_the_light_makes_no_difference_where_both_are_dark() {
    // 0.35 and 0.175 of the light's levels of a pattern whose mean luma is about 0.5.
    let bright = pattern(640, 480);
    let dimmed = |part: f64| {
        let mut pixels = bright.clone();
        pixels.iter_mut().for_each(|level| *level = (f64::from(*level) * part).round() as u8);
        pixels
    };
    let field = field(320.0, 240.0, 200.0, 200.0);
    for variant in ColourVariant::ALL {
        let spec = PreprocessSpec::new(224, variant);
        let apart = |spec: &PreprocessSpec| {
            let [a, b] = [0.35, 0.175].map(|part| preprocess(&dimmed(part), &field, spec).data);
            a.iter().zip(&b).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / a.len() as f64
        };
        let (as_they_are, raised) = (apart(&spec), apart(&spec.clone().with_least_brightness(0.25)));
        // What rounding to eight bits has taken from the darker one stays away, and weighs four times in a local average.
        let most = if variant == ColourVariant::LocalAverage { 0.6 } else { 0.1 };
        assert!(raised < most * as_they_are, "{variant:?}: {raised} of {as_they_are}");
    }
}

#[test]
fn a_local_mean_knows_nothing_of_the_painted_border() {
    // An even disc stays neutral up to its edge: a mean that took the border in would brighten it.
    let grey = RgbImage::from_pixel(500, 500, Rgb([90, 90, 90]));
    let tensor =
        preprocess(&grey, &field(250.0, 250.0, 240.0, 240.0), &PreprocessSpec::new(224, ColourVariant::LocalAverage));
    assert!(tensor.data.iter().all(|&value| value == (128.0_f64 / 255.0) as f32));
}

#[test]
fn a_disc_partly_outside_the_photograph_is_painted_there() {
    let white = RgbImage::from_pixel(400, 400, Rgb([255, 255, 255]));
    let tensor =
        preprocess(&white, &field(0.0, 200.0, 190.0, 190.0), &PreprocessSpec::new(64, ColourVariant::Original));
    assert_eq!(tensor.data[32 * 64 + 31], 0.0, "left of the photograph");
    assert_eq!(tensor.data[32 * 64 + 32], 1.0, "in the photograph");
}

#[test]
fn a_senseless_field_shows_nothing_and_does_not_panic() {
    let white = RgbImage::from_pixel(40, 30, Rgb([255, 255, 255]));
    for bad in [
        field(f64::NAN, 1.0, 1.0, 1.0),
        field(20.0, 15.0, 1.0, f64::INFINITY),
        field(20.0, 15.0, -5.0, -5.0),
        field(20.0, 15.0, 0.0, 0.0),
        field(1e300, 15.0, 10.0, 10.0),
        field(-500.0, 15.0, 10.0, 10.0),
        field(20.0, 15.0, 1e300, 1e300),
        field(40.0, 30.0, 5.0, 1.1),
    ] {
        for variant in ColourVariant::ALL {
            preprocess(&white, &bad, &PreprocessSpec::new(64, variant));
        }
    }
    let empty =
        preprocess(&RgbImage::new(0, 0), &field(5.0, 5.0, 5.0, 5.0), &PreprocessSpec::new(64, ColourVariant::Vgg16));
    assert!(empty.data.iter().all(|&value| value == 0.0));
}

#[test]
fn resolution_hardly_matters() {
    // The same smooth picture at two resolutions; the finer one is four times as large.
    let draw = |side: u32| {
        RgbImage::from_fn(side, side, |x, y| {
            let (u, v) = ((f64::from(x) + 0.5) / f64::from(side), (f64::from(y) + 0.5) / f64::from(side));
            Rgb([(200.0 * u) as u8, (120.0 + 100.0 * v * u) as u8, (90.0 + 80.0 * (u - v)) as u8])
        })
    };
    let tensor = |side: u32| {
        let half = f64::from(side) / 2.0;
        preprocess(
            &draw(side),
            &field(half, half, half * 0.9, half * 0.9),
            &PreprocessSpec::new(224, ColourVariant::Original),
        )
    };
    let (coarse, fine) = (tensor(512), tensor(2048));
    let largest = coarse.data.iter().zip(&fine.data).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest <= 2.0 / 255.0, "moved by {} levels", largest * 255.0);
}
