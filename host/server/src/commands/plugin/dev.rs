//! `bowsprit plugin dev`: build, put into a host's folder, see what the host
//! says; and again at each change.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use bowsprit_host_engine::workbench::{About, Workbench};
use bowsprit_plugin_build::{Changes, Others, publish};
use clap::Args;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::{
    build::build,
    desk::{Bases, millis, refused},
    list::waiting_line,
    remote::{Remote, line},
    test::must_be_met,
};
use crate::output::say;

/// How long a host may take to notice a change.
const PATIENCE: Duration = Duration::from_secs(15);
/// How many times as long as we a host may take to compile it.
const SLOWER: u32 = 3;
/// How often a host is asked meanwhile.
const AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// The folder with the sources.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// A folder of plugins that a host watches.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// Builds once and ends; fails if a host would refuse the plugin, also for
    /// its golden files, or does not let it serve.
    #[arg(long)]
    once: bool,
    /// A running host to ask what became of it, such as
    /// `http://localhost:3000`.
    #[arg(long, value_name = "URL", env = "BOWSPRIT_HOST", requires = "token")]
    host: Option<Url>,
    /// An administrator's token; better set as `BOWSPRIT_TOKEN`.
    #[arg(long, value_name = "TOKEN", env = "BOWSPRIT_TOKEN", hide_env_values = true)]
    token: Option<SecretString>,
    #[command(flatten)]
    bases: Bases,
}

impl Dev {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let workbench = self.bases.workbench()?;
        let remote = Remote::of(self.host.clone(), self.token.clone());
        // Watched before the first build, so that no change is missed.
        let changes = Changes::of(&self.folder, &[PathBuf::new()], &[&self.into])?;
        loop {
            let done = self.build(&workbench, remote.as_ref()).await;
            if self.once {
                return done;
            }
            if let Err(error) = done {
                eprintln!("{error:#}");
            }
            eprintln!("watching {}", self.folder.display());
            if !tokio::task::block_in_place(|| changes.next(|| false)) {
                return Ok(());
            }
        }
    }

    /// Builds, and looks at what was built before a host is given it.
    async fn build(&self, workbench: &Workbench, remote: Option<&Remote>) -> anyhow::Result<()> {
        let begun = Instant::now();
        let staged = tempfile::tempdir().context("a temporary folder")?;
        let plugins = build(&self.folder, false)?;
        publish(staged.path(), &plugins, Others::Keep)?;
        let mut loaded = Vec::new();
        for source in &plugins {
            let built = staged.path().join(&source.id);
            let sample = workbench.load(&built).await.map_err(refused)?;
            must_be_met(&sample, &built).await?;
            loaded.push(sample.about);
        }
        let before = match remote {
            Some(remote) => remote.plugins().await?,
            None => Vec::new(),
        };
        let outcome = publish(&self.into, &plugins, Others::Keep)?;
        say(format_args!("{}: {outcome} after {}", self.into.display(), millis(begun.elapsed())));
        if let Some(remote) = remote {
            for about in &loaded {
                let error = before.iter().find(|it| is(it, "id", &about.id)).and_then(error);
                say(format_args!("{}", self.became(remote, about, error).await?));
            }
        }
        Ok(())
    }

    /// What the host says once it has noticed; it may still speak of an error
    /// it had `before`.
    async fn became(
        &self,
        remote: &Remote,
        About { id, generation, ready_after, .. }: &About,
        before: Option<&Value>,
    ) -> anyhow::Result<String> {
        let begun = Instant::now();
        let patience = PATIENCE + *ready_after * SLOWER;
        let mut seen = format!("it lists no plugin `{id}`");
        while begun.elapsed() < patience {
            let found = remote.plugins().await?.into_iter().find(|it| is(it, "id", id));
            if let Some(report) = found {
                seen = line(&report);
                if is(&report, "generation", generation) {
                    return Ok(format!("{seen} (seen after {})", millis(begun.elapsed())));
                }
                if is(&report, "waiting", generation) {
                    bail!("{}", waits(remote, id, generation).await?);
                }
                if error(&report).is_some() && error(&report) != before {
                    bail!("{seen}");
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
        let into = std::path::absolute(&self.into).unwrap_or_else(|_| self.into.clone());
        let (host, into) = (remote.host(), into.display());
        bail!("{host} does not serve `{id}` as built; does it watch `{into}`? {seen}")
    }
}

/// That a generation waits for an operator, and what to do.
async fn waits(remote: &Remote, id: &str, digest: &str) -> anyhow::Result<String> {
    let known = remote.generations(id).await?;
    let waiting = known.iter().find(|it| is(it, "digest", digest));
    let line = waiting.map_or_else(|| "waits".to_owned(), |it| waiting_line(id, it));
    Ok(format!("`{id}` {line}"))
}

fn is(report: &Value, key: &str, wanted: &str) -> bool {
    report.get(key).and_then(Value::as_str) == Some(wanted)
}

fn error(report: &Value) -> Option<&Value> {
    report.get("lastError").filter(|it| !it.is_null())
}
