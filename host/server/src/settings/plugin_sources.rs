//! `plugins.sources`: the registries plugins may come from, and what has to
//! vouch for them.

use std::fs;

use bowsprit_host_outbound::oci::{Digest, Reference, signature::PublicKey};
use serde::Deserialize;

use super::SettingError;

/// How PEM begins.
const PEM: &str = "-----BEGIN";

/// One repository of plugins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PluginSource {
    /// Registry and repository, without a tag.
    pub reference: String,
    /// The only manifest that is accepted: `sha256:…`.
    pub digest: Option<String>,
    /// The public key its signature is verified with: PEM, or a file of it.
    pub key: Option<String>,
}

/// What has to hold of an artifact before it is believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trust {
    /// It is this one.
    pub(crate) digest: Option<Digest>,
    /// The owner of this key vouches for it.
    pub(crate) key: Option<PublicKey>,
}

impl PluginSource {
    /// What the operator asks of artifacts from here.
    pub(crate) fn trust(&self) -> Result<(Reference, Trust), SettingError> {
        let wrong =
            |problem: String| SettingError::Source { entry: self.reference.clone(), problem };
        let place: Reference =
            self.reference.parse().map_err(|it| wrong(format!("`reference`: {it}")))?;
        if place.tag.is_some() || place.digest.is_some() {
            return Err(wrong("`reference` names a repository: put the digest in `digest`".into()));
        }
        let digest = self.digest.as_deref().map(|it| {
            let problem = "`digest` must be `sha256:` and 64 lower-case hexadecimal digits";
            Digest::parse(it).ok_or_else(|| wrong(problem.to_owned()))
        });
        let key = self.key.as_deref().map(|it| {
            let text = if it.trim_start().starts_with(PEM) {
                it.to_owned()
            } else {
                fs::read_to_string(it).map_err(|error| wrong(format!("`key`: {it}: {error}")))?
            };
            PublicKey::read(&text).map_err(|error| wrong(format!("`key`: {error}")))
        });
        let trust = Trust { digest: digest.transpose()?, key: key.transpose()? };
        if trust.digest.is_none() && trust.key.is_none() {
            return Err(wrong("needs a `digest` or a `key`, else anybody could change it".into()));
        }
        Ok((place, trust))
    }
}

/// Checks every entry.
pub(super) fn check(sources: &[PluginSource]) -> Result<(), SettingError> {
    sources.iter().try_for_each(|it| it.trust().map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(entry: serde_json::Value) -> String {
        let source: PluginSource = serde_json::from_value(entry).unwrap();
        source.trust().unwrap_err().to_string()
    }

    #[test]
    fn an_entry_that_cannot_be_used_is_named_with_what_is_wrong() {
        let digest = format!("sha256:{}", "00".repeat(32));
        let place = "r.example.com/a/b";
        for (entry, wanted) in [
            (serde_json::json!({ "reference": "b", "digest": digest }), "`reference`"),
            (serde_json::json!({ "reference": format!("{place}:1"), "digest": digest }), "digest"),
            (serde_json::json!({ "reference": place }), "`digest` or a `key`"),
            (serde_json::json!({ "reference": place, "digest": "sha256:1" }), "`digest`"),
            (serde_json::json!({ "reference": place, "key": "/nonexistent.pem" }), "`key`"),
            (serde_json::json!({ "reference": place, "key": "-----BEGIN x" }), "`key`"),
        ] {
            let found = problem(entry);
            assert!(found.contains("plugins.sources") && found.contains(wanted), "{found}");
        }
        let fine = PluginSource { reference: place.into(), digest: Some(digest), key: None };
        assert!(fine.trust().is_ok());
    }
}
