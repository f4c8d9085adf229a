//! Changes of what serves, each with its note.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bowsprit_host_core::{
    audit::Actor,
    plugins::{
        ActivationEntry, GenerationReport, GenerationState, Happening, Hold, LoadFailure,
        Remembered,
    },
};

use super::{
    Candidate, Failed, book,
    change::Change,
    ledger::{Event, Note},
};
use crate::{
    PluginEngine,
    generations::{Generation, Generations},
    package::is_kebab,
};

impl PluginEngine {
    /// Changes something about one plugin, and notes what is remembered of it
    /// if that changed.
    pub(crate) fn change<T>(
        &self,
        id: &str,
        act: impl FnOnce(&mut Generations, &mut Note) -> T,
    ) -> T {
        let mut generations = self.generations();
        let before = generations.book(id).cloned();
        let mut note = Note::default();
        let out = act(&mut generations, &mut note);
        let changed = generations.book(id).filter(|it| Some(*it) != before.as_ref());
        // What is filed under its folder's name is no plugin yet.
        note.book = changed.filter(|_| is_kebab(id)).map(|after| Change {
            before: before.unwrap_or_else(|| Remembered::new(id)),
            after: after.clone(),
        });
        self.ledger.note(note);
        out
    }

    /// Tells what was noted, and takes over what other hosts have decided about
    /// the same plugins meanwhile.
    pub(crate) async fn tell(&self) {
        loop {
            let mut more = false;
            for (change, stored) in self.ledger.tell().await {
                more |= self.adopt(&change.after, &stored);
            }
            if !more {
                return;
            }
        }
    }

    /// Takes over what is remembered of a plugin besides what this host has
    /// told; whether there is more to tell now.
    fn adopt(&self, told: &Remembered, stored: &Remembered) -> bool {
        let id = &stored.id;
        let mut generations = self.generations();
        if generations.adopt(told, stored) {
            self.swap_now(&generations);
            let name = if stored.disabled { "plugin.disabled" } else { "plugin.enabled" };
            let report = generations.report(id).map(Box::new);
            let event = report.map(|it| Event::Report(name, it));
            self.ledger.note(Note { event, ..Note::default() });
        }
        // What an operator accepted elsewhere is accepted. What took over there
        // by itself may wait here for a difference that was only seen here.
        let accepted = book::live(stored).filter(|it| it.why == book::ACCEPTED);
        let waiting = accepted.and_then(|it| Some((generations.waiting(id, &it.digest)?, it)));
        drop(generations);
        let Some((generation, report)) = waiting else { return false };
        match self.serve(id, generation, report, Actor::default()) {
            Ok(()) => self.swap_if_due(),
            Err(LoadFailure { message, .. }) => {
                tracing::warn!(plugin = id, message, "accepted at another host, not served here");
                return false;
            }
        }
        true
    }

    /// Lets a candidate serve; whether it did not before.
    pub(crate) fn activate(&self, candidate: Candidate, by: Actor) -> Result<bool, Box<Failed>> {
        let Candidate { generation, mut report, .. } = candidate;
        let id = generation.program.plugin.clone();
        let before = self.generations().known_live(&id);
        report.why = book::in_order(before.as_deref(), &report, "it passed every stage");
        let served = self.serve(&id, generation, &report, by);
        served.map_err(|failure| Failed::of(failure, report))?;
        Ok(true)
    }

    /// Lets a generation serve, for the reason its report gives.
    pub(crate) fn serve(
        &self,
        id: &str,
        generation: Arc<Generation>,
        report: &GenerationReport,
        by: Actor,
    ) -> Result<(), LoadFailure> {
        self.change(id, |generations, note| {
            let before = generations.activate(Arc::clone(&generation), report.clone())?;
            self.swap(generations);
            if let Some(before) = &before {
                let whose = (id, generation.program.digest);
                let (now, then) = (&generation.program.figures, &before.program.figures);
                now.watch(Some(then.as_ref()), self.config.guard, whose, &self.alarms.0);
            }
            let told = generations.report(id).map(Box::new);
            note.event = told.map(|it| Event::Report("plugin.generation.live", it));
            let entry = entry(Happening::Activated, &generation, Some(report), before.as_deref());
            note.entry = Some((by, entry));
            Ok::<(), LoadFailure>(())
        })?;
        let (version, digest) = (&generation.toml.version, &generation.program.generation);
        tracing::info!(plugin = id, version, generation = digest, "plugin live");
        Ok(())
    }

    /// Lets what served when the host stopped serve again.
    pub(crate) fn resume(&self, generation: &Arc<Generation>) -> Result<bool, LoadFailure> {
        let id = &generation.program.plugin;
        self.change(id, |generations, note| {
            let folder = generation.folder.clone();
            generations.leave(id, &folder);
            generations.resume(Arc::clone(generation))?;
            self.swap(generations);
            let told = generations.report(id).map(Box::new);
            note.event = told.map(|it| Event::Report("plugin.generation.live", it));
            Ok(true)
        })
    }

    /// Lets a candidate wait for an operator. Nothing that serves changes.
    pub(crate) fn hold(&self, candidate: Candidate, hold: Hold, why: String, by: Actor) -> bool {
        let Candidate { generation, mut report, .. } = candidate;
        let id = generation.program.plugin.clone();
        tracing::info!(plugin = id, generation = report.digest, why, "plugin waits");
        report.state = GenerationState::Waiting;
        report.hold = Some(hold);
        report.why = why;
        self.change(&id, |generations, note| {
            let known = generations.book(&id).and_then(|it| book::find(it, &report.digest));
            let new = known.is_none_or(|it| it.state != GenerationState::Waiting);
            let before = generations.live(&id).cloned();
            if new {
                let told = entry(Happening::Held, &generation, Some(&report), before.as_deref());
                note.entry = Some((by, told));
            }
            generations.hold(generation, report);
            let told = generations.report(&id).map(Box::new);
            note.event = told.map(|it| Event::Report("plugin.generation.held", it));
        });
        false
    }

    /// Records why something does not serve.
    pub(crate) fn refuse(&self, id: &str, source: &Path, failed: Failed, by: Actor) {
        let Failed { failure, report } = failed;
        let LoadFailure { stage, code, message, .. } = &failure;
        self.change(id, |generations, note| {
            let known = generations.book(id).and_then(|it| book::find(it, &report.digest));
            // A folder is looked at again whenever one that it needs has changed.
            if !known.is_some_and(|it| is_told(it, &report)) {
                tracing::warn!(plugin = id, ?stage, code, message, "plugin refused");
                let told = ActivationEntry {
                    plugin: id.to_owned(),
                    what: Happening::Refused,
                    generation: Some(report.digest.clone()),
                    version: Some(report.version.clone()).filter(|it| !it.is_empty()),
                    before: generations.live(id).map(|it| it.program.generation.clone()),
                    why: format!("{code}: {message}"),
                    tests: None,
                    comparison: None,
                    grants: generations
                        .book(id)
                        .and_then(|it| it.grants.clone())
                        .unwrap_or_default(),
                };
                note.entry = Some((by, told));
            }
            generations.refuse(id, source, report);
            let told = generations.report(id).map(Box::new);
            note.event = told.map(|it| Event::Report("plugin.generation.failed", it));
        });
    }

    /// Takes a plugin out of the catalogue, if it comes from `source`.
    pub(crate) fn remove(&self, id: &str, source: &Path) -> bool {
        let removed = self.change(id, |generations, note| {
            let live = generations.live(id).cloned();
            if !generations.remove(id, source) {
                return false;
            }
            self.swap(generations);
            note.event = Some(Event::Removed(id.to_owned()));
            if let Some(live) = live {
                let mut told = entry(Happening::Removed, &live, None, Some(&live));
                told.why = "its folder was removed".into();
                note.entry = Some((Actor::default(), told));
            }
            true
        });
        if removed {
            tracing::info!(plugin = id, "plugin removed");
        }
        removed
    }

    /// Drops the record of a refusal that no longer holds.
    pub(crate) fn withdraw(&self, id: &str, source: &Path) {
        self.generations().remove(id, source);
    }

    /// All folders that are or were plugins.
    pub(crate) async fn all_folders(&self) -> Vec<PathBuf> {
        self.reloader.lock().await.sources.all().await
    }
}

/// Whether it has been told that something fails in this way: that it was
/// refused, or that what serves does not pass its new golden files.
fn is_told(known: &GenerationReport, now: &GenerationReport) -> bool {
    match known.state {
        GenerationState::Live => {
            known.self_test.failure.is_some() && known.self_test == now.self_test
        }
        _ => known.failure.is_some() && known.failure == now.failure,
    }
}

/// An entry of the activation log about `generation`.
pub(super) fn entry(
    what: Happening,
    generation: &Generation,
    report: Option<&GenerationReport>,
    before: Option<&Generation>,
) -> ActivationEntry {
    let tests = report.map(|it| &it.self_test).map(|it| match &it.failure {
        Some(failure) => format!("{} failed in `{}`", failure.file, failure.function),
        None => format!("{} golden files, {} answers as expected", it.cases, it.answers),
    });
    let compared = report.and_then(|it| it.comparison.as_ref());
    ActivationEntry {
        plugin: generation.program.plugin.clone(),
        what,
        generation: Some(generation.program.generation.clone()),
        version: Some(generation.toml.version.clone()),
        before: before.map(|it| it.program.generation.clone()),
        why: report.map(|it| it.why.clone()).unwrap_or_default(),
        tests,
        comparison: compared.map(|it| it.summary.to_string()),
        grants: generation.toml.permissions(),
    }
}
