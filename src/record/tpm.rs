//! A TPM 2.0 keeps what opens a record: only the machine that sealed it can unseal it.
//!
//! The secret lies in the record's header as a sealed data object. Its parent is a storage key that the TPM derives from its
//! own seed whenever it is needed, so nothing is kept inside the TPM, and clearing it (or another one) ends the secret. What
//! goes to and fro is encrypted under a session that only this TPM can read, so listening on its bus tells nothing.
//!
//! It is not bound to a measured start: whoever starts the whole device has the record open, as with a key file. What it
//! protects against is the disk being taken out of it.

use serde::{Deserialize, Serialize};

use super::{StoreError, crypt::Secret};

/// A secret that one TPM unseals. Anybody may read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    /// TPMT_PUBLIC, marshalled, in hexadecimal digits.
    public: String,
    /// TPM2B_PRIVATE without its length, in hexadecimal digits.
    private: String,
}

/// Why a sealed secret was not unsealed.
#[derive(Debug)]
#[cfg_attr(not(feature = "tpm"), expect(dead_code, reason = "a program without TPM support only ever says `Failed`"))]
pub(super) enum NotUnsealed {
    /// Another TPM sealed it, or this one was cleared since.
    OtherTpm,
    /// What lies in the header is no sealed secret.
    NotSealed(String),
    /// The TPM can't be used.
    Failed(StoreError),
}

#[cfg(not(feature = "tpm"))]
mod built_without {
    use super::{NotUnsealed, Sealed, Secret, StoreError};

    fn none(device: &str) -> StoreError {
        let reason = "this program was built without it; build with --features tpm".to_owned();
        StoreError::Tpm { device: device.to_owned(), doing: "reached", reason }
    }

    pub(in super::super) fn seal(device: &str, _: &Secret) -> Result<Sealed, StoreError> {
        Err(none(device))
    }

    pub(in super::super) fn unseal(device: &str, _: &Sealed) -> Result<Secret, NotUnsealed> {
        Err(NotUnsealed::Failed(none(device)))
    }
}
#[cfg(not(feature = "tpm"))]
pub(super) use built_without::{seal, unseal};

#[cfg(feature = "tpm")]
mod built_in {
    use std::str::FromStr;

    use tss_esapi::{
        Context, Error, TctiNameConf,
        attributes::{ObjectAttributesBuilder, SessionAttributesBuilder},
        constants::{SessionType, Tss2ResponseCodeKind},
        handles::KeyHandle,
        interface_types::{
            algorithm::{HashingAlgorithm, PublicAlgorithm},
            ecc::EccCurve,
            resource_handles::Hierarchy,
        },
        structures::{
            EccPoint, KeyedHashScheme, Private, Public, PublicBuilder, PublicEccParametersBuilder,
            PublicKeyedHashParameters, SensitiveData, SymmetricDefinition, SymmetricDefinitionObject,
        },
        traits::{Marshall, UnMarshall},
    };

    use super::{NotUnsealed, Sealed, Secret, StoreError};

    /// Seals a secret. `device` is what tpm2-tss calls a TCTI, as in `device:/dev/tpmrm0`.
    ///
    /// # Errors
    /// When there is no TPM, or it refuses.
    pub(in super::super) fn seal(device: &str, secret: &Secret) -> Result<Sealed, StoreError> {
        let seal = |tpm: &mut Context, parent| {
            let secret = SensitiveData::try_from(secret.to_vec())?;
            let made = tpm.create(parent, sealed_data()?, None, Some(secret), None, None)?;
            Ok((made.out_public.marshall()?, made.out_private.value().to_vec()))
        };
        let (public, private) = with_parent(device, seal).map_err(|error| failed(device, "asked to seal", &error))?;
        Ok(Sealed { public: hex::encode(public), private: hex::encode(private) })
    }

    /// Unseals a secret.
    ///
    /// # Errors
    /// When there is no TPM, it is not the one that sealed it, or it refuses.
    pub(in super::super) fn unseal(device: &str, sealed: &Sealed) -> Result<Secret, NotUnsealed> {
        let bytes = |digits| hex::decode(digits).map_err(|error| NotUnsealed::NotSealed(error.to_string()));
        let no_object = |error: Error| NotUnsealed::NotSealed(error.to_string());
        let public = Public::unmarshall(&bytes(&sealed.public)?).map_err(no_object)?;
        let private = Private::try_from(bytes(&sealed.private)?).map_err(no_object)?;
        let unseal = |tpm: &mut Context, parent| {
            let object = tpm.load(parent, private, public)?;
            tpm.unseal(object.into())
        };
        let unsealed = with_parent(device, unseal).map_err(|error| match error {
            Error::Tss2Error(code) if code.kind() == Some(Tss2ResponseCodeKind::Integrity) => NotUnsealed::OtherTpm,
            error => NotUnsealed::Failed(failed(device, "asked to unseal", &error)),
        })?;
        Secret::of(unsealed.value())
            .ok_or_else(|| NotUnsealed::NotSealed(format!("{} bytes, expected 32", unsealed.value().len())))
    }

    /// Does something below the storage key, in a session that is encrypted to it.
    fn with_parent<T>(device: &str, act: impl FnOnce(&mut Context, KeyHandle) -> Result<T, Error>) -> Result<T, Error> {
        let mut tpm = Context::new(TctiNameConf::from_str(device)?)?;
        let parent = tpm.execute_with_nullauth_session(|tpm| {
            tpm.create_primary(Hierarchy::Owner, storage_key()?, None, None, None, None)
        })?;
        let parent = parent.key_handle;
        let cipher = SymmetricDefinition::AES_128_CFB;
        let session =
            tpm.start_auth_session(Some(parent), None, None, SessionType::Hmac, cipher, HashingAlgorithm::Sha256)?;
        if let Some(session) = session {
            let both = SessionAttributesBuilder::new().with_decrypt(true).with_encrypt(true);
            let (attributes, mask) = both.build();
            tpm.tr_sess_set_attributes(session, attributes, mask)?;
        }
        tpm.execute_with_session(session, |tpm| act(tpm, parent))
    }

    /// The storage key below the owner's hierarchy: the template of an ECC P-256 storage root key, from the TCG's *TPM v2.0
    /// Provisioning Guidance* (version 1.0, 7.5.1); the same from the same TPM each time.
    fn storage_key() -> Result<Public, Error> {
        let attributes = ObjectAttributesBuilder::new()
            .with_fixed_tpm(true)
            .with_fixed_parent(true)
            .with_sensitive_data_origin(true)
            .with_user_with_auth(true)
            .with_no_da(true)
            .with_restricted(true)
            .with_decrypt(true)
            .build()?;
        let cipher = SymmetricDefinitionObject::AES_128_CFB;
        let parameters = PublicEccParametersBuilder::new_restricted_decryption_key(cipher, EccCurve::NistP256);
        PublicBuilder::new()
            .with_public_algorithm(PublicAlgorithm::Ecc)
            .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
            .with_object_attributes(attributes)
            .with_ecc_parameters(parameters.build()?)
            .with_ecc_unique_identifier(EccPoint::default())
            .build()
    }

    /// Data that only this TPM unseals, as often as it is asked.
    fn sealed_data() -> Result<Public, Error> {
        let attributes = ObjectAttributesBuilder::new()
            .with_fixed_tpm(true)
            .with_fixed_parent(true)
            .with_user_with_auth(true)
            .with_no_da(true)
            .build()?;
        PublicBuilder::new()
            .with_public_algorithm(PublicAlgorithm::KeyedHash)
            .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
            .with_object_attributes(attributes)
            .with_keyed_hash_parameters(PublicKeyedHashParameters::new(KeyedHashScheme::Null))
            .with_keyed_hash_unique_identifier(Default::default())
            .build()
    }

    fn failed(device: &str, doing: &'static str, error: &Error) -> StoreError {
        StoreError::Tpm { device: device.to_owned(), doing, reason: error.to_string() }
    }
}
#[cfg(feature = "tpm")]
pub(super) use built_in::{seal, unseal};
