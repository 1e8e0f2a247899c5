//! Folders: the one that somebody watches, and the one for FHIR bundles alone.
//!
//! Not here: what lies in them (`crate::interchange::drop_folder`).

use std::path::PathBuf;

use super::{
    archive::objects,
    parcel::{Parcel, Wants},
    way::Trouble,
};
use crate::interchange::{
    Export,
    dicom::{Parts, Study},
    drop_folder::DropFolder,
};

/// A folder.
#[derive(Debug)]
pub(super) enum Folder {
    /// PDF, FHIR bundle, HL7 message and DICOM files, for somebody who watches.
    Watched(PathBuf),
    /// FHIR bundles.
    Bundles(PathBuf),
}

impl Folder {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Folder::Watched(_) => "drop_folder",
            Folder::Bundles(_) => super::fhir::NAME,
        }
    }

    pub(super) fn wants(&self) -> Wants {
        Wants { photographs: matches!(self, Folder::Watched(_)), report: true }
    }

    pub(super) fn send(&self, parcel: &Parcel, export: &Export<'_>, pdf: &[u8]) -> Result<(), Trouble> {
        let (Folder::Watched(path) | Folder::Bundles(path)) = self;
        // One that is not there may be a share that comes back.
        let folder = DropFolder::open(path).map_err(Trouble::away)?;
        let put = match self {
            Folder::Watched(_) => {
                let study = Study::new(export);
                let all = Parts { photographs: true, report: true, findings: true };
                let objects = objects(&study, parcel, all).map_err(|error| Trouble::Refused(error.to_string()))?;
                folder.put(export, pdf, &objects)
            }
            Folder::Bundles(_) => folder.put_bundle(export, pdf),
        };
        put.map(|_| ()).map_err(Trouble::away)
    }
}
