//! `cargo xtask demo`: from a checkout to a running application in one command.
//!
//! Builds host and plugins, provides a cluster, starts the host with an empty
//! data folder, and does over HTTP what a person would do in the browser.

mod client;
mod host;
mod statuses;
mod stream;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use self::client::Client;
use self::host::Host;
use self::statuses::Statuses;
use self::stream::News;
use crate::progress::{Step, seconds};
use crate::servers::{Needs, Servers};
use crate::{cargo, json, paths, plugins, process};

/// How long the application may take until everything is healthy.
const LIMIT: Duration = Duration::from_secs(60);
/// What the cluster is called in the demo.
const CLUSTER: &str = "demo";
/// The application that is shown unless another one is asked for.
const SHOP: &str = "shop";
const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "demo-password";

/// How to run the demo.
#[derive(Args)]
pub(crate) struct Options {
    /// Ends when everything is healthy, instead of at Ctrl-C.
    #[arg(long)]
    once: bool,
    /// A cluster of yours; without it, a local control plane with fake nodes.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The context to use of that file.
    #[arg(long, requires = "kubeconfig")]
    context: Option<String>,
    /// Which application of `templates/workflows`.
    #[arg(long, value_name = "NAME", default_value = SHOP)]
    workflow: String,
}

/// Runs `cargo xtask demo`.
pub(crate) fn run(options: &Options) -> Result<()> {
    plugins::build(plugins::Which { guests: false })?;
    build_host()?;
    match &options.kubeconfig {
        Some(file) => show(options, file, Stay::of(options)),
        None => {
            let servers = Servers::obtain(Needs::Kubernetes)?;
            show(options, &kubeconfig(&servers)?, Stay::of(options))
        }
    }
}

/// The demo as a test, on servers that are up and with a host and plugins that
/// are built.
pub(crate) fn once(servers: &Servers) -> Result<()> {
    let options =
        Options { once: true, kubeconfig: None, context: None, workflow: SHOP.to_owned() };
    show(&options, &kubeconfig(servers)?, Stay::No)
}

#[derive(Clone, Copy, PartialEq)]
enum Stay {
    UntilInterrupted,
    No,
}

impl Stay {
    fn of(options: &Options) -> Self {
        if options.once { Self::No } else { Self::UntilInterrupted }
    }
}

/// Builds the host.
fn build_host() -> Result<()> {
    let mut command = cargo::cargo("build", &paths::root());
    // The whole workspace is selected, and one small test, though the host is
    // wanted: only then are the dependencies' features, and so the
    // dependencies, those that `cargo test` compiled or will compile.
    command.args(["--workspace", "--bin", "bowsprit", "--test", "engine"]);
    process::run("building the host", command)
}

fn kubeconfig(servers: &Servers) -> Result<PathBuf> {
    let path = servers.environment.get("BOWSPRIT_TEST_KUBECONFIG");
    path.map(PathBuf::from).context("the servers have no kubeconfig")
}

/// Starts the host, deploys, waits until healthy, and cleans up.
fn show(options: &Options, kubeconfig: &Path, stay: Stay) -> Result<()> {
    let start = Instant::now();
    let application = application(&options.workflow)?;
    let step = Step::start("starting the host");
    let mut host = Host::start()?;
    step.done(&format!("listening on {}", host.url));
    let mut client = Client::new(&host.url);
    register(&mut client)?;
    add_cluster(&client, kubeconfig, options.context.as_deref())?;
    let workflow = create_workflow(&client, &application)?;
    let shown = deploy(&mut host, &client, &workflow, &application).and_then(|()| {
        println!("everything is healthy after {}", seconds(start.elapsed()));
        if stay == Stay::UntilInterrupted { stay_until_interrupted(&mut host) } else { Ok(()) }
    });
    if shown.is_err() && !process::interrupted() {
        eprintln!("the host's last words:\n{}", host.last_words());
    }
    let cleaned = clean_up(&client, &workflow);
    shown.and(cleaned)
}

fn stay_until_interrupted(host: &mut Host) -> Result<()> {
    println!("\n  {}\n  e-mail   {EMAIL}\n  password {PASSWORD}\n\nuntil Ctrl-C", host.url);
    while !process::interrupted() {
        host.check_alive()?;
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The cluster may be one that stays; what the demo put there goes.
fn clean_up(client: &Client, workflow: &str) -> Result<()> {
    let archived = json!({ "status": "archived" });
    let answer = client.put(&format!("/workflows/{workflow}/status"), &archived)?;
    if let Some(warning) = json::text(&answer, "/warning") {
        eprintln!("  cleaning up: {warning}");
    }
    Ok(())
}

/// The starter application `name`.
fn application(name: &str) -> Result<Value> {
    let file = paths::root().join("templates/workflows").join(name).join("workflow.json");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {file:?}"))?;
    serde_json::from_str(&text).with_context(|| format!("{file:?} is damaged"))
}

fn register(client: &mut Client) -> Result<()> {
    let user = json!({ "name": "Demo", "email": EMAIL, "password": PASSWORD });
    let answer = client.post("/auth/register", &user)?;
    client.set_token(json::text(&answer, "/token").context("registering gave no token")?);
    println!("registered {EMAIL} ({})", json::text(&answer, "/user/role").unwrap_or("no role"));
    Ok(())
}

fn add_cluster(client: &Client, kubeconfig: &Path, context: Option<&str>) -> Result<()> {
    let text = fs::read_to_string(kubeconfig)
        .with_context(|| format!("cannot read `{}`", kubeconfig.display()))?;
    let cluster = json!({
        "name": CLUSTER,
        "displayName": "Demo",
        "server": server_of(&text),
        "authType": "kubeconfig",
        "credentials": { "kubeconfig": text, "context": context.unwrap_or_default() },
    });
    client.post("/clusters", &cluster)?;
    println!("added the cluster at {}", server_of(&text));
    Ok(())
}

/// The first server a kubeconfig names, for display: which one is used is the
/// host's business, which reads the file properly.
fn server_of(kubeconfig: &str) -> &str {
    let after = kubeconfig.split("server").nth(1).unwrap_or_default();
    let after = after.trim_start_matches(['"', ':', ' ']);
    after.split(['"', '\n', '\r', ',', ' ']).next().unwrap_or_default()
}

fn create_workflow(client: &Client, application: &Value) -> Result<String> {
    let name = json::text(application, "/name").context("the application has no name")?;
    let workflow = json!({
        "name": name,
        "description": json::text(application, "/description"),
        "cluster_id": CLUSTER,
    });
    let answer = client.post("/workflows", &workflow)?;
    let id = json::text(&answer, "/id").context("the new workflow has no id")?.to_owned();
    let graph = json!({
        "nodes": json::list(application, "/nodes"),
        "edges": json::list(application, "/edges"),
    });
    client.post(&format!("/workflows/{id}/save"), &graph)?;
    let published = json!({ "status": "published" });
    client.put(&format!("/workflows/{id}/status"), &published)?;
    println!("drew and published `{name}`");
    Ok(id)
}

/// Runs the workflow while watching its nodes, until all are healthy.
fn deploy(host: &mut Host, client: &Client, id: &str, application: &Value) -> Result<()> {
    let mut statuses = Statuses::of(application);
    let (sender, news) = mpsc::channel();
    stream::follow(client.open(&format!("/workflows/{id}/status/stream"))?, sender.clone());
    let runner = client.clone();
    let given = values(application);
    let path = format!("/workflows/{id}/run");
    std::thread::spawn(move || {
        // Nobody listens any more only when the demo has ended already.
        let _ = sender.send(News::Ran(runner.post(&path, &given)));
    });
    let start = Instant::now();
    let mut ran = false;
    while !(ran && statuses.all_healthy()) {
        process::check_interrupted()?;
        host.check_alive()?;
        if start.elapsed() > LIMIT {
            bail!("not healthy after {} s: {}", LIMIT.as_secs(), statuses.unhealthy());
        }
        match news.recv_timeout(Duration::from_millis(50)) {
            Ok(News::Event(name, data)) => statuses.apply(&name, &data),
            Ok(News::Ran(answer)) => {
                print_run(&answer.context("the run failed")?);
                ran = true;
            }
            Ok(News::Ended) => bail!("the status stream ended: {}", statuses.unhealthy()),
            Err(_) => {}
        }
    }
    Ok(())
}

/// A value for each key of each Secret, as a person would enter them.
fn values(application: &Value) -> Value {
    let mut secrets = serde_json::Map::new();
    for node in json::list(application, "/nodes") {
        let Some(id) = json::text(node, "/id") else { continue };
        let keys = json::list(node, "/data/keys").iter();
        let named = keys.filter_map(|it| json::text(it, "/name"));
        let values: serde_json::Map<_, _> =
            named.map(|it| (it.to_owned(), Value::from(PASSWORD))).collect();
        if !values.is_empty() {
            secrets.insert(id.to_owned(), values.into());
        }
    }
    json!({ "trigger_data": { "secrets": secrets } })
}

fn print_run(answer: &Value) {
    println!("run: {}", json::text(answer, "/status").unwrap_or("no status"));
    for line in json::list(answer, "/logs") {
        println!("    {}", line.as_str().unwrap_or_default());
    }
}
