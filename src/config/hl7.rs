//! `[hl7]`: who takes results as HL7 v2 messages over MLLP.

use serde::Serialize;

use super::{reader::Section, tls::Tls};

/// The receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hl7 {
    /// Its host; empty where there is none.
    pub host: String,
    /// Its port, 1 to 65535.
    pub port: u16,
    /// What the application is called there; may be empty.
    pub receiving_application: String,
    /// What the place is called there; may be empty.
    pub receiving_facility: String,
    /// How long a message may take, from connecting to its answer: seconds, 1 to 600.
    pub answer_seconds: u32,
    /// How the connection is encrypted.
    pub tls: Tls,
}

impl Default for Hl7 {
    fn default() -> Self {
        Hl7 {
            host: String::new(),
            port: 2575,
            receiving_application: String::new(),
            receiving_facility: String::new(),
            answer_seconds: 30,
            tls: Tls::default(),
        }
    }
}

impl Hl7 {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let default = Hl7::default();
        Hl7 {
            host: section.text("host", 0..=253, default.host),
            port: section.whole("port", "a TCP port", 1..=u16::MAX, default.port),
            receiving_application: section.text("receiving_application", 0..=64, default.receiving_application),
            receiving_facility: section.text("receiving_facility", 0..=64, default.receiving_facility),
            answer_seconds: section.whole("answer_seconds", "seconds", 1..=600, default.answer_seconds),
            tls: Tls::read(&mut section.section("tls")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;

    #[test]
    fn ports_are_such() {
        testing::refuses("hl7.port=0", "hl7.port: expected a whole number from 1 to 65535");
        assert_eq!(testing::with("hl7.port=6661").hl7.port, 6661);
    }
}
