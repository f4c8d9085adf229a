//! One plugin: what serves, what waits, what has served, and what is
//! remembered of all of it.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::Arc,
};

use bowsprit_host_core::{
    plugins::{
        GenerationReport, GenerationState, LoadFailure, PluginLimits, PluginReport, PluginState,
        Remembered, SwapPolicy,
    },
    time::Timestamp,
};

use super::Generation;
use crate::{life::book, limits::CallLimits};

/// One plugin.
pub(super) struct Entry {
    pub(super) source: PathBuf,
    /// Whether there is a folder; if not, only `book` means anything.
    pub(super) present: bool,
    pub(super) live: Option<Live>,
    /// Built generations that have served, in no order.
    pub(super) earlier: VecDeque<Arc<Generation>>,
    /// The one that waits for an operator.
    pub(super) waiting: Option<Arc<Generation>>,
    /// Whether what serves came back.
    pub(super) rolled_back: bool,
    pub(super) last_error: Option<LoadFailure>,
    pub(super) book: Remembered,
}

pub(super) struct Live {
    pub(super) generation: Arc<Generation>,
    pub(super) since: Timestamp,
}

impl Entry {
    pub(super) fn of(source: &Path, book: Remembered) -> Self {
        Self {
            source: source.to_owned(),
            present: false,
            live: None,
            earlier: VecDeque::new(),
            waiting: None,
            rolled_back: false,
            last_error: None,
            book,
        }
    }

    /// Serves, and retires what served.
    pub(super) fn serve(
        &mut self,
        generation: Arc<Generation>,
        report: GenerationReport,
    ) -> Option<Arc<Generation>> {
        let since = Timestamp::now();
        let (live, retired) = (GenerationState::Live, GenerationState::Retired);
        book::turn(&mut self.book, live, retired, "a later generation took over");
        let report =
            GenerationReport { state: live, hold: None, live_since: Some(since), ..report };
        book::put(&mut self.book, report);
        let digest = generation.program.digest;
        self.earlier.retain(|it| it.program.digest != digest);
        let before = self.live.replace(Live { generation, since }).map(|it| it.generation);
        let before = before.filter(|it| it.program.digest != digest);
        self.earlier.extend(before.clone());
        before
    }

    /// Forgets what is too old.
    pub(super) fn prune(&mut self, kept: usize) {
        book::prune(&mut self.book, kept);
        let generations = &self.book.generations;
        self.earlier.retain(|it| {
            let same = |report: &GenerationReport| report.digest == it.program.generation;
            generations.iter().any(|report| book::is_earlier(report) && same(report))
        });
    }

    pub(super) fn can_return(&self, report: &GenerationReport, depot: bool) -> bool {
        let built = |it: &Arc<Generation>| it.program.generation == report.digest;
        book::is_earlier(report) && (depot || self.earlier.iter().any(built))
    }

    fn state(&self) -> PluginState {
        match &self.live {
            _ if self.book.disabled => PluginState::Disabled,
            Some(_) if self.rolled_back => PluginState::RolledBack,
            Some(_) => PluginState::Live,
            None if self.waiting.is_some() => PluginState::Waiting,
            None => PluginState::Failed,
        }
    }

    pub(super) fn report(&self, id: &str, policy: SwapPolicy, depot: bool) -> PluginReport {
        let generation = self.live.as_ref().map(|it| &it.generation);
        let types = generation.iter().flat_map(|it| &it.provides.node_types);
        let earlier = self.book.generations.iter().filter(|it| self.can_return(it, depot));
        let shown = generation.or(self.waiting.as_ref());
        PluginReport {
            id: id.to_owned(),
            version: generation.map(|it| it.toml.version.clone()),
            kind: generation.map(|it| it.toml.kind.clone()),
            state: self.state(),
            generation: generation.map(|it| it.program.generation.clone()),
            source: self.source.display().to_string(),
            node_types: types.map(|it| it.descriptor.name.clone()).collect(),
            last_error: self.last_error.clone(),
            loaded_at: self.live.as_ref().map(|it| it.since),
            previous: earlier.map(|it| it.digest.clone()).collect(),
            waiting: self.waiting.as_ref().map(|it| it.program.generation.clone()),
            policy: self.book.policy.unwrap_or(policy),
            wants: shown.map(|it| it.toml.permissions()).unwrap_or_default(),
            grants: self.book.grants.clone().unwrap_or_default(),
            limits: shown.map(|it| limits(&it.program.limits)),
            figures: generation.map(|it| it.program.figures.report()).unwrap_or_default(),
        }
    }
}

fn limits(of: &CallLimits) -> PluginLimits {
    PluginLimits {
        deadline_ms: u64::try_from(of.deadline.as_millis()).unwrap_or(u64::MAX),
        memory_bytes: of.memory as u64,
        output_bytes: of.output as u64,
        list_entries: of.list_entries as u64,
        log_lines: of.log_lines,
    }
}
