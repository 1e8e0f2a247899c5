//! What is sent of one encounter, taken out of the record.
//!
//! Not here: which messages are made of it.

use zeroize::Zeroizing;

use super::screening::{self, NotAScreening, Shown};
use crate::{
    interchange::Screening,
    record::{EncounterId, Store, StoreError},
};

/// An encounter to be sent.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) screening: Screening,
    /// Its photographs, as the screening has them; their bytes only where they were asked for.
    pub(super) photographs: Vec<(Shown, Zeroizing<Vec<u8>>)>,
    /// Whether there is a report.
    pub(super) has_report: bool,
    /// The newest report; none where there is none, or it was not asked for.
    pub(super) report: Option<Zeroizing<Vec<u8>>>,
}

/// What is wanted of an encounter besides what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wants {
    pub(super) photographs: bool,
    pub(super) report: bool,
}

/// Why an encounter can't be taken out of the record.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unpackable {
    #[error(transparent)]
    NotAScreening(#[from] NotAScreening),
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Unpackable {
    /// Whether it will be so the next time too.
    pub(super) fn is_for_good(&self) -> bool {
        match self {
            Unpackable::NotAScreening(_) => true,
            Unpackable::Store(error) => matches!(
                error,
                StoreError::FileChanged { .. } | StoreError::Damaged { .. } | StoreError::Missing { .. }
            ),
        }
    }
}

impl Parcel {
    pub(super) fn pack(store: &mut Store, encounter: EncounterId, wants: Wants) -> Result<Self, Unpackable> {
        let record = store.id();
        let stored = store.outbox().content(encounter)?;
        let (screening, shown) = screening::screening(record, &stored)?;
        let mut photographs = Vec::with_capacity(shown.len());
        for shown in shown {
            let bytes = match wants.photographs {
                true => store.photograph_bytes(encounter, shown.eye, shown.attempt)?,
                false => Zeroizing::new(Vec::new()),
            };
            photographs.push((shown, bytes));
        }
        let newest = stored.reports.last();
        let report = newest.filter(|_| wants.report).map(|report| store.report_pdf(&report.number)).transpose()?;
        Ok(Parcel { screening, photographs, has_report: newest.is_some(), report })
    }
}
