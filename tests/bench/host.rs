//! The host as a process of its own, so that its time and memory are its own.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use bowsprit_host_core::events::Hub;
use bowsprit_host_engine::{EngineConfig, PluginEngine};
use bowsprit_host_store::{conformance::with_database, mongo::MongoStore};
use bowsprit_tests::{Store, UNHURRIED, User, plugins_dir, unique};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
};

use crate::machine::Process;

/// Longer than any start takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A child of ours that says where it listens; it ends when dropped.
pub(crate) struct Server {
    /// `host:port`.
    pub(crate) address: String,
    /// What the kernel knows of it.
    pub(crate) process: Process,
    lines: Lines<BufReader<ChildStdout>>,
    child: Child,
}

impl Server {
    /// Starts `command`, whose first line ends in an address.
    pub(crate) async fn start(mut command: Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let process = Process(child.id().unwrap());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut server = Self { address: String::new(), process, lines, child };
        server.address = server.next_address().await;
        server
    }

    /// The address at the end of the next line.
    pub(crate) async fn next_address(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
        let line = line.expect("a line in time").unwrap().expect("it says where it listens");
        line.rsplit(['/', ' ']).next().unwrap().to_owned()
    }

    /// Ends it, and waits until it is gone.
    pub(crate) async fn stop(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks once for `path` and waits for the first bytes of the answer.
    pub(crate) async fn first_answer(&self, path: &str) {
        let mut socket = TcpStream::connect(&self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address);
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 1024];
        let read = socket.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200 "), "{path}: not 200");
    }
}

/// Where a host keeps what it knows; goes when dropped.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    plugins: PathBuf,
    mongo: Option<String>,
}

impl Place {
    /// An empty place for a host with the built plugins.
    pub(crate) fn new(store: Store) -> Self {
        Self::with_plugins(store, plugins_dir())
    }

    /// An empty place for a host with plugins of one's own.
    pub(crate) fn with_plugins(store: Store, plugins: PathBuf) -> Self {
        let mongo = match store {
            Store::Embedded => None,
            Store::Mongo => {
                let uri = std::env::var("BOWSPRIT_TEST_MONGODB_URI");
                let uri = uri.expect("`BOWSPRIT_TEST_MONGODB_URI` names no server");
                Some(with_database(&uri, &format!("bowsprit-bench-{}", unique())))
            }
        };
        Self { folder: tempfile::tempdir().unwrap(), plugins, mongo }
    }

    /// A folder that goes with the place.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a host here.
    pub(crate) async fn start(&self) -> Server {
        let log = self.path().join("host.log");
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        let mut command = Command::new(binary());
        command.arg("serve").stderr(log);
        // A developer's own settings are not the bench's.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BOWSPRIT_") {
                command.env_remove(name);
            }
        }
        command
            .args(["--listen", "127.0.0.1:0", "--data-dir"])
            .arg(self.path().join("data"))
            .arg("--plugins")
            .arg(&self.plugins)
            .envs(UNHURRIED);
        if let Some(uri) = &self.mongo {
            command.env("BOWSPRIT_STORE", uri);
        }
        Server::start(command).await
    }

    /// Starts a host here whose plugins are compiled: what compiling takes of
    /// time and memory would be counted as the host's otherwise.
    pub(crate) async fn start_warm(&self) -> Server {
        self.start().await.stop().await;
        self.compile().await;
        self.start().await
    }

    /// Compiles the plugins as well as a host that was here has done after a
    /// while.
    pub(crate) async fn compile(&self) {
        let cache = self.path().join("data/plugin-cache");
        assert!(cache.is_dir(), "a host keeps what it compiled in {}", cache.display());
        opened(EngineConfig { cache_dir: Some(cache), ..compiled_well(self.plugins.clone()) })
            .await;
    }

    /// Starts a host here; also answers how long its first answer took.
    pub(crate) async fn start_timed(&self) -> (Server, Duration) {
        let begun = Instant::now();
        let server = self.start().await;
        server.first_answer("/v1/api/auth/methods").await;
        (server, begun.elapsed())
    }

    /// Removes what a server of somebody else's holds.
    pub(crate) async fn clear(self) {
        if let Some(uri) = &self.mongo {
            let store = MongoStore::connect(uri).await.unwrap();
            store.destroy().await.unwrap();
        }
    }
}

/// What an engine is made with whose first call is on optimised code already.
pub(crate) fn compiled_well(plugins: PathBuf) -> EngineConfig {
    EngineConfig { dirs: vec![plugins], quick_compiler: false, ..EngineConfig::default() }
}

/// An engine with all its plugins.
pub(crate) async fn opened(config: EngineConfig) -> Arc<PluginEngine> {
    let engine = Arc::new(PluginEngine::open(config, Arc::new(Hub::new())).unwrap());
    engine.load_all().await.expect("a memory");
    engine
}

/// The administrator of a host that was just started for the first time.
pub(crate) async fn administrator(server: &Server) -> User {
    User::register(&format!("http://{}", server.address), "admin@example.com", None).await
}

/// The binary beside ours: both are of the same build.
fn binary() -> PathBuf {
    let path = std::env::current_exe().unwrap().with_file_name("bowsprit");
    assert!(path.exists(), "{} is missing: run `cargo xtask bench`", path.display());
    path
}
