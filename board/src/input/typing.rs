//! Keys: a keyboard's events in, codes and the shutter button out. No I/O.
//!
//! A code scanner is a keyboard that types a code and then Enter (or Tab); an operator types likewise. Keys mean what a
//! keyboard of the United States has on them, as scanners are set at the factory. A code counts only when all of it was
//! understood: part of a patient's number is another patient's. So a key that is not known, a character too many or lost
//! events spoil it until the next Enter, and what was begun and left is forgotten.

use std::{fmt, str::FromStr, time::Duration};

use evdev::{EventSummary, InputEvent, KeyCode, SynchronizationCode as Syn};

use super::Input;

/// Characters of a code.
const MOST: usize = 512;
/// After such a pause what was typed before does not belong to what comes.
const PAUSE: Duration = Duration::from_secs(10);

/// A key that can be the shutter button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(pub(super) KeyCode);

/// Why a key can't be the shutter button.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is none of that name.
    #[error("expected a key as Linux calls it, such as KEY_CAMERA, found {found:?}")]
    Unknown {
        /// The name.
        found: String,
    },
    /// Codes are typed with it.
    #[error("expected a key that codes are not typed with, found {found:?}")]
    Typing {
        /// The name.
        found: String,
    },
}

impl fmt::Display for Key {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(name: &str) -> Result<Self, KeyError> {
        let found = || name.to_owned();
        let key = KeyCode::from_str(name).map_err(|_| KeyError::Unknown { found: found() })?;
        let means = meaning(key);
        if matches!(means, Meaning::Unknown | Meaning::Nothing) && !is_button(key) {
            Ok(Key(key))
        } else {
            Err(KeyError::Typing { found: found() })
        }
    }
}

/// Whether it is a touch screen's or a mouse's button, which Linux counts among the keys.
fn is_button(key: KeyCode) -> bool {
    matches!(key, KeyCode::BTN_TOUCH | KeyCode::BTN_LEFT)
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// A character, and the one with Shift.
    Types(char, char),
    Shift,
    /// With it other keys are no characters.
    Control,
    /// The code is complete.
    Ends,
    /// The last character is taken back.
    Erases,
    /// All of them.
    Forgets,
    /// No part of any code.
    Nothing,
    Unknown,
}

fn meaning(key: KeyCode) -> Meaning {
    use Meaning::{Control, Ends, Erases, Forgets, Nothing, Shift, Types, Unknown};
    /// The rows of keys as they lie side by side, without and with Shift, from the number of the first.
    const ROWS: [(u16, &str, &str); 4] = [
        (KeyCode::KEY_1.0, "1234567890-=", "!@#$%^&*()_+"),
        (KeyCode::KEY_Q.0, "qwertyuiop[]", "QWERTYUIOP{}"),
        (KeyCode::KEY_A.0, "asdfghjkl;'`", "ASDFGHJKL:\"~"),
        (KeyCode::KEY_BACKSLASH.0, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    ];
    /// The keypad's, whatever its lock says: scanners mean digits.
    const PAD: (u16, &str) = (KeyCode::KEY_KP7.0, "789-456+1230.");
    let at = |first: u16, row: &str| row.chars().nth(key.0.checked_sub(first)?.into());
    if let Some((plain, shifted)) =
        ROWS.iter().find_map(|&(first, plain, shifted)| at(first, plain).zip(at(first, shifted)))
    {
        return Types(plain, shifted);
    }
    if let Some(plain) = at(PAD.0, PAD.1) {
        return Types(plain, plain);
    }
    match key {
        KeyCode::KEY_SPACE => Types(' ', ' '),
        KeyCode::KEY_KPASTERISK => Types('*', '*'),
        KeyCode::KEY_KPSLASH => Types('/', '/'),
        KeyCode::KEY_KPEQUAL => Types('=', '='),
        KeyCode::KEY_LEFTSHIFT | KeyCode::KEY_RIGHTSHIFT => Shift,
        KeyCode::KEY_LEFTCTRL
        | KeyCode::KEY_RIGHTCTRL
        | KeyCode::KEY_LEFTALT
        | KeyCode::KEY_RIGHTALT
        | KeyCode::KEY_LEFTMETA
        | KeyCode::KEY_RIGHTMETA => Control,
        KeyCode::KEY_ENTER | KeyCode::KEY_KPENTER | KeyCode::KEY_TAB => Ends,
        KeyCode::KEY_BACKSPACE => Erases,
        KeyCode::KEY_ESC => Forgets,
        // Locks are not followed: no scanner needs them, and whether one is on is not known at the start.
        KeyCode::KEY_CAPSLOCK | KeyCode::KEY_NUMLOCK | KeyCode::KEY_SCROLLLOCK => Nothing,
        _ => Unknown,
    }
}

/// Which of the keys that change others are held: by their numbers.
#[derive(Debug, Default)]
struct Held(Vec<KeyCode>);

impl Held {
    fn moved(&mut self, key: KeyCode, down: bool) {
        self.0.retain(|&held| held != key);
        // A keyboard has few of these.
        if down {
            self.0.push(key);
        }
    }

    fn any(&self, meaning_of: Meaning) -> bool {
        self.0.iter().any(|&key| meaning(key) == meaning_of)
    }
}

/// The keys of a device.
#[derive(Debug)]
pub(super) struct Typing {
    shutter: Option<Key>,
    pressed: bool,
    held: Held,
    code: String,
    spoiled: bool,
    /// When the last key went down.
    last: Duration,
    lost: bool,
}

impl Typing {
    /// Nobody has pressed anything so far.
    pub(super) fn new(shutter: Option<Key>) -> Self {
        let (code, held) = (String::new(), Held::default());
        Typing { shutter, pressed: false, held, code, spoiled: false, last: Duration::ZERO, lost: false }
    }

    /// Takes an event that came at `now`; what it completes is added.
    pub(super) fn take(&mut self, event: InputEvent, now: Duration, heard: &mut Vec<Input>) {
        match event.destructure() {
            EventSummary::Synchronization(_, Syn::SYN_DROPPED, _) => self.lost = true,
            _ if self.lost => {}
            EventSummary::Key(_, key, value) if self.shutter == Some(Key(key)) => {
                // 2 is a key that repeats itself.
                let pressed = value != 0;
                if pressed != self.pressed {
                    self.pressed = pressed;
                    heard.push(Input::Button { pressed });
                }
            }
            EventSummary::Key(_, key, 0) => self.held.moved(key, false),
            EventSummary::Key(_, key, 1) => self.pressed(key, now, heard),
            _ => {}
        }
    }

    /// Whether events were lost, and it waits for [`Typing::resume`].
    pub(super) fn lost(&self) -> bool {
        self.lost
    }

    /// Goes on after events were lost; `down` tells which keys are down now. A press that was not seen is none.
    pub(super) fn resume(&mut self, down: impl Fn(KeyCode) -> bool, heard: &mut Vec<Input>) {
        self.lost = false;
        self.held.0.retain(|&key| down(key));
        self.spoil();
        if self.pressed && !self.shutter.is_some_and(|shutter| down(shutter.0)) {
            self.gone(heard);
        }
    }

    /// The device is not there any more: its button is not pressed.
    pub(super) fn gone(&mut self, heard: &mut Vec<Input>) {
        if std::mem::take(&mut self.pressed) {
            heard.push(Input::Button { pressed: false });
        }
    }

    fn pressed(&mut self, key: KeyCode, now: Duration, heard: &mut Vec<Input>) {
        if now.saturating_sub(self.last) > PAUSE {
            self.forget();
        }
        self.last = now;
        match meaning(key) {
            Meaning::Shift | Meaning::Control => self.held.moved(key, true),
            Meaning::Types(..) if self.held.any(Meaning::Control) => self.spoil(),
            Meaning::Types(plain, shifted) => {
                if self.code.len() == MOST {
                    self.spoil();
                } else if !self.spoiled {
                    self.code.push(if self.held.any(Meaning::Shift) { shifted } else { plain });
                }
            }
            Meaning::Ends => {
                let code = std::mem::take(&mut self.code);
                match std::mem::take(&mut self.spoiled) {
                    // Never what it was: it may be a patient's number.
                    true => log::warn!("a code was not understood whole, and is left out"),
                    false if code.trim().is_empty() => {}
                    false => heard.push(Input::Code(code)),
                }
            }
            Meaning::Erases => {
                self.code.pop();
            }
            Meaning::Forgets => self.forget(),
            Meaning::Nothing => {}
            Meaning::Unknown => self.spoil(),
        }
    }

    fn spoil(&mut self) {
        self.code.clear();
        self.spoiled = true;
    }

    fn forget(&mut self) {
        self.code.clear();
        self.spoiled = false;
    }
}

#[cfg(test)]
mod tests;
