//! `[encounter]`: how one patient's screening is run.

use serde::Serialize;

use super::reader::{Choice, Section};

/// How an encounter is run. The number of attempts is also a safety limit: each costs light.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Encounter {
    /// The eye that is photographed first.
    pub first_eye: FirstEye,
    /// Photographs of one eye without drops before it is given a rest, 1 to 5.
    pub attempts: u32,
    /// Further ones after the rest, 0 to 5.
    pub attempts_after_rest: u32,
    /// How long the eye rests in the dark: seconds, 10 to 600.
    pub rest_seconds: u32,
    /// Whether this site's protocol allows drops that widen the pupil.
    pub dilation_allowed: bool,
    /// Further photographs with a widened pupil, where allowed, 1 to 5.
    pub attempts_dilated: u32,
    /// How long drops are given to work: minutes, 5 to 60.
    pub dilation_minutes: u32,
    /// Whether the shutter fires by itself.
    pub auto_shutter: bool,
    /// How long camera and flash may take for a photograph: seconds, 1 to 60.
    pub capture_seconds: u32,
    /// How long judging a photograph may take: seconds, 1 to 300.
    pub judge_seconds: u32,
    /// How long storing may take: seconds, 1 to 60.
    pub store_seconds: u32,
}

/// The eye that is photographed first, in the operator's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FirstEye {
    /// The patient's right eye.
    Right,
    /// The patient's left eye.
    Left,
}

impl Default for Encounter {
    fn default() -> Self {
        Encounter {
            first_eye: FirstEye::Right,
            attempts: 3,
            attempts_after_rest: 2,
            rest_seconds: 60,
            dilation_allowed: false,
            attempts_dilated: 2,
            dilation_minutes: 20,
            auto_shutter: true,
            capture_seconds: 10,
            judge_seconds: 30,
            store_seconds: 10,
        }
    }
}

impl Encounter {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let default = Encounter::default();
        Encounter {
            first_eye: section.choice("first_eye", default.first_eye),
            attempts: section.whole("attempts", "photographs", 1..=5, default.attempts),
            attempts_after_rest: section.whole(
                "attempts_after_rest",
                "photographs",
                0..=5,
                default.attempts_after_rest,
            ),
            rest_seconds: section.whole("rest_seconds", "seconds", 10..=600, default.rest_seconds),
            dilation_allowed: section.flag("dilation_allowed", default.dilation_allowed),
            attempts_dilated: section.whole("attempts_dilated", "photographs", 1..=5, default.attempts_dilated),
            dilation_minutes: section.whole("dilation_minutes", "minutes", 5..=60, default.dilation_minutes),
            auto_shutter: section.flag("auto_shutter", default.auto_shutter),
            capture_seconds: section.whole("capture_seconds", "seconds", 1..=60, default.capture_seconds),
            judge_seconds: section.whole("judge_seconds", "seconds", 1..=300, default.judge_seconds),
            store_seconds: section.whole("store_seconds", "seconds", 1..=60, default.store_seconds),
        }
    }
}

impl Choice for FirstEye {
    const ALL: &'static [Self] = &[FirstEye::Right, FirstEye::Left];

    fn name(self) -> &'static str {
        match self {
            FirstEye::Right => "right",
            FirstEye::Left => "left",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn eyes_are_written_as_they_are_read() {
        testing::written_as_read::<FirstEye>();
    }

    #[test]
    fn at_least_one_photograph_is_taken_and_never_many() {
        for wrong in ["0", "6", "-1", "2.0", "\"3\"", "true", "99999999999999999999"] {
            testing::refuses(
                &format!("encounter.attempts={wrong}"),
                &format!("encounter.attempts: expected a whole number from 1 to 5 (photographs), found {wrong};"),
            );
        }
        assert_eq!(testing::with("encounter.attempts=1").encounter.attempts, 1);
    }
}
