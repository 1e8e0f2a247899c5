//! From the clinic's worklist into its archive: what was ordered comes back with what became of it.

use std::process::Command;

use ocellus::{config::Config, sending::WorklistPeer};
use tempfile::TempDir;

use crate::{
    kept::{Device, OBJECTS, Unusual},
    orthanc::Orthanc,
    tools::free_port,
    worklist::{entry, served},
};

/// A day of the system's calendar, as somebody else's program tells it.
fn day(which: &str) -> String {
    let output = Command::new("date").args(["-d", which, "+%Y%m%d"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

// verifies: RQ-157
#[test]
fn what_the_worklist_orders_for_today_is_the_study_in_the_archive() {
    let folder = TempDir::new().unwrap();
    let listed = served(
        folder.path(),
        &[
            entry(1, "OP", &day("today"), b"Roe^Jane", "2.25.71"),
            entry(2, "OP", &day("yesterday"), b"Late^Louis", "2.25.72"),
            entry(3, "OP", &day("2 days"), b"Early^Emma", "2.25.73"),
        ],
    );
    let orthanc = Orthanc::start(free_port());
    let device = Device::new();
    let lines = format!(
        "[dicom]\nhost = \"127.0.0.1\"\nport = {}\ncalled_ae = \"ORTHANC\"\ncommitment = false\n\
         [dicom.worklist]\nhost = \"127.0.0.1\"\nport = {}\nthis_device_only = ",
        orthanc.dicom, listed.port
    );
    let file = device.configured(&format!("{lines}true"));
    let asked = |title: &str| {
        let title = format!("dicom.calling_ae={title}");
        let config = Config::load(Some(&file), &[title]).unwrap_or_else(|errors| panic!("{errors}"));
        WorklistPeer::of(&config).unwrap().unwrap().fetch().unwrap()
    };
    assert!(asked("ANOTHER").is_empty(), "what is scheduled for OCELLUS is not for another device");
    let expected = asked("OCELLUS");
    assert_eq!(expected.iter().map(|expected| expected.patient.id.as_str()).collect::<Vec<_>>(), ["P1"]);

    let order = expected[0].order.clone();
    device.screens_unusually(&["dicom"], &Unusual { order, ..Unusual::default() });
    // Of somebody else nothing was ordered.
    device.screens(&["dicom"]);
    let sent = device.runs(&["record", "send", "--once"], &file);
    assert_eq!(sent.out, "one-000001\tdicom\tdelivered\none-000002\tdicom\tdelivered\n", "{}", sent.err);
    let studies = orthanc.studies();
    let told = |name: &str| -> Vec<&str> {
        let studies = studies.as_array().unwrap().iter();
        studies.map(|study| study["MainDicomTags"][name].as_str().unwrap()).collect()
    };
    let ordered = told("StudyInstanceUID").iter().position(|uid| *uid == "2.25.71").unwrap();
    assert_eq!((told("StudyInstanceUID").len(), told("AccessionNumber")[ordered]), (2, "A1"));
    assert_eq!((told("StudyID")[ordered], told("AccessionNumber")[1 - ordered]), ("RP1", ""));
    let series = |study: usize| studies[study]["Series"].as_array().map_or(0, Vec::len);
    assert_eq!((series(ordered), series(1 - ordered)), (4, 4));
    assert_eq!(orthanc.kept().len(), 2 * OBJECTS);
}
