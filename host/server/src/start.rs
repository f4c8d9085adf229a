//! Start and stop, in the order that loses nothing.

mod identity;
pub(crate) mod plugins;
mod readiness;
mod sign_in;
mod sources;
mod starters;
mod workflows;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use bowsprit_host_api::{ApiState, Edge, Readiness, UseCases, serve::serve as serve_http};
use bowsprit_host_cluster::KubeClusters;
use bowsprit_host_core::{
    audit::Audit,
    budgets::Budgets,
    clusters::Clusters,
    custom_kinds::KeptKinds,
    dashboard::Dashboard,
    diagnoses::Diagnoses,
    events::{Events, Hub},
    identity::CLAIM_LIFE,
    imports::Imports,
    kubernetes::Kubernetes,
    node_types::NodeTypes,
    notifications::Notifications,
    observer::Observer,
    plugins::{PluginAdmin, PluginState, Plugins as _, StoredMemory},
    runs::{Abandoned, LOCK_LIFE, RunParts, Runs},
    search::Search,
    secrets::KeyRing,
    statuses::Statuses,
    store::Documents,
    tasks::Tasks,
};
use bowsprit_host_engine::PluginEngine;
use tokio::{
    net::{TcpListener, TcpSocket},
    signal::unix,
    sync::watch,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    commands::keys::rotate_beside, keys, output::say, settings::Settings, store,
    supervisor::Supervisor,
};

/// How long requests and runs under way may take when the host stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How often open streams get a comment.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often clusters are asked whether they answer.
const CLUSTER_CHECK: Duration = Duration::from_secs(60);

/// How often runs whose host died are looked for.
const ABANDONED_CHECK: Duration = Duration::from_secs(30);

/// How long a host leaves work to another that says nothing of it any more,
/// where several share a store.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The first registration.
    pub claims: Duration,
    /// Runs.
    pub runs: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { claims: CLAIM_LIFE, runs: LOCK_LIFE }
    }
}

/// A host that serves.
pub struct Host {
    address: SocketAddr,
    supervisor: Supervisor,
    store: Arc<dyn Documents>,
    hub: Arc<Hub>,
    engine: Arc<PluginEngine>,
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
    say(format_args!("listening on http://{}", host.address()));
    tracing::info!("the API is described at http://{}/v1/api/openapi.json", host.address());
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
        Self::start_through(settings, Patience::default(), |store| store).await
    }

    /// Starts with something of the caller's between the host and its store,
    /// for tests of what happens when the store fails or the host dies.
    pub async fn start_through(
        settings: Settings,
        patience: Patience,
        through: impl FnOnce(Arc<dyn Documents>) -> Arc<dyn Documents>,
    ) -> anyhow::Result<Self> {
        keys::prepare_data_dir(&settings.data_dir)?;
        let store = through(store::open(&settings).await?);
        let hub = Arc::new(Hub::new());
        let supervisor = Supervisor::default();
        let audit = Audit::new(&store);
        let edge_limits = Arc::new(settings.edge_limits());
        let edge = Edge::new(edge_limits).context("the figures cannot be counted")?;
        let budgets = settings.plugins.budgets();
        let memory = StoredMemory::new(&store, audit.clone());
        let parts = (&edge, &budgets, memory);
        // Boxed: the futures of all steps nested in one are more than a compiler lays out.
        let engine = Box::pin(start_plugins(&settings, &supervisor, hub.clone(), parts)).await?;
        let (ready, is_ready) = watch::channel(Readiness::Closed);
        let parts = (edge, is_ready, audit, budgets, patience);
        let (state, runs) = wire(&settings, &store, &hub, engine.clone(), &supervisor, parts)?;
        identity::seed_invites(&settings, &state.identity).await?;
        // An embedded store is nobody else's: whatever is unfinished is dead.
        let alone = store::is_embedded(&settings);
        if alone {
            state.identity.end_abandoned_claim().await?;
        }
        let dead = if alone { Abandoned::All } else { Abandoned::Expired };
        runs.end_abandoned(dead).await.context("interrupted runs cannot be ended")?;
        let changes = state.identity.finish_changes().await;
        changes.context("a change of an account cannot be finished")?;
        start_monitors(&supervisor, &state.clusters, &runs, &hub);
        workflows::tend(&supervisor, &state);
        if !alone {
            identity::watch_ends(&supervisor, &state.identity);
        }
        readiness::watch(&supervisor, &store, &ready);
        let listener = listen(&settings.listen)
            .await
            .with_context(|| format!("cannot listen on {}", settings.listen))?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve_http(listener, state, stop.clone(), DRAIN));
        ready.send_replace(Readiness::Ready);
        Ok(Self { address, supervisor, store, hub, engine, runs, ready, stop, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops everything in order: readiness, informers and monitors, streams,
    /// requests, runs, store.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.ready.send_replace(Readiness::Closed);
        tracing::info!("stop: no longer ready");
        self.supervisor.stop_loops().await;
        tracing::info!("stop: informers and monitors have ended");
        self.hub.close();
        tracing::info!("stop: event streams are told");
        self.stop.cancel();
        self.server.await.context("the server broke")??;
        tracing::info!("stop: requests are answered");
        if !self.supervisor.finish_jobs(DRAIN).await {
            tracing::warn!("runs are cut off; they are recorded as interrupted");
        }
        let ended = self.runs.end_abandoned(Abandoned::Own).await;
        ended.context("interrupted runs cannot be ended")?;
        tracing::info!("stop: runs have ended");
        self.engine.keep_inputs().await;
        self.store.close().await;
        tracing::info!("stop: the store is closed");
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
    (edge, budgets, memory): (&Edge, &Budgets, StoredMemory),
) -> anyhow::Result<Arc<PluginEngine>> {
    sources::tend(settings, supervisor)?;
    let config = plugins::config(settings, budgets);
    let engine = PluginEngine::open_with(config, events, Arc::new(memory))?;
    let engine = Arc::new(engine.counted_by(edge.plugin_calls()));
    engine.load_all().await.context("what is remembered of plugins cannot be read")?;
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
    plugins::keep_inputs(supervisor, &engine);
    let watched = Arc::clone(&engine);
    supervisor.keep("watch plugin folders", move || {
        let engine = Arc::clone(&watched);
        async move { engine.watch(std::future::pending()).await }
    });
    Ok(engine)
}

/// What the use-cases are wired to besides store, events and plugins.
type Wired = (Edge, watch::Receiver<Readiness>, Audit, Budgets, Patience);

fn wire(
    settings: &Settings,
    store: &Arc<dyn Documents>,
    hub: &Arc<Hub>,
    engine: Arc<PluginEngine>,
    supervisor: &Supervisor,
    (edge, ready, audit, budgets, patience): Wired,
) -> anyhow::Result<(ApiState, Runs)> {
    let events: Arc<dyn Events> = hub.clone();
    let tasks: Arc<dyn Tasks> = Arc::new(supervisor.clone());
    let node_types: Arc<dyn NodeTypes> = engine.clone();
    let (clusters, ring) = clusters(settings, store, &tasks, &audit)?;
    let imports = Imports::new(engine.clone(), Arc::clone(&ring), settings.limits.import_bytes);
    let notifications = Notifications::new(store, Arc::clone(&events));
    let observer = observer(store, &node_types, &events, &tasks, supervisor);
    let versions = workflows::versions(settings, store);
    let kept = KeptKinds::new(store);
    let runs = Runs::new(RunParts {
        store: Arc::clone(store),
        versions: versions.clone(),
        clusters: clusters.clone(),
        node_types: Arc::clone(&node_types),
        custom: kept.clone(),
        notifications: notifications.clone(),
        observer,
        keys: Arc::clone(&ring),
        tasks,
        audit: audit.clone(),
        meter: Arc::new(edge.clone()),
        lock_life: patience.runs,
    });
    let admin = PluginAdmin::new(engine.clone(), audit.clone(), events.clone());
    let workflows = workflows::workflows(settings, store, versions, runs.clone(), events);
    let parts = (workflows.clone(), clusters.clone(), Arc::clone(&node_types));
    let offers = plugins::offers(settings, store, &engine, (clusters.clone(), kept.clone()));
    let identity = identity::open(settings, store, audit.clone(), patience.claims)?;
    let state = UseCases {
        drafts: workflows::drafts(settings, store, &ring, (&parts, kept)),
        diagnoses: Diagnoses::new(parts, engine, runs.clone(), audit.clone()),
        oauth: sign_in::oauth(settings, store, ring, identity.clone())?,
        identity,
        starters: starters::open(settings, &workflows)?,
        workflows,
        imports,
        search: Search::new(store, offers.palette.clone()),
        dashboard: Dashboard::new(store),
        clusters,
        operators: offers.operators,
        custom_kinds: offers.custom_kinds,
        notifications,
        palette: offers.palette,
        plugins: admin,
        budgets,
        audit,
        ready,
        limits: edge.shared_limits(),
        edge,
    };
    Ok((state.into(), runs))
}

/// The clusters, and what seals their credentials. What older keys sealed is sealed
/// anew meanwhile.
fn clusters(
    settings: &Settings,
    store: &Arc<dyn Documents>,
    tasks: &Arc<dyn Tasks>,
    audit: &Audit,
) -> anyhow::Result<(Clusters, Arc<KeyRing>)> {
    let kubernetes: Arc<dyn Kubernetes> = Arc::new(KubeClusters::new());
    let ring = Arc::new(keys::key_ring(settings)?);
    if !settings.encryption_keys_old.is_empty() {
        tasks.start("seal anew", rotate_beside(Arc::clone(store), Arc::clone(&ring)));
    }
    let (keys, tasks) = (Arc::clone(&ring), Arc::clone(tasks));
    Ok((Clusters::new(store, kubernetes, keys, tasks, audit.clone()), ring))
}

fn observer(
    store: &Arc<dyn Documents>,
    node_types: &Arc<dyn NodeTypes>,
    events: &Arc<dyn Events>,
    tasks: &Arc<dyn Tasks>,
    supervisor: &Supervisor,
) -> Observer {
    let observer = Observer::new(
        Arc::clone(node_types),
        Statuses::new(store),
        Arc::clone(events),
        Arc::clone(tasks),
    );
    let asking = observer.clone();
    supervisor.keep("observe workflows", move || {
        let observer = asking.clone();
        async move { observer.run().await }
    });
    observer
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
    tasks.keep("resume what earlier starts left", async move {
        if let Err(error) = runs.resume().await {
            tracing::warn!(%error, "workflows of earlier starts are not resumed");
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
