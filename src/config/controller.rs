//! `[controller]`: what drives lights and focus.

use ocellus_board::controller::{Address, NotAnAddress};
use serde::{Serialize, Serializer};

use super::reader::{Choice, Section};

/// The controller.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Controller {
    /// What it is.
    pub kind: ControllerKind,
    /// Where it is, when it hangs on a serial line; there always is one then.
    #[serde(serialize_with = "written")]
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
        let port = section.parsed("port", &format!("{expected}, or \"\" for none"), port, |text| match text {
            "" => Some(None),
            address => address.parse().ok().map(Some),
        });
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

/// Writes an address as it is read, `""` for none.
fn written<S: Serializer>(port: &Option<Address>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&port.as_ref().map(Address::to_string).unwrap_or_default())
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
