//! Who is expected, as a worklist tells it.
//!
//! Not here: asking for the worklist ([`crate::sending`]), keeping it (`crate::shell`).

use serde::{Deserialize, Serialize};

use super::Patient;

/// What the clinic ordered, to be told again in what becomes of it. Texts are empty where the worklist says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    /// The study that the photographs are to belong to, a UID; none where the device makes one.
    pub study: Option<String>,
    /// The accession number.
    pub accession: String,
    /// The Requested Procedure ID.
    pub procedure_id: String,
    /// What was requested, for people.
    pub procedure_description: String,
    /// The Scheduled Procedure Step ID.
    pub step_id: String,
    /// What is scheduled, for people; a side may be named here.
    pub step_description: String,
}

/// An entry of the worklist.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Expected {
    /// Who.
    #[serde(flatten)]
    pub patient: Patient,
    /// What was ordered; none where nobody tells.
    #[serde(default)]
    pub order: Option<Order>,
    /// The day it is scheduled for, `YYYY-MM-DD`; empty where none is told.
    #[serde(default)]
    pub day: String,
    /// The time, `HH:MM`; empty where none is told.
    #[serde(default)]
    pub time: String,
}

impl From<Patient> for Expected {
    /// Somebody of whom nothing was ordered.
    fn from(patient: Patient) -> Self {
        Expected { patient, ..Expected::default() }
    }
}

/// The worklist as the device has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Worklist {
    /// Who is expected, the next one first.
    pub expected: Vec<Expected>,
    /// Whether it could not be fetched anew: it is what was known before.
    pub is_old: bool,
}
