//! The worklist: DCMTK's server with files, and a scripted peer with more entries than are wanted.

use std::{fs, path::Path, process::Command};

use ocellus::interchange::dicom::net::{Query, find};
use tempfile::TempDir;

use crate::tools::{Running, free_port, peer, run, said};

/// An entry as dump2dcm takes it; the name is in ISO 8859-1, as old servers have it.
pub(crate) fn entry(number: u32, modality: &str, day: &str, name: &[u8], study: &str) -> Vec<u8> {
    let head = format!(
        "(0008,0005) CS ISO_IR 100\n(0008,0050) SH A{number}\n(0010,0020) LO P{number}\n(0010,0030) DA 19610228\n\
         (0020,000d) UI {study}\n(0032,1060) LO Retinal screening\n(0040,1001) SH RP{number}\n(0040,0100) SQ\n\
         (fffe,e000) na\n(0008,0060) CS {modality}\n(0040,0001) AE OCELLUS\n(0040,0002) DA {day}\n\
         (0040,0003) TM 093000\n(0040,0007) LO Both eyes\n(0040,0009) SH SPS{number}\n(fffe,e00d) na\n(fffe,e0dd) na\n"
    );
    [head.as_bytes(), b"(0010,0010) PN ", name, b"\n"].concat()
}

pub(crate) fn served(folder: &Path, entries: &[Vec<u8>]) -> Running {
    let database = folder.join("WORKLIST");
    fs::create_dir(&database).unwrap();
    fs::write(database.join("lockfile"), b"").unwrap();
    for (number, entry) in entries.iter().enumerate() {
        let dump = folder.join(format!("{number}.dump"));
        fs::write(&dump, entry).unwrap();
        let file = database.join(format!("{number}.wl"));
        let output = run("dump2dcm", &["-g", &dump.display().to_string(), &file.display().to_string()]);
        assert!(output.status.success(), "{}", said(&output));
    }
    let port = free_port();
    let mut command = Command::new("wlmscpfs");
    command.args(["--disable-file-reject", "--keep-char-set", "--data-files-path"]).arg(folder).arg(port.to_string());
    Running::start(&mut command, port)
}

#[test]
fn the_worklist_is_read_with_what_becomes_part_of_the_objects() {
    let folder = TempDir::new().unwrap();
    let running = served(
        folder.path(),
        &[
            entry(1, "OP", "20261128", b"R\xf3e^J\xe4ne", "2.25.71"),
            entry(2, "OP", "20261201", b"Late^Louis", "2.25.72"),
            entry(3, "CT", "20261128", b"Other^Olaf", "2.25.73"),
        ],
    );
    let server = peer("WORKLIST", running.port);
    let days = |first: &str, last: &str| Some([first.to_owned(), last.to_owned()]);
    let today = Query { days: days("2026-11-27", "2026-11-29"), ..Query::default() };
    let found = find(&server, &today).unwrap();
    assert_eq!((found.entries.len(), found.unusable, found.has_more), (1, 0, false));
    let entry = &found.entries[0];
    assert_eq!(entry.patient.name, "Róe^Jäne");
    assert_eq!((entry.patient.id.as_str(), entry.patient.birth_date.as_str()), ("P1", "1961-02-28"));
    assert_eq!((entry.day.as_str(), entry.time.as_str()), ("2026-11-28", "09:30"));
    let order = entry.order.as_ref().unwrap();
    assert_eq!((order.accession.as_str(), order.study.as_deref()), ("A1", Some("2.25.71")));
    assert_eq!((order.procedure_id.as_str(), order.step_id.as_str()), ("RP1", "SPS1"));
    assert_eq!(order.procedure_description, "Retinal screening");
    assert_eq!(order.step_description, "Both eyes");
    let count = |query: &Query| find(&server, query).unwrap().entries.len();
    assert_eq!(count(&Query::default()), 2);
    assert_eq!(count(&Query { modality: None, ..Query::default() }), 3);
    assert_eq!(count(&Query { patient: Some("P2".to_owned()), ..Query::default() }), 1);
    assert_eq!(count(&Query { accession: Some("A3".to_owned()), ..Query::default() }), 0);
    assert_eq!(count(&Query { days: days("2026-11-28", "2026-11-28"), ..Query::default() }), 1);
}

// verifies: RQ-156
#[test]
fn a_long_worklist_is_cut_and_says_so() {
    let running = Running::scripted("many", &["50"]);
    let server = peer("PEER", running.port);
    let all = find(&server, &Query::default()).unwrap();
    assert_eq!((all.entries.len(), all.unusable, all.has_more), (49, 1, false));
    let some = find(&server, &Query { entries_max: 10, ..Query::default() }).unwrap();
    assert_eq!((some.entries.len(), some.unusable, some.has_more), (9, 1, true));
    let exactly = find(&server, &Query { entries_max: 50, ..Query::default() }).unwrap();
    assert_eq!((exactly.entries.len(), exactly.has_more), (49, false));
}
