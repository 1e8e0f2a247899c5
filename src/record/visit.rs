//! An encounter as others add to it: its state, its data key, and the names that its seals are bound to.

use rusqlite::OptionalExtension;

use super::{
    EncounterId, StoreError,
    crypt::{self, Secret},
    store::{DEVICE, Keys, Store},
};
use ocellus_model::laterality::Laterality;

/// An encounter as entries are added to it.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) id: EncounterId,
    pub(super) name: String,
    pub(super) state: String,
    operator: Option<String>,
    wrapped_key: Option<Vec<u8>>,
}

impl Visit {
    /// The encounter's data key.
    pub(super) fn key(&self, keys: &Keys) -> Result<Secret, StoreError> {
        let wrapped = self.wrapped_key.as_deref().ok_or_else(|| self.is_over())?;
        unwrap(keys, &self.name, wrapped)
    }

    /// Who does what is done to it, as far as it is known.
    pub(super) fn actor(&self) -> &str {
        self.operator.as_deref().unwrap_or(DEVICE)
    }

    /// That it takes no more entries.
    pub(super) fn is_over(&self) -> StoreError {
        StoreError::Over { name: self.name.clone(), state: self.state.clone() }
    }
}

impl Store {
    /// An encounter, whatever its state.
    pub(super) fn visit(&self, id: EncounterId) -> Result<Visit, StoreError> {
        let sql = "SELECT name, state, operator, wrapped_key FROM encounter WHERE id = ?1";
        let found = self.db.prepare_cached(sql)?.query_row([id.0], |row| {
            Ok(Visit { id, name: row.get(0)?, state: row.get(1)?, operator: row.get(2)?, wrapped_key: row.get(3)? })
        });
        found.optional()?.ok_or_else(|| StoreError::missing(format!("encounter {}", id.0)))
    }

    /// An encounter that takes entries.
    pub(super) fn open_encounter(&self, id: EncounterId) -> Result<Visit, StoreError> {
        let visit = self.visit(id)?;
        if visit.state == "open" { Ok(visit) } else { Err(visit.is_over()) }
    }
}

/// An encounter's data key.
pub(super) fn unwrap(keys: &Keys, name: &str, wrapped: &[u8]) -> Result<Secret, StoreError> {
    let damaged = || StoreError::Damaged { found: format!("the key of encounter {name} does not open") };
    crypt::unseal_secret(&keys.wrapping, &about_key(keys, name), wrapped).ok_or_else(damaged)
}

/// What the seal of an encounter's data key is bound to.
pub(super) fn about_key(keys: &Keys, name: &str) -> Vec<u8> {
    [&b"data key"[..], &keys.record, name.as_bytes()].join(&0)
}

/// What a photograph's seal is bound to.
pub(super) fn photograph_name(eye: Laterality, attempt: u32) -> String {
    format!("photograph {eye} {attempt}")
}

/// What a report's seal is bound to.
pub(super) fn report_name(number: &str) -> String {
    format!("report {number}")
}

/// A name as it is searched: without upper case.
pub(super) fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}
