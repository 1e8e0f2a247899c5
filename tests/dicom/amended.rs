//! An encounter of the wrong patient, put right: what was sent of it is sent again, of the right one, and says what it replaces.

use std::{collections::BTreeSet, fs, path::Path};

use ocellus::{record::Retention, store::Stamp};
use serde_json::Value;

use crate::{
    kept::{AT, Device, OBJECTS, Unusual},
    orthanc::Orthanc,
    tools::{free_port, run, said},
};

/// The words of a page.
fn words(pdf: &Path) -> String {
    let output = run("pdftotext", &["-layout", &pdf.display().to_string(), "-"]);
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Id and status of each DiagnosticReport in a folder of bundles.
fn diagnostic_reports(bundles: &Path) -> Vec<(String, String)> {
    let read = |file: fs::DirEntry| -> Value { serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap() };
    let entries =
        fs::read_dir(bundles).unwrap().flat_map(|file| read(file.unwrap())["entry"].as_array().unwrap().clone());
    let reports = entries.map(|entry| entry["resource"].clone());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let reports = reports.filter(|resource| resource["resourceType"] == "DiagnosticReport");
    reports.map(|report| (text(&report["id"]), text(&report["status"]))).collect()
}

// verifies: RQ-158
#[test]
fn an_encounter_is_put_down_to_the_right_patient_and_its_report_replaced() {
    let orthanc = Orthanc::start(free_port());
    let device = Device::new();
    let order = ocellus::station::Order { accession: "A1".into(), study: Some("2.25.71".into()), ..Default::default() };
    device.screens_unusually(&["dicom", "fhir"], &Unusual { order: Some(order), ..Unusual::default() });
    let bundles = device.path("bundles");
    fs::create_dir(&bundles).unwrap();
    let config = device.configured(&format!(
        "[dicom]\nhost = \"127.0.0.1\"\nport = {}\ncalled_ae = \"ORTHANC\"\ncommitment = false\n\
         [fhir]\nfolder = {bundles:?}\n",
        orthanc.dicom
    ));
    let send = || device.runs(&["record", "send", "--once"], &config);
    let delivered = "one-000001\tdicom\tdelivered\none-000001\tfhir\tdelivered\n";
    assert_eq!(send().out, delivered);

    let amend = |of: &str, more: &[&str]| {
        device.runs(&[&["record", "amend", of, "--actor", "sam", "--patient", "815"], more].concat(), &config)
    };
    // One identifier is not enough to say who it was, and a day must be one.
    for unfit in [&[][..], &["--birth-date", "31.12.1950"], &["--name", "a|b"]] {
        let refused = amend("one-000001", unfit);
        assert!(refused.code == Some(2) && refused.only_error_line().contains("--patient"), "{refused:?}");
    }
    let nowhere = amend("one-000007", &["--name", "Doe^John"]);
    assert!(nowhere.code == Some(1) && nowhere.only_error_line().contains("one-000007"), "{nowhere:?}");

    let right = ["--name", "Doe^John", "--birth-date", "1950-12-31"];
    let amended = amend("one-000001", &right);
    assert_eq!(amended.out, "one-000001 is put down to the patient; its report is one-000001-2\n", "{amended:?}");
    assert_eq!(send().out, delivered);

    // The archive has both: what was first sent of the wrong patient, and a study of the right one without the order.
    let studies = orthanc.studies();
    let of = |patient: &str| {
        let mut studies = studies.as_array().unwrap().iter();
        studies.find(|study| study["PatientMainDicomTags"]["PatientID"] == patient).unwrap()
    };
    assert_eq!(of("4711")["MainDicomTags"]["StudyInstanceUID"], "2.25.71");
    assert_eq!(of("815")["MainDicomTags"]["AccessionNumber"], "");
    assert_eq!(of("815")["PatientMainDicomTags"]["PatientBirthDate"], "19501231");
    assert_eq!((studies.as_array().unwrap().len(), orthanc.kept().len()), (2, 2 * OBJECTS));
    // The other receiver finds the new report under the old one's id.
    let reports = diagnostic_reports(&bundles);
    assert_eq!(reports.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len(), 1, "{reports:?}");
    let mut statuses: Vec<&str> = reports.iter().map(|(_, status)| status.as_str()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, ["amended", "final"]);

    let out = device.path("out");
    let exported = device.runs(&["record", "export", "815", "--out", out.to_str().unwrap()], &config);
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let page = words(&out.join("one-000001/report-2.pdf"));
    assert!(page.contains("Doe, John") && page.contains("one-000001-2"), "{page}");
    assert!(page.contains("Replaces report one-000001") && !page.contains("Roe"), "{page}");
    let log = device.runs(&["record", "log", "--of", "one-000001"], &config);
    assert!(log.out.contains("\"amend patient\"") && log.out.contains("\"sam\""), "{log:?}");
    assert!(!log.out.contains("Doe") && !log.out.contains("815"), "the log names nobody");
    let checked = device.runs(&["record", "check"], &config);
    assert!(checked.out.starts_with("whole;"), "{checked:?}");

    // Put right twice, all of it is told anew once more; the receiver still has one report.
    let again = amend("one-000001", &["--name", "Poe^Pat"]);
    assert!(again.out.ends_with("its report is one-000001-3\n"), "{again:?}");
    assert_eq!(send().out, delivered);
    assert_eq!(orthanc.kept().len(), 3 * OBJECTS);
    let reports = diagnostic_reports(&bundles);
    assert_eq!((reports.len(), reports.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len()), (3, 1));
    // What was purged can't be put right any more.
    let later = Stamp { unix_seconds: AT.unix_seconds + 10 * 86_400, ..AT };
    let retention = Retention { days: 1, also_never_sent: true };
    device.record().purge(retention, "sam", later).unwrap();
    let purged = amend("one-000001", &right);
    assert!(purged.code == Some(2) && purged.only_error_line().contains("purged"), "{purged:?}");
}
