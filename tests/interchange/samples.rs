//! What is exported of the shared screenings, and what is refused.

use ocellus::{
    decision::PatientDisposition,
    encounter::Question,
    interchange::{Export, Purpose, Refused, Screening, Site},
};
use ocellus_tests::screenings::CODES;

pub(crate) use ocellus_tests::screenings::{PDF, eyes, named, screening, site};

/// An encounter that ended with the pre-check.
pub(crate) fn asked_only() -> Screening {
    let mut asked = screening(named("pending"), named("pending"));
    asked.pre_check = Some(Question::Symptoms);
    asked.disposition = PatientDisposition::Refer;
    asked
}

/// Every combination of two eyes, with a name for messages.
pub(crate) fn all() -> Vec<(String, Screening)> {
    let mut all = vec![("pre-check".to_owned(), asked_only())];
    for (right_name, right) in eyes() {
        for (left_name, left) in eyes() {
            all.push((format!("{right_name} / {left_name}"), screening(right.clone(), left)));
        }
    }
    all
}

/// Does something with an export of a screening.
pub(crate) fn with<T>(screening: &Screening, site: &Site, then: impl FnOnce(&Export<'_>) -> T) -> T {
    then(&Export::new(screening, site, &CODES, Purpose::Testing).expect("the sample may be exported"))
}

/// Why a screening is refused; none where it is not.
pub(crate) fn refused(screening: &Screening, site: &Site, purpose: Purpose) -> Option<Refused> {
    Export::new(screening, site, &CODES, purpose).err()
}
