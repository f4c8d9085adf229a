//! Which generation of which plugin serves, which ones could again, and what
//! became of the last attempt.

use std::{
    collections::{BTreeMap, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
};

use bowsprit_host_core::{
    plugins::{Figures, LoadFailure, LoadStage, PluginReport, PluginState, SwapPolicy, Wants},
    time::Timestamp,
};

use crate::{
    describe::Provides,
    failure::failure,
    instance::Program,
    package::{Digest, PluginToml},
};

/// One state of a plugin's folder, ready to serve.
pub(crate) struct Generation {
    pub(crate) program: Program,
    pub(crate) toml: Arc<PluginToml>,
    pub(crate) folder: PathBuf,
    pub(crate) provides: Provides,
}

/// One plugin.
struct Entry {
    source: PathBuf,
    live: Option<Live>,
    /// Newest first.
    previous: VecDeque<Arc<Generation>>,
    held: bool,
    last_error: Option<LoadFailure>,
}

struct Live {
    generation: Arc<Generation>,
    since: Timestamp,
}

/// All plugins, by id.
pub(crate) struct Generations {
    entries: BTreeMap<String, Entry>,
    kept: usize,
}

/// Why there is nothing to go back to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoWayBack {
    /// No plugin of that id.
    Unknown,
    /// No earlier generation.
    None,
    /// Another plugin has one of its names.
    Taken(LoadFailure),
}

impl Generations {
    pub(crate) fn new(kept: usize) -> Self {
        Self { entries: BTreeMap::new(), kept }
    }

    /// Lets `generation` serve; the one before it is kept.
    pub(crate) fn activate(&mut self, generation: Arc<Generation>) -> Result<(), LoadFailure> {
        self.check_names(&generation)?;
        let id = generation.program.plugin.clone();
        let entry = self.entries.entry(id).or_insert_with(|| Entry::of(&generation.folder));
        entry.source.clone_from(&generation.folder);
        entry.held = false;
        entry.last_error = None;
        let digest = generation.program.digest;
        entry.previous.retain(|it| it.program.digest != digest);
        let live = Live { generation, since: Timestamp::now() };
        if let Some(before) = entry.live.replace(live)
            && before.generation.program.digest != digest
        {
            entry.previous.push_front(before.generation);
            entry.previous.truncate(self.kept);
        }
        Ok(())
    }

    /// Notes that something newer was refused; what serves goes on.
    pub(crate) fn refuse(&mut self, id: &str, source: &Path, why: LoadFailure) {
        let entry = self.entries.entry(id.to_owned()).or_insert_with(|| Entry::of(source));
        if entry.live.is_none() {
            source.clone_into(&mut entry.source);
        }
        entry.last_error = Some(why);
    }

    /// Notes that what is on disk is what serves after all.
    pub(crate) fn forgive(&mut self, id: &str) {
        if let Some(entry) = self.entries.get_mut(id)
            && entry.live.is_some()
        {
            entry.last_error = None;
        }
    }

    /// Forgets the plugin if it comes from `source`.
    pub(crate) fn remove(&mut self, id: &str, source: &Path) -> bool {
        let from_there = self.entries.get(id).is_some_and(|it| it.source == source);
        from_there && self.entries.remove(id).is_some()
    }

    /// Lets the generation before the present one serve again.
    pub(crate) fn roll_back(&mut self, id: &str) -> Result<(), NoWayBack> {
        let entry = self.entries.get(id).ok_or(NoWayBack::Unknown)?;
        let before = entry.previous.front().cloned().ok_or(NoWayBack::None)?;
        self.check_names(&before).map_err(NoWayBack::Taken)?;
        let entry = self.entries.get_mut(id).ok_or(NoWayBack::Unknown)?;
        entry.previous.pop_front();
        entry.live = Some(Live { generation: before, since: Timestamp::now() });
        entry.held = true;
        Ok(())
    }

    /// The generation of `id` that serves.
    pub(crate) fn live(&self, id: &str) -> Option<&Arc<Generation>> {
        self.entries.get(id)?.live.as_ref().map(|it| &it.generation)
    }

    /// A generation of `id` with this digest, serving or kept.
    pub(crate) fn known(&self, id: &str, digest: Digest) -> Option<Arc<Generation>> {
        let entry = self.entries.get(id)?;
        let all = entry.live.iter().map(|it| &it.generation).chain(&entry.previous);
        all.into_iter().find(|it| it.program.digest == digest).cloned()
    }

    /// All generations that serve.
    pub(crate) fn serving(&self) -> impl Iterator<Item = &Arc<Generation>> {
        self.entries.values().filter_map(|it| it.live.as_ref()).map(|it| &it.generation)
    }

    /// Every plugin, ordered by id.
    pub(crate) fn reports(&self) -> Vec<PluginReport> {
        self.entries.iter().map(|(id, entry)| entry.report(id)).collect()
    }

    /// One plugin.
    pub(crate) fn report(&self, id: &str) -> Option<PluginReport> {
        self.entries.get(id).map(|entry| entry.report(id))
    }

    /// A name belongs to one plugin: the first that has it.
    fn check_names(&self, newcomer: &Generation) -> Result<(), LoadFailure> {
        let id = &newcomer.program.plugin;
        for other in self.serving().filter(|it| it.program.plugin != *id) {
            let taken =
                newcomer.provides.names().find(|name| other.provides.names().any(|it| it == *name));
            if let Some((what, name)) = taken {
                let other = &other.program.plugin;
                return Err(failure(
                    LoadStage::Activate,
                    "plugin.name.taken",
                    format!("{what} `{name}` of plugin `{id}` is already that of plugin `{other}`"),
                    format!("rename the {what}, or remove `{other}`"),
                ));
            }
        }
        Ok(())
    }
}

impl Entry {
    fn of(source: &Path) -> Self {
        Self {
            source: source.to_owned(),
            live: None,
            previous: VecDeque::new(),
            held: false,
            last_error: None,
        }
    }

    fn report(&self, id: &str) -> PluginReport {
        let generation = self.live.as_ref().map(|it| &it.generation);
        let types = generation.iter().flat_map(|it| &it.provides.node_types);
        PluginReport {
            id: id.to_owned(),
            version: generation.map(|it| it.toml.version.clone()),
            kind: generation.map(|it| it.toml.kind.clone()),
            state: match (&self.live, self.held) {
                (None, _) => PluginState::Failed,
                (Some(_), true) => PluginState::Held,
                (Some(_), false) => PluginState::Live,
            },
            generation: generation.map(|it| it.program.generation.clone()),
            source: self.source.display().to_string(),
            node_types: types.map(|it| it.descriptor.name.clone()).collect(),
            last_error: self.last_error.clone(),
            loaded_at: self.live.as_ref().map(|it| it.since),
            previous: self.previous.iter().map(|it| it.program.generation.clone()).collect(),
            waiting: None,
            policy: SwapPolicy::Swap,
            wants: Wants::default(),
            grants: Wants::default(),
            limits: None,
            figures: Figures::default(),
        }
    }
}
