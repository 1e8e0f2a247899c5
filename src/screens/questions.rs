//! Questions, waiting and faults of an encounter.

use embedded_graphics::primitives::Rectangle;
use ocellus_model::laterality::Laterality;

use super::{
    Page, Shot, icons, messages, shapes,
    text::Style,
    texts::{Button, During, fill},
    theme::{self, part, point},
};
use crate::{
    encounter::{Agent, Fault, Monotonic, Question, Unscreenable},
    station::Press,
};

/// A question of the pre-check. *No* is the main answer: most patients give it; *yes* has to be meant.
pub(super) fn question(page: &mut Page<'_>, question: Question) {
    let main = page.layout.main();
    let style = Style::new(page.layout.body(), theme::SECONDARY);
    let used = page.text.draw(page.frame, page.say(During::Before), style, main) + page.layout.unit();
    let words = page.say(match question {
        Question::Symptoms => During::Symptoms,
        Question::KnownDisease => During::KnownDisease,
        Question::RecentSurgery => During::RecentSurgery,
    });
    let area = part(main, 0, used, main.size.width, main.size.height);
    page.text.draw(page.frame, words, Style::new(page.layout.headline(), theme::TEXT).bold(), area);
    page.buttons(
        &[(Button::BreakOff, Press::BreakOff), (Button::Yes, Press::Answer(true))],
        Some((Button::No, Press::Answer(false))),
    );
}

/// Why can an eye not be photographed?
pub(super) fn why_not(page: &mut Page<'_>, eye: Laterality) {
    let main = page.layout.main();
    let title = page.of_eye(During::WhyNot, eye);
    let used = page.headline(&title, page.say(During::WhyNotLine), main);
    let reasons = [
        (Button::CannotBePositioned, Unscreenable::CannotBePositioned),
        (Button::Declined, Unscreenable::Declined),
        (Button::EyeAbsent, Unscreenable::EyeAbsent),
    ];
    let top = used + page.layout.mm(4.0);
    let height = page.layout.mm(20.0);
    let row = part(main, 0, top.min(main.size.height - height), main.size.width, height);
    page.buttons(&[], Some((Button::Back, Press::Back)));
    for (area, (words, reason)) in page.grid(row, 3, 1).into_iter().zip(reasons) {
        page.card_button(page.say(words), area, Press::Because(reason));
    }
}

/// The photograph may show the other eye.
pub(super) fn which_eye(page: &mut Page<'_>, eye: Laterality, shot: Option<Shot<'_>>) {
    let ((centre, radius, ring), words) = page.photograph(shot);
    shapes::ring(page.frame, centre, radius, ring, theme::WARNING);
    let line = match eye {
        Laterality::Od => During::WhichEyeRight,
        Laterality::Os => During::WhichEyeLeft,
    };
    page.headline(page.say(During::WhichEye), page.say(line), words);
    // Neither answer is the usual one: both have the same size, and the words of the eye itself.
    let row = page.layout.buttons();
    let cells = page.grid(row, 3, 1);
    let (right, left) = (eye == Laterality::Od, eye == Laterality::Os);
    for (number, words, press) in [
        (1, page.eye(Laterality::Od), Press::WhichEye(right)),
        (2, page.eye(Laterality::Os), Press::WhichEye(left)),
        (0, page.say(Button::BreakOff), Press::BreakOff),
    ] {
        page.quiet_button(words, cells[number], press);
    }
}

/// An eye rests in the dark.
pub(super) fn rest(page: &mut Page<'_>, eye: Laterality, until: Monotonic, other_open: bool) {
    let title = page.of_eye(During::Rest, eye);
    waiting(page, eye, &title, page.say(During::RestLine), until);
    let quiet = [(Button::BreakOff, Press::BreakOff), (Button::NotPossible, Press::NotPossible)];
    let main = other_open.then_some((Button::OtherEye, Press::Eye(eye.other())));
    page.buttons(&quiet, main);
}

/// The drops need time.
pub(super) fn drops_work(page: &mut Page<'_>, eye: Laterality, until: Monotonic, other_open: bool) {
    let title = page.of_eye(During::DropsWork, eye);
    waiting(page, eye, &title, page.say(During::DropsWorkLine), until);
    page.eye_buttons(eye, other_open, (Button::WideAlready, Press::Continue));
}

/// Are drops to be given?
pub(super) fn offer_drops(page: &mut Page<'_>, eye: Laterality, other_open: bool) {
    let main = page.layout.main();
    let title = page.of_eye(During::Drops, eye);
    let used = page.headline(&title, page.say(During::DropsLine), main);
    let height = page.layout.mm(20.0);
    let top = (used + page.layout.mm(4.0)).min(main.size.height - height);
    let row = part(main, 0, top, main.size.width, height);
    let mut quiet = vec![(Button::BreakOff, Press::BreakOff)];
    if other_open {
        quiet.push((Button::OtherEye, Press::Eye(eye.other())));
    }
    page.buttons(&quiet, Some((Button::NoDrops, Press::NoDrops)));
    // Names of medicines are the same in the languages at hand.
    let agents = [
        ("Tropicamide", Agent::Tropicamide),
        ("Phenylephrine", Agent::Phenylephrine),
        ("Cyclopentolate", Agent::Cyclopentolate),
    ];
    for (area, (name, agent)) in page.grid(row, 3, 1).into_iter().zip(agents) {
        page.card_button(name, area, Press::Drops(agent));
    }
}

/// Is breaking off meant?
pub(super) fn confirm_abort(page: &mut Page<'_>) {
    page.warning(page.say(During::ConfirmAbort), page.say(During::ConfirmAbortLine));
    page.buttons(&[(Button::BreakOff, Press::BreakOffIndeed)], Some((Button::GoOn, Press::Back)));
}

/// Something is out of order.
pub(super) fn fault(page: &mut Page<'_>, fault: Fault) {
    let message = messages::fault(fault, page.context.language);
    page.warning(&message.title, &message.action);
    let retry = match fault {
        Fault::LightLimit => Button::WithoutEye,
        Fault::CameraLost
        | Fault::ControllerLost
        | Fault::BatteryEmpty
        | Fault::JudgingFailed
        | Fault::StoreFailed
        | Fault::StoreFull => Button::Retry,
    };
    page.buttons(&[(Button::BreakOff, Press::BreakOff)], Some((retry, Press::Retry)));
}

/// A face, what is waited for, and how long still.
fn waiting(page: &mut Page<'_>, eye: Laterality, title: &str, line: &str, until: Monotonic) {
    let main = page.layout.main();
    let size = page.layout.mm(30.0);
    let centre = main.top_left + point(size / 2, main.size.height / 2);
    icons::face(page.frame, eye, centre, size);
    let left = size + page.layout.mm(6.0);
    let words: Rectangle = part(main, left, page.layout.mm(3.0), main.size.width - left, main.size.height);
    let used = page.headline(title, line, words) + page.layout.mm(4.0);
    let seconds = until.0.saturating_sub(page.context.now.0).as_millis().div_ceil(1000);
    let time = fill(page.say(During::Left), "time", &format!("{}:{:02}", seconds / 60, seconds % 60));
    let below = part(words, 0, used, words.size.width, words.size.height);
    page.text.draw(page.frame, &time, Style::new(page.layout.headline(), theme::TEXT), below);
}
