//! `[controller]`: what drives lights and focus.

use ocellus_board::controller::{Address, NotAnAddress};
use serde::Serialize;

use super::{
    optional_as_text,
    reader::{Choice, Section},
};

/// The controller.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Controller {
    /// What it is.
    pub kind: ControllerKind,
    /// Where it is, when it hangs on a serial line; there always is one then.
    #[serde(serialize_with = "optional_as_text")]
    pub port: Option<Address>,
}

/// What the controller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ControllerKind {
    /// Lights nothing.
    #[default]
    Simulated,
    /// On a serial line, with light that shines into eyes.
    Serial,
}

impl Controller {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let Controller { kind, port } = Controller::default();
        let kind = section.choice("kind", kind);
        let expected = NotAnAddress.to_string();
        let port = section.parsed_or_none("port", &expected, port);
        if kind == ControllerKind::Serial && port.is_none() {
            section.wrong("port", expected, "say where the controller is".to_owned());
        }
        Controller { kind, port }
    }
}

impl Choice for ControllerKind {
    const ALL: &'static [Self] = &[ControllerKind::Simulated, ControllerKind::Serial];

    fn name(self) -> &'static str {
        match self {
            ControllerKind::Simulated => "simulated",
            ControllerKind::Serial => "serial",
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

    #[test]
    fn a_controller_on_a_serial_line_says_on_which() {
        testing::refuses("controller.kind=serial", "controller.port: expected a device file");
        testing::refuses("controller.port=ttyACM0", "controller.port: expected a device file");
        let given = testing::of("[controller]\nkind = \"serial\"\nport = \"usb:0d28:0204\"").unwrap().controller;
        let address = Address::Usb { vendor: 0x0d28, product: 0x0204, serial: None };
        assert_eq!(given, Controller { kind: ControllerKind::Serial, port: Some(address) });
    }
}
