//! Devices with screenings in their records, to be sent.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use ocellus::{
    config::Config,
    decision::{self, Outcome},
    encounter::{Agent, Entry, EyeStatus, Reading, Stage},
    judge::{BundleId, Judging, Milliseconds, Record, Why},
    record::{NewReport, Store, Waiting},
    sending::{How, Sender, Went},
    station::{Beginning, Order, Patient},
    store::{Destinations, Device as Named, Home, JudgedBy, Stamp, Visits},
};
use ocellus_model::{
    bundle::Digest,
    label::Output,
    laterality::Laterality,
    quality::{Gradability, OpticDisc, Quality, Scores},
};
use ocellus_tests::programs::Run;
use tempfile::TempDir;

use crate::samples::{PDF, jpeg, picture, png};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ocellus-under-test");
pub(crate) const AT: Stamp = Stamp { unix_seconds: 1_800_000_000, clock_is_set: true };
/// Objects that a screening becomes: three photographs, the report, the findings.
pub(crate) const OBJECTS: usize = 5;

/// A device with a record.
pub(crate) struct Device {
    folder: TempDir,
}

/// What is different about a screening.
#[derive(Clone, Default)]
pub(crate) struct Unusual {
    pub(crate) practice: bool,
    pub(crate) simulated: bool,
    pub(crate) without_report: bool,
    pub(crate) order: Option<Order>,
}

impl Device {
    pub(crate) fn new() -> Self {
        Device { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn home(&self) -> Home {
        Home::at(self.path("store"))
    }

    /// Screens somebody, whose results are to be sent to these destinations.
    pub(crate) fn screens(&self, names: &[&'static str]) {
        self.screens_unusually(names, &Unusual::default());
    }

    pub(crate) fn screens_unusually(&self, names: &[&'static str], unusual: &Unusual) {
        let Unusual { practice, simulated, without_report, order } = unusual.clone();
        let device = Named { site: "Clinic".into(), name: "one".into(), version: "0.1.0".into(), simulated };
        let record = self.home().open(device, AT).unwrap();
        let destinations = Destinations { names: names.to_vec(), test_data: true };
        let mut visits = Visits::new(record).sending_to(destinations);
        let patient = match practice {
            true => Patient::practice(1),
            false => Patient { id: "4711".into(), name: "Roe^Jane".into(), birth_date: "1961-02-28".into() },
        };
        let operator = Some("amina".to_owned());
        visits.begin(&Beginning { number: 1, patient, order, practice, operator }, AT).unwrap();
        let signs = Reading { outcome: Outcome::Refer, reasons: vec![], findings: vec![Output::DiabeticRetinopathy] };
        let none = Reading { outcome: Outcome::NoReferableSigns, reasons: vec![], findings: vec![] };
        let unreadable =
            Reading { outcome: Outcome::NoResult, reasons: vec![Why::Judging(Judging::Unreadable)], findings: vec![] };
        let mut take = |eye, attempt, stage, reading: &Reading, bytes: &[u8]| {
            let agent = (stage == Stage::Dilated).then_some(Agent::Tropicamide);
            let entry = Entry::Photograph {
                eye,
                attempt,
                capture: attempt,
                stage,
                agent,
                eye_confirmed: false,
                reading: reading.clone(),
            };
            visits.photograph(1, (eye, attempt), &entry, bytes, &judged(reading), AT).unwrap();
        };
        // The first of the left eye shows the right one, as the operator says later; another was torn in the camera.
        take(Laterality::Os, 1, Stage::Undilated, &signs, &photograph(9));
        take(Laterality::Od, 1, Stage::Undilated, &unreadable, b"\xff\xd8\xff torn");
        take(Laterality::Od, 2, Stage::Undilated, &signs, &photograph(0));
        take(Laterality::Od, 3, Stage::Dilated, &signs, &photograph(1));
        take(Laterality::Os, 2, Stage::SmallPupil, &none, &photograph(2));
        visits.withdraw(1, Laterality::Os, 1, AT).unwrap();
        let [right, left] = [signs, none].map(EyeStatus::Judged);
        let patient = decision::patient(right.outcome(), left.outcome());
        let by = JudgedBy { bundle: bundle(), looks_for: Output::ALL.to_vec(), statement: "Research.".into() };
        visits.end(1, &Entry::Result { right, left, patient, pre_check: None }, &by, AT).unwrap();
        if !without_report {
            let number = visits.name(1).unwrap();
            visits.report(1, NewReport { number: &number, replaces: None, pdf: PDF }, AT).unwrap();
        }
    }

    /// Writes the configuration: where the record lies, whose numbers patients have, and these lines.
    pub(crate) fn configured(&self, lines: &str) -> PathBuf {
        let file = self.path("device.toml");
        let text = format!(
            "[site]\nname = \"Clinic\"\ndevice_name = \"one\"\n[store]\nfolder = {:?}\n\
             [send]\npatient_system = \"urn:oid:2.999.1\"\npatient_authority = \"CLINIC\"\n{lines}",
            self.path("store")
        );
        fs::write(&file, text).unwrap();
        file
    }

    /// Runs a verb of the device's program.
    pub(crate) fn runs(&self, verb: &[&str], config: &Path) -> Run {
        Run::finish(&mut self.command(verb, config))
    }

    pub(crate) fn command(&self, verb: &[&str], config: &Path) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(verb).arg("--config").arg(config);
        command
    }

    /// The record, for a moment; the program must not run meanwhile.
    pub(crate) fn record(&self) -> Store {
        let device = Named { site: "Clinic".into(), name: "one".into(), version: "0.1.0".into(), simulated: true };
        self.home().open(device, AT).unwrap()
    }

    /// Sends within this program what waits, and says how each entry fared.
    pub(crate) fn sends(&self, lines: &str) -> Vec<How> {
        let config = Config::load(Some(&self.configured(lines)), &[]).unwrap_or_else(|errors| panic!("{errors}"));
        let mut sender = Sender::of(&config).unwrap_or_else(|error| panic!("{error}"));
        let went = sender.round(&mut self.record(), AT, true).unwrap();
        for Went { how, .. } in &went {
            assert!(!format!("{how:?}").contains("Roe"), "{how:?}");
        }
        went.into_iter().map(|went| went.how).collect()
    }

    /// What was refused for good, tried again.
    pub(crate) fn retries(&self) {
        self.record().outbox().retry_refused("sam", AT).unwrap();
    }

    /// The entries that wait.
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        self.record().outbox().queue().unwrap()
    }
}

/// A photograph's bytes: with an odd number it is a PNG.
pub(crate) fn photograph(number: u8) -> Vec<u8> {
    if number.is_multiple_of(2) { jpeg(&picture(number)) } else { png(&picture(number)) }
}

fn bundle() -> BundleId {
    BundleId { name: "vgg16".into(), version: "3".into(), digest: Digest::of(b"bundle") }
}

fn judged(reading: &Reading) -> Record {
    let quality = Quality {
        gradability: Gradability::Good,
        reasons: vec![],
        disc: OpticDisc { x: 0.0, y: 0.0, margin: 0.0 },
        scores: Scores { focus: 1.0, brightness: 0.4, evenness: 1.0, field_visible: 1.0, ungradable: 0.0 },
    };
    let is_readable = reading.reasons.is_empty();
    Record {
        file: "photograph.jpg".into(),
        outcome: reading.outcome,
        reasons: reading.reasons.clone(),
        error: None,
        quality: is_readable.then_some(quality),
        probabilities: Output::ALL.into_iter().map(|output| (output, 0.25)).filter(|_| is_readable).collect(),
        findings: reading.findings.clone(),
        bundle: bundle(),
        milliseconds: Milliseconds::default(),
    }
}
