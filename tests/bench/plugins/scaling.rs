//! Calls by two tasks at once, and a whole workflow of them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bowsprit_host_core::node_types::{Catalogue, Context, Node, NodeTypes as _};
use bowsprit_host_engine::{EngineConfig, PluginEngine};
use bowsprit_tests::{Sample, plugins_dir};
use serde_json::json;

use crate::{
    host::{compiled_well, opened},
    report::{Figure, Measured, Report, Target},
};

const GROUP: &str = "plugin calls";
const FRESH: &str = "two tasks, fresh instances";
const REUSED: &str = "two tasks, reused instances";
const WORKFLOW: &str = "200 nodes validated and rendered";
const AGAIN: &str = "200 nodes validated and rendered again";
/// How long each side is measured.
const SPAN: Duration = Duration::from_secs(2);
const NODES: usize = 200;
const ROUNDS: usize = 40;

/// Measures two tasks beside one, and 200 nodes.
pub(crate) async fn measure(report: &mut Report) {
    let prepare = async {
        let forgetful = compiled_well(plugins_dir());
        let mindful = EngineConfig { remembered_bytes: 16 << 20, ..forgetful.clone() };
        (opened(forgetful).await, opened(mindful).await)
    };
    let rows = [FRESH, REUSED, WORKFLOW, AGAIN];
    let Some((engine, mindful)) = report.prepare(GROUP, &rows, prepare).await else { return };
    for (name, reused) in [(FRESH, false), (REUSED, true)] {
        let scale = async {
            // Alternately, so that what else goes on meets both.
            let (mut one, mut two) = (Vec::new(), Vec::new());
            for _ in 0..3 {
                one.push(rate(&engine, 1, reused).await);
                two.push(rate(&engine, 2, reused).await);
            }
            let (one, two) = (Sample::new(one).p50(), Sample::new(two).p50());
            let figures = vec![
                Figure::new("calls", two, "/s").beside(one),
                Figure::new("scaling", two / one, "×").aims(Target::AtLeast(1.7)),
            ];
            let note = format!("`configmap`, {} s each, 3 times", SPAN.as_secs());
            Measured { limit: "one task", note, figures }
        };
        report.row(GROUP, name, scale).await;
    }
    let cold = workflow(&engine, 30.0, "nothing is remembered");
    report.row(GROUP, WORKFLOW, cold).await;
    let warm = workflow(&mindful, 3.0, "every answer is remembered but for the first time");
    report.row(GROUP, AGAIN, warm).await;
}

/// Validates and renders nodes of four types, one after the other.
async fn workflow(engine: &PluginEngine, most: f64, what: &str) -> Measured {
    let nodes: Vec<Node> = (0..NODES).map(drawn).collect();
    let context = Context { namespace: "default".into(), ..Context::default() };
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let catalogue = engine.catalogue();
        let begun = Instant::now();
        let mut objects = 0;
        for node in &nodes {
            let found = catalogue.validate(node, &context).await.unwrap();
            assert!(found.iter().all(|it| it.severity < ERROR), "{found:?}");
            objects += catalogue.render(node, &context).await.unwrap().manifests.len();
        }
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        assert!(objects >= NODES, "{objects} objects");
    }
    let times = Sample::new(times);
    let figures = vec![
        Figure::new("p50", times.p50(), "ms").aims(Target::AtMost(most)),
        Figure::new("p99", times.p99(), "ms"),
    ];
    let note = format!("four node types in turn, one task, {ROUNDS} times; {what}");
    Measured { limit: "none", note, figures }
}

const ERROR: bowsprit_host_core::node_types::Severity =
    bowsprit_host_core::node_types::Severity::Error;

/// A node of one of four types.
fn drawn(n: usize) -> Node {
    let name = format!("n{n}");
    let (type_name, data) = match n % 4 {
        0 => ("deployment", json!({ "name": name, "image": "nginx:1.27", "replicas": 1 })),
        1 => ("service", json!({ "name": name, "port": 80, "targetPort": 80, "targetApp": name })),
        2 => ("configmap", json!({ "name": name, "data": { "A": "1" } })),
        _ => ("persistentvolumeclaim", json!({ "name": name, "storage": "1Gi" })),
    };
    Node { id: format!("node-{n}"), type_name: type_name.into(), data: data.to_string() }
}

/// Calls per second of so many tasks.
async fn rate(engine: &Arc<PluginEngine>, tasks: usize, reused: bool) -> f64 {
    let until = Instant::now() + SPAN;
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let engine = Arc::clone(engine);
            tokio::spawn(async move {
                let node = drawn(2);
                let context = Context::default();
                let held = engine.catalogue();
                let mut calls = 0_u64;
                while Instant::now() < until {
                    let fresh = (!reused).then(|| engine.catalogue());
                    let catalogue: &dyn Catalogue = fresh.as_deref().unwrap_or(&*held);
                    let rendered = catalogue.render(&node, &context).await.unwrap();
                    assert_eq!(rendered.manifests.len(), 1, "one object");
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    let mut calls = 0;
    for task in tasks {
        calls += task.await.unwrap();
    }
    calls as f64 / SPAN.as_secs_f64()
}
