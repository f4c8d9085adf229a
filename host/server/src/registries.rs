//! What the commands and a starting host have in common when they take
//! plugins out of registries.

use std::{env, fs, path::PathBuf};

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bowsprit_host_outbound::oci::{Artifact, OciError, registry::Credentials, signature};
use serde_json::Value;

use crate::settings::Trust;

/// Believes an artifact only if it is the one that was asked for and whoever
/// has to vouch for it does.
pub(crate) fn vouched(artifact: &Artifact, trust: &Trust) -> Result<(), OciError> {
    let digest = artifact.content.digest();
    if let Some(expected) = trust.digest.as_ref().filter(|it| **it != digest) {
        let (what, expected) = ("the plugin".to_owned(), expected.clone());
        return Err(OciError::WrongDigest { what, expected, found: digest });
    }
    match &trust.key {
        Some(key) => signature::verify(key, &digest, artifact.signature.as_ref()),
        None => Ok(()),
    }
}

/// What `docker login` wrote down. Credential helpers are not run.
pub(crate) fn logged_in(registry: &str) -> anyhow::Result<Option<Credentials>> {
    let folder = env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let home = || env::var_os("HOME").map(|it| PathBuf::from(it).join(".docker"));
    let Some(file) = folder.or_else(home).map(|it| it.join("config.json")) else {
        return Ok(None);
    };
    let Ok(text) = fs::read_to_string(&file) else { return Ok(None) };
    let config: Value = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    Ok(in_config(&config, registry))
}

fn in_config(config: &Value, registry: &str) -> Option<Credentials> {
    let auth = config.get("auths")?.get(registry)?.get("auth")?.as_str()?;
    let pair = String::from_utf8(BASE64_STANDARD.decode(auth).ok()?).ok()?;
    let (user, password) = pair.split_once(':')?;
    Some(Credentials { user: user.to_owned(), password: password.to_owned().into() })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_what_docker_login_wrote() {
        let auth = BASE64_STANDARD.encode("me:pass:word");
        let config = json!({ "auths": { "r.example.com": { "auth": auth }, "x.io": {} } });
        let found = in_config(&config, "r.example.com").unwrap();
        assert_eq!((found.user.as_str(), found.password.expose_secret()), ("me", "pass:word"));
        assert!(in_config(&config, "x.io").is_none() && in_config(&json!(1), "y").is_none());
    }
}
