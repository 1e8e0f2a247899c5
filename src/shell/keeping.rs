//! The store's thread: what it says is stored, is on disk.

use std::sync::{Arc, mpsc::Receiver};

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
    record::NewReport,
    report::{Report, ReportError},
    rollback,
    station::{Beginning, Check, Checked, Event},
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
    /// Do something for the sender.
    Job(Job),
}

/// The thread. Ends when nobody gives orders any more, with all of them carried out.
pub(super) fn run(
    (home, device, destinations): (Home, Device, Destinations),
    orders: &Receiver<Order>,
    tell: &mpsc::Sender<Told>,
    pulse: &Pulse,
) {
    let mut keeper = Keeper { home, device, destinations, visits: None };
    while let Some(order) = next_order(orders, pulse) {
        for told in keeper.carry_out(order) {
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
}

impl Keeper {
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
                // What can't begin can't be stored: the first entry says so to the operator.
                note("the beginning of an encounter", self.visits().and_then(|visits| visits.begin(&begun, at)));
                return Vec::new();
            }
            Order::Entry { asked: Asked { number, token }, entry, photograph, by, at } => {
                let stored =
                    self.visits().and_then(|visits| put(visits, number, &entry, photograph.as_ref(), by.as_ref(), at));
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
            Order::Job(job) => {
                if let Some(visits) = &mut self.visits {
                    job.run(visits);
                }
                return Vec::new();
            }
        };
        vec![Told::Station(event)]
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
