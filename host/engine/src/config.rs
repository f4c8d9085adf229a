//! What the engine can be told, with defaults that need no telling.

use std::{path::PathBuf, time::Duration};

use bowsprit_host_core::{budgets::Budgets, id::Id, plugins::SwapPolicy};

use crate::limits::{Caps, Limits};

/// Settings of a [`crate::PluginEngine`].
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Folders whose sub-folders are plugins. Of two plugins with one id the
    /// one in the later folder counts. Default: none.
    pub dirs: Vec<PathBuf>,
    /// Where compiled code is kept between starts. Created with mode 0700 if
    /// absent; refused if anybody else could write to it. Default: nowhere.
    pub cache_dir: Option<PathBuf>,
    /// Most bytes of it; what was used longest ago goes first. Default: no
    /// bound.
    pub cache_bytes: Option<u64>,
    /// Where packages of generations that serve or may serve again are kept,
    /// for this host alone. They are known by their digests, so nobody can
    /// change them unseen. Default: nowhere; then what a plugin's folder held
    /// before is gone with the process.
    pub packages_dir: Option<PathBuf>,
    /// Where inputs by which generations are compared are kept between starts,
    /// for this host alone; see [`crate::PluginEngine::keep_inputs`]. Default:
    /// nowhere; then those of earlier starts are gone.
    pub inputs_dir: Option<PathBuf>,
    /// What a call may use if its plugin asks for nothing.
    pub limits: Limits,
    /// The most a plugin may ask for in `plugin.toml`.
    pub caps: Caps,
    /// What users may have. Default: no bound.
    pub budgets: Budgets,
    /// How long a folder must be quiet before it is read, and again before
    /// the second reading that has to find the same bytes. Default: 20 ms, so
    /// that bytes known already serve within 50.
    pub debounce: Duration,
    /// How often names, sizes and times of all files are compared, for file
    /// systems that send no events. Default: 2 s.
    pub poll: Duration,
    /// Whether to ask the file system for events. Default: true.
    pub events: bool,
    /// Components compiled at the same time; each uses several threads.
    /// Default: 2.
    pub compile_workers: usize,
    /// Whether bytes that are new are first compiled without optimising, so
    /// that they serve sooner, and then once more. Default: true.
    pub quick_compiler: bool,
    /// Earlier generations of a plugin kept for a rollback. Default: 5.
    pub kept_generations: usize,
    /// Those of `dirs` that came with the host: whatever is in them is
    /// granted what it wants. Default: none.
    pub builtin_dirs: Vec<PathBuf>,
    /// What plugins of the other folders are granted unasked.
    pub trust: Trust,
    /// When a new generation takes over, unless the plugin has a policy of
    /// its own. Default: at once.
    pub policy: SwapPolicy,
    /// Inputs of `render` kept per plugin to compare its generations on; 0
    /// compares nothing. Default: 128.
    pub compared_inputs: usize,
    /// Bytes of all inputs kept for one plugin. Default: 1 MiB.
    pub compared_bytes: usize,
    /// How long a comparison may take; inputs that are left by then are left
    /// out. Default: 2 s.
    pub compare_time: Duration,
    /// Bytes of answers that are remembered, so that plugins are not asked the
    /// same again. Default: none, so that every call is one.
    pub remembered_bytes: u64,
    /// How long a package's own golden files may take together. Default: 5 s.
    pub self_test_time: Duration,
    /// What a new generation is watched for.
    pub guard: Guard,
    /// The request that is being served where it is called, for logs. Default:
    /// none ever.
    pub trace: fn() -> Option<Id>,
}

/// What plugins are granted unasked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Nothing: an operator has to accept whatever a plugin wants.
    Nothing,
    /// What a plugin wants when it is first seen; what a later generation
    /// wants beyond that, an operator has to accept.
    #[default]
    First,
    /// Everything, at any time: for developing plugins.
    Everything,
}

/// How the first calls of a new generation are judged. If they fail, the
/// generation before it comes back by itself.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    /// So many calls; 0 turns the guard off. Default: 50.
    pub calls: u32,
    /// The share of broken calls may exceed the predecessor's by this much.
    /// Default: 0.1.
    pub errors: f64,
    /// Half of the calls may take this many times as long as with the
    /// predecessor. Default: 5.
    pub slower: f64,
    /// And this much on top, so that noise among microseconds is nothing.
    /// Default: 20 ms.
    pub slack: Duration,
}

impl Default for Guard {
    fn default() -> Self {
        Self { calls: 50, errors: 0.1, slower: 5.0, slack: Duration::from_millis(20) }
    }
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            dirs: Vec::new(),
            cache_dir: None,
            cache_bytes: None,
            packages_dir: None,
            inputs_dir: None,
            limits: Limits::default(),
            caps: Caps::default(),
            budgets: Budgets::default(),
            debounce: Duration::from_millis(20),
            poll: Duration::from_secs(2),
            events: true,
            compile_workers: 2,
            quick_compiler: true,
            kept_generations: 5,
            builtin_dirs: Vec::new(),
            trust: Trust::default(),
            policy: SwapPolicy::default(),
            compared_inputs: 128,
            compared_bytes: 1 << 20,
            compare_time: Duration::from_secs(2),
            remembered_bytes: 0,
            self_test_time: Duration::from_secs(5),
            guard: Guard::default(),
            trace: || None,
        }
    }
}
