//! How long a full record takes: to open with all its checks, to list, to search, to look into, and to note what was sent.
//!
//! `OCELLUS_BENCH_ENCOUNTERS` sets how many encounters it has, 10,000 where it is not set; they are written first, in the
//! system's folder for temporary files, through the same calls as the device's. Each has two photographs of 20 kB, findings
//! about as long as real ones, a report, and something to send.

#![expect(clippy::unwrap_used, reason = "a benchmark that can't be set up has to stop")]

use std::{
    env,
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ocellus::{
    record::{Begin, Device, EncounterId, End, Key, NewReport, Search, Sending, Shot, Stamp, Store},
    station::Patient,
};
use ocellus_model::laterality::Laterality;
use serde_json::json;

const AT: Stamp = Stamp { unix_seconds: 1_800_000_000, clock_is_set: true };
const NAMES: [&str; 8] = ["Alvarez", "Baptiste", "Chowdhury", "Diallo", "Eze", "Fernandes", "Gupta", "Haile"];

fn device() -> Device {
    Device { site: "Clinic".into(), name: "one".into(), version: "0".into(), simulated: true }
}

fn at(number: u32) -> Stamp {
    Stamp { unix_seconds: AT.unix_seconds + 600 * i64::from(number), ..AT }
}

fn screen(store: &mut Store, number: u32) -> EncounterId {
    let name = format!("{}^{number:05}", NAMES[number as usize % NAMES.len()]);
    let patient = Patient { id: format!("{number:06}"), name, birth_date: "1961-02-28".into() };
    let begin = Begin { patient: &patient, practice: false, operator: Some("amina") };
    let encounter = store.begin(begin, &json!({ "order": null }), at(number)).unwrap();
    let scores: Vec<_> =
        (0..8).map(|output| json!({ "output": output, "value": 0.123_456, "threshold": 0.5 })).collect();
    let measured: Vec<_> = (0..24).map(|measure| json!({ "measure": measure, "value": 0.123_456_789 })).collect();
    let judged = json!({ "outcome": "refer", "scores": scores, "quality": measured });
    for (eye, first) in [(Laterality::Od, 0_u8), (Laterality::Os, 1)] {
        let mut bytes = vec![first; 20_000];
        bytes[..4].copy_from_slice(&number.to_le_bytes());
        let shot = Shot { eye, attempt: 1, bytes: &bytes };
        store.photograph(encounter, shot, &json!({ "stage": "undilated" }), &judged, at(number)).unwrap();
    }
    let sending = Sending { kind: "dicom", destination: "archive" };
    store.end(encounter, End::Result, &json!({ "patient": "refer" }), &[sending], at(number)).unwrap();
    let number_of_report = store.name(encounter).unwrap();
    let report = NewReport { number: &number_of_report, replaces: None, pdf: &[b'%'; 8_000] };
    store.report(encounter, report, &[], at(number)).unwrap();
    encounter
}

/// The largest resident set of this process so far, in MiB, as the kernel tells it.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

fn full_record(criterion: &mut Criterion) {
    let encounters = env::var("OCELLUS_BENCH_ENCOUNTERS").map_or(10_000, |given| given.parse().unwrap());
    let home = tempfile::tempdir().unwrap();
    let key = Key::create_file(&home.path().join("record.key")).unwrap();
    let folder = home.path().join("record");
    let began = Instant::now();
    let mut store = Store::create(&folder, &key, device(), AT).unwrap();
    let mut newest = None;
    let mut peaks = Vec::new();
    for number in 0..encounters {
        newest = Some(screen(&mut store, number));
        if number % (encounters / 4).max(1) == 0 {
            peaks.push(peak_mib());
        }
    }
    let newest = newest.unwrap();
    let database = std::fs::metadata(folder.join("record.db")).unwrap().len() / 1_000_000;
    println!("{encounters} encounters written in {:.0?}; database {database} MB; peaks {peaks:?} MiB", began.elapsed());
    drop(store);

    let mut group = criterion.benchmark_group(format!("record of {encounters}"));
    group.sample_size(10);
    group.measurement_time(Duration::from_secs(15));
    let open = || Store::open(&folder, &key, device(), at(encounters)).unwrap();
    group.bench_function("open", |bencher| bencher.iter_with_large_drop(open));
    println!("peak after opening: {} MiB", peak_mib());
    let mut store = open();
    group.measurement_time(Duration::from_secs(5));
    let list = |search: &Search<'_>| store.list(black_box(search), 20).unwrap().len();
    group.bench_function("list", |bencher| bencher.iter(|| list(&Search::default())));
    let of_one = Search { patient_id: Some("000777"), ..Search::default() };
    group.bench_function("search a number", |bencher| bencher.iter(|| list(&of_one)));
    let by_name = Search { name_prefix: Some("Diallo^00"), ..Search::default() };
    group.bench_function("search a name", |bencher| bencher.iter(|| list(&by_name)));
    group.bench_function("read an encounter and its photographs", |bencher| {
        bencher.iter(|| {
            let read = store.read(newest, "amina", AT).unwrap();
            let bytes = [Laterality::Od, Laterality::Os].map(|eye| store.photograph_bytes(newest, eye, 1).unwrap());
            (read, bytes)
        });
    });
    group.bench_function("what is due of a full queue", |bencher| {
        bencher.iter(|| store.outbox().due(at(encounters), 16).unwrap().len());
    });
    group.bench_function("note what was sent", |bencher| {
        let due = |store: &mut Store| store.outbox().due(at(encounters), 1).unwrap().first().map(|waiting| waiting.id);
        let store = std::cell::RefCell::new(&mut store);
        bencher.iter_batched(
            || due(&mut store.borrow_mut()).unwrap(),
            |id| store.borrow_mut().outbox().delivered(id, at(encounters)).unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    println!("peak after all: {} MiB", peak_mib());
}

criterion_group!(benches, full_record);
criterion_main!(benches);
