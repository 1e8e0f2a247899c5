//! The phantom: draws practice eyes, which look like fundus photographs and are not of anybody.
//!
//! A [`PracticeEye`] says everything about one photograph: the eye (from a seed), its [`Findings`], how the camera
//! looks at it ([`CameraLook`]) and what went wrong ([`Faults`]). [`draw`] paints it; the same description gives the
//! same bytes on every platform, and the same eye in any size. [`PracticeSet`] samples labelled eyes by the number.
//!
//! Terms: *fovea*, the centre of sharp sight; *macula*, the dark zone around it; *disc*, where the optic nerve leaves;
//! *cup*, the hollow in the disc; *arcades*, the large vessels that arch around the macula.
//!
//! What it is for: demonstrations, self-tests, tests of programs. What it is not: evidence. Figures measured on
//! practice eyes say nothing of real ones.

mod anatomy;
mod background;
mod camera;
mod canvas;
mod dice;
mod disc;
mod findings;
mod geometry;
mod lesions;
mod macula;
mod noise;
mod set;
mod vessels;

use ::image::RgbImage;

pub use camera::{CameraLook, Faults, Notch};
pub use findings::Findings;
pub use geometry::Landmarks;
pub use set::{PracticePhotograph, PracticeSet};

use crate::laterality::Laterality;
use anatomy::Anatomy;
use canvas::Canvas;
use geometry::View;

/// What the photograph is centred on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldCentre {
    /// The macula, with the disc in the field: the usual screening photograph.
    Macula,
    /// The optic disc.
    Disc,
}

/// A complete description of one practice photograph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PracticeEye {
    /// Decides everything that is not said below. Both eyes of a patient share a seed: they have the same pigment, but
    /// each its own disc, vessels and lesions.
    pub seed: u64,
    /// Which eye.
    pub eye: Laterality,
    /// Number of the exposure of this eye: the same eye, aimed and lit a little differently.
    pub exposure: u32,
    /// What the photograph is centred on.
    pub field_of_view: FieldCentre,
    /// Width and height in pixels, each 16 to 8192 (values outside are clamped).
    pub size: (u32, u32),
    /// What is wrong with the eye.
    pub findings: Findings,
    /// How the camera shows it.
    pub camera: CameraLook,
    /// What went wrong with the exposure.
    pub faults: Faults,
}

impl PracticeEye {
    /// An eye without findings, 512 × 512 pixels, centred on the macula, taken by a plain camera.
    pub fn new(seed: u64, eye: Laterality) -> Self {
        Self {
            seed,
            eye,
            exposure: 0,
            field_of_view: FieldCentre::Macula,
            size: (512, 512),
            findings: Findings::NONE,
            camera: CameraLook::default(),
            faults: Faults::NONE,
        }
    }

    /// Where field, disc and fovea lie in the picture that [`draw`] paints.
    pub fn landmarks(&self) -> Landmarks {
        let eye = self.clamped();
        let anatomy = Anatomy::of(&eye);
        Landmarks::of(&eye, View::of(&eye, &anatomy), &anatomy)
    }

    fn clamped(&self) -> Self {
        Self {
            size: (self.size.0.clamp(16, 8192), self.size.1.clamp(16, 8192)),
            findings: self.findings.clamped(),
            camera: self.camera.clamped(),
            faults: self.faults.clamped(),
            ..*self
        }
    }
}

/// Draws a practice eye.
pub fn draw(eye: &PracticeEye) -> RgbImage {
    let eye = &eye.clamped();
    let anatomy = &Anatomy::of(eye);
    let vessels = &vessels::grow(eye, anatomy, lesions::occlusion::engorgement(eye));
    let mut whole = Canvas::new(eye.size.0, eye.size.1, View::of(eye, anatomy));
    let canvas = &mut whole;

    // From the choroid to the vitreous: what lies deeper is painted first.
    background::paint(canvas, anatomy);
    lesions::other::laser_scars(canvas, eye, anatomy);
    lesions::macular::geographic_atrophy(canvas, eye, anatomy);
    disc::paint(canvas, anatomy, 0.6 * eye.findings.central_vein_occlusion);
    macula::paint(canvas, anatomy);
    lesions::macular::drusen(canvas, eye, anatomy);
    lesions::macular::neovascular(canvas, eye, anatomy);
    lesions::exudates::macular_oedema(canvas, eye, anatomy);
    lesions::exudates::scattered(canvas, eye, anatomy);
    vessels::paint(canvas, vessels);
    lesions::diabetic::microaneurysms(canvas, eye, anatomy);
    lesions::diabetic::haemorrhages(canvas, eye, anatomy);
    lesions::occlusion::paint(canvas, eye, anatomy, vessels);
    lesions::diabetic::cotton_wool(canvas, eye, anatomy);
    lesions::other::myelinated_fibres(canvas, eye, anatomy);
    lesions::diabetic::new_vessels(canvas, eye, anatomy);

    camera::expose(whole, eye)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn small(seed: u64) -> PracticeEye {
        PracticeEye { size: (160, 160), ..PracticeEye::new(seed, Laterality::Od) }
    }

    fn digest(eye: &PracticeEye) -> String {
        Sha256::digest(draw(eye).as_raw()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_same_description_gives_the_same_bytes_on_every_platform() {
        let mut eye = small(2024);
        eye.findings = Findings { haemorrhages: 0.6, drusen: 0.5, glaucoma: 0.4, opacity: 0.2, ..Findings::NONE };
        eye.faults.flare = 0.4;
        assert_eq!(digest(&eye), "e4cc3f233c87e78e7b2148f1b87b2415441bf32804aa72237a9a81547ebbfe75");
    }

    #[test]
    fn every_option_changes_the_picture() {
        let plain = small(3);
        let mut others = vec![
            ("seed", PracticeEye { seed: 4, ..plain }),
            ("eye", PracticeEye { eye: Laterality::Os, ..plain }),
            ("exposure", PracticeEye { exposure: 1, ..plain }),
            ("centre", PracticeEye { field_of_view: FieldCentre::Disc, ..plain }),
            ("size", PracticeEye { size: (160, 140), ..plain }),
        ];
        let none = Findings::NONE;
        for (name, findings) in [
            ("microaneurysms", Findings { microaneurysms: 1.0, ..none }),
            ("haemorrhages", Findings { haemorrhages: 0.4, ..none }),
            ("exudates", Findings { exudates: 0.4, ..none }),
            ("cotton wool", Findings { cotton_wool: 0.4, ..none }),
            ("new vessels", Findings { new_vessels: 0.4, ..none }),
            ("macular oedema", Findings { macular_oedema: 0.4, ..none }),
            ("drusen", Findings { drusen: 0.4, ..none }),
            ("geographic atrophy", Findings { geographic_atrophy: 0.4, ..none }),
            ("neovascular", Findings { neovascular: 0.4, ..none }),
            ("branch vein occlusion", Findings { branch_vein_occlusion: 0.4, ..none }),
            ("central vein occlusion", Findings { central_vein_occlusion: 0.4, ..none }),
            ("glaucoma", Findings { glaucoma: 0.4, ..none }),
            ("opacity", Findings { opacity: 0.4, ..none }),
            ("myelinated fibres", Findings { myelinated_fibres: 0.4, ..none }),
            ("laser scars", Findings { laser_scars: 0.4, ..none }),
        ] {
            others.push((name, PracticeEye { findings, ..plain }));
        }
        let look = CameraLook::default();
        for (name, camera) in [
            ("field of view", CameraLook { field_of_view_deg: 35.0, ..look }),
            ("border", CameraLook { border: 0.2, ..look }),
            ("offset right", CameraLook { offset: (0.05, 0.0), ..look }),
            ("offset down", CameraLook { offset: (0.0, 0.05), ..look }),
            ("cut top", CameraLook { cut_top: 0.1, ..look }),
            ("cut bottom", CameraLook { cut_bottom: 0.1, ..look }),
            ("square notch", CameraLook { notch: Notch::Square, ..look }),
            ("round notch", CameraLook { notch: Notch::Round, ..look }),
            ("triangular notch", CameraLook { notch: Notch::Triangle, ..look }),
            ("stops", CameraLook { exposure: 0.5, ..look }),
            ("tint", CameraLook { tint: [1.0, 0.9, 1.1], ..look }),
            ("vignette", CameraLook { vignette: 0.8, ..look }),
            ("blur", CameraLook { blur: 0.02, ..look }),
            ("haze", CameraLook { haze: 0.3, ..look }),
            ("noise", CameraLook { noise: 0.03, ..look }),
            ("black level", CameraLook { black_level: 0.06, ..look }),
            ("ghost", CameraLook { ghost: 0.6, ..look }),
        ] {
            others.push((name, PracticeEye { camera, ..plain }));
        }
        for (name, faults) in [
            ("defocus", Faults { defocus: 0.5, ..Faults::NONE }),
            ("motion", Faults { motion: 0.5, ..Faults::NONE }),
            ("underexposure", Faults { underexposure: 0.5, ..Faults::NONE }),
            ("overexposure", Faults { overexposure: 0.5, ..Faults::NONE }),
            ("eyelid", Faults { eyelid: 0.5, ..Faults::NONE }),
            ("small pupil", Faults { small_pupil: 0.5, ..Faults::NONE }),
            ("flare", Faults { flare: 0.5, ..Faults::NONE }),
        ] {
            others.push((name, PracticeEye { faults, ..plain }));
        }
        let mut seen = vec![("plain", draw(&plain))];
        for (name, eye) in others {
            let picture = draw(&eye);
            for (other, earlier) in &seen {
                let changed =
                    picture.as_raw().iter().zip(earlier.as_raw()).filter(|(a, b)| a.abs_diff(**b) > 2).count();
                assert!(
                    picture.dimensions() != earlier.dimensions() || changed > 20,
                    "{name} looks like {other}: {changed} values differ"
                );
            }
            seen.push((name, picture));
        }
    }

    #[test]
    fn the_disc_lies_on_the_nasal_side_and_is_the_brightest_spot_there() {
        for seed in 0..8 {
            for side in [Laterality::Od, Laterality::Os] {
                let eye = PracticeEye { eye: side, size: (256, 256), ..PracticeEye::new(seed, side) };
                let marks = eye.landmarks();
                match side {
                    Laterality::Od => assert!(marks.disc.0 > marks.fovea.0),
                    Laterality::Os => assert!(marks.disc.0 < marks.fovea.0),
                }
                let picture = draw(&eye);
                let brightness = |centre: (f64, f64), radius: f64| {
                    let (mut sum, mut count) = (0.0, 0.0);
                    for (x, y, pixel) in picture.enumerate_pixels() {
                        let (dx, dy) = (f64::from(x) + 0.5 - centre.0, f64::from(y) + 0.5 - centre.1);
                        if dx * dx + dy * dy < radius * radius {
                            sum += f64::from(pixel.0[1]);
                            count += 1.0;
                        }
                    }
                    sum / count
                };
                let disc = brightness(marks.disc, marks.disc_radius * 0.8);
                let fovea = brightness(marks.fovea, marks.disc_radius * 0.8);
                assert!(disc > fovea * 1.2, "seed {seed} {side}: disc {disc:.0}, fovea {fovea:.0}");
            }
        }
    }

    /// Dark red: blood absorbs green much more than red.
    fn bloody_pixels(eye: &PracticeEye) -> usize {
        draw(eye).pixels().filter(|p| p.0[0] > 40 && u32::from(p.0[0]) > 3 * u32::from(p.0[1]) + 10).count()
    }

    #[test]
    fn haemorrhages_add_dark_red_and_more_of_it_when_worse() {
        for seed in 0..5 {
            let eye = |severity| PracticeEye {
                size: (256, 256),
                findings: Findings { haemorrhages: severity, ..Findings::NONE },
                ..small(seed)
            };
            let (none, mild, severe) = (bloody_pixels(&eye(0.0)), bloody_pixels(&eye(0.3)), bloody_pixels(&eye(1.0)));
            assert!(none < mild && mild < severe, "seed {seed}: {none}, {mild}, {severe}");
        }
    }

    #[test]
    fn opacity_and_defocus_take_detail_away() {
        let detail = |eye: &PracticeEye| {
            let picture = draw(eye);
            let (mut sum, mut count) = (0.0, 0.0);
            for y in 60..100 {
                for x in 20..140 {
                    let (a, b) = (picture.get_pixel(x, y).0[1], picture.get_pixel(x + 2, y).0[1]);
                    sum += f64::from(a.abs_diff(b));
                    count += 1.0;
                }
            }
            sum / count
        };
        let mut eye = small(6);
        eye.camera.noise = 0.0;
        let sharp = detail(&eye);
        let cloudy = detail(&PracticeEye { findings: Findings { opacity: 0.8, ..Findings::NONE }, ..eye });
        let blurred = detail(&PracticeEye { faults: Faults { defocus: 0.8, ..Faults::NONE }, ..eye });
        assert!(cloudy < 0.6 * sharp && blurred < 0.6 * sharp, "sharp {sharp}, cloudy {cloudy}, blurred {blurred}");
    }

    #[test]
    fn wild_values_are_clamped_and_nothing_panics() {
        let mut eye = small(1);
        eye.size = (0, 0);
        eye.camera = CameraLook { border: f32::NAN, offset: (9.0, -9.0), blur: f32::INFINITY, ..eye.camera };
        eye.faults = Faults { motion: -3.0, defocus: f32::NAN, ..Faults::NONE };
        assert_eq!(draw(&eye).dimensions(), (16, 16));
        eye.size = (16, 300);
        assert_eq!(draw(&eye).dimensions(), (16, 300));
    }

    #[test]
    fn the_same_eye_in_another_size_is_the_same_eye() {
        let quiet = CameraLook { noise: 0.0, ..CameraLook::default() };
        let eye = |size| PracticeEye { size: (size, size), camera: quiet, ..small(12) };
        let (large, little) = (draw(&eye(512)), draw(&eye(128)));
        let mut worst = 0.0_f64;
        for y in (16..112).step_by(16) {
            for x in (32..96).step_by(16) {
                let mean = |picture: &RgbImage, x: u32, y: u32, side: u32| {
                    let mut sum = 0.0;
                    for j in 0..side {
                        for i in 0..side {
                            sum += f64::from(picture.get_pixel(x * side / 16 + i, y * side / 16 + j).0[1]);
                        }
                    }
                    sum / f64::from(side * side)
                };
                worst = worst.max((mean(&large, x, y, 64) - mean(&little, x, y, 16)).abs());
            }
        }
        assert!(worst < 6.0, "blocks differ by {worst:.1} of 255");
    }

    #[test]
    fn landmarks_count_what_is_cut_off() {
        let mut eye = small(1);
        eye.camera = CameraLook { border: 0.0, cut_top: 0.1, ..eye.camera };
        let field = eye.landmarks().field;
        assert!((field.radius - 80.0).abs() < 1e-4 && (field.visible_radius - 64.0).abs() < 1e-3, "{field:?}");
    }
}
