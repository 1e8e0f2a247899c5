//! Texts as DICOM's value representations hold them.
//!
//! The backslash separates values and control characters mean things, so neither may be within one. What people read may
//! be changed to fit; what identifies may not.
//!
//! Not here: character sets, since all is UTF-8.

use super::object::ObjectError;

/// Characters of an LO at most.
pub(super) const LONG: usize = 64;
/// Characters of an SH at most.
pub(super) const SHORT: usize = 16;
/// Characters of an LT at most.
const PARAGRAPH: usize = 10_240;

/// A text for people on one line, cut to so many characters.
pub(super) fn line(text: &str, characters: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(clean.replace('\\', "/").trim(), characters)
}

/// A text for people (LT, UT) on several lines. A backslash means nothing in it.
pub(super) fn paragraph(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    cut(clean.replace('\n', "\r\n").trim_end(), PARAGRAPH)
}

/// Something that identifies, of at most so many characters; as it is, or refused.
pub(super) fn identifier(what: &'static str, text: &str, characters: usize) -> Result<String, ObjectError> {
    let text = text.trim();
    if text.chars().any(|c| c == '\\' || c.is_control()) {
        return Err(ObjectError::Identifier { what, fact: "has a backslash or control character".to_owned() });
    }
    match text.chars().count() {
        found if found > characters => {
            let fact = format!("has {found} characters, expected at most {characters}");
            Err(ObjectError::Identifier { what, fact })
        }
        _ => Ok(text.to_owned()),
    }
}

/// A name (PN): as worklists tell it (`Roe^Jane`), or `Roe, Jane`.
pub(super) fn person(told: &str) -> String {
    let name = match told.contains('^') {
        true => told.to_owned(),
        false => match told.split_once(',') {
            Some((family, given)) => format!("{}^{}", family.trim(), given.trim()),
            None => told.to_owned(),
        },
    };
    // What separates a name's writings would make another name of it.
    line(&name.replace('=', " "), LONG)
}

/// `1961-02-28` as `19610228`; empty for anything else.
pub(super) fn day(iso: &str) -> String {
    let digits = iso.replace('-', "");
    let has_dashes = iso.len() == 10 && [4, 7].into_iter().all(|at| iso.as_bytes()[at] == b'-');
    let is_day = has_dashes && digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_day { digits } else { String::new() }
}

fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some(_) => text.chars().take(characters.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_for_people_are_made_to_fit() {
        assert_eq!(line(" a\\b\nc ", 64), "a/b c");
        assert_eq!(line("aéöüaéöü", 4), "aéö…");
        assert_eq!(line("aéöü", 4), "aéöü");
        assert_eq!(paragraph("a\\b\tc\nd\n"), "a\\b c\r\nd");
    }

    #[test]
    fn what_identifies_is_never_changed() {
        assert_eq!(identifier("the id", " A|4711^x ", 16).unwrap(), "A|4711^x");
        for text in ["a\\b", "a\nb", "12345678901234567"] {
            let error = identifier("the id", text, 16).unwrap_err().to_string();
            assert!(error.contains("the id") && !error.contains(text), "{error}");
        }
    }

    #[test]
    fn names_and_days_are_written_as_dicom_writes_them() {
        for (told, name) in [
            ("Roe^Jane^^Dr", "Roe^Jane^^Dr"),
            ("Róe & Söhne, Jane", "Róe & Söhne^Jane"),
            ("Jane", "Jane"),
            ("Roe=X\\Y", "Roe X/Y"),
            ("", ""),
        ] {
            assert_eq!(person(told), name);
        }
        for (iso, written) in [("1961-02-28", "19610228"), ("", ""), ("1961", ""), ("1961-2-280", "")] {
            assert_eq!(day(iso), written);
        }
    }
}
