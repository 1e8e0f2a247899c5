//! Secrets, seals and hashes: XChaCha20-Poly1305, HMAC-SHA-256, SHA-256 and the system's randomness.
//!
//! Not here: what is sealed with which key, passphrases and key files (`key.rs`), the database's own encryption.

use std::{fmt, ops::Deref};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, AeadInOut, Payload},
};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::StoreError;

/// A key; its memory is wiped when it is dropped, and it is never printed.
#[derive(Clone)]
pub(super) struct Secret(Zeroizing<[u8; 32]>);
/// A SHA-256 digest.
pub(super) type Hash = [u8; 32];

/// Bytes before the ciphertext: the nonce, drawn anew for each seal.
const NONCE: usize = 24;
/// Bytes that a seal adds: nonce and tag.
pub(super) const SEAL: usize = NONCE + 16;

impl Secret {
    /// A key as bytes, which have to be as many as a key has.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        <[u8; 32]>::try_from(bytes).ok().map(|bytes| Secret(Zeroizing::new(bytes)))
    }
}

impl Deref for Secret {
    type Target = [u8; 32];

    fn deref(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Bytes that nobody can foretell.
pub(super) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    let failed =
        |error: getrandom::Error| StoreError::Crypt { doing: "drawing a random key", reason: error.to_string() };
    getrandom::fill(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// A key drawn anew.
pub(super) fn secret() -> Result<Secret, StoreError> {
    Ok(Secret(Zeroizing::new(random()?)))
}

/// Encrypts `plain` so that it can be read only with `key`, and only as being `about` the same.
pub(super) fn seal(key: &Secret, about: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    let nonce = random::<NONCE>()?;
    let mut sealed = Vec::with_capacity(plain.len() + SEAL);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let failed = |_| StoreError::Crypt { doing: "encrypting", reason: "too long".to_owned() };
    let body = (&mut sealed[NONCE..]).into();
    let tag = cipher(key).encrypt_inout_detached(&XNonce::from(nonce), about, body).map_err(failed)?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Opens a seal; none where key, `about` or any byte is not the same.
pub(super) fn unseal(key: &Secret, about: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE>()?;
    cipher(key).decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: about }).ok().map(Zeroizing::new)
}

/// Opens the seal of a key.
pub(super) fn unseal_secret(key: &Secret, about: &[u8], sealed: &[u8]) -> Option<Secret> {
    Secret::of(&unseal(key, about, sealed)?)
}

/// A key for one purpose, from which neither the other keys nor `key` can be told.
pub(super) fn derive(key: &Secret, purpose: &str) -> Secret {
    Secret(Zeroizing::new(mac(key, &[purpose.as_bytes()])))
}

/// What only somebody with the key can say of these parts.
pub(super) fn mac(key: &Secret, parts: &[&[u8]]) -> Hash {
    // HMAC fills a short key up with zeros; done here, it can't fail.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(&key[..]);
    let mut mac = <Hmac<Sha256> as Mac>::new((&*block).into());
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The digest of some bytes.
pub(super) fn digest(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

fn cipher(key: &Secret) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&**key).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_opens_only_with_its_key_and_only_as_what_it_is_about() {
        let (key, other) = (secret().unwrap(), secret().unwrap());
        let sealed = seal(&key, b"OD-1", b"photograph").unwrap();
        assert_eq!(sealed.len(), 10 + SEAL);
        assert_eq!(unseal(&key, b"OD-1", &sealed).unwrap().as_slice(), b"photograph");
        assert!(unseal(&other, b"OD-1", &sealed).is_none());
        assert!(unseal(&key, b"OS-1", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(unseal(&key, b"OD-1", &changed).is_none(), "byte {at}");
        }
        assert!(unseal(&key, b"OD-1", &sealed[..20]).is_none());
    }

    #[test]
    fn the_mac_is_that_of_rfc_4231() {
        // Test case 2 has one part and no lengths; here is the same key as HMAC-SHA-256 of a length and a part.
        let key = Secret::of(&[0x0b; 32]).unwrap();
        let mut plain = <Hmac<Sha256> as Mac>::new_from_slice(&[0x0b; 32]).unwrap();
        plain.update(&8u64.to_be_bytes());
        plain.update(b"Hi There");
        assert_eq!(mac(&key, &[b"Hi There"])[..], plain.finalize().into_bytes()[..]);
        assert_ne!(mac(&key, &[b"Hi", b" There"]), mac(&key, &[b"Hi T", b"here"]));
    }
}
