//! `ocellus run` as a clinic uses it: the program itself, operated through its panel and its shutter button.

#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

mod window;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use embedded_graphics::prelude::Point;
use ocellus::{
    encounter::{Question, View},
    record::{Encounter, Key, Passphrase, Search, Store},
    screens::{Context, Screens},
    station::{Press, Screen},
    store::{Home, Stamp},
};
use ocellus_board::panel::Geometry;
use ocellus_model::label::Output;
use ocellus_tests::{
    bundles::SignedBundle,
    programs::{Run, pin_line},
};

use window::Display;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ocellus-under-test");
/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a screen has to stand before a touch is meant for it, with something to spare.
const SETTLES: Duration = Duration::from_millis(600);

/// A device that runs, and its operator.
struct Device {
    child: Child,
    lines: Option<ChildStdin>,
    shown: Receiver<String>,
    store: PathBuf,
    panel: Screens,
}

impl Device {
    fn start(bundle: &SignedBundle, config: &str) -> Self {
        Device::start_with(bundle, config, bundle.home().join("store"))
    }

    fn start_with(bundle: &SignedBundle, config: &str, store: PathBuf) -> Self {
        Device::start_set(bundle, config, store, &[], None)
    }

    /// With keys of the configuration besides, and on a display.
    fn start_set(bundle: &SignedBundle, config: &str, store: PathBuf, set: &[&str], display: Option<&Display>) -> Self {
        let file = bundle.home().join("ocellus.toml");
        fs::write(&file, format!("{config}\n[store]\nfolder = {:?}\n", store.display().to_string())).unwrap();
        let mut child = Command::new(PROGRAM)
            .arg("run")
            .arg("--script")
            .args(["--config".as_ref(), file.as_os_str()])
            .arg("--bundle")
            .arg(bundle.directory())
            .arg("--trust")
            .arg(bundle.key_file())
            .args(set.iter().flat_map(|set| ["--set", *set]))
            .env_remove("RUST_LOG")
            .envs(display.map(|display| ("DISPLAY", display.name())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, shown) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _gone = tell.send(line);
            }
        });
        let lines = child.stdin.take();
        Device { child, lines, shown, store, panel: Screens::new(Geometry::SEVEN_INCH) }
    }

    /// An operator has signed in and confirmed who the patient is; the first question stands there.
    fn with_a_patient(bundle: &SignedBundle, config: &str) -> Self {
        let mut device = Device::start(bundle, config);
        device.wait_for("sign-in");
        device.button();
        device.wait_for("pin");
        device.type_pin(&[2, 5, 8, 0]);
        device.wait_for("home");
        device.line("scan 4711|Roe, Jane|1961-02-28");
        device.wait_for("confirm");
        device.button();
        device.wait_for("question");
        device
    }

    /// Waits for a screen; those before it are passed over.
    fn wait_for(&self, name: &str) {
        let until = Instant::now() + PATIENCE;
        let mut passed = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.shown.recv_timeout(left) {
                Ok(shown) if shown == name => break,
                Ok(shown) => passed.push(shown),
                Err(error) => panic!("{name} did not come ({error}); what came: {passed:?}"),
            }
        }
        thread::sleep(SETTLES);
    }

    fn line(&mut self, line: &str) {
        writeln!(self.lines.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Touches what stands for a press on a screen of this kind.
    fn touch(&mut self, screen: &Screen, press: Press) {
        let Point { x, y } = self.place_of(screen, press);
        self.line(&format!("touch {x} {y}"));
    }

    /// Where that stands on the panel.
    fn place_of(&mut self, screen: &Screen, press: Press) -> Point {
        let controls = self.panel.draw(screen, &Context::default()).controls;
        let control = controls.iter().find(|control| control.press == press).unwrap();
        control.area.center()
    }

    fn type_pin(&mut self, digits: &[u8]) {
        let screen = Screen::Pin { name: String::new(), digits: 0, refused: None, locked: false };
        for &digit in digits {
            self.touch(&screen, Press::Digit(digit));
            thread::sleep(SETTLES);
        }
        self.touch(&screen, Press::Enter);
    }

    /// A short press of the shutter button: the main control.
    fn button(&mut self) {
        self.line("press");
        thread::sleep(Duration::from_millis(100));
        self.line("release");
    }

    fn end(mut self) -> Option<i32> {
        self.lines = None;
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _gone = self.child.kill();
        panic!("the program did not end");
    }
}

fn config() -> String {
    format!(
        "[[operators]]\nid = \"amina\"\nname = \"Amina K.\"\nrole = \"operator\"\n{}\n\
         [session]\nlock_after_seconds = 300\n[questions]\nenabled = [\"symptoms\"]\n[encounter]\nrest_seconds = 10\n",
        pin_line(PROGRAM.as_ref(), "2580")
    )
}

const AT: Stamp = Stamp { unix_seconds: 1_795_900_000, clock_is_set: true };

/// The record that a device left.
fn record(store: &Path) -> Store {
    opened(Home::at(store.to_owned()))
}

fn opened(home: Home) -> Store {
    let device = ocellus::store::Device {
        site: "test".to_owned(),
        name: "test".to_owned(),
        version: "0".to_owned(),
        simulated: true,
    };
    home.open(device, AT).unwrap()
}

/// The one encounter of a record.
fn only(record: &mut Store) -> Encounter {
    let found = record.list(&Search::default(), 10).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    record.read(found[0].id, "test", AT).unwrap()
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn a_record_that_a_passphrase_opens_is_opened_by_the_first_line_and_a_wrong_one_blocks() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0)]);
    let store = bundle.home().join("store");
    let start = |phrase: &str| {
        let set = ["store.opened_by=\"passphrase\""];
        let mut device = Device::start_set(&bundle, &config(), store.clone(), &set, None);
        device.line(phrase);
        device
    };
    for (phrase, screen) in [("correct horse battery", "sign-in"), ("another one altogether", "blocked")] {
        let device = start(phrase);
        device.wait_for(screen);
        assert_eq!(device.end(), Some(0));
    }
    let key = Key::Passphrase(Passphrase::new("correct horse battery".to_owned()));
    let device = start("correct horse battery");
    device.wait_for("sign-in");
    assert_eq!(device.end(), Some(0));
    assert_eq!(opened(Home { folder: store, key }).findings(), []);
}

#[test]
fn it_begins_with_an_allocator_that_gives_back_and_is_the_same_process() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0)]);
    let device = Device::start(&bundle, &config());
    device.wait_for("sign-in");
    let process = PathBuf::from(format!("/proc/{}", device.child.id()));
    let environment = fs::read(process.join("environ")).unwrap();
    assert!(environment.split(|byte| *byte == 0).any(|variable| variable == b"MALLOC_ARENA_MAX=2"));
    assert!(fs::read(process.join("cmdline")).unwrap().starts_with(PROGRAM.as_bytes()));
    // As process lists name it, in 15 letters.
    assert_eq!(fs::read_to_string(process.join("comm")).unwrap(), "ocellus-under-t\n");
    assert_eq!(device.end(), Some(0));
}

#[test]
fn a_patient_is_screened_from_sign_in_to_the_stored_result() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0), (Output::Glaucoma, -4.0)]);
    let mut device = Device::with_a_patient(&bundle, &config());
    // The main answer is no.
    device.button();
    device.wait_for("aim");
    // Focus and shutter are automatic.
    device.wait_for("aim");
    device.wait_for("result");
    device.button();
    device.wait_for("report");
    device.button();
    device.wait_for("home");
    let store = device.store.clone();
    assert_eq!(device.end(), Some(0));

    let mut record = record(&store);
    let kept = only(&mut record);
    assert_eq!((&kept.summary.patient.name[..], kept.summary.operator.as_deref()), ("Roe, Jane", Some("amina")));
    assert_eq!((&kept.summary.name[..], kept.summary.practice), ("ocellus-000001", false));
    assert_eq!(kept.device["simulated"], true);
    assert_eq!(kept.ended.unwrap()["end"]["patient"], "no_referable_signs");
    assert_eq!(kept.reports.len(), 1);
    let report = record.report_pdf("ocellus-000001").unwrap();
    assert!(report.starts_with(b"%PDF-") && report.len() > 20_000, "{}", report.len());
    assert_eq!(kept.photographs.len(), 2);
    for photograph in &kept.photographs {
        let bytes = record.photograph_bytes(kept.summary.id, photograph.eye, photograph.attempt).unwrap();
        assert_eq!(ocellus_model::image::decode(&bytes).unwrap().pixels.dimensions(), (1024, 1024));
        assert_eq!(photograph.payload["judged"]["outcome"], "no_referable_signs", "{photograph:?}");
    }
    let done: Vec<String> = record.log(None, None, 50).unwrap().into_iter().map(|line| line.action).collect();
    for action in ["create", "sign in", "begin", "photograph", "end", "report", "open"] {
        assert!(done.iter().any(|done| done == action), "{action}: {done:?}");
    }
    // Nothing on the disk names the patient.
    for file in files(&store) {
        let bytes = fs::read(&file).unwrap();
        let is_named = |name: &str| bytes.windows(name.len()).any(|found| found == name.as_bytes());
        assert!(!is_named("Roe, Jane") && !is_named("4711"), "{}", file.display());
    }
}

// verifies: RQ-120
#[test]
fn a_result_leaves_the_device_by_itself_once_the_encounter_is_over() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0)]);
    let folder = bundle.home().join("out");
    fs::create_dir(&folder).unwrap();
    // The eye is simulated, so it goes as test data or not at all.
    let sends = "[send]\npatient_system = \"urn:oid:2.999.1\"\npatient_authority = \"C\"\ntest_data = true\n";
    let mut device =
        Device::with_a_patient(&bundle, &format!("{}{sends}[drop_folder]\nfolder = {folder:?}\n", config()));
    device.touch(&Screen::Encounter(View::Question(Question::Symptoms)), Press::Answer(true));
    device.wait_for("result");
    assert_eq!(files(&folder), Vec::<PathBuf>::new(), "nothing is read for sending while somebody is screened");
    device.button();
    device.wait_for("report");
    device.button();
    device.wait_for("home");
    let ended = |ending: &str| files(&folder).iter().filter(|file| file.to_string_lossy().ends_with(ending)).count();
    let until = Instant::now() + PATIENCE;
    while ended(".done") == 0 {
        assert!(Instant::now() < until, "{:?}", files(&folder));
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!((ended(".pdf"), ended(".json"), ended(".hl7"), ended(".dcm")), (1, 1, 1, 2));
    assert!(files(&folder).iter().all(|file| file.file_name().unwrap().to_string_lossy().starts_with("TEST-")));
    assert_eq!(device.end(), Some(0));
}

#[test]
fn a_yes_before_the_photographs_is_stored_as_refer() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0)]);
    let mut device = Device::with_a_patient(&bundle, &config());
    device.touch(&Screen::Encounter(View::Question(Question::Symptoms)), Press::Answer(true));
    device.wait_for("result");
    let store = device.store.clone();
    assert_eq!(device.end(), Some(0));
    let kept = only(&mut record(&store));
    let end = &kept.ended.unwrap()["end"];
    assert_eq!((&end["patient"], &end["pre_check"]), (&"refer".into(), &"symptoms".into()));
    assert_eq!(kept.photographs, []);
}

// verifies: RQ-112
#[test]
fn a_signal_to_end_in_the_middle_of_aiming_is_stored_and_leaves_nothing_half_written() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0)]);
    let mut device = Device::start(&bundle, "[encounter]\nauto_shutter = false\n[questions]\nenabled = []\n");
    device.wait_for("home");
    device.button();
    device.wait_for("aim");
    let pid = device.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let store = device.store.clone();
    assert_eq!(device.end(), Some(0));
    let kept = only(&mut record(&store));
    assert_eq!((&kept.summary.state[..], kept.summary.practice), ("broken off", true));
    assert_eq!(kept.ended.unwrap()["end"]["kind"], "aborted");
}

// verifies: RQ-084
#[test]
fn a_wrong_pin_opens_nothing() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0)]);
    let mut device = Device::start(&bundle, &config());
    device.wait_for("sign-in");
    device.button();
    device.wait_for("pin");
    device.type_pin(&[1, 1]);
    device.wait_for("pin");
    device.line("scan 4711|Roe, Jane|1961-02-28");
    let shown: Vec<String> = device.shown.try_iter().collect();
    assert!(shown.iter().all(|screen| screen == "pin"), "{shown:?}");
    assert_eq!(device.end(), Some(0));
}

#[test]
fn a_bundle_that_is_refused_is_said_on_the_panel_and_the_device_stays_on() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0)]);
    let model = bundle.directory().join("model.onnx");
    let mut bytes = fs::read(&model).unwrap();
    bytes[20] ^= 1;
    fs::write(&model, bytes).unwrap();
    let mut device = Device::start(&bundle, "");
    device.wait_for("blocked");
    device.button();
    device.wait_for("blocked");
    assert_eq!(device.end(), Some(0));
}

// verifies: RQ-023
#[test]
fn a_bundle_that_was_replaced_blocks_until_a_supervisor_goes_back() {
    let [newer, older] = [-4.0, -3.0].map(|logit| SignedBundle::constant(&[(Output::Anomaly, logit)]));
    let store = newer.home().join("store");
    let device = Device::start_with(&newer, "", store.clone());
    device.wait_for("home");
    assert_eq!(device.end(), Some(0));

    let device = Device::start_with(&older, "", store.clone());
    device.wait_for("blocked");
    assert_eq!(device.end(), Some(0));

    let folder = format!("store.folder={:?}", store.display().to_string());
    let went = Command::new(PROGRAM).args(["record", "go-back", "practice", "0", "--set", &folder]).output().unwrap();
    assert!(went.status.success(), "{}", String::from_utf8_lossy(&went.stderr));
    let device = Device::start_with(&older, "", store);
    device.wait_for("home");
    assert_eq!(device.end(), Some(0));
}

// verifies: RQ-052
#[test]
fn a_store_that_cannot_be_written_blocks_and_says_so() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0)]);
    fs::write(bundle.home().join("store"), "a file where the folder should be").unwrap();
    let device = Device::start(&bundle, "[light]\nenforce_limit_24h = false\n");
    device.wait_for("blocked");
    assert_eq!(device.end(), Some(0));
}

#[test]
fn everything_that_is_wrong_with_a_configuration_is_said_at_once() {
    let bundle = SignedBundle::constant(&[(Output::Anomaly, -4.0)]);
    let file = bundle.home().join("wrong.toml");
    fs::write(&file, "[encounter]\natempts = 3\nrest_seconds = 5\n[site]\nlanguage = \"xx\"\n").unwrap();
    let run = Run::finish(Command::new(PROGRAM).args(["run", "--config"]).arg(&file));
    assert_eq!(run.code, Some(2), "{run:?}");
    let lines: Vec<&str> = run.err.lines().collect();
    assert_eq!(lines.len(), 3, "{run:?}");
    for (line, words) in lines.iter().zip([["atempts", "attempts"], ["rest_seconds", "10"], ["language", "xx"]]) {
        assert!(line.contains("wrong.toml") && words.iter().all(|word| line.contains(word)), "{line}");
    }
}
