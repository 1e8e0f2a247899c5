//! Orthanc: stores what it is sent, gives the same pixels back, and answers for it.

use std::{fs, process::Command, time::Duration};

use ocellus::interchange::dicom::{
    net::{Commitment, Delivery, Instance, Listener, Times, commit, echo, store},
    transaction,
};
use tempfile::TempDir;

use crate::{
    samples::{objects, usual},
    tools::{self, Running, free_port, get, peer, title},
};

/// An Orthanc with nothing in it; its ports for DICOM and HTTP.
pub(crate) struct Orthanc {
    running: Option<Running>,
    folder: TempDir,
    pub(crate) dicom: u16,
    http: u16,
}

/// An object as Orthanc keeps it.
pub(crate) struct Kept {
    pub(crate) class: String,
    pub(crate) uid: String,
    pub(crate) is_jpeg: bool,
    pub(crate) bytes: Vec<u8>,
}

impl Kept {
    fn read(bytes: Vec<u8>) -> Self {
        let file = dicom_object::from_reader(bytes.as_slice()).unwrap();
        let meta = file.meta();
        Kept {
            class: meta.media_storage_sop_class_uid().to_owned(),
            uid: meta.media_storage_sop_instance_uid().to_owned(),
            is_jpeg: meta.transfer_syntax() == "1.2.840.10008.1.2.4.50",
            bytes,
        }
    }
}

impl Orthanc {
    /// Reports on what it commits to go to a port of this machine.
    pub(crate) fn start(reports_to: u16) -> Self {
        let mut orthanc = Orthanc::prepared(reports_to);
        orthanc.switch_on();
        orthanc
    }

    /// One that does not run yet.
    pub(crate) fn prepared(reports_to: u16) -> Self {
        let folder = TempDir::new().unwrap();
        let [dicom, http] = [free_port(), free_port()];
        let configuration = format!(
            r#"{{
  "Name": "test", "DicomAet": "ORTHANC", "DicomCheckCalledAet": true,
  "DicomPort": {dicom}, "HttpPort": {http}, "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
  "StorageDirectory": "{0}/storage", "IndexDirectory": "{0}/index", "ConcurrentJobs": 1,
  "DicomModalities": {{ "device": [ "OCELLUS", "127.0.0.1", {reports_to} ] }}
}}"#,
            folder.path().display()
        );
        fs::write(folder.path().join("orthanc.json"), configuration).unwrap();
        Orthanc { running: None, folder, dicom, http }
    }

    /// Starts it, and waits until both ports answer.
    pub(crate) fn switch_on(&mut self) {
        let mut command = Command::new("/usr/sbin/Orthanc");
        self.running = Some(Running::start(command.arg(self.folder.path().join("orthanc.json")), self.dicom));
        tools::answers(self.http);
    }

    /// Its studies, as it tells them to others.
    pub(crate) fn studies(&self) -> serde_json::Value {
        serde_json::from_slice(&get(self.http, "/studies?expand")).unwrap()
    }

    /// Every instance as it is kept.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        let ids = String::from_utf8(get(self.http, "/instances")).unwrap();
        let ids = ids.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        ids.iter().map(|id| Kept::read(get(self.http, &format!("/instances/{id}/file")))).collect()
    }
}

// verifies: RQ-154
#[test]
fn orthanc_gives_back_what_it_was_sent_and_answers_for_it() {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), title("OCELLUS"), Times::default(), None).unwrap();
    let orthanc = Orthanc::start(listener.address().unwrap().port());
    let archive = peer("ORTHANC", orthanc.dicom);
    assert_eq!(echo(&archive), Ok(()));
    let all = objects(&usual());
    for _ in 0..2 {
        let transfer = store(&archive, &all);
        assert!(transfer.is_complete() && transfer.broke.is_none(), "{transfer:?}");
        assert_eq!(transfer.sent[0].delivery, Delivery::Stored { decoded: false, warning: None });
    }
    // A resend is no second object.
    let kept = orthanc.kept();
    assert_eq!(kept.len(), all.len());
    for object in &all {
        let again = kept.iter().find(|kept| kept.uid == object.uid()).unwrap();
        assert_eq!((again.class.as_str(), again.is_jpeg), (object.class(), object.is_jpeg()));
        assert_eq!(pixels(&again.bytes), pixels(&object.to_bytes().unwrap()));
    }
    let instances: Vec<Instance> = all.iter().map(Instance::from).collect();
    let wait = Some((&listener, Duration::from_secs(20)));
    let committed = commit(&archive, &instances, &transaction("2.25.1", 1), Duration::from_secs(1), wait);
    assert_eq!(committed, Ok(Commitment::Committed));
    let unknown = Instance { class: instances[0].class.clone(), uid: "2.25.999".to_owned() };
    let with_unknown = [instances, vec![unknown]].concat();
    let committed = commit(&archive, &with_unknown, &transaction("2.25.1", 2), Duration::from_secs(1), wait);
    let Ok(Commitment::Failed(failed)) = committed else { panic!("{committed:?}") };
    assert_eq!(failed.iter().map(|failure| failure.uid.as_str()).collect::<Vec<_>>(), ["2.25.999"]);
}

/// Pixel Data or the document as its element holds it.
fn pixels(file: &[u8]) -> &[u8] {
    const HEAD: usize = 12;
    let tags = [[0xe0, 0x7f, 0x10, 0x00], [0x42, 0x00, 0x11, 0x00]];
    let Some(from) = tags.iter().find_map(|tag| file.windows(4).position(|four| four == tag)) else { return &[] };
    let length = u32::from_le_bytes(file[from + 8..from + HEAD].try_into().unwrap());
    let value = &file[from + HEAD..];
    // Pieces of a JPEG have no length as a whole; they are the last element.
    if length == u32::MAX { value } else { &value[..length as usize] }
}
