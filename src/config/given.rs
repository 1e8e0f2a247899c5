//! Values as they were given, each with its text and its place: files and settings of the command line, laid over each
//! other.
//!
//! Not here: which keys there are and what they may hold ([`super::reader`] and the sections).

use std::{ops::Range, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::error::{ConfigError, Place};

/// A value with where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Given {
    pub(super) what: What,
    /// As it is written.
    pub(super) written: String,
    pub(super) place: Place,
}

/// The kinds of values that TOML has.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    Text(String),
    Whole(i64),
    Number(f64),
    Flag(bool),
    List(Vec<Given>),
    Table(Table),
    /// Nothing that a key of ours could hold: dates, and numbers too large for 64 bits.
    Other,
}

/// Values by their keys, in the order in which they were given.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Table(pub(super) Vec<(String, Given)>);

/// Characters of a value that a message repeats at most.
const WRITTEN_MAX: usize = 60;

impl Table {
    pub(super) fn get(&self, key: &str) -> Option<&Given> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, given)| given)
    }

    /// Puts a table over this one: its values win, tables are merged, lists are replaced as a whole.
    pub(super) fn lay_over(&mut self, over: Table) {
        for (key, given) in over.0 {
            match self.0.iter_mut().find(|(name, _)| *name == key) {
                Some((_, Given { what: What::Table(below), .. })) if matches!(given.what, What::Table(_)) => {
                    if let What::Table(above) = given.what {
                        below.lay_over(above);
                    }
                }
                Some((_, below)) => *below = given,
                None => self.0.push((key, given)),
            }
        }
    }
}

/// The values of a file.
///
/// # Errors
/// When its text is no TOML: one error a place, all of them.
pub(super) fn file(path: &Path, text: &str) -> Result<Table, Vec<ConfigError>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.iter().map(|error| not_toml(path, text, error)).collect());
    }
    let source = Source { text, place: &|at| Place::Line { path: path.to_owned(), line: line(text, at) } };
    Ok(source.table(table.into_inner()))
}

/// The values of `a.b=c`. The value is read as TOML, and as a text where it is none: `site.language=fr` needs no
/// quotes.
///
/// # Errors
/// One, when it is no `KEY=VALUE` with a dotted key of letters, digits, `_` and `-`.
pub(super) fn setting(setting: &str) -> Result<Table, Vec<ConfigError>> {
    let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
    let (key, value) = (key.trim(), value.trim());
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let is_key = key.split('.').all(|part| !part.is_empty() && part.chars().all(plain));
    if !is_key || !setting.contains('=') {
        return Err(vec![ConfigError::NotASetting { found: shorten(key) }]);
    }
    let given = match DeValue::parse(value) {
        Ok(parsed) => Source { text: value, place: &|_| Place::Set }.value(parsed),
        Err(_) => {
            Given { what: What::Text(value.to_owned()), written: shorten(&format!("{value:?}")), place: Place::Set }
        }
    };
    let mut parts = key.rsplit('.');
    let leaf = Table(parts.next().map(|last| (last.to_owned(), given)).into_iter().collect());
    Ok(parts.fold(leaf, |inner, part| {
        let given = Given { what: What::Table(inner), written: "a table".to_owned(), place: Place::Set };
        Table(vec![(part.to_owned(), given)])
    }))
}

/// A text that is being read, and where it stands.
struct Source<'a> {
    text: &'a str,
    place: &'a dyn Fn(usize) -> Place,
}

impl Source<'_> {
    fn table(&self, table: DeTable<'_>) -> Table {
        let entries = table.into_iter().map(|(key, value)| {
            let at = key.span().start;
            let mut given = self.value(value);
            // Where a table's key stands, not where its first value does.
            given.place = (self.place)(at);
            (key.into_inner().into_owned(), given)
        });
        Table(entries.collect())
    }

    fn value(&self, value: Spanned<DeValue<'_>>) -> Given {
        let span = value.span();
        let place = (self.place)(span.start);
        let (what, written) = match value.into_inner() {
            DeValue::String(text) => (What::Text(text.into_owned()), self.written(span)),
            DeValue::Integer(number) => {
                let whole = i64::from_str_radix(number.as_str(), number.radix());
                (whole.map_or(What::Other, What::Whole), self.written(span))
            }
            DeValue::Float(number) => (number.as_str().parse().map_or(What::Other, What::Number), self.written(span)),
            DeValue::Boolean(flag) => (What::Flag(flag), self.written(span)),
            DeValue::Datetime(_) => (What::Other, self.written(span)),
            // These may hold a PIN somewhere.
            DeValue::Array(list) => {
                let values = list.into_iter().map(|value| self.value(value)).collect();
                (What::List(values), "a list".to_owned())
            }
            DeValue::Table(table) => (What::Table(self.table(table)), "a table".to_owned()),
        };
        Given { what, written, place }
    }

    fn written(&self, span: Range<usize>) -> String {
        shorten(self.text.get(span).unwrap_or_default())
    }
}

/// A text in one line and not longer than a message bears.
fn shorten(text: &str) -> String {
    let line = text.replace(['\n', '\r', '\t'], " ");
    match line.char_indices().nth(WRITTEN_MAX) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// The line in which a byte of a text stands, counted from 1.
fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn not_toml(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let line = line(text, error.span().map_or(0, |span| span.start));
    let written = text.lines().nth(line - 1).unwrap_or_default().trim();
    // A PIN whose quotes were forgotten must not get into a log, on whatever line of an operator it stands.
    let heading = text.lines().take(line).filter(|line| line.trim_start().starts_with('[')).last();
    let is_secret = written.contains("pin") || heading.is_some_and(|heading| heading.contains("operators"));
    let found = if is_secret { "a line that is not shown".to_owned() } else { shorten(written) };
    let reason = error.message().replace('\n', " ");
    ConfigError::NotToml { place: Place::Line { path: path.to_owned(), line }, found, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(table: &Table, path: &str) -> Given {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let given = table.get(first).unwrap();
        match (rest, &given.what) {
            (Some(rest), What::Table(inner)) => leaf(inner, rest),
            (None, _) => given.clone(),
            (Some(_), other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_know_their_text_and_line() {
        let table = file(Path::new("a.toml"), "x = 1\n[s]\ny = 0x_ff\n").map(|_| ()).unwrap_err();
        assert_eq!(table.len(), 1, "{table:?}");
        let table = file(Path::new("a.toml"), "x = 1\n[s]\ny = 0xff\nz = 99999999999999999999\n").unwrap();
        let y = leaf(&table, "s.y");
        assert_eq!((y.what, y.written.as_str()), (What::Whole(255), "0xff"));
        assert_eq!(y.place, Place::Line { path: "a.toml".into(), line: 3 });
        assert_eq!(leaf(&table, "s.z").what, What::Other);
    }

    #[test]
    fn values_of_a_setting_are_toml_where_they_can_be() {
        let value = |text: &str| leaf(&setting(text).unwrap(), "a.b");
        assert_eq!(value("a.b=3").what, What::Whole(3));
        assert_eq!(value("a.b = x/y.csv").what, What::Text("x/y.csv".to_owned()));
        assert_eq!(value("a.b=\"3\"").what, What::Text("3".to_owned()));
        // One value, never a second key.
        assert_eq!(value("a.b=1\nc = 2").what, What::Text("1\nc = 2".to_owned()));
        for wrong in ["a.b", "=3", "a..b=3", "a[1].b=3", "a b=3", ""] {
            assert!(setting(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tables_are_merged_and_lists_replaced() {
        let mut table = file(Path::new("a.toml"), "l = [1, 2]\n[s]\nx = 1\ny = 2\n").unwrap();
        table.lay_over(setting("s.y=3").unwrap());
        table.lay_over(setting("l=[4]").unwrap());
        assert_eq!(leaf(&table, "s.x").what, What::Whole(1));
        assert_eq!(leaf(&table, "s.y").what, What::Whole(3));
        assert!(matches!(leaf(&table, "l").what, What::List(list) if list.len() == 1));
    }

    #[test]
    fn a_pin_whose_quotes_were_forgotten_is_not_repeated() {
        for text in
            ["[[operators]]\npin = 4711x\n", "[[operators]]\npin =\n4711\n", "pin = '4711\n", "x = {pin = 4711}}"]
        {
            let errors = file(Path::new("a.toml"), text).unwrap_err();
            assert!(!errors.is_empty());
            for error in errors {
                assert!(!error.to_string().contains("4711"), "{error}");
            }
        }
    }
}
