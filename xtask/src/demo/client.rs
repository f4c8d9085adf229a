//! The host's HTTP API, as the demo uses it.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::http::Response;
use ureq::{Agent, Body};

/// The browser gives up at 30 s; so a run is promised to answer before.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Talks to one host as one user.
#[derive(Clone)]
pub(super) struct Client {
    agent: Agent,
    base: String,
    authorization: String,
}

impl Client {
    /// A client that is nobody yet.
    pub(super) fn new(url: &str) -> Self {
        let config = Agent::config_builder().proxy(None).http_status_as_error(false);
        let agent = config.timeout_connect(Some(Duration::from_secs(5))).build().new_agent();
        Self { agent, base: format!("{url}/v1/api"), authorization: String::new() }
    }

    /// From now on, speaks as the owner of `token`.
    pub(super) fn set_token(&mut self, token: &str) {
        self.authorization = format!("Bearer {token}");
    }

    /// Sends `body`, answers what came back.
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self.agent.post(format!("{}{path}", self.base));
        let request = request.header("Authorization", &self.authorization);
        let request = request.config().timeout_global(Some(TIMEOUT)).build();
        read(request.send_json(body)).with_context(|| format!("POST {path}"))
    }

    /// Sends `body`, answers what came back.
    pub(super) fn put(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self.agent.put(format!("{}{path}", self.base));
        let request = request.header("Authorization", &self.authorization);
        let request = request.config().timeout_global(Some(TIMEOUT)).build();
        read(request.send_json(body)).with_context(|| format!("PUT {path}"))
    }

    /// Opens an event stream.
    pub(super) fn open(&self, path: &str) -> Result<impl Read + Send + 'static> {
        let request = self.agent.get(format!("{}{path}", self.base));
        let request = request.header("Authorization", &self.authorization);
        let answer = request.header("Accept", "text/event-stream").call()?;
        if answer.status() != 200 {
            bail!("GET {path}: {}", answer.status());
        }
        Ok(answer.into_body().into_reader())
    }
}

fn read(answer: Result<Response<Body>, ureq::Error>) -> Result<Value> {
    let mut answer = answer?;
    let text = answer.body_mut().read_to_string()?;
    if !answer.status().is_success() {
        bail!("{}: {text}", answer.status());
    }
    serde_json::from_str(&text).with_context(|| format!("not JSON: {text}"))
}
