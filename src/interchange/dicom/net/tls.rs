//! TLS 1.2 and 1.3 as the secure transport connection profile has it (PS3.15, B.12: BCP 195), with certificates on one or
//! both sides.
//!
//! Not here: making and renewing certificates, and where they are stored.

use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    server::WebPkiClientVerifier,
};

use super::error::NetError;

/// Why certificates cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// It is not PEM with what is expected in it.
    #[error("{what}: {reason}; expected PEM, as in a file that begins with -----BEGIN")]
    Pem {
        /// Which.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The library does not take it.
    #[error("{what}: {reason}")]
    Unusable {
        /// Which.
        what: &'static str,
        /// The library's reason.
        reason: String,
    },
}

/// Who we are: a certificate and its key, both in PEM.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    /// The certificate, and those that lead to the authority.
    pub chain: &'a [u8],
    /// The private key.
    pub key: &'a [u8],
}

impl fmt::Debug for Identity<'_> {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

/// TLS towards a peer.
#[derive(Debug, Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    name: Option<String>,
}

impl Tls {
    /// Trusts the authorities in `authorities` (PEM) alone, not those of the internet. `name` is what the peer's
    /// certificate says, where that is not the host of the configuration.
    ///
    /// # Errors
    /// When a certificate or key cannot be used.
    pub fn new(authorities: &[u8], identity: Option<Identity<'_>>, name: Option<&str>) -> Result<Self, TlsError> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unusable("TLS"))?
            .with_root_certificates(roots(authorities)?);
        let config = match identity {
            Some(identity) => {
                let (chain, key) = read(identity)?;
                builder.with_client_auth_cert(chain, key).map_err(unusable("this device's certificate"))?
            }
            None => builder.with_no_client_auth(),
        };
        Ok(Tls { config: Arc::new(config), name: name.map(str::to_owned) })
    }

    pub(super) fn connection(&self, host: &str) -> Result<ClientConnection, NetError> {
        let name = self.name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned()).map_err(tls)?;
        ClientConnection::new(Arc::clone(&self.config), name).map_err(tls)
    }
}

/// TLS for those who connect to us; they have to show a certificate of a trusted authority.
#[derive(Debug, Clone)]
pub struct TlsServer {
    config: Arc<ServerConfig>,
}

impl TlsServer {
    /// Trusts the authorities in `authorities` (PEM) alone.
    ///
    /// # Errors
    /// When a certificate or key cannot be used.
    pub fn new(authorities: &[u8], identity: Identity<'_>) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots(authorities)?), Arc::clone(&provider))
                .build()
                .map_err(unusable("the authorities"))?;
        let (chain, key) = read(identity)?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable("TLS"))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(unusable("this device's certificate"))?;
        Ok(TlsServer { config: Arc::new(config) })
    }

    pub(super) fn connection(&self) -> Result<ServerConnection, NetError> {
        ServerConnection::new(Arc::clone(&self.config)).map_err(tls)
    }
}

fn roots(authorities: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("the authorities", authorities)? {
        roots.add(certificate).map_err(unusable("the authorities"))?;
    }
    Ok(roots)
}

fn read(identity: Identity<'_>) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let key = PrivateKeyDer::from_pem_slice(identity.key)
        .map_err(|error| TlsError::Pem { what: "this device's key", reason: error.to_string() })?;
    Ok((certificates("this device's certificate", identity.chain)?, key))
}

fn certificates(what: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(TlsError::Pem { what, reason: "no certificate in it".to_owned() }),
        Ok(found) => Ok(found),
        Err(error) => Err(TlsError::Pem { what, reason: error.to_string() }),
    }
}

fn unusable<E: fmt::Display>(what: &'static str) -> impl Fn(E) -> TlsError {
    move |error| TlsError::Unusable { what, reason: error.to_string() }
}

fn tls(error: impl fmt::Display) -> NetError {
    NetError::Tls { reason: error.to_string() }
}
