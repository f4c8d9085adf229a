//! An artifact with its signature as an OCI image layout: the files of one
//! archive that needs no registry.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Artifact, Blobs, Content, Digest, MANIFEST_BYTES, OciError,
    artifact::{Files, parts},
    manifest::{Descriptor, MANIFEST, verify, within},
    shown,
};

const LAYOUT: &str = "oci-layout";
const INDEX: &str = "index.json";
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
/// Names a manifest of an index.
const NAME: &str = "org.opencontainers.image.ref.name";
/// Most manifests of a bundle.
const MANIFESTS: usize = 16;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Index {
    schema_version: u8,
    #[serde(default = "index_type")]
    media_type: String,
    manifests: Vec<Descriptor>,
}

fn index_type() -> String {
    INDEX_TYPE.to_owned()
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layout {
    image_layout_version: String,
}

/// The files of a bundle; `name` is what the plugin is called in it, such as
/// its reference.
///
/// # Errors
///
/// If something cannot be written as JSON.
pub fn write(artifact: &Artifact, name: &str) -> Result<Files, OciError> {
    let digest = artifact.content.digest();
    let named = |content: &Content, name: String| {
        let mut described = Descriptor::of(MANIFEST, &content.manifest);
        described.annotations = BTreeMap::from([(NAME.to_owned(), name)]);
        described
    };
    let mut manifests = vec![named(&artifact.content, name.to_owned())];
    if let Some(signature) = &artifact.signature {
        manifests.push(named(signature, digest.signature_tag()));
    }
    let mut files = Files::new();
    for content in [Some(&artifact.content), artifact.signature.as_ref()].into_iter().flatten() {
        files.insert(path(&content.digest()), content.manifest.clone());
        files.extend(content.blobs.iter().map(|(digest, bytes)| (path(digest), bytes.clone())));
    }
    let index = Index { schema_version: 2, media_type: index_type(), manifests };
    let layout = Layout { image_layout_version: "1.0.0".to_owned() };
    files.insert(INDEX.to_owned(), json(&index)?);
    files.insert(LAYOUT.to_owned(), json(&layout)?);
    Ok(files)
}

/// The artifact in a bundle's files: its first manifest that is no signature,
/// or the one with `wanted`.
///
/// # Errors
///
/// [`OciError::Bundle`] if it is no bundle or has no such artifact,
/// [`OciError::WrongDigest`] if something in it is not what it is called.
pub fn read(files: &Files, wanted: Option<&Digest>) -> Result<Artifact, OciError> {
    let refused = |why: String| OciError::Bundle(why);
    let layout: Layout = parse(files, LAYOUT)?;
    if !layout.image_layout_version.starts_with("1.") {
        let found = shown(&layout.image_layout_version);
        return Err(refused(format!("its layout has version `{found}`, not 1")));
    }
    let index: Index = parse(files, INDEX)?;
    if index.schema_version != 2 || index.manifests.len() > MANIFESTS {
        return Err(refused(format!("`{INDEX}` is not an index of at most {MANIFESTS} manifests")));
    }
    let name = |it: &Descriptor| it.annotations.get(NAME).cloned().unwrap_or_default();
    let mut artifacts = index.manifests.iter().filter(|it| !name(it).ends_with(".sig"));
    let found = match wanted {
        Some(digest) => artifacts.find(|it| it.digest == *digest),
        None => artifacts.next(),
    };
    let found = found.ok_or_else(|| match wanted {
        Some(digest) => refused(format!("it does not hold {digest}")),
        None => refused("it holds no artifact".to_owned()),
    })?;
    let tag = found.digest.signature_tag();
    let signature = index.manifests.iter().find(|it| name(it) == tag);
    Ok(Artifact {
        content: content(files, found)?,
        signature: signature.map(|it| content(files, it)).transpose()?,
    })
}

fn content(files: &Files, found: &Descriptor) -> Result<Content, OciError> {
    within("the manifest", found.size, MANIFEST_BYTES)?;
    let manifest = blob(files, &found.digest)?;
    let mut blobs = Blobs::new();
    for (digest, _) in parts(&manifest)? {
        let bytes = blob(files, &digest)?;
        blobs.insert(digest, bytes);
    }
    Ok(Content { manifest, blobs })
}

fn blob(files: &Files, digest: &Digest) -> Result<Vec<u8>, OciError> {
    let path = path(digest);
    let bytes = files.get(&path).ok_or_else(|| OciError::Bundle(format!("`{path}` is missing")))?;
    verify(&format!("`{path}`"), digest, bytes)?;
    Ok(bytes.clone())
}

fn path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, OciError> {
    serde_json::to_vec(value).map_err(|error| OciError::Bundle(error.to_string()))
}

fn parse<T: for<'de> Deserialize<'de>>(files: &Files, name: &str) -> Result<T, OciError> {
    let bytes = files.get(name).ok_or_else(|| OciError::Bundle(format!("`{name}` is missing")))?;
    within(&format!("`{name}`"), bytes.len() as u64, MANIFEST_BYTES)?;
    serde_json::from_slice(bytes).map_err(|error| {
        OciError::Bundle(format!("`{name}` cannot be read: {}", shown(&error.to_string())))
    })
}
