//! The store's thread: what it says is stored, is on disk.

use std::{
    collections::{BTreeMap, btree_map},
    sync::{Arc, mpsc::Receiver},
};

use tokio::sync::mpsc;

use super::{
    hatch::Job,
    pulse::{Pulse, next_order},
    told::{Asked, Told},
};
use crate::{
    encounter::{self, Entry, Fault},
    judge::{BundleId, Record},
    light::{Dose, Ledger},
    record::{NewReport, Unsent, Waiting},
    report::{Report, ReportError},
    rollback,
    station::{self, Beginning, Check, Checked, Event, UNSENT_A_SCREEN},
    store::{Destinations, Device, Home, JudgedBy, Stamp, StoreError, Visits},
};

/// The name under which the ledger of light is kept.
const LEDGER: &str = "light-ledger";

/// Something to do.
#[derive(Debug)]
pub(super) enum Order {
    /// See whether something can be stored.
    Check(Stamp),
    /// A bundle is loaded: may it judge here?
    TakeIntoUse { bundle: BundleId, sequence: u64, at: Stamp },
    /// An encounter begins.
    Begin(Beginning, Stamp),
    /// Store an entry.
    Entry {
        asked: Asked,
        entry: Entry,
        /// Of a photograph: its bytes and its record.
        photograph: Option<(Arc<[u8]>, Box<Record>)>,
        /// Of the end.
        by: Option<JudgedBy>,
        at: Stamp,
    },
    /// Make the report and store it; its number is put in here.
    Report { asked: Asked, report: Box<Report> },
    /// An encounter is over.
    Forget(u32),
    /// Keep the ledger of light.
    Ledger(Box<Ledger>),
    /// Note what an operator did.
    Audit { actor: String, action: &'static str, at: Stamp },
    /// What was refused for good is to be sent all the same.
    SendNow { actor: String, at: Stamp },
    /// Do something for the sender.
    Job(Job),
}

impl Order {
    /// Whether something may be put into the outbox or leave it.
    fn changes_outbox(&self) -> bool {
        match self {
            Order::Check(_)
            | Order::Entry { by: Some(_), .. }
            | Order::Report { .. }
            | Order::SendNow { .. }
            | Order::Job(_) => true,
            Order::TakeIntoUse { .. }
            | Order::Begin(..)
            | Order::Entry { by: None, .. }
            | Order::Forget(_)
            | Order::Ledger(_)
            | Order::Audit { .. } => false,
        }
    }
}

/// The thread. Ends when nobody gives orders any more, with all of them carried out.
pub(super) fn run(
    (home, device, destinations): (Home, Device, Destinations),
    orders: &Receiver<Order>,
    tell: &mpsc::Sender<Told>,
    pulse: &Pulse,
) {
    let mut keeper = Keeper { home, device, destinations, visits: None, unbegun: BTreeMap::new(), queue: None };
    while let Some(order) = next_order(orders, pulse) {
        let changes_outbox = order.changes_outbox();
        let mut all = keeper.carry_out(order);
        if changes_outbox {
            all.extend(keeper.queue());
        }
        for told in all {
            if tell.blocking_send(told).is_err() {
                return;
            }
        }
    }
}

/// The record, once it is open: a disk may come later.
struct Keeper {
    home: Home,
    device: Device,
    destinations: Destinations,
    visits: Option<Visits>,
    /// Encounters whose beginning is not stored yet, by number: the disk was full, say.
    unbegun: BTreeMap<u32, (Beginning, Stamp)>,
    /// What was told last of the outbox.
    queue: Option<Unsent>,
}

impl Keeper {
    /// What waits in the outbox, where that has changed.
    fn queue(&mut self) -> Option<Told> {
        let unsent = self.visits.as_mut()?.record().outbox().unsent(UNSENT_A_SCREEN as u32);
        let unsent = unsent.inspect_err(|error| log::warn!("what waits to be sent can't be read: {error}")).ok()?;
        if self.queue.as_ref() == Some(&unsent) {
            return None;
        }
        let Unsent { waiting, set_aside, first_set_aside, first_waiting } = unsent.clone();
        self.queue = Some(unsent);
        let told = |set_aside| {
            move |waiting: Waiting| station::Unsent {
                encounter: waiting.name,
                to: waiting.destination,
                attempts: waiting.attempts,
                set_aside,
                reason: waiting.last_error.unwrap_or_default(),
            }
        };
        let first = first_set_aside.into_iter().map(told(true)).chain(first_waiting.into_iter().map(told(false)));
        let first = first.take(UNSENT_A_SCREEN).collect();
        Some(Told::Station(Event::Queued(station::Queue { waiting, set_aside, first })))
    }

    /// Does something; returns what is to be told of it.
    fn carry_out(&mut self, order: Order) -> Vec<Told> {
        let event = match order {
            Order::Check(at) => return self.check(at),
            Order::TakeIntoUse { bundle, sequence, at } => {
                let found = match &mut self.visits {
                    Some(visits) => rollback::take_into_use(visits.record(), &bundle, sequence, at)
                        .map_or_else(|error| Checked::Bad(error.to_string()), |()| Checked::Good),
                    // Without a record nobody is screened, and once it opens everything is looked at again.
                    None => Checked::Good,
                };
                Event::Checked { check: Check::Bundle, found }
            }
            Order::Begin(begun, at) => {
                // Where it can't be stored yet, the first entry tries again, and says to the operator what is wrong.
                let number = begun.number;
                self.unbegun.insert(number, (begun, at));
                note("the beginning of an encounter", self.begun(number).map(|_| ()));
                return Vec::new();
            }
            Order::Entry { asked: Asked { number, token }, entry, photograph, by, at } => {
                let stored = self
                    .begun(number)
                    .and_then(|visits| put(visits, number, &entry, photograph.as_ref(), by.as_ref(), at));
                let event = match stored {
                    Ok(()) => encounter::Event::Persisted { token },
                    Err(error) => {
                        log::error!("{error}");
                        let fault = if error.is_full() { Fault::StoreFull } else { Fault::StoreFailed };
                        encounter::Event::PersistFailed { token, fault }
                    }
                };
                Event::Encounter { number, event }
            }
            Order::Report { asked: Asked { number, token }, report } => {
                let event = match self.report(number, *report) {
                    Ok(report) => encounter::Event::Reported { token, report },
                    Err(error) => {
                        log::error!("no report: {error}");
                        encounter::Event::ReportFailed { token }
                    }
                };
                Event::Encounter { number, event }
            }
            Order::Forget(number) => {
                self.unbegun.remove(&number);
                if let Some(visits) = &mut self.visits {
                    visits.forget(number);
                }
                return Vec::new();
            }
            Order::Ledger(ledger) => {
                note("the ledger of light", self.visits().and_then(|visits| visits.keep(LEDGER, &*ledger)));
                return Vec::new();
            }
            Order::Audit { actor, action, at } => {
                note(
                    "a line of the audit log",
                    self.visits().and_then(|visits| visits.audit(&actor, action, "device", at)),
                );
                return Vec::new();
            }
            Order::SendNow { actor, at } => {
                let retried = self.visits().and_then(|visits| visits.record().outbox().retry_refused(&actor, at));
                note("that what was refused is tried again", retried.map(|_| ()));
                return Vec::new();
            }
            Order::Job(job) => {
                if let Some(visits) = &mut self.visits {
                    job.run(visits);
                }
                return Vec::new();
            }
        };
        vec![Told::Station(event)]
    }

    /// The record with the beginning of this encounter in it.
    fn begun(&mut self, number: u32) -> Result<&mut Visits, StoreError> {
        let Keeper { visits: Some(visits), unbegun, .. } = self else { return self.visits() };
        if let btree_map::Entry::Occupied(waits) = unbegun.entry(number) {
            let (begun, at) = waits.get();
            visits.begin(begun, *at)?;
            waits.remove();
        }
        Ok(visits)
    }

    fn visits(&mut self) -> Result<&mut Visits, StoreError> {
        self.visits.as_mut().ok_or_else(|| StoreError::missing("the record, which is not open,"))
    }

    /// Opens the record where it is not open yet, and sees whether something can be stored. The ledger of light is told
    /// before: without it nobody gets light.
    fn check(&mut self, at: Stamp) -> Vec<Told> {
        let mut told = Vec::new();
        let found = self.open(at, &mut told).and_then(Visits::probe);
        let found = found.map_or_else(|error| Checked::Bad(error.to_string()), |()| Checked::Good);
        told.push(Told::Station(Event::Checked { check: Check::Store, found }));
        told
    }

    fn open(&mut self, at: Stamp, told: &mut Vec<Told>) -> Result<&mut Visits, StoreError> {
        if self.visits.is_none() {
            let record = self.home.open(self.device.clone(), at)?;
            for encounter in record.broken_off() {
                log::warn!("{encounter} was under way when the device stopped; it is closed as broken off");
            }
            let visits = Visits::new(record).sending_to(self.destinations.clone());
            // One that can't be read is not begun anew: an eye could be given too much.
            let ledger = visits.kept(LEDGER)?.unwrap_or_else(|| Ledger::new(Dose::GROUP_1_24H));
            told.push(Told::Ledger(Box::new(ledger)));
            self.visits = Some(visits);
        }
        self.visits()
    }

    /// Makes a report and stores it; returns its number.
    fn report(&mut self, number: u32, report: Report) -> Result<String, NoReport> {
        let visits = self.visits()?;
        let name = visits.name(number)?;
        let at = report.at;
        let pdf = Report { id: name.clone(), encounter: name.clone(), ..report }.pdf()?;
        visits.report(number, NewReport { number: &name, replaces: None, pdf: &pdf }, at)?;
        Ok(name)
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
enum NoReport {
    #[error(transparent)]
    Made(#[from] ReportError),
    #[error(transparent)]
    Stored(#[from] StoreError),
}

/// Says in the log what is not stored and nobody waits for.
fn note(what: &str, stored: Result<(), StoreError>) {
    if let Err(error) = stored {
        log::error!("{what} is not stored: {error}");
    }
}

fn put(
    visits: &mut Visits,
    number: u32,
    entry: &Entry,
    photograph: Option<&(Arc<[u8]>, Box<Record>)>,
    by: Option<&JudgedBy>,
    at: Stamp,
) -> Result<(), StoreError> {
    match (entry, photograph, by) {
        (Entry::Photograph { eye, attempt, .. }, Some((bytes, record)), _) => {
            visits.photograph(number, (*eye, *attempt), entry, bytes, record, at)
        }
        (Entry::Withdrawn { eye, attempt, .. }, _, _) => visits.withdraw(number, *eye, *attempt, at),
        (Entry::Result { .. } | Entry::Aborted, _, Some(by)) => visits.end(number, entry, by, at),
        // What is not there can't be stored, and must not pass for stored.
        (Entry::Photograph { .. }, None, _) => Err(StoreError::missing("the photograph")),
        (Entry::Result { .. } | Entry::Aborted, _, None) => Err(StoreError::missing("the bundle's name")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use ocellus_model::{bundle::Digest, label::Output};

    use super::*;
    use crate::{
        decision::PatientDisposition,
        encounter::{EyeStatus, Question},
        station::{Patient, Queue},
    };

    fn home(folder: &std::path::Path) -> (Home, Device, Destinations) {
        let home = Home::at(folder.to_owned());
        let device = Device { site: "Site".into(), name: "one".into(), version: "0".into(), simulated: true };
        (home, device, Destinations { names: vec!["dicom", "fhir"], test_data: true })
    }

    fn beginning() -> Beginning {
        Beginning { number: 1, patient: Patient::practice(1), order: None, practice: false, operator: None }
    }

    /// The result of the encounter that began.
    fn result(at: Stamp) -> Order {
        let (right, left, pre_check) = (EyeStatus::Pending, EyeStatus::Pending, Some(Question::Symptoms));
        let bundle = BundleId { name: "b".into(), version: "1".into(), digest: Digest::of(b"b") };
        Order::Entry {
            asked: Asked { number: 1, token: 1 },
            entry: Entry::Result { right, left, patient: PatientDisposition::Refer, pre_check },
            photograph: None,
            by: Some(JudgedBy { bundle, looks_for: vec![Output::Glaucoma], statement: String::new() }),
            at,
        }
    }

    /// What is told when these are the orders.
    fn told(folder: &std::path::Path, orders: Vec<Order>) -> Vec<Told> {
        let (give, inbox) = sync_channel(16);
        for order in orders {
            give.send(order).unwrap();
        }
        drop(give);
        let (tell, mut told) = mpsc::channel(16);
        run(home(folder), &inbox, &tell, &Pulse::default());
        drop(tell);
        std::iter::from_fn(|| told.blocking_recv()).collect()
    }

    // verifies: RQ-051
    #[test]
    fn an_encounter_whose_beginning_could_not_be_stored_is_stored_once_that_can_be_done() {
        let (folder, at) = (tempfile::tempdir().unwrap(), Stamp::now());
        let events = |orders| -> Vec<encounter::Event> {
            let events = told(folder.path(), orders).into_iter().filter_map(|told| match told {
                Told::Station(Event::Encounter { event, .. }) => Some(event),
                _ => None,
            });
            events.collect()
        };
        // The record is not open: the disk comes between the two tries.
        let orders = vec![Order::Begin(beginning(), at), result(at), Order::Check(at), result(at)];
        let failed = encounter::Event::PersistFailed { token: 1, fault: Fault::StoreFailed };
        assert_eq!(events(orders), [failed, encounter::Event::Persisted { token: 1 }]);
        let (home, device, _) = home(folder.path());
        let record = home.open(device, at).unwrap();
        let found = record.list(&crate::record::Search::default(), 9).unwrap();
        assert_eq!(found.iter().map(|found| found.state.as_str()).collect::<Vec<_>>(), ["ended"]);
    }

    // verifies: RQ-153
    #[test]
    fn what_waits_and_what_was_refused_is_told_as_it_changes() {
        let (folder, at) = (tempfile::tempdir().unwrap(), Stamp::now());
        let refuse = Order::Job(Job::new(move |visits| {
            let mut outbox = visits.record().outbox();
            let first = outbox.queue().unwrap().remove(0);
            outbox.refused(first.id, "it does not know the patient", at).unwrap();
        }));
        // Looked at, and nothing changed: nothing is told.
        let look = Order::Job(Job::new(|_| ()));
        let send = Order::SendNow { actor: "amina".into(), at };
        let orders = vec![Order::Check(at), Order::Begin(beginning(), at), result(at), refuse, look, send];
        let queues: Vec<Queue> = told(folder.path(), orders)
            .into_iter()
            .filter_map(|told| match told {
                Told::Station(Event::Queued(queue)) => Some(queue),
                _ => None,
            })
            .collect();
        let counts: Vec<_> = queues.iter().map(|queue| (queue.waiting, queue.set_aside)).collect();
        assert_eq!(counts, [(0, 0), (2, 0), (1, 1), (2, 0)]);
        let refused = &queues[2].first[0];
        assert!(refused.set_aside && refused.encounter == "one-000001" && refused.to == "dicom", "{refused:?}");
        assert_eq!(refused.reason, "it does not know the patient");
        assert_eq!((queues[2].first[1].to.as_str(), queues[2].first[1].set_aside), ("fhir", false));
    }
}
