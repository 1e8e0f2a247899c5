//! The result: the patient's outcome above, both eyes below, each with shape, colour and words.

use embedded_graphics::{prelude::Point, primitives::Rectangle};
use ocellus_model::laterality::Laterality;

use super::{
    Page, Shot, icons, messages, picture,
    text::Style,
    texts::{Button, Said},
    theme::{self, part, point},
};
use crate::{
    decision::{Outcome, PatientDisposition},
    encounter::{EyeStatus, Question, View},
    station::Press,
};

/// The result.
pub(super) fn draw(
    page: &mut Page<'_>,
    [right, left]: [&EyeStatus; 2],
    patient: PatientDisposition,
    pre_check: Option<Question>,
) {
    let shots = page.context.shots;
    let main = page.layout.main();
    let shape = page.layout.mm(15.0);
    let outcome = messages::outcome(patient);
    icons::outcome(page.frame, outcome, main.top_left + point(shape / 2, shape / 2 + page.layout.unit() / 2), shape);
    let beside = shape + page.layout.mm(4.0);
    let head = page.layout.mm(19.0);
    let message = messages::result([right, left], patient, pre_check, page.context.months, page.context.language);
    page.headline(&message.title, &message.action, part(main, beside, 0, main.size.width - beside, head));

    let top = head + page.layout.unit();
    for (area, (eye, status)) in
        halves(page, main, top).into_iter().zip([(Laterality::Od, right), (Laterality::Os, left)])
    {
        card(page, area, eye, status, shots.of(eye));
    }
    let looked = [right, left].into_iter().any(|eye| matches!(eye, EyeStatus::Judged(_)));
    let quiet: &[(Button, Press)] = if looked { &[(Button::Map, Press::Map)] } else { &[] };
    page.buttons(quiet, Some((Button::NextPatient, Press::Continue)));
}

/// Where the program looked: both eyes with the map over them.
pub(super) fn map(page: &mut Page<'_>, view: &View) {
    let main = page.layout.main();
    let shots = page.context.shots;
    let used = page.headline(page.say(Said::MapTitle), page.say(Said::MapLine), main);
    let done = match view {
        View::Result { right, left, .. } => [right, left].map(|eye| matches!(eye, EyeStatus::Judged(_))),
        _ => [false; 2],
    };
    for ((area, eye), judged) in
        halves(page, main, used + page.layout.unit()).into_iter().zip([Laterality::Od, Laterality::Os]).zip(done)
    {
        let line = page.layout.mm(5.0);
        let radius = (area.size.height.saturating_sub(line) / 2).min(area.size.width / 2);
        let centre = area.top_left + point(area.size.width / 2, line + radius);
        picture::draw(page.frame, shots.of(eye).filter(|_| judged), centre, radius);
        let style = Style::new(page.layout.small(), theme::SECONDARY).middle();
        page.text.draw(page.frame, page.eye(eye), style, part(area, 0, 0, area.size.width, line));
    }
    page.buttons(&[], Some((Button::Photographs, Press::Map)));
}

/// Two areas below `top`, as seen from the front: the patient's right eye is on the left.
fn halves(page: &Page<'_>, main: Rectangle, top: u32) -> [Rectangle; 2] {
    let gap = page.layout.mm(3.0);
    let width = (main.size.width - gap) / 2;
    [0, 1].map(|number| part(main, number * (width + gap), top, width, main.size.height - top))
}

fn card(page: &mut Page<'_>, area: Rectangle, eye: Laterality, status: &EyeStatus, shot: Option<Shot<'_>>) {
    page.card(area);
    let outcome = status.outcome().unwrap_or(Outcome::NoResult);
    page.outline(area, icons::colour(outcome));

    let inset = page.layout.mm(3.0);
    let radius = (area.size.height - 2 * inset) / 2;
    let radius = radius.min(area.size.width / 5);
    let centre = area.top_left + point(inset + radius, area.size.height / 2);
    picture::draw(page.frame, shot, centre, radius);

    let left = 2 * inset + 2 * radius;
    let words = part(area, left, inset, area.size.width - left - inset, area.size.height - 2 * inset);
    let style = Style::new(page.layout.small(), theme::SECONDARY);
    let mut down = page.text.draw(page.frame, page.eye(eye), style, words) + page.layout.unit() / 2;

    let message = messages::eye_result(status, page.context.language);
    let shape = page.layout.mm(6.0);
    let at: Point = words.top_left + point(shape / 2, down + shape / 2);
    icons::outcome(page.frame, outcome, at, shape);
    let beside = shape + page.layout.mm(2.0);
    let title = part(words, beside, down, words.size.width - beside, words.size.height);
    let style = Style::new(page.layout.body(), theme::TEXT).bold();
    down += page.text.draw(page.frame, &message.title, style, title).max(shape) + page.layout.unit() / 2;
    let below = part(words, 0, down, words.size.width, words.size.height);
    page.text.draw(page.frame, &message.action, Style::new(page.layout.small(), theme::TEXT), below);
}
