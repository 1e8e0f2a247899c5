//! `[fhir]`: the server, or the folder, that results go to as FHIR bundles.

use std::path::PathBuf;

use serde::Serialize;

use super::{optional, reader::Section, tls::Tls};

/// The server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fhir {
    /// Its base URL, `https://…`; empty where there is none.
    pub url: String,
    /// The folder that bundles are put into instead; none where there is none.
    #[serde(serialize_with = "optional")]
    pub folder: Option<PathBuf>,
    /// The file with the bearer token; none where the server asks for none.
    #[serde(serialize_with = "optional")]
    pub token_file: Option<PathBuf>,
    /// How long a bundle may take, from connecting to the whole answer: seconds, 1 to 600.
    pub answer_seconds: u32,
    /// Whom the device trusts, and how it shows who it is.
    pub tls: Tls,
}

impl Default for Fhir {
    fn default() -> Self {
        Fhir { url: String::new(), folder: None, token_file: None, answer_seconds: 60, tls: Tls::default() }
    }
}

impl Fhir {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let default = Fhir::default();
        let fhir = Fhir {
            url: section.text("url", 0..=500, default.url),
            folder: section.path("folder", default.folder),
            token_file: section.path("token_file", default.token_file),
            answer_seconds: section.whole("answer_seconds", "seconds", 1..=600, default.answer_seconds),
            tls: Tls::read(&mut section.section("tls")),
        };
        if !fhir.url.is_empty() && fhir.folder.is_some() {
            section.wrong("folder", "\"\" where url is set".to_owned(), "choose one of the two".to_owned());
        }
        match fhir.url.split_once("://") {
            _ if fhir.url.is_empty() => {}
            Some(("https", rest)) if is_place(rest) => {
                if fhir.tls.authorities.is_none() {
                    let remedy = "name one; /etc/ssl/certs/ca-certificates.crt has those of the internet".to_owned();
                    section.section("tls").wrong("authorities", "a file where fhir.url is set".to_owned(), remedy);
                }
            }
            // What leaves the machine is encrypted.
            Some(("http", rest)) if is_place(rest) && is_here(rest) => {}
            _ => {
                let expected =
                    "https://HOST/PATH without ? and #, or http:// with a host that is this machine".to_owned();
                section.wrong("url", expected, "write the server's base URL".to_owned());
            }
        }
        fhir
    }
}

/// Whether something stands behind the scheme that a URL may have there.
fn is_place(rest: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || "?#@\"<>\\".contains(c);
    !rest.is_empty() && !rest.starts_with('/') && !rest.chars().any(bad)
}

/// Whether the host is this machine.
fn is_here(rest: &str) -> bool {
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    ["localhost", "127.0.0.1", "[::1]"].contains(&host)
}

#[cfg(test)]
mod tests {
    use super::super::testing;

    #[test]
    fn what_leaves_the_machine_is_encrypted() {
        let with = |lines: &str| {
            let send = "[send]\npatient_system = \"urn:oid:2.999.1\"\npatient_authority = \"CLINIC\"\n";
            testing::of(&format!("{send}[fhir]\n{lines}")).map_err(|errors| errors.to_string())
        };
        let authorities = "[fhir.tls]\nauthorities = \"ca.pem\"\n";
        assert!(with(&format!("url = \"https://ehr.example/fhir\"\n{authorities}")).is_ok());
        assert!(with("url = \"http://127.0.0.1:8080/fhir\"").is_ok());
        assert!(with("folder = \"/srv/fhir\"").is_ok());
        for (lines, part) in [
            ("url = \"https://ehr.example/fhir\"", "fhir.tls.authorities: expected a file where fhir.url is set"),
            ("url = \"http://ehr.example/fhir\"", "fhir.url: expected https://HOST/PATH"),
            ("url = \"http://127.0.0.1.example/\"", "fhir.url: expected https://HOST/PATH"),
            ("url = \"ehr.example\"", "fhir.url: expected https://HOST/PATH"),
            ("url = \"http://localhost/\"\nfolder = \"/srv\"", "fhir.folder: expected \"\" where url is set"),
        ] {
            let told = with(lines).unwrap_err();
            assert!(told.contains(part), "{told}");
        }
    }
}
