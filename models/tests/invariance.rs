//! What may be done to a photograph without changing what the network sees: other resolutions, another border, another
//! container, a turned sensor, one more encoding. On real photographs, where they are.

#![expect(clippy::disallowed_methods, reason = "what a test works out stays on this machine")]
#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

use std::{collections::BTreeSet, io::Cursor, path::PathBuf, sync::Mutex, thread};

use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8x3,
};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, metadata::Orientation};
use ocellus_model::{
    field::{CONFIDENCE_LOW, Field, find_field},
    image::{decode, read},
    preprocess::{ColourVariant, PreprocessSpec, Tensor, preprocess},
    tolerance::{FIELD_RELATIVE, TENSOR_MEAN_LEVELS},
};

mod real;

/// Photographs looked at.
const PHOTOGRAPHS: usize = 200;
/// Most photographs whose field may turn out otherwise because the fit is not sure of itself and says so (squeezed ones
/// and ones cut on all four sides). Five were found.
const UNSURE_MOST: usize = PHOTOGRAPHS * 3 / 100;
/// Longer sides, in pixels; the largest only on every twentieth photograph.
const SIDES: [u32; 3] = [512, 1024, 2048];
const LARGEST: u32 = 4096;

fn spec() -> PreprocessSpec {
    PreprocessSpec::new(224, ColourVariant::Vgg16)
}

/// About [`PHOTOGRAPHS`] real photographs of all sources, always the same ones; none where there is no folder.
fn photographs() -> Option<Vec<PathBuf>> {
    let images = real::images()?;
    let mut files = Vec::new();
    for source in std::fs::read_dir(images).unwrap() {
        let source = source.unwrap();
        // Photographs that people called ungradable need not have a field.
        if source.file_name() == "ungradable" {
            continue;
        }
        files.extend(std::fs::read_dir(source.path()).unwrap().map(|file| file.unwrap().path()));
    }
    files.sort();
    let step = (files.len() / PHOTOGRAPHS).max(1);
    Some(files.into_iter().step_by(step).collect())
}

/// Runs a check on every photograph, on two threads; what it finds wrong is listed.
fn on_each(check: impl Fn(usize, &RgbImage, &Field) -> Vec<String> + Sync) {
    let Some(files) = photographs() else { return };
    assert!(files.len() >= PHOTOGRAPHS, "only {} photographs", files.len());
    let (faults, looked_at) = (Mutex::new(Vec::new()), Mutex::new(0));
    let numbered: Vec<(usize, &PathBuf)> = files.iter().enumerate().collect();
    thread::scope(|scope| {
        for part in numbered.chunks(numbered.len().div_ceil(2)) {
            let (check, faults, looked_at) = (&check, &faults, &looked_at);
            scope.spawn(move || {
                for (number, file) in part {
                    let pixels = read(file).unwrap().pixels;
                    let Ok(field) = find_field(&pixels) else { continue };
                    *looked_at.lock().unwrap() += 1;
                    let name = file.file_name().unwrap().to_string_lossy();
                    let found = check(*number, &pixels, &field);
                    faults.lock().unwrap().extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
                }
            });
        }
    });
    let (faults, looked_at) = (faults.into_inner().unwrap(), looked_at.into_inner().unwrap());
    assert!(looked_at >= PHOTOGRAPHS * 9 / 10, "a field in only {looked_at} photographs");
    assert!(faults.is_empty(), "{} faults on {looked_at} photographs:\n{}", faults.len(), faults.join("\n"));
}

/// The picture at another size in pixels, with a bicubic filter.
fn resized(pixels: &RgbImage, [width, height]: [u32; 2]) -> RgbImage {
    let from = TypedImageRef::<U8x3>::from_buffer(pixels.width(), pixels.height(), pixels.as_raw()).unwrap();
    let mut to = TypedImage::<U8x3>::new(width, height);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    Resizer::new().resize_typed(&from, &mut to, &options).unwrap();
    RgbImage::from_raw(width, height, to.pixels().iter().flat_map(|pixel| pixel.0).collect()).unwrap()
}

/// Mean difference of two tensors, in levels of 255.
fn levels(a: &Tensor, b: &Tensor) -> f64 {
    let sum: f64 = a.data.iter().zip(&b.data).map(|(a, b)| f64::from((a - b).abs())).sum();
    sum / a.data.len() as f64
}

/// Largest difference of two fields, in parts of the radius, the first magnified by `scale`.
fn apart(a: &Field, scale: f64, b: &Field) -> f64 {
    let differences = [
        a.centre_x * scale - b.centre_x,
        a.centre_y * scale - b.centre_y,
        a.radius * scale - b.radius,
        a.visible_radius * scale - b.visible_radius,
    ];
    differences.into_iter().map(f64::abs).fold(0.0, f64::max) / b.radius
}

// verifies: RQ-031
#[test]
fn the_resolution_of_the_file_moves_neither_field_nor_tensor() {
    let unsure = Mutex::new(BTreeSet::new());
    on_each(|number, pixels, _| {
        let mut faults = Vec::new();
        let (width, height) = pixels.dimensions();
        let sized = |side: u32| {
            let scale = f64::from(side) / f64::from(width.max(height));
            let size = [width, height].map(|length| (f64::from(length) * scale).round() as u32);
            resized(pixels, size)
        };
        // The stored photograph is small already: the reference is its first enlargement, so that all are of one kind.
        let reference = sized(SIDES[0]);
        let Ok(field) = find_field(&reference) else { return vec!["no field at 512 pixels".to_owned()] };
        let tensor = preprocess(&reference, &field, &spec());
        let largest = (number % 20 == 0).then_some(LARGEST);
        for side in SIDES.into_iter().skip(1).chain(largest) {
            let picture = sized(side);
            match find_field(&picture) {
                Ok(found) => {
                    let apart = apart(&field, f64::from(side) / f64::from(SIDES[0]), &found);
                    if apart > FIELD_RELATIVE {
                        // A fit that is not sure of itself may turn out otherwise, but not often.
                        if field.confidence.min(found.confidence) < CONFIDENCE_LOW {
                            unsure.lock().unwrap().insert(number);
                            continue;
                        }
                        faults.push(format!("field is {:.2} % apart at {side} pixels", apart * 100.0));
                    }
                    let levels = levels(&tensor, &preprocess(&picture, &found, &spec()));
                    if levels > TENSOR_MEAN_LEVELS {
                        faults.push(format!("tensor is {levels:.2} levels apart at {side} pixels"));
                    }
                }
                Err(error) => faults.push(format!("at {side} pixels: {error}")),
            }
        }
        faults
    });
    let unsure = unsure.into_inner().unwrap();
    assert!(unsure.len() <= UNSURE_MOST, "{} photographs without a sure field: {unsure:?}", unsure.len());
}

// verifies: RQ-031
#[test]
fn what_lies_outside_the_disc_has_no_influence_at_all() {
    on_each(|number, pixels, field| {
        let tensor = preprocess(pixels, field, &spec());
        let radius = field.visible_radius * spec().disc;
        let mut faults = Vec::new();
        // Another source's border: black, white, grey, noise, and text-like stripes.
        type Level = fn(u32, u32) -> u8;
        let borders: [(&str, Level); 4] = [
            ("white", |_, _| 255),
            ("grey", |_, _| 128),
            ("noise", |x, y| (x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)) >> 7) as u8),
            ("stripes", |x, _| if x / 3 % 2 == 0 { 255 } else { 0 }),
        ];
        for (name, level) in borders {
            let mut painted = pixels.clone();
            for (x, y, pixel) in painted.enumerate_pixels_mut() {
                let (dx, dy) = (f64::from(x) + 0.5 - field.centre_x, f64::from(y) + 0.5 - field.centre_y);
                if dx.hypot(dy) > radius {
                    *pixel = Rgb([level(x, y), level(y, x + number as u32), level(x + y, x)]);
                }
            }
            if preprocess(&painted, field, &spec()) != tensor {
                faults.push(format!("a border of {name} moves the tensor"));
            }
        }
        faults
    });
}

// verifies: RQ-031
#[test]
fn another_border_colour_gives_the_same_field() {
    on_each(|_, pixels, field| {
        // Where the whole field is in the picture: only then is everything outside of it border.
        if field.visible_radius < field.radius * 0.999 || field.confidence < 0.8 {
            return Vec::new();
        }
        let tensor = preprocess(pixels, field, &spec());
        let mut faults = Vec::new();
        for (name, colour) in [("white", [255; 3]), ("grey", [90; 3]), ("blue", [20, 30, 120])] {
            let mut framed = pixels.clone();
            for (x, y, pixel) in framed.enumerate_pixels_mut() {
                let (dx, dy) = (f64::from(x) + 0.5 - field.centre_x, f64::from(y) + 0.5 - field.centre_y);
                if dx.hypot(dy) > field.radius {
                    *pixel = Rgb(colour);
                }
            }
            match find_field(&framed) {
                Ok(found) => {
                    let (apart, levels) =
                        (apart(field, 1.0, &found), levels(&tensor, &preprocess(&framed, &found, &spec())));
                    if apart > 2.0 * FIELD_RELATIVE || levels > TENSOR_MEAN_LEVELS {
                        let percent = apart * 100.0;
                        faults.push(format!("{name}: field {percent:.2} % apart, tensor {levels:.2} levels"));
                    }
                }
                Err(error) => faults.push(format!("{name}: {error}")),
            }
        }
        faults
    });
}

// verifies: RQ-031
#[test]
fn container_and_orientation_change_nothing_and_one_more_encoding_little() {
    let unsure = Mutex::new(BTreeSet::new());
    on_each(|number, pixels, field| {
        let tensor = preprocess(pixels, field, &spec());
        let mut faults = Vec::new();
        for turn in 1..=8 {
            let upright = Orientation::from_exif(turn).unwrap();
            let mut stored = DynamicImage::ImageRgb8(pixels.clone());
            stored.apply_orientation(inverse(upright));
            let stored = stored.into_rgb8();
            if decode(&png_with_orientation(&stored, turn)).unwrap().pixels != *pixels {
                faults.push(format!("PNG of orientation {turn} has other pixels"));
            }
        }
        for format in [ImageFormat::Tiff, ImageFormat::Bmp] {
            let mut bytes = Vec::new();
            pixels.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
            if decode(&bytes).unwrap().pixels != *pixels {
                faults.push(format!("{format:?} has other pixels"));
            }
        }
        let (width, height) = pixels.dimensions();
        let mut bytes = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
        encoder.encode(pixels.as_raw(), width as u16, height as u16, jpeg_encoder::ColorType::Rgb).unwrap();
        let again = decode(&bytes).unwrap().pixels;
        match find_field(&again) {
            Ok(found) => {
                let levels = levels(&tensor, &preprocess(&again, &found, &spec()));
                let sure = field.confidence.min(found.confidence) >= CONFIDENCE_LOW;
                if levels > TENSOR_MEAN_LEVELS && !sure && apart(field, 1.0, &found) > FIELD_RELATIVE {
                    unsure.lock().unwrap().insert(number);
                } else if levels > TENSOR_MEAN_LEVELS {
                    faults.push(format!("tensor is {levels:.2} levels apart after JPEG of quality 95"));
                }
            }
            Err(error) => faults.push(format!("after JPEG: {error}")),
        }
        faults
    });
    let unsure = unsure.into_inner().unwrap();
    assert!(unsure.len() <= UNSURE_MOST, "{} photographs without a sure field: {unsure:?}", unsure.len());
}

/// The turn that undoes another.
fn inverse(orientation: Orientation) -> Orientation {
    match orientation {
        Orientation::Rotate90 => Orientation::Rotate270,
        Orientation::Rotate270 => Orientation::Rotate90,
        other => other,
    }
}

/// A PNG whose EXIF block holds nothing but an orientation.
fn png_with_orientation(pixels: &RgbImage, orientation: u8) -> Vec<u8> {
    // TIFF header, one entry: tag 0x0112, SHORT, one value, no next directory.
    let exif = [b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", &[orientation][..], b"\0\0\0\0\0\0"].concat();
    let mut bytes = Vec::new();
    let mut info = png::Info::with_size(pixels.width(), pixels.height());
    info.color_type = png::ColorType::Rgb;
    info.exif_metadata = Some(exif.into());
    let mut writer = png::Encoder::with_info(&mut bytes, info).unwrap().write_header().unwrap();
    writer.write_image_data(pixels.as_raw()).unwrap();
    writer.finish().unwrap();
    bytes
}
