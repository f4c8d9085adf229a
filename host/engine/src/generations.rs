//! Which generation of which plugin serves, which ones could again, and what
//! became of the last attempt.

mod entry;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use bowsprit_host_core::{
    Error, Result,
    plugins::{
        GenerationReport, GenerationState, LoadFailure, LoadStage, PluginReport, Remembered,
        SwapPolicy,
    },
    time::Timestamp,
};

use crate::{
    describe::Provides,
    failure::failure,
    instance::Program,
    life::{book, named},
    package::{Digest, PluginToml},
};
use entry::{Entry, Live};

/// One state of a plugin's folder, ready to serve.
pub(crate) struct Generation {
    pub(crate) program: Program,
    pub(crate) toml: Arc<PluginToml>,
    pub(crate) folder: PathBuf,
    pub(crate) provides: Provides,
}

/// All plugins, by id.
pub(crate) struct Generations {
    entries: BTreeMap<String, Entry>,
    kept: usize,
    policy: SwapPolicy,
    /// Whether earlier generations can be built again from their packages.
    depot: bool,
}

/// A generation to go back to.
pub(crate) enum Back {
    /// It is built.
    Built(Arc<Generation>),
    /// It has to be built from its package.
    Kept(Box<GenerationReport>),
}

impl Generations {
    pub(crate) fn new(kept: usize, policy: SwapPolicy, depot: bool) -> Self {
        Self { entries: BTreeMap::new(), kept, policy, depot }
    }

    /// Takes over what was remembered of plugins nothing is known of yet.
    pub(crate) fn recall(&mut self, remembered: Vec<Remembered>) {
        for book in remembered {
            self.entries.entry(book.id.clone()).or_insert_with(|| Entry::of(Path::new(""), book));
        }
    }

    /// Lets `generation` serve; the one before it is kept and handed back.
    /// Nothing changes on failure.
    pub(crate) fn activate(
        &mut self,
        generation: Arc<Generation>,
        report: GenerationReport,
    ) -> Result<Option<Arc<Generation>>, LoadFailure> {
        let id = generation.program.plugin.clone();
        if self.book(&id).is_none_or(|it| !it.disabled) {
            self.check_names(&generation)?;
        }
        let kept = self.kept;
        let entry = self.entry(&id, &generation.folder);
        entry.source.clone_from(&generation.folder);
        entry.rolled_back = false;
        entry.last_error = None;
        entry.waiting = None;
        entry.book.grants = Some(generation.toml.permissions());
        let before = entry.serve(generation, report);
        book::drop_waiting(&mut entry.book);
        entry.prune(kept);
        Ok(before)
    }

    /// Lets what served when the host stopped serve again. Nothing is written
    /// down: it has served all along.
    pub(crate) fn resume(&mut self, generation: Arc<Generation>) -> Result<(), LoadFailure> {
        let id = generation.program.plugin.clone();
        if self.book(&id).is_none_or(|it| !it.disabled) {
            self.check_names(&generation)?;
        }
        let Some(entry) = self.entries.get_mut(&id) else { return Ok(()) };
        entry.rolled_back = book::has_come_back(&entry.book);
        let since = book::live(&entry.book).and_then(|it| it.live_since);
        let since = since.unwrap_or_else(Timestamp::now);
        entry.live = Some(Live { generation, since });
        Ok(())
    }

    /// Lets `generation` wait for an operator.
    pub(crate) fn hold(&mut self, generation: Arc<Generation>, report: GenerationReport) {
        let id = generation.program.plugin.clone();
        let kept = self.kept;
        let entry = self.entry(&id, &generation.folder);
        entry.source.clone_from(&generation.folder);
        entry.last_error = None;
        entry.waiting = Some(generation);
        book::drop_waiting(&mut entry.book);
        book::put(&mut entry.book, report);
        entry.prune(kept);
    }

    /// Takes over what other hosts decided about a plugin: `stored` is what is
    /// remembered since this host has `told` what it knows. What it has changed
    /// after that stays. Answers whether the plugin was switched on or off.
    pub(crate) fn adopt(&mut self, told: &Remembered, stored: &Remembered) -> bool {
        let id = &stored.id;
        // Where its names are taken it stays off.
        let may_switch = stored.disabled || self.has_room(id).is_ok();
        let Some(book) = self.book_mut(id) else { return false };
        if book.grants == told.grants {
            book.grants.clone_from(&stored.grants);
        }
        if book.policy == told.policy {
            book.policy = stored.policy;
        }
        let switched =
            book.disabled == told.disabled && book.disabled != stored.disabled && may_switch;
        if switched {
            book.disabled = stored.disabled;
        }
        switched
    }

    /// Notes that a generation which was taken back lies in the folder still.
    pub(crate) fn leave(&mut self, id: &str, source: &Path) {
        self.entry(id, source);
    }

    /// Notes that something newer was refused; what serves goes on.
    pub(crate) fn refuse(&mut self, id: &str, source: &Path, report: GenerationReport) {
        let kept = self.kept;
        let entry = self.entry(id, source);
        if entry.live.is_none() {
            source.clone_into(&mut entry.source);
        }
        entry.last_error.clone_from(&report.failure);
        entry.waiting = None;
        book::drop_waiting(&mut entry.book);
        if book::live(&entry.book).is_none_or(|it| it.digest != report.digest) {
            book::put(&mut entry.book, report);
        } else {
            // It serves, whatever golden files it has been given since.
            book::tested(&mut entry.book, &report);
        }
        entry.prune(kept);
    }

    /// Notes what came of the golden files of a generation that is known.
    pub(crate) fn tested(&mut self, id: &str, report: &GenerationReport) {
        if let Some(book) = self.book_mut(id) {
            book::tested(book, report);
        }
    }

    /// Notes that what is on disk is what serves after all.
    pub(crate) fn forgive(&mut self, id: &str) {
        if let Some(entry) = self.entries.get_mut(id)
            && entry.live.is_some()
        {
            entry.last_error = None;
            entry.waiting = None;
            book::drop_waiting(&mut entry.book);
        }
    }

    /// Takes the plugin away if it comes from `source`. What is remembered of
    /// it stays.
    pub(crate) fn remove(&mut self, id: &str, source: &Path) -> bool {
        let Some(entry) = self.entries.get_mut(id).filter(|it| it.present) else { return false };
        if entry.source != source {
            return false;
        }
        let mut remembered = Remembered::new(id);
        std::mem::swap(&mut remembered, &mut entry.book);
        let (live, retired) = (GenerationState::Live, GenerationState::Retired);
        book::turn(&mut remembered, live, retired, "its folder was removed");
        book::drop_waiting(&mut remembered);
        let Remembered { grants, policy, disabled, .. } = &remembered;
        if grants.is_none() && policy.is_none() && !disabled {
            self.entries.remove(id);
        } else {
            *entry = Entry::of(source, remembered);
        }
        true
    }

    /// The generation to go back to: `to`, or the one before the present one.
    pub(crate) fn way_back(&self, id: &str, to: Option<&str>) -> Result<Back> {
        let entry = self.present(id).ok_or_else(|| Error::not_found("plugin", id))?;
        let fits = |it: &GenerationReport| entry.can_return(it, self.depot);
        let found = match to {
            Some(name) => named::find(&entry.book, name, fits)?,
            None => {
                let mut earlier = entry.book.generations.iter().filter(|it| fits(it));
                let found = earlier.find(|it| it.state == GenerationState::Retired);
                found.ok_or_else(|| Error::Refused {
                    code: "plugin.rollback.none",
                    message: format!("no earlier generation of plugin `{id}` is kept"),
                })?
            }
        };
        let built = entry.earlier.iter().find(|it| it.program.generation == found.digest);
        Ok(match built {
            Some(generation) => Back::Built(Arc::clone(generation)),
            None => Back::Kept(Box::new(found.clone())),
        })
    }

    /// Lets an earlier generation serve again. What served is taken back for
    /// the reason `why`.
    pub(crate) fn go_back(
        &mut self,
        generation: Arc<Generation>,
        why: &str,
    ) -> Result<Option<Arc<Generation>>, LoadFailure> {
        let id = generation.program.plugin.clone();
        if self.book(&id).is_none_or(|it| !it.disabled) {
            self.check_names(&generation)?;
        }
        let kept = self.kept;
        let Some(entry) = self.entries.get_mut(&id) else { return Ok(None) };
        let (live, taken_back) = (GenerationState::Live, GenerationState::RolledBack);
        book::turn(&mut entry.book, live, taken_back, why);
        let report = book::find(&entry.book, &generation.program.generation).cloned();
        entry.book.grants = Some(generation.toml.permissions());
        entry.rolled_back = true;
        let before = match report {
            Some(report) => {
                let why = book::came_back(why);
                entry.serve(generation, GenerationReport { why, ..report })
            }
            None => None,
        };
        entry.prune(kept);
        Ok(before)
    }

    /// The generation that waits, if it is this one.
    pub(crate) fn waiting(&self, id: &str, digest: &str) -> Option<Arc<Generation>> {
        let waiting = self.present(id)?.waiting.as_ref();
        waiting.filter(|it| it.program.generation == digest).cloned()
    }

    /// Whether other plugins leave room for what a generation would serve.
    pub(crate) fn room_for(&self, generation: &Generation) -> Result<(), LoadFailure> {
        self.check_names(generation)
    }

    /// Whether other plugins leave room for what `id` would serve.
    pub(crate) fn has_room(&self, id: &str) -> Result<(), LoadFailure> {
        self.live(id).map_or(Ok(()), |it| self.check_names(it))
    }

    /// What is remembered of a plugin, to be changed.
    pub(crate) fn book_mut(&mut self, id: &str) -> Option<&mut Remembered> {
        self.entries.get_mut(id).map(|it| &mut it.book)
    }

    /// What is remembered of a plugin.
    pub(crate) fn book(&self, id: &str) -> Option<&Remembered> {
        self.entries.get(id).map(|it| &it.book)
    }

    /// The plugin's folder.
    pub(crate) fn source(&self, id: &str) -> Option<PathBuf> {
        self.present(id).map(|it| it.source.clone())
    }

    /// When a new generation of the plugin takes over.
    pub(crate) fn policy(&self, id: &str) -> SwapPolicy {
        self.book(id).and_then(|it| it.policy).unwrap_or(self.policy)
    }

    /// The generation of `id` that serves.
    pub(crate) fn live(&self, id: &str) -> Option<&Arc<Generation>> {
        self.entries.get(id)?.live.as_ref().map(|it| &it.generation)
    }

    /// Digest of the generation of `id` that serves, or did when the host
    /// stopped.
    pub(crate) fn known_live(&self, id: &str) -> Option<String> {
        let serving = self.live(id).map(|it| it.program.generation.clone());
        serving.or_else(|| self.book(id).and_then(book::live).map(|it| it.digest.clone()))
    }

    /// A built generation of `id` with this digest.
    pub(crate) fn known(&self, id: &str, digest: Digest) -> Option<Arc<Generation>> {
        let entry = self.entries.get(id)?;
        let live = entry.live.iter().map(|it| &it.generation);
        let all = live.chain(&entry.earlier).chain(&entry.waiting);
        all.into_iter().find(|it| it.program.digest == digest).cloned()
    }

    /// All generations that serve.
    pub(crate) fn serving(&self) -> impl Iterator<Item = &Arc<Generation>> {
        let on = self.entries.values().filter(|it| !it.book.disabled);
        on.filter_map(|it| it.live.as_ref()).map(|it| &it.generation)
    }

    /// All generations that would serve, had no administrator said otherwise.
    pub(crate) fn disabled(&self) -> impl Iterator<Item = &Arc<Generation>> {
        let off = self.entries.values().filter(|it| it.present && it.book.disabled);
        off.filter_map(|it| it.live.as_ref()).map(|it| &it.generation)
    }

    /// Every plugin, ordered by id.
    pub(crate) fn reports(&self) -> Vec<PluginReport> {
        let all = self.entries.iter().filter(|(_, entry)| entry.present);
        all.map(|(id, entry)| entry.report(id, self.policy, self.depot)).collect()
    }

    /// One plugin.
    pub(crate) fn report(&self, id: &str) -> Option<PluginReport> {
        self.present(id).map(|entry| entry.report(id, self.policy, self.depot))
    }

    /// Digests of all packages that may be wanted again.
    pub(crate) fn packages(&self) -> impl Iterator<Item = &str> {
        let reports = self.entries.values().flat_map(|it| &it.book.generations);
        reports.filter(|it| it.state != GenerationState::Refused).map(|it| it.package.as_str())
    }

    fn present(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id).filter(|it| it.present)
    }

    fn entry(&mut self, id: &str, source: &Path) -> &mut Entry {
        let fresh = || Entry::of(source, Remembered::new(id));
        let entry = self.entries.entry(id.to_owned()).or_insert_with(fresh);
        if !entry.present {
            entry.present = true;
            source.clone_into(&mut entry.source);
        }
        entry
    }

    /// A name belongs to one plugin: the first that has it.
    fn check_names(&self, newcomer: &Generation) -> Result<(), LoadFailure> {
        self.serving().try_for_each(|other| check_name(newcomer, other))
    }
}

/// Refuses a name that another plugin has.
pub(crate) fn check_name(newcomer: &Generation, other: &Generation) -> Result<(), LoadFailure> {
    let (id, other_id) = (&newcomer.program.plugin, &other.program.plugin);
    if id == other_id {
        return Ok(());
    }
    let taken = newcomer.provides.names().find(|name| other.provides.names().any(|it| it == *name));
    let Some((what, name)) = taken else { return Ok(()) };
    Err(failure(
        LoadStage::Activate,
        "plugin.name.taken",
        format!("{what} `{name}` of plugin `{id}` is already that of plugin `{other_id}`"),
        format!("rename the {what}, or remove `{other_id}`"),
    ))
}
