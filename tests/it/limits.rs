//! Bounds at the edge: each at its edge, each with its code, and what they are
//! for: one who overdoes it stops nobody else.

use std::time::Duration;

use bowsprit_tests::{Method, TestHost, client};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// The default limits, which the harness lifts.
const HURRIED: [(&str, &str); 2] =
    [("BOWSPRIT_RATE_LIMIT_RPS", "10"), ("BOWSPRIT_RATE_LIMIT_BURST", "20")];

async fn connect(host: &TestHost) -> TcpStream {
    TcpStream::connect(host.origin.trim_start_matches("http://")).await.unwrap()
}

/// Sends bytes on a connection of its own and reads until it is closed.
async fn answer_to(host: &TestHost, request: &[u8]) -> String {
    let mut socket = connect(host).await;
    // The host may close before it has read a flood.
    let _ = socket.write_all(request).await;
    let mut text = Vec::new();
    let _ = socket.read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn twenty_requests_at_once_then_ten_a_second() {
    let host = TestHost::with(&HURRIED).await;
    let user = host.anonymous();
    let burst = futures::future::join_all((0..60).map(|_| user.get("/auth/methods"))).await;
    let (good, refused): (Vec<_>, Vec<_>) = burst.into_iter().partition(|it| it.status == 200);
    assert!((20..=40).contains(&good.len()), "{} of 60", good.len());
    for answer in refused {
        assert_eq!(answer.headers["retry-after"], "1");
        answer.expect_problem(429, "rate.exceeded");
    }
    // The bucket is empty, for every route but these.
    for path in ["/metrics", "/v1/api-docs", "/v1/api-docs/json", "/healthz", "/readyz"] {
        let answer = client().get(format!("{}{path}", host.origin)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
    }
    let preflight = client()
        .request(Method::OPTIONS, format!("{}/v1/api/profile", host.origin))
        .header("origin", "http://localhost:3001")
        .header("access-control-request-method", "GET");
    assert_eq!(preflight.send().await.unwrap().status().as_u16(), 200);
    // What does not exist costs as much; a browser may read the refusal.
    let client = client();
    let nothing = || {
        let request = client.get(format!("{}/nothing", host.origin));
        request.header("origin", "http://localhost:3001").send()
    };
    let answers = futures::future::join_all((0..60).map(|_| nothing())).await;
    let mut answers = answers.into_iter().map(Result::unwrap);
    let refused = answers.find(|it| it.status() == 429).expect("one of 60 is refused");
    assert_eq!(refused.headers()["access-control-allow-origin"], "http://localhost:3001");
    host.finish().await;
}

#[tokio::test]
async fn a_user_has_one_bucket_wherever_they_are() {
    let limits = [("BOWSPRIT_RATE_LIMIT_USER_RPS", "1"), ("BOWSPRIT_RATE_LIMIT_USER_BURST", "5")];
    let host = TestHost::with(&limits).await;
    let admin = host.admin().await;
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(admin.get("/profile").await.status.as_u16());
    }
    assert!(statuses.starts_with(&[200; 5]) && statuses.contains(&429), "{statuses:?}");
    // Others at the same address go on.
    host.anonymous().get("/auth/methods").await.expect(200);
    host.finish().await;
}

#[tokio::test]
async fn heads_at_and_beyond_their_limits() {
    let host = TestHost::start().await;
    let url = format!("{}/v1", host.origin);
    let with = async |count: usize, bytes: usize| {
        let request = (0..count)
            .fold(client().get(&url), |it, n| it.header(format!("x-{n:04}"), "v".repeat(bytes)));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    // reqwest adds `accept` and `host`.
    assert_eq!(with(98, 1).await.0, 200);
    let (status, text) = with(99, 1).await;
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &problem["code"]), (431, &json!("request.headers-too-large")));
    assert_eq!(with(1, 32_000).await.0, 200);
    let (status, text) = with(1, 33_000).await;
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &problem["code"]), (431, &json!("request.headers-too-large")));
    // Floods end in the server loop, before they are kept.
    let many = format!("GET /v1 HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(100_000));
    assert!(answer_to(&host, many.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let long = format!("GET /v1 HTTP/1.1\r\na: {}\r\n\r\n", "b".repeat(1 << 20));
    assert!(answer_to(&host, long.as_bytes()).await.starts_with("HTTP/1.1 431"));
    host.anonymous().get("/auth/methods").await.expect(200);
    host.finish().await;
}

#[tokio::test]
async fn json_at_and_beyond_its_depth() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let id = user.workflow("w", "c").await;
    let save = format!("/workflows/{id}/save");
    // `{"nodes":[{"data":{"x":[[…]]}}]}`: four brackets around the lists.
    let drawing = |lists: usize| {
        let nested = format!("{}{}", "[".repeat(lists), "]".repeat(lists));
        format!(
            r#"{{"nodes":[{{"id":"n","type":"t","position":{{"x":0,"y":0}},"data":{{"x":{nested}}}}}],"edges":[]}}"#
        )
    };
    user.send_raw(Method::POST, &save, Some(drawing(60).into_bytes())).await.expect(200);
    for lists in [61, 1_000_000] {
        let body = Some(drawing(lists).into_bytes());
        user.send_raw(Method::POST, &save, body).await.expect_problem(400, "request.too-deep");
    }
    host.finish().await;
}

#[tokio::test]
async fn streams_at_and_beyond_their_number() {
    let host = TestHost::with(&[("BOWSPRIT_LIMITS_STREAMS_PER_USER", "3")]).await;
    let admin = host.admin().await;
    let user = host.user(&admin, "user@example.com").await;
    let path = "/user-notifications/stream";
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(admin.events(path, None).await);
    }
    let problem = admin.get(path).await;
    assert_eq!(problem.headers["retry-after"], "1");
    problem.expect_problem(429, "streams.too-many");
    drop(user.events(path, None).await);
    // The host sees the end of a connection a moment later.
    drop(open);
    while admin.try_stream(path).await == 429 {}
    host.finish().await;
}

#[tokio::test]
async fn slow_heads_and_bodies_are_cut_off_and_hold_nobody_up() {
    let limits = [("BOWSPRIT_LIMITS_READ_SECONDS", "1"), ("BOWSPRIT_LIMITS_BODY_SECONDS", "2")];
    let host = TestHost::with(&limits).await;
    let user = host.admin().await;
    let mut silent = connect(&host).await;
    let mut slow = connect(&host).await;
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let head = "POST /v1/api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{";
    let mut stalled = connect(&host).await;
    stalled.write_all(head.as_bytes()).await.unwrap();
    // Others are served meanwhile.
    user.get("/workflows").await.expect(200);
    // One that goes on and on has an end, too.
    let mut dripping = connect(&host).await;
    dripping.write_all(head.as_bytes()).await.unwrap();
    let mut drops = tokio::time::interval(Duration::from_millis(300));
    let mut text = Vec::new();
    loop {
        tokio::select! {
            _ = drops.tick() => { let _ = dripping.write_all(b" ").await; }
            read = dripping.read_buf(&mut text) => if read.unwrap_or(0) == 0 { break },
        }
        if text.windows(4).any(|it| it == b"\r\n\r\n") {
            break;
        }
    }
    assert!(text.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&text));
    let mut text = String::new();
    let _ = stalled.read_to_string(&mut text).await;
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("request.timeout"), "{text}");
    let mut rest = Vec::new();
    assert_eq!(silent.read_to_end(&mut rest).await.unwrap_or(0), 0);
    assert_eq!(slow.read_to_end(&mut rest).await.unwrap_or(0), 0);
    host.finish().await;
}

#[tokio::test]
async fn an_idle_connection_outlives_the_time_for_heads() {
    let limits = [("BOWSPRIT_LIMITS_READ_SECONDS", "1"), ("BOWSPRIT_LIMITS_IDLE_SECONDS", "3")];
    let host = TestHost::with(&limits).await;
    let mut socket = connect(&host).await;
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let answer = async |socket: &mut TcpStream| {
        socket.write_all(request).await.unwrap();
        let mut text = Vec::new();
        while !text.ends_with(b"ok") {
            assert!(socket.read_buf(&mut text).await.unwrap() > 0, "closed too early");
        }
    };
    answer(&mut socket).await;
    let begun = std::time::Instant::now();
    let closed = tokio::time::timeout(Duration::from_secs(2), socket.readable()).await;
    assert!(closed.is_err(), "closed after {:?}", begun.elapsed());
    answer(&mut socket).await;
    let mut rest = Vec::new();
    assert_eq!(socket.read_to_end(&mut rest).await.unwrap(), 0);
    assert!(begun.elapsed() >= Duration::from_secs(5), "{:?}", begun.elapsed());
    host.finish().await;
}

#[tokio::test]
async fn newcomers_displace_idle_connections() {
    let host = TestHost::with(&[("BOWSPRIT_LIMITS_CONNECTIONS", "20")]).await;
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(connect(&host).await);
    }
    host.anonymous().get("/auth/methods").await.expect(200);
    let mut rest = Vec::new();
    assert_eq!(idle[0].read_to_end(&mut rest).await.unwrap_or(0), 0, "the first had to go");
    host.finish().await;
}

#[tokio::test]
async fn answers_are_compressed_and_streams_are_not() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let token = user.token.clone().unwrap();
    let get = async |path: &str| {
        let url = format!("{}/v1/api{path}", host.origin);
        let request = client().get(url).bearer_auth(&token).header("accept-encoding", "gzip");
        request.send().await.unwrap()
    };
    let large = get("/templates").await;
    assert_eq!(large.headers()["content-encoding"], "gzip");
    assert!(large.bytes().await.unwrap().starts_with(&[0x1f, 0x8b]));
    assert!(get("/profile").await.headers().get("content-encoding").is_none(), "too short");
    let stream = get("/user-notifications/stream").await;
    assert!(stream.headers().get("content-encoding").is_none());
    host.finish().await;
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let host = TestHost::start().await;
    for path in ["/v1/api/auth/methods", "/v1/api/profile", "/nothing", "/metrics"] {
        let answer = client().get(format!("{}{path}", host.origin)).send().await.unwrap();
        let headers = answer.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["cache-control"], "no-store");
        assert!(headers["content-security-policy"].to_str().unwrap().contains("'none'"));
        assert!(headers.contains_key("x-request-id"));
    }
    host.finish().await;
}
