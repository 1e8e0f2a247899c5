//! Which photographs made a network: the beginnings of their digests go with it, from the run folder into the bundle, so that
//! an evaluation can tell when a network is asked about what it has learnt.
//!
//! A split alone doesn't keep them apart: made anew by a later program, it may part the same photographs in another way.
//!
//! A network that starts from another one's weights, is pruned from it or learns from it has also seen what that one saw:
//! where `trained-on.txt` lies beside those weights, its photographs go into the new network's.
//!
//! Not here: what made weights that have no such file beside them.

use std::{
    collections::HashMap,
    fmt, io,
    path::{Path, PathBuf},
};

pub use ocellus_handover::TRAINED_ON_FILE as FILE;

use crate::{
    files::{sha256_of, write_atomically},
    manifest::{Manifest, ManifestError, Row},
    split::Side,
};

/// Hexadecimal digits kept of a digest: 64 bits, enough to tell a million photographs apart.
const DIGITS: usize = 16;

/// What a photograph was to a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It was trained on.
    Trained,
    /// It chose the epoch, the calibration or the thresholds.
    Chose,
}

impl Part {
    fn as_str(self) -> &'static str {
        match self {
            Part::Trained => "trained",
            Part::Chose => "chose",
        }
    }
}

/// The photographs that made a network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrainedOn {
    parts: HashMap<String, Part>,
}

/// How many photographs of a manifest made the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap {
    /// Photographs of the manifest.
    pub photographs: usize,
    /// Those that trained the network.
    pub trained: usize,
    /// Those that chose its epoch or thresholds.
    pub chose: usize,
}

/// Why the file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TrainedOnError {
    /// It can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not such a file.
    #[error("{}: line {line}: expected `trained` or `chose` and {DIGITS} hexadecimal digits, found {found:?}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// The split can't be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

impl TrainedOn {
    /// The photographs of a split's `train.csv` and `validation.csv`; those that can't be read are left out, as the training
    /// leaves them out.
    ///
    /// # Errors
    /// When the split can't be read.
    pub fn of_split(split: &Path, root: &Path) -> Result<Self, TrainedOnError> {
        let mut made = Self::default();
        for (file, part) in [("validation.csv", Part::Chose), ("train.csv", Part::Trained)] {
            let rows = Manifest::read(&split.join(file))?.rows;
            rows.iter().filter_map(|row| digits(row, root)).for_each(|digits| made.add(digits, part));
        }
        Ok(made)
    }

    /// These, and those that made the network whose weights lie in a folder, where that is known.
    ///
    /// # Errors
    /// When that folder's file can't be read or is not such a file.
    pub fn with_those_of(mut self, folder: &Path) -> Result<Self, TrainedOnError> {
        for (digits, part) in Self::read(folder)?.unwrap_or_default().parts {
            self.add(digits, part);
        }
        Ok(self)
    }

    /// Adds a photograph. Where it is known already, that it was trained on says more than that it chose.
    fn add(&mut self, digits: String, part: Part) {
        let known = self.parts.entry(digits).or_insert(part);
        if part == Part::Trained {
            *known = part;
        }
    }

    /// Reads the file of a run folder or a bundle; none where there is none.
    ///
    /// # Errors
    /// When it can't be read or is not such a file.
    pub fn read(folder: &Path) -> Result<Option<Self>, TrainedOnError> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(TrainedOnError::Io { path, source }),
        };
        let mut made = Self::default();
        for (line, found) in (1..).zip(text.lines()) {
            let known = found.split_once(' ').and_then(|(part, digits)| {
                let part = [Part::Trained, Part::Chose].into_iter().find(|known| known.as_str() == part)?;
                let hex = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                hex.then(|| (digits.to_owned(), part))
            });
            let Some((digits, part)) = known else {
                return Err(TrainedOnError::Line { path, line, found: found.to_owned() });
            };
            made.add(digits, part);
        }
        Ok(Some(made))
    }

    /// The file's text, the same for the same photographs.
    pub fn to_text(&self) -> String {
        let mut lines: Vec<String> =
            self.parts.iter().map(|(digits, part)| format!("{} {digits}\n", part.as_str())).collect();
        lines.sort_unstable();
        lines.concat()
    }

    /// Writes the file into a folder.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, folder: &Path) -> Result<(), TrainedOnError> {
        let path = folder.join(FILE);
        write_atomically(&path, self.to_text().as_bytes()).map_err(|source| TrainedOnError::Io { path, source })
    }

    /// On which side of the network's split a photograph lay: what it was not made of, and what can't be read, is test.
    pub fn side(&self, row: &Row, root: &Path) -> Side {
        match digits(row, root).and_then(|digits| self.parts.get(&digits).copied()) {
            Some(Part::Trained) => Side::Train,
            Some(Part::Chose) => Side::Validation,
            None => Side::Test,
        }
    }

    /// How many of these photographs made the network. One that can't be read is none of them.
    pub fn overlap(&self, rows: &[Row], root: &Path) -> Overlap {
        let found: Vec<Part> = rows.iter().filter_map(|row| self.parts.get(&digits(row, root)?).copied()).collect();
        let count = |part: Part| found.iter().filter(|found| **found == part).count();
        Overlap { photographs: rows.len(), trained: count(Part::Trained), chose: count(Part::Chose) }
    }
}

impl Overlap {
    /// Whether there is any.
    pub fn is_any(&self) -> bool {
        self.trained + self.chose > 0
    }
}

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Overlap { photographs, trained, chose } = self;
        write!(
            f,
            "Of these {photographs} photographs {trained} trained the network and {chose} chose its epoch or thresholds: \
             the figures flatter."
        )
    }
}

/// The beginning of a photograph's digest: the manifest's, else the file's.
fn digits(row: &Row, root: &Path) -> Option<String> {
    let digest = row.sha256.clone().or_else(|| sha256_of(&root.join(&row.file)).ok())?;
    digest.get(..DIGITS).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_trained_a_network_is_found_in_another_split_whatever_the_files_are_called() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path();
        for (file, text) in [("a", "one"), ("b", "two"), ("c", "three"), ("renamed", "one"), ("d", "four")] {
            std::fs::write(root.join(file), text).unwrap();
        }
        let header = "file,source,glaucoma\n";
        std::fs::write(root.join("train.csv"), format!("{header}a,s,1\nb,s,0\ngone,s,0\n")).unwrap();
        std::fs::write(root.join("validation.csv"), format!("{header}c,s,1\nb,s,0\n")).unwrap();
        let made = TrainedOn::of_split(root, root).unwrap();
        assert_eq!(TrainedOn::read(root).unwrap(), None);
        made.write(root).unwrap();
        assert_eq!(TrainedOn::read(root).unwrap().as_ref(), Some(&made));
        assert_eq!(made.to_text().lines().count(), 3, "{}", made.to_text());

        let row = |file: &str| Row { file: file.to_owned(), source: "s".to_owned(), ..Row::default() };
        let rows = ["renamed", "b", "c", "d", "not there"].map(row);
        let overlap = made.overlap(&rows, root);
        assert_eq!(overlap, Overlap { photographs: 5, trained: 2, chose: 1 });
        assert!(overlap.is_any() && overlap.to_string().contains("2 trained"), "{overlap}");
        let sides = rows.map(|row| made.side(&row, root));
        assert_eq!(sides, [Side::Train, Side::Train, Side::Validation, Side::Test, Side::Test]);
        assert!(!made.overlap(&[row("d")], root).is_any());
    }

    #[test]
    fn a_network_inherits_what_made_the_one_it_started_from() {
        let home = tempfile::tempdir().unwrap();
        let [first, second, none] = ["first", "second", "none"].map(|name| home.path().join(name));
        for folder in [&first, &second, &none] {
            std::fs::create_dir(folder).unwrap();
        }
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|letter| letter.repeat(DIGITS));
        std::fs::write(first.join(FILE), format!("trained {a}\nchose {b}\nchose {c}\n")).unwrap();
        // As two files put together: what was trained on is said besides.
        std::fs::write(second.join(FILE), format!("trained {b}\nchose {b}\nchose {a}\nchose {d}\n")).unwrap();
        let both = TrainedOn::read(&first).unwrap().unwrap().with_those_of(&second).unwrap();
        assert_eq!(both.to_text(), format!("chose {c}\nchose {d}\ntrained {a}\ntrained {b}\n"));
        assert_eq!(both.clone().with_those_of(&none).unwrap(), both);
    }

    #[test]
    fn a_file_that_is_something_else_is_an_error_with_its_line() {
        let home = tempfile::tempdir().unwrap();
        for text in ["trained 0123456789abcdef\nseen 0123456789abcdef\n", "trained 01234\n", "trained\n"] {
            std::fs::write(home.path().join(FILE), text).unwrap();
            let error = TrainedOn::read(home.path()).unwrap_err().to_string();
            assert!(error.contains(FILE) && error.contains("line "), "{error}");
        }
    }
}
