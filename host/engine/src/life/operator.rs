//! What operators do to plugins.

use std::{path::Path, sync::Arc};

use bowsprit_host_core::{
    Error, Result,
    audit::Actor,
    plugins::{
        ActivationEntry, ComparisonReport, GenerationReport, Happening, LoadFailure, PluginReport,
        SwapPolicy, short_digest,
    },
};

use super::{book, ledger::Event, named, telling::entry};
use crate::{
    PluginEngine,
    generations::Back,
    package::{Digest, Sight},
    reload::look,
};

/// Looks at a folder until two find the same, before it is said that it never
/// stands still.
const LOOKS: usize = 50;

impl PluginEngine {
    /// Goes back to `to`, or the generation before the present one; with
    /// `only`, if that one serves.
    pub(crate) async fn back(
        &self,
        id: &str,
        to: Option<&str>,
        only: Option<Digest>,
        (why, by): (&str, Actor),
    ) -> Result<PluginReport> {
        let way = self.generations().way_back(id, to)?;
        let generation = match way {
            Back::Built(generation) => generation,
            Back::Kept(report) => self.rebuild(id, &report).await?,
        };
        let report = self.change(id, |generations, note| {
            let live = generations.live(id).map(|it| it.program.digest);
            if only.is_some() && live != only {
                return self.reported(id, generations.report(id));
            }
            let before = generations.go_back(Arc::clone(&generation), why).map_err(taken)?;
            self.swap_now(generations);
            let report = self.reported(id, generations.report(id))?;
            let told = Box::new(report.clone());
            note.event = Some(Event::Report("plugin.generation.rolled-back", told));
            let told = entry(Happening::RolledBack, &generation, None, before.as_deref());
            note.entry = Some((by, ActivationEntry { why: why.to_owned(), ..told }));
            Ok(report)
        })?;
        tracing::info!(plugin = id, generation = report.generation, why, "plugin rolled back");
        self.told(id).await?;
        Ok(report)
    }

    /// Lets a waiting generation serve.
    pub(crate) async fn accept(&self, id: &str, digest: &str, by: Actor) -> Result<PluginReport> {
        let (generation, mut report) = {
            let generations = self.generations();
            let book = generations.book(id).filter(|_| generations.source(id).is_some());
            let book = book.ok_or_else(|| Error::not_found("plugin", id))?;
            let report = named::find(book, digest, |_| true)?;
            let generation =
                generations.waiting(id, &report.digest).ok_or_else(|| Error::Conflict {
                    code: "plugin.generation.not-waiting",
                    message: format!("this generation of plugin `{id}` does not wait for consent"),
                })?;
            (generation, report.clone())
        };
        report.why = book::ACCEPTED.into();
        report.missing = Default::default();
        self.serve(id, generation, &report, by).map_err(taken)?;
        // Not when a batch that happens to be under way ends.
        self.swap_if_due();
        self.finish(id).await
    }

    /// Switches a plugin on or off.
    pub(crate) async fn switch(&self, id: &str, on: bool, by: Actor) -> Result<PluginReport> {
        self.change(id, |generations, note| {
            if generations.source(id).is_none() {
                return Err(Error::not_found("plugin", id));
            }
            if on {
                generations.has_room(id).map_err(taken)?;
            }
            let Some(book) = generations.book_mut(id) else { return Ok(()) };
            if book.disabled == on {
                book.disabled = !on;
                self.swap_now(generations);
                let what = if on { Happening::Enabled } else { Happening::Disabled };
                note.entry = Some((by, plain(id, what, "an operator said so")));
                let name = if on { "plugin.enabled" } else { "plugin.disabled" };
                note.event = generations.report(id).map(|it| Event::Report(name, Box::new(it)));
            }
            Ok(())
        })?;
        self.finish(id).await
    }

    /// Says when new generations take over.
    pub(crate) async fn rule(
        &self,
        id: &str,
        policy: SwapPolicy,
        by: Actor,
    ) -> Result<PluginReport> {
        self.change(id, |generations, note| {
            if generations.source(id).is_none() {
                return Err(Error::not_found("plugin", id));
            }
            if let Some(book) = generations.book_mut(id)
                && book.policy != Some(policy)
            {
                book.policy = Some(policy);
                let why = match policy {
                    SwapPolicy::Swap => "from now on new generations take over at once",
                    SwapPolicy::HoldIfDifferent => "from now on generations that differ wait",
                    SwapPolicy::HoldAlways => "from now on new generations wait",
                };
                note.entry = Some((by, plain(id, Happening::PolicySet, why)));
            }
            Ok(())
        })?;
        self.finish(id).await
    }

    /// Loads what lies in the plugin's folder now.
    pub(crate) async fn load_again(&self, id: &str, by: Actor) -> Result<PluginReport> {
        let source = self.generations().source(id);
        let folder = source.ok_or_else(|| Error::not_found("plugin", id))?;
        let sight = self.look_twice(&folder).await?;
        self.change(id, |_, note| {
            note.entry = Some((by, plain(id, Happening::Reloaded, "an operator asked for it")));
        });
        self.reloader.lock().await.take_again(self, &folder, sight, by).await;
        self.finish(id).await
    }

    /// Looks until the folder looks the same twice.
    async fn look_twice(&self, folder: &Path) -> Result<Sight> {
        let mut before = look(folder.to_owned()).await;
        for _ in 0..LOOKS {
            tokio::time::sleep(self.config.debounce).await;
            let now = look(folder.to_owned()).await;
            if now.digest() == before.digest() {
                return Ok(now);
            }
            before = now;
        }
        let message = format!("{} is being written to all the time", folder.display());
        Err(Error::Conflict { code: "plugin.folder.unsettled", message })
    }

    /// How a generation compares with its predecessor.
    pub(crate) fn compared(&self, id: &str, digest: &str) -> Result<ComparisonReport> {
        let generations = self.generations();
        let book = generations.book(id).filter(|_| generations.source(id).is_some());
        let book = book.ok_or_else(|| Error::not_found("plugin", id))?;
        let report = named::find(book, digest, |_| true)?;
        report.comparison.clone().ok_or_else(|| Error::NoSuch {
            message: format!(
                "generation `{}` of plugin `{id}` was not compared: it had no predecessor, or \
                 no input of that was known",
                short_digest(&report.digest)
            ),
        })
    }

    /// What is known of a plugin's generations.
    pub(crate) fn history(&self, id: &str) -> Result<Vec<GenerationReport>> {
        let generations = self.generations();
        let book = generations.book(id).filter(|_| generations.source(id).is_some());
        book.map(|it| it.generations.clone()).ok_or_else(|| Error::not_found("plugin", id))
    }

    async fn finish(&self, id: &str) -> Result<PluginReport> {
        self.told(id).await?;
        self.reported(id, self.generations().report(id))
    }

    /// Tells what was noted. What an operator decides has to outlive the host:
    /// it is done, but not answered with success, until it is remembered.
    async fn told(&self, id: &str) -> Result<()> {
        self.tell().await;
        self.processed(1);
        if self.ledger.is_kept(id) {
            return Ok(());
        }
        let source = format!("what was decided about plugin `{id}` is not remembered yet").into();
        Err(Error::Unavailable { dependency: "the store", source })
    }

    fn reported(&self, id: &str, report: Option<PluginReport>) -> Result<PluginReport> {
        report.ok_or_else(|| Error::not_found("plugin", id))
    }
}

fn plain(id: &str, what: Happening, why: &str) -> ActivationEntry {
    ActivationEntry {
        plugin: id.to_owned(),
        what,
        generation: None,
        version: None,
        before: None,
        why: why.to_owned(),
        tests: None,
        comparison: None,
        grants: Default::default(),
    }
}

fn taken(failure: LoadFailure) -> Error {
    Error::Conflict { code: "plugin.name.taken", message: failure.message }
}
