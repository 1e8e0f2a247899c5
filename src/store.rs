//! What is put into the record of an encounter: photographs with what was found on them, how it ended, the report.
//!
//! ```text
//! <store.folder>/record/…        encounters, encrypted (crate::record)
//!                record.key      opens it, where the configuration names no other file
//!                worklist.json   who is expected, as the clinic's systems leave it there
//! ```
//!
//! Encounters have two numbers: one since the device started, by which the station knows them, and the record's own name.
//!
//! Not here: how something is stored so that it stays ([`crate::record`]), what is stored when (the encounter asks),
//! what reports say, sending ([`crate::sending`]).

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use ocellus_model::{label::Output, laterality::Laterality};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    encounter::Entry,
    judge::{BundleId, Record},
    record::{Begin, EncounterId, End, Key, NewReport, Sending, Shot, Store},
    station::{Beginning, Order},
};

pub use crate::record::{Device, Stamp, StoreError};

/// Where the device keeps what it knows.
#[derive(Debug, Clone)]
pub struct Home {
    /// The folder; made where it is not there.
    pub folder: PathBuf,
    /// What opens the record.
    pub key: Key,
}

impl Home {
    /// A home whose key file lies beside the record.
    pub fn at(folder: PathBuf) -> Self {
        Home { key: Key::File(Home::key_file_in(&folder)), folder }
    }

    /// Where the key file of a home lies, where nothing else is said.
    pub fn key_file_in(folder: &Path) -> PathBuf {
        folder.join("record.key")
    }

    /// The record's folder.
    pub fn record(&self) -> PathBuf {
        self.folder.join("record")
    }

    /// The file with the worklist: a list of patients, the next one first.
    pub fn worklist(&self) -> PathBuf {
        self.folder.join("worklist.json")
    }

    /// Opens the record. Where there is none yet, makes one, and a key file where that is to open it and is not there; a record
    /// whose key is gone is an error, never begun anew.
    ///
    /// # Errors
    /// When the folder can't be made, or [`Store::open`] or [`Store::create`] fails.
    pub fn open(&self, device: Device, at: Stamp) -> Result<Store, StoreError> {
        let record = self.record();
        if Store::is_at(&record) {
            Store::open(&record, &self.key, device, at)
        } else {
            self.ready()?;
            Store::create(&record, &self.key, device, at)
        }
    }

    /// Sees to it that a record can be made here: its folder is there, and what is to open it ([`Key::ready`]).
    ///
    /// # Errors
    /// When the folder or a key file can't be made.
    pub fn ready(&self) -> Result<(), StoreError> {
        fs::create_dir_all(&self.folder).map_err(StoreError::io(&self.folder, "made"))?;
        self.key.ready()
    }
}

/// Where what is found goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Destinations {
    /// By their names in the configuration, which are the kinds of what they are sent as well.
    pub names: Vec<&'static str>,
    /// Whether what is simulated or practice goes there too, marked as test data.
    pub test_data: bool,
}

impl Destinations {
    /// What is to be sent of an encounter.
    pub(crate) fn of(&self, is_real: bool) -> Vec<Sending<'static>> {
        let names = if is_real || self.test_data { &self.names[..] } else { &[] };
        names.iter().map(|&name| Sending { kind: name, destination: name }).collect()
    }
}

/// The bundle's words about itself, for the end of an encounter.
#[derive(Debug, Clone)]
pub struct JudgedBy {
    /// Which bundle.
    pub bundle: BundleId,
    /// What it looks for.
    pub looks_for: Vec<Output>,
    /// What it is not.
    pub statement: String,
}

/// The beginning of an encounter, as stored; programs up to 0.1.0 stored nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// What the clinic ordered.
    pub(crate) order: Option<Order>,
    /// How often the encounter was put down to another patient.
    #[serde(default)]
    pub(crate) amended: u32,
}

/// The end of an encounter, as stored.
#[derive(Debug, Serialize)]
struct Ended<'a> {
    statement: &'a str,
    bundle: &'a BundleId,
    looks_for: &'a [Output],
    end: &'a Entry,
}

/// The record, and the encounters under way.
#[derive(Debug)]
pub struct Visits {
    record: Store,
    destinations: Destinations,
    visits: BTreeMap<u32, Visit>,
}

/// An encounter under way.
#[derive(Debug)]
struct Visit {
    id: EncounterId,
    is_real: bool,
    /// How it ended, once that is stored.
    end: Option<Entry>,
}

impl Visits {
    /// Encounters that are put into a record, and are to be sent nowhere.
    pub fn new(record: Store) -> Self {
        Visits { record, destinations: Destinations::default(), visits: BTreeMap::new() }
    }

    /// The same, to be sent to these destinations.
    pub fn sending_to(self, destinations: Destinations) -> Self {
        Visits { destinations, ..self }
    }

    /// The record, for others than an encounter: what is to be sent.
    pub fn record(&mut self) -> &mut Store {
        &mut self.record
    }

    /// Whether an encounter is under way, which comes before everything else.
    pub fn are_under_way(&self) -> bool {
        !self.visits.is_empty()
    }

    /// Whether photographs could be stored now.
    ///
    /// # Errors
    /// When they could not, or the record was changed from outside and nobody has accepted that.
    pub fn probe(&mut self) -> Result<(), StoreError> {
        self.record.probe()
    }

    /// Stores that an encounter begins.
    ///
    /// # Errors
    /// When that can't be stored; then nothing of the encounter can.
    pub fn begin(&mut self, begun: &Beginning, at: Stamp) -> Result<(), StoreError> {
        let Beginning { number, patient, order, practice, operator } = begun;
        let begin = Begin { patient, practice: *practice, operator: operator.as_deref() };
        let id = self.record.begin(begin, &Begun { order: order.clone(), amended: 0 }, at)?;
        let is_real = !practice && !self.record.device().simulated;
        self.visits.insert(*number, Visit { id, is_real, end: None });
        Ok(())
    }

    /// Stores a photograph and what was found on it; found anew on the same photograph takes the place of what was found
    /// before.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn photograph(
        &mut self,
        number: u32,
        (eye, attempt): (Laterality, u32),
        taken: &Entry,
        bytes: &[u8],
        judged: &Record,
        at: Stamp,
    ) -> Result<(), StoreError> {
        let id = self.id(number)?;
        self.record.photograph(id, Shot { eye, attempt, bytes }, taken, judged, at)
    }

    /// Stores that a photograph shows the other eye.
    ///
    /// # Errors
    /// When that can't be written.
    pub fn withdraw(&mut self, number: u32, eye: Laterality, attempt: u32, at: Stamp) -> Result<(), StoreError> {
        let id = self.id(number)?;
        self.record.withdraw(id, eye, attempt, at)
    }

    /// Stores how an encounter ended. The same again, as when the answer to the first time came too late, changes nothing.
    /// Nor does breaking off what has its result already, as an operator does who was told nothing of it: a referral that
    /// is stored stays, and the audit log says what was wished.
    ///
    /// # Errors
    /// When that can't be written, or it ended otherwise already.
    pub fn end(&mut self, number: u32, end: &Entry, by: &JudgedBy, at: Stamp) -> Result<(), StoreError> {
        let visit = self.visits.get_mut(&number).ok_or_else(|| not_begun(number))?;
        if visit.end.as_ref() == Some(end) {
            return Ok(());
        }
        let how = match end {
            Entry::Result { .. } => End::Result,
            Entry::Photograph { .. } | Entry::Withdrawn { .. } | Entry::Aborted => End::BrokenOff,
        };
        let ended = Ended { statement: &by.statement, bundle: &by.bundle, looks_for: &by.looks_for, end };
        let send = if how == End::Result { self.destinations.of(visit.is_real) } else { Vec::new() };
        match self.record.end(visit.id, how, &ended, &send, at) {
            Err(StoreError::Over { .. }) if *end == Entry::Aborted => {
                let name = self.name(number)?;
                log::warn!("{name} had ended before it was broken off; its end stays");
                self.audit("device", "broken-off-after-its-end", &name, at)
            }
            stored => {
                stored?;
                visit.end = Some(end.clone());
                Ok(())
            }
        }
    }

    /// The number by which an encounter is found among those of all devices of a site.
    ///
    /// # Errors
    /// When it was not begun.
    pub fn name(&self, number: u32) -> Result<String, StoreError> {
        self.record.name(self.id(number)?)
    }

    /// Stores the report on an encounter. The same again changes nothing.
    ///
    /// # Errors
    /// When it can't be written, or another report has its number.
    pub fn report(&mut self, number: u32, report: NewReport<'_>, at: Stamp) -> Result<(), StoreError> {
        let visit = self.visits.get(&number).ok_or_else(|| not_begun(number))?;
        let send = self.destinations.of(visit.is_real);
        self.record.report(visit.id, report, &send, at)
    }

    /// An encounter is over: nothing more comes to it.
    pub fn forget(&mut self, number: u32) {
        self.visits.remove(&number);
    }

    /// Stores something of the device's own under a name.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep(&mut self, name: &str, value: &impl Serialize) -> Result<(), StoreError> {
        self.record.keep(name, value)
    }

    /// What the device kept under a name; none where it kept nothing.
    ///
    /// # Errors
    /// When it can't be read, or is not what is expected.
    pub fn kept<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.record.kept(name)
    }

    /// Adds a line to the audit log: who did what to what.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn audit(&mut self, actor: &str, action: &str, subject: &str, at: Stamp) -> Result<(), StoreError> {
        self.record.audit(actor, action, subject, &serde_json::Value::Null, at)
    }

    fn id(&self, number: u32) -> Result<EncounterId, StoreError> {
        self.visits.get(&number).map(|visit| visit.id).ok_or_else(|| not_begun(number))
    }
}

fn not_begun(number: u32) -> StoreError {
    StoreError::missing(format!("encounter {number} of this start"))
}

/// How a photograph is called in messages and records.
pub fn photograph_name(eye: Laterality, attempt: u32) -> String {
    format!("{eye}-{attempt}.jpg")
}

#[cfg(test)]
mod tests {
    use ocellus_model::bundle::Digest;

    use super::*;
    use crate::{
        decision::PatientDisposition,
        encounter::{EyeStatus, Question},
        station::Patient,
    };

    const AT: Stamp = Stamp { unix_seconds: 1_800_000_000, clock_is_set: true };

    fn device() -> Device {
        Device { site: "Site".into(), name: "one".into(), version: "0".into(), simulated: true }
    }

    fn begun(number: u32, practice: bool) -> Beginning {
        Beginning { number, patient: Patient::practice(number), order: None, practice, operator: None }
    }

    #[test]
    fn a_device_makes_its_record_and_key_once_and_numbers_go_on_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("store"));
        for expected in ["one-000001", "one-000002"] {
            let mut visits = Visits::new(home.open(device(), AT).unwrap());
            visits.begin(&begun(1, false), AT).unwrap();
            assert_eq!(visits.name(1).unwrap(), expected);
        }
        let mut visits = Visits::new(home.open(device(), AT).unwrap());
        visits.begin(&begun(1, true), AT).unwrap();
        assert_eq!(visits.name(1).unwrap(), "one-practice-000001");
        assert!(visits.probe().is_ok());
        visits.keep("light-ledger", &[1, 2]).unwrap();
        assert_eq!(visits.kept::<Vec<u32>>("light-ledger").unwrap(), Some(vec![1, 2]));
        let error = visits.kept::<String>("light-ledger").unwrap_err().to_string();
        assert!(error.contains("light-ledger"), "{error}");
    }

    // verifies: RQ-081
    #[test]
    fn a_record_whose_key_is_gone_is_not_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let key_file = folder.path().join("keys/record.key");
        let home = Home { folder: folder.path().to_owned(), key: Key::File(key_file.clone()) };
        drop(home.open(device(), AT).unwrap());
        fs::remove_file(&key_file).unwrap();
        let error = home.open(device(), AT).unwrap_err().to_string();
        assert!(error.contains("record.key") && error.contains("missing"), "{error}");
        assert!(!key_file.exists());
    }

    // verifies: RQ-061
    #[test]
    fn an_end_that_comes_again_is_stored_once_and_another_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().to_owned());
        let mut visits = Visits::new(home.open(device(), AT).unwrap());
        visits.begin(&begun(1, false), AT).unwrap();
        let eye = EyeStatus::Pending;
        let patient = PatientDisposition::Refer;
        let result = Entry::Result { right: eye.clone(), left: eye, patient, pre_check: Some(Question::Symptoms) };
        let bundle = BundleId { name: "b".into(), version: "1".into(), digest: Digest::of(b"b") };
        let by = JudgedBy { bundle, looks_for: vec![], statement: String::new() };
        visits.end(1, &result, &by, AT).unwrap();
        visits.end(1, &result, &by, Stamp { unix_seconds: AT.unix_seconds + 11, ..AT }).unwrap();
        let other = match result.clone() {
            Entry::Result { right, left, pre_check, .. } => {
                Entry::Result { right, left, patient: PatientDisposition::Incomplete, pre_check }
            }
            entry => entry,
        };
        assert!(matches!(visits.end(1, &other, &by, AT), Err(StoreError::Over { .. })));
        // Who was not told of the result gives up: that has to have an end, and the result stays.
        visits.end(1, &Entry::Aborted, &by, AT).unwrap();
        visits.end(1, &result, &by, AT).unwrap();
    }

    #[test]
    fn only_real_results_are_to_be_sent_unless_test_data_is_asked_for() {
        for (simulated, practice, test_data, expected) in
            [(false, false, false, 2), (true, false, false, 0), (false, true, false, 0), (true, true, true, 2)]
        {
            let folder = tempfile::tempdir().unwrap();
            let home = Home::at(folder.path().to_owned());
            let record = home.open(Device { simulated, ..device() }, AT).unwrap();
            let destinations = Destinations { names: vec!["dicom", "fhir"], test_data };
            let mut visits = Visits::new(record).sending_to(destinations);
            let bundle = BundleId { name: "b".into(), version: "1".into(), digest: Digest::of(b"b") };
            let by = JudgedBy { bundle, looks_for: vec![Output::Glaucoma], statement: String::new() };
            let eye = EyeStatus::Pending;
            let patient = PatientDisposition::Refer;
            let result = Entry::Result { right: eye.clone(), left: eye, patient, pre_check: Some(Question::Symptoms) };
            for (number, end) in [(1, &result), (2, &Entry::Aborted)] {
                visits.begin(&begun(number, practice), AT).unwrap();
                visits.end(number, end, &by, AT).unwrap();
            }
            assert_eq!(visits.record().outbox().waiting().unwrap(), expected, "{simulated} {practice} {test_data}");
        }
    }

    #[test]
    fn nothing_is_stored_of_an_encounter_that_was_not_begun() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().to_owned());
        let mut visits = Visits::new(home.open(device(), AT).unwrap());
        let error = visits.withdraw(7, Laterality::Od, 1, AT).unwrap_err();
        assert!(error.to_string().contains("encounter 7") && !error.is_full(), "{error}");
    }
}
