//! The power of a virtual device is cut while it writes: what it said is stored, is on its disk.
//!
//! `OCELLUS_POWER_CUTS` sets how often, 6 where it is not set. Before each cut the machine is stopped at `OCELLUS_POWER_MOMENTS`
//! moments, 10 where it is not set, and what its disk holds then, which is what a cut would leave, is read in the same way.
//! Everything ever stored on a disk is read each time, so that a disk is left for an empty one after six cuts.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use ocellus::record::{Key, Store};
use ocellus_vm::{Disk, Hardware, Image, Kit, Machine, disk};
use serde_json::json;

use super::{AT, SEED, Said, ledger, note, shared, step, verify};

const SOON: Duration = Duration::from_secs(600);
const DISK_MIB: u64 = 64;
/// How many cuts a disk has to live through.
const CUTS_OF_A_DISK: u64 = 6;
/// Most lines that the writer says before its power is cut.
const LINES: u64 = 60;
/// How long nothing more comes from a machine that stands still.
const QUIET: Duration = Duration::from_millis(50);

// verifies: RQ-051
#[test]
#[ignore = "needs a kernel: make vm-test"]
fn what_was_stored_survives_the_power_being_cut() {
    let often = |name, otherwise| std::env::var(name).map_or(otherwise, |often| often.parse().unwrap());
    let (cuts, moments): (u64, u64) = (often("OCELLUS_POWER_CUTS", 6), often("OCELLUS_POWER_MOMENTS", 10));
    let kit = Kit::find();
    let home = tempfile::tempdir().unwrap();
    let key = home.path().join("device.key");
    Key::create_file(&key).unwrap();
    let empty = || Disk::new(home.path().join("disk"), DISK_MIB);
    let mut disk = empty();
    let (mut all, mut last_kept, mut things, mut slowest) = (Said::new(), None, 0, Duration::ZERO);
    let mut state = SEED;
    for cut in 0..cuts {
        if cut > 0 && cut % CUTS_OF_A_DISK == 0 {
            (disk, all, last_kept) = (empty(), Said::new(), None);
        }
        let hardware = disk.plugged_into(Hardware::default());
        step(&mut state);
        let image = Image::new(&kit)
            .modules(&disk::MODULES)
            .built("record-writer", Path::new(env!("CARGO_BIN_EXE_record-writer")))
            .file("/device.key", &std::fs::read(&key).unwrap());
        let mut machine = Machine::start(&kit, image, &hardware);
        disk.mount(&mut machine, SOON);
        machine.must("chmod 600 /device.key", SOON);
        machine.begin("record-writer /store/record /device.key");
        let mut text = String::new();
        for _ in 0..=state % LINES {
            let line = machine.line(SOON, "something stored", |_| true);
            assert!(!line.starts_with("error") && !line.starts_with("found"), "{line}");
            text += &(line + "\n");
        }
        for moment in 0..moments {
            step(&mut state);
            for _ in 0..state % 4 {
                text += &(machine.line(SOON, "something stored", |_| true) + "\n");
            }
            std::thread::sleep(Duration::from_micros(state % 40_000));
            machine.qmp().ask("stop", json!({}));
            text += &machine.said_by_now(QUIET);
            let now = disk.as_it_is(home.path().join("moment"));
            let mut said = all.clone();
            let kept = add(&mut said, &text).or(last_kept);
            let (_, took) = read(&now, &home.path().join(format!("moment-{cut}-{moment}")), &key, (&said, kept), cut);
            slowest = slowest.max(took);
            machine.qmp().ask("cont", json!({}));
        }
        std::thread::sleep(Duration::from_micros(state % 150_000));
        text += &machine.cut_power();
        last_kept = add(&mut all, &text).or(last_kept);
        let (found, took) = read(&disk, &home.path().join(format!("after-{cut}")), &key, (&all, last_kept), cut);
        last_kept = found.1;
        // The last cut of a disk finds all that was ever stored on it.
        if (cut + 1) % CUTS_OF_A_DISK == 0 || cut + 1 == cuts {
            things += found.0;
        }
        slowest = slowest.max(took);
    }
    println!(
        "{cuts} power cuts and {} moments before them: {things} things said to be stored, all there at each; slowest start {slowest:?}",
        cuts * moments
    );
    assert!(things > 0);
}

/// Adds what was said to what was said before; tells the newest ledger.
fn add(all: &mut Said, text: &str) -> Option<u64> {
    let mut said = Said::new();
    let kept = note(&mut said, text);
    for (name, said) in said {
        all.entry(name).or_default().extend(said);
    }
    kept
}

/// Reads a disk from outside: all that was said is there. Tells how many things that are and which ledger, and how long the
/// start took.
fn read(
    disk: &Disk,
    into: &Path,
    key: &Path,
    (said, kept): (&Said, Option<u64>),
    cut: u64,
) -> ((usize, Option<u64>), Duration) {
    std::fs::create_dir(into).unwrap();
    disk.copy_out("/record", into);
    let began = Instant::now();
    let mut store = Store::open(&into.join("record"), &Key::File(key.to_owned()), shared::device(), AT).unwrap();
    let took = began.elapsed();
    assert_eq!(store.findings(), [], "cut {cut}");
    let things = verify(&mut store, said);
    let kept = kept.map(|kept| ledger(&mut store, kept, cut));
    drop(store);
    std::fs::remove_dir_all(into).unwrap();
    ((things, kept), took)
}
