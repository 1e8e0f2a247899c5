//! The photograph can't be judged: what is wrong, and the one thing to do.

use ocellus_model::{laterality::Laterality, quality::Reason};

use super::{
    Page, Shot, messages, picture, shapes,
    text::Style,
    theme::{self, part, point},
};
use crate::{decision::Outcome, judge::Why};

/// What is said where no reason was given, which should not happen.
const UNNAMED: Why = Why::Photograph(Reason::NotFundus);

pub(super) fn draw(page: &mut Page<'_>, eye: Laterality, reasons: &[Why], tries_left: u32, shot: Option<Shot<'_>>) {
    let (centre, radius, words) = page.picture_and_words();
    let ring = page.layout.mm(1.0);
    picture::draw(page.frame, shot, centre, radius - 3 * ring);
    // A broken ring: what was taken does not count.
    for start in (0..360).step_by(30) {
        shapes::arc(page.frame, centre, radius - ring, ring, (start as f32, 18.0), theme::NO_RESULT);
    }

    let shape = page.layout.mm(12.0);
    let middle = words.top_left + point(shape / 2, shape / 2);
    super::icons::outcome(page.frame, Outcome::NoResult, middle, shape);
    let beside = part(words, shape + page.layout.mm(3.0), 0, words.size.width, shape);
    let style = Style::new(page.layout.body(), theme::SECONDARY);
    page.text.draw_centred(page.frame, &format!("{}: no result", messages::eye(eye)), style, beside);
    let below = shape + page.layout.unit();
    let area = part(words, 0, below, words.size.width, words.size.height);
    let message = messages::retake(reasons.first().copied().unwrap_or(UNNAMED));
    page.headline(&message.title, &message.action, area);

    let line = page.layout.mm(4.0);
    let foot = part(words, 0, words.size.height - line, words.size.width, line);
    let tries = if tries_left == 1 { "One try left".to_owned() } else { format!("{tries_left} tries left") };
    page.text.draw(page.frame, &tries, Style::new(page.layout.small(), theme::SECONDARY), foot);
    page.buttons(&["Break off", "Other eye"], "Take it again");
}
