//! `[drop_folder]`: a folder that somebody watches, where there is no other way.

use std::path::PathBuf;

use serde::Serialize;

use super::{optional, reader::Section};

/// The folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DropFolder {
    /// Which; none where there is none. It must be there: a share that is not mounted is no empty folder.
    #[serde(serialize_with = "optional")]
    pub folder: Option<PathBuf>,
}

impl DropFolder {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        DropFolder { folder: section.path("folder", None) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;

    #[test]
    fn a_folder_is_a_way_out_and_needs_to_know_whose_numbers_patients_have() {
        assert_eq!(testing::with("drop_folder.folder=\"\"").drop_folder.folder, None);
        let told = testing::of("[drop_folder]\nfolder = \"/srv/out\"\n").unwrap_err().to_string();
        assert!(told.contains("send.patient_system"), "{told}");
    }
}
