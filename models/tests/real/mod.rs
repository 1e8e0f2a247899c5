//! Where the real photographs are, for the tests that need them.

use std::{env, path::PathBuf};

/// The folder `images` of the real photographs; a line says so where there are none and the test is skipped.
pub(crate) fn images() -> Option<PathBuf> {
    let folder = env::var_os("OCELLUS_PHOTOGRAPHS").filter(|folder| !folder.is_empty());
    if folder.is_none() {
        eprintln!("skipped: OCELLUS_PHOTOGRAPHS does not name a folder with real photographs");
    }
    folder.map(|folder| PathBuf::from(folder).join("images"))
}
