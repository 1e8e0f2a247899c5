//! Who operates the device: one who mostly presses what the screen offers, sometimes anything at all, and one who only
//! wants to get out.

use ocellus::{
    encounter::{Agent, Unscreenable, View},
    language::Language,
    station::{Press, Screen},
};
use ocellus_model::laterality::Laterality;

use super::dice::Dice;

/// The digit that is everybody's PIN.
pub(crate) const PIN: u8 = 4;
/// Somebody's date of birth.
const BORN: [u8; 8] = [1, 9, 6, 1, 0, 2, 2, 8];
/// Codes that are scanned: a whole one, a number alone, one that can't be read.
const CODES: [&str; 4] = ["4711|Roe, Jane|1961-02-28", "12|Doe, John|1950-12-31", "4711", "|x|"];
const REASONS: [Unscreenable; 3] = [Unscreenable::EyeAbsent, Unscreenable::CannotBePositioned, Unscreenable::Declined];
const AGENTS: [Agent; 3] = [Agent::Tropicamide, Agent::Phenylephrine, Agent::Cyclopentolate];
const EYES: [Laterality; 2] = [Laterality::Od, Laterality::Os];

/// What an operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Presses something.
    Press(Press),
    /// Presses the shutter button, or is about to: the automatic shutter.
    Shutter,
    /// Scans a code.
    Scan(&'static str),
    /// Waits.
    Wait,
}

/// What somebody does before a screen: `unfitting` of a thousand times anything at all.
pub(crate) fn does(screen: &Screen, dice: &mut Dice, unfitting: u32) -> Doing {
    if dice.chance(unfitting) { anything(dice) } else { fitting(screen, dice) }
}

fn anything(dice: &mut Dice) -> Doing {
    let number = dice.within(0, 11);
    let (eye, reason, agent) = (dice.one(&EYES), dice.one(&REASONS), dice.one(&AGENTS));
    let choice = dice.one(&[
        Press::Continue,
        Press::Back,
        Press::Retry,
        Press::Operator(number as usize),
        Press::More,
        Press::Digit(number as u8),
        Press::Erase,
        Press::Enter,
        Press::Listed(number as usize),
        Press::NextPatient,
        Press::Practise,
        Press::Health,
        Press::Queue,
        Press::SendNow,
        Press::Settings,
        Press::Language(Language::Ar),
        Press::AutoShutter,
        Press::SignOut,
        Press::Answer(number > 9),
        Press::Photograph,
        Press::Eye(eye),
        Press::NotPossible,
        Press::Because(reason),
        Press::WhichEye(number.is_multiple_of(2)),
        Press::Drops(agent),
        Press::NoDrops,
        Press::BreakOff,
        Press::Map,
    ]);
    match number {
        0 => Doing::Shutter,
        1 => Doing::Scan(dice.one(&CODES)),
        // What can't be taken back is pressed more rarely than all else.
        2 if dice.chance(100) => Doing::Press(Press::BreakOffIndeed),
        3 if dice.chance(100) => Doing::Press(Press::SwitchOff),
        _ => Doing::Press(choice),
    }
}

fn fitting(screen: &Screen, dice: &mut Dice) -> Doing {
    let press = match screen {
        Screen::Starting(_) | Screen::Stopping => return Doing::Wait,
        Screen::Blocked { .. } => dice.weighted(&[(19, Press::Retry), (1, Press::SwitchOff)]),
        Screen::ClockNotSet => dice.weighted(&[(4, Press::Continue), (1, Press::Retry)]),
        Screen::SignIn { names, first, .. } => {
            let number = first + dice.within(0, names.len().max(1) as u64 - 1) as usize;
            dice.weighted(&[
                (90, Press::Operator(number)),
                (4, Press::More),
                (5, Press::Practise),
                (1, Press::SwitchOff),
            ])
        }
        Screen::Pin { digits: 0, .. } => {
            dice.weighted(&[(95, Press::Digit(PIN)), (3, Press::Digit(1)), (2, Press::Back)])
        }
        Screen::Pin { .. } => dice.weighted(&[(97, Press::Enter), (3, Press::Erase)]),
        Screen::Home(home) if home.may_screen => {
            let code = dice.one(&CODES);
            if dice.chance(150) {
                return Doing::Scan(code);
            }
            dice.weighted(&[
                (80, Press::NextPatient),
                (6, Press::Practise),
                (3, Press::Health),
                (3, Press::Settings),
                (2, Press::SignOut),
                (1, Press::SwitchOff),
            ])
        }
        Screen::Home(_) => dice.weighted(&[(6, Press::Practise), (2, Press::SignOut), (1, Press::Health)]),
        Screen::PatientNumber { typed, .. } if !typed.is_empty() => {
            dice.weighted(&[(6, Press::Enter), (2, Press::Digit(7)), (1, Press::Erase)])
        }
        Screen::PatientNumber { listed, .. } => {
            let first = if listed.is_empty() { Press::Digit(8) } else { Press::Listed(0) };
            dice.weighted(&[(80, first), (10, Press::Digit(9)), (5, Press::Listed(1)), (2, Press::Back)])
        }
        Screen::BirthDate { refused: true, .. } => Press::Erase,
        Screen::BirthDate { typed, .. } => match BORN.get(typed.len()) {
            Some(digit) => dice.weighted(&[(97, Press::Digit(*digit)), (2, Press::Digit(9)), (1, Press::Back)]),
            None => Press::Enter,
        },
        Screen::Confirm(patient) if patient.has_two_identifiers() => {
            dice.weighted(&[(30, Press::Continue), (1, Press::Back)])
        }
        Screen::Confirm(_) => Press::Back,
        Screen::Health(_) => dice.weighted(&[(3, Press::Back), (1, Press::Queue)]),
        Screen::Queue(_) => dice.weighted(&[(2, Press::Back), (1, Press::SendNow)]),
        Screen::Settings { .. } => {
            dice.weighted(&[(2, Press::Back), (1, Press::Language(Language::Fr)), (1, Press::AutoShutter)])
        }
        Screen::Map(_) => Press::Map,
        Screen::Encounter(view) => return screening(view, dice),
    };
    Doing::Press(press)
}

fn screening(view: &View, dice: &mut Dice) -> Doing {
    let press = match view {
        View::Ready | View::Judging { .. } => return Doing::Wait,
        View::Question(_) => Press::Answer(dice.chance(80)),
        View::Aim { eye, .. } => match dice.within(0, 99) {
            0..30 => return Doing::Shutter,
            30..35 => return Doing::Wait,
            35..90 => Press::Photograph,
            90..94 => Press::Eye(eye.other()),
            94..98 => Press::NotPossible,
            _ => Press::BreakOff,
        },
        View::WhyNot { .. } => {
            let because = Press::Because(dice.one(&REASONS));
            dice.weighted(&[(1, Press::Back), (2, because)])
        }
        View::Retake { eye, .. } => dice.weighted(&[
            (16, Press::Continue),
            (2, Press::Eye(eye.other())),
            (1, Press::NotPossible),
            (1, Press::BreakOff),
        ]),
        View::WhichEye { .. } => Press::WhichEye(dice.chance(600)),
        View::Rest { eye, .. } => match dice.within(0, 9) {
            0..5 => return Doing::Wait,
            5..8 => Press::Eye(eye.other()),
            8 => Press::Continue,
            _ => Press::NotPossible,
        },
        View::OfferDrops { eye, .. } => {
            let drops = Press::Drops(dice.one(&AGENTS));
            dice.weighted(&[(4, drops), (3, Press::NoDrops), (1, Press::Eye(eye.other()))])
        }
        View::DropsWork { eye, .. } => match dice.within(0, 9) {
            0..3 => return Doing::Wait,
            3..8 => Press::Continue,
            _ => Press::Eye(eye.other()),
        },
        View::Result { .. } => dice.weighted(&[(3, Press::Continue), (1, Press::Map)]),
        View::Report { report: Some(_), .. } => Press::Continue,
        View::Report { report: None, .. } => dice.weighted(&[(2, Press::Retry), (1, Press::Continue)]),
        View::ConfirmAbort => dice.weighted(&[(1, Press::Back), (1, Press::BreakOffIndeed)]),
        View::Fault(_) => dice.weighted(&[(12, Press::Retry), (1, Press::BreakOff)]),
    };
    Doing::Press(press)
}

/// What leads on from a screen when everything works; none where it is left already.
pub(crate) fn leaves(screen: &Screen) -> Option<Doing> {
    let press = match screen {
        Screen::Home(_) | Screen::SignIn { .. } => return None,
        Screen::Starting(_) | Screen::Stopping => return Some(Doing::Wait),
        Screen::Blocked { .. } => Press::Retry,
        Screen::ClockNotSet => Press::Continue,
        Screen::Pin { locked: false, .. } => Press::Back,
        Screen::Pin { digits: 0, .. } => Press::Digit(PIN),
        Screen::Pin { .. } => Press::Enter,
        Screen::PatientNumber { .. }
        | Screen::BirthDate { .. }
        | Screen::Confirm(_)
        | Screen::Health(_)
        | Screen::Queue(_)
        | Screen::Settings { .. } => Press::Back,
        Screen::Map(_) => Press::Map,
        Screen::Encounter(view) => match view {
            View::Ready | View::Judging { .. } | View::Rest { .. } => return Some(Doing::Wait),
            View::Question(_) => Press::Answer(false),
            View::Aim { .. } => Press::Photograph,
            View::WhyNot { .. } => Press::Because(Unscreenable::Declined),
            View::Retake { .. } | View::DropsWork { .. } | View::Result { .. } | View::Report { .. } => Press::Continue,
            View::WhichEye { .. } => Press::WhichEye(true),
            View::OfferDrops { .. } => Press::NoDrops,
            View::ConfirmAbort => Press::Back,
            View::Fault(_) => Press::Retry,
        },
    };
    Some(Doing::Press(press))
}
