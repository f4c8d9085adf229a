//! What is asked about drawings before they run: validation, previews, layouts,
//! suggestions.

use std::collections::HashSet;

use bowsprit_tests::{TestHost, User, copy_folder, guests_dir, plugins_dir, unique};
use serde_json::{Value, json};

use crate::runs::{edge, node, shop};

async fn drawn(drawing: &Value) -> (TestHost, User, String) {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let id = user.workflow("w", "nowhere").await;
    user.save(&id, drawing).await;
    (host, user, id)
}

fn at(id: &str, what: &str) -> String {
    format!("/workflows/{id}/{what}")
}

/// Code and pointer of each finding.
fn told(validation: &Value) -> Vec<(String, String)> {
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let findings = validation["findings"].as_array().unwrap();
    findings.iter().map(|it| (text(it, "code"), text(it, "pointer"))).collect()
}

fn has(validation: &Value, code: &str, pointer: &str) -> bool {
    told(validation).iter().any(|(it, place)| it.ends_with(code) && place == pointer)
}

/// Everything that can be wrong at once.
fn wrong() -> Value {
    let mut broken = node("d", "deployment", json!({"name": "Not A Name", "image": ""}));
    broken["data"]["replicas"] = json!(-1);
    json!({
        "nodes": [
            node("a", "configmap", json!({"name": "same", "data": {}})),
            broken,
            node("b", "configmap", json!({"name": "same", "data": {}})),
            node("g", "gizmo", json!({"name": "g"})),
        ],
        "edges": [edge("a", "nowhere"), edge("a", "b"), edge("d", "a"), edge("g", "a")],
    })
}

#[tokio::test]
async fn a_node_of_a_disabled_plugin_is_told_from_one_that_nobody_knows() {
    let (host, user, id) =
        drawn(&json!({ "nodes": [node("a", "configmap", json!({"name": "a"}))], "edges": [] }))
            .await;
    let off = user.post("/admin/plugins/configmap/disable", &json!({})).await;
    off.expect(200);
    let validation = user.get(&at(&id, "validation")).await.expect(200);
    let finding = &validation["findings"][0];
    assert_eq!(finding["code"], "node.type.unknown", "{validation:#}");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("plugin `configmap`") && message.contains("is disabled"), "{message}");
    let fix = finding["suggestion"].as_str().unwrap();
    assert!(fix.contains("administrator") && fix.contains("enable"), "{fix}");
    let problem = user.get(&at(&id, "nodes/a/preview")).await;
    let problem = problem.expect_problem(400, "node.type.unknown");
    assert!(problem["message"].as_str().unwrap().contains("is disabled"), "{problem}");
    user.post("/admin/plugins/configmap/enable", &json!({})).await.expect(200);
    let validation = user.get(&at(&id, "validation")).await.expect(200);
    assert!(!has(&validation, "node.type.unknown", "/nodes/0"), "{validation:#}");
    host.finish().await;
}

#[tokio::test]
async fn all_that_is_wrong_with_a_drawing_is_told_at_once_and_at_its_place() {
    let (host, user, id) = drawn(&wrong()).await;
    let before = user.get(&format!("/workflows/{id}")).await.expect(200);
    let validation = user.get(&at(&id, "validation")).await.expect(200);
    assert_eq!(validation["valid"], false);
    for (code, pointer) in [
        ("image.missing", "/nodes/1/data/image"),
        ("", "/nodes/1/data/name"),
        ("", "/nodes/1/data/replicas"),
        ("graph.name.duplicate", "/nodes/2/data/name"),
        ("node.type.unknown", "/nodes/3"),
        ("graph.edge.dangling", "/edges/0"),
        ("graph.edge.meaningless", "/edges/1"),
    ] {
        assert!(has(&validation, code, pointer), "{code} {pointer}: {validation:#}");
    }
    let edges: Vec<_> =
        told(&validation).into_iter().filter(|(_, it)| it.starts_with("/edges")).collect();
    assert_eq!(edges.len(), 2, "drawn from the deployment to its settings it means the same");
    let unique: HashSet<String> =
        validation["findings"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(unique.len(), told(&validation).len(), "each once");
    let after = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!(before, after, "nothing is written");
    host.finish().await;
}

#[tokio::test]
async fn a_drawing_need_not_be_saved_to_be_validated() {
    let (host, user, id) = drawn(&json!({"nodes": [], "edges": []})).await;
    assert_eq!(user.get(&at(&id, "validation")).await.expect(200)["valid"], true);
    let answer = user.post(&at(&id, "validation"), &shop("default")).await.expect(200);
    assert_eq!(answer["valid"], true, "{answer}");
    let answer = user.post(&at(&id, "validation"), &wrong()).await.expect(200);
    assert_eq!(answer["valid"], false);
    let saved = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!(saved["nodes"], json!([]));
    for (body, field) in [
        (json!({"nodes": {}}), "nodes"),
        (json!({"nodes": [{"id": "n"}]}), "nodes.0.type"),
        (json!({"edges": [{"source": "a"}]}), "edges.0"),
        (json!([]), "body"),
    ] {
        for what in ["validation", "nodes/n/preview", "export/manifests", "suggestions/edges"] {
            let problem = user.post(&at(&id, what), &body).await;
            let problem = problem.expect_problem(400, "request.invalid");
            assert_eq!(problem["field"], field, "{what}: {problem}");
        }
    }
    host.finish().await;
}

#[tokio::test]
async fn whatever_a_run_refuses_validation_has_told() {
    let Some(kube) = bowsprit_tests::Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let id = user.workflow("w", "lab").await;
    let mut drawing = wrong();
    drawing["edges"].as_array_mut().unwrap().push(edge("b", "a"));
    user.save(&id, &drawing).await;
    let validation = user.get(&at(&id, "validation")).await.expect(200);
    let problem = user.run(&id, &json!({})).await.expect_problem(422, "workflow.findings");
    let key = |it: &Value| (it["code"].clone(), it["node"].clone(), it["at"].clone());
    let findings = validation["findings"].as_array().unwrap();
    let known: Vec<_> = findings.iter().map(key).collect();
    for refused in problem["findings"].as_array().unwrap() {
        let is_edge = refused["code"].as_str().unwrap().ends_with(".edge.meaningless");
        assert!(is_edge || known.contains(&key(refused)), "{refused} is not in {validation}");
    }
    host.finish().await;
}

#[tokio::test]
async fn drawings_of_the_canvas_are_valid() {
    let (host, user, id) = drawn(&json!({"nodes": [], "edges": []})).await;
    for (name, text) in [
        ("shop", include_str!("samples/shop.json")),
        ("compose", include_str!("samples/compose.json")),
    ] {
        let drawing: Value = serde_json::from_str(text).unwrap();
        let answer = user.post(&at(&id, "validation"), &drawing).await.expect(200);
        assert_eq!(answer["valid"], true, "{name}: {answer:#}");
        assert!(!answer.to_string().contains("meaningless"), "{name}: {answer:#}");
    }
    host.finish().await;
}

#[tokio::test]
async fn a_plugin_that_crashes_is_a_finding_and_costs_the_others_nothing() {
    let plugins = tempfile::tempdir().unwrap();
    copy_folder(&guests_dir().join("misbehave"), &plugins.path().join("misbehave"));
    let dirs = format!("{},{}", plugins_dir().display(), plugins.path().display());
    let settings =
        [("BOWSPRIT_PLUGINS_DIRS", dirs.as_str()), ("BOWSPRIT_PLUGINS_BUDGETS_CPU_MILLIS", "500")];
    let host = TestHost::with(&settings).await;
    let user = host.admin().await;
    let id = user.workflow("w", "nowhere").await;
    let nodes = [
        node("m", "misbehave", json!({"name": "m", "do": "trap"})),
        node("d", "deployment", json!({"name": "web"})),
    ];
    let drawing = json!({"nodes": nodes, "edges": []});
    let answer = user.post(&at(&id, "validation"), &drawing).await.expect(200);
    assert!(has(&answer, "plugin.trap", "/nodes/0"), "{answer:#}");
    assert!(has(&answer, "image.missing", "/nodes/1/data/image"), "{answer:#}");

    // What that took was charged to who asked.
    let spin = json!({"nodes": [node("m", "misbehave", json!({"name": "m", "do": "spin"}))]});
    for _ in 0..20 {
        let answer = user.post(&at(&id, "validation"), &spin).await;
        if answer.status != 200 {
            answer.expect_problem(429, "plugin.budget.exhausted");
            return host.finish().await;
        }
    }
    panic!("nobody paid");
}

#[tokio::test]
async fn a_preview_shows_objects_and_who_made_them_but_no_secret() {
    let mut drawing = shop("shop");
    let keys = json!([{"id": "k", "name": "PASSWORD"}]);
    let secret = json!({"name": "db", "namespace": "shop", "keys": keys});
    drawing["nodes"].as_array_mut().unwrap().push(node("node-3", "secret", secret));
    let (host, user, id) = drawn(&drawing).await;
    let preview = user.get(&at(&id, "nodes/node-2/preview")).await.expect(200);
    assert_eq!(preview["type"], "service");
    assert_eq!(preview["plugin"]["id"], "service");
    assert_eq!(preview["plugin"]["generation"].as_str().unwrap().len(), 64);
    let manifest = &preview["manifests"][0];
    assert_eq!(manifest["object"]["spec"]["selector"], json!({"app": "web"}), "from the edge");
    assert_eq!(manifest["object"]["metadata"]["namespace"], "shop");
    let yaml = manifest["yaml"].as_str().unwrap();
    assert!(yaml.contains("kind: Service\n"), "{yaml}");

    // As it would be with other data, unsaved.
    drawing["nodes"][1]["data"]["port"] = json!(8443);
    let preview = user.post(&at(&id, "nodes/node-2/preview"), &drawing).await.expect(200);
    assert_eq!(preview["manifests"][0]["object"]["spec"]["ports"][0]["port"], 8443);

    let preview = user.get(&at(&id, "nodes/node-3/preview")).await;
    assert!(!preview.text.contains("$vault"), "{}", preview.text);
    preview.expect(200);
    host.finish().await;
}

#[tokio::test]
async fn values_given_for_runs_are_masked_in_previews_and_absent_from_exports() {
    const CANARY: &str = "canary-in-previews";
    let Some(kube) = bowsprit_tests::Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let id = user.workflow("w", "lab").await;
    let namespace = format!("it-{}", unique());
    let mut drawing = shop(&namespace);
    let keys = json!([{"id": "k", "name": "PASSWORD"}]);
    let secret = json!({"name": "db", "namespace": namespace, "keys": keys});
    drawing["nodes"].as_array_mut().unwrap().push(node("node-3", "secret", secret));
    user.save(&id, &drawing).await;
    let trigger = json!({"trigger_data": {
        "envVars": {"node-1": {"TOKEN": CANARY}}, "secrets": {"node-3": {"PASSWORD": CANARY}},
    }});
    user.run(&id, &trigger).await.expect(200);
    let mut seen = String::new();
    for what in ["nodes/node-1/preview", "nodes/node-3/preview", "validation"] {
        seen += &user.get(&at(&id, what)).await.text;
    }
    assert!(seen.contains("PASSWORD") && seen.contains("TOKEN"), "names are shown");
    assert!(seen.contains("********"), "{seen}");
    for format in ["manifests", "kustomize", "helm"] {
        for (_, text) in crate::exports::files(&host, &user, &id, format).await {
            seen += &text;
        }
    }
    assert!(!seen.contains(CANARY), "a value in an answer");
    assert!(!seen.contains("Y2FuYXJ5LWluLXByZXZpZXdz"), "the same in base64");
    host.finish().await;
}

#[tokio::test]
async fn a_preview_of_what_is_not_there_says_so() {
    let (host, user, id) = drawn(&wrong()).await;
    user.get(&at(&id, "nodes/nothing/preview")).await.expect_problem(404, "not-found");
    user.get(&at(&id, "nodes/g/preview")).await.expect_problem(400, "node.type.unknown");
    let preview = user.get(&at(&id, "nodes/d/preview")).await.expect(200);
    assert_eq!(preview["manifests"], json!([]));
    assert!(preview["findings"].to_string().contains("/image"), "{preview}");
    host.finish().await;
}

#[tokio::test]
async fn a_drawing_without_places_gets_some() {
    let (host, user, id) = drawn(&shop("default")).await;
    let places = user.get(&at(&id, "layout")).await.expect(200);
    assert_eq!(places["positions"]["node-2"], json!({"x": 100.0, "y": 100.0}));
    assert_eq!(places["positions"]["node-1"], json!({"x": 400.0, "y": 100.0}));
    let bare = json!({
        "nodes": [{"id": "a"}, {"id": "b"}, {"id": "c"}],
        "edges": [{"source": "b", "target": "a"}, {"source": "c", "target": "a"}],
    });
    let places = user.post(&at(&id, "layout"), &bare).await.expect(200);
    let keys: Vec<_> = places["positions"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["a", "b", "c"]);
    assert_eq!(places["positions"]["c"], json!({"x": 100.0, "y": 300.0}));
    for (body, field) in [
        (json!({"nodes": [{"id": "a"}, {"id": "a"}]}), "nodes.1.id"),
        (json!({"nodes": [5]}), "nodes.0"),
        (json!({"edges": [{"source": "a"}]}), "edges.0"),
        (json!({"nodes": 5}), "nodes"),
    ] {
        let problem = user.post(&at(&id, "layout"), &body).await;
        assert_eq!(problem.expect_problem(400, "request.invalid")["field"], field);
    }
    host.finish().await;
}

#[tokio::test]
async fn drawings_have_as_many_nodes_as_they_may_and_no_more() {
    let host = TestHost::with(&[("BOWSPRIT_LIMITS_NODES", "3")]).await;
    let user = host.admin().await;
    let id = user.workflow("w", "nowhere").await;
    let drawing = |count: usize| {
        let nodes: Vec<_> = (0..count)
            .map(|n| {
                node(
                    &format!("n{n}"),
                    "configmap",
                    json!({"name": format!("n{n}"), "data": {"a": "b"}}),
                )
            })
            .collect();
        json!({"nodes": nodes, "edges": []})
    };
    for what in [
        "validation",
        "layout",
        "suggestions/edges",
        "suggestions/names?type=x",
        "nodes/n0/preview",
        "export/manifests",
        "export/kustomize",
        "export/helm",
    ] {
        user.post(&at(&id, what), &drawing(3)).await.expect(200);
        let problem = user.post(&at(&id, what), &drawing(4)).await;
        problem.expect_problem(413, "request.too-large");
    }
    host.finish().await;
}

/// What the canvas would draw: source and target of each suggestion.
fn pairs(answer: &Value) -> Vec<(String, String)> {
    let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
    let edges = answer["edges"].as_array().unwrap();
    edges.iter().map(|it| (text(it, "source"), text(it, "target"))).collect()
}

#[tokio::test]
async fn edges_that_would_mean_something_are_suggested_best_first() {
    let nodes = [
        node("w", "deployment", json!({"name": "web", "image": "nginx:1", "port": 80})),
        node("o", "deployment", json!({"name": "other", "image": "nginx:1", "port": 81})),
        node("s", "service", json!({"name": "front", "targetApp": "web", "port": 80})),
        node(
            "i",
            "ingress",
            json!({"name": "in", "paths": [
                {"id": "path-1", "path": "/"}, {"id": "path-2", "path": "/x", "serviceName": "front"},
            ]}),
        ),
        node("c", "configmap", json!({"name": "web-settings", "data": {"A": "b"}})),
        node("h", "hpa", json!({"name": "scaler", "scaleTargetName": "other", "maxReplicas": 3})),
    ];
    let (host, user, id) = drawn(&json!({"nodes": nodes, "edges": []})).await;
    let answer = user.get(&at(&id, "suggestions/edges")).await.expect(200);
    let found = pairs(&answer);
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    for wanted in [pair("s", "w"), pair("h", "o"), pair("i", "s"), pair("c", "w")] {
        assert!(found.contains(&wanted), "{wanted:?}: {answer:#}");
    }
    assert!(!found.contains(&pair("s", "o")) && !found.contains(&pair("i", "w")), "{answer:#}");
    let edges = answer["edges"].as_array().unwrap();
    let scores: Vec<_> = edges.iter().map(|it| it["score"].as_u64().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    let of = |source: &str| edges.iter().find(|it| it["source"] == source).unwrap();
    assert_eq!(of("i")["sourceHandle"], "path-2", "the path that names the service");
    assert_eq!(of("s")["role"], "selects");
    assert_eq!(of("s")["reasons"][0], "`front` names `web` at `/targetApp`");

    // What is drawn already is not suggested, whichever way it is drawn, and
    // everything suggested has a meaning.
    let mut drawing = json!({"nodes": nodes, "edges": edges});
    for (n, it) in drawing["edges"].as_array_mut().unwrap().iter_mut().enumerate() {
        it["id"] = json!(format!("e{n}"));
    }
    let validation = user.post(&at(&id, "validation"), &drawing).await.expect(200);
    assert!(!validation.to_string().contains("meaningless"), "{validation:#}");
    drawing["edges"] = json!([edge("w", "s")]);
    let again = user.post(&at(&id, "suggestions/edges?limit=500"), &drawing).await.expect(200);
    assert!(!pairs(&again).contains(&pair("s", "w")), "{again:#}");
    let one = user.get(&at(&id, "suggestions/edges?limit=1")).await.expect(200);
    assert_eq!(pairs(&one).len(), 1);
    host.finish().await;
}

#[tokio::test]
async fn names_come_from_the_image_and_belong_to_nobody() {
    let (host, user, id) = drawn(&shop("default")).await;
    let path = at(&id, "suggestions/names?type=deployment&image=ghcr.io/acme/web:2");
    let names = user.get(&path).await.expect(200);
    let names: Vec<_> =
        names["names"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["web-2", "web-deployment", "deployment"]);
    let path = at(&id, "suggestions/names");
    let problem = user.get(&path).await.expect_problem(400, "request.invalid");
    assert_eq!(problem["field"], "type");
    host.finish().await;
}
