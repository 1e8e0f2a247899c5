//! CSV writing.

use std::{borrow::Borrow, path::Path};

use ocellus_model::{label::Label, laterality::Laterality, quality::Gradability};

use super::{COLUMNS, ManifestError, Row};
use crate::files::{csv_bytes, write_atomically};

/// Writes a manifest with all columns, through a scratch file that is renamed, so that a reader never sees half of it.
///
/// # Errors
/// When the file can't be written.
pub fn write_rows<R: Borrow<Row>>(path: &Path, rows: impl IntoIterator<Item = R>) -> Result<(), ManifestError> {
    let fail = |source: std::io::Error| ManifestError::Io { file: path.to_owned(), source };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| fail(error.into());
    writer.write_record(COLUMNS).map_err(failed)?;
    for row in rows {
        writer.write_record(cells(row.borrow())).map_err(failed)?;
    }
    let bytes = csv_bytes(writer).map_err(failed)?;
    write_atomically(path, &bytes).map_err(fail)
}

/// The cells of a row, in the order of [`COLUMNS`].
fn cells(row: &Row) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut cells = vec![
        row.file.clone(),
        row.source.clone(),
        text(&row.patient),
        row.eye.map_or("", Laterality::as_str).to_owned(),
    ];
    cells.extend(Label::ALL.map(|label| match row.label(label) {
        None => String::new(),
        Some(present) => u8::from(present).to_string(),
    }));
    cells.push(row.dr_grade.map_or_else(String::new, |grade| grade.to_string()));
    cells.push(row.quality.map_or("", Gradability::as_str).to_owned());
    cells.push(text(&row.group));
    cells.push(row.note.clone());
    cells.push(text(&row.sha256));
    cells
}
