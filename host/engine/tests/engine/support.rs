//! A host with nothing but an engine, and folders to put plugins into.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bowsprit_host_core::{
    events::Hub,
    node_types::{CallError, Catalogue, Context, Node, NodeTypes, Rendered},
    plugins::{LoadStage, PluginReport, Plugins, ShortMemory},
};
use bowsprit_host_engine::{EngineConfig, Limits, PluginEngine};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::{sync::oneshot, task::JoinHandle};

/// Longest a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// An engine that watches one folder.
pub(crate) struct Host {
    pub(crate) engine: Arc<PluginEngine>,
    pub(crate) events: Arc<Hub>,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) memory: Arc<ShortMemory>,
    config: EngineConfig,
    watching: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Host {
    /// Loads what `fill` puts into the folder, and watches it.
    pub(crate) async fn start(fill: impl FnOnce(&Path)) -> Self {
        Self::start_with(|_| {}, fill).await
    }

    /// The same with other settings.
    pub(crate) async fn start_with(
        settings: impl FnOnce(&mut EngineConfig),
        fill: impl FnOnce(&Path),
    ) -> Self {
        Self::load(settings, fill).await.watched()
    }

    fn watched(mut self) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let engine = Arc::clone(&self.engine);
        let task = tokio::spawn(async move {
            engine.watch(async { drop(stopped.await) }).await;
        });
        self.watching = Some((stop, task));
        self
    }

    /// Stops, changes the folder, and starts again with what is remembered.
    pub(crate) async fn restart(mut self, meanwhile: impl FnOnce(&Path)) -> Self {
        if let Some((stop, task)) = self.watching.take() {
            let _ = stop.send(());
            task.await.expect("watching ends in order");
        }
        meanwhile(self.dir.path());
        Self::begin(self.dir, self.config, self.memory).await.watched()
    }

    /// Loads and does not watch.
    pub(crate) async fn load(
        settings: impl FnOnce(&mut EngineConfig),
        fill: impl FnOnce(&Path),
    ) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fill(dir.path());
        let mut config = EngineConfig {
            dirs: vec![dir.path().to_owned()],
            limits: Limits { calls: 16, idle_instances: 16, ..Limits::default() },
            debounce: Duration::from_millis(10),
            ..EngineConfig::default()
        };
        settings(&mut config);
        Self::begin(dir, config, Arc::default()).await
    }

    async fn begin(dir: tempfile::TempDir, config: EngineConfig, memory: Arc<ShortMemory>) -> Self {
        let events = Arc::new(Hub::new());
        let engine = PluginEngine::open_with(config.clone(), events.clone(), memory.clone());
        let engine = engine.expect("an engine");
        engine.load_all().await.expect("a memory");
        Self { engine: Arc::new(engine), events, dir, memory, config, watching: None }
    }

    /// Waits until the reports are as wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&[PluginReport]) -> bool) {
        let mut outcomes = self.engine.outcomes();
        let waiting = async {
            while !wanted(&self.engine.list()) {
                outcomes.changed().await.expect("the engine lives");
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("never {what}: {:#?}", self.engine.list());
        }
    }

    /// Waits until a plugin's last error has this code, and gives its report.
    pub(crate) async fn refused(&self, id: &str, code: &str) -> PluginReport {
        let is = |it: &PluginReport| it.last_error.as_ref().is_some_and(|it| it.code == code);
        self.until(&format!("`{code}`"), |all| all.iter().any(|it| it.id == id && is(it))).await;
        self.report(id)
    }

    pub(crate) fn report(&self, id: &str) -> PluginReport {
        let found = self.engine.list().into_iter().find(|it| it.id == id);
        found.unwrap_or_else(|| panic!("no plugin `{id}`: {:#?}", self.engine.list()))
    }

    /// Waits until `render` of `type_name` shows `mark`.
    pub(crate) async fn until_marked(&self, type_name: &str, mark: &str) {
        let mut outcomes = self.engine.outcomes();
        let waiting = async {
            while self.mark(type_name).await.as_deref() != Some(mark) {
                outcomes.changed().await.expect("the engine lives");
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("never marked `{mark}`: {:#?}", self.engine.list());
        }
    }

    /// The mark a new request sees, if anybody provides the type.
    pub(crate) async fn mark(&self, type_name: &str) -> Option<String> {
        mark_in(&*self.engine.catalogue(), type_name).await.ok()
    }

    pub(crate) fn path(&self, folder: &str) -> PathBuf {
        self.dir.path().join(folder)
    }

    /// Stops watching and waits for it.
    pub(crate) async fn stop(mut self) {
        if let Some((stop, task)) = self.watching.take() {
            let _ = stop.send(());
            task.await.expect("watching ends in order");
        }
    }
}

/// The mark a catalogue's `type_name` renders.
pub(crate) async fn mark_in(
    catalogue: &dyn Catalogue,
    type_name: &str,
) -> Result<String, CallError> {
    let rendered = catalogue.render(&node(type_name, "echo"), &Context::default()).await?;
    Ok(mark_of(&rendered))
}

pub(crate) fn mark_of(rendered: &Rendered) -> String {
    rendered.manifests[0].body["data"]["mark"].as_str().expect("a mark").to_owned()
}

/// A node whose data asks for `wish`.
pub(crate) fn node(type_name: &str, wish: &str) -> Node {
    let data = format!(r#"{{"do":"{wish}"}}"#);
    Node { id: "it".into(), type_name: type_name.into(), data }
}

/// A guest as it was built.
pub(crate) fn dist(guest: &str) -> PathBuf {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests/dist").join(guest);
    assert!(
        dist.join("plugin.wasm").is_file(),
        "the guests are not built; run `cargo xtask plugins build --guests`"
    );
    dist
}

/// The bytes of a guest's component.
pub(crate) fn component(guest: &str) -> Vec<u8> {
    fs::read(dist(guest).join("plugin.wasm")).expect("a component")
}

/// The component with other bytes and the same behaviour.
pub(crate) fn renewed(mut component: Vec<u8>, salt: u32) -> Vec<u8> {
    // A custom section (id 0) of nine bytes: the name `salt` and four more.
    component.extend([0, 9, 4]);
    component.extend(b"salt");
    component.extend(salt.to_le_bytes());
    component
}

/// The component with one text replaced by another of the same length.
pub(crate) fn patched(component: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut patched = component.to_vec();
    let places: Vec<usize> =
        (0..component.len()).filter(|at| component[*at..].starts_with(from.as_bytes())).collect();
    assert!(!places.is_empty(), "no `{from}` in the component");
    for at in places {
        patched[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    patched
}

/// A plugin folder in the making.
#[derive(Clone)]
pub(crate) struct Folder {
    toml: String,
    component: Option<Vec<u8>>,
    assets: Vec<(&'static str, String)>,
    links: Vec<(&'static str, &'static str)>,
    golden: Vec<(&'static str, String)>,
}

/// A plugin `id` of a guest's component.
pub(crate) fn plugin(id: &str, guest: &str) -> Folder {
    let toml = fs::read_to_string(dist(guest).join("plugin.toml")).expect("a plugin.toml");
    let toml = toml.replace(&format!("id = \"{guest}\""), &format!("id = \"{id}\""));
    Folder {
        toml,
        component: Some(component(guest)),
        assets: Vec::new(),
        links: Vec::new(),
        golden: Vec::new(),
    }
}

impl Folder {
    pub(crate) fn asset(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.assets.push((name, text.into()));
        self
    }

    /// A golden file that expects what an `echo` with this mark answers.
    pub(crate) fn golden(self, name: &'static str, mark: &str) -> Self {
        let input = json!({ "node": { "id": "it", "type": "echo", "data": {} } });
        let golden = json!({ "input": input, "expected": echoed(json!({}), mark) });
        self.golden_text(name, &golden.to_string())
    }

    /// A golden file as it is written.
    pub(crate) fn golden_text(mut self, name: &'static str, text: &str) -> Self {
        self.golden.push((name, text.to_owned()));
        self
    }

    pub(crate) fn component(mut self, bytes: Vec<u8>) -> Self {
        self.component = Some(bytes);
        self
    }

    /// An asset that is a link.
    pub(crate) fn link(mut self, name: &'static str, target: &'static str) -> Self {
        self.links.push((name, target));
        self
    }

    pub(crate) fn toml(mut self, from: &str, to: &str) -> Self {
        assert!(self.toml.contains(from), "no `{from}` in {}", self.toml);
        self.toml = self.toml.replace(from, to);
        self
    }

    /// Uses another plugin's component.
    pub(crate) fn uses(mut self, id: &str) -> Self {
        self.component = None;
        self.toml("component = \"plugin.wasm\"", &format!("uses = \"{id}\""))
    }

    /// Writes file by file into place.
    pub(crate) fn write(&self, folder: &Path) {
        fs::create_dir_all(folder.join("assets")).expect("a folder");
        if let Some(component) = &self.component {
            fs::write(folder.join("plugin.wasm"), component).expect("a component");
        }
        for (name, text) in &self.assets {
            fs::write(folder.join("assets").join(name), text).expect("an asset");
        }
        for (name, target) in &self.links {
            let link = folder.join("assets").join(name);
            std::os::unix::fs::symlink(target, link).expect("a link");
        }
        for (name, text) in &self.golden {
            fs::create_dir_all(folder.join("golden")).expect("a folder");
            fs::write(folder.join("golden").join(name), text).expect("a golden file");
        }
        fs::write(folder.join("plugin.toml"), &self.toml).expect("a plugin.toml");
    }

    /// Packed as an upload.
    pub(crate) fn packed(&self) -> Bytes {
        let dir = tempfile::tempdir().expect("a folder");
        self.write(dir.path());
        let mut archive = tar::Builder::new(Vec::new());
        archive.append_dir_all(".", dir.path()).expect("packed");
        archive.into_inner().expect("an archive").into()
    }

    /// Replaces the folder by a rename.
    pub(crate) fn swap(&self, folder: &Path) {
        let name = folder.file_name().expect("a name").to_string_lossy();
        let new = folder.with_file_name(format!(".{name}.new"));
        let old = folder.with_file_name(format!(".{name}.old"));
        self.write(&new);
        if folder.exists() {
            fs::rename(folder, &old).expect("the old one moves away");
        }
        fs::rename(&new, folder).expect("the new one moves in");
        let _ = fs::remove_dir_all(old);
    }
}

/// What an `echo` with this mark answers to all functions, for a node `it` with
/// this data.
pub(crate) fn echoed(data: Value, mark: &str) -> Value {
    let body = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "it" },
        "data": { "echo": data.to_string(), "mark": mark },
    });
    let manifest = json!({
        "body": body, "local-id": "map", "on-immutable": "ask", "order": "configuration",
        "prune": "delete", "wait": "existence", "yields": [],
    });
    let watch = json!({
        "kind": { "group": "", "version": "v1", "kind": "ConfigMap" }, "name": "it",
        "namespace": null, "selector": null, "with-events": false, "with-pods": false,
    });
    json!({
        "normalize": { "ok": [data, []] },
        "public-view": { "ok": { "mark": mark, "name": "it" } },
        "validate": { "ok": [] },
        "render": { "ok": { "findings": [], "manifests": [manifest] } },
        "observe": { "ok": [watch] },
    })
}

/// Checks stage and that message and fix are there for a person.
pub(crate) fn assert_failure(report: &PluginReport, stage: LoadStage, words: &[&str]) {
    let failure = report.last_error.as_ref().expect("a failure");
    assert_eq!(failure.stage, stage, "{failure:?}");
    assert!(!failure.fix.is_empty(), "{failure:?}");
    for word in words {
        assert!(failure.message.contains(word), "no `{word}` in {failure:?}");
    }
}
