//! Start and stop, in the order that loses nothing.

mod store;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use bowsprit_host_api::{ApiState, EdgeLimits, Readiness, router, serve::serve as serve_http};
use bowsprit_host_cluster::KubeClusters;
use bowsprit_host_core::{
    clusters::{CLUSTERS, Clusters, PREFERENCES},
    drawing::DrawingLimits,
    events::{Events, Hub},
    identity::{
        CLAIMS, Identity, IdentityRules,
        invites::SETTINGS,
        passwords::Passwords,
        sessions::{ACTIVE, SESSIONS, Sessions},
        tokens::Tokens,
        users::USERS,
    },
    kubernetes::Kubernetes,
    node_types::NodeTypes,
    notifications::{NOTIFICATIONS, Notifications},
    observer::Observer,
    palette::Palette,
    plugins::{PluginState, Plugins as _},
    runs::{Abandoned, RUNS, RunParts, Runs, inventory::INVENTORIES, vault::VAULTS},
    secrets::{Key, KeyRing},
    statuses::{STATUSES, Statuses},
    store::{Collection, Documents},
    tasks::Tasks,
    versions::VERSIONS,
    workflows::{WORKFLOWS, Workflows},
};
use bowsprit_host_engine::{EngineConfig, PluginEngine};
use tokio::{
    net::{TcpListener, TcpSocket},
    signal::unix,
    sync::watch,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{keys, settings::Settings, supervisor::Supervisor};

/// How long requests and runs under way may take when the host stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How often open streams get a comment.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often clusters are asked whether they answer.
const CLUSTER_CHECK: Duration = Duration::from_secs(60);

/// How often runs whose host died are looked for.
const ABANDONED_CHECK: Duration = Duration::from_secs(30);

/// Every collection of the host.
pub(crate) static COLLECTIONS: &[&Collection] = &[
    &USERS,
    &SESSIONS,
    &SETTINGS,
    &CLAIMS,
    &WORKFLOWS,
    &VERSIONS,
    &RUNS,
    &INVENTORIES,
    &VAULTS,
    &STATUSES,
    &NOTIFICATIONS,
    &CLUSTERS,
    &PREFERENCES,
];

/// A host that serves.
pub struct Host {
    address: SocketAddr,
    supervisor: Supervisor,
    store: Arc<dyn Documents>,
    hub: Arc<Hub>,
    runs: Runs,
    ready: watch::Sender<Readiness>,
    stop: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
}

/// Starts everything, serves until a signal, stops everything.
pub(crate) async fn serve(settings: Settings) -> anyhow::Result<()> {
    let host = Host::start(settings).await?;
    // Whoever reads the line may send a signal at once.
    let mut signals = Signals::listen()?;
    println!("listening on http://{}", host.address());
    signals.next().await;
    tracing::info!("stopping");
    tokio::spawn(async move {
        signals.next().await;
        // Whoever asks twice does not want to wait.
        std::process::exit(130);
    });
    host.stop().await
}

impl Host {
    /// Starts everything in order: settings are checked, then the store, the
    /// plugins, the monitors, and last the listener.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        keys::prepare_data_dir(&settings.data_dir)?;
        let store = store::open(&settings).await?;
        let hub = Arc::new(Hub::new());
        let supervisor = Supervisor::default();
        let events: Arc<dyn Events> = hub.clone();
        let engine = start_plugins(&settings, &supervisor, events).await?;
        let (ready, is_ready) = watch::channel(Readiness::Closed);
        let (state, runs) = wire(&settings, &store, &hub, engine, &supervisor, is_ready)?;
        // An embedded store is nobody else's: whatever is unfinished is dead.
        let dead = if store::is_embedded(&settings) { Abandoned::All } else { Abandoned::Expired };
        runs.end_abandoned(dead).await.context("interrupted runs cannot be ended")?;
        start_monitors(&supervisor, &state.clusters, &runs, &hub);
        store::watch(&supervisor, &store, &ready);
        let listener = listen(&settings.listen)
            .await
            .with_context(|| format!("cannot listen on {}", settings.listen))?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve_http(listener, router(state), stop.clone(), DRAIN));
        ready.send_replace(Readiness::Ready);
        Ok(Self { address, supervisor, store, hub, runs, ready, stop, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops everything in order: readiness, informers and monitors, streams,
    /// requests, runs, store.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.ready.send_replace(Readiness::Closed);
        self.supervisor.stop_loops().await;
        self.hub.close();
        self.stop.cancel();
        self.server.await.context("the server broke")??;
        if !self.supervisor.finish_jobs(DRAIN).await {
            tracing::warn!("runs are cut off; they are recorded as interrupted");
        }
        let ended = self.runs.end_abandoned(Abandoned::Own).await;
        ended.context("interrupted runs cannot be ended")?;
        self.store.close().await;
        Ok(())
    }
}

/// Binds with a backlog for thousands of viewers who come at once.
async fn listen(address: &str) -> std::io::Result<TcpListener> {
    const BACKLOG: u32 = 8192;
    let mut last = std::io::Error::other("the name has no address");
    for address in tokio::net::lookup_host(address).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        match socket.bind(address).and_then(|()| socket.listen(BACKLOG)) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn start_plugins(
    settings: &Settings,
    supervisor: &Supervisor,
    events: Arc<dyn Events>,
) -> anyhow::Result<Arc<PluginEngine>> {
    let cache_dir = settings.plugins.cache_dir.clone();
    let cache_dir = cache_dir.unwrap_or_else(|| settings.data_dir.join("plugin-cache"));
    let config = EngineConfig {
        dirs: settings.plugins.dirs.clone(),
        cache_dir: Some(cache_dir),
        ..EngineConfig::default()
    };
    let engine = Arc::new(PluginEngine::open(config, events)?);
    engine.load_all().await;
    for report in engine.list() {
        match (&report.state, &report.last_error) {
            (PluginState::Failed, Some(error)) => {
                tracing::warn!(
                    plugin = report.id,
                    code = error.code,
                    fix = error.fix,
                    "plugin not loaded: {}",
                    error.message
                );
            }
            _ => tracing::info!(plugin = report.id, version = report.version, "plugin loaded"),
        }
    }
    let watched = Arc::clone(&engine);
    supervisor.keep("watch plugin folders", move || {
        let engine = Arc::clone(&watched);
        async move { engine.watch(std::future::pending()).await }
    });
    Ok(engine)
}

fn wire(
    settings: &Settings,
    store: &Arc<dyn Documents>,
    hub: &Arc<Hub>,
    engine: Arc<PluginEngine>,
    supervisor: &Supervisor,
    ready: watch::Receiver<Readiness>,
) -> anyhow::Result<(ApiState, Runs)> {
    let events: Arc<dyn Events> = hub.clone();
    let tasks: Arc<dyn Tasks> = Arc::new(supervisor.clone());
    let node_types: Arc<dyn NodeTypes> = engine;
    let kubernetes: Arc<dyn Kubernetes> = Arc::new(KubeClusters::new());
    let ring = Arc::new(key_ring(settings)?);
    let clusters = Clusters::new(store, kubernetes, Arc::clone(&ring), Arc::clone(&tasks));
    let notifications = Notifications::new(store, Arc::clone(&events));
    let observer = Observer::new(
        Arc::clone(&node_types),
        Statuses::new(store),
        Arc::clone(&events),
        Arc::clone(&tasks),
    );
    let asking = observer.clone();
    supervisor.keep("observe workflows", move || {
        let observer = asking.clone();
        async move { observer.run().await }
    });
    let runs = Runs::new(RunParts {
        store: Arc::clone(store),
        clusters: clusters.clone(),
        node_types: Arc::clone(&node_types),
        notifications: notifications.clone(),
        observer,
        keys: ring,
        tasks,
    });
    let limits = DrawingLimits {
        nodes: settings.limits.nodes,
        edges: settings.limits.edges,
        ..DrawingLimits::default()
    };
    let state = ApiState {
        identity: identity(settings, store)?,
        workflows: Workflows::new(store, runs.clone(), Arc::clone(&events), limits),
        clusters,
        notifications,
        palette: Palette::new(node_types),
        ready,
        limits: Arc::new(EdgeLimits {
            body_bytes: settings.limits.body_bytes,
            allowed_origins: settings.cors_allowed_origins.clone(),
            ..EdgeLimits::default()
        }),
    };
    Ok((state, runs))
}

fn identity(settings: &Settings, store: &Arc<dyn Documents>) -> anyhow::Result<Identity> {
    let refresh = Duration::from_secs(u64::from(settings.token_refresh_max_age_days) * 86_400);
    let secret =
        keys::configured_or_kept(settings.jwt_secret.as_ref(), &settings.data_dir, "jwt.key")?;
    let builtin = &settings.auth.builtin;
    let rules = IdentityRules {
        builtin_enabled: builtin.enabled,
        signup_enabled: builtin.signup_enabled,
        allowed_domains: builtin.allowed_domains.clone(),
        ..IdentityRules::default()
    };
    // A token outlives its session, which decides; see `identity::tokens`.
    let tokens = Tokens::new(&secret, ACTIVE + refresh + ACTIVE);
    let sessions = Sessions::new(Arc::clone(store), refresh);
    let passwords = Passwords::new(settings.limits.password_threads);
    Ok(Identity::new(store, sessions, passwords, tokens, rules))
}

fn key_ring(settings: &Settings) -> anyhow::Result<KeyRing> {
    let configured = settings.encryption_key.as_ref();
    let key = keys::configured_or_kept(configured, &settings.data_dir, "encryption.key")?;
    Ok(KeyRing::new(Key::parse(&key), settings.encryption_keys_old.iter().map(Key::parse)))
}

fn start_monitors(supervisor: &Supervisor, clusters: &Clusters, runs: &Runs, hub: &Arc<Hub>) {
    let clusters = clusters.clone();
    supervisor.every("check clusters", CLUSTER_CHECK, move || {
        let clusters = clusters.clone();
        async move {
            if let Err(error) = clusters.check_all(CLUSTER_CHECK / 2).await {
                tracing::warn!(%error, "clusters were not checked");
            }
        }
    });
    let ending = runs.clone();
    supervisor.every("end abandoned runs", ABANDONED_CHECK, move || {
        let runs = ending.clone();
        async move {
            if let Err(error) = runs.end_abandoned(Abandoned::Expired).await {
                tracing::warn!(%error, "abandoned runs were not ended");
            }
        }
    });
    let hub = Arc::clone(hub);
    supervisor.every("event stream heartbeat", HEARTBEAT, move || {
        let hub = Arc::clone(&hub);
        async move { hub.heartbeat() }
    });
    let runs = runs.clone();
    let tasks: Arc<dyn Tasks> = Arc::new(supervisor.clone());
    tasks.keep("follow what earlier starts applied", async move {
        if let Err(error) = runs.resume_following().await {
            tracing::warn!(%error, "workflows of earlier starts are not followed");
        }
    });
}

/// The signals that stop the host.
struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: unix::signal(unix::SignalKind::terminate())?,
            interrupt: unix::signal(unix::SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
