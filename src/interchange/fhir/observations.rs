//! What was found: for each eye one Observation for each output, and one for the quality of its photograph.

use ocellus_model::{label::Output, laterality::Laterality, quality::Gradability};

use super::{Annotation, CodeableConcept, Component, Ids, Meta, Observation, Quantity, Reference};
use crate::interchange::{
    Absent, Said,
    codes::{Coded, Concept, Use},
    export::Export,
    finding::{EYES, eye_use},
    times,
};

/// All of them, the right eye's first.
pub(super) fn all(export: &Export<'_>, ids: &Ids, meta: &Meta) -> Vec<Observation> {
    let mut all = Vec::new();
    for eye in EYES {
        all.push(quality(export, ids, meta, eye));
        for &output in &export.screening().outputs {
            all.push(finding(export, ids, meta, eye, output));
        }
    }
    all
}

/// An Observation that says nothing yet.
fn blank(export: &Export<'_>, ids: &Ids, meta: &Meta, eye: Laterality, of: Use) -> Observation {
    let photographs = || export.screening().photographs.iter().filter(move |photograph| photograph.eye == eye);
    Observation {
        id: export.id(&format!("{eye}/{}", of.name())).to_string(),
        meta: meta.clone(),
        status: "cancelled",
        code: export.concept(of).into(),
        subject: Reference::to(&ids.patient),
        effective_date_time: photographs().next_back().and_then(|photograph| times::iso(photograph.taken)),
        value_codeable_concept: None,
        data_absent_reason: None,
        interpretation: Vec::new(),
        note: Vec::new(),
        body_site: export.concept(eye_use(eye)).into(),
        device: Reference::to(&ids.models),
        derived_from: ids.study.iter().filter(|_| photographs().next().is_some()).map(|id| Reference::to(id)).collect(),
        component: Vec::new(),
    }
}

fn finding(export: &Export<'_>, ids: &Ids, meta: &Meta, eye: Laterality, output: Output) -> Observation {
    let mut found = blank(export, ids, meta, eye, Use::of(output));
    let screening = export.screening();
    let said = screening.eye(eye).said(output);
    let (value, flag) = match said {
        Said::Signs => (Use::Signs, Some(Use::FlagSigns)),
        // No flag: the system's word for it is one that is never said of an eye.
        Said::NoSigns => (Use::NoSigns, None),
        Said::Uncertain => (Use::Uncertain, Some(Use::FlagUncertain)),
        Said::Nothing(why) => {
            found.data_absent_reason = Some(absent(export, eye, why));
            return found;
        }
    };
    found.status = match said {
        Said::NoSigns if !screening.is_complete() => "preliminary",
        _ => settled(export),
    };
    found.value_codeable_concept = Some(export.concept(value).into());
    found.interpretation.extend(flag.map(|flag| CodeableConcept::from(export.concept(flag))));
    if export.site().probabilities {
        found.component.extend(screening.eye(eye).probabilities.get(&output).map(|&value| probability(export, value)));
    }
    found
}

fn quality(export: &Export<'_>, ids: &Ids, meta: &Meta, eye: Laterality) -> Observation {
    let mut found = blank(export, ids, meta, eye, Use::ImageQuality);
    let screened = export.screening().eye(eye);
    // What is said of an eye without a result is the same for every output.
    let nothing = export.screening().outputs.first().and_then(|&output| match screened.said(output) {
        Said::Nothing(why) => Some(why),
        Said::Signs | Said::NoSigns | Said::Uncertain => None,
    });
    let value = match (screened.gradability, nothing) {
        (_, Some(why @ Absent::NotPerformed)) | (None, Some(why @ Absent::JudgingFailed)) => {
            found.data_absent_reason = Some(absent(export, eye, why));
            return found;
        }
        (Some(Gradability::Good), _) => Use::Good,
        (Some(Gradability::Usable), _) => Use::Usable,
        (Some(Gradability::Ungradable) | None, _) => Use::Ungradable,
    };
    found.status = settled(export);
    found.value_codeable_concept = Some(export.concept(value).into());
    found.note = export.reasons(eye).into_iter().map(|text| Annotation { text }).collect();
    found
}

/// The status of what will not change.
fn settled(export: &Export<'_>) -> &'static str {
    if export.screening().amends.is_some() { "amended" } else { "final" }
}

/// Why there is no value.
fn absent(export: &Export<'_>, eye: Laterality, why: Absent) -> CodeableConcept {
    let concept = CodeableConcept::from(export.concept(why.used()));
    CodeableConcept { text: export.why_nothing(eye), ..concept }
}

fn probability(export: &Export<'_>, value: f64) -> Component {
    let Concept { text, coded, .. } = export.concept(Use::ProbabilityUnit);
    let (system, code) = coded.map(|Coded { system, code, .. }| (system.clone(), code.clone())).unzip();
    Component {
        code: export.concept(Use::Probability).into(),
        value_quantity: Quantity { value, unit: text.to_owned(), system, code },
    }
}
