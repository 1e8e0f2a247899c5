//! The photograph is being judged.

use ocellus_model::laterality::Laterality;

use super::{Page, Shot, messages, picture, shapes, theme};

pub(super) fn draw(page: &mut Page<'_>, eye: Laterality, shot: Option<Shot<'_>>) {
    let (centre, radius, words) = page.picture_and_words();
    let ring = page.layout.mm(1.0);
    picture::draw(page.frame, shot, centre, radius - 3 * ring);
    shapes::ring(page.frame, centre, radius - ring, ring, theme::ACCENT);
    let line = format!("The {} eye's photograph is being looked at. The patient may blink.", messages::side(eye));
    page.headline("Photograph taken", &line, words);
}
