//! From a saved plugin file to its serving, in a watched folder.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bowsprit_host_core::{events::Hub, plugins::Plugins as _};
use bowsprit_host_engine::{EngineConfig, PluginEngine};
use bowsprit_tests::{Sample, copy_folder, plugins_dir};
use tokio::task::JoinHandle;
use wasmtime::component::Component;

use crate::{
    engine::{bare_engine, revive},
    plugins::salted,
    report::{Figure, Measured, Report, Target},
};

const GROUP: &str = "plugin reload";
const NEW: &str = "new bytes saved → serving";
const BUSY: &str = "new bytes saved → serving, both processors busy";
const KNOWN: &str = "known bytes saved → serving";
/// The plugin that is saved: the largest of ours.
const PLUGIN: &str = "statefulset";
const ROUNDS: u32 = 7;
/// Bytes that no other row saves begin here.
const BUSY_SALTS: u32 = 1000;
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether the new bytes serve.
const LOOK: Duration = Duration::from_millis(1);

/// Measures new and known bytes.
pub(crate) async fn measure(report: &mut Report) {
    let prepare = Watched::start();
    let Some(watched) = report.prepare(GROUP, &[NEW, BUSY, KNOWN], prepare).await else { return };
    let saves = async {
        let engine = bare_engine();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for salt in 0..ROUNDS {
            let bytes = watched.salted(salt);
            ours.push(watched.save(&bytes).await);
            let begun = Instant::now();
            Component::from_binary(&engine, &bytes).unwrap();
            theirs.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        watched.measured(ours, theirs, "wasmtime compiling the same bytes", 150.0)
    };
    report.row(GROUP, NEW, saves).await;
    let saves = async {
        let busy = Busy::start();
        let engine = bare_engine();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for salt in BUSY_SALTS..BUSY_SALTS + ROUNDS {
            let bytes = watched.salted(salt);
            ours.push(watched.save(&bytes).await);
            let begun = Instant::now();
            Component::from_binary(&engine, &bytes).unwrap();
            theirs.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        busy.stop();
        watched.measured(ours, theirs, "wasmtime compiling the same bytes, as busy", 400.0)
    };
    report.row(GROUP, BUSY, saves).await;
    let saves = async {
        let known = [watched.salted(ROUNDS), watched.salted(ROUNDS + 1)];
        let engine = bare_engine();
        let mut compiled = Vec::new();
        for bytes in &known {
            watched.save(bytes).await;
            compiled = Component::from_binary(&engine, bytes).unwrap().serialize().unwrap();
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            ours.push(watched.save(&known[round as usize % 2]).await);
            let begun = Instant::now();
            drop(revive(&engine, &compiled));
            theirs.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        watched.measured(ours, theirs, "wasmtime reading the compiled code", 50.0)
    };
    report.row(GROUP, KNOWN, saves).await;
    watched.watching.abort();
}

/// A thread for each processor that does nothing but compute.
struct Busy {
    stop: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Busy {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let processors = std::thread::available_parallelism().map_or(2, Into::into);
        let threads = (0..processors).map(|_| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::black_box(0);
                }
            })
        });
        Self { threads: threads.collect(), stop }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|it| it.join().unwrap());
    }
}

/// An engine that watches a folder with one plugin, set up as the host's.
struct Watched {
    engine: Arc<PluginEngine>,
    folder: tempfile::TempDir,
    component: Vec<u8>,
    watching: JoinHandle<()>,
}

impl Watched {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plugin = folder.path().join("plugins").join(PLUGIN);
        copy_folder(&plugins_dir().join(PLUGIN), &plugin);
        let config = EngineConfig {
            dirs: vec![folder.path().join("plugins")],
            cache_dir: Some(folder.path().join("cache")),
            ..EngineConfig::default()
        };
        let engine = Arc::new(PluginEngine::open(config, Arc::new(Hub::new())).unwrap());
        engine.load_all().await.expect("a memory");
        let watcher = Arc::clone(&engine);
        let watching = tokio::spawn(async move { watcher.watch(std::future::pending()).await });
        let component = std::fs::read(plugin.join("plugin.wasm")).unwrap();
        let watched = Self { engine, folder, component, watching };
        // The first save shows that the watch is there.
        watched.save(&watched.salted(u32::MAX)).await;
        watched
    }

    fn salted(&self, salt: u32) -> Vec<u8> {
        salted(&self.component, salt)
    }

    fn generation(&self) -> String {
        let reports = self.engine.list();
        assert_eq!(reports.len(), 1, "one plugin");
        assert!(reports[0].last_error.is_none(), "{:?}", reports[0].last_error);
        reports[0].generation.clone().unwrap()
    }

    /// Saves as an editor or a build does, by a rename; answers after how many
    /// ms the bytes serve.
    async fn save(&self, bytes: &[u8]) -> f64 {
        let plugin = self.folder.path().join("plugins").join(PLUGIN);
        // Written outside, so that nothing is seen of it before the rename.
        let fresh = self.folder.path().join("plugin.wasm");
        std::fs::write(&fresh, bytes).unwrap();
        let before = self.generation();
        let begun = Instant::now();
        std::fs::rename(&fresh, plugin.join("plugin.wasm")).unwrap();
        let serving = async {
            while self.generation() == before {
                // It serves before all of it is on the disk and told.
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, serving).await.expect("a new generation in time");
        begun.elapsed().as_secs_f64() * 1e3
    }

    fn measured(
        &self,
        ours: Vec<f64>,
        theirs: Vec<f64>,
        limit: &'static str,
        most: f64,
    ) -> Measured {
        let (ours, theirs) = (Sample::new(ours), Sample::new(theirs));
        let figures = vec![
            Figure::new("p50", ours.p50(), "ms").beside(theirs.p50()).aims(Target::AtMost(most)),
            Figure::new("most", ours.most(), "ms").beside(theirs.most()),
        ];
        let kib = self.component.len() / 1024;
        let note = format!(
            "`{PLUGIN}`, {kib} KiB, {ROUNDS} times; the folder has to be quiet for {} ms, twice",
            EngineConfig::default().debounce.as_millis()
        );
        Measured { limit, note, figures }
    }
}
