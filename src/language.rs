//! The languages of the operator's screens.

use serde::{Deserialize, Serialize};

/// A language that every text of the screens exists in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English, in which the texts are written first.
    #[default]
    En,
    /// Spanish.
    Es,
    /// French.
    Fr,
    /// Portuguese.
    Pt,
    /// German.
    De,
    /// Arabic, written from right to left.
    Ar,
}

impl Language {
    /// All of them, in the order of the columns of the table of texts.
    pub const ALL: [Language; 6] = [Language::En, Language::Es, Language::Fr, Language::Pt, Language::De, Language::Ar];

    /// The two letters of ISO 639-1.
    pub fn code(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Es => "es",
            Language::Fr => "fr",
            Language::Pt => "pt",
            Language::De => "de",
            Language::Ar => "ar",
        }
    }

    /// What the language calls itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Language::En => "English",
            Language::Es => "Español",
            Language::Fr => "Français",
            Language::Pt => "Português",
            Language::De => "Deutsch",
            Language::Ar => "العربية",
        }
    }

    /// Whether lines are read from the right.
    pub fn is_right_to_left(self) -> bool {
        match self {
            Language::Ar => true,
            Language::En | Language::Es | Language::Fr | Language::Pt | Language::De => false,
        }
    }

    /// The language of a code of two letters.
    pub fn from_code(code: &str) -> Option<Self> {
        Language::ALL.into_iter().find(|language| language.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_their_language_and_nothing_else() {
        for language in Language::ALL {
            assert_eq!(Language::from_code(language.code()), Some(language));
            assert_eq!(serde_json::to_value(language).unwrap(), language.code());
        }
        assert_eq!(Language::from_code("EN"), None);
    }
}
