//! The photograph is being judged.

use super::{Page, Shot, shapes, texts::During, theme};

pub(super) fn draw(page: &mut Page<'_>, shot: Option<Shot<'_>>) {
    let ((centre, radius, ring), words) = page.photograph(shot);
    shapes::ring(page.frame, centre, radius, ring, theme::ACCENT);
    page.headline(page.say(During::Taken), page.say(During::TakenLine), words);
}
