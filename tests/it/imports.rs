//! Imports, with the real importers.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bowsprit_tests::{TestHost, User};
use serde_json::{Value, json};

const SHOP: &str = "# Settings\nMODE=prod\nDB_PASSWORD='made-up-password'\nAPI_TOKEN=\n";

fn file(name: &str, text: &[u8]) -> Value {
    json!({ "source": "file", "fileName": name, "fileContent": BASE64.encode(text) })
}

async fn analyze(user: &User, body: &Value) -> bowsprit_tests::Answer {
    user.post("/import/analyze", body).await
}

#[tokio::test]
async fn an_environment_file_becomes_nodes_and_its_secrets_stay_sealed() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let mut body = file("config/.env", SHOP.as_bytes());
    body["namespace"] = json!("shop");
    let answer = analyze(&user, &body).await;
    assert!(!answer.text.contains("made-up-password"), "{}", answer.text);
    let answer = answer.expect(200);
    assert_eq!(answer["async"], false);
    let analysis = &answer["analysis"];
    assert_eq!(analysis["detectedType"], "dotenv");
    assert_eq!(analysis["services"], json!([]));
    let nodes = analysis["suggestedNodes"].as_array().unwrap();
    let types: Vec<_> = nodes.iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["configmap", "secret"]);
    assert_eq!(
        nodes[0]["data"],
        json!({"name": "app-config", "namespace": "shop", "mountPath": "/etc/config", "data": {"MODE": "prod"}})
    );
    let keys = &nodes[1]["data"]["keys"];
    assert_eq!(
        keys,
        &json!([{"id": "key_1", "name": "DB_PASSWORD"}, {"id": "key_2", "name": "API_TOKEN"}])
    );
    let id = |n: usize| nodes[n]["id"].as_str().unwrap();
    assert_ne!(id(0), id(1));
    assert_eq!(analysis["layoutPositions"][id(1)], nodes[1]["position"]);
    assert_eq!(nodes[1]["position"], json!({"x": 100.0, "y": 300.0}));
    let sealed = analysis["sealedSecrets"][id(1)].as_object().unwrap();
    assert_eq!(sealed.keys().collect::<Vec<_>>(), ["DB_PASSWORD"]);
    assert!(sealed["DB_PASSWORD"].as_str().unwrap().starts_with("v1."));
    assert_eq!(analysis["missingSecrets"], json!([{"nodeId": id(1), "key": "API_TOKEN"}]));
    let fates: Vec<_> = analysis["traces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["line"].as_u64().unwrap(), it["fate"].as_str().unwrap()))
        .collect();
    let mut sorted = fates.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [(1, "ignored"), (2, "converted"), (3, "converted"), (4, "converted")]);
    host.finish().await;
}

#[tokio::test]
async fn what_is_suggested_can_be_saved_as_it_is() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let answer = analyze(&user, &file(".env", SHOP.as_bytes())).await.expect(200);
    let analysis = &answer["analysis"];
    let id = user.workflow("imported", "nowhere").await;
    let drawing = json!({"nodes": analysis["suggestedNodes"], "edges": analysis["suggestedEdges"]});
    let saved = user.save(&id, &drawing).await;
    assert_eq!(saved["workflow"]["nodes"], analysis["suggestedNodes"]);
    host.finish().await;
}

#[tokio::test]
async fn each_analysis_draws_with_fresh_ids() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let answer = analyze(&user, &file(".env", b"A=1")).await.expect(200);
        ids.push(answer["analysis"]["suggestedNodes"][0]["id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
    host.finish().await;
}

#[tokio::test]
async fn what_cannot_be_imported_is_said_so() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let with = |key: &str, value: Value| {
        let mut body = file(".env", b"A=1");
        body[key] = value;
        body
    };
    for (body, field) in [
        (with("fileContent", json!("not base64!")), "fileContent"),
        (with("fileContent", json!("QQ")), "fileContent"),
        (with("fileContent", json!("")), "fileContent"),
        (json!({"source": "file", "fileName": ".env"}), "fileContent"),
        (with("fileName", json!("a\u{0}b")), "fileName"),
        (with("fileName", json!("x".repeat(256))), "fileName"),
        (json!({"fileContent": "QQ=="}), "source"),
    ] {
        let problem = analyze(&user, &body).await.expect_problem(400, "request.invalid");
        assert_eq!(problem["field"], field, "{problem}");
    }
    for source in ["github", "gitlab", "git_url", "x"] {
        let body = with("source", json!(source));
        let problem = analyze(&user, &body).await.expect_problem(400, "import.source.unsupported");
        assert!(problem["message"].as_str().unwrap().contains(source), "{problem}");
    }
    for name in ["photo.png", ""] {
        let body = file(name, b"A=1");
        analyze(&user, &body).await.expect_problem(400, "import.format.unknown");
    }
    let latin = analyze(&user, &file(".env", &[b'A', b'=', 0xe9])).await;
    let problem = latin.expect_problem(422, "workflow.findings");
    assert_eq!(problem["findings"][0]["code"], "source.encoding");
    let mut body = file(".env", b"A=1");
    body["namespace"] = json!("No Good");
    let problem = analyze(&user, &body).await.expect_problem(422, "workflow.findings");
    assert_eq!(problem["findings"][0]["at"], "/namespace");
    host.finish().await;
}

#[tokio::test]
async fn a_file_may_be_so_large_and_no_larger() {
    let host = TestHost::with(&[("BOWSPRIT_LIMITS_IMPORT_BYTES", "1024")]).await;
    let user = host.admin().await;
    let text = |bytes: usize| format!("A={}", "x".repeat(bytes - 2));
    analyze(&user, &file(".env", text(1024).as_bytes())).await.expect(200);
    for bytes in [1025, 1026, 1027, 100_000] {
        let body = file(".env", text(bytes).as_bytes());
        let problem = analyze(&user, &body).await.expect_problem(413, "request.too-large");
        assert_eq!(problem["message"], "the file exceeds the limit of 1024 bytes");
    }
    host.finish().await;
}

#[tokio::test]
async fn a_broken_line_does_not_cost_the_others() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let answer = analyze(&user, &file(".env", b"what is this\nA=1\n")).await.expect(200);
    let analysis = &answer["analysis"];
    assert_eq!(analysis["errors"][0]["code"], "dotenv.line.unreadable");
    assert_eq!(analysis["suggestedNodes"][0]["data"]["data"], json!({"A": "1"}));
    host.finish().await;
}
