//! Takes values by key, checks them, and collects everything that is wrong.
//!
//! A key is known because a section asks for it: there is no second list of keys that could differ. A wrong value is
//! reported and stands in for its default until the end, so that all errors are told at once.
//!
//! Not here: which keys there are (the sections), files and TOML ([`super::given`]).

use std::{fmt::Display, ops::RangeInclusive, path::PathBuf, str::FromStr};

use super::{
    error::{ConfigError, Place},
    given::{Given, Table, What},
};

/// A closed set of names that a key may hold.
pub(super) trait Choice: Copy + PartialEq + 'static {
    /// Every member, in the order in which they are told.
    const ALL: &'static [Self];

    /// How it is written.
    fn name(self) -> &'static str;
}

/// Keys that were asked for, and errors.
#[derive(Debug, Default)]
pub(super) struct Report {
    asked: Vec<String>,
    pub(super) errors: Vec<ConfigError>,
}

/// A table of the configuration, as far as it is given.
#[derive(Debug)]
pub(super) struct Section<'a> {
    /// Its dotted name and the dot after it; empty for the configuration itself.
    prefix: String,
    /// Where it stands.
    place: Place,
    table: Option<&'a Table>,
    report: &'a mut Report,
}

/// What a message says in place of a value that nobody is to read.
const NOT_SHOWN: &str = "something that is not shown";

impl<'a> Section<'a> {
    /// The configuration itself.
    pub(super) fn root(table: &'a Table, report: &'a mut Report) -> Self {
        Section { prefix: String::new(), place: Place::Default, table: Some(table), report }
    }

    /// A table in this one; where it is not given, every key of it has its default.
    pub(super) fn section(&mut self, key: &str) -> Section<'_> {
        let given = self.table.and_then(|table| table.get(key));
        let mut table = None;
        match given.map(|given| &given.what) {
            Some(What::Table(inner)) => table = Some(inner),
            Some(_) => self.wrong(key, "a table".to_owned(), format!("write [{}{key}]", self.prefix)),
            None => {}
        }
        let place = given.map_or_else(|| self.place.clone(), |given| given.place.clone());
        Section { prefix: format!("{}{key}.", self.prefix), place, table, report: self.report }
    }

    /// The tables of an array of tables, by turns; none where it is not given.
    pub(super) fn each<T>(&mut self, key: &str, mut read: impl FnMut(&mut Section<'_>) -> T) -> Vec<T> {
        let Some(given) = self.ask(key) else { return Vec::new() };
        let What::List(list) = &given.what else {
            self.wrong(key, "a list of tables".to_owned(), format!("write [[{}{key}]]", self.prefix));
            return Vec::new();
        };
        let mut values = Vec::with_capacity(list.len());
        for (number, item) in (1..).zip(list) {
            let prefix = format!("{}{key}[{number}].", self.prefix);
            if let What::Table(table) = &item.what {
                let place = item.place.clone();
                let mut section = Section { prefix, place, table: Some(table), report: self.report };
                values.push(read(&mut section));
            } else {
                self.report.errors.push(ConfigError::Value {
                    place: item.place.clone(),
                    key: format!("{}{key}[{number}]", self.prefix),
                    expected: "a table".to_owned(),
                    found: item.written.clone(),
                    remedy: format!("write [[{}{key}]]", self.prefix),
                });
            }
        }
        values
    }

    /// A text of so many characters that can be printed.
    pub(super) fn text(&mut self, key: &str, length: RangeInclusive<usize>, default: String) -> String {
        let expected = format!("a text of {} to {} characters", length.start(), length.end());
        self.checked(key, expected, default, |what| match what {
            What::Text(text) if length.contains(&text.chars().count()) && !text.chars().any(char::is_control) => {
                Some(text.clone())
            }
            _ => None,
        })
    }

    /// A file or folder; none where it is `""`.
    pub(super) fn path(&mut self, key: &str, default: Option<PathBuf>) -> Option<PathBuf> {
        self.checked(key, "a path in quotes, or \"\" for none".to_owned(), default, |what| match what {
            What::Text(text) if text.contains('\0') => None,
            What::Text(text) => Some(Some(text).filter(|text| !text.is_empty()).map(PathBuf::from)),
            _ => None,
        })
    }

    /// Files or folders.
    pub(super) fn paths(&mut self, key: &str, default: Vec<PathBuf>) -> Vec<PathBuf> {
        self.checked(key, "a list of paths in quotes".to_owned(), default, |what| {
            let What::List(list) = what else { return None };
            let path = |what: &What| match what {
                What::Text(text) if !text.is_empty() && !text.contains('\0') => Some(PathBuf::from(text)),
                _ => None,
            };
            list.iter().map(|given| path(&given.what)).collect()
        })
    }

    /// What `make` makes of a text.
    pub(super) fn parsed<T>(&mut self, key: &str, expected: &str, default: T, make: impl Fn(&str) -> Option<T>) -> T {
        self.checked(key, expected.to_owned(), default, |what| match what {
            What::Text(text) => make(text),
            _ => None,
        })
    }

    /// Something that is written as text; none where it is `""`.
    pub(super) fn parsed_or_none<T: FromStr>(&mut self, key: &str, expected: &str, default: Option<T>) -> Option<T> {
        self.parsed(key, &format!("{expected}, or \"\" for none"), default, |text| match text {
            "" => Some(None),
            text => text.parse().ok().map(Some),
        })
    }

    /// A whole number in a range, with its unit for messages.
    pub(super) fn whole<T>(&mut self, key: &str, unit: &str, range: RangeInclusive<T>, default: T) -> T
    where
        T: TryFrom<i64> + PartialOrd + Display + Copy,
    {
        let expected = format!("a whole number from {} to {} ({unit})", range.start(), range.end());
        self.checked(key, expected, default, |what| match what {
            What::Whole(number) => T::try_from(*number).ok().filter(|number| range.contains(number)),
            _ => None,
        })
    }

    /// A number in a range, with its unit for messages.
    pub(super) fn number(&mut self, key: &str, unit: &str, range: RangeInclusive<f64>, default: f64) -> f64 {
        let expected = format!("a number from {} to {} ({unit})", range.start(), range.end());
        self.checked(key, expected, default, |what| {
            let number = match what {
                What::Number(number) => *number,
                // Exact up to 2^53, and every range ends below.
                What::Whole(number) => *number as f64,
                _ => return None,
            };
            Some(number).filter(|number| range.contains(number))
        })
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, key: &str, default: bool) -> bool {
        self.checked(key, "true or false".to_owned(), default, |what| match what {
            What::Flag(flag) => Some(*flag),
            _ => None,
        })
    }

    /// One of a closed set.
    pub(super) fn choice<T: Choice>(&mut self, key: &str, default: T) -> T {
        self.checked(key, one_of::<T>(), default, chosen)
    }

    /// Some of a closed set, each once.
    pub(super) fn choices<T: Choice>(&mut self, key: &str, default: Vec<T>) -> Vec<T> {
        let expected = format!("a list, each at most once, of {}", one_of::<T>());
        self.checked(key, expected, default, |what| {
            let What::List(list) = what else { return None };
            let mut chosen_so_far = Vec::with_capacity(list.len());
            for given in list {
                let one = chosen(&given.what).filter(|one| !chosen_so_far.contains(one))?;
                chosen_so_far.push(one);
            }
            Some(chosen_so_far)
        })
    }

    /// A value without a default, made of a text by `make`, which tells what was expected where it can't.
    pub(super) fn required<T>(&mut self, key: &str, make: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.made(key, make, false)
    }

    /// As [`Section::required`], of a text that no message repeats.
    pub(super) fn secret<T>(&mut self, key: &str, make: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.made(key, make, true)
    }

    /// Reports a value that another one forbids.
    pub(super) fn wrong(&mut self, key: &str, expected: String, remedy: String) {
        self.push(key, expected, remedy, false);
    }

    fn made<T>(&mut self, key: &str, make: impl Fn(&str) -> Result<T, String>, is_secret: bool) -> Option<T> {
        let made = match self.ask(key).map(|given| &given.what) {
            Some(What::Text(text)) => make(text),
            // What it would have to say of a text says best what is missing.
            _ => make("").and(Err("a text".to_owned())),
        };
        made.map_err(|expected| self.push(key, expected, "write it so".to_owned(), is_secret)).ok()
    }

    /// A value that `check` accepts, or the default.
    fn checked<T>(&mut self, key: &str, expected: String, default: T, check: impl Fn(&What) -> Option<T>) -> T {
        let Some(given) = self.ask(key) else { return default };
        check(&given.what).unwrap_or_else(|| {
            self.wrong(key, expected, "write such a value, or leave the key out to have the default".to_owned());
            default
        })
    }

    fn ask(&mut self, key: &str) -> Option<&'a Given> {
        self.report.asked.push(format!("{}{key}", self.prefix));
        self.table.and_then(|table| table.get(key))
    }

    fn push(&mut self, key: &str, expected: String, remedy: String, is_secret: bool) {
        let given = self.table.and_then(|table| table.get(key));
        let place = given.map_or_else(|| self.place.clone(), |given| given.place.clone());
        let found = match given {
            None => "nothing".to_owned(),
            Some(_) if is_secret => NOT_SHOWN.to_owned(),
            Some(given) => given.written.clone(),
        };
        self.report.errors.push(ConfigError::Value {
            place,
            key: format!("{}{key}", self.prefix),
            expected,
            found,
            remedy,
        });
    }
}

impl Report {
    /// Every dotted key that a section asked for.
    #[cfg(test)]
    pub(super) fn asked(&self) -> &[String] {
        &self.asked
    }

    /// Reports the keys of a table that nobody asked for.
    pub(super) fn unknown_keys(&mut self, table: &Table) {
        self.unknown_in(table, "");
    }

    fn unknown_in(&mut self, table: &Table, prefix: &str) {
        for (key, given) in &table.0 {
            let key = format!("{prefix}{key}");
            let inside = format!("{key}.");
            let has_inside = self.asked.iter().any(|asked| asked.starts_with(&inside));
            match &given.what {
                What::Table(inner) if has_inside => self.unknown_in(inner, &inside),
                What::List(list) if self.asked.contains(&key) => {
                    for (number, item) in (1..).zip(list) {
                        if let What::Table(inner) = &item.what {
                            self.unknown_in(inner, &format!("{key}[{number}]."));
                        }
                    }
                }
                // Of the wrong kind, which its section has told.
                _ if has_inside || self.asked.contains(&key) => {}
                _ => self.unknown(&key, given),
            }
        }
    }

    fn unknown(&mut self, key: &str, given: &Given) {
        let keys = self.asked.iter().map(String::as_str);
        // A table's name is that of a section, or of an array of tables.
        let sections = keys.clone().filter_map(|asked| asked.rsplit_once('.')).map(|(section, _)| section);
        let nearest = match given.what {
            What::Table(_) => nearest(key, sections.chain(keys)),
            _ => nearest(key, keys),
        };
        self.errors.push(ConfigError::UnknownKey { place: given.place.clone(), key: key.to_owned(), nearest });
    }
}

/// The known key that is most alike. What counts first is its last name, so that a line is found that slipped under
/// another heading.
fn nearest<'k>(key: &str, known: impl Iterator<Item = &'k str>) -> Option<String> {
    /// Least likeness (Jaro and Winkler's, 0..1) of the last name from which a key may have been meant.
    const ALIKE: f64 = 0.8;
    let last = |key: &'k str| key.rsplit_once('.').map_or(key, |(_, last)| last);
    let wanted = key.rsplit_once('.').map_or(key, |(_, last)| last);
    let likeness = |known: &'k str| strsim::jaro_winkler(last(known), wanted);
    let overall = |known: &'k str| likeness(known) + strsim::jaro_winkler(known, key);
    let alike = known.filter(|known| likeness(known) >= ALIKE);
    alike.max_by(|a, b| overall(a).total_cmp(&overall(b))).map(str::to_owned)
}

fn chosen<T: Choice>(what: &What) -> Option<T> {
    let What::Text(text) = what else { return None };
    T::ALL.iter().copied().find(|one| one.name() == text)
}

fn one_of<T: Choice>() -> String {
    T::ALL.iter().map(|one| format!("{:?}", one.name())).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_one_of_the_same_name_or_of_like_spelling() {
        let near = |key: &str| nearest(key, ["site.name", "panel.kind", "camera.kind", "panel.width_px"].into_iter());
        assert_eq!(near("site.nam").as_deref(), Some("site.name"));
        assert_eq!(near("store.width_px").as_deref(), Some("panel.width_px"));
        assert_eq!(near("panel.nam").as_deref(), Some("site.name"));
        assert_eq!(near("camra.kind").as_deref(), Some("camera.kind"));
        assert_eq!(near("zzzzzz"), None);
    }
}
