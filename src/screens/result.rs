//! The result: the patient's outcome above, both eyes below, each with shape, colour and words.

use embedded_graphics::{prelude::Point, primitives::Rectangle};
use ocellus_model::laterality::Laterality;

use super::{
    Page, Shot, Shots, icons, messages, picture, shapes,
    text::Style,
    theme::{self, part, point},
};
use crate::{
    decision::{Outcome, PatientDisposition},
    encounter::EyeStatus,
};

pub(super) fn draw(page: &mut Page<'_>, [right, left]: [&EyeStatus; 2], patient: PatientDisposition, shots: Shots<'_>) {
    let main = page.layout.main();
    let shape = page.layout.mm(15.0);
    let outcome = match patient {
        PatientDisposition::Refer => Outcome::Refer,
        PatientDisposition::NoReferableSigns => Outcome::NoReferableSigns,
        PatientDisposition::Incomplete => Outcome::NoResult,
    };
    icons::outcome(page.frame, outcome, main.top_left + point(shape / 2, shape / 2 + page.layout.unit() / 2), shape);
    let beside = shape + page.layout.mm(4.0);
    let head = page.layout.mm(19.0);
    let message = messages::result(right, left, patient);
    page.headline(&message.title, &message.action, part(main, beside, 0, main.size.width - beside, head));

    // As seen from the front: the patient's right eye is on the left.
    let gap = page.layout.mm(3.0);
    let width = (main.size.width - gap) / 2;
    let top = head + page.layout.unit();
    for (number, (eye, status)) in [(Laterality::Od, right), (Laterality::Os, left)].into_iter().enumerate() {
        let area = part(main, number as u32 * (width + gap), top, width, main.size.height - top);
        card(page, area, eye, status, shots.of(eye));
    }
    page.buttons(&[], "Next patient");
}

fn card(page: &mut Page<'_>, area: Rectangle, eye: Laterality, status: &EyeStatus, shot: Option<Shot<'_>>) {
    page.card(area);
    let outcome = status.outcome().unwrap_or(Outcome::NoResult);
    let edge = part(area, 0, 0, area.size.width, area.size.height);
    shapes::rounded_outline(page.frame, edge, page.layout.mm(2.0), page.layout.mm(0.4).max(2), icons::colour(outcome));

    let inset = page.layout.mm(3.0);
    let radius = (area.size.height - 2 * inset) / 2;
    let radius = radius.min(area.size.width / 5);
    let centre = area.top_left + point(inset + radius, area.size.height / 2);
    picture::draw(page.frame, shot, centre, radius);

    let left = 2 * inset + 2 * radius;
    let words = part(area, left, inset, area.size.width - left - inset, area.size.height - 2 * inset);
    let style = Style::new(page.layout.small(), theme::SECONDARY);
    let mut down = page.text.draw(page.frame, messages::eye(eye), style, words) + page.layout.unit() / 2;

    let message = messages::eye_result(status);
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
