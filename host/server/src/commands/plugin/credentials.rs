//! Who asks a registry.

use std::{env, fs, path::PathBuf};

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bowsprit_host_outbound::oci::{
    Reference,
    registry::{Credentials, Registry},
};
use clap::Args;
use secrecy::SecretString;
use serde_json::Value;

/// How a registry is asked.
#[derive(Debug, Args)]
pub(super) struct Access {
    /// User name; else that of `docker login`.
    #[arg(long, value_name = "NAME", env = "BOWSPRIT_REGISTRY_USER", requires = "password")]
    user: Option<String>,
    /// Password or token; better set as `BOWSPRIT_REGISTRY_PASSWORD`.
    #[arg(
        long,
        value_name = "PASSWORD",
        env = "BOWSPRIT_REGISTRY_PASSWORD",
        hide_env_values = true
    )]
    password: Option<SecretString>,
    /// Speaks `http://` to a registry on another machine.
    #[arg(long)]
    plain_http: bool,
}

impl Access {
    /// The registry of a reference, asked by whoever is known there.
    pub(super) fn registry(&self, place: &Reference) -> anyhow::Result<Registry> {
        let given = self.user.clone().zip(self.password.clone());
        let credentials = match given {
            Some((user, password)) => Some(Credentials { user, password }),
            None => logged_in(&place.registry)?,
        };
        Ok(Registry::of(place, credentials, self.plain_http)?)
    }
}

/// What `docker login` wrote down. Credential helpers are not run.
fn logged_in(registry: &str) -> anyhow::Result<Option<Credentials>> {
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
