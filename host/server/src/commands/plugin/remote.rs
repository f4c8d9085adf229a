//! A running host, asked as an administrator.

use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use bowsprit_host_core::plugins::short_digest;
use bowsprit_host_outbound::{client::Client, policy::Policy};
use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

/// Most bytes of an answer.
const BYTES: usize = 16 << 20;

/// A running host.
#[derive(Debug, Args)]
pub(super) struct Remote {
    /// The host's address, such as `http://localhost:3000`.
    #[arg(long, value_name = "URL", env = "BOWSPRIT_HOST")]
    host: Url,
    /// An administrator's token; better set as `BOWSPRIT_TOKEN`.
    #[arg(long, value_name = "TOKEN", env = "BOWSPRIT_TOKEN", hide_env_values = true)]
    token: SecretString,
}

impl Remote {
    /// For commands that may do without a host.
    pub(super) fn of(host: Option<Url>, token: Option<SecretString>) -> Option<Self> {
        host.zip(token).map(|(host, token)| Self { host, token })
    }

    /// Where the host is.
    pub(super) fn host(&self) -> &Url {
        &self.host
    }

    /// What the host says of all its plugins.
    pub(super) async fn plugins(&self) -> anyhow::Result<Vec<Value>> {
        let answer = self.ask(http::Method::GET, &[], &Value::Null).await?;
        let list = answer.get("plugins").unwrap_or(&answer).as_array().cloned();
        list.context("the host's answer is no list of plugins")
    }

    /// What the host says of a plugin's generations, newest first.
    pub(super) async fn generations(&self, id: &str) -> anyhow::Result<Vec<Value>> {
        let answer = self.ask(http::Method::GET, &[id, "generations"], &Value::Null).await?;
        let list = answer.get("generations").and_then(Value::as_array).cloned();
        list.context("the host's answer is no list of generations")
    }

    /// Asks below `/v1/api/admin/plugins`.
    pub(super) async fn ask(
        &self,
        method: http::Method,
        path: &[&str],
        body: &Value,
    ) -> anyhow::Result<Value> {
        let mut url = self.host.clone();
        if url.path().trim_end_matches('/').ends_with("/v1/api") {
            let path = url.path().to_owned();
            bail!("`--host` is the address of the host itself: leave out `{path}`");
        }
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["v1", "api", "admin", "plugins"]).extend(path);
        }
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let authorization = format!("Bearer {}", self.token.expose_secret());
        let request = http::Request::builder()
            .method(method)
            .uri(url.as_str())
            .header("authorization", authorization)
            .header("content-type", "application/json")
            .body(bytes)
            .context("the request cannot be made")?;
        let policy = Policy { body_bytes: BYTES, ..Policy::registry(true) };
        let answer = Client::new(policy)?.send(request).await?;
        let status = answer.status();
        let value: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        if !status.is_success() {
            let said = value.get("message").and_then(Value::as_str).unwrap_or("no reason given");
            bail!("the host answers {}: {said}", status.as_u16());
        }
        Ok(value)
    }
}

/// A text of a report; `-` if it has none.
pub(super) fn text<'a>(report: &'a Value, key: &str) -> &'a str {
    report.get(key).and_then(Value::as_str).unwrap_or("-")
}

/// One plugin in one line, as an operator reads it.
pub(super) fn line(report: &Value) -> String {
    let (id, version, state) = (text(report, "id"), text(report, "version"), text(report, "state"));
    let digest = short_digest(text(report, "generation"));
    let mut line = format!("{id:<28} {version:<10} {state:<12} {digest:<12}");
    if let Some(error) = report.get("lastError").filter(|it| !it.is_null()) {
        let part = |key: &str| text(error, key);
        // Writing into a text cannot fail.
        let _ = write!(line, " {}: {}; {}", part("code"), part("message"), part("fix"));
    }
    line.trim_end().to_owned()
}

/// One generation in one line.
pub(super) fn generation_line(report: &Value) -> String {
    let (version, state, why) =
        (text(report, "version"), text(report, "state"), text(report, "why"));
    let digest = short_digest(text(report, "digest"));
    format!("{digest:<12} {version:<10} {state:<12} {why}")
}
