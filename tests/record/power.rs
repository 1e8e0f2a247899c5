//! The power of a virtual device is cut while it writes: what it said is stored, is on its disk.
//!
//! `OCELLUS_POWER_CUTS` sets how often, 6 where it is not set.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use ocellus::record::{Key, Store};
use ocellus_vm::{Disk, Hardware, Image, Kit, Machine, disk};

use super::{AT, SEED, Said, ledger, note, shared, step, verify};

const SOON: Duration = Duration::from_secs(600);
const DISK_MIB: u64 = 64;
/// Most lines that the writer says before its power is cut.
const LINES: u64 = 60;

// verifies: RQ-051
#[test]
#[ignore = "needs a kernel: make vm-test"]
fn what_was_stored_survives_the_power_being_cut() {
    let cuts = std::env::var("OCELLUS_POWER_CUTS").map_or(6, |cuts| cuts.parse().unwrap());
    let kit = Kit::find();
    let home = tempfile::tempdir().unwrap();
    let key = home.path().join("device.key");
    Key::create_file(&key).unwrap();
    let disk = Disk::new(home.path().join("disk"), DISK_MIB);
    let hardware = disk.plugged_into(Hardware::default());
    let (mut all, mut last_kept, mut things, mut slowest) = (Said::new(), None, 0, Duration::ZERO);
    let mut state = SEED;
    for cut in 0..cuts {
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
        std::thread::sleep(Duration::from_micros(state % 150_000));
        text += &machine.cut_power();
        let mut said = Said::new();
        last_kept = note(&mut said, &text).or(last_kept);
        for (name, said) in said {
            all.entry(name).or_default().extend(said);
        }

        let copy = home.path().join(format!("after-{cut}"));
        std::fs::create_dir(&copy).unwrap();
        disk.copy_out("/record", &copy);
        let began = Instant::now();
        let mut store = Store::open(&copy.join("record"), &Key::File(key.clone()), shared::device(), AT).unwrap();
        slowest = slowest.max(began.elapsed());
        assert_eq!(store.findings(), [], "cut {cut}");
        things = verify(&mut store, &all);
        last_kept = last_kept.map(|kept| ledger(&mut store, kept, cut));
    }
    println!("{cuts} power cuts: {things} things said to be stored, all there; slowest start {slowest:?}");
    assert!(things > 0);
}
