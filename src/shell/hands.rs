//! What the shutter button means on a screen: aiming, it takes the photograph; elsewhere a short press presses the
//! highlighted control and a long one moves the highlight on, so that everything can be reached with one button.

use std::time::Duration;

/// A press from this on is long.
const LONG: Duration = Duration::from_millis(600);

/// What a release of the button means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Take the photograph.
    Shutter,
    /// Press the highlighted control.
    Press,
    /// Move the highlight on.
    Next,
}

/// The button.
#[derive(Debug, Default)]
pub(super) struct Button {
    pressed: Option<Duration>,
}

impl Button {
    /// The button went down or up at `now`, while `aiming` or not. While aiming the photograph is taken as it goes down:
    /// an eye does not wait; elsewhere it counts as it goes up.
    pub(super) fn moved(&mut self, pressed: bool, aiming: bool, now: Duration) -> Option<Meaning> {
        match (pressed, self.pressed) {
            (true, None) => {
                self.pressed = Some(now);
                aiming.then_some(Meaning::Shutter)
            }
            (false, Some(since)) => {
                self.pressed = None;
                match now.saturating_sub(since) >= LONG {
                    // Whoever took a photograph has let go by now.
                    _ if aiming => None,
                    true => Some(Meaning::Next),
                    false => Some(Meaning::Press),
                }
            }
            (true, Some(_)) | (false, None) => None,
        }
    }

    /// What was meant for a screen that is gone is not meant for the next.
    pub(super) fn forget(&mut self) {
        self.pressed = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    #[test]
    fn short_presses_press_long_ones_move_on_and_aiming_fires_at_once() {
        let mut button = Button::default();
        assert_eq!(button.moved(true, false, ms(0)), None);
        assert_eq!(button.moved(false, false, ms(200)), Some(Meaning::Press));
        assert_eq!(button.moved(true, false, ms(1000)), None);
        assert_eq!(button.moved(false, false, ms(1600)), Some(Meaning::Next));
        assert_eq!(button.moved(true, true, ms(2000)), Some(Meaning::Shutter));
        button.forget();
        assert_eq!(button.moved(false, false, ms(2300)), None, "that release was of the photograph");
        assert_eq!(button.moved(false, false, ms(2400)), None, "a repeated release");
    }
}
