//! A closed loop: so many connections, each sending its next request when the
//! last one is answered.

use std::time::{Duration, Instant};

use bowsprit_tests::{Sample, User};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::host::Server;

/// What happens before anything is counted.
const WARM_UP: Duration = Duration::from_millis(300);
/// How much the length of two right answers may differ: times and counts have
/// fewer digits now and then.
const SLACK: usize = 64;

/// The request of a loop.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) token: Option<String>,
    pub(crate) body: Bytes,
}

impl Call {
    /// A GET below `/v1/api`.
    pub(crate) fn get(path: &str, user: Option<&User>) -> Self {
        let token = user.and_then(|it| it.token.clone());
        let path = format!("/v1/api{path}");
        Self { method: Method::GET, path, token, body: Bytes::new() }
    }

    /// A POST of JSON below `/v1/api`.
    pub(crate) fn post(path: &str, user: Option<&User>, body: &serde_json::Value) -> Self {
        let body = Bytes::from(body.to_string());
        Self { method: Method::POST, body, ..Self::get(path, user) }
    }

    /// The same to the server of limits, for an answer of `length` bytes.
    pub(crate) fn canned(&self, length: usize) -> Self {
        Self { path: format!("/{length}"), token: None, ..self.clone() }
    }
}

/// What a loop came to.
pub(crate) struct Load {
    /// Answers per second.
    pub(crate) rate: f64,
    /// Milliseconds.
    pub(crate) latency: Sample,
    /// CPU µs of the server per answer.
    pub(crate) cpu: f64,
    /// Bytes of an answer.
    pub(crate) length: usize,
}

/// Sends `call` over `connections` for `lasting`, after a warm-up.
pub(crate) async fn closed_loop(
    server: &Server,
    call: &Call,
    connections: usize,
    lasting: Duration,
) -> Load {
    closed_loops(server, &vec![call.clone(); connections], lasting).await
}

/// Sends each call over a connection of its own; all have answers of the same
/// length.
///
/// # Panics
///
/// If an answer is not 200 or is not as long as the first one.
pub(crate) async fn closed_loops(server: &Server, calls: &[Call], lasting: Duration) -> Load {
    let length = Client::connect(&server.address).await.send(&calls[0]).await;
    let begin = Instant::now() + WARM_UP;
    let end = begin + lasting;
    let clients = calls.iter().cloned().map(|call| {
        let address = server.address.clone();
        tokio::spawn(async move { drive(&address, &call, length, begin, end).await })
    });
    let clients: Vec<_> = clients.collect();
    tokio::time::sleep_until(begin.into()).await;
    let before = server.process.cpu_micros();
    tokio::time::sleep_until(end.into()).await;
    let cpu = server.process.cpu_micros() - before;
    let mut latencies = Vec::new();
    for client in clients {
        latencies
            .extend(client.await.unwrap_or_else(|it| std::panic::resume_unwind(it.into_panic())));
    }
    let count = latencies.len() as f64;
    let rate = count / lasting.as_secs_f64();
    Load { rate, latency: Sample::new(latencies), cpu: cpu / count, length }
}

async fn drive(
    address: &str,
    call: &Call,
    length: usize,
    begin: Instant,
    end: Instant,
) -> Vec<f64> {
    let mut client = Client::connect(address).await;
    let mut latencies = Vec::new();
    loop {
        let sent = Instant::now();
        if sent >= end {
            return latencies;
        }
        let came = client.send(call).await;
        let now = Instant::now();
        assert!(came.abs_diff(length) <= SLACK, "{}: {came} bytes, not {length}", call.path);
        // Counted when answered, as the server's time is.
        if now >= begin && now <= end {
            latencies.push((now - sent).as_secs_f64() * 1e3);
        }
    }
}

/// One connection.
struct Client {
    sender: SendRequest<Full<Bytes>>,
    address: String,
}

impl Client {
    async fn connect(address: &str) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.unwrap();
        tokio::spawn(connection);
        Self { sender, address: address.to_owned() }
    }

    /// Sends one request; answers how long its answer is.
    async fn send(&mut self, call: &Call) -> usize {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header("host", &self.address)
            .header("content-type", "application/json");
        if let Some(token) = &call.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Full::new(call.body.clone())).unwrap();
        self.sender.ready().await.unwrap();
        let response = self.sender.send_request(request).await.unwrap();
        let status = response.status();
        let mut body = response.into_body();
        if status != 200 {
            let text = body.collect().await.unwrap().to_bytes();
            panic!("{}: {status}: {}", call.path, String::from_utf8_lossy(&text));
        }
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            length += frame.unwrap().data_ref().map_or(0, Bytes::len);
        }
        length
    }
}
