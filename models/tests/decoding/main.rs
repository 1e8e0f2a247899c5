//! One picture in every form that a photograph comes in: the decoder gives the pixels that other people's software
//! gives, or refuses with the reason.

#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

use std::{fs, path::Path, process::Command};

use image::RgbImage;
use ocellus_model::{
    image::{
        Conversion, DecodeError, FrameFormat, decode, decode_frame,
        frame::{ColourRange, FieldOrder, PixelFormat, YcbcrEncoding},
        limits::FILE_BYTES_MAX,
        read,
    },
    laterality::Laterality,
    phantom::{PracticeEye, draw},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

/// A line of `index.json`.
#[derive(Debug, Deserialize)]
struct Variant {
    file: String,
    expected: Option<String>,
    refused: Option<String>,
    mean: Option<f64>,
    most: Option<u8>,
    conversion: Option<String>,
    orientation: Option<u8>,
    laterality: Option<Laterality>,
}

fn variants(home: &Path) -> Vec<Variant> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let python = root.join("target/check-venv/bin/python");
    assert!(python.exists(), "{} is not there: run scripts/setup.sh test", python.display());
    // Wider than high and not a multiple of a block, so that no turn and no edge goes unnoticed.
    let eye = draw(&PracticeEye { size: (339, 267), ..PracticeEye::new(5, Laterality::Os) });
    let (picture, profile) = (home.join("picture.png"), home.join("profile.icc"));
    eye.save(&picture).unwrap();
    fs::write(&profile, moxcms::ColorProfile::new_adobe_rgb().encode().unwrap()).unwrap();
    let script = root.join("models/tests/decoding/variants.py");
    let run = Command::new(python).arg(script).args([&picture, &profile]).arg(home).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_slice(&fs::read(home.join("index.json")).unwrap()).unwrap()
}

/// Mean and largest difference in levels.
fn difference(a: &RgbImage, b: &RgbImage) -> (f64, u8) {
    let differences = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| a.abs_diff(*b));
    let mean = differences.clone().map(f64::from).sum::<f64>() / a.as_raw().len() as f64;
    (mean, differences.max().unwrap())
}

/// What is wrong with the decoder's answer, if anything.
fn fault(home: &Path, variant: &Variant) -> Option<String> {
    let found = read(&home.join(&variant.file));
    let photograph = match (found, &variant.refused) {
        (Ok(_), Some(word)) => return Some(format!("was read, expected an error that names {word:?}")),
        (Err(error), Some(word)) => {
            let text = error.to_string();
            let fine = text.contains(word.as_str()) && !text.contains('\n');
            return (!fine).then(|| format!("{text:?} does not name {word:?} in one line"));
        }
        (Err(error), None) => return Some(error.to_string()),
        (Ok(photograph), None) => photograph,
    };
    let expected = image::open(home.join(variant.expected.as_ref().unwrap())).unwrap().into_rgb8();
    if photograph.pixels.dimensions() != expected.dimensions() {
        return Some(format!("{:?}, expected {:?}", photograph.pixels.dimensions(), expected.dimensions()));
    }
    let (mean, most) = difference(&photograph.pixels, &expected);
    if mean > variant.mean.unwrap() || most > variant.most.unwrap() {
        return Some(format!("differs by {mean:.3} levels in the mean and {most} at most"));
    }
    if photograph.laterality != variant.laterality {
        return Some(format!("{:?}, expected {:?}", photograph.laterality, variant.laterality));
    }
    let told: Vec<String> = photograph.conversions.iter().map(ToString::to_string).collect();
    match (&variant.conversion, variant.orientation) {
        (Some(word), _) if !told.iter().any(|told| told.contains(word.as_str())) => {
            Some(format!("{told:?} does not tell of {word:?}"))
        }
        (_, Some(orientation))
            if orientation != 1 && !photograph.conversions.contains(&Conversion::Oriented(orientation)) =>
        {
            Some(format!("{told:?} does not tell of orientation {orientation}"))
        }
        (None, None | Some(1)) if !told.is_empty() => Some(format!("{told:?}, expected no conversion")),
        _ => None,
    }
}

#[test]
fn every_form_is_read_as_others_read_it_or_refused_with_the_reason() {
    let home = tempfile::tempdir().unwrap();
    let variants = variants(home.path());
    assert!(variants.len() > 150, "only {} forms", variants.len());
    let faults: Vec<String> = variants
        .iter()
        .filter_map(|variant| fault(home.path(), variant).map(|fault| format!("{}: {fault}", variant.file)))
        .collect();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), variants.len(), faults.join("\n"));

    // A camera's stream without tables is the same picture as with them; as a file it is refused.
    let bytes = |name: &str| fs::read(home.path().join(name)).unwrap();
    let (with, without) = (bytes("with_tables.mjpeg"), bytes("without_tables.mjpeg"));
    assert!(without.len() < with.len());
    let format = FrameFormat { width: 339, height: 267, ..camera(PixelFormat::Mjpeg) };
    let frame = decode_frame(&without, &format).unwrap();
    assert_eq!(frame.pixels, decode(&with).unwrap().pixels);
    assert_eq!(frame.pixels, decode_frame(&with, &format).unwrap().pixels);
    assert!(matches!(decode(&without), Err(DecodeError::Damaged { .. })));
    let wrong = FrameFormat { width: 640, ..format };
    assert!(decode_frame(&with, &wrong).unwrap_err().to_string().contains("339 x 267"));
}

/// Bytes changed, cut out or doubled at random places, always the same ones.
fn spoil(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    for _ in 0..rng.random_range(1..=8) {
        let length = bytes.len();
        if length < 2 {
            return;
        }
        // Headers are where the structure lies.
        let reach = if rng.random_bool(0.5) { length.min(600) } else { length };
        let at = rng.random_range(0..reach);
        match rng.random_range(0..4) {
            0 => bytes[at] = rng.random(),
            1 => bytes[at] ^= 1 << rng.random_range(0..8),
            2 => drop(bytes.drain(at..(at + rng.random_range(1..64)).min(length))),
            _ => {
                let piece = bytes[at..(at + 32).min(length)].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
}

// verifies: RQ-160
#[test]
fn no_bytes_make_the_decoder_panic() {
    let home = tempfile::tempdir().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(20_261_125);
    let whole: Vec<Variant> =
        variants(home.path()).into_iter().filter(|variant| !variant.file.contains("_cut_")).collect();
    let (mut read, mut refused) = (0, 0);
    for variant in &whole {
        let bytes = fs::read(home.path().join(&variant.file)).unwrap();
        for _ in 0..8 {
            let mut spoilt = bytes.clone();
            spoil(&mut spoilt, &mut rng);
            match decode(&spoilt) {
                Ok(photograph) => {
                    let (width, height) = photograph.pixels.dimensions();
                    assert_eq!(photograph.pixels.as_raw().len(), 3 * width as usize * height as usize);
                    read += 1;
                }
                Err(error) => {
                    assert!(!error.to_string().contains('\n'), "{error}");
                    refused += 1;
                }
            }
        }
    }
    println!("{read} spoilt files were read, {refused} refused");
    assert!(read > 0 && refused > read / 4);
}

/// 64 × 64 progressive frames of full range.
fn camera(pixel: PixelFormat) -> FrameFormat {
    let depth = if pixel == PixelFormat::Yuyv { 2 } else { 3 };
    FrameFormat {
        width: 64,
        height: 64,
        pixel,
        bytes_per_line: 64 * depth,
        field: FieldOrder::None,
        range: ColourRange::Full,
        encoding: YcbcrEncoding::Bt601,
    }
}

/// A frame of one colour, rows padded with 0xaa to `stride`.
fn yuyv([y, cb, cr]: [u8; 3], stride: usize) -> Vec<u8> {
    let mut row = [y, cb, y, cr].repeat(32);
    row.resize(stride, 0xaa);
    row.repeat(64)
}

#[test]
fn yuyv_takes_range_matrix_and_stride_from_the_camera() {
    let colour = |ycbcr, range, encoding, stride: usize| {
        let format = FrameFormat { bytes_per_line: stride as u32, range, encoding, ..camera(PixelFormat::Yuyv) };
        let pixels = decode_frame(&yuyv(ycbcr, stride), &format).unwrap().pixels;
        let first = pixels.get_pixel(0, 0).0;
        assert!(pixels.pixels().all(|pixel| pixel.0 == first), "padding got into the picture");
        first
    };
    use {ColourRange::*, YcbcrEncoding::*};
    for (ycbcr, range, encoding, expected) in [
        ([255, 128, 128], Full, Bt601, [255; 3]),
        ([235, 128, 128], Limited, Bt601, [255; 3]),
        ([16, 128, 128], Limited, Bt709, [0; 3]),
        ([16, 128, 128], Full, Bt601, [16; 3]),
        // Pure red: Rec. 601, full range (JFIF 1.02) and limited; Rec. 709, limited.
        ([76, 85, 255], Full, Bt601, [254, 0, 0]),
        ([81, 90, 240], Limited, Bt601, [254, 0, 0]),
        ([63, 102, 240], Limited, Bt709, [255, 1, 0]),
    ] {
        for stride in [128, 192] {
            let found = colour(ycbcr, range, encoding, stride);
            let near = found.iter().zip(&expected).all(|(a, b): (&u8, &u8)| a.abs_diff(*b) <= 1);
            assert!(near, "{ycbcr:?} {range:?} {encoding:?}: {found:?}, expected {expected:?}");
        }
    }
}

#[test]
fn rows_of_two_fields_are_put_in_order_and_half_frames_refused() {
    let row = |level: usize| vec![level as u8; 64 * 3];
    let sequential = |order: [usize; 2]| -> Vec<u8> {
        order.into_iter().flat_map(|parity| (0..64).filter(move |y| y % 2 == parity).flat_map(row)).collect()
    };
    for (field, bytes) in [
        (FieldOrder::None, (0..64).flat_map(row).collect()),
        (FieldOrder::Interlaced, (0..64).flat_map(row).collect()),
        (FieldOrder::SequentialTopBottom, sequential([0, 1])),
        (FieldOrder::SequentialBottomTop, sequential([1, 0])),
    ] {
        let format = FrameFormat { field, ..camera(PixelFormat::Rgb24) };
        let pixels = decode_frame(&bytes, &format).unwrap().pixels;
        assert!(pixels.rows().enumerate().all(|(y, mut row)| row.all(|pixel| pixel.0 == [y as u8; 3])), "{field:?}");
    }
    let half = FrameFormat { field: FieldOrder::SingleField, ..camera(PixelFormat::Rgb24) };
    assert!(matches!(decode_frame(&vec![0; 64 * 64 * 3], &half), Err(DecodeError::Unsupported { .. })));
}

#[test]
fn frames_that_do_not_fit_what_the_camera_says_are_errors() {
    let good = vec![7; 64 * 64 * 3];
    for (bytes, format) in [
        (&good[..good.len() - 1], camera(PixelFormat::Rgb24)),
        (&[][..], camera(PixelFormat::Yuyv)),
        (&good[..], FrameFormat { bytes_per_line: 100, ..camera(PixelFormat::Rgb24) }),
        (&good[..], FrameFormat { width: 65, bytes_per_line: 200, ..camera(PixelFormat::Yuyv) }),
        (&good[..], FrameFormat { height: 20_000, ..camera(PixelFormat::Rgb24) }),
        (&good[..], camera(PixelFormat::Mjpeg)),
    ] {
        let error = decode_frame(bytes, &format).unwrap_err();
        assert!(matches!(error, DecodeError::Damaged { .. } | DecodeError::Size { .. }), "{format:?}: {error}");
    }
}

#[test]
fn what_is_no_plain_file_is_not_read_and_names_itself() {
    let home = tempfile::tempdir().unwrap();
    assert!(read(home.path()).unwrap_err().to_string().contains("folder"));
    let none = home.path().join("none.jpg");
    let error = read(&none).unwrap_err();
    assert!(matches!(&error, DecodeError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound));
    assert!(error.to_string().contains("none.jpg"), "{error}");
    #[cfg(unix)]
    assert!(read(Path::new("/dev/zero")).is_err());
    let large = home.path().join("large.png");
    fs::File::create(&large).unwrap().set_len(FILE_BYTES_MAX + 1).unwrap();
    assert!(matches!(read(&large), Err(DecodeError::FileTooLarge { .. })));
}
