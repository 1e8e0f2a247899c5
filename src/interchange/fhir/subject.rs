//! Who was screened, with what, and the photographs.

use super::{
    Annotation, CodeableConcept, Coding, Device, DeviceName, DeviceVersion, Entry, HumanName, Identifier, Ids,
    ImagingStudy, Instance, Meta, Patient, Reference, Request, Resource, Series, datatypes::full_url,
};
use crate::interchange::{
    Photograph, Screening,
    codes::{OWN_SYSTEM, Use},
    export::{Export, RESEARCH},
    finding::eye_use,
    times,
};
use ocellus_model::laterality::Laterality;

/// The patient, made where the clinic's number is not known to the server, and left alone where it is.
pub(super) fn patient(export: &Export<'_>, ids: &Ids, meta: &Meta) -> Entry {
    let Screening { patient, .. } = export.screening();
    // What is not real must not find a patient of the clinic who happens to have the same number.
    let system = if export.screening().is_real() { export.site().patient_system.as_str() } else { OWN_SYSTEM };
    let resource = Patient {
        meta: meta.clone(),
        identifier: [Identifier::of(system, &patient.id)],
        name: some(&patient.name).map(|text| HumanName { text }).into_iter().collect(),
        birth_date: some(&patient.birth_date),
    };
    let search = format!("identifier={}%7C{}", in_search(system), in_search(&patient.id));
    let request = Request { method: "POST", url: "Patient".to_owned(), if_none_exist: Some(search) };
    Entry { full_url: full_url(&ids.patient), resource: Resource::Patient(resource), request }
}

/// The instrument, and the bundle of models within it.
pub(super) fn devices(export: &Export<'_>, ids: &Ids, meta: &Meta) -> [Device; 2] {
    let Screening { instrument, bundle, .. } = export.screening();
    let note = vec![Annotation { text: RESEARCH.to_owned() }];
    let machine = Device {
        id: ids.instrument.clone(),
        meta: meta.clone(),
        identifier: some(&instrument.serial).map(|serial| Identifier::of(OWN_SYSTEM, &serial)).into_iter().collect(),
        status: "active",
        serial_number: some(&instrument.serial),
        device_name: [DeviceName { name: instrument.name.clone(), kind: "user-friendly-name" }],
        kind: CodeableConcept::text("Fundus camera with the program Ocellus"),
        version: [DeviceVersion { value: instrument.version.clone() }],
        note: note.clone(),
        parent: None,
    };
    let models = Device {
        id: ids.models.clone(),
        meta: meta.clone(),
        identifier: vec![Identifier::of(OWN_SYSTEM, &format!("sha256:{}", bundle.digest))],
        status: "active",
        serial_number: None,
        device_name: [DeviceName { name: bundle.name.clone(), kind: "model-name" }],
        kind: CodeableConcept::text("Bundle of models that judges photographs of the retina"),
        version: [DeviceVersion { value: bundle.version.clone() }],
        note,
        parent: Some(Reference::to(&ids.instrument)),
    };
    [machine, models]
}

/// The photographs; none where none were taken.
pub(super) fn study(export: &Export<'_>, ids: &Ids, meta: &Meta) -> Option<ImagingStudy> {
    let screening = export.screening();
    let mut identifier = vec![Identifier::uid(&screening.study)];
    identifier.extend(some(screening.accession()).map(|value| Identifier {
        kind: Some(CodeableConcept::text("Accession number")),
        system: None,
        value,
    }));
    let series = series(export);
    Some(ImagingStudy {
        id: ids.study.clone()?,
        meta: meta.clone(),
        identifier,
        status: "available",
        modality: [export.concept(Use::Modality).into()],
        subject: Reference::to(&ids.patient),
        started: times::iso(screening.begun),
        number_of_series: series.len(),
        number_of_instances: screening.photographs.len(),
        procedure_code: [export.concept(Use::Procedure).into()],
        series,
    })
}

fn series(export: &Export<'_>) -> Vec<Series> {
    let mut found: Vec<Series> = Vec::new();
    for Photograph { uid, series, eye, taken, .. } in &export.screening().photographs {
        let instance = Instance { uid: uid.clone(), sop_class: export.concept(Use::PhotographClass).into() };
        if let Some(known) = found.iter_mut().find(|known| known.uid == *series) {
            known.number_of_instances += 1;
            known.instance.push(instance);
            continue;
        }
        let side = match eye {
            Laterality::Od => Use::RightSide,
            Laterality::Os => Use::LeftSide,
        };
        found.push(Series {
            uid: series.clone(),
            modality: export.concept(Use::Modality).into(),
            number_of_instances: 1,
            body_site: Coding::from(export.concept(eye_use(*eye))),
            laterality: export.concept(side).into(),
            started: times::iso(*taken),
            instance: vec![instance],
        });
    }
    found
}

/// Text, if there is any: FHIR has no empty strings.
fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A value of a search: what FHIR gives a meaning is escaped, then what URLs do.
fn in_search(value: &str) -> String {
    let mut out = String::new();
    for character in value.chars() {
        if matches!(character, '\\' | '|' | ',' | '$') {
            out.push_str("%5C");
        }
        let mut bytes = [0; 4];
        for byte in character.encode_utf8(&mut bytes).bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
                other => out.push_str(&format!("%{other:02X}")),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    // verifies: RQ-161
    #[test]
    fn a_patients_number_cannot_change_the_search() {
        assert_eq!(in_search("4711-a"), "4711-a");
        assert_eq!(in_search("1|2&_id=3,ü"), "1%5C%7C2%26_id%3D3%5C%2C%C3%BC");
    }
}
