//! The rules, held against what the station shows and what its encounter says.

use ocellus::{
    decision::{Outcome, PatientDisposition},
    encounter::{Entry, EyeStatus, Question, State, View},
    judge::Why,
    station::Screen,
};
use ocellus_model::{laterality::Laterality, quality::Reason};

use super::{
    disk::Key,
    rules::{Holds, Rule, holds},
    shell::Asked,
    world::World,
};

const EYES: [Laterality; 2] = [Laterality::Od, Laterality::Os];
const WRONG_EYE: Why = Why::Photograph(Reason::WrongEyeSuspected);

impl World {
    fn key(&self) -> Option<Key> {
        self.shell.begun.as_ref().map(|begun| (self.boot, begun.number))
    }

    /// After every event.
    pub(crate) fn check(&mut self) -> Holds {
        let Some(station) = &self.station else { return Ok(()) };
        let tally = station.tally();
        if let (Some(encounter), Some(key)) = (station.encounter(), self.key()) {
            self.coverage.state(encounter.state());
            let lit = match encounter.state() {
                State::Aiming { eye, .. } | State::Capturing { eye, .. } => Some(*eye),
                _ => None,
            };
            let locked = matches!(self.screen, Screen::Pin { locked: true, .. });
            let wanted = if locked { None } else { lit };
            holds(Rule::LightWhereWanted, station.light() == wanted, || {
                format!("{:?} is to be lit while {}, locked: {locked}", station.light(), encounter.state().name())
            })?;
            for eye in EYES {
                let status = encounter.eye(eye);
                if status.outcome() == Some(Outcome::NoReferableSigns) {
                    self.check_negative_eye(key, eye)?;
                }
                self.disk.bears_out(key, eye, status)?;
            }
        }
        if tally != self.tally {
            self.tally = tally;
            for (disposition, counted) in [
                (PatientDisposition::Refer, tally.referred),
                (PatientDisposition::NoReferableSigns, tally.no_referable_signs),
                (PatientDisposition::Incomplete, tally.incomplete),
            ] {
                let stored = self.disk.results(self.boot, disposition, &self.practice);
                holds(Rule::Counted, counted <= stored, || format!("{disposition:?}: {counted}, stored {stored}"))?;
            }
        }
        Ok(())
    }

    /// Before every screen.
    pub(crate) fn check_shown(&mut self, screen: &Screen) -> Holds {
        let view = match screen {
            Screen::Encounter(view) | Screen::Map(view) => view,
            _ => return Ok(()),
        };
        let Some(key) = self.key() else { return Ok(()) };
        match view {
            View::Result { right, left, patient, pre_check } => {
                self.coverage.results += 1;
                self.coverage.negatives += u64::from(*patient == PatientDisposition::NoReferableSigns);
                self.check_result(key, [right, left], *patient, *pre_check)
            }
            View::Retake { eye, reasons, .. } => {
                let last = self.disk.of(key).iter().rev().find_map(|entry| match entry {
                    Entry::Photograph { eye: of, reading, .. } if of == eye => Some(reading.reasons == *reasons),
                    Entry::Withdrawn { eye: of, .. } if of == eye => Some(reasons[..] == [WRONG_EYE]),
                    Entry::Photograph { .. } | Entry::Withdrawn { .. } | Entry::Result { .. } | Entry::Aborted => None,
                });
                holds(Rule::StoredBeforeShown, last == Some(true), || {
                    format!("{eye} again for {reasons:?}, stored is {:?}", self.disk.of(key))
                })
            }
            View::WhichEye { eye } => {
                let doubted =
                    self.disk.reading(key, *eye).is_some_and(|(_, reading)| reading.reasons.contains(&WRONG_EYE));
                holds(Rule::StoredBeforeShown, doubted, || format!("{eye} is doubted, no such photograph is stored"))
            }
            View::Report { patient, .. } => {
                self.check_negative(key, *patient, None)?;
                let stored = self
                    .disk
                    .of(key)
                    .iter()
                    .any(|entry| matches!(entry, Entry::Result { patient: of, .. } if of == patient));
                holds(Rule::StoredBeforeShown, stored, || {
                    format!("a report says {patient:?}, stored is {:?}", self.disk.of(key))
                })
            }
            View::Ready
            | View::Question(_)
            | View::Aim { .. }
            | View::WhyNot { .. }
            | View::Judging { .. }
            | View::Rest { .. }
            | View::OfferDrops { .. }
            | View::DropsWork { .. }
            | View::ConfirmAbort
            | View::Fault(_) => Ok(()),
        }
    }

    fn check_result(
        &self,
        key: Key,
        [right, left]: [&EyeStatus; 2],
        patient: PatientDisposition,
        pre_check: Option<Question>,
    ) -> Holds {
        self.check_negative(key, patient, pre_check)?;
        for (eye, status) in [(Laterality::Od, right), (Laterality::Os, left)] {
            self.disk.bears_out(key, eye, status)?;
        }
        let shown = Entry::Result { right: right.clone(), left: left.clone(), patient, pre_check };
        holds(Rule::StoredBeforeShown, self.disk.of(key).contains(&shown), || {
            format!("{shown:?}, stored is {:?}", self.disk.of(key))
        })
    }

    /// A result without referable signs, stored or shown: is it one?
    pub(crate) fn check_negative(&self, key: Key, patient: PatientDisposition, pre_check: Option<Question>) -> Holds {
        if patient != PatientDisposition::NoReferableSigns {
            return Ok(());
        }
        holds(Rule::NoFalseNegative, pre_check.is_none(), || "in spite of the pre-check".to_owned())?;
        EYES.into_iter().try_for_each(|eye| self.check_negative_eye(key, eye))
    }

    /// An eye is said to be without referable signs: it was photographed and could be judged, and that is stored.
    fn check_negative_eye(&self, key: Key, eye: Laterality) -> Holds {
        let stored = self.disk.reading(key, eye);
        let Some((capture, reading)) = stored else {
            return holds(Rule::NoFalseNegative, false, || format!("nothing is stored of {eye} of {key:?}"));
        };
        holds(Rule::NoFalseNegative, reading.outcome == Outcome::NoReferableSigns, || format!("{eye} is {reading:?}"))?;
        let truth = self.filed.get(&Asked { boot: key.0, number: key.1, token: capture });
        holds(Rule::NoFalseNegative, truth.is_some_and(|truth| truth.may_be_negative() && truth.eye == eye), || {
            format!("the photograph of {eye} is {truth:?}")
        })
    }
}
