//! As much of a Kubernetes client as preparing a cluster takes.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Talks to one API server as one user.
pub(super) struct Api {
    agent: Agent,
    server: String,
    authorization: String,
}

impl Api {
    /// A client that trusts `authority`; the file is read at the first call.
    pub(super) fn new(server: &str, authority: &Path, token: &str) -> Self {
        let pem = std::fs::read(authority).unwrap_or_default();
        let roots: Vec<_> = Certificate::from_pem(&pem).into_iter().collect();
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&roots)).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            // A proxy of the developer's has no business with the loopback.
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(10)));
        Self {
            agent: config.build().new_agent(),
            server: server.to_owned(),
            authorization: format!("Bearer {token}"),
        }
    }

    /// Whether the API server says that it is ready.
    pub(super) fn is_ready(&self) -> bool {
        let url = format!("{}/readyz", self.server);
        let request = self.agent.get(url).header("Authorization", &self.authorization);
        request.call().is_ok_and(|answer| answer.status() == 200)
    }

    /// Reads one object.
    pub(super) fn get(&self, path: &str) -> Result<Value> {
        let request = self.agent.get(format!("{}{path}", self.server));
        let mut answer = request.header("Authorization", &self.authorization).call()?;
        answer.body_mut().read_json().with_context(|| format!("reading `{path}`"))
    }

    /// Creates one object in the collection at `path`.
    pub(super) fn create(&self, path: &str, object: &Value) -> Result<()> {
        let request = self.agent.post(format!("{}{path}", self.server));
        let request = request.header("Authorization", &self.authorization);
        let mut answer = request.send_json(object)?;
        if answer.status() != 201 {
            let text = answer.body_mut().read_to_string().unwrap_or_default();
            bail!("creating in `{path}`: {} {text}", answer.status());
        }
        Ok(())
    }
}
