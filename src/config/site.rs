//! `[site]`: where the device stands and what it says there.

use serde::Serialize;

use super::reader::{Choice, Section};
use crate::language::Language;

/// The site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Site {
    /// As printed on the report, 1 to 80 characters.
    pub name: String,
    /// What this device is called, 1 to 40 characters.
    pub device_name: String,
    /// Language of panel and report.
    pub language: Language,
    /// When to screen again after no referable signs were found: months, 1 to 24.
    pub screen_again_months: u32,
}

impl Default for Site {
    fn default() -> Self {
        Site {
            name: "Practice site".to_owned(),
            device_name: "ocellus".to_owned(),
            language: Language::En,
            screen_again_months: 12,
        }
    }
}

impl Site {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let Site { name, device_name, language, screen_again_months } = Site::default();
        Site {
            name: section.text("name", 1..=80, name),
            device_name: section.text("device_name", 1..=40, device_name),
            language: section.choice("language", language),
            screen_again_months: section.whole("screen_again_months", "months", 1..=24, screen_again_months),
        }
    }
}

impl Choice for Language {
    const ALL: &'static [Self] = &Language::ALL;

    fn name(self) -> &'static str {
        self.code()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn languages_are_written_as_they_are_read() {
        testing::written_as_read::<Language>();
    }

    #[test]
    fn an_empty_name_is_refused() {
        testing::refuses("site.name=", "site.name: expected a text of 1 to 80 characters, found \"\"");
    }
}
