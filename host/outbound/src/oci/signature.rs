//! Signatures as cosign makes them with a key: a small JSON text that names
//! the manifest's digest ("simple signing"), signed with ECDSA on P-256 over
//! SHA-256, kept as an artifact of its own beside what is signed.
//!
//! Keys are PEM: PKCS#8 to sign, `PUBLIC KEY` to verify, as `openssl` writes
//! them; a `cosign.pub` is one of the latter.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use p256::{
    ecdsa::{
        Signature, SigningKey, VerifyingKey,
        signature::{Signer as _, Verifier as _},
    },
    pkcs8::{DecodePrivateKey as _, DecodePublicKey as _},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    Blobs, Content, Digest, OciError, Reference,
    manifest::{Descriptor, Manifest},
};

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const ANNOTATION: &str = "dev.cosignproject.cosign/signature";
const TYPE: &str = "cosign container image signature";
/// Most signatures that are tried.
const SIGNATURES: usize = 16;

/// What signs.
pub struct PrivateKey(SigningKey);

/// What verifies.
#[derive(Debug, Clone)]
pub struct PublicKey(VerifyingKey);

impl PrivateKey {
    /// From PEM.
    ///
    /// # Errors
    ///
    /// If it is not an unencrypted PKCS#8 key on P-256.
    pub fn read(pem: &SecretString) -> Result<Self, OciError> {
        let key = SigningKey::from_pkcs8_pem(pem.expose_secret().trim());
        // The cause could quote the key.
        key.map(Self).map_err(|_| {
            let wanted = "write it as PKCS#8 in PEM (`BEGIN PRIVATE KEY`), on the curve P-256";
            OciError::Key(wanted.to_owned())
        })
    }
}

impl PublicKey {
    /// From PEM.
    ///
    /// # Errors
    ///
    /// If it is not a public key on P-256.
    pub fn read(pem: &str) -> Result<Self, OciError> {
        VerifyingKey::from_public_key_pem(pem.trim()).map(Self).map_err(|_| {
            let wanted = "write it in PEM (`BEGIN PUBLIC KEY`), on the curve P-256";
            OciError::Key(wanted.to_owned())
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Payload {
    critical: Critical,
    optional: Option<serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Identity {
    docker_reference: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Image {
    docker_manifest_digest: Digest,
}

/// Vouches for the manifest with this digest, at this place.
///
/// # Errors
///
/// If the key cannot sign.
pub fn sign(key: &PrivateKey, place: &Reference, digest: &Digest) -> Result<Content, OciError> {
    let payload = Payload {
        critical: Critical {
            identity: Identity { docker_reference: place.name() },
            image: Image { docker_manifest_digest: digest.clone() },
            kind: TYPE.to_owned(),
        },
        optional: None,
    };
    let payload = serde_json::to_vec(&payload).map_err(|it| OciError::Key(it.to_string()))?;
    let signature: Signature =
        key.0.try_sign(&payload).map_err(|it| OciError::Key(it.to_string()))?;
    let mut layer = Descriptor::of(PAYLOAD, &payload);
    let encoded = BASE64_STANDARD.encode(signature.to_der().as_bytes());
    layer.annotations.insert(ANNOTATION.to_owned(), encoded);
    let config = serde_json::json!({
        "architecture": "", "os": "", "config": {},
        "rootfs": { "type": "layers", "diff_ids": [layer.digest.to_string()] },
    });
    let config = config.to_string().into_bytes();
    let described = Descriptor::of(CONFIG, &config);
    let manifest = Manifest::new(described, vec![layer], BTreeMap::new());
    let blobs = [config, payload].into_iter().map(|it| (Digest::of(&it), it));
    Ok(Content { manifest: manifest.to_bytes()?, blobs: blobs.collect::<Blobs>() })
}

/// Checks that the owner of `key` vouches for the manifest with this digest.
///
/// # Errors
///
/// [`OciError::Signature`] says why not.
pub fn verify(
    key: &PublicKey,
    digest: &Digest,
    signature: Option<&Content>,
) -> Result<(), OciError> {
    let refused = |why: &str| OciError::Signature(why.to_owned());
    let signature = signature.ok_or_else(|| refused("there is none: ask its author for one"))?;
    let manifest = Manifest::read(&signature.manifest)?;
    let layers = manifest.layers.iter().filter(|it| it.media_type == PAYLOAD);
    let mut why = "it holds nothing that was signed";
    for layer in layers.take(SIGNATURES) {
        match accepts(key, digest, signature.blob(layer)?, layer) {
            Ok(()) => return Ok(()),
            Err(reason) => why = reason,
        }
    }
    Err(refused(why))
}

fn accepts(
    key: &PublicKey,
    digest: &Digest,
    payload: &[u8],
    layer: &Descriptor,
) -> Result<(), &'static str> {
    let encoded = layer.annotations.get(ANNOTATION).ok_or("a signature is missing")?;
    let der = BASE64_STANDARD.decode(encoded).map_err(|_| "a signature is not base64")?;
    let signature = Signature::from_der(&der).map_err(|_| "a signature is not ECDSA on P-256")?;
    let made = key.0.verify(payload, &signature);
    made.map_err(|_| "it was not made with the private half of this key")?;
    let said: Payload =
        serde_json::from_slice(payload).map_err(|_| "what was signed names no artifact")?;
    if said.critical.kind != TYPE {
        return Err("what was signed is something else");
    }
    if said.critical.image.docker_manifest_digest != *digest {
        return Err("it vouches for another artifact");
    }
    Ok(())
}
