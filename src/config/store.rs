//! `[store]`: where photographs and results are kept.

use std::path::PathBuf;

use serde::Serialize;

use super::reader::Section;

/// The store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Store {
    /// The folder; made where it is not there.
    pub folder: PathBuf,
    /// The file with the record's key; none for one beside the record.
    #[serde(serialize_with = "super::optional")]
    pub key_file: Option<PathBuf>,
}

impl Default for Store {
    fn default() -> Self {
        Store { folder: PathBuf::from("ocellus-store"), key_file: None }
    }
}

impl Store {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let Store { folder, key_file } = Store::default();
        let given = section.path("folder", Some(folder.clone()));
        if given.is_none() {
            section.wrong("folder", "a path in quotes".to_owned(), "name a folder".to_owned());
        }
        Store { folder: given.unwrap_or(folder), key_file: section.path("key_file", key_file) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;

    #[test]
    fn what_is_found_is_always_stored_somewhere() {
        testing::refuses("store.folder=\"\"", "store.folder: expected a path in quotes, found \"\"; name a folder");
    }
}
