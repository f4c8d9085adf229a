//! A plugin's files as an artifact that `wkg` can read too, and back.
//!
//! `wkg` (and whatever else speaks the WebAssembly working group's layout)
//! wants a config of type `application/vnd.wasm.config.v0+json` and exactly one
//! layer, `application/wasm`. So the component is the layer, and all other
//! files of the folder are in the config, under `bowsprit.files`, in base64. A
//! plugin without a component has OCI's empty layer.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use super::{
    Blobs, Content, Digest, OciError,
    manifest::{Descriptor, Manifest},
    shown,
};

/// A plugin's config.
pub const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// A component.
pub const WASM: &str = "application/wasm";
/// What stands for nothing.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const NOTHING: &[u8] = b"{}";
/// Says that an artifact is a plugin.
const ARTIFACT: &str = "application/vnd.bowsprit.plugin.v1";

/// Files by their path in the plugin's folder.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What is told of a plugin beside its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The component's file among the files; none if it has none.
    pub component: Option<String>,
    /// Interfaces the component imports.
    pub imports: Vec<String>,
    /// Interfaces the component exports.
    pub exports: Vec<String>,
    /// Shown by registries: `org.opencontainers.image.version`, ….
    pub annotations: BTreeMap<String, String>,
}

/// The config: the working group's keys, and ours.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    created: String,
    author: Option<String>,
    architecture: String,
    os: String,
    layer_digests: Vec<Digest>,
    component: Option<Component>,
    bowsprit: Option<Ours>,
}

#[derive(Serialize, Deserialize)]
struct Component {
    exports: Vec<String>,
    imports: Vec<String>,
    target: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Ours {
    /// What the layer is called in the folder.
    component: Option<String>,
    files: BTreeMap<String, String>,
}

/// The artifact of a plugin's files. Equal files and facts give equal bytes.
///
/// # Errors
///
/// If the component the facts name is not among the files.
pub fn seal(mut files: Files, facts: Facts) -> Result<Content, OciError> {
    let layer = match &facts.component {
        Some(name) => files.remove(name).ok_or_else(|| {
            OciError::NoPlugin(format!("its component `{}` is not there", shown(name)))
        })?,
        None => NOTHING.to_vec(),
    };
    let media_type = if facts.component.is_some() { WASM } else { EMPTY };
    let layers = vec![Descriptor::of(media_type, &layer)];
    let encoded = files.into_iter().map(|(path, bytes)| (path, BASE64_STANDARD.encode(bytes)));
    let config = Config {
        // A time would make equal plugins different.
        created: "1970-01-01T00:00:00Z".to_owned(),
        author: None,
        architecture: "wasm".to_owned(),
        os: "wasip2".to_owned(),
        layer_digests: layers.iter().map(|it| it.digest.clone()).collect(),
        component: facts.component.is_some().then_some(Component {
            exports: facts.exports,
            imports: facts.imports,
            target: None,
        }),
        bowsprit: Some(Ours { component: facts.component, files: encoded.collect() }),
    };
    let config = serde_json::to_vec(&config).map_err(|it| OciError::Protocol(it.to_string()))?;
    let described = Descriptor::of(CONFIG, &config);
    let mut manifest = Manifest::new(described, layers, facts.annotations);
    manifest.artifact_type = Some(ARTIFACT.to_owned());
    let blobs = [config, layer].into_iter().map(|it| (Digest::of(&it), it));
    Ok(Content { manifest: manifest.to_bytes()?, blobs: blobs.collect::<Blobs>() })
}

/// The files of an artifact, by the paths it gives them: to be checked by
/// whoever writes them.
///
/// # Errors
///
/// If it is no plugin, is not whole, or a blob is not what its digest says.
pub fn open(content: &Content) -> Result<Files, OciError> {
    let manifest = Manifest::read(&content.manifest)?;
    let no_plugin = |why: String| OciError::NoPlugin(why);
    if manifest.config.media_type != CONFIG {
        let found = shown(&manifest.config.media_type);
        return Err(no_plugin(format!("its config is of type `{found}`, not `{CONFIG}`")));
    }
    let [layer] = manifest.layers.as_slice() else {
        let found = manifest.layers.len();
        return Err(no_plugin(format!("it has {found} layers, not one")));
    };
    let config: Config = serde_json::from_slice(content.blob(&manifest.config)?).map_err(|it| {
        no_plugin(format!("its config cannot be read: {}", shown(&it.to_string())))
    })?;
    let ours = config.bowsprit.ok_or_else(|| {
        no_plugin("it is a component without a plugin's files: push it with `plugin push`".into())
    })?;
    let mut files = Files::new();
    for (path, text) in ours.files {
        let bytes = BASE64_STANDARD
            .decode(text)
            .map_err(|_| no_plugin(format!("its file `{}` is not base64", shown(&path))))?;
        files.insert(path, bytes);
    }
    match (layer.media_type.as_str(), ours.component) {
        (WASM, Some(name)) => {
            if files.insert(name.clone(), content.blob(layer)?.to_vec()).is_some() {
                return Err(no_plugin(format!("`{}` is in it twice", shown(&name))));
            }
        }
        (EMPTY, None) => {}
        (found, _) => {
            return Err(no_plugin(format!("its layer is of type `{}`", shown(found))));
        }
    }
    Ok(files)
}

/// Everything an artifact's manifest refers to, by digest and size.
///
/// # Errors
///
/// If the manifest cannot be read or refers to what is too large.
pub(super) fn parts(manifest: &[u8]) -> Result<Vec<(Digest, u64)>, OciError> {
    let manifest = Manifest::read(manifest)?;
    Ok(manifest.parts().map(|it| (it.digest.clone(), it.size)).collect())
}
