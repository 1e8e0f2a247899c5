//! `[controller]`: what drives lights and focus.

use serde::Serialize;

use super::reader::{Choice, Section};

/// The controller.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Controller {
    /// What it is.
    pub kind: ControllerKind,
}

/// What the controller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ControllerKind {
    /// Lights nothing.
    #[default]
    Simulated,
}

impl Controller {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        Controller { kind: section.choice("kind", ControllerKind::default()) }
    }
}

impl Choice for ControllerKind {
    const ALL: &'static [Self] = &[ControllerKind::Simulated];

    fn name(self) -> &'static str {
        match self {
            ControllerKind::Simulated => "simulated",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn kinds_are_written_as_they_are_read() {
        testing::written_as_read::<ControllerKind>();
    }
}
