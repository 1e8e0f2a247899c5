//! Certificates and keys out of the files that the configuration names.
//!
//! Not here: what is done with them.

use std::{fs, path::Path};

use zeroize::Zeroizing;

use super::way::SetUpError;
use crate::{
    config,
    interchange::dicom::net::{Identity, Tls, TlsServer},
};

/// What the files of a section hold, PEM.
#[derive(Debug)]
pub(super) struct Files {
    section: &'static str,
    pub(super) authorities: Vec<u8>,
    /// Certificate and key.
    pub(super) identity: Option<(Vec<u8>, Zeroizing<Vec<u8>>)>,
}

impl Files {
    /// Reads them; none where the section names no authorities.
    pub(super) fn read(section: &'static str, tls: &config::Tls) -> Result<Option<Self>, SetUpError> {
        let file = |key: &str, path: &Path| {
            fs::read(path).map_err(SetUpError::unreadable(format!("{section}.tls.{key}"), path))
        };
        let Some(authorities) = &tls.authorities else { return Ok(None) };
        let identity = match (&tls.certificate, &tls.key) {
            (Some(certificate), Some(key)) => {
                Some((file("certificate", certificate)?, Zeroizing::new(file("key", key)?)))
            }
            _ => None,
        };
        Ok(Some(Files { section, authorities: file("authorities", authorities)?, identity }))
    }

    /// For connections that this device makes.
    pub(super) fn client(&self) -> Result<Tls, SetUpError> {
        Tls::new(&self.authorities, self.shown(), None).map_err(|error| self.unusable(error))
    }

    /// For those that others make to it; none without a certificate.
    pub(super) fn server(&self) -> Result<Option<TlsServer>, SetUpError> {
        let Some(identity) = self.shown() else { return Ok(None) };
        TlsServer::new(&self.authorities, identity).map(Some).map_err(|error| self.unusable(error))
    }

    /// What is wrong with them.
    pub(super) fn unusable(&self, fact: impl std::fmt::Display) -> SetUpError {
        SetUpError::new(format!("{}.tls", self.section), fact)
    }

    fn shown(&self) -> Option<Identity<'_>> {
        self.identity.as_ref().map(|(chain, key)| Identity { chain, key })
    }
}
