//! Storage commitment with scripted archives: at once, on a way back, in part, never.

use std::time::{Duration, Instant};

use ocellus::interchange::dicom::{
    net::{AeTitle, Commitment, Failure, Instance, Listener, NetError, Step, Times, commit, echo},
    transaction,
};

use crate::tools::{Running, free_port, peer, title};

fn instances() -> Vec<Instance> {
    let class = "1.2.840.10008.5.1.4.1.1.77.1.5.1".to_owned();
    [1, 2].map(|number| Instance { class: class.clone(), uid: format!("2.25.{number}") }).to_vec()
}

fn asked(how: &[&str], listener: Option<&Listener>) -> Result<Commitment, NetError> {
    let running = Running::scripted("commit", how);
    let archive = peer("PEER", running.port);
    let elsewhere = listener.map(|listener| (listener, Duration::from_secs(10)));
    commit(&archive, &instances(), &transaction("2.25.1", 1), Duration::from_secs(1), elsewhere)
}

fn listener(title: AeTitle) -> Listener {
    Listener::bind("127.0.0.1:0".parse().unwrap(), title, peer("X", 1).times, None).unwrap()
}

#[test]
fn a_report_at_once_is_taken_on_the_same_association() {
    assert_eq!(asked(&["here"], None), Ok(Commitment::Committed));
}

#[test]
fn what_is_not_committed_is_told_with_its_reason() {
    let failed = |reason| Ok(Commitment::Failed(vec![Failure { uid: "2.25.2".to_owned(), reason }]));
    assert_eq!(asked(&["partial"], None), failed(Some(0x0112)));
    assert_eq!(asked(&["unmentioned"], None), failed(None));
}

#[test]
fn a_report_on_the_way_back_is_taken_by_the_listener() {
    let listener = listener(title("OCELLUS"));
    let port = listener.address().unwrap().port().to_string();
    assert_eq!(asked(&["elsewhere", &port], Some(&listener)), Ok(Commitment::Committed));
}

#[test]
fn a_report_that_does_not_come_is_pending_and_may_come_later() {
    assert_eq!(asked(&["never"], None), Ok(Commitment::Pending));
    let listener = listener(title("OCELLUS"));
    let port = listener.address().unwrap().port().to_string();
    let running = Running::scripted("commit", &["elsewhere", &port]);
    let archive = peer("PEER", running.port);
    let transaction = transaction("2.25.1", 2);
    let committed = commit(&archive, &instances(), &transaction, Duration::from_millis(100), None);
    assert_eq!(committed, Ok(Commitment::Pending));
    let report = listener.next(Duration::from_secs(10)).unwrap().unwrap();
    assert_eq!(report.transaction, transaction);
    assert_eq!(report.about(&instances()), Commitment::Committed);
}

#[test]
fn an_archive_that_refuses_is_an_error() {
    let found = asked(&["refused"], None).unwrap_err();
    assert!(matches!(&found, NetError::Failed { step: Step::Commit, status } if status.code == 0x0124), "{found}");
    let running = Running::scripted("other_class", &[]);
    let archive = peer("PEER", running.port);
    let found = commit(&archive, &instances(), "2.25.5", Duration::from_secs(1), None).unwrap_err();
    assert!(found.to_string().contains("Storage Commitment"), "{found}");
}

#[test]
fn the_listener_answers_echoes_refuses_other_names_and_is_not_held_up() {
    let listener = listener(title("OCELLUS"));
    let port = listener.address().unwrap().port();
    let waiting = std::thread::spawn(move || {
        let begun = Instant::now();
        (listener.next(Duration::from_secs(4)), begun.elapsed())
    });
    let silent = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut patient = peer("OCELLUS", port);
    patient.times = Times::default();
    assert_eq!(echo(&patient), Ok(()));
    let mut other = peer("OTHER", port);
    other.times = Times::default();
    let found = echo(&other).unwrap_err();
    assert!(found.to_string().contains("called AE title"), "{found}");
    drop(silent);
    let (report, elapsed) = waiting.join().unwrap();
    assert_eq!(report, Ok(None));
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
}

#[test]
fn a_port_in_use_is_an_error_that_names_it() {
    let one = listener(title("OCELLUS"));
    let address = one.address().unwrap();
    let found = Listener::bind(address, title("OCELLUS"), Times::default(), None).unwrap_err();
    assert!(found.to_string().contains(&address.to_string()), "{found}");
    let _ = free_port();
}
