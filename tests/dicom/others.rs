//! From a device's record to those who take results: FHIR, HL7 v2, and folders.

use std::{
    ffi::OsString,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
};

use ocellus::sending::How;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    kept::{Device, OBJECTS, Unusual},
    samples::PDF,
    secure::certificates,
    tools::{beside, free_port, python, run, said},
};

/// An HTTPS server that answers as it is told and keeps what it was sent.
struct Server {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// `answers` are statuses by turns, the last one stays.
    fn start(certificates: &Path, answers: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let answers = answers.iter().map(OsString::from);
        let arguments: Vec<OsString> = [folder.path().as_os_str().to_owned()].into_iter().chain(answers).collect();
        Server::scripted("fhir_server.py", certificates, folder, &arguments)
    }

    /// TLS before a receiver that knows none.
    fn before(plain: u16, certificates: &Path) -> Self {
        let folder = TempDir::new().unwrap();
        Server::scripted("tls_front.py", certificates, folder, &[plain.to_string().into()])
    }

    fn scripted(script: &str, certificates: &Path, folder: TempDir, arguments: &[OsString]) -> Self {
        let port = free_port();
        let mut command = Command::new(python());
        command.arg(beside(script)).arg(port.to_string()).arg(certificates).args(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "ready");
        Server { child, port, folder }
    }

    /// The requests that came, in order: path, token and body.
    fn requests(&self) -> Vec<(String, String, Value)> {
        let mut files: Vec<_> = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let read = |file: &Path| -> Value { serde_json::from_slice(&fs::read(file).unwrap()).unwrap() };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        files
            .iter()
            .map(|file| read(file))
            .map(|kept| (text(&kept["path"]), text(&kept["authorization"]), kept["body"].clone()))
            .collect()
    }
}

fn fhir(device: &Device, port: u16, certificates: &Path, authority: &str) -> String {
    let token = device.path("token");
    fs::write(&token, "s3cret\n").unwrap();
    let file = |name: &str| certificates.join(name).display().to_string();
    format!(
        "[fhir]\nurl = \"https://127.0.0.1:{port}/fhir\"\ntoken_file = {token:?}\nanswer_seconds = 10\n\
         [fhir.tls]\nauthorities = {:?}\ncertificate = {:?}\nkey = {:?}\n",
        file(authority),
        file("client.pem"),
        file("client.key")
    )
}

#[test]
fn a_transaction_goes_to_the_server_with_token_and_certificate_and_the_same_again() {
    let certificates = certificates();
    let server = Server::start(certificates.path(), &["503", "200"]);
    let device = Device::new();
    device.screens(&["fhir"]);
    let lines = fhir(&device, server.port, certificates.path(), "ca.pem");
    let how = device.sends(&lines);
    assert!(matches!(&how[..], [How::Waits(reason)] if reason.contains("503")), "{how:?}");
    assert_eq!(device.sends(&lines), [How::Delivered]);
    assert!(device.waiting().is_empty() && device.sends(&lines).is_empty());
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for (path, token, body) in &requests {
        assert_eq!((path.as_str(), token.as_str()), ("/fhir", "Bearer s3cret"));
        assert_eq!((&body["resourceType"], &body["type"]), (&"Bundle".into(), &"transaction".into()));
    }
    assert_eq!(requests[0].2, requests[1].2, "a resend is the same transaction");
    let entries = requests[0].2["entry"].as_array().unwrap();
    let study = entries.iter().find(|entry| entry["resource"]["resourceType"] == "ImagingStudy").unwrap();
    let series = study["resource"]["series"].as_array().unwrap();
    let instances = |number: usize| series[number]["instance"].as_array().unwrap().len();
    assert_eq!((series.len(), instances(0) + instances(1)), (2, 3));
}

// verifies: RQ-153
#[test]
fn what_a_server_refuses_is_set_aside_and_a_server_that_is_not_the_right_one_is_told() {
    let certificates = certificates();
    let server = Server::start(certificates.path(), &["422", "401", "404", "html", "200"]);
    let device = Device::new();
    device.screens(&["fhir"]);
    let lines = fhir(&device, server.port, certificates.path(), "ca.pem");
    let how = device.sends(&lines);
    assert!(
        matches!(&how[..], [How::Refused(reason)] if reason.contains("422 (invalid at Bundle.entry[0].resource.name)")),
        "{how:?}"
    );
    device.retries();
    for part in ["401", "404", "no transaction-response"] {
        let how = device.sends(&lines);
        assert!(matches!(&how[..], [How::Waits(reason)] if reason.contains(part)), "{how:?}");
    }
    let how = device.sends(&fhir(&device, server.port, certificates.path(), "other.pem"));
    assert!(matches!(&how[..], [How::Waits(reason)] if reason.contains("TLS failed")), "{how:?}");
    let how = device.sends(&fhir(&device, free_port(), certificates.path(), "ca.pem"));
    assert!(matches!(&how[..], [How::Waits(reason)] if reason.contains("fhir.url")), "{how:?}");
    assert_eq!(device.sends(&lines), [How::Delivered]);
}

#[test]
fn bundles_may_go_into_a_folder_instead() {
    let device = Device::new();
    device.screens(&["fhir"]);
    let folder = device.path("bundles");
    let lines = format!("[fhir]\nfolder = {folder:?}\n");
    let how = device.sends(&lines);
    assert!(matches!(&how[..], [How::Waits(reason)] if reason.contains("cannot be written")), "{how:?}");
    fs::create_dir(&folder).unwrap();
    assert_eq!(device.sends(&lines), [How::Delivered]);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let bundle: Value = serde_json::from_slice(&fs::read(&files[0]).unwrap()).unwrap();
    assert!(files.len() == 1 && bundle["type"] == "transaction", "{files:?}");
}

/// A receiver of HL7 messages that answers each connection once, by turns; the messages it got.
fn receiver(answers: &'static [&'static str]) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = thread::spawn(move || {
        let mut messages = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = Vec::new();
            let mut byte = [0];
            while !bytes.ends_with(b"\x1c\r") {
                stream.read_exact(&mut byte).unwrap();
                bytes.push(byte[0]);
            }
            let message = String::from_utf8(bytes[1..bytes.len() - 2].to_vec()).unwrap();
            let id = message.split('|').nth(9).unwrap().to_owned();
            let (code, id) = answer.split_once(' ').unwrap_or((answer, &id));
            if *answer != "hang up" {
                let ack = format!("\x0bMSH|^~\\&|EHR||OCELLUS||2026||ACK|1|P|2.5.1\rMSA|{code}|{id}|Jane Roe\r\x1c\r");
                // In two pieces, as networks deliver.
                let (first, second) = ack.split_at(20);
                stream.write_all(first.as_bytes()).unwrap();
                stream.flush().unwrap();
                stream.write_all(second.as_bytes()).unwrap();
            }
            messages.push(message);
        }
        messages
    });
    (port, thread)
}

// verifies: RQ-153
#[test]
fn a_message_goes_to_the_receiver_until_it_is_accepted() {
    let (port, receiver) = receiver(&["hang up", "AR", "AA another", "AA"]);
    let device = Device::new();
    device.screens(&["hl7"]);
    let lines =
        format!("[hl7]\nhost = \"127.0.0.1\"\nport = {port}\nreceiving_application = \"EHR\"\nanswer_seconds = 10\n");
    for part in ["closed the connection", "AR", "another message"] {
        let how = device.sends(&lines);
        assert!(matches!(&how[..], [How::Waits(reason)] if reason.contains(part)), "{how:?}");
    }
    assert_eq!(device.sends(&lines), [How::Delivered]);
    let messages = receiver.join().unwrap();
    assert!(messages.windows(2).all(|pair| pair[0] == pair[1]), "a resend is the same message");
    assert!(
        messages[0].starts_with("MSH|^~\\&|OCELLUS|Clinic|EHR|") && messages[0].contains("\rPID|1||4711^^^CLINIC|")
    );
    assert!(messages[0].contains("\rOBR|1||") && messages[0].contains("|ED|"));
    let how = device.sends(&lines);
    assert!(how.is_empty(), "{how:?}");
}

// verifies: RQ-155
#[test]
fn a_message_goes_over_tls_and_certificates_that_do_not_fit_are_told() {
    let folder = certificates();
    let (plain, receiver) = receiver(&["AA"]);
    let front = Server::before(plain, folder.path());
    let device = Device::new();
    device.screens(&["hl7"]);
    let lines = |tls: &[(&str, &str)]| {
        let files = tls.iter().map(|(key, file)| format!("{key} = {:?}\n", folder.path().join(file)));
        let files: String = files.collect();
        format!("[hl7]\nhost = \"127.0.0.1\"\nport = {}\nanswer_seconds = 5\n[hl7.tls]\n{files}", front.port)
    };
    let ours = [("certificate", "client.pem"), ("key", "client.key")];
    let with = |authority| [&[("authorities", authority)], &ours[..]].concat();
    for unfit in [with("other.pem"), vec![("authorities", "ca.pem")], vec![]] {
        let how = device.sends(&lines(&unfit));
        assert!(matches!(&how[..], [How::Waits(_)]), "{unfit:?}: {how:?}");
    }
    assert_eq!(device.sends(&lines(&with("ca.pem"))), [How::Delivered]);
    let messages = receiver.join().unwrap();
    assert!(messages.len() == 1 && messages[0].contains("\rPID|1||4711^^^CLINIC|"));
}

#[test]
fn a_message_that_is_refused_for_what_it_says_is_set_aside() {
    let (port, receiver) = receiver(&["AE"]);
    let device = Device::new();
    device.screens(&["hl7"]);
    let how = device.sends(&format!("[hl7]\nhost = \"127.0.0.1\"\nport = {port}\n"));
    assert!(matches!(&how[..], [How::Refused(reason)] if reason.contains("AE")), "{how:?}");
    receiver.join().unwrap();
    let nobody = format!("[hl7]\nhost = \"127.0.0.1\"\nport = {}\n", free_port());
    device.retries();
    let how = device.sends(&nobody);
    assert!(matches!(&how[..], [How::Waits(reason)] if reason.contains("check hl7.port")), "{how:?}");
}

#[test]
fn who_watches_a_folder_finds_page_bundle_message_and_objects() {
    let device = Device::new();
    device.screens(&["drop_folder"]);
    device.screens_unusually(&["drop_folder"], &Unusual { without_report: true, ..Unusual::default() });
    let folder = device.path("out");
    fs::create_dir(&folder).unwrap();
    let how = device.sends(&format!("[drop_folder]\nfolder = {folder:?}\n"));
    assert!(matches!(&how[..], [How::Delivered, How::Waits(reason)] if reason.contains("no report yet")), "{how:?}");
    let mut endings: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().split_once('.').unwrap().1.to_owned())
        .collect();
    endings.sort();
    assert_eq!(endings, ["1.dcm", "2.dcm", "3.dcm", "4.dcm", "5.dcm", "done", "hl7", "json", "pdf"]);
    let file = |ending: &str| {
        let mut files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        files.find(|file| file.to_string_lossy().ends_with(ending)).unwrap()
    };
    let checked = Command::new("sha256sum").arg("--check").arg(file(".done")).current_dir(&folder).output().unwrap();
    assert!(checked.status.success() && said(&checked).lines().count() == 3 + OBJECTS, "{}", said(&checked));
    assert_eq!(fs::read(file(".pdf")).unwrap(), PDF);
    for number in 1..=OBJECTS {
        let object = file(&format!(".{number}.dcm")).display().to_string();
        let dumped = run(&python(), &[&beside("dump.py").display().to_string(), &object]);
        assert!(dumped.status.success() && said(&dumped).contains("4711"), "{}", said(&dumped));
    }
}
