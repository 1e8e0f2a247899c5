//! Ways out of the device, and how they can fail.
//!
//! Not here: the ways themselves.

use std::path::Path;

use super::{archive::Archive, fhir::Fhir, folder::Folder, hl7::Hl7, parcel::Wants};
use crate::{
    interchange::{Export, dicom::net::NetError},
    sending::parcel::Parcel,
};

/// Why a way can't be set up: something that the configuration names is not as it should be.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {fact}")]
pub struct SetUpError {
    /// The key of the configuration.
    pub key: String,
    /// What is wrong, and what to do.
    pub fact: String,
}

impl SetUpError {
    pub(super) fn new(key: impl Into<String>, fact: impl std::fmt::Display) -> Self {
        SetUpError { key: key.into(), fact: fact.to_string() }
    }

    pub(super) fn unreadable(key: impl Into<String>, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let key = key.into();
        move |error| {
            let fact = format!("{}: cannot be read: {error}; name another file, or make it readable", path.display());
            SetUpError { key, fact }
        }
    }
}

/// How a destination has what it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It has it, and nothing more is to be heard.
    Delivered,
    /// It has it, and is to be asked whether it will keep it.
    Sent,
}

/// Why something was not delivered. No reason names a patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nothing gets to the destination now.
    Away {
        /// Why.
        reason: String,
        /// Whether a person has to do something first.
        needs_person: bool,
    },
    /// This does not, for now.
    NotYet(String),
    /// This will not as it is.
    Refused(String),
}

impl Trouble {
    /// The destination gives no answer; it may later.
    pub(super) fn away(reason: impl ToString) -> Self {
        Trouble::Away { reason: reason.to_string(), needs_person: false }
    }

    /// The destination can't be used until somebody does something.
    pub(super) fn unusable(reason: impl ToString) -> Self {
        Trouble::Away { reason: reason.to_string(), needs_person: true }
    }

    /// What it says.
    pub(super) fn reason(&self) -> &str {
        match self {
            Trouble::Away { reason, .. } | Trouble::NotYet(reason) | Trouble::Refused(reason) => reason,
        }
    }
}

impl From<NetError> for Trouble {
    /// Of an association that came to nothing.
    fn from(error: NetError) -> Self {
        use crate::interchange::dicom::net::Remedy;
        Trouble::Away { needs_person: error.remedy() == Remedy::Person, reason: error.to_string() }
    }
}

/// A way.
#[derive(Debug)]
pub(super) enum Way {
    Archive(Box<Archive>),
    Fhir(Box<Fhir>),
    Hl7(Box<Hl7>),
    Folder(Folder),
}

impl Way {
    /// Its section in the configuration: the kind and the destination of entries of the outbox.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Way::Archive(_) => super::archive::NAME,
            Way::Fhir(_) => super::fhir::NAME,
            Way::Hl7(_) => super::hl7::NAME,
            Way::Folder(folder) => folder.name(),
        }
    }

    pub(super) fn wants(&self) -> Wants {
        match self {
            Way::Archive(archive) => archive.wants(),
            Way::Fhir(_) | Way::Hl7(_) => Wants { photographs: false, report: true },
            Way::Folder(folder) => folder.wants(),
        }
    }

    /// Sends an encounter that was tried in vain so many times before.
    pub(super) fn send(&self, parcel: &Parcel, export: &Export<'_>, attempts: u32) -> Result<Taken, Trouble> {
        match self {
            Way::Archive(archive) => archive.send(parcel, export, attempts),
            Way::Fhir(fhir) => fhir.send(export, report(parcel)?).map(|()| Taken::Delivered),
            Way::Hl7(hl7) => hl7.send(export, report(parcel)?).map(|()| Taken::Delivered),
            Way::Folder(folder) => folder.send(parcel, export, report(parcel)?).map(|()| Taken::Delivered),
        }
    }
}

/// The report, without which nobody but the archive is told anything.
fn report(parcel: &Parcel) -> Result<&[u8], Trouble> {
    let none = || Trouble::NotYet("the encounter has no report yet: have it made again on the device".to_owned());
    parcel.report.as_ref().map(|pdf| pdf.as_slice()).ok_or_else(none)
}
