//! What a report says, in its language, without a place on the page.
//!
//! Sentences about outcomes are those of the screens ([`messages`]), with one difference: a doctor reads the report, so
//! it names every sign that was found.
//!
//! Not here: the texts themselves ([`super::texts`]), sizes, places.

use ocellus_model::{label::Output, laterality::Laterality, quality::Gradability};

use super::{Eye, Report, dates, texts::Printed};
use crate::{
    decision::{Outcome, PatientDisposition},
    encounter::{Agent, EyeStatus, Question, Reading},
    judge::{Judging, Why},
    language::Language,
    screens::{
        messages,
        texts::{Device, During, Said, Text, fill},
    },
};

/// A label and what stands beside or below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) label: String,
    pub(super) value: String,
}

/// All texts of a report.
#[derive(Debug, Clone)]
pub(super) struct Content {
    /// That the report is not real, where so.
    pub(super) not_real: Option<String>,
    /// That it replaces another, where so.
    pub(super) amended: Option<String>,
    pub(super) title: String,
    pub(super) site: String,
    /// What it was made with, a line each.
    pub(super) made_with: Vec<String>,
    /// Who was screened.
    pub(super) patient: Vec<Fact>,
    /// When and by whom.
    pub(super) encounter: Vec<Fact>,
    /// That the time is not certain, where so.
    pub(super) clock: Option<String>,
    pub(super) result: Outcome,
    pub(super) result_title: String,
    pub(super) headline: String,
    /// What to do.
    pub(super) action: String,
    /// By when; none where the action says it.
    pub(super) deadline: Option<String>,
    /// What else is to be known of the result.
    pub(super) remarks: Vec<String>,
    /// Right and left eye.
    pub(super) eyes: [Card; 2],
    pub(super) limits_title: String,
    /// What the result is not.
    pub(super) limits: Vec<String>,
    pub(super) code_alt: String,
    /// The report's number.
    pub(super) report: String,
    pub(super) page: String,
}

/// What is said of one eye.
#[derive(Debug, Clone)]
pub(super) struct Card {
    pub(super) eye: String,
    pub(super) outcome: Outcome,
    pub(super) title: String,
    /// Signs, or why there is no result; may be empty.
    pub(super) line: String,
    pub(super) facts: Vec<Fact>,
    pub(super) picture_alt: String,
}

impl Content {
    /// Of a report.
    pub(super) fn of(report: &Report) -> Self {
        let language = report.language;
        let say = |row: Printed| row.of(language).to_owned();
        let fact = |label: &str, value: &str| Fact { label: label.to_owned(), value: told(value, language) };
        let of_device = |row: Device| row.of(language);

        let eyes = [&report.right, &report.left];
        let message = messages::result(
            [&report.right.status, &report.left.status],
            report.outcome,
            report.pre_check,
            report.screen_again_months,
            language,
        );
        let bundle = &report.bundle;
        let birth_date = dates::Day::read(&report.patient.birth_date).map(|day| day.in_words(language));
        Content {
            not_real: not_real(report),
            amended: report.replaces.as_ref().map(|id| fill(Printed::Amended.of(language), "report", id)),
            title: say(Printed::Title),
            site: report.device.site.clone(),
            made_with: vec![
                in_line(of_device(Device::Itself), &report.device.name, language),
                in_line(Printed::Software.of(language), &format!("Ocellus {}", report.device.version), language),
                in_line(
                    Printed::Network.of(language),
                    &format!("{} {} ({})", bundle.name, bundle.version, bundle.digest.short()),
                    language,
                ),
            ],
            patient: vec![
                fact(Printed::Name.of(language), &report.patient.spoken_name()),
                fact(of_device(Device::PatientNumber), &report.patient.id),
                fact(of_device(Device::BirthDate), &birth_date.unwrap_or_default()),
            ],
            encounter: vec![
                fact(Printed::Encounter.of(language), &report.encounter),
                fact(Printed::Time.of(language), &dates::time_in_words(report.at.unix_seconds, language)),
                fact(Printed::Operator.of(language), report.operator.as_deref().unwrap_or_default()),
            ],
            clock: (!report.at.clock_is_set).then(|| say(Printed::ClockNotCertain)),
            result: messages::outcome(report.outcome),
            result_title: say(Printed::Result),
            headline: message.title,
            action: message.action,
            deadline: deadline(report),
            remarks: remarks(report),
            eyes: [(Laterality::Od, eyes[0]), (Laterality::Os, eyes[1])].map(|(which, eye)| card(which, eye, language)),
            limits_title: say(Printed::Limits),
            limits: vec![
                format!("{} {}", of_device(Device::Research), Printed::ScreeningOnly.of(language)),
                say(Printed::FollowUp),
                searched(&report.looked_for, language),
            ],
            code_alt: say(Printed::CodeOf),
            report: in_line(Printed::ReportId.of(language), &report.id, language),
            page: say(Printed::Page),
        }
    }
}

/// A label and its value in one line.
pub(super) fn in_line(label: &str, value: &str, language: Language) -> String {
    let colon = match language {
        Language::Fr => " :",
        Language::En | Language::Es | Language::Pt | Language::De | Language::Ar => ":",
    };
    format!("{label}{colon} {value}")
}

/// What somebody told, or that nobody did.
fn told(value: &str, language: Language) -> String {
    let value = value.trim();
    if value.is_empty() { Printed::NotTold.of(language).to_owned() } else { value.to_owned() }
}

fn not_real(report: &Report) -> Option<String> {
    let words: Vec<&str> = [(report.device.simulated, Device::Simulated), (report.practice, Device::Practice)]
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, row)| row.of(report.language))
        .collect();
    (!words.is_empty()).then(|| format!("{} · {}", words.join(" · "), Printed::NotForCare.of(report.language)))
}

/// By when the patient is to be examined. Without a clock there is no day to name.
fn deadline(report: &Report) -> Option<String> {
    let language = report.language;
    match (report.outcome, report.examined_within_weeks) {
        // The action names the months.
        (PatientDisposition::NoReferableSigns, _) => None,
        (PatientDisposition::Refer | PatientDisposition::Incomplete, Some(weeks)) if report.at.clock_is_set => {
            let day = dates::weeks_later(report.at.unix_seconds, weeks).in_words(language);
            Some(fill(Printed::ExamineBy.of(language), "date", &day))
        }
        (PatientDisposition::Refer | PatientDisposition::Incomplete, _) => {
            Some(Printed::ExamineNow.of(language).to_owned())
        }
    }
}

fn remarks(report: &Report) -> Vec<String> {
    let language = report.language;
    let answered = report.pre_check.map(|question| {
        let asked = match question {
            Question::Symptoms => During::Symptoms,
            Question::KnownDisease => During::KnownDisease,
            Question::RecentSurgery => During::RecentSurgery,
        };
        fill(Printed::AnsweredYes.of(language), "question", asked.of(language))
    });
    answered.into_iter().chain([Printed::Sudden.of(language).to_owned()]).collect()
}

fn card(which: Laterality, eye: &Eye, language: Language) -> Card {
    let message = messages::eye_result(&eye.status, language);
    let name = messages::eye(which, language);
    let fact = |label: Printed, value: String| Fact { label: label.of(language).to_owned(), value };
    Card {
        eye: name.to_owned(),
        outcome: eye.status.outcome().unwrap_or(Outcome::NoResult),
        title: message.title,
        line: all_signs(&eye.status, language).unwrap_or(message.action),
        facts: vec![
            fact(Printed::Photograph, quality(eye, language)),
            fact(Printed::Taken, eye.photographs.to_string()),
            fact(Printed::Drops, agent(eye.agent, language).to_owned()),
        ],
        picture_alt: fill(Printed::PictureOf.of(language), "eye", name),
    }
}

/// Every sign found, where there are more than the screens have room for.
fn all_signs(status: &EyeStatus, language: Language) -> Option<String> {
    let EyeStatus::Judged(Reading { outcome: Outcome::Refer, findings, .. }) = status else { return None };
    let named: Vec<&str> =
        findings.iter().filter_map(|&finding| messages::condition(finding)).map(|said| said.of(language)).collect();
    (named.len() > 2).then(|| fill(Said::SignsOfOne.of(language), "one", &listed(&named, language)))
}

/// How good the photograph is, and what is wrong with it.
fn quality(eye: &Eye, language: Language) -> String {
    if eye.photographs == 0 {
        return Printed::None.of(language).to_owned();
    }
    let verdict = match eye.gradability {
        Some(Gradability::Good) => Printed::Good,
        Some(Gradability::Usable) => Printed::Usable,
        Some(Gradability::Ungradable) => Printed::NotGoodEnough,
        None => Printed::NotAssessed,
    };
    let reasons = match &eye.status {
        EyeStatus::Judged(reading) => &reading.reasons[..],
        EyeStatus::Ungradable { reasons, .. } => reasons,
        EyeStatus::Pending | EyeStatus::Tried { .. } | EyeStatus::NotScreenable(_) => &[],
    };
    let wrong: Vec<String> = reasons
        .iter()
        // That is no fault of the photograph; the line of the outcome says it.
        .filter(|&&why| why != Why::Judging(Judging::Uncertain))
        .map(|&why| messages::retake(why, language).title)
        .collect();
    let wrong: Vec<&str> = wrong.iter().map(String::as_str).collect();
    match &wrong[..] {
        [] => verdict.of(language).to_owned(),
        wrong => format!("{} ({})", verdict.of(language), listed(wrong, language)),
    }
}

fn agent(agent: Option<Agent>, language: Language) -> &'static str {
    match agent {
        None => Printed::None,
        Some(Agent::Tropicamide) => Printed::Tropicamide,
        Some(Agent::Phenylephrine) => Printed::Phenylephrine,
        Some(Agent::Cyclopentolate) => Printed::Cyclopentolate,
    }
    .of(language)
}

/// What was looked for, and what was not.
fn searched(looked_for: &[Output], language: Language) -> String {
    let name = |output: Output| messages::condition(output).map(|said| said.of(language));
    let mut found: Vec<&str> = looked_for.iter().filter_map(|&output| name(output)).collect();
    if looked_for.contains(&Output::Anomaly) {
        found.push(Printed::OtherSigns.of(language));
    }
    let mut rest: Vec<&str> = Output::ALL
        .into_iter()
        // "Another condition" is part of what every report says was not looked for.
        .filter(|output| !looked_for.contains(output) && *output != Output::Other)
        .filter_map(name)
        .collect();
    rest.push(Printed::Elsewhere.of(language));
    let not = fill(Printed::NotLookedFor.of(language), "list", &listed(&rest, language));
    if found.is_empty() {
        return not;
    }
    format!("{} {not}", fill(Printed::LookedFor.of(language), "list", &listed(&found, language)))
}

fn listed(names: &[&str], language: Language) -> String {
    names.join(if language.is_right_to_left() { "، " } else { ", " })
}
