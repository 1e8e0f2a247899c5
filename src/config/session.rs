//! `[session]`: what a signed-in operator may do, and for how long.

use serde::Serialize;

use super::reader::Section;

/// The operator's session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Signs the operator out after this long without a touch: seconds, 30 to 3600.
    pub lock_after_seconds: u32,
    /// Whether encounters with practice patients may be started.
    pub training_allowed: bool,
}

impl Default for Session {
    fn default() -> Self {
        Session { lock_after_seconds: 300, training_allowed: true }
    }
}

impl Session {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let Session { lock_after_seconds, training_allowed } = Session::default();
        Session {
            lock_after_seconds: section.whole("lock_after_seconds", "seconds", 30..=3600, lock_after_seconds),
            training_allowed: section.flag("training_allowed", training_allowed),
        }
    }
}
