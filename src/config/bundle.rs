//! `[bundle]`: the network that judges.

use std::path::PathBuf;

use serde::Serialize;

use super::{optional, reader::Section};

/// The bundle.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Bundle {
    /// Its folder; none where it is named at the command line.
    #[serde(serialize_with = "optional")]
    pub folder: Option<PathBuf>,
    /// Public keys of further makers whose bundles may judge, beside those the program was built with.
    pub trust: Vec<PathBuf>,
}

impl Bundle {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        Bundle { folder: section.path("folder", None), trust: section.paths("trust", Vec::new()) }
    }
}
