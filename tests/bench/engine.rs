//! What a call of a plugin costs: through the port, as the host makes it, and
//! beside it with nothing but wasmtime.

mod bare;

use std::time::Instant;

use bowsprit_host_core::node_types::{Catalogue, Context, Node, NodeTypes as _};
use bowsprit_tests::{Sample, plugins_dir};
use serde_json::{Map, json};

use self::bare::Bare;
pub(crate) use self::bare::{engine as bare_engine, revive};
use crate::host::{compiled_well, opened};
use crate::report::{Figure, Measured, Report, Target};

const GROUP: &str = "plugin call";
const FRESH: &str = "fresh instance, render 2 KB";
const REUSED: &str = "reused instance, render 2 KB";
const CALLS: usize = 4000;
const WARM_UP: usize = 200;

/// Measures fresh and reused instances.
pub(crate) async fn measure(report: &mut Report) {
    let prepare = async {
        let engine = opened(compiled_well(plugins_dir())).await;
        let component = std::fs::read(plugins_dir().join("configmap/plugin.wasm")).unwrap();
        (engine, Bare::new(&component), node(), context())
    };
    let Some((engine, bare, node, context)) =
        report.prepare(GROUP, &[FRESH, REUSED], prepare).await
    else {
        return;
    };
    let calls = async {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..CALLS {
            let begun = Instant::now();
            render(&*engine.catalogue(), &node, &context).await;
            let between = Instant::now();
            bare.render_fresh(&node, &context);
            if round >= WARM_UP {
                ours.push(micros(begun, between));
                theirs.push(micros(between, Instant::now()));
            }
        }
        measured(ours, theirs, "wasmtime alone: start, call, drop", [Some(60.0), Some(120.0)])
    };
    report.row(GROUP, FRESH, calls).await;
    let calls = async {
        let catalogue = engine.catalogue();
        let mut instance = bare.start();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..CALLS {
            let begun = Instant::now();
            render(&*catalogue, &node, &context).await;
            let between = Instant::now();
            instance.render(&node, &context);
            if round >= WARM_UP {
                ours.push(micros(begun, between));
                theirs.push(micros(between, Instant::now()));
            }
        }
        measured(ours, theirs, "wasmtime alone: call", [Some(20.0), None])
    };
    report.row(GROUP, REUSED, calls).await;
}

fn measured(
    ours: Vec<f64>,
    theirs: Vec<f64>,
    limit: &'static str,
    [p50, p99]: [Option<f64>; 2],
) -> Measured {
    let (ours, theirs) = (Sample::new(ours), Sample::new(theirs));
    let aims = |figure: Figure, most: Option<f64>| match most {
        Some(most) => figure.aims(Target::AtMost(most)),
        None => figure,
    };
    let figures = vec![
        aims(Figure::new("p50", ours.p50(), "µs").beside(theirs.p50()), p50),
        aims(Figure::new("p99", ours.p99(), "µs").beside(theirs.p99()), p99),
    ];
    let note = format!("{} calls of `configmap`", ours.count());
    Measured { limit, note, figures }
}

async fn render(catalogue: &dyn Catalogue, node: &Node, context: &Context) {
    let rendered = catalogue.render(node, context).await.unwrap();
    assert_eq!(rendered.manifests.len(), 1, "one object");
}

/// A node whose data has 2 KB.
fn node() -> Node {
    let entries: Map<_, _> =
        (0..20).map(|n| (format!("SETTING_{n}"), json!("x".repeat(80)))).collect();
    let data = json!({"name": "settings", "namespace": "default", "data": entries}).to_string();
    assert!((1900..2100).contains(&data.len()), "{} bytes", data.len());
    Node { id: "node-1".into(), type_name: "configmap".into(), data }
}

fn context() -> Context {
    let labels = [("bowsprit.dev/workflow", "it"), ("bowsprit.dev/node", "node-1")];
    let identity_labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    Context { namespace: "default".into(), identity_labels, ..Context::default() }
}

fn micros(from: Instant, to: Instant) -> f64 {
    (to - from).as_secs_f64() * 1e6
}
