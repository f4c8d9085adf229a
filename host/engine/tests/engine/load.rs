//! Reloads while requests come in.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use bowsprit_host_core::node_types::{Catalogue, NodeTypes};
use bowsprit_host_engine::EngineConfig;

use crate::support::{Host, component, mark_in, plugin, renewed};

/// Reloads of one run; every second is one that must be refused.
const RELOADS: u32 = 200;

/// One request: all its answers are of one generation, and of one that was
/// written and is not older than the last it saw.
async fn request(catalogue: &dyn Catalogue, least: u32, written: &AtomicU32) -> u32 {
    let mark = mark_in(catalogue, "echo").await.expect("every call is answered");
    let again = mark_in(catalogue, "echo").await.expect("every call is answered");
    assert_eq!(mark, again, "one request, one generation");
    let mark: u32 = mark.parse().expect("a mark");
    assert!(mark >= least, "{mark} after {least}");
    assert!(mark <= written.load(Ordering::SeqCst), "{mark} was never written");
    mark
}

/// The `n`th thing to go wrong, and the code it is refused with.
fn spoil(host: &Host, n: u32) -> &'static str {
    let one = host.path("one");
    let whole = component("echo");
    match n / 2 % 5 {
        0 => {
            fs::write(one.join("plugin.toml"), format!("nonsense = {n}")).expect("written");
            "plugin.toml.invalid"
        }
        1 => {
            let cut = whole[..whole.len() - 100 - n as usize].to_vec();
            fs::write(one.join("plugin.wasm"), cut).expect("written");
            "plugin.component.malformed"
        }
        2 => {
            let module = [b"\0asm\x01\0\0\0\0\x05\x04".as_slice(), &n.to_be_bytes()].concat();
            fs::write(one.join("plugin.wasm"), module).expect("written");
            "plugin.component.is-module"
        }
        3 => {
            let odd = plugin("one", "echo").asset("names", format!("Not A Name {n}"));
            odd.swap(&one);
            "plugin.invalid-output"
        }
        _ => {
            let trap = plugin("one", "misbehave").asset("describe", "trap");
            trap.asset("mark", n.to_string()).swap(&one);
            "plugin.trap"
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_reloads_under_load_give_no_wrong_answer() {
    let good = |n: u32| plugin("one", "echo").asset("mark", n.to_string());
    let cache = tempfile::tempdir().expect("a folder");
    let settings = |it: &mut EngineConfig| it.cache_dir = Some(cache.path().join("code"));
    let host = Host::start_with(settings, |dir| good(0).write(&dir.join("one"))).await;
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let (engine, stop) = (Arc::clone(&host.engine), Arc::clone(&stop));
            let written = Arc::clone(&written);
            tokio::spawn(async move {
                let (mut least, mut requests) = (0, 0u64);
                while !stop.load(Ordering::Relaxed) {
                    least = request(&*engine.catalogue(), least, &written).await;
                    requests += 1;
                    tokio::task::yield_now().await;
                }
                requests
            })
        })
        .collect();

    for n in 1..=RELOADS {
        if n % 2 == 0 {
            let code = spoil(&host, n);
            let report = host.refused("one", code).await;
            assert!(report.generation.is_some(), "the old one serves");
        } else {
            written.store(n, Ordering::SeqCst);
            // New machine code now and then, new assets always.
            good(n).component(renewed(component("echo"), n % 16)).swap(&host.path("one"));
            host.until_marked("echo", &n.to_string()).await;
        }
    }

    stop.store(true, Ordering::Relaxed);
    for client in clients {
        let requests = client.await.expect("no wrong answer");
        assert!(requests > 0);
    }
    host.stop().await;
}
