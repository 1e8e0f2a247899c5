//! Every screen in every language: room for the words, sizes of what is pressed, colours and shapes, and how it looks.
//!
//! How it looks is kept in `tests/golden/screens/`; `UPDATE_GOLDEN=1` writes the pictures anew. They are the pictures of
//! the operator's manual.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use image::{Rgb, RgbImage};
use ocellus_model::{
    label::Output,
    phantom::{Findings, PracticeEye, draw},
    quality::Reason,
};

use super::*;
use crate::{
    decision::{Outcome, PatientDisposition},
    encounter::{EyeStatus, Fault, Question, Reading, Stage, Unscreenable},
    judge::{Judging, Why},
    station::{Check, Checked, Expected, Health, Home, Patient, PinRefused, Queue, Tally, Unsent},
};

const LARGER: Geometry = Geometry { width: 1024, height: 600, dpi: 169.5 };
const RIGHT: Laterality = Laterality::Od;
const LEFT: Laterality = Laterality::Os;

fn judged(outcome: Outcome, findings: &[Output]) -> EyeStatus {
    EyeStatus::Judged(Reading { outcome, reasons: vec![], findings: findings.to_vec() })
}

fn result(right: EyeStatus, left: EyeStatus, patient: PatientDisposition) -> View {
    View::Result { right, left, patient, pre_check: None }
}

fn until(seconds: u64) -> Monotonic {
    Monotonic(std::time::Duration::from_secs(seconds))
}

fn checks() -> Vec<(Check, Checked)> {
    let bad = Checked::Bad("it does not answer".to_owned());
    Check::ALL.into_iter().zip([Checked::Good, Checked::Good, bad, Checked::Pending, Checked::Good]).collect()
}

/// One of each screen, as it usually is, by name: what the manual shows.
fn usual() -> Vec<(String, Screen)> {
    let detail = "bundle refused: models/bundles/first-light: the signature does not match the manifest".to_owned();
    let patient = Patient { id: "47110815".into(), name: "Roe, Jane".into(), birth_date: "1961-02-28".into() };
    let tally = Tally { referred: 6, no_referable_signs: 14, incomplete: 1, broken_off: 0 };
    let health = Health {
        checks: checks(),
        battery: Some(Battery { percent: 64, on_mains: true }),
        tally,
        queue: queue(3, 0),
        ignored: 0,
    };
    let listed = vec![patient.clone().into(), Patient { name: "Doe, John".into(), ..patient.clone() }.into()];
    let glaucoma = judged(Outcome::Refer, &[Output::Anomaly, Output::Glaucoma]);
    let none = judged(Outcome::NoReferableSigns, &[]);
    let too_dark = vec![Why::Photograph(Reason::TooDark)];
    let ungradable = EyeStatus::Ungradable { attempts: 5, reasons: too_dark.clone() };
    let mut screens = vec![
        Screen::Starting(checks()),
        Screen::Blocked { check: Check::Bundle, detail },
        Screen::ClockNotSet,
        Screen::SignIn {
            names: ["Amina K.", "Bashir O.", "Chipo M.", "Dinesh R."].map(String::from).to_vec(),
            first: 0,
            more: true,
            practise: true,
        },
        Screen::Pin { name: "Amina K.".into(), digits: 3, refused: None, locked: false },
        Screen::Home(Home { name: "Amina K.".into(), may_screen: true, may_practise: true, tally }),
        Screen::PatientNumber { typed: "4711".into(), listed, more: false, is_old: false },
        Screen::BirthDate { id: "47110815".into(), typed: "196102".into(), refused: false },
        Screen::Confirm(patient),
        Screen::Health(health),
        Screen::Queue(queue(3, 1)),
        Screen::Settings { language: Language::En, auto_shutter: true },
        Screen::Stopping,
    ]
    .into_iter()
    .map(|screen| (screen.name().to_owned(), screen))
    .collect::<Vec<_>>();
    let old = Screen::PatientNumber { typed: String::new(), listed: worklist(), more: true, is_old: true };
    screens.push(("worklist-old".to_owned(), old));
    let aim = |stage| View::Aim { eye: RIGHT, tries_left: 3, stage, other_open: true };
    let views = [
        ("question", View::Question(Question::Symptoms)),
        ("aim", aim(Stage::Undilated)),
        ("why-not", View::WhyNot { eye: RIGHT }),
        ("judging", View::Judging { eye: RIGHT }),
        ("retake", View::Retake { eye: LEFT, reasons: too_dark, tries_left: 2, other_open: false }),
        ("which-eye", View::WhichEye { eye: RIGHT }),
        ("rest", View::Rest { eye: LEFT, until: until(47), other_open: true }),
        ("offer-drops", View::OfferDrops { eye: LEFT, other_open: false }),
        ("drops-work", View::DropsWork { eye: LEFT, until: until(1130), other_open: false }),
        ("result-refer", result(glaucoma.clone(), none.clone(), PatientDisposition::Refer)),
        ("result-no-signs", result(none.clone(), none.clone(), PatientDisposition::NoReferableSigns)),
        ("result-incomplete", result(none.clone(), ungradable, PatientDisposition::Incomplete)),
        ("report", View::Report { report: Some("ocellus-07-000417".into()), patient: PatientDisposition::Refer }),
        ("report-failed", View::Report { report: None, patient: PatientDisposition::Refer }),
        ("confirm-abort", View::ConfirmAbort),
    ];
    screens.extend(views.into_iter().map(|(name, view)| (name.to_owned(), Screen::Encounter(view))));
    screens.push(("map".to_owned(), Screen::Map(result(glaucoma, none, PatientDisposition::Refer))));
    screens.extend(Fault::ALL.map(|fault| (format!("fault-{}", fault.name()), Screen::Encounter(View::Fault(fault)))));
    screens
}

/// So many results that wait, and that were refused.
fn queue(waiting: u64, set_aside: u64) -> Queue {
    let unsent = |number: u32, to: &str, set_aside, reason: &str| Unsent {
        encounter: format!("ocellus-07-{number:06}"),
        to: to.to_owned(),
        attempts: number,
        set_aside,
        reason: reason.to_owned(),
    };
    let refused = "127.0.0.1:104 as ARCHIVE refuses the objects: out of resources (A700)";
    let first = [
        unsent(4, "dicom", true, refused),
        unsent(2, "fhir", false, "no answer within 60 s"),
        unsent(0, "hl7", false, ""),
    ];
    let first = first.into_iter().filter(|unsent| set_aside > 0 || !unsent.set_aside).collect();
    Queue { waiting, set_aside, first }
}

/// Patients as a worklist tells them.
fn worklist() -> Vec<Expected> {
    let expected = |id: &str, name: &str, time: &str| {
        let patient = Patient { id: id.into(), name: name.into(), birth_date: "1961-02-28".into() };
        Expected { time: time.into(), ..patient.into() }
    };
    vec![expected("4711", "Roe^Jane", "09:30"), expected("4712", "Featherstonehaugh^Maximiliana^Josephine", "10:00")]
}

/// The other words that screens can have.
fn others() -> Vec<Screen> {
    let all = Output::ALL.to_vec();
    let mut screens = vec![
        Screen::Pin {
            name: "Amina Kwame-Nkrumah".into(),
            digits: 12,
            refused: Some(PinRefused::Wrong { tries_left: 2 }),
            locked: true,
        },
        Screen::Pin {
            name: "Amina".into(),
            digits: 0,
            refused: Some(PinRefused::LockedOut { seconds: 3600 }),
            locked: false,
        },
        Screen::Home(Home { may_practise: true, ..Home::default() }),
        Screen::Home(Home { name: "Service".into(), ..Home::default() }),
        Screen::BirthDate { id: "47110815".into(), typed: "19610230".into(), refused: true },
        Screen::Blocked { check: Check::Store, detail: "disk ".repeat(200) },
        Screen::Settings { language: Language::Ar, auto_shutter: false },
        Screen::Health(Health { checks: checks(), queue: queue(12_345, 1), ..Health::default() }),
        Screen::Queue(Queue::default()),
    ];
    let mut views: Vec<View> = Question::ALL.map(View::Question).to_vec();
    for stage in [Stage::SmallPupil, Stage::Dilated] {
        views.push(View::Aim { eye: LEFT, tries_left: 1, stage, other_open: false });
    }
    views.push(View::WhichEye { eye: LEFT });
    // The longest name that a device may have, in practice.
    let longest = format!("{}-practice-000417", "W".repeat(40));
    for patient in [PatientDisposition::Refer, PatientDisposition::NoReferableSigns, PatientDisposition::Incomplete] {
        views.push(View::Report { report: Some(longest.clone()), patient });
    }
    views.push(View::Rest { eye: RIGHT, until: until(60), other_open: false });
    let reasons = Reason::ALL
        .map(Why::Photograph)
        .into_iter()
        .chain([Why::Judging(Judging::Unreadable), Why::Judging(Judging::NetworkFailed)]);
    views.extend(reasons.map(|why| View::Retake { eye: LEFT, reasons: vec![why], tries_left: 2, other_open: true }));
    let eyes = [
        EyeStatus::Pending,
        judged(Outcome::Refer, &all),
        judged(Outcome::Refer, &[]),
        judged(Outcome::Refer, &[Output::DiabeticRetinopathy, Output::MacularDegeneration]),
        judged(Outcome::NoReferableSigns, &[]),
        EyeStatus::Ungradable { attempts: 3, reasons: vec![] },
        EyeStatus::NotScreenable(Unscreenable::CannotBePositioned),
        EyeStatus::NotScreenable(Unscreenable::LightLimit),
    ];
    for eye in &eyes {
        for patient in [PatientDisposition::Refer, PatientDisposition::NoReferableSigns, PatientDisposition::Incomplete]
        {
            views.push(result(eye.clone(), eye.clone(), patient));
            views.push(result(eye.clone(), EyeStatus::Pending, patient));
        }
    }
    views.push(View::Result {
        right: EyeStatus::Pending,
        left: EyeStatus::Pending,
        patient: PatientDisposition::Refer,
        pre_check: Some(Question::Symptoms),
    });
    screens.extend(views.into_iter().map(Screen::Encounter));
    screens
}

const HINTS: [AimHint; 11] = [
    AimHint::NoEye,
    AimHint::MoveLeft,
    AimHint::MoveRight,
    AimHint::MoveUp,
    AimHint::MoveDown,
    AimHint::Closer,
    AimHint::Farther,
    AimHint::FocusLow,
    AimHint::TooDark,
    AimHint::HoldStill,
    AimHint::Ready,
];

fn status(simulated: bool) -> Status<'static> {
    Status { place: "Clinic", simulated, practice: false, battery: Some(Battery { percent: 64, on_mains: false }) }
}

// verifies: RQ-072
#[test]
fn every_text_of_every_screen_has_room_on_both_panels_in_every_language() {
    let mut short = Vec::new();
    for geometry in [Geometry::SEVEN_INCH, LARGER] {
        let mut screens = Screens::new(geometry);
        for language in Language::ALL {
            let context = Context { language, status: status(true), ..Context::default() };
            for screen in usual().into_iter().map(|(_, screen)| screen).chain(others()) {
                screens.draw(&screen, &context);
                for words in screens.text.take_overflows() {
                    short.push(format!("{} {language:?} {}: {words}", geometry.width, screen.name()));
                }
            }
            let aim =
                Screen::Encounter(View::Aim { eye: LEFT, tries_left: 3, stage: Stage::SmallPupil, other_open: true });
            for (hint, auto_shutter) in HINTS.into_iter().flat_map(|hint| [(hint, true), (hint, false)]) {
                let live = Live { hint: Some(hint), ..Live::default() };
                screens.draw(&aim, &Context { live, auto_shutter, ..context });
                for words in screens.text.take_overflows() {
                    short.push(format!("{} {language:?} {hint:?}: {words}", geometry.width));
                }
            }
        }
    }
    assert!(short.is_empty(), "no room for\n{}", short.join("\n"));
}

#[test]
fn everything_that_is_pressed_is_large_enough_for_gloves_apart_and_on_the_panel() {
    for geometry in [Geometry::SEVEN_INCH, LARGER] {
        let panel =
            Rectangle::new(Default::default(), embedded_graphics::prelude::Size::new(geometry.width, geometry.height));
        let mut screens = Screens::new(geometry);
        for screen in usual().into_iter().map(|(_, screen)| screen).chain(others()) {
            let controls = screens.draw(&screen, &Context::default()).controls;
            let name = screen.name();
            for (number, Control { area, .. }) in controls.iter().enumerate() {
                let least = geometry.pixels(15.0);
                assert!(area.size.width >= least && area.size.height >= least, "{name} {number}: {area:?}");
                assert_eq!(area.intersection(&panel), *area, "{name} {number}");
                for other in &controls[..number] {
                    let gap = geometry.pixels(2.9);
                    let grown = area.offset(gap as i32);
                    assert!(grown.intersection(&other.area).is_zero_sized(), "{name}: {area:?} {:?}", other.area);
                }
            }
            // The row below: 20 mm.
            if let Some(main) = controls.first()
                && main.area.top_left.y > geometry.height as i32 * 7 / 10
            {
                assert_eq!(main.area.size.height, geometry.pixels(20.0), "{name}");
            }
            let waits = matches!(
                screen,
                Screen::Starting(_) | Screen::Stopping | Screen::Encounter(View::Judging { .. } | View::Ready)
            );
            assert_eq!(controls.is_empty(), waits, "{name}: every screen that waits for a person has a way on");
        }
    }
}

// verifies: RQ-100
#[test]
fn a_simulated_device_and_a_practice_patient_are_marked_on_every_screen() {
    let mut screens = Screens::new(Geometry::SEVEN_INCH);
    for (name, screen) in usual() {
        let mut draw = |simulated, practice| {
            let status = Status { practice, ..status(simulated) };
            screens.draw(&screen, &Context { status, ..Context::default() }).frame.pixels().as_raw().clone()
        };
        let (real, simulated, practice) = (draw(false, false), draw(true, false), draw(true, true));
        let bar = 800 * 40 * 3;
        for (a, b) in [(&real, &simulated), (&real, &practice), (&simulated, &practice)] {
            let differ = a[..bar].iter().zip(&b[..bar]).filter(|(a, b)| a != b).count();
            assert!(differ > 300, "{name}: {differ} values differ");
            assert_eq!(a[bar..], b[bar..], "{name}");
        }
    }
}

/// What a person without one kind of cone sees; matrices of Viénot, Brettel and Mollon (1999) on linear light.
fn seen(pixel: Rgb<u8>, blind: Option<Blind>) -> [f64; 3] {
    let linear = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let [r, g, b] = pixel.0.map(linear);
    match blind {
        None => [r, g, b],
        Some(Blind::Red) => {
            let both = 0.11238 * r + 0.88762 * g;
            [both, both, 0.00401 * r - 0.00401 * g + b]
        }
        Some(Blind::Green) => {
            let both = 0.29275 * r + 0.70725 * g;
            [both, both, -0.02234 * r + 0.02234 * g + b]
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Blind {
    Red,
    Green,
}

/// Lightness and colour of CIE L*a*b* (D65), for differences as people see them.
fn lab([r, g, b]: [f64; 3]) -> [f64; 3] {
    let xyz = [
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
    ];
    let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let [x, y, z] = xyz.map(f);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

// verifies: RQ-071
#[test]
fn the_colours_of_outcomes_differ_for_colour_blind_people_too() {
    let colours = [Outcome::Refer, Outcome::NoReferableSigns, Outcome::NoResult].map(|outcome| {
        use embedded_graphics::prelude::RgbColor;
        let colour = icons::colour(outcome);
        Rgb([colour.r(), colour.g(), colour.b()])
    });
    for blind in [None, Some(Blind::Red), Some(Blind::Green)] {
        let seen = colours.map(|colour| lab(seen(colour, blind)));
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let difference = seen[a].iter().zip(seen[b]).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
            assert!(difference > 20.0, "{blind:?}: {a} and {b} differ by {difference}");
        }
    }
}

// verifies: RQ-071
#[test]
fn outcomes_differ_without_colour_too() {
    let mut screens = Screens::new(Geometry::SEVEN_INCH);
    let eye = EyeStatus::Pending;
    let grey = [PatientDisposition::Refer, PatientDisposition::NoReferableSigns, PatientDisposition::Incomplete]
        .map(|patient| Screen::Encounter(result(eye.clone(), eye.clone(), patient)))
        .map(|screen| screens.draw(&screen, &Context::default()).frame)
        .map(|frame| image::imageops::grayscale(frame.pixels()));
    // The outcome's shape stands at the left of the main area's top.
    let shape = |number: usize| image::imageops::crop_imm(&grey[number], 24, 48, 80, 96).to_image();
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        let differ = shape(a).iter().zip(shape(b).iter()).filter(|(a, b)| a.abs_diff(**b) > 40).count();
        assert!(differ > 400, "{a} and {b}: {differ} pixels differ");
    }
}

#[test]
fn the_live_picture_changes_and_the_words_around_it_stay() {
    let mut screens = Screens::new(Geometry::SEVEN_INCH);
    let screen = Screen::Encounter(View::Aim { eye: RIGHT, tries_left: 3, stage: Stage::Undilated, other_open: true });
    let mut draw = |level: u8, closing: f64| {
        let pixels = RgbImage::from_pixel(64, 64, Rgb([level; 3]));
        let shot = Some(Shot { pixels: &pixels, field: None });
        let live = Live { shot, closing, focus: closing, hint: Some(AimHint::HoldStill) };
        screens.draw(&screen, &Context { live, ..Context::default() }).frame
    };
    let [dark, bright] = [draw(40, 0.2), draw(200, 0.9)];
    let differ: Vec<u32> = dark
        .pixels()
        .enumerate_pixels()
        .zip(bright.pixels().pixels())
        .filter(|((_, _, a), b)| *a != *b)
        .map(|((x, _, _), _)| x)
        .collect();
    assert!(differ.len() > 50_000);
    assert!(differ.iter().all(|x| !(340..700).contains(x)), "between picture and bar nothing moves");
}

/// Folder of the golden pictures.
fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/screens")
}

#[test]
fn screens_look_as_they_did() {
    let photograph =
        |seed, eye, findings| draw(&PracticeEye { size: (320, 320), findings, ..PracticeEye::new(seed, eye) });
    let ill = Findings { microaneurysms: 0.8, haemorrhages: 0.8, exudates: 0.7, ..Findings::NONE };
    let (right, left) = (photograph(3, RIGHT, ill), photograph(3, LEFT, Findings::NONE));
    let field = ocellus_model::field::find_field(&right).unwrap();
    let values: Vec<f32> = (0..49).map(|cell| if cell == 17 || cell == 31 { 1.0 } else { 0.1 }).collect();
    let map = heat::Map { shape: (7, 7), values: &values, half_side: field.visible_radius };
    let looked = heat::over(&right, &field, map);
    let update = env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = BTreeMap::new();
    for (geometry, languages) in [(Geometry::SEVEN_INCH, &Language::ALL[..]), (LARGER, &Language::ALL[..1])] {
        let mut screens = Screens::new(geometry);
        for &language in languages {
            let folder = golden().join(format!("{}-{}x{}", language.code(), geometry.width, geometry.height));
            if update {
                fs::create_dir_all(&folder).unwrap();
            }
            for (name, screen) in usual() {
                let right = if name == "map" { &looked } else { &right };
                // The photographs are kept once; the other languages differ in their words.
                let shot = |pixels| (language == Language::En).then_some(Shot { pixels, field: Some(&field) });
                let context = Context {
                    language,
                    shots: Shots { right: shot(right), left: shot(&left) },
                    live: Live { shot: shot(right), closing: 0.6, focus: 0.8, hint: Some(AimHint::HoldStill) },
                    status: status(true),
                    auto_shutter: true,
                    ..Context::default()
                };
                let frame = screens.draw(&screen, &context).frame;
                let path = folder.join(format!("{name}.png"));
                if update {
                    write(&path, frame.pixels());
                }
                let kept = image::open(&path).map(|picture| picture.to_rgb8());
                if !kept.is_ok_and(|kept| kept == *frame.pixels()) {
                    wrong.insert(path.display().to_string(), frame);
                }
            }
        }
    }
    if let Some((first, frame)) = wrong.iter().next() {
        let found = env::temp_dir().join("ocellus-screen-found.png");
        write(&found, frame.pixels());
        panic!(
            "{} screens look different, the first is {first}; what was drawn is in {}. Look at it; UPDATE_GOLDEN=1 keeps it",
            wrong.len(),
            found.display()
        );
    }
}

/// As small as it gets: the pictures are kept with the code.
fn write(path: &std::path::Path, pixels: &RgbImage) {
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.write_header().unwrap().write_image_data(pixels.as_raw()).unwrap();
}
