//! One request to a cluster: time limit, retries while the cluster is busy,
//! size limit, and a `Status` for every refusal.
//!
//! kube's own retries wait up to 1000 s and hide the server's pressure, and
//! its errors drop the `Retry-After` header; so answers are read here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bowsprit_host_core::error::{Error, Result};
use bytes::Bytes;
use http::{Request, StatusCode, Version, header::RETRY_AFTER};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kube::{Client, client::Body, core::Status};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

use crate::errors;

/// How long a call may take, all its retries included.
pub(crate) const CALL: Duration = Duration::from_secs(10);

/// How often a busy cluster is asked again within that time.
const RETRIES: u32 = 5;

/// How often a request is repeated whose connection was cut.
const CUTS: u32 = 2;

/// Longer answers are not read; bytes. 500 objects of the largest size etcd
/// takes would be ten times that, and no cluster holds such.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// A client with what is needed to talk about it.
#[derive(Clone)]
pub(crate) struct Link {
    client: Client,
    server: Arc<str>,
    http2: Arc<AtomicBool>,
}

/// How the server took a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// 2xx, with the body.
    Done(Bytes),
    /// Everything else.
    Refused(Box<Status>),
}

struct Attempt {
    outcome: Outcome,
    retry_after: Option<Duration>,
}

struct Failure {
    error: Error,
    /// Whether it may work over a new connection.
    cut: bool,
}

impl Link {
    /// Sends through `client`; messages call the cluster `server`.
    pub(crate) fn new(client: Client, server: Arc<str>) -> Self {
        Self { client, server, http2: Arc::default() }
    }

    /// Whether the latest answer came over HTTP/2.
    pub(crate) fn speaks_http2(&self) -> bool {
        self.http2.load(Ordering::Relaxed)
    }

    /// Host and port, for messages.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// Sends a request that may be repeated, within [`CALL`].
    pub(crate) async fn send(&self, request: Request<Vec<u8>>) -> Result<Outcome> {
        self.send_within(request, CALL).await
    }

    /// Sends a request that may be repeated. A cluster that stays busy refuses
    /// in the end; no answer in time is an error.
    pub(crate) async fn send_within(
        &self,
        request: Request<Vec<u8>>,
        limit: Duration,
    ) -> Result<Outcome> {
        let request = request.map(Bytes::from);
        let deadline = Instant::now() + limit;
        let (mut retries, mut cuts) = (0, 0);
        loop {
            let Ok(attempt) = timeout_at(deadline, self.attempt(request.clone())).await else {
                return Err(errors::timed_out(&self.server, limit.as_secs()));
            };
            let Attempt { outcome, retry_after } = match attempt {
                Ok(attempt) => attempt,
                Err(failure) if failure.cut && cuts < CUTS => {
                    cuts += 1;
                    continue;
                }
                Err(failure) => return Err(failure.error),
            };
            let busy = matches!(&outcome, Outcome::Refused(status) if errors::is_busy(status));
            let wait = pause(retries, retry_after);
            if !busy || retries == RETRIES || Instant::now() + wait >= deadline {
                return Ok(outcome);
            }
            retries += 1;
            sleep(wait).await;
        }
    }

    /// Sends a request and reads its JSON answer; a refusal is an error.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, request: Request<Vec<u8>>) -> Result<T> {
        match self.send(request).await? {
            Outcome::Done(body) => self.parse(&body),
            Outcome::Refused(status) => Err(errors::status_error(&status)),
        }
    }

    /// Reads a JSON answer.
    pub(crate) fn parse<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T> {
        serde_json::from_slice(body).map_err(|_| errors::not_kubernetes(&self.server))
    }

    async fn attempt(&self, request: Request<Bytes>) -> Result<Attempt, Failure> {
        let response =
            self.client.send(request.map(Body::from)).await.map_err(|error| Failure {
                cut: errors::is_cut(&error),
                error: errors::transport_error(&error, &self.server),
            })?;
        let (head, body) = response.into_parts();
        self.http2.store(head.version == Version::HTTP_2, Ordering::Relaxed);
        let body = Limited::new(body, LONGEST_ANSWER)
            .collect()
            .await
            .map_err(|error| self.unreadable(error.as_ref()))?
            .to_bytes();
        let retry_after = head
            .headers
            .get(RETRY_AFTER)
            .and_then(|it| it.to_str().ok()?.trim().parse::<u32>().ok())
            .map(|seconds| Duration::from_secs(seconds.into()));
        let outcome = if head.status.is_success() {
            Outcome::Done(body)
        } else {
            Outcome::Refused(Box::new(status(head.status, &body)))
        };
        Ok(Attempt { outcome, retry_after })
    }

    fn unreadable(&self, error: &(dyn std::error::Error + Send + Sync + 'static)) -> Failure {
        if error.is::<LengthLimitError>() {
            let limit = format!("{} MiB", LONGEST_ANSWER / 1024 / 1024);
            let error = Error::TooLarge { what: "the cluster's answer", limit };
            return Failure { error, cut: false };
        }
        // Its head was there, so the connection stood.
        Failure { error: errors::network_error(error, &self.server), cut: true }
    }
}

/// The `Status` in a body, or one made up for a body that is something else:
/// its text is not kept, as it may be any web page.
fn status(code: StatusCode, body: &[u8]) -> Status {
    let parsed = serde_json::from_slice::<Status>(body).unwrap_or_default();
    parsed.with_code(code.as_u16())
}

/// The server's wish, or 0.1 s doubling, each up to a quarter longer so that
/// parallel callers do not come back at once.
fn pause(retries: u32, wish: Option<Duration>) -> Duration {
    let base = wish.unwrap_or(Duration::from_millis(100) * 2u32.saturating_pow(retries.min(6)));
    base.mul_f64(rand::random_range(1.0..1.25))
}

#[cfg(test)]
mod tests;
