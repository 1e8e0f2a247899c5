//! The bar on top: where, which eye, the battery, and whether all this is simulated or practice.

use super::{
    Page, shapes,
    text::Style,
    texts::Device,
    theme::{self, part, point},
};
use crate::station::{Battery, Screen};

pub(super) fn draw(page: &mut Page<'_>, screen: &Screen) {
    let bar = page.layout.status();
    let status = page.context.status;
    let margin = page.layout.mm(4.6);
    let third = (bar.size.width - 2 * margin) / 3;
    shapes::rounded(page.frame, bar, 0, theme::SURFACE);
    let third_area = |number: u32| part(bar, margin + number * third, 0, third, bar.size.height);

    let style = Style::new(page.layout.small(), theme::SECONDARY);
    let place = match eye_of(screen) {
        Some(eye) => format!("{}  ·  {}", status.place, page.eye(eye)),
        None => status.place.to_owned(),
    };
    page.text.draw_fitting(page.frame, &place, style, third_area(0));
    let banner = match (status.simulated, status.practice) {
        (_, true) => Some(Device::Practice),
        (true, false) => Some(Device::Simulated),
        (false, false) => None,
    };
    if let Some(banner) = banner {
        striped(page, page.say(banner));
    }

    let right = third_area(2);
    if let Some(battery) = status.battery {
        let left = right.size.width.saturating_sub(page.layout.mm(8.0));
        draw_battery(page, battery, part(right, left, 0, page.layout.mm(9.0), right.size.height));
    }
}

/// A striped band in the middle that nobody takes for a clinic's device.
fn striped(page: &mut Page<'_>, words: &str) {
    let bar = page.layout.status();
    let style = Style::new(page.layout.small(), theme::BACKGROUND).bold().middle();
    let width = page.text.width(words, style) + page.layout.mm(19.0);
    let inset = page.layout.mm(1.2);
    let left = (bar.size.width - width) / 2;
    let band = part(bar, left, inset, width, bar.size.height - 2 * inset);
    shapes::rounded(page.frame, band, 2, theme::WARNING);
    let (height, stripe) = (band.size.height, page.layout.mm(0.7));
    for x in (stripe..page.layout.mm(6.0)).step_by(3 * stripe as usize) {
        for x in [x, width - x - height / 2] {
            let low = band.top_left + point(x, height - 1);
            let high = band.top_left + point(x + height / 2, 0);
            shapes::polyline(page.frame, &[low, high], stripe, theme::BACKGROUND);
        }
    }
    page.text.draw_centred(page.frame, words, style, band);
}

/// A battery as full as it is; in the warnings' colour where it is low.
fn draw_battery(page: &mut Page<'_>, battery: Battery, area: embedded_graphics::primitives::Rectangle) {
    let colour = if battery.is_low() { theme::WARNING } else { theme::SECONDARY };
    let (width, height) = (page.layout.mm(7.0), page.layout.mm(3.2));
    let top = (area.size.height - height) / 2;
    let case = part(area, 0, top, width, height);
    let line = page.layout.mm(0.3).max(1);
    shapes::rounded_outline(page.frame, case, page.layout.mm(0.6), line, colour);
    let pole = part(area, width, top + height / 3, page.layout.mm(0.7), height / 3);
    shapes::rounded(page.frame, pole, 0, colour);
    let inner = width - 4 * line;
    let full = (inner * u32::from(battery.percent.min(100)) / 100).max(1);
    let charge = part(case, 2 * line, 2 * line, full, height - 4 * line);
    shapes::rounded(page.frame, charge, 0, colour);
}

fn eye_of(screen: &Screen) -> Option<ocellus_model::laterality::Laterality> {
    match screen {
        Screen::Encounter(view) => view.eye(),
        Screen::Starting(_)
        | Screen::Blocked { .. }
        | Screen::ClockNotSet
        | Screen::SignIn { .. }
        | Screen::Pin { .. }
        | Screen::Home(_)
        | Screen::PatientNumber { .. }
        | Screen::BirthDate { .. }
        | Screen::Confirm(_)
        | Screen::Map(_)
        | Screen::Health(_)
        | Screen::Queue(_)
        | Screen::Settings { .. }
        | Screen::Stopping => None,
    }
}
