//! A whole host for tests: real store, real components, real HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a harness fails by panicking"
)]

mod bare;
mod cut;
mod document;
mod kube;
mod stats;
mod user;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Once},
    time::Duration,
};

pub use bare::BareStore;
use bowsprit_host_core::store::{Collection, Documents};
use bowsprit_host_server::{Flags, Host, Patience, Settings};
pub use cut::{Cut, Held, Written};
pub use kube::{Kube, skipped_without};
pub use reqwest::{Method, StatusCode};
use serde_json::Value;
pub use stats::Sample;
pub use user::{Event, Events, PASSWORD, User};

/// The stores every user-visible behaviour is tested on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// SQLite.
    Embedded,
    /// Whatever `BOWSPRIT_TEST_MONGODB_URI` names.
    Mongo,
}

/// Tests send more requests a second than a person does: settings for hosts
/// under test, also for those started as a process.
pub const UNHURRIED: [(&str, &str); 3] = [
    ("BOWSPRIT_RATE_LIMIT_RPS", "1000000"),
    ("BOWSPRIT_RATE_LIMIT_BURST", "1000000"),
    ("BOWSPRIT_LIMITS_STREAMS_PER_USER", "10000"),
];

/// Takes over at once what another host leaves lying.
const IMPATIENT: Patience = Patience { claims: Duration::ZERO, runs: Duration::ZERO };

/// A host under test. Stops when dropped; [`TestHost::stop`] does it in order.
pub struct TestHost {
    host: Option<Host>,
    /// `http://127.0.0.1:PORT`.
    pub origin: String,
    /// Its settings, to start it again.
    environment: Vec<(String, String)>,
    /// Between the host and its store.
    cut: Cut,
    patience: Patience,
    /// Holds its data until the end.
    pub data: tempfile::TempDir,
    mongo: Option<String>,
}

/// An answer: status and JSON (or null where the body is none).
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Value,
    /// The body as it came.
    pub text: String,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
}

impl Answer {
    /// Asserts the status; answers the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.body
    }

    /// Asserts a problem with this status and code; answers the body.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["error"], body["message"], "{body}");
        assert!(body["requestId"].as_str().is_some_and(|it| !it.is_empty()), "{body}");
        body
    }
}

impl TestHost {
    /// A fresh host with an embedded store and the built plugins.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A fresh host on one of the stores; `None` if there is no such server
    /// (never in CI).
    pub async fn on(store: Store) -> Option<Self> {
        Self::on_with(store, &[]).await
    }

    /// A fresh host on one of the stores, with more settings.
    pub async fn on_with(store: Store, environment: &[(&str, &str)]) -> Option<Self> {
        Self::on_patient(store, environment, Patience::default()).await
    }

    /// A fresh host that is going to die: whoever rises after it takes its
    /// work over at once.
    pub async fn mortal(store: Store, environment: &[(&str, &str)]) -> Option<Self> {
        Self::on_patient(store, environment, IMPATIENT).await
    }

    async fn on_patient(
        store: Store,
        environment: &[(&str, &str)],
        patience: Patience,
    ) -> Option<Self> {
        match store {
            Store::Embedded => Some(Self::start_on(environment, patience).await),
            Store::Mongo => {
                let uri = skipped_without("BOWSPRIT_TEST_MONGODB_URI")?;
                let name = format!("bowsprit-it-{}", unique());
                let uri = bowsprit_host_store::conformance::with_database(&uri, &name);
                let given = [environment, &[("BOWSPRIT_STORE", uri.as_str())]].concat();
                let mut host = Self::start_on(&given, patience).await;
                host.mongo = Some(uri);
                Some(host)
            }
        }
    }

    /// A fresh host with more settings, as in the environment.
    pub async fn with(environment: &[(&str, &str)]) -> Self {
        Self::start_on(environment, Patience::default()).await
    }

    async fn start_on(environment: &[(&str, &str)], patience: Patience) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut all = vec![
            ("BOWSPRIT_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("BOWSPRIT_DATA_DIR".to_owned(), data.path().join("data").display().to_string()),
            ("BOWSPRIT_PLUGINS_DIRS".to_owned(), plugins_dir().display().to_string()),
            ("BOWSPRIT_PLUGINS_CACHE_DIR".to_owned(), cache_dir().display().to_string()),
        ];
        all.extend(UNHURRIED.map(|(key, value)| (key.to_owned(), value.to_owned())));
        all.extend(environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let mut host = Self {
            host: None,
            origin: String::new(),
            environment: all,
            cut: Cut::default(),
            patience,
            data,
            mongo: None,
        };
        host.start_again().await;
        host
    }

    /// Starts it (again) on the same data.
    pub async fn start_again(&mut self) {
        self.start_through(Cut::default()).await.expect("the host starts");
    }

    async fn start_through(&mut self, cut: Cut) -> Result<(), String> {
        install_crypto();
        let environment = self.environment.clone().into_iter();
        let settings = Settings::load(None, environment, Flags::default()).unwrap();
        self.cut = cut.clone();
        let started = Host::start_through(settings, self.patience, |store| cut.around(store)).await;
        let host = started.map_err(|error| format!("{error:#}"))?;
        self.origin = format!("http://{}", host.address());
        self.host = Some(host);
        Ok(())
    }

    /// Changes a setting for the next start.
    pub fn set(&mut self, variable: &str, value: &str) {
        self.environment.retain(|(name, _)| name != variable);
        self.environment.push((variable.to_owned(), value.to_owned()));
    }

    /// Lets the host write `writes` more times; then it is as if it died.
    pub fn dies_after(&self, writes: i64) {
        self.cut.after(writes);
    }

    /// Whether it did so.
    pub fn has_died(&self) -> bool {
        self.cut.is_dead()
    }

    /// What it has written since [`Self::dies_after`].
    pub fn written(&self) -> BTreeSet<Written> {
        self.cut.written()
    }

    /// Holds back the host's next read of one document of a collection.
    pub fn holds(&self, of: &'static Collection) -> Held {
        self.cut.hold(of)
    }

    /// The store, past everything that is between the host and it.
    pub fn store(&self) -> Arc<dyn Documents> {
        self.cut.inner()
    }

    /// Starts a host on what one that died left behind.
    pub async fn rise_again(&mut self) {
        self.die().await;
        self.start_again().await;
    }

    /// Starts a host anew that dies after `writes` writes, be it in its start.
    pub async fn rise_to_die(&mut self, writes: i64) {
        self.die().await;
        let cut = Cut::default();
        cut.after(writes);
        // It may not come far.
        let _ = self.start_through(cut).await;
    }

    async fn die(&mut self) {
        self.cut.now().await;
        if let Some(host) = self.host.take() {
            // Frees what a process would take with it; it can write nothing.
            tokio::spawn(async move { drop(host.stop().await) });
        }
    }

    /// One more host on the same store, with the same keys.
    pub async fn replica(&self) -> Self {
        let mut replica = Self {
            host: None,
            origin: String::new(),
            environment: self.environment.clone(),
            cut: Cut::default(),
            patience: self.patience,
            data: tempfile::tempdir().unwrap(),
            mongo: None,
        };
        replica.start_again().await;
        replica
    }

    /// Stops it in order.
    pub async fn stop(&mut self) {
        if let Some(host) = self.host.take() {
            host.stop().await.expect("the host stops");
        }
    }

    /// Stops it and removes what it left in a shared database.
    pub async fn finish(mut self) {
        self.stop().await;
        if let Some(uri) = self.mongo.take() {
            let store = bowsprit_host_store::mongo::MongoStore::connect(&uri).await.unwrap();
            store.destroy().await.unwrap();
        }
    }

    /// A client without a token.
    pub fn anonymous(&self) -> User {
        User::anonymous(&self.origin)
    }

    /// Registers the first user, who becomes administrator.
    pub async fn admin(&self) -> User {
        User::register(&self.origin, "admin@example.com", None).await
    }

    /// Registers one more user with the administrator's invite code.
    pub async fn user(&self, admin: &User, email: &str) -> User {
        admin.invite(email).await
    }
}

/// Compiled components, shared by all hosts under test: each test would
/// compile the same ones otherwise.
pub fn cache_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-plugin-cache")
}

/// The same for the commands of plugins' authors.
pub fn code_cache_dir() -> PathBuf {
    cache_dir().with_file_name("test-code-cache")
}

/// Where `cargo xtask plugins build` puts components.
pub fn plugins_dir() -> PathBuf {
    built(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/dist"),
        "cargo xtask plugins build",
    )
}

/// Where `cargo xtask plugins build --guests` puts hostile components.
pub fn guests_dir() -> PathBuf {
    built(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/dist"),
        "cargo xtask plugins build --guests",
    )
}

/// Copies a folder, such as a plugin's, with all that is in it.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn built(path: PathBuf, command: &str) -> PathBuf {
    assert!(path.is_dir(), "{} is missing: run `{command}` first", path.display());
    path.canonicalize().unwrap()
}

/// An HTTP client without any state.
pub fn client() -> reqwest::Client {
    install_crypto();
    reqwest::Client::new()
}

/// What the binary does first, for whichever test comes first.
fn install_crypto() {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// A word no other test uses.
pub fn unique() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("{:x}-{:x}-{count:x}", time.as_micros() & 0xff_ffff_ffff, std::process::id())
}
