//! Prints what calls and loads cost on this machine; figures mean something in
//! the release profile only. Needs `cargo xtask plugins build --guests`.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bowsprit_host_core::{
    events::Hub,
    node_types::{Context, Node, NodeTypes},
};
use bowsprit_host_engine::{EngineConfig, PluginEngine};

const CALLS: usize = 5000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests/dist/echo");
    let place = tempfile::tempdir()?;
    let (plugins, cache) = (place.path().join("plugins"), place.path().join("cache"));
    fs::create_dir_all(plugins.join("echo"))?;
    for file in ["plugin.toml", "plugin.wasm"] {
        fs::copy(dist.join(file), plugins.join("echo").join(file))?;
    }
    let open = || {
        let config = EngineConfig {
            dirs: vec![plugins.clone()],
            cache_dir: Some(cache.clone()),
            ..EngineConfig::default()
        };
        PluginEngine::open(config, Arc::new(Hub::new()))
    };
    let size = fs::metadata(plugins.join("echo/plugin.wasm"))?.len();

    let first = open()?;
    println!("load, compiling {size} bytes: {:?}", timed(first.load_all()).await?);
    drop(first);
    let engine = open()?;
    println!("load, compiled before: {:?}", timed(engine.load_all()).await?);

    let data = format!(r#"{{"text":"{}"}}"#, "x".repeat(2000));
    let node = Node { id: "it".into(), type_name: "echo".into(), data };
    let context = Context::default();
    let mut fresh = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let begun = Instant::now();
        engine.catalogue().render(&node, &context).await?;
        fresh.push(begun.elapsed());
    }
    print("fresh instance, render 2 KB", fresh);
    let catalogue = engine.catalogue();
    let mut reused = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let begun = Instant::now();
        catalogue.render(&node, &context).await?;
        reused.push(begun.elapsed());
    }
    print("reused instance, render 2 KB", reused);
    Ok(())
}

async fn timed<E>(work: impl Future<Output = Result<(), E>>) -> Result<Duration, E> {
    let begun = Instant::now();
    work.await?;
    Ok(begun.elapsed())
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!("{what}: p50 {:?}, p99 {:?}", at(50), at(99));
}
