//! Aim at an eye: the live picture in a circle, a ring around it that closes, a bar that rises with the focus, and the one
//! thing to do.

use embedded_graphics::prelude::Point;
use ocellus_board::panel::Frame;
use ocellus_model::laterality::Laterality;

use super::{
    Live, Page, icons, picture, shapes,
    text::Style,
    texts::{Button, During, fill},
    theme::{self, Layout, part, point},
};
use crate::{auto_shutter::AimHint, encounter::Stage, station::Press};

/// All that stands still while the hint is the same.
pub(super) fn draw(page: &mut Page<'_>, eye: Laterality, tries_left: u32, stage: Stage, other_open: bool) {
    let (centre, radius, words) = page.layout.picture_and_words();
    let ring = page.layout.mm(1.0);
    shapes::ring(page.frame, centre, radius - ring, ring, theme::OUTLINE);
    let bar = focus_bar(page.layout);
    page.outline(bar, theme::OUTLINE);

    let beside = words.size.width - bar.size.width - page.layout.mm(3.0);
    let words = part(words, 0, 0, beside, words.size.height);
    let title = page.of_eye(During::Aim, eye);
    let hint = page.say(hint(page.context.live.hint, page.context.auto_shutter));
    let used = page.headline(&title, hint, words);

    let face = page.layout.mm(22.0);
    let room = words.size.height.saturating_sub(used);
    let size = face.min(room.saturating_sub(page.layout.unit()));
    let middle = words.top_left + point(size / 2, words.size.height - size / 2);
    icons::face(page.frame, eye, middle, size);
    let mut tries = fill(page.say(During::TriesLeft), "n", &tries_left.to_string());
    let under = match stage {
        Stage::Undilated => None,
        Stage::SmallPupil => Some(During::AfterRest),
        Stage::Dilated => Some(During::AfterDrops),
    };
    if let Some(under) = under {
        tries = format!("{tries}\n{}", page.say(under));
    }
    let style = Style::new(page.layout.small(), theme::SECONDARY);
    let left = size + page.layout.mm(4.0);
    let beside = part(words, left, words.size.height - size, words.size.width - left, size);
    page.text.draw_centred(page.frame, &tries, style, beside);

    page.eye_buttons(eye, other_open, (Button::Photograph, Press::Photograph));
}

/// All that moves, over what stands still.
pub(super) fn live(frame: &mut Frame, layout: Layout, live: Live<'_>) {
    let (centre, radius, _) = layout.picture_and_words();
    let ring = layout.mm(1.0);
    picture::draw(frame, live.shot, centre, radius - 3 * ring);
    segments(frame, centre, radius - ring, ring, live.closing);

    let bar = focus_bar(layout);
    let inset = layout.mm(0.8);
    let room = bar.size.height - 2 * inset;
    let height = (f64::from(room) * live.focus.clamp(0.0, 1.0)).round() as u32;
    if height > 0 {
        let top = bar.size.height - inset - height;
        let filled = part(bar, inset, top, bar.size.width - 2 * inset, height);
        shapes::rounded(frame, filled, layout.mm(0.8).min(height / 2), theme::ACCENT);
    }
}

/// The ring as so many of its segments as all that is waited for has come true, from both sides of the top downwards.
fn segments(frame: &mut Frame, centre: Point, radius: u32, width: u32, closing: f64) {
    const SEGMENTS: i32 = 24;
    let closed = (closing.clamp(0.0, 1.0) * f64::from(SEGMENTS)).round() as i32;
    for number in 0..closed {
        let side = if number % 2 == 0 { number / 2 } else { -1 - number / 2 };
        let start = -90 + side * 360 / SEGMENTS;
        shapes::arc(frame, centre, radius, width, (start as f32 + 1.5, 360.0 / SEGMENTS as f32 - 3.0), theme::TEXT);
    }
}

/// The bar at the right edge of the main area.
fn focus_bar(layout: Layout) -> embedded_graphics::primitives::Rectangle {
    let main = layout.main();
    let width = layout.mm(5.0);
    part(main, main.size.width - width, 0, width, main.size.height)
}

fn hint(hint: Option<AimHint>, auto_shutter: bool) -> During {
    match hint {
        None | Some(AimHint::NoEye) => During::NoEye,
        Some(AimHint::MoveLeft) => During::MoveLeft,
        Some(AimHint::MoveRight) => During::MoveRight,
        Some(AimHint::MoveUp) => During::MoveUp,
        Some(AimHint::MoveDown) => During::MoveDown,
        Some(AimHint::Closer) => During::Closer,
        Some(AimHint::Farther) => During::Farther,
        Some(AimHint::FocusLow) => During::Focusing,
        Some(AimHint::TooDark) => During::AimTooDark,
        Some(AimHint::HoldStill) => During::HoldStill,
        Some(AimHint::Ready) if auto_shutter => During::GoodAutomatic,
        Some(AimHint::Ready) => During::Good,
    }
}
