//! A program that writes encounters is killed at any moment: what it said is stored, is there, and all verifies.
//!
//! `OCELLUS_KILLS` sets how often, 60 where it is not set.

#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod keys;
mod power;
mod shared;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use ocellus::record::{EncounterId, Key, Search, Stamp, Store, StoreError};
use ocellus_model::laterality::Laterality;

const AT: Stamp = Stamp { unix_seconds: 1_800_000_000, clock_is_set: true };
/// Kills of one record before another is begun.
const A_RECORD: u64 = 100;

fn writer(folder: &Path, key: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_record-writer"));
    command.args([folder, key]).stdout(Stdio::piped()).spawn().unwrap()
}

/// Where the moments of the kills begin.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// The next number (xorshift64, Marsaglia 2003).
fn step(state: &mut u64) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
}

/// Whether the ledger that was said to be kept is there, or the one after it, of which nothing was said yet; tells which.
fn ledger(store: &mut Store, said: u64, turn: u64) -> u64 {
    let now = store.kept::<u64>("light-ledger").unwrap().unwrap();
    assert!(now == said || now == said + 1, "kept {now}, said {said}: turn {turn}");
    now
}

/// What was said of an encounter.
type Said = BTreeMap<String, Vec<String>>;

/// Notes what was said; a torn last line was not said.
fn note(said: &mut Said, text: &str) -> Option<u64> {
    let mut kept = None;
    for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        let mut words = line.split(' ');
        match (words.next(), words.next()) {
            (Some("open"), None) => {}
            (Some("keep"), Some(number)) => kept = Some(number.parse().unwrap()),
            (Some(what @ ("begin" | "photograph" | "end" | "report" | "purge")), Some(name)) => {
                said.entry(name.to_owned()).or_default().push([what, words.next().unwrap_or_default()].concat());
            }
            _ => panic!("the writer says {line:?}"),
        }
    }
    kept
}

/// Whether all is there that was said of encounters; returns how many things that were.
fn verify(store: &mut Store, said: &Said) -> usize {
    let known: BTreeMap<String, EncounterId> = store
        .list(&Search::default(), u32::MAX)
        .unwrap()
        .into_iter()
        .map(|summary| (summary.name, summary.id))
        .collect();
    for (name, said) in said {
        let id = known[name];
        let read = store.read(id, "test", AT).unwrap();
        if read.summary.state == "purged" {
            // What was broken off is never sent, and nothing is waited for.
            assert!(name.contains("practice") || !said.contains(&"end".to_owned()), "{name}");
            continue;
        }
        assert!(!said.contains(&"purge".to_owned()), "{name}");
        for what in said {
            match what.as_str() {
                "begin" => assert_eq!(read.summary.patient.name, "Zzyzx-Canary"),
                "end" => assert_eq!(
                    (read.summary.state.as_str(), &read.ended.as_ref().unwrap()["name"]),
                    ("ended", &name.as_str().into())
                ),
                "report" => assert_eq!(*store.report_pdf(name).unwrap(), name.as_bytes()),
                eye => {
                    let eye = if eye.ends_with("OD") { Laterality::Od } else { Laterality::Os };
                    assert_eq!(*store.photograph_bytes(id, eye, 1).unwrap(), shared::photograph(name, eye, 1));
                }
            }
        }
        if !said.contains(&"end".to_owned()) {
            assert!(["broken off", "ended"].contains(&read.summary.state.as_str()), "{name}");
        }
    }
    said.values().map(Vec::len).sum()
}

// verifies: RQ-051
#[test]
fn what_was_stored_survives_being_killed_at_any_moment() {
    let kills = std::env::var("OCELLUS_KILLS").map_or(60, |kills| kills.parse().unwrap());
    let home = tempfile::tempdir().unwrap();
    let key = home.path().join("device.key");
    Key::create_file(&key).unwrap();
    let mut state = SEED;
    let (mut folder, mut all, mut last_kept) = (PathBuf::new(), Said::new(), None);
    let (mut things, mut broken_off, mut before_open, mut starts, mut largest) = (0, 0, 0, Vec::new(), 0);
    for kill in 0..kills {
        if kill % A_RECORD == 0 {
            folder = home.path().join(format!("record-{kill}"));
            (all, last_kept) = (Said::new(), None);
        }
        step(&mut state);
        let mut child = writer(&folder, &key);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        // Each fourth time also while the record is being made or opened.
        if kill % 4 != 3 {
            out.read_line(&mut text).unwrap();
        }
        std::thread::sleep(Duration::from_micros(state % 150_000));
        child.kill().unwrap();
        child.wait().unwrap();
        out.read_to_string(&mut text).unwrap();
        let mut said = Said::new();
        last_kept = note(&mut said, &text).or(last_kept);
        if !text.contains("open\n") {
            before_open += 1;
        }
        let began = Instant::now();
        let opened = Store::open(&folder, &Key::File(key.clone()), shared::device(), AT);
        let took = began.elapsed();
        let mut store = match opened {
            Ok(store) => store,
            // Killed before the record was made.
            Err(StoreError::Missing { .. }) if !text.contains("open\n") => continue,
            Err(error) => panic!("kill {kill}: {error}"),
        };
        assert_eq!(store.findings(), [], "kill {kill}");
        starts.push(took);
        broken_off += store.broken_off().len();
        things += verify(&mut store, &said);
        last_kept = last_kept.map(|kept| ledger(&mut store, kept, kill));
        for (name, said) in said {
            all.entry(name).or_default().extend(said);
        }
        let files = std::fs::read_dir(folder.join("files")).unwrap().count();
        largest = largest.max(files);
        if kill % A_RECORD == A_RECORD - 1 || kill == kills - 1 {
            verify(&mut store, &all);
        }
    }
    starts.sort();
    let (median, slowest) = (starts[starts.len() / 2], starts[starts.len() - 1]);
    println!(
        "{kills} kills ({before_open} before the record was open): {things} things said to be stored, all there; \
         {broken_off} encounters broken off; starts: median {median:?}, slowest {slowest:?}; \
         largest record {largest} files"
    );
    assert!(things > 0);
}

// verifies: RQ-051, RQ-052
#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let key = home.path().join("device.key");
    Key::create_file(&key).unwrap();
    let disk = home.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"]).arg(&disk).status();
    let mounted = mounted.is_ok_and(|status| status.success());
    let folder = disk.join("record");
    // Without the right to mount: no file may be longer than 500 kB, which the database's log is soon.
    let mut child = if mounted {
        writer(&folder, &key)
    } else {
        let limited = "trap '' XFSZ; ulimit -f 1000; exec \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", limited, "sh", env!("CARGO_BIN_EXE_record-writer")]).args([&folder, &key]);
        command.stdout(Stdio::piped()).spawn().unwrap()
    };
    let (mut text, mut error) = (String::new(), String::new());
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap) {
        if line.starts_with("error") { error = line } else { text.extend([line.as_str(), "\n"]) }
    }
    child.wait().unwrap();
    if mounted {
        assert!(error.starts_with("error full"), "{error}");
    }
    let mut said = Said::new();
    note(&mut said, &text);
    assert!(said.len() > 2, "{text}");
    // The first try to close the unfinished encounter may give up the reserve, and the second has its room.
    let mut store = Store::open(&folder, &Key::File(key.clone()), shared::device(), AT);
    if let Err(error) = &store {
        assert!(error.is_full(), "{error}");
        store = Store::open(&folder, &Key::File(key), shared::device(), AT);
    }
    let mut store = store.unwrap();
    assert_eq!(store.findings(), []);
    if mounted {
        assert!(store.probe().unwrap_err().is_full());
        let made = Command::new("mount").args(["-o", "remount,size=64m"]).arg(&disk).status().unwrap();
        assert!(made.success());
        store.probe().unwrap();
    }
    let things = verify(&mut store, &said);
    println!("mounted {mounted}: {things} things stored before {error:?}, all there");
    drop(store);
    if mounted {
        assert!(Command::new("umount").arg(&disk).status().unwrap().success());
    }
}
