//! The sender: goes through the outbox, by way of each destination, and notes what became of it.
//!
//! Not here: the ways themselves, when a thread runs it (`crate::shell`, `crate::cli`).

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use super::{
    archive::{self, Archive},
    fhir::Fhir,
    folder::Folder,
    hl7::Hl7,
    parcel::{Parcel, Unpackable, Wants},
    way::{SetUpError, Taken, Trouble, Way},
};
use crate::{
    config::Config,
    interchange::{
        Codes, Export, Purpose, Site,
        dicom::{
            net::{Commitment, Instance, Report},
            transaction,
        },
    },
    record::{Outbox, Store, StoreError, Waiting},
    store::{Destinations, Stamp},
};

/// How often the outbox is looked at.
const LOOK: Duration = Duration::from_secs(15);
/// How long reports of commitment are listened for at a time.
const LISTEN: Duration = Duration::from_millis(500);
/// Entries that are gone through at a time.
const ENTRIES: u32 = 100;
/// How long a way rests that gave no answer: first, where a person is needed, and at most.
const REST_FIRST: Duration = Duration::from_secs(30);
const REST_FOR_PERSON: Duration = Duration::from_secs(15 * 60);
const REST_MAX: Duration = Duration::from_secs(6 * 60 * 60);
/// Seconds that no entry waits longer; one that seems to was put off before the clock went back.
const WAIT_MAX: i64 = 6 * 60 * 60;
/// Requests for commitment whose late reports are still understood.
const ASKED_MAX: u32 = 32;

/// The record, as a sender gets to it.
pub trait Shelf {
    /// Does something with the record, which is to take a moment only.
    ///
    /// # Errors
    /// When there is no record, or the job fails.
    fn with<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError>;

    /// Whether photographs may be read now: nobody is being screened.
    fn is_free(&mut self) -> bool;
}

impl Shelf for Store {
    fn with<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        job(self)
    }

    fn is_free(&mut self) -> bool {
        true
    }
}

/// What became of an entry of the outbox. Its text names no patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Went {
    /// The encounter's number, such as `one-000417`.
    pub encounter: String,
    /// Where to, by the name of its section in the configuration.
    pub to: String,
    /// How it went.
    pub how: How,
}

/// How an entry fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// The destination has it.
    Delivered,
    /// The archive has it, and has not said yet whether it keeps it.
    Sent,
    /// The archive keeps it.
    Committed,
    /// It waits, and why.
    Waits(String),
    /// It is set aside for good, and why.
    Refused(String),
}

impl How {
    /// Whether somebody may have to do something.
    pub fn is_trouble(&self) -> bool {
        matches!(self, How::Waits(_) | How::Refused(_))
    }
}

impl fmt::Display for Went {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Went { encounter, to, how } = self;
        match how {
            How::Delivered => write!(f, "{encounter}\t{to}\tdelivered"),
            How::Sent => write!(f, "{encounter}\t{to}\tsent, not committed yet"),
            How::Committed => write!(f, "{encounter}\t{to}\tcommitted"),
            How::Waits(reason) => write!(f, "{encounter}\t{to}\twaits: {reason}"),
            How::Refused(reason) => write!(f, "{encounter}\t{to}\tset aside: {reason}"),
        }
    }
}

/// What a configuration has sent, and where: for those who put entries into the outbox.
pub fn destinations(config: &Config) -> Destinations {
    let Config { dicom, fhir, hl7, drop_folder, send, .. } = config;
    let all = [
        (archive::NAME, !dicom.host.is_empty()),
        (super::fhir::NAME, !fhir.url.is_empty() || fhir.folder.is_some()),
        (super::hl7::NAME, !hl7.host.is_empty()),
        ("drop_folder", drop_folder.folder.is_some()),
    ];
    let names = all.into_iter().filter_map(|(name, is_there)| is_there.then_some(name)).collect();
    Destinations { names, test_data: send.test_data }
}

/// Has a sender try all that waits when it is woken next, whether its time has come or not.
#[derive(Debug, Clone, Default)]
pub struct Hurry(Arc<AtomicBool>);

impl Hurry {
    /// Somebody wants it sent now.
    pub fn up(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// Sends what is in the outbox.
#[derive(Debug)]
pub struct Sender {
    hurry: Hurry,
    ways: Vec<Way>,
    rests: BTreeMap<&'static str, Rest>,
    site: Site,
    codes: Codes,
    purpose: Purpose,
}

/// A way that gave no answer.
#[derive(Debug, Clone, Copy)]
struct Rest {
    failures: u32,
    until: Instant,
}

impl Sender {
    /// Of the destinations that a configuration names. Reads tokens and certificates, and takes the port for reports.
    ///
    /// # Errors
    /// When one of the files is not as it should be, or the port is not to be had.
    pub fn of(config: &Config) -> Result<Self, SetUpError> {
        let bundles = config.fhir.folder.clone().map(|folder| Way::Folder(Folder::Bundles(folder)));
        let watched = config.drop_folder.folder.clone().map(|folder| Way::Folder(Folder::Watched(folder)));
        let ways = [
            Archive::of(&config.dicom)?.map(|archive| Way::Archive(Box::new(archive))),
            Fhir::of(&config.fhir)?.map(|fhir| Way::Fhir(Box::new(fhir))),
            bundles,
            Hl7::of(&config.hl7)?.map(|hl7| Way::Hl7(Box::new(hl7))),
            watched,
        ];
        let site = Site {
            patient_system: config.send.patient_system.clone(),
            patient_authority: config.send.patient_authority.clone(),
            receiving_application: config.hl7.receiving_application.clone(),
            receiving_facility: config.hl7.receiving_facility.clone(),
            rescreen_months: config.site.screen_again_months,
            probabilities: config.send.probabilities,
        };
        let codes = Codes::shipped().map_err(|error| SetUpError::new("codes", error))?;
        let purpose = if config.send.test_data { Purpose::Testing } else { Purpose::Care };
        let hurry = Hurry::default();
        Ok(Sender { hurry, ways: ways.into_iter().flatten().collect(), rests: BTreeMap::new(), site, codes, purpose })
    }

    /// Whether nothing is sent anywhere.
    pub fn is_empty(&self) -> bool {
        self.ways.is_empty()
    }

    /// Hurries it, from another thread; it has to be woken besides.
    pub fn hurry(&self) -> Hurry {
        self.hurry.clone()
    }

    /// Sends until nobody wakes it any more: what is due, as it comes due. A wake is a hint that there is something new.
    pub fn run(mut self, mut shelf: impl Shelf, wakes: &Receiver<()>) {
        loop {
            let hurries = self.hurry.take();
            match self.round(&mut shelf, Stamp::now(), hurries) {
                Ok(went) => went.iter().for_each(tell),
                Err(error) => log::warn!("nothing is sent: {error}"),
            }
            let again = Instant::now() + LOOK;
            loop {
                let listens = self.archive().is_some_and(Archive::listens);
                let within = if listens { LISTEN } else { again.saturating_duration_since(Instant::now()) };
                match wakes.recv_timeout(within) {
                    Ok(()) => break,
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => {}
                }
                match self.listen(&mut shelf, Duration::ZERO) {
                    Ok(went) => went.iter().for_each(tell),
                    Err(error) => log::warn!("a report of the archive is not noted: {error}"),
                }
                if Instant::now() >= again {
                    break;
                }
            }
        }
    }

    /// Goes through the outbox once. `hurries` takes what waits whether its time has come or not, as when a person asks;
    /// otherwise ways that rest are left alone.
    ///
    /// # Errors
    /// When the record can't be read or written.
    pub fn round(&mut self, shelf: &mut impl Shelf, now: Stamp, hurries: bool) -> Result<Vec<Went>, StoreError> {
        if hurries {
            self.rests.clear();
        }
        let due = shelf.with(move |store| {
            let outbox = store.outbox();
            if hurries { outbox.queue() } else { outbox.due(now, ENTRIES) }
        })?;
        let mut went = Vec::new();
        for entry in due {
            let Some(way) = self.ways.iter().position(|way| way.name() == entry.kind) else {
                if hurries {
                    let reason = format!("[{}] names no destination any more", entry.kind);
                    went.push(Went { encounter: entry.name, to: entry.kind, how: How::Waits(reason) });
                }
                continue;
            };
            if self.is_resting(self.ways[way].name()) {
                if hurries {
                    let how = How::Waits("the destination did not answer another one".to_owned());
                    went.push(Went { encounter: entry.name, to: entry.kind, how });
                }
                continue;
            }
            if !shelf.is_free() {
                return Ok(went);
            }
            went.push(self.send(shelf, way, entry, now)?);
        }
        went.extend(self.commit(shelf, now, hurries)?);
        Ok(went)
    }

    /// Takes reports of commitment that the archive sends by itself, until none has come within a time.
    ///
    /// # Errors
    /// When the record can't be read or written.
    pub fn listen(&mut self, shelf: &mut impl Shelf, within: Duration) -> Result<Vec<Went>, StoreError> {
        let mut went = Vec::new();
        while let Some(archive) = self.archive() {
            match archive.hear(within) {
                Ok(Some(report)) => went.extend(self.reported(shelf, &report)?),
                Ok(None) => break,
                Err(error) => {
                    log::warn!("{error}");
                    break;
                }
            }
        }
        Ok(went)
    }

    fn archive(&self) -> Option<&Archive> {
        self.ways.iter().find_map(|way| match way {
            Way::Archive(archive) => Some(&**archive),
            _ => None,
        })
    }

    /// Whether a way rests.
    fn is_resting(&self, name: &str) -> bool {
        self.rests.get(name).is_some_and(|rest| rest.until > Instant::now())
    }

    fn send(&mut self, shelf: &mut impl Shelf, way: usize, entry: Waiting, now: Stamp) -> Result<Went, StoreError> {
        let way = &self.ways[way];
        let (id, name) = (entry.id, way.name());
        let sent = self.pack(shelf, &entry, way.wants())?.and_then(|parcel| {
            let export = self.export(&parcel)?;
            way.send(&parcel, &export, entry.attempts)
        });
        let how = match sent {
            Ok(taken) => {
                let recovers = self.rests.remove(name).is_some();
                shelf.with(move |store| {
                    let mut outbox = store.outbox();
                    match taken {
                        Taken::Delivered => outbox.delivered(id, now)?,
                        Taken::Sent => outbox.sent(id, now)?,
                    }
                    if recovers { outbox.hasten(name, name) } else { Ok(()) }
                })?;
                if taken == Taken::Sent { How::Sent } else { How::Delivered }
            }
            Err(trouble) => {
                self.rest_after(name, &trouble);
                let reason = trouble.reason().to_owned();
                let refused = matches!(trouble, Trouble::Refused(_));
                shelf.with({
                    let reason = reason.clone();
                    move |store| {
                        let mut outbox = store.outbox();
                        if refused { outbox.refused(id, &reason, now) } else { outbox.failed(id, &reason, now) }
                    }
                })?;
                if refused { How::Refused(reason) } else { How::Waits(reason) }
            }
        };
        Ok(Went { encounter: entry.name, to: entry.kind, how })
    }

    /// Takes an encounter out of the record.
    fn pack(
        &self,
        shelf: &mut impl Shelf,
        entry: &Waiting,
        wants: Wants,
    ) -> Result<Result<Parcel, Trouble>, StoreError> {
        let encounter = entry.encounter;
        let packed = shelf.with(move |store| Ok(Parcel::pack(store, encounter, wants)))?;
        Ok(packed.map_err(|error: Unpackable| match error.is_for_good() {
            true => Trouble::Refused(error.to_string()),
            false => Trouble::NotYet(error.to_string()),
        }))
    }

    fn export<'a>(&'a self, parcel: &'a Parcel) -> Result<Export<'a>, Trouble> {
        Export::new(&parcel.screening, &self.site, &self.codes, self.purpose)
            .map_err(|refused| Trouble::Refused(refused.to_string()))
    }

    /// A way that gave no answer rests, the longer the more often.
    fn rest_after(&mut self, name: &'static str, trouble: &Trouble) {
        let &Trouble::Away { needs_person, .. } = trouble else { return };
        let failures = self.rests.get(name).map_or(0, |rest| rest.failures).saturating_add(1);
        let first = if needs_person { REST_FOR_PERSON } else { REST_FIRST };
        let whole = first.saturating_mul(2_u32.saturating_pow(failures - 1)).min(REST_MAX);
        let mut chance = [0];
        // Without chance it is the whole rest.
        let _without = getrandom::fill(&mut chance);
        let until = Instant::now() + whole - whole / 5 * u32::from(chance[0]) / u32::from(u8::MAX);
        self.rests.insert(name, Rest { failures, until });
    }

    /// Asks the archive to keep what it was sent.
    fn commit(&mut self, shelf: &mut impl Shelf, now: Stamp, hurries: bool) -> Result<Vec<Went>, StoreError> {
        let mut went = Vec::new();
        if !self.archive().is_some_and(Archive::promises) {
            return Ok(went);
        }
        let waits = move |entry: &Waiting| {
            let wait = entry.next_attempt - now.unix_seconds;
            !hurries && wait > 0 && wait <= WAIT_MAX
        };
        let unconfirmed = shelf.with(|store| store.outbox().unconfirmed(u32::MAX))?;
        for entry in unconfirmed.into_iter().filter(|entry| !waits(entry)) {
            if self.is_resting(archive::NAME) || !shelf.is_free() {
                break;
            }
            went.extend(self.ask(shelf, entry, now)?);
        }
        Ok(went)
    }

    fn ask(&mut self, shelf: &mut impl Shelf, entry: Waiting, now: Stamp) -> Result<Option<Went>, StoreError> {
        let Some((encounter, instances)) = self.promised(shelf, &entry)? else { return Ok(None) };
        let id = entry.id;
        // Counted before it is asked: a number is never used twice, also not after a power cut.
        let nth = shelf.with(move |store| store.outbox().asks(id, now))?;
        let Some(archive) = self.archive() else { return Ok(None) };
        let how = match archive.ask(&encounter, nth, &instances) {
            Ok(answer) => self.answered(shelf, id, answer, instances.len(), now)?,
            Err(error) => {
                let trouble = Trouble::from(error);
                self.rest_after(archive::NAME, &trouble);
                let reason = trouble.reason().to_owned();
                unanswered(shelf, id, &reason)?;
                How::Waits(format!("sent, not committed: {reason}"))
            }
        };
        Ok(Some(Went { encounter: entry.name, to: entry.kind, how }))
    }

    fn answered(
        &self,
        shelf: &mut impl Shelf,
        id: i64,
        answer: Commitment,
        count: usize,
        now: Stamp,
    ) -> Result<How, StoreError> {
        Ok(match answer {
            Commitment::Committed => {
                shelf.with(move |store| store.outbox().committed(id, now))?;
                How::Committed
            }
            Commitment::Failed(failed) => {
                let reason = format!("the archive does not answer for {} of {count} objects", failed.len());
                let noted = reason.clone();
                shelf.with(move |store| store.outbox().failed(id, &noted, now))?;
                How::Waits(format!("{reason}; they are sent again"))
            }
            Commitment::Pending => {
                let reason = "the archive has not reported yet whether it keeps what it was sent".to_owned();
                unanswered(shelf, id, &reason)?;
                How::Waits(reason)
            }
        })
    }

    /// A report that came by itself: of which entry, and what it says.
    fn reported(&self, shelf: &mut impl Shelf, report: &Report) -> Result<Option<Went>, StoreError> {
        let now = Stamp::now();
        for entry in shelf.with(|store| store.outbox().unconfirmed(u32::MAX))? {
            let Some((encounter, instances)) = self.promised(shelf, &entry)? else { continue };
            let first = entry.asked.saturating_sub(ASKED_MAX) + 1;
            if !(first..=entry.asked).any(|nth| transaction(&encounter, nth) == report.transaction) {
                continue;
            }
            let how = self.answered(shelf, entry.id, report.about(&instances), instances.len(), now)?;
            return Ok(Some(Went { encounter: entry.name, to: entry.kind, how }));
        }
        log::info!("the archive reports on something that nobody asks about any more");
        Ok(None)
    }

    /// The encounter's UID and what of it the archive is to keep; none where that can't be told any more.
    fn promised(&self, shelf: &mut impl Shelf, entry: &Waiting) -> Result<Option<(String, Vec<Instance>)>, StoreError> {
        let Some(archive) = self.archive() else { return Ok(None) };
        let packed = self.pack(shelf, entry, Wants { photographs: false, report: false })?;
        let told = packed.and_then(|parcel| {
            let instances = archive.instances(&parcel, &self.export(&parcel)?);
            Ok((parcel.screening.encounter, instances))
        });
        match told {
            Ok(told) => Ok(Some(told)),
            Err(trouble) => {
                unanswered(shelf, entry.id, trouble.reason())?;
                Ok(None)
            }
        }
    }
}

fn unanswered(shelf: &mut impl Shelf, id: i64, reason: &str) -> Result<(), StoreError> {
    let reason = reason.to_owned();
    shelf.with(move |store| {
        let mut outbox: Outbox<'_> = store.outbox();
        outbox.unanswered(id, &reason)
    })
}

/// Says in the log what became of an entry.
fn tell(went: &Went) {
    let text = went.to_string().replace('\t', " ");
    match went.how {
        How::Refused(_) => log::error!("{text}"),
        How::Waits(_) => log::warn!("{text}"),
        How::Delivered | How::Sent | How::Committed => log::info!("{text}"),
    }
}
