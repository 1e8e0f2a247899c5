//! `[send]`: what holds for everything that leaves the device.

use serde::Serialize;

use super::reader::Section;

/// What is said to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Send {
    /// Who gave the patients their numbers, a URI; empty where nothing is sent.
    pub patient_system: String,
    /// The same as HL7 v2 and DICOM name it, 1 to 64 characters; empty where nothing is sent.
    pub patient_authority: String,
    /// Whether FHIR bundles and structured reports tell the probabilities too.
    pub probabilities: bool,
    /// Whether what is simulated or practice is sent too, marked as test data.
    pub test_data: bool,
}

impl Send {
    /// Reads it; `needed` says that something is to be sent.
    pub(super) fn read(section: &mut Section<'_>, needed: bool) -> Self {
        let send = Send {
            patient_system: section.text("patient_system", 0..=200, String::new()),
            patient_authority: section.text("patient_authority", 0..=64, String::new()),
            probabilities: section.flag("probabilities", false),
            test_data: section.flag("test_data", false),
        };
        let (scheme, rest) = send.patient_system.split_once(':').unwrap_or_default();
        let is_uri = !scheme.is_empty() && !rest.is_empty() && !send.patient_system.contains(char::is_whitespace);
        if needed && !is_uri {
            let remedy = "write who gave the patients their numbers".to_owned();
            section.wrong("patient_system", "a URI such as urn:oid:2.999.1".to_owned(), remedy);
        }
        let authority = send.patient_authority.trim();
        if needed && (authority.is_empty() || authority.contains('\\')) {
            let remedy = "write who gave the patients their numbers".to_owned();
            section.wrong("patient_authority", "a text without backslash".to_owned(), remedy);
        }
        send
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;

    #[test]
    fn whoever_sends_says_whose_numbers_the_patients_have() {
        assert!(testing::of("[send]\ntest_data = true\n").is_ok());
        let told = testing::of("[hl7]\nhost = \"ehr\"\n").unwrap_err().to_string();
        for key in ["send.patient_system: expected a URI", "send.patient_authority: expected a text"] {
            assert!(told.contains(key), "{told}");
        }
        let whole = "[send]\npatient_system = \"urn:oid:2.999.1\"\npatient_authority = \"CLINIC\"\n";
        assert!(testing::of(&format!("{whole}[hl7]\nhost = \"ehr\"\n")).is_ok());
    }
}
