//! `[questions]`: what is asked before an eye is screened.

use serde::Serialize;

use super::reader::{Choice, Section};
use crate::encounter::Question;

/// The questions before screening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Questions {
    /// Those that are asked, in this order.
    pub enabled: Vec<Question>,
}

impl Default for Questions {
    fn default() -> Self {
        Questions { enabled: Question::ALL.to_vec() }
    }
}

impl Questions {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        Questions { enabled: section.choices("enabled", Questions::default().enabled) }
    }
}

impl Choice for Question {
    const ALL: &'static [Self] = &Question::ALL;

    fn name(self) -> &'static str {
        match self {
            Question::Symptoms => "symptoms",
            Question::KnownDisease => "known_disease",
            Question::RecentSurgery => "recent_surgery",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn questions_are_written_as_they_are_read() {
        testing::written_as_read::<Question>();
    }

    #[test]
    fn a_question_is_asked_once_or_not_at_all() {
        let asked = |setting: &str| testing::with(setting).questions.enabled;
        assert_eq!(asked("questions.enabled=[]"), []);
        assert_eq!(asked("questions.enabled=[\"recent_surgery\"]"), [Question::RecentSurgery]);
        for wrong in ["[\"symptoms\", \"symptoms\"]", "[\"age\"]", "[1]", "symptoms"] {
            testing::refuses(&format!("questions.enabled={wrong}"), "questions.enabled: expected a list");
        }
    }
}
