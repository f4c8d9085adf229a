//! A thousand reloads in any order of right and wrong, while two tasks render.

use std::{
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use bowsprit_host_core::{
    events::Hub,
    node_types::{Catalogue, Context, Node, NodeTypes as _},
    plugins::Plugins as _,
};
use bowsprit_host_engine::{EngineConfig, Occupancy, PluginEngine};
use bowsprit_tests::{Sample, guests_dir};
use tokio::task::JoinHandle;

use super::{guest, resident_mib, salted};
use crate::report::{Figure, Measured, Report, Target};

const GROUP: &str = "plugin storm";
const STORM: &str = "1,000 reloads under renders";
const RELOADS: u32 = 1000;
/// Reloads before memory is looked at first.
const WARM_UP: u32 = 100;
const PATIENCE: Duration = Duration::from_secs(60);

/// What is saved next.
#[derive(Debug, Clone, Copy)]
enum Save {
    Valid,
    MidWrite,
    BadToml,
    Truncated,
    Huge,
    Looping,
    Trapping,
    ImportGreedy,
}

/// Half of them are right.
const SAVES: [Save; 12] = [
    Save::Valid,
    Save::Valid,
    Save::Valid,
    Save::Valid,
    Save::MidWrite,
    Save::MidWrite,
    Save::BadToml,
    Save::Truncated,
    Save::Huge,
    Save::Looping,
    Save::Trapping,
    Save::ImportGreedy,
];

/// Measures the storm.
pub(crate) async fn measure(report: &mut Report) {
    let Some(mut storm) = report.prepare(GROUP, &[STORM], Storm::start()).await else { return };
    report.row(GROUP, STORM, storm.run()).await;
    storm.watching.abort();
}

struct Storm {
    engine: Arc<PluginEngine>,
    home: tempfile::TempDir,
    echo: Vec<u8>,
    misbehave: Vec<u8>,
    watching: JoinHandle<()>,
    written: Arc<AtomicU32>,
    /// A linear congruential generator: the same storm in every run.
    noise: u64,
}

impl Storm {
    async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let plugin = home.path().join("plugins/one");
        guest("echo", "one", &plugin);
        fs::create_dir_all(plugin.join("assets")).unwrap();
        fs::write(plugin.join("assets/mark"), "0").unwrap();
        let mut config = EngineConfig {
            dirs: vec![home.path().join("plugins")],
            cache_dir: Some(home.path().join("cache")),
            packages_dir: Some(home.path().join("packages")),
            ..EngineConfig::default()
        };
        config.limits.deadline = Duration::from_millis(100);
        // One after the other is wrong on purpose; nobody goes back meanwhile.
        config.guard.calls = 0;
        let engine = Arc::new(PluginEngine::open(config, Arc::new(Hub::new())).unwrap());
        engine.load_all().await.expect("a memory");
        let watcher = Arc::clone(&engine);
        let watching = tokio::spawn(async move { watcher.watch(std::future::pending()).await });
        let bytes = |guest: &str| fs::read(guests_dir().join(guest).join("plugin.wasm")).unwrap();
        Self {
            engine,
            home,
            echo: bytes("echo"),
            misbehave: bytes("misbehave"),
            watching,
            written: Arc::default(),
            noise: 7,
        }
    }

    async fn run(&mut self) -> Measured {
        let stop = Arc::new(AtomicBool::new(false));
        let renders: Vec<_> = (0..2).map(|_| self.rendering(&stop)).collect();
        let (mut live, mut memory, mut saved) = (Vec::new(), 0.0, [0_u32; 2]);
        let begun = Instant::now();
        for n in 1..=RELOADS {
            let save = self.next();
            let right = matches!(save, Save::Valid | Save::MidWrite);
            let since = Instant::now();
            self.save(save, n).await;
            if right {
                live.push(since.elapsed().as_secs_f64() * 1e3);
            }
            saved[usize::from(right)] += 1;
            if n == WARM_UP {
                memory = resident_mib();
            }
        }
        let took = begun.elapsed().as_secs_f64();
        let grown = resident_mib() - memory;
        stop.store(true, Ordering::Relaxed);
        let mut answers = 0;
        for task in renders {
            answers += task.await.expect("no wrong answer");
        }
        assert_eq!(self.engine.occupancy(), Occupancy::default(), "something is left");
        let live = Sample::new(live);
        let figures = vec![
            Figure::new("renders", answers as f64 / took, "/s").aims(Target::AtLeast(300.0)),
            Figure::new("memory grown", grown, "MiB").aims(Target::AtMost(32.0)),
            Figure::new("saved → live p50", live.p50(), "ms"),
            Figure::new("most", live.most(), "ms"),
        ];
        let [wrong, right] = saved;
        let note = format!(
            "{right} right ones, half of a file for a while among them, and {wrong} that were \
             refused: bad plugin.toml, cut off, too large, endless, trapping, greedy. {answers} \
             answers, each of one generation that was written and not older than the last"
        );
        Measured { limit: "none", note, figures }
    }

    fn next(&mut self) -> Save {
        self.noise = self.noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        SAVES[(self.noise >> 33) as usize % SAVES.len()]
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join("plugins/one").join(name)
    }

    /// Saves the `n`th state, and waits until the host has made of it what it
    /// should.
    async fn save(&self, save: Save, n: u32) {
        let write = |name: &str, bytes: &[u8]| fs::write(self.file(name), bytes).unwrap();
        let refused = |code| self.until_refused(code, n);
        match save {
            Save::Valid => {
                self.written.store(n, Ordering::SeqCst);
                self.restore(n, n % 16);
                self.until_live(n).await;
            }
            Save::MidWrite => {
                self.written.store(n, Ordering::SeqCst);
                let bytes = salted(&self.echo, n % 16);
                let mut file = File::create(self.file("plugin.wasm")).unwrap();
                file.write_all(&bytes[..bytes.len() / 2]).unwrap();
                // As long as an upload may stall: what is there is seen twice.
                let mut outcomes = self.engine.outcomes();
                let seen = tokio::time::timeout(PATIENCE, outcomes.changed()).await;
                seen.expect("half of a file is looked at").unwrap();
                file.write_all(&bytes[bytes.len() / 2..]).unwrap();
                drop(file);
                self.restore(n, n % 16);
                self.until_live(n).await;
            }
            Save::BadToml => {
                write("plugin.toml", format!("nonsense = {n}").as_bytes());
                refused("plugin.toml.invalid").await;
            }
            Save::Truncated => {
                write("plugin.toml", self.toml("echo").as_bytes());
                write("plugin.wasm", &self.echo[..self.echo.len() - 100 - n as usize % 1000]);
                refused("plugin.component.malformed").await;
            }
            Save::Huge => {
                write("plugin.toml", self.toml("echo").as_bytes());
                let file = File::create(self.file("plugin.wasm")).unwrap();
                file.set_len((32 << 20) + u64::from(n)).unwrap();
                refused("plugin.folder.too-large").await;
            }
            Save::Looping => {
                self.replace(&salted(&self.misbehave, n), "loop", n);
                refused("plugin.deadline").await;
            }
            Save::Trapping => {
                self.replace(&salted(&self.misbehave, n), "trap", n);
                refused("plugin.trap").await;
            }
            Save::ImportGreedy => {
                let greedy =
                    renamed(&self.echo, b"bowsprit:plugin/assets@", b"bowsprit:plugin/secret@");
                write("plugin.toml", self.toml("echo").as_bytes());
                write("plugin.wasm", &salted(&greedy, n));
                refused("plugin.import.unknown").await;
            }
        }
    }

    /// The `plugin.toml` of a guest, for the one plugin there is.
    fn toml(&self, guest: &str) -> String {
        let toml = fs::read_to_string(guests_dir().join(guest).join("plugin.toml")).unwrap();
        toml.replace(&format!("id = \"{guest}\""), "id = \"one\"")
    }

    /// A right plugin with this mark.
    fn restore(&self, mark: u32, salt: u32) {
        self.swap(&self.toml("echo"), &salted(&self.echo, salt), &[("mark", mark.to_string())]);
    }

    /// A plugin whose `describe` does as it is told.
    fn replace(&self, component: &[u8], wish: &str, mark: u32) {
        self.swap(
            &self.toml("misbehave"),
            component,
            &[("describe", wish.into()), ("mark", mark.to_string())],
        );
    }

    /// Puts a whole folder into place by renames.
    fn swap(&self, toml: &str, component: &[u8], assets: &[(&str, String)]) {
        let plugins = self.home.path().join("plugins");
        let (new, old) = (plugins.join(".one.new"), plugins.join(".one.old"));
        fs::create_dir_all(new.join("assets")).unwrap();
        fs::write(new.join("plugin.toml"), toml).unwrap();
        fs::write(new.join("plugin.wasm"), component).unwrap();
        for (name, text) in assets {
            fs::write(new.join("assets").join(name), text).unwrap();
        }
        fs::rename(plugins.join("one"), &old).unwrap();
        fs::rename(&new, plugins.join("one")).unwrap();
        fs::remove_dir_all(old).unwrap();
    }

    async fn until_live(&self, mark: u32) {
        let mut outcomes = self.engine.outcomes();
        let waiting = async {
            while marked(&*self.engine.catalogue()).await != mark {
                outcomes.changed().await.unwrap();
            }
        };
        let done = tokio::time::timeout(PATIENCE, waiting).await;
        done.unwrap_or_else(|_| panic!("{mark} never served: {:?}", self.engine.list()));
    }

    async fn until_refused(&self, code: &str, n: u32) {
        let mut outcomes = self.engine.outcomes();
        let is_refused = || {
            let report = self.engine.report("one").ok();
            let report = report.inspect(|it| assert!(it.generation.is_some(), "nothing serves"));
            report.and_then(|it| it.last_error).is_some_and(|it| it.code == code)
        };
        let waiting = async {
            while !is_refused() {
                outcomes.changed().await.unwrap();
            }
        };
        let done = tokio::time::timeout(PATIENCE, waiting).await;
        done.unwrap_or_else(|_| panic!("{n}: never {code}: {:?}", self.engine.list()));
    }

    /// Renders until it is stopped; how often.
    fn rendering(&self, stop: &Arc<AtomicBool>) -> JoinHandle<u64> {
        let (engine, stop) = (Arc::clone(&self.engine), Arc::clone(stop));
        let written = Arc::clone(&self.written);
        tokio::spawn(async move {
            let (mut least, mut answers) = (0, 0);
            while !stop.load(Ordering::Relaxed) {
                let catalogue = engine.catalogue();
                let mark = marked(&*catalogue).await;
                assert_eq!(mark, marked(&*catalogue).await, "one request, one generation");
                assert!(mark >= least, "{mark} after {least}");
                assert!(mark <= written.load(Ordering::SeqCst), "{mark} was never written");
                least = mark;
                answers += 2;
                tokio::task::yield_now().await;
            }
            answers
        })
    }
}

async fn marked(catalogue: &dyn Catalogue) -> u32 {
    let node = Node { id: "it".into(), type_name: "echo".into(), data: "{}".into() };
    let rendered = catalogue.render(&node, &Context::default()).await;
    let rendered = rendered.expect("every call is answered");
    rendered.manifests[0].body["data"]["mark"].as_str().unwrap().parse().unwrap()
}

/// With each of some bytes replaced by as many others.
fn renamed(component: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = component.to_vec();
    let places: Vec<usize> =
        (0..component.len()).filter(|at| component[*at..].starts_with(from)).collect();
    assert!(!places.is_empty(), "nothing to rename");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}
