//! Start, health, settings and the end.

use super::{
    Page, icons, shapes,
    text::Style,
    texts::{Button, Device, fill},
    theme::{self, part, point},
};
use crate::{
    language::Language,
    station::{Check, Checked, Health, Press, Queue, UNSENT_A_SCREEN},
};

/// The device looks at itself.
pub(super) fn starting(page: &mut Page<'_>, checks: &[(Check, Checked)]) {
    let main = page.layout.main();
    let used = page.headline(page.say(Device::Starting), page.say(Device::StartingLine), main) + page.layout.mm(4.0);
    rows(page, part(main, 0, used, main.size.width, main.size.height), checks);
    let foot = page.layout.buttons();
    let style = Style::new(page.layout.small(), theme::SECONDARY);
    page.text.draw_centred(page.frame, page.say(Device::Research), style, foot);
}

/// Nobody can be screened.
pub(super) fn blocked(page: &mut Page<'_>, check: Check, detail: &str) {
    let (title, line) = match check {
        Check::Bundle => (Device::BundleRefused, Device::BundleRefusedLine),
        Check::Store | Check::Camera | Check::Controller | Check::Clock => {
            (Device::StoreUnusable, Device::StoreUnusableLine)
        }
    };
    page.warning(page.say(title), page.say(line));
    // For service, who reads English: the program's own words, cut where there is no room for more.
    let main = page.layout.main();
    let height = page.layout.mm(13.0);
    let foot = part(main, 0, main.size.height - height, main.size.width, height);
    let style = Style::new(page.layout.small(), theme::SECONDARY);
    let cut = page.text.cut(detail, style, foot);
    page.text.draw(page.frame, &cut, style, foot);
    page.buttons(&[(Button::SwitchOff, Press::SwitchOff)], Some((Button::Retry, Press::Retry)));
}

/// The clock is not set.
pub(super) fn clock_not_set(page: &mut Page<'_>) {
    page.warning(page.say(Device::ClockNotSet), page.say(Device::ClockNotSetLine));
    page.buttons(&[(Button::Continue, Press::Continue)], Some((Button::Retry, Press::Retry)));
}

/// The state of the device.
pub(super) fn health(page: &mut Page<'_>, health: &Health) {
    let main = page.layout.main();
    let gap = page.layout.mm(6.0);
    let half = (main.size.width - gap) / 2;
    let style = Style::new(page.layout.headline(), theme::TEXT).bold();
    let used = page.text.draw(page.frame, page.say(Device::Itself), style, main) + page.layout.mm(2.0);
    let left = part(main, 0, used, half, main.size.height);
    rows(page, left, &health.checks);

    let battery = match health.battery {
        None => page.say(Device::Unknown).to_owned(),
        Some(battery) if battery.on_mains => format!("{} %, {}", battery.percent, page.say(Device::OnMains)),
        Some(battery) => format!("{} %", battery.percent),
    };
    let values = [
        (page.say(Device::Battery), battery),
        (page.say(Device::Queued), health.queue.waiting.to_string()),
        (page.say(Device::Screened), health.tally.sum().to_string()),
        (page.say(Device::Referred), health.tally.referred.to_string()),
    ];
    let set_aside = (page.say(Device::SetAside), health.queue.set_aside.to_string());
    let values = values.into_iter().chain((health.queue.set_aside > 0).then_some(set_aside));
    let mut down = used;
    for (name, value) in values {
        let area = part(main, half + gap, down, half * 7 / 10, main.size.height);
        let height = page.text.draw(page.frame, name, Style::new(page.layout.small(), theme::SECONDARY), area);
        let area = part(main, half + gap + half * 7 / 10, down, half * 3 / 10, main.size.height);
        let style = Style::new(page.layout.small(), theme::TEXT).bold().end();
        down += height.max(page.text.draw(page.frame, &value, style, area)) + page.layout.unit() * 2 / 3;
    }
    page.buttons(&[(Button::Queue, Press::Queue)], Some((Button::Back, Press::Back)));
}

/// What waits for the clinic's systems, and why.
pub(super) fn queue(page: &mut Page<'_>, queue: &Queue) {
    let main = page.layout.main();
    let is_empty = queue.waiting + queue.set_aside == 0;
    let line = match is_empty {
        true => page.say(Device::NothingQueued).to_owned(),
        false => {
            let line = fill(page.say(Device::QueueLine), "n", &queue.waiting.to_string());
            fill(&line, "m", &queue.set_aside.to_string())
        }
    };
    let mut down = page.headline(page.say(Device::Queued), &line, main) + page.layout.mm(3.0);
    let bottom = main.size.height;
    let height = bottom.saturating_sub(down) / UNSENT_A_SCREEN as u32;
    for unsent in &queue.first {
        let area = part(main, 0, down, main.size.width, height);
        let colour = if unsent.set_aside { theme::WARNING } else { theme::TEXT };
        let how = match (unsent.set_aside, unsent.attempts) {
            (true, _) => format!(": {}", page.say(Device::SetAside)),
            (false, 0) => String::new(),
            (false, attempts) => format!(": {}", fill(page.say(Device::Tried), "n", &attempts.to_string())),
        };
        let words = format!("{} → {}{how}", unsent.encounter, unsent.to);
        let style = Style::new(page.layout.small(), colour).bold();
        let words = page.text.cut(&words, style, part(area, 0, 0, area.size.width, page.layout.mm(6.0)));
        let used = page.text.draw(page.frame, &words, style, area);
        // For service, who reads English: the program's own words, cut where there is no room for more.
        let below = part(area, 0, used, area.size.width, area.size.height.saturating_sub(used));
        let style = Style::new(page.layout.small(), theme::SECONDARY);
        let reason = page.text.cut(&unsent.reason, style, below);
        page.text.draw(page.frame, &reason, style, below);
        down += height;
    }
    let main_button = if is_empty { (Button::Back, Press::Back) } else { (Button::SendNow, Press::SendNow) };
    let quiet: &[(Button, Press)] = if is_empty { &[] } else { &[(Button::Back, Press::Back)] };
    page.buttons(quiet, Some(main_button));
}

/// Language and shutter.
pub(super) fn settings(page: &mut Page<'_>, language: Language, auto_shutter: bool) {
    let main = page.layout.main();
    let style = Style::new(page.layout.headline(), theme::TEXT).bold();
    let used = page.text.draw(page.frame, page.say(Device::Language), style, main) + page.layout.mm(3.0);
    let height = page.layout.mm(35.0).min(main.size.height - used);
    let area = part(main, 0, used, main.size.width, height);
    let shutter = if auto_shutter { Button::Automatic } else { Button::ByHand };
    page.buttons(&[(shutter, Press::AutoShutter)], Some((Button::Back, Press::Back)));
    for (area, choice) in page.grid(area, 3, 2).into_iter().zip(Language::ALL) {
        page.card_button(choice.own_name(), area, Press::Language(choice));
        if choice == language {
            page.outline(area, theme::TEXT);
        }
    }
}

/// The program ends.
pub(super) fn stopping(page: &mut Page<'_>) {
    page.notice(page.say(Device::Stopping), page.say(Device::StoppingLine), |page, centre, size| {
        shapes::ring(page.frame, centre, size / 2 - page.layout.mm(1.0), page.layout.mm(1.0), theme::SECONDARY);
    });
}

/// The checks, one a row: a shape, the name, how it stands.
fn rows(page: &mut Page<'_>, area: embedded_graphics::primitives::Rectangle, checks: &[(Check, Checked)]) {
    let line = page.layout.mm(6.6);
    for (number, (check, found)) in checks.iter().enumerate() {
        let row = part(area, 0, number as u32 * line, area.size.width, line);
        let size = page.layout.mm(4.0);
        let centre = row.top_left + point(size / 2, line / 2);
        let (state, colour) = match found {
            Checked::Pending => {
                shapes::ring(page.frame, centre, size / 3, page.layout.mm(0.4).max(2), theme::OUTLINE);
                (Device::Pending, theme::SECONDARY)
            }
            Checked::Good => {
                shapes::disc(page.frame, centre, size / 3, theme::TEXT);
                (Device::InOrder, theme::SECONDARY)
            }
            Checked::Bad(_) => {
                icons::warning_triangle(page.frame, centre, size, theme::WARNING);
                (Device::OutOfOrder, theme::WARNING)
            }
        };
        let name = page.say(match check {
            Check::Bundle => Device::CheckBundle,
            Check::Store => Device::CheckStore,
            Check::Camera => Device::CheckCamera,
            Check::Controller => Device::CheckController,
            Check::Clock => Device::CheckClock,
        });
        let left = size + page.layout.mm(2.0);
        let words = (row.size.width - left) * 6 / 10;
        let style = Style::new(page.layout.small(), theme::TEXT);
        page.text.draw_centred(page.frame, name, style, part(row, left, 0, words, line));
        let style = Style::new(page.layout.small(), colour);
        let state = page.say(state);
        page.text.draw_centred(page.frame, state, style, part(row, left + words, 0, row.size.width, line));
    }
}
