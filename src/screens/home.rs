//! Sign-in, ready, and is this the patient?

use super::{
    Page, shapes,
    text::Style,
    texts::{Button, Device, fill},
    theme::{self, part, point},
};
use crate::station::{Home, Patient, Press};

/// Who are you?
pub(super) fn sign_in(page: &mut Page<'_>, names: &[String], first: usize, more: bool, practise: bool) {
    let main = page.layout.main();
    let style = Style::new(page.layout.headline(), theme::TEXT).bold();
    let used = page.text.draw(page.frame, page.say(Device::WhoAreYou), style, main) + page.layout.mm(3.0);
    let area = part(main, 0, used, main.size.width, page.layout.mm(35.0).min(main.size.height - used));
    for (number, (area, name)) in page.grid(area, 2, 2).into_iter().zip(names).enumerate() {
        page.card_button(name, area, Press::Operator(first + number));
    }
    let mut quiet = vec![(Button::SwitchOff, Press::SwitchOff)];
    if practise {
        quiet.push((Button::Practise, Press::Practise));
    }
    page.buttons(&quiet, more.then_some((Button::More, Press::More)));
}

/// Ready for the next patient.
pub(super) fn home(page: &mut Page<'_>, home: &Home) {
    let main = page.layout.main();
    let centre = main.top_left + point(main.size.width / 2, main.size.height * 3 / 10);
    let size = main.size.height / 4;
    shapes::ring(page.frame, centre, size, page.layout.mm(1.0), theme::OUTLINE);
    shapes::ring(page.frame, centre, size / 2, page.layout.mm(1.0), theme::SECONDARY);
    shapes::disc(page.frame, centre, size / 5, theme::TEXT);
    let words = part(main, 0, main.size.height * 6 / 10, main.size.width, main.size.height * 4 / 10);
    let style = Style::new(page.layout.headline(), theme::TEXT).bold().middle();
    let mut used = page.text.draw(page.frame, page.say(Device::Ready), style, words) + page.layout.unit() / 2;
    let line = match (home.may_screen, home.name.is_empty()) {
        (true, _) => {
            let count = fill(page.say(Device::Today), "n", &home.tally.sum().to_string());
            format!("{} · {count}", home.name)
        }
        (false, true) => page.say(Device::PractiseOnly).to_owned(),
        (false, false) => page.say(Device::ServiceOnly).to_owned(),
    };
    let style = Style::new(page.layout.small(), theme::TEXT).middle();
    let below = part(words, 0, used, words.size.width, words.size.height);
    used += page.text.draw(page.frame, &line, style, below) + page.layout.unit() / 2;
    let style = Style::new(page.layout.small(), theme::SECONDARY).middle();
    let below = part(words, 0, used, words.size.width, words.size.height);
    page.text.draw(page.frame, page.say(Device::Research), style, below);

    let practise = (Button::Practise, Press::Practise);
    let leave =
        if home.name.is_empty() { (Button::SwitchOff, Press::SwitchOff) } else { (Button::SignOut, Press::SignOut) };
    let mut quiet = vec![leave, (Button::Device, Press::Health), (Button::Settings, Press::Settings)];
    let main = if home.may_screen {
        if home.may_practise {
            quiet.push(practise);
        }
        Some((Button::NextPatient, Press::NextPatient))
    } else {
        home.may_practise.then_some(practise)
    };
    page.buttons(&quiet, main);
}

/// Is this the patient?
pub(super) fn confirm(page: &mut Page<'_>, patient: &Patient) {
    let main = page.layout.main();
    let used = page.headline(page.say(Device::ThisPatient), page.say(Device::AskBoth), main) + page.layout.mm(4.0);
    let card = part(main, 0, used, main.size.width, main.size.height - used);
    page.card(card);
    let inset = page.layout.mm(4.0);
    let mut down = inset;
    let rows = [(page.say(Device::PatientNumber), &patient.id), (page.say(Device::BirthDate), &patient.birth_date)];
    let width = card.size.width - 2 * inset;
    if !patient.name.is_empty() {
        let area = part(card, inset, down, width, card.size.height);
        let style = Style::new(page.layout.headline(), theme::TEXT).bold();
        down += page.text.draw(page.frame, &patient.spoken_name(), style, area) + page.layout.unit();
    }
    for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
        let left = part(card, inset, down, width / 3, card.size.height);
        page.text.draw(page.frame, name, Style::new(page.layout.body(), theme::SECONDARY), left);
        let right = part(card, inset + width / 3, down, width - width / 3, card.size.height);
        let style = Style::new(page.layout.body(), theme::TEXT).bold();
        down += page.text.draw(page.frame, value, style, right) + page.layout.unit();
    }
    page.buttons(&[(Button::NotThisPatient, Press::Back)], Some((Button::ThisPatient, Press::Continue)));
}
