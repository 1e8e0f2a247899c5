//! The worklist: asked for anew whenever a patient is to be chosen, and kept in the record for when nobody answers.
//!
//! ```text
//! NextPatient ──► what lies in worklist.json, and what was kept ──► the screen at once
//!             └─► the clinic's system ── it answers ──► kept ─────► the screen
//!                                      └ it does not ─────────────► the screen, marked as old
//! ```
//!
//! What was fetched is shown also where it can't be kept.
//!
//! Who has been screened comes last: most of those who are expected still come first.
//!
//! Not here: the service ([`crate::sending`]), choosing a patient ([`crate::station`]).

use std::{collections::HashSet, fs, sync::mpsc::Receiver};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{hatch::Hatch, told::Told};
use crate::{
    record::Search,
    sending::Shelf,
    station::{Event, Expected, Worklist},
    store::{Home, Stamp},
};

/// Asks the clinic's system who is expected; why there is no answer in the program's words.
pub type Fetch = Box<dyn Fn() -> Result<Vec<Expected>, String> + Send>;

/// Its name in the record.
const KEPT: &str = "worklist";
/// Seconds after which what was kept says nothing of today, and whoever was screened before may be here again.
const RECENT: i64 = 16 * 60 * 60;
/// Encounters of a day that are looked at.
const SCREENED_MAX: u32 = 1000;

/// The worklist as it was fetched last.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// Seconds since 1970.
    at: i64,
    expected: Vec<Expected>,
}

/// The thread: tells who is expected each time it is woken.
pub(super) struct Listing {
    pub(super) home: Home,
    /// None where nobody is asked.
    pub(super) fetch: Option<Fetch>,
    pub(super) hatch: Hatch,
    pub(super) tell: mpsc::Sender<Told>,
}

impl Listing {
    /// Works until nobody wakes it any more.
    pub(super) fn run(mut self, wakes: &Receiver<()>) {
        for () in wakes {
            self.tell(None, false);
            let Some(fetched) = self.fetch.as_ref().map(|fetch| fetch()) else { continue };
            match fetched {
                Ok(expected) => {
                    self.keep(expected.clone());
                    self.tell(Some(expected), false);
                }
                Err(error) => {
                    log::warn!("the worklist: {error}");
                    self.tell(None, true);
                }
            }
        }
    }

    /// Keeps what was fetched.
    fn keep(&mut self, expected: Vec<Expected>) {
        let kept = Kept { at: Stamp::now().unix_seconds, expected };
        if let Err(error) = self.hatch.with(move |store| store.keep(KEPT, &kept)) {
            log::warn!("the worklist is not kept: {error}");
        }
    }

    /// Tells what was fetched just now, or else what was kept.
    fn tell(&mut self, fetched: Option<Vec<Expected>>, is_old: bool) {
        let now = Stamp::now().unix_seconds;
        let known = self.hatch.with(move |store| {
            let mut kept: Kept = store.kept(KEPT)?.unwrap_or_default();
            if (kept.at - now).abs() > RECENT && !kept.expected.is_empty() {
                // Who was expected on another day need not be known any more.
                kept = Kept::default();
                store.keep(KEPT, &kept)?;
            }
            let recent = Search { begun: Some(now - RECENT..i64::MAX), practice: Some(false), ..Search::default() };
            let screened = store.list(&recent, SCREENED_MAX)?.into_iter().filter(|visit| visit.state == "ended");
            Ok((kept.expected, screened.map(|visit| visit.patient.id).collect::<HashSet<String>>()))
        });
        let (kept, screened) = known.unwrap_or_else(|error| {
            log::warn!("the worklist that was kept can't be read: {error}");
            Default::default()
        });
        let expected = in_order(self.left_here(), fetched.unwrap_or(kept), &screened);
        // A device that ends listens no more.
        let _ends = self.tell.blocking_send(Told::Station(Event::Worklist(Worklist { expected, is_old })));
    }

    /// What the clinic's systems left in a file; nothing where there is none, or none that can be read.
    fn left_here(&self) -> Vec<Expected> {
        let path = self.home.worklist();
        let Ok(bytes) = fs::read(&path) else { return Vec::new() };
        serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            log::warn!("{}: not a list of patients: {error}", path.display());
            Vec::new()
        })
    }
}

/// Those of the file in its order, then those who were fetched, by their time; whoever was screened after all others.
fn in_order(left_here: Vec<Expected>, mut fetched: Vec<Expected>, screened: &HashSet<String>) -> Vec<Expected> {
    fetched.sort_by(|a, b| (&a.day, &a.time).cmp(&(&b.day, &b.time)));
    let known: HashSet<&str> = fetched.iter().map(|expected| expected.patient.id.as_str()).collect();
    // What was fetched tells what was ordered.
    let only_here: Vec<Expected> =
        left_here.into_iter().filter(|expected| !known.contains(expected.patient.id.as_str())).collect();
    let mut all: Vec<Expected> = only_here.into_iter().chain(fetched.iter().cloned()).collect();
    all.sort_by_key(|expected| screened.contains(&expected.patient.id));
    all
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
            mpsc::sync_channel,
        },
        thread,
    };

    use super::*;
    use crate::{
        decision::PatientDisposition,
        encounter::{Entry, EyeStatus, Question},
        judge::BundleId,
        shell::keeping::Order,
        station::{Beginning, Patient},
        store::{Device, JudgedBy, Visits},
    };

    fn expected(id: &str, time: &str) -> Expected {
        let patient = Patient { id: id.into(), name: "Roe^Jane".into(), birth_date: "1961-02-28".into() };
        Expected { time: time.into(), day: "2026-11-29".into(), ..patient.into() }
    }

    fn ids(worklist: &Worklist) -> Vec<&str> {
        worklist.expected.iter().map(|expected| expected.patient.id.as_str()).collect()
    }

    /// Screens somebody, so that the pre-check ends it.
    fn screen(visits: &mut Visits, id: &str) {
        let patient = expected(id, "").patient;
        let at = Stamp::now();
        visits.begin(&Beginning { number: 1, patient, order: None, practice: false, operator: None }, at).unwrap();
        let (right, left) = (EyeStatus::Pending, EyeStatus::Pending);
        let pre_check = Some(Question::Symptoms);
        let end = Entry::Result { right, left, patient: PatientDisposition::Refer, pre_check };
        let bundle =
            BundleId { name: "b".into(), version: "1".into(), digest: ocellus_model::bundle::Digest::of(b"b") };
        visits.end(1, &end, &JudgedBy { bundle, looks_for: vec![], statement: String::new() }, at).unwrap();
    }

    // verifies: RQ-157
    #[test]
    fn who_is_expected_is_fetched_kept_and_told_as_old_where_nobody_answers() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().to_owned());
        fs::write(home.worklist(), r#"[{"id": "7", "name": "Doe, John"}, {"id": "2", "name": "Roe, Jane"}]"#).unwrap();
        let (orders, inbox) = sync_channel::<Order>(1);
        let device = Device { site: "Site".into(), name: "one".into(), version: "0".into(), simulated: true };
        let mut visits = Visits::new(home.open(device, Stamp::now()).unwrap());
        let store = thread::spawn(move || {
            for order in inbox {
                match order {
                    Order::Job(job) => job.run(&mut visits),
                    Order::Forget(_) => screen(&mut visits, "3"),
                    other => panic!("{other:?}"),
                }
            }
        });
        let answers = Arc::new(AtomicBool::new(true));
        let fetch: Fetch = {
            let answers = answers.clone();
            Box::new(move || match answers.load(Ordering::Relaxed) {
                true => Ok(vec![expected("2", "10:30"), expected("3", "08:15"), expected("4", "09:00")]),
                false => Err("no answer".to_owned()),
            })
        };
        let (tell, mut told) = mpsc::channel(8);
        let (wake, wakes) = sync_channel(1);
        let listing = Listing { home, fetch: Some(fetch), hatch: Hatch::to(orders.clone()), tell };
        let thread = thread::spawn(move || listing.run(&wakes));
        let mut next = || match told.blocking_recv() {
            Some(Told::Station(Event::Worklist(worklist))) => worklist,
            other => panic!("{other:?}"),
        };
        // At once what lies there, then what is fetched: by time, each patient once.
        wake.send(()).unwrap();
        assert_eq!(ids(&next()), ["7", "2"]);
        let fetched = next();
        assert_eq!((ids(&fetched), fetched.is_old), (vec!["7", "3", "4", "2"], false));
        // Who was screened comes last. Where nobody answers, the list that was kept is told, and that it is old.
        orders.send(Order::Forget(1)).unwrap();
        answers.store(false, Ordering::Relaxed);
        wake.send(()).unwrap();
        let at_once = next();
        assert_eq!((ids(&at_once), at_once.is_old), (vec!["7", "4", "2", "3"], false));
        let old = next();
        assert_eq!((ids(&old), old.is_old), (vec!["7", "4", "2", "3"], true));
        drop((wake, orders));
        thread.join().unwrap();
        store.join().unwrap();
    }

    #[test]
    fn what_was_fetched_is_told_also_where_it_cannot_be_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (orders, _nobody) = sync_channel::<Order>(1);
        let hatch = Hatch::to(orders);
        hatch.close();
        let fetch: Fetch = Box::new(|| Ok(vec![expected("2", "10:30")]));
        let (tell, mut told) = mpsc::channel(8);
        let (wake, wakes) = sync_channel(1);
        let listing = Listing { home: Home::at(folder.path().to_owned()), fetch: Some(fetch), hatch, tell };
        let thread = thread::spawn(move || listing.run(&wakes));
        wake.send(()).unwrap();
        drop(wake);
        thread.join().unwrap();
        let mut worklists = std::iter::from_fn(|| told.blocking_recv()).map(|told| match told {
            Told::Station(Event::Worklist(worklist)) => worklist,
            other => panic!("{other:?}"),
        });
        assert_eq!(worklists.next().map(|at_once| at_once.expected.len()), Some(0));
        let fetched = worklists.next().unwrap();
        assert_eq!((ids(&fetched), fetched.is_old), (vec!["2"], false));
    }
}
