//! Why a manifest can't be read or written.

use std::path::PathBuf;

/// Names file, line, column, what was found and what was expected.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file can't be opened, read or written.
    #[error("{}: {source}", file.display())]
    Io {
        /// The manifest.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not CSV, or a row with more or fewer cells than the header.
    #[error("{}, line {line}: {what}", file.display())]
    Csv {
        /// The manifest.
        file: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// No header, or one without the `file` column.
    #[error("{}: no column \"file\" in the header, found {found}", file.display())]
    NoFileColumn {
        /// The manifest.
        file: PathBuf,
        /// The header as found.
        found: String,
    },
    /// A column this program doesn't know.
    #[error("{}: unknown column {found:?}, did you mean {nearest:?}? known are {known}", file.display())]
    UnknownColumn {
        /// The manifest.
        file: PathBuf,
        /// The column as found.
        found: String,
        /// The known column that is spelt most alike.
        nearest: &'static str,
        /// All known columns.
        known: String,
    },
    /// A column that appears twice.
    #[error("{}: column {column:?} appears twice in the header", file.display())]
    DuplicateColumn {
        /// The manifest.
        file: PathBuf,
        /// The column.
        column: String,
    },
    /// A cell with a value that is not allowed there.
    #[error("{}, line {line}, column {column}: found {found:?}, expected {expected}", file.display())]
    Cell {
        /// The manifest.
        file: PathBuf,
        /// Line, from 1.
        line: u64,
        /// The column's name.
        column: &'static str,
        /// The cell as found.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// A header and nothing more.
    #[error("{}: no rows", file.display())]
    Empty {
        /// The manifest.
        file: PathBuf,
    },
    /// A folder to make a manifest from that doesn't have the layout.
    #[error("{}: {what}", path.display())]
    Layout {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong and what to do.
        what: String,
    },
}

impl ManifestError {
    /// Whether the system failed, rather than the contents.
    pub fn is_io(&self) -> bool {
        matches!(self, ManifestError::Io { source, .. } if source.kind() != std::io::ErrorKind::NotFound)
    }
}
