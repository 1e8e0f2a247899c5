//! Aim at an eye.

use ocellus_model::laterality::Laterality;

use super::{
    Page, Shot, icons, messages, picture, shapes,
    text::Style,
    theme::{self, part, point},
};

pub(super) fn draw(page: &mut Page<'_>, eye: Laterality, tries_left: u32, shot: Option<Shot<'_>>) {
    let (centre, radius, words) = page.picture_and_words();
    let ring = page.layout.mm(1.0);
    picture::draw(page.frame, shot, centre, radius - 3 * ring);
    shapes::ring(page.frame, centre, radius - ring, ring, theme::OUTLINE);

    let used = page.headline(
        &format!("{}: aim", messages::eye(eye)),
        "Centre the retina in the circle, then press the shutter.",
        words,
    );
    let face = page.layout.mm(22.0);
    let room = words.size.height.saturating_sub(used);
    let size = face.min(room.saturating_sub(page.layout.unit()));
    let middle = words.top_left + point(size / 2, words.size.height - size / 2);
    icons::face(page.frame, eye, middle, size);
    let tries = if tries_left == 1 { "Last try".to_owned() } else { format!("{tries_left} tries left") };
    let style = Style::new(page.layout.small(), theme::SECONDARY);
    let left = size + page.layout.mm(4.0);
    let beside = part(words, left, words.size.height - size, words.size.width - left, size);
    page.text.draw_centred(page.frame, &tries, style, beside);
    page.buttons(&["Break off", "Other eye"], "Photograph");
}
