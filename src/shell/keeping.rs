//! The store's thread: what it says is stored, is on disk.

use std::sync::{Arc, mpsc::Receiver};

use tokio::sync::mpsc;

use super::{
    pulse::{Pulse, next_order},
    told::{Asked, Told},
};
use crate::{
    encounter::{self, Entry, Fault},
    judge::Record,
    light::Ledger,
    station::{Beginning, Check, Checked, Event, Patient},
    store::{Device, FolderStore, JudgedBy, Stamp, StoreError},
};

/// The file of the ledger of light.
pub const LEDGER: &str = "light-ledger.json";
/// The file of the worklist: a list of patients, the next one first.
const WORKLIST: &str = "worklist.json";

/// Something to do.
#[derive(Debug)]
pub(super) enum Order {
    /// See whether something can be stored.
    Check,
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
    /// An encounter is over.
    Forget(u32),
    /// Keep the ledger of light.
    Ledger(Box<Ledger>),
    /// Read the worklist.
    Worklist,
}

/// The thread. Ends when nobody gives orders any more, with all of them carried out.
pub(super) fn run(
    folder: &std::path::Path,
    device: &Device,
    orders: &Receiver<Order>,
    tell: &mpsc::Sender<Told>,
    pulse: &Pulse,
) {
    let mut store: Option<FolderStore> = None;
    while let Some(order) = next_order(orders, pulse) {
        let event = match order {
            Order::Check => {
                let found = open(&mut store, folder, device).and_then(|store| store.probe());
                let found = found.map_or_else(|error| Checked::Bad(error.to_string()), |()| Checked::Good);
                Event::Checked { check: Check::Store, found }
            }
            Order::Begin(begun, at) => {
                // What can't begin can't be stored: the first entry says so to the operator.
                let begin = open(&mut store, folder, device).and_then(|store| store.begin(&begun, at));
                if let Err(error) = begin {
                    log::error!("{error}");
                }
                continue;
            }
            Order::Entry { asked: Asked { number, token }, entry, photograph, by, at } => {
                let stored = open(&mut store, folder, device)
                    .and_then(|store| put(store, number, &entry, photograph.as_ref(), by.as_ref(), at));
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
            Order::Forget(number) => {
                if let Some(store) = &mut store {
                    store.forget(number);
                }
                continue;
            }
            Order::Ledger(ledger) => {
                if let Err(error) = open(&mut store, folder, device).and_then(|store| store.keep(LEDGER, &*ledger)) {
                    log::error!("the ledger of light is not stored: {error}");
                }
                continue;
            }
            Order::Worklist => Event::Worklist(worklist(folder)),
        };
        if tell.blocking_send(Told::Station(event)).is_err() {
            return;
        }
    }
}

/// The store, opened where it is not yet: a disk may come later.
fn open<'a>(
    store: &'a mut Option<FolderStore>,
    folder: &std::path::Path,
    device: &Device,
) -> Result<&'a mut FolderStore, StoreError> {
    match store {
        Some(store) => Ok(store),
        None => Ok(store.insert(FolderStore::open(folder, device.clone())?)),
    }
}

fn put(
    store: &mut FolderStore,
    number: u32,
    entry: &Entry,
    photograph: Option<&(Arc<[u8]>, Box<Record>)>,
    by: Option<&JudgedBy>,
    at: Stamp,
) -> Result<(), StoreError> {
    match (entry, photograph, by) {
        (Entry::Photograph { eye, attempt, .. }, Some((bytes, record)), _) => {
            store.photograph(number, *eye, *attempt, entry, bytes, record)
        }
        (Entry::Withdrawn { eye, attempt, .. }, _, _) => store.withdraw(number, *eye, *attempt),
        (Entry::Result { .. } | Entry::Aborted, _, Some(by)) => store.end(number, entry, by, at),
        // What is not there can't be stored, and must not pass for stored.
        (Entry::Photograph { .. }, None, _) => Err(StoreError::missing("the photograph")),
        (Entry::Result { .. } | Entry::Aborted, _, None) => Err(StoreError::missing("the bundle's name")),
    }
}

/// The worklist; empty where there is none, or none that can be read.
fn worklist(folder: &std::path::Path) -> Vec<Patient> {
    let path = folder.join(WORKLIST);
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            log::warn!("{}: not a list of patients: {error}", path.display());
            Vec::new()
        }),
        Err(_) => Vec::new(),
    }
}
