//! `[store]`: where photographs and results are kept, and what opens them.

use std::path::PathBuf;

use serde::Serialize;

use super::reader::{Choice, Section};

/// The store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Store {
    /// The folder; made where it is not there.
    pub folder: PathBuf,
    /// What opens the record.
    pub opened_by: OpenedBy,
    /// The file with the record's key; none for one beside the record.
    #[serde(serialize_with = "super::optional")]
    pub key_file: Option<PathBuf>,
    /// The TPM, as tpm2-tss names it.
    pub tpm: String,
}

/// What opens the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenedBy {
    /// A file with a key.
    #[default]
    KeyFile,
    /// A passphrase that is given at each start.
    Passphrase,
    /// This machine's TPM.
    Tpm,
}

impl Default for Store {
    fn default() -> Self {
        Store {
            folder: PathBuf::from("ocellus-store"),
            opened_by: OpenedBy::default(),
            key_file: None,
            tpm: "device:/dev/tpmrm0".to_owned(),
        }
    }
}

impl Store {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let Store { folder, opened_by, key_file, tpm } = Store::default();
        let given = section.path("folder", Some(folder.clone()));
        if given.is_none() {
            section.wrong("folder", "a path in quotes".to_owned(), "name a folder".to_owned());
        }
        Store {
            folder: given.unwrap_or(folder),
            opened_by: section.choice("opened_by", opened_by),
            key_file: section.path("key_file", key_file),
            tpm: section.text("tpm", 1..=200, tpm),
        }
    }
}

impl Choice for OpenedBy {
    const ALL: &'static [Self] = &[OpenedBy::KeyFile, OpenedBy::Passphrase, OpenedBy::Tpm];

    fn name(self) -> &'static str {
        match self {
            OpenedBy::KeyFile => "key_file",
            OpenedBy::Passphrase => "passphrase",
            OpenedBy::Tpm => "tpm",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn what_is_found_is_always_stored_somewhere() {
        testing::refuses("store.folder=\"\"", "store.folder: expected a path in quotes, found \"\"; name a folder");
    }

    #[test]
    fn kinds_are_written_as_they_are_read() {
        testing::written_as_read::<OpenedBy>();
    }
}
