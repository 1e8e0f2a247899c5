//! Peers that refuse, abort, are slow or silent, or answer what they should not: each is a typed error with advice.

use std::{
    io::Write,
    thread,
    time::{Duration, Instant},
};

use ocellus::interchange::dicom::net::{
    ContextRefusal, Delivery, NetError, Query, Rejection, Remedy, Step, Times, echo, find, store,
};

use crate::{
    samples::{self, objects, usual},
    tools::{self, Running, few_lines, free_port, peer, read_some},
};

fn echoed(mode: &str) -> NetError {
    let running = Running::scripted(mode, &[]);
    echo(&peer("PEER", running.port)).unwrap_err()
}

#[test]
fn an_echo_is_answered() {
    let port = free_port();
    let _running = Running::start(std::process::Command::new("storescp").arg(port.to_string()), port);
    assert_eq!(echo(&peer("ANY", port)), Ok(()));
}

#[test]
fn refusals_are_told_apart() {
    let rejected = |reason| NetError::Rejected { reason, permanent: true };
    let found = echoed("called");
    assert_eq!(found, rejected(Rejection::CalledAe));
    assert!(found.to_string().contains("check the peer's AE title"), "{found}");
    let found = echoed("calling");
    assert_eq!(found, rejected(Rejection::CallingAe));
    assert!(found.to_string().contains("add this device's AE title"), "{found}");
    assert_eq!(found.remedy(), Remedy::Person);
    let busy = few_lines(|mut stream| {
        read_some(&mut stream);
        let _ = stream.write_all(&[3, 0, 0, 0, 0, 4, 0, 2, 3, 2]);
        read_some(&mut stream);
    });
    let found = echo(&peer("PEER", busy)).unwrap_err();
    assert_eq!(found, NetError::Rejected { reason: Rejection::Busy, permanent: false });
    assert_eq!(found.remedy(), Remedy::Later);
    for (mode, reason) in [("other_class", ContextRefusal::Class), ("other_syntax", ContextRefusal::TransferSyntax)] {
        let found = echoed(mode);
        assert_eq!(found, NetError::NotAccepted { class: "Verification", reason });
        assert!(found.to_string().contains("Verification") && found.remedy() == Remedy::Person, "{found}");
    }
}

#[test]
fn statuses_are_told_with_what_they_mean_and_without_what_the_peer_says() {
    let running = Running::scripted("status_echo", &["0124", "0122"]);
    for meaning in ["0124 (not authorised): let the peer's administrator", "0122 (SOP class not supported)"] {
        let found = echo(&peer("PEER", running.port)).unwrap_err();
        assert!(found.to_string().contains(meaning), "{found}");
        assert!(!found.to_string().contains("ROE"), "{found}");
        let NetError::Failed { status, .. } = found else { panic!("{found}") };
        assert_eq!(status.comment.as_deref(), Some("ROE^JANE is not known here"));
    }
    let running = Running::scripted("status_find", &["A700", "C001"]);
    for remedy in [Remedy::Later, Remedy::Person] {
        let found = find(&peer("PEER", running.port), &Query::default()).unwrap_err();
        assert_eq!(found.remedy(), remedy, "{found}");
    }
}

#[test]
fn each_object_has_the_status_that_the_peer_gave_it() {
    let all = objects(&usual());
    // Success, a warning, a duplicate, out of resources, then refusals; the first photograph is a JPEG and goes once.
    let statuses = ["0000", "B007", "0111", "A700", "0124", "0122"];
    let running = Running::scripted("status_store", &statuses);
    let transfer = store(&peer("PEER", running.port), &all);
    assert_eq!(transfer.broke, None);
    assert!(!transfer.is_complete());
    let told: Vec<String> = transfer
        .sent
        .iter()
        .map(|sent| match &sent.delivery {
            Delivery::Stored { warning: None, decoded } => format!("stored {decoded}"),
            Delivery::Stored { warning: Some(status), .. } => format!("warning {:04X}", status.code),
            Delivery::AlreadyThere => "there".to_owned(),
            Delivery::Failed(NetError::Failed { status, .. }) => format!("failed {:04X}", status.code),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(told, ["stored false", "warning B007", "there", "failed A700", "failed 0124", "failed 0122"]);
}

#[test]
fn a_jpeg_goes_decoded_where_the_peer_does_not_take_it() {
    let all = objects(&usual());
    let decoded = |delivery: &Delivery| match delivery {
        Delivery::Stored { decoded, .. } => *decoded,
        other => panic!("{other:?}"),
    };
    for mode in ["implicit", "dislikes_jpeg"] {
        let running = Running::scripted(mode, &[]);
        let transfer = store(&peer("PEER", running.port), &all);
        assert!(transfer.is_complete(), "{mode}: {transfer:?}");
        let decoded: Vec<bool> = transfer.sent.iter().map(|sent| decoded(&sent.delivery)).collect();
        assert_eq!(decoded, [true, false, true, false, false, false], "{mode}");
    }
}

#[test]
fn a_class_that_is_refused_does_not_hold_up_the_others() {
    let running = Running::scripted("other_class", &[]);
    let transfer = store(&peer("PEER", running.port), &objects(&usual()));
    assert_eq!(transfer.broke, None);
    for sent in &transfer.sent {
        assert!(matches!(sent.delivery, Delivery::Failed(NetError::NotAccepted { .. })), "{sent:?}");
    }
}

#[test]
fn an_abort_tells_what_was_stored_before_it() {
    let found = echoed("aborts");
    assert!(matches!(found, NetError::Aborted { step: Step::Echo, .. }), "{found}");
    assert!(found.to_string().contains("see the peer's log"), "{found}");
    let running = Running::scripted("aborts_second", &[]);
    let transfer = store(&peer("PEER", running.port), &objects(&usual()));
    assert!(matches!(transfer.broke, Some(NetError::Aborted { step: Step::Store, .. })), "{transfer:?}");
    let [first, second, third, ..] = transfer.sent.as_slice() else { panic!() };
    assert!(first.delivery.is_there() && matches!(second.delivery, Delivery::Failed(_)), "{transfer:?}");
    assert_eq!(third.delivery, Delivery::NotSent);
}

// verifies: RQ-156
#[test]
fn a_slow_or_silent_peer_is_waited_for_as_long_as_was_said() {
    let took = |peer: &ocellus::interchange::dicom::net::Peer| {
        let begun = Instant::now();
        (echo(peer).unwrap_err(), begun.elapsed())
    };
    let within = |elapsed: Duration| (2_500..4_500).contains(&elapsed.as_millis());
    let running = Running::scripted("slow", &[]);
    let (found, elapsed) = took(&peer("PEER", running.port));
    assert_eq!(found, NetError::TimedOut { step: Step::Echo, after: Duration::from_secs(3) });
    assert!(within(elapsed), "{elapsed:?}");
    assert_eq!(found.remedy(), Remedy::Later);
    // One that takes the connection and says nothing, and one that says a byte now and then.
    let silent = few_lines(|stream| {
        thread::sleep(Duration::from_secs(10));
        drop(stream);
    });
    let dribbling = few_lines(|mut stream| {
        for byte in [2, 0, 0, 0, 0, 100].into_iter().chain([0; 30]) {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(500));
        }
    });
    for port in [silent, dribbling] {
        let (found, elapsed) = took(&peer("PEER", port));
        assert_eq!(found, NetError::TimedOut { step: Step::Associate, after: Duration::from_secs(3) });
        assert!(within(elapsed), "{elapsed:?}");
    }
}

#[test]
fn where_nothing_listens_the_advice_is_about_the_network() {
    let found = echo(&peer("PEER", free_port())).unwrap_err();
    assert!(matches!(found, NetError::Refused { .. }) && found.to_string().contains("check the port"), "{found}");
    let mut elsewhere = peer("PEER", 104);
    elsewhere.host = "no-such-host.invalid".to_owned();
    let found = echo(&elsewhere).unwrap_err();
    assert_eq!(found, NetError::NoHost { host: "no-such-host.invalid".to_owned() });
}

#[test]
fn what_is_no_dicom_is_recognised() {
    let answers = |bytes: &'static [u8]| {
        let port = few_lines(move |mut stream| {
            read_some(&mut stream);
            let _ = stream.write_all(bytes);
            thread::sleep(Duration::from_millis(300));
        });
        echo(&peer("PEER", port)).unwrap_err()
    };
    let found = answers(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_eq!(found, NetError::NotDicom { step: Step::Associate, byte: b'H' });
    let found = answers(&[0x15, 3, 3, 0, 2, 2, 10]);
    assert_eq!(found, NetError::SpeaksTls);
    assert_eq!(answers(b""), NetError::Closed { step: Step::Associate });
    for (bytes, fact) in [
        (&[4, 0, 0xff, 0xff, 0xff, 0xff][..], "expected at most"),
        (&[2, 0, 0, 0, 0, 4, 0, 1, 0, 0], "PDU of type 2"),
        (&[3, 0, 0, 0, 0, 4, 0, 1, 9, 9], "PDU of type 3"),
        (&[6, 0, 0, 0, 0, 4, 0, 0, 0, 0], "release answer"),
    ] {
        let found = answers(bytes);
        assert!(matches!(found, NetError::Malformed { .. }) && found.to_string().contains(fact), "{found}");
    }
    let found = answers(&[7, 0, 0, 0, 0, 4, 0, 0, 2, 1]);
    assert!(matches!(&found, NetError::Aborted { by, .. } if by.contains("unrecognized PDU")), "{found}");
}

#[test]
fn dcmtk_stores_every_object() {
    let folder = tempfile::TempDir::new().unwrap();
    let port = free_port();
    let mut command = std::process::Command::new("storescp");
    // The smallest PDUs that DCMTK takes: each object goes in several.
    command
        .args(["--prefer-jpeg8", "--max-pdu", "4096", "--output-directory"])
        .arg(folder.path())
        .arg(port.to_string());
    let _running = Running::start(&mut command, port);
    let all = objects(&usual());
    let transfer = store(&peer("ANY", port), &all);
    assert!(transfer.is_complete() && transfer.broke.is_none(), "{transfer:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), all.len());
    // The JPEG went as it is.
    assert_eq!(transfer.sent[0].delivery, Delivery::Stored { decoded: false, warning: None });
    let files: Vec<String> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path().display().to_string()).collect();
    for file in files {
        let said = tools::said(&tools::run("dciodvfy", &["-new", &file]));
        assert!(!said.contains("Error"), "{said}");
    }
}

#[test]
fn an_answer_to_something_else_is_no_answer() {
    const FIELD: (u16, &[u8]) = (0x0100, &[0x30, 0x80]);
    const NO_DATA: (u16, &[u8]) = (0x0800, &[1, 1]);
    const DATA: (u16, &[u8]) = (0x0800, &[0, 0]);
    const SUCCESS: (u16, &[u8]) = (0x0900, &[0, 0]);
    let answered = |elements, and_data| echo(&peer("PEER", tools::answers_with(elements, and_data)));
    assert_eq!(answered(&[FIELD, (0x0120, &[1, 0]), NO_DATA, SUCCESS], false), Ok(()));
    for (elements, and_data, fact) in [
        (&[FIELD, (0x0120, &[9, 0]), NO_DATA, SUCCESS][..], false, "message Some(9), expected 1"),
        (&[FIELD, NO_DATA, SUCCESS], false, "message None, expected 1"),
        (&[(0x0100, &[0x20, 0x80]), (0x0120, &[1, 0]), NO_DATA, SUCCESS], false, "command 0x8020, expected 0x8030"),
        (&[FIELD, (0x0120, &[1, 0]), NO_DATA], false, "no status"),
    ] {
        let found = answered(elements, and_data).unwrap_err();
        assert!(matches!(found, NetError::Malformed { step: Step::Echo, .. }), "{found}");
        assert!(found.to_string().contains(fact), "{found}");
    }
    // A data set that is announced and does not come, and one that comes with its command.
    let found = answered(&[FIELD, (0x0120, &[1, 0]), DATA, SUCCESS], false).unwrap_err();
    assert!(matches!(found, NetError::TimedOut { .. } | NetError::Closed { .. }), "{found}");
    assert_eq!(answered(&[FIELD, (0x0120, &[1, 0]), DATA, SUCCESS], true), Ok(()));
    let found = answered(&[(0x0100, &[0x30])], false).unwrap_err();
    assert!(matches!(found, NetError::Malformed { .. }), "{found}");
}

#[test]
fn a_large_photograph_goes_in_many_pdus() {
    let (object, bytes) = samples::large();
    let port = free_port();
    let _running = Running::start(std::process::Command::new("storescp").args(["--ignore", &port.to_string()]), port);
    let begun = Instant::now();
    let mut archive = peer("ANY", port);
    archive.times = Times::default();
    let transfer = store(&archive, std::slice::from_ref(&object));
    println!("{bytes} bytes of pixels in {:?}", begun.elapsed());
    assert!(transfer.is_complete() && bytes == 18_000_000, "{transfer:?}");
}

// verifies: RQ-156
#[test]
fn a_damaged_answer_is_an_error_and_nothing_worse() {
    let whole = tools::echo_answered();
    let answered = |bytes: Vec<u8>| {
        let port = few_lines(move |mut stream| {
            read_some(&mut stream);
            let _ = stream.write_all(&bytes);
        });
        let mut hasty = peer("PEER", port);
        hasty.times.answer = Duration::from_millis(200);
        hasty.times.release = Duration::from_millis(50);
        echo(&hasty)
    };
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    let begun = Instant::now();
    for _ in 0..10 {
        assert_eq!(answered(whole.clone()), Ok(()));
    }
    println!("10 echoes in {:?}", begun.elapsed());
    let mut errors = 0;
    for _ in 0..3000 {
        let mut bytes = whole.clone();
        for _ in 0..=next(3) {
            let at = next(bytes.len());
            bytes[at] = [next(256) as u8, 0, 0xff, 0x7f][next(4)];
        }
        if next(4) == 0 {
            bytes.truncate(next(bytes.len()));
        }
        errors += usize::from(answered(bytes).is_err());
    }
    // Lengths that nothing can have cost neither time nor memory.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    println!("{errors} of 3000 damaged answers are errors, in {:?}", begun.elapsed());
    assert!(errors > 1500);
}
