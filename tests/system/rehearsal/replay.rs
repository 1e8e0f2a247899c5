//! Recorded encounters replay to the same commands.
//!
//! A recording is a file of `tests/replay/`, one line of JSON after the other: first what it shows and the settings, then
//! events with their time, each followed by what came of it:
//!
//! ```text
//! {"about": "…", "settings": {"attempts": 3, …}}
//! {"at_ms": 0, "event": {"start": {"first": "OD"}}}
//! {"show": "aim", "eye": "OD", …}
//! {"light": "OD"}
//! ```
//!
//! What comes of an event: `show`, `capture`, `judge`, `persist` and `report` are commands, `light` says that the eye that may have
//! light is another one, `ignored` that the event did not fit the state it names. `UPDATE_REPLAYS=1` writes those lines
//! anew and leaves settings and events as they are: look at the difference before it is kept.
//!
//! Not here: the station around the encounter.

use std::{env, fs, path::PathBuf, time::Duration};

use ocellus::encounter::{Command, Encounter, Event, Handled, Monotonic, Settings, View};
use serde_json::{Map, Value, json};

/// The folder of the recordings.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("replay")
}

/// A command as a recording says it. Written out, so that a field that is added is added here, and one that is renamed
/// leaves the recordings as they are.
fn describe(command: &Command) -> Value {
    match command {
        Command::Show(view) => show(view),
        Command::Capture { token, eye, attempt, stage } => {
            json!({"capture": token, "eye": eye, "attempt": attempt, "stage": stage})
        }
        Command::Judge { token, capture, eye_confirmed } => {
            json!({"judge": token, "capture": capture, "eye_confirmed": eye_confirmed})
        }
        Command::Persist { token, entry } => json!({"persist": token, "entry": entry}),
        Command::Report { token } => json!({"report": token}),
    }
}

fn show(view: &View) -> Value {
    let more = match view {
        View::Ready | View::ConfirmAbort => json!({}),
        View::Question(question) => json!({"question": question}),
        View::Aim { eye, tries_left, stage, other_open } => {
            json!({"eye": eye, "tries_left": tries_left, "stage": stage, "other_open": other_open})
        }
        View::WhyNot { eye } | View::Judging { eye } | View::WhichEye { eye } => json!({"eye": eye}),
        View::Retake { eye, reasons, tries_left, other_open } => {
            json!({"eye": eye, "reasons": reasons, "tries_left": tries_left, "other_open": other_open})
        }
        View::Rest { eye, until, other_open } | View::DropsWork { eye, until, other_open } => {
            json!({"eye": eye, "until_ms": milliseconds(*until), "other_open": other_open})
        }
        View::OfferDrops { eye, other_open } => json!({"eye": eye, "other_open": other_open}),
        View::Result { right, left, patient, pre_check } => {
            json!({"right": right, "left": left, "patient": patient, "pre_check": pre_check})
        }
        View::Report { report, patient } => json!({"number": report, "patient": patient}),
        View::Fault(fault) => json!({"fault": fault}),
    };
    let mut described = Map::from_iter([("show".to_owned(), json!(view.name()))]);
    described.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(described)
}

fn milliseconds(at: Monotonic) -> u64 {
    u64::try_from(at.0.as_millis()).unwrap_or(u64::MAX)
}

/// The settings of a recording; what it does not say is as it is by default.
fn settings(said: &Value) -> Settings {
    let Settings { attempts, attempts_after_rest, rest, attempts_dilated, dilation, .. } = Settings::default();
    let number = |key: &str, default: u32| {
        said.get(key).map_or(default, |value| value.as_u64().and_then(|value| value.try_into().ok()).expect(key))
    };
    let time = |key: &str, default: Duration| {
        said.get(key).map_or(default, |value| Duration::from_secs(value.as_u64().expect(key)))
    };
    let known = ["questions", "attempts", "attempts_after_rest", "rest_s", "attempts_dilated", "dilation_s"];
    for key in said.as_object().expect("settings").keys() {
        assert!(known.contains(&key.as_str()), "settings: {key} is unknown");
    }
    Settings {
        questions: said
            .get("questions")
            .map_or_else(Vec::new, |asked| serde_json::from_value(asked.clone()).expect("names of questions")),
        attempts: number("attempts", attempts),
        attempts_after_rest: number("attempts_after_rest", attempts_after_rest),
        rest: time("rest_s", rest),
        attempts_dilated: number("attempts_dilated", attempts_dilated),
        dilation: time("dilation_s", dilation),
        ..Settings::default()
    }
}

/// Lives a recording anew: its settings and events as they are, and what comes of them now.
fn replayed(recording: &str) -> Vec<Value> {
    let mut lines = recording.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    let first = lines.next().expect("a line with settings");
    let mut encounter = Encounter::new(settings(&first["settings"]));
    let mut light = None;
    let mut lived = vec![first];
    let mut look = |encounter: &mut Encounter, lived: &mut Vec<Value>| {
        while let Some(command) = encounter.poll_command() {
            lived.push(describe(&command));
        }
        if encounter.light() != light {
            light = encounter.light();
            lived.push(json!({"light": light}));
        }
    };
    look(&mut encounter, &mut lived);
    for line in lines.filter(|line| line.get("event").is_some()) {
        let at = Monotonic(Duration::from_millis(line["at_ms"].as_u64().expect("at_ms")));
        let event: Event = serde_json::from_value(line["event"].clone()).expect("an event");
        lived.push(line);
        if let Handled::Ignored { state, .. } = encounter.handle(event, at) {
            lived.push(json!({"ignored": state}));
        }
        look(&mut encounter, &mut lived);
    }
    lived
}

#[test]
fn recorded_encounters_replay_to_the_same_commands() {
    let folder = folder();
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    files.sort();
    assert!(files.len() >= 8, "only {} recordings in {}", files.len(), folder.display());
    for file in files {
        let recording = fs::read_to_string(&file).unwrap();
        let lived: Vec<String> = replayed(&recording).iter().map(Value::to_string).collect();
        if env::var_os("UPDATE_REPLAYS").is_some() {
            fs::write(&file, lived.join("\n") + "\n").unwrap();
            continue;
        }
        for (number, (recorded, now)) in recording.lines().zip(&lived).enumerate() {
            let recorded: Value = serde_json::from_str(recorded).unwrap();
            assert_eq!(
                recorded,
                serde_json::from_str::<Value>(now).unwrap(),
                "{}, line {}",
                file.display(),
                number + 1
            );
        }
        assert_eq!(recording.lines().count(), lived.len(), "{}: longer or shorter than recorded", file.display());
    }
}
