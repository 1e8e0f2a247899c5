//! `[dicom]`: the archive that photographs, reports and findings are sent to, and who has the worklist.

use std::net::SocketAddr;

use serde::Serialize;

use super::{
    as_text, optional_as_text,
    reader::{Choice, Section},
    tls::Tls,
};
use crate::interchange::dicom::net::AeTitle;

/// The archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dicom {
    /// Its host; empty where there is none.
    pub host: String,
    /// Its port, 1 to 65535.
    pub port: u16,
    /// What it is called.
    #[serde(serialize_with = "as_text")]
    pub called_ae: AeTitle,
    /// What this device is called.
    #[serde(serialize_with = "as_text")]
    pub calling_ae: AeTitle,
    /// What is sent.
    pub sends: Vec<DicomPart>,
    /// Whether it is asked to answer for what it was sent. Without that nothing is purged for being in the archive.
    pub commitment: bool,
    /// Where its reports on that may come to; none where it reports on the association on which it was asked.
    #[serde(serialize_with = "optional_as_text")]
    pub listen: Option<SocketAddr>,
    /// How long connecting may take: seconds, 1 to 120.
    pub connect_seconds: u32,
    /// How long an answer may take: seconds, 1 to 600.
    pub answer_seconds: u32,
    /// How long taking one object may take: seconds, 1 to 3600.
    pub send_seconds: u32,
    /// How the connection is encrypted.
    pub tls: Tls,
    /// Who has the worklist.
    pub worklist: Worklist,
}

/// Who has the worklist; it is encrypted, and this device called, as with the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Worklist {
    /// Its host; empty where nobody is asked.
    pub host: String,
    /// Its port, 1 to 65535.
    pub port: u16,
    /// What it is called.
    #[serde(serialize_with = "as_text")]
    pub called_ae: AeTitle,
    /// Whether only what is scheduled for this device, by its AE title, is asked for.
    pub this_device_only: bool,
}

/// What is sent of a screening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DicomPart {
    /// The photographs.
    Photographs,
    /// The report to print.
    Report,
    /// What was found, as a structured report.
    Findings,
}

impl Default for Dicom {
    fn default() -> Self {
        Dicom {
            host: String::new(),
            port: 104,
            called_ae: AeTitle::known("ARCHIVE"),
            calling_ae: AeTitle::known("OCELLUS"),
            sends: DicomPart::ALL.to_vec(),
            commitment: true,
            listen: None,
            connect_seconds: 10,
            answer_seconds: 60,
            send_seconds: 120,
            tls: Tls::default(),
            worklist: Worklist::default(),
        }
    }
}

impl Default for Worklist {
    fn default() -> Self {
        Worklist { host: String::new(), port: 104, called_ae: AeTitle::known("WORKLIST"), this_device_only: false }
    }
}

impl Dicom {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let default = Dicom::default();
        let dicom = Dicom {
            host: section.text("host", 0..=253, default.host),
            port: section.whole("port", "a TCP port", 1..=u16::MAX, default.port),
            called_ae: ae_title(section, "called_ae", default.called_ae),
            calling_ae: ae_title(section, "calling_ae", default.calling_ae),
            sends: section.choices("sends", default.sends),
            commitment: section.flag("commitment", default.commitment),
            listen: listen(section),
            connect_seconds: section.whole("connect_seconds", "seconds", 1..=120, default.connect_seconds),
            answer_seconds: section.whole("answer_seconds", "seconds", 1..=600, default.answer_seconds),
            send_seconds: section.whole("send_seconds", "seconds", 1..=3600, default.send_seconds),
            tls: Tls::read(&mut section.section("tls")),
            worklist: Worklist::read(&mut section.section("worklist")),
        };
        if dicom.sends.is_empty() {
            section.wrong("sends", "at least one of them".to_owned(), "say what is sent".to_owned());
        }
        if dicom.listen.is_some() && dicom.tls.authorities.is_some() && dicom.tls.certificate.is_none() {
            let remedy = "name this device's certificate and key, or do not listen".to_owned();
            let expected = "a file where dicom.listen is set".to_owned();
            section.section("tls").wrong("certificate", expected, remedy);
        }
        dicom
    }
}

impl Worklist {
    fn read(section: &mut Section<'_>) -> Self {
        let Worklist { host, port, called_ae, this_device_only } = Worklist::default();
        Worklist {
            host: section.text("host", 0..=253, host),
            port: section.whole("port", "a TCP port", 1..=u16::MAX, port),
            called_ae: ae_title(section, "called_ae", called_ae),
            this_device_only: section.flag("this_device_only", this_device_only),
        }
    }
}

impl Choice for DicomPart {
    const ALL: &'static [Self] = &[DicomPart::Photographs, DicomPart::Report, DicomPart::Findings];

    fn name(self) -> &'static str {
        match self {
            DicomPart::Photographs => "photographs",
            DicomPart::Report => "report",
            DicomPart::Findings => "findings",
        }
    }
}

/// The name of an application entity.
fn ae_title(section: &mut Section<'_>, key: &str, default: AeTitle) -> AeTitle {
    let text = section.text(key, 0..=64, default.to_string());
    text.parse().unwrap_or_else(|_| {
        let expected = "an AE title of 1 to 16 letters, digits and signs, without backslash".to_owned();
        section.wrong(key, expected, "write it as the other side's administrator has it".to_owned());
        default
    })
}

/// An address to listen on.
fn listen(section: &mut Section<'_>) -> Option<SocketAddr> {
    let text = section.text("listen", 0..=64, String::new());
    let parsed = (!text.is_empty()).then(|| text.parse::<SocketAddr>());
    parsed.and_then(|parsed| {
        let expected = "an address and port such as 0.0.0.0:11112, or \"\" for none".to_owned();
        parsed.map_err(|_| section.wrong("listen", expected, "write it so".to_owned())).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn parts_are_written_as_they_are_read() {
        testing::written_as_read::<DicomPart>();
    }

    #[test]
    fn titles_and_addresses_are_such() {
        testing::refuses("dicom.called_ae=\"A NAME THAT IS TOO LONG\"", "dicom.called_ae: expected an AE title");
        testing::refuses("dicom.worklist.called_ae=\"\"", "dicom.worklist.called_ae: expected an AE title");
        testing::refuses("dicom.listen=\"11112\"", "dicom.listen: expected an address and port");
        testing::refuses("dicom.sends=[]", "dicom.sends: expected at least one");
        let config = testing::with("dicom.listen=\"127.0.0.1:11112\"");
        assert_eq!(config.dicom.listen.map(|address| address.port()), Some(11112));
    }

    #[test]
    fn whoever_listens_with_tls_has_a_certificate() {
        let told =
            testing::of("[dicom]\nlisten = \"0.0.0.0:11112\"\n[dicom.tls]\nauthorities = \"ca.pem\"\n").unwrap_err();
        assert!(
            told.to_string().contains("dicom.tls.certificate: expected a file where dicom.listen is set"),
            "{told}"
        );
    }
}
