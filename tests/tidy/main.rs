//! The house rules of `ARCHITECTURE.md`, checked: which crate may know which, what the I/O-free modules may not touch,
//! and that the documents tell the truth about the tree.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use ocellus_tests::real::root;

mod trace;

/// Crate directory → the crates of ours it may depend on. Anything else is an arrow pointing the wrong way.
const ARROWS: [(&str, &[&str]); 9] = [
    (".", &["ocellus-model", "ocellus-board"]),
    ("models", &[]),
    ("board", &["ocellus-wire"]),
    ("board/wire", &[]),
    ("trainer", &["ocellus-model", "ocellus-handover"]),
    ("trainer/handover", &["ocellus-model"]),
    ("tests", &["ocellus", "ocellus-trainer", "ocellus-model", "ocellus-board", "ocellus-wire", "ocellus-vm"]),
    ("tests/vm", &[]),
    ("tests/vm/guest", &["ocellus-board"]),
];

/// Files and folders with pure logic: events and values in, values out.
const NO_IO: [&str; 22] = [
    "src/encounter",
    "src/station",
    "src/light",
    "src/focus.rs",
    "src/auto_shutter.rs",
    "src/language.rs",
    "models/src/decision.rs",
    "board/wire/src",
    "board/src/camera/account.rs",
    "board/src/camera/negotiation.rs",
    "board/src/camera/recovery.rs",
    "board/src/input/calibration.rs",
    "board/src/input/touch.rs",
    "board/src/input/typing.rs",
    "board/src/panel/modes.rs",
    "board/src/panel/pixels.rs",
    "models/src/field",
    "models/src/field.rs",
    "models/src/quality",
    "models/src/preprocess",
    "models/src/calibration.rs",
    "models/src/label.rs",
];

/// What pure logic may not mention: I/O, threads, clocks, ambient randomness.
const FORBIDDEN_IN_PURE: [&str; 11] = [
    "tokio",
    "std::fs",
    "std::io",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "Instant::now",
    "SystemTime",
    "rand::rng",
    "File::open",
];

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below `folder` (or `folder` itself when it is a file) with this ending, build output left out.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    if folder.is_file() {
        return vec![folder.to_owned()];
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if name != "target" && !name.to_string_lossy().starts_with('.') {
                found.extend(files(&path, ending));
            }
        } else if name.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The part of a source file before its tests, comments removed, so that prose and tests may name what code may not.
fn code_of(source: &str) -> String {
    source
        .split("#[cfg(test)]")
        .next()
        .unwrap_or_default()
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn every_arrow_points_the_allowed_way() {
    let allowed: BTreeMap<_, _> = ARROWS.into_iter().collect();
    let workspace: toml::Table = read(&root().join("Cargo.toml")).parse().expect("Cargo.toml");
    let members: BTreeSet<_> =
        workspace["workspace"]["members"].as_array().unwrap().iter().filter_map(|member| member.as_str()).collect();
    assert_eq!(members, allowed.keys().copied().collect(), "a new crate needs its arrows written down here");
    for (folder, may) in allowed {
        let manifest: toml::Table = read(&root().join(folder).join("Cargo.toml")).parse().expect("Cargo.toml");
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(dependencies) = manifest.get(section).and_then(|table| table.as_table()) else { continue };
            for name in dependencies.keys().filter(|name| name.starts_with("ocellus")) {
                assert!(may.contains(&name.as_str()), "{folder}/Cargo.toml: {section} has {name}, allowed: {may:?}");
            }
        }
    }
}

#[test]
fn pure_modules_do_no_io_and_read_no_clock() {
    let mut seen = 0;
    for place in NO_IO {
        for file in files(&root().join(place), ".rs") {
            seen += usize::from(file.exists());
            if !file.exists() {
                continue;
            }
            let code = code_of(&read(&file));
            for word in FORBIDDEN_IN_PURE {
                assert!(!code.contains(word), "{}: {word} in a module that does no I/O", file.display());
            }
        }
    }
    assert!(seen >= 10, "only {seen} pure files found: has the tree moved?");
}

#[test]
fn every_source_file_says_what_it_is() {
    for file in files(&root(), ".rs") {
        let source = read(&file);
        assert!(source.starts_with("//!"), "{}: starts without a module comment", file.display());
    }
}

#[test]
fn no_source_file_outgrows_one_concept() {
    for file in files(&root(), ".rs") {
        let lines = read(&file).lines().count();
        assert!(lines <= 700, "{}: {lines} lines; split it", file.display());
    }
}

#[test]
fn models_are_data_and_never_compiled_in() {
    for file in files(&root(), ".rs") {
        if file.starts_with(root().join("tests")) {
            continue;
        }
        let code = code_of(&read(&file));
        assert!(!code.contains("bundles/") || !code.contains("include_bytes!"), "{}", file.display());
    }
}

#[test]
fn documents_name_only_paths_that_exist() {
    for document in ["ARCHITECTURE.md", "README.md"] {
        let text = read(&root().join(document));
        let mut checked = 0;
        for word in text.split('`').skip(1).step_by(2) {
            let is_path = word.contains('/')
                && !word.contains(' ')
                && !word.contains(['<', '*', '{', '$'])
                && ["src/", "models/", "board/", "trainer/", "tests/", "docs/", "scripts/", ".ci/"]
                    .iter()
                    .any(|top| word.starts_with(top));
            if is_path {
                checked += 1;
                assert!(
                    root().join(word.trim_end_matches('/')).exists(),
                    "{document} names {word}, which is not there"
                );
            }
        }
        assert!(checked > 0, "{document} names no path at all");
    }
}

#[test]
fn the_readme_gives_the_two_commands() {
    let readme = read(&root().join("README.md"));
    for command in ["make demo", "make test"] {
        assert!(readme.contains(command), "README.md does not say `{command}`");
    }
}

// verifies: RQ-074
#[test]
fn the_project_says_that_it_is_research_software() {
    for document in ["README.md", "docs/intended-use.md"] {
        let text = read(&root().join(document)).to_lowercase();
        assert!(text.contains("research software") && text.contains("not a cleared medical device"), "{document}");
    }
}
