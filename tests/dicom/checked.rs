//! The test report: what works with a peer and what does not.

use std::time::Duration;

use ocellus::interchange::dicom::{
    net::{Commit, Plan, Query, Verdict, check},
    sample, transaction,
};

use crate::{
    samples::{CODES, usual},
    tools::{Running, free_port, peer},
};

#[test]
fn every_service_is_tried_and_told_in_a_line() {
    let object = sample(&usual().instrument, &CODES).unwrap();
    let query = Query::default();
    let transaction = transaction("test", 1);
    let commit = Commit { transaction: &transaction, here: Duration::from_secs(1), elsewhere: None };
    let plan = Plan { store: Some(&object), commit: Some(commit), worklist: Some(&query) };

    let running = Running::scripted("implicit", &[]);
    let found = check(&peer("PEER", running.port), plan);
    assert!(!found.is_good());
    let shown = found.to_string();
    println!("{shown}");
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("PEER at 127.0.0.1:") && lines[0].ends_with("(not encrypted)"), "{shown}");
    assert!(lines[1].contains("echo        works"), "{shown}");
    assert!(lines[2].contains("store       works    a test photograph was stored"), "{shown}");
    assert!(lines[3].contains("commitment  FAILS    the peer does not accept Storage Commitment"), "{shown}");
    assert!(lines[4].contains("worklist    FAILS    the peer does not accept Modality Worklist"), "{shown}");

    let only_echo = check(&peer("PEER", running.port), Plan::default());
    assert!(only_echo.is_good());
    assert!(only_echo.lines[1..].iter().all(|line| matches!(line.verdict, Verdict::Skipped(_))));

    let nobody = check(&peer("PEER", free_port()), plan);
    println!("{nobody}");
    assert!(matches!(nobody.lines[0].verdict, Verdict::Fails(_)));
    assert!(nobody.lines[1..].iter().all(|line| matches!(line.verdict, Verdict::Skipped(_))), "{nobody}");
}
