//! One plugin folder on its author's desk: read, admitted, compiled and
//! described as a host would, and then called, without going live anywhere.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bowsprit_host_core::{
    events::Hub,
    node_types::{Kind, NodeType},
    plugins::{LoadFailure, LoadStage},
};

use crate::{
    EngineConfig, Limits, OpenError, PluginEngine,
    admission::Outside,
    call::Runtime,
    cases::Asked,
    catalogue::{Pinned, Table},
    describe::Provides,
    failure::failure,
    generations::{Generation, check_name},
    life::{Candidate, book::Journey},
    package::{CodeOf, Package, Sight},
    reload::look,
};

pub use crate::package::is_kebab as is_plugin_id;

/// How long it may compile: its author waits where a host with others to serve
/// gives up, and learns how long it took.
const PATIENCE: Duration = Duration::from_secs(600);

/// Where compiled code is kept for the next workbench.
#[derive(Debug, Clone)]
pub struct CodeCache {
    /// A folder; made with mode 0700 if absent, refused if it is open to others.
    pub folder: PathBuf,
    /// Most bytes of it.
    pub bytes: u64,
}

/// An engine for looking at plugins one by one.
pub struct Workbench {
    engine: PluginEngine,
}

/// A plugin that the host would let serve.
pub struct Sample {
    /// What is known of it.
    pub about: About,
    /// The node types it provides, by name.
    pub types: Vec<NodeType>,
    /// All that it provides, each in a few words.
    pub provides: Vec<String>,
    generation: Arc<Generation>,
    table: Arc<Table>,
    runtime: Arc<Runtime>,
}

/// What is known of a plugin.
#[derive(Debug, Clone)]
pub struct About {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Its title, for people.
    pub title: String,
    /// What it contributes: `node-types`, ….
    pub kind: String,
    /// The version of the plugin interface it is built for.
    pub api: String,
    /// The plugin whose component it uses, if it has none of its own.
    pub uses: Option<String>,
    /// The file of its own component.
    pub component: Option<String>,
    /// The world its component is built for, by its name in the WIT.
    pub world: &'static str,
    /// Kinds it wants to create, change and remove.
    pub produces: Vec<Kind>,
    /// Kinds it wants to look at.
    pub reads: Vec<Kind>,
    /// Kinds it wants to change to mend something.
    pub changes: Vec<Kind>,
    /// Globs of source files it wants to see.
    pub source_files: Vec<String>,
    /// Digest of the generation, hex.
    pub generation: String,
    /// Interfaces its component imports.
    pub imports: Vec<String>,
    /// Interfaces its component exports.
    pub exports: Vec<String>,
    /// Bytes of its own component.
    pub component_bytes: Option<usize>,
    /// Number and bytes of its assets.
    pub assets: (usize, usize),
    /// Longest a call may take.
    pub deadline: Duration,
    /// Most bytes of memory a call may use.
    pub memory: usize,
    /// Most bytes of an answer.
    pub output: usize,
    /// How long it takes from bytes to the answer of `describe`: compiled,
    /// linked, described. If its code was known, compiling counts as it took
    /// then.
    pub ready_after: Duration,
    /// If its code was known: how long it took this time.
    pub known_after: Option<Duration>,
}

impl Workbench {
    /// A workbench with a host's default limits for calls; `dirs` are folders of plugins
    /// whose components others may use, looked into only when one does. Without
    /// a `cache` all is compiled anew.
    ///
    /// # Errors
    ///
    /// If this machine cannot run WebAssembly, or the cache is not private.
    pub fn open(dirs: Vec<PathBuf>, cache: Option<CodeCache>) -> Result<Self, OpenError> {
        let limits = Limits { compile: PATIENCE, ..Limits::default() };
        let (cache_dir, cache_bytes) = cache.map(|it| (it.folder, it.bytes)).unzip();
        let config = EngineConfig {
            dirs,
            limits,
            cache_dir,
            cache_bytes,
            // What a component costs is told of the code that hosts run in the end.
            quick_compiler: false,
            ..EngineConfig::default()
        };
        Ok(Self { engine: PluginEngine::open(config, Arc::new(Hub::new()))? })
    }

    /// Takes `folder` through everything a host does before it lets a plugin
    /// serve, but for what depends on the other plugins of that host.
    ///
    /// # Errors
    ///
    /// What the host would record as the plugin's last error.
    pub async fn load(&self, folder: &Path) -> Result<Sample, LoadFailure> {
        let package = read(folder).await?;
        if let CodeOf::Of(used) = package.toml.code() {
            self.provide(used).await?;
        }
        let outside = match &package.component {
            Some(code) => Outside::read(&code.bytes)?,
            None => Outside::default(),
        };
        let begun = Instant::now();
        // Its golden files are run by whoever wants to see what differs.
        let generation = self.engine.assemble(&package, &mut Journey::begin()).await?;
        let about = About::of(&package, &generation, outside, begun.elapsed());
        // The process may end as soon as it has said what it was asked.
        self.engine.compiler.written().await;
        Ok(Sample {
            about,
            types: generation.provides.node_types.clone(),
            provides: provided(&generation.provides),
            table: Arc::new(Table::of_one(&generation)),
            runtime: Arc::clone(&self.engine.runtime),
            generation,
        })
    }

    /// Whether a host that has the plugins of our folders would take this one
    /// too: a name belongs to one plugin. Those that do not load have none.
    ///
    /// # Errors
    ///
    /// What the host would record as the plugin's last error.
    pub async fn fits(&self, sample: &Sample) -> Result<(), LoadFailure> {
        for dir in self.engine.dirs() {
            for folder in folders(dir) {
                let other = match read(&folder).await {
                    Ok(package) if package.toml.id != sample.about.id => self.load(&folder).await,
                    _ => continue,
                };
                if let Ok(other) = other {
                    check_name(&sample.generation, &other.generation)?;
                }
            }
        }
        Ok(())
    }

    /// Makes sure that the component of `used` can be used.
    async fn provide(&self, used: &str) -> Result<(), LoadFailure> {
        if self.engine.generations().live(used).is_some() {
            return Ok(());
        }
        for dir in self.engine.dirs() {
            let folder = dir.join(used);
            if folder.join("plugin.toml").is_file() {
                let package = read(&folder).await?;
                let candidate = self.engine.build(&package).await.map_err(|it| it.failure)?;
                let Candidate { generation, report, .. } = candidate;
                return self.engine.generations().activate(generation, report).map(drop);
            }
        }
        // Whoever builds it says that it is missing.
        Ok(())
    }
}

impl Sample {
    /// The plugin's functions; each catalogue begins with a fresh instance.
    pub fn catalogue(&self) -> Arc<dyn Asked> {
        Arc::new(Pinned::new(Arc::clone(&self.table), Arc::clone(&self.runtime), None))
    }
}

impl About {
    fn of(package: &Package, generation: &Generation, outside: Outside, took: Duration) -> Self {
        let (toml, limits) = (&package.toml, &generation.program.limits);
        let compiled = &generation.program.linked.starter.now().compiled;
        // Another plugin's component is that plugin's to compile.
        let known = package.component.is_some() && compiled.known;
        Self {
            id: toml.id.clone(),
            version: toml.version.clone(),
            title: toml.title.clone(),
            kind: toml.kind.clone(),
            api: toml.api.clone(),
            uses: toml.uses.clone(),
            component: toml.component.clone(),
            world: toml.world().name(),
            produces: toml.wants.produced(),
            reads: toml.wants.read(),
            changes: toml.wants.changed(),
            source_files: toml.wants.source_files.clone(),
            generation: generation.program.generation.clone(),
            imports: outside.imports,
            exports: outside.exports,
            component_bytes: package.component.as_ref().map(|it| it.bytes.len()),
            assets: (package.assets.len(), package.assets.values().map(Vec::len).sum()),
            deadline: limits.deadline,
            memory: limits.memory,
            output: limits.output,
            ready_after: if known { took + compiled.took } else { took },
            known_after: known.then_some(took),
        }
    }
}

fn provided(provides: &Provides) -> Vec<String> {
    let types = provides.node_types.iter().map(|it| {
        let it = &it.descriptor;
        format!("node type {} (data in version {})", it.name, it.schema_version)
    });
    let importers = provides.importers.iter().map(|it| format!("importer {}", it.name));
    let checks = provides.checks.iter().map(|it| format!("check {}", it.id));
    let entries = provides.entries.iter().map(|it| format!("catalogue entry {}", it.id));
    types.chain(importers).chain(checks).chain(entries).collect()
}

/// The folders in one, by name. Blocks, briefly.
fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut all: Vec<_> = entries.map(|it| it.path()).filter(|it| it.is_dir()).collect();
    all.sort();
    all
}

async fn read(folder: &Path) -> Result<Package, LoadFailure> {
    match look(folder.to_owned()).await {
        Sight::Ready(package) => Ok(package),
        Sight::Refused(refusal) => Err(refusal.failure),
        Sight::Absent => Err(failure(
            LoadStage::Read,
            "plugin.folder.unreadable",
            format!("{} holds no `plugin.toml`", folder.display()),
            "name the folder of a plugin, or begin one with `bowsprit plugin new`",
        )),
    }
}
