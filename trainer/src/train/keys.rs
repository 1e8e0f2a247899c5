//! The keys of a configuration by their dotted names: unknown ones, settings of the command line, differences.

use std::fmt;

use toml::{Table, Value};

use super::config::Config;

/// A key that no configuration has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    /// Where it stands: a file, or a setting of the command line.
    pub place: String,
    /// Its dotted name.
    pub key: String,
    /// The right key that is most alike; none where none is.
    pub nearest: Option<String>,
}

/// Least likeness (Jaro and Winkler's, 0..1) from which a key may have been meant.
const ALIKE: f64 = 0.8;

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnknownKey { place, key, nearest } = self;
        match nearest {
            Some(nearest) => write!(f, "{place}: unknown key {key}, did you mean {nearest}?"),
            None => write!(f, "{place}: unknown key {key}; keys are {}", known().join(", ")),
        }
    }
}

/// Every key there is, by its dotted name.
fn known() -> Vec<String> {
    // A configuration of plain values always has a table.
    let table = Table::try_from(Config::complete()).unwrap_or_default();
    leaves(&table).into_iter().map(|(key, _)| key).collect()
}

/// The values of a table by their dotted keys, sub-tables resolved.
pub fn leaves(table: &Table) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                found.extend(leaves(inner).into_iter().map(|(name, value)| (format!("{key}.{name}"), value)));
            }
            other => found.push((key.clone(), other.clone())),
        }
    }
    found
}

/// The keys of a table that no configuration has.
pub(super) fn unknown(table: &Table, place: &str) -> Vec<UnknownKey> {
    let known = known();
    let strange = leaves(table).into_iter().filter(|(key, _)| !known.contains(key));
    strange
        .map(|(key, _)| {
            let likeness = |known: &String| strsim::jaro_winkler(known, &key);
            let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
            let nearest = nearest.filter(|nearest| likeness(nearest) >= ALIKE).cloned();
            UnknownKey { place: place.to_owned(), key, nearest }
        })
        .collect()
}

/// `a.b=c` as a table; none where it is no such thing.
pub(super) fn setting(text: &str) -> Option<Table> {
    let (key, value) = text.split_once('=')?;
    let parts: Vec<&str> = key.trim().split('.').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    let value = value.trim();
    let value = value.parse::<Value>().unwrap_or_else(|_| Value::String(value.to_owned()));
    let mut table = Table::new();
    let mut parts = parts.into_iter().rev();
    table.insert(parts.next()?.to_owned(), value);
    Some(parts.fold(table, |inner, part| Table::from_iter([(part.to_owned(), Value::Table(inner))])))
}

/// Puts the values of a table over those of another.
pub(super) fn merge(table: &mut Table, over: Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(over)) => merge(inner, over),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_left_out_is_a_known_key_too() {
        let known = known();
        for key in ["classes", "data.root", "weights.file", "schedule.ema", "features.views"] {
            assert!(known.iter().any(|name| name == key), "{key} is not among {known:?}");
        }
    }

    #[test]
    fn values_of_a_setting_are_toml_where_they_can_be() {
        let value = |text: &str| setting(text).and_then(|table| leaves(&table).pop());
        assert_eq!(value("a.b=3"), Some(("a.b".to_owned(), Value::Integer(3))));
        assert_eq!(value("a = x/y.csv"), Some(("a".to_owned(), Value::String("x/y.csv".to_owned()))));
        assert_eq!(value("a.b=\"3\""), Some(("a.b".to_owned(), Value::String("3".to_owned()))));
        for wrong in ["a.b", "=3", "a..b=3"] {
            assert_eq!(setting(wrong), None, "{wrong}");
        }
    }
}
