//! The real API server of the test environment.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use futures::{Stream, StreamExt as _};
use serde_json::{Value, json};

use crate::User;

/// The value of a variable that names a server. Without it a test says that it
/// is skipped; in CI it fails.
pub fn skipped_without(variable: &str) -> Option<String> {
    let value = std::env::var(variable).ok().filter(|it| !it.is_empty());
    if value.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{variable} is not set, and CI skips nothing");
        eprintln!("skipped: {variable} is not set; run `cargo xtask test`");
    }
    value
}

/// A way to a real API server.
pub struct Kube {
    client: reqwest::Client,
    /// `https://…`.
    pub server: String,
    /// An administrator's token.
    pub token: String,
    ca_pem: String,
}

impl Kube {
    /// The API server of the environment; `None` if there is none.
    pub fn connect() -> Option<Self> {
        let server = skipped_without("BOWSPRIT_TEST_KUBE_SERVER")?;
        let token = std::env::var("BOWSPRIT_TEST_KUBE_TOKEN").expect("the token beside the server");
        let ca = std::env::var("BOWSPRIT_TEST_KUBE_CA").expect("the CA beside the server");
        let ca_pem = std::fs::read_to_string(ca).unwrap();
        let certificate = reqwest::Certificate::from_pem(ca_pem.as_bytes()).unwrap();
        crate::install_crypto();
        let client = reqwest::Client::builder().add_root_certificate(certificate).build().unwrap();
        Some(Self { client, server, token, ca_pem })
    }

    /// GET of an object; `None` if it is not there.
    pub async fn get(&self, path: &str) -> Option<Value> {
        let request = self.client.get(format!("{}{path}", self.server)).bearer_auth(&self.token);
        let response = request.send().await.unwrap();
        if response.status().as_u16() == 404 {
            return None;
        }
        assert!(response.status().is_success(), "{path}: {}", response.status());
        Some(response.json().await.unwrap())
    }

    /// Sends JSON (a merge patch for PATCH); answers status and body.
    pub async fn send(&self, method: reqwest::Method, path: &str, body: &Value) -> (u16, Value) {
        let content = match method {
            reqwest::Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let request = self.client.request(method, format!("{}{path}", self.server));
        let request = request.bearer_auth(&self.token).header("content-type", content);
        let response = request.body(body.to_string()).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    /// A server-side apply by somebody who is not the host; answers the status.
    pub async fn apply(&self, path: &str, object: &Value) -> u16 {
        let url = format!("{}{path}?fieldManager=test&force=true", self.server);
        let request = self.client.patch(url).bearer_auth(&self.token);
        let request = request.header("content-type", "application/apply-patch+yaml");
        let response = request.body(object.to_string()).send().await.unwrap();
        let status = response.status().as_u16();
        // Read to its end, so that the connection serves the next one.
        response.bytes().await.unwrap();
        status
    }

    /// Asks whether the server would take an object, by a server-side apply
    /// that changes nothing; answers status and body.
    pub async fn dry_run(&self, path: &str, object: &Value) -> (u16, Value) {
        let query = "dryRun=All&fieldManager=test&force=true&fieldValidation=Strict";
        let request = self.client.patch(format!("{}{path}?{query}", self.server));
        let request = request.bearer_auth(&self.token);
        let request = request.header("content-type", "application/apply-patch+yaml");
        let response = request.body(object.to_string()).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    /// Watches what a path with `watch=1` shows: one event after the other.
    pub async fn watch(&self, path: &str) -> impl Stream<Item = Value> + Send + Unpin + use<> {
        let request = self.client.get(format!("{}{path}", self.server)).bearer_auth(&self.token);
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        let mut rest = Vec::new();
        let events = response.bytes_stream().flat_map(move |chunk| {
            rest.extend_from_slice(&chunk.unwrap());
            let mut events = Vec::new();
            while let Some(end) = rest.iter().position(|it| *it == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                events.push(serde_json::from_slice(&line).unwrap());
            }
            futures::stream::iter(events)
        });
        Box::pin(events)
    }

    /// The same API server, entered with another token.
    #[must_use]
    pub fn holding(&self, token: &str) -> Self {
        let (client, server) = (self.client.clone(), self.server.clone());
        Self { client, server, token: token.to_owned(), ca_pem: self.ca_pem.clone() }
    }

    /// Adds the API server as a cluster of `user`, with its CA verified.
    pub async fn add_to(&self, user: &User, name: &str) {
        self.add_untested_to(user, name).await;
        user.post(&format!("/clusters/{name}/test"), &json!({})).await.expect(200);
    }

    /// The same, whatever its token may do.
    pub async fn add_untested_to(&self, user: &User, name: &str) {
        let body = json!({
            "name": name,
            "displayName": name,
            "server": self.server,
            "authType": "token",
            "credentials": { "token": self.token, "caData": BASE64.encode(&self.ca_pem) },
        });
        user.post("/clusters", &body).await.expect(201);
    }

    /// Waits until an object is gone.
    pub async fn until_gone(&self, path: &str) {
        self.until(path, |it| it.is_none()).await;
    }

    /// Looks until what is there fits.
    pub async fn until(&self, path: &str, fits: impl Fn(&Option<Value>) -> bool) -> Option<Value> {
        self.until_within(Duration::from_secs(30), path, fits).await
    }

    /// The same, for what may take long on a busy machine.
    pub async fn until_within(
        &self,
        patience: Duration,
        path: &str,
        fits: impl Fn(&Option<Value>) -> bool,
    ) -> Option<Value> {
        let search = async {
            loop {
                let found = self.get(path).await;
                if fits(&found) {
                    return found;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(patience, search).await.unwrap_or_else(|_| panic!("{path} in time"))
    }
}
