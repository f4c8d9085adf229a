//! Artifacts, signatures and bundles, also of people who mean no good.

mod server;

use std::collections::BTreeMap;

use p256::{
    elliptic_curve::Generate as _,
    pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding},
};
use proptest::prelude::*;
use serde_json::Value;

use super::{
    artifact::{Facts, Files, open, seal},
    manifest::Manifest,
    signature::{PrivateKey, PublicKey, sign, verify},
    *,
};

fn files(all: &[(&str, &str)]) -> Files {
    all.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

fn plugin() -> Files {
    files(&[("plugin.toml", "id = \"p\""), ("plugin.wasm", "\0asm"), ("assets/a", "1")])
}

fn facts() -> Facts {
    Facts { component: Some("plugin.wasm".into()), ..Facts::default() }
}

fn content() -> Content {
    seal(plugin(), facts()).unwrap()
}

fn place() -> Reference {
    "r.example.com/team/p:1.0.0".parse().unwrap()
}

fn keys() -> (PrivateKey, PublicKey) {
    let secret = p256::SecretKey::generate();
    let private = secret.to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
    let public = secret.public_key().to_public_key_pem(LineEnding::LF).unwrap();
    (PrivateKey::read(&private.into()).unwrap(), PublicKey::read(&public).unwrap())
}

/// The content with its manifest changed, and nothing else.
fn with_manifest(content: &Content, change: impl FnOnce(&mut Value)) -> Content {
    let mut manifest: Value = serde_json::from_slice(&content.manifest).unwrap();
    change(&mut manifest);
    Content { manifest: manifest.to_string().into_bytes(), blobs: content.blobs.clone() }
}

/// The content with its config changed, and the manifest naming the new one.
fn with_config(content: &Content, change: impl FnOnce(&mut Value)) -> Content {
    let manifest = Manifest::read(&content.manifest).unwrap();
    let mut config: Value =
        serde_json::from_slice(&content.blobs[&manifest.config.digest]).unwrap();
    change(&mut config);
    let config = config.to_string().into_bytes();
    let (digest, size) = (Digest::of(&config), config.len());
    let mut changed = with_manifest(content, |it| {
        it["config"]["digest"] = digest.to_string().into();
        it["config"]["size"] = size.into();
    });
    changed.blobs.insert(digest, config);
    changed
}

#[test]
fn a_plugin_comes_back_and_is_the_same_artifact_each_time() {
    assert_eq!(open(&content()).unwrap(), plugin());
    assert_eq!(content(), content());
    let without = files(&[("plugin.toml", "id = \"p\""), ("assets/a", "1")]);
    let sealed = seal(without.clone(), Facts::default()).unwrap();
    assert_eq!(open(&sealed).unwrap(), without);
    assert!(matches!(seal(without, facts()), Err(OciError::NoPlugin(_))));
}

#[test]
fn the_layout_is_the_one_that_wkg_reads() {
    let manifest: Value = serde_json::from_slice(&content().manifest).unwrap();
    assert_eq!(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    let config = Manifest::read(&content().manifest).unwrap().config;
    let config: Value = serde_json::from_slice(&content().blobs[&config.digest]).unwrap();
    assert_eq!(config["architecture"], "wasm");
    assert_eq!(config["os"], "wasip2");
    assert_eq!(config["layerDigests"][0], manifest["layers"][0]["digest"]);
    assert!(config["component"]["exports"].is_array() && config["created"].is_string());
}

#[test]
fn what_is_no_plugin_is_refused_with_the_reason() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 6] = [
        ("config is of type", |it| it["config"]["mediaType"] = "text/plain".into()),
        ("2 layers", |it| {
            let layer = it["layers"][0].clone();
            it["layers"].as_array_mut().unwrap().push(layer);
        }),
        ("0 layers", |it| it["layers"] = Value::Array(Vec::new())),
        ("layer is of type `text/html`", |it| it["layers"][0]["mediaType"] = "text/html".into()),
        ("manifest is of type", |it| it["mediaType"] = "application/json".into()),
        ("cannot be read", |it| it["config"]["digest"] = "md5:00".into()),
    ];
    for (wanted, change) in cases {
        let error = open(&with_manifest(&content(), change)).unwrap_err();
        let fits = matches!(error, OciError::NoPlugin(_)) && error.to_string().contains(wanted);
        assert!(fits, "{wanted}: {error}");
    }
    let cases: [(&str, Change); 3] = [
        ("without a plugin's files", |it| it["bowsprit"] = Value::Null),
        ("not base64", |it| it["bowsprit"]["files"]["assets/a"] = "!".into()),
        ("twice", |it| it["bowsprit"]["files"]["plugin.wasm"] = "".into()),
    ];
    for (wanted, change) in cases {
        let error = open(&with_config(&content(), change)).unwrap_err();
        assert!(error.to_string().contains(wanted), "{wanted}: {error}");
    }
}

#[test]
fn absurd_sizes_and_numbers_are_refused_before_anything_is_fetched() {
    let large = with_manifest(&content(), |it| it["layers"][0]["size"] = u64::MAX.into());
    assert!(matches!(artifact::parts(&large.manifest), Err(OciError::TooLarge { .. })));
    let many = with_manifest(&content(), |it| {
        let layer = it["layers"][0].clone();
        it["layers"] = vec![layer; LAYERS + 1].into();
    });
    assert!(matches!(artifact::parts(&many.manifest), Err(OciError::NoPlugin(_))));
    let long = vec![b' '; MANIFEST_BYTES + 1];
    assert!(matches!(artifact::parts(&long), Err(OciError::TooLarge { .. })));
    let lie = with_manifest(&content(), |it| it["layers"][0]["size"] = 3.into());
    assert!(matches!(open(&lie), Err(OciError::Protocol(_))));
}

#[test]
fn changed_content_is_noticed() {
    let mut changed = content();
    for blob in changed.blobs.values_mut() {
        blob.push(0);
    }
    assert!(matches!(open(&changed), Err(OciError::WrongDigest { .. })));
    let mut lacking = content();
    lacking.blobs.clear();
    assert!(matches!(open(&lacking), Err(OciError::Missing { .. })));
}

#[test]
fn a_signature_vouches_for_one_artifact_and_one_key() {
    let (private, public) = keys();
    let (content, digest) = (content(), content().digest());
    let signature = sign(&private, &place(), &digest).unwrap();
    verify(&public, &digest, Some(&signature)).unwrap();
    let why = |key: &PublicKey, digest: &Digest, signature: Option<&Content>| {
        verify(key, digest, signature).unwrap_err().to_string()
    };
    assert!(why(&public, &digest, None).contains("there is none"));
    let (_, other) = keys();
    assert!(why(&other, &digest, Some(&signature)).contains("private half"));
    let another = Digest::of(b"another");
    assert!(why(&public, &another, Some(&signature)).contains("another artifact"));
    assert!(why(&public, &digest, Some(&content)).contains("nothing that was signed"));
    let bare = with_manifest(&signature, |it| it["layers"][0]["annotations"] = Value::Null);
    assert!(verify(&public, &digest, Some(&bare)).is_err());
    let garbled = with_manifest(&signature, |it| {
        it["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"] = "AAAA".into();
    });
    assert!(why(&public, &digest, Some(&garbled)).contains("not ECDSA"));
}

#[test]
fn keys_that_are_none_are_refused_without_being_shown() {
    for pem in ["", "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----"] {
        let error = PrivateKey::read(&pem.to_owned().into()).err().unwrap().to_string();
        assert!(error.contains("PKCS#8") && !error.contains("canary"), "{error}");
        assert!(matches!(PublicKey::read(pem), Err(OciError::Key(_))));
    }
}

#[test]
fn a_bundle_holds_everything_and_notices_changes() {
    let (private, public) = keys();
    let content = content();
    let signature = sign(&private, &place(), &content.digest()).unwrap();
    let artifact = Artifact { content, signature: Some(signature) };
    let bundle = bundle::write(&artifact, "r.example.com/team/p:1.0.0").unwrap();
    let read = bundle::read(&bundle, None).unwrap();
    assert_eq!(read, artifact);
    verify(&public, &read.content.digest(), read.signature.as_ref()).unwrap();
    assert!(bundle::read(&bundle, Some(&Digest::of(b"x"))).is_err());
    for path in bundle.keys() {
        let mut lacking = bundle.clone();
        lacking.remove(path);
        assert!(bundle::read(&lacking, None).is_err(), "without {path}");
        let mut changed = bundle.clone();
        changed.get_mut(path).unwrap().insert(0, b'x');
        assert!(bundle::read(&changed, None).is_err(), "changed {path}");
    }
    let unsigned = Artifact { signature: None, ..artifact };
    let bundle = bundle::write(&unsigned, "p").unwrap();
    assert_eq!(bundle::read(&bundle, None).unwrap().signature, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_make_reading_panic(
        noise in proptest::collection::vec(any::<u8>(), 0..200),
        at in any::<proptest::sample::Index>(),
        json in "\\PC{0,60}",
    ) {
        drop(artifact::parts(&noise));
        let mut changed = content();
        let at = at.index(changed.manifest.len());
        changed.manifest.splice(at..at, noise.clone());
        drop(open(&changed));
        drop(open(&with_config(&content(), |it| it["bowsprit"] = json.clone().into())));
        drop(json.parse::<Reference>());
        drop(Digest::parse(&json));
        let mut bundle = BTreeMap::from([("index.json".to_owned(), noise)]);
        bundle.insert("oci-layout".to_owned(), json.into_bytes());
        drop(bundle::read(&bundle, None));
    }
}
