//! A sample of one source's real photographs.

use std::{fs, path::PathBuf};

use crate::real;

/// At most `count` files of a source, from all over it, always the same ones; none where there is no folder.
pub(crate) fn files(source: &str, count: usize) -> Option<Vec<PathBuf>> {
    let folder = real::images()?.join(source);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let step = (files.len() / count).max(1);
    Some(files.into_iter().step_by(step).take(count).collect())
}
