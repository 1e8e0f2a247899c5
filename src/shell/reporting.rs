//! What the report is told of an encounter that has its result.

use ocellus_model::laterality::Laterality;

use super::{Shell, keeping::Order, told::Asked};
use crate::{
    encounter::{self, Encounter},
    report::{self, Paper, Report, Thumbnail},
};

/// How reports are made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reports {
    /// What they are printed on.
    pub paper: Paper,
    /// By when a referred patient is to be examined: weeks; none where the site names no time.
    pub examined_within_weeks: Option<u32>,
}

impl Shell {
    /// Has the report on the encounter under way made and stored.
    pub(super) fn report(&self, asked: Asked) {
        match self.report_of() {
            Some(report) => self.running.store(Order::Report { asked, report: Box::new(report) }),
            None => {
                log::error!("there is no report without a patient, a result and a bundle");
                let event = encounter::Event::ReportFailed { token: asked.token };
                // It is told as an answer, like any other: the station is in the middle of its commands.
                let told = super::Told::Station(crate::station::Event::Encounter { number: asked.number, event });
                if self.running.tell.try_send(told).is_err() {
                    log::error!("the loop takes no more answers");
                }
            }
        }
    }

    fn report_of(&self) -> Option<Report> {
        let begun = self.begun.as_ref()?;
        let encounter = self.station.encounter()?;
        let by = self.running.judged_by.borrow().clone()?;
        Some(Report {
            language: self.station.language(),
            paper: self.reports.paper,
            // The store knows the number.
            id: String::new(),
            replaces: None,
            device: self.running.device.clone(),
            bundle: by.bundle,
            looked_for: by.looks_for,
            patient: begun.patient.clone(),
            practice: begun.practice,
            encounter: String::new(),
            at: self.ended?,
            operator: begun.operator.clone(),
            pre_check: encounter.pre_check(),
            right: self.reported_eye(encounter, Laterality::Od),
            left: self.reported_eye(encounter, Laterality::Os),
            outcome: encounter.disposition(),
            screen_again_months: self.months,
            examined_within_weeks: self.reports.examined_within_weeks,
        })
    }

    fn reported_eye(&self, encounter: &Encounter, eye: Laterality) -> report::Eye {
        let taken: Vec<_> = self.captures.values().filter(|capture| capture.eye == eye && !capture.withdrawn).collect();
        let quality =
            taken.iter().max_by_key(|capture| capture.attempt).and_then(|last| last.record.as_ref()?.quality.as_ref());
        let thumbnail = self.pictures.get(eye.as_str()).filter(|_| !taken.is_empty());
        report::Eye {
            status: encounter.eye(eye).clone(),
            gradability: quality.map(|quality| quality.gradability),
            photographs: u32::try_from(taken.len()).unwrap_or(u32::MAX),
            agent: encounter.agent(eye),
            thumbnail: thumbnail.and_then(|(picture, _)| Thumbnail::of(&picture.pixels, picture.field.as_ref())),
        }
    }
}
