//! Writes encounters until it is killed, and prints a line for each thing that is stored. For the crash test.

#[path = "../record/shared.rs"]
mod shared;

use std::{
    io::Write,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use ocellus::{
    record::{Begin, End, Key, NewReport, Retention, Sending, Shot, Stamp, Store, StoreError},
    station::Patient,
};
use ocellus_model::laterality::Laterality;
use serde_json::json;

fn main() {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let (Some(folder), Some(key)) = (arguments.next(), arguments.next()) else {
        eprintln!("record-writer FOLDER KEY");
        std::process::exit(2);
    };
    if let Err(error) = write(&folder, &Key::File(key)) {
        say(&format!("error {} {error}", if error.is_full() { "full" } else { "other" }));
        std::process::exit(1);
    }
}

fn write(folder: &std::path::Path, key: &Key) -> Result<(), StoreError> {
    let mut store = if Store::is_at(folder) {
        Store::open(folder, key, shared::device(), now())?
    } else {
        Store::create(folder, key, shared::device(), now())?
    };
    if !store.findings().is_empty() {
        say(&format!("found {:?}", store.findings()));
        std::process::exit(3);
    }
    say("open");
    let mut kept = store.kept("light-ledger")?.unwrap_or(0);
    for turn in 0_u32.. {
        let practice = turn % 5 == 4;
        let patient = Patient { id: turn.to_string(), name: "Zzyzx-Canary".into(), birth_date: String::new() };
        let begin = Begin { patient: &patient, practice, operator: Some("amina") };
        let encounter = store.begin(begin, &json!({ "turn": turn }), now())?;
        let name = store.name(encounter)?;
        say(&format!("begin {name}"));
        for eye in [Laterality::Od, Laterality::Os] {
            let bytes = shared::photograph(&name, eye, 1);
            let shot = Shot { eye, attempt: 1, bytes: &bytes };
            store.photograph(encounter, shot, &json!({ "stage": "plain" }), &json!({ "outcome": "refer" }), now())?;
            say(&format!("photograph {name} {eye}"));
            kept += 1;
            store.keep("light-ledger", &kept)?;
            say(&format!("keep {kept}"));
        }
        let sending = Sending { kind: "dicom", destination: "archive" };
        store.end(encounter, End::Result, &json!({ "name": name }), &[sending], now())?;
        say(&format!("end {name}"));
        store.report(encounter, NewReport { number: &name, replaces: None, pdf: name.as_bytes() }, &[], now())?;
        say(&format!("report {name}"));
        if turn % 7 == 6 {
            let later = Stamp { unix_seconds: now().unix_seconds + 86_400 * 2, ..now() };
            for name in store.purge(Retention { days: 1, also_never_sent: false }, "sam", later)?.encounters {
                say(&format!("purge {name}"));
            }
        }
    }
    Ok(())
}

fn now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp { unix_seconds: since.as_secs() as i64, clock_is_set: true }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        std::process::exit(4);
    }
}
