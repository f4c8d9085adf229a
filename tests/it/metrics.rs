//! `/metrics`, as dashboards of the reference product read it, and traces.

use bowsprit_tests::{Kube, TestHost, client, unique};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    process::{address, admin, serve, signal},
    runs::node,
};

async fn scrape(host: &TestHost) -> String {
    let answer = client().get(format!("{}/metrics", host.origin)).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    answer.text().await.unwrap()
}

/// The value of a sample, 0 if there is none.
fn sample(text: &str, name: &str) -> f64 {
    let found = text.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(' '));
    found.map_or(0.0, |it| it.parse().unwrap())
}

#[tokio::test]
async fn requests_are_counted_by_method_pattern_and_status() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let id = user.workflow("w", "c").await;
    for _ in 0..3 {
        user.get(&format!("/workflows/{id}")).await.expect(200);
    }
    user.get("/workflows/nonsense").await.expect(400);
    user.get("/nothing-here").await.expect(404);
    let text = scrape(&host).await;
    let requests = |path: &str, status: u16| {
        let labels = format!("{{method=\"GET\",path=\"{path}\",status=\"{status}\"}}");
        sample(&text, &format!("http_requests_total{labels}"))
    };
    assert_eq!(requests("/v1/api/workflows/:id", 200), 3.0, "{text}");
    assert_eq!(requests("/v1/api/workflows/:id", 400), 1.0);
    assert_eq!(requests("unknown", 404), 1.0);
    let series = "{method=\"GET\",path=\"/v1/api/workflows/:id\"}";
    assert_eq!(sample(&text, &format!("http_request_duration_seconds_count{series}")), 4.0);
    let bucket = "http_request_duration_seconds_bucket{method=\"GET\",path=\"/v1/api/workflows/:id\",le=\"10\"}";
    assert_eq!(sample(&text, bucket), 4.0);
    assert_eq!(sample(&text, "http_requests_in_flight"), 0.0);
    assert!(sample(&text, "process_resident_memory_bytes") > 1e6, "{text}");
    assert!(sample(&text, "process_open_fds") > 3.0);
    assert!(!text.contains(&id), "no id becomes a label");
    host.finish().await;
}

#[tokio::test]
async fn calls_of_plugins_are_counted_by_function_and_outcome() {
    let Some(kube) = Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let id = user.workflow("w", "lab").await;
    let data = json!({"name": "it", "namespace": format!("it-{}", unique()), "data": {"a": "b"}});
    user.save(&id, &json!({"nodes": [node("n", "configmap", data)], "edges": []})).await;
    assert_eq!(user.run(&id, &json!({})).await.expect(200)["status"], "completed");
    let text = scrape(&host).await;
    let labels = "{function=\"render\",outcome=\"ok\",plugin=\"configmap\"}";
    assert_eq!(sample(&text, &format!("bowsprit_plugin_calls_total{labels}")), 1.0, "{text}");
    let series = "{function=\"render\",plugin=\"configmap\"}";
    let count = format!("bowsprit_plugin_call_duration_seconds_count{series}");
    assert_eq!(sample(&text, &count), 1.0);
    host.finish().await;
}

#[tokio::test]
async fn scrapes_and_documents_are_not_counted() {
    let host = TestHost::start().await;
    for path in ["/metrics", "/v1/api-docs", "/v1/api-docs/json", "/v1/api/openapi.json"] {
        client().get(format!("{}{path}", host.origin)).send().await.unwrap();
    }
    let text = scrape(&host).await;
    assert!(!text.contains("api-docs") && !text.contains("path=\"/metrics\""), "{text}");
    host.finish().await;
}

#[tokio::test]
async fn runs_are_counted_by_how_they_end() {
    let Some(kube) = Kube::connect() else { return };
    let mut host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let ended = |text: &str| {
        let of = |outcome: &str| {
            sample(text, &format!("bowsprit_runs_ended_total{{outcome=\"{outcome}\"}}"))
        };
        ["completed", "failed", "interrupted"].map(of)
    };
    let text = scrape(&host).await;
    assert!(text.contains("bowsprit_runs_ended_total{outcome=\"failed\"} 0"), "{text}");
    let (good, bad) = (user.workflow("w", "lab").await, user.workflow("w", "nowhere").await);
    user.run(&good, &json!({})).await.expect(200);
    for _ in 0..2 {
        user.run(&bad, &json!({})).await.expect(404);
    }
    let text = scrape(&host).await;
    assert_eq!(ended(&text), [1.0, 2.0, 0.0], "{text}");
    assert_eq!(sample(&text, "bowsprit_runs_started_total"), 3.0);
    assert_eq!(sample(&text, "bowsprit_run_duration_seconds_count"), 3.0);
    assert_eq!(sample(&text, "bowsprit_run_duration_seconds_bucket{le=\"600\"}"), 3.0);
    // Refused is not begun.
    let draft = user.workflow("w", "lab").await;
    user.post(&format!("/workflows/{draft}/run"), &json!({})).await.expect(400);
    assert_eq!(sample(&scrape(&host).await, "bowsprit_runs_started_total"), 3.0);
    // One that the next start finds is counted there: lock, version, number
    // and record were written.
    host.dies_after(4);
    user.post(&format!("/workflows/{good}/run"), &json!({})).await;
    host.rise_again().await;
    let text = scrape(&host).await;
    assert_eq!(
        (ended(&text), sample(&text, "bowsprit_run_duration_seconds_count")),
        ([0.0, 0.0, 1.0], 0.0)
    );
    host.finish().await;
}

#[tokio::test]
async fn open_streams_and_connections_are_seen() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let streams = async || sample(&scrape(&host).await, "bowsprit_event_streams");
    assert_eq!(streams().await, 0.0);
    let open = user.events("/user-notifications/stream", None).await;
    assert_eq!(streams().await, 1.0);
    assert!(sample(&scrape(&host).await, "bowsprit_connections") >= 2.0);
    drop(open);
    while streams().await > 0.0 {
        tokio::task::yield_now().await;
    }
    host.finish().await;
}

/// What a collector is sent, until a span of this name is in it.
async fn collected(collector: TcpListener, name: &str) -> String {
    let mut all = String::new();
    while !all.contains(name) {
        let (mut socket, _) = collector.accept().await.unwrap();
        let mut bytes = Vec::new();
        let body = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let (head, body) = text.split_once("\r\n\r\n")?;
            let length = head.to_lowercase();
            let length = length.lines().find_map(|it| it.strip_prefix("content-length: "))?;
            (body.len() >= length.trim().parse().ok()?).then_some(text)
        };
        let text = loop {
            assert!(socket.read_buf(&mut bytes).await.unwrap() > 0, "a whole request");
            if let Some(text) = body(&bytes) {
                break text;
            }
        };
        let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
        socket.write_all(answer.as_bytes()).await.unwrap();
        all.push_str(&text);
    }
    all
}

#[tokio::test]
async fn requests_are_traced_to_the_collector_of_the_settings() {
    let collector = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("otel:\n  endpoint: http://{}\n", collector.local_addr().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.yaml");
    std::fs::write(&config, endpoint).unwrap();
    let mut child = serve(dir.path(), &["--config", &config.display().to_string()]);
    let user = admin(&address(&mut child)).await;
    let id = user.workflow("w", "c").await;
    user.get(&format!("/workflows/{id}")).await.expect(200);
    // What waits is sent at the latest when the host stops.
    signal(&child, "TERM");
    let traces = collected(collector, "GET /v1/api/workflows/{id}").await;
    assert!(traces.starts_with("POST /v1/traces "), "{traces}");
    for part in ["POST /v1/api/auth/register", "http.response.status_code", "bowsprit"] {
        assert!(traces.contains(part), "{part} in {traces}");
    }
    let token = user.token.clone().unwrap();
    for secret in ["canary", token.as_str()] {
        assert!(!traces.contains(secret), "{secret} in {traces}");
    }
    let code = tokio::task::spawn_blocking(move || child.wait().unwrap().code()).await.unwrap();
    assert_eq!(code, Some(0));
}
