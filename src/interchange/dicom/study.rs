//! The objects of one screening, all in the study that the encounter belongs to.
//!
//! Not here: the objects themselves ([`photograph`](super::photograph), [`document`](super::document),
//! [`findings`](super::findings)).

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::{dataset::Dataset, document, findings, net::Instance, uid};
use crate::{
    interchange::{Photograph, export::Export},
    station::Order,
};

/// Which objects of a screening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// The photographs.
    pub photographs: bool,
    /// The report to print.
    pub report: bool,
    /// What was found.
    pub findings: bool,
}

/// Makes the DICOM objects of one screening.
#[derive(Debug, Clone, Copy)]
pub struct Study<'a> {
    pub(super) export: &'a Export<'a>,
}

impl<'a> Study<'a> {
    /// Of a screening that may leave the device.
    pub fn new(export: &'a Export<'a>) -> Self {
        Study { export }
    }

    /// What the clinic ordered.
    pub(super) fn order(&self) -> Option<&'a Order> {
        self.export.screening().order.as_ref()
    }

    /// The objects by class and UID, as an archive is asked for them: photographs, report, findings.
    pub fn instances(&self, parts: Parts) -> Vec<Instance> {
        let instance = |class: &str, uid: String| Instance { class: class.to_owned(), uid };
        let photographs = self.export.screening().photographs.iter().filter(|_| parts.photographs);
        let class = uids::OPHTHALMIC_PHOTOGRAPHY8_BIT_IMAGE_STORAGE;
        let mut instances: Vec<Instance> =
            photographs.map(|photograph| instance(class, photograph.uid.clone())).collect();
        if parts.report {
            instances.push(instance(uids::ENCAPSULATED_PDF_STORAGE, uid::own(self.export, document::PART)));
        }
        if parts.findings {
            instances.push(instance(uids::ENHANCED_SR_STORAGE, uid::own(self.export, findings::PART)));
        }
        instances
    }

    /// The photographs' series, in the order in which they were begun.
    pub(super) fn series(&self) -> Vec<&'a str> {
        let mut series: Vec<&str> = Vec::new();
        for photograph in &self.export.screening().photographs {
            if !series.contains(&photograph.series.as_str()) {
                series.push(&photograph.series);
            }
        }
        series
    }

    /// Where the photographs are, as other objects of the study refer to them: by study and series.
    pub(super) fn evidence(&self) -> Vec<Dataset> {
        let screening = self.export.screening();
        let series = self.series().into_iter().map(|series| {
            let photographs = screening.photographs.iter().filter(|photograph| photograph.series == series);
            Dataset::new().sequence(tags::REFERENCED_SOP_SEQUENCE, photographs.map(reference)).text(
                tags::SERIES_INSTANCE_UID,
                VR::UI,
                series,
            )
        });
        let series: Vec<Dataset> = series.collect();
        if series.is_empty() {
            return Vec::new();
        }
        let study = Dataset::new().sequence(tags::REFERENCED_SERIES_SEQUENCE, series).text(
            tags::STUDY_INSTANCE_UID,
            VR::UI,
            screening.study.as_str(),
        );
        vec![study]
    }
}

/// A photograph by class and UID.
pub(super) fn reference(photograph: &Photograph) -> Dataset {
    referenced(uids::OPHTHALMIC_PHOTOGRAPHY8_BIT_IMAGE_STORAGE, &photograph.uid)
}

/// An object by class and UID.
pub(super) fn referenced(class: &str, uid: &str) -> Dataset {
    Dataset::new().text(tags::REFERENCED_SOP_CLASS_UID, VR::UI, class).text(
        tags::REFERENCED_SOP_INSTANCE_UID,
        VR::UI,
        uid,
    )
}
