//! Plugins as OCI artifacts: in registries, and in one file for sites without.
//!
//! An [`Artifact`] is a manifest with its blobs and, if somebody signed it, a
//! signature; [`artifact`] turns a plugin's files into one and back,
//! [`registry`] moves it over HTTP, [`bundle`] into an image layout. Nothing
//! of it is believed before its digest was computed, its types and sizes were
//! checked and, where a key is asked for, its signature was verified.
//!
//! The protocol is spoken with our own client, because registries redirect,
//! refer to other hosts for tokens and answer what they like: schemes,
//! networks and bytes have to be checked at each step.

pub mod artifact;
mod auth;
pub mod bundle;
#[cfg(test)]
mod fuzz;
mod manifest;
mod reference;
pub mod registry;
pub mod signature;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt};

use bowsprit_host_core::foreign::shown;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::client::NoAnswer;
pub use reference::{Reference, ReferenceError};

/// Largest manifest, bytes: what registries accept.
pub const MANIFEST_BYTES: usize = 4 << 20;
/// Largest blob, bytes: a component or all else of a plugin's folder.
pub const BLOB_BYTES: usize = 64 << 20;
/// Most layers of a manifest.
const LAYERS: usize = 32;

/// SHA-256 of content, written `sha256:<hex>`; the only algorithm spoken here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// Of content.
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", hex::encode(Sha256::digest(bytes))))
    }

    /// From its written form.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        let fine = hex.len() == 64 && hex.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        fine.then(|| Self(text.to_owned()))
    }

    /// The 64 digits.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix("sha256:").unwrap_or_default()
    }

    /// The tag under which cosign looks for signatures of this manifest.
    pub fn signature_tag(&self) -> String {
        format!("sha256-{}.sig", self.hex())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a digest is `sha256:` and 64 lower-case hexadecimal digits")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

/// Content by its digest.
pub type Blobs = BTreeMap<Digest, Vec<u8>>;

/// A manifest with everything it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The manifest's bytes, whose digest is the artifact's name.
    pub manifest: Vec<u8>,
    /// Its blobs.
    pub blobs: Blobs,
}

impl Content {
    /// The manifest's digest.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.manifest)
    }
}

/// A plugin as it is moved between machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The plugin.
    pub content: Content,
    /// What vouches for it.
    pub signature: Option<Content>,
}

/// Why an artifact cannot be moved or is not believed.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// The registry could not be asked.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// The registry does not have it.
    #[error("the registry has no {what}")]
    Missing {
        /// What was asked for.
        what: String,
    },
    /// The registry wants to know who asks, or says no.
    #[error(
        "the registry refuses ({status}): check the user name, the password and what they may do"
    )]
    Denied {
        /// The HTTP status.
        status: u16,
    },
    /// The registry answers something else.
    #[error("the registry answers {status} when asked to {action}: {said}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What was tried.
        action: &'static str,
        /// Its words, without control characters.
        said: String,
    },
    /// The registry does not speak the protocol.
    #[error("the registry does not speak the distribution protocol: {0}")]
    Protocol(String),
    /// Content is not what its digest says.
    #[error("{what} has the digest {found}, not {expected}: it was changed or damaged")]
    WrongDigest {
        /// Which content.
        what: String,
        /// What was asked for.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// Content is longer than it may be.
    #[error("{what} has {bytes} bytes, more than the {most} that are allowed")]
    TooLarge {
        /// Which content.
        what: String,
        /// Its size, as it says itself.
        bytes: u64,
        /// The most.
        most: u64,
    },
    /// It is no plugin.
    #[error("this is no plugin: {0}")]
    NoPlugin(String),
    /// Nobody vouches for it with this key.
    #[error("the signature is not accepted: {0}")]
    Signature(String),
    /// A key cannot be used.
    #[error("the key cannot be used: {0}")]
    Key(String),
    /// A bundle is not whole.
    #[error("the bundle is not accepted: {0}")]
    Bundle(String),
}
