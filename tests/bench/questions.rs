//! What is asked about a drawing while it is drawn.

use std::time::Instant;

use bowsprit_tests::{Sample, Store, User};
use serde_json::{Value, json};

use crate::{
    drawings::drawing,
    host::{Place, administrator},
    report::{Figure, Measured, Report, Target},
};

const GROUP: &str = "question";
const VALIDATION: &str = "validation, 200 nodes that are new";
const AGAIN: &str = "validation, 200 nodes, one of them new";
const LAYOUT: &str = "layout, 500 nodes";
const EDGES: &str = "suggested edges, 200 nodes";
const CHART: &str = "Helm chart, 200 nodes";
const ROUNDS: usize = 30;

/// Measures questions through HTTP, beside reading the same workflow.
pub(crate) async fn measure(report: &mut Report) {
    let prepare = async {
        let place = Place::new(Store::Embedded);
        let server = place.start_warm().await;
        let user = administrator(&server).await;
        (user, server, place)
    };
    let names = [VALIDATION, AGAIN, LAYOUT, EDGES, CHART];
    let Some((user, _server, _place)) = report.prepare(GROUP, &names, prepare).await else {
        return;
    };
    for (name, path, nodes, most) in [
        (VALIDATION, "validation", (200, 200), Some(30.0)),
        (AGAIN, "validation", (200, 1), None),
        (LAYOUT, "layout", (500, 1), Some(200.0)),
        (EDGES, "suggestions/edges", (200, 1), None),
        (CHART, "export/helm", (200, 1), None),
    ] {
        report.row(GROUP, name, asked(&user, path, nodes, most)).await;
    }
}

/// Asks about a drawing of so many nodes, so many of which change every time.
async fn asked(
    user: &User,
    path: &str,
    (nodes, changed): (usize, usize),
    most: Option<f64>,
) -> Measured {
    let id = user.workflow("asked", "nowhere").await;
    let (whole, question) = (format!("/workflows/{id}"), format!("/workflows/{id}/{path}"));
    let (mut ours, mut read) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        user.save(&id, &shop(nodes, changed, round)).await;
        let begun = Instant::now();
        let answer = user.get(&question).await.expect(200);
        let between = Instant::now();
        user.get(&whole).await.expect(200);
        ours.push((between - begun).as_secs_f64() * 1e3);
        read.push(between.elapsed().as_secs_f64() * 1e3);
        if path == "validation" {
            assert_eq!(answer["valid"], true, "{answer}");
        }
    }
    let (ours, read) = (Sample::new(ours), Sample::new(read));
    let p50 = Figure::new("p50", ours.p50(), "ms").beside(read.p50());
    let figures = vec![
        most.map_or_else(|| p50.clone(), |most| p50.clone().aims(Target::AtMost(most))),
        Figure::new("p99", ours.p99(), "ms").beside(read.p99()),
    ];
    let note = format!("{ROUNDS} requests, one at a time");
    Measured { limit: "a read of the same workflow", note, figures }
}

/// Deployments, each behind a Service, so that edges mean something. The first
/// `changed` are different in every round.
fn shop(nodes: usize, changed: usize, round: usize) -> Value {
    let mut drawing = drawing(nodes / 2);
    let deployments = drawing["nodes"].as_array().unwrap().clone();
    let (mut nodes, mut edges) = (deployments.clone(), Vec::new());
    for it in &deployments {
        let (id, name) = (it["id"].as_str().unwrap(), it["data"]["name"].as_str().unwrap());
        let service = format!("for-{id}");
        let data = json!({"name": format!("{name}-http"), "namespace": "default", "targetApp": name, "port": 80});
        nodes.push(
            json!({"id": service, "type": "service", "position": {"x": 0, "y": 0}, "data": data}),
        );
        edges.push(json!({"id": format!("e-{id}"), "source": service, "target": id}));
    }
    for node in nodes.iter_mut().take(changed) {
        node["data"]["labels"] = json!({ "round": round.to_string() });
    }
    drawing["nodes"] = nodes.into();
    drawing["edges"] = edges.into();
    drawing
}
