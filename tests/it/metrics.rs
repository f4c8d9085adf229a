//! `/metrics`, as dashboards of the reference product read it.

use bowsprit_tests::{TestHost, client};

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
