//! Typing digits: a PIN, a patient's number, a date of birth.

use embedded_graphics::primitives::Rectangle;

use super::{
    Page,
    text::Style,
    texts::{Button, Device, fill},
    theme::{self, part},
};
use crate::station::{Expected, PinRefused, Press};

/// The PIN of an operator.
pub(super) fn pin(page: &mut Page<'_>, name: &str, digits: usize, refused: Option<PinRefused>, locked: bool) {
    let title = if locked { format!("{}: {name}", page.say(Device::Locked)) } else { name.to_owned() };
    let (line, colour) = match refused {
        None => (page.say(Device::EnterPin).to_owned(), theme::TEXT),
        Some(PinRefused::Wrong { tries_left }) => {
            (fill(page.say(Device::PinWrong), "n", &tries_left.to_string()), theme::WARNING)
        }
        Some(PinRefused::LockedOut { seconds }) => {
            (fill(page.say(Device::LockedOut), "n", &seconds.to_string()), theme::WARNING)
        }
    };
    let typed = "•".repeat(digits);
    let keys = head(page, &title, &line, colour, &typed);
    let quiet: &[(Button, Press)] = if locked { &[] } else { &[(Button::Back, Press::Back)] };
    page.buttons(quiet, Some((Button::Enter, Press::Enter)));
    draw_keys(page, keys);
}

/// Who is the patient? The worklist has more than is listed, or is an old one.
pub(super) fn patient_number(page: &mut Page<'_>, typed: &str, listed: &[Expected], more: bool, is_old: bool) {
    let (line, colour) = match is_old {
        true => (page.say(Device::OldWorklist), theme::WARNING),
        false => (page.say(Device::PatientNumberLine), theme::TEXT),
    };
    let keys = head(page, page.say(Device::PatientNumber), line, colour, typed);
    let mut quiet = vec![(Button::Back, Press::Back)];
    if more {
        quiet.push((Button::More, Press::More));
    }
    page.buttons(&quiet, Some((Button::Enter, Press::Enter)));
    draw_keys(page, keys);
    let gap = page.layout.mm(3.0);
    let left = keys_width(page) + gap;
    let list = part(keys, left, 0, keys.size.width - left, keys.size.height);
    for (number, (area, expected)) in page.grid(list, 1, 2).into_iter().zip(listed).enumerate() {
        let Expected { patient, time, .. } = expected;
        let name = if patient.name.is_empty() { patient.id.clone() } else { patient.spoken_name() };
        let words = if time.is_empty() { name } else { format!("{time} {name}") };
        page.card_button(&words, area, Press::Listed(number));
    }
}

/// When was the patient born?
pub(super) fn birth_date(page: &mut Page<'_>, id: &str, typed: &str, refused: bool) {
    let title = format!("{} ({id})", page.say(Device::BirthDate));
    let (line, colour) = if refused {
        (page.say(Device::NoDate), theme::WARNING)
    } else {
        (page.say(Device::BirthDateLine), theme::TEXT)
    };
    let keys = head(page, &title, line, colour, typed);
    page.buttons(&[(Button::Back, Press::Back)], Some((Button::Enter, Press::Enter)));
    draw_keys(page, keys);
}

/// Headline, line and what was typed; returns the area of the keys below.
fn head(
    page: &mut Page<'_>,
    title: &str,
    line: &str,
    colour: embedded_graphics::pixelcolor::Rgb888,
    typed: &str,
) -> Rectangle {
    let main = page.layout.main();
    let height = page.layout.mm(35.0).min(main.size.height * 3 / 4);
    let above = main.size.height - height - page.layout.mm(2.0);
    let half = main.size.width * 62 / 100;
    let words = part(main, 0, 0, half, above);
    let style = Style::new(page.layout.body(), theme::TEXT).bold();
    let used = page.text.draw(page.frame, title, style, words) + page.layout.unit() / 2;
    let below = part(words, 0, used, words.size.width, words.size.height);
    page.text.draw(page.frame, line, Style::new(page.layout.small(), colour), below);
    let field = part(main, half + page.layout.mm(3.0), 0, main.size.width, above);
    page.outline(field, theme::OUTLINE);
    page.text.draw_fitting(page.frame, typed, Style::new(page.layout.headline(), theme::TEXT).middle(), field);
    part(main, 0, main.size.height - height, main.size.width, height)
}

/// Width of six keys, each as wide as high.
fn keys_width(page: &Page<'_>) -> u32 {
    6 * page.layout.mm(16.0) + 5 * page.layout.mm(3.0)
}

/// Ten digits and the key that takes back, in two rows.
fn draw_keys(page: &mut Page<'_>, area: Rectangle) {
    let area = part(area, 0, 0, keys_width(page), area.size.height);
    let cells = page.grid(area, 6, 2);
    for digit in 0..10_u8 {
        // 1 2 3 4 5 in the upper row, 6 7 8 9 0 below.
        let place = usize::from((digit + 9) % 10);
        let cell = cells[place / 5 * 6 + place % 5];
        page.card_button(&digit.to_string(), cell, Press::Digit(digit));
    }
    page.quiet_button(page.say(Button::Erase), cells[5], Press::Erase);
}
