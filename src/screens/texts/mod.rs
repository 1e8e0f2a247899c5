//! Every text of the screens, once in each language; one table a topic, one row a text.
//!
//! The columns are those of [`Language::ALL`]: English, Spanish, French, Portuguese, German, Arabic. English is written
//! first; the others say the same, as briefly. Rules that a test holds: no text of a result calls an eye *normal, healthy,
//! clear* or *negative* in any language; each column has the placeholders of the first. Names in braces are put in by
//! [`fill`].
//!
//! Not here: which text is said when ([`super::messages`]), fonts.

mod buttons;
mod encounter;
mod results;
mod station;

pub(crate) use buttons::Button;
pub(crate) use encounter::{During, Poor};
pub(crate) use results::Said;
pub(crate) use station::Device;

use crate::language::Language;

/// A row of a table.
pub(crate) trait Text: Copy {
    /// The columns.
    fn columns(self) -> [&'static str; Language::ALL.len()];

    /// The text in a language.
    fn of(self, language: Language) -> &'static str {
        let [en, es, fr, pt, de, ar] = self.columns();
        match language {
            Language::En => en,
            Language::Es => es,
            Language::Fr => fr,
            Language::Pt => pt,
            Language::De => de,
            Language::Ar => ar,
        }
    }
}

/// Puts something in the place of `{name}`.
pub(crate) fn fill(text: &str, name: &str, with: &str) -> String {
    text.replace(&format!("{{{name}}}"), with)
}

/// A table: an enumeration of its rows, each with six columns.
macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($row:ident: $en:literal, $es:literal, $fr:literal, $pt:literal, $de:literal, $ar:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($row),* }

        impl $crate::screens::texts::Text for $name {
            fn columns(self) -> [&'static str; 6] {
                match self { $($name::$row => [$en, $es, $fr, $pt, $de, $ar]),* }
            }
        }

        #[cfg(test)]
        impl $name {
            pub(crate) const ALL: &[$name] = &[$($name::$row),*];
        }
    };
}
pub(crate) use table;

/// What holds for every row of every table, wherever it stands.
#[cfg(test)]
pub(crate) mod checks {
    use super::*;

    fn placeholders(text: &str) -> Vec<&str> {
        let mut names: Vec<&str> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        names.sort_unstable();
        names
    }

    /// Each language has the text, in its own letters, with the placeholders of the first.
    pub(crate) fn is_complete(row: &str, columns: &[&'static str; 6]) {
        for (language, text) in Language::ALL.into_iter().zip(columns) {
            assert!(!text.trim().is_empty() && *text == text.trim(), "{row} {language:?}");
            assert_eq!(placeholders(text), placeholders(columns[0]), "{row} {language:?}");
            let arabic = text.chars().any(|letter| ('\u{600}'..='\u{6ff}').contains(&letter));
            assert_eq!(arabic, language == Language::Ar, "{row} {language:?}: {text}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every text, with a name for messages.
    fn all() -> Vec<(String, [&'static str; 6])> {
        let mut all = Vec::new();
        all.extend(Button::ALL.iter().map(|row| (format!("{row:?}"), row.columns())));
        all.extend(Device::ALL.iter().map(|row| (format!("{row:?}"), row.columns())));
        all.extend(During::ALL.iter().map(|row| (format!("{row:?}"), row.columns())));
        all.extend(Poor::ALL.iter().map(|row| (format!("{row:?}"), row.columns())));
        all.extend(Said::ALL.iter().map(|row| (format!("{row:?}"), row.columns())));
        all
    }

    // verifies: RQ-072
    #[test]
    fn every_text_exists_in_every_language_with_the_same_placeholders() {
        all().iter().for_each(|(row, columns)| checks::is_complete(row, columns));
    }

    // verifies: RQ-070
    #[test]
    fn no_text_of_a_result_promises_that_an_eye_is_well() {
        // The words for normal, healthy, clear, negative, "no disease" and "all good" in each language.
        const NEVER: [&str; 26] = [
            "normal",
            "healthy",
            "clear",
            "negative",
            "no disease",
            "all good",
            "fine",
            "sano",
            "negativo",
            "sin enfermedad",
            "sain",
            "négatif",
            "saine",
            "aucune maladie",
            "saudável",
            "normais",
            "sem doença",
            "gesund",
            "negativ",
            "unauffällig",
            "in ordnung",
            "keine krankheit",
            "سليم",
            "طبيعي",
            "سلبي",
            "بخير",
        ];
        for row in Said::ALL {
            for text in row.columns() {
                let lower = text.to_lowercase();
                let found = NEVER.iter().find(|word| {
                    lower.split(|c: char| !c.is_alphabetic() && c != ' ').any(|part| {
                        part == **word
                            || part.starts_with(&format!("{word} "))
                            || part.ends_with(&format!(" {word}"))
                            || part.contains(&format!(" {word} "))
                    })
                });
                assert_eq!(found, None, "{row:?}: {text}");
            }
        }
    }
}
