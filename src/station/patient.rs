//! Who sits before the camera, as far as the device is told.

use serde::{Deserialize, Serialize};

/// A patient by at least two identifiers; which two, the operator has confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Patient {
    /// The clinic's number for the patient.
    pub id: String,
    /// The name, where a worklist or a code tells it; empty otherwise.
    #[serde(default)]
    pub name: String,
    /// Date of birth as `YYYY-MM-DD`; empty where nobody told.
    #[serde(default)]
    pub birth_date: String,
}

impl Patient {
    /// A practice patient, who is nobody.
    pub fn practice(number: u32) -> Self {
        Patient { id: format!("PRACTICE-{number}"), name: "Practice patient".to_owned(), birth_date: String::new() }
    }

    /// Reads a scanned code: a number alone, or `number|name|YYYY-MM-DD`. None where there is no number, or where what
    /// should be a date is none.
    pub fn from_code(code: &str) -> Option<Self> {
        let mut parts = code.trim().split('|').map(str::trim);
        let id = parts.next().filter(|id| !id.is_empty() && id.len() <= ID_LENGTH_MAX)?.to_owned();
        let name = parts.next().unwrap_or_default().to_owned();
        let birth_date = parts.next().unwrap_or_default().to_owned();
        let dated = birth_date.is_empty() || is_date(&birth_date);
        (dated && parts.next().is_none()).then_some(Patient { id, name, birth_date })
    }

    /// The name as people write it: family name, given names. Worklists tell it as `family^given^middle^prefix^suffix`
    /// (PS3.5, 6.2.1.2), codes as it is.
    pub fn spoken_name(&self) -> String {
        let parts: Vec<&str> = self.name.split('^').map(str::trim).collect();
        let given: Vec<&str> = parts.iter().copied().skip(1).take(2).filter(|part| !part.is_empty()).collect();
        let family_and_given = [parts[0].to_owned(), given.join(" ")];
        family_and_given.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// Whether there are two identifiers to confirm.
    pub fn has_two_identifiers(&self) -> bool {
        !self.id.is_empty() && (!self.name.is_empty() || !self.birth_date.is_empty())
    }
}

/// Characters of a patient's number at most: those of DICOM's value representation LO.
pub const ID_LENGTH_MAX: usize = 64;

/// Whether eight digits, `YYYYMMDD`, can be a date of birth; as `YYYY-MM-DD` if so.
pub fn birth_date(digits: &str) -> Option<String> {
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let date = format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]);
    is_date(&date).then_some(date)
}

/// Whether text is a day of the Gregorian calendar from 1900 to 2099, as `YYYY-MM-DD`.
fn is_date(text: &str) -> bool {
    let parts: Vec<u32> = text.split('-').map_while(|part| part.parse().ok()).collect();
    let [year, month, day] = parts[..] else { return false };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return false,
    };
    text.len() == 10 && (1900..2100).contains(&year) && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_a_number_or_a_number_with_name_and_date() {
        let whole = Patient::from_code(" 4711|Roe, Jane|1961-02-28 ").unwrap();
        assert_eq!(
            (whole.id.as_str(), whole.name.as_str(), whole.birth_date.as_str()),
            ("4711", "Roe, Jane", "1961-02-28")
        );
        assert!(whole.has_two_identifiers());
        let number = Patient::from_code("4711").unwrap();
        assert_eq!(number.id, "4711");
        assert!(!number.has_two_identifiers());
        for code in ["", "|Roe|1961-02-28", "1|Roe|28.2.1961", "1|a|1961-02-28|more", &"9".repeat(65)] {
            assert_eq!(Patient::from_code(code), None, "{code}");
        }
    }

    #[test]
    fn names_of_worklists_are_shown_as_people_write_them() {
        for (told, spoken) in [
            ("Roe^Jane", "Roe, Jane"),
            ("Roe^Jane^Mary^Dr^III", "Roe, Jane Mary"),
            ("Roe^^Mary", "Roe, Mary"),
            ("^Jane", "Jane"),
            ("Roe", "Roe"),
            ("Roe, Jane", "Roe, Jane"),
            ("", ""),
        ] {
            assert_eq!(Patient { name: told.to_owned(), ..Patient::default() }.spoken_name(), spoken);
        }
    }

    #[test]
    fn only_days_that_exist_are_dates_of_birth() {
        for (digits, date) in [("19610228", "1961-02-28"), ("20000229", "2000-02-29"), ("19991231", "1999-12-31")] {
            assert_eq!(birth_date(digits).as_deref(), Some(date));
        }
        for digits in ["19610229", "19000229", "19611301", "19610431", "1961022", "1961022x", "18991231", "00000000"] {
            assert_eq!(birth_date(digits), None, "{digits}");
        }
    }
}
