//! The report of an encounter, and who made it of what.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    Agent, Attachment, CodeableConcept, DiagnosticReport, Entity, Identifier, Ids, Meta, Provenance, Reference, Unknown,
};
use crate::interchange::{codes::Use, export::Export, times};

/// The report; `pdf` is what is printed.
pub(super) fn report(
    export: &Export<'_>,
    ids: &Ids,
    meta: &Meta,
    result: Vec<Reference>,
    pdf: &[u8],
) -> DiagnosticReport {
    let screening = export.screening();
    let ended = times::iso(screening.ended);
    let status = match (screening.is_complete(), &screening.amends) {
        (false, _) => "partial",
        (true, Some(_)) => "amended",
        (true, None) => "final",
    };
    let message = export.message();
    let mut conclusion = vec![format!("{}.", message.title), message.action];
    conclusion.extend(export.remarks());
    DiagnosticReport {
        id: ids.report.clone(),
        meta: meta.clone(),
        identifier: vec![Identifier::uid(&screening.encounter)],
        status,
        category: [export.concept(Use::ReportCategory).into()],
        code: export.concept(Use::Report).into(),
        subject: Reference::to(&ids.patient),
        effective_date_time: ended.clone(),
        issued: ended,
        result,
        imaging_study: ids.study.iter().map(|id| Reference::to(id)).collect(),
        conclusion: conclusion.join(" "),
        conclusion_code: [export.concept(export.outcome()).into()],
        presented_form: [Attachment {
            content_type: "application/pdf".to_owned(),
            data: STANDARD.encode(pdf),
            title: export.concept(Use::Report).text.to_owned(),
        }],
    }
}

/// Who made the report and its `results` of which photographs.
pub(super) fn provenance(export: &Export<'_>, ids: &Ids, meta: &Meta, results: Vec<Reference>) -> Provenance {
    let screening = export.screening();
    let recorded = times::iso(screening.ended);
    let agent = |kind, who| Agent { kind: CodeableConcept::text(kind), who };
    let mut agents = vec![agent("Program that judged", Reference::to(&ids.models))];
    agents.extend(screening.operator.as_ref().filter(|name| !name.trim().is_empty()).map(|name| {
        let identifier = Identifier { kind: None, system: None, value: name.clone() };
        agent("Operator", Reference { identifier: Some(identifier), ..Reference::default() })
    }));
    let entity = screening.photographs.iter().map(|photograph| Entity {
        role: "source",
        what: Reference {
            reference: None,
            identifier: Some(Identifier::uid(&photograph.uid)),
            display: Some(format!("{} SHA-256 {}", photograph.eye, photograph.digest)),
        },
    });
    Provenance {
        id: export.id("provenance").to_string(),
        meta: meta.clone(),
        target: results.into_iter().chain([Reference::to(&ids.report)]).collect(),
        recorded_unknown: recorded.is_none().then_some(Unknown::UNKNOWN),
        recorded,
        agent: agents,
        entity: entity.collect(),
    }
}
