//! No way back to an older bundle: which one of a name has judged here with the highest sequence number is kept in the
//! record, and one with a lower number, or another with the same, does not judge any more. A supervisor may go back; the
//! audit log says so, as it says of each bundle when it came into use.
//!
//! Not here: signatures and digests ([`ocellus_model::bundle`]), keys ([`crate::trust`]).

use std::collections::BTreeMap;

use ocellus_model::bundle::Digest;
use serde::{Deserialize, Serialize};

use crate::{
    judge::BundleId,
    record::{Stamp, Store, StoreError},
};

/// The name under which the record keeps it.
const KEPT_AS: &str = "bundles-in-use";

/// The newest bundle of a name that has judged here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct InUse {
    sequence: u64,
    /// None after a supervisor went back to this number and before one with it was loaded.
    digest: Option<Digest>,
}

/// Why a bundle is not taken into use.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// A newer one has judged here.
    #[error(
        "{name} has the sequence number {found}, and {newest} has judged here: install a newer bundle, or let a supervisor go back with `ocellus record go-back {name} {found}`"
    )]
    Older {
        /// The bundle's name.
        name: String,
        /// Its sequence number.
        found: u64,
        /// The highest that has judged here.
        newest: u64,
    },
    /// Two bundles with one number.
    #[error(
        "{name} with the sequence number {sequence} is another than the one with this number that has judged here: sign it with a higher one"
    )]
    SameNumber {
        /// The bundle's name.
        name: String,
        /// Its sequence number.
        sequence: u64,
    },
    /// There is nothing to go back from.
    #[error("no bundle {name} with a higher sequence number than {sequence} has judged here: nothing to go back from")]
    NotNewer {
        /// The bundle's name.
        name: String,
        /// The number asked for.
        sequence: u64,
    },
    /// The record can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A bundle that was verified and tested is to judge from now on.
///
/// # Errors
/// When a newer one of its name, or another of its number, has judged here, or the record can't be read or written.
pub fn take_into_use(record: &mut Store, bundle: &BundleId, sequence: u64, at: Stamp) -> Result<(), RollbackError> {
    let mut all = read(record)?;
    let name = bundle.name.clone();
    let offered = InUse { sequence, digest: Some(bundle.digest) };
    match all.get(&name) {
        Some(newest) if *newest == offered => return Ok(()),
        Some(newest) if sequence < newest.sequence => {
            return Err(RollbackError::Older { name, found: sequence, newest: newest.sequence });
        }
        Some(newest) if sequence == newest.sequence && newest.digest.is_some() => {
            return Err(RollbackError::SameNumber { name, sequence });
        }
        Some(_) | None => {}
    }
    record.audit("device", "bundle-in-use", &name, &offered, at)?;
    all.insert(name, offered);
    Ok(record.keep(KEPT_AS, &all)?)
}

/// Lets bundles of a name judge again from a lower sequence number on.
///
/// # Errors
/// When none with a higher number has judged here, or the record can't be read or written.
pub fn go_back(record: &mut Store, name: &str, to: u64, actor: &str, at: Stamp) -> Result<(), RollbackError> {
    let mut all = read(record)?;
    let newest = InUse { sequence: to, digest: None };
    match all.insert(name.to_owned(), newest) {
        Some(before) if before.sequence > to => {
            let detail = serde_json::json!({ "from": before.sequence, "to": to });
            record.audit(actor, "bundle-go-back", name, &detail, at)?;
            Ok(record.keep(KEPT_AS, &all)?)
        }
        Some(_) | None => Err(RollbackError::NotNewer { name: name.to_owned(), sequence: to }),
    }
}

fn read(record: &Store) -> Result<BTreeMap<String, InUse>, StoreError> {
    Ok(record.kept(KEPT_AS)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Device, Home};

    const AT: Stamp = Stamp { unix_seconds: 1_800_000_000, clock_is_set: true };

    fn open(folder: &std::path::Path) -> Store {
        let device = Device { site: "Site".into(), name: "one".into(), version: "0".into(), simulated: true };
        Home::at(folder.to_owned()).open(device, AT).unwrap()
    }

    fn bundle(name: &str, content: &[u8]) -> BundleId {
        BundleId { name: name.into(), version: "1".into(), digest: Digest::of(content) }
    }

    // verifies: RQ-023
    #[test]
    fn an_older_bundle_judges_no_more_after_a_newer_one_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut record = open(folder.path());
        let (old, new) = (bundle("light", b"old"), bundle("light", b"new"));
        take_into_use(&mut record, &old, 2, AT).unwrap();
        take_into_use(&mut record, &old, 2, AT).unwrap();
        take_into_use(&mut record, &new, 5, AT).unwrap();
        drop(record);

        let mut record = open(folder.path());
        let error = take_into_use(&mut record, &old, 2, AT).unwrap_err();
        assert!(matches!(error, RollbackError::Older { found: 2, newest: 5, .. }), "{error}");
        assert!(error.to_string().contains("ocellus record go-back light 2"), "{error}");
        take_into_use(&mut record, &new, 5, AT).unwrap();
        // Another name has numbers of its own; another content under the same number is not the same bundle.
        take_into_use(&mut record, &bundle("dusk", b"old"), 1, AT).unwrap();
        let error = take_into_use(&mut record, &bundle("light", b"other"), 5, AT).unwrap_err();
        assert!(matches!(error, RollbackError::SameNumber { sequence: 5, .. }), "{error}");

        let lines = record.log(Some("light"), None, 10).unwrap();
        assert_eq!(lines.len(), 2, "each bundle once: {lines:?}");
    }

    // verifies: RQ-023
    #[test]
    fn a_supervisor_goes_back_and_the_log_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut record = open(folder.path());
        let (old, new) = (bundle("light", b"old"), bundle("light", b"new"));
        let error = go_back(&mut record, "light", 2, "anna", AT).unwrap_err();
        assert!(matches!(error, RollbackError::NotNewer { .. }), "{error}");
        take_into_use(&mut record, &new, 5, AT).unwrap();
        for to in [5, 6] {
            assert!(matches!(go_back(&mut record, "light", to, "anna", AT), Err(RollbackError::NotNewer { .. })));
        }
        assert!(take_into_use(&mut record, &old, 2, AT).is_err(), "asking for nonsense changed something");
        go_back(&mut record, "light", 2, "anna", AT).unwrap();
        assert!(take_into_use(&mut record, &bundle("light", b"older"), 1, AT).is_err(), "further back than was said");
        take_into_use(&mut record, &old, 2, AT).unwrap();
        let lines = record.log(Some("light"), None, 10).unwrap();
        assert_eq!(lines.iter().filter(|line| line.action == "bundle-go-back" && line.actor == "anna").count(), 1);
    }
}
