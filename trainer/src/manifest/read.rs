//! Streaming CSV reading.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use csv::StringRecord;
use ocellus_model::{label::Label, quality::Gradability};

use super::{COLUMNS, ManifestError, Row};

/// Yields rows one by one; memory does not grow with the file.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    csv: csv::Reader<BufReader<File>>,
    record: StringRecord,
    /// Position of each of [`COLUMNS`] in this file.
    positions: [Option<usize>; COLUMNS.len()],
}

impl Reader {
    /// Opens a manifest and reads its header.
    ///
    /// # Errors
    /// When it can't be opened, or the header has no `file`, an unknown or a repeated column.
    pub fn open(path: &Path) -> Result<Self, ManifestError> {
        let mut csv = open_table(path)?;
        let header = csv.headers().map_err(|error| csv_error(path, error))?.clone();
        let positions = positions(path, &header)?;
        Ok(Self { path: path.to_owned(), csv, record: StringRecord::new(), positions })
    }

    /// The trimmed cell of a known column; empty when the column or the cell is missing.
    fn cell(&self, column: &str) -> &str {
        COLUMNS
            .iter()
            .position(|name| *name == column)
            .and_then(|index| self.positions[index])
            .and_then(|position| self.record.get(position))
            .map_or("", str::trim)
    }

    fn bad_cell(&self, column: &'static str, expected: &'static str) -> ManifestError {
        ManifestError::Cell {
            file: self.path.clone(),
            line: self.record.position().map_or(0, csv::Position::line),
            column,
            found: self.cell(column).to_owned(),
            expected,
        }
    }

    fn text(&self, column: &str) -> Option<String> {
        Some(self.cell(column)).filter(|cell| !cell.is_empty()).map(str::to_owned)
    }

    fn row(&self) -> Result<Row, ManifestError> {
        let file = self.cell("file");
        if file.is_empty() {
            return Err(self.bad_cell("file", "the path of a photograph"));
        }
        let mut labels = [None; 8];
        for label in Label::ALL {
            labels[label as usize] = match self.cell(label.as_str()) {
                "" => None,
                "0" => Some(false),
                "1" => Some(true),
                _ => return Err(self.bad_cell(label.as_str(), "0, 1, or nothing for unknown")),
            };
        }
        let eye = match self.cell("eye") {
            "" => None,
            text => Some(text.parse().map_err(|_| self.bad_cell("eye", "OD, OS, right, left, or nothing"))?),
        };
        let dr_grade = match self.cell("dr_grade") {
            "" => None,
            text => match text.parse::<u8>() {
                Ok(grade @ 0..=4) => Some(grade),
                _ => return Err(self.bad_cell("dr_grade", "0 to 4, or nothing")),
            },
        };
        let quality = match self.cell("quality") {
            "" => None,
            "good" => Some(Gradability::Good),
            "usable" => Some(Gradability::Usable),
            "ungradable" => Some(Gradability::Ungradable),
            _ => return Err(self.bad_cell("quality", "good, usable, ungradable, or nothing")),
        };
        let sha256 = match self.cell("sha256") {
            "" => None,
            text if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) => Some(text.to_ascii_lowercase()),
            _ => return Err(self.bad_cell("sha256", "64 hexadecimal digits, or nothing")),
        };
        Ok(Row {
            file: file.to_owned(),
            source: self.cell("source").to_owned(),
            patient: self.text("patient"),
            eye,
            labels,
            dr_grade,
            quality,
            group: self.text("group"),
            note: self.cell("note").to_owned(),
            sha256,
        })
    }
}

impl Iterator for Reader {
    type Item = Result<Row, ManifestError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.csv.read_record(&mut self.record) {
            Ok(true) => Some(self.row()),
            Ok(false) => None,
            Err(error) => Some(Err(csv_error(&self.path, error))),
        }
    }
}

/// Opens a table, divided as its header is: by commas, or by semicolons or tabs, as spreadsheets write it where the comma
/// stands in numbers.
pub(super) fn open_table(path: &Path) -> Result<csv::Reader<BufReader<File>>, ManifestError> {
    let failed = |source| ManifestError::Io { file: path.to_owned(), source };
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let delimiter = divider(file.fill_buf().map_err(failed)?);
    Ok(csv::ReaderBuilder::new().delimiter(delimiter).from_reader(file))
}

/// What stands between the columns of a header.
fn divider(start: &[u8]) -> u8 {
    let header = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    [b',', b';', b'\t'].into_iter().find(|divider| header.contains(divider)).unwrap_or(b',')
}

/// Where each known column stands in a header.
fn positions(path: &Path, header: &StringRecord) -> Result<[Option<usize>; COLUMNS.len()], ManifestError> {
    let mut positions = [None; COLUMNS.len()];
    for (position, name) in header.iter().enumerate() {
        let name = column_name(name);
        let Some(index) = COLUMNS.iter().position(|column| *column == name) else {
            // Without `file` this is some other table: say that, not that its first column is misspelt.
            if !header.iter().any(|name| column_name(name) == "file") {
                break;
            }
            return Err(ManifestError::UnknownColumn {
                file: path.to_owned(),
                found: name.to_owned(),
                nearest: nearest(name),
                known: COLUMNS.join(", "),
            });
        };
        if positions[index].replace(position).is_some() {
            return Err(ManifestError::DuplicateColumn { file: path.to_owned(), column: name.to_owned() });
        }
    }
    if positions[0].is_none() {
        let found = header.iter().collect::<Vec<_>>().join(",").chars().take(120).collect::<String>();
        return Err(ManifestError::NoFileColumn { file: path.to_owned(), found: format!("{found:?}") });
    }
    Ok(positions)
}

/// A column's name as it stands in a header; spreadsheets put a byte order mark in front of the first.
pub(super) fn column_name(name: &str) -> &str {
    name.trim_start_matches('\u{feff}').trim()
}

/// The known column spelt most like `name` (Levenshtein distance).
fn nearest(name: &str) -> &'static str {
    COLUMNS.into_iter().min_by_key(|column| strsim::levenshtein(name, column)).unwrap_or(COLUMNS[0])
}

/// Turns the CSV reader's error into ours.
pub(super) fn csv_error(path: &Path, error: csv::Error) -> ManifestError {
    let line = error.position().map_or(0, csv::Position::line);
    let file = path.to_owned();
    match error.into_kind() {
        csv::ErrorKind::Io(source) => ManifestError::Io { file, source },
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            ManifestError::Csv { file, line, what: format!("{len} cells, expected {expected_len} as in the header") }
        }
        csv::ErrorKind::Utf8 { .. } => {
            ManifestError::Csv { file, line, what: "not UTF-8 text, expected a CSV table".to_owned() }
        }
        other => ManifestError::Csv { file, line, what: format!("{other:?}") },
    }
}

#[cfg(test)]
mod tests {
    use ocellus_model::laterality::Laterality;
    use proptest::prelude::*;

    use super::*;
    use crate::manifest::{Manifest, write_rows};

    fn read(text: &str) -> Result<Manifest, ManifestError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.csv");
        std::fs::write(&path, text).unwrap();
        Manifest::read(&path)
    }

    /// The message without the folder's name.
    fn message(text: &str) -> String {
        let message = read(text).unwrap_err().to_string();
        message[message.find("m.csv").unwrap()..].to_owned()
    }

    #[test]
    fn columns_may_come_in_any_order_and_optional_ones_may_be_missing() {
        let manifest = read("glaucoma,eye,file\n1,left,a.jpg\n,R,b c.png\n").unwrap();
        assert_eq!(manifest.rows[0].label(Label::Glaucoma), Some(true));
        assert_eq!(manifest.rows[0].eye, Some(Laterality::Os));
        assert_eq!(manifest.rows[1].label(Label::Glaucoma), None);
        assert_eq!(manifest.rows[1].file, "b c.png");
        assert_eq!(manifest.rows[1].group, None);
    }

    #[test]
    fn tables_as_spreadsheets_write_them_where_the_comma_stands_in_numbers_are_read() {
        for divider in [";", "\t"] {
            let text = "\u{feff}file;source;glaucoma;note\r\n\"a, b.jpg\";s;1;1,5\r\n".replace(';', divider);
            let manifest = read(&text).unwrap();
            assert_eq!(manifest.rows[0].file, "a, b.jpg");
            assert_eq!((manifest.rows[0].label(Label::Glaucoma), manifest.rows[0].note.as_str()), (Some(true), "1,5"));
        }
        // With commas in the header they divide, whatever else stands there.
        assert_eq!(read("file,note\na.jpg,x;y\n").unwrap().rows[0].note, "x;y");
    }

    #[test]
    fn a_value_that_is_not_a_label_is_refused_with_line_and_column() {
        assert_eq!(
            message("file,normal\na.jpg,1\nb.jpg,yes\n"),
            "m.csv, line 3, column normal: found \"yes\", expected 0, 1, or nothing for unknown"
        );
        assert_eq!(
            message("file,dr_grade\na.jpg,5\n"),
            "m.csv, line 2, column dr_grade: found \"5\", expected 0 to 4, or nothing"
        );
    }

    #[test]
    fn a_misspelt_column_is_refused_and_the_right_one_named() {
        let text = message("file,glaucom\na.jpg,1\n");
        assert!(text.starts_with("m.csv: unknown column \"glaucom\", did you mean \"glaucoma\"?"), "{text}");
    }

    #[test]
    fn a_short_row_a_repeated_column_an_empty_table_and_a_foreign_table_are_refused() {
        assert_eq!(message("file,normal,note\na.jpg,1\n"), "m.csv, line 2: 2 cells, expected 3 as in the header");
        assert_eq!(message("file,file\na,b\n"), "m.csv: column \"file\" appears twice in the header");
        assert_eq!(message("file,normal\n"), "m.csv: no rows");
        assert_eq!(message("id,level\n1,2\n"), "m.csv: no column \"file\" in the header, found \"id,level\"");
        assert!(message("").contains("no column \"file\""));
    }

    #[test]
    fn binary_bytes_are_an_error_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.csv");
        std::fs::write(&path, b"file,normal\n\xff\xd8\xff,1\n").unwrap();
        assert!(Manifest::read(&path).unwrap_err().to_string().contains("not UTF-8"));
    }

    fn any_row() -> impl Strategy<Value = Row> {
        let label = proptest::option::of(any::<bool>());
        (
            "[a-z][a-z0-9/ ,\"_]{0,10}[a-z]",
            "[a-z]{0,5}",
            proptest::option::of("[a-z0-9,]{1,6}"),
            proptest::option::of(prop_oneof![Just(Laterality::Od), Just(Laterality::Os)]),
            proptest::array::uniform8(label),
            proptest::option::of(0u8..=4),
            proptest::option::of(prop_oneof![
                Just(Gradability::Good),
                Just(Gradability::Usable),
                Just(Gradability::Ungradable)
            ]),
            "([a-z][a-z,\"\n]{0,8}[a-z])?",
            proptest::option::of("[0-9a-f]{64}"),
        )
            .prop_map(|(file, source, patient, eye, labels, dr_grade, quality, note, sha256)| Row {
                file,
                source,
                group: patient.clone(),
                patient,
                eye,
                labels,
                dr_grade,
                quality,
                note,
                sha256,
            })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(rows in proptest::collection::vec(any_row(), 1..5)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("m.csv");
            write_rows(&path, &rows).unwrap();
            prop_assert_eq!(Manifest::read(&path).unwrap().rows, rows);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("m.csv");
            std::fs::write(&path, [b"file,normal\n".to_vec(), bytes].concat()).unwrap();
            let _ = Manifest::read(&path);
        }
    }
}
