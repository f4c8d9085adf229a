//! Sealing: how secret values lie in the store.
//!
//! Envelope encryption with AES-256-GCM. Each value gets a key of its own,
//! derived by HKDF-SHA-256 (RFC 5869) from a key-encryption key and a random
//! salt; the associated data ties the ciphertext to the place it was sealed
//! for, so that it cannot be moved to another document or field.

mod rotation;

use std::fmt;

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};

use crate::{Error, Result};
pub use rotation::{HoldsSecrets, Rotated, rotate};

const SALT: usize = 16;
const NONCE: usize = 12;

/// The place a value is sealed for.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The collection.
    pub collection: &'a str,
    /// The document's id.
    pub document: &'a str,
    /// The field in it.
    pub field: &'a str,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Fields of a vault are a node and a name on two lines.
        let field = self.field.replace('\n', "/");
        write!(f, "`{}/{}/{field}`", self.collection, self.document)
    }
}

impl Place<'_> {
    /// Length-prefixed, so that no two places read the same.
    fn associated_data(&self) -> Vec<u8> {
        let mut data = Vec::new();
        for part in [self.collection, self.document, self.field] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

/// A named key-encryption key.
pub struct Key {
    id: String,
    bytes: SecretBox<[u8; 32]>,
}

impl Key {
    /// From configuration: base64 of exactly 32 bytes is taken as it is, any
    /// other text by its SHA-256. The id is derived from the key.
    pub fn parse(text: &SecretString) -> Self {
        let text = text.expose_secret().trim();
        let bytes: [u8; 32] = BASE64
            .decode(text)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .unwrap_or_else(|| Sha256::digest(text.as_bytes()).into());
        let digest = Sha256::digest([b"bowsprit key id".as_slice(), &bytes].concat());
        let id = hex::encode(digest).chars().take(8).collect();
        Self { id, bytes: SecretBox::new(Box::new(bytes)) }
    }

    /// What sealed values call it. Tells nothing about the key.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// The keys a host knows: the first seals, all open.
pub struct KeyRing {
    keys: Vec<Key>,
}

impl KeyRing {
    /// A ring that seals with `first` and also opens what `others` sealed.
    pub fn new(first: Key, others: impl IntoIterator<Item = Key>) -> Self {
        let mut keys = vec![first];
        keys.extend(others);
        Self { keys }
    }

    /// Whether `sealed` was sealed with the key that seals now.
    fn is_current(&self, sealed: &str) -> bool {
        let id = sealed.strip_prefix("v1.").and_then(|it| it.split('.').next());
        self.keys.first().is_some_and(|key| id == Some(key.id.as_str()))
    }

    /// Seals `value` for `place`: `v1.<key id>.<base64 of salt, nonce,
    /// ciphertext>`.
    pub fn seal(&self, place: Place<'_>, value: &SecretString) -> Result<String> {
        let key = self.keys.first().ok_or_else(|| Error::internal("no key to seal with"))?;
        let salt: [u8; SALT] = rand::random();
        let nonce: [u8; NONCE] = rand::random();
        let sealed = cipher(key, &salt)?
            .encrypt(
                &nonce.into(),
                Payload { msg: value.expose_secret().as_bytes(), aad: &place.associated_data() },
            )
            .map_err(|_| Error::internal("sealing failed"))?;
        let bytes = [salt.as_slice(), &nonce, &sealed].concat();
        Ok(format!("v1.{}.{}", key.id, BASE64.encode(bytes)))
    }

    /// Opens what was sealed for `place`, or what the reference product
    /// encrypted with one of these keys.
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`], which names the place, if no key opens it, or if
    /// it was cut, changed or sealed for another place.
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Result<SecretString> {
        let broken = || Error::Unreadable { what: format!("the secret {place}") };
        if !Self::is_placed(sealed) {
            return self.open_unplaced(sealed).ok_or_else(broken);
        }
        let mut parts = sealed.splitn(3, '.');
        let (Some("v1"), Some(id), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(broken());
        };
        let key = self.keys.iter().find(|it| it.id == id).ok_or_else(broken)?;
        let bytes = BASE64.decode(text).map_err(|_| broken())?;
        let (salt, rest) = bytes.split_at_checked(SALT).ok_or_else(broken)?;
        let (nonce, message) = rest.split_at_checked(NONCE).ok_or_else(broken)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| broken())?;
        let opened = cipher(key, salt)?
            .decrypt(&nonce.into(), Payload { msg: message, aad: &place.associated_data() })
            .map_err(|_| broken())?;
        String::from_utf8(opened).map(SecretString::from).map_err(|_| broken())
    }

    /// Whether a value is sealed for a place, and not in the reference
    /// product's form: base64 has no dot.
    pub fn is_placed(sealed: &str) -> bool {
        sealed.contains('.')
    }

    /// The reference product's form: base64 of nonce and ciphertext, the key
    /// as it is configured, no associated data.
    fn open_unplaced(&self, sealed: &str) -> Option<SecretString> {
        let bytes = BASE64.decode(sealed).ok()?;
        let (nonce, message) = bytes.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let opened = self.keys.iter().find_map(|key| {
            let cipher = Aes256Gcm::new_from_slice(key.bytes.expose_secret()).ok()?;
            cipher.decrypt(&nonce.into(), message).ok()
        })?;
        String::from_utf8(opened).map(SecretString::from).ok()
    }
}

fn cipher(key: &Key, salt: &[u8]) -> Result<Aes256Gcm> {
    let mut derived = [0_u8; 32];
    Hkdf::<Sha256>::new(Some(salt), key.bytes.expose_secret())
        .expand(b"bowsprit sealed value v1", &mut derived)
        .map_err(|_| Error::internal("key derivation failed"))?;
    Aes256Gcm::new_from_slice(&derived).map_err(|_| Error::internal("key of wrong length"))
}

#[cfg(test)]
mod tests;
