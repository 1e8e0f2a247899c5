//! The archive: objects stored on one association, then asked for its promise to keep them.
//!
//! Not here: DICOM's objects and services (`crate::interchange::dicom`).

use std::time::Duration;

use super::{
    parcel::{Parcel, Wants},
    secure::Files,
    way::{SetUpError, Taken, Trouble},
    worklist::WorklistPeer,
};
use crate::{
    config::{self, Config, DicomPart},
    interchange::{
        Codes, Export, Instrument,
        dicom::{
            Object, ObjectError, Parts, Study,
            net::{
                self, AeTitle, Check, Commit, Commitment, Delivery, Instance, Listener, NetError, Peer, Plan, Remedy,
                Report, Times, Tls,
            },
            sample, transaction,
        },
    },
    store::{Device, Stamp},
};

/// Its section in the configuration.
pub(super) const NAME: &str = "dicom";
/// How long a report is awaited on the association on which it was asked for.
const HERE: Duration = Duration::from_secs(2);
/// The same on the port for reports, while nothing else is to be done; later ones are heard between other work.
const ELSEWHERE: Duration = Duration::from_secs(10);
/// Tries, over about a quarter of an hour, that wait for a report to print. Then photographs and findings go without it.
const WAITS_FOR_REPORT: u32 = 4;
const RELEASE: Duration = Duration::from_secs(5);

/// The archive.
#[derive(Debug)]
pub(super) struct Archive {
    peer: Peer,
    parts: Parts,
    commitment: bool,
    listener: Option<Listener>,
}

impl Archive {
    /// As configured; none where there is none.
    pub(super) fn of(config: &config::Dicom) -> Result<Option<Self>, SetUpError> {
        if config.host.is_empty() {
            return Ok(None);
        }
        let files = Files::read(NAME, &config.tls)?;
        let tls = files.as_ref().map(Files::client).transpose()?;
        let peer = peer(config, &config.host, config.port, &config.called_ae, tls);
        let listener = match config.listen {
            Some(address) if config.commitment => {
                let server = files.as_ref().map(Files::server).transpose()?.flatten();
                let listener = Listener::bind(address, config.calling_ae.clone(), peer.times, server);
                Some(listener.map_err(|error| SetUpError::new("dicom.listen", error))?)
            }
            _ => None,
        };
        let has = |part| config.sends.contains(&part);
        let parts = Parts {
            photographs: has(DicomPart::Photographs),
            report: has(DicomPart::Report),
            findings: has(DicomPart::Findings),
        };
        Ok(Some(Archive { peer, parts, commitment: config.commitment, listener }))
    }

    pub(super) fn wants(&self) -> Wants {
        Wants { photographs: self.parts.photographs, report: self.parts.report }
    }

    /// Whether it is asked to keep what it was sent.
    pub(super) fn promises(&self) -> bool {
        self.commitment
    }

    pub(super) fn send(&self, parcel: &Parcel, export: &Export<'_>, attempts: u32) -> Result<Taken, Trouble> {
        if self.parts.report && parcel.report.is_none() && attempts < WAITS_FOR_REPORT {
            return Err(Trouble::NotYet("the encounter has no report yet".to_owned()));
        }
        let objects =
            objects(&Study::new(export), parcel, self.parts).map_err(|error| Trouble::Refused(error.to_string()))?;
        let transfer = net::store(&self.peer, &objects);
        if let Some(error) = transfer.broke {
            return Err(error.into());
        }
        let failed: Vec<&NetError> = transfer
            .sent
            .iter()
            .filter_map(|sent| match &sent.delivery {
                Delivery::Failed(error) => Some(error),
                _ => None,
            })
            .collect();
        // What may pass comes first: then all is tried again, and what is refused for good is refused again.
        let passing = failed.iter().find(|error| error.remedy() == Remedy::Later);
        match passing.or(failed.first()) {
            None if self.commitment => Ok(Taken::Sent),
            None => Ok(Taken::Delivered),
            Some(error) if error.remedy() == Remedy::Later => Err(Trouble::NotYet(error.to_string())),
            Some(error) => Err(Trouble::Refused(error.to_string())),
        }
    }

    /// What an encounter's entry has sent.
    pub(super) fn instances(&self, parcel: &Parcel, export: &Export<'_>) -> Vec<Instance> {
        let parts = Parts { report: self.parts.report && parcel.has_report, ..self.parts };
        Study::new(export).instances(parts)
    }

    /// Asks for its promise, for the nth time.
    pub(super) fn ask(&self, encounter: &str, nth: u32, instances: &[Instance]) -> Result<Commitment, NetError> {
        let elsewhere = self.listener.as_ref().map(|listener| (listener, ELSEWHERE));
        net::commit(&self.peer, instances, &transaction(encounter, nth), HERE, elsewhere)
    }

    /// A report that comes by itself, within a time; none where none does, or there is no port for it.
    pub(super) fn hear(&self, within: Duration) -> Result<Option<Report>, NetError> {
        self.listener.as_ref().map_or(Ok(None), |listener| listener.next(within))
    }

    /// Whether there is a port for reports.
    pub(super) fn listens(&self) -> bool {
        self.listener.is_some()
    }
}

pub(super) fn peer(config: &config::Dicom, host: &str, port: u16, called: &AeTitle, tls: Option<Tls>) -> Peer {
    let [connect, answer, send] = [config.connect_seconds, config.answer_seconds, config.send_seconds]
        .map(|seconds| Duration::from_secs(seconds.into()));
    Peer {
        host: host.to_owned(),
        port,
        called: called.clone(),
        calling: config.calling_ae.clone(),
        times: Times { connect, answer, send, release: RELEASE },
        tls,
    }
}

/// The objects of a screening, in the order in which they are sent.
pub(super) fn objects(study: &Study<'_>, parcel: &Parcel, parts: Parts) -> Result<Vec<Object>, ObjectError> {
    let mut objects = Vec::new();
    if parts.photographs {
        for (photograph, (shown, bytes)) in parcel.screening.photographs.iter().zip(&parcel.photographs) {
            objects.push(study.photograph(photograph, bytes, &shown.taking)?);
        }
    }
    if let Some(pdf) = parcel.report.as_ref().filter(|_| parts.report) {
        objects.push(study.report(pdf)?);
    }
    if parts.findings {
        objects.push(study.findings()?);
    }
    Ok(objects)
}

/// What works with the archive and the worklist, tried out: for the person who sets the device up.
#[derive(Debug)]
pub struct ArchiveCheck {
    archive: Option<Archive>,
    worklist: Option<WorklistPeer>,
    instrument: Instrument,
}

impl ArchiveCheck {
    /// Of the archive and the worklist that a configuration names.
    ///
    /// # Errors
    /// When certificates can't be used, or the port for reports is not to be had.
    pub fn of(config: &Config, device: &Device) -> Result<Self, SetUpError> {
        let instrument = Instrument {
            site: device.site.clone(),
            name: device.name.clone(),
            serial: String::new(),
            version: device.version.clone(),
        };
        Ok(ArchiveCheck { archive: Archive::of(&config.dicom)?, worklist: WorklistPeer::of(config)?, instrument })
    }

    /// Whether there is nobody to try.
    pub fn is_empty(&self) -> bool {
        self.archive.is_none() && self.worklist.is_none()
    }

    /// Tries each of them. A marked photograph of nobody is stored in the archive, and its promise asked for, only where
    /// `stores` says so: it stays there.
    ///
    /// # Errors
    /// When that photograph can't be made.
    pub fn run(&self, stores: bool, codes: &Codes, now: Stamp) -> Result<Vec<Check>, ObjectError> {
        let mut checks = Vec::new();
        if let Some(archive) = &self.archive {
            let object = stores.then(|| sample(&self.instrument, codes)).transpose()?;
            // Each time another one, also on a device whose clock stands still: the process is part of it.
            let number = format!("{}/{}/{}", self.instrument.name, now.unix_seconds, std::process::id());
            let transaction = transaction(&number, 1);
            let elsewhere = archive.listener.as_ref().map(|listener| (listener, ELSEWHERE));
            let commit = Commit { transaction: &transaction, here: HERE, elsewhere };
            let plan = Plan {
                store: object.as_ref(),
                commit: (stores && archive.commitment).then_some(commit),
                worklist: None,
            };
            checks.push(net::check(&archive.peer, plan));
        }
        checks.extend(self.worklist.as_ref().map(WorklistPeer::check));
        Ok(checks)
    }
}
