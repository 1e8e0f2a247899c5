//! FHIR by HTTPS: one transaction, one POST.
//!
//! What a server says in words is not repeated: it may name the patient. The codes of its issues and the elements they are
//! about are.
//!
//! Not here: the bundle (`crate::interchange::fhir`).

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use serde_json::Value;
use ureq::{
    Agent,
    tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig, TlsProvider},
};
use zeroize::Zeroizing;

use super::{
    secure::Files,
    way::{SetUpError, Trouble},
};
use crate::{
    config,
    interchange::{Export, fhir},
};

/// Its section in the configuration.
pub(super) const NAME: &str = "fhir";
/// Bytes of an answer at most.
const ANSWER_MAX: u64 = 4 << 20;
const FORMAT: &str = "application/fhir+json";
/// Issues that are repeated at most, and characters of each of their words.
const ISSUES_MAX: usize = 3;
const WORD_MAX: usize = 60;

/// The server.
#[derive(Debug)]
pub(super) struct Fhir {
    agent: Agent,
    url: String,
    token_file: Option<PathBuf>,
}

impl Fhir {
    /// As configured; none where there is none.
    pub(super) fn of(config: &config::Fhir) -> Result<Option<Self>, SetUpError> {
        if config.url.is_empty() {
            return Ok(None);
        }
        let within = Duration::from_secs(config.answer_seconds.into());
        let tls = match Files::read(NAME, &config.tls)? {
            Some(files) => encrypted(&files)?,
            None => trusting(RootCerts::new_with_certs(&[])).build(),
        };
        let agent = Agent::config_builder()
            .timeout_global(Some(within))
            .http_status_as_error(false)
            // Results go where the configuration says and nowhere else.
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("ocellus/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        let fhir = Fhir { agent: agent.into(), url: config.url.clone(), token_file: config.token_file.clone() };
        // A file that is not there is told now, not with the first patient.
        fhir.token().map_err(|trouble| SetUpError::new("fhir.token_file", trouble.reason()))?;
        Ok(Some(fhir))
    }

    pub(super) fn send(&self, export: &Export<'_>, pdf: &[u8]) -> Result<(), Trouble> {
        let bundle = fhir::bundle(export, pdf);
        let entries = bundle.entry.len();
        let body = serde_json::to_vec(&bundle).map_err(|error| Trouble::Refused(format!("no bundle: {error}")))?;
        let mut request = self.agent.post(&self.url).header("Content-Type", FORMAT).header("Accept", FORMAT);
        if let Some(token) = self.token()? {
            request = request.header("Authorization", format!("Bearer {}", *token));
        }
        let mut answer = request.send(&body[..]).map_err(|error| unanswered(&error))?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(ANSWER_MAX).read_to_vec();
        let body: Value = body.ok().and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or_default();
        judged(status, &body, entries)
    }

    /// Read each time: tokens are renewed.
    fn token(&self) -> Result<Option<Zeroizing<String>>, Trouble> {
        let Some(path) = &self.token_file else { return Ok(None) };
        let text = fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|error| Trouble::unusable(format!("{}: cannot be read: {error}", path.display())))?;
        let token = text.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Trouble::unusable(format!("{}: no bearer token in it", path.display())));
        }
        Ok(Some(Zeroizing::new(token.to_owned())))
    }
}

fn trusting(roots: RootCerts) -> ureq::tls::TlsConfigBuilder {
    TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(roots)
}

fn encrypted(files: &Files) -> Result<TlsConfig, SetUpError> {
    // What can't be used is told by the same words as with the other ways.
    files.client()?;
    let certificates = |pem: &[u8]| -> Result<Vec<Certificate<'static>>, SetUpError> {
        let items = ureq::tls::parse_pem(pem).collect::<Result<Vec<_>, _>>().map_err(|error| files.unusable(error))?;
        let certificates = items.into_iter().filter_map(|item| match item {
            ureq::tls::PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        });
        Ok(certificates.collect())
    };
    let mut tls = trusting(RootCerts::new_with_certs(&certificates(&files.authorities)?));
    if let Some((chain, key)) = &files.identity {
        let key = PrivateKey::from_pem(key).map_err(|error| files.unusable(error))?;
        tls = tls.client_cert(Some(ClientCert::new_with_certs(&certificates(chain)?, key)));
    }
    Ok(tls.build())
}

/// What an answer means.
fn judged(status: u16, body: &Value, entries: usize) -> Result<(), Trouble> {
    let said = issues(body);
    match status {
        200 | 201 => {
            let answers = body["entry"].as_array().filter(|_| body["type"] == "transaction-response");
            let is_done = |answer: &Value| answer["response"]["status"].as_str().is_some_and(|s| s.starts_with('2'));
            match answers {
                Some(answers) if answers.len() == entries && answers.iter().all(is_done) => Ok(()),
                _ => Err(Trouble::unusable(
                    "the answer is no transaction-response: check that fhir.url is the server's base URL",
                )),
            }
        }
        401 | 403 => Err(Trouble::unusable(format!(
            "the server answers {status}{said}: check fhir.token_file and what this device may do there"
        ))),
        300..=399 | 404 | 405 => Err(Trouble::unusable(format!(
            "the server answers {status}: check that fhir.url is its base URL, and that it takes transactions"
        ))),
        408 | 425 | 429 | 500..=599 => Err(Trouble::away(format!("the server answers {status}{said}: see its log"))),
        400..=499 => Err(Trouble::Refused(format!("the server answers {status}{said}: see its log"))),
        _ => Err(Trouble::unusable(format!("the server answers {status}: see its log"))),
    }
}

/// The codes of an OperationOutcome's issues, each with the element it is about.
fn issues(body: &Value) -> String {
    let word = |value: &Value, signs: &str| {
        let text = value.as_str().unwrap_or_default();
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c));
        if plain && text.len() <= WORD_MAX { text.to_owned() } else { String::new() }
    };
    let issues = body["issue"].as_array().map(Vec::as_slice).unwrap_or_default();
    let told = issues.iter().take(ISSUES_MAX).map(|issue| {
        let (code, at) = (word(&issue["code"], "-"), word(&issue["expression"][0], ".[]()"));
        if at.is_empty() { code } else { format!("{code} at {at}") }
    });
    let told: Vec<String> = told.filter(|told| !told.is_empty()).collect();
    if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) }
}

fn unanswered(error: &ureq::Error) -> Trouble {
    match error {
        ureq::Error::HostNotFound => Trouble::away("no address for the host: check fhir.url and the name server"),
        ureq::Error::Timeout(_) => Trouble::away("no answer in time: check firewalls, and how busy the server is"),
        ureq::Error::ConnectionFailed => Trouble::away("no connection: check fhir.url, and whether the server runs"),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => Trouble::unusable(format!(
            "TLS failed ({error}): check that the port speaks TLS, and both sides' certificates and clocks"
        )),
        ureq::Error::Io(error) => Trouble::away(format!("no answer ({error}): check fhir.url and the network")),
        ureq::Error::Rustls(error) => Trouble::unusable(format!(
            "TLS failed ({error}): check that the port speaks TLS, and both sides' certificates and clocks"
        )),
        other => Trouble::unusable(format!("no answer that can be read ({other}): check fhir.url")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_whole_transaction_is_a_delivery() {
        let answer = |statuses: &[&str]| {
            let entry: Vec<Value> = statuses.iter().map(|status| json!({ "response": { "status": status } })).collect();
            json!({ "resourceType": "Bundle", "type": "transaction-response", "entry": entry })
        };
        assert_eq!(judged(200, &answer(&["201 Created", "200 OK"]), 2), Ok(()));
        for (body, entries) in
            [(answer(&["201 Created"]), 2), (answer(&["201", "412 Precondition Failed"]), 2), (Value::Null, 0)]
        {
            assert!(matches!(judged(200, &body, entries), Err(Trouble::Away { needs_person: true, .. })), "{body}");
        }
    }

    #[test]
    fn statuses_tell_what_passes_what_needs_somebody_and_what_never_will() {
        for status in [408, 429, 500, 503] {
            assert!(matches!(judged(status, &Value::Null, 1), Err(Trouble::Away { needs_person: false, .. })));
        }
        for status in [301, 401, 403, 404, 204] {
            assert!(matches!(judged(status, &Value::Null, 1), Err(Trouble::Away { needs_person: true, .. })));
        }
        for status in [400, 409, 412, 422] {
            assert!(matches!(judged(status, &Value::Null, 1), Err(Trouble::Refused(_))));
        }
    }

    #[test]
    fn what_a_server_says_in_words_is_not_repeated() {
        let outcome = json!({ "resourceType": "OperationOutcome", "issue": [
            { "code": "invalid", "expression": ["Bundle.entry[0].resource.birthDate"], "diagnostics": "Jane Roe" },
            { "code": "Jane Roe", "expression": ["Roe, Jane"] },
        ]});
        let told = judged(422, &outcome, 1).unwrap_err();
        assert!(told.reason().contains("422 (invalid at Bundle.entry[0].resource.birthDate)"), "{told:?}");
        assert!(!told.reason().contains("Jane"), "{told:?}");
    }
}
