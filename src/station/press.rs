//! What an operator can press.

use ocellus_model::laterality::Laterality;

use crate::{
    encounter::{Agent, Unscreenable},
    language::Language,
};

/// What a control on a screen stands for. A press that does not belong to the screen at hand is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Press {
    /// Go on: the main button of most screens.
    Continue,
    /// Back, without consequences.
    Back,
    /// Try again what failed.
    Retry,
    /// An operator of the list, by number from 0.
    Operator(usize),
    /// The next part of a list that does not fit the screen.
    More,
    /// A digit typed.
    Digit(u8),
    /// The last digit is taken back.
    Erase,
    /// What was typed is complete.
    Enter,
    /// A patient of the worklist, by number on the screen from 0.
    Listed(usize),
    /// Start with the next patient.
    NextPatient,
    /// Practise on a patient who is nobody.
    Practise,
    /// The state of the device.
    Health,
    /// What waits for the clinic's systems.
    Queue,
    /// Send it now.
    SendNow,
    /// Language and the like.
    Settings,
    /// The screens' language.
    Language(Language),
    /// Between automatic shutter and button.
    AutoShutter,
    /// Sign out.
    SignOut,
    /// Switch the program off.
    SwitchOff,
    /// The answer to a question.
    Answer(bool),
    /// Take the photograph.
    Photograph,
    /// Turn to an eye.
    Eye(Laterality),
    /// This eye can't be photographed.
    NotPossible,
    /// Because.
    Because(Unscreenable),
    /// The photograph shows the eye it was taken of, or the other.
    WhichEye(bool),
    /// Drops were given.
    Drops(Agent),
    /// No drops are given.
    NoDrops,
    /// Break off: it is asked whether that is meant.
    BreakOff,
    /// It is.
    BreakOffIndeed,
    /// Where the program looked, or the photograph again.
    Map,
}
