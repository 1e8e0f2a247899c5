//! Makes rows from the layouts people have.
//!
//! *Image folder*: one folder a class (`root/glaucoma/x.jpg`), with folders in it or without; a class named like a label
//! sets that label to 1, the condition folders set `normal` to 0, and nothing else is claimed. *Table*: a CSV with a column of
//! file names and one 0/1 column a label, or a column with one label string; Hugging Face's `metadata.csv` is such a table.
//! *ODIR*: the table of ODIR-5K, a patient a line, with both eyes' files and keywords.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ocellus_model::{image, label::Label, laterality::Laterality};

use super::{
    ManifestError, Row,
    read::{column_name, csv_error, open_table},
    words,
};

/// Folders in a class folder, at most; more is a loop.
const DEPTH_MAX: usize = 16;

/// Names of columns that hold a label, or several, in words.
const WORD_COLUMNS: [&str; 5] = ["label", "labels", "class", "diagnosis", "category"];

/// Names of columns that hold the file in the tables people have, in order of preference.
const FILE_COLUMNS: [&str; 7] = ["file", "file_name", "filename", "image", "image_id", "id", "path"];

fn layout_error(path: &Path, what: impl Into<String>) -> ManifestError {
    ManifestError::Layout { path: path.to_owned(), what: what.into() }
}

/// The entries of a folder, sorted by name so that the same folder gives the same manifest everywhere.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, ManifestError> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
    };
    let mut paths = read().map_err(|source| ManifestError::Io { file: folder.to_owned(), source })?;
    paths.sort();
    Ok(paths)
}

fn is_photograph(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| image::ENDINGS.contains(&extension.to_ascii_lowercase().as_str()))
}

/// The path below `root`, with `/`.
fn relative(root: &Path, path: &Path) -> Result<String, ManifestError> {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let parts: Option<Vec<&str>> = inside.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/")).ok_or_else(|| layout_error(path, "the name is not UTF-8: rename the file"))
}

/// All files below a folder, folders in folders included, in order; hidden ones are left out.
fn files_below(folder: &Path, depth: usize) -> Result<Vec<PathBuf>, ManifestError> {
    let mut files = Vec::new();
    for path in entries(folder)? {
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        match path.is_dir() {
            _ if hidden => {}
            true if depth == 0 => {
                return Err(layout_error(&path, "lies too deep in folders: is one a link to another?"));
            }
            true => files.extend(files_below(&path, depth - 1)?),
            false => files.push(path),
        }
    }
    Ok(files)
}

/// One row a photograph below `root/<class>/`, all from `source`; the second value are the other files below `root`, which
/// are left out.
///
/// # Errors
/// When a class folder isn't named like a label, or there is no photograph.
pub fn from_image_folder(root: &Path, source: &str) -> Result<(Vec<Row>, Vec<PathBuf>), ManifestError> {
    let (mut rows, mut left_out) = (Vec::new(), Vec::new());
    for folder in entries(root)? {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if !folder.is_dir() {
            left_out.push(folder);
            continue;
        }
        let class = name.to_ascii_lowercase().replace([' ', '-'], "_");
        let label: Label = class.parse().map_err(|error| layout_error(&folder, format!("class folder: {error}")))?;
        let (photographs, others) =
            files_below(&folder, DEPTH_MAX)?.into_iter().partition::<Vec<_>, _>(|path| is_photograph(path));
        left_out.extend(others);
        for path in photographs {
            let mut row = Row { file: relative(root, &path)?, source: source.to_owned(), ..Row::default() };
            row.labels[Label::Normal as usize] = Some(label == Label::Normal);
            row.labels[label as usize] = Some(true);
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return Err(layout_error(root, "no photographs in class folders, expected <folder>/<label>/<photograph>"));
    }
    Ok((rows, left_out))
}

/// One row a line of a table with a column of file names and 0/1 columns named like labels, or a column `label` with
/// label names in words; other columns are left out and named in the second value. A file name without an ending is looked up under `root` with the usual ones.
///
/// # Errors
/// When there is no column of file names or of labels, or a cell is neither 0, 1 nor empty.
pub fn from_multi_hot_csv(table: &Path, root: &Path, source: &str) -> Result<(Vec<Row>, Vec<String>), ManifestError> {
    let failed = |error| csv_error(table, error);
    let mut reader = open_table(table)?;
    let names: Vec<String> = (reader.headers().map_err(&failed)?.iter())
        .map(|name| column_name(name).to_ascii_lowercase().replace([' ', '-'], "_"))
        .collect();
    let file =
        FILE_COLUMNS.iter().find_map(|column| names.iter().position(|name| name == column)).ok_or_else(|| {
            layout_error(table, format!("no column of file names, expected one of {}", FILE_COLUMNS.join(", ")))
        })?;
    let labels: BTreeMap<usize, Label> =
        names.iter().enumerate().filter_map(|(position, name)| Some((position, name.parse().ok()?))).collect();
    let words = WORD_COLUMNS.iter().find_map(|column| names.iter().position(|name| name == column));
    if labels.is_empty() && words.is_none() {
        let known = Label::ALL.map(Label::as_str).join(", ");
        return Err(layout_error(
            table,
            format!("no column of labels, expected some of {known}, or a column {}", WORD_COLUMNS.join(", ")),
        ));
    }
    let ignored = (names.iter().enumerate())
        .filter(|(position, _)| *position != file && !labels.contains_key(position) && Some(*position) != words)
        .map(|(_, name)| name.clone())
        .collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(&failed)?;
        let name = record.get(file).unwrap_or_default().trim();
        let mut row = Row { file: with_ending(root, name), source: source.to_owned(), ..Row::default() };
        if let Some(text) = words.filter(|_| labels.is_empty()).and_then(|position| record.get(position)) {
            let said = words::label_string(text).map_err(|part| ManifestError::Cell {
                file: table.to_owned(),
                line: record.position().map_or(0, csv::Position::line),
                column: "label",
                found: part,
                expected: "names of labels, with commas, semicolons or bars between them",
            })?;
            said.fill(&mut row);
        }
        for (position, label) in &labels {
            row.labels[*label as usize] = match record.get(*position).map_or("", str::trim) {
                "" => None,
                "0" | "0.0" => Some(false),
                "1" | "1.0" => Some(true),
                found => {
                    return Err(ManifestError::Cell {
                        file: table.to_owned(),
                        line: record.position().map_or(0, csv::Position::line),
                        column: label.as_str(),
                        found: found.to_owned(),
                        expected: "0, 1, or nothing for unknown",
                    });
                }
            };
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Err(ManifestError::Empty { file: table.to_owned() });
    }
    Ok((rows, ignored))
}

/// Two rows a line of the table of ODIR-5K: columns `Left-Fundus`, `Right-Fundus`, `Left-Diagnostic Keywords`,
/// `Right-Diagnostic Keywords` and `ID`. An eye without a file is left out.
///
/// # Errors
/// When a column is missing, or there is no eye.
pub fn from_odir(table: &Path, root: &Path, source: &str) -> Result<Vec<Row>, ManifestError> {
    let failed = |error| csv_error(table, error);
    let mut reader = open_table(table)?;
    let header = reader.headers().map_err(&failed)?.clone();
    let column = |name: &str| {
        let found = header.iter().position(|found| column_name(found).eq_ignore_ascii_case(name));
        found.ok_or_else(|| layout_error(table, format!("no column {name}, expected the table of ODIR-5K")))
    };
    let patient = column("ID")?;
    let eyes = [
        (Laterality::Os, column("Left-Fundus")?, column("Left-Diagnostic Keywords")?),
        (Laterality::Od, column("Right-Fundus")?, column("Right-Diagnostic Keywords")?),
    ];
    let mut rows: Vec<Row> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for record in reader.records() {
        let record = record.map_err(&failed)?;
        let cell = |position: usize| record.get(position).unwrap_or_default().trim();
        for (eye, file, keywords) in eyes {
            let file = with_ending(root, cell(file));
            // Some copies of the table have a line an eye, and then each file twice.
            if cell(keywords).is_empty() || !root.join(&file).is_file() || !seen.insert(file.clone()) {
                continue;
            }
            let mut row = Row {
                file,
                source: source.to_owned(),
                patient: Some(cell(patient).to_owned()).filter(|patient| !patient.is_empty()),
                eye: Some(eye),
                note: format!("keywords: {}", cell(keywords)),
                ..Row::default()
            };
            words::keywords(cell(keywords)).fill(&mut row);
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return Err(layout_error(table, format!("none of its photographs is in {}", root.display())));
    }
    Ok(rows)
}

/// `name`, with the first usual ending that makes it an existing file under `root` when it has none.
fn with_ending(root: &Path, name: &str) -> String {
    if root.join(name).is_file() {
        return name.to_owned();
    }
    let candidates = image::ENDINGS.iter().map(|ending| format!("{name}.{ending}"));
    candidates.into_iter().find(|candidate| root.join(candidate).is_file()).unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_folders_claim_their_label_and_nothing_of_other_conditions() {
        let root = tempfile::tempdir().unwrap();
        for file in [
            "Glaucoma/b.JPG",
            "Glaucoma/second visit/c.jfif",
            "Glaucoma/.thumbs/d.jpg",
            "normal/a.png",
            "normal/notes.txt",
            "loose.dcm",
        ] {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x").unwrap();
        }
        let (rows, left_out) = from_image_folder(root.path(), "clinic").unwrap();
        assert_eq!(left_out, ["loose.dcm", "normal/notes.txt"].map(|file| root.path().join(file)));
        let files: Vec<&str> = rows.iter().map(|row| row.file.as_str()).collect();
        assert_eq!(files, ["Glaucoma/b.JPG", "Glaucoma/second visit/c.jfif", "normal/a.png"]);
        assert_eq!((rows[0].file.as_str(), rows[0].label(Label::Glaucoma)), ("Glaucoma/b.JPG", Some(true)));
        assert_eq!(rows[0].label(Label::Normal), Some(false));
        assert_eq!(rows[0].label(Label::Opacity), None);
        assert_eq!(rows[2].label(Label::Normal), Some(true));
        assert_eq!(rows[2].label(Label::Glaucoma), None, "normal says it already; the column stays the reader's own");

        std::fs::create_dir(root.path().join("drusen")).unwrap();
        let error = from_image_folder(root.path(), "clinic").unwrap_err().to_string();
        assert!(error.contains("unknown label \"drusen\""), "{error}");
    }

    #[test]
    fn hugging_faces_metadata_with_a_label_string_is_read() {
        let root = tempfile::tempdir().unwrap();
        let table = root.path().join("metadata.csv");
        std::fs::write(&table, "file_name,label,age\na.png,glaucoma,50\nb.png,normal,60\nc.png,,70\n").unwrap();
        let (rows, ignored) = from_multi_hot_csv(&table, root.path(), "clinic").unwrap();
        assert_eq!(ignored, ["age"]);
        assert_eq!((rows[0].label(Label::Glaucoma), rows[0].label(Label::Normal)), (Some(true), Some(false)));
        assert_eq!(rows[1].label(Label::Normal), Some(true));
        assert_eq!(rows[2].labels, [None; 8]);
        std::fs::write(&table, "file_name,label\na.png,squint\n").unwrap();
        let error = from_multi_hot_csv(&table, root.path(), "clinic").unwrap_err().to_string();
        assert!(error.contains("\"squint\""), "{error}");
    }

    #[test]
    fn odirs_table_gives_a_row_an_eye_with_patient_and_side() {
        let root = tempfile::tempdir().unwrap();
        for file in ["0_left.jpg", "0_right.jpg", "1_left.jpg"] {
            std::fs::write(root.path().join(file), b"x").unwrap();
        }
        let table = root.path().join("full_df.csv");
        let head = "ID,Patient Age,Left-Fundus,Right-Fundus,Left-Diagnostic Keywords,Right-Diagnostic Keywords";
        let first = "0,69,0_left.jpg,0_right.jpg,cataract,normal fundus";
        let lines = [head, first, first, "1,57,1_left.jpg,1_right.jpg,\"drusen，lens dust\",glaucoma"];
        std::fs::write(&table, lines.join("\n")).unwrap();
        let rows = from_odir(&table, root.path(), "odir").unwrap();
        let told: Vec<_> = rows.iter().map(|row| (row.file.as_str(), row.eye, row.patient.as_deref())).collect();
        let (left, right) = (Some(Laterality::Os), Some(Laterality::Od));
        assert_eq!(
            told,
            [("0_left.jpg", left, Some("0")), ("0_right.jpg", right, Some("0")), ("1_left.jpg", left, Some("1"))]
        );
        assert_eq!(rows[0].label(Label::Opacity), Some(true));
        assert_eq!(rows[1].label(Label::Normal), Some(true));
        assert_eq!(rows[2].label(Label::MacularDegeneration), None);
    }

    #[test]
    fn a_multi_hot_table_is_read_and_its_other_columns_are_named() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("eye1.jpeg"), b"x").unwrap();
        let table = root.path().join("labels.csv");
        std::fs::write(&table, "Filename,opacity,Diabetic Retinopathy,age\neye1,1,0,50\neye2.png,,1,60\n").unwrap();
        let (rows, ignored) = from_multi_hot_csv(&table, root.path(), "clinic").unwrap();
        assert_eq!(ignored, ["age"]);
        assert_eq!(rows[0].file, "eye1.jpeg");
        assert_eq!(rows[0].label(Label::DiabeticRetinopathy), Some(false));
        assert_eq!(rows[1].label(Label::Opacity), None);
        std::fs::write(&table, "Filename,opacity\neye1,maybe\n").unwrap();
        assert!(from_multi_hot_csv(&table, root.path(), "clinic").unwrap_err().to_string().contains("\"maybe\""));
    }
}
