//! UIDs under `2.25`, made of UUIDs: no root has to be registered for them.
//!
//! Not here: the UIDs of photographs and their series, which the encounter gave them.

use uuid::Uuid;

use crate::interchange::export::Export;

/// What this program is called in every file and association.
pub(super) const IMPLEMENTATION_CLASS: &str = "2.25.62447513303393829433203017186402731041";
/// The same for people, at most 16 characters.
pub(super) const IMPLEMENTATION_VERSION: &str = concat!("OCELLUS_", env!("CARGO_PKG_VERSION"));

/// All transactions are UUIDs of version 5 below this one.
const TRANSACTIONS: Uuid = Uuid::from_u128(0x5b1d_64a4_9f0e_4c55_8a53_0c2e_7a37_11d2);

/// A UUID as a UID: `2.25.` and its number in decimal, 44 characters at most.
pub(crate) fn of(uuid: Uuid) -> String {
    format!("2.25.{}", uuid.as_u128())
}

/// The UID of a part of what is said of this encounter; another encounter's is another, also where it replaces this one.
pub(super) fn own(export: &Export<'_>, part: &str) -> String {
    of(export.own_id(&format!("dicom/{part}")))
}

/// What [`own`] gave that part in the encounter that this one replaces.
pub(super) fn replaced(export: &Export<'_>, part: &str) -> Option<String> {
    export.screening().amends.as_ref().map(|_| of(export.id(&format!("dicom/{part}"))))
}

/// The Transaction UID of an encounter's request for storage commitment. Each attempt has to have its own number, since an
/// answer to an earlier one may still come; after a restart the same attempt has the same UID.
pub fn transaction(encounter: &str, attempt: u32) -> String {
    of(Uuid::new_v5(&TRANSACTIONS, format!("{encounter}/{attempt}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_stable_uids_of_their_own() {
        let [first, again, second, other] =
            [("2.25.1", 1), ("2.25.1", 1), ("2.25.1", 2), ("2.25.11", 1)].map(|(of, nth)| transaction(of, nth));
        assert_eq!(first, again);
        assert!(first != second && first != other && second != other);
        assert!(first.len() <= 64 && first.split('.').all(|part| !part.starts_with('0')));
        assert!(IMPLEMENTATION_VERSION.len() <= 16);
    }
}
