//! `[input]`: what the operator touches, types and scans with.

use ocellus_board::input::{Key, Matrix};
use serde::Serialize;

use super::{
    as_text, optional_as_text,
    reader::{Choice, Section},
};

/// The input.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Input {
    /// Where it comes from.
    pub kind: InputKind,
    /// The touch devices that are used, by name or by file, 0 to 200 characters; empty for every one.
    pub touch: String,
    /// How they lie on the panel.
    #[serde(serialize_with = "as_text")]
    pub touch_matrix: Matrix,
    /// The keyboards and scanners that are used, likewise.
    pub keys: String,
    /// The key that is the shutter button.
    #[serde(serialize_with = "optional_as_text")]
    pub shutter_key: Option<Key>,
}

/// Where input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    /// From what the panel itself feels, such as a window's mouse, and from scripts.
    None,
    /// From Linux' input devices, too.
    Evdev,
}

impl Default for Input {
    fn default() -> Self {
        Input {
            kind: InputKind::None,
            touch: String::new(),
            touch_matrix: Matrix::STRAIGHT,
            keys: String::new(),
            shutter_key: "KEY_CAMERA".parse().ok(),
        }
    }
}

impl Input {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let Input { kind, touch, touch_matrix, keys, shutter_key } = Input::default();
        Input {
            kind: section.choice("kind", kind),
            touch: section.text("touch", 0..=200, touch),
            touch_matrix: section.parsed(
                "touch_matrix",
                "six numbers from -100 to 100 in quotes, as in \"1 0 0 0 1 0\"",
                touch_matrix,
                |text| text.parse().ok(),
            ),
            keys: section.text("keys", 0..=200, keys),
            shutter_key: section.parsed_or_none(
                "shutter_key",
                "a key as Linux calls it that codes are not typed with, as in \"KEY_CAMERA\"",
                shutter_key,
            ),
        }
    }
}

impl Choice for InputKind {
    const ALL: &'static [Self] = &[InputKind::None, InputKind::Evdev];

    fn name(self) -> &'static str {
        match self {
            InputKind::None => "none",
            InputKind::Evdev => "evdev",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn kinds_are_written_as_they_are_read() {
        testing::written_as_read::<InputKind>();
    }

    #[test]
    fn a_matrix_and_a_key_are_checked() {
        let turned = testing::with("input.touch_matrix=-1 0 1 0 -1 1");
        assert_eq!(turned.input.touch_matrix.to_string(), "-1 0 1 0 -1 1");
        testing::refuses("input.touch_matrix=1 0 0", "input.touch_matrix: expected six numbers");
        assert_eq!(testing::with("input.shutter_key=").input.shutter_key, None);
        assert_eq!(testing::with("input.shutter_key=KEY_F9").input.shutter_key, "KEY_F9".parse().ok());
        testing::refuses("input.shutter_key=KEY_A", "input.shutter_key: expected a key as Linux calls it");
        testing::refuses("input.shutter_key=shutter", "input.shutter_key: expected a key as Linux calls it");
    }

    #[test]
    fn what_is_set_is_written_as_it_is_read() {
        let sets =
            ["input.touch_matrix=0 -1 1 1 0 0", "input.shutter_key=KEY_F9", "input.touch=/dev/input/by-id/touch"];
        let sets = sets.map(str::to_owned);
        let config = super::super::Config::load(None, &sets).unwrap();
        assert_eq!(testing::of(&config.to_toml()).unwrap(), config);
    }
}
