//! The sender's way to the record: through the store's thread, which alone has it open.
//!
//! What the sender wants done waits among the store's other orders, one piece at a time, so nothing of an encounter waits for
//! more than one of them. Photographs are read only while nobody is being screened.
//!
//! Not here: sending.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{SyncSender, sync_channel},
    },
};

use super::keeping::Order;
use crate::{
    record::Store,
    sending::Shelf,
    store::{StoreError, Visits},
};

/// Something to be done with the record.
pub(super) struct Job(Box<dyn FnOnce(&mut Visits) + Send>);

impl Job {
    pub(super) fn new(does: impl FnOnce(&mut Visits) + Send + 'static) -> Self {
        Job(Box::new(does))
    }

    pub(super) fn run(self, visits: &mut Visits) {
        (self.0)(visits);
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

/// The way; closed when the device ends, also while the sender waits for somebody far away.
#[derive(Debug, Clone)]
pub(super) struct Hatch(Arc<Mutex<Option<SyncSender<Order>>>>);

impl Hatch {
    pub(super) fn to(orders: SyncSender<Order>) -> Self {
        Hatch(Arc::new(Mutex::new(Some(orders))))
    }

    /// Lets nothing more through.
    pub(super) fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn ask<T: Send + 'static>(&self, job: impl FnOnce(&mut Visits) -> T + Send + 'static) -> Result<T, StoreError> {
        let closed = || StoreError::missing("the record, which is not open,");
        let orders = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)?;
        let (reply, answer) = sync_channel(1);
        let job = Job::new(move |visits| {
            // The sender waits for it.
            let _waits = reply.send(job(visits));
        });
        orders.send(Order::Job(job)).map_err(|_| closed())?;
        drop(orders);
        // A job that is not done is dropped, and its reply with it.
        answer.recv().map_err(|_| closed())
    }
}

impl Shelf for Hatch {
    fn with<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(move |visits| job(visits.record()))?
    }

    fn is_free(&mut self) -> bool {
        self.ask(|visits| !visits.are_under_way()).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc::Receiver, thread};

    use super::*;
    use crate::{
        station::{Beginning, Patient},
        store::{Device, Home, Stamp},
    };

    const AT: Stamp = Stamp { unix_seconds: 1_800_000_000, clock_is_set: true };

    /// A store's thread with a record.
    fn store(orders: Receiver<Order>, folder: std::path::PathBuf, under_way: bool) -> thread::JoinHandle<()> {
        thread::spawn(move || {
            let device = Device { site: "Site".into(), name: "one".into(), version: "0".into(), simulated: true };
            let home = Home::at(folder);
            let mut visits = Visits::new(home.open(device, AT).unwrap());
            if under_way {
                let patient = Patient::practice(1);
                visits
                    .begin(&Beginning { number: 1, patient, order: None, practice: true, operator: None }, AT)
                    .unwrap();
            }
            for order in orders {
                let Order::Job(job) = order else { panic!("{order:?}") };
                job.run(&mut visits);
            }
        })
    }

    #[test]
    fn the_record_is_had_through_the_stores_thread_and_free_only_between_encounters() {
        for under_way in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let (orders, inbox) = sync_channel(1);
            let thread = store(inbox, folder.path().to_owned(), under_way);
            let mut hatch = Hatch::to(orders);
            assert_eq!(hatch.is_free(), !under_way);
            assert_eq!(hatch.with(|store| store.outbox().waiting()).unwrap(), 0);
            let again = hatch.clone();
            again.close();
            // The store's thread can end although the sender has not.
            thread.join().unwrap();
            assert!(!hatch.is_free() && hatch.with(|store| store.outbox().waiting()).is_err());
        }
    }
}
