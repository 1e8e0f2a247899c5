//! Which eye a photograph shows, and whether it is the same one again: on real photographs.

#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

use std::{collections::BTreeMap, io::Cursor, path::PathBuf};

use image::{DynamicImage, ImageFormat, RgbImage, imageops};
use ocellus_model::{
    field::find_field,
    image::{decode, read},
    laterality::Laterality,
    quality::{Fingerprint, Gradability, OpticDisc, Reduction, SAME_BELOW, assess_measured, measures::Measures},
};

mod real;
mod source;

/// Photographs of each source that are looked at.
const PHOTOGRAPHS: usize = 150;
/// Least part of gradable photographs whose disc tells the eye, and most that tell the wrong one: some are disc-centred,
/// turned, or named wrongly.
const TELL: f64 = 0.6;
const WRONG: f64 = 0.02;

/// The eye that a file's name says.
fn named(file: &std::path::Path) -> Option<Laterality> {
    let name = file.file_stem().unwrap().to_str().unwrap().to_lowercase();
    let has = |words: [&str; 2]| words.iter().any(|word| name.contains(word));
    match (has(["right", "_od_"]), has(["left", "_oi_"])) {
        (true, false) => Some(Laterality::Od),
        (false, true) => Some(Laterality::Os),
        _ => None,
    }
}

#[test]
fn the_disc_tells_the_eye_of_most_photographs_and_rarely_the_wrong_one() {
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for source in ["odir", "imo_mexico"] {
        let Some(files) = source::files(source, PHOTOGRAPHS) else { return };
        let [looked_at, tell, wrong] = counts.entry(source).or_default();
        for file in files {
            let eye = named(&file).unwrap_or_else(|| panic!("{}: no eye in the name", file.display()));
            let pixels = read(&file).unwrap().pixels;
            let Ok(field) = find_field(&pixels) else { continue };
            let reduction = Reduction::of(&pixels, &field);
            let disc = OpticDisc::find(&reduction);
            // What is not gradable is taken again anyway.
            if assess_measured(&Measures::of(&reduction), disc, &field).gradability == Gradability::Ungradable {
                continue;
            }
            *looked_at += 1;
            *tell += usize::from(disc.eye().is_some());
            *wrong += usize::from(disc.eye() == Some(eye.other()));
            // In a mirror it is the other eye, and as sure.
            let mirrored = imageops::flip_horizontal(&pixels);
            let mirrored = OpticDisc::find(&Reduction::of(&mirrored, &find_field(&mirrored).unwrap()));
            if let (Some(eye), Some(other)) = (disc.eye(), mirrored.eye()) {
                assert_eq!(eye, other.other(), "{}", file.display());
            }
        }
    }
    let [looked_at, tell, wrong] = counts.values().fold([0; 3], |sum, of| std::array::from_fn(|at| sum[at] + of[at]));
    eprintln!("{counts:?}: gradable, tell the eye, tell the wrong one");
    assert!(tell as f64 >= TELL * looked_at as f64, "{counts:?}");
    assert!(wrong as f64 <= WRONG * tell as f64, "{counts:?}");
}

// verifies: RQ-011
#[test]
fn the_same_photograph_is_known_again_and_no_other_is_taken_for_it() {
    let mut known: Vec<(PathBuf, Fingerprint)> = Vec::new();
    let mut faults = Vec::new();
    for source in ["odir", "imo_mexico", "hei_med", "drimdb", "vietai"] {
        let Some(files) = source::files(source, PHOTOGRAPHS) else { return };
        for file in files.into_iter().step_by(3) {
            let pixels = read(&file).unwrap().pixels;
            let Ok(field) = find_field(&pixels) else { continue };
            let fingerprint = Fingerprint::of(&Reduction::of(&pixels, &field));
            let mut jpeg = Vec::new();
            let (width, height) = (pixels.width() as u16, pixels.height() as u16);
            let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 75);
            encoder.encode(pixels.as_raw(), width, height, jpeg_encoder::ColorType::Rgb).unwrap();
            let mut png = Vec::new();
            DynamicImage::ImageRgb8(pixels.clone()).write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
            for (way, bytes) in [("JPEG 75", jpeg), ("PNG", png)] {
                let again: RgbImage = decode(&bytes).unwrap().pixels;
                // The same frame has the same field; finding it anew is tested elsewhere.
                let difference = fingerprint.difference(&Fingerprint::of(&Reduction::of(&again, &field)));
                if difference >= SAME_BELOW {
                    faults.push(format!("{} as {way}: {difference:.3}", file.display()));
                }
            }
            known.push((file, fingerprint));
        }
    }
    assert!(known.len() > 200, "only {} photographs", known.len());
    let mut nearest = (f64::INFINITY, 0, 0);
    for (a, (_, first)) in known.iter().enumerate() {
        for (b, (_, second)) in known.iter().enumerate().skip(a + 1) {
            let difference = first.difference(second);
            if difference < nearest.0 {
                nearest = (difference, a, b);
            }
        }
    }
    let (difference, a, b) = nearest;
    let names = format!("{} and {}", known[a].0.display(), known[b].0.display());
    eprintln!("the two most alike: {names}, {difference:.2} levels apart");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(difference > SAME_BELOW, "{names}: {difference:.3}");
}
