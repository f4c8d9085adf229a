//! `bowsprit plugin list` and `rollback`: a running host's plugins.

use clap::Args;
use serde_json::json;

use super::remote::{Remote, line};
use crate::output::say;

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    remote: Remote,
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        for report in self.remote.plugins().await? {
            say(format_args!("{}", line(&report)));
        }
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The plugin's id.
    #[arg(value_name = "ID")]
    id: String,
    /// The generation to go back to; the one before the present one if not
    /// given.
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
        let answer = self.remote.ask(http::Method::POST, &path, &body).await?;
        say(format_args!("{}", line(answer.get("plugin").unwrap_or(&answer))));
        Ok(())
    }
}
