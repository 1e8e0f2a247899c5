//! Which files to judge: the way from what was named at the command line to a list of photographs.
//!
//! A file that was named is judged, whatever it is called. A folder is walked to its end, in the order of names;
//! in it, a file is taken for a photograph when its name ends like one (in any case) or its bytes begin like one.
//! Other files are *passed over* and named, so that none gets lost without a word; hidden ones (`.name`) are not
//! looked at.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use ocellus_model::image;

/// Folders in folders, at most; more is a loop.
const DEPTH_MAX: usize = 64;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// To be judged, in order; also what can't be read, which is to be reported.
    pub(super) photographs: Vec<PathBuf>,
    /// Passed over, with the reason.
    pub(super) passed_over: Vec<(PathBuf, &'static str)>,
}

/// Lists the photographs among and below the paths named.
pub(super) fn find(named: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for path in named {
        if path.is_dir() { walk(path, DEPTH_MAX, &mut found) } else { found.photographs.push(path.clone()) }
    }
    found
}

fn walk(folder: &Path, depth: usize, found: &mut Found) {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let Ok(mut entries) = entries else {
        // Reading it again as a photograph tells why it can't be read.
        found.photographs.push(folder.to_owned());
        return;
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() && is_link => found.passed_over.push((path, "a link to a folder")),
            Ok(metadata) if metadata.is_dir() && depth == 0 => found.passed_over.push((path, "too deep a folder")),
            Ok(metadata) if metadata.is_dir() => walk(&path, depth - 1, found),
            Ok(metadata) if !metadata.is_file() => found.passed_over.push((path, "not a file")),
            Ok(_) if is_photograph(&path) => found.photographs.push(path),
            Ok(_) => found.passed_over.push((path, "not a photograph")),
            // A broken link, or no permission: reading it tells.
            Err(_) => found.photographs.push(path),
        }
    }
}

fn is_photograph(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    if ending.is_some_and(|ending| image::ENDINGS.contains(&ending.as_str())) {
        return true;
    }
    let mut first = Vec::new();
    match File::open(path).and_then(|file| file.take(image::HEAD_BYTES as u64).read_to_end(&mut first)) {
        Ok(_) => image::is_photograph(&first),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        home
    }

    #[test]
    fn photographs_are_found_by_name_in_any_case_or_by_their_first_bytes_and_in_order() {
        let home = folder_with(&[
            ("b/IMG 2.JPG", b""),
            ("b/größe.Jpeg", b""),
            ("a.tif", b""),
            ("b/c/no ending", b"\x89PNG\r\n\x1a\nrest"),
            ("z.dcm", b"kinds we can't read are told of"),
            ("notes.txt", b"OD blurred"),
            (".DS_Store", b"\xff\xd8\xff"),
            (".thumbnails/a.jpg", b""),
        ]);
        let found = find(&[home.path().to_owned()]);
        let relative = |path: &PathBuf| path.strip_prefix(home.path()).unwrap().to_str().unwrap().to_owned();
        let photographs: Vec<_> = found.photographs.iter().map(relative).collect();
        assert_eq!(photographs, ["a.tif", "b/IMG 2.JPG", "b/c/no ending", "b/größe.Jpeg", "z.dcm"]);
        assert_eq!(found.passed_over, [(home.path().join("notes.txt"), "not a photograph")]);
    }

    #[test]
    fn a_file_that_was_named_is_taken_whatever_it_is() {
        let home = folder_with(&[("notes.txt", b"OD"), (".hidden", b"x")]);
        let named = ["notes.txt", ".hidden", "none.jpg"].map(|name| home.path().join(name));
        assert_eq!(find(&named), Found { photographs: named.to_vec(), passed_over: vec![] });
    }

    #[cfg(unix)]
    #[test]
    fn links_in_a_circle_end() {
        let home = folder_with(&[("a/photo.png", b"")]);
        std::os::unix::fs::symlink(home.path(), home.path().join("a/again")).unwrap();
        std::os::unix::fs::symlink(home.path().join("a/photo.png"), home.path().join("link.png")).unwrap();
        std::os::unix::fs::symlink("nowhere", home.path().join("broken.png")).unwrap();
        let found = find(&[home.path().to_owned()]);
        assert_eq!(found.photographs, ["a/photo.png", "broken.png", "link.png"].map(|name| home.path().join(name)));
        assert_eq!(found.passed_over, [(home.path().join("a/again"), "a link to a folder")]);
    }
}
