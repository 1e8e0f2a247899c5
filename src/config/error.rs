//! What is wrong with a configuration: where, which key, what was expected, what was found, and what to do.
//!
//! Terms: a *place* is a line of a file or a `--set` of the command line; a *key* has its dotted name
//! (`encounter.attempts`), an operator's the number of its table in order (`operators[1].role`).
//!
//! Not here: finding it ([`super::reader`]).

use std::{fmt, path::PathBuf};

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of a file, counted from 1.
    Line {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// A file as a whole.
    File(PathBuf),
    /// A `--set` of the command line.
    Set,
    /// Nowhere: the key keeps its default.
    Default,
}

impl Place {
    /// In which order places are told: lines as they stand, then the rest.
    fn order(&self) -> usize {
        match self {
            Place::Line { line, .. } => *line,
            Place::File(_) => 0,
            Place::Set | Place::Default => usize::MAX,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line { path, line } => write!(f, "{}:{line}", path.display()),
            Place::File(path) => write!(f, "{}", path.display()),
            Place::Set => f.write_str("--set"),
            Place::Default => f.write_str("configuration"),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{place}: cannot be read: {found}; name another file, or make it readable")]
    Unreadable {
        /// The file.
        place: Place,
        /// The system's reason.
        found: String,
    },
    /// Not TOML. Nothing behind it was looked at.
    #[error("{place}: expected TOML, found {found}: {reason}; texts need quotes, and each key stands once")]
    NotToml {
        /// The line.
        place: Place,
        /// The line as it is written; left out where it may hold a PIN.
        found: String,
        /// What the parser says.
        reason: String,
    },
    /// A setting of the command line that is none.
    #[error("--set: expected KEY=VALUE with a dotted key, as in encounter.attempts=2, found {found}; write it so")]
    NotASetting {
        /// What was given, up to the first `=`.
        found: String,
    },
    /// A key that there is not.
    #[error("{place}: unknown key {key}{}", did_you_mean(nearest.as_deref()))]
    UnknownKey {
        /// Where it stands.
        place: Place,
        /// Its dotted name.
        key: String,
        /// The right key that is most alike; none where none is.
        nearest: Option<String>,
    },
    /// A value that can't be.
    #[error("{place}: {key}: expected {expected}, found {found}; {remedy}")]
    Value {
        /// Where it stands.
        place: Place,
        /// The key's dotted name.
        key: String,
        /// What may stand there, with range and unit.
        expected: String,
        /// What stands there, as it is written.
        found: String,
        /// What to do.
        remedy: String,
    },
}

impl ConfigError {
    /// Where it is.
    pub fn place(&self) -> &Place {
        match self {
            ConfigError::Unreadable { place, .. }
            | ConfigError::NotToml { place, .. }
            | ConfigError::UnknownKey { place, .. }
            | ConfigError::Value { place, .. } => place,
            ConfigError::NotASetting { .. } => &Place::Set,
        }
    }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!(", did you mean {nearest}?"),
        None => "; delete it (ocellus config show --default prints every key)".to_owned(),
    }
}

/// Everything that is wrong with a configuration; never empty. The lines of the file come first, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl ConfigErrors {
    pub(super) fn sorted(mut errors: Vec<ConfigError>) -> Self {
        errors.sort_by_key(|error| error.place().order());
        ConfigErrors(errors)
    }
}

impl fmt::Display for ConfigErrors {
    /// One line an error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.0.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
