//! From a device's record into an archive: what was stored is there as it was, once, and the archive says so.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::Stdio,
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use image::ImageFormat;
use ocellus::{
    config::Config,
    interchange::dicom::transaction,
    record::Retention,
    sending::{How, Sender, screening},
    store::Stamp,
};

use crate::{
    kept::{AT, Device, OBJECTS, Unusual, photograph},
    orthanc::{Kept, Orthanc},
    samples::{PDF, SIZE},
    tools::{Running, beside, free_port, python, run, said},
};

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

fn dicom(port: u16, more: &str) -> String {
    format!(
        "[dicom]\nhost = \"127.0.0.1\"\nport = {port}\ncalled_ae = \"ORTHANC\"\nconnect_seconds = 5\n\
         answer_seconds = 20\n{more}\n"
    )
}

fn scripted(port: u16, more: &str) -> String {
    format!(
        "[dicom]\nhost = \"127.0.0.1\"\nport = {port}\ncalled_ae = \"PEER\"\nconnect_seconds = 5\n\
         answer_seconds = 20\n{more}\n"
    )
}

fn contains(kept: &Kept, bytes: &[u8]) -> bool {
    kept.bytes.windows(bytes.len()).any(|window| window == bytes)
}

fn uids(kept: &[Kept]) -> Vec<&str> {
    let mut uids: Vec<&str> = kept.iter().map(|kept| kept.uid.as_str()).collect();
    uids.sort_unstable();
    uids
}

/// The bytes of a photograph that is no JPEG, as plain pixels.
fn pixels(number: u8) -> Vec<u8> {
    let picture = image::load_from_memory_with_format(&photograph(number), ImageFormat::Png).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), SIZE);
    picture.into_raw()
}

// verifies: RQ-154
#[test]
fn what_a_record_holds_is_in_the_archive_as_it_was_and_may_then_be_purged() {
    let reports = free_port();
    let orthanc = Orthanc::start(reports);
    let device = Device::new();
    device.screens(&["dicom"]);
    let config = device.configured(&dicom(orthanc.dicom, &format!("listen = \"127.0.0.1:{reports}\"")));
    let sent = device.runs(&["record", "send", "--once"], &config);
    assert_eq!(sent.out, "one-000001\tdicom\tsent, not committed yet\none-000001\tdicom\tcommitted\n", "{}", sent.err);
    assert_eq!((sent.code, sent.err.as_str()), (Some(0), ""));

    let kept = orthanc.kept();
    assert_eq!(kept.len(), OBJECTS);
    // The camera's own JPEGs byte by byte; the other photograph pixel by pixel.
    for number in [0, 2] {
        let found: Vec<&Kept> = kept.iter().filter(|kept| contains(kept, &photograph(number))).collect();
        assert!(found.len() == 1 && found[0].is_jpeg, "photograph {number}");
    }
    assert_eq!(kept.iter().filter(|kept| !kept.is_jpeg && contains(kept, &pixels(1))).count(), 1);
    assert_eq!(kept.iter().filter(|kept| contains(kept, PDF)).count(), 1);
    // What was withdrawn or torn went nowhere.
    assert!(!kept.iter().any(|kept| contains(kept, &photograph(9)) || contains(kept, b"torn")));

    let record = device.record();
    let later = Stamp { unix_seconds: AT.unix_seconds + 10 * 86_400, ..AT };
    let retention = Retention { days: 1, also_never_sent: false };
    assert_eq!(record.purgeable(retention, later).unwrap().len(), 1);
}

// verifies: RQ-153
#[test]
fn what_waits_goes_when_the_archive_is_there_again() {
    let mut orthanc = Orthanc::prepared(free_port());
    let device = Device::new();
    for _ in 0..2 {
        device.screens(&["dicom"]);
    }
    let config = device.configured(&dicom(orthanc.dicom, "commitment = false"));
    let down = device.runs(&["record", "send", "--once"], &config);
    let lines: Vec<&str> = down.out.lines().collect();
    assert!(
        lines[0].starts_with("one-000001\tdicom\twaits: ") && lines[0].contains("refuses connections"),
        "{lines:?}"
    );
    assert_eq!(lines[1], "one-000002\tdicom\twaits: the destination did not answer another one");
    assert_eq!(down.code, Some(1));
    let queue = device.runs(&["record", "queue"], &config);
    assert!(queue.out.contains("one-000001\tdicom\twaits, tried 1 times: 127.0.0.1"), "{}", queue.out);

    orthanc.switch_on();
    let up = device.runs(&["record", "send", "--once"], &config);
    assert_eq!(up.out, "one-000001\tdicom\tdelivered\none-000002\tdicom\tdelivered\n", "{}", up.err);
    assert_eq!(up.code, Some(0));
    assert_eq!(orthanc.kept().len(), 2 * OBJECTS);
}

/// The largest resident set of a process so far, in MiB, as the kernel tells it; none once it has ended.
fn peak_mib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

/// `OCELLUS_BACKLOG` sets how many encounters, 12 where it is not set.
#[test]
fn a_day_without_a_network_is_sent_as_one_when_it_is_back() {
    let encounters = std::env::var("OCELLUS_BACKLOG").map_or(12, |given| given.parse().unwrap());
    let orthanc = Orthanc::start(free_port());
    let device = Device::new();
    for _ in 0..encounters {
        device.screens(&["dicom"]);
    }
    let config = device.configured(&dicom(orthanc.dicom, "commitment = false"));
    let began = Instant::now();
    let mut command = device.command(&["record", "send", "--once"], &config);
    let mut sending = command.stdout(Stdio::piped()).spawn().unwrap();
    let (mut peaks, process) = (Vec::new(), sending.id());
    let mut told = String::new();
    for line in BufReader::new(sending.stdout.take().unwrap()).lines().map(Result::unwrap) {
        peaks.extend(peak_mib(process));
        told.extend([line.as_str(), "\n"]);
    }
    assert!(sending.wait().unwrap().success());
    assert_eq!(told.matches("\tdelivered\n").count(), encounters, "{told}");
    assert_eq!(orthanc.kept().len(), encounters * OBJECTS);
    println!(
        "{encounters} encounters, {} objects in {:.1?}; largest resident set {:?} MiB after the first, {:?} after the last",
        encounters * OBJECTS,
        began.elapsed(),
        peaks.first(),
        peaks.last()
    );
}

/// Lets everything through to another port until the client wants to release the association, which it does after the last
/// answer came; says so then, and holds that back.
fn without_release(to: u16) -> (u16, Receiver<()>) {
    const RELEASE: u8 = 5;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).unwrap();
        let (mut back, mut answers) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut answers, &mut back));
        loop {
            let mut pdu = vec![0; 6];
            client.read_exact(&mut pdu).unwrap();
            let length = u32::from_be_bytes([pdu[2], pdu[3], pdu[4], pdu[5]]) as usize;
            pdu.resize(6 + length, 0);
            client.read_exact(&mut pdu[6..]).unwrap();
            if pdu[0] == RELEASE {
                tell.send(()).unwrap();
                // Until the client is gone.
                let _ = client.read(&mut [0]);
                return;
            }
            server.write_all(&pdu).unwrap();
        }
    });
    (port, told)
}

// verifies: RQ-154
#[test]
fn a_device_killed_between_sending_and_noting_sends_the_same_objects_again() {
    let orthanc = Orthanc::start(free_port());
    let device = Device::new();
    device.screens(&["dicom"]);
    let (port, released) = without_release(orthanc.dicom);
    let config = device.configured(&dicom(port, "commitment = false"));
    let mut running = device.command(&["record", "send", "--once"], &config).spawn().unwrap();
    released.recv_timeout(PATIENCE).unwrap();
    // SIGKILL: nothing can be noted any more.
    running.kill().unwrap();
    running.wait().unwrap();
    let first = orthanc.kept();
    assert_eq!(first.len(), OBJECTS);
    assert_eq!(device.waiting().len(), 1, "nobody noted that it was sent");

    let config = device.configured(&dicom(orthanc.dicom, "commitment = false"));
    let again = device.runs(&["record", "send", "--once"], &config);
    assert_eq!(again.out, "one-000001\tdicom\tdelivered\n", "{}", again.err);
    let second = orthanc.kept();
    assert_eq!(uids(&second), uids(&first));
    assert!(device.waiting().is_empty());
}

// verifies: RQ-153
#[test]
fn what_an_archive_refuses_for_good_is_set_aside_and_the_others_go_on() {
    let device = Device::new();
    for _ in 0..2 {
        device.screens(&["dicom"]);
    }
    // The first object of the first screening is refused, and nothing else.
    let picky = Running::scripted("status_store", &["A900", "A900", "0000"]);
    let how = device.sends(&scripted(picky.port, "commitment = false"));
    let [How::Refused(reason), How::Delivered] = &how[..] else { panic!("{how:?}") };
    assert!(reason.contains("A900 (data set does not match the SOP class)"), "{reason}");
    assert!(device.waiting().is_empty());
    let config = device.configured(&scripted(picky.port, "commitment = false"));
    let told = device.runs(&["record", "send", "--once"], &config);
    assert!(told.out.starts_with("one-000001\tdicom\tset aside: ") && told.code == Some(1), "{told:?}");
    let retried = device.runs(&["record", "send", "--once", "--retry-refused"], &config);
    assert_eq!((retried.out.as_str(), retried.code), ("one-000001\tdicom\tdelivered\n", Some(0)), "{}", retried.err);
}

#[test]
fn what_may_pass_waits_and_an_archive_that_knows_nobody_is_no_fault_of_the_screening() {
    let device = Device::new();
    device.screens(&["dicom"]);
    let full = Running::scripted("status_store", &["A700"]);
    let how = device.sends(&scripted(full.port, "commitment = false"));
    assert!(matches!(&how[..], [How::Waits(reason)] if reason.contains("A700")), "{how:?}");
    let strict = Running::scripted("calling", &[]);
    let how = device.sends(&scripted(strict.port, "commitment = false"));
    assert!(matches!(&how[..], [How::Waits(reason)] if reason.contains("calling AE title")), "{how:?}");
    assert_eq!(device.waiting()[0].attempts, 2);
}

// verifies: RQ-053
#[test]
fn what_an_archive_does_not_answer_for_is_sent_again_and_not_purged() {
    let device = Device::new();
    device.screens(&["dicom"]);
    let forgetful = Running::scripted("archive", &["partial"]);
    let how = device.sends(&scripted(forgetful.port, ""));
    let [How::Sent, How::Waits(reason)] = &how[..] else { panic!("{how:?}") };
    assert!(reason.contains("does not answer for 1 of 5 objects"), "{reason}");
    assert_eq!(device.waiting().len(), 1);
    let later = Stamp { unix_seconds: AT.unix_seconds + 10 * 86_400, ..AT };
    let everything = Retention { days: 1, also_never_sent: true };
    assert!(device.record().purgeable(everything, later).unwrap().is_empty());
    let honest = Running::scripted("archive", &["here"]);
    assert_eq!(device.sends(&scripted(honest.port, "")), [How::Sent, How::Committed]);
}

#[test]
fn a_report_of_commitment_that_comes_late_is_understood() {
    let device = Device::new();
    device.screens(&["dicom"]);
    let silent = Running::scripted("archive", &["never"]);
    let reports = free_port();
    let lines = scripted(silent.port, &format!("listen = \"127.0.0.1:{reports}\""));
    let config = Config::load(Some(&device.configured(&lines)), &[]).unwrap();
    let mut sender = Sender::of(&config).unwrap();
    let mut record = device.record();
    let went = sender.round(&mut record, AT, true).unwrap();
    assert!(matches!(&went[..], [sent, waits] if sent.how == How::Sent && waits.how.is_trouble()), "{went:?}");

    let id = record.outbox().unconfirmed(1).unwrap()[0].encounter;
    let stored = record.outbox().content(id).unwrap();
    let (screening, _) = screening(record.id(), &stored).unwrap();
    let photographs: Vec<&str> = screening.photographs.iter().map(|photograph| photograph.uid.as_str()).collect();
    let report = |transaction: &str| {
        let port = reports.to_string();
        let peers = beside("peers.py").display().to_string();
        let known = photographs.join(",");
        let arguments = [peers.as_str(), "late", "0", &port, transaction, &known];
        let output = run(&python(), &arguments);
        assert!(output.status.success(), "{}", said(&output));
    };
    // Another's report first, then one that leaves objects out: neither is a promise to keep all of it.
    let heard = thread::scope(|scope| {
        let archive = scope.spawn(|| {
            report("2.25.4711");
            report(&transaction(&screening.encounter, 1));
        });
        let heard = sender.listen(&mut record, Duration::from_secs(5)).unwrap();
        archive.join().unwrap();
        heard
    });
    let [one] = &heard[..] else { panic!("{heard:?}") };
    assert!(matches!(&one.how, How::Waits(reason) if reason.contains("does not answer for 2 of 5")), "{one}");
}

#[test]
fn photographs_go_without_a_report_that_never_comes() {
    let device = Device::new();
    device.screens_unusually(&["dicom"], &Unusual { without_report: true, ..Unusual::default() });
    let archive = Running::scripted("status_store", &["0000"]);
    let lines = scripted(archive.port, "commitment = false");
    for _ in 0..4 {
        assert_eq!(device.sends(&lines), [How::Waits("the encounter has no report yet".to_owned())]);
    }
    assert_eq!(device.sends(&lines), [How::Delivered]);
}

// verifies: RQ-100
#[test]
fn test_data_stays_here_unless_it_is_asked_for_and_is_marked_then() {
    for unusual in [Unusual { practice: true, ..Unusual::default() }, Unusual { simulated: true, ..Unusual::default() }]
    {
        let orthanc = Orthanc::start(free_port());
        let device = Device::new();
        device.screens_unusually(&["dicom"], &unusual);
        let lines = dicom(orthanc.dicom, "commitment = false");
        let how = device.sends(&lines);
        assert!(matches!(&how[..], [How::Refused(reason)] if reason.contains("for testing only")), "{how:?}");
        assert!(orthanc.kept().is_empty());
        device.retries();
        let config = device.configured(&lines);
        let sent = device.runs(&["record", "send", "--once", "--set", "send.test_data=true"], &config);
        assert_eq!(sent.code, Some(0), "{sent:?}");
        let kept = orthanc.kept();
        assert!(kept.len() == OBJECTS && kept.iter().all(|kept| contains(kept, b"OCELLUS-TEST")));
    }
}

#[test]
fn the_program_tells_what_works_with_an_archive() {
    let reports = free_port();
    let orthanc = Orthanc::start(reports);
    let device = Device::new();
    let config = device.configured(&dicom(orthanc.dicom, &format!("listen = \"127.0.0.1:{reports}\"")));
    let asked = |verb: &[&str], config: &Path| device.runs(verb, config);
    let test = asked(&["dicom", "test"], &config);
    assert!(test.out.contains("echo        works") && test.out.contains("store       skipped"), "{test:?}");
    assert!(orthanc.kept().is_empty() && test.code == Some(0));
    let stored = asked(&["dicom", "test", "--store"], &config);
    assert!(stored.out.contains("commitment  works    the archive answers for the test photograph"), "{stored:?}");
    assert_eq!(orthanc.kept().len(), 1);
    let nobody = device.configured(&dicom(free_port(), "[dicom.worklist]\nhost = \"127.0.0.1\"\nport = 1"));
    let failed = asked(&["dicom", "test"], &nobody);
    assert!(failed.out.matches("FAILS").count() == 2 && failed.code == Some(1), "{failed:?}");
    let unset = asked(&["dicom", "test"], &device.configured(""));
    assert!(unset.code == Some(2) && unset.only_error_line().contains("dicom.host"), "{unset:?}");
}
