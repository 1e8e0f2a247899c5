//! The list of photographs and what their readers said of them.
//!
//! A *manifest* is a CSV file with a header, one row a photograph, `file` relative to a root folder. A *label cell* is
//! `1` (present), `0` (absent) or empty (*unknown*: the source says nothing of it). `group` names photographs that may
//! never be parted by a split (same patient, or an eye that looks the same). Columns may come in any order; only
//! `file` is required; a column this program doesn't know is refused, so that a misspelt label can't vanish silently.
//!
//! Not here: looking at the photographs themselves ([`check`]), parting them.

pub mod check;
mod error;
mod layout;
mod read;
mod row;
pub mod words;
mod write;

use std::path::{Path, PathBuf};

pub use error::ManifestError;
pub use layout::{from_image_folder, from_multi_hot_csv, from_odir};
pub use read::Reader;
pub use row::Row;
pub use write::write_rows;

/// The columns this program knows, in the order it writes them.
pub const COLUMNS: [&str; 17] = [
    "file",
    "source",
    "patient",
    "eye",
    "normal",
    "opacity",
    "diabetic_retinopathy",
    "glaucoma",
    "macular_edema",
    "macular_degeneration",
    "retinal_vascular_occlusion",
    "other",
    "dr_grade",
    "quality",
    "group",
    "note",
    "sha256",
];

/// A manifest held in memory: about 300 bytes a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Where it was read from.
    pub path: PathBuf,
    /// The rows, in the file's order.
    pub rows: Vec<Row>,
}

impl Manifest {
    /// Reads a whole manifest.
    ///
    /// # Errors
    /// The first thing wrong, with file, line and column; also when there is no row at all.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let rows = Reader::open(path)?.collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() {
            return Err(ManifestError::Empty { file: path.to_owned() });
        }
        Ok(Self { path: path.to_owned(), rows })
    }
}
