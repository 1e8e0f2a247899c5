//! The photograph can't be judged: what is wrong, and the one thing to do.

use ocellus_model::{laterality::Laterality, quality::Reason};

use super::{
    Page, icons, messages, shapes,
    text::Style,
    texts::{Button, During, fill},
    theme::{self, part, point},
};
use crate::{decision::Outcome, judge::Why, station::Press};

/// What is said where no reason was given, which should not happen.
const UNNAMED: Why = Why::Photograph(Reason::NotFundus);

pub(super) fn draw(page: &mut Page<'_>, eye: Laterality, reasons: &[Why], tries_left: u32, other_open: bool) {
    let ((centre, radius, ring), words) = page.photograph(page.context.shots.of(eye));
    // A broken ring: what was taken does not count.
    for start in (0..360).step_by(30) {
        shapes::arc(page.frame, centre, radius, ring, (start as f32, 18.0), theme::NO_RESULT);
    }

    let shape = page.layout.mm(12.0);
    let middle = words.top_left + point(shape / 2, shape / 2);
    icons::outcome(page.frame, Outcome::NoResult, middle, shape);
    let beside = part(words, shape + page.layout.mm(3.0), 0, words.size.width, shape);
    let style = Style::new(page.layout.body(), theme::SECONDARY);
    let heading = page.of_eye(During::NoResultHere, eye);
    page.text.draw_centred(page.frame, &heading, style, beside);
    let below = shape + page.layout.unit();
    let area = part(words, 0, below, words.size.width, words.size.height);
    let message = messages::retake(reasons.first().copied().unwrap_or(UNNAMED), page.context.language);
    page.headline(&message.title, &message.action, area);

    let line = page.layout.mm(4.0);
    let foot = part(words, 0, words.size.height - line, words.size.width, line);
    let tries = fill(page.say(During::TriesLeft), "n", &tries_left.to_string());
    page.text.draw(page.frame, &tries, Style::new(page.layout.small(), theme::SECONDARY), foot);
    page.eye_buttons(eye, other_open, (Button::TakeAgain, Press::Continue));
}
