//! The configuration of the device program.
//!
//! Three layers, each over the one before: the defaults, a file, and `--set a.b=c` of the command line. `default.toml`
//! beside this file is the defaults written out and explained, for people; a test holds both equal. Unknown keys are
//! refused with the nearest right one, values are checked, and everything that is wrong is told at once, each with its
//! place, what was expected, what was found, and what to do.
//!
//! One file a section. A new key: a field and a line in its section's `read`, its default beside, and its line in
//! `default.toml`; the tests below tell what was forgotten.
//!
//! Not here: opening what the paths name, signing in (`src/operators.rs`), sums of light (`src/light/`).

mod bundle;
mod camera;
mod controller;
mod dicom;
mod drop_folder;
mod encounter;
mod error;
mod fhir;
mod given;
mod hl7;
mod input;
mod light;
mod operators;
mod panel;
mod questions;
mod reader;
mod report;
mod send;
mod session;
mod site;
mod store;
mod tls;

use std::{
    fmt::Display,
    path::{Path, PathBuf},
};

use serde::{Serialize, Serializer};

pub use bundle::Bundle;
pub use camera::{Camera, CameraFormat, CameraKind, SimulatedCamera, V4l2Camera};
pub use controller::{Controller, ControllerKind};
pub use dicom::{Dicom, DicomPart, Worklist};
pub use drop_folder::DropFolder;
pub use encounter::{Encounter, FirstEye};
pub use error::{ConfigError, ConfigErrors, Place};
pub use fhir::Fhir;
pub use hl7::Hl7;
pub use input::{Input, InputKind};
pub use light::Light;
pub use operators::{Operator, PinHash, Role};
pub use panel::{Panel, PanelKind};
pub use questions::Questions;
pub use report::Report as Reports;
pub use send::Send;
pub use session::Session;
pub use site::Site;
pub use store::{OpenedBy, Store};
pub use tls::Tls;

use given::Table;
use reader::{Report, Section};

/// The defaults as a file with explanations: what `ocellus config show --default` prints.
pub const DEFAULT_TOML: &str = include_str!("default.toml");

/// A whole configuration, every value in range.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Config {
    /// Who may sign in.
    pub operators: Vec<Operator>,
    /// Where the device stands.
    pub site: Site,
    /// Where pictures are shown.
    pub panel: Panel,
    /// What the operator touches, types and scans with.
    pub input: Input,
    /// Where photographs come from.
    pub camera: Camera,
    /// What drives lights and focus.
    pub controller: Controller,
    /// How an encounter is run.
    pub encounter: Encounter,
    /// How light is accounted for.
    pub light: Light,
    /// The operator's session.
    pub session: Session,
    /// Where results are kept.
    pub store: Store,
    /// The page that a patient is given.
    pub report: Reports,
    /// What is asked before screening.
    pub questions: Questions,
    /// The network that judges.
    pub bundle: Bundle,
    /// What holds for everything that leaves the device.
    pub send: Send,
    /// The archive.
    pub dicom: Dicom,
    /// The server for FHIR bundles.
    pub fhir: Fhir,
    /// The receiver of HL7 v2 messages.
    pub hl7: Hl7,
    /// The folder that somebody watches.
    pub drop_folder: DropFolder,
}

impl Config {
    /// The defaults, `path` over them, and `sets` (`encounter.attempts=2`) over that, the last one on top.
    ///
    /// # Errors
    /// Everything that is wrong: the file can't be read or is no TOML, a setting is none, keys that there are not,
    /// values of the wrong kind or out of range.
    pub fn load(path: Option<&Path>, sets: &[String]) -> Result<Self, ConfigErrors> {
        let Some(path) = path else { return Self::from_layers(None, sets) };
        match std::fs::read_to_string(path) {
            Ok(text) => Self::from_layers(Some((path, &text)), sets),
            Err(error) => {
                let place = Place::File(path.to_owned());
                Err(ConfigErrors::sorted(vec![ConfigError::Unreadable { place, found: error.to_string() }]))
            }
        }
    }

    /// As [`Config::load`], of a file's text.
    fn from_layers(file: Option<(&Path, &str)>, sets: &[String]) -> Result<Self, ConfigErrors> {
        let mut report = Report::default();
        let mut table = Table::default();
        match file.map(|(path, text)| given::file(path, text)) {
            Some(Ok(given)) => table = given,
            Some(Err(errors)) => report.errors.extend(errors),
            None => {}
        }
        for set in sets {
            match given::setting(set) {
                Ok(given) => table.lay_over(given),
                Err(errors) => report.errors.extend(errors),
            }
        }
        let config = Self::read(&mut Section::root(&table, &mut report));
        report.unknown_keys(&table);
        if report.errors.is_empty() { Ok(config) } else { Err(ConfigErrors::sorted(report.errors)) }
    }

    fn read(root: &mut Section<'_>) -> Self {
        let dicom = Dicom::read(&mut root.section("dicom"));
        let fhir = Fhir::read(&mut root.section("fhir"));
        let hl7 = Hl7::read(&mut root.section("hl7"));
        let drop_folder = DropFolder::read(&mut root.section("drop_folder"));
        let sends = !(dicom.host.is_empty() && fhir.url.is_empty() && hl7.host.is_empty())
            || fhir.folder.is_some()
            || drop_folder.folder.is_some();
        Config {
            operators: Operator::read_all(root),
            site: Site::read(&mut root.section("site")),
            panel: Panel::read(&mut root.section("panel")),
            input: Input::read(&mut root.section("input")),
            camera: Camera::read(&mut root.section("camera")),
            controller: Controller::read(&mut root.section("controller")),
            encounter: Encounter::read(&mut root.section("encounter")),
            light: Light::read(&mut root.section("light")),
            session: Session::read(&mut root.section("session")),
            store: Store::read(&mut root.section("store")),
            report: Reports::read(&mut root.section("report")),
            questions: Questions::read(&mut root.section("questions")),
            bundle: Bundle::read(&mut root.section("bundle")),
            send: Send::read(&mut root.section("send"), sends),
            dicom,
            fhir,
            hl7,
            drop_folder,
        }
    }

    /// The configuration as TOML, every key; of a PIN only that it is set. Without operators it can be read again.
    pub fn to_toml(&self) -> String {
        // Plain values under plain keys: TOML can write every one. A path that is not Unicode
        // is written as near as can be.
        toml::to_string(self).unwrap_or_else(|error| format!("# cannot be written: {error}\n"))
    }
}

/// Writes a path that may be missing as default.toml does: `""` is none.
fn optional<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.as_deref().map(Path::to_string_lossy).unwrap_or_default())
}

/// Writes what has a text by that text.
fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Writes what has a text and may be missing: `""` is none.
fn optional_as_text<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_str(""),
    }
}

/// What the sections' tests have in common.
#[cfg(test)]
mod testing {
    use super::{reader::Choice, *};

    /// The configuration of a file's text.
    pub(super) fn of(text: &str) -> Result<Config, ConfigErrors> {
        Config::from_layers(Some((Path::new("a.toml"), text)), &[])
    }

    /// The defaults with one setting.
    pub(super) fn with(setting: &str) -> Config {
        Config::load(None, &[setting.to_owned()]).unwrap()
    }

    /// One setting is the only thing wrong, and the message has this in it.
    pub(super) fn refuses(setting: &str, part: &str) {
        let errors = Config::load(None, &[setting.to_owned()]).unwrap_err();
        assert_eq!(errors.0.len(), 1, "{errors}");
        assert!(errors.to_string().contains(part), "{part:?} is not in {errors}");
    }

    /// What is written for each member of a closed set is what is read.
    pub(super) fn written_as_read<T: Choice + Serialize>() {
        for one in T::ALL {
            let written = toml::Value::try_from(one).unwrap();
            assert_eq!(written.as_str(), Some(one.name()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    /// The values of a table by their dotted keys.
    fn leaves(table: &toml::Table, prefix: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (key, value) in table {
            match value {
                toml::Value::Table(inner) => found.extend(leaves(inner, &format!("{prefix}{key}."))),
                _ => found.push(format!("{prefix}{key}")),
            }
        }
        found.sort();
        found
    }

    #[test]
    fn the_default_file_is_the_defaults() {
        assert_eq!(testing::of(DEFAULT_TOML).unwrap(), Config::default());
        assert_eq!(Config::load(None, &[]).unwrap(), Config::default());
        assert_eq!(testing::of("").unwrap(), Config::default());
    }

    #[test]
    fn the_default_file_and_the_listing_have_every_key() {
        let mut report = Report::default();
        let table = Table::default();
        Config::read(&mut Section::root(&table, &mut report));
        let mut asked = report.asked().to_vec();
        asked.sort();
        assert_eq!(leaves(&DEFAULT_TOML.parse().unwrap(), ""), asked);
        assert_eq!(leaves(&Config::default().to_toml().parse().unwrap(), ""), asked);
    }

    #[test]
    fn the_listing_of_a_configuration_is_that_configuration() {
        let sets = strings(&[
            "site.name=Klinik \"Süd\"",
            "camera.simulated.photographs=/srv/in",
            "panel.kind=window",
            "questions.enabled=[]",
        ]);
        let config = Config::load(None, &sets).unwrap();
        assert_eq!(testing::of(&config.to_toml()).unwrap(), config);
    }

    #[test]
    fn settings_go_over_the_file_and_the_file_over_the_defaults() {
        let text = "[encounter]\nattempts = 2\nrest_seconds = 30\n";
        let sets = strings(&["encounter.attempts=4", "encounter.attempts=1"]);
        let config = Config::from_layers(Some((Path::new("a.toml"), text)), &sets).unwrap();
        let Encounter { attempts, rest_seconds, attempts_dilated, .. } = config.encounter;
        assert_eq!((attempts, rest_seconds, attempts_dilated), (1, 30, 2));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let text = "sit = 3\n[encounter]\nattempts = 9\nrest_second = 30\n[pannel]\nkind = 1\n[store]\nwidth_px = 3\n";
        let sets = strings(&["site.language=Klingon", "nonsense", "light=3"]);
        let errors = Config::from_layers(Some((Path::new("a.toml"), text)), &sets).unwrap_err();
        let told = errors.to_string();
        for part in [
            "a.toml:3: encounter.attempts: expected a whole number from 1 to 5 (photographs), found 9; write",
            "a.toml:4: unknown key encounter.rest_second, did you mean encounter.rest_seconds?",
            "a.toml:5: unknown key pannel, did you mean panel?",
            "a.toml:8: unknown key store.width_px, did you mean panel.width_px?",
            "a.toml:1: unknown key sit; delete it (ocellus config show --default prints every key)",
            "--set: site.language: expected \"en\" or ",
            ", found \"Klingon\"; write such a value",
            "--set: expected KEY=VALUE with a dotted key, as in encounter.attempts=2, found nonsense",
            "--set: light: expected a table, found 3; write [light]",
        ] {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
        assert_eq!(errors.0.len(), 8, "{told}");
        let lines: Vec<&str> = told.lines().map(|line| line.split(' ').next().unwrap()).collect();
        let expected = ["a.toml:1:", "a.toml:3:", "a.toml:4:", "a.toml:5:", "a.toml:8:", "--set:", "--set:", "--set:"];
        assert_eq!(lines, expected, "{told}");
    }

    #[test]
    fn a_file_that_is_missing_or_no_toml_is_told() {
        let missing = Config::load(Some(Path::new("/nowhere/a.toml")), &[]).unwrap_err().to_string();
        assert!(missing.starts_with("/nowhere/a.toml: cannot be read: "), "{missing}");
        let errors = testing::of("[site]\nname = Clinic\n[panel\n").unwrap_err().to_string();
        assert!(errors.contains("a.toml:2: expected TOML, found name = Clinic: "), "{errors}");
        assert!(errors.contains("a.toml:3: "), "{errors}");
        assert!(testing::of("[site]\nname = \"a\"\nname = \"b\"\n").is_err());
    }

    #[test]
    fn any_text_is_refused_or_read_and_never_panics() {
        proptest::proptest!(|(text in "[\\[\\]a-z.=\"'#0-9\\n{}, ü-]{0,60}", set in ".{0,30}")| {
            let _read = Config::from_layers(Some((Path::new("a.toml"), &text)), &[set]);
        });
    }
}
