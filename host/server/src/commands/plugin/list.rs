//! `bowsprit plugin list`, `consent` and `rollback`: a running host's plugins.

use anyhow::Context as _;
use bowsprit_host_core::plugins::short_digest;
use clap::Args;
use http::Method;
use serde_json::{Value, json};

use super::remote::{Remote, generation_line, line, text};
use crate::output::say;

#[derive(Debug, Args)]
pub(crate) struct List {
    /// A plugin's id: lists its generations instead.
    #[arg(value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        if let Some(id) = &self.id {
            for generation in self.remote.generations(id).await? {
                say(format_args!("{}", generation_line(&generation)));
            }
            return Ok(());
        }
        for report in self.remote.plugins().await? {
            say(format_args!("{}", line(&report)));
            for more in explained(&self.remote, &report).await? {
                say(format_args!("    {more}"));
            }
        }
        Ok(())
    }
}

/// What of a plugin's generations an operator has to know: what waits, and what
/// was taken back.
async fn explained(remote: &Remote, report: &Value) -> anyhow::Result<Vec<String>> {
    let waits = report.get("waiting").is_some_and(Value::is_string);
    let went_back = text(report, "state") == "rolled-back";
    if !waits && !went_back {
        return Ok(Vec::new());
    }
    let id = text(report, "id");
    let generations = remote.generations(id).await?;
    let taken_back = generations.iter().filter(|it| text(it, "state") == "rolled-back").take(1);
    let taken_back = taken_back.filter(|_| went_back).map(|it| {
        let (version, digest, why) = named(it);
        format!("{version} ({digest}) was taken back: {why}")
    });
    let waiting = generations.iter().filter(|it| text(it, "state") == "waiting");
    Ok(taken_back.chain(waiting.map(|it| waiting_line(id, it))).collect())
}

/// That a generation waits, why, and what to do.
pub(super) fn waiting_line(id: &str, generation: &Value) -> String {
    let (version, digest, why) = named(generation);
    format!(
        "{version} ({digest}) waits: {why}; `bowsprit plugin consent {id} {digest}` lets it serve"
    )
}

fn named(generation: &Value) -> (&str, &str, &str) {
    let digest = short_digest(text(generation, "digest"));
    (text(generation, "version"), digest, text(generation, "why"))
}

#[derive(Debug, Args)]
pub(crate) struct Consent {
    /// The plugin's id.
    #[arg(value_name = "ID")]
    id: String,
    /// The generation's digest or its first digits; the one that waits if not
    /// given.
    #[arg(value_name = "DIGEST")]
    digest: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

impl Consent {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let digest = match self.digest {
            Some(digest) => digest,
            None => waiting(&self.remote, &self.id).await?,
        };
        let path = [self.id.as_str(), "generations", &digest, "consent"];
        let answer = self.remote.ask(Method::POST, &path, &Value::Null).await?;
        say(format_args!("{}", line(answer.get("plugin").unwrap_or(&answer))));
        Ok(())
    }
}

async fn waiting(remote: &Remote, id: &str) -> anyhow::Result<String> {
    let answer = remote.ask(Method::GET, &[id], &Value::Null).await?;
    let digest = answer.pointer("/plugin/waiting").and_then(Value::as_str);
    let digest = digest.with_context(|| format!("no generation of plugin `{id}` waits"))?;
    Ok(digest.to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The plugin's id.
    #[arg(value_name = "ID")]
    id: String,
    /// The generation to go back to, its digest or its first digits; the one
    /// before the present one if not given.
    #[arg(long, value_name = "DIGEST")]
    to: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

impl Rollback {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let body = match &self.to {
            Some(digest) => json!({ "generation": digest }),
            None => json!({}),
        };
        let path = [self.id.as_str(), "rollback"];
        let answer = self.remote.ask(Method::POST, &path, &body).await?;
        say(format_args!("{}", line(answer.get("plugin").unwrap_or(&answer))));
        Ok(())
    }
}
