//! The watched folder.

use std::{collections::BTreeSet, fs, path::Path};

use ocellus::interchange::{
    Screening,
    drop_folder::{DropFolder, Put},
};
use ocellus_model::bundle::Digest;

use crate::samples::{PDF, named, screening, site, with};

fn put(folder: &Path, screening: &Screening, pdf: &[u8]) -> Put {
    let folder = DropFolder::open(folder).unwrap();
    with(screening, &site(), |export| folder.put(export, pdf, &[])).unwrap()
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

// verifies: RQ-080
#[test]
fn an_encounter_is_four_files_whose_names_tell_nothing_of_the_patient() {
    let home = tempfile::tempdir().unwrap();
    let sample = screening(named("one sign"), named("no signs"));
    assert_eq!(put(home.path(), &sample, PDF), Put::Written);
    let names = names(home.path());
    assert_eq!(names.len(), 4);
    let patient = &sample.patient;
    for name in &names {
        for told in [patient.id.as_str(), "Jane", "1961", "4711", sample.accession(), &sample.encounter] {
            assert!(!name.contains(told), "{name}");
        }
        assert!(!name.starts_with("TEST-"));
    }
    let done = names.iter().find(|name| name.ends_with(".done")).unwrap();
    let sums = fs::read_to_string(home.path().join(done)).unwrap();
    assert_eq!(sums.lines().count(), 3);
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        assert_eq!(Digest::of(&fs::read(home.path().join(name)).unwrap()).to_string(), sum);
    }
    let pdf = names.iter().find(|name| name.ends_with(".pdf")).unwrap();
    assert_eq!(fs::read(home.path().join(pdf)).unwrap(), PDF);
}

// verifies: RQ-151
#[test]
fn a_resend_changes_nothing_and_completes_what_was_begun() {
    let home = tempfile::tempdir().unwrap();
    let sample = screening(named("one sign"), named("no signs"));
    put(home.path(), &sample, PDF);
    let before = names(home.path());
    assert_eq!(put(home.path(), &sample, PDF), Put::AlreadyThere);
    for name in &before {
        // As after a power cut, or as when who watches took it.
        fs::remove_file(home.path().join(name)).unwrap();
        fs::write(home.path().join(format!(".{name}.tmp")), "half").unwrap();
        assert_eq!(put(home.path(), &sample, PDF), Put::Written);
        assert_eq!(names(home.path()), before, "{name}");
    }
    // Another PDF of the same encounter takes the place of the first.
    assert_eq!(put(home.path(), &sample, b"%PDF-1.7 again"), Put::Written);
    assert_eq!(names(home.path()), before);
}

#[test]
fn other_encounters_amended_reports_and_test_data_have_files_of_their_own() {
    let home = tempfile::tempdir().unwrap();
    let one = screening(named("one sign"), named("no signs"));
    let two = Screening { encounter: "2.25.8".into(), ..one.clone() };
    let amended = Screening { encounter: "2.25.9".into(), amends: Some(one.encounter.clone()), ..one.clone() };
    let practice = Screening { practice: true, encounter: "2.25.10".into(), ..one.clone() };
    for (count, sample) in [one, two, amended, practice].iter().enumerate() {
        put(home.path(), sample, PDF);
        assert_eq!(names(home.path()).len(), 4 * (count + 1));
    }
    assert_eq!(names(home.path()).iter().filter(|name| name.starts_with("TEST-")).count(), 4);
}

#[test]
fn a_folder_that_is_not_there_is_not_made() {
    let home = tempfile::tempdir().unwrap();
    let missing = home.path().join("share");
    let error = DropFolder::open(&missing).unwrap_err().to_string();
    assert!(error.contains("share") && !missing.exists(), "{error}");
    fs::write(&missing, "a file").unwrap();
    assert!(DropFolder::open(&missing).is_err());
}

#[test]
fn where_nothing_can_be_written_nothing_is_called_done() {
    let home = tempfile::tempdir().unwrap();
    let sample = screening(named("one sign"), named("no signs"));
    put(home.path(), &sample, PDF);
    let json = names(home.path()).into_iter().find(|name| name.ends_with(".json")).unwrap();
    // A folder in the place of a file: it can't be replaced.
    fs::remove_file(home.path().join(&json)).unwrap();
    fs::create_dir(home.path().join(&json)).unwrap();
    let folder = DropFolder::open(home.path()).unwrap();
    let error = with(&sample, &site(), |export| folder.put(export, PDF, &[])).unwrap_err();
    assert!(error.to_string().contains(&json));
    assert!(!names(home.path()).iter().any(|name| name.ends_with(".done")));
}
