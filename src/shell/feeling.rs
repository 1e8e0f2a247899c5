//! The input's thread: what is touched, typed and scanned.

use std::time::Duration;

use ocellus_board::input::{Evdev, Input};
use tokio::sync::mpsc;

use super::{pulse::Pulse, told::Told};
use crate::station;

/// How long it waits for a hand before it shows that it is alive.
const ROUND: Duration = Duration::from_millis(200);

/// The thread. Ends when nobody listens any more.
pub(super) fn run(mut hands: Evdev, tell: &mpsc::Sender<Told>, pulse: &Pulse) {
    while !tell.is_closed() {
        pulse.beat();
        for input in hands.wait(ROUND) {
            let told = match input {
                Input::Touch(at) => Told::Touch(at),
                Input::Button { pressed } => Told::Button { pressed },
                Input::Code(code) => Told::Station(station::Event::Scanned(code)),
            };
            // Nobody listens only when the program ends.
            let _ended = tell.blocking_send(told);
        }
    }
}
