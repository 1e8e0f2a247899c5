//! Tests of whole reports: what is on the page, in every language, and that it has room.

mod samples;

use std::collections::BTreeMap;

use lopdf::{Document, Object};
use ocellus_model::{laterality::Laterality, quality::Reason};

use super::{
    content::Content,
    layout::{SMALLEST, layout, layout_with},
    sheet::{Area, Drawing, MARGIN, Mark, Role, Sheet},
    typeset::Typesetter,
    *,
};
use crate::{
    judge::Why,
    screens::{
        messages,
        texts::{Said, Text},
    },
};
use samples::{every_kind, eye, judged, no_signs, report};

fn read(pdf: &[u8]) -> Document {
    Document::load_mem(pdf).unwrap()
}

/// What a screen reader says, paragraph by paragraph, in the order of the tree's objects.
fn spoken(document: &Document) -> Vec<String> {
    let elements = document.objects.values().filter_map(|object| object.as_dict().ok());
    elements
        .filter_map(|element| element.get(b"ActualText").or_else(|_| element.get(b"Alt")).ok())
        .map(|text| lopdf::decode_text_string(text).unwrap())
        .collect()
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn a_report_is_one_tagged_page_with_title_and_language() {
    for language in Language::ALL {
        let pdf = report(language, no_signs(), no_signs(), PatientDisposition::NoReferableSigns).pdf().unwrap();
        let document = read(&pdf);
        assert_eq!(document.get_pages().len(), 1);
        let catalog = document.catalog().unwrap();
        assert_eq!(lopdf::decode_text_string(catalog.get(b"Lang").unwrap()).unwrap(), language.code());
        assert!(catalog.get(b"MarkInfo").unwrap().as_dict().unwrap().get(b"Marked").unwrap().as_bool().unwrap());
        assert!(catalog.get(b"StructTreeRoot").is_ok());
        let Object::Reference(info) = document.trailer.get(b"Info").unwrap() else { panic!("no information") };
        let info = document.get_dictionary(*info).unwrap();
        let title = lopdf::decode_text_string(info.get(b"Title").unwrap()).unwrap();
        assert!(title.contains("R-2026-000417") && !title.contains("Roe"), "{title}");
        let kinds: BTreeMap<String, usize> = document
            .objects
            .values()
            .filter_map(|object| object.as_dict().ok()?.get(b"S").ok()?.as_name().ok())
            .fold(BTreeMap::new(), |mut kinds, name| {
                *kinds.entry(String::from_utf8_lossy(name).into_owned()).or_default() += 1;
                kinds
            });
        assert!(kinds["H1"] == 1 && kinds["H2"] >= 4 && kinds["P"] > 20 && kinds["Figure"] == 3, "{kinds:?}");
    }
}

#[test]
fn every_text_can_be_read_and_searched_in_every_language() {
    for language in Language::ALL {
        let eyes = [
            eye(judged(Outcome::Refer, &Output::ALL[..4], &[Why::Photograph(Reason::Blurred)])),
            eye(EyeStatus::Ungradable { attempts: 5, reasons: vec![Why::Photograph(Reason::SmallPupil)] }),
        ];
        let [mut right, left] = eyes;
        right.agent = Some(Agent::Tropicamide);
        let mut report = report(language, right, left, PatientDisposition::Refer);
        report.replaces = Some("R-2026-000416".to_owned());
        report.device.simulated = true;
        report.at.clock_is_set = false;
        let content = Content::of(&report);
        let document = read(&report.pdf().unwrap());
        let spoken = squeezed(&spoken(&document).join("\n"));
        let printed = squeezed(&document.extract_text(&[1]).unwrap());
        for text in texts(&content) {
            let text = squeezed(&text);
            assert!(spoken.contains(&text), "{language:?}: not to be heard: {text}");
            // Letters from the right are stored as they stand, from the left.
            if !language.is_right_to_left() {
                assert!(printed.contains(&text), "{language:?}: not to be found: {text}\n{printed}");
            }
        }
        for text in
            ["R-2026-000417", "R-2026-000416", "000417", "4711-A", "ocellus-07", "1.2.0", "Ocellus0.1.0", "op-3"]
        {
            assert!(printed.contains(text), "{language:?}: {text}");
        }
    }
}

/// All that a report says.
fn texts(content: &Content) -> Vec<String> {
    let mut all: Vec<String> = [&content.not_real, &content.amended, &content.clock, &content.deadline]
        .into_iter()
        .flatten()
        .chain([&content.title, &content.site, &content.result_title, &content.headline, &content.action])
        .chain([&content.limits_title, &content.report, &content.page])
        .chain(content.remarks.iter().chain(&content.limits).chain(&content.made_with))
        .cloned()
        .collect();
    let facts = content.patient.iter().chain(&content.encounter);
    all.extend(facts.flat_map(|fact| [fact.label.clone(), fact.value.clone()]));
    for card in &content.eyes {
        all.extend([card.eye.clone(), card.title.clone(), card.line.clone()]);
        all.extend(card.facts.iter().flat_map(|fact| [fact.label.clone(), fact.value.clone()]));
    }
    all
}

// verifies: RQ-070
#[test]
fn no_report_promises_that_an_eye_is_well_or_shows_a_percentage() {
    const NEVER: [&str; 17] = [
        "normal",
        "healthy",
        "clear",
        "negative",
        "sano",
        "negativo",
        "sain",
        "saine",
        "négatif",
        "saudável",
        "gesund",
        "negativ",
        "unauffällig",
        "سليم",
        "طبيعي",
        "سلبي",
        "بخير",
    ];
    for report in Language::ALL.into_iter().flat_map(every_kind) {
        for text in texts(&Content::of(&report)) {
            let lower = text.to_lowercase();
            assert!(!lower.contains('%') && !lower.contains('{'), "{text}");
            let word = lower.split(|letter: char| !letter.is_alphabetic()).find(|word| NEVER.contains(word));
            assert_eq!(word, None, "{text}");
        }
    }
}

// verifies: RQ-001
#[test]
fn an_eye_without_a_result_never_looks_like_one_without_signs() {
    for report in Language::ALL.into_iter().flat_map(every_kind) {
        let content = Content::of(&report);
        for (eye, card) in [&report.right, &report.left].into_iter().zip(&content.eyes) {
            let without = eye.status.outcome() == Some(Outcome::NoReferableSigns);
            let words = Said::NoSigns.of(report.language);
            assert_eq!(card.title == words, without);
            assert_eq!(card.outcome == Outcome::NoReferableSigns, without);
        }
        let without = report.outcome == PatientDisposition::NoReferableSigns;
        assert_eq!(content.result == Outcome::NoReferableSigns, without);
        assert_eq!(content.deadline.is_none(), without);
    }
    let unseen = report(Language::En, no_signs(), eye(EyeStatus::Pending), PatientDisposition::NoReferableSigns);
    assert!(matches!(unseen.pdf(), Err(ReportError::Contradiction)));
}

fn words(sheet: &Sheet) -> Vec<(&Mark, Area)> {
    let marks = sheet.marks.iter().filter_map(|mark| match &mark.drawing {
        Drawing::Words { words, .. } => {
            let spare = mark.area.width - words.width;
            assert!(spare > -0.01, "too wide: {}", words.text);
            Some((mark, mark.area))
        }
        Drawing::Outcome(_) | Drawing::Thumbnail(_) | Drawing::Code(_) => Some((mark, mark.area)),
        Drawing::Block(_) | Drawing::Frame { .. } => None,
    });
    marks.collect()
}

#[test]
fn every_kind_of_report_has_room_in_every_language_with_the_outcome_largest_and_nothing_over_another() {
    let mut typesetter = Typesetter::new().unwrap();
    let papers = |report: Report| [Paper::A4, Paper::Letter].map(|paper| Report { paper, ..report.clone() });
    for (number, report) in Language::ALL.into_iter().flat_map(every_kind).flat_map(papers).enumerate() {
        let what = format!("{:?} {number}", report.language);
        let sheet = layout_with(&mut typesetter, &report).unwrap_or_else(|error| panic!("{what}: {error}"));
        let is_plain = report.replaces.is_none();
        assert!(sheet.scale >= if is_plain { 1.0 } else { SMALLEST }, "{what}: {}", sheet.scale);
        places_are_good(&sheet, &what);
        outcome_is_largest(&sheet, &Content::of(&report).headline);
        if is_plain {
            no_word_is_broken(&sheet, &what);
        }
    }
}

fn places_are_good(sheet: &Sheet, what: &str) {
    let marks = words(sheet);
    for (index, (mark, area)) in marks.iter().enumerate() {
        let inside = area.left > MARGIN - 0.1
            && area.top > MARGIN - 0.1
            && area.left + area.width < sheet.width - MARGIN + 0.1
            && area.top + area.height < sheet.height - MARGIN + 0.1;
        assert!(inside, "{what}: leaves the page: {mark:?}");
        for (other, there) in &marks[index + 1..] {
            let apart = area.left + area.width < there.left + 0.1
                || there.left + there.width < area.left + 0.1
                || area.top + area.height < there.top + 0.1
                || there.top + there.height < area.top + 0.1;
            assert!(apart, "{what}: {mark:?} lies over {other:?}");
        }
    }
}

fn no_word_is_broken(sheet: &Sheet, what: &str) {
    for mark in &sheet.marks {
        let Drawing::Words { words, .. } = &mark.drawing else { continue };
        for pair in words.lines.windows(2) {
            let end = words.text[pair[0].shows.clone()].chars().next_back();
            let start = words.text[pair[1].shows.clone()].chars().next();
            let broken = end.is_some_and(char::is_alphanumeric) && start.is_some_and(char::is_alphanumeric);
            let between = &words.text[pair[0].shows.end.min(pair[1].shows.start)..pair[1].shows.start];
            assert!(!broken || between.contains(' '), "{what}: {}", words.text);
        }
    }
}

fn outcome_is_largest(sheet: &Sheet, headline: &str) {
    let sizes = sheet.marks.iter().filter_map(|mark| match &mark.drawing {
        Drawing::Words { words, .. } => Some((words.text == headline, words.style.size)),
        _ => None,
    });
    let (its, others): (Vec<_>, Vec<_>) = sizes.partition(|(is_headline, _)| *is_headline);
    let its = its.into_iter().map(|(_, size)| size).fold(0.0, f32::max);
    assert!(others.iter().all(|(_, size)| *size < its));
}

#[test]
fn the_right_eye_stands_on_the_left_in_every_language() {
    for language in Language::ALL {
        let sheet = layout(&report(language, no_signs(), no_signs(), PatientDisposition::NoReferableSigns)).unwrap();
        let places = [Laterality::Od, Laterality::Os].map(|which| {
            let name = messages::eye(which, language);
            let of_eye = |mark: &&Mark| {
                matches!(&mark.drawing, Drawing::Words { words, .. } if words.text == name)
                    && mark.role == Role::Heading(2)
            };
            sheet.marks.iter().find(of_eye).unwrap().area.left
        });
        assert!(places[0] < places[1], "{language:?}");
    }
}

#[test]
fn the_same_report_is_the_same_bytes_and_small() {
    let make = || report(Language::De, no_signs(), no_signs(), PatientDisposition::NoReferableSigns);
    let pdf = make().pdf().unwrap();
    assert_eq!(pdf, make().pdf().unwrap());
    assert!(pdf.len() < 150_000, "{}", pdf.len());
}

// verifies: RQ-072
#[test]
fn what_has_no_room_is_refused_and_never_cut() {
    let mut report = report(Language::En, no_signs(), no_signs(), PatientDisposition::NoReferableSigns);
    report.patient.name = "Jane ".repeat(2_000);
    assert!(matches!(report.pdf(), Err(ReportError::NoRoom { missing: 1.. })));
}

#[test]
fn names_in_any_letters_give_a_report() {
    for name in ["山田 花子", "Ελένη", "Иван Петров", "नेहा शर्मा", "أحمد علي", "\u{0}\u{feff}\u{e000}x\u{200b}", "👁"]
    {
        let mut report = report(Language::En, no_signs(), no_signs(), PatientDisposition::NoReferableSigns);
        report.patient.name = name.to_owned();
        report.pdf().unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

// verifies: RQ-130
#[test]
fn a_time_that_is_not_certain_names_no_day_to_be_examined_by() {
    let refer = || eye(judged(Outcome::Refer, &[Output::Glaucoma], &[]));
    let mut report = report(Language::En, refer(), no_signs(), PatientDisposition::Refer);
    assert_eq!(Content::of(&report).deadline.unwrap(), "To be examined by 26 December 2026 at the latest.");
    report.at.clock_is_set = false;
    let content = Content::of(&report);
    assert_eq!(content.deadline.unwrap(), "Make the appointment now.");
    assert_eq!(content.clock.unwrap(), "Clock not certain: it was not set.");
}

#[test]
fn every_sign_is_named_as_possible() {
    let all = eye(judged(Outcome::Refer, &Output::ALL, &[]));
    let report = report(Language::En, all, no_signs(), PatientDisposition::Refer);
    let line = &Content::of(&report).eyes[0].line;
    assert!(line.starts_with("Signs of clouded media, diabetic retinopathy, glaucoma,") && line.ends_with("possible."));
}

#[test]
fn what_the_bundle_does_not_look_for_is_said() {
    let mut report = report(Language::En, no_signs(), no_signs(), PatientDisposition::NoReferableSigns);
    report.looked_for = vec![Output::DiabeticRetinopathy];
    let said = Content::of(&report).limits.join(" ");
    let (looked, not) = said.split_once("Not looked for:").unwrap();
    assert!(
        looked.contains("diabetic retinopathy") && not.contains("glaucoma") && !looked.contains("glaucoma"),
        "{said}"
    );
    for must in
        ["Research software, not a cleared", "screening result only", "not a full eye examination", "Follow-up care"]
    {
        assert!(said.contains(must), "{must}");
    }
}
