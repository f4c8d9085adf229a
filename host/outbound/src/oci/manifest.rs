//! Image manifests and indexes, as far as plugins need them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BLOB_BYTES, Content, Digest, LAYERS, MANIFEST_BYTES, OciError, shown};

/// An image manifest.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Refers to content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: Digest,
    pub(super) size: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: BTreeMap<String, String>,
}

impl Descriptor {
    pub(super) fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            annotations: BTreeMap::new(),
        }
    }
}

/// A manifest: the keys a plugin's or a signature's has. Others are allowed,
/// as the specification asks; they mean nothing here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    schema_version: u8,
    #[serde(default = "image_manifest")]
    media_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<String>,
    pub(super) config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: BTreeMap<String, String>,
}

fn image_manifest() -> String {
    MANIFEST.to_owned()
}

impl Manifest {
    pub(super) fn new(
        config: Descriptor,
        layers: Vec<Descriptor>,
        annotations: BTreeMap<String, String>,
    ) -> Self {
        let media_type = image_manifest();
        Self { schema_version: 2, media_type, artifact_type: None, config, layers, annotations }
    }

    /// Reads a manifest and checks its outside: type, number of layers, sizes.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, OciError> {
        within("the manifest", bytes.len() as u64, MANIFEST_BYTES)?;
        let read: Self = serde_json::from_slice(bytes).map_err(|error| {
            OciError::NoPlugin(format!(
                "its manifest cannot be read: {}",
                shown(&error.to_string())
            ))
        })?;
        if read.schema_version != 2 || read.media_type != MANIFEST {
            let found = shown(&read.media_type);
            return Err(OciError::NoPlugin(format!("its manifest is of type `{found}`")));
        }
        if read.layers.len() > LAYERS {
            let layers = read.layers.len();
            return Err(OciError::NoPlugin(format!("it has {layers} layers, more than {LAYERS}")));
        }
        for part in read.parts() {
            within(&format!("blob {}", part.digest), part.size, BLOB_BYTES)?;
        }
        Ok(read)
    }

    /// Everything it refers to.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Descriptor> {
        std::iter::once(&self.config).chain(&self.layers)
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, OciError> {
        serde_json::to_vec(self).map_err(|error| OciError::Protocol(error.to_string()))
    }
}

impl Content {
    /// What a descriptor refers to, checked against it.
    pub(super) fn blob(&self, part: &Descriptor) -> Result<&[u8], OciError> {
        let what = || format!("blob {}", part.digest);
        let bytes =
            self.blobs.get(&part.digest).ok_or_else(|| OciError::Missing { what: what() })?;
        verify(&what(), &part.digest, bytes)?;
        if bytes.len() as u64 != part.size {
            let said = format!("{} has {} bytes, not {}", what(), bytes.len(), part.size);
            return Err(OciError::Protocol(said));
        }
        Ok(bytes)
    }
}

/// Checks content against its name.
pub(super) fn verify(what: &str, expected: &Digest, bytes: &[u8]) -> Result<(), OciError> {
    let found = Digest::of(bytes);
    if found == *expected {
        return Ok(());
    }
    Err(OciError::WrongDigest { what: what.to_owned(), expected: expected.clone(), found })
}

pub(super) fn within(what: &str, bytes: u64, most: usize) -> Result<(), OciError> {
    let most = most as u64;
    if bytes > most {
        return Err(OciError::TooLarge { what: what.to_owned(), bytes, most });
    }
    Ok(())
}
