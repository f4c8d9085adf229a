//! A user of the API: requests with a token, and event streams.

use std::time::Duration;

use futures::StreamExt as _;
use reqwest::{Client, Method, header::HeaderMap};
use serde_json::Value;

use crate::{Answer, document};

/// The password of every registered user.
pub const PASSWORD: &str = "secret-123";
/// How long a test waits for something that should happen at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who sends requests.
#[derive(Clone)]
pub struct User {
    client: Client,
    streams: Client,
    origin: String,
    /// The bearer token, if signed in.
    pub token: Option<String>,
    /// The user's id.
    pub id: String,
}

impl User {
    /// Somebody without a token.
    pub fn anonymous(origin: &str) -> Self {
        let streams = crate::client();
        // Where a redirect leads is for the test to see.
        let client = Client::builder().redirect(reqwest::redirect::Policy::none());
        let client = client.timeout(Duration::from_secs(60)).build().unwrap();
        Self { client, streams, origin: origin.into(), token: None, id: String::new() }
    }

    /// Somebody with a token.
    pub fn with_token(origin: &str, token: &str, id: &str) -> Self {
        let anonymous = Self::anonymous(origin);
        Self { token: Some(token.into()), id: id.into(), ..anonymous }
    }

    /// A new user. The first one of a host needs no invite code.
    pub async fn register(origin: &str, email: &str, invite: Option<&str>) -> Self {
        let body = serde_json::json!({
            "email": email, "password": PASSWORD, "name": "Test", "inviteCode": invite,
        });
        let made = Self::anonymous(origin).post("/auth/register", &body).await.expect(201);
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        Self::with_token(origin, &text(&made["token"]), &text(&made["user"]["id"]))
    }

    /// One more user of the host this one administers.
    pub async fn invite(&self, email: &str) -> Self {
        let invite = self.get("/settings/invite-code").await.expect(200);
        Self::register(&self.origin, email, invite["inviteCode"].as_str()).await
    }

    /// The same user with another token.
    #[must_use]
    pub fn holding(&self, token: &str) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// The same user at another address of the host.
    #[must_use]
    pub fn at(&self, origin: &str) -> Self {
        Self { origin: origin.into(), ..self.clone() }
    }

    /// Sends bytes to a path below `/v1/api`.
    pub async fn send_raw(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        let url = format!("{}/v1/api{path}", self.origin);
        let request = self.client.request(method.clone(), url);
        self.sent((method, path), request, body).await
    }

    /// Sends JSON that is only meant for what has this `ETag`.
    pub async fn send_if_match(
        &self,
        method: Method,
        path: &str,
        tag: &str,
        body: &Value,
    ) -> Answer {
        let url = format!("{}/v1/api{path}", self.origin);
        let request = self.client.request(method.clone(), url).header("if-match", tag);
        self.sent((method, path), request, Some(body.to_string().into_bytes())).await
    }

    async fn sent(
        &self,
        (method, path): (Method, &str),
        mut request: reqwest::RequestBuilder,
        body: Option<Vec<u8>>,
    ) -> Answer {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        document::check(&method, &format!("/v1/api{path}"), status, media(&headers), &body);
        Answer { status, body, text, headers }
    }

    /// Sends JSON to a path below `/v1/api`.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.send_raw(method, path, body.map(|it| it.to_string().into_bytes())).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// PUT.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// A new workflow on a cluster; answers its id.
    pub async fn workflow(&self, name: &str, cluster: &str) -> String {
        let body = serde_json::json!({ "name": name, "cluster_id": cluster });
        let made = self.post("/workflows", &body).await.expect(201);
        made["id"].as_str().unwrap().to_owned()
    }

    /// Saves a drawing.
    pub async fn save(&self, workflow: &str, drawing: &Value) -> Value {
        self.post(&format!("/workflows/{workflow}/save"), drawing).await.expect(200)
    }

    /// Publishes and runs.
    pub async fn run(&self, workflow: &str, body: &Value) -> Answer {
        let published = serde_json::json!({ "status": "published" });
        self.put(&format!("/workflows/{workflow}/status"), &published).await.expect(200);
        self.post(&format!("/workflows/{workflow}/run"), body).await
    }

    /// Publishes and runs on a host that may go away meanwhile; the run's
    /// status, if an answer came.
    pub async fn try_run(&self, workflow: &str) -> Option<u16> {
        let published = serde_json::json!({ "status": "published" });
        self.put(&format!("/workflows/{workflow}/status"), &published).await.expect(200);
        let url = format!("{}/v1/api/workflows/{workflow}/run", self.origin);
        let request = self.client.post(url).bearer_auth(self.token.as_deref().unwrap_or_default());
        request.send().await.ok().map(|it| it.status().as_u16())
    }

    /// Opens an event stream below `/v1/api` and leaves; the answer's status.
    pub async fn try_stream(&self, path: &str) -> u16 {
        let url = format!("{}/v1/api{path}", self.origin);
        let request = self.streams.get(url).bearer_auth(self.token.as_deref().unwrap_or_default());
        request.send().await.unwrap().status().as_u16()
    }

    /// Opens an event stream below `/v1/api`.
    pub async fn events(&self, path: &str, last_event_id: Option<&str>) -> Events {
        let url = format!("{}/v1/api{path}", self.origin);
        // Streams have no end: no timeout for the whole answer.
        let mut request =
            self.streams.get(url).bearer_auth(self.token.as_deref().unwrap_or_default());
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-cache");
        let bytes = response.bytes_stream().map(|it| it.map(|it| it.to_vec()).unwrap_or_default());
        Events { bytes: Box::pin(bytes), buffer: Vec::new() }
    }
}

fn media(headers: &HeaderMap) -> &str {
    headers.get("content-type").and_then(|it| it.to_str().ok()).unwrap_or_default()
}

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its id, if it has one.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Value,
}

impl Event {
    /// Whether it says that the node has this state.
    fn tells(&self, node: &str, state: &str) -> bool {
        let data = &self.data["data"];
        self.name == "node_update" && data["node_id"] == node && data["status"]["state"] == state
    }
}

/// An open event stream.
pub struct Events {
    bytes: std::pin::Pin<Box<dyn futures::Stream<Item = Vec<u8>> + Send>>,
    buffer: Vec<u8>,
}

impl Events {
    /// The next event; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        tokio::time::timeout(PATIENCE, self.frame()).await.expect("an event in time")
    }

    /// Reads on until an event fits; panics at the end of the stream.
    pub async fn until(&mut self, what: &str, fits: impl Fn(&Event) -> bool) -> Event {
        let search = async {
            loop {
                let event =
                    self.frame().await.unwrap_or_else(|| panic!("stream ended before {what}"));
                if fits(&event) {
                    return event;
                }
            }
        };
        tokio::time::timeout(PATIENCE, search).await.unwrap_or_else(|_| panic!("no {what} in time"))
    }

    /// Reads on until a node's status has this state.
    pub async fn until_state(&mut self, node: &str, state: &str) -> Event {
        self.until(&format!("{node} {state}"), |it| it.tells(node, state)).await
    }

    /// Reads on until each of these nodes had its state, in whatever order.
    pub async fn until_states(&mut self, wanted: &[(&str, &str)]) {
        let left = std::cell::RefCell::new(wanted.to_vec());
        self.until(&format!("{wanted:?}"), |it| {
            let mut left = left.borrow_mut();
            left.retain(|(node, state)| !it.tells(node, state));
            left.is_empty()
        })
        .await;
    }

    async fn frame(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|it| it == b"\n\n") {
                let frame: Vec<u8> = self.buffer.drain(..end + 2).collect();
                let frame = String::from_utf8(frame).unwrap();
                assert!(!frame.contains('\r'), "frames end in LF LF");
                let field = |name: &str| {
                    let mut lines = frame.lines().filter_map(|it| it.strip_prefix(name));
                    let first = lines.next().map(|it| it.trim_start().to_owned());
                    assert!(lines.next().is_none(), "one `{name}` line a frame: {frame}");
                    first
                };
                let (Some(name), Some(data)) = (field("event:"), field("data:")) else { continue };
                let data = serde_json::from_str(&data).expect("data is JSON");
                return Some(Event { id: field("id:"), name, data });
            }
            self.buffer.extend(self.bytes.next().await?);
        }
    }
}
