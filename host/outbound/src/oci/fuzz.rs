//! What strangers' bytes do to what registries and bundles hold: never a panic,
//! never something believed that is not what it is called.

use std::collections::BTreeMap;

use bowsprit_fuzz::{Target, walk};
use serde_json::json;

use super::{
    Artifact, Blobs, Content, Digest, OciError,
    artifact::{Facts, Files, open, seal},
    bundle,
    manifest::{Descriptor, Manifest},
};

/// Separates the files of an input that stands for a bundle.
const CUT: &[u8] = b"\n--cut--\n";

const WORDS: [&str; 20] = [
    "\"layers\":[",
    "\"config\":{",
    "\"mediaType\":",
    "\"digest\":\"sha256:",
    "\"size\":-1",
    "\"size\":18446744073709551615",
    "\"annotations\":{}",
    "application/wasm",
    "application/vnd.oci.image.index.v1+json",
    "\"schemaVersion\":2",
    "org.opencontainers.image.ref.name",
    ".sig",
    "blobs/sha256/",
    "index.json",
    "oci-layout",
    "\"../../x\":\"eA==\"",
    "\u{202e}",
    "ü",
    "\0",
    "[[[[[[[[",
];

fn content() -> Content {
    let files: Files = [("plugin.toml", "id = \"one\""), ("plugin.wasm", "\0asm"), ("a/b", "c")]
        .into_iter()
        .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
        .collect();
    let facts = Facts { component: Some("plugin.wasm".into()), ..Facts::default() };
    seal(files, facts).expect("a plugin")
}

/// The word for a refusal: its kind, and its sentence without what differs from
/// input to input.
fn word(error: &OciError) -> String {
    let said = error.to_string();
    assert!(!said.is_empty() && said.len() < 4 << 10, "a sentence as long as a page");
    assert!(!said.contains(['\n', '\u{202e}', '\0']), "{said:?}");
    let plain: String = said.chars().filter(char::is_ascii_alphabetic).collect();
    plain.get(..40).unwrap_or(&plain).to_owned()
}

fn survives(target: &Target<'_>) {
    let walked = walk(target);
    assert!(walked.inputs > 20 && walked.words > 3, "{}: {walked:?}", target.name);
}

#[test]
fn manifests() {
    let run = |bytes: &[u8]| match Manifest::read(bytes) {
        Err(error) => word(&error),
        Ok(manifest) => {
            assert!(manifest.layers.len() <= super::LAYERS);
            let again = Manifest::read(&manifest.to_bytes().expect("JSON")).expect("its own words");
            assert_eq!(again, manifest, "it does not come back as it was");
            format!("{} layers", manifest.layers.len())
        }
    };
    let nothing = Descriptor::of("application/wasm", b"");
    let many = Manifest::new(nothing.clone(), vec![nothing; 32], BTreeMap::new());
    survives(&Target {
        name: "oci-manifest",
        seeds: vec![content().manifest, many.to_bytes().expect("JSON"), b"{}".to_vec()],
        words: &WORDS.map(str::as_bytes),
        make: None,
        most: 16 << 10,
        run: &run,
    });
}

#[test]
fn configs_of_artifacts() {
    // The config is what an input is; a manifest that names it is made here.
    let layer = b"\0asm".to_vec();
    let run = |bytes: &[u8]| {
        let config = Descriptor::of("application/vnd.wasm.config.v0+json", bytes);
        let layers = vec![Descriptor::of("application/wasm", &layer)];
        let manifest = Manifest::new(config, layers, BTreeMap::new());
        let blobs: Blobs =
            [bytes.to_vec(), layer.clone()].into_iter().map(|it| (Digest::of(&it), it)).collect();
        let content = Content { manifest: manifest.to_bytes().expect("JSON"), blobs };
        match open(&content) {
            Err(error) => word(&error),
            Ok(files) => {
                let within: usize = files.values().map(Vec::len).sum();
                assert!(within <= bytes.len() + layer.len(), "more comes out than went in");
                format!("{} files", files.len().min(4))
            }
        }
    };
    let sealed = content();
    let manifest = Manifest::read(&sealed.manifest).expect("a manifest");
    survives(&Target {
        name: "oci-config",
        seeds: vec![sealed.blobs[&manifest.config.digest].clone(), b"{}".to_vec()],
        words: &WORDS.map(str::as_bytes),
        make: None,
        most: 16 << 10,
        run: &run,
    });
}

/// A bundle's files from an input: names and contents in turn.
fn unpacked(bytes: &[u8]) -> Files {
    let mut files = Files::new();
    let mut rest = bytes;
    let mut parts = Vec::new();
    while let Some(at) = rest.windows(CUT.len()).position(|it| it == CUT) {
        parts.push(&rest[..at]);
        rest = &rest[at + CUT.len()..];
    }
    parts.push(rest);
    for pair in parts.chunks_exact(2) {
        files.insert(String::from_utf8_lossy(pair[0]).into_owned(), pair[1].to_vec());
    }
    files
}

fn packed(files: &Files) -> Vec<u8> {
    let parts: Vec<&[u8]> =
        files.iter().flat_map(|(name, bytes)| [name.as_bytes(), bytes.as_slice()]).collect();
    parts.join(CUT)
}

#[test]
fn bundles() {
    let run = |bytes: &[u8]| match bundle::read(&unpacked(bytes), None) {
        Err(error) => word(&error),
        Ok(artifact) => {
            let contents = std::iter::once(&artifact.content).chain(artifact.signature.as_ref());
            for (digest, blob) in contents.flat_map(|it| &it.blobs) {
                assert_eq!(*digest, Digest::of(blob), "a blob is not what it is called");
            }
            format!("{} {}", artifact.content.blobs.len().min(4), artifact.signature.is_some())
        }
    };
    let artifact = Artifact { content: content(), signature: Some(content()) };
    let whole = bundle::write(&artifact, "r.example.com/a:1").expect("a bundle");
    let mut bare = whole.clone();
    bare.insert(
        "index.json".into(),
        json!({ "schemaVersion": 2, "manifests": [] }).to_string().into(),
    );
    survives(&Target {
        name: "oci-bundle",
        seeds: vec![packed(&whole), packed(&bare), b"oci-layout".to_vec()],
        words: &WORDS.map(str::as_bytes),
        make: None,
        most: 32 << 10,
        run: &run,
    });
}
