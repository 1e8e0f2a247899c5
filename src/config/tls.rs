//! `[dicom.tls]`, `[fhir.tls]`, `[hl7.tls]`: how a connection is encrypted.
//!
//! Certificates and keys stand in files of their own, never in the configuration.
//!
//! Not here: reading the files.

use std::path::PathBuf;

use serde::Serialize;

use super::{optional, reader::Section};

/// How a connection is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Tls {
    /// The file with the authorities that are trusted, PEM; none where the connection is not encrypted.
    #[serde(serialize_with = "optional")]
    pub authorities: Option<PathBuf>,
    /// The file with this device's certificate and those that lead to its authority, PEM; none where it shows none.
    #[serde(serialize_with = "optional")]
    pub certificate: Option<PathBuf>,
    /// The file with the certificate's key, PEM.
    #[serde(serialize_with = "optional")]
    pub key: Option<PathBuf>,
}

impl Tls {
    /// Reads it.
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let tls = Tls {
            authorities: section.path("authorities", None),
            certificate: section.path("certificate", None),
            key: section.path("key", None),
        };
        if tls.certificate.is_some() != tls.key.is_some() {
            let (missing, there) = if tls.key.is_none() { ("key", "certificate") } else { ("certificate", "key") };
            section.wrong(missing, format!("a file beside {there}"), "name both, or neither".to_owned());
        }
        if tls.certificate.is_some() && tls.authorities.is_none() {
            let remedy = "name the file with the authorities that are trusted, or leave the certificate out".to_owned();
            section.wrong("authorities", "a file beside certificate".to_owned(), remedy);
        }
        tls
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;

    #[test]
    fn a_certificate_needs_its_key_and_authorities() {
        let told = testing::of("[hl7.tls]\ncertificate = \"a.pem\"\n").unwrap_err().to_string();
        assert!(told.contains("hl7.tls.key: expected a file beside certificate, found nothing"), "{told}");
        assert!(told.contains("hl7.tls.authorities: expected a file beside certificate"), "{told}");
        let files = "authorities = \"ca.pem\"\ncertificate = \"a.pem\"\nkey = \"a.key\"\n";
        assert!(testing::of(&format!("[dicom.tls]\n{files}[hl7.tls]\n{files}")).is_ok());
    }
}
