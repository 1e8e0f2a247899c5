//! The photograph is being judged.

use super::{Page, Shot, picture, shapes, texts::During, theme};

pub(super) fn draw(page: &mut Page<'_>, shot: Option<Shot<'_>>) {
    let (centre, radius, words) = page.picture_and_words();
    let ring = page.layout.mm(1.0);
    picture::draw(page.frame, shot, centre, radius - 3 * ring);
    shapes::ring(page.frame, centre, radius - ring, ring, theme::ACCENT);
    page.headline(page.say(During::Taken), page.say(During::TakenLine), words);
}
